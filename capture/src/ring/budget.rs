//! Checks that all rings fit into free memory: the kernel charges them to no control group, so nobody else does.

use super::error::RingError;

/// Part of the available memory that rings may take: the rest is for flow tables, the database and the machine's work.
const SHARE: (u64, u64) = (1, 2);

/// Bytes of all rings together, if they are at most half of `available_bytes` (see [`available_bytes`]).
///
/// # Errors
/// [`RingError::Budget`] with the numbers.
pub fn budget(workers: usize, interfaces: usize, ring_bytes: u64, available_bytes: u64) -> Result<u64, RingError> {
    let needed = (workers as u64).saturating_mul(interfaces as u64).saturating_mul(ring_bytes);
    let available = available_bytes / SHARE.1 * SHARE.0;
    if needed > available {
        return Err(RingError::Budget { needed, workers, interfaces, ring_bytes, available });
    }
    Ok(needed)
}

/// MemAvailable of /proc/meminfo, in bytes.
///
/// # Errors
/// [`RingError::MemInfo`] when it cannot be read.
pub fn available_bytes() -> Result<u64, RingError> {
    let text = std::fs::read_to_string("/proc/meminfo").map_err(RingError::MemInfo)?;
    parse_available(&text).ok_or_else(|| RingError::MemInfo(std::io::ErrorKind::InvalidData.into()))
}

fn parse_available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read() {
        assert_eq!(parse_available("MemTotal: 9 kB\nMemAvailable:   24001234 kB\n"), Some(24_001_234 * 1024));
        assert_eq!(parse_available("MemTotal: 9 kB\n"), None);
        assert!(available_bytes().expect("Linux has /proc/meminfo") > 0);
    }

    #[test]
    fn rings_beyond_half_of_free_memory_are_refused_with_the_numbers() {
        assert_eq!(budget(8, 2, 16 << 20, 1 << 30).expect("256 MiB of 512"), 256 << 20);
        let error = budget(64, 3, 16 << 20, 1 << 30).expect_err("3 GiB of 512 MiB").to_string();
        assert!(error.contains("3221225472") && error.contains("536870912") && error.contains("ring_bytes"), "{error}");
        assert!(budget(usize::MAX, usize::MAX, u64::MAX, u64::MAX).is_err());
    }
}
