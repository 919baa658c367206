//! Files of one meaning each: loadavg, meminfo, vmstat, uptime.

use live::host::Memory;

/// The three averages of /proc/loadavg.
pub fn load(text: &str) -> [f64; 3] {
    let mut averages = text.split_ascii_whitespace().map(number);
    std::array::from_fn(|_| averages.next().unwrap_or(0.0))
}

/// Seconds of /proc/uptime.
pub fn uptime_s(text: &str) -> u64 {
    text.split_ascii_whitespace().next().map_or(0.0, number) as u64
}

/// A number that is one: neither negative, nor infinite, nor none.
fn number(text: &str) -> f64 {
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0).unwrap_or(0.0)
}

/// /proc/meminfo in bytes. A kernel without `MemAvailable` (before 3.14) gets what it is made of.
pub fn memory(text: &str) -> Memory {
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|value| value.split_ascii_whitespace().next()?.parse::<u64>().ok());
        kib.map(|kib| kib.saturating_mul(1024))
    };
    let value = |name: &str| of(name).unwrap_or(0);
    let total = value("MemTotal");
    let available = of("MemAvailable")
        .unwrap_or_else(|| value("MemFree").saturating_add(value("Buffers")).saturating_add(value("Cached")));
    let swap_total = value("SwapTotal");
    Memory {
        total,
        available: available.min(total),
        swap_total,
        swap_used: swap_total.saturating_sub(value("SwapFree")),
    }
}

/// Processes killed for want of memory, of /proc/vmstat; kernels before 4.13 do not count them.
pub fn oom_kills(text: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{load, memory, oom_kills, uptime_s};

    #[test]
    fn real_texts_are_read() {
        assert_eq!(load("12.34 5.60 1.00 3/812 99\n"), [12.34, 5.6, 1.0]);
        assert_eq!(uptime_s("35741.17 141883.54\n"), 35_741);
        assert_eq!(oom_kills("pgfault 1\noom_kill 7\noom_killer 9\n"), 7);
        let text = "MemTotal:        8049356 kB\nMemFree:  100 kB\nMemAvailable:    6249476 kB\nSwapTotal: 2097148 kB\n\
                    SwapFree:  2097100 kB\n";
        let found = memory(text);
        assert_eq!((found.total, found.available), (8_049_356 << 10, 6_249_476 << 10));
        assert_eq!((found.swap_total, found.swap_used), (2_097_148 << 10, 48 << 10));
    }

    #[test]
    fn missing_fields_and_huge_numbers_do_no_harm() {
        for text in ["", "\n", "nan inf -1", "x y z", "1e400 2", "MemTotal:", "MemTotal: kB", "oom_kill -1", "\0\0"] {
            assert!(load(text).iter().all(|load| load.is_finite() && *load >= 0.0), "{text:?}");
            uptime_s(text);
            memory(text);
            assert_eq!(oom_kills(text), 0);
        }
        let text = format!("MemTotal: {0} kB\nMemFree: {0} kB\nCached: {0} kB\nSwapFree: {0} kB", u64::MAX);
        let found = memory(&text);
        assert_eq!((found.total, found.available, found.swap_used), (u64::MAX, u64::MAX, 0));
        assert_eq!(memory("MemFree: 1 kB\nBuffers: 2 kB\nCached: 3 kB\nMemTotal: 10 kB").available, 6 << 10);
    }
}
