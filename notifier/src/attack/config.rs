//! `[notifier.detection]`.

use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// Limits of attack detection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {}

/// What is wrong with it.
pub fn check(_config: &Config, _problems: &mut Vec<Problem>) {}
