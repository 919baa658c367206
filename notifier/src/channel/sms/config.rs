//! `[[notifier.sms]]`.

use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// A way for short messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// Its name.
    pub name: String,
}

/// What is wrong with them.
pub fn check(_list: &[Gateway], _problems: &mut Vec<Problem>) {}
