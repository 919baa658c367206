//! `floodmark config reference`: docs/configuration.md, made of the shipped file and of the checks that hold its values.
//!
//! Keys, defaults and meanings are read from the shipped file. What is allowed is asked of the configuration's own
//! check: each key is given values that cannot be right, and the answer is what an operator would be told.

use std::fmt::Write;
use std::path::Path;

use super::SHIPPED;
use super::check::Machine;
use super::load::{Effective, Error};

const HEAD: &str = "# Configuration

Every key of floodmark.toml, made by `floodmark config reference` from the shipped file and the program's own checks; a
test holds it. *Allowed* is what `floodmark config check` tells of a wrong value, here on a machine of four cores.
Sizes are written with units (`KiB`, `MiB`, `GiB`), durations too (`ms`, `s`, `m`, `h`, `days`).

The file is the one that `--config` names, else `/etc/floodmark/floodmark.toml` if it exists, else none: every key has a
default. `--interface`, `--data-dir`, `--store` and `--listen` win over the file; no environment variable changes
anything. Unknown keys are refused. notifier reads the file again when it changes; other roles read it at their start.

```
floodmark config default > floodmark.toml      # the shipped file, every key explained
floodmark config check --config floodmark.toml
floodmark config print --config floodmark.toml # what is in effect
```
";

/// One key as the shipped file has it.
struct Key {
    name: String,
    /// The value in the words of the file.
    value: String,
    /// It stands there as a comment: without it nothing is set.
    is_unset: bool,
    meaning: String,
}

/// One section and its keys, in the order of the file.
struct Section {
    name: String,
    /// `[[name]]`: any number of entries.
    is_list: bool,
    meaning: String,
    keys: Vec<Key>,
}

/// The page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for section in sections(SHIPPED) {
        let brackets = if section.is_list { ("[[", "]]") } else { ("[", "]") };
        // Writing to a String does not fail.
        let _ = writeln!(page, "\n## `{}{}{}`", brackets.0, section.name, brackets.1);
        if !section.meaning.is_empty() {
            let _ = writeln!(page, "\n{}", section.meaning);
        }
        if section.keys.is_empty() {
            continue;
        }
        page.push_str("\n| key | default | allowed | meaning |\n|---|---|---|---|\n");
        for key in &section.keys {
            let default = if key.is_unset { "not set".to_owned() } else { format!("`{}`", cell(&key.value)) };
            let (allowed, meaning) = (cell(&allowed(&section, key)), cell(&key.meaning));
            let _ = writeln!(page, "| `{}` | {default} | {allowed} | {meaning} |", key.name);
        }
    }
    page
}

/// A text that ends no cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut comments: Vec<&str> = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start_matches("# ");
        let is_list = line.starts_with("# [[");
        let header = if is_list || line.starts_with('[') { header(bare) } else { None };
        if let Some(name) = header {
            let meaning = std::mem::take(&mut comments).join(" ");
            sections.push(Section { name: name.to_owned(), is_list, meaning, keys: Vec::new() });
        } else if let Some((name, value)) = bare.split_once(" = ").filter(|(name, _)| is_key(name)) {
            let Some(section) = sections.last_mut() else { continue };
            let meaning = std::mem::take(&mut comments).join(" ");
            let is_unset = line.starts_with('#') && !section.is_list;
            section.keys.push(Key { name: name.to_owned(), value: value.to_owned(), is_unset, meaning });
        } else if line.is_empty() {
            comments.clear();
        } else {
            comments.push(bare);
        }
    }
    sections
}

fn header(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    Some(inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(inner))
}

/// Not the beginning of a sentence such as `Empty = the host name`.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Values that are too small, too large, or nothing at all, as TOML.
const NUMBERS: [&str; 5] = ["0", "255", "65535", "4294967295", "9223372036854775807"];
const DURATIONS: [&str; 2] = ["\"0s\"", "\"1000years\""];
const SIZES: [&str; 2] = ["\"0B\"", "\"9EiB\""];
const TEXTS: [&str; 2] = ["\"\"", "\"\\u0001 no value of any key\""];

/// What the check says is allowed; where it refuses none of the values, the kind of the value.
fn allowed(section: &Section, key: &Key) -> String {
    let kind = kind_of(section, key);
    let probes: &[&str] = match kind {
        Kind::Number => &NUMBERS,
        Kind::Duration => &DURATIONS,
        Kind::Size => &SIZES,
        Kind::Text => &TEXTS,
        Kind::OneOf(ref names) => return names.clone(),
        Kind::Other(name) => return name.to_owned(),
    };
    let told = probes.iter().find_map(|probe| match told(section, key, probe) {
        Told::Refused(allowed) => Some(allowed),
        Told::Unreadable(_) | Told::Taken => None,
    });
    told.unwrap_or_else(|| kind.name().to_owned())
}

/// What a value of a key is.
enum Kind {
    Number,
    Duration,
    Size,
    Text,
    OneOf(String),
    Other(&'static str),
}

impl Kind {
    const fn name(&self) -> &'static str {
        match self {
            Kind::Number => "a whole number",
            Kind::Duration => "a duration",
            Kind::Size => "a size",
            Kind::Text | Kind::OneOf(_) => "text",
            Kind::Other(name) => name,
        }
    }
}

fn kind_of(section: &Section, key: &Key) -> Kind {
    let value = toml::from_str::<toml::Table>(&format!("key = {}", key.value));
    match value.ok().and_then(|mut table| table.remove("key")) {
        Some(toml::Value::Boolean(_)) => Kind::Other("true or false"),
        Some(toml::Value::Array(_)) => Kind::Other("a list"),
        Some(toml::Value::Table(_)) => Kind::Other("a table"),
        Some(toml::Value::String(_)) => text_kind(section, key),
        // A size may be written as a number of bytes.
        Some(toml::Value::Integer(_)) if matches!(told(section, key, "\"1KiB\""), Told::Unreadable(_)) => Kind::Number,
        Some(toml::Value::Integer(_)) => Kind::Size,
        _ => Kind::Other("a number"),
    }
}

/// Texts are names out of a few, durations, sizes, or anything.
fn text_kind(section: &Section, key: &Key) -> Kind {
    match told(section, key, TEXTS[1]) {
        Told::Unreadable(message) if message.contains("unknown variant") => {
            let names = message.rsplit_once("expected ").map_or("", |(_, names)| names);
            Kind::OneOf(names.lines().next().unwrap_or_default().trim_start_matches("one of ").to_owned())
        }
        Told::Unreadable(_) if !matches!(told(section, key, DURATIONS[0]), Told::Unreadable(_)) => Kind::Duration,
        Told::Unreadable(_) if !matches!(told(section, key, SIZES[0]), Told::Unreadable(_)) => Kind::Size,
        _ => Kind::Text,
    }
}

enum Told {
    /// The value is of another type.
    Unreadable(String),
    /// What is allowed instead.
    Refused(String),
    /// Nothing is wrong with this key.
    Taken,
}

/// What the check tells of one value.
fn told(section: &Section, key: &Key, value: &str) -> Told {
    let brackets = if section.is_list { ("[[", "]]") } else { ("[", "]") };
    let text = format!("{}{}{}\n{} = {value}\n", brackets.0, section.name, brackets.1, key.name);
    let machine = Machine { host_name: "host".to_owned(), cores: vec![0, 1, 2, 3] };
    match Effective::reread(Path::new("floodmark.toml"), &text, &machine) {
        Err(Error::Invalid { problems, .. }) => {
            let end = format!(".{}", key.name);
            // An entry of a list is told with its name or number in brackets.
            let is_this = |told: &str| told.starts_with(&section.name) && told.ends_with(&end);
            let found = problems.into_iter().find(|problem| is_this(&problem.key));
            // What follows is about the value, not about the key.
            let allowed = |allowed: String| allowed.split(", but ").next().unwrap_or_default().to_owned();
            found.map_or(Told::Taken, |problem| Told::Refused(allowed(problem.allowed)))
        }
        Err(error) => Told::Unreadable(error.to_string()),
        Ok(_) => Told::Taken,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{page, sections};
    use crate::config::SHIPPED;

    #[test]
    fn the_document_is_what_the_program_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        let (page, document) = (page(), fs::read_to_string(path).expect("the document is there"));
        let remedy = "run `cargo run -- config reference > docs/configuration.md`";
        assert!(page == document, "{remedy}; docs/configuration.md must read:\n{page}");
    }

    #[test]
    fn every_key_has_a_meaning() {
        let sections = sections(SHIPPED);
        assert!(sections.len() > 20 && sections.iter().map(|section| section.keys.len()).sum::<usize>() > 150);
        for key in sections.iter().flat_map(|section| &section.keys) {
            assert!(!key.meaning.is_empty(), "{}", key.name);
        }
    }

    #[test]
    fn ranges_are_those_of_the_check() {
        let page = page();
        for row in [
            "| `snaplen` | `192` | 64 to 65535 |",
            "| `ring_block_timeout` | `\"10ms\"` | 1ms to 1s |",
            "| `fanout` | `\"hash\"` | `hash`, `cpu`, `qm` |",
            "| `segments_max` | `1` | 1 to 10 |",
            "| `password_file` | not set |",
        ] {
            assert!(page.contains(row), "{row}");
        }
    }
}
