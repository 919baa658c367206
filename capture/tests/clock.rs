//! The machine's clock is set while capture runs: no flow ends, lives on or lasts less than nothing because of it, no
//! bucket stays open, and every number of every stream is there once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use capture::flow::key::HashSeed;
use capture::flow::table::Timeouts;
use capture::frame::{Frame, LinkType};
use capture::limits::SECOND_NS;
use capture::queue::WorkerQueue;
use capture::spooler::sink::{Sink, WhenFull};
use capture::spooler::{Spooler, Turn};
use capture::worker::message::Message;
use capture::worker::{Worker, WorkerOptions};
use live::ledger::Ledger;
use spool::row::{FlowRecord, Resolution, TalkerRow, TrafficRow, read_json};
use spool::{FrameKind, Next, NodeId, Tail, Writer, WriterOptions};

const IDLE_S: u64 = 15;
const ACTIVE_S: u64 = 60;
/// Flows with a packet each second, and flows with one packet in all, a second.
const STEADY: u64 = 100;
const BRIEF: u64 = 20;
const MS: u64 = 1_000_000;

/// 2026-11-22.
const NOW_S: u64 = 1_795_305_600;

/// What one worker and the spooler did, and where the rows lie.
struct Line {
    worker: Worker,
    queue: WorkerQueue,
    spooler: Spooler,
    wall_ns: u64,
    tick: u64,
    given: u64,
    next_brief: u32,
    dir: tempfile::TempDir,
}

/// All rows of a spool.
#[derive(Default)]
struct Rows {
    flows: Vec<FlowRecord>,
    traffic: Vec<TrafficRow>,
    talkers: Vec<TalkerRow>,
}

impl Line {
    fn at(begin_s: u64) -> Line {
        let dir = tempfile::tempdir().unwrap();
        let options = WorkerOptions {
            worker: 0,
            flow_table_entries: 8192,
            timeouts: Timeouts { idle_ns: IDLE_S * SECOND_NS, active_ns: ACTIVE_S * SECOND_NS },
            fold: true,
            fold_flows_per_second: 10_000,
            decapsulate: false,
            local: Arc::new(["10.0.0.0/8".parse().unwrap()].into_iter().collect()),
            seed: HashSeed::fixed([11, 22, 33, 44, 55, 66].map(|word: u64| word.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
            interfaces: 1,
            count_distinct: false,
            live: true,
        };
        let wall_ns = begin_s * SECOND_NS;
        let writer = WriterOptions {
            node: NodeId::from_bytes([1; 16]),
            segment_bytes: 4 << 20,
            bytes_max: 64 << 20,
            now_us: wall_ns / 1000,
        };
        let writer = Writer::open(dir.path(), writer).unwrap();
        let sink = Sink::spool(writer, dir.path(), Duration::from_millis(50), WhenFull::Shed);
        let queue = WorkerQueue::default();
        let spooler = Spooler::new(vec![queue.clone()], sink, 1000, false);
        let worker = Worker::new(options);
        let tick = wall_ns / SECOND_NS;
        Line { worker, queue, spooler, wall_ns, tick, given: 0, next_brief: 0, dir }
    }

    /// The clock is set: the worker's driver learns it at its next look.
    fn set(&mut self, to_s: u64) {
        let before = self.wall_ns;
        // Frames that were stamped before lie in the ring and are taken after; others the other way about.
        self.give(before - 5 * MS, to_s * SECOND_NS + MS);
        self.wall_ns = to_s * SECOND_NS + 2 * MS;
        let by = i64::try_from(i128::from(self.wall_ns) - i128::from(before)).unwrap();
        self.worker.step(by, self.wall_ns);
        self.give(before - 4 * MS, self.wall_ns);
        self.carry();
    }

    /// One packet of the first steady flow at each time.
    fn give(&mut self, first_ns: u64, second_ns: u64) {
        for time_ns in [first_ns, second_ns] {
            self.packets(&[(0, time_ns)]);
        }
    }

    fn packets(&mut self, packets: &[(u32, u64)]) {
        let frames: Vec<_> = packets.iter().map(|(source, time_ns)| (udp(*source), *time_ns)).collect();
        let mut frames = frames.iter().map(|(bytes, time_ns)| (1, frame(bytes, *time_ns)));
        self.given += packets.len() as u64;
        while self.worker.group(&mut frames) > 0 {}
    }

    /// Runs for `seconds` of true time, as a driver and a spooler thread do.
    fn run(&mut self, seconds: u64) {
        for turn in 0..seconds * 10 {
            self.wall_ns += 100 * MS;
            let mut packets: Vec<_> = (0..STEADY as u32)
                .filter(|n| u64::from(*n) % 10 == turn % 10)
                .map(|n| (n, self.wall_ns - u64::from(n) * 1000))
                .collect();
            for _ in 0..BRIEF / 10 {
                self.next_brief += 1;
                packets.push((1 << 16 | self.next_brief, self.wall_ns - MS));
            }
            self.packets(&packets);
            self.worker.advance(self.wall_ns);
            if self.wall_ns / SECOND_NS != self.tick {
                self.tick = self.wall_ns / SECOND_NS;
                self.worker.idle_second(self.wall_ns);
                self.worker.hand_over();
                let report = self.worker.report(self.tick - 1, 0);
                self.worker.outbox().push_back(Message::Report(report));
            }
            self.carry();
        }
    }

    fn carry(&mut self) {
        while let Some(message) = self.worker.outbox().pop_front() {
            assert!(self.queue.push(message).is_ok(), "nothing is shed");
        }
        loop {
            match self.spooler.turn(self.wall_ns) {
                Turn::Busy => {}
                Turn::Idle => break,
                Turn::Cut(cut) => assert_eq!(cut.columns.shed, 0),
                Turn::Finished(_) => panic!("nobody has finished"),
            }
        }
    }

    /// Ends in order and gives all rows, the numbers of every stream checked.
    fn finish(mut self) -> Rows {
        self.worker.finish();
        let report = self.worker.report(self.tick, 0);
        self.worker.outbox().push_back(Message::Finished(report));
        while let Some(message) = self.worker.outbox().pop_front() {
            assert!(self.queue.push(message).is_ok());
        }
        let cut = loop {
            if let Turn::Finished(cut) = self.spooler.turn(self.wall_ns) {
                break cut;
            }
        };
        assert_eq!((cut.columns.parsed, cut.columns.spooled, cut.columns.shed), (self.given, self.given, 0));
        let spooled = (cut.columns.spooled, cut.columns.spooled_bytes);
        // No kernel stands before the worker: the first line of the books is not kept here.
        assert_eq!(Ledger::join(&cut.columns, spooled, (0, 0), (0, 0)).differences()[1..], [0; 4]);
        read(self.dir.path())
    }
}

fn read(dir: &Path) -> Rows {
    let mut tail = Tail::open(dir, NodeId::from_bytes([1; 16]));
    let (mut rows, mut payload, mut last) = (Rows::default(), Vec::new(), BTreeMap::<u16, u64>::new());
    loop {
        let header = match tail.next(&mut payload, |_| true).unwrap() {
            Next::Frame(header) => header,
            Next::Idle => return rows,
            other => panic!("{other:?}"),
        };
        let last = last.entry(header.stream).or_default();
        assert_eq!(header.seq, *last + 1, "stream {}", header.stream);
        *last = header.last_seq();
        match header.kind {
            FrameKind::Flow => rows.flows.extend(FlowRecord::rows(&payload)),
            FrameKind::Traffic => rows.traffic.extend(read_json::<TrafficRow>(&payload).0),
            FrameKind::Talker => rows.talkers.extend(read_json::<TalkerRow>(&payload).0),
            _ => {}
        }
    }
}

/// An Ethernet frame with IPv4 and UDP, 60 bytes, from one of 2^24 sources.
fn udp(source: u32) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0];
    bytes.extend((0xc000_0000 | source).to_be_bytes());
    bytes.extend([10, 0, 0, 1, 0x10, 0, 0, 53, 0, 26, 0, 0]);
    bytes.resize(60, 0);
    bytes
}

fn frame(bytes: &[u8], time_ns: u64) -> Frame<'_> {
    let wire_len = bytes.len() as u32;
    Frame { bytes, wire_len, time_ns, link: LinkType::Ethernet, vlan: None, gso_size: 0, outgoing: None }
}

/// Runs 100 s, sets the clock, runs 100 s more, and holds all that came out against what went in.
fn set_once(begin_s: u64, to_s: Option<u64>) -> usize {
    let mut line = Line::at(begin_s);
    line.run(100);
    if let Some(to_s) = to_s {
        line.spooler.sink_mut().finish();
        let before = read(line.dir.path()).flows.len();
        line.set(to_s);
        line.run(5);
        line.spooler.sink_mut().finish();
        let after = read(line.dir.path());
        // Of 100 steady flows each writes a row a minute, 20 brief ones a second end: 5 s have 100 + 9 rows.
        assert!(after.flows.len() - before < 150, "no storm: {} rows in 5 s", after.flows.len() - before);
        let seconds = after.traffic.iter().filter(|row| row.resolution == Resolution::Second);
        let counted: u64 = seconds.map(TrafficRow::packets).sum();
        let open = line.given - counted;
        assert!(open <= 3 * (STEADY + BRIEF), "no second of the old time is still open: {open} packets are not told");
        let minutes = after.traffic.iter().filter(|row| row.resolution == Resolution::Minute);
        let told: u64 = minutes.map(TrafficRow::packets).sum();
        assert!(told >= 100 * (STEADY + BRIEF) - 200, "nor a minute: {told}");
        let talkers = after.talkers.iter().filter(|row| row.resolution == Resolution::Minute);
        assert!(talkers.map(|row| row.ts).max() >= Some(begin_s / 60 * 60 + 60), "nor a table of talkers");
        line.run(95);
    } else {
        line.run(100);
    }
    let (given, rows) = (line.given, line.finish());
    assert_eq!(rows.flows.iter().map(FlowRecord::packets).sum::<u64>(), given);
    for flow in &rows.flows {
        let lasted = flow.last_ns.checked_sub(flow.first_ns).expect("no flow ends before it begins");
        assert!(lasted <= (ACTIVE_S + 2) * SECOND_NS, "{flow:?}");
    }
    for resolution in [Resolution::Second, Resolution::Minute, Resolution::Hour] {
        let of = rows.traffic.iter().filter(|row| row.resolution == resolution);
        assert_eq!(of.map(TrafficRow::packets).sum::<u64>(), given, "{resolution:?}");
    }
    rows.flows.len()
}

#[test]
fn a_clock_that_is_set_ends_no_flow_and_leaves_no_bucket_open() {
    let undisturbed = set_once(NOW_S, None);
    let jumps = [
        ("an hour back", NOW_S, NOW_S - 3500),
        ("an hour on", NOW_S, NOW_S + 3700),
        ("ten years back", NOW_S, NOW_S - 10 * 365 * 86_400),
        ("five seconds before 2038-01-19 03:14:08", NOW_S, (1 << 31) - 5),
        ("five seconds before 2106-02-07 06:28:16", NOW_S, (1 << 32) - 5),
        ("from 2106 to now", (1 << 32) - 50, NOW_S),
        ("from 1970 to now", 60, NOW_S),
    ];
    for (jump, begin_s, to_s) in jumps {
        let rows = set_once(begin_s, Some(to_s));
        assert!(rows.abs_diff(undisturbed) <= 5, "{jump}: {rows} flow rows, without it {undisturbed}");
    }
    faults::report::Row {
        fault: "the clock is set: an hour, ten years, to 2038, to 2106 and back".into(),
        load: format!("{STEADY} lasting flows, {BRIEF} new ones a second"),
        runs: jumps.len() as u64,
        imbalance: Some(0),
        note: "no negative duration, no storm, no bucket left open".into(),
        ..Default::default()
    }
    .tell();
}

#[test]
fn stamps_that_cannot_be_true_are_taken_for_now() {
    // The ring's stamps have 32 bits for the seconds: after 2106-02-07 06:28:16 they begin anew in 1970.
    let begin_s = (1 << 32) + 100;
    let mut line = Line::at(begin_s);
    line.run(2);
    line.give(5 * SECOND_NS, 6 * SECOND_NS);
    let rows = line.finish();
    assert!(rows.flows.iter().all(|flow| flow.first_ns >= begin_s * SECOND_NS), "{:?}", rows.flows);
    assert!(rows.traffic.iter().all(|row| row.ts >= begin_s / 3600 * 3600));
}

#[test]
fn segments_are_removed_also_after_the_clock_was_set_back() {
    let mut line = Line::at(NOW_S);
    line.run(10);
    // More than a segment of rows, all acknowledged.
    for round in 0..30u32 {
        let wall_ns = line.wall_ns;
        let packets: Vec<_> = (0..2000).map(|n| ((1 << 20) + round * 2000 + n, wall_ns)).collect();
        line.packets(&packets);
        line.run(16);
    }
    let used = line.spooler.sink_mut().standing().used_bytes;
    assert!(used >= 8 << 20, "{used} bytes: the test writes more than one segment");
    let mut ack = spool::Ack::default();
    for stream in line.spooler.sink_mut().streams() {
        let epoch = line.spooler.sink_mut().epoch();
        ack.set(spool::StreamAck { epoch, stream: stream.stream, last_seq: stream.last_seq, ..Default::default() });
    }
    ack.save(line.dir.path()).unwrap();
    line.set(NOW_S - 3600);
    line.run(1);
    assert!(line.spooler.sink_mut().standing().used_bytes < used, "what is acknowledged goes within a second");
}

#[test]
fn a_capture_file_whose_time_goes_back_ends_its_flows_and_goes_on() {
    let mut line = Line::at(NOW_S);
    line.worker = Worker::new(WorkerOptions {
        live: false,
        worker: 0,
        flow_table_entries: 8192,
        timeouts: Timeouts { idle_ns: IDLE_S * SECOND_NS, active_ns: ACTIVE_S * SECOND_NS },
        fold: false,
        fold_flows_per_second: 10_000,
        decapsulate: false,
        local: Arc::default(),
        seed: HashSeed::fixed([1, 2, 3, 4, 5, 6].map(|word: u64| word.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
        interfaces: 1,
        count_distinct: false,
    });
    line.run(200);
    let before = line.wall_ns;
    line.wall_ns = (NOW_S - 315_360_000) * SECOND_NS;
    line.run(200);
    assert!(line.worker.newest_ns() < before, "the newest time went back with the file's");
    let (given, rows) = (line.given, line.finish());
    assert_eq!(rows.flows.iter().map(FlowRecord::packets).sum::<u64>(), given);
    for flow in &rows.flows {
        let lasted = flow.last_ns.checked_sub(flow.first_ns).expect("no flow ends before it begins");
        assert!(lasted <= (ACTIVE_S + 2) * SECOND_NS, "{flow:?}");
    }
}
