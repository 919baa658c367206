//! The `[notifier]` section of floodmark.toml, composed of each part's own.
//!
//! Entries of lists have no optional keys: an empty text or 0 is "not set", so that every key can be shown.

use serde::{Deserialize, Serialize};

use crate::notice::Language;
use crate::{attack, channel, host, incident, rule, watch};

/// The `[notifier]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Language of receivers that name none.
    pub language: Language,
    /// Day of the month on which the traffic of a month begins to count, 1 to 28.
    pub billing_day: u8,
    /// `[notifier.host]`.
    pub host: host::config::Config,
    /// `[notifier.rules]`.
    pub rules: rule::config::Config,
    /// `[[notifier.rule]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<rule::config::Rule>,
    /// `[notifier.detection]`.
    pub detection: attack::config::Config,
    /// `[notifier.pipeline]`.
    pub pipeline: incident::config::Config,
    /// `[[notifier.receiver]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub receiver: Vec<incident::config::Receiver>,
    /// `[[notifier.maintenance]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<incident::config::Maintenance>,
    /// `[notifier.email]`.
    pub email: channel::email::config::Config,
    /// `[[notifier.sms]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sms: Vec<channel::sms::config::Gateway>,
    /// `[[notifier.webhook]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub webhook: Vec<channel::webhook::config::WebHook>,
    /// `[[notifier.script]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<channel::script::config::Script>,
    /// `[notifier.watch]`.
    pub watch: watch::config::Config,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            language: Language::En,
            billing_day: 1,
            host: Default::default(),
            rules: Default::default(),
            rule: Vec::new(),
            detection: Default::default(),
            pipeline: Default::default(),
            receiver: Vec::new(),
            maintenance: Vec::new(),
            email: Default::default(),
            sms: Vec::new(),
            webhook: Vec::new(),
            script: Vec::new(),
            watch: Default::default(),
        }
    }
}

/// One value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Section and key, such as `notifier.rule[disk].when`.
    pub key: String,
    /// The value as it would stand in the file.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
    /// What to do.
    pub remedy: String,
}

/// Everything that is wrong. Reads no files and opens no connection.
pub fn check(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !(1..=28).contains(&config.billing_day) {
        problems.push(Problem {
            key: "notifier.billing_day".to_owned(),
            value: config.billing_day.to_string(),
            allowed: "1 to 28".to_owned(),
            remedy: "every month has these days".to_owned(),
        });
    }
    host::config::check(&config.host, &mut problems);
    rule::config::check(&config.rules, &mut problems);
    attack::config::check(&config.detection, &mut problems);
    incident::config::check(&config.pipeline, &mut problems);
    incident::config::check_people(config, &mut problems);
    channel::email::config::check(&config.email, &mut problems);
    channel::sms::config::check(&config.sms, &mut problems);
    channel::webhook::config::check(&config.webhook, &mut problems);
    channel::script::config::check(&config.script, &mut problems);
    watch::config::check(&config.watch, &mut problems);
    problems
}
