//! `floodmark setup`: the first run. It asks what matters, tries each answer at once, and writes the configuration.
//!
//! The life of an answer: a flag, the present file or a default offers it; [`console`] asks; a section's `ask` puts it
//! into the [`draft`]; the ranges of the configuration's own check are held against it; the section's `test` tries it
//! and says what it saw. At the end [`document`] lays all answers into the file's text, [`mod@write`] writes secrets and
//! file, each whole or not at all, and [`finish`] makes the page's first user and says what comes next.
//!
//! Nothing of the configuration is changed before the end. What the tests leave is what the roles would make: the data
//! directory with this machine's identity, tables with this machine's row, on a server database and accounts.

mod console;
mod database;
mod document;
mod draft;
mod finish;
mod interface;
mod mail;
mod mysql;
mod network;
mod page;
mod phone;
mod place;
mod server;
mod status;
mod stop;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use self::console::{After, Console};
use self::draft::Draft;
use self::place::Place;
use self::stop::Stop;
use crate::cli::SetupArgs;
use crate::config::check::{self, Machine};
use crate::exit::{Failure, Outcome};
use crate::{logging, signals};

/// What a test saw.
enum Seen {
    /// There is nothing to try.
    Nothing,
    /// It works; how one knows.
    Good(String),
    /// It could not be tried, and why.
    Untried(String),
    /// It does not work: what, and the remedy.
    Bad(String),
}

/// One matter: its questions, and how the answers are tried.
struct Section {
    name: &'static str,
    ask: fn(&mut Console, &mut Draft, &mut SetupArgs) -> Result<(), Stop>,
    test: fn(Draft) -> Seen,
}

const SECTIONS: [Section; 8] = [
    Section { name: "Interfaces", ask: interface::ask, test: interface::test },
    Section { name: "Own networks", ask: network::ask, test: network::test },
    Section { name: "Store", ask: database::ask, test: database::test },
    Section { name: "Page", ask: page::ask, test: page::test },
    Section { name: "Language", ask: mail::ask_language, test: |_| Seen::Nothing },
    Section { name: "E-mail", ask: mail::ask, test: mail::test },
    Section { name: "Short messages", ask: phone::ask, test: phone::test },
    Section { name: "Status message", ask: status::ask, test: status::test },
];

/// Runs it.
pub fn run(args: &SetupArgs) -> Outcome {
    let machine = Machine::read();
    logging::start(&crate::config::log::Config { level: "warn".to_owned(), ..Default::default() }, "setup");
    let place = Place::find(args)?;
    let mut draft = place.draft(args, &machine)?;
    let stop = Arc::new(AtomicBool::new(false));
    signals::raise_on_stop(&stop).map_err(Failure::failed)?;
    let mut console = Console::new(!args.yes, args.keep_failed, stop).map_err(Failure::failed)?;
    conduct(&mut console, &mut draft, args, &place, &machine).map_err(Failure::from)?;
    place.adopt(&draft.config.node.data_dir);
    finish::tell(&mut console, &draft, args, &place, &machine).map_err(Stop::after_writing)
}

fn conduct(
    console: &mut Console,
    draft: &mut Draft,
    args: &SetupArgs,
    place: &Place,
    machine: &Machine,
) -> Result<(), Stop> {
    console.say(&place.intro(console.asks()))?;
    let mut given = args.clone();
    for section in &SECTIONS {
        console.say(&format!("\n{}", section.name))?;
        hold(console, draft, &mut given, section, machine)?;
    }
    draft.drop_unnamed();
    console.say("\nConfiguration")?;
    write::write(console, draft, place, machine)
}

/// Asks, checks and tries until it works or is left.
fn hold(
    console: &mut Console,
    draft: &mut Draft,
    given: &mut SetupArgs,
    section: &Section,
    machine: &Machine,
) -> Result<(), Stop> {
    let before = draft.clone();
    loop {
        (section.ask)(console, draft, given)?;
        let problems = problems(draft, machine);
        if !problems.is_empty() {
            let told = problems.join("\n  ");
            if !console.asks() {
                return Err(Stop::Wrong(told));
            }
            console.say(&format!("  {told}"))?;
            *draft = before.clone();
            continue;
        }
        let trial = draft.clone();
        let test = section.test;
        let seen = if given.no_tests { Seen::Nothing } else { console.wait(move || test(trial))? };
        draft.admin = None;
        match seen {
            Seen::Nothing => return Ok(()),
            Seen::Good(text) => return console.say(&format!("  ok: {text}")),
            Seen::Untried(text) => return console.say(&format!("  not tried: {text}")),
            Seen::Bad(text) => console.say(&format!("  FAILED: {text}"))?,
        }
        match console.after_failure()? {
            After::Again => {}
            After::Keep => return console.say("  kept all the same; `floodmark doctor` will tell"),
            After::Skip if console.asks() => {
                *draft = before;
                return console.say("  left as it was");
            }
            After::Skip => {
                let told = format!("{}: the test failed, see above; mend it, or give --keep-failed", section.name);
                return Err(Stop::Failed(told));
            }
        }
    }
}

/// What `floodmark config check` would say of the answers so far.
fn problems(draft: &Draft, machine: &Machine) -> Vec<String> {
    let mut config = draft.config.clone();
    crate::config::load::resolve(&mut config, machine);
    check::check(&config, machine).iter().map(ToString::to_string).collect()
}
