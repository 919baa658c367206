//! The catalogue: each metric's name, unit, what it is of, what it means and where it comes from.

use live::incident::{SubjectKind, Unit};

/// Where a metric comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The host sampler.
    Host,
    /// capture's line.
    Capture,
    /// ingest's line.
    Ingest,
    /// The lines of capture and ingest together.
    Books,
    /// The supervisor's line, or the lines of the role itself where nobody supervises.
    Run,
    /// notifier itself.
    Notifier,
}

impl Source {
    /// Its name in the documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Capture => "capture",
            Self::Ingest => "ingest",
            Self::Books => "capture and ingest",
            Self::Run => "run",
            Self::Notifier => "notifier",
        }
    }
}

/// One metric. Its values are of the last second, unless its name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// As rules name it.
    pub name: &'static str,
    /// In what.
    pub unit: Unit,
    /// Where it comes from.
    pub source: Source,
    /// What it says, one sentence.
    pub meaning: &'static str,
}

const fn metric(name: &'static str, unit: Unit, source: Source, meaning: &'static str) -> Metric {
    Metric { name, unit, source, meaning }
}

/// The kinds of subjects that have metrics, each with its list.
pub const KINDS: [(SubjectKind, &[Metric]); 8] = [
    (SubjectKind::Node, NODE),
    (SubjectKind::Host, HOST),
    (SubjectKind::Prefix, PREFIX),
    (SubjectKind::Interface, INTERFACE),
    (SubjectKind::Disk, DISK),
    (SubjectKind::Process, PROCESS),
    (SubjectKind::Role, ROLE),
    (SubjectKind::Channel, CHANNEL),
];

/// The metrics of one kind of subject; empty for a kind that has none.
pub fn of(kind: SubjectKind) -> &'static [Metric] {
    KINDS.iter().find(|(of, _)| *of == kind).map_or(&[], |(_, metrics)| metrics)
}

/// Whether the sources list only the largest of this kind: one that is not listed has less than those, taken as 0.
pub const fn is_top_list(kind: SubjectKind) -> bool {
    matches!(kind, SubjectKind::Host | SubjectKind::Prefix | SubjectKind::Process)
}

use Source::{Books, Capture, Host, Ingest, Notifier, Run};
use Unit::{
    BitsPerSecond, Bytes, Celsius, Count, FlowsPerSecond, Hours, PacketsPerSecond, PerSecond, Percent, Seconds,
};

const NODE: &[Metric] = &[
    metric("load1", Count, Host, "Load average of one minute."),
    metric("load5", Count, Host, "Load average of five minutes."),
    metric("load15", Count, Host, "Load average of fifteen minutes."),
    metric("load1_per_core", Count, Host, "Load average of one minute for each core that is on line."),
    metric("cores", Count, Host, "Cores that are on line."),
    metric("uptime_seconds", Seconds, Host, "Time since the host started."),
    metric("cpu_busy", Percent, Host, "CPU time of all cores that is neither idle nor waiting for a disk."),
    metric("cpu_user", Percent, Host, "CPU time of programs."),
    metric("cpu_system", Percent, Host, "CPU time of the kernel for programs."),
    metric("cpu_iowait", Percent, Host, "CPU time that waits for a disk."),
    metric("cpu_irq", Percent, Host, "CPU time of interrupts."),
    metric("cpu_softirq", Percent, Host, "CPU time of soft interrupts: packets, mostly."),
    metric("cpu_steal", Percent, Host, "CPU time that another virtual machine took."),
    metric("cpu_busy_core_max", Percent, Host, "The busiest core."),
    metric("cpu_softirq_core_max", Percent, Host, "The core with most soft interrupts."),
    metric("memory_total_bytes", Bytes, Host, "Memory of the host."),
    metric("memory_available_bytes", Bytes, Host, "Memory that programs may still have without swapping."),
    metric("memory_available_percent", Percent, Host, "The same as a share of the memory."),
    metric("swap_used_bytes", Bytes, Host, "Swap in use."),
    metric("swap_used_percent", Percent, Host, "Swap in use; 0 where there is none."),
    metric("oom_kills_10m", Count, Host, "Processes killed for want of memory in the last ten minutes."),
    metric("temperature_celsius_max", Celsius, Host, "The warmest sensor."),
    metric("temperature_margin_celsius", Celsius, Host, "Degrees below the danger that the nearest sensor names."),
    metric("processes_total", Count, Host, "Processes of the host."),
    metric("processes_blocked", Count, Host, "Processes that wait for a disk."),
    metric("processes_zombies", Count, Host, "Processes that ended and nobody asked how."),
    metric("processes_web", Count, Host, "Processes of web servers."),
    metric("processes_database", Count, Host, "Processes of database servers."),
    metric("processes_ssh", Count, Host, "Processes of ssh."),
    metric("capture_age_seconds", Seconds, Capture, "Time since capture said its last line, or since this start."),
    metric(
        "capture_blind_seconds",
        Seconds,
        Capture,
        "How long an interface receives packets that the tap does not see.",
    ),
    metric("packets_per_second", PacketsPerSecond, Capture, "Wire packets of all interfaces."),
    metric("packets_in_per_second", PacketsPerSecond, Capture, "Wire packets towards the local networks."),
    metric("packets_out_per_second", PacketsPerSecond, Capture, "Wire packets from the local networks."),
    metric("bits_in_per_second", BitsPerSecond, Capture, "Wire bits towards the local networks."),
    metric("bits_out_per_second", BitsPerSecond, Capture, "Wire bits from the local networks."),
    metric("flows_new_per_second", FlowsPerSecond, Capture, "Flows that began."),
    metric("syn_per_second", PacketsPerSecond, Capture, "SYN packets."),
    metric("syn_without_ack_per_second", PacketsPerSecond, Capture, "SYN packets without ACK: attempts to connect."),
    metric("fragments_per_second", PacketsPerSecond, Capture, "Fragments."),
    metric(
        "packets_dropped_per_second",
        PacketsPerSecond,
        Capture,
        "Frames that the kernel dropped because a ring was full.",
    ),
    metric("pre_tap_per_second", PacketsPerSecond, Capture, "Frames that a device counted and the tap did not see."),
    metric("packets_shed_per_second", PacketsPerSecond, Capture, "Wire packets whose rows were not written."),
    metric("spool_used_bytes", Bytes, Capture, "Size of the spool."),
    metric("spool_used_percent", Percent, Capture, "Share of the spool's bound in use."),
    metric("spool_growth_per_second", Bytes, Capture, "Bytes that the spool grows a second, over the last minute."),
    metric(
        "spool_seconds_until_full",
        Seconds,
        Capture,
        "Time until the spool is full if the last minute goes on; ten years if it does not fill.",
    ),
    metric("spool_errors_10m", Count, Capture, "Frames that the spool refused in the last ten minutes."),
    metric("ingest_age_seconds", Seconds, Ingest, "Time since ingest said its last line, or since this start."),
    metric("ingest_lag_seconds", Seconds, Ingest, "Age of the oldest row that is not stored yet."),
    metric("database_down_seconds", Seconds, Ingest, "How long the database has been away; 0 = it is there."),
    metric("rows_stored_per_second", PerSecond, Ingest, "Rows stored."),
    metric("rows_parked_10m", Count, Ingest, "Rows that the database refused for good in the last ten minutes."),
    metric("ledger_imbalance", Count, Books, "Packets and bytes that the books cannot place; 0 = they balance."),
    metric("outbox_waiting", Count, Notifier, "Notifications that are not sent yet."),
    metric("outbox_oldest_seconds", Seconds, Notifier, "Age of the oldest of them."),
    metric("outbox_failed_10m", Count, Notifier, "Notifications given up in the last ten minutes."),
    metric("config_refused", Count, Notifier, "1 = the configuration file is wrong and the last good one is at work."),
];

const HOST: &[Metric] = &[
    metric("host_packets_in_per_second", PacketsPerSecond, Capture, "Wire packets towards the address."),
    metric("host_packets_out_per_second", PacketsPerSecond, Capture, "Wire packets from the address."),
    metric("host_bits_in_per_second", BitsPerSecond, Capture, "Wire bits towards the address."),
    metric("host_bits_out_per_second", BitsPerSecond, Capture, "Wire bits from the address."),
    metric("host_flows_new_per_second", FlowsPerSecond, Capture, "Flows of the address that began."),
    metric("host_syn_without_ack_per_second", PacketsPerSecond, Capture, "SYN packets without ACK of the address."),
    metric("host_fragments_per_second", PacketsPerSecond, Capture, "Fragments of the address."),
    metric("host_remote_addresses", Count, Capture, "Estimate of distinct remote addresses; 0 = not estimated."),
];

const PREFIX: &[Metric] = &[
    metric("prefix_packets_in_per_second", PacketsPerSecond, Capture, "Wire packets towards the prefix."),
    metric("prefix_packets_out_per_second", PacketsPerSecond, Capture, "Wire packets from the prefix."),
    metric("prefix_bits_in_per_second", BitsPerSecond, Capture, "Wire bits towards the prefix."),
    metric("prefix_bits_out_per_second", BitsPerSecond, Capture, "Wire bits from the prefix."),
    metric("prefix_flows_new_per_second", FlowsPerSecond, Capture, "Flows of the prefix that began."),
    metric("prefix_syn_without_ack_per_second", PacketsPerSecond, Capture, "SYN packets without ACK of the prefix."),
    metric("prefix_fragments_per_second", PacketsPerSecond, Capture, "Fragments of the prefix."),
    metric("prefix_remote_addresses", Count, Capture, "Estimate of distinct remote addresses; 0 = not estimated."),
];

const INTERFACE: &[Metric] = &[
    metric("interface_down", Count, Host, "1 = it has lost the carrier that it had."),
    metric("interface_used_percent", Percent, Host, "The busier direction against the speed; unknown where that is."),
    metric("interface_speed_mbps", Count, Host, "Speed, Mbit/s; 0 = not known."),
    metric("interface_received_bits_per_second", BitsPerSecond, Host, "Bits that the device received."),
    metric("interface_sent_bits_per_second", BitsPerSecond, Host, "Bits that the device sent."),
    metric("interface_errors_per_second", PerSecond, Host, "Errors and drops that the device counted."),
    metric("interface_blind_seconds", Seconds, Capture, "How long it receives packets that the tap does not see."),
    metric("interface_packets_in_per_second", PacketsPerSecond, Capture, "Wire packets towards the local networks."),
    metric("interface_packets_out_per_second", PacketsPerSecond, Capture, "Wire packets from the local networks."),
    metric("interface_bits_in_per_second", BitsPerSecond, Capture, "Wire bits towards the local networks."),
    metric("interface_bits_out_per_second", BitsPerSecond, Capture, "Wire bits from the local networks."),
    metric("interface_flows_new_per_second", FlowsPerSecond, Capture, "Flows that began."),
    metric("interface_syn_per_second", PacketsPerSecond, Capture, "SYN packets."),
    metric("interface_syn_without_ack_per_second", PacketsPerSecond, Capture, "SYN packets without ACK."),
    metric("interface_fragments_per_second", PacketsPerSecond, Capture, "Fragments."),
    metric(
        "interface_packets_dropped_per_second",
        PacketsPerSecond,
        Capture,
        "Frames dropped because a ring was full.",
    ),
    metric(
        "interface_pre_tap_per_second",
        PacketsPerSecond,
        Capture,
        "Frames that the device counted and the tap did not see.",
    ),
];

const DISK: &[Metric] = &[
    metric("disk_used_percent", Percent, Host, "Share of the bytes in use."),
    metric("disk_available_bytes", Bytes, Host, "Bytes that a user may still write."),
    metric("disk_total_bytes", Bytes, Host, "Size."),
    metric("disk_inodes_percent", Percent, Host, "Share of the inodes in use; 0 where their number is not fixed."),
    metric("disk_read_only", Count, Host, "1 = mounted read-only, by whom ever."),
    metric("disk_turned_read_only", Count, Host, "1 = it could be written at the start and cannot now."),
    metric(
        "disk_hours_left",
        Hours,
        Host,
        "Hours until it is full if the last hour goes on; 87600 if it does not fill.",
    ),
    metric("raid_devices_missing", Count, Host, "Devices that a software RAID should have and has not."),
];

const PROCESS: &[Metric] = &[
    metric("process_cpu_percent", Percent, Host, "Percent of one core, all processes of the name together."),
    metric("process_memory_bytes", Bytes, Host, "Resident bytes, all processes of the name together."),
    metric("process_count", Count, Host, "Processes of the name."),
];

const ROLE: &[Metric] = &[
    metric("role_age_seconds", Seconds, Run, "Time since the role said its last line; unknown if it never did."),
    metric("role_restarts_10m", Count, Run, "Starts in the last ten minutes that nobody asked for."),
    metric("role_failures_in_row", Count, Run, "Failures in a row."),
    metric("role_failing", Count, Run, "1 = it fails again and again, or has ended for good."),
    metric("role_alerts", Count, Run, "What the supervisor says that somebody should look at."),
    metric("role_lag_seconds", Seconds, Run, "Age of the oldest work that waits."),
];

const CHANNEL: &[Metric] = &[
    metric("channel_failures", Count, Notifier, "Attempts that failed since the channel last sent something."),
    metric("channel_waiting", Count, Notifier, "Notifications that wait for the channel."),
];
