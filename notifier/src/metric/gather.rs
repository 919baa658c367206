//! From the host's sample, the roles' lines and notifier's own gauges to a snapshot.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use live::host::HostState;
use live::incident::SubjectKind;
use live::line::{OutboxState, Rates, RoleState, Top};
use live::{CaptureLine, IngestLine, RunLine};

use super::books;
use super::host::{HostValues, processes};
use super::rate::{Rate, Recent, Trend};
use super::snapshot::Snapshot;
use crate::lines::{Heard, Lines};

/// A line older than that says nothing about now: a role says one a second.
const LINE_AGE_MAX: Duration = Duration::from_secs(5);

/// The same for a sample of the host: one each 5 s, and a disk that hangs may hold up one or two.
const SAMPLE_AGE_MAX_NS: u64 = 30_000_000_000;

/// Interfaces whose rates are kept; capture has at most as many.
const INTERFACES_MAX: usize = 256;

/// notifier's own gauges.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// The outbox as the line tells it.
    pub outbox: &'a OutboxState,
    /// The newest configuration file is not at work.
    pub config_refused: bool,
}

/// Makes snapshots; keeps what rates need from one to the next.
#[derive(Debug)]
pub struct Gatherer {
    began: Instant,
    interfaces: BTreeMap<String, InterfaceRates>,
    shed: Rate,
    spool: Trend,
    spool_errors: Recent,
    parked: Recent,
    host: HostValues,
    outbox_failed: Recent,
    roles: BTreeMap<&'static str, RoleMemory>,
}

#[derive(Debug, Default)]
struct InterfaceRates {
    dropped: Rate,
    pre_tap: Rate,
}

#[derive(Debug, Default)]
struct RoleMemory {
    epoch: Option<u64>,
    restarts: Recent,
    failures: Recent,
}

impl Gatherer {
    /// Begins now.
    pub fn new(now: Instant) -> Gatherer {
        Gatherer {
            began: now,
            interfaces: BTreeMap::new(),
            shed: Rate::default(),
            spool: Trend::default(),
            spool_errors: Recent::default(),
            parked: Recent::default(),
            host: HostValues::default(),
            outbox_failed: Recent::default(),
            roles: BTreeMap::new(),
        }
    }

    /// The values of this second; `now_ns` and `now` are the same moment.
    pub fn snapshot(
        &mut self,
        (now_ns, now): (u64, Instant),
        host: &HostState,
        lines: &Lines,
        own: Own<'_>,
    ) -> Snapshot {
        let mut snapshot = Snapshot::new(now_ns);
        // A clock that jumped makes a sample look old once, or new.
        if host.time_ns != 0 && now_ns.abs_diff(host.time_ns) <= SAMPLE_AGE_MAX_NS {
            self.host.set(now, host, &mut snapshot);
            processes(host.processes.by_cpu.iter().chain(&host.processes.by_memory), &mut snapshot);
        }
        snapshot.set("capture_age_seconds", self.age(now, lines.capture.as_ref()));
        snapshot.set("ingest_age_seconds", self.age(now, lines.ingest.as_ref()));
        let capture = fresh(now, lines.capture.as_ref());
        let ingest = fresh(now, lines.ingest.as_ref());
        if let Some(line) = capture {
            self.capture(now, line, &mut snapshot);
        }
        if let Some(line) = ingest {
            self.ingest(now, now_ns, line, &mut snapshot);
        }
        if let (Some(capture), Some(ingest)) = (capture, ingest)
            && let Some(imbalance) = books::imbalance(capture, ingest)
        {
            snapshot.set("ledger_imbalance", imbalance as f64);
        }
        self.roles(now, lines, &mut snapshot);
        self.own(now, own, &mut snapshot);
        snapshot
    }

    fn age<T>(&self, now: Instant, heard: Option<&Heard<T>>) -> f64 {
        now.saturating_duration_since(heard.map_or(self.began, |heard| heard.at)).as_secs_f64()
    }

    fn capture(&mut self, now: Instant, line: &CaptureLine, to: &mut Snapshot) {
        let (epoch, time_ns) = (line.envelope.epoch, line.envelope.time_ns);
        self.interfaces.retain(|name, _| line.interfaces.iter().any(|interface| interface.name == *name));
        let (mut sum, mut flows) = ([Rates::default(); 4], 0u64);
        let (mut dropped, mut pre_tap, mut blind) = (0.0, 0.0, 0.0f64);
        for interface in line.interfaces.iter().take(INTERFACES_MAX) {
            let directions = [interface.inbound, interface.out, interface.through, interface.internal];
            sum.iter_mut().zip(&directions).for_each(|(sum, of)| add(sum, of));
            flows = flows.saturating_add(interface.flows_new);
            let rates = self.interfaces.entry(interface.name.clone()).or_default();
            let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            let its_dropped = rates.dropped.update(epoch, time_ns, signed(interface.kernel_dropped)).max(0.0);
            // A device that counts merged frames shows fewer than the tap: that is no loss.
            let its_pre_tap = match interface.pre_tap {
                Some(pre_tap) => rates.pre_tap.update(epoch, time_ns, pre_tap).max(0.0),
                None => f64::NAN,
            };
            let its_blind = interface.blind_since_ns.map_or(0.0, |since| time_ns.saturating_sub(since) as f64 / 1e9);
            dropped += its_dropped;
            pre_tap += if its_pre_tap.is_nan() { 0.0 } else { its_pre_tap };
            blind = blind.max(its_blind);
            let all = total(&directions);
            to.add(
                SubjectKind::Interface,
                &interface.name,
                &[
                    ("interface_blind_seconds", its_blind),
                    ("interface_packets_in_per_second", interface.inbound.packets as f64),
                    ("interface_packets_out_per_second", interface.out.packets as f64),
                    ("interface_bits_in_per_second", bits(interface.inbound.bytes)),
                    ("interface_bits_out_per_second", bits(interface.out.bytes)),
                    ("interface_flows_new_per_second", interface.flows_new as f64),
                    ("interface_syn_per_second", all.syn_packets as f64),
                    ("interface_syn_without_ack_per_second", all.syn_without_ack_packets as f64),
                    ("interface_fragments_per_second", all.fragment_packets as f64),
                    ("interface_packets_dropped_per_second", its_dropped),
                    ("interface_pre_tap_per_second", its_pre_tap),
                ],
            );
        }
        let all = total(&sum);
        to.set("capture_blind_seconds", blind);
        to.set("packets_per_second", all.packets as f64);
        to.set("packets_in_per_second", sum[0].packets as f64);
        to.set("packets_out_per_second", sum[1].packets as f64);
        to.set("bits_in_per_second", bits(sum[0].bytes));
        to.set("bits_out_per_second", bits(sum[1].bytes));
        to.set("flows_new_per_second", flows as f64);
        to.set("syn_per_second", all.syn_packets as f64);
        to.set("syn_without_ack_per_second", all.syn_without_ack_packets as f64);
        to.set("fragments_per_second", all.fragment_packets as f64);
        to.set("packets_dropped_per_second", dropped);
        to.set("pre_tap_per_second", pre_tap);
        let shed = i64::try_from(line.ledger.shed).unwrap_or(i64::MAX);
        to.set("packets_shed_per_second", self.shed.update(epoch, time_ns, shed).max(0.0));
        self.spool(now, line, to);
        tops(SubjectKind::Host, HOST_NAMES, &line.top_hosts, to);
        tops(SubjectKind::Prefix, PREFIX_NAMES, &line.top_prefixes, to);
    }

    fn spool(&mut self, now: Instant, line: &CaptureLine, to: &mut Snapshot) {
        let spool = &line.spool;
        let (growth, left) = self.spool.update(now, spool.used_bytes, spool.bytes_max);
        to.set("spool_used_bytes", spool.used_bytes as f64);
        to.set("spool_used_percent", 100.0 * spool.used_bytes as f64 / spool.bytes_max as f64);
        to.set("spool_growth_per_second", growth);
        to.set("spool_seconds_until_full", left);
        to.set("spool_errors_10m", self.spool_errors.update(now, line.envelope.epoch, spool.errors));
    }

    fn ingest(&mut self, now: Instant, now_ns: u64, line: &IngestLine, to: &mut Snapshot) {
        to.set("ingest_lag_seconds", line.lag_ms as f64 / 1e3);
        to.set("rows_stored_per_second", line.rows_per_second as f64);
        to.set("rows_parked_10m", self.parked.update(now, line.envelope.epoch, line.rows_parked));
        let is_there = line.database == "connected";
        let since = (now_ns / 1_000_000_000).saturating_sub(line.database_since);
        let down = if is_there { Some(0) } else { (line.database_since != 0).then_some(since) };
        to.set("database_down_seconds", down.map_or(f64::NAN, |seconds| seconds as f64));
    }

    fn roles(&mut self, now: Instant, lines: &Lines, to: &mut Snapshot) {
        let run = fresh(now, lines.run.as_ref());
        let heard = [
            ("capture", lines.capture.as_ref().map(|heard| (heard.line.envelope.epoch, heard.at))),
            ("ingest", lines.ingest.as_ref().map(|heard| (heard.line.envelope.epoch, heard.at))),
            ("web", lines.web.as_ref().map(|heard| (heard.line.envelope.epoch, heard.at))),
            ("run", lines.run.as_ref().map(|heard| (heard.line.envelope.epoch, heard.at))),
            ("notifier", None),
        ];
        for (role, heard) in heard {
            let state = run.and_then(|run| run.roles.iter().find(|state| state.role == role));
            if heard.is_none() && state.is_none() {
                continue;
            }
            let memory = self.roles.entry(role).or_default();
            let restarts = memory.restarts(now, heard.map(|(epoch, _)| epoch), run.zip(state));
            let age = heard.map_or(f64::NAN, |(_, at)| now.saturating_duration_since(at).as_secs_f64());
            let values = role_values(role, run.zip(state));
            let head = [("role_age_seconds", age), ("role_restarts_10m", restarts)];
            to.push(SubjectKind::Role, role, &[&head[..], &values[..]].concat());
        }
    }

    fn own(&mut self, now: Instant, own: Own<'_>, to: &mut Snapshot) {
        to.set("outbox_waiting", own.outbox.waiting as f64);
        to.set("outbox_oldest_seconds", own.outbox.oldest_ms as f64 / 1e3);
        to.set("outbox_failed_10m", self.outbox_failed.update(now, 0, own.outbox.failed));
        to.set("config_refused", f64::from(u8::from(own.config_refused)));
        for channel in &own.outbox.channels {
            let values = [("channel_failures", channel.failures as f64), ("channel_waiting", channel.waiting as f64)];
            to.push(SubjectKind::Channel, &channel.channel, &values);
        }
    }
}

impl RoleMemory {
    /// Starts that nobody asked for: failures where a supervisor tells, else new epochs of its lines.
    fn restarts(&mut self, now: Instant, epoch: Option<u64>, state: Option<(&RunLine, &RoleState)>) -> f64 {
        let failures = state.map(|(run, state)| self.failures.update(now, run.envelope.epoch, state.failures));
        let is_new = matches!((self.epoch, epoch), (Some(before), Some(epoch)) if before != epoch);
        self.epoch = epoch.or(self.epoch);
        let restarts = self.restarts.add(now, u64::from(is_new));
        failures.unwrap_or(restarts)
    }
}

fn role_values(role: &str, state: Option<(&RunLine, &RoleState)>) -> [(&'static str, f64); 4] {
    let Some((run, state)) = state else {
        return ["role_failures_in_row", "role_failing", "role_alerts", "role_lag_seconds"]
            .map(|name| (name, f64::NAN));
    };
    let alerts = || run.alerts.iter().filter(|alert| alert.role == role);
    let fails = alerts().any(|alert| matches!(alert.kind.as_str(), "failing" | "ended" | "not_ready"));
    [
        ("role_failures_in_row", state.failures_in_row as f64),
        ("role_failing", f64::from(u8::from(fails))),
        ("role_alerts", alerts().count() as f64),
        ("role_lag_seconds", state.lag_ms as f64 / 1e3),
    ]
}

type TopNames = [&'static str; 8];

const HOST_NAMES: TopNames = [
    "host_packets_in_per_second",
    "host_packets_out_per_second",
    "host_bits_in_per_second",
    "host_bits_out_per_second",
    "host_flows_new_per_second",
    "host_syn_without_ack_per_second",
    "host_fragments_per_second",
    "host_remote_addresses",
];

const PREFIX_NAMES: TopNames = [
    "prefix_packets_in_per_second",
    "prefix_packets_out_per_second",
    "prefix_bits_in_per_second",
    "prefix_bits_out_per_second",
    "prefix_flows_new_per_second",
    "prefix_syn_without_ack_per_second",
    "prefix_fragments_per_second",
    "prefix_remote_addresses",
];

fn tops(kind: SubjectKind, names: TopNames, tops: &[Top], to: &mut Snapshot) {
    for top in tops {
        let values = [
            top.packets_in as f64,
            top.packets_out as f64,
            bits(top.bytes_in),
            bits(top.bytes_out),
            top.flows_new as f64,
            top.syn_without_ack as f64,
            top.fragments as f64,
            top.remote_addresses as f64,
        ];
        let mut at = 0;
        let values = names.map(|name| {
            at += 1;
            (name, values[at - 1])
        });
        to.push(kind, &top.key, &values);
    }
    to.is_whole(kind);
}

fn fresh<T>(now: Instant, heard: Option<&Heard<T>>) -> Option<&T> {
    heard.filter(|heard| heard.is_fresh(now, LINE_AGE_MAX)).map(|heard| &*heard.line)
}

fn bits(bytes: u64) -> f64 {
    bytes as f64 * 8.0
}

fn add(sum: &mut Rates, of: &Rates) {
    sum.packets = sum.packets.saturating_add(of.packets);
    sum.bytes = sum.bytes.saturating_add(of.bytes);
    sum.syn_packets = sum.syn_packets.saturating_add(of.syn_packets);
    sum.syn_without_ack_packets = sum.syn_without_ack_packets.saturating_add(of.syn_without_ack_packets);
    sum.fragment_packets = sum.fragment_packets.saturating_add(of.fragment_packets);
}

fn total(of: &[Rates]) -> Rates {
    of.iter().fold(Rates::default(), |mut sum, of| {
        add(&mut sum, of);
        sum
    })
}
