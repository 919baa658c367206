//! floodmark.toml: one file, one section for each part, composed of each crate's own section.
//!
//! The life of a setting: [`load`] reads the file, lays the command line over it and hands the result to [`check`],
//! which knows the allowed range of every key; the supervisor writes the effective document to its children's stdin.
//! Nothing else reads a configuration, and no environment variable changes one (`credential` has the one name that
//! stands for a folder of the service manager).

pub mod check;
mod credential;
pub mod load;
pub mod log;
pub mod node;
pub mod reference;
pub mod url;

use serde::{Deserialize, Serialize};

/// The whole of floodmark.toml; every key has a default, so an empty file is a valid one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who this machine is and where it keeps its data.
    pub node: node::Config,
    /// Rings, flow table, fanout.
    pub capture: capture::config::Config,
    /// Segment files between capture and ingest.
    pub spool: spool::config::Config,
    /// Batches into the store, and retention.
    pub ingest: ingest::config::Config,
    /// The database.
    pub store: store::config::Config,
    /// Host load, rules, channels.
    pub notifier: notifier::config::Config,
    /// The page.
    pub web: web_ui::config::Config,
    /// Other machines whose Floodmark is watched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub peer: Vec<notifier::watch::config::Peer>,
    /// What is written to stderr or the journal.
    pub log: log::Config,
}

/// The shipped file: every key at its default, with its meaning.
pub const SHIPPED: &str = include_str!("../../systemd/floodmark.toml");

#[cfg(test)]
mod tests;
