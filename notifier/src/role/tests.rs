//! The role as a whole, without any other role: it says that it lives, keeps its state, and ends in order.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use faults::recorder::Recorder;
use live::action::{Acknowledge, Action, Silence, Threshold};
use live::client::{ask, read};
use live::control::Request;
use live::detail::{OUTBOX, OutboxDetail, RULES, RulesDetail};
use live::incident::Severity;
use live::line::NotifierLine;
use live::{Line, Role, Subscriber};

use super::{Options, run};
use crate::config::Config;
use crate::config::reload::Parser;
use crate::incident::config::Receiver;
use crate::rule::config::Rule;

fn options(dir: &Path, config: Config) -> Options {
    Options {
        config,
        peers: Vec::new(),
        spool: Default::default(),
        config_file: None,
        reread: Arc::default(),
        parser: Parser::new(|_| Err("there is no file".to_owned())),
        state_dir: dir.join("notifier"),
        spool_dir: dir.join("spool/notifier"),
        node_name: "web1".to_owned(),
        public_url: String::new(),
        run_dir: dir.to_path_buf(),
        node: "00000000-0000-4000-8000-000000000001".to_owned(),
    }
}

struct Running {
    stop: Arc<AtomicBool>,
    role: Option<thread::JoinHandle<()>>,
}

impl Running {
    fn start(options: Options) -> Running {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let role = thread::spawn(move || run(&options, &flag).expect("no failure"));
        Running { stop, role: Some(role) }
    }

    fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.role.take().expect("it runs").join().expect("no panic");
    }
}

fn await_line(dir: &Path, wanted: impl Fn(&NotifierLine) -> bool) -> NotifierLine {
    for _ in 0..300 {
        let Ok(mut subscriber) = Subscriber::connect(dir, Role::Notifier, Duration::from_secs(10)) else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        while let Ok(Line::Notifier(line)) = subscriber.receive() {
            if wanted(&line) {
                return *line;
            }
            if line.envelope.seq > 40 {
                panic!("40 lines, the last one {line:?}");
            }
        }
    }
    panic!("no such line");
}

/// A rule that fires at once on any machine, and the mail server that hears of it.
fn loud(server: &Recorder) -> Config {
    let rule = Rule {
        name: "always".to_owned(),
        when: "cores > 0".to_owned(),
        hold: Duration::ZERO,
        keep: Duration::ZERO,
        severity: Severity::Critical,
        ..Rule::default()
    };
    let receiver = Receiver {
        name: "anna".to_owned(),
        mail: "anna@example.org".to_owned(),
        channels: vec!["email".to_owned()],
        ..Receiver::default()
    };
    let mut config = Config { rule: vec![rule], receiver: vec![receiver], ..Config::default() };
    config.email.server = server.address().ip().to_string();
    config.email.port = server.address().port();
    config.email.security = crate::channel::email::config::Security::Off;
    config.email.from = "flood@example.org".to_owned();
    config
}

#[test]
fn a_rule_that_fires_is_a_mail_an_incident_and_a_row_and_is_told_once_over_a_restart() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let server = Recorder::smtp();
    let mut running = Running::start(options(dir.path(), loud(&server)));
    let is_told = |line: &NotifierLine| line.incidents.iter().any(|i| i.rule == "always") && line.outbox.sent == 1;
    let line = await_line(dir.path(), is_told);
    let incident = line.incidents.iter().find(|incident| incident.rule == "always").expect("it is there").clone();
    assert!(line.host.cores > 0 && line.rules.rules > 20, "{line:?}");
    let mails = server.taken();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "anna@example.org"));
    assert!(mails[0].text.contains("web1"), "{}", mails[0].text);
    running.stop();
    // Started again: the same incident goes on, and nobody is told twice.
    let mut running = Running::start(options(dir.path(), loud(&server)));
    let line = await_line(dir.path(), |line| line.envelope.seq > 3 && line.incidents_open > 0);
    assert!(line.incidents.iter().any(|again| again.id == incident.id), "{line:?}");
    let acknowledge = Acknowledge { incident: incident.id.clone(), by: "anna".to_owned(), comment: String::new() };
    let request = Request { id: "a-1".to_owned(), action: Action::Acknowledge(acknowledge), role: None };
    ask(dir.path(), Role::Notifier, &request, Duration::from_secs(5)).expect("it is carried out");
    await_line(dir.path(), |line| line.incidents.iter().any(|incident| incident.acknowledged_by == "anna"));
    assert_eq!(server.taken().len(), 1);
    tells_its_details(dir.path(), &incident.id);
    running.stop();
    assert!(!dir.path().join("notifier.sock").exists(), "the socket is removed");
    // Its rows are on their way to the store.
    assert!(!spool::tail::segments(&dir.path().join("spool/notifier")).expect("a spool").is_empty());
}

/// A limit that is changed and a silence show in what is told of rules, the mail in what is told of the outbox.
fn tells_its_details(dir: &Path, incident: &str) {
    let wait = Duration::from_secs(5);
    let asked = |id: &str, action| {
        let request = Request { id: id.to_owned(), action, role: None };
        ask(dir, Role::Notifier, &request, wait).expect("it is carried out")
    };
    let change =
        Threshold { rule: "always".to_owned(), limit: Some(-1.0), by: "anna".to_owned(), ..Threshold::default() };
    asked("a-2", Action::Threshold(change));
    let silence = Silence { until_s: u64::MAX / 2_000_000_000, by: "anna".to_owned(), ..Silence::default() };
    asked("a-3", Action::Silence(silence));
    let told = read(dir, Role::Notifier, RULES, wait).expect("it is told");
    let rules: RulesDetail = serde_json::from_str(&told).expect("its shape");
    let rule = rules.rules.iter().find(|rule| rule.name == "always").expect("it is at work");
    assert_eq!((rule.limit, rule.limit_configured, rule.changed_by.as_str()), (Some(-1.0), Some(0.0), "anna"));
    assert!(!rule.is_built_in && rule.when == "cores > 0" && rule.firing == 1, "{rule:?}");
    assert!(rules.rules.iter().any(|rule| rule.is_built_in && !rule.why.ru.is_empty()));
    assert_eq!((rules.changes[0].rule.as_str(), rules.changes[0].limit), ("always", Some(-1.0)));
    assert!(rules.silences.iter().any(|silence| silence.id == "a-3" && silence.is_on), "{:?}", rules.silences);
    let told = read(dir, Role::Notifier, OUTBOX, wait).expect("it is told");
    let outbox: OutboxDetail = serde_json::from_str(&told).expect("its shape");
    let mail = outbox.messages.iter().find(|message| message.kind == "alert").expect("the mail");
    assert_eq!((mail.state.as_str(), mail.receiver.as_str(), mail.incidents[0].as_str()), ("sent", "anna", incident));
    assert!(!told.contains("anna@example.org"), "addresses are told to nobody");
    assert!(outbox.channels.iter().any(|channel| channel.channel == "email" && channel.receivers == ["anna"]));
    assert_eq!(asked("a-2", Action::Restart).request.id, "a-2", "the id is still known, and nothing is restarted");
}
