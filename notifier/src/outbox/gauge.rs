//! How a channel goes: whether it fails, since when, and when it is tried again.

use std::sync::Arc;

use live::incident::{Severity, Subject, SubjectKind, Unit, Words};

use crate::judgement::{CHANNEL_FAILING, Class, Level, Reading, RuleHead};

const SECOND_NS: u64 = 1_000_000_000;

/// Failures in a row after which it is the channel that fails, not the message.
const FAILURES: u64 = 3;

/// Between two tries of a channel that fails: what waits must be gone a minute after its return.
const PROBE_NS_MAX: u64 = 20 * SECOND_NS;

/// Between two tries of one that a person must mend.
const BROKEN_PROBE_NS: u64 = 60 * SECOND_NS;

/// It is an incident when it fails for so long.
const INCIDENT_NS: u64 = 60 * SECOND_NS;

/// First wait of a message, and the longest.
const BACK_OFF_NS: (u64, u64) = (5 * SECOND_NS, 300 * SECOND_NS);

/// One channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauge {
    /// Attempts that failed since the last that did not.
    pub failures: u64,
    /// Recipients refused since the last that was not.
    pub refused: u64,
    /// Since when it fails, ns; 0 = it does not.
    pub since_ns: u64,
    /// A person must mend it.
    pub is_broken: bool,
    /// Why, in its own words.
    pub reason: String,
    /// When it last sent something, ns.
    pub last_sent_ns: u64,
    /// Attempts under way.
    pub sending: u32,
    /// When it is tried again while it fails, ns.
    pub probe_ns: u64,
}

impl Gauge {
    /// Whether it is the channel that fails.
    pub fn is_failing(&self) -> bool {
        self.is_broken || self.failures >= FAILURES
    }

    /// For how long it has been failing, ns; 0 = it does not.
    pub fn failing_ns(&self, now_ns: u64) -> u64 {
        if self.is_failing() { now_ns.saturating_sub(self.since_ns) } else { 0 }
    }

    /// Something was accepted; true = it had been failing.
    pub fn succeeded(&mut self, now_ns: u64) -> bool {
        let was_failing = self.is_failing();
        *self = Gauge { last_sent_ns: now_ns, sending: self.sending, ..Gauge::default() };
        was_failing
    }

    /// The server spoke, and did not want this recipient.
    pub fn refused(&mut self, reason: &str) {
        *self = Gauge {
            refused: self.refused + 1,
            last_sent_ns: self.last_sent_ns,
            sending: self.sending,
            ..Gauge::default()
        };
        reason.clone_into(&mut self.reason);
    }

    /// An attempt failed.
    pub fn failed(&mut self, reason: &str, is_broken: bool, now_ns: u64) {
        if self.failures == 0 && !self.is_broken {
            self.since_ns = now_ns;
        }
        self.failures += 1;
        self.is_broken = is_broken;
        reason.clone_into(&mut self.reason);
        let wait_ns =
            if is_broken { BROKEN_PROBE_NS } else { (BACK_OFF_NS.0 << self.failures.min(4)).min(PROBE_NS_MAX) };
        self.probe_ns = now_ns + wait_ns;
    }

    /// Its word for people.
    pub fn state(&self) -> String {
        if self.is_broken || self.failures > 0 || self.refused > 0 {
            format!("failing: {}", self.reason)
        } else if self.sending > 0 {
            "sending".to_owned()
        } else {
            "idle".to_owned()
        }
    }

    /// The judgement on it, for the other channels: a channel that does not deliver is an incident.
    pub fn reading(&self, channel: &str, rule: &Arc<RuleHead>, now_ns: u64) -> Reading {
        let failing_ns = self.failing_ns(now_ns);
        let is_above = self.is_broken || failing_ns >= INCIDENT_NS || self.refused > 0;
        let level = match (is_above, self.failures) {
            (true, _) => Level::Above,
            (false, 0) => Level::Below,
            (false, _) => Level::Between,
        };
        let reason = &self.reason;
        Reading {
            rule: Arc::clone(rule),
            subject: Subject { kind: SubjectKind::Channel, name: channel.to_owned() },
            level,
            value: failing_ns as f64 / SECOND_NS as f64,
            limit: INCIDENT_NS as f64 / SECOND_NS as f64,
            unit: Unit::Seconds,
            summary: Words {
                en: format!("the channel {channel} does not deliver: {reason}"),
                ru: format!("канал {channel} не доставляет сообщения: {reason}"),
            },
            remedy: Words {
                en: format!("mend its settings or its server, then run `floodmark notify test {channel}`"),
                ru: format!("исправьте его настройки или сервер, затем выполните `floodmark notify test {channel}`"),
            },
            attack: None,
        }
    }
}

/// The rule that judges channels.
pub fn rule() -> RuleHead {
    RuleHead {
        name: CHANNEL_FAILING.to_owned(),
        severity: Severity::Critical,
        class: Class::Delivery,
        why: Words {
            en: "whoever relies on a channel must hear by another that it is silent".to_owned(),
            ru: "тот, кто полагается на канал, должен узнать по другому, что этот молчит".to_owned(),
        },
        ..RuleHead::default()
    }
}

/// How long a message waits after its attempt number `attempts`, ns: 5 s doubling to 5 min, a quarter more or less by
/// its id, so that many do not come back at once.
pub fn back_off_ns(attempts: u32, id: &str) -> u64 {
    let doubled = BACK_OFF_NS.0.saturating_mul(1 << attempts.saturating_sub(1).min(10)).min(BACK_OFF_NS.1);
    let spread =
        id.bytes().fold(u64::from(attempts), |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let wait_ns = doubled - doubled / 4 + (spread % 1_000) * (doubled / 2) / 1_000;
    wait_ns.clamp(BACK_OFF_NS.0, BACK_OFF_NS.1)
}

#[cfg(test)]
mod tests {
    use super::{BACK_OFF_NS, Gauge, back_off_ns};

    #[test]
    fn waits_double_within_their_bounds_and_differ() {
        let waits: Vec<u64> = (1..40).map(|attempts| back_off_ns(attempts, "a")).collect();
        assert!(waits.iter().all(|wait| (BACK_OFF_NS.0..=BACK_OFF_NS.1).contains(wait)), "{waits:?}");
        assert!(waits[0] < waits[3] && waits[3] < waits[10]);
        assert_ne!(back_off_ns(5, "a"), back_off_ns(5, "b"));
    }

    #[test]
    fn a_channel_fails_after_three_attempts_and_recovers_at_once() {
        let mut gauge = Gauge::default();
        (0..2).for_each(|n| gauge.failed("no route", false, 10 + n));
        assert!(!gauge.is_failing());
        gauge.failed("no route", false, 12);
        assert!(gauge.is_failing() && gauge.failing_ns(110) == 100 && gauge.state() == "failing: no route");
        assert!(gauge.succeeded(200) && !gauge.is_failing() && gauge.state() == "idle");
        gauge.failed("bad password", true, 300);
        assert!(gauge.is_failing());
    }
}
