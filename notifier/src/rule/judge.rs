//! One call a second: what each rule says of each subject, of a snapshot.

use live::incident::{Subject, SubjectKind, Words};

use super::compile::Rule;
use super::expression::Values;
use super::machine::Machine;
use super::template::Fields;
use crate::judgement::{Level, Reading};
use crate::limits::KEYS_MAX;
use crate::metric::{Snapshot, catalogue};
use crate::notice::Language;

/// The readings that matter: those that are Above, and all of what the machine knows of; and how many had no room.
/// Quiet subjects cost one evaluation each and no allocation.
pub fn judge(rules: &[Rule], snapshot: &Snapshot, utc_offset_s: i32, machine: &Machine) -> (Vec<Reading>, u64) {
    let (mut readings, mut left_out) = (Vec::new(), 0);
    let node = Subject::default();
    for rule in rules {
        let name = rule.head.name.as_str();
        let is_open = rule.schedule.is_open(snapshot.time_ns, utc_offset_s);
        let is_any_known = machine.subjects_of(name).next().is_some();
        let mut look = |subject: &Subject, own: &[f64]| {
            let values = Values { node: snapshot.node(), own, subject: &subject.name };
            let level = level(rule, &values);
            let matters = match level {
                // Outside its hours it goes on with what fires, and begins nothing.
                Level::Above => is_open || is_any_known && machine.fires(name, subject),
                _ => is_any_known && machine.knows(name, subject),
            };
            if !matters {
                return;
            }
            if readings.len() < KEYS_MAX || machine.knows(name, subject) {
                readings.push(reading(rule, subject, level, &values));
            } else {
                left_out += 1;
            }
        };
        if rule.subject == SubjectKind::Node {
            look(&node, &[]);
            continue;
        }
        let table = snapshot.table(rule.subject);
        table.rows().for_each(|row| look(row.subject, row.own));
        if is_any_known && table.has_all() {
            // The busiest are listed: who is not among them has nothing.
            let here = table.by_name();
            let nothing = vec![0.0; catalogue::of(rule.subject).len()];
            machine
                .subjects_of(name)
                .filter(|known| !here.contains_key(known.name.as_str()))
                .for_each(|known| look(known, &nothing));
        }
    }
    (readings, left_out)
}

fn level(rule: &Rule, values: &Values<'_>) -> Level {
    match rule.when.holds(values) {
        Some(true) => Level::Above,
        when => match (when, rule.clear.as_ref().map(|clear| clear.holds(values))) {
            (Some(false), None) | (_, Some(Some(true))) => Level::Below,
            (Some(false), Some(Some(false))) => Level::Between,
            _ => Level::Unknown,
        },
    }
}

fn reading(rule: &Rule, subject: &Subject, level: Level, values: &Values<'_>) -> Reading {
    let said = rule.when.said(values);
    let fields = Fields {
        rule: &rule.head.name,
        subject: &subject.name,
        kind: rule.subject,
        said,
        node: values.node,
        own: values.own,
    };
    let (value, limit, unit) = said;
    // A level that is not Above needs no words: the machine keeps those of the last one that was.
    let (summary, remedy) = if level == Level::Above {
        let [en, ru] = &rule.summary;
        (Words { en: en.render(&fields, Language::En), ru: ru.render(&fields, Language::Ru) }, rule.remedy.clone())
    } else {
        Default::default()
    };
    Reading {
        rule: rule.head.clone(),
        subject: subject.clone(),
        level,
        value,
        limit,
        unit,
        summary,
        remedy,
        attack: None,
    }
}
