//! capture's live line, from a cut of the books, the interface board and the open traffic second.

use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use live::line::{InterfaceState, Skipped, SpoolState, Top, WorkerState};
use live::{CaptureLine, Health, Publisher};
use spool::row::{DeviceCount, Direction};

use crate::limits::TOP_LIST;
use crate::sample::Desk;
use crate::spooler::{Cut, Devices, Spooler};
use crate::targets;
use crate::telemetry::HostEntry;
use crate::telemetry::top::{TopCounts, TopEntry, TopKey};
use crate::worker::message::{InterfaceTotals, Report, View};

use super::board::{Board, InterfaceBoard};

/// What the line tells beside a cut.
pub struct Beside<'a> {
    /// The interfaces.
    pub board: &'a Mutex<Board>,
    /// Where the workers are pinned.
    pub cores: &'a [Option<core_affinity::CoreId>],
    /// What is ours.
    pub networks: &'a [IpNet],
    /// The samples.
    pub desk: &'a Desk,
}

/// Publishes the line of a cut.
pub fn publish(publisher: &mut Publisher, spooler: &mut Spooler, cut: &Arc<Cut>, beside: &Beside<'_>) {
    let board = {
        let mut board = beside.board.lock().unwrap_or_else(PoisonError::into_inner);
        let note = |(at, entry): (usize, &InterfaceBoard)| {
            let totals = totals_of(&cut.reports, at + 1);
            (totals.seen, pre_tap(entry, &totals))
        };
        let notes: Vec<_> = board.interfaces.iter().enumerate().map(note).collect();
        board.note_cut(notes);
        board.clone()
    };
    let views: Vec<Arc<View>> = cut.reports.iter().map(|report| report.view.clone()).collect();
    let ledger = cut.columns;
    let interfaces = interfaces(cut, spooler, &board);
    let (used_bytes, bytes_max) = (cut.spool.used_bytes, cut.spool.bytes_max);
    let blind = board.interfaces.iter().find(|i| !matches!(i.shown_state(), "up" | "down"));
    let health: Health = match blind {
        Some(interface) => Err(format!("interface {} is {}", interface.name, interface.shown_state())),
        None => Ok(()),
    };
    let line = CaptureLine {
        envelope: publisher.envelope(super::now_ns()),
        mode: if cut.reports.iter().any(|r| r.flood) { "attack" } else { "normal" }.into(),
        interfaces,
        workers: cut.reports.iter().map(|report| worker(report, beside.cores)).collect(),
        bytes_in: spooler.traffic().bytes().0,
        bytes_out: spooler.traffic().bytes().1,
        skipped: Skipped { non_ip: ledger.non_ip, malformed: ledger.malformed, unsupported: ledger.unsupported },
        top_hosts: tops(&views, |view| &view.hosts, address),
        top_prefixes: tops(&views, |view| &view.prefixes, prefix),
        top_sources: merged(&views, |view| &view.remotes, address),
        top_ports: merged(&views, |view| &view.ports, port),
        targets: targets::build(&views, beside.networks),
        samples: beside.desk.told(),
        spool: SpoolState {
            used_bytes,
            bytes_max,
            errors: cut.spool_errors,
            pending_rows: cut.spool.pending_rows,
            backend: cut.spool.backend.to_owned(),
            streams: cut.streams.clone(),
        },
        ledger,
    };
    publisher.publish(&line, health);
}

/// One sentence for `systemctl status`: what is captured, and before it what is not.
pub fn status(board: &Board, cut: &Cut) -> String {
    let of = |is_well: bool| board.interfaces.iter().filter(move |entry| (entry.shown_state() == "up") == is_well);
    let mut parts: Vec<String> = of(false).map(|entry| format!("{} is {}", entry.name, entry.shown_state())).collect();
    if cut.spool.bytes_max > 0 && cut.spool.used_bytes >= cut.spool.bytes_max / 10 * 9 {
        parts.push("the spool is nearly full: is ingest at work, and its database there?".to_owned());
    }
    let names: Vec<&str> = of(true).map(|entry| entry.name.as_str()).collect();
    parts.push(match names.as_slice() {
        [] => "nothing is captured".to_owned(),
        names => format!("captures {}", names.join(", ")),
    });
    parts.join("; ")
}

/// One interface's counters over all workers.
pub fn totals_of(reports: &[Report], number: usize) -> InterfaceTotals {
    let shares = reports.iter().filter_map(|r| r.interfaces.get(number));
    shares.fold(InterfaceTotals::default(), |sum, share| InterfaceTotals {
        taken: sum.taken + share.taken,
        incoming: sum.incoming + share.incoming,
        seen: sum.seen + share.seen,
        dropped: sum.dropped + share.dropped,
        freezes: sum.freezes + share.freezes,
    })
}

/// Device counter minus what reached the tap from outside: taken frames that this machine did not send, what was
/// dropped, and what waits in the ring. Dropped frames are held to have come from outside.
///
/// Of rings that go to the next process it is what the last cuts showed: what they hold now is in the device's counter,
/// and will be in the next books.
pub fn pre_tap(entry: &InterfaceBoard, totals: &InterfaceTotals) -> Option<i64> {
    if entry.parts {
        return entry.device_received.map(|_| entry.pre_tap_settled());
    }
    Some(i64::try_from(i128::from(entry.device_received?) - i128::from(reached(totals))).unwrap_or(i64::MAX))
}

/// The device's receive counter, as far as what reached the tap and `pre_tap` account for it. The next process counts on
/// from here where it takes over the rings.
pub fn explained(entry: &InterfaceBoard, totals: &InterfaceTotals) -> u64 {
    let since_open = reached(totals).saturating_sub(entry.received_before);
    let before = u64::try_from(if entry.parts { entry.pre_tap_settled() } else { 0 }).unwrap_or(0);
    entry.received_base + since_open + before
}

/// Frames from outside that reached the tap.
fn reached(totals: &InterfaceTotals) -> u64 {
    let in_ring = totals.seen.saturating_sub(totals.dropped + totals.taken);
    totals.incoming + totals.dropped + in_ring
}

/// What the interface watch read of the devices.
pub struct Watched(pub Arc<Mutex<Board>>);

impl Devices for Watched {
    fn pre_tap(&self, reports: &[Report]) -> i64 {
        pre_tap_of_all(&self.0, reports)
    }

    /// The watch reads the counters five times a second; what reached the tap since is known better by the reports.
    /// Before the first report it is what the devices had counted when the rings were opened.
    fn counts(&self, reports: &[Report]) -> Vec<DeviceCount> {
        let board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |(at, entry): (usize, &InterfaceBoard)| {
            let device = entry.device.as_ref().filter(|_| !entry.loopback)?;
            let later = if reports.is_empty() || entry.parts { 0 } else { device.received };
            let explained = explained(entry, &totals_of(reports, at + 1));
            Some(DeviceCount { received: later.max(explained), ..device.clone() })
        };
        board.interfaces.iter().enumerate().filter_map(count).collect()
    }
}

/// [`pre_tap`] of all interfaces but loopback, which shows each frame twice and counts it once.
pub fn pre_tap_of_all(board: &Mutex<Board>, reports: &[Report]) -> i64 {
    let board = board.lock().unwrap_or_else(PoisonError::into_inner);
    let of = |(at, entry): (usize, &InterfaceBoard)| {
        if entry.loopback { None } else { pre_tap(entry, &totals_of(reports, at + 1)) }
    };
    board.interfaces.iter().enumerate().filter_map(of).sum()
}

fn interfaces(cut: &Cut, spooler: &Spooler, board: &Board) -> Vec<InterfaceState> {
    let state = |(at, entry): (usize, &InterfaceBoard)| {
        let number = at as u16 + 1;
        let totals = totals_of(&cut.reports, usize::from(number));
        let second = spooler.traffic().open_second(cut.tick, number).copied().unwrap_or_default();
        InterfaceState {
            interface: number,
            name: entry.name.clone(),
            state: entry.shown_state().to_owned(),
            blind_since_ns: entry.blind.as_ref().map(|(since, _)| *since),
            kernel_seen: totals.seen,
            kernel_dropped: totals.dropped,
            ring_freezes: totals.freezes,
            pre_tap: if entry.loopback { None } else { pre_tap(entry, &totals) },
            reopened: entry.opened.saturating_sub(1),
            through: second.rates(Direction::Through),
            inbound: second.rates(Direction::In),
            out: second.rates(Direction::Out),
            internal: second.rates(Direction::Internal),
            flows_new: second.flows_new,
        }
    };
    board.interfaces.iter().enumerate().map(state).collect()
}

fn worker(report: &Report, cores: &[Option<core_affinity::CoreId>]) -> WorkerState {
    WorkerState {
        worker: report.worker,
        core: cores.get(usize::from(report.worker)).copied().flatten().map(|core| core.id),
        taken: report.totals.taken,
        flows_active: report.flows_active,
        evicted: report.totals.evicted,
        folded: report.totals.folded,
        queue: report.queue,
        cpu_ns: report.cpu_ns,
    }
}

/// The workers' lists as one, with most packets first.
fn merged(views: &[Arc<View>], list: fn(&View) -> &Vec<TopEntry>, name: fn(&TopKey) -> String) -> Vec<Top> {
    let mut all: Vec<TopEntry> = views.iter().flat_map(|view| list(view).iter().copied()).collect();
    all.sort_unstable_by_key(|entry| entry.key);
    all.dedup_by(|later, first| {
        let same = later.key == first.key;
        if same {
            first.counts.add(&later.counts);
        }
        same
    });
    all.sort_by_key(|entry| std::cmp::Reverse(entry.counts.packets()));
    all.truncate(TOP_LIST);
    all.iter().map(|entry| top(name(&entry.key), &entry.counts)).collect()
}

/// The busiest hosts or prefixes.
fn tops(views: &[Arc<View>], list: fn(&View) -> &Vec<HostEntry>, name: fn(&TopKey) -> String) -> Vec<Top> {
    let entry = |entry: HostEntry| {
        let (inbound, out) = (entry.inbound.side(), entry.out.side());
        Top {
            key: name(&entry.key),
            packets_in: inbound.packets,
            bytes_in: inbound.bytes,
            packets_out: out.packets,
            bytes_out: out.bytes,
            flows_new: inbound.flows + out.flows,
            syn_without_ack: inbound.syn + out.syn,
            fragments: inbound.fragments + out.fragments,
            remote_addresses: entry.remotes.count().max(entry.remotes_at_least),
        }
    };
    targets::merged(views, list).into_iter().take(TOP_LIST).map(entry).collect()
}

fn top(key: String, counts: &TopCounts) -> Top {
    Top {
        key,
        packets_in: counts.packets_in,
        bytes_in: counts.bytes_in,
        packets_out: counts.packets_out,
        bytes_out: counts.bytes_out,
        flows_new: counts.flows,
        syn_without_ack: counts.syn_without_ack,
        fragments: counts.fragments,
        remote_addresses: 0,
    }
}

fn address(key: &TopKey) -> String {
    Ipv6Addr::from(*key).to_canonical().to_string()
}

fn prefix(key: &TopKey) -> String {
    let address = Ipv6Addr::from(*key).to_canonical();
    format!("{address}/{}", if address.is_ipv4() { 24 } else { 64 })
}

fn port(key: &TopKey) -> String {
    format!("{}/{}", protocol_name(key[0]), u16::from_be_bytes([key[1], key[2]]))
}

/// The name of the common protocols, the number of others.
pub fn protocol_name(number: u8) -> String {
    let name = match number {
        1 => "icmp",
        2 => "igmp",
        6 => "tcp",
        17 => "udp",
        47 => "gre",
        50 => "esp",
        58 => "icmpv6",
        132 => "sctp",
        _ => return number.to_string(),
    };
    name.to_owned()
}
