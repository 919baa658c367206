//! text: a document for those who read text; lines are as long as they are.

use super::content::{Block, Document, Table};
use crate::words::line;

/// A sentence.
const LINE_CHARS_MAX: usize = 500;

/// A field of a table.
const CELL_CHARS_MAX: usize = 80;

/// The whole text, lines ending in LF.
pub(super) fn text(document: &Document) -> String {
    let mut out = String::new();
    let title = line(&document.title, LINE_CHARS_MAX);
    out += &format!("{title}\n{}\n", "=".repeat(title.chars().count().min(76)));
    for block in &document.blocks {
        out.push('\n');
        match block {
            Block::Heading(words) => {
                let words = line(words, LINE_CHARS_MAX);
                out += &format!("{words}\n{}\n", "-".repeat(words.chars().count().min(76)));
            }
            Block::Text(words) => out += &format!("{}\n", line(words, LINE_CHARS_MAX)),
            Block::Facts(facts) => {
                let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 1;
                for (name, value) in facts {
                    out += &format!("{:width$} {}\n", format!("{name}:"), line(value, LINE_CHARS_MAX));
                }
            }
            Block::Table(table) => out += &columns(table),
            Block::Chart(title, told) => {
                out += &format!("{}\n{}\n", line(title, LINE_CHARS_MAX), line(told, LINE_CHARS_MAX));
            }
            Block::Link(label, url) => out += &format!("{label}:\n{url}\n"),
        }
    }
    // The signature separator of RFC 3676: programs show what follows as the small print.
    out += &format!("\n-- \n{}\n", line(&document.footer, LINE_CHARS_MAX));
    out
}

fn columns(table: &Table) -> String {
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|cell| line(cell, CELL_CHARS_MAX)).collect()).collect();
    let width_of = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(String::as_str);
        cells.chain(table.head.get(column).copied()).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.head.len()).map(width_of).collect();
    let row = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<_> = cells.zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    let mut out = format!("{}:\n", line(&table.title, CELL_CHARS_MAX));
    out += &row(&mut table.head.iter().copied());
    for cells in &rows {
        out += &row(&mut cells.iter().map(String::as_str));
    }
    out
}
