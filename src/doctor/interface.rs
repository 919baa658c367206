//! Whether an interface exists, is up, and delivers frames of a kind that is read.

use std::fs;

use super::{Finding, View};

/// ARPHRD_ETHER and ARPHRD_LOOPBACK (linux/if_arp.h): both deliver Ethernet frames.
const ETHERNET: [u32; 2] = [1, 772];

/// IFF_UP (linux/if.h).
const UP: u32 = 1;

pub fn examine(name: &str, view: &View) -> Vec<Finding> {
    let read = |file: &str| fs::read_to_string(view.interface(name).join(file)).ok();
    let seen = Seen {
        exists: view.interface(name).exists(),
        kind: read("type").and_then(|text| text.trim().parse().ok()),
        flags: read("flags").and_then(|text| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()),
        state: read("operstate").unwrap_or_default().trim().to_owned(),
    };
    judge(name, &seen)
}

/// What /sys shows of an interface.
#[derive(Clone, Debug)]
struct Seen {
    exists: bool,
    kind: Option<u32>,
    flags: Option<u32>,
    state: String,
}

fn judge(name: &str, seen: &Seen) -> Vec<Finding> {
    let subject = format!("interface {name}");
    if !seen.exists {
        let remedy = "correct capture.interfaces or --interface; `ip -brief link` lists the names";
        return vec![Finding::fail(subject, "does not exist here; capture would wait for it", remedy)];
    }
    if let Some(kind) = seen.kind.filter(|kind| !ETHERNET.contains(kind)) {
        let what = format!("delivers no Ethernet frames (type {kind}); they would all be counted as unsupported");
        let remedy = "capture the Ethernet interface below it; the outer packets are seen there";
        return vec![Finding::fail(subject, what, remedy)];
    }
    match (seen.flags, seen.state.as_str()) {
        (Some(flags), _) if flags & UP == 0 => {
            vec![Finding::warn(subject, "is down", format!("`ip link set {name} up`; capture begins by itself"))]
        }
        (_, state @ ("down" | "lowerlayerdown" | "dormant" | "notpresent")) => {
            let remedy = "look at the cable or the other end; capture begins by itself when the link comes";
            vec![Finding::warn(subject, format!("has no link ({state})"), remedy)]
        }
        (None, _) => vec![Finding::warn(subject, "/sys does not show its state", "see `ip -brief link`")],
        (Some(_), _) => vec![Finding::ok(subject, "is up and delivers Ethernet frames", "")],
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, judge};
    use crate::doctor::Level;

    #[test]
    fn each_state_has_its_finding() {
        let check = |seen: Seen, level: Level, told: &str| {
            let findings = judge("eth0", &seen);
            assert_eq!(findings.len(), 1, "{seen:?}");
            assert_eq!(findings[0].level, level, "{seen:?}");
            assert!(findings[0].what.contains(told), "{findings:?}");
        };
        let good = Seen { exists: true, kind: Some(1), flags: Some(0x1003), state: "up".to_owned() };
        check(good.clone(), Level::Ok, "is up");
        check(Seen { kind: Some(772), state: "unknown".to_owned(), ..good.clone() }, Level::Ok, "is up");
        check(Seen { flags: Some(0x1002), ..good.clone() }, Level::Warn, "is down");
        check(Seen { state: "lowerlayerdown".to_owned(), ..good.clone() }, Level::Warn, "no link");
        check(Seen { flags: None, ..good.clone() }, Level::Warn, "does not show");
        check(Seen { kind: Some(65_534), ..good.clone() }, Level::Fail, "65534");
        check(Seen { exists: false, ..good }, Level::Fail, "does not exist");
    }
}
