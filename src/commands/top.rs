//! `floodmark top`: the present, once a second, from the roles' live sockets; where none runs, the past from the store.

mod stored;

use std::fmt::Write;
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::thread;
use std::time::Duration;

use live::line::{InterfaceState, Rates, Top};
use live::{CaptureLine, IngestLine, Line, LiveError, Role, RunLine, Subscriber};

use super::print;
use super::store::{configuration, now_s};
use crate::cli::Source;
use crate::exit::Outcome;

/// Two lines that did not come: the role is gone or stands still.
const LINE_WAIT: Duration = Duration::from_secs(3);

/// Rows of each list.
const LIST_ROWS: usize = 8;

/// Home and clear to the end of the screen.
const CLEAR: &str = "\x1b[H\x1b[J";

pub fn run(source: &Source) -> Outcome {
    let config = configuration(source)?;
    let run_dir = config.node.run_dir.clone();
    let Ok(mut capture) = subscribe(&run_dir, Role::Capture) else {
        return print::out(&stored::screen(&config, now_s())?);
    };
    let (mut ingest, mut run) = (None, None);
    let clear = if stdout().is_terminal() { CLEAR } else { "" };
    loop {
        let text = match capture.receive() {
            Ok(Line::Capture(line)) => {
                let ingest = match newest(&mut ingest, &run_dir, Role::Ingest) {
                    Some(Line::Ingest(line)) => Some(line),
                    _ => None,
                };
                let text = screen(&line, ingest.as_deref());
                // Under systemd nobody publishes this line, and systemctl shows the same.
                match newest(&mut run, &run_dir, Role::Run) {
                    Some(Line::Run(line)) => text + &roles(&line),
                    _ => text,
                }
            }
            Ok(_) => continue,
            Err(error) => {
                // It may be restarting: who looks at a screen waits with it, until Ctrl-C.
                thread::sleep(Duration::from_secs(1));
                if let Ok(again) = subscribe(&run_dir, Role::Capture) {
                    capture = again;
                }
                format!("capture is away: {error}\n")
            }
        };
        if !print::is_taken(&format!("{clear}{text}"))? {
            return Ok(());
        }
    }
}

fn subscribe(run_dir: &Path, role: Role) -> Result<Subscriber, LiveError> {
    Subscriber::connect(run_dir, role, LINE_WAIT)
}

/// The newest line of a role; `None` while it does not run.
fn newest(subscriber: &mut Option<Subscriber>, run_dir: &Path, role: Role) -> Option<Line> {
    if subscriber.is_none() {
        *subscriber = subscribe(run_dir, role).ok();
    }
    let line = subscriber.as_mut()?.receive().ok();
    if line.is_none() {
        *subscriber = None;
    }
    line
}

/// The whole screen.
fn screen(capture: &CaptureLine, ingest: Option<&IngestLine>) -> String {
    let seconds = u32::try_from(capture.envelope.time_ns / 1_000_000_000).unwrap_or(u32::MAX);
    let flows: u64 = capture.workers.iter().map(|worker| worker.flows_active).sum();
    let workers = capture.workers.len();
    let mut out = format!("{}  {}  {workers} workers  {flows} flows\n\n", print::seconds(seconds), capture.mode);
    out += &interfaces(&capture.interfaces);
    for (title, list) in
        [("local hosts", &capture.top_hosts), ("sources", &capture.top_sources), ("ports", &capture.top_ports)]
    {
        out += &busiest(title, list);
    }
    out += &books(capture, ingest);
    out
}

fn interfaces(states: &[InterfaceState]) -> String {
    let mut out = format!(
        "{:<16} {:<10} {:>12} {:>12} {:>12} {:>12} {:>10} {:>10}\n",
        "interface", "state", "in pkt/s", "in bit/s", "out pkt/s", "out bit/s", "new flows", "dropped"
    );
    for state in states {
        // What passes through or stays inside is shown with what comes in.
        let coming = [state.inbound, state.through, state.internal];
        let sum = |of: fn(&Rates) -> u64| coming.iter().map(of).sum::<u64>();
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "{:<16} {:<10} {:>12} {:>12} {:>12} {:>12} {:>10} {:>10}",
            state.name,
            state.state,
            sum(|rates| rates.packets),
            bits(sum(|rates| rates.bytes)),
            state.out.packets,
            bits(state.out.bytes),
            state.flows_new,
            state.kernel_dropped
        );
    }
    out
}

fn busiest(title: &str, list: &[Top]) -> String {
    if list.is_empty() {
        return String::new();
    }
    let mut out =
        format!("\n{title:<40} {:>12} {:>12} {:>12} {:>12}\n", "in pkt/s", "in bit/s", "out pkt/s", "out bit/s");
    for top in list.iter().take(LIST_ROWS) {
        let (bits_in, bits_out) = (bits(top.bytes_in), bits(top.bytes_out));
        let _ = writeln!(
            out,
            "{:<40} {:>12} {bits_in:>12} {:>12} {bits_out:>12}",
            top.key, top.packets_in, top.packets_out
        );
    }
    out
}

fn books(capture: &CaptureLine, ingest: Option<&IngestLine>) -> String {
    let (ledger, spool) = (&capture.ledger, &capture.spool);
    let database = match ingest {
        Some(line) => format!(
            "{}, {} rows/s, lag {} ms, parked {}",
            line.database, line.rows_per_second, line.lag_ms, line.rows_parked
        ),
        None => "ingest does not run; rows wait in the spool".to_owned(),
    };
    let percent = (spool.used_bytes * 100).checked_div(spool.bytes_max).unwrap_or(0);
    format!(
        "\nframes seen {}  dropped {}  packets parsed {}  in memory {}  coarsened {}  shed {}\n\
         spool {percent} % of {}  errors {}\nstore {database}\n",
        ledger.kernel_seen,
        ledger.kernel_dropped,
        ledger.parsed,
        ledger.in_memory,
        ledger.coarsened,
        ledger.shed,
        bytesize::ByteSize(spool.bytes_max),
        spool.errors
    )
}

/// What the supervisor knows of each role, and what somebody should look at.
fn roles(run: &RunLine) -> String {
    let mut out = format!(
        "\n{:<10} {:<10} {:>7} {:>8} {:>9} {:>12} {:>10}\n",
        "role", "state", "starts", "failures", "ready ms", "work/s", "lag ms"
    );
    for role in &run.roles {
        let ready = role.ready_ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
        let (name, state, starts, failures) = (&role.role, &role.state, role.starts, role.failures);
        let (rate, lag) = (role.done_per_second, role.lag_ms);
        let _ = writeln!(out, "{name:<10} {state:<10} {starts:>7} {failures:>8} {ready:>9} {rate:>12} {lag:>10}");
    }
    for alert in &run.alerts {
        let _ = writeln!(out, "! {}", alert.text);
    }
    out
}

/// Bits of `bytes`, with a decimal prefix, as network people count.
fn bits(bytes: u64) -> String {
    let bits = bytes.saturating_mul(8);
    let units = [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    match units.into_iter().find(|(size, _)| bits >= *size) {
        Some((size, prefix)) => format!("{}.{} {prefix}", bits / size, bits % size * 10 / size),
        None => bits.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use live::Line;

    use super::{bits, roles, screen};

    const CAPTURE: &str = r#"{"node":"n","epoch":1,"seq":1,"role":"capture","time_ns":1700000000000000000,"version":"0","pid":1,
        "mode":"normal","interfaces":[{"name":"eth0","state":"up","in":{"packets":7,"bytes":1500000},"out":{"packets":3,"bytes":100},
        "kernel_dropped":11,"flows_new":2}],"workers":[{"flows_active":40},{"flows_active":2}],"skipped":{},
        "top_hosts":[{"key":"192.0.2.9","packets_in":7}],"top_prefixes":[],"top_sources":[],"top_ports":[{"key":"tcp/443"}],
        "spool":{"used_bytes":1,"bytes_max":100},"ledger":{"kernel_seen":123,"shed":5}}"#;

    #[test]
    fn the_screen_shows_traffic_and_every_loss() {
        let Line::Capture(line) = Line::parse(CAPTURE.as_bytes()).expect("a line of capture") else {
            panic!("its role")
        };
        let text = screen(&line, None);
        for part in
            ["2023-11-14T22:13:20Z", "normal", "2 workers", "42 flows", "eth0", "12.0 M", "192.0.2.9", "tcp/443"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        for part in ["frames seen 123", "shed 5", "spool 1 %", "ingest does not run"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("sources"), "an empty list has no title: {text}");
    }

    #[test]
    fn the_roles_are_shown_with_their_trouble() {
        let run = r#"{"node":"n","epoch":1,"seq":1,"role":"run","time_ns":1,"version":"0","pid":1,
            "roles":[{"role":"ingest","state":"ready","starts":4,"failures":3,"ready_ms":71,"done_per_second":900}],
            "alerts":[{"role":"ingest","kind":"failing","since_ns":1,"text":"ingest failed 3 times in a row"}]}"#;
        let Line::Run(line) = Line::parse(run.as_bytes()).expect("a line of run") else { panic!("its role") };
        let text = roles(&line);
        assert!(text.contains("ingest     ready            4        3        71          900"), "{text}");
        assert!(text.ends_with("! ingest failed 3 times in a row\n"), "{text}");
    }

    #[test]
    fn rates_have_decimal_prefixes() {
        let check = |bytes: u64, expect: &str| assert_eq!(bits(bytes), expect);
        check(0, "0");
        check(124, "992");
        check(125, "1.0 k");
        check(1_250_000_000, "10.0 G");
        check(u64::MAX, "18446744.0 T");
    }
}
