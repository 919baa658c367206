//! Whether something keeps the clock right: rows of several machines are compared by their times.

use super::{Finding, View};

/// What a service that keeps the clock leaves under /run, its name, and whether the file says "synchronised" or only
/// that the service runs.
const TRACES: [(&str, &str, bool); 4] = [
    ("systemd/timesync/synchronized", "systemd-timesyncd", true),
    ("chrony/chronyd.pid", "chrony", false),
    ("ntpd.pid", "ntpd", false),
    ("openntpd.pid", "openntpd", false),
];

pub fn examine(view: &View) -> Vec<Finding> {
    vec![judge(|trace| view.run.join(trace).exists())]
}

fn judge(exists: impl Fn(&str) -> bool) -> Finding {
    match TRACES.into_iter().find(|(trace, _, _)| exists(trace)) {
        Some((_, name, true)) => Finding::ok("clock", format!("synchronised by {name}"), ""),
        Some((_, name, false)) => {
            let note = "whether it is synchronised is not shown here; see `chronyc tracking` or `ntpq -p`";
            Finding::ok("clock", format!("{name} runs"), note)
        }
        None => {
            let what = "no sign of a time service; the host of a container may keep the clock";
            Finding::warn("clock", what, "run systemd-timesyncd or chrony, unless the host keeps the clock")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::doctor::Level;

    #[test]
    fn only_what_is_known_is_claimed() {
        assert!(judge(|trace| trace.starts_with("systemd")).what.contains("synchronised by"));
        let chrony = judge(|trace| trace.starts_with("chrony"));
        assert!(chrony.level == Level::Ok && !chrony.what.contains("synchronised"), "{chrony:?}");
        assert_eq!(judge(|_| false).level, Level::Warn);
    }
}
