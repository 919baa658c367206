//! `[notifier.watch]`, `[[peer]]`.

use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// The dead-man ping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {}

/// What is wrong with it.
pub fn check(_config: &Config, _problems: &mut Vec<Problem>) {}

/// `[[peer]]`: another Floodmark.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Peer {
    /// Its name.
    pub name: String,
}
