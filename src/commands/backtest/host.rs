//! notifier's rows as the values that it had: the host's sample, what ran, targets near a limit.

use std::collections::BTreeMap;
use std::time::Instant;

use live::host::{Cpu, Disk, HostState, Link, Memory, Process, Processes, Raid, Temperature};
use live::incident::SubjectKind;
use notifier::attack::shares::{BITS, PACKETS};
use notifier::metric::{HostValues, Snapshot};
use notifier::record::{Detail, decode_subject};
use store::{HostRow, ProcessRow, Resolution, SubjectRow};

/// Metrics of the node that the columns of a host row have.
const NODE: [&str; 17] = [
    "load1",
    "load5",
    "load15",
    "load1_per_core",
    "cores",
    "cpu_busy",
    "cpu_user",
    "cpu_system",
    "cpu_iowait",
    "cpu_softirq",
    "cpu_steal",
    "memory_total_bytes",
    "memory_available_bytes",
    "memory_available_percent",
    "swap_used_bytes",
    "swap_used_percent",
    "oom_kills_10m",
];

/// Metrics of the node that its `detail` has, which may be left out of a row.
const NODE_DETAIL: [&str; 10] = [
    "uptime_seconds",
    "cpu_irq",
    "temperature_celsius_max",
    "temperature_margin_celsius",
    "processes_total",
    "processes_blocked",
    "processes_zombies",
    "processes_web",
    "processes_database",
    "processes_ssh",
];

/// The same of links, disks and RAIDs.
const THINGS: [&str; 12] = [
    "interface_down",
    "interface_used_percent",
    "interface_received_bits_per_second",
    "interface_sent_bits_per_second",
    "interface_errors_per_second",
    "disk_used_percent",
    "disk_available_bytes",
    "disk_inodes_percent",
    "disk_read_only",
    "disk_turned_read_only",
    "disk_hours_left",
    "raid_devices_missing",
];

const PROCESS: [&str; 3] = ["process_cpu_percent", "process_memory_bytes", "process_count"];

/// Metrics of targets, by the number of the row, of addresses and of prefixes.
const TARGET: [(u16, &str, &str); 4] = [
    (PACKETS[0], "host_packets_in_per_second", "prefix_packets_in_per_second"),
    (PACKETS[1], "host_packets_out_per_second", "prefix_packets_out_per_second"),
    (BITS[0], "host_bits_in_per_second", "prefix_bits_in_per_second"),
    (BITS[1], "host_bits_out_per_second", "prefix_bits_out_per_second"),
];

/// Names of the metrics that notifier's rows have.
pub fn metrics() -> impl Iterator<Item = &'static str> {
    let targets = TARGET.into_iter().flat_map(|(_, host, prefix)| [host, prefix]);
    NODE.into_iter().chain(NODE_DETAIL).chain(THINGS).chain(PROCESS).chain(targets)
}

/// A row's sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    state: HostState,
    has_detail: bool,
}

impl Sample {
    /// Of a row.
    pub fn of(row: &HostRow) -> Sample {
        let detail = Detail::read(&row.detail);
        let has_detail = detail != Detail::default();
        let (user, system, iowait) = (row.cpu_user, row.cpu_system, row.cpu_iowait);
        let (irq, softirq, steal) = (detail.irq, row.cpu_softirq, row.cpu_steal);
        // Of a minute the column has the largest: a rule about what lasts needs the mean.
        let mean = user + system + irq + softirq + steal;
        let busy = if row.resolution == Resolution::Second { row.cpu_busy_max } else { mean };
        let [blocked, zombies, web, database, ssh] = detail.kinds;
        let total = detail.processes;
        let state = HostState {
            time_ns: u64::from(row.ts) * 1_000_000_000,
            uptime_s: detail.uptime_s,
            cores: row.cores.into(),
            load: [row.load1, row.load5, row.load15],
            cpu: Cpu { user, system, iowait, irq, softirq, steal, busy },
            memory: Memory {
                total: row.memory_total,
                available: row.memory_available,
                swap_total: row.swap_total,
                swap_used: row.swap_used,
            },
            oom_kills: row.oom_kills,
            processes: Processes { total, blocked, zombies, web, database, ssh, ..Processes::default() },
            ..things(detail)
        };
        Sample { state, has_detail }
    }

    /// Sets its values; what the row has not is unknown. `now` goes on with the rows.
    pub fn set(&self, now: Instant, values: &mut HostValues, to: &mut Snapshot) {
        values.set(now, &self.state, to);
        if !self.has_detail {
            NODE_DETAIL.into_iter().for_each(|name| to.set(name, f64::NAN));
        }
        for disk in &self.state.disks {
            to.add(SubjectKind::Disk, &disk.mount, &[("disk_total_bytes", f64::NAN)]);
        }
        for link in &self.state.links {
            to.add(SubjectKind::Interface, &link.name, &[("interface_speed_mbps", f64::NAN)]);
        }
    }
}

/// The disks, RAIDs, links and sensors of a sample.
fn things(detail: Detail) -> HostState {
    let disk = |disk: notifier::record::DiskDetail| Disk {
        mount: disk.mount,
        available: disk.available,
        used_percent: disk.used_percent,
        inodes_percent: disk.inodes_percent,
        read_only: disk.read_only,
        turned_read_only: disk.turned_read_only,
        hours_left: disk.hours_left,
        hangs: disk.hangs,
        ..Disk::default()
    };
    let link = |link: notifier::record::LinkDetail| Link {
        name: link.name,
        up: link.up,
        was_up: link.was_up,
        received_bps: link.received_bps,
        sent_bps: link.sent_bps,
        used_percent: link.used_percent,
        errors_per_second: link.errors_per_second,
        ..Link::default()
    };
    let raid =
        |(name, devices_active, devices, state)| Raid { name, devices_active, devices, state, ..Raid::default() };
    let sensor = |(sensor, celsius, critical)| Temperature { sensor, celsius, critical };
    HostState {
        disks: detail.disks.into_iter().map(disk).collect(),
        raids: detail.raids.into_iter().map(raid).collect(),
        links: detail.links.into_iter().map(link).collect(),
        temperatures: detail.temperatures.into_iter().map(sensor).collect(),
        ..HostState::default()
    }
}

/// A row's processes.
pub fn process(row: ProcessRow) -> Process {
    Process {
        pid: row.pid,
        name: row.name,
        user: row.user,
        cgroup: row.cgroup,
        count: row.processes,
        cpu: row.cpu,
        memory: row.memory,
    }
}

/// Values of targets in ten seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets(BTreeMap<Vec<u8>, Vec<(u16, f64)>>);

impl Targets {
    /// Adds a row of the same ten seconds.
    pub fn add(&mut self, row: SubjectRow) {
        self.0.entry(row.subject).or_default().push((row.metric, row.value));
    }

    /// Sets the values; metrics that rules do not know are left out.
    pub fn set(&self, to: &mut Snapshot) {
        for (bytes, stored) in &self.0 {
            let Some(network) = decode_subject(bytes) else { continue };
            let is_host = network.prefix_len() == network.max_prefix_len();
            let value = |(number, host, prefix): (u16, &'static str, &'static str)| {
                // A restart within the ten seconds makes two rows of them.
                let largest =
                    stored.iter().filter(|(of, _)| *of == number).map(|(_, value)| *value).reduce(f64::max)?;
                Some((if is_host { host } else { prefix }, largest))
            };
            let values: Vec<_> = TARGET.into_iter().filter_map(value).collect();
            if values.is_empty() {
                continue;
            }
            if is_host {
                to.push(SubjectKind::Host, &network.addr().to_string(), &values);
            } else {
                to.push(SubjectKind::Prefix, &network.to_string(), &values);
            }
        }
    }
}
