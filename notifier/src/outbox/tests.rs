//! The desk on a real file, and the sender with channels that misbehave.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use live::action::{Acknowledge, Action, TestChannel};
use live::incident::{Severity, Subject, SubjectKind, Words};
use tokio::sync::watch;

use super::dispatch::{Clock, Options, run};
use crate::channel::{Delivery, Message, Receipt, SendError};
use crate::incident::config::Receiver;
use crate::incident::id::Ids;
use crate::incident::{Desk, Facts, Settings, stored};
use crate::judgement::{Change, Class, Level, Reading, RuleHead, Transition};

const S: u64 = 1_000_000_000;
const START: u64 = 1_795_323_600 * S;

fn settings() -> Settings {
    let mut config = crate::config::Config::default();
    config.receiver.push(Receiver {
        name: "anna".to_owned(),
        mail: "anna@example.org".to_owned(),
        phone: "+79161234567".to_owned(),
        channels: vec!["email".to_owned()],
        critical_channels: vec!["sms".to_owned()],
        ..Receiver::default()
    });
    config.sms.push(crate::channel::sms::config::Gateway { name: "sms".to_owned(), ..Default::default() });
    Settings::new(&config, "web1", "https://flood.example", &[])
}

fn desk(dir: &std::path::Path, now_ns: u64) -> Desk {
    Desk::open(crate::state::open(dir).expect("a state file"), settings(), Ids::Random, now_ns).expect("it is read")
}

fn fired(subject: &str, now_ns: u64) -> Transition {
    let rule = RuleHead {
        name: "attack".to_owned(),
        class: Class::Attack,
        severity: Severity::Critical,
        ..RuleHead::default()
    };
    let reading = Reading {
        rule: Arc::new(rule),
        subject: Subject { kind: SubjectKind::Host, name: subject.to_owned() },
        level: Level::Above,
        value: 2.0,
        limit: 1.0,
        unit: Default::default(),
        summary: Words { en: format!("attack on {subject}"), ru: String::new() },
        remedy: Words::default(),
        attack: None,
    };
    Transition { change: Change::Fired, time_ns: now_ns, since_ns: now_ns, peak: 2.0, crossings: 1, reading }
}

#[test]
fn everything_is_as_it_was_after_a_death() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let one = desk(dir.path(), START);
    one.tick(START, &[fired("192.0.2.1", START)], &Facts::none());
    let incident = one.open_incidents()[0].id.clone();
    let acknowledge = Acknowledge { incident: incident.clone(), by: "boris".to_owned(), comment: String::new() };
    one.act("request-1", &Action::Acknowledge(acknowledge), START + S).expect("it is open");
    let sent = one.begin("email", 4, START + S);
    let accepted = one.begin("sms", 4, START + S);
    let receipt = Receipt { provider_id: "p1".to_owned(), is_followed: true, ..Receipt::default() };
    one.settle(&accepted[0].id, &Ok(receipt), START + S);
    // Death: nothing is closed, nothing is said.
    std::mem::forget(one);
    let two = desk(dir.path(), START + 2 * S);
    let open = two.open_incidents();
    assert_eq!((open.len(), open[0].id.as_str(), open[0].acknowledged_by.as_str()), (1, incident.as_str(), "boris"));
    two.tick(START + 2 * S, &[fired("192.0.2.1", START)], &Facts::none());
    assert_eq!(two.open_incidents().len(), 1, "the same, not another");
    let again = two.begin("email", 4, START + 2 * S);
    assert_eq!((again.len(), again[0].id.as_str(), again[0].attempt), (1, sent[0].id.as_str(), 2));
    assert_eq!(again[0].notice, sent[0].notice, "to the letter");
    assert!(two.begin("sms", 4, START + 2 * S).is_empty(), "accepted is accepted");
    two.delivered(
        "sms",
        &Delivery { provider_id: "p1".to_owned(), arrived: false, answer: "no such number".to_owned() },
        START + 3 * S,
    );
    assert_eq!(two.standing(START + 3 * S).outbox.failed, 1);
    assert_eq!(stored(dir.path()).expect("read-only").len(), 1);
}

#[test]
fn ten_thousand_incidents_are_durable_in_a_second() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let desk = desk(dir.path(), START);
    let transitions: Vec<Transition> =
        (0..10_000).map(|n| fired(&format!("10.0.{}.{}", n / 250, n % 250), START)).collect();
    let began = Instant::now();
    let changed = desk.tick(START, &transitions, &Facts::none());
    let took = began.elapsed();
    println!("10,000 incidents durable in {} ms", took.as_millis());
    assert_eq!(changed.incidents.len(), 10_000);
    assert_eq!(stored(dir.path()).expect("read-only").len(), 10_000);
    // A second on a quiet machine; this bound only finds what is out of all proportion.
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_state_that_cannot_be_written_still_sends_and_says_so() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let desk = desk(dir.path(), START);
    let blocker = rusqlite::Connection::open(dir.path().join("state.db")).expect("another process");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("it has the file");
    desk.tick(START, &[fired("192.0.2.1", START)], &Facts::none());
    assert!(desk.health(START).is_err_and(|text| text.contains("cannot be written")));
    assert_eq!(desk.begin("email", 4, START).len(), 1, "out of the memory");
    blocker.execute_batch("ROLLBACK").expect("it lets go");
    desk.tick(START + S, &[], &Facts::none());
    assert_eq!(desk.health(START + S), Ok(()));
    assert_eq!(stored(dir.path()).expect("read-only").len(), 1, "what was missed is written");
}

#[test]
fn a_test_message_tells_its_outcome_and_unknown_channels_are_named() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let desk = desk(dir.path(), START);
    let test = |channel: &str| {
        Action::TestChannel(TestChannel {
            channel: channel.to_owned(),
            by: "root".to_owned(),
            ..TestChannel::default()
        })
    };
    let told = desk.act("1", &test("carrier-pigeon"), START).expect_err("there is none");
    assert!(told.contains("email, sms"), "{told}");
    let id = desk.act("2", &test("email"), START).expect("anna uses it");
    let message = desk.begin("email", 1, START).remove(0);
    assert_eq!(message.id, id);
    desk.settle(&id, &Ok(Receipt { answer: "250 ok".to_owned(), ..Receipt::default() }), START + S / 2);
    let state = desk.standing(START + S).outbox.tests.remove(0);
    assert_eq!((state.state.as_str(), state.answer.as_str(), state.took_ms), ("sent", "250 ok", 500));
}

/// Runs the sender over `messages` alerts until nothing waits; what each message met.
fn sent_by(
    deliver: fn(u32, &Message) -> Result<Receipt, SendError>,
    hang: fn(&Message) -> bool,
) -> BTreeMap<String, u32> {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let desk = Arc::new(desk(dir.path(), START));
    let seen: Arc<Mutex<BTreeMap<String, u32>>> = Arc::default();
    // Each look at the clock is a second later: waits are over soon.
    let ticks = Arc::new(AtomicU64::new(0));
    let clock: Clock = Arc::new(move || START + ticks.fetch_add(1, Ordering::Relaxed) * S);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (stop, stopped) = watch::channel(false);
    let options = Options { channel: "email".to_owned(), concurrency: 2, time_limit: Duration::from_millis(100) };
    let noted = Arc::clone(&seen);
    let attempt = move |message: Message| {
        let noted = Arc::clone(&noted);
        async move {
            *noted.lock().expect("no panic within").entry(message.id.clone()).or_default() += 1;
            if hang(&message) {
                std::future::pending::<()>().await;
            }
            deliver(message.attempt, &message)
        }
    };
    let task = runtime.spawn(run(Arc::clone(&desk), options, Arc::clone(&clock), attempt, stopped));
    desk.tick(START, &[fired("192.0.2.1", START)], &Facts::none());
    let end = Instant::now() + Duration::from_secs(20);
    let is_waiting = || desk.standing(START).outbox.channels.iter().any(|c| c.channel == "email" && c.waiting > 0);
    while is_waiting() {
        assert!(Instant::now() < end, "it is sent or given up: {:?}", desk.standing(START).outbox);
        std::thread::sleep(Duration::from_millis(5));
    }
    stop.send(true).expect("it listens");
    runtime.block_on(task).expect("no panic");
    let seen = seen.lock().expect("no panic within").clone();
    seen
}

#[test]
fn hanging_lost_and_panicking_attempts_are_repeated_with_the_same_id() {
    let once =
        |attempts: u32| move |seen: BTreeMap<String, u32>| assert_eq!(seen.values().collect::<Vec<_>>(), [&attempts]);
    once(1)(sent_by(|_, _| Ok(Receipt::default()), |_| false));
    once(3)(sent_by(
        |attempt, _| if attempt < 3 { Err(SendError::Unknown("cut".to_owned())) } else { Ok(Receipt::default()) },
        |_| false,
    ));
    once(2)(sent_by(|_, _| Ok(Receipt::default()), |message| message.attempt == 1));
    once(2)(sent_by(
        |attempt, _| if attempt == 1 { panic!("a channel's fault") } else { Ok(Receipt::default()) },
        |_| false,
    ));
    once(1)(sent_by(|_, _| Err(SendError::Refused("550".to_owned())), |_| false));
}
