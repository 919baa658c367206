//! What *Now* shows of a snapshot. Pure: the snapshot, the history and the time are arguments.

use std::fmt::{self, Write};

use live::host::{Cpu, HostState};
use live::line::CaptureLine;

use super::words::{Words, finding};
use crate::feed::history::{History, Point};
use crate::feed::{Books, Heard, RoleHealth, Snapshot};
use crate::guard::{Visitor, percent_encoded};
use crate::page::icon::Tone;
use crate::page::incident::Card;
use crate::page::spark::Spark;
use crate::words::Language;
use crate::words::number::{bits_per_second, bytes, count, decimal, duration, packets_per_second, per_second, percent};
use crate::words::time::ago;

/// Hosts and processes that are listed, and rows that are held free for them.
const ROWS: usize = 5;

/// Incidents that are shown before "all incidents".
const INCIDENTS: usize = 5;

/// Data older than this is drawn pale, ns.
const STALE_AFTER: u64 = crate::feed::SILENT_AFTER;

/// The first line of the page.
#[derive(Clone, Debug)]
pub struct VerdictView {
    pub(crate) tone: Tone,
    pub(crate) headline: &'static str,
    pub(crate) findings: Vec<(Tone, String)>,
}

impl VerdictView {
    pub(super) fn of(snapshot: &Snapshot, now_ns: u64, language: Language) -> VerdictView {
        let words = Words::of(language);
        let verdict = snapshot.verdict(now_ns);
        let headline = match verdict.tone {
            Tone::Good if verdict.is_awaited => words.awaited,
            Tone::Good => words.well,
            Tone::Warn => words.look,
            Tone::Bad => words.act,
        };
        let tone = if verdict.is_awaited { verdict.tone.max(Tone::Warn) } else { verdict.tone };
        let told = |found: &crate::feed::Finding| (found.tone(), finding(found, language));
        VerdictView { tone, headline, findings: verdict.findings.iter().map(told).collect() }
    }
}

/// A host of the list.
#[derive(Clone, Debug)]
pub struct HostRow {
    pub(crate) address: String,
    /// The address as the value of a query.
    pub(crate) link: String,
    pub(crate) inbound: String,
    pub(crate) outbound: String,
}

/// Traffic.
#[derive(Clone, Debug)]
pub struct TrafficView {
    pub(crate) is_stale: bool,
    pub(crate) age: String,
    pub(crate) inbound: String,
    pub(crate) outbound: String,
    pub(crate) all: String,
    pub(crate) packets: String,
    pub(crate) packet_rate: String,
    pub(crate) flows: String,
    pub(crate) dropped: String,
    pub(crate) other: Option<String>,
    pub(crate) total: String,
    pub(crate) bits: Spark,
    pub(crate) bits_peak: String,
    pub(crate) packet_spark: Spark,
    pub(crate) packets_peak: String,
    pub(crate) hosts: Vec<HostRow>,
    pub(crate) free_rows: usize,
}

impl TrafficView {
    pub(super) fn of(heard: &Heard<CaptureLine>, history: &History, now_ns: u64, language: Language) -> TrafficView {
        let line = &heard.line;
        let sum = |of: fn(&live::line::InterfaceState) -> u64| line.interfaces.iter().map(of).sum::<u64>();
        let (bytes_in, bytes_out) = (sum(|state| state.inbound.bytes), sum(|state| state.out.bytes));
        let other = sum(|state| state.through.bytes + state.internal.bytes);
        let packets =
            sum(|state| state.inbound.packets + state.out.packets + state.through.packets + state.internal.packets);
        let dropped = history.points().last().map_or(0, |point| point.dropped);
        let bits = |bytes: u64| bits_per_second(bytes as f64 * 8.0, language);
        let now_s = now_ns / 1_000_000_000;
        let steps = |what: fn(&Point) -> u64| history.steps(now_s, what);
        let bit_spark =
            Spark { name: "bits", lines: vec![steps(|point| point.bytes_in), steps(|point| point.bytes_out)] };
        let packet_spark = Spark { name: "packets", lines: vec![steps(|point| point.packets)] };
        let row = |top: &live::line::Top| HostRow {
            address: top.key.clone(),
            link: percent_encoded(&top.key, b":"),
            inbound: bits(top.bytes_in),
            outbound: bits(top.bytes_out),
        };
        let hosts: Vec<HostRow> = line.top_hosts.iter().take(ROWS).map(row).collect();
        TrafficView {
            is_stale: is_stale(heard.at_ns, now_ns),
            age: ago(heard.at_ns, now_ns, language),
            inbound: bits(bytes_in),
            outbound: bits(bytes_out),
            all: bits(bytes_in + bytes_out + other),
            packets: packets_per_second(packets as f64, language),
            packet_rate: per_second(packets as f64, language),
            flows: per_second(sum(|state| state.flows_new) as f64, language),
            dropped: per_second(dropped as f64, language),
            other: (other > 0).then(|| bits(other)),
            total: bytes(line.bytes_in.saturating_add(line.bytes_out), language),
            bits_peak: bits(bit_spark.peak()),
            packets_peak: packets_per_second(packet_spark.peak() as f64, language),
            bits: bit_spark,
            packet_spark,
            free_rows: ROWS - hosts.len(),
            hosts,
        }
    }
}

/// Columns of the cores: how busy, and of it softirq. Safe in a page: numbers.
#[derive(Clone, Debug)]
pub struct Cores(Vec<Cpu>);

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.len().max(1) * 10;
        write!(f, r#"<svg class="cores" viewBox="0 0 {width} 50" preserveAspectRatio="none" aria-hidden="true">"#)?;
        let mut columns = String::new();
        for (at, core) in self.0.iter().enumerate() {
            let [busy, softirq] = [core.busy, core.softirq].map(|percent| percent.clamp(0.0, 100.0).round() / 2.0);
            let x = at * 10 + 1;
            let (top, soft_top) = (50.0 - busy, 50.0 - softirq);
            // Writing to a String does not fail.
            let _ = write!(
                columns,
                r#"<rect class="back" x="{x}" y="0" width="8" height="50"/><rect x="{x}" y="{top}" width="8" height="{busy}"/><rect class="soft" x="{x}" y="{soft_top}" width="8" height="{softirq}"/>"#
            );
        }
        write!(f, "{columns}</svg>")
    }
}

impl askama::filters::HtmlSafe for Cores {}

/// A process of the list.
#[derive(Clone, Debug)]
pub struct ProcessRow {
    pub(crate) name: String,
    pub(crate) count: u32,
    pub(crate) cpu: String,
    pub(crate) memory: String,
}

/// The host.
#[derive(Clone, Debug)]
pub struct HostView {
    pub(crate) is_stale: bool,
    pub(crate) age: String,
    pub(crate) cpu: String,
    pub(crate) softirq: String,
    pub(crate) cores: Cores,
    pub(crate) busiest: String,
    pub(crate) load: [String; 3],
    pub(crate) core_count: u32,
    pub(crate) used: String,
    pub(crate) memory: String,
    pub(crate) memory_percent: String,
    pub(crate) processes: Vec<ProcessRow>,
    pub(crate) free_rows: usize,
}

impl HostView {
    pub(super) fn of(host: &HostState, heard_ns: u64, now_ns: u64, language: Language) -> HostView {
        let used = host.memory.total.saturating_sub(host.memory.available);
        let busiest = host.cpu_by_core.iter().enumerate().max_by(|(_, a), (_, b)| a.busy.total_cmp(&b.busy));
        let row = |process: &live::host::Process| ProcessRow {
            name: process.name.clone(),
            count: process.count,
            cpu: percent(process.cpu, language),
            memory: bytes(process.memory, language),
        };
        let processes: Vec<ProcessRow> = host.processes.by_cpu.iter().take(ROWS).map(row).collect();
        HostView {
            is_stale: is_stale(heard_ns, now_ns),
            age: ago(heard_ns, now_ns, language),
            cpu: percent(host.cpu.busy, language),
            softirq: percent(host.cpu.softirq, language),
            busiest: busiest.map_or_else(String::new, |(at, core)| format!("{at}: {}", percent(core.busy, language))),
            cores: Cores(host.cpu_by_core.clone()),
            load: host.load.map(|load| decimal(load, 2, language)),
            core_count: host.cores,
            used: bytes(used, language),
            memory: bytes(host.memory.total, language),
            memory_percent: percent(used as f64 * 100.0 / host.memory.total.max(1) as f64, language),
            free_rows: ROWS - processes.len(),
            processes,
        }
    }
}

/// The ledger.
#[derive(Clone, Debug)]
pub struct BooksView {
    pub(crate) tone: Tone,
    pub(crate) imbalance: u64,
    pub(crate) parsed: String,
    pub(crate) in_memory: String,
    /// In the spool, and stored; `None` = not known.
    pub(crate) in_spool: Option<String>,
    pub(crate) stored: Option<String>,
    pub(crate) coarsened: String,
    pub(crate) shed: String,
    pub(crate) parked: String,
    pub(crate) gap: String,
    pub(crate) dropped: String,
}

impl BooksView {
    pub(super) fn of(books: &Books, language: Language) -> BooksView {
        let terms = &books.ledger;
        let say = |value: u64| count(value, language);
        BooksView {
            tone: if terms.imbalance == 0 { Tone::Good } else { Tone::Bad },
            imbalance: terms.imbalance,
            parsed: say(terms.parsed),
            in_memory: say(terms.in_memory),
            in_spool: books.is_stored_known.then(|| say(terms.in_spool)),
            stored: books.is_stored_known.then(|| say(terms.stored)),
            coarsened: say(terms.coarsened),
            shed: say(terms.shed),
            parked: say(terms.parked),
            gap: say(terms.gap),
            dropped: say(terms.kernel_dropped),
        }
    }
}

/// A role.
#[derive(Clone, Debug)]
pub struct RoleRow {
    pub(crate) name: &'static str,
    pub(crate) tone: Tone,
    pub(crate) state: String,
    pub(crate) heard: String,
    pub(crate) restarts: String,
    pub(crate) lag: String,
}

impl RoleRow {
    pub(super) fn of(health: &RoleHealth, now_ns: u64, language: Language) -> RoleRow {
        let words = Words::of(language);
        let own = match (health.is_heard, health.is_awaited) {
            (true, _) => words.works,
            (false, true) => words.awaited_part,
            (false, false) => words.silent,
        };
        // The supervisor's word is told where it says more than we hear.
        let is_plain = matches!(health.state.as_str(), "" | "ready");
        RoleRow {
            name: health.role.name(),
            tone: if is_plain { health.tone() } else { health.tone().max(Tone::Warn) },
            state: if is_plain { own.to_owned() } else { format!("{own}, {}", health.state) },
            heard: health.heard_ns.map_or_else(|| words.never.to_owned(), |at| ago(at, now_ns, language)),
            restarts: health.starts.map_or_else(|| "–".to_owned(), |starts| count(starts.saturating_sub(1), language)),
            lag: match health.lag_ms {
                0 => "–".to_owned(),
                lag_ms => duration(std::time::Duration::from_millis(lag_ms), language),
            },
        }
    }
}

/// The open incidents, the worst first, and how many are not shown.
pub(super) fn cards(snapshot: &Snapshot, visitor: &Visitor, now_ns: u64) -> (Vec<Card>, u64) {
    let cards: Vec<Card> =
        snapshot.incidents().iter().take(INCIDENTS).map(|incident| Card::new(incident, visitor, now_ns)).collect();
    let open = snapshot.notifier.as_ref().map_or(0, |heard| heard.line.incidents_open);
    let more = open.saturating_sub(cards.len() as u64);
    (cards, more)
}

fn is_stale(heard_ns: u64, now_ns: u64) -> bool {
    now_ns.saturating_sub(heard_ns) >= STALE_AFTER
}
