//! Hostile input for everything that reads what others wrote: nothing panics, nothing takes long, nothing allocates by a
//! length that it was only told.
//!
//! Each target is one file with the test that runs it, two seconds by itself, as long as `FLOODMARK_FUZZ_SECONDS` says
//! else. Inputs are seeds with a few changes; more seeds come from the corpus where it is. A finding names its input's
//! file and the number that repeats the run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod allocation;
mod capture_file;
#[expect(dead_code, reason = "the command uses more of it")]
#[path = "../../src/config/mod.rs"]
mod config;
mod control;
mod engine;
mod floodmark_toml;
mod frame;
mod line;
mod mutate;
mod packets;
mod request;
mod segment;
