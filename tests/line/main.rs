//! The whole line by the built program: packets on real interfaces, rows in real stores, books that balance.
//!
//! Each test that needs a network runs itself again in a namespace of its own; see `namespace`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acceptance;
mod alerts;
mod attack;
mod churn;
mod condense;
mod confined;
mod connections;
mod corpus;
mod flood;
mod full;
mod kept;
mod kills;
#[expect(dead_code, reason = "shared with capture's lab, which uses more of it")]
#[path = "../../capture/tests/lab/link.rs"]
mod link;
mod load;
mod machine;
mod mariadb;
#[path = "../../capture/tests/lab/namespace.rs"]
mod namespace;
mod privileges;
mod process;
#[expect(dead_code, reason = "shared with capture's lab, which uses more of it")]
#[path = "../../capture/tests/lab/reader.rs"]
mod reader;
mod recorder;
mod refusals;
mod replay;
mod running;
mod soak;
mod timeliness;
