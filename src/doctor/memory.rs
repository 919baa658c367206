//! Whether the rings and flow tables fit into free memory: the kernel charges rings to no cgroup, so that no limit of
//! the service would stop them.

use bytesize::ByteSize;
use capture::config::Config;
use capture::ring::available_bytes;

use super::Finding;

/// Bytes of one entry of the flow table.
const FLOW_ENTRY_BYTES: u64 = 128;

pub fn examine(config: &Config, cores: usize, interfaces: usize) -> Vec<Finding> {
    let listed = if config.cores.is_empty() { cores } else { config.cores.len() };
    let workers = if config.workers == 0 { listed } else { config.workers } as u64;
    let rings = config.ring_bytes.as_u64().saturating_mul(workers).saturating_mul(interfaces as u64);
    let tables = (config.flow_table_entries as u64).saturating_mul(FLOW_ENTRY_BYTES).saturating_mul(workers);
    vec![judge(rings, tables, available_bytes().ok())]
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
    use super::judge;
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
}
