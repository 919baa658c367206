//! What somebody should look at: raised once, told in the log when it begins and ends, kept in the line between.

use live::line::{Alert, RoleState};

/// Restarts in a row that did not hold, from which on a role is said to be failing.
const FAILING_FROM: u64 = 3;

/// A role that is not ready by then is worth a look.
const NOT_READY_MS: u64 = 60_000;

/// A queue is refilled in seconds, so only the next minute counts, and only from this fill on.
const QUEUE_HORIZON_S: u64 = 60;
/// See [`QUEUE_HORIZON_S`].
const QUEUE_PERCENT_MIN: u64 = 25;

/// A spool lasts for long; half an hour is time enough to bring a database back.
const SPOOL_HORIZON_S: u64 = 1_800;
/// See [`SPOOL_HORIZON_S`].
const SPOOL_PERCENT_MIN: u64 = 10;

/// Work that waits this long, ...
const LAG_MS_MIN: u64 = 10_000;
/// ... and waits longer and longer, by at least half a second each second: it does not keep up.
const LAG_RISE_MS_MIN: i64 = 500;

/// The kinds, and whether a role has the trouble: the sentence that says so.
type Judge = fn(&RoleState, u64) -> Option<String>;

/// Each kind of alert.
const KINDS: [(&str, Judge); 7] = [
    ("ended", ended),
    ("failing", failing),
    ("not_ready", not_ready),
    ("overloaded", overloaded),
    ("queue_fills", queue_fills),
    ("spool_fills", spool_fills),
    ("falls_behind", falls_behind),
];

fn ended(role: &RoleState, _: u64) -> Option<String> {
    let told = "ended in a way that a restart cannot mend; correct what its last message names and start it again";
    (role.state == "ended").then(|| format!("{} {told}", role.role))
}

fn failing(role: &RoleState, _: u64) -> Option<String> {
    let why = role.recent_failures.last().map_or("not known", |failure| failure.why.as_str());
    (role.failures_in_row >= FAILING_FROM).then(|| {
        let (name, row) = (&role.role, role.failures_in_row);
        format!("{name} failed {row} times in a row, last: {why}; it is started more slowly, see its messages")
    })
}

fn not_ready(role: &RoleState, alive_ms: u64) -> Option<String> {
    (role.state == "starting" && alive_ms >= NOT_READY_MS)
        .then(|| format!("{} is not ready {} s after its start", role.role, alive_ms / 1_000))
}

fn overloaded(role: &RoleState, _: u64) -> Option<String> {
    (role.state == "overloaded").then(|| format!("{} cannot keep up: {}", role.role, role.overloaded))
}

fn queue_fills(role: &RoleState, _: u64) -> Option<String> {
    let seconds = role.queue.seconds_until_full.filter(|seconds| *seconds <= QUEUE_HORIZON_S)?;
    let percent = role.queue.fill.percent();
    (percent >= QUEUE_PERCENT_MIN)
        .then(|| format!("a queue of {} is {percent} % full, and full in {seconds} s if this goes on", role.role))
}

fn spool_fills(role: &RoleState, _: u64) -> Option<String> {
    let seconds = role.spool.seconds_until_full.filter(|seconds| *seconds <= SPOOL_HORIZON_S)?;
    let percent = role.spool.fill.percent();
    (percent >= SPOOL_PERCENT_MIN).then(|| {
        let minutes = seconds.div_ceil(60);
        let remedy = "is the store away or too slow? see ingest, or raise spool.bytes_max";
        format!("the spool of {} is {percent} % full, and full in {minutes} min if this goes on; {remedy}", role.role)
    })
}

fn falls_behind(role: &RoleState, _: u64) -> Option<String> {
    let rise = role.lag_rise_ms_per_second.filter(|rise| *rise >= LAG_RISE_MS_MIN)?;
    (role.lag_ms >= LAG_MS_MIN).then(|| {
        let (name, lag_s) = (&role.role, role.lag_ms / 1_000);
        format!("{name} falls behind: its oldest work waits for {lag_s} s, {rise} ms more each second")
    })
}

/// The alerts that stand; one of each kind and role at most.
#[derive(Debug, Default)]
pub struct Alerts {
    standing: Vec<Alert>,
}

impl Alerts {
    /// Judges a role whose process lives for `alive_ms`; tells what begins and what ends.
    pub fn judge(&mut self, role: &RoleState, alive_ms: u64, wall_ns: u64) {
        for (kind, judge) in KINDS {
            let at = self.standing.iter().position(|alert| alert.role == role.role && alert.kind == kind);
            match (judge(role, alive_ms), at) {
                (Some(text), Some(at)) => self.standing[at].text = text,
                (Some(text), None) => {
                    tracing::error!(alert = kind, "{text}");
                    let (role, kind) = (role.role.clone(), kind.to_owned());
                    self.standing.push(Alert { role, kind, since_ns: wall_ns, text });
                }
                (None, Some(at)) => {
                    let over = self.standing.remove(at);
                    tracing::info!(alert = kind, "over: {}", over.text);
                }
                (None, None) => {}
            }
        }
    }

    /// Those that stand.
    pub fn standing(&self) -> &[Alert] {
        &self.standing
    }
}

#[cfg(test)]
mod tests {
    use live::heartbeat::Fill;
    use live::line::{Failure, Forecast, RoleState};

    use super::Alerts;

    fn kinds(alerts: &Alerts) -> Vec<&str> {
        alerts.standing().iter().map(|alert| alert.kind.as_str()).collect()
    }

    fn role() -> RoleState {
        RoleState { role: "ingest".to_owned(), state: "ready".to_owned(), ..RoleState::default() }
    }

    #[test]
    fn an_alert_keeps_its_beginning_and_goes_when_its_reason_goes() {
        let mut alerts = Alerts::default();
        let failure = Failure { why: "signal: 9 (SIGKILL)".to_owned(), ..Failure::default() };
        let mut failing = RoleState { failures_in_row: 2, recent_failures: vec![failure], ..role() };
        alerts.judge(&failing, 0, 1);
        assert!(alerts.standing().is_empty(), "two failures may be chance");
        failing.failures_in_row = 3;
        alerts.judge(&failing, 0, 2);
        failing.failures_in_row = 4;
        alerts.judge(&failing, 0, 3);
        assert_eq!(kinds(&alerts), ["failing"]);
        let alert = &alerts.standing()[0];
        assert_eq!((alert.role.as_str(), alert.since_ns), ("ingest", 2));
        assert!(alert.text.contains("4 times") && alert.text.contains("SIGKILL"), "{}", alert.text);
        alerts.judge(&role(), 0, 4);
        assert!(alerts.standing().is_empty());
    }

    #[test]
    fn trouble_is_foreseen_before_it_is_there() {
        let check = |role: RoleState, alive_ms: u64, expect: &[&str]| {
            let mut alerts = Alerts::default();
            alerts.judge(&role, alive_ms, 1);
            assert_eq!(kinds(&alerts), expect, "{role:?}");
        };
        let filling = |percent: u64, seconds: Option<u64>| Forecast {
            fill: Fill { used: percent, max: 100 },
            seconds_until_full: seconds,
        };
        check(RoleState { spool: filling(40, Some(1_700)), ..role() }, 0, &["spool_fills"]);
        check(RoleState { spool: filling(40, Some(1_900)), ..role() }, 0, &[]);
        check(RoleState { spool: filling(9, Some(1_000)), ..role() }, 0, &[]);
        check(RoleState { spool: filling(90, None), ..role() }, 0, &[]);
        check(RoleState { queue: filling(30, Some(50)), ..role() }, 0, &["queue_fills"]);
        check(RoleState { queue: filling(30, Some(70)), ..role() }, 0, &[]);
        check(RoleState { lag_ms: 12_000, lag_rise_ms_per_second: Some(990), ..role() }, 0, &["falls_behind"]);
        check(RoleState { lag_ms: 12_000, lag_rise_ms_per_second: Some(-990), ..role() }, 0, &[]);
        check(RoleState { state: "starting".to_owned(), ..role() }, 61_000, &["not_ready"]);
        check(RoleState { state: "starting".to_owned(), ..role() }, 59_000, &[]);
        check(RoleState { state: "overloaded".to_owned(), ..role() }, 0, &["overloaded"]);
        check(RoleState { state: "ended".to_owned(), ..role() }, 0, &["ended"]);
    }
}
