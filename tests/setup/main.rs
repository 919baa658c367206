//! `floodmark setup` by the built program, on a terminal, over pipes and by flags, against servers that are there, away
//! or wrong; and what `floodmark doctor` says of the same faults.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod desk;
mod doctor;
mod flags;
mod interactive;
mod mysql;
#[path = "../../capture/tests/lab/namespace.rs"]
mod namespace;
#[expect(dead_code, reason = "shared with the line's tests, which use more of it")]
#[path = "../line/process.rs"]
mod process;
mod terminal;
