//! Lines like those of a busy server, over real sockets, and what is told of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use live::host::{Cpu, HostState, Memory, Process, Processes};
use live::incident::{Incident, IncidentPhase, Severity, Subject, SubjectKind, Unit, Words};
use live::ledger::{CaptureColumns, StoredColumns};
use live::line::{
    CaptureLine, Envelope, IngestLine, InterfaceState, NotifierLine, Rates, Skipped, SpoolState, Top, WorkerState,
};
use live::{Line, Publisher, Role};

use super::teller::{Message, Teller};
use super::{Feed, Finding, hear};
use crate::hub::{Bounds, Hub};
use crate::page::icon::Tone;

const SECOND: u64 = 1_000_000_000;

/// When the tests begin, ns since the epoch.
pub(crate) const START: u64 = 1_795_329_016 * SECOND;

pub(crate) fn envelope(role: Role, seq: u64, time_ns: u64) -> Envelope {
    let (node, version) = ("test-node".to_owned(), "0.5.0".to_owned());
    Envelope { node, epoch: 1_795_000_000_000_000, seq, role, time_ns, version, pid: 42, usage: live::Usage::default() }
}

/// A second of some 800 Mbit/s, different each second.
pub(crate) fn capture(seq: u64, time_ns: u64) -> CaptureLine {
    let wave = seq % 60;
    let rates = |bytes: u64| Rates { packets: bytes / 860, bytes, ..Rates::default() };
    let (bytes_in, bytes_out) = (58_000_000 + wave * 1_234_567, 43_000_000 + wave * 312_345);
    let total = seq * 118_000;
    let top = |at: u64| Top {
        key: format!("203.0.113.{}", 10 + at),
        packets_in: 9_000 - at * 800 + wave,
        bytes_in: 9_100_000 - at * 812_345 + wave * 1_003,
        packets_out: 7_000 - at * 700,
        bytes_out: 5_200_000 - at * 512_345 + wave * 977,
        flows_new: 120,
        ..Top::default()
    };
    CaptureLine {
        envelope: envelope(Role::Capture, seq, time_ns),
        mode: "normal".to_owned(),
        interfaces: vec![InterfaceState {
            name: "eth0".to_owned(),
            state: "up".to_owned(),
            kernel_seen: total,
            inbound: rates(bytes_in),
            out: rates(bytes_out),
            flows_new: 3_100 + wave,
            ..InterfaceState::default()
        }],
        workers: (0..8)
            .map(|worker| WorkerState { worker, taken: total / 8, cpu_ns: seq * 120_000_000, ..WorkerState::default() })
            .collect(),
        bytes_in: 5_400_000_000_000 + seq * bytes_in,
        bytes_out: 3_600_000_000_000,
        skipped: Skipped::default(),
        top_hosts: (0..5).map(top).collect(),
        top_prefixes: Vec::new(),
        top_sources: Vec::new(),
        top_ports: Vec::new(),
        targets: Vec::new(),
        samples: Vec::new(),
        spool: SpoolState::default(),
        ledger: CaptureColumns {
            kernel_seen: total,
            taken: total,
            parsed_frames: total,
            parsed: total,
            parsed_bytes: total * 860,
            in_memory: total / 10,
            in_memory_bytes: total / 10 * 860,
            spooled: total - total / 10,
            spooled_bytes: (total - total / 10) * 860,
            ..CaptureColumns::default()
        },
    }
}

pub(crate) fn ingest(seq: u64, time_ns: u64) -> IngestLine {
    let stored = (seq * 118_000 - seq * 11_800) * 9 / 10;
    let epoch = envelope(Role::Capture, 1, 1).epoch;
    IngestLine {
        envelope: envelope(Role::Ingest, seq, time_ns),
        database: "connected".to_owned(),
        database_since: time_ns / SECOND,
        store: "sqlite".to_owned(),
        rows_stored: 1,
        rows_per_second: 812,
        commits: 1,
        retries: 0,
        reconnects: 0,
        rows_parked: 0,
        rows_gap: 0,
        packets_gap: 0,
        rows_removed: 0,
        bytes_removed: 0,
        lag_ms: 640,
        damaged_bytes: 0,
        streams: vec![StoredColumns { epoch, packets: stored, bytes: stored * 860, ..StoredColumns::default() }],
    }
}

pub(crate) fn incident(id: &str, severity: Severity) -> Incident {
    Incident {
        id: id.to_owned(),
        rule: "packets_in".to_owned(),
        subject: Subject { kind: SubjectKind::Host, name: "203.0.113.10".to_owned() },
        severity,
        since_ns: START - 95 * SECOND,
        fired_ns: START - 90 * SECOND,
        value: 812_345.0,
        limit: 100_000.0,
        peak: 934_000.0,
        unit: Unit::PacketsPerSecond,
        summary: Words {
            en: "203.0.113.10 receives 812 k packets/s.".into(),
            ru: "203.0.113.10 получает 812 тыс. пак/с.".into(),
        },
        remedy: Words {
            en: "Ask the upstream to filter.".into(), ru: "Попросите провайдера отфильтровать.".into()
        },
        crossings: 1,
        ..Incident::default()
    }
}

/// The host, sampled every five seconds.
pub(crate) fn notifier(seq: u64, time_ns: u64, incidents: Vec<Incident>) -> NotifierLine {
    let sample = seq.saturating_sub(1) / 5;
    let core = |at: u64| Cpu {
        busy: ((at * 13 + sample * 7) % 60) as f64,
        softirq: ((at * 5 + sample) % 20) as f64,
        ..Cpu::default()
    };
    let process = |at: u64| Process {
        name: ["mariadbd", "nginx", "php-fpm", "floodmark", "sshd"][at as usize].to_owned(),
        count: 1 + at as u32 * 3,
        cpu: 61.2 - at as f64 * 9.0 + sample as f64 % 7.0,
        memory: 812_345_678 / (at + 1),
        ..Process::default()
    };
    NotifierLine {
        envelope: envelope(Role::Notifier, seq, time_ns),
        mode: "normal".to_owned(),
        host: HostState {
            time_ns: START + sample * 5 * SECOND,
            cores: 8,
            load: [0.41 + sample as f64 / 100.0, 0.38, 0.33],
            cpu: Cpu { busy: 5.2 + sample as f64 % 3.0, softirq: 1.9, ..Cpu::default() },
            cpu_by_core: (0..8).map(core).collect(),
            memory: Memory {
                total: 33_554_432_000,
                available: 24_300_000_000 - sample * 1_000_003,
                ..Memory::default()
            },
            processes: Processes { total: 212, by_cpu: (0..5).map(process).collect(), ..Processes::default() },
            ..HostState::default()
        },
        incidents_open: incidents.len() as u64,
        incidents,
        outbox: live::line::OutboxState::default(),
        rules: live::line::RulesState::default(),
    }
}

/// What a second of all roles makes the teller say.
fn second(teller: &mut Teller, seq: u64, incidents: &[Incident]) -> Vec<Message> {
    let now = START + seq * SECOND;
    let mut told = Vec::new();
    for line in [
        Line::Capture(Box::new(capture(seq, now))),
        Line::Ingest(Box::new(ingest(seq, now))),
        Line::Notifier(Box::new(notifier(seq, now, incidents.to_vec()))),
    ] {
        teller.hear(line, now);
        told.extend(teller.messages(now, &|| vec!["203.0.113.10".to_owned(), "192.0.2.9".to_owned()]));
    }
    told
}

#[test]
fn now_costs_at_most_600_bytes_a_second_on_the_wire() {
    let mut teller = Teller::new(START);
    let seconds = 120;
    let mut bytes = 0;
    for seq in 1..=seconds {
        for message in second(&mut teller, seq, &[incident(&"a".repeat(32), Severity::Warning)]) {
            if ["traffic", "load", "ledger", "incidents"].contains(&message.channel.as_str()) {
                // As the hub writes its events, in a TLS record of its own.
                let cursor = crate::hub::Cursor { epoch: 0xff_ffff_ffff, seq };
                let channels = Box::new([Arc::from(message.channel.as_str())]);
                bytes += crate::hub::Message::new(cursor, START, channels, &message.body, true).event().len() + 22;
            }
        }
    }
    let per_second = bytes as u64 / seconds;
    assert!((100..=600).contains(&per_second), "{per_second} bytes a second");
}

#[test]
fn incidents_are_told_when_something_changed_and_each_time() {
    let mut teller = Teller::new(START);
    let told = |messages: Vec<Message>| -> Vec<serde_json::Value> {
        let own = messages.into_iter().filter(|message| message.channel == "incidents");
        own.map(|message| serde_json::from_str(&message.body).expect("JSON")).collect()
    };
    let first = told(second(&mut teller, 1, &[]));
    assert!(first.last().is_some_and(|told| told["open"] == 0 && told["tone"] == "good"), "{first:?}");
    assert_eq!(told(second(&mut teller, 2, &[])), Vec::<serde_json::Value>::new());
    let mut open = incident("1", Severity::Critical);
    let opened = told(second(&mut teller, 3, std::slice::from_ref(&open)));
    assert!(opened.len() == 1 && opened[0]["tone"] == "bad" && opened[0]["incidents"][0]["id"] == "1", "{opened:?}");
    open.value = 1.0;
    assert!(told(second(&mut teller, 4, std::slice::from_ref(&open))).is_empty(), "a value alone is no change");
    open.acknowledged_by = "anna".to_owned();
    let cared = told(second(&mut teller, 5, &[open]));
    assert!(cared.len() == 1 && cared[0]["tone"] == "warn", "{cared:?}");
    assert_eq!(told(second(&mut teller, 6, &[])).len(), 1);
}

#[test]
fn a_host_that_is_read_is_told_each_second_and_null_when_it_is_not_among_the_busiest() {
    let mut teller = Teller::new(START);
    let messages = second(&mut teller, 1, &[]);
    let body =
        |channel: &str| messages.iter().find(|message| message.channel == channel).map(|message| message.body.as_str());
    assert!(body("host:203.0.113.10").is_some_and(|body| body.contains("\"b\":[9101003,5200977]")), "{messages:?}");
    assert_eq!(body("host:192.0.2.9"), Some("null"));
}

#[test]
fn silence_is_found_after_five_seconds_and_not_before_a_role_could_speak() {
    let mut teller = Teller::new(START);
    let young = teller.snapshot(START + SECOND).verdict(START + SECOND);
    assert!(young.is_awaited && young.findings.is_empty(), "{young:?}");
    second(&mut teller, 1, &[]);
    let snapshot = teller.snapshot(START + SECOND);
    let good = snapshot.verdict(START + 5 * SECOND);
    assert_eq!((good.tone, good.findings.len(), good.is_awaited), (Tone::Good, 0, false));
    let silent = snapshot.verdict(START + 7 * SECOND);
    assert_eq!(silent.tone, Tone::Bad);
    assert_eq!(silent.findings[0], Finding::Silent(Role::Capture));
    assert!(silent.findings.contains(&Finding::Silent(Role::Notifier)));
    let never = Teller::new(START).snapshot(START).verdict(START + 60 * SECOND);
    assert_eq!((never.tone, never.findings.len()), (Tone::Bad, 3));
}

#[test]
fn the_worst_is_told_first() {
    let mut teller = Teller::new(START);
    let mut line = capture(1, START);
    line.ledger.kernel_seen += 3;
    line.interfaces[0].blind_since_ns = Some(START);
    teller.hear(Line::Capture(Box::new(line)), START);
    let mut line = ingest(1, START);
    line.database = "down: <b>refused</b>".to_owned();
    teller.hear(Line::Ingest(Box::new(line)), START);
    let mut open = incident("1", Severity::Warning);
    open.phase = IncidentPhase::Flapping;
    teller.hear(Line::Notifier(Box::new(notifier(1, START, vec![open]))), START);
    let names: Vec<&str> = teller.snapshot(START).verdict(START).findings.iter().map(Finding::name).collect();
    assert_eq!(names, ["capture_blind", "imbalance", "incidents", "database_down"]);
}

#[test]
fn the_books_of_the_page_balance_and_say_what_they_do_not_know() {
    let mut teller = Teller::new(START);
    second(&mut teller, 10, &[]);
    let mut snapshot = (*teller.snapshot(START)).clone();
    let books = snapshot.books().expect("capture was heard");
    assert_eq!((books.ledger.imbalance, books.is_stored_known), (0, true));
    assert!(books.ledger.stored > 0 && books.ledger.in_spool > 0);
    // ingest's line may be younger: more is stored than capture has told of.
    let mut ahead = ingest(10, START);
    ahead.streams[0].packets = u64::MAX / 4;
    snapshot.ingest = Some(super::Heard { line: Arc::new(ahead), at_ns: START });
    assert_eq!(snapshot.books().map(|books| books.ledger.in_spool), Some(0));
    snapshot.ingest = None;
    assert_eq!(snapshot.books().map(|books| books.is_stored_known), Some(false));
}

#[expect(clippy::disallowed_methods, reason = "the test's clock")]
fn clock() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}

#[expect(clippy::disallowed_methods, reason = "the test's patience")]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn roles_are_heard_over_their_sockets_and_again_after_they_were_gone() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let hub = Arc::new(hub());
    let feed = Arc::new(Feed::default());
    let now = feed.now();
    hear(&feed, dir.path(), &hub, clock).expect("threads start");
    let publisher =
        |epoch: u64| Publisher::bind(dir.path(), Role::Capture, "n".into(), epoch, String::new).expect("a free name");
    let first = publisher(1);
    first.publish(&capture(1, clock()), Ok(()));
    let heard = || now.borrow().capture.as_ref().map(|heard| heard.line.envelope.seq);
    wait_until("the first line", || heard() == Some(1));
    drop(first);
    let second = publisher(2);
    second.publish(&capture(2, clock() + SECOND), Ok(()));
    wait_until("the line of its next life", || heard() == Some(2));
    assert_eq!(feed.history().points().count(), 2);
    feed.stop();
    drop(second);
    wait_until("the end of the threads", || Arc::strong_count(&feed) == 1);
}

fn hub() -> Hub {
    Hub::new(Bounds { messages_max: 100, bytes_max: 1 << 20, age_max_ns: u64::MAX }, 1)
}

/// An attack with all that is known of one.
pub(crate) fn attack() -> live::incident::Attack {
    let share = |key: &str, packets: u64| live::incident::Share { key: key.to_owned(), packets, bytes: packets * 468 };
    live::incident::Attack {
        kind: "dns_amplification".to_owned(),
        title: Words { en: "DNS amplification".into(), ru: "Усиление через DNS".into() },
        spoofed: Some(false),
        direction: "in".to_owned(),
        target: "203.0.113.10".to_owned(),
        packets_per_second_peak: 934_000,
        bits_per_second_peak: 3_490_000_000,
        packets: 71_234_567,
        bytes: 33_337_777_000,
        remote_addresses: 3_412,
        sources: vec![share("198.51.100.7", 4_100), share("198.51.100.9", 3_900), share("192.0.2.77", 900)],
        source_prefixes: vec![share("198.51.100.0/24", 8_000)],
        source_ports: vec![share("udp/53", 9_100)],
        target_ports: vec![share("udp/33011", 120), share("udp/40112", 90)],
        sizes: vec![share("1024-1518", 7_800), share("512-1023", 900)],
        ttls: vec![share("52", 900), share("53", 800)],
        sample: "a1.pcap".to_owned(),
        sample_packets: 512,
    }
}
