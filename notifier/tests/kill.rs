//! kill -9 from the evaluation to the mark that a message was accepted: nothing is lost, and a repeat has the same id.
//!
//! The test starts itself as a child that runs incidents, outbox and senders against a server in this process. The child
//! dies at a named step or at a random moment and is started again, until everything is told: six alerts and six ends
//! by two channels. A message that the state file has as sent at a death must not come again.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests fail by panicking, and have a clock")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use faults::Seed;
use faults::report::Row;
use live::incident::{Severity, Subject, SubjectKind, Words};
use notifier::channel::sms::config::Gateway;
use notifier::channel::{Message, Receipt, SendError};
use notifier::incident::config::Receiver;
use notifier::incident::id::Ids;
use notifier::incident::{Desk, Facts, Settings};
use notifier::judgement::{Change, Class, Level, Reading, RuleHead, Transition};
use notifier::notice::NoticeKind;
use notifier::outbox::dispatch::{Clock, Options, run};
use tokio::sync::watch;

/// Every step from the decision to the mark.
const STEPS: [&str; 9] = [
    "notifier.decide",
    "notifier.incidents",
    "notifier.commit",
    "notifier.committed",
    "notifier.begin",
    "notifier.sending",
    "notifier.sent",
    "notifier.mark",
    "notifier.marked",
];

/// One second here is so many there: a wait of 5 s must not be one of the test.
const SPEED: u64 = 100;

/// One of each: they do not wait for each other.
const CLASSES: [Class; 6] = [Class::Load, Class::Disk, Class::Network, Class::Floodmark, Class::Delivery, Class::Peer];

const CHANNELS: [&str; 2] = ["email", "sms"];

/// Deaths of one run before it is left to end.
const DEATHS_OF_RUN: u64 = 10;

fn real_ns() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// The child: what the role does, with a judge that says what the folder says.
#[test]
fn child() {
    let Ok(told) = std::env::var("FLOODMARK_KILL_CHILD") else { return };
    let _armed = faults::arm_by_environment();
    let mut words = told.splitn(3, ' ');
    let (address, base) = (words.next().unwrap().to_owned(), words.next().unwrap().parse::<u64>().unwrap());
    let dir = Path::new(words.next().unwrap()).to_owned();
    let clock: Clock = Arc::new(move || base + (real_ns() - base) * SPEED);
    let desk = Desk::open(notifier::state::open(&dir).unwrap(), settings(), Ids::Random, clock()).unwrap();
    let desk = Arc::new(desk);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (stop, stopped) = watch::channel(false);
    for channel in CHANNELS {
        let address = address.clone();
        let deliver = move |message: Message| {
            let address = address.clone();
            async move { tokio::task::spawn_blocking(move || send(&address, channel, &message)).await.unwrap() }
        };
        let options = Options { channel: channel.to_owned(), concurrency: 2, time_limit: Duration::from_secs(5) };
        runtime.spawn(run(Arc::clone(&desk), options, Arc::clone(&clock), deliver, stopped.clone()));
    }
    let over = dir.join("over");
    let mut spoken = BTreeSet::new();
    loop {
        let now_ns = clock();
        let open = desk.open_incidents();
        let is_quiet = desk.standing(now_ns).outbox.waiting == 0;
        if over.exists() {
            let transitions: Vec<Transition> =
                open.iter().map(|incident| transition(&incident.rule, Change::Resolved, now_ns)).collect();
            if transitions.is_empty() && is_quiet && desk.untold() == 0 {
                break;
            }
            desk.tick(now_ns, &transitions, &Facts::none());
        } else {
            // Two new crossings in each second.
            let new: Vec<String> = rules().filter(|rule| !spoken.contains(rule)).take(2).collect();
            let transitions: Vec<Transition> = new.iter().map(|rule| transition(rule, Change::Fired, now_ns)).collect();
            if new.is_empty() && is_quiet {
                fs::write(&over, b"").unwrap();
            }
            desk.tick(now_ns, &transitions, &Facts::none());
            spoken.extend(new);
        }
        thread::sleep(Duration::from_millis(3));
    }
    drop(stop);
    runtime.shutdown_timeout(Duration::from_secs(5));
}

fn rules() -> impl Iterator<Item = String> {
    CLASSES.iter().map(|class| format!("{class:?}"))
}

fn settings() -> Settings {
    let mut config = notifier::config::Config::default();
    config.receiver.push(Receiver {
        name: "anna".to_owned(),
        mail: "anna@example.org".to_owned(),
        phone: "+79161234567".to_owned(),
        channels: CHANNELS.map(str::to_owned).into(),
        ..Receiver::default()
    });
    config.sms.push(serde_json::from_str::<Gateway>(r#"{"name":"sms"}"#).unwrap());
    let pipeline = &mut config.pipeline;
    (pipeline.resolved_wait, pipeline.repeat, pipeline.repeat_critical) = Default::default();
    (pipeline.email_per_hour, pipeline.sms_per_hour) = (1_000, 1_000);
    let day = Duration::from_secs(86_400);
    (pipeline.report_after, pipeline.digest_after, pipeline.fallback_after) = (30 * day, day, day);
    (pipeline.follow_wait, pipeline.sms_expiry) = (Duration::from_secs(1), day);
    Settings::new(&config, "web1", "", &[])
}

fn transition(rule: &str, change: Change, now_ns: u64) -> Transition {
    let class = *CLASSES.iter().find(|class| format!("{class:?}") == rule).unwrap();
    let head = RuleHead { name: rule.to_owned(), class, severity: Severity::Critical, ..RuleHead::default() };
    let reading = Reading {
        rule: Arc::new(head),
        subject: Subject { kind: SubjectKind::Node, name: String::new() },
        level: Level::Above,
        value: 2.0,
        limit: 1.0,
        unit: Default::default(),
        summary: Words { en: rule.to_owned(), ru: String::new() },
        remedy: Words::default(),
        attack: None,
    };
    Transition { change, time_ns: now_ns, since_ns: now_ns, peak: 2.0, crossings: 1, reading }
}

/// The child's channel: one connection, one line, one answer.
fn send(address: &str, channel: &str, message: &Message) -> Result<Receipt, SendError> {
    let passing = |error: std::io::Error| SendError::Passing(error.to_string());
    let mut stream = TcpStream::connect(address).map_err(passing)?;
    let rules: Vec<&str> = message.notice.incidents.iter().map(|incident| incident.rule.as_str()).collect();
    let kind = if message.notice.kind == NoticeKind::Resolved { "resolved" } else { "alert" };
    stream.write_all(format!("{} {channel} {kind} {}\n", message.id, rules.join(",")).as_bytes()).map_err(passing)?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        Ok(_) if answer == "ok\n" => Ok(Receipt::default()),
        Ok(_) => Err(SendError::Unknown("the answer is lost".to_owned())),
        Err(error) => Err(SendError::Unknown(error.to_string())),
    }
}

/// A message that the server took.
#[derive(Clone, Debug)]
struct Taken {
    life: u64,
    id: String,
    /// Channel, kind and rule.
    tells: Vec<(String, String, String)>,
    is_answered: bool,
}

#[derive(Default)]
struct Server {
    life: u64,
    taken: Vec<Taken>,
}

/// Takes lines, and loses one answer of eight.
fn serve(listener: &TcpListener, server: &Mutex<Server>, mut seed: Seed) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let mut line = String::new();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        if BufReader::new(&stream).read_line(&mut line).is_err() || !line.ends_with('\n') {
            continue;
        }
        if line.starts_with("end") {
            return;
        }
        let mut words = line.split_whitespace();
        let (id, channel, kind) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let rules = words.next().unwrap_or_default().split(',');
        let is_answered = seed.below(8) > 0;
        let mut server = server.lock().unwrap();
        let tells = rules.map(|rule| (channel.to_owned(), kind.to_owned(), rule.to_owned())).collect();
        let life = server.life;
        server.taken.push(Taken { life, id: id.to_owned(), tells, is_answered });
        if is_answered {
            // The child may be dead by now.
            let _ = stream.write_all(b"ok\n");
        }
    }
}

fn start(address: &str, base: u64, dir: &Path, armed: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child"]).env("FLOODMARK_KILL_CHILD", format!("{address} {base} {}", dir.display()));
    command.env_remove("FAILPOINTS").stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(armed) = armed {
        command.env("FAILPOINTS", armed);
    }
    command.spawn().unwrap()
}

/// Whether the child ended by itself, all done; `false` = it is dead.
fn ended(child: &mut Child, within: Duration) -> Option<bool> {
    let began = Instant::now();
    while began.elapsed() < within {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success() || status.signal().is_some(), "the child failed: {status}");
            return Some(status.success());
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}

/// Ids that the state file has as accepted.
fn marked(dir: &Path) -> BTreeSet<String> {
    let Ok(connection) = rusqlite::Connection::open(dir.join("state.db")) else { return BTreeSet::new() };
    let Ok(mut statement) = connection.prepare("SELECT id FROM outbox WHERE state = 'sent'") else {
        return BTreeSet::new();
    };
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// What one run was like.
#[derive(Default)]
struct Outcome {
    deaths: u64,
    repeats: u64,
    steps: BTreeMap<&'static str, u64>,
}

fn one_run(seed: &mut Seed, first: u64, deaths_max: u64) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = Arc::new(Mutex::new(Server::default()));
    let (serving, draws) = (Arc::clone(&server), Seed::new(seed.draw()));
    let thread = thread::spawn(move || serve(&listener, &serving, draws));
    let base = real_ns();
    let mut outcome = Outcome::default();
    // Messages that were marked when a life ended, and must not come in a later one.
    let mut marks: Vec<(u64, BTreeSet<String>)> = Vec::new();
    loop {
        let life = server.lock().unwrap().life;
        let is_left = outcome.deaths < deaths_max;
        let number = first + outcome.deaths;
        let step = (is_left && number.is_multiple_of(2)).then(|| STEPS[(number / 2) as usize % STEPS.len()]);
        let armed = step.map(|step| format!("{step}={}*off->return(abort)", seed.below(6)));
        let mut child = start(&address, base, dir.path(), armed.as_deref());
        let within = if is_left && step.is_none() {
            Duration::from_micros(seed.below(150_000))
        } else {
            Duration::from_secs(60)
        };
        let end = ended(&mut child, within);
        if end.is_none() {
            assert!(is_left && step.is_none(), "it ends by itself: {:?}", server.lock().unwrap().taken);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        if end == Some(true) {
            break;
        }
        outcome.deaths += 1;
        if let (Some(step), Some(false)) = (step, end) {
            *outcome.steps.entry(step).or_default() += 1;
        }
        marks.push((life, marked(dir.path())));
        server.lock().unwrap().life += 1;
    }
    TcpStream::connect(&address).unwrap().write_all(b"end\n").unwrap();
    thread.join().unwrap();
    let taken = std::mem::take(&mut server.lock().unwrap().taken);
    outcome.repeats = check(&taken, &marks);
    outcome
}

/// Everything is told, nothing by two ids, and nothing again that was known to be accepted; how many came again.
fn check(taken: &[Taken], marks: &[(u64, BTreeSet<String>)]) -> u64 {
    let mut ids: BTreeMap<(String, String, String), BTreeSet<&str>> = BTreeMap::new();
    let mut repeats = 0;
    for (at, message) in taken.iter().enumerate() {
        for tells in &message.tells {
            ids.entry(tells.clone()).or_default().insert(&message.id);
        }
        let known = marks.iter().any(|(life, marked)| *life < message.life && marked.contains(&message.id));
        assert!(!known, "{} was known to be accepted and came again", message.id);
        if let Some(before) = taken[..at].iter().rfind(|before| before.id == message.id) {
            repeats += 1;
            assert!(!before.is_answered || before.life < message.life, "answered, and sent again by the same life");
        }
    }
    for channel in CHANNELS {
        for kind in ["alert", "resolved"] {
            for rule in rules() {
                let told = ids.get(&(channel.to_owned(), kind.to_owned(), rule.clone()));
                assert_eq!(told.map(BTreeSet::len), Some(1), "{channel} {kind} {rule}: {taken:?}");
            }
        }
    }
    repeats
}

#[test]
fn nothing_is_lost_at_any_step_and_repeats_have_the_same_id() {
    let wanted = faults::runs(40, 1_000);
    let mut seed = Seed::of("nothing_is_lost_at_any_step_and_repeats_have_the_same_id");
    let (mut deaths, mut repeats, mut runs) = (0, 0, 0);
    let mut steps: BTreeMap<&str, u64> = BTreeMap::new();
    while deaths < wanted {
        let outcome = one_run(&mut seed, deaths, DEATHS_OF_RUN.min(wanted - deaths));
        deaths += outcome.deaths;
        repeats += outcome.repeats;
        runs += 1;
        for (step, count) in outcome.steps {
            *steps.entry(step).or_default() += count;
        }
        assert!(runs < 10 * wanted, "children die");
    }
    for step in STEPS {
        assert!(steps.contains_key(step), "{step} was reached by no death: {steps:?}");
    }
    let note = format!("{runs} runs of 12 messages by 2 channels; {repeats} repeats, each with its id");
    Row { fault: "kill -9 of notifier".into(), load: "alerts".into(), runs: deaths, note, ..Row::default() }.tell();
}
