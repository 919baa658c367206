//! Whether this process has the one capability that capture needs.

use std::fs;

use super::{Finding, View};

/// The bit of CAP_NET_RAW in the masks of /proc/self/status (linux/capability.h).
const NET_RAW: u32 = 13;

pub fn examine(view: &View) -> Vec<Finding> {
    vec![judge(&fs::read_to_string(view.proc.join("self/status")).unwrap_or_default())]
}

fn judge(status: &str) -> Finding {
    let subject = "CAP_NET_RAW";
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    match mask {
        Some(mask) if mask >> NET_RAW & 1 == 1 => Finding::ok(subject, "this process may capture", ""),
        Some(_) => Finding::warn(
            subject,
            "this process may not capture; capture started like this ends with exit code 77",
            "the systemd unit grants it; to try it by hand, run as root or `setcap cap_net_raw+ep` the program",
        ),
        None => Finding::warn(subject, "/proc/self/status does not show it", "mount /proc, or run it on the host"),
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::doctor::Level;

    #[test]
    fn the_effective_mask_decides() {
        let check = |status: &str, level: Level| assert_eq!(judge(status).level, level, "{status}");
        check("Name:\tx\nCapPrm:\t0\nCapEff:\t0000000000002000\nCapBnd:\t0\n", Level::Ok);
        check("CapEff:\t000001ffffffffff\n", Level::Ok);
        check("CapPrm:\t0000000000002000\nCapEff:\t0000000000000000\n", Level::Warn);
        check("CapEff:\t000001ffffffdfff\n", Level::Warn);
        check("CapEff:\tnonsense\n", Level::Warn);
        check("", Level::Warn);
    }
}
