//! Ranges of `[capture]`.

use std::time::Duration;

use bytesize::ByteSize;
use capture::config::Config;
use capture::interface::check_name;

use super::{Machine, Report};

/// Below it the kernel cuts GRO superframes: the longest frame is the block less its header.
const BLOCK_BYTES_MIN: u64 = 128 << 10;

/// The kernel takes a block as one run of pages and refuses more than this order on common configurations.
const BLOCK_BYTES_MAX: u64 = 4 << 20;

/// One ring; the kernel counts its bytes in 32 bits, and frees nothing while it stands.
const RING_BYTES_MAX: u64 = 2 << 30;

/// A ring of fewer blocks stops when the worker holds one and the kernel fills one.
const RING_BLOCKS_MIN: u64 = 4;

/// 2^24 entries of 128 bytes are 2 GiB per worker.
const FLOW_TABLE_ENTRIES_MAX: usize = 1 << 24;
const FLOW_TABLE_ENTRIES_MIN: usize = 1 << 8;

pub fn check(config: &Config, machine: &Machine, report: &mut Report) {
    check_interfaces(config, report);
    check_workers(config, machine, report);
    check_ring(config, report);
    check_flows(config, report);
}

fn check_interfaces(config: &Config, report: &mut Report) {
    for (index, name) in config.interfaces.iter().enumerate() {
        if check_name(name).is_err() {
            report.problem(
                "capture.interfaces",
                format_args!("{name:?}"),
                "an interface name of 1 to 15 bytes without blanks, `/` and `:`",
                "`ip -brief link` lists them",
            );
        } else if config.interfaces[..index].contains(name) {
            report.problem(
                "capture.interfaces",
                format_args!("{name:?}"),
                "each interface once",
                "remove the repetition: its packets would be counted twice",
            );
        }
    }
}

fn check_workers(config: &Config, machine: &Machine, report: &mut Report) {
    for (index, core) in config.cores.iter().enumerate() {
        if !machine.cores.contains(core) {
            report.problem(
                "capture.cores",
                core,
                format_args!("a core that this process may use: {:?}", machine.cores),
                "remove it, or widen the CPU set of the service",
            );
        } else if config.cores[..index].contains(core) {
            report.problem("capture.cores", core, "each core once", "remove the repetition");
        }
    }
    let cores = if config.cores.is_empty() { machine.cores.len() } else { config.cores.len() };
    if config.workers > cores {
        let whose = if config.cores.is_empty() { "this process may use" } else { "capture.cores lists" };
        report.problem(
            "capture.workers",
            config.workers,
            format_args!("0 (one for each core) to {cores}, the cores that {whose}"),
            "lower it, or remove the key: two workers on one core only wait for each other",
        );
    }
}

fn check_ring(config: &Config, report: &mut Report) {
    let block = config.ring_block_bytes.as_u64();
    let ring = config.ring_bytes.as_u64();
    if !block.is_power_of_two() || !(BLOCK_BYTES_MIN..=BLOCK_BYTES_MAX).contains(&block) {
        report.problem(
            "capture.ring_block_bytes",
            format_args!("{block} B"),
            "a power of two from 128KiB to 4MiB",
            "256KiB suits links up to 10 Gbit/s; smaller blocks would cut the frames that GRO merged",
        );
    } else if ring < RING_BLOCKS_MIN * block || ring > RING_BYTES_MAX || !ring.is_multiple_of(block) {
        report.problem(
            "capture.ring_bytes",
            format_args!("{ring} B"),
            format_args!(
                "{} to {}, a multiple of ring_block_bytes ({})",
                ByteSize(RING_BLOCKS_MIN * block),
                ByteSize(RING_BYTES_MAX),
                config.ring_block_bytes
            ),
            "16MiB per worker and interface is the default; more rides out longer pauses",
        );
    }
    report.duration(
        "capture.ring_block_timeout",
        config.ring_block_timeout,
        Duration::from_millis(1),
        Duration::from_secs(1),
        "10ms is the default: shorter wakes the workers more often, longer shows packets later",
    );
    report.number(
        "capture.snaplen",
        u64::from(config.snaplen),
        64,
        65_535,
        "192 holds the headers of every encapsulation that is read",
    );
}

fn check_flows(config: &Config, report: &mut Report) {
    let (low, high) = (Duration::from_millis(100), Duration::from_secs(86_400));
    report.duration_or_never("capture.flow_idle_timeout", config.flow_idle_timeout, low, high, "15s is the default");
    report.duration_or_never("capture.flow_active_timeout", config.flow_active_timeout, low, high, "1m is the default");
    let entries = config.flow_table_entries;
    if !entries.is_power_of_two() || !(FLOW_TABLE_ENTRIES_MIN..=FLOW_TABLE_ENTRIES_MAX).contains(&entries) {
        report.problem(
            "capture.flow_table_entries",
            entries,
            format_args!("a power of two from {FLOW_TABLE_ENTRIES_MIN} to {FLOW_TABLE_ENTRIES_MAX}"),
            "262144 (32 MiB per worker) is the default",
        );
    }
    report.number(
        "capture.fold_flows_per_second",
        u64::from(config.fold_flows_per_second),
        1,
        10_000_000,
        "set capture.fold = false to write every flow whatever comes",
    );
}
