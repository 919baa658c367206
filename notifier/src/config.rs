//! The `[notifier]` section of floodmark.toml.

use serde::{Deserialize, Serialize};

/// The `[notifier]` section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {}
