//! The spooler as workers and readers see it.

use super::*;
use crate::worker::message::WorkerTotals;

fn report(worker: u16, tick: u64, parsed: u64, held: u64, handed: u64) -> Box<Report> {
    let totals = WorkerTotals {
        taken: parsed,
        parsed_frames: parsed,
        parsed,
        parsed_bytes: 64 * parsed,
        held_packets: held,
        held_bytes: 64 * held,
        handed_packets: handed,
        handed_bytes: 64 * handed,
        ..WorkerTotals::default()
    };
    Box::new(Report { worker, tick, totals, ..Report::default() })
}

fn batch(packets: u64) -> Message {
    let record = spool::row::FlowRecord { packets_fwd: packets, bytes_fwd: 64 * packets, ..Default::default() };
    let payload = record.encode().to_vec();
    Message::Flows(FlowBatch { payload, rows: 1, packets, bytes: 64 * packets, ..FlowBatch::default() })
}

fn spooler(dir: &std::path::Path, queues: &[WorkerQueue]) -> Spooler {
    let options = spool::WriterOptions {
        node: spool::NodeId::from_bytes([1; 16]),
        segment_bytes: 4 << 20,
        bytes_max: 64 << 20,
        now_us: 1,
    };
    let writer = spool::Writer::open(dir, options).unwrap();
    let sink = Sink::spool(writer, dir, Duration::from_millis(50), sink::WhenFull::Shed);
    Spooler::new(queues.to_vec(), sink, 1000, false)
}

fn push(queue: &WorkerQueue, message: Message) {
    assert!(queue.push(message).is_ok());
}

#[test]
fn cut_waits_for_all_reports_and_takes_nothing_beyond_them() {
    let dir = tempfile::tempdir().unwrap();
    let queues = [WorkerQueue::default(), WorkerQueue::default()];
    let mut spooler = spooler(dir.path(), &queues);
    push(&queues[0], batch(10));
    push(&queues[0], Message::Report(report(0, 7, 15, 5, 10)));
    push(&queues[0], batch(100)); // after the report: belongs to the next cut
    push(&queues[1], batch(20));
    assert!(matches!(spooler.turn(7 * SECOND_NS), Turn::Busy));
    assert!(matches!(spooler.turn(7 * SECOND_NS), Turn::Idle));
    spooler.sink_mut().finish();
    push(&queues[1], Message::Report(report(1, 7, 20, 0, 20)));
    let Turn::Cut(cut) = spooler.turn(7 * SECOND_NS) else { panic!("all have reported") };
    assert_eq!((cut.columns.parsed, cut.columns.in_memory, cut.columns.spooled), (35, 5, 30));
    assert_eq!(cut.streams.iter().map(|s| s.packets).sum::<u64>(), 30);
    let ledger = live::ledger::Ledger::join(&cut.columns, (30, 30 * 64), (0, 0), (0, 0));
    assert_eq!(ledger.differences()[1..], [0; 4]);
    assert!(matches!(spooler.turn(7 * SECOND_NS), Turn::Busy), "the others' messages are taken up again");
}

#[test]
fn silent_worker_does_not_hold_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let queues = [WorkerQueue::default(), WorkerQueue::default()];
    let mut spooler = spooler(dir.path(), &queues);
    push(&queues[0], Message::Report(report(0, 7, 0, 0, 0)));
    push(&queues[0], batch(1));
    spooler.turn(SECOND_NS);
    spooler.turn(3 * SECOND_NS);
    assert!(matches!(spooler.turn(3 * SECOND_NS), Turn::Busy));
    assert!(queues[0].is_empty());
}

#[test]
fn end_writes_a_final_row_and_full_queue_refuses_flows_but_not_reports() {
    let dir = tempfile::tempdir().unwrap();
    let queue = WorkerQueue::default();
    let mut spooler = spooler(dir.path(), std::slice::from_ref(&queue));
    let mut handed = 0;
    while queue.push(batch(1)).is_ok() {
        handed += 1;
    }
    push(&queue, Message::Finished(report(0, 9, handed, 0, handed)));
    let cut = loop {
        if let Turn::Finished(cut) = spooler.turn(9 * SECOND_NS) {
            break cut;
        }
    };
    assert!(cut.is_final && cut.columns.spooled == handed && handed == crate::limits::QUEUE_BATCHES as u64);
    let mut tail = spool::Tail::open(dir.path(), spool::NodeId::from_bytes([1; 16]));
    let (mut payload, mut last) = (Vec::new(), None);
    while let spool::Next::Frame(header) = tail.next(&mut payload, |_| true).unwrap() {
        if header.kind == FrameKind::Ledger {
            last = spool::row::read_json::<LedgerRow>(&payload).0.pop();
        }
    }
    assert_eq!(last.unwrap().kind, LedgerKind::Final);
}
