//! What goes into the hub's channels: small JSON, a second's worth of each. `docs/push-channels.md` tells the keys.

use live::incident::{Incident, IncidentPhase, Severity, SubjectKind};
use live::line::{CaptureLine, NotifierLine, Top};
use serde::Serialize;

use super::{Books, Snapshot, Verdict};

/// Busiest hosts that are told.
pub(super) const HOSTS: usize = 5;

/// Busiest processes that are told.
pub(super) const PROCESSES: usize = 5;

/// Incidents of a message; the page shows as many.
const INCIDENTS_MAX: usize = 20;

/// `traffic`, each second.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Traffic {
    /// Wire bytes in this second: in, out, and what is neither (through, internal).
    pub b: [u64; 3],
    /// Wire packets, likewise.
    pub p: [u64; 3],
    /// Flows first seen.
    pub f: u64,
    /// Frames that the kernel dropped since the line before.
    pub d: u64,
    /// The busiest local hosts, every few seconds: address, bytes in, bytes out, packets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub h: Option<Vec<(String, u64, u64, u64)>>,
}

impl Traffic {
    pub(super) fn of(line: &CaptureLine, dropped: u64) -> Traffic {
        let mut traffic = Traffic { b: [0; 3], p: [0; 3], f: 0, d: dropped, h: None };
        for interface in &line.interfaces {
            let ways = [&interface.inbound, &interface.out, &interface.through, &interface.internal];
            for (way, rates) in ways.into_iter().enumerate() {
                traffic.b[way.min(2)] += rates.bytes;
                traffic.p[way.min(2)] += rates.packets;
            }
            traffic.f += interface.flows_new;
        }
        traffic
    }
}

pub(super) fn hosts(line: &CaptureLine) -> Vec<(String, u64, u64, u64)> {
    let told = |top: &Top| (top.key.clone(), top.bytes_in, top.bytes_out, top.packets_in + top.packets_out);
    line.top_hosts.iter().take(HOSTS).map(told).collect()
}

/// `load`, with each new sample of the host.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Load {
    /// Load average of 1, 5, 15 minutes.
    pub l: [f64; 3],
    /// Percent of all cores: busy, of it softirq.
    pub c: [f64; 2],
    /// Each core: busy, of it softirq; whole percent.
    pub k: Vec<[u8; 2]>,
    /// Bytes of memory in use, and in all.
    pub m: [u64; 2],
    /// The busiest processes: name, how many, percent of one core, bytes.
    pub p: Vec<(String, u32, f64, u64)>,
    /// Values of the incidents that go on, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub v: Vec<(String, f64)>,
}

impl Load {
    pub(super) fn of(line: &NotifierLine) -> Load {
        let host = &line.host;
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        let hundredth = |value: f64| (value * 100.0).round() / 100.0;
        let whole = |percent: f64| percent.round().clamp(0.0, 100.0) as u8;
        Load {
            l: host.load.map(hundredth),
            c: [tenth(host.cpu.busy), tenth(host.cpu.softirq)],
            k: host.cpu_by_core.iter().map(|core| [whole(core.busy), whole(core.softirq)]).collect(),
            m: [host.memory.total.saturating_sub(host.memory.available), host.memory.total],
            p: (host.processes.by_cpu.iter().take(PROCESSES))
                .map(|process| (process.name.clone(), process.count, tenth(process.cpu), process.memory))
                .collect(),
            v: line
                .incidents
                .iter()
                .take(INCIDENTS_MAX)
                .map(|incident| (incident.id.clone(), incident.value))
                .collect(),
        }
    }
}

/// `workers`, each second: one for each worker.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Worker {
    /// Number.
    pub w: u16,
    /// Core; absent = not pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c: Option<usize>,
    /// Frames taken since the line before.
    pub t: u64,
    /// Percent of its core since the line before.
    pub u: u64,
    /// Flows in its table.
    pub f: u64,
    /// Batches in its queue.
    pub q: u64,
}

/// `ledger`, every few seconds, and at once when the imbalance changes. Wire packets.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Ledger {
    /// Imbalance, of packets and bytes and frames together; 0 = the books balance.
    pub i: u64,
    /// Parsed.
    pub p: u64,
    /// In memory.
    pub m: u64,
    /// In the spool; null = not known.
    pub s: Option<u64>,
    /// Stored; null = not known.
    pub d: Option<u64>,
    /// Coarsened.
    pub c: u64,
    /// Shed.
    pub x: u64,
    /// Parked.
    pub k: u64,
    /// Gap.
    pub g: u64,
    /// Frames the kernel dropped.
    pub n: u64,
    /// Age of the oldest row that is not stored, ms.
    pub a: u64,
}

impl Ledger {
    pub(super) fn of(books: &Books, lag_ms: u64) -> Ledger {
        let terms = &books.ledger;
        let known = |value: u64| books.is_stored_known.then_some(value);
        Ledger {
            i: terms.imbalance,
            p: terms.parsed,
            m: terms.in_memory,
            s: known(terms.in_spool),
            d: known(terms.stored),
            c: terms.coarsened,
            x: terms.shed,
            k: terms.parked,
            g: terms.gap,
            n: terms.kernel_dropped,
            a: lag_ms,
        }
    }
}

/// `incidents`, whenever something in it changed: never left out, never joined with the next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Incidents {
    /// "good", "warn", "bad".
    pub tone: &'static str,
    /// Nothing was heard yet.
    pub is_awaited: bool,
    /// What somebody should look at, the worst first.
    pub findings: Vec<&'static str>,
    /// Each role, and whether it is heard.
    pub roles: Vec<(&'static str, bool)>,
    /// How many go on.
    pub open: u64,
    /// The worst of them.
    pub incidents: Vec<Open>,
}

/// One incident that goes on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Open {
    pub id: String,
    pub rule: String,
    pub kind: SubjectKind,
    pub subject: String,
    pub severity: Severity,
    pub phase: IncidentPhase,
    pub acknowledged_by: String,
    /// UNIX seconds.
    pub silenced_until: Option<u64>,
    /// UNIX seconds.
    pub since: u64,
}

impl Incidents {
    pub(super) fn of(snapshot: &Snapshot, verdict: &Verdict, now_ns: u64) -> Incidents {
        Incidents {
            tone: verdict.tone.class(),
            is_awaited: verdict.is_awaited,
            findings: verdict.findings.iter().map(|finding| finding.name()).collect(),
            roles: snapshot.roles(now_ns).iter().map(|health| (health.role.name(), health.is_heard)).collect(),
            open: snapshot.notifier.as_ref().map_or(0, |heard| heard.line.incidents_open),
            incidents: snapshot.incidents().iter().take(INCIDENTS_MAX).map(open).collect(),
        }
    }
}

fn open(incident: &Incident) -> Open {
    Open {
        id: incident.id.clone(),
        rule: incident.rule.clone(),
        kind: incident.subject.kind,
        subject: incident.subject.name.clone(),
        severity: incident.severity,
        phase: incident.phase,
        acknowledged_by: incident.acknowledged_by.clone(),
        silenced_until: incident.silenced_until_ns.map(|until| until / 1_000_000_000),
        since: incident.since_ns / 1_000_000_000,
    }
}

/// `host:<address>`, each second while somebody reads it; null if it is not among the busiest.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Host {
    /// Wire bytes: in, out.
    pub b: [u64; 2],
    /// Wire packets: in, out.
    pub p: [u64; 2],
    /// Flows first seen.
    pub f: u64,
    /// Distinct remote addresses, an estimate.
    pub r: u64,
}

impl Host {
    pub(super) fn of(line: &CaptureLine, address: &str) -> Option<Host> {
        let target = line.targets.iter().find(|target| target.name == address).map(|target| Host {
            b: [target.inbound.bytes, target.out.bytes],
            p: [target.inbound.packets, target.out.packets],
            f: target.inbound.flows + target.out.flows,
            r: target.remote_addresses,
        });
        target.or_else(|| {
            line.top_hosts.iter().find(|top| top.key == address).map(|top| Host {
                b: [top.bytes_in, top.bytes_out],
                p: [top.packets_in, top.packets_out],
                f: top.flows_new,
                r: top.remote_addresses,
            })
        })
    }
}
