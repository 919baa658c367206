//! Rules from the file to transitions: what is refused, what is judged, and a day of samples.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use live::action::Threshold;
use live::host::{Cpu, Disk, HostState, Link, Memory, Raid};
use live::incident::{Severity, SubjectKind};
use live::line::OutboxState;

use super::compile::compile;
use super::config::{Clear, Rule};
use super::{Rules, ThresholdError, builtin};
use crate::config::{Config, check};
use crate::judgement::{Change, Transition};
use crate::lines::Lines;
use crate::metric::{Gatherer, Own, Snapshot};

const SECOND: u64 = 1_000_000_000;
const T0: u64 = 1_700_000_000 * SECOND;

fn rule(name: &str, when: &str) -> Rule {
    Rule { name: name.to_owned(), when: when.to_owned(), hold: Duration::ZERO, keep: Duration::ZERO, ..Rule::default() }
}

/// A configuration of these rules alone.
fn only(rules: Vec<Rule>) -> Config {
    let mut config = Config { rule: rules, ..Config::default() };
    config.rules.off = builtin::all().map(|rule| rule.name.to_owned()).collect();
    config
}

fn rules(config: &Config) -> Rules {
    Rules::new(config, BTreeMap::new()).expect("they are right")
}

fn node(second: u64, values: &[(&'static str, f64)]) -> Snapshot {
    let mut snapshot = Snapshot::new(T0 + second * SECOND);
    values.iter().for_each(|(name, value)| snapshot.set(name, *value));
    snapshot
}

fn changes(transitions: &[Transition]) -> Vec<Change> {
    transitions.iter().map(|transition| transition.change).collect()
}

#[test]
fn every_built_in_rule_is_right_and_speaks_both_languages() {
    let rules = compile(&Default::default(), &[], &BTreeMap::new()).expect("built-in rules are right");
    assert_eq!(rules.len(), builtin::all().count());
    let is_russian = |text: &str| text.chars().any(|char| ('а'..='я').contains(&char));
    for rule in builtin::all() {
        assert!(is_russian(rule.why.1) && is_russian(rule.summary.1) && is_russian(rule.remedy.1), "{}", rule.name);
        assert!(rule.why.0.len() > 20 && !rule.summary.0.is_empty() && !rule.remedy.0.is_empty(), "{}", rule.name);
    }
    assert_eq!(check(&Config::default()), []);
}

#[test]
fn what_is_wrong_with_a_rule_is_told_with_its_remedy() {
    let check = |change: &dyn Fn(&mut Rule), told: &[&str]| {
        let mut wrong = rule("mine", "load1 > 8");
        change(&mut wrong);
        let problems = check(&Config { rule: vec![wrong], ..Config::default() });
        assert_eq!(problems.len(), 1, "{problems:?}");
        let text = format!("{:?}", problems[0]).replace("\\\"", "'");
        told.iter().for_each(|part| assert!(text.contains(part), "{part}: {text}"));
    };
    check(
        &|r| r.when = "load9 > 8".to_owned(),
        &["notifier.rule[mine].when", "column 1", "load9", "did you mean load"],
    );
    check(&|r| r.when = "load1 >".to_owned(), &["rule[mine].when", "line 1, column 8"]);
    check(&|r| r.clear = Clear::Level(9.0), &["rule[mine].clear", "own limit 8", "over while it fires"]);
    check(&|r| r.clear = Clear::Expression("load1 < 10".to_owned()), &["rule[mine].clear", "own limit 8"]);
    check(&|r| r.clear = Clear::Expression("lod1 < 10".to_owned()), &["rule[mine].clear", "did you mean load1?"]);
    check(
        &|r| (r.when, r.clear) = ("load1 > cores".to_owned(), Clear::Level(1.0)),
        &["only where `when` is one comparison"],
    );
    check(&|r| r.summary = "load {{ valu }}".to_owned(), &["rule[mine].summary", "column 8", "did you mean value?"]);
    check(&|r| r.summary = "{% for x in y %}".to_owned(), &["rule[mine].summary", "no statements"]);
    check(&|r| r.summary = "{{ value".to_owned(), &["has no }}"]);
    check(&|r| r.schedule = vec!["mondays".to_owned()], &["rule[mine].schedule", "mondays", "mon-fri 08:00-18:00"]);
    check(&|r| r.name = "a b".to_owned(), &["rule[a b].name", "letters, digits"]);
    check(&|r| r.name = "load".to_owned(), &["rule[load].name", "set `off`"]);
    check(&|r| r.receivers = vec!["nobody".to_owned()], &["rule[mine].receivers", "nobody"]);
    check(&|r| r.subject = SubjectKind::Peer, &["rule[mine].subject", "[[peer]]"]);
    check(&|r| r.hold = Duration::from_secs(8 * 86_400), &["rule[mine].for", "7days"]);
    check(&|r| drop(r.labels.insert("x".repeat(65), String::new())), &["rule[mine].labels"]);
    let twice = Config { rule: vec![rule("a", "load1 > 1"), rule("a", "load1 > 2")], ..Config::default() };
    assert!(format!("{:?}", super::super::config::check(&twice)).contains("give each rule its own name"));
    let mut config = Config::default();
    config.rules.off = vec!["disc-full".to_owned()];
    config.rules.limits.insert("swop".to_owned(), 1.0);
    config.rules.limits.insert("memory".to_owned(), 20.0);
    config.rules.clears.insert("disk-full".to_owned(), 99.0);
    let told = format!("{:?}", super::super::config::check(&config));
    for part in ["did you mean disk-full?", "did you mean swap?", "rule[disk-full].clear", "own limit 95"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("rule[memory]"), "the level to clear moves along: {told}");
}

#[test]
fn a_built_in_rule_gives_way_to_ones_own_of_its_name() {
    let mut config = Config { rule: vec![rule("load", "load1 > 100")], ..Config::default() };
    config.rules.off = vec!["load".to_owned()];
    assert_eq!(check(&config), []);
}

#[test]
fn hysteresis_value_limit_and_words_are_of_the_rule() {
    let mut given = rule("hot", "cpu_busy >= 90");
    given.clear = Clear::Level(70.0);
    given.summary = "CPU {{ value }} of {{limit}}, load {{ load1 }} { }} {{rule}}".to_owned();
    given.severity = Severity::Critical;
    given.labels.insert("team".to_owned(), "net".to_owned());
    let mut rules = rules(&only(vec![given]));
    let mut at =
        |second: u64, busy: f64| rules.tick(&node(second, &[("cpu_busy", busy), ("load1", 3.25)]), 0, Vec::new());
    let fired = at(0, 95.0);
    let reading = &fired[0].reading;
    assert_eq!((fired[0].change, reading.value, reading.limit), (Change::Fired, 95.0, 90.0));
    assert_eq!(reading.summary.en, "CPU 95 % of 90 %, load 3.2 { }} hot");
    assert_eq!((reading.rule.severity, reading.rule.labels["team"].as_str()), (Severity::Critical, "net"));
    assert_eq!(changes(&at(1, 80.0)), [Change::Updated], "between the levels");
    assert_eq!(changes(&at(2, 70.0)), [Change::Resolved]);
}

#[test]
fn each_subject_has_a_state_of_its_own_and_one_that_is_no_longer_listed_is_quiet() {
    let mut given = rule("busy", "host_packets_in_per_second > 1000");
    given.subject = SubjectKind::Host;
    let mut rules = rules(&only(vec![given]));
    let mut at = |second: u64, hosts: &[(&str, f64)], is_fresh: bool| {
        let mut snapshot = Snapshot::new(T0 + second * SECOND);
        for (host, packets) in hosts {
            snapshot.push(SubjectKind::Host, host, &[("host_packets_in_per_second", *packets)]);
        }
        if is_fresh {
            snapshot.is_whole(SubjectKind::Host);
        }
        let told = rules.tick(&snapshot, 0, Vec::new());
        told.iter().map(|t| (t.reading.subject.name.clone(), t.change)).collect::<Vec<_>>()
    };
    let name = |host: &str| host.to_owned();
    assert_eq!(at(0, &[("192.0.2.1", 5_000.0), ("192.0.2.2", 10.0)], true), [(name("192.0.2.1"), Change::Fired)]);
    assert_eq!(at(1, &[("192.0.2.2", 2_000.0)], false), [(name("192.0.2.2"), Change::Fired)], "capture is away");
    assert_eq!(at(2, &[("192.0.2.2", 2_000.0)], true), [(name("192.0.2.1"), Change::Resolved)]);
}

#[test]
fn outside_its_hours_a_rule_begins_nothing_and_ends_what_it_began() {
    let mut given = rule("night", "load1 > 1");
    // T0 is a Tuesday, 22:13:20 UTC.
    given.schedule = vec!["tue 22:00-22:14".to_owned()];
    let mut rules = rules(&only(vec![given]));
    let mut at = |second: u64, load1: f64| changes(&rules.tick(&node(second, &[("load1", load1)]), 0, Vec::new()));
    assert_eq!(at(30, 2.0), [Change::Fired]);
    assert_eq!(at(60, 3.0), [Change::Updated]);
    assert_eq!(at(61, 0.0), [Change::Resolved]);
    assert_eq!(at(62, 9.0), []);
}

#[test]
fn a_limit_from_the_page_is_kept_wins_over_the_file_and_can_be_taken_back() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut state = crate::state::open(dir.path()).expect("a state file");
    let mut given = rule("mine", "cpu_busy > 80");
    given.clear = Clear::Level(40.0);
    let mut config = only(vec![given]);
    config.rules.limits.insert("mine".to_owned(), 60.0);
    let mut rules = rules(&config);
    let levels = |rules: &Rules| {
        let rule = &rules.rules()[0];
        rule.clear.as_ref().and_then(|clear| rule.when.levels(clear)).expect("both")
    };
    assert_eq!(levels(&rules), (60.0, 30.0), "the file's; the level to clear in proportion");
    let mut ask = |rules: &mut Rules, rule: &str, limit: Option<f64>, clear: Option<f64>| {
        let change = Threshold { rule: rule.to_owned(), limit, clear, by: "anna\r\n".to_owned() };
        rules.threshold(T0, &change, &mut state)
    };
    ask(&mut rules, "mine", Some(90.0), None).expect("it fits");
    assert_eq!(levels(&rules), (90.0, 45.0));
    ask(&mut rules, "mine", Some(90.0), Some(85.0)).expect("it fits");
    let refused = ask(&mut rules, "mine", Some(90.0), Some(95.0)).expect_err("the wrong way").to_string();
    assert!(refused.contains("own limit 90"), "{refused}");
    assert!(matches!(ask(&mut rules, "mein", Some(1.0), None), Err(ThresholdError::Unknown(..))));
    assert!(ask(&mut rules, "mine", Some(f64::NAN), None).is_err());
    assert_eq!(levels(&rules), (90.0, 85.0));
    let kept = super::threshold::load(&state).expect("kept");
    assert_eq!((kept["mine"].by.as_str(), kept["mine"].time_ns), ("anna\u{fffd}\u{fffd}", T0));
    let mut again = Rules::new(&config, kept).expect("after a restart");
    assert_eq!(levels(&again), (90.0, 85.0));
    let change = Threshold { rule: "mine".to_owned(), limit: None, clear: None, by: "anna".to_owned() };
    again.threshold(T0, &change, &mut state).expect("taken back");
    assert_eq!(levels(&again), (60.0, 30.0));
    assert!(super::threshold::load(&state).expect("kept").is_empty());
    let told: i64 = state.query_row("SELECT COUNT(*) FROM threshold_changes", [], |row| row.get(0)).expect("a count");
    assert_eq!(told, 3, "who changed what is kept");
}

#[test]
fn a_bad_file_leaves_the_good_rules_and_a_good_one_keeps_their_states() {
    let mut rules = rules(&only(vec![rule("a", "load1 > 1"), rule("b", "load1 > 1")]));
    let mut second = 0;
    let mut tick = |rules: &mut Rules| {
        second += 1;
        changes(&rules.tick(&node(second, &[("load1", 5.0)]), 0, Vec::new()))
    };
    assert_eq!(tick(&mut rules), [Change::Fired, Change::Fired]);
    let bad = only(vec![rule("a", "lod1 > 1")]);
    assert!(rules.replace(T0, &bad).is_err());
    assert!(rules.is_refused() && rules.state().refused.contains("did you mean load1?"), "{:?}", rules.state());
    assert_eq!((tick(&mut rules), rules.rules().len()), (vec![], 2));
    let mut changed = rule("a", "load1 > 1");
    changed.severity = Severity::Critical;
    let gone = rules.replace(T0 + 3 * SECOND, &only(vec![changed, rule("c", "load1 > 4")])).expect("right");
    assert_eq!((changes(&gone), gone[0].reading.rule.name.as_str()), (vec![Change::Gone], "b"));
    assert!(!rules.is_refused());
    let mut told = tick(&mut rules);
    told.sort_by_key(|change| *change as u8);
    assert_eq!(told, [Change::Fired, Change::Updated], "c is new, a has become worse");
}

#[test]
fn hostile_names_stay_names() {
    let mut given = rule("busy", "process_cpu_percent > 1");
    given.subject = SubjectKind::Process;
    given.summary = "{{ subject }} uses {{ value }}".to_owned();
    let mut rules = rules(&only(vec![given]));
    let hostile = [
        "a\r\nBcc: x@example.com".to_owned(),
        "nul\0byte".to_owned(),
        "rtl\u{202e}gpj.exe\u{200f}".to_owned(),
        "{{ limit }}{% raw %}{{ 7*7 }}".to_owned(),
        "\n.\n".to_owned(),
        "x".repeat(8_192),
        "ж\u{2028}".repeat(5_000),
    ];
    let mut snapshot = Snapshot::new(T0);
    for name in &hostile {
        snapshot.push(SubjectKind::Process, name, &[("process_cpu_percent", 99.0)]);
    }
    let told = rules.tick(&snapshot, 0, Vec::new());
    assert_eq!(told.len(), hostile.len());
    for transition in &told {
        let (name, text) = (&transition.reading.subject.name, &transition.reading.summary.en);
        assert!(name.chars().count() <= 255 && text.chars().count() <= 300, "{text}");
        let bad = |char: char| char.is_control() || ('\u{2028}'..='\u{202e}').contains(&char) || char == '\u{200f}';
        assert!(!name.chars().any(bad) && !text.chars().any(bad), "{text:?}");
    }
    assert!(
        told.iter().any(|t| t.reading.summary.en == "{{ limit }}{% raw %}{{ 7*7 }} uses 99 %"),
        "not evaluated twice"
    );
}

#[test]
fn ten_thousand_subjects_and_twenty_rules_are_a_moment() {
    let names = [
        "host_packets_in_per_second",
        "host_bits_in_per_second",
        "host_flows_new_per_second",
        "host_fragments_per_second",
    ];
    let given = (0..20).map(|index| {
        let mut given = rule(&format!("r{index}"), &format!("{} > {}", names[index % 4], 1_000 + index));
        given.subject = SubjectKind::Host;
        given.clear = Clear::Level(900.0);
        given
    });
    let mut rules = rules(&only(given.collect()));
    let tick = |rules: &mut Rules, second: u64, value: f64| {
        let mut snapshot = Snapshot::new(T0 + second * SECOND);
        for host in 0..10_000u32 {
            let name = std::net::Ipv4Addr::from(0x0a00_0000 + host).to_string();
            snapshot.push(SubjectKind::Host, &name, &names.map(|name| (name, value)));
        }
        snapshot.is_whole(SubjectKind::Host);
        let began = now();
        let told = rules.tick(&snapshot, 0, Vec::new()).len();
        (told, began.elapsed())
    };
    let quiet: Vec<Duration> = (0..5).map(|second| tick(&mut rules, second, 10.0).1).collect();
    let (told, storm) = tick(&mut rules, 6, 5_000.0);
    assert_eq!(told, crate::limits::KEYS_MAX, "200,000 do not all fit");
    let figures = format!("quiet {quiet:?}, 200,000 over their limits at once {storm:?}");
    assert!(quiet.iter().min().is_some_and(|least| *least < Duration::from_millis(200)), "{figures}");
    assert!(storm < Duration::from_secs(20), "{figures}");
}

#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn now() -> Instant {
    Instant::now()
}

/// The host as it is on a good day.
fn good(second: u64) -> HostState {
    HostState {
        time_ns: T0 + second * SECOND,
        uptime_s: 900_000 + second,
        cores: 4,
        load: [0.8, 0.7, 0.6],
        cpu: Cpu { user: 15.0, system: 5.0, softirq: 4.0, busy: 24.0, ..Cpu::default() },
        cpu_by_core: vec![Cpu { softirq: 6.0, busy: 30.0, ..Cpu::default() }; 4],
        memory: Memory { total: 16 << 30, available: 9 << 30, swap_total: 4 << 30, swap_used: 0 },
        disks: vec![Disk {
            mount: "/".to_owned(),
            total: 100 << 30,
            available: 60 << 30,
            used_percent: 40.0,
            ..Disk::default()
        }],
        raids: vec![Raid { name: "md0".to_owned(), devices: 2, devices_active: 2, ..Raid::default() }],
        links: vec![Link {
            name: "eth0".to_owned(),
            up: true,
            was_up: true,
            speed_mbps: 1_000,
            used_percent: Some(11.0),
            ..Link::default()
        }],
        ..HostState::default()
    }
}

/// A day in which everything happens once.
fn day(second: u64) -> HostState {
    let mut host = good(second);
    let is = |from: u64, to: u64| (from..to).contains(&second);
    let hour = 3_600;
    if is(hour, hour + 600) {
        host.load[0] = 9.5;
        host.cpu.busy = 97.0;
    }
    if is(2 * hour, 2 * hour + 60) {
        host.cpu.softirq = 88.0;
        host.cpu_by_core[2].softirq = 99.0;
        host.links[0].used_percent = Some(98.5);
    }
    host.links[0].up = !is(4 * hour, 4 * hour + 30);
    if is(5 * hour, 24 * hour) {
        host.raids[0].devices_active = 1;
    }
    if second >= 6 * hour {
        // Grows from 40 % to 98 %, then somebody makes room.
        host.disks[0].used_percent = (40.0 + (second - 6 * hour) as f64 / 600.0).min(98.0);
        host.disks[0].hours_left = Some((100.0 - host.disks[0].used_percent) / 6.0);
    }
    if second >= 18 * hour {
        (host.disks[0].used_percent, host.disks[0].hours_left) = (60.0, None);
    }
    host.oom_kills = u64::from(second >= 20 * hour);
    // Once a minute for an hour, half of it.
    if is(21 * hour, 22 * hour) && second % 60 < 30 {
        host.links[0].used_percent = Some(95.0);
    }
    host
}

#[test]
fn a_day_of_samples_is_a_page_of_transitions() {
    let mut config = Config::default();
    // Nobody speaks in this test but the host.
    config.rules.off = ["capture-away", "ingest-away"].map(str::to_owned).to_vec();
    let mut given = rule("flappy", "interface_used_percent > 90");
    given.subject = SubjectKind::Interface;
    config.rule = vec![given];
    let mut rules = rules(&config);
    let began = now();
    let mut gatherer = Gatherer::new(began);
    let (outbox, lines) = (OutboxState::default(), Lines::default());
    let mut page = String::new();
    for second in (0..86_400).step_by(1) {
        let at = (T0 + second * SECOND, began + Duration::from_secs(second));
        let own = Own { outbox: &outbox, config_refused: false };
        // A sample each five seconds, as the sampler takes them.
        let snapshot = gatherer.snapshot(at, &day(second - second % 5), &lines, own);
        for transition in rules.tick(&snapshot, 0, Vec::new()) {
            if transition.change != Change::Updated {
                let Transition { change, peak, crossings, reading, since_ns, .. } = &transition;
                let (h, m, s) = (second / 3_600, second / 60 % 60, second % 60);
                let before = second - (since_ns - T0) / SECOND;
                writeln!(
                    page,
                    "{h:02}:{m:02}:{s:02} {change:?} {} [{}] since {before} s, peak {peak:.1}, {crossings}x: {} / {}",
                    reading.rule.name, reading.subject.name, reading.summary.en, reading.summary.ru
                )
                .expect("a text");
            }
        }
    }
    insta::assert_snapshot!(page);
}

/// The page of all rules and metrics.
fn page() -> String {
    let mut page = String::from(
        "# Rules and metrics\n\n\
         Rules of your own stand in floodmark.toml as `[[notifier.rule]]`; the shipped file explains every key. `when` and\n\
         `clear` are conditions in CEL: metrics and numbers (all are doubles), `+ - * / %`, comparisons, `&& || !`, `? :`, and\n\
         on the text `subject` `==`, `!=`, `in [..]`, `startsWith`, `endsWith`, `contains`. A metric that is not known makes a\n\
         comparison unknown: a rule neither fires nor resolves by it.\n\n\
         ## Built-in rules\n\n\
         `off`, `limits` and `clears` in `[notifier.rules]` change them; the page changes limits too.\n\n\
         | rule | of | fires when | is over when | for, keep | severity | why |\n|---|---|---|---|---|---|---|\n",
    );
    let cell = |text: &str| text.replace("||", "\\|\\|");
    for rule in builtin::all() {
        let subject = rule.subject.name();
        let clear =
            if rule.clear.is_empty() { "it does not hold".to_owned() } else { format!("`{}`", cell(rule.clear)) };
        let (name, when, severity, why) = (rule.name, cell(rule.when), rule.severity.name(), rule.why.0);
        let (hold, keep) = rule.seconds;
        writeln!(page, "| {name} | {subject} | `{when}` | {clear} | {hold} s, {keep} s | {severity} | {why} |")
            .expect("a text");
    }
    for (kind, metrics) in crate::metric::catalogue::KINDS {
        let name = kind.name();
        write!(page, "\n## Metrics of the {name}\n\n| metric | meaning | from |\n|---|---|---|\n").expect("a text");
        for metric in metrics {
            writeln!(page, "| {} | {} | {} |", metric.name, metric.meaning, metric.source.name()).expect("a text");
        }
    }
    page
}

#[test]
fn the_page_of_rules_and_metrics_is_true() {
    let page = page();
    assert!(page == include_str!("../../../docs/rules.md"), "docs/rules.md must read:\n{page}");
}
