//! The `[log]` section of floodmark.toml.

use serde::{Deserialize, Serialize};

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `journal` when the journal reads stderr, else `text`.
    #[default]
    Auto,
    /// Time, level, role, message.
    Text,
    /// Priority prefix, role, message: the journal adds the time.
    Journal,
    /// One JSON object a line.
    Json,
}

/// The `[log]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a list such as `info,store=debug`.
    pub level: String,
    /// How a log line looks.
    pub format: Format,
}

impl Default for Config {
    fn default() -> Config {
        Config { level: "info".to_owned(), format: Format::Auto }
    }
}
