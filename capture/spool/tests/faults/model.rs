//! Writer, reader and trimming in any order, against a queue in memory.

use std::collections::VecDeque;
use std::path::Path;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use spool::disk::FaultDisk;
use spool::{Ack, Batch, FrameKind, Next, SpoolError, StreamAck, Tail, Writer, WriterOptions};

use crate::world::NODE;

#[derive(Clone, Debug)]
enum Action {
    Append { stream: u16, bytes: usize },
    Commit,
    Tend,
    Sync,
    Read { at_most: usize },
    Trim,
    Restart,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (0u16..3, prop_oneof![0usize..300, 0usize..200_000]).prop_map(|(stream, bytes)| Action::Append { stream, bytes }),
        2 => Just(Action::Commit),
        2 => Just(Action::Tend),
        2 => Just(Action::Sync),
        3 => (1usize..20).prop_map(|at_most| Action::Read { at_most }),
        2 => Just(Action::Trim),
        1 => Just(Action::Restart),
    ]
}

/// A frame as the model keeps it: epoch, stream, first row, first byte and length of its payload.
type Kept = (u64, u16, u64, u8, usize);

proptest! {
    #![proptest_config(ProptestConfig { cases: faults::runs(100, 2_000) as u32, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_in_comes_out_in_order(actions in proptest::collection::vec(action(), 1..200), random in any::<u64>()) {
        let disk = FaultDisk::new(random);
        let dir = Path::new("/spool");
        let options = WriterOptions { node: NODE, segment_bytes: 1 << 20, bytes_max: 8 << 20, now_us: 1 };
        let mut writer = Writer::on(disk.clone(), dir, options.clone()).unwrap();
        let mut tail = Tail::on(disk.clone(), dir, NODE);
        let (mut model, mut ack, mut payload) = (VecDeque::<Kept>::new(), Ack::default(), Vec::new());
        let (mut count, mut now_ns, mut epoch) = (0u8, 0, writer.epoch());
        for action in actions {
            now_ns += 1_000_000_000;
            match action {
                Action::Append { stream, bytes } => {
                    count = count.wrapping_add(1);
                    let payload = vec![count; bytes];
                    let batch = Batch { kind: FrameKind::Flow, stream, payload: &payload, row_count: 1, first_ns: 0, last_ns: 0, packets: 1, bytes: 1 };
                    match writer.append(&batch) {
                        Ok(seq) => model.push_back((epoch, stream, seq, count, bytes)),
                        Err(error) => prop_assert!(matches!(error, SpoolError::Full { .. } | SpoolError::Busy { .. }), "{error}"),
                    }
                }
                Action::Commit => prop_assert!(writer.commit().is_ok()),
                Action::Tend => prop_assert!(writer.tend(now_ns).is_ok()),
                Action::Sync => {
                    writer.sync().unwrap();
                    prop_assert_eq!(writer.pending().rows, 0);
                }
                Action::Trim => drop(writer.trim(&ack).unwrap()),
                Action::Restart => {
                    drop(writer);
                    writer = Writer::on(disk.clone(), dir, options.clone()).unwrap();
                    prop_assert!(writer.epoch() > epoch);
                    epoch = writer.epoch();
                }
                Action::Read { at_most } => {
                    for _ in 0..at_most {
                        let Next::Frame(header) = tail.next(&mut payload, |_| true).unwrap() else { break };
                        let first = payload.first().copied();
                        let (of, stream, seq, byte, bytes) = model.pop_front().unwrap();
                        prop_assert_eq!((header.epoch, header.stream, header.seq, payload.len()), (of, stream, seq, bytes));
                        prop_assert_eq!(first.unwrap_or(byte), byte);
                        ack.set(StreamAck { epoch: of, stream, last_seq: seq, ..StreamAck::default() });
                    }
                }
            }
        }
        writer.sync().unwrap();
        while let Next::Frame(header) = tail.next(&mut payload, |_| true).unwrap() {
            let (of, stream, seq, ..) = model.pop_front().unwrap();
            prop_assert_eq!((header.epoch, header.stream, header.seq), (of, stream, seq));
        }
        prop_assert!(model.is_empty(), "{} frames did not come", model.len());
        prop_assert!(writer.used_bytes() <= writer.bytes_max(), "{} of {}", writer.used_bytes(), writer.bytes_max());
    }
}
