//! `floodmark run`: all roles on one machine, under one supervisor.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytesize::ByteSize;
use capture::interface::default_route_interface;
use capture::limits::memory_max;

use super::role::node_of;
use crate::cli::Settings;
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::config::node::Confinement;
use crate::config::{Config, url};
use crate::confine;
use crate::exit::{Failure, Outcome};
use crate::signals::Hangups;
use crate::supervisor::{Now, Role, Supervisor, Times};
use crate::{logging, signals};

/// Bytes of one entry of the flow table.
const FLOW_ENTRY_BYTES: u64 = 128;

/// Name, place in the order of stopping, patience in seconds, whether `run` ends when it cannot begin.
///
/// capture first, so that what it still exports reaches ingest; ingest drains for at most 60 s while commits advance.
const ROLES: [(&str, u8, u64, bool); 4] =
    [("capture", 0, 15, true), ("ingest", 1, 65, false), ("notifier", 2, 10, false), ("web", 2, 10, false)];

/// Started only where `[[notifier.script]]` names programs: notifier itself is confined and starts none. It stops last,
/// so that the end of an attack is still told to them.
const SCRIPT_RUNNER: (&str, u8, u64, bool) = ("script-runner", 3, 65, false);

pub fn run(settings: &Settings) -> Outcome {
    let machine = Machine::read();
    let effective = Effective::load(settings.config.as_deref(), &settings.overrides(), &machine)?;
    logging::start(&effective.config.log, "run");
    if settings.store.as_deref().is_some_and(url::has_password) {
        tracing::warn!(
            "--store holds a password, which every user of this machine can read in the process list; \
             for more than a trial, put it into a file and name that in store.password_file"
        );
    }
    tracing::info!("configuration: {}", effective.place);
    for line in summary(&effective.config, &machine, default_route_interface().as_deref()) {
        tracing::info!("{line}");
    }
    // Told here once, and not by each role.
    let node = node_of(&effective.config)?;
    if effective.config.node.confinement != Confinement::Off {
        confine::keep_for_children()?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    signals::raise_on_stop(&stop).map_err(Failure::failed)?;
    // A terminal that is closed ends what was tried out in it; without one SIGHUP asks to read the configuration again.
    if std::io::stderr().is_terminal() {
        signals::raise_on_hangup(&stop).map_err(Failure::failed)?;
    } else {
        let text = "SIGHUP: notifier reads a changed configuration by itself; restart the other roles for what is \
                    theirs (POST /control with {\"id\":\"…\",\"action\":\"restart\",\"role\":\"…\"} on run.sock)";
        Hangups::take().and_then(|hangups| hangups.answer_by(text.to_owned())).map_err(Failure::failed)?;
    }
    let has_scripts = !effective.config.notifier.script.is_empty();
    if has_scripts {
        super::script_runner::check_place(&effective.place)?;
    }
    let roles = roles(has_scripts).map_err(Failure::failed)?;
    let (run_dir, node) = (&effective.config.node.run_dir, node.to_string());
    let supervisor = Supervisor::new(roles, effective.handover(), Times::default(), run_dir, &node, now());
    supervisor.map_err(Failure::failed)?.run(&stop, now)
}

#[expect(clippy::disallowed_methods, reason = "the clock of the supervisor, handed to it as an argument")]
fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let wall_ns = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
    Now { instant: Instant::now(), wall_ns }
}

fn roles(has_scripts: bool) -> std::io::Result<Vec<Role>> {
    // The path as it was at start: after an upgrade a restarted role is the new program.
    let program = std::env::current_exe()?;
    let role = |(name, stop_order, patience_s, essential): (&'static str, u8, u64, bool)| Role {
        name,
        program: program.clone(),
        arguments: vec![OsString::from(name), OsString::from("--config-from-stdin")],
        stop_order,
        patience: Duration::from_secs(patience_s),
        essential,
    };
    Ok(ROLES.into_iter().chain(has_scripts.then_some(SCRIPT_RUNNER)).map(role).collect())
}

/// What an operator wants to see at start: what is watched, where it goes, and how much it may take.
fn summary(config: &Config, machine: &Machine, default_route: Option<&str>) -> Vec<String> {
    let capture = &config.capture;
    let interfaces = match (capture.interfaces.as_slice(), default_route) {
        ([], Some(name)) => format!("{name} (default route)"),
        ([], None) => "none: there is no default route; name one with --interface".to_owned(),
        (names, _) => names.join(", "),
    };
    let cores = if capture.cores.is_empty() { machine.cores.len() } else { capture.cores.len() };
    let workers = if capture.workers == 0 { cores } else { capture.workers } as u64;
    let rings = workers.saturating_mul(capture.interfaces.len().max(1) as u64);
    let ring_bytes = ByteSize(rings.saturating_mul(capture.ring_bytes.as_u64()));
    let table_bytes = ByteSize(workers.saturating_mul(capture.flow_table_entries as u64 * FLOW_ENTRY_BYTES));
    let all = ByteSize(memory_max(workers, capture.flow_table_entries as u64, ring_bytes.as_u64()));
    let store = match config.store.url.as_str() {
        "" => format!("SQLite in {}", config.node.data_dir.join("store").display()),
        url => url::masked(url),
    };
    let spool = ByteSize(config.spool.sizes(&config.node.data_dir).bytes_max);
    vec![
        format!("interfaces: {interfaces}"),
        format!("data: {}", config.node.data_dir.display()),
        format!("store: {store}"),
        format!("page: {}://{}/", config.web.scheme(), config.web.listen),
        format!("memory: at most {ring_bytes} of rings ({rings}) and {table_bytes} of flow tables ({workers} workers)"),
        format!("memory of capture: at most {all} with queues, summaries and the program"),
        format!("disk: at most {spool} of spool for each writer"),
    ]
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::config::Config;
    use crate::config::check::Machine;

    #[test]
    fn the_summary_names_bounds_and_hides_the_password() {
        let machine = Machine { host_name: "h".to_owned(), cores: vec![0, 1, 2, 3] };
        let mut config = Config::default();
        config.store.url = "mysql://u:secret@db/x".to_owned();
        let text = summary(&config, &machine, Some("eth0")).join("\n");
        assert!(text.contains("eth0 (default route)"), "{text}");
        assert!(text.contains("mysql://u:***@db/x") && !text.contains("secret"), "{text}");
        assert!(text.contains("at most 64.0 MiB of rings (4) and 128.0 MiB of flow tables (4 workers)"), "{text}");
        assert!(text.contains("memory of capture: at most 312.0 MiB"), "{text}");
        assert!(text.contains("4.0 GiB of spool"), "{text}");
    }

    #[test]
    fn interfaces_and_workers_multiply() {
        let machine = Machine { host_name: "h".to_owned(), cores: vec![0, 1, 2, 3] };
        let mut config = Config::default();
        config.capture.workers = 2;
        config.capture.interfaces = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let text = summary(&config, &machine, Some("eth0")).join("\n");
        assert!(text.contains("interfaces: a, b, c") && text.contains("96.0 MiB of rings (6)"), "{text}");
    }
}
