//! `GET /api/now`: what *Now* shows, as JSON, for scripts, and for a page that lost the thread of its messages.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Serialize;

use crate::app::Shared;
use crate::feed::Snapshot;
use crate::guard::Visitor;
use crate::role::now_ns;

/// The answer. Times are ns since the epoch; a part that was never heard is null.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    time_ns: u64,
    tone: &'static str,
    findings: Vec<&'static str>,
    roles: Vec<RoleAnswer>,
    capture: Option<CaptureAnswer<'a>>,
    host: Option<&'a live::host::HostState>,
    incidents_open: u64,
    incidents: &'a [live::incident::Incident],
    outbox: Option<&'a live::line::OutboxState>,
    ledger: Option<live::ledger::Ledger>,
    is_stored_known: bool,
}

#[derive(Debug, Serialize)]
struct RoleAnswer {
    role: &'static str,
    is_heard: bool,
    heard_ns: Option<u64>,
    version: String,
    state: String,
    failures: Option<u64>,
    lag_ms: u64,
}

#[derive(Debug, Serialize)]
struct CaptureAnswer<'a> {
    time_ns: u64,
    mode: &'a str,
    interfaces: &'a [live::line::InterfaceState],
    top_hosts: &'a [live::line::Top],
    top_sources: &'a [live::line::Top],
    top_ports: &'a [live::line::Top],
    bytes_in: u64,
    bytes_out: u64,
}

/// Answers.
pub(super) async fn now(State(app): State<Shared>, _visitor: Visitor) -> impl IntoResponse {
    let snapshot = app.now.borrow().clone();
    ([(header::CACHE_CONTROL, "no-store")], Json(answer(&snapshot, now_ns())).into_response())
}

fn answer(snapshot: &Snapshot, now_ns: u64) -> Answer<'_> {
    let verdict = snapshot.verdict(now_ns);
    let notifier = snapshot.notifier.as_ref().map(|heard| heard.line.as_ref());
    let books = snapshot.books();
    let role = |health: crate::feed::RoleHealth| RoleAnswer {
        role: health.role.name(),
        is_heard: health.is_heard,
        heard_ns: health.heard_ns,
        version: health.version,
        state: health.state,
        failures: health.failures,
        lag_ms: health.lag_ms,
    };
    Answer {
        time_ns: now_ns,
        tone: verdict.tone.class(),
        findings: verdict.findings.iter().map(|finding| finding.name()).collect(),
        roles: snapshot.roles(now_ns).into_iter().map(role).collect(),
        capture: snapshot.capture.as_ref().map(|heard| CaptureAnswer {
            time_ns: heard.line.envelope.time_ns,
            mode: &heard.line.mode,
            interfaces: &heard.line.interfaces,
            top_hosts: &heard.line.top_hosts,
            top_sources: &heard.line.top_sources,
            top_ports: &heard.line.top_ports,
            bytes_in: heard.line.bytes_in,
            bytes_out: heard.line.bytes_out,
        }),
        host: notifier.map(|line| &line.host),
        incidents_open: notifier.map_or(0, |line| line.incidents_open),
        incidents: snapshot.incidents(),
        outbox: notifier.map(|line| &line.outbox),
        ledger: books.map(|books| books.ledger),
        is_stored_known: books.is_some_and(|books| books.is_stored_known),
    }
}
