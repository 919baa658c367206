//! The cards of *System*, each from what the roles say.

use std::time::Duration;

use live::line::{CaptureLine, Envelope, Forecast, RoleState};
use live::{Role, RunLine};
use store::TableSize;

use super::card::{Card, Cell};
use super::words::Texts;
use crate::feed::Snapshot;
use crate::tools::Finding;
use crate::words::Language;
use crate::words::number::{bytes, count, duration, percent};
use crate::words::time::{ago, moment, moment_s};

/// A role that was not heard for so long is told as silent, ns.
const STALE_NS: u64 = 5_000_000_000;

/// A spool that is full so soon is told aloud.
const FULL_SOON_S: u64 = 86_400;

/// Each role: what it said and what its supervisor says of it.
pub fn roles(snapshot: &Snapshot, is_admin: bool, w: &Texts, language: Language) -> Card {
    let run = snapshot.run.as_ref().map(|heard| &*heard.line);
    let heard = |role: Role| -> Option<(Envelope, u64)> {
        match role {
            Role::Capture => snapshot.capture.as_ref().map(|heard| (heard.line.envelope.clone(), heard.at_ns)),
            Role::Ingest => snapshot.ingest.as_ref().map(|heard| (heard.line.envelope.clone(), heard.at_ns)),
            Role::Notifier => snapshot.notifier.as_ref().map(|heard| (heard.line.envelope.clone(), heard.at_ns)),
            Role::Run => snapshot.run.as_ref().map(|heard| (heard.line.envelope.clone(), heard.at_ns)),
            Role::Web => None,
        }
    };
    let mut rows = Vec::new();
    for role in [Role::Capture, Role::Ingest, Role::Notifier, Role::Web] {
        let own = heard(role);
        let supervised = run.and_then(|run| run.of(role));
        let mut row = vec![Cell::from(role.name()), state(role, own.as_ref(), supervised, snapshot.time_ns, w)];
        row.push(match &own {
            Some((_, at_ns)) => Cell::from(ago(*at_ns, snapshot.time_ns, language)),
            None if role == Role::Web => Cell::from(ago(0, 0, language)),
            None => Cell::from("–"),
        });
        let version = match role {
            Role::Web => env!("CARGO_PKG_VERSION").to_owned(),
            _ => own.as_ref().map_or_else(|| "–".to_owned(), |(envelope, _)| envelope.version.clone()),
        };
        row.push(version.into());
        // An epoch is the microsecond of the start.
        let began = own.as_ref().map(|(envelope, _)| envelope.epoch.saturating_mul(1_000));
        let began = supervised.map(|state| state.started_ns).filter(|ns| *ns > 0).or(began);
        row.push(began.map_or_else(|| "–".into(), |ns| lasting(snapshot.time_ns.saturating_sub(ns), language).into()));
        row.push(supervised.map_or_else(|| "–".into(), |state| count(state.restarts_planned, language).into()));
        row.push(supervised.map_or_else(|| "–".into(), |state| failures(state, language)));
        if is_admin {
            row.push(Cell::link(w.restart, format!("/system/restart?role={}", role.name())));
        }
        rows.push(row);
    }
    let mut head = vec![w.role, w.state, w.heard, w.version, w.running, w.restarts, w.failures];
    if is_admin {
        head.push("");
    }
    Card { title: w.roles, head, rows, ..Card::default() }
}

fn state(role: Role, own: Option<&(Envelope, u64)>, supervised: Option<&RoleState>, now_ns: u64, w: &Texts) -> Cell {
    if let Some(state) = supervised {
        let tone = match state.state.as_str() {
            "ready" => "good",
            "ended" | "killed" => "bad",
            _ => "warn",
        };
        let text = if state.overloaded.is_empty() {
            state.state.clone()
        } else {
            format!("{}: {}", state.state, state.overloaded)
        };
        return Cell::toned(text, tone);
    }
    match own {
        _ if role == Role::Web => Cell::toned(w.speaks, "good"),
        Some((_, at_ns)) if now_ns.saturating_sub(*at_ns) <= STALE_NS => Cell::toned(w.speaks, "good"),
        _ => Cell::toned(w.never, "bad"),
    }
}

fn failures(state: &RoleState, language: Language) -> Cell {
    let number = count(state.failures, language);
    match state.recent_failures.last() {
        Some(last) => {
            let text =
                format!("{number}: {} ({})", last.why, ago(last.time_ns, state.started_ns.max(last.time_ns), language));
            Cell::toned(text, "warn")
        }
        None => number.into(),
    }
}

fn lasting(ns: u64, language: Language) -> String {
    duration(Duration::from_secs(ns / 1_000_000_000), language)
}

/// The supervisor's alerts; no card without one.
pub fn alerts(snapshot: &Snapshot, w: &Texts) -> Option<Card> {
    let run: &RunLine = &snapshot.run.as_ref()?.line;
    let says: Vec<_> =
        run.alerts.iter().map(|alert| ("notice bad", format!("{}: {}", alert.role, alert.text))).collect();
    (!says.is_empty()).then(|| Card { title: w.alerts, says, ..Card::default() })
}

/// Each worker.
pub fn workers(line: &CaptureLine, w: &Texts, language: Language) -> Card {
    let rows = line.workers.iter().map(|worker| {
        vec![
            worker.worker.to_string().into(),
            worker.core.map_or_else(|| "–".into(), |core| core.to_string().into()),
            count(worker.taken, language).into(),
            count(worker.flows_active, language).into(),
            count(worker.queue, language).into(),
            lasting(worker.cpu_ns, language).into(),
        ]
    });
    let skipped = [line.skipped.non_ip, line.skipped.malformed, line.skipped.unsupported].map(|n| count(n, language));
    Card {
        title: w.workers,
        says: vec![("", format!("{}: {}", w.skipped, skipped.join(" / ")))],
        head: vec![w.worker, w.core, w.taken, w.flows, w.queue, w.cpu],
        rows: rows.collect(),
        numbers: true,
    }
}

/// Each interface: what the kernel showed, and what was lost where.
pub fn interfaces(line: &CaptureLine, w: &Texts, language: Language) -> Card {
    let rows = line.interfaces.iter().map(|interface| {
        let share = interface.kernel_dropped as f64 * 100.0 / interface.kernel_seen.max(1) as f64;
        let dropped = match interface.kernel_dropped {
            0 => Cell::toned("0", "good"),
            lost => Cell::toned(format!("{} ({})", count(lost, language), percent(share, language)), "warn"),
        };
        let tone = if interface.state == "up" { "good" } else { "bad" };
        vec![
            interface.name.as_str().into(),
            Cell::toned(interface.state.clone(), tone),
            count(interface.kernel_seen, language).into(),
            dropped,
            interface.pre_tap.map_or_else(|| "–".into(), |n| n.to_string().into()),
            count(interface.reopened, language).into(),
        ]
    });
    Card {
        title: w.interfaces,
        head: vec![w.interface, w.state, w.seen, w.dropped, w.pre_tap, w.reopened],
        rows: rows.collect(),
        numbers: true,
        ..Card::default()
    }
}

/// The spool: how full, and when it will be.
pub fn spool(line: &CaptureLine, snapshot: &Snapshot, w: &Texts, language: Language) -> Card {
    let spool = &line.spool;
    let share = spool.used_bytes as f64 * 100.0 / spool.bytes_max.max(1) as f64;
    let used = format!(
        "{} / {} ({})",
        bytes(spool.used_bytes, language),
        bytes(spool.bytes_max, language),
        percent(share, language)
    );
    let mut facts = vec![(w.used, Cell::toned(used, if share >= 80.0 { "warn" } else { "" }))];
    let forecast: Option<Forecast> =
        snapshot.run.as_ref().and_then(|heard| heard.line.of(Role::Capture).map(|state| state.spool));
    if let Some(seconds) = forecast.and_then(|forecast| forecast.seconds_until_full) {
        let tone = if seconds < FULL_SOON_S { "bad" } else { "" };
        facts.push((w.full_in, Cell::toned(duration(Duration::from_secs(seconds), language), tone)));
    }
    facts.push((w.pending, count(spool.pending_rows, language).into()));
    let tone = if spool.errors > 0 { "bad" } else { "" };
    facts.push((w.errors, Cell::toned(count(spool.errors, language), tone)));
    facts.push((w.written_by, spool.backend.as_str().into()));
    Card::facts(w.spool, facts)
}

/// The database as ingest sees it.
pub fn database(snapshot: &Snapshot, w: &Texts, language: Language) -> Card {
    let Some(heard) = &snapshot.ingest else { return Card::saying(w.database, "warn", w.no_ingest) };
    let line = &heard.line;
    let tone = if line.database == "connected" { "good" } else { "bad" };
    let lag = if line.lag_ms == 0 {
        Cell::from("0")
    } else {
        Cell::toned(
            duration(Duration::from_millis(line.lag_ms), language),
            if line.lag_ms > 60_000 { "warn" } else { "" },
        )
    };
    let lost = |number: u64| Cell::toned(count(number, language), if number > 0 { "bad" } else { "" });
    Card::facts(
        w.database,
        vec![
            (w.state, Cell::toned(line.database.clone(), tone)),
            (w.since, moment_s(line.database_since, language).into()),
            (w.store, line.store.as_str().into()),
            (w.lag, lag),
            (w.stored, count(line.rows_stored, language).into()),
            (w.parked, lost(line.rows_parked)),
            (w.gap, lost(line.rows_gap)),
            (w.reconnects, format!("{} / {}", count(line.reconnects, language), count(line.retries, language)).into()),
        ],
    )
}

/// Tables, their sizes, and from when they have rows: what the retention left.
pub fn tables(sizes: &[TableSize], w: &Texts, language: Language) -> Card {
    let rows = sizes.iter().map(|size| {
        let oldest = match size.oldest_ts {
            0 => "–".into(),
            ts => moment(u64::from(ts) * 1_000_000_000, language).into(),
        };
        // SQLite tells neither for one table of its main file.
        let is_told = size.rows > 0 || size.bytes > 0;
        let told = |text: String| if is_told { text.into() } else { "–".into() };
        let (rows, bytes) = (told(count(size.rows, language)), told(bytes(size.bytes, language)));
        vec![size.table.as_str().into(), rows, bytes, oldest]
    });
    Card {
        title: w.tables,
        head: vec![w.table, w.rows, w.bytes_on_disk, w.oldest],
        rows: rows.collect(),
        numbers: true,
        ..Card::default()
    }
}

/// What the doctor found, the worst first.
pub fn findings(findings: &[Finding], w: &Texts) -> Card {
    if findings.is_empty() {
        return Card::saying(w.findings, "empty", w.no_findings);
    }
    let place = |level: &str| match level {
        "fail" => (w.fail, "bad", 0),
        "warn" => (w.warn, "warn", 1),
        _ => (w.ok, "good", 2),
    };
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| place(finding.level).2);
    let rows = sorted.into_iter().map(|finding| {
        let (text, tone, _) = place(finding.level);
        let found = if finding.remedy.is_empty() {
            finding.what.clone()
        } else {
            format!("{} → {}", finding.what, finding.remedy)
        };
        vec![finding.subject.as_str().into(), Cell::toned(text, tone), found.into()]
    });
    Card { title: w.findings, says: vec![("", w.findings_about.to_owned())], rows: rows.collect(), ..Card::default() }
}
