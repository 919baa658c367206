//! How the host goes: what notifier samples, in its line, its notices and its rows. Shares are percent, 0 to 100.

use serde::{Deserialize, Serialize};

/// One sample of the host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostState {
    /// When it was taken, ns since the epoch; 0 = none yet.
    pub time_ns: u64,
    /// Seconds since the host started.
    pub uptime_s: u64,
    /// Random id of this boot; another one = the host was started anew.
    pub boot_id: String,
    /// Cores that are on line.
    pub cores: u32,
    /// Load average of 1, 5 and 15 minutes.
    pub load: [f64; 3],
    /// Of all cores together, since the sample before.
    pub cpu: Cpu,
    /// Of each core.
    pub cpu_by_core: Vec<Cpu>,
    /// Memory.
    pub memory: Memory,
    /// Each mounted disk; no pseudo and network file systems.
    pub disks: Vec<Disk>,
    /// Each software RAID.
    pub raids: Vec<Raid>,
    /// Each network device that is not virtual, or is captured.
    pub links: Vec<Link>,
    /// Each sensor.
    pub temperatures: Vec<Temperature>,
    /// Processes that the kernel killed for want of memory, since the host started.
    pub oom_kills: u64,
    /// The processes.
    pub processes: Processes,
}

/// Where the CPU's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the kernel's; busy is all but idle and iowait")]
pub struct Cpu {
    pub user: f64,
    pub system: f64,
    pub iowait: f64,
    pub irq: f64,
    pub softirq: f64,
    pub steal: f64,
    pub busy: f64,
}

/// Bytes of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the kernel's")]
pub struct Memory {
    pub total: u64,
    pub available: u64,
    pub swap_total: u64,
    pub swap_used: u64,
}

/// One file system on a disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Where it is mounted.
    pub mount: String,
    /// The device.
    pub device: String,
    /// Its size, bytes.
    pub total: u64,
    /// What a user may still write, bytes.
    pub available: u64,
    /// Share of its bytes in use.
    pub used_percent: f64,
    /// Share of its inodes in use; 0 where it has no fixed number of them.
    pub inodes_percent: f64,
    /// Mounted read-only, by whom ever.
    pub read_only: bool,
    /// It could be written at this process's start and is read-only now: the kernel gave up on it.
    pub turned_read_only: bool,
    /// Hours until it is full if the last hour goes on; `None` = it does not fill.
    pub hours_left: Option<f64>,
    /// It does not answer: its numbers are old.
    pub hangs: bool,
}

/// One software RAID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are the kernel's")]
pub struct Raid {
    pub name: String,
    pub level: String,
    pub devices: u32,
    pub devices_active: u32,
    /// "clean", "degraded", "recovering 12 %".
    pub state: String,
}

/// One network device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// It has a carrier.
    pub up: bool,
    /// It had one since this process's start: one that never was plugged in is no trouble.
    pub was_up: bool,
    /// Mbit/s; 0 = not known.
    pub speed_mbps: u64,
    /// Bits received a second.
    pub received_bps: f64,
    /// Bits sent a second.
    pub sent_bps: f64,
    /// The busier direction against the speed; `None` = the speed is not known.
    pub used_percent: Option<f64>,
    /// Errors and drops that the device counted, a second.
    pub errors_per_second: f64,
}

/// One sensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Temperature {
    pub sensor: String,
    pub celsius: f64,
    /// Where the device says that it is in danger; 0 = it does not say.
    pub critical: f64,
}

/// What runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Processes {
    /// All that can be seen.
    pub total: u32,
    /// The kernel hides those of other users from us (`hidepid`): all numbers here are of what can be seen.
    pub hidden: bool,
    /// That wait for a disk (state D).
    pub blocked: u32,
    /// Zombies.
    pub zombies: u32,
    /// Of web servers.
    pub web: u32,
    /// Of database servers.
    pub database: u32,
    /// Of ssh.
    pub ssh: u32,
    /// Those with most CPU time since the sample before, the busiest first.
    pub by_cpu: Vec<Process>,
    /// Those with most memory, the largest first.
    pub by_memory: Vec<Process>,
}

/// Processes of one name, user and control group together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Process {
    /// The busiest or largest one's id.
    pub pid: u32,
    /// Command name; never its arguments, which may hold secrets.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// Its control group.
    pub cgroup: String,
    /// How many there are.
    pub count: u32,
    /// Percent of one core.
    pub cpu: f64,
    /// Resident bytes.
    pub memory: u64,
}
