//! `[[notifier.webhook]]`.

use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// A URL that is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebHook {
    /// Its name.
    pub name: String,
}

/// What is wrong with them.
pub fn check(_list: &[WebHook], _problems: &mut Vec<Problem>) {}
