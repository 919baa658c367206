//! `[[notifier.script]]`.

use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// A program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// Its name.
    pub name: String,
}

/// What is wrong with them.
pub fn check(_list: &[Script], _problems: &mut Vec<Problem>) {}
