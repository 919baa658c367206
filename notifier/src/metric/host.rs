//! From a sample of the host to values: of the node, its links, disks and RAIDs, its processes.

use std::collections::BTreeMap;
use std::time::Instant;

use live::host::{Cpu, HostState, Process};
use live::incident::SubjectKind;

use super::rate::{NEVER_S, Recent};
use super::snapshot::Snapshot;

/// Keeps what the values of a sample need from the ones before.
#[derive(Debug, Default)]
pub struct HostValues {
    oom_kills: Recent,
}

impl HostValues {
    /// Sets what a sample says, but its processes; `now` goes on with the samples.
    pub fn set(&mut self, now: Instant, host: &HostState, to: &mut Snapshot) {
        let [load1, load5, load15] = host.load;
        let cores = f64::from(host.cores);
        to.set("load1", load1);
        to.set("load5", load5);
        to.set("load15", load15);
        to.set("cores", cores);
        to.set("load1_per_core", load1 / cores);
        to.set("uptime_seconds", host.uptime_s as f64);
        let Cpu { user, system, iowait, irq, softirq, steal, busy } = host.cpu;
        to.set("cpu_busy", busy);
        to.set("cpu_user", user);
        to.set("cpu_system", system);
        to.set("cpu_iowait", iowait);
        to.set("cpu_irq", irq);
        to.set("cpu_softirq", softirq);
        to.set("cpu_steal", steal);
        to.set("cpu_busy_core_max", largest(host.cpu_by_core.iter().map(|cpu| cpu.busy)));
        to.set("cpu_softirq_core_max", largest(host.cpu_by_core.iter().map(|cpu| cpu.softirq)));
        memory(host, to);
        to.set("oom_kills_10m", self.oom_kills.update(now, 0, host.oom_kills));
        let sensors = || host.temperatures.iter();
        to.set("temperature_celsius_max", largest(sensors().map(|sensor| sensor.celsius)));
        let told = sensors().filter(|sensor| sensor.critical > 0.0);
        let margin = told.map(|sensor| sensor.critical - sensor.celsius).fold(f64::INFINITY, f64::min);
        to.set("temperature_margin_celsius", margin);
        let processes = &host.processes;
        to.set("processes_total", processes.total.into());
        to.set("processes_blocked", processes.blocked.into());
        to.set("processes_zombies", processes.zombies.into());
        to.set("processes_web", processes.web.into());
        to.set("processes_database", processes.database.into());
        to.set("processes_ssh", processes.ssh.into());
        things(host, to);
    }
}

fn memory(host: &HostState, to: &mut Snapshot) {
    let memory = &host.memory;
    to.set("memory_total_bytes", memory.total as f64);
    to.set("memory_available_bytes", memory.available as f64);
    to.set("memory_available_percent", 100.0 * memory.available as f64 / memory.total as f64);
    to.set("swap_used_bytes", memory.swap_used as f64);
    to.set(
        "swap_used_percent",
        if memory.swap_total == 0 { 0.0 } else { 100.0 * memory.swap_used as f64 / memory.swap_total as f64 },
    );
}

fn things(host: &HostState, to: &mut Snapshot) {
    let flag = |is: bool| f64::from(u8::from(is));
    for link in &host.links {
        to.add(
            SubjectKind::Interface,
            &link.name,
            &[
                ("interface_down", flag(link.was_up && !link.up)),
                ("interface_used_percent", link.used_percent.unwrap_or(f64::NAN)),
                ("interface_speed_mbps", link.speed_mbps as f64),
                ("interface_received_bits_per_second", link.received_bps),
                ("interface_sent_bits_per_second", link.sent_bps),
                ("interface_errors_per_second", link.errors_per_second),
            ],
        );
    }
    for disk in &host.disks {
        to.push(
            SubjectKind::Disk,
            &disk.mount,
            &[
                ("disk_used_percent", disk.used_percent),
                ("disk_available_bytes", disk.available as f64),
                ("disk_total_bytes", disk.total as f64),
                ("disk_inodes_percent", disk.inodes_percent),
                ("disk_read_only", flag(disk.read_only)),
                ("disk_turned_read_only", flag(disk.turned_read_only)),
                ("disk_hours_left", disk.hours_left.unwrap_or(NEVER_S / 3_600.0)),
            ],
        );
    }
    for raid in &host.raids {
        let missing = raid.devices.saturating_sub(raid.devices_active);
        to.push(SubjectKind::Disk, &raid.name, &[("raid_devices_missing", missing.into())]);
    }
}

/// Sets what runs, by name: those that are given are all that matter.
pub fn processes<'a>(list: impl Iterator<Item = &'a Process>, to: &mut Snapshot) {
    let mut names: BTreeMap<&str, BTreeMap<(&str, &str), &Process>> = BTreeMap::new();
    for process in list {
        names.entry(&process.name).or_default().insert((&process.user, &process.cgroup), process);
    }
    for (name, groups) in names {
        let sum = |of: fn(&Process) -> f64| groups.values().map(|process| of(process)).sum::<f64>();
        let values = [
            ("process_cpu_percent", sum(|process| process.cpu)),
            ("process_memory_bytes", sum(|process| process.memory as f64)),
            ("process_count", sum(|process| process.count.into())),
        ];
        to.push(SubjectKind::Process, name, &values);
    }
    to.is_whole(SubjectKind::Process);
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::max)
}
