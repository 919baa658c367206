//! The queue's use under every order of events: a worker that hands over and a spooler that takes.

use loom::thread;

use super::WorkerQueue;
use crate::worker::batch::FlowBatch;
use crate::worker::message::{Message, Report, WorkerTotals};

/// Batches that the worker makes; the queue has room for fewer.
const BATCHES: u64 = 3;

fn report(handed: u64, shed: u64) -> Box<Report> {
    let totals = WorkerTotals { handed_packets: handed, shed_packets: shed, ..WorkerTotals::default() };
    Box::new(Report { totals, ..Report::default() })
}

/// As a driver does: a batch that finds no room is shed and counted, a report follows, and at the end the last one.
fn worker(queue: &WorkerQueue) -> (u64, u64) {
    let (mut handed, mut shed, mut spare) = (0, 0, 0);
    for number in 1..=BATCHES {
        let payload = queue.take_empty().inspect(|_| spare += 1).unwrap_or_default();
        assert!(payload.is_empty(), "an emptied payload came back");
        match queue.push(Message::Flows(FlowBatch { payload, packets: number, ..FlowBatch::default() })) {
            Ok(()) => handed += number,
            Err(Message::Flows(batch)) => shed += batch.packets,
            Err(_) => panic!("another message came back"),
        }
        if number == 2 {
            assert!(queue.push(Message::Report(report(handed, shed))).is_ok(), "there is room beyond the batches");
        }
    }
    assert!(queue.push(Message::Finished(report(handed, shed))).is_ok());
    (handed + shed, spare)
}

#[test]
fn model_reports_speak_of_what_was_handed_over_before_them_and_nothing_is_lost() {
    loom::model(|| {
        let queue = WorkerQueue::with_places(1, 3);
        let at_worker = {
            let queue = queue.clone();
            thread::spawn(move || worker(&queue))
        };
        let (mut received, mut given_back, mut reports) = (0, 0, 0);
        let told = loop {
            match queue.pop() {
                Some(Message::Flows(batch)) => {
                    received += batch.packets;
                    given_back += 1;
                    queue.give_back(batch.payload);
                }
                Some(Message::Report(report)) => {
                    reports += 1;
                    assert_eq!(
                        report.totals.handed_packets, received,
                        "no batch overtakes a report, none is overtaken"
                    );
                }
                Some(Message::Finished(report)) => break report.totals,
                Some(_) => panic!("nobody sent it"),
                None => thread::yield_now(),
            }
        };
        let (made, spare) = at_worker.join().unwrap();
        assert_eq!((told.handed_packets, reports), (received, 1));
        assert_eq!((received + told.shed_packets, made), (6, 6), "each packet is handed over or counted as shed");
        assert!(spare <= given_back && queue.is_empty());
    });
}
