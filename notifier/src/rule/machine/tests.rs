//! The machine's promises: each for one second a step, unless a test says otherwise.

use std::sync::Arc;

use live::incident::{Incident, IncidentPhase, Severity, Subject, SubjectKind, Unit, Words};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

use super::{Machine, UNKNOWN_MAX_NS};
use crate::judgement::{Change, Level, Reading, RuleHead};
use crate::limits::KEYS_MAX;

const SECOND: u64 = 1_000_000_000;
const T0: u64 = 1_700_000_000 * SECOND;

fn rule(for_s: u64, keep_s: u64, severity: Severity) -> Arc<RuleHead> {
    Arc::new(RuleHead {
        name: "r".to_owned(),
        severity,
        for_ns: for_s * SECOND,
        keep_ns: keep_s * SECOND,
        ..RuleHead::default()
    })
}

fn reading(rule: &Arc<RuleHead>, name: &str, level: Level, value: f64) -> Reading {
    Reading {
        rule: Arc::clone(rule),
        subject: Subject { kind: SubjectKind::Host, name: name.to_owned() },
        level,
        value,
        limit: 10.0,
        unit: Unit::Count,
        summary: Words { en: "it is".to_owned(), ru: "есть".to_owned() },
        remedy: Words::default(),
        attack: None,
    }
}

fn level_of(value: f64) -> Level {
    match value {
        value if value.is_nan() => Level::Unknown,
        value if value > 10.0 => Level::Above,
        value if value > 5.0 => Level::Between,
        _ => Level::Below,
    }
}

/// Runs values, a second apart, NaN = unknown; gives (second, change) without updates.
fn run(machine: &mut Machine, rule: &Arc<RuleHead>, values: impl IntoIterator<Item = f64>) -> Vec<(u64, Change)> {
    let mut told = Vec::new();
    for (second, value) in (0u64..).zip(values) {
        let now = T0 + second * SECOND;
        let transitions = machine.step(now, vec![reading(rule, "a", level_of(value), value)]);
        told.extend(transitions.into_iter().filter(|t| t.change != Change::Updated).map(|t| (second, t.change)));
    }
    told
}

#[test]
fn it_fires_after_for_and_resolves_after_keep() {
    let check = |for_s: u64, keep_s: u64, values: &[f64], expect: &[(u64, Change)]| {
        let told = run(&mut Machine::default(), &rule(for_s, keep_s, Severity::Warning), values.iter().copied());
        assert_eq!(told, expect, "for {for_s} keep {keep_s} {values:?}");
    };
    let nan = f64::NAN;
    check(0, 0, &[1.0, 11.0, 12.0, 1.0], &[(1, Change::Fired), (3, Change::Resolved)]);
    check(2, 0, &[11.0, 11.0, 11.0], &[(2, Change::Fired)]);
    check(2, 0, &[11.0, 11.0, 9.0, 11.0, 11.0, 11.0], &[(5, Change::Fired)]);
    check(0, 2, &[11.0, 1.0, 1.0, 11.0, 1.0, 1.0, 1.0], &[(0, Change::Fired), (6, Change::Resolved)]);
    // Hysteresis: between the levels it is neither fired nor resolved.
    check(0, 0, &[9.0, 11.0, 9.0, 6.0, 9.0, 5.0], &[(1, Change::Fired), (5, Change::Resolved)]);
    check(0, 2, &[11.0, 1.0, 6.0, 1.0, 1.0, 1.0], &[(0, Change::Fired), (5, Change::Resolved)]);
    // What is not known decides nothing.
    check(2, 0, &[11.0, nan, nan, nan, 11.0], &[(4, Change::Fired)]);
    check(0, 2, &[11.0, 1.0, nan, nan, nan, 1.0], &[(0, Change::Fired), (5, Change::Resolved)]);
}

#[test]
fn peak_crossings_and_since_are_kept_and_severity_is_told_at_once() {
    let (warning, critical) = (rule(1, 5, Severity::Warning), rule(1, 5, Severity::Critical));
    let mut machine = Machine::default();
    let mut at = |ms: u64, rule: &Arc<RuleHead>, value: f64| {
        let transitions = machine.step(T0 + ms * 1_000_000, vec![reading(rule, "a", level_of(value), value)]);
        transitions.into_iter().next().map(|t| (t.change, t.since_ns - T0, t.peak, t.crossings))
    };
    assert_eq!(at(0, &warning, 11.0), None);
    assert_eq!(at(1_000, &warning, 14.0), Some((Change::Fired, 0, 14.0, 1)));
    assert_eq!(at(1_100, &warning, 15.0), None, "at most one update a second");
    assert_eq!(at(1_200, &critical, 15.0), Some((Change::Updated, 0, 15.0, 1)), "but this at once");
    assert_eq!(at(2_300, &critical, 6.0), Some((Change::Updated, 0, 15.0, 1)));
    assert_eq!(at(3_300, &critical, 12.0), Some((Change::Updated, 0, 15.0, 2)));
    assert_eq!(at(4_300, &critical, 12.0), None, "nothing is new");
}

#[test]
fn a_low_value_is_the_peak_where_low_is_bad() {
    let rule = rule(0, 0, Severity::Warning);
    let mut machine = Machine::default();
    let mut peak = |second: u64, value: f64| {
        let reading = Reading { limit: 20.0, ..reading(&rule, "a", Level::Above, value) };
        machine.step(T0 + second * SECOND, vec![reading])[0].peak
    };
    assert_eq!((peak(0, 15.0), peak(1, 3.0), peak(2, 9.0)), (15.0, 3.0, 3.0));
}

#[test]
fn without_a_value_it_stays_for_ten_minutes_and_is_then_gone() {
    let rule = rule(0, 0, Severity::Warning);
    let mut machine = Machine::default();
    assert_eq!(machine.step(T0, vec![reading(&rule, "a", Level::Above, 11.0)]).len(), 1);
    for second in 1..=600 {
        assert!(machine.step(T0 + second * SECOND, Vec::new()).is_empty(), "{second}");
    }
    let gone = machine.step(T0 + 601 * SECOND, Vec::new());
    assert_eq!(gone[0].change, Change::Gone);
    assert!(gone[0].reading.summary.en.contains("no value for 10 minutes"), "{:?}", gone[0].reading.summary);
    assert!(gone[0].reading.summary.ru.contains("нет данных"));
    assert_eq!(UNKNOWN_MAX_NS, 600 * SECOND);
}

#[test]
fn flapping_once_a_minute_for_an_hour_is_three_messages() {
    for (for_s, keep_s) in [(0, 0), (0, 10), (5, 5), (0, 60)] {
        let mut machine = Machine::default();
        let minute = (0..60).map(|second| if second < 30 { 11.0 } else { 1.0 });
        let hour = (0..60).flat_map(|_| minute.clone());
        let told =
            run(&mut machine, &rule(for_s, keep_s, Severity::Warning), hour.chain(std::iter::repeat_n(1.0, 1200)));
        let in_the_hour = told.iter().filter(|(second, _)| *second < 3_600).count();
        assert!((1..=3).contains(&in_the_hour), "{told:?}");
        assert_eq!(told.last().map(|(_, change)| *change), Some(Change::Resolved), "the calm is told: {told:?}");
        assert!(told.len() <= 4, "{told:?}");
    }
}

#[test]
fn slower_flapping_is_few_messages_too_and_what_stays_is_told() {
    for period in [240, 600, 1_200] {
        let half = period / 2;
        let wave = (0..14_400).map(|second| if second % period < half { 11.0 } else { 1.0 });
        let mut machine = Machine::default();
        let told = run(&mut machine, &rule(0, 0, Severity::Warning), wave);
        assert!(told.len() <= 7, "{period}: {told:?}");
        assert_eq!(told.iter().filter(|(_, change)| *change == Change::Flapping).count(), 1, "{period}: {told:?}");
    }
    let values = [11.0, 1.0, 11.0].into_iter().chain(std::iter::repeat_n(12.0, 700));
    let told = run(&mut Machine::default(), &rule(0, 0, Severity::Warning), values);
    let expect = [(0, Change::Fired), (1, Change::Resolved), (2, Change::Flapping), (602, Change::Fired)];
    assert_eq!(told, expect);
}

fn incident(phase: IncidentPhase) -> Incident {
    Incident {
        rule: "r".to_owned(),
        subject: Subject { kind: SubjectKind::Host, name: "a".to_owned() },
        phase,
        since_ns: T0 - 60 * SECOND,
        value: 11.0,
        limit: 10.0,
        peak: 30.0,
        crossings: 4,
        ..Incident::default()
    }
}

#[test]
fn a_restart_neither_resolves_nor_fires_again_what_still_holds() {
    let rule = rule(300, 5, Severity::Warning);
    for phase in [IncidentPhase::Firing, IncidentPhase::Flapping] {
        let mut machine = Machine::default();
        machine.restore(&[incident(phase)]);
        assert!(machine.fires("r", &incident(phase).subject));
        let values = std::iter::repeat_n(f64::NAN, 20).chain(std::iter::repeat_n(11.0, 500));
        assert_eq!(run(&mut machine, &rule, values), [], "{phase:?}");
        let last = machine.step(T0 + 521 * SECOND, vec![reading(&rule, "a", Level::Above, 12.0)]);
        assert_eq!((last[0].change, last[0].since_ns, last[0].peak), (Change::Updated, T0 - 60 * SECOND, 30.0));
    }
    let mut machine = Machine::default();
    machine.restore(&[incident(IncidentPhase::Firing)]);
    assert_eq!(run(&mut machine, &rule, [1.0; 8]), [(5, Change::Resolved)]);
    machine.restore(&[incident(IncidentPhase::Resolved)]);
    assert_eq!(machine.subjects_of("r").count(), 0);
}

#[test]
fn a_removed_rule_takes_its_incidents_along() {
    let rule = rule(0, 0, Severity::Warning);
    let mut machine = Machine::default();
    machine.step(T0, vec![reading(&rule, "a", Level::Above, 11.0)]);
    let gone = machine.forget(T0 + SECOND, ["r", "unknown"]);
    assert_eq!((gone.len(), gone[0].change, machine.keys()), (1, Change::Gone, 0));
    assert!(gone[0].reading.summary.en.contains("the rule was removed"));
}

#[test]
fn keys_are_bounded_and_those_without_room_are_counted() {
    let rule = rule(0, 0, Severity::Warning);
    let mut machine = Machine::default();
    let above =
        |from: usize, to: usize| (from..to).map(|n| reading(&rule, &n.to_string(), Level::Above, 11.0)).collect();
    let fired = machine.step(T0, above(0, KEYS_MAX + 10));
    assert_eq!((machine.keys(), machine.left_out()), (KEYS_MAX, 10));
    // What has no room is not told: it could not be resolved.
    assert_eq!(fired.len(), KEYS_MAX);
    let below = (0..KEYS_MAX).map(|n| reading(&rule, &n.to_string(), Level::Below, 1.0)).collect();
    assert_eq!(machine.step(T0 + SECOND, below).len(), KEYS_MAX);
    let fired = machine.step(T0 + 2 * SECOND, above(KEYS_MAX, KEYS_MAX + 10));
    assert_eq!((fired.len(), machine.left_out()), (10, 10), "memories of what was make room");
}

/// The last second that nanoseconds in 64 bits can tell, in 2554: many jumps ahead would lead beyond it.
const LAST_SECOND: i64 = (u64::MAX / SECOND) as i64;

/// A step: how the wall clock moves, and the reading.
fn steps() -> impl Strategy<Value = Vec<(i64, u8)>> {
    let jump = prop_oneof![
        12 => Just(1i64),
        1 => Just(0i64),
        1 => Just(3_600i64),
        1 => Just(-3_600i64),
        1 => Just(2_147_483_647 - 1_700_000_000),
        1 => -100_000i64..100_000,
    ];
    prop::collection::vec((jump, any::<u8>()), 0..400)
}

proptest! {
    #[test]
    fn nothing_resolves_that_did_not_fire(steps in steps(), for_s in 0u64..4, keep_s in 0u64..4) {
        let rule = rule(for_s, keep_s, Severity::Warning);
        let mut machine = Machine::default();
        let mut open = false;
        let mut second = 1_700_000_000i64;
        for (jump, what) in steps {
            second = (second + jump).clamp(0, LAST_SECOND);
            let value = f64::from(what % 14) + 1.0;
            let readings = match what {
                0..20 => Vec::new(),
                20..40 => vec![reading(&rule, "a", Level::Unknown, f64::NAN)],
                _ => vec![reading(&rule, "a", level_of(value), value)],
            };
            for transition in machine.step(second as u64 * SECOND, readings) {
                assert!(transition.since_ns <= transition.time_ns);
                match transition.change {
                    Change::Fired => open = true,
                    Change::Flapping => { assert!(!open); open = true }
                    Change::Updated => assert!(open),
                    Change::Resolved | Change::Gone => { assert!(open); open = false }
                }
            }
            assert_eq!(machine.fires("r", &incident(IncidentPhase::Firing).subject), open);
        }
    }

    #[test]
    fn a_clock_that_jumps_neither_fires_nor_resolves(jump in prop_oneof![Just(3_600i64), Just(-3_600i64), Just(447_483_647i64)]) {
        let rule = rule(60, 60, Severity::Warning);
        let mut machine = Machine::default();
        let mut now = T0 as i64;
        let mut step = |machine: &mut Machine, by: i64, value: f64| {
            now += by * SECOND as i64;
            machine.step(now as u64, vec![reading(&rule, "a", level_of(value), value)])
        };
        assert!(step(&mut machine, 0, 11.0).is_empty());
        assert!(step(&mut machine, jump, 11.0).is_empty(), "a jump is not a minute");
        let fired = (0..60).flat_map(|_| step(&mut machine, 1, 11.0)).count();
        assert_eq!(fired, 1);
        assert!(step(&mut machine, 1, 1.0).iter().all(|t| t.change == Change::Updated));
        assert!(step(&mut machine, -jump, 1.0).iter().all(|t| t.change == Change::Updated));
    }
}
