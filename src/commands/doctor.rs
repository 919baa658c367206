//! `floodmark doctor`.

use std::io;

use capture::interface::default_route_interface;

use super::print;
use crate::cli::DoctorArgs;
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::doctor::{self, Level, View};
use crate::exit::{Failure, Outcome};
use crate::parent;

/// Findings for the page, each of some hundred bytes.
const FOR_PAGE_MAX: usize = 100;

pub fn run(args: &DoctorArgs) -> Outcome {
    let machine = Machine::read();
    if args.for_page {
        return for_page(&machine);
    }
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

/// For web, which must have no thread of its own before it gives up its rights, and so asks by a process.
fn for_page(machine: &Machine) -> Outcome {
    let text = parent::read_configuration(io::stdin()).map_err(Failure::failed)?;
    let effective = Effective::from_parent(&text, machine)?;
    let route = default_route_interface();
    let mut findings = doctor::examine_for_page(&effective.config, machine, &View::default(), route);
    // A pipe holds 64 KiB, and web reads when this process has ended; what is bad goes first then.
    if findings.len() > FOR_PAGE_MAX {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        findings.truncate(FOR_PAGE_MAX);
    }
    print::out(&doctor::json(&findings).map_err(Failure::failed)?)
}
