//! The kernel's version, and what of AF_PACKET depends on it.

use std::fs;

use super::{Finding, View};

/// The oldest kernel that is supported: the oldest long-term one with everything that is used, such as fanout groups
/// with a number that the kernel chooses (PACKET_FANOUT_FLAG_UNIQUEID).
const OLDEST: (u32, u32) = (5, 10);

/// From here on the timer that hands over a block is exact; before, it waits for the next tick (1 to 10 ms).
const EXACT_BLOCK_TIMER: (u32, u32) = (6, 18);

pub fn examine(view: &View) -> Vec<Finding> {
    vec![judge(fs::read_to_string(view.proc.join("sys/kernel/osrelease")).unwrap_or_default().trim())]
}

fn judge(release: &str) -> Finding {
    let subject = "kernel";
    let Some(version) = version(release) else {
        let what = format!("the version cannot be read from {release:?}");
        return Finding::warn(subject, what, "see `uname -r`: it must be 5.10 or newer");
    };
    if version < OLDEST {
        let what = format!("{release} is older than 5.10, the oldest that is supported");
        return Finding::fail(subject, what, "install a newer kernel");
    }
    if version < EXACT_BLOCK_TIMER {
        let note = "before 6.18 capture.ring_block_timeout is rounded up to the kernel's tick: packets may be shown up \
                    to 10 ms later";
        return Finding::ok(subject, release, note);
    }
    Finding::ok(subject, release, "")
}

/// Major and minor number of `6.1.0-18-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::doctor::Level;

    #[test]
    fn versions_are_compared_as_numbers() {
        let check = |release: &str, level: Level, told: &str| {
            let finding = judge(release);
            assert_eq!(finding.level, level, "{release}");
            assert!(format!("{} {}", finding.what, finding.remedy).contains(told), "{finding:?}");
        };
        check("4.19.0-26-amd64", Level::Fail, "newer kernel");
        check("5.4.0", Level::Fail, "5.10");
        check("5.10.0-28-amd64", Level::Ok, "tick");
        check("6.9.3", Level::Ok, "tick");
        check("6.18.44", Level::Ok, "6.18.44");
        check("7.0-rc1", Level::Ok, "7.0");
        check("", Level::Warn, "uname");
        check("six", Level::Warn, "uname");
    }
}
