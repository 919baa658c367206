//! What the ping and each peer come to: readings of the rules `ping-failed` and `peer-down`.

use std::sync::Arc;

use live::incident::{Severity, Subject, SubjectKind, Unit, Words};

use crate::judgement::{Class, Level, PEER_DOWN, PING_FAILED, Reading, RuleHead};

/// How long an answer must be well again, ns.
const KEEP_NS: u64 = 30_000_000_000;

/// One ping or peer.
#[derive(Clone, Debug)]
pub struct State {
    rule: Arc<RuleHead>,
    subject: Subject,
    failures_max: u32,
    /// In a row.
    pub failures: u32,
    /// It was tried at least once.
    pub is_known: bool,
    /// What the last failure said, one line.
    pub why: String,
    /// Successes since the start.
    pub well: u64,
    /// Failures since the start.
    pub failed: u64,
}

fn words(en: &str, ru: &str) -> Words {
    Words { en: en.to_owned(), ru: ru.to_owned() }
}

impl State {
    fn new(rule: RuleHead, subject: Subject, failures_max: u32) -> State {
        let rule = Arc::new(RuleHead { keep_ns: KEEP_NS, ..rule });
        let (why, is_known) = (String::new(), false);
        State { rule, subject, failures_max, failures: 0, is_known, why, well: 0, failed: 0 }
    }

    /// Of the dead-man ping.
    pub fn ping(failures_max: u32) -> State {
        let why = words(
            "nobody outside would notice if this machine fell silent",
            "снаружи никто не заметит, если эта машина замолчит",
        );
        let (name, severity, class) = (PING_FAILED.to_owned(), Severity::Warning, Class::Delivery);
        let rule = RuleHead { name, severity, class, why, ..RuleHead::default() };
        State::new(rule, Subject { kind: SubjectKind::Channel, name: "watch".to_owned() }, failures_max)
    }

    /// Of a peer.
    pub fn peer(name: &str, failures_max: u32) -> State {
        let why = words(
            "a machine that is down cannot warn of it itself",
            "выключенная машина не может предупредить об этом сама",
        );
        let (rule, severity, class) = (PEER_DOWN.to_owned(), Severity::Critical, Class::Peer);
        let rule = RuleHead { name: rule, severity, class, why, ..RuleHead::default() };
        State::new(rule, Subject { kind: SubjectKind::Peer, name: name.to_owned() }, failures_max)
    }

    /// It answered well.
    pub fn succeed(&mut self) {
        (self.failures, self.is_known) = (0, true);
        self.well += 1;
        self.why.clear();
    }

    /// It did not; `why` is one line.
    pub fn fail(&mut self, why: String) {
        (self.failures, self.is_known) = (self.failures.saturating_add(1), true);
        self.failed += 1;
        self.why = why;
    }

    /// As a judge tells it. A peer that was not asked yet is neither well nor down.
    pub fn reading(&self) -> Reading {
        let level = match self.failures {
            _ if !self.is_known => Level::Unknown,
            0 => Level::Below,
            failures if failures >= self.failures_max => Level::Above,
            _ => Level::Between,
        };
        let (name, why, failures) = (&self.subject.name, &self.why, self.failures);
        let (summary, remedy) = match self.subject.kind {
            SubjectKind::Peer => (
                words(
                    &format!("{name} is not well, asked {failures} times: {why}"),
                    &format!("{name} не в порядке, спрошен {failures} раз: {why}"),
                ),
                words("look at that machine and at the way to it", "проверьте ту машину и связь с ней"),
            ),
            _ => (
                words(
                    &format!("the watch ping failed {failures} times: {why}"),
                    &format!("контрольный запрос не прошёл {failures} раз: {why}"),
                ),
                words("look at notifier.watch.url and at the way out", "проверьте notifier.watch.url и выход в сеть"),
            ),
        };
        Reading {
            rule: Arc::clone(&self.rule),
            subject: self.subject.clone(),
            level,
            value: f64::from(failures),
            limit: f64::from(self.failures_max),
            unit: Unit::Count,
            summary,
            remedy,
            attack: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::judgement::Level;

    #[test]
    fn so_many_failures_in_a_row_fire() {
        let mut state = State::peer("b", 2);
        assert_eq!(state.reading().level, Level::Unknown);
        state.succeed();
        assert_eq!(state.reading().level, Level::Below);
        state.fail("no answer".to_owned());
        assert_eq!(state.reading().level, Level::Between);
        state.fail("no answer".to_owned());
        let reading = state.reading();
        assert_eq!(reading.level, Level::Above);
        assert_eq!(reading.summary.en, "b is not well, asked 2 times: no answer");
        state.succeed();
        assert_eq!((state.reading().level, state.well, state.failed), (Level::Below, 2, 2));
    }
}
