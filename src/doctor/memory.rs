//! Whether the rings and flow tables fit into free memory: the kernel charges rings to no cgroup, so that no limit of
//! the service would stop them.

use std::fs;

use bytesize::ByteSize;
use capture::config::Config;

use super::{Finding, View};

/// Bytes of one entry of the flow table.
const FLOW_ENTRY_BYTES: u64 = 128;

pub fn examine(config: &Config, cores: usize, interfaces: usize, view: &View) -> Vec<Finding> {
    let listed = if config.cores.is_empty() { cores } else { config.cores.len() };
    let workers = if config.workers == 0 { listed } else { config.workers } as u64;
    let rings = config.ring_bytes.as_u64().saturating_mul(workers).saturating_mul(interfaces as u64);
    let tables = (config.flow_table_entries as u64).saturating_mul(FLOW_ENTRY_BYTES).saturating_mul(workers);
    let available = available(&fs::read_to_string(view.proc.join("meminfo")).unwrap_or_default());
    vec![judge(rings, tables, available)]
}

/// MemAvailable of /proc/meminfo, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn judge(rings: u64, tables: u64, available: Option<u64>) -> Finding {
    let need = rings.saturating_add(tables);
    let told = format!("rings {} + flow tables {}", ByteSize(rings), ByteSize(tables));
    let remedy = "lower capture.ring_bytes, capture.flow_table_entries or capture.workers";
    match available {
        None => Finding::warn("memory", format!("{told}; how much is free is not shown"), remedy),
        Some(free) if need > free => {
            Finding::fail("memory", format!("{told} are more than the {} that are free", ByteSize(free)), remedy)
        }
        Some(free) if need > free / 2 => Finding::warn(
            "memory",
            format!("{told} are more than half of the {} that are free", ByteSize(free)),
            remedy,
        ),
        Some(free) => Finding::ok("memory", format!("{told}, of {} that are free", ByteSize(free)), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{available, judge};
    use crate::doctor::Level;

    #[test]
    fn the_budget_is_held_against_free_memory() {
        let check = |rings, tables, free, level| assert_eq!(judge(rings, tables, free).level, level);
        check(10, 10, Some(100), Level::Ok);
        check(25, 25, Some(100), Level::Ok);
        check(26, 25, Some(100), Level::Warn);
        check(51, 50, Some(100), Level::Fail);
        check(u64::MAX, u64::MAX, Some(u64::MAX), Level::Warn);
        check(1, 1, None, Level::Warn);
    }

    #[test]
    fn free_memory_is_read_in_bytes() {
        assert_eq!(available("MemTotal:  24000 kB\nMemAvailable:   1024 kB\n"), Some(1 << 20));
        assert_eq!(available("MemAvailable:   18446744073709551615 kB\n"), None);
        assert_eq!(available("MemAvailable: lots\n"), None);
        assert_eq!(available(""), None);
    }
}
