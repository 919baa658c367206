//! Every configuration in a document is one that the program takes.

use std::path::Path;

use notifier::rule::backtest::Backtest;
use notifier::rule::config::Rule;
use serde::Deserialize;

use super::{Block, blocks, pages};
use crate::commands::backtest_metrics;
use crate::config::check::Machine;
use crate::config::load::Effective;

fn machine() -> Machine {
    Machine { host_name: "host-1".to_owned(), cores: (0..8).collect() }
}

/// What is wrong with a block, by the check that `floodmark config check` and `floodmark backtest` do.
fn problem(block: &Block) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        rule: Vec<Rule>,
    }
    if !block.text.contains("[[rule]]") {
        return Effective::reread(Path::new("floodmark.toml"), &block.text, &machine()).err().map(|e| e.to_string());
    }
    match toml::from_str::<File>(&block.text) {
        Err(error) => Some(error.to_string()),
        Ok(file) => Backtest::new(&file.rule, &backtest_metrics(), 0).err().map(|problems| format!("{problems:?}")),
    }
}

#[test]
fn every_configuration_in_a_document_is_valid() {
    let mut wrong = Vec::new();
    for page in pages() {
        for block in blocks(&page.text) {
            let place = format!("{}:{}", page.path, block.line);
            match block.language.as_str() {
                "toml" => wrong.extend(problem(&block).map(|told| format!("{place}: {told}"))),
                // A block that nobody checks would go wrong one day.
                "" if block.text.starts_with('[') => wrong.push(format!("{place}: begin the block by ```toml")),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_wrong_configuration_would_be_told() {
    let block = |text: &str| Block { language: "toml".to_owned(), line: 1, text: text.to_owned() };
    assert_eq!(problem(&block("[[notifier.rule]]\nname = \"x\"\nwhen = \"load1 > 3\"\n")), None);
    for text in [
        "[[notifier.rule]]\nname = \"x\"\nwhen = \"lode1 > 3\"\n",
        "[capture]\nsnaplenn = 3\n",
        "[[rule]]\nname = \"x\"\nwhen = \"load1 >\"\n",
    ] {
        assert!(problem(&block(text)).is_some(), "{text}");
    }
}

/// Rules of a document, and the presets and kinds of SMS that another one shows.
fn of(path: &str) -> toml::Table {
    let page = pages().into_iter().find(|page| page.path == path).expect("the document");
    let mut whole = toml::Table::new();
    for block in blocks(&page.text).iter().filter(|block| block.language == "toml") {
        let table: toml::Table = toml::from_str(&block.text).expect("it is checked above");
        let lists = table.get("notifier").and_then(toml::Value::as_table).into_iter().flatten();
        for (name, value) in lists {
            if let Some(entries) = value.as_array() {
                let all = whole.entry(name).or_insert_with(|| toml::Value::Array(Vec::new()));
                all.as_array_mut().expect("it is a list").extend(entries.iter().cloned());
            }
        }
    }
    whole
}

#[test]
fn there_are_fifteen_recipes_of_different_names() {
    let document = of("docs/recipes.md");
    let rules = document["rule"].as_array().expect("rules");
    let mut names: Vec<&str> = rules.iter().filter_map(|rule| rule["name"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 15 && names.len() == rules.len(), "{names:?}");
}

#[test]
fn every_way_to_send_a_short_message_is_shown() {
    let document = of("docs/sms.md");
    let gateways = document["sms"].as_array().expect("gateways");
    let has = |key: &str, value: &str| {
        let is = |gateway: &toml::Value| gateway.get(key).and_then(toml::Value::as_str) == Some(value);
        assert!(gateways.iter().any(is), "docs/sms.md shows no {key} = {value:?}");
    };
    ["twilio", "vonage", "smsru", "smscru", "kannel", "custom"].iter().for_each(|preset| has("preset", preset));
    ["smstools", "gammu", "smpp"].iter().for_each(|kind| has("kind", kind));
}
