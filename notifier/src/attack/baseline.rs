//! What is usual: the busiest second of each hour of the day, smoothed over the days. It suggests limits and never acts.
//!
//! An hour in which a target was attacked is not learned of. Bounded: [`TARGETS_MAX`] targets of 24 hours.

use std::collections::BTreeMap;

use live::CaptureLine;
use rusqlite::Connection;

use super::config::Limits;

/// Tables of this part in the state file.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "attack_baseline_1",
    "CREATE TABLE attack_baseline (
        target TEXT NOT NULL,
        hour INTEGER NOT NULL,
        packets REAL NOT NULL,
        bits REAL NOT NULL,
        flows REAL NOT NULL,
        days INTEGER NOT NULL,
        PRIMARY KEY (target, hour)
    ) STRICT, WITHOUT ROWID",
)];

/// Targets that are learned of; the first ones that were busy.
pub const TARGETS_MAX: usize = 512;

/// A target is learned of from so many packets a second on.
const PACKETS_MIN: u64 = 1_000;

/// Weight of a new day: a week ago counts a fifth.
const WEIGHT: f64 = 0.2;

/// Hours that must be known of a target before a limit is suggested: one day's.
const HOURS_MIN: usize = 24;

/// A suggested limit lies so far above the busiest hour.
const ROOM: f64 = 2.0;

const HOUR_NS: u64 = 3_600_000_000_000;

/// One hour of the day of one target: its busiest second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Usual {
    packets: f64,
    bits: f64,
    flows: f64,
    /// Days that it was learned from.
    days: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Baseline {
    known: BTreeMap<String, [Usual; 24]>,
    /// Hours since the epoch of what is open, and the busiest second of each target in it.
    hour: u64,
    open: BTreeMap<String, Usual>,
    attacked: Vec<String>,
}

/// A limit that would let pass what is usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Address or prefix.
    pub target: String,
    /// The limit's key.
    pub key: &'static str,
    /// What is set.
    pub limit: u64,
    /// What would fit.
    pub suggested: u64,
}

impl Baseline {
    /// What was learned before.
    ///
    /// # Errors
    /// The state file cannot be read.
    pub fn load(state: &Connection) -> rusqlite::Result<Baseline> {
        let mut baseline = Baseline::default();
        let mut statement = state.prepare("SELECT target, hour, packets, bits, flows, days FROM attack_baseline")?;
        let rows = statement.query_map([], |row| {
            let usual = Usual { packets: row.get(2)?, bits: row.get(3)?, flows: row.get(4)?, days: row.get(5)? };
            Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?, usual))
        })?;
        for row in rows {
            let (target, hour, usual) = row?;
            if baseline.known.len() < TARGETS_MAX || baseline.known.contains_key(&target) {
                baseline.known.entry(target).or_default()[hour as usize % 24] = usual;
            }
        }
        Ok(baseline)
    }

    /// Takes in a second; true = an hour ended, and [`Baseline::save`] has something to keep. `attacked` are targets
    /// that are over a limit.
    pub fn learn(&mut self, now_ns: u64, line: &CaptureLine, attacked: &[&str]) -> bool {
        let hour = now_ns / HOUR_NS;
        let ended = hour != self.hour && self.hour != 0;
        if ended {
            self.close();
        }
        self.hour = hour;
        for target in attacked.iter().filter(|target| self.open.contains_key(**target)) {
            if !self.attacked.iter().any(|known| known == target) {
                self.attacked.push((*target).to_owned());
            }
        }
        for target in line.targets.iter().filter(|target| target.inbound.packets >= PACKETS_MIN) {
            let is_known = self.known.contains_key(&target.name) || self.open.contains_key(&target.name);
            if is_known || self.known.len() + self.open.len() < TARGETS_MAX {
                let usual = self.open.entry(target.name.clone()).or_default();
                usual.packets = usual.packets.max(target.inbound.packets as f64);
                usual.bits = usual.bits.max(target.inbound.bytes as f64 * 8.0);
                usual.flows = usual.flows.max(target.inbound.flows as f64);
            }
        }
        ended
    }

    fn close(&mut self) {
        let attacked = std::mem::take(&mut self.attacked);
        for (target, seen) in std::mem::take(&mut self.open) {
            if attacked.contains(&target) {
                continue;
            }
            let usual = &mut self.known.entry(target).or_default()[(self.hour % 24) as usize];
            let weight = if usual.days == 0 { 1.0 } else { WEIGHT };
            let smooth = |old: f64, new: f64| old + (new - old) * weight;
            *usual = Usual {
                packets: smooth(usual.packets, seen.packets),
                bits: smooth(usual.bits, seen.bits),
                flows: smooth(usual.flows, seen.flows),
                days: usual.days.saturating_add(1),
            };
        }
    }

    /// Keeps what was learned.
    ///
    /// # Errors
    /// The state file cannot be written.
    pub fn save(&self, state: &mut Connection) -> rusqlite::Result<()> {
        let transaction = state.transaction()?;
        {
            let mut statement = transaction.prepare(
                "INSERT OR REPLACE INTO attack_baseline (target, hour, packets, bits, flows, days)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for (target, hours) in &self.known {
                for (hour, usual) in hours.iter().enumerate().filter(|(_, usual)| usual.days > 0) {
                    let hour = hour as u32;
                    statement.execute((target, hour, usual.packets, usual.bits, usual.flows, usual.days))?;
                }
            }
        }
        transaction.commit()
    }

    /// Limits that are below, or far above, what is usual: for the page, `doctor` and the log.
    pub fn suggestions(&self, limits: impl Fn(&str) -> Limits) -> Vec<Suggestion> {
        let mut all = Vec::new();
        for (target, hours) in &self.known {
            if hours.iter().filter(|usual| usual.days > 0).count() < HOURS_MIN {
                continue;
            }
            let limits = limits(target);
            let most = |of: fn(&Usual) -> f64| hours.iter().map(of).fold(0.0, f64::max);
            let usual = [
                ("packets", limits.packets, most(|usual| usual.packets)),
                ("bits", limits.bits, most(|usual| usual.bits)),
                ("flows", limits.flows, most(|usual| usual.flows)),
            ];
            for (key, limit, most) in usual {
                let suggested = rounded(most * ROOM);
                if limit > 0 && (suggested > limit || suggested.saturating_mul(5) < limit) {
                    all.push(Suggestion { target: target.clone(), key, limit, suggested });
                }
            }
        }
        all
    }
}

/// Up to two significant digits: nobody believes a limit of 104,729.
fn rounded(value: f64) -> u64 {
    let value = value.clamp(0.0, 1e18).ceil() as u64;
    let step = 10u64.pow(value.max(1).ilog10().saturating_sub(1));
    value.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use live::target::{Side, Target};

    use super::super::config::Limits;
    use super::{Baseline, HOUR_NS, TARGETS_MAX, rounded};
    use crate::attack::testing::line;

    fn busy(name: &str, packets: u64) -> Target {
        Target {
            name: name.to_owned(),
            inbound: Side { packets, bytes: packets * 100, ..Side::default() },
            ..Target::default()
        }
    }

    #[test]
    fn two_days_are_learned_kept_and_suggest_a_limit_that_lets_them_pass() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let mut state = crate::state::open(dir.path()).expect("a state");
        let mut baseline = Baseline::default();
        let mut saved = 0;
        for hour in 1..=49 {
            let packets = if hour % 24 == 5 { 90_000 } else { 2_000 };
            saved += usize::from(baseline.learn(hour * HOUR_NS, &line(vec![busy("192.0.2.1", packets)]), &[]));
        }
        assert_eq!(saved, 48);
        baseline.save(&mut state).expect("it is kept");
        let again = Baseline::load(&state).expect("it is read");
        let suggestions = again.suggestions(|_| Limits::default());
        assert_eq!(suggestions, baseline.suggestions(|_| Limits::default()));
        let packets = suggestions.iter().find(|suggestion| suggestion.key == "packets").expect("one is too low");
        assert_eq!((packets.target.as_str(), packets.suggested), ("192.0.2.1", 180_000));
    }

    #[test]
    fn an_hour_of_an_attack_is_not_usual_and_memory_is_bounded() {
        let mut baseline = Baseline::default();
        for hour in 1..=26 {
            baseline.learn(hour * HOUR_NS, &line(vec![busy("192.0.2.1", 5_000_000)]), &[]);
            baseline.learn(hour * HOUR_NS + 1, &line(Vec::new()), &["192.0.2.1"]);
        }
        assert!(baseline.suggestions(|_| Limits::default()).is_empty());
        let crowd = (0..5_000).map(|n| busy(&format!("10.0.{}.{}", n / 250, n % 250), 2_000)).collect();
        baseline.learn(30 * HOUR_NS, &line(crowd), &[]);
        assert!(baseline.open.len() + baseline.known.len() <= TARGETS_MAX);
    }

    #[test]
    fn numbers_are_round() {
        assert_eq!([0.0, 7.0, 99.5, 101.0, 104_729.0].map(rounded), [0, 7, 100, 110, 110_000]);
    }
}
