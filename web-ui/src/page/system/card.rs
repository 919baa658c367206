//! A card of *System*: some sentences and a table.

use crate::words::time::Time;

/// One cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub text: String,
    pub tone: &'static str,
    pub href: Option<String>,
    pub time: Option<Time>,
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, ..Cell::default() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::from(text.to_owned())
    }
}

impl From<Time> for Cell {
    fn from(time: Time) -> Cell {
        Cell { time: Some(time), ..Cell::default() }
    }
}

impl Cell {
    /// With a tone: "good", "warn", "bad".
    pub fn toned(text: impl Into<String>, tone: &'static str) -> Cell {
        Cell { text: text.into(), tone, ..Cell::default() }
    }

    /// A link.
    pub fn link(text: impl Into<String>, href: String) -> Cell {
        Cell { text: text.into(), href: Some(href), ..Cell::default() }
    }
}

/// A card.
#[derive(Clone, Debug, Default)]
pub struct Card {
    pub title: &'static str,
    /// Tone and sentence.
    pub says: Vec<(&'static str, String)>,
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<Cell>>,
    /// All but the first column are numbers.
    pub numbers: bool,
}

impl Card {
    /// With one sentence.
    pub fn saying(title: &'static str, tone: &'static str, text: &str) -> Card {
        Card { title, says: vec![(tone, text.to_owned())], ..Card::default() }
    }

    /// Facts: name and value.
    pub fn facts(title: &'static str, facts: Vec<(&'static str, Cell)>) -> Card {
        let rows = facts.into_iter().map(|(name, value)| vec![Cell::from(name), value]).collect();
        Card { title, rows, numbers: true, ..Card::default() }
    }
}
