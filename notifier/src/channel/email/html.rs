//! html: a document for mail programs: tables and inline styles, since they know little else; nothing is loaded from
//! elsewhere. Colours are chosen so that programs which turn them over for the night stay readable.

use super::compose::CHART_ID;
use super::content::{Block, Document, Table, Tone};
use crate::notice::Language;
use crate::words::line;

/// A sentence.
const LINE_CHARS_MAX: usize = 500;

/// A field of a table.
const CELL_CHARS_MAX: usize = 80;

const CELL: &str = "padding:3px 12px 3px 0;text-align:left;vertical-align:top";

/// The whole HTML; `has_chart` = the mail carries the picture.
pub(super) fn html(document: &Document, has_chart: bool) -> String {
    let language = match document.language {
        Language::En => "en",
        Language::Ru => "ru",
    };
    let colour = match document.tone {
        Tone::Critical => "#c62828",
        Tone::Warning => "#b26a00",
        Tone::Calm => "#2e7d32",
    };
    let title = escape(&document.title, LINE_CHARS_MAX);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head>\n\
         <body style=\"margin:0;padding:16px;font:15px/1.45 sans-serif\">\n<div style=\"max-width:720px;margin:0 auto\">\n\
         <h1 style=\"font-size:19px;line-height:1.3;margin:0 0 12px;padding:10px 14px;border-radius:6px;\
         background:{colour};color:#ffffff\">{title}</h1>\n"
    );
    for block in &document.blocks {
        out += &self::block(block, has_chart);
    }
    out += &format!(
        "<p style=\"font-size:12px;color:#767676;margin:20px 0 0\">{}</p>\n</div>\n</body></html>\n",
        escape(&document.footer, LINE_CHARS_MAX)
    );
    out
}

fn block(block: &Block, has_chart: bool) -> String {
    let words = |text: &str| escape(text, LINE_CHARS_MAX);
    match block {
        Block::Heading(text) => format!("<h2 style=\"font-size:16px;margin:18px 0 6px\">{}</h2>\n", words(text)),
        Block::Text(text) => format!("<p style=\"margin:8px 0\">{}</p>\n", words(text)),
        Block::Facts(facts) => {
            let rows: String = facts
                .iter()
                .map(|(name, value)| {
                    let (name, value) = (escape(name, CELL_CHARS_MAX), words(value));
                    format!(
                        "<tr><td style=\"{CELL};color:#767676;white-space:nowrap\">{name}</td>\
                         <td style=\"{CELL};word-break:break-word\">{value}</td></tr>\n"
                    )
                })
                .collect();
            format!(
                "<table role=\"presentation\" cellspacing=\"0\" style=\"border-collapse:collapse\">\n{rows}</table>\n"
            )
        }
        Block::Table(table) => self::table(table),
        Block::Chart(title, told) => {
            let (title, told) = (words(title), words(told));
            let image = match has_chart {
                true => format!(
                    "<img src=\"cid:{CHART_ID}\" width=\"640\" alt=\"{title}: {told}\" \
                     style=\"display:block;width:100%;max-width:640px;height:auto;border-radius:6px\">\n"
                ),
                false => String::new(),
            };
            format!(
                "<h3 style=\"font-size:14px;margin:16px 0 4px\">{title}</h3>\n{image}\
                 <p style=\"margin:4px 0 8px;font-size:13px;color:#767676\">{told}</p>\n"
            )
        }
        Block::Link(label, url) => format!(
            "<p style=\"margin:12px 0\"><a href=\"{}\" style=\"display:inline-block;padding:10px 18px;border-radius:6px;\
             background:#1565c0;color:#ffffff;text-decoration:none\">{}</a></p>\n",
            escape(url, 2000),
            escape(label, CELL_CHARS_MAX)
        ),
    }
}

fn table(table: &Table) -> String {
    let row = |cells: &mut dyn Iterator<Item = &str>, tag: &str, style: &str| {
        let cells: String = cells
            .map(|cell| format!("<{tag} style=\"{CELL};{style}\">{}</{tag}>", escape(cell, CELL_CHARS_MAX)))
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let head =
        row(&mut table.head.iter().copied(), "th", "font-weight:normal;color:#767676;border-bottom:1px solid #9e9e9e");
    let rows: String = table
        .rows
        .iter()
        .map(|cells| row(&mut cells.iter().map(String::as_str), "td", "word-break:break-word"))
        .collect();
    format!(
        "<h3 style=\"font-size:14px;margin:16px 0 4px\">{}</h3>\n\
         <table cellspacing=\"0\" style=\"border-collapse:collapse;font-size:13px\">\n{head}{rows}</table>\n",
        escape(&table.title, CELL_CHARS_MAX)
    )
}

/// One line of text between tags or within a quoted attribute.
fn escape(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    for char in line(text, chars_max).chars() {
        match char {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            _ => out.push(char),
        }
    }
    out
}
