//! One file for each command: it reads the configuration, calls the part that does the work, prints.

mod config;
mod doctor;
mod notifier;
mod print;
mod role;
mod run;
mod web;

use crate::cli::{Cli, Command};
use crate::exit::Outcome;

/// Does what the command line says.
///
/// # Errors
/// The message and the exit code for `main`.
pub fn dispatch(cli: Cli) -> Outcome {
    match cli.command {
        Command::Run(settings) => run::run(&settings),
        Command::Notifier(args) => notifier::run(&args),
        Command::Web(args) => web::run(&args),
        Command::Config(command) => config::run(&command),
        Command::Doctor(args) => doctor::run(&args),
    }
}
