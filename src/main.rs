//! floodmark: the command. It reads arguments and the configuration, and starts a role or answers a question; the work
//! is done in the crates.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod config;
mod doctor;
mod exit;
mod interfaces;
mod logging;
mod parent;
mod signals;
mod supervisor;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::dispatch(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("floodmark: {:#}", failure.error);
            failure.exit.into()
        }
    }
}
