//! From lines to values, and the catalogue itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use live::host::HostState;
use live::incident::SubjectKind;
use live::ledger::{CaptureColumns, StoredColumns};
use live::line::{
    Alert, ChannelState, Envelope, InterfaceState, OutboxState, Rates, RoleState, SpoolState, StreamState, Top,
};
use live::{CaptureLine, IngestLine, Role, RunLine};

use super::{Gatherer, Own, Snapshot, catalogue, clean};
use crate::limits::SUBJECTS_MAX;
use crate::lines::{Heard, Lines};

const SECOND: u64 = 1_000_000_000;
const T0: u64 = 1_700_000_000 * SECOND;

#[test]
fn names_are_unique_and_say_whose_they_are() {
    let mut names = BTreeSet::new();
    for (kind, metrics) in catalogue::KINDS {
        for metric in metrics {
            assert!(names.insert(metric.name), "{} stands twice", metric.name);
            assert!(metric.meaning.ends_with('.') && metric.meaning.len() > 4, "{}", metric.name);
            let own = [format!("{}_", kind.name()), "raid_".to_owned()];
            assert!(kind == SubjectKind::Node || own.iter().any(|own| metric.name.starts_with(own)), "{}", metric.name);
        }
    }
    assert!(!names.contains(crate::rule::expression::SUBJECT));
}

fn envelope(role: Role, epoch: u64, second: u64) -> Envelope {
    let (node, version) = ("n".to_owned(), "1".to_owned());
    Envelope {
        node,
        epoch,
        seq: second + 1,
        role,
        time_ns: T0 + second * SECOND,
        version,
        pid: 1,
        usage: live::Usage::default(),
    }
}

fn capture(epoch: u64, second: u64, dropped: u64) -> CaptureLine {
    let rates = Rates { packets: 100, bytes: 1_000, syn_without_ack_packets: 7, ..Rates::default() };
    CaptureLine {
        envelope: envelope(Role::Capture, epoch, second),
        mode: "normal".to_owned(),
        interfaces: vec![InterfaceState {
            name: "eth0".to_owned(),
            kernel_dropped: dropped,
            pre_tap: Some(-(dropped as i64)),
            blind_since_ns: (second >= 20).then_some(T0 + 5 * SECOND),
            inbound: rates,
            out: rates,
            flows_new: 3,
            ..InterfaceState::default()
        }],
        workers: Vec::new(),
        bytes_in: 0,
        bytes_out: 0,
        skipped: Default::default(),
        top_hosts: vec![Top { key: "192.0.2.1".to_owned(), packets_in: 9, bytes_in: 10, ..Top::default() }],
        top_prefixes: Vec::new(),
        top_sources: Vec::new(),
        top_ports: Vec::new(),
        targets: Vec::new(),
        samples: Vec::new(),
        spool: SpoolState {
            used_bytes: 1_000 + 10 * second,
            bytes_max: 10_000,
            streams: vec![StreamState { stream: 1, last_seq: 5, packets: 50, bytes: 500 }],
            ..SpoolState::default()
        },
        ledger: CaptureColumns {
            taken: 60,
            parsed_frames: 60,
            kernel_seen: 60,
            parsed: 60,
            parsed_bytes: 600,
            in_memory: 10,
            in_memory_bytes: 100,
            ..Default::default()
        },
    }
}

fn ingest(second: u64, stored: StoredColumns) -> IngestLine {
    IngestLine {
        envelope: envelope(Role::Ingest, 1, second),
        database: if second < 10 { "connected".to_owned() } else { "down: refused".to_owned() },
        database_since: 1_700_000_010,
        store: String::new(),
        rows_stored: 0,
        rows_per_second: 4,
        commits: 0,
        retries: 0,
        reconnects: 0,
        rows_parked: 2,
        rows_gap: 0,
        packets_gap: 0,
        rows_removed: 0,
        bytes_removed: 0,
        lag_ms: 1_500,
        damaged_bytes: 0,
        streams: vec![stored],
    }
}

fn stored(last_seq: u64, packets: u64) -> StoredColumns {
    StoredColumns { epoch: 1, stream: 1, last_seq, packets, bytes: packets * 10, ..StoredColumns::default() }
}

struct Bench {
    began: Instant,
    gatherer: Gatherer,
    lines: Lines,
    outbox: OutboxState,
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "the beginning of a test's clock")]
    fn new() -> Bench {
        let began = Instant::now();
        Bench { began, gatherer: Gatherer::new(began), lines: Lines::default(), outbox: OutboxState::default() }
    }

    fn at(&self, second: u64) -> Instant {
        self.began + Duration::from_secs(second)
    }

    fn hear_capture(&mut self, second: u64, line: CaptureLine) {
        self.lines.capture = Some(Heard { line: Arc::new(line), at: self.at(second) });
    }

    fn hear_ingest(&mut self, second: u64, line: IngestLine) {
        self.lines.ingest = Some(Heard { line: Arc::new(line), at: self.at(second) });
    }

    fn snapshot(&mut self, second: u64) -> Snapshot {
        let own = Own { outbox: &self.outbox, config_refused: false };
        let now = (T0 + second * SECOND, self.at(second));
        self.gatherer.snapshot(now, &HostState::default(), &self.lines, own)
    }
}

fn value(snapshot: &Snapshot, kind: SubjectKind, subject: &str, name: &str) -> f64 {
    let column = catalogue::of(kind).iter().position(|metric| metric.name == name).expect("a metric");
    snapshot.table(kind).by_name()[subject].own[column]
}

#[test]
fn counters_become_rates_and_a_silent_role_is_unknown() {
    let mut bench = Bench::new();
    bench.hear_capture(0, capture(1, 0, 1_000));
    let first = bench.snapshot(0);
    assert_eq!((first.get("packets_dropped_per_second"), first.get("packets_per_second")), (Some(0.0), Some(200.0)));
    bench.hear_capture(2, capture(1, 2, 1_050));
    let second = bench.snapshot(2);
    assert_eq!(second.get("packets_dropped_per_second"), Some(25.0));
    assert_eq!(second.get("pre_tap_per_second"), Some(0.0), "a device that counts less is no loss");
    assert_eq!(
        (second.get("bits_in_per_second"), second.get("syn_without_ack_per_second")),
        (Some(8_000.0), Some(14.0))
    );
    assert_eq!(value(&second, SubjectKind::Interface, "eth0", "interface_packets_dropped_per_second"), 25.0);
    assert_eq!(value(&second, SubjectKind::Host, "192.0.2.1", "host_bits_in_per_second"), 80.0);
    assert_eq!(bench.snapshot(3).get("packets_dropped_per_second"), Some(25.0), "no newer line");
    let silent = bench.snapshot(9);
    assert_eq!((silent.get("packets_per_second"), silent.get("capture_age_seconds")), (None, Some(7.0)));
    assert_eq!(silent.get("ingest_age_seconds"), Some(9.0), "since this start");
    bench.hear_capture(10, capture(2, 10, 5));
    assert_eq!(bench.snapshot(10).get("packets_dropped_per_second"), Some(0.0), "a new life begins anew");
}

#[test]
fn blindness_the_spool_and_the_database_are_seen() {
    let mut bench = Bench::new();
    for second in 0..=30 {
        bench.hear_capture(second, capture(1, second, 0));
        bench.hear_ingest(second, ingest(second, stored(5, 50)));
        let now = bench.snapshot(second);
        match second {
            9 => assert_eq!((now.get("database_down_seconds"), now.get("spool_growth_per_second")), (Some(0.0), None)),
            30 => {
                assert_eq!(now.get("capture_blind_seconds"), Some(25.0));
                assert_eq!(now.get("database_down_seconds"), Some(20.0));
                assert_eq!(now.get("spool_growth_per_second"), Some(10.0));
                assert_eq!(now.get("spool_seconds_until_full"), Some(870.0));
                assert_eq!((now.get("ingest_lag_seconds"), now.get("rows_parked_10m")), (Some(1.5), Some(0.0)));
            }
            _ => {}
        }
    }
}

#[test]
fn books_that_do_not_balance_are_seen_and_a_transaction_in_between_is_not_a_fault() {
    let check = |done: StoredColumns, expect: Option<f64>| {
        let mut bench = Bench::new();
        bench.hear_capture(0, capture(1, 0, 0));
        bench.hear_ingest(0, ingest(0, done));
        assert_eq!(bench.snapshot(0).get("ledger_imbalance"), expect, "{done:?}");
    };
    check(stored(5, 50), Some(0.0));
    check(stored(3, 20), Some(0.0));
    check(stored(5, 49), Some(11.0));
    check(stored(6, 60), None);
    check(StoredColumns { epoch: 9, ..stored(5, 50) }, Some(0.0));
    let mut lossy = capture(1, 0, 0);
    lossy.ledger.kernel_seen += 4;
    let mut bench = Bench::new();
    bench.hear_capture(0, lossy);
    bench.hear_ingest(0, ingest(0, stored(3, 20)));
    assert_eq!(bench.snapshot(0).get("ledger_imbalance"), Some(4.0));
}

#[test]
fn restarts_are_told_by_the_supervisor_or_seen() {
    let mut bench = Bench::new();
    bench.hear_capture(0, capture(1, 0, 0));
    let name = "role_restarts_10m";
    assert_eq!(value(&bench.snapshot(0), SubjectKind::Role, "capture", name), 0.0);
    bench.hear_capture(5, capture(2, 5, 0));
    assert_eq!(value(&bench.snapshot(5), SubjectKind::Role, "capture", name), 1.0);
    assert_eq!(value(&bench.snapshot(700), SubjectKind::Role, "capture", name), 0.0);
    let run = |failures: u64, kind: &str| RunLine {
        envelope: envelope(Role::Run, 1, 0),
        roles: vec![RoleState { role: "capture".to_owned(), failures, ..RoleState::default() }],
        alerts: vec![Alert { role: "capture".to_owned(), kind: kind.to_owned(), since_ns: 0, text: String::new() }],
    };
    for (second, failures, kind, restarts, failing) in [(701, 3, "overloaded", 0.0, 0.0), (702, 5, "failing", 2.0, 1.0)]
    {
        bench.lines.run = Some(Heard { line: Arc::new(run(failures, kind)), at: bench.at(second) });
        bench.hear_capture(second, capture(second, second, 0));
        let now = bench.snapshot(second);
        assert_eq!(value(&now, SubjectKind::Role, "capture", name), restarts, "the new epoch was asked for");
        assert_eq!(value(&now, SubjectKind::Role, "capture", "role_failing"), failing);
        assert_eq!(value(&now, SubjectKind::Role, "capture", "role_alerts"), 1.0);
    }
}

#[test]
fn channels_are_subjects_and_subjects_are_bounded() {
    let mut bench = Bench::new();
    bench.outbox.oldest_ms = 4_000;
    bench.outbox.channels = vec![ChannelState { channel: "mail".to_owned(), failures: 4, ..ChannelState::default() }];
    let now = bench.snapshot(0);
    assert_eq!(now.get("outbox_oldest_seconds"), Some(4.0));
    assert_eq!(value(&now, SubjectKind::Channel, "mail", "channel_failures"), 4.0);
    let mut many = Snapshot::new(T0);
    (0..SUBJECTS_MAX + 7).for_each(|index| many.push(SubjectKind::Host, &index.to_string(), &[]));
    assert_eq!((many.subjects(), many.left_out()), (SUBJECTS_MAX as u64, 7));
}

#[test]
fn names_are_made_harmless() {
    let check = |name: &str, expect: &str| assert_eq!(clean(name), expect, "{name:?}");
    check("eth0", "eth0");
    check("бэкап", "бэкап");
    check("a\r\nb\0c", "a\u{fffd}\u{fffd}b\u{fffd}c");
    check("x\u{202e}y\u{2028}", "x\u{fffd}y\u{fffd}");
    assert_eq!(clean(&"ж".repeat(300)).chars().count(), 255);
    assert!(clean(&"x".repeat(256)).ends_with('…'));
    assert_eq!(clean(&"x".repeat(255)), "x".repeat(255));
}
