//! One file for each command: it reads the configuration, calls the part that does the work, prints.

mod alerts;
mod backtest;
mod capture;
mod config;
mod doctor;
mod flows;
mod ingest;
mod ledger;
mod manual;
mod notifier;
mod notify;
mod notify_failed;
mod print;
mod replay;
mod role;
mod run;
mod script_runner;
mod store;
mod top;
mod user;
mod web;

#[cfg(test)]
pub use backtest::stored::metrics as backtest_metrics;
pub use notify_failed::now as now_and_zone;
pub use role::node_of;
pub use store::{now_s, wait_for as wait_for_store};
pub use user::{add as add_user, list as list_users};

use crate::cli::{Cli, Command, NotifyCommand};
use crate::exit::Outcome;

/// Does what the command line says.
///
/// # Errors
/// The message and the exit code for `main`.
pub fn dispatch(cli: Cli) -> Outcome {
    match cli.command {
        Command::Run(settings) => run::run(&settings),
        Command::Capture(args) => capture::run(&args),
        Command::Ingest(args) => ingest::run(&args),
        Command::Notifier(args) => notifier::run(&args),
        Command::Web(args) => web::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Ledger(args) => ledger::run(&args),
        Command::Flows(args) => flows::run(&args),
        Command::Alerts(args) => alerts::run(&args),
        Command::Notify(NotifyCommand::Failed(args)) => notify_failed::run(&args),
        Command::Notify(NotifyCommand::Test(args)) => notify::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Top(source) => top::run(&source),
        Command::Setup(args) => crate::setup::run(&args),
        Command::User(command) => user::run(&command),
        Command::Config(command) => config::run(&command),
        Command::Doctor(args) => doctor::run(&args),
        Command::Store(command) => store::run(&command),
        Command::ScriptRunner(args) => script_runner::run(&args),
        Command::Manual(args) => manual::run(&args),
    }
}
