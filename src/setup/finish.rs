//! The end: the page's first user, what the doctor says of it all, and the command that comes next.

use capture::interface::default_route_interface;

use super::console::Console;
use super::draft::Draft;
use super::place::Place;
use super::stop::Stop;
use crate::cli::SetupArgs;
use crate::commands::{add_user, list_users};
use crate::config::Config;
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::doctor::{self, Level, View};
use crate::exit::Failure;

/// Tells it. The configuration is written: what fails here is told and mended by the command that is named.
pub fn tell(
    console: &mut Console,
    draft: &Draft,
    args: &SetupArgs,
    place: &Place,
    machine: &Machine,
) -> Result<(), Stop> {
    let effective = Effective::load(Some(&place.file), &Default::default(), machine).map_err(Failure::from)?;
    let config = &effective.config;
    console.say("\nFirst user of the page")?;
    match first_user(console, args, config)? {
        Ok(text) => console.say(&text)?,
        Err(why) => {
            console.say(&format!("  FAILED: {why}\n  Mend it, then: floodmark user add NAME{}", by_file(place)))?
        }
    }
    place.adopt(&draft.config.node.data_dir);
    examine(console, config, machine, args.no_tests)?;
    let reach = web_ui::sign_in::address::reach(&config.web);
    console.say("\nNext")?;
    console.say(&match place.is_system {
        true => "  systemctl enable --now floodmark.target".to_owned(),
        false => format!("  floodmark run{}", by_file(place)),
    })?;
    let note = match (reach.is_loopback, config.web.tls) {
        (true, _) => "  (from this machine; for a phone choose another address here, or use a proxy or an SSH tunnel)",
        (false, web_ui::config::TlsMode::Own) => {
            "\n  The certificate is of the page's own authority, which can vouch for this machine only; /ca.crt there gives \
             it to the phone.\n  Compare the fingerprint that `floodmark user passwd NAME` shows."
        }
        (false, _) => "",
    };
    console.say(&format!("  then open {}/{note}", reach.url))
}

/// How a command finds a file that is not the system's.
fn by_file(place: &Place) -> String {
    if place.is_system { String::new() } else { format!(" --config {}", place.file.display()) }
}

/// Makes the first user; where there are users, says so.
fn first_user(console: &mut Console, args: &SetupArgs, config: &Config) -> Result<Result<String, String>, Stop> {
    let users = match list_users(config) {
        Ok(users) => users,
        Err(failure) => return Ok(Err(failure.error.to_string())),
    };
    if !users.is_empty() {
        let names: Vec<String> = users.iter().map(|user| format!("{} ({})", user.name, user.standing)).collect();
        return Ok(Ok(format!("  there is {}; `floodmark user passwd NAME` makes a new link", names.join(", "))));
    }
    let name = match &args.admin {
        _ if args.no_admin => String::new(),
        flag => console.ask("Name (- = make none)", flag.clone(), "admin", |text| match text {
            text if text.len() > 64 || text.contains(char::is_whitespace) => {
                Err("one word, at most 64 letters".to_owned())
            }
            text => Ok(text.to_owned()),
        })?,
    };
    if name.is_empty() {
        return Ok(Ok("  none; `floodmark user add NAME` makes the first, an admin".to_owned()));
    }
    Ok(add_user(config, &name, None).map_err(|failure| failure.error.to_string()))
}

/// What would keep it from counting every packet or from warning.
fn examine(console: &mut Console, config: &Config, machine: &Machine, no_tests: bool) -> Result<(), Stop> {
    console.say("\nWhat the doctor says")?;
    if no_tests {
        return console.say("  not asked; `floodmark doctor` tells");
    }
    let (asked, of) = (config.clone(), machine.clone());
    let findings = console.wait(move || doctor::examine(&asked, &of, &View::default(), default_route_interface()))?;
    for finding in findings.iter().filter(|finding| finding.level == Level::Fail) {
        console.say(&format!("  FAIL {}: {}\n       → {}", finding.subject, finding.what, finding.remedy))?;
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (fail, warn) = (count(Level::Fail), count(Level::Warn));
    console.say(&format!("  {} checks: {fail} fail, {warn} warn; `floodmark doctor` shows all", findings.len()))
}
