//! Receive offloads that merge packets before they are seen.

use std::process::Command;

use capture::config::Backend;

use super::{Finding, Level};

pub fn examine(name: &str, backend: Backend) -> Vec<Finding> {
    let subject = format!("{name} offloads");
    match Command::new("ethtool").args(["-k", name]).output() {
        Ok(output) if output.status.success() => {
            judge(&subject, name, backend, &String::from_utf8_lossy(&output.stdout))
        }
        Ok(_) => vec![unseen(subject, "ethtool cannot read them")],
        Err(_) => vec![unseen(subject, "not seen: the program ethtool is not installed")],
    }
}

fn unseen(subject: String, what: &str) -> Finding {
    let note = "`ethtool -k` shows them: large-receive-offload should be off";
    Finding::new(Level::Warn, subject, what, note)
}

fn judge(subject: &str, name: &str, backend: Backend, told: &str) -> Vec<Finding> {
    let on = |feature: &str| {
        told.lines()
            .find_map(|line| line.trim().strip_prefix(feature)?.strip_prefix(": "))
            .map(|state| state.starts_with("on"))
    };
    let large = on("large-receive-offload");
    let generic = [on("generic-receive-offload"), on("rx-gro-hw")].contains(&Some(true));
    if large == Some(true) {
        let what = "LRO is on: the card merges packets and does not say how many";
        return vec![Finding::warn(subject, what, format!("`ethtool -K {name} lro off`"))];
    }
    if generic && backend == Backend::Copy {
        let what = "GRO is on: the copy backend counts a merged frame as one packet";
        return vec![Finding::warn(
            subject,
            what,
            format!("`ethtool -K {name} gro off`, or capture.backend = \"ring\""),
        )];
    }
    if large.is_none() {
        return vec![unseen(subject.to_owned(), "ethtool does not name LRO")];
    }
    let note = if generic { "GRO may stay on: merged frames are counted as the packets they were" } else { "" };
    vec![Finding::ok(subject, "the card merges nothing in secret", note)]
}

#[cfg(test)]
mod tests {
    use capture::config::Backend;

    use super::judge;
    use crate::doctor::Level;

    #[test]
    fn merging_that_hides_packets_is_told() {
        let check = |lro: &str, gro: &str, backend: Backend, level: Level, told: &str| {
            let text = format!(
                "Features for eth0:\ngeneric-receive-offload: {gro}\nlarge-receive-offload: {lro}\nrx-gro-hw: off [fixed]\n"
            );
            let findings = judge("eth0 offloads", "eth0", backend, &text);
            assert_eq!(findings[0].level, level, "{text}");
            assert!(format!("{:?}", findings[0]).contains(told), "{findings:?}");
        };
        check("off [fixed]", "on", Backend::Ring, Level::Ok, "may stay on");
        check("off", "off", Backend::Copy, Level::Ok, "nothing in secret");
        check("on", "on", Backend::Ring, Level::Warn, "lro off");
        check("off", "on", Backend::Copy, Level::Warn, "gro off");
    }

    #[test]
    fn unknown_output_is_not_taken_for_good() {
        assert_eq!(judge("x", "x", Backend::Ring, "")[0].level, Level::Warn);
    }
}
