//! The text of a summary: words, and `{{ field }}` for values. Nothing else: no expressions, loops or filters, so that
//! it is bounded, and a value that looks like a template stays a value.

use live::incident::SubjectKind;

use super::expression::{ExpressionError, names_of, nearest};
use super::words::{cut, told};
use crate::limits::{SUMMARY_CHARS_MAX, TEMPLATE_CHARS_MAX};
use crate::metric::catalogue;
use crate::notice::Language;

/// A checked template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value,
    Limit,
    Subject,
    Rule,
    /// Column of the node.
    Node(usize),
    /// Column of the subject.
    Own(usize),
}

/// What a template may show.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// The rule's name.
    pub rule: &'a str,
    /// The subject's name.
    pub subject: &'a str,
    /// The kind of it.
    pub kind: SubjectKind,
    /// Value, limit and their unit.
    pub said: (f64, f64, live::incident::Unit),
    /// The node's values.
    pub node: &'a [f64],
    /// The subject's.
    pub own: &'a [f64],
}

/// Fields that are no metrics.
const FIELDS: [&str; 4] = ["value", "limit", "subject", "rule"];

impl Template {
    /// Checks a template of a rule of this kind of subject.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    pub fn parse(source: &str, kind: SubjectKind) -> Result<Template, ExpressionError> {
        let wrong = |offset: usize, what: String, remedy: String| {
            let before = &source[..offset];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
            Err(ExpressionError { line, column, what, remedy })
        };
        if source.chars().count() > TEMPLATE_CHARS_MAX {
            return wrong(0, "it is longer than 500 characters".to_owned(), "say it shorter".to_owned());
        }
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(begin) = source[at..].find('{').map(|found| at + found) {
            let rest = &source[begin..];
            if rest.starts_with("{%") || rest.starts_with("{#") {
                let what = "only {{ field }} can stand in a text, no statements".to_owned();
                return wrong(begin, what, "put the condition into `when`".to_owned());
            }
            let Some(inner) = rest.strip_prefix("{{") else {
                parts.push(Part::Text(source[at..=begin].to_owned()));
                at = begin + 1;
                continue;
            };
            let Some(length) = inner.find("}}") else {
                return wrong(begin, "{{ has no }}".to_owned(), "write {{ value }}".to_owned());
            };
            let name = inner[..length].trim();
            let Some(part) = part_of(name, kind) else {
                let known = FIELDS.into_iter().chain(names_of(kind));
                let remedy = nearest(name, known).map_or_else(
                    || "fields are value, limit, subject, rule and the metrics that the rule may speak of".to_owned(),
                    |near| format!("did you mean {near}?"),
                );
                return wrong(begin + 2, format!("there is no field {:?}", cut(name, 60)), remedy);
            };
            parts.push(Part::Text(source[at..begin].to_owned()));
            parts.push(part);
            at = begin + 2 + length + 2;
        }
        parts.push(Part::Text(source[at..].to_owned()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Template(parts))
    }

    /// The text: one line, at most 300 characters, none of them a control character.
    pub fn render(&self, fields: &Fields<'_>, language: Language) -> String {
        let mut out = String::new();
        let (value, limit, unit) = fields.said;
        let metric = |kind: SubjectKind, values: &[f64], column: usize| {
            let unit = catalogue::of(kind).get(column).map_or(Default::default(), |metric| metric.unit);
            told(values.get(column).copied().unwrap_or(f64::NAN), unit, language)
        };
        for part in &self.0 {
            match part {
                Part::Text(text) => out += text,
                Part::Value => out += &told(value, unit, language),
                Part::Limit => out += &told(limit, unit, language),
                Part::Subject => out += fields.subject,
                Part::Rule => out += fields.rule,
                Part::Node(column) => out += &metric(SubjectKind::Node, fields.node, *column),
                Part::Own(column) => out += &metric(fields.kind, fields.own, *column),
            }
        }
        cut(&out, SUMMARY_CHARS_MAX)
    }

    /// Nothing is written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn part_of(name: &str, kind: SubjectKind) -> Option<Part> {
    Some(match name {
        "value" => Part::Value,
        "limit" => Part::Limit,
        "subject" => Part::Subject,
        "rule" => Part::Rule,
        name => {
            let column = |kind: SubjectKind| catalogue::of(kind).iter().position(|metric| metric.name == name);
            match column(kind).filter(|_| kind != SubjectKind::Node) {
                Some(own) => Part::Own(own),
                None => Part::Node(column(SubjectKind::Node)?),
            }
        }
    })
}
