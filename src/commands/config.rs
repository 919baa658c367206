//! `floodmark config check|print|default|reference`.

use super::print;
use crate::cli::{ConfigCommand, Settings};
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::config::{SHIPPED, load, reference};
use crate::exit::Outcome;

pub fn run(command: &ConfigCommand) -> Outcome {
    let read = |settings: &Settings| -> Result<Effective, load::Error> {
        Effective::load(settings.config.as_deref(), &settings.overrides(), &Machine::read())
    };
    match command {
        ConfigCommand::Default => print::out(SHIPPED),
        ConfigCommand::Reference => print::out(&reference::page()),
        ConfigCommand::Print(settings) => print::out(&read(settings)?.masked()),
        ConfigCommand::Check(settings) => print::out(&format!("{}: ok\n", read(settings)?.place)),
    }
}
