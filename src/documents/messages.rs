//! What a document quotes of the program's messages stands in the program.

use std::fs;
use std::path::Path;

use super::{files, pages, root};

/// Documents whose tables begin with what the program says.
const QUOTING: [&str; 2] = ["docs/troubleshooting.md", "docs/nic.md"];

/// A shorter piece of a message would be found anywhere.
const PIECE_LENGTH_MIN: usize = 6;

/// The text of every source, with strings that are broken over lines joined, and quotes as they are shown.
pub(super) fn sources() -> String {
    let crates = ["src", "capture", "ingest", "notifier", "web-ui"];
    let mut whole = String::new();
    for path in crates.iter().flat_map(|folder| files(&root().join(folder), "rs")) {
        if is_shipped(&path) {
            whole.push_str(&fs::read_to_string(&path).expect("a source is text"));
        }
    }
    let mut pieces = whole.split("\\\n");
    let first = pieces.next().unwrap_or_default().to_owned();
    let joined = pieces.fold(first, |text, piece| text + piece.trim_start());
    joined.replace("\\\"", "\"").replace("{{", "{").replace("}}", "}")
}

/// Not a test, and not this folder, which would find itself.
fn is_shipped(path: &Path) -> bool {
    let inside = path.strip_prefix(root()).expect("it lies below the root");
    let is_test = |part: &str| ["tests", "tests.rs", "benches", "examples", "target", "documents"].contains(&part);
    !inside.iter().any(|part| part.to_str().is_none_or(is_test))
}

/// The first cells of tables that are quotations.
fn quotations(text: &str) -> Vec<(usize, String)> {
    let quoted = |(index, line): (usize, &str)| {
        let rest = line.strip_prefix("| `")?;
        // A backquote within the message is written with two around it.
        let end = rest.find("` |")?;
        Some((index + 1, rest[..end].to_owned()))
    };
    text.lines().enumerate().filter_map(quoted).collect()
}

#[test]
fn quoted_messages_stand_in_the_program() {
    let sources = sources();
    let mut wrong = Vec::new();
    let mut found = 0;
    for page in pages().into_iter().filter(|page| QUOTING.contains(&page.path.as_str())) {
        for (line, quotation) in quotations(&page.text) {
            // `…` stands for what differs each time.
            let plain = quotation.replace("\\|", "|");
            let pieces: Vec<&str> =
                plain.split('…').map(str::trim).filter(|piece| piece.len() >= PIECE_LENGTH_MIN).collect();
            found += 1;
            let missing: Vec<&&str> = pieces.iter().filter(|piece| !sources.contains(**piece)).collect();
            if pieces.is_empty() || !missing.is_empty() {
                wrong.push(format!("{}:{line}: {quotation}: not in the program: {missing:?}", page.path));
            }
        }
    }
    assert!(found > 40, "only {found} quotations: are they found?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
