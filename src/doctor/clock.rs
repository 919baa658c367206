//! Whether the clock is set, and something keeps it right: rows are dated by it, and those of several machines compared.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Finding, View, program};

/// What a service that keeps the clock leaves under /run, its name, and whether the file says "synchronised" or only
/// that the service runs.
const TRACES: [(&str, &str, bool); 4] = [
    ("systemd/timesync/synchronized", "systemd-timesyncd", true),
    ("chrony/chronyd.pid", "chrony", false),
    ("ntpd.pid", "ntpd", false),
    ("openntpd.pid", "openntpd", false),
];

/// 2020-01-01: a clock before it was never set.
const SET_S: u64 = 1_577_836_800;

pub fn examine(view: &View) -> Vec<Finding> {
    let unset = judge_time(now_s());
    let kept = judge(
        |trace| view.run.join(trace).exists(),
        || program("timedatectl", &["show", "--property=NTPSynchronized", "--value"]),
    );
    unset.into_iter().chain([kept]).collect()
}

#[expect(clippy::disallowed_methods, reason = "the clock that is judged")]
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn judge_time(now_s: u64) -> Option<Finding> {
    let shown = i64::try_from(now_s).ok().and_then(|s| jiff::Timestamp::from_second(s).ok())?;
    let what = format!("it says {shown}, so it is not set: rows would be dated so, and certificates not be valid yet");
    let remedy = "`timedatectl set-ntp true`, or `date -s`; a machine without a battery needs a time service at boot";
    (now_s < SET_S).then(|| Finding::fail("clock", what, remedy))
}

/// `told` is what systemd says of the kernel's clock, whoever keeps it; asked only where no file says it.
fn judge(exists: impl Fn(&str) -> bool, told: impl FnOnce() -> Option<String>) -> Finding {
    let trace = TRACES.into_iter().find(|(trace, _, _)| exists(trace));
    if let Some((_, name, true)) = trace {
        return Finding::ok("clock", format!("synchronised by {name}"), "");
    }
    let told = told();
    match (trace, told.as_deref().map(str::trim)) {
        (Some((_, name, _)), Some("yes")) => Finding::ok("clock", format!("synchronised by {name}"), ""),
        (None, Some("yes")) => Finding::ok("clock", "synchronised", ""),
        (Some((_, name, _)), Some("no")) => {
            let remedy = "see `chronyc tracking` or `ntpq -p`: is a time server reached?";
            Finding::warn("clock", format!("{name} runs, and the clock is not synchronised"), remedy)
        }
        (Some((_, name, _)), _) => {
            let note = "whether it is synchronised is not shown here; see `chronyc tracking` or `ntpq -p`";
            Finding::ok("clock", format!("{name} runs"), note)
        }
        (None, _) => {
            let what = "no sign of a time service; the host of a container may keep the clock";
            Finding::warn("clock", what, "run systemd-timesyncd or chrony, unless the host keeps the clock")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SET_S, judge, judge_time};
    use crate::doctor::Level;

    #[test]
    fn only_what_is_known_is_claimed() {
        let check = |trace: &str, told: Option<&str>, level: Level, part: &str| {
            let finding = judge(|other| !trace.is_empty() && other.starts_with(trace), || told.map(ToOwned::to_owned));
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.what.contains(part), "{finding:?}");
        };
        check("systemd", Some("no"), Level::Ok, "synchronised by systemd-timesyncd");
        check("chrony", None, Level::Ok, "chrony runs");
        check("chrony", Some("yes\n"), Level::Ok, "synchronised by chrony");
        check("ntpd", Some("no\n"), Level::Warn, "not synchronised");
        check("", Some("yes\n"), Level::Ok, "synchronised");
        check("", Some("no\n"), Level::Warn, "no sign");
        check("", None, Level::Warn, "no sign");
    }

    #[test]
    fn a_clock_that_was_never_set_is_told() {
        for unset in [0, 1_000, SET_S - 1] {
            let finding = judge_time(unset).expect("it is not set");
            assert!(finding.level == Level::Fail && finding.what.contains("19"), "{finding:?}");
        }
        assert_eq!(judge_time(SET_S), None);
        assert_eq!(judge_time(1_796_000_000), None);
    }
}
