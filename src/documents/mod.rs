//! Holds README and docs/ against the program: what they say one can type, write or measure must be so.

mod commands;
mod configurations;
mod messages;
mod metrics;

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A document, by its path from the root.
struct Page {
    path: String,
    text: String,
}

/// A block of code in a document.
struct Block {
    language: String,
    /// Line of its first line, from 1.
    line: usize,
    text: String,
}

/// Every document that an operator reads.
fn pages() -> Vec<Page> {
    let mut paths = vec![root().join("README.md"), root().join("CHANGELOG.md"), root().join("CONTRIBUTING.md")];
    paths.extend(files(&root().join("docs"), "md"));
    let page = |path: PathBuf| Page {
        text: fs::read_to_string(&path).expect("a document is text"),
        path: path.strip_prefix(root()).expect("it lies below the root").display().to_string(),
    };
    paths.into_iter().map(page).collect()
}

/// Files below `folder` whose names end in `.{ending}`, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry of it").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|is| is == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The blocks between fences.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), is_open) {
            (Some(language), false) => {
                blocks.push(Block { language: language.to_owned(), line: index + 2, text: String::new() });
                is_open = true;
            }
            (Some(_), true) => is_open = false,
            (None, true) => {
                if let Some(block) = blocks.last_mut() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
            }
            (None, false) => {}
        }
    }
    blocks
}

/// What stands between single backquotes outside of blocks, with its line.
fn spans(text: &str) -> Vec<(usize, String)> {
    let mut spans = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            is_open = !is_open;
        } else if !is_open {
            spans.extend(line.split('`').skip(1).step_by(2).map(|span| (index + 1, span.to_owned())));
        }
    }
    spans
}

#[test]
fn blocks_and_spans_are_told_apart() {
    let text = "a `b` c\n```toml\n[x]\n`y`\n```\n`d` and `e`\n";
    let found = blocks(text);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].language.as_str(), found[0].line, found[0].text.as_str()), ("toml", 3, "[x]\n`y`\n"));
    assert_eq!(spans(text), [(1, "b".to_owned()), (6, "d".to_owned()), (6, "e".to_owned())]);
}
