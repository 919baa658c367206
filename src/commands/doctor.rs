//! `floodmark doctor`.

use capture::interface::default_route_interface;

use super::print;
use crate::cli::DoctorArgs;
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::doctor::{self, Level, View};
use crate::exit::{Failure, Outcome};

pub fn run(args: &DoctorArgs) -> Outcome {
    let machine = Machine::read();
    let settings = &args.settings;
    let effective = Effective::load(settings.config.as_deref(), &settings.overrides(), &machine)?;
    let findings = doctor::examine(&effective.config, &machine, &View::default(), default_route_interface());
    let text = if args.json { doctor::json(&findings).map_err(Failure::failed)? } else { doctor::text(&findings) };
    print::out(&text)?;
    match findings.iter().filter(|finding| finding.level == Level::Fail).count() {
        0 => Ok(()),
        count => Err(Failure::failed(anyhow::anyhow!("{count} of the checks failed; each names its remedy"))),
    }
}
