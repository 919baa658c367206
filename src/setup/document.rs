//! Lays changed values into the text of a configuration file: comments, order and all other keys stay as they are.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::config::Config;

/// Lists of entries, and the section whose comment explains them: a first entry is put behind that comment.
const ENTRIES: [(&str, &str); 2] = [("receiver", "email"), ("sms", "watch")];

/// The text cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The present text.
    #[error("{0}")]
    Parse(#[from] toml_edit::TomlError),
    /// A value, or the answers.
    #[error("{0}")]
    Value(#[from] toml::ser::Error),
    /// A key stands where a section should.
    #[error("`{0}` is not a section in this file; write it as [{0}]")]
    NoSection(String),
}

/// `text`, which says `before`, changed so that it says `after`.
pub fn lay(text: &str, before: &Config, after: &Config) -> Result<String, DocumentError> {
    let (before, after) = (toml::Table::try_from(before)?, toml::Table::try_from(after)?);
    let mut text = text.to_owned();
    for (section, value) in &after {
        uncomment_keys(&mut text, section, before.get(section), value);
    }
    let mut document: DocumentMut = text.parse()?;
    lay_table(document.as_table_mut(), "", &before, &after)?;
    Ok(document.to_string())
}

/// A key that stands as a commented example is put where the example stands.
fn uncomment_keys(text: &mut String, section: &str, before: Option<&toml::Value>, after: &toml::Value) {
    let Some(after) = after.as_table() else { return };
    let is_new = |key: &str| before.and_then(|before| before.get(key)).is_none();
    for (key, value) in after.iter().filter(|(key, value)| is_new(key) && value.is_str()) {
        let (head, example) = (format!("[{section}]"), format!("# {key} = "));
        let mut is_inside = false;
        let line = text.lines().position(|line| {
            if line.starts_with('[') {
                is_inside = line == head;
            }
            is_inside && line.starts_with(&example)
        });
        if let Some(at) = line {
            let lines = text.lines().enumerate().map(|(number, line)| match number == at {
                true => format!("{key} = {value}\n"),
                false => format!("{line}\n"),
            });
            *text = lines.collect();
        }
    }
}

fn lay_table(
    document: &mut dyn TableLike,
    path: &str,
    before: &toml::Table,
    after: &toml::Table,
) -> Result<(), DocumentError> {
    for (key, value) in after.iter().filter(|(key, value)| before.get(key.as_str()) != Some(value)) {
        let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            toml::Value::Table(inner) => {
                let empty = toml::Table::new();
                let earlier = before.get(key).and_then(toml::Value::as_table).unwrap_or(&empty);
                let item = document.entry(key).or_insert_with(|| Item::Table(Table::new()));
                let section = item.as_table_like_mut().ok_or_else(|| DocumentError::NoSection(here.clone()))?;
                lay_table(section, &here, earlier, inner)?;
            }
            toml::Value::Array(entries) if path == "notifier" && ENTRIES.iter().any(|(name, _)| name == key) => {
                lay_entries(document, key, entries)?;
            }
            value => set(document, key, value),
        }
    }
    let gone: Vec<&String> = before.keys().filter(|key| !after.contains_key(key.as_str())).collect();
    for key in gone {
        document.remove(key);
    }
    Ok(())
}

/// Sets a value; what stood around the old one stays.
fn set(document: &mut dyn TableLike, key: &str, value: &toml::Value) {
    let mut value = of(value);
    let Some(present) = document.get_mut(key) else {
        document.insert(key, Item::Value(value));
        return;
    };
    if let Some(present) = present.as_value() {
        *value.decor_mut() = present.decor().clone();
    }
    // In its place: inserting it would take the comment above the key away.
    *present = Item::Value(value);
}

fn of(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(value) => Value::from(*value),
        // No key of ours is a date.
        toml::Value::Datetime(time) => Value::from(time.to_string()),
        toml::Value::Array(values) => Value::Array(values.iter().map(of).collect::<Array>()),
        toml::Value::Table(table) => {
            Value::InlineTable(table.iter().map(|(key, value)| (key.clone(), of(value))).collect::<InlineTable>())
        }
    }
}

/// Entries that are there get the keys that differ; a new one has the keys that are not the default.
fn lay_entries(notifier: &mut dyn TableLike, key: &str, entries: &[toml::Value]) -> Result<(), DocumentError> {
    let default = default_entry(key)?;
    let item = notifier.entry(key).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    // A list within one line becomes a list of sections.
    let inline = item.as_array().map(|array| array.iter().filter_map(|value| value.as_inline_table().cloned()));
    let inline: Option<ArrayOfTables> = inline.map(|entries| entries.map(InlineTable::into_table).collect());
    if let Some(tables) = inline {
        *item = Item::ArrayOfTables(tables);
    }
    let wrong = || DocumentError::NoSection(format!("[notifier.{key}]"));
    let present = item.as_array_of_tables_mut().ok_or_else(wrong)?;
    let had = present.len();
    let mut made = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let Some(wanted) = entry.as_table() else { continue };
        let mut fresh = Table::new();
        let is_new = number >= had;
        let table = if is_new { &mut fresh } else { present.get_mut(number).ok_or_else(wrong)? };
        for (name, value) in wanted {
            let says = table.get(name).and_then(Item::as_value).map(ToString::to_string);
            let says = says.and_then(|text| toml::from_str::<toml::Table>(&format!("x = {}", text.trim())).ok());
            let says = says.and_then(|mut parsed| parsed.remove("x")).or_else(|| default.get(name).cloned());
            if says.as_ref() != Some(value) {
                set(table, name, value);
            }
        }
        if is_new {
            made.push(fresh);
        }
    }
    while present.len() > entries.len() {
        present.remove(present.len() - 1);
    }
    let anchor = if had == 0 { ENTRIES.iter().find(|(name, _)| *name == key) } else { None };
    let place = anchor.and_then(|(_, anchor)| take_place(notifier, anchor));
    let present = notifier.get_mut(key).and_then(Item::as_array_of_tables_mut).ok_or_else(wrong)?;
    for (number, mut table) in made.into_iter().enumerate() {
        if let Some((position, comment)) = &place {
            table.set_position(Some(*position));
            table.decor_mut().set_prefix(if number == 0 { comment.as_str() } else { "\n" });
        }
        present.push(table);
    }
    if present.is_empty() {
        notifier.remove(key);
    }
    Ok(())
}

/// The place before a section, with the comment that stands there.
fn take_place(notifier: &mut dyn TableLike, anchor: &str) -> Option<(isize, String)> {
    let table = notifier.get_mut(anchor)?.as_table_mut()?;
    let position = table.position()?;
    let comment = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or("\n").to_owned();
    table.decor_mut().set_prefix("\n");
    // Of equal positions, what was there comes first.
    Some((position - 1, comment))
}

fn default_entry(key: &str) -> Result<toml::Table, toml::ser::Error> {
    match key {
        "receiver" => toml::Table::try_from(notifier::incident::config::Receiver::default()),
        _ => toml::Table::try_from(notifier::channel::sms::config::Gateway::default()),
    }
}

#[cfg(test)]
mod tests;
