//! `[notifier.pipeline]`, `[[notifier.receiver]]`.

use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// How incidents become notifications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {}

/// What is wrong with it.
pub fn check(_config: &Config, _problems: &mut Vec<Problem>) {}

/// `[[notifier.receiver]]`: a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receiver {
    /// Its name.
    pub name: String,
}
