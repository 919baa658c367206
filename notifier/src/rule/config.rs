//! `[notifier.rules]`, `[[notifier.rule]]`.

use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// The built-in rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {}

/// What is wrong with it.
pub fn check(_config: &Config, _problems: &mut Vec<Problem>) {}

/// `[[notifier.rule]]`: a rule of the user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Its name.
    pub name: String,
}
