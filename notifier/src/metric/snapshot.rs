//! The values of one second: of the node, and a table for each kind of subject.

use std::collections::HashMap;

use live::incident::{Subject, SubjectKind};

use super::catalogue::{self, KINDS, Metric};
use super::subject::clean;
use crate::limits::SUBJECTS_MAX;

/// The values of one second.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// When, ns since the epoch.
    pub time_ns: u64,
    node: Vec<f64>,
    tables: [Table; KINDS.len()],
    subjects: usize,
    left_out: u64,
}

/// The subjects of one kind, and their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    subjects: Vec<Subject>,
    values: Vec<f64>,
    width: usize,
    is_whole: bool,
}

/// A subject and its values, in the catalogue's order.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What it is.
    pub subject: &'a Subject,
    /// Its values.
    pub own: &'a [f64],
}

impl Snapshot {
    /// Nothing is known yet.
    pub fn new(time_ns: u64) -> Snapshot {
        let tables = KINDS.map(|(_, metrics)| Table { width: metrics.len(), ..Table::default() });
        let node = vec![f64::NAN; catalogue::of(SubjectKind::Node).len()];
        Snapshot { time_ns, node, tables, subjects: 0, left_out: 0 }
    }

    /// Sets a value of the node; what is no number is unknown.
    pub fn set(&mut self, name: &'static str, value: f64) {
        let column = column_of(catalogue::of(SubjectKind::Node), 0, name);
        self.node[column] = known(value);
    }

    /// Adds a subject with some of its values; the others are unknown. The names stand best in the catalogue's order.
    /// One that is there already gets the values in addition. Beyond [`SUBJECTS_MAX`] it is left out, and counted.
    pub fn push(&mut self, kind: SubjectKind, name: &str, values: &[(&'static str, f64)]) {
        let index = index_of(kind);
        let table = &mut self.tables[index];
        if self.subjects >= SUBJECTS_MAX {
            self.left_out += 1;
            return;
        }
        self.subjects += 1;
        table.subjects.push(Subject { kind, name: clean(name).into_owned() });
        let begin = table.values.len();
        table.values.resize(begin + table.width, f64::NAN);
        fill(&mut table.values[begin..], KINDS[index].1, values);
    }

    /// Sets some values of a subject that was pushed, or pushes it.
    pub fn add(&mut self, kind: SubjectKind, name: &str, values: &[(&'static str, f64)]) {
        let index = index_of(kind);
        let table = &mut self.tables[index];
        let name = clean(name);
        match table.subjects.iter().position(|subject| subject.name == name) {
            Some(at) => fill(&mut table.values[at * table.width..][..table.width], KINDS[index].1, values),
            None => self.push(kind, &name, values),
        }
    }

    /// The list of this kind is of now and has all that matter: who is not in it has nothing.
    pub fn is_whole(&mut self, kind: SubjectKind) {
        self.tables[index_of(kind)].is_whole = true;
    }

    /// The node's values, in the catalogue's order.
    pub fn node(&self) -> &[f64] {
        &self.node
    }

    /// A value of the node by its name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let at = catalogue::of(SubjectKind::Node).iter().position(|metric| metric.name == name)?;
        self.node.get(at).copied().filter(|value| !value.is_nan())
    }

    /// The subjects of a kind.
    pub fn table(&self, kind: SubjectKind) -> &Table {
        &self.tables[index_of(kind)]
    }

    /// Subjects in all tables.
    pub fn subjects(&self) -> u64 {
        self.subjects as u64
    }

    /// Subjects that had no room.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

impl Table {
    /// Each subject with its values.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        let values = self.values.chunks_exact(self.width.max(1));
        self.subjects.iter().zip(values).map(|(subject, own)| Row { subject, own })
    }

    /// The rows by name.
    pub fn by_name(&self) -> HashMap<&str, Row<'_>> {
        self.rows().map(|row| (row.subject.name.as_str(), row)).collect()
    }

    /// Whether who is not in it has nothing, rather than is unknown.
    pub fn has_all(&self) -> bool {
        self.is_whole
    }
}

fn index_of(kind: SubjectKind) -> usize {
    KINDS.iter().position(|(of, _)| *of == kind).expect("peers are judged by their watch, every other kind has metrics")
}

fn fill(row: &mut [f64], metrics: &[Metric], values: &[(&'static str, f64)]) {
    let mut column = 0;
    for (name, value) in values {
        column = column_of(metrics, column, name);
        row[column] = known(*value);
        column += 1;
    }
}

/// The column of `name`, looked for from `guess` on.
fn column_of(metrics: &[Metric], guess: usize, name: &str) -> usize {
    let is_it = |at: &usize| metrics.get(*at).is_some_and(|metric| metric.name == name);
    (guess..metrics.len()).chain(0..guess).find(is_it).expect("who sets a value knows the catalogue")
}

fn known(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}
