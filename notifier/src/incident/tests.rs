//! The pipeline as a machine: transitions and time in, messages out, without a clock, a disk or a network.

mod report;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use live::action::Silence;
use live::incident::{Severity, Subject, SubjectKind, Unit, Words};

use super::book::{Book, Facts};
use super::config::{Config, Maintenance, Receiver, Step};
use super::desk::Desk;
use super::id::Ids;
use super::settings::Settings;
use super::tally::Told;
use crate::channel::{Receipt, SendError};
use crate::judgement::{Change, Class, Level, Reading, RuleHead, Transition};
use crate::notice::{Moment, NoticeKind};
use crate::outbox::book::kind_name;
use crate::outbox::{Outbox, Row};

const S: u64 = 1_000_000_000;

/// 2026-11-22 05:00:00 UTC, a Sunday.
const START: u64 = 1_795_323_600 * S;

/// What a channel does with a message.
type Behaviour = fn(u64, &Row) -> Result<Receipt, SendError>;

fn takes(_: u64, _: &Row) -> Result<Receipt, SendError> {
    Ok(Receipt::default())
}

struct World {
    book: Book,
    outbox: Outbox,
    settings: Settings,
    now_ns: u64,
    behaviour: BTreeMap<String, Behaviour>,
    /// What the roles count, and what they tell in the next second.
    losses: Told,
    happened: Vec<Moment>,
    /// Accepted: when, and what.
    accepted: Vec<(u64, Row)>,
}

fn receiver(name: &str) -> Receiver {
    Receiver {
        name: name.to_owned(),
        mail: format!("{name}@example.org"),
        phone: "+79161234567".to_owned(),
        channels: vec!["email".to_owned()],
        critical_channels: vec!["sms".to_owned()],
        ..Receiver::default()
    }
}

fn settings(receivers: Vec<Receiver>, edit: impl FnOnce(&mut crate::config::Config)) -> Settings {
    let mut config = crate::config::Config { receiver: receivers, ..Default::default() };
    config.sms.push(serde_json::from_str(r#"{"name":"sms"}"#).expect("an entry"));
    config.pipeline = Config { zone: "UTC".to_owned(), ..Config::default() };
    edit(&mut config);
    Settings::new(&config, "web1", "https://flood.example:8443", &["sms".to_owned()])
}

impl World {
    fn new(settings: Settings) -> World {
        World {
            book: Book::new(Ids::Counted(0), START),
            outbox: Outbox::default(),
            settings,
            now_ns: START,
            behaviour: BTreeMap::new(),
            losses: Told::default(),
            happened: Vec::new(),
            accepted: Vec::new(),
        }
    }

    fn one() -> World {
        World::new(settings(vec![receiver("anna")], |_| ()))
    }

    /// One second.
    fn second(&mut self, transitions: &[Transition]) {
        let happened = std::mem::take(&mut self.happened);
        let facts = Facts { losses: self.losses, happened: &happened, ..Facts::none() };
        self.book.decide(self.now_ns, transitions, &facts, &self.settings, &mut self.outbox);
        self.book.dirty = Default::default();
        for channel in self.settings.channels.clone() {
            let behave = self.behaviour.get(&channel.name).copied().unwrap_or(takes);
            for id in self.outbox.due(&channel.name, self.now_ns, 4) {
                self.outbox.begin(&id).expect("it is due");
                let row = self.outbox.get(&id).expect("it is there").clone();
                let result = behave(self.now_ns, &row);
                if result.is_ok() {
                    self.accepted.push((self.now_ns, row));
                }
                self.outbox.settle(&id, &result, self.now_ns);
            }
        }
        self.outbox.written();
        self.now_ns += S;
    }

    fn run(&mut self, seconds: u64) {
        (0..seconds).for_each(|_| self.second(&[]));
    }

    fn say(&mut self, change: Change, what: &What) {
        let transition = what.transition(change, self.now_ns);
        self.second(&[transition]);
    }

    /// `time receiver channel kind incidents` of each accepted message.
    fn told(&self) -> Vec<String> {
        let line = |(at, row): &(u64, Row)| {
            let count = row.notice.incidents.len() as u64 + row.notice.more;
            format!("+{} {} {} {} {count}", (at - START) / S, row.receiver, row.channel, kind_name(row.kind))
        };
        self.accepted.iter().map(line).collect()
    }

    fn count(&self, channel: &str) -> usize {
        self.accepted.iter().filter(|(_, row)| row.channel == channel).count()
    }
}

/// A rule and a subject.
#[derive(Clone)]
struct What {
    rule: RuleHead,
    subject: Subject,
    unit: Unit,
}

fn what(rule: &str, class: Class, severity: Severity, kind: SubjectKind, name: &str) -> What {
    let rule = RuleHead { name: rule.to_owned(), class, severity, ..RuleHead::default() };
    What { rule, subject: Subject { kind, name: name.to_owned() }, unit: Unit::PacketsPerSecond }
}

fn attack(target: &str) -> What {
    let kind = if target.contains('/') { SubjectKind::Prefix } else { SubjectKind::Host };
    what("attack", Class::Attack, Severity::Critical, kind, target)
}

fn load() -> What {
    what("load1", Class::Load, Severity::Warning, SubjectKind::Node, "")
}

impl What {
    fn transition(&self, change: Change, now_ns: u64) -> Transition {
        let reading = Reading {
            rule: Arc::new(self.rule.clone()),
            subject: self.subject.clone(),
            level: Level::Above,
            value: 120.0,
            limit: 100.0,
            unit: self.unit,
            summary: Words { en: format!("{} of {:?}", self.rule.name, self.subject.name), ru: String::new() },
            remedy: Words::default(),
            attack: None,
        };
        Transition { change, time_ns: now_ns, since_ns: now_ns - S, peak: 130.0, crossings: 1, reading }
    }
}

#[test]
fn a_critical_one_is_told_at_once_and_its_end_to_those_who_were_told() {
    let mut world = World::one();
    world.say(Change::Fired, &attack("192.0.2.1"));
    assert_eq!(world.told(), ["+0 anna email alert 1", "+0 anna sms alert 1"]);
    assert!(world.accepted[0].1.notice.acknowledge_url.starts_with("https://flood.example:8443/a/"));
    assert_eq!(world.accepted[1].1.notice.code.len(), 6);
    world.run(60);
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(300);
    assert_eq!(world.told()[2..], ["+181 anna email report 1", "+181 anna sms resolved 1"]);
    assert!(world.book.opens.is_empty() && world.accepted[2].1.notice.timeline.len() >= 3);
}

#[test]
fn warnings_wait_for_their_group_and_do_not_go_by_sms() {
    let mut world = World::one();
    for n in 0..5 {
        world.say(Change::Fired, &what("disk", Class::Disk, Severity::Warning, SubjectKind::Disk, &format!("/{n}")));
    }
    world.run(60);
    assert_eq!(world.told(), ["+10 anna email alert 5"]);
}

#[test]
fn later_ones_of_a_group_ride_along_and_what_gets_worse_is_told_at_once() {
    let mut world = World::one();
    world.say(Change::Fired, &load());
    world.run(20);
    world.say(Change::Fired, &what("cpu", Class::Load, Severity::Warning, SubjectKind::Node, ""));
    let mut worse = load();
    worse.rule.severity = Severity::Critical;
    world.run(30);
    world.say(Change::Updated, &worse);
    assert_eq!(
        world.told(),
        ["+10 anna email alert 1", "+40 anna email alert 1", "+52 anna email alert 1", "+52 anna sms alert 1"]
    );
}

#[test]
fn flapping_once_a_minute_for_an_hour_is_three_messages() {
    let mut world = World::one();
    for _ in 0..60 {
        world.say(Change::Fired, &load());
        world.run(29);
        world.say(Change::Resolved, &load());
        world.run(29);
    }
    world.run(3_600);
    assert_eq!(world.told(), ["+10 anna email alert 1", "+180 anna email flapping 1", "+4170 anna email report 1"]);
}

#[test]
fn a_storm_of_ten_thousand_is_one_sms_and_two_mails_in_five_minutes() {
    let mut people: Vec<Receiver> = ["anna", "boris", "carla"].map(receiver).into();
    people[1].severity_min = Severity::Info;
    let mut world = World::new(settings(people, |_| ()));
    for second in 0..10 {
        let fired =
            |n: u32| attack(&format!("10.{second}.{}.{}", n / 250, n % 250)).transition(Change::Fired, world.now_ns);
        let transitions: Vec<Transition> = (0..1_000).map(fired).collect();
        world.second(&transitions);
    }
    // Seconds at first, then every tenth: 10,000 incidents are looked at in each.
    let later = |world: &mut World, times: u64| {
        for _ in 0..times {
            world.second(&[]);
            world.now_ns += 9 * S;
        }
    };
    world.run(40);
    later(&mut world, 25);
    assert_eq!(world.book.opens.len(), 10_000, "all are kept");
    for name in ["anna", "boris", "carla"] {
        let of =
            |channel| world.accepted.iter().filter(|(_, row)| row.receiver == name && row.channel == channel).count();
        assert!(of("sms") <= 1 && of("email") <= 2, "{:?}", world.told());
    }
    later(&mut world, 5);
    assert!(world.book.opens.values().all(|open| open.told.len() == 6), "all are told in the end");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the figure is told by who runs it")]
fn a_storm_of_ten_thousand_is_durable_within_seconds() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let connection = crate::state::open(dir.path()).expect("a state file");
    let settings = settings(vec![receiver("anna")], |_| ());
    let desk = Desk::open(connection, settings, Ids::Random, START).expect("it is read");
    let fired = |n: u32| attack(&format!("10.1.{}.{}", n / 250, n % 250)).transition(Change::Fired, START);
    let transitions: Vec<Transition> = (0..10_000).map(fired).collect();
    let began = std::time::Instant::now();
    desk.tick(START, &transitions, &Facts::none());
    let took = began.elapsed();
    eprintln!("10,000 incidents in one second were durable after {} ms", took.as_millis());
    assert_eq!(desk.standing(START).faults, 0);
    assert_eq!(super::desk::stored(dir.path()).expect("it is read").len(), 10_000, "all are in the file");
    let state = crate::state::open(dir.path()).expect("a state file");
    assert_eq!(crate::record::journal::len(&state).expect("it is read"), 10_000, "and so are their rows");
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[test]
fn what_follows_from_an_attack_is_not_told_and_is_when_the_attack_is_over() {
    let mut world = World::one();
    world.say(Change::Fired, &attack("192.0.2.0/24"));
    world.say(Change::Fired, &attack("192.0.2.77"));
    world.say(Change::Fired, &load());
    world.say(Change::Fired, &what("host_rate", Class::Network, Severity::Warning, SubjectKind::Host, "192.0.2.9"));
    world.run(100);
    let mails: Vec<_> =
        world.accepted.iter().filter(|(_, row)| row.channel == "email").map(|(_, row)| row.class).collect();
    assert_eq!(mails, [Class::Attack], "{:?}", world.told());
    assert_eq!(world.book.counts().inhibited, 3);
    world.say(Change::Resolved, &attack("192.0.2.0/24"));
    world.say(Change::Resolved, &attack("192.0.2.77"));
    world.run(80);
    assert!(world.accepted.iter().any(|(_, row)| row.class == Class::Load), "{:?}", world.told());
}

#[test]
fn a_link_that_is_down_is_told_beside_an_attack() {
    let mut world = World::one();
    let mut down = what("link_down", Class::Network, Severity::Critical, SubjectKind::Interface, "eth1");
    down.unit = Unit::Count;
    world.say(Change::Fired, &attack("192.0.2.0/24"));
    world.say(Change::Fired, &down);
    assert_eq!(world.count("sms"), 2);
}

#[test]
fn silences_and_windows_keep_quiet_until_they_end() {
    let silence = |rule: &str, kind, subject: &str, severity_max| Silence {
        rule: rule.to_owned(),
        subject_kind: kind,
        subject: subject.to_owned(),
        severity_max,
        until_s: START / S + 100,
        by: "anna".to_owned(),
        ..Silence::default()
    };
    let check = |silence: Silence, is_quiet: bool| {
        let mut world = World::one();
        world.book.silence("s1", &silence, START).expect("it is whole");
        world.say(Change::Fired, &attack("192.0.2.7"));
        world.run(50);
        assert_eq!(world.accepted.is_empty(), is_quiet, "{silence:?}");
        world.run(100);
        assert_eq!(world.count("sms"), 1, "told when it is over: {silence:?}");
    };
    check(silence("", None, "", None), true);
    check(silence("attack", None, "", None), true);
    check(silence("load1", None, "", None), false);
    check(silence("", Some(SubjectKind::Host), "192.0.2.0/24", None), true);
    check(silence("", None, "198.51.100.0/24", None), false);
    check(silence("", None, "", Some(Severity::Warning)), false);
    // A window of Sunday morning, until 05:10.
    let window =
        Maintenance { weekly: vec!["sun 04:00-05:10".to_owned()], rule: "attack".to_owned(), ..Maintenance::default() };
    let mut world = World::new(settings(vec![receiver("anna")], |config| config.maintenance.push(window)));
    world.say(Change::Fired, &attack("192.0.2.7"));
    world.run(598);
    assert!(world.accepted.is_empty());
    world.run(5);
    assert_eq!(world.count("sms"), 1);
}

#[test]
fn acknowledging_ends_reminders_and_escalation_but_not_what_gets_worse_or_ends() {
    let mut anna = receiver("anna");
    anna.ladder = vec![Step { channels: vec!["sms".to_owned()], ..Step::default() }];
    let with_ack = |is_acknowledged: bool| {
        let mut world = World::new(settings(vec![anna.clone()], |_| ()));
        world.say(Change::Fired, &load());
        world.run(60);
        if is_acknowledged {
            let id = world.book.opens.keys().next().expect("it is open").clone();
            world.book.acknowledge(&id, "anna", "on it", world.now_ns).expect("it is open");
        }
        world.run(5 * 3_600);
        world
    };
    let told = with_ack(false).told();
    assert_eq!(told[..2], ["+10 anna email alert 1", "+610 anna sms escalation 1"]);
    assert_eq!(told[2..], ["+14410 anna email reminder 1", "+15010 anna sms reminder 1"]);
    let mut world = with_ack(true);
    assert_eq!(world.told(), ["+10 anna email alert 1"]);
    let mut worse = load();
    worse.rule.severity = Severity::Critical;
    world.say(Change::Updated, &worse);
    assert_eq!(world.told().len(), 3, "{:?}", world.told());
    world.say(Change::Resolved, &worse);
    world.run(300);
    assert_eq!(world.told().len(), 5, "{:?}", world.told());
}

#[test]
fn a_ladder_reaches_others_and_goes_on_when_a_channel_fails() {
    let mut anna = receiver("anna");
    anna.critical_channels.clear();
    anna.ladder =
        vec![Step { after: Duration::from_secs(3_600), receivers: vec!["boris".to_owned()], ..Step::default() }];
    let mut boris = receiver("boris");
    boris.severity_min = Severity::Critical;
    let mut world = World::new(settings(vec![anna, boris], |_| ()));
    world.behaviour.insert("email".to_owned(), |_, row| match row.receiver.as_str() {
        "anna" => Err(SendError::Refused("550 no such user".to_owned())),
        _ => Ok(Receipt::default()),
    });
    world.say(Change::Fired, &load());
    world.run(30);
    assert_eq!(world.told(), ["+11 boris email escalation 1", "+11 boris sms escalation 1"]);
}

#[test]
fn caps_are_told_and_keep_a_reserve_for_critical_ones() {
    let mut anna = receiver("anna");
    anna.channels.push("sms".to_owned());
    let mut world = World::new(settings(vec![anna], |_| ()));
    for n in 0..120 {
        let mut warning = load();
        warning.rule.name = format!("rule{n}");
        world.say(Change::Fired, &warning);
        world.run(29);
    }
    let sms: Vec<&Row> = world.accepted.iter().filter(|(_, row)| row.channel == "sms").map(|(_, row)| row).collect();
    assert!(sms.len() <= 8, "{} of 10 less 3 in the hour, and what the next hour frees", sms.len());
    let last = sms.iter().filter(|row| row.notice.capped_until_ns.is_some()).count();
    assert_eq!(last, 1, "the last one says so");
    let before = world.count("sms");
    for (n, class) in
        [Class::Disk, Class::Peer, Class::Floodmark, Class::Network, Class::Delivery].into_iter().enumerate()
    {
        world.say(Change::Fired, &what(&format!("x{n}"), class, Severity::Critical, SubjectKind::Node, ""));
    }
    assert_eq!(world.count("sms") - before, 3, "the reserve, and no more");
    assert!(world.book.counts().capped >= 1);
}

#[test]
fn hours_are_kept_but_not_against_critical_ones() {
    let mut anna = receiver("anna");
    anna.hours = vec!["08:00-20:00".to_owned()];
    let mut world = World::new(settings(vec![anna], |_| ()));
    world.say(Change::Fired, &load());
    world.run(60);
    assert!(world.accepted.is_empty());
    world.say(Change::Fired, &attack("192.0.2.1"));
    assert_eq!(world.count("sms"), 1);
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(3 * 3_600);
    assert!(world.told().contains(&"+10800 anna email alert 1".to_owned()), "told at eight: {:?}", world.told());
}

/// Away for the first hour.
fn away(now_ns: u64, _: &Row) -> Result<Receipt, SendError> {
    if now_ns < START + 3_600 * S {
        Err(SendError::Passing("connection refused".to_owned()))
    } else {
        Ok(Receipt::default())
    }
}

#[test]
fn channels_that_were_away_for_an_hour_send_one_digest_within_a_minute() {
    let mut world = World::new(settings(["anna", "boris"].map(receiver).into(), |_| ()));
    world.behaviour.insert("email".to_owned(), away);
    world.behaviour.insert("sms".to_owned(), away);
    for n in 0..300 {
        world.say(Change::Fired, &attack(&format!("10.0.{}.{}", n / 250, n % 250)));
        if n % 3 == 0 {
            world.say(Change::Resolved, &attack(&format!("10.0.{}.{}", n / 250, n % 250)));
        }
        world.run(10);
    }
    world.run(3_661 - (world.now_ns - START) / S);
    for name in ["anna", "boris"] {
        for channel in ["email", "sms"] {
            let mine: Vec<&Row> = world
                .accepted
                .iter()
                .map(|(_, row)| row)
                .filter(|row| row.receiver == name && row.channel == channel)
                .collect();
            assert_eq!(mine.len(), 1, "{:?}", world.told());
            let notice = &mine[0].notice;
            assert_eq!((notice.kind, notice.incidents.len()), (NoticeKind::Digest, 20));
            assert!(notice.incidents[0].resolved_ns.is_none() && notice.more > 100 && notice.replaces > 5);
        }
    }
    assert_eq!(world.outbox.state(world.now_ns).waiting, 0, "drained");
}

#[test]
fn an_alert_that_was_never_tried_and_is_over_becomes_one_message_or_none() {
    let mut world = World::one();
    world.behaviour.insert("email".to_owned(), away);
    world.behaviour.insert("sms".to_owned(), away);
    // Something that fails first, so that the channels are tried with that alone.
    world.say(Change::Fired, &what("old", Class::Disk, Severity::Critical, SubjectKind::Disk, "/"));
    world.run(60);
    world.say(Change::Fired, &load());
    world.run(30);
    world.say(Change::Resolved, &load());
    world.run(3_700);
    assert!(world.accepted.iter().all(|(_, row)| row.class != Class::Load), "{:?}", world.told());
}

#[test]
fn the_ends_of_others_make_no_alert_wait() {
    // One target after the other: from the 60th second on, ends are due as often as alerts.
    let mut world = World::new(settings(vec![receiver("anna")], |config| {
        (config.pipeline.email_per_hour, config.pipeline.sms_per_hour) = (1_000, 1_000);
        config.pipeline.follow_wait = Duration::from_secs(2);
        config.pipeline.group_interval = Duration::from_secs(2);
        config.pipeline.resolved_wait = Duration::from_secs(60);
    }));
    for n in 1..=100 {
        let (target, fired_ns) = (attack(&format!("10.9.1.{n}")), world.now_ns);
        world.say(Change::Fired, &target);
        for channel in ["email", "sms"] {
            let is_it =
                |(at, row): &&(u64, Row)| *at == fired_ns && row.channel == channel && row.kind == NoticeKind::Alert;
            assert!(world.accepted.iter().any(|one| is_it(&one)), "{n} by {channel}: {:?}", world.told());
        }
        world.run(1);
        world.say(Change::Resolved, &target);
    }
    world.run(120);
    assert!(world.book.opens.is_empty(), "all ends are told too");
    // With the default waits: a second after an end was told, something else fires.
    let mut world = World::one();
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(120);
    assert_eq!(world.told().last().expect("its end"), "+121 anna sms resolved 1");
    world.say(Change::Fired, &attack("192.0.2.2"));
    assert_eq!(world.told().last().expect("an alert"), "+122 anna sms alert 1");
}

#[test]
fn a_reminder_makes_no_alert_wait() {
    let mut world = World::one();
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.run(3_600);
    assert_eq!(world.told().last().expect("a reminder"), "+3600 anna sms reminder 1");
    world.say(Change::Fired, &attack("192.0.2.2"));
    assert_eq!(world.told().last().expect("an alert"), "+3601 anna sms alert 1");
}

#[test]
fn what_is_critical_and_over_before_its_turn_is_told_with_its_end() {
    let mut world = World::one();
    world.say(Change::Fired, &attack("192.0.2.1"));
    // It waits for the message before it, and is over meanwhile.
    world.say(Change::Fired, &attack("192.0.2.2"));
    world.run(5);
    world.say(Change::Resolved, &attack("192.0.2.2"));
    // The same, but somebody has seen it on the page.
    world.say(Change::Fired, &attack("192.0.2.3"));
    let seen = world.book.opens.values().find(|open| open.incident.subject.name == "192.0.2.3").expect("open");
    let seen = seen.incident.id.clone();
    world.book.acknowledge(&seen, "boris", "", world.now_ns).expect("it is open");
    world.say(Change::Resolved, &attack("192.0.2.3"));
    world.run(600);
    assert_eq!(world.told()[2..], ["+127 anna email report 1", "+127 anna sms resolved 1"]);
    assert_eq!(world.accepted[3].1.notice.incidents[0].subject.name, "192.0.2.2");
    assert_eq!(world.book.opens.len(), 1, "nothing more is to be told of those that are over");
}

#[test]
fn ends_leave_the_reserve_to_alerts() {
    let mut world = World::new(settings(vec![receiver("anna")], |config| {
        (config.pipeline.sms_per_hour, config.pipeline.critical_reserve) = (5, 2);
    }));
    for n in 0..3 {
        world.say(Change::Fired, &attack(&format!("192.0.2.{n}")));
        world.say(Change::Resolved, &attack(&format!("192.0.2.{n}")));
        world.run(38);
    }
    world.run(600);
    assert_eq!(world.count("sms"), 3, "{:?}", world.told());
    for (rule, class) in [("x", Class::Disk), ("y", Class::Peer)] {
        world.say(Change::Fired, &what(rule, class, Severity::Critical, SubjectKind::Node, ""));
        world.run(10);
    }
    assert_eq!(world.count("sms"), 5, "{:?}", world.told());
}

#[test]
fn the_status_message_keeps_its_hours_and_old_ones_are_not_sent() {
    let mut anna = receiver("anna");
    anna.status_channels = vec!["sms".to_owned()];
    let mut world = World::new(settings(vec![anna], |config| {
        config.pipeline.status_every = Duration::from_secs(3_600);
        config.pipeline.status_at = vec!["05:30".to_owned()];
    }));
    world.run(7_300);
    assert_eq!(world.told(), ["+1800 anna sms status 0", "+3600 anna sms status 0", "+7200 anna sms status 0"]);
    world.behaviour.insert("sms".to_owned(), |_, _| Err(SendError::Passing("no modem".to_owned())));
    world.run(2 * 3_600 + 900);
    assert_eq!(world.outbox.state(world.now_ns).waiting, 0, "fifteen minutes, then it is worthless");
}

#[test]
fn a_code_acknowledges_from_the_receivers_number_only_and_five_wrong_ones_void_it() {
    let mut world = World::one();
    world.say(Change::Fired, &attack("192.0.2.1"));
    let code = world.accepted[1].1.notice.code.clone();
    let (settings, now_ns) = (world.settings.clone(), world.now_ns);
    let redeem = |book: &mut Book, channel: &str, number: &str, text: &str| {
        book.redeem_code(channel, number, text, &settings, now_ns).is_ok()
    };
    assert!(!redeem(&mut world.book, "sms", "+15550100", &code), "another number");
    assert!(!redeem(&mut world.book, "email", "+79161234567", &code), "another channel");
    let mut other = World::one();
    other.say(Change::Fired, &attack("192.0.2.1"));
    (0..5).for_each(|_| assert!(!redeem(&mut other.book, "sms", "+79161234567", "AAAAA2 please")));
    let code_of_other = other.accepted[1].1.notice.code.clone();
    assert!(!redeem(&mut other.book, "sms", "+79161234567", &code_of_other), "void");
    assert!(redeem(&mut world.book, "sms", "+79161234567", &format!("ok {}!", code.to_lowercase())));
    let open = world.book.opens.values().next().expect("it goes on");
    assert_eq!(open.incident.acknowledged_by, "anna");
    assert!(!world.book.tokens.keys().any(|hash| hash.contains(&code)), "only hashes are kept");
}

#[test]
fn a_link_is_looked_at_without_effect_acts_once_and_ends_with_its_incident() {
    let mut world = World::one();
    world.say(Change::Fired, &attack("192.0.2.1"));
    let url = world.accepted[0].1.notice.acknowledge_url.clone();
    let token = url.rsplit('/').next().expect("a token");
    let hash = super::id::hash(token);
    assert_eq!(token.len(), 32);
    assert_eq!(world.book.look(&hash).expect("it is valid").len(), 1);
    assert!(world.book.opens.values().all(|open| open.incident.acknowledged_by.is_empty()));
    assert!(
        world.book.look(token).is_err() && world.book.redeem(token, world.now_ns).is_err(),
        "the token itself is not the key"
    );
    // Another incident is not opened by it.
    world.say(Change::Fired, &load());
    assert_eq!(world.book.redeem(&hash, world.now_ns), Ok(1));
    let acknowledged = world.book.opens.values().filter(|open| !open.incident.acknowledged_by.is_empty()).count();
    assert_eq!(acknowledged, 1);
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(400);
    assert!(world.book.look(&hash).is_err() && world.book.tokens.len() <= 1);
}

#[test]
fn an_incident_that_nobody_speaks_of_after_a_start_ends() {
    let mut world = World::one();
    world.say(Change::Fired, &load());
    world.run(30);
    let open = world.book.opens.values().next().expect("it is open").clone();
    let json = serde_json::to_string(&open).expect("JSON");
    let mut again = World::one();
    again.book.restore(serde_json::from_str(&json).expect("as written"));
    again.run(590);
    assert_eq!(again.book.firing().len(), 1);
    again.run(200);
    assert!(again.book.opens.is_empty());
    assert_eq!(again.told(), ["+720 anna email resolved 1"]);
}

#[test]
fn a_failing_channel_is_judged_for_the_others() {
    let mut world = World::one();
    world.behaviour.insert("email".to_owned(), |_, _| Err(SendError::Broken("535 bad password".to_owned())));
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.run(5);
    let readings = world.outbox.readings(world.now_ns);
    let of = |name: &str| readings.iter().find(|reading| reading.subject.name == name).expect("it is judged").level;
    assert_eq!((of("email"), of("sms")), (Level::Above, Level::Below));
    let failing = what("channel-failing", Class::Delivery, Severity::Critical, SubjectKind::Channel, "email");
    world.say(Change::Fired, &failing);
    assert_eq!(world.told()[1..], ["+6 anna sms alert 1"]);
    assert!(world.outbox.health(world.now_ns, 3 * S).is_err_and(|text| text.contains("535 bad password")));
}

#[test]
fn a_day_of_transitions_in_notifications_out() {
    let mut anna = receiver("anna");
    anna.status_channels = vec!["sms".to_owned()];
    anna.ladder = vec![Step { receivers: vec!["boris".to_owned()], ..Step::default() }];
    let mut boris = receiver("boris");
    boris.language = "ru".to_owned();
    boris.severity_min = Severity::Critical;
    let mut world =
        World::new(settings(vec![anna, boris], |config| config.pipeline.status_at = vec!["09:00".to_owned()]));
    world.say(Change::Fired, &load());
    world.run(900);
    world.say(Change::Resolved, &load());
    world.run(3_600);
    (0..20).for_each(|n| world.say(Change::Fired, &attack(&format!("198.51.100.{n}"))));
    world.run(1_200);
    let id = world.book.firing()[0].incident.id.clone();
    world.book.acknowledge(&id, "boris", "", world.now_ns).expect("it is open");
    world.run(2_400);
    (0..20).for_each(|n| world.say(Change::Resolved, &attack(&format!("198.51.100.{n}"))));
    world.run(3 * 3_600);
    world.behaviour.insert("email".to_owned(), |now_ns, _| match (now_ns - START) / S {
        0..30_000 => Err(SendError::Unknown("no answer".to_owned())),
        _ => Ok(Receipt::default()),
    });
    let disk = what("disk_full", Class::Disk, Severity::Critical, SubjectKind::Disk, "/var");
    world.say(Change::Fired, &disk);
    world.run(20_000);
    world.say(Change::Resolved, &disk);
    world.run(86_400 - (world.now_ns - START) / S);
    insta::assert_snapshot!(world.told().join("\n"));
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait() {
    let mut world = World::one();
    world.behaviour.insert("email".to_owned(), |now_ns, _| match now_ns {
        START.. => Err(SendError::Passing("away".to_owned())),
        _ => Ok(Receipt::default()),
    });
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.run(30);
    world.now_ns = START - 86_400 * S;
    world.run(2);
    assert_eq!(world.count("email"), 1, "what waited is tried");
    let back = |told: &mut World| told.accepted.iter().filter(|(at, row)| *at < START && row.channel == "sms").count();
    world.run(35);
    world.say(Change::Fired, &attack("198.51.100.1"));
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(200);
    assert_eq!(back(&mut world), 2, "a new alert, and the end of the old one");
}

#[test]
fn what_is_wrong_with_receivers_is_told_with_its_remedy() {
    let check = |edit: fn(&mut Receiver), told: &str| {
        let mut config = crate::config::Config { receiver: vec![receiver("anna")], ..Default::default() };
        config.sms.push(serde_json::from_str(r#"{"name":"sms"}"#).expect("an entry"));
        edit(&mut config.receiver[0]);
        let mut problems = Vec::new();
        super::config::check_people(&config, &mut problems);
        let text: Vec<String> = problems
            .iter()
            .map(|p| format!("{} = {}: allowed is {}; {}", p.key, p.value, p.allowed, p.remedy))
            .collect();
        match told {
            "" => assert!(text.is_empty(), "{text:?}"),
            _ => assert!(text.len() == 1 && text[0].contains(told), "{told}: {text:?}"),
        }
    };
    check(|_| (), "");
    check(
        |r| r.phone = "8 (916) 123-45-67".to_owned(),
        "notifier.receiver[anna].phone = \"8 (916) 123-45-67\": allowed is a number in the international form",
    );
    check(|r| r.phone = "+123456789012345678".to_owned(), "8 to 15 digits");
    check(|r| r.phone.clear(), "no `phone`");
    check(|r| r.mail = "Anna <anna@example.org>".to_owned(), "without a display name");
    check(|r| r.mail = "a@b\r\nBcc: x@y".to_owned(), "one mail address");
    check(|r| r.channels.push("pigeon".to_owned()), "\"pigeon\": allowed is \"email\", \"sms\"");
    check(|r| r.language = "de".to_owned(), "\"en\", \"ru\"");
    check(|r| r.hours = vec!["always".to_owned()], "mon-fri 08:00-20:00");
    check(|r| r.zone = "../etc/passwd".to_owned(), "timedatectl");
    check(|r| r.name.clear(), "1 to 64 characters");
    check(|r| r.ladder = vec![Step::default()], "a step without channels and receivers");
    check(
        |r| r.ladder = vec![Step { receivers: vec!["nobody".to_owned()], ..Step::default() }],
        "\"nobody\": allowed is names of receivers",
    );
    let mut problems = Vec::new();
    let config = Config { status_at: vec!["9".to_owned()], sms_per_hour: 0, ..Config::default() };
    super::config::check(&config, &mut problems);
    let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        ["notifier.pipeline.sms_per_hour", "notifier.pipeline.critical_reserve", "notifier.pipeline.status_at"]
    );
}

#[test]
fn without_receivers_incidents_are_kept_and_nobody_is_told() {
    let mut world = World::new(settings(Vec::new(), |_| ()));
    world.say(Change::Fired, &attack("192.0.2.1"));
    world.run(10);
    assert_eq!((world.book.firing().len(), world.accepted.len()), (1, 0));
    world.say(Change::Resolved, &attack("192.0.2.1"));
    world.run(200);
    assert!(world.book.opens.is_empty());
}

/// What may happen, in any order.
#[derive(Clone, Debug)]
enum Event {
    Judge(u8, Change),
    Wait(u16),
    Clock(i32),
    Channel(bool, u8),
    Acknowledge(u8),
}

fn event() -> impl proptest::strategy::Strategy<Value = Event> {
    use proptest::prelude::{Just, Strategy, any, prop_oneof};
    let change = prop_oneof![
        4 => Just(Change::Fired),
        2 => Just(Change::Updated),
        3 => Just(Change::Resolved),
        1 => Just(Change::Flapping),
        1 => Just(Change::Gone),
    ];
    prop_oneof![
        8 => (0..12u8, change).prop_map(|(subject, change)| Event::Judge(subject, change)),
        4 => (0..400u16).prop_map(Event::Wait),
        1 => (-7_200..7_200i32).prop_map(Event::Clock),
        3 => (any::<bool>(), 0..5u8).prop_map(|(is_email, what)| Event::Channel(is_email, what)),
        1 => (0..12u8).prop_map(Event::Acknowledge),
    ]
}

/// One of a few rules and subjects.
fn subject(number: u8) -> What {
    match number {
        0..4 => attack(&format!("192.0.2.{number}")),
        4 => attack("192.0.2.0/24"),
        5 => load(),
        6 => what("capture_down", Class::Floodmark, Severity::Critical, SubjectKind::Role, "capture"),
        7 => what("channel-failing", Class::Delivery, Severity::Critical, SubjectKind::Channel, "email"),
        _ => what("disk", Class::Disk, Severity::Critical, SubjectKind::Disk, &format!("/{number}")),
    }
}

fn behaviour(what: u8) -> Behaviour {
    match what {
        0 => |_, _| Err(SendError::Passing("away".to_owned())),
        1 => |_, _| Err(SendError::Unknown("cut".to_owned())),
        2 => |_, _| Err(SendError::Broken("password".to_owned())),
        _ => takes,
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 256, ..Default::default() })]

    #[test]
    fn whatever_happens_what_goes_on_is_told_once_the_channels_are_back(events in proptest::collection::vec(event(), 1..60)) {
        let mut world = World::new(settings(vec![receiver("anna")], |config| {
            // A cap that is used up tells later, which is another test.
            (config.pipeline.email_per_hour, config.pipeline.sms_per_hour) = (1_000, 1_000);
        }));
        world.now_ns += 86_400 * S;
        for event in events {
            match event {
                Event::Judge(number, change) => world.say(change, &subject(number)),
                Event::Wait(seconds) => world.run(u64::from(seconds)),
                Event::Clock(seconds) => world.now_ns = world.now_ns.saturating_add_signed(i64::from(seconds) * S as i64),
                Event::Channel(is_email, what) => {
                    world.behaviour.insert(if is_email { "email" } else { "sms" }.to_owned(), behaviour(what));
                }
                Event::Acknowledge(number) => {
                    let id = world.book.opens.keys().nth(usize::from(number)).cloned();
                    id.into_iter().for_each(|id| drop(world.book.acknowledge(&id, "anna", "", world.now_ns)));
                }
            }
        }
        world.behaviour.clear();
        world.run(1_500);
        for open in world.book.firing() {
            let is_owed = open.mute == super::open::Mute::Heard && !open.is_acknowledged();
            let is_itself = open.incident.subject.kind == SubjectKind::Channel;
            let is_told = open.told.iter().any(|told| told.severity >= open.incident.severity && !world.outbox.is_live(&told.row));
            proptest::prop_assert!(!is_owed || is_told, "{open:?}");
            let by_mail = world.accepted.iter().any(|(_, row)| {
                row.channel == "email" && row.notice.incidents.iter().any(|incident| incident.id == open.incident.id)
            });
            proptest::prop_assert!(!is_owed || is_itself || by_mail, "{open:?}");
        }
        proptest::prop_assert_eq!(world.outbox.state(world.now_ns).waiting, 0);
        let mut ids: Vec<&String> = world.accepted.iter().map(|(_, row)| &row.id).collect();
        ids.sort();
        let before = ids.len();
        ids.dedup();
        proptest::prop_assert_eq!(before, ids.len(), "nothing that was accepted is sent again");
    }
}
