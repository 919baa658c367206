//! What of a sample has no column: disks, links, RAIDs, sensors, counts of processes, as the JSON of a row's `detail`.

use live::host::HostState;
use serde::{Deserialize, Serialize};

/// Things of one kind in a row, at most: those in trouble first.
const THINGS_MAX: usize = 16;

/// The column holds 65,535 bytes on a server.
const BYTES_MAX: usize = 60_000;

/// The detail of a host row; keys are short, for there are many rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// The fullest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disks: Vec<DiskDetail>,
    /// The busiest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkDetail>,
    /// Software RAIDs by name, active devices, all devices, state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub raids: Vec<(String, u32, u32, String)>,
    /// The hottest sensors by name, degrees Celsius and critical degrees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub temperatures: Vec<(String, f64, f64)>,
    /// CPU in hard interrupts, percent.
    pub irq: f64,
    /// Processes in all.
    pub processes: u32,
    /// Of those, waiting for a disk, zombies, of web servers, database servers, ssh.
    pub kinds: [u32; 5],
    /// Seconds since the host started.
    pub uptime_s: u64,
}

/// One disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the live line's sample")]
pub struct DiskDetail {
    pub mount: String,
    pub used_percent: f64,
    pub inodes_percent: f64,
    pub available: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours_left: Option<f64>,
    #[serde(skip_serializing_if = "is_false")]
    pub read_only: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub turned_read_only: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub hangs: bool,
}

/// One link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the live line's sample")]
pub struct LinkDetail {
    pub name: String,
    pub up: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub was_up: bool,
    pub received_bps: f64,
    pub sent_bps: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_percent: Option<f64>,
    pub errors_per_second: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A number that JSON and every database can hold: two decimals, and 0 for what is none.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { (value * 100.0).round() / 100.0 } else { 0.0 }
}

impl Detail {
    /// Of a sample.
    pub fn of(state: &HostState) -> Detail {
        let processes = &state.processes;
        Detail {
            disks: disks(state),
            links: links(state),
            raids: raids(state),
            temperatures: temperatures(state),
            irq: finite(state.cpu.irq),
            processes: processes.total,
            kinds: [processes.blocked, processes.zombies, processes.web, processes.database, processes.ssh],
            uptime_s: state.uptime_s,
        }
    }

    /// As the column holds it; empty if it is too long for it.
    pub fn text(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        if text.len() <= BYTES_MAX { text } else { String::new() }
    }

    /// Of a column; what is not understood is as if it were not there.
    pub fn read(text: &str) -> Detail {
        serde_json::from_str(text).unwrap_or_default()
    }
}

fn disks(state: &HostState) -> Vec<DiskDetail> {
    let mut disks: Vec<_> = state.disks.iter().collect();
    disks.sort_by(|a, b| {
        let trouble = |disk: &live::host::Disk| (disk.turned_read_only || disk.hangs, disk.used_percent);
        let (a, b) = (trouble(a), trouble(b));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    let detail = |disk: &&live::host::Disk| DiskDetail {
        mount: disk.mount.clone(),
        used_percent: finite(disk.used_percent),
        inodes_percent: finite(disk.inodes_percent),
        available: disk.available,
        hours_left: disk.hours_left.map(finite),
        read_only: disk.read_only,
        turned_read_only: disk.turned_read_only,
        hangs: disk.hangs,
    };
    disks.iter().take(THINGS_MAX).map(detail).collect()
}

fn links(state: &HostState) -> Vec<LinkDetail> {
    let mut links: Vec<_> = state.links.iter().collect();
    links.sort_by(|a, b| {
        let trouble = |link: &live::host::Link| (link.was_up && !link.up, link.received_bps.max(link.sent_bps));
        let (a, b) = (trouble(a), trouble(b));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    let detail = |link: &&live::host::Link| LinkDetail {
        name: link.name.clone(),
        up: link.up,
        was_up: link.was_up,
        received_bps: finite(link.received_bps),
        sent_bps: finite(link.sent_bps),
        used_percent: link.used_percent.map(finite),
        errors_per_second: finite(link.errors_per_second),
    };
    links.iter().take(THINGS_MAX).map(detail).collect()
}

fn raids(state: &HostState) -> Vec<(String, u32, u32, String)> {
    let mut raids: Vec<_> = state.raids.iter().collect();
    raids.sort_by_key(|raid| (raid.state == "clean", raid.name.clone()));
    let detail = |raid: &&live::host::Raid| (raid.name.clone(), raid.devices_active, raid.devices, raid.state.clone());
    raids.iter().take(THINGS_MAX).map(detail).collect()
}

fn temperatures(state: &HostState) -> Vec<(String, f64, f64)> {
    let mut sensors: Vec<_> = state.temperatures.iter().collect();
    sensors.sort_by(|a, b| b.celsius.total_cmp(&a.celsius));
    let detail =
        |sensor: &&live::host::Temperature| (sensor.sensor.clone(), finite(sensor.celsius), finite(sensor.critical));
    sensors.iter().take(THINGS_MAX).map(detail).collect()
}

#[cfg(test)]
mod tests {
    use live::host::{Disk, HostState, Link, Temperature};

    use super::{BYTES_MAX, Detail};

    #[test]
    fn what_is_in_trouble_is_kept_and_read_again() {
        let disk = |n: u32| Disk {
            mount: format!("/{n}{}", "\"\\".repeat(120)),
            used_percent: f64::from(n),
            ..Disk::default()
        };
        let mut state = HostState { disks: (0..100).map(disk).collect(), ..HostState::default() };
        state.disks[3].turned_read_only = true;
        state.links =
            (0..64).map(|n| Link { name: format!("e{n}"), up: n > 0, was_up: true, ..Link::default() }).collect();
        state.temperatures = vec![Temperature { sensor: "x".to_owned(), celsius: f64::NAN, critical: f64::INFINITY }];
        let detail = Detail::of(&state);
        assert!(detail.disks[0].mount.starts_with("/3\"") && detail.disks[1].mount.starts_with("/99"));
        assert_eq!((detail.links[0].name.as_str(), detail.links[0].up), ("e0", false));
        let text = detail.text();
        assert!(!text.is_empty() && text.len() <= BYTES_MAX, "{} bytes", text.len());
        assert_eq!(Detail::read(&text), detail);
        assert_eq!(Detail::read("nonsense"), Detail::default());
        let quiet = Detail::of(&HostState::default()).text();
        assert!(quiet.len() < 100, "a quiet host costs little: {quiet}");
    }
}
