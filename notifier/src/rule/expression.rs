//! An expression of a rule: CEL, checked against the catalogue of metrics and made ready to be evaluated.
//!
//! `cel` parses; what it parsed is lowered to a small typed tree over the columns of a snapshot, so that a mistake is
//! found at `config check` and not at night, and one evaluation costs some ten nanoseconds and is bounded by the
//! expression's length. Taken of CEL: numbers (all are doubles), texts, `true`/`false`, `+ - * / %`, comparisons,
//! `! && ||`, `? :`, `in [..]`, `startsWith`, `endsWith`, `contains`. A metric that is not known makes a comparison
//! unknown; `&&` and `||` absorb that as CEL's absorb an error.

mod eval;
mod lower;

use std::collections::BTreeSet;
use std::fmt;

use live::incident::{SubjectKind, Unit};

pub use eval::Values;

use crate::limits::{EXPRESSION_CHARS_MAX, EXPRESSION_DEPTH_MAX};
use crate::metric::catalogue;

/// The name of the text that holds the subject's name.
pub const SUBJECT: &str = "subject";

/// A checked expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    root: Truth,
    /// Of numbers, in the order of the source.
    comparisons: Vec<Comparison>,
    metrics: BTreeSet<&'static str>,
}

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}; {}", self.line, self.column, self.what, self.remedy)
    }
}

/// Where a value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// Of the node.
    Node(usize),
    /// Of the subject.
    Own(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Debug, PartialEq)]
enum Number {
    Constant(f64),
    Metric(Slot),
    Negate(Box<Number>),
    Binary(Arithmetic, Box<Number>, Box<Number>),
    Choose(Box<Truth>, Box<Number>, Box<Number>),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Order {
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Equal,
    NotEqual,
}

impl Order {
    /// The same said from the other side.
    const fn flipped(self) -> Order {
        match self {
            Order::Greater => Order::Less,
            Order::GreaterEqual => Order::LessEqual,
            Order::Less => Order::Greater,
            Order::LessEqual => Order::GreaterEqual,
            Order::Equal => Order::Equal,
            Order::NotEqual => Order::NotEqual,
        }
    }

    /// Greater values are worse.
    const fn is_upward(self) -> bool {
        matches!(self, Order::Greater | Order::GreaterEqual)
    }

    /// Smaller values are worse.
    const fn is_downward(self) -> bool {
        matches!(self, Order::Less | Order::LessEqual)
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Comparison {
    left: Number,
    order: Order,
    right: Number,
    unit: Unit,
}

#[derive(Clone, Debug, PartialEq)]
enum TextTest {
    Equal(String),
    NotEqual(String),
    OneOf(Vec<String>),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Truth {
    Constant(bool),
    /// Index into the comparisons.
    Compare(usize),
    Subject(TextTest),
    Not(Box<Truth>),
    And(Box<Truth>, Box<Truth>),
    Or(Box<Truth>, Box<Truth>),
    Choose(Box<Truth>, Box<Truth>, Box<Truth>),
}

impl Expression {
    /// Checks `source` for rules of this kind of subject: it speaks of the subject's metrics and of the node's.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    pub fn parse(source: &str, kind: SubjectKind) -> Result<Expression, ExpressionError> {
        bounded(source)?;
        let parser = cel::parser::Parser::new().max_recursion_depth(PARSER_DEPTH_MAX);
        let (expr, places) = parser.parse_with_source_info(source).map_err(|errors| of_parser(source, &errors))?;
        lower::lower(source, kind, &expr, &places)
    }

    /// The limit: the constant that the first comparison compares with; `None` = it is computed.
    pub fn limit(&self) -> Option<f64> {
        match self.comparisons.first()?.right {
            Number::Constant(limit) => Some(limit),
            _ => None,
        }
    }

    /// Puts another limit there; `false` = there is none to replace.
    pub fn set_limit(&mut self, limit: f64) -> bool {
        match self.comparisons.first_mut() {
            Some(Comparison { right: Number::Constant(at), .. }) => {
                *at = limit;
                true
            }
            _ => false,
        }
    }

    /// It is one comparison with a constant, and nothing else: how it compares.
    pub fn simple(&self) -> Option<(Order, f64)> {
        match (&self.root, self.comparisons.first()) {
            (Truth::Compare(0), Some(first)) => Some((first.order, self.limit()?)),
            _ => None,
        }
    }

    /// When the first comparison of `self` (to raise) holds from its limit on, and `clear` is a level of the same
    /// value: the expression that is true when the value is back at `clear` or better.
    pub fn cleared_at(&self, clear: f64) -> Option<Expression> {
        let (order, _) = self.simple()?;
        let first = &self.comparisons[0];
        let back = match order {
            Order::Greater | Order::GreaterEqual => Order::LessEqual,
            Order::Less | Order::LessEqual => Order::GreaterEqual,
            Order::Equal | Order::NotEqual => return None,
        };
        let comparison = Comparison { order: back, right: Number::Constant(clear), ..first.clone() };
        let metrics = self.metrics.clone();
        Some(Expression { root: Truth::Compare(0), comparisons: vec![comparison], metrics })
    }

    /// Whether the first comparisons of both look at the same value with a constant: limit and level to clear.
    pub fn levels(&self, clear: &Expression) -> Option<(f64, f64)> {
        let (raise, back) = (self.comparisons.first()?, clear.comparisons.first()?);
        (raise.left == back.left).then_some(())?;
        Some((self.limit()?, clear.limit()?))
    }

    /// Whether a level to clear lies beyond the limit: the rule would be over while it fires. Known where both look
    /// at the same value first.
    pub fn clears_the_wrong_way(&self, clear: &Expression) -> bool {
        let Some((limit, level)) = self.levels(clear) else { return false };
        let (raise, back) = (self.comparisons[0].order, clear.comparisons[0].order);
        if raise.is_upward() && back.is_downward() {
            return level > limit;
        }
        if raise.is_downward() && back.is_upward() {
            return level < limit;
        }
        // Both look the same way: what raises would clear.
        raise.is_upward() && back.is_upward() || raise.is_downward() && back.is_downward()
    }

    /// Names of the metrics that it speaks of.
    pub fn metrics(&self) -> &BTreeSet<&'static str> {
        &self.metrics
    }

    /// What its value is measured in: of the first metric that is compared.
    pub fn unit(&self) -> Unit {
        self.comparisons.first().map_or(Unit::Count, |first| first.unit)
    }

    /// Whether a greater value is worse; `None` = neither.
    pub fn is_upward(&self) -> Option<bool> {
        let order = self.comparisons.first()?.order;
        if order.is_upward() { Some(true) } else { order.is_downward().then_some(false) }
    }
}

/// Recursion of the parser: some of its steps for each of our levels.
const PARSER_DEPTH_MAX: u16 = 96;

/// What the parser must not even see.
fn bounded(source: &str) -> Result<(), ExpressionError> {
    let at =
        |offset: usize, what: &str, remedy: &str| Err(error_at(source, offset, what.to_owned(), remedy.to_owned()));
    if source.trim().is_empty() {
        return at(0, "it is empty", "write a condition such as load1_per_core > 2");
    }
    if source.chars().count() > EXPRESSION_CHARS_MAX {
        return at(0, "it is longer than 1000 characters", "make two rules of it");
    }
    let (mut depth, mut quote) = (0usize, None);
    for (offset, char) in source.char_indices() {
        match (quote, char) {
            (Some(of), char) if of == char => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(char),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        if depth > EXPRESSION_DEPTH_MAX {
            return at(offset, "it is nested deeper than 24 levels", "write it with fewer parentheses");
        }
        if char.is_control() && !matches!(char, '\n' | '\t' | '\r') {
            return at(offset, "a control character stands there", "remove it");
        }
    }
    Ok(())
}

fn of_parser(source: &str, errors: &cel::ParseErrors) -> ExpressionError {
    let first = errors.errors.first();
    let (line, column) = first.map_or((1, 1), |error| error.pos);
    let what = first.map_or_else(|| "it is no expression".to_owned(), |error| error.msg.clone());
    let place = |number: isize| usize::try_from(number).unwrap_or(1).max(1);
    let line_chars = source.lines().nth(place(line) - 1).map_or(1, |line| line.chars().count() + 1);
    ExpressionError {
        line: place(line),
        column: place(column).min(line_chars),
        what: crate::rule::words::cut(&what, 160),
        remedy: "write a condition such as load1_per_core > 2 && cpu_softirq >= 75".to_owned(),
    }
}

fn error_at(source: &str, offset: usize, what: String, remedy: String) -> ExpressionError {
    let before: String = source.chars().take(offset).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    ExpressionError { line, column, what, remedy }
}

/// The known name that is most like `name`, if one is.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|known| (distance(name, known), known)).min_by_key(|(distance, _)| *distance)?;
    (near.0 <= 2.max(name.chars().count() / 3)).then_some(near.1)
}

/// Letters to change, add or remove to make one of the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, of_left) in left.chars().take(EXPRESSION_CHARS_MAX).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, of_right) in right.iter().enumerate() {
            let cost = diagonal + usize::from(of_left != *of_right);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

/// Names that an expression of this kind may speak of.
pub fn names_of(kind: SubjectKind) -> impl Iterator<Item = &'static str> {
    let own = if kind == SubjectKind::Node { &[] } else { catalogue::of(kind) };
    own.iter().chain(catalogue::of(SubjectKind::Node)).map(|metric| metric.name)
}

#[cfg(test)]
mod tests;
