//! Frames from the wire, through the parser and a worker: each is in one class, and the worker's books hold.

use std::sync::Arc;

use capture::file::CaptureFile;
use capture::flow::key::HashSeed;
use capture::flow::table::Timeouts;
use capture::frame::{Frame, LinkType, VlanTag};
use capture::limits::SECOND_NS;
use capture::wire;
use capture::worker::message::Message;
use capture::worker::{Worker, WorkerOptions};

use crate::engine::{Target, corpus};
use crate::packets::frames;

/// Every link type that has a reader, and one that has none.
const LINKS: [u16; 14] = [0, 1, 9, 51, 101, 104, 105, 107, 113, 127, 192, 239, 276, 999];

/// Before the frame's bytes stand eight that say what the kernel would say of it.
const HEAD: usize = 8;

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> =
        frames().iter().map(|frame| [&[1, 0, 0, 0, 0, 0, 0, 0], &frame[..]].concat()).collect();
    for path in corpus(256 << 10) {
        let Ok(mut file) = CaptureFile::open(&path) else { continue };
        let Ok(Some(chunk)) = file.next_chunk() else { continue };
        for found in chunk.step_by(7).take(12) {
            let link = LINKS.iter().position(|number| LinkType::from_pcap(*number) == found.frame.link).unwrap_or(1);
            let bytes = &found.frame.bytes[..found.frame.bytes.len().min(2048)];
            seeds.push([&[link as u8, 0, 0, 0, 0, 0, 0, 0], bytes].concat());
        }
    }
    seeds
}

fn frame(input: &[u8], time_ns: u64) -> Option<Frame<'_>> {
    let (head, bytes) = input.split_at_checked(HEAD)?;
    Some(Frame {
        bytes,
        wire_len: (bytes.len() as u32).saturating_add(u32::from(head[1]) << 4),
        time_ns: time_ns.wrapping_add(u64::from(head[2]) << 56),
        link: LinkType::from_pcap(LINKS[usize::from(head[0]) % LINKS.len()]),
        vlan: (head[3] & 1 == 1).then_some(VlanTag { tci: u16::from(head[4]), tpid: 0x8100 }),
        gso_size: u16::from(head[5]) << 3,
        outgoing: [None, Some(false), Some(true)][usize::from(head[6]) % 3],
    })
}

fn worker() -> Worker {
    Worker::new(WorkerOptions {
        worker: 0,
        flow_table_entries: 1024,
        timeouts: Timeouts { idle_ns: 15 * SECOND_NS, active_ns: 60 * SECOND_NS },
        fold: true,
        fold_flows_per_second: 1000,
        decapsulate: true,
        local: Arc::new(["10.0.0.0/8".parse().unwrap()].into_iter().collect()),
        seed: HashSeed::random().unwrap(),
        interfaces: 1,
        count_distinct: false,
        live: false,
    })
}

/// Wire packets of the flow rows in the outbox.
fn written(worker: &mut Worker) -> u64 {
    let packets = |message| if let Message::Flows(batch) = message { batch.packets } else { 0 };
    worker.outbox().drain(..).map(packets).sum()
}

#[test]
fn any_frame_is_in_one_class_and_none_is_lost_on_the_way_to_rows() {
    // The worker's outbox grows until it is emptied: batches of 512 rows, talkers of a minute, seconds.
    let target = Target { name: "frame", seeds: seeds(), mend: None, buffers: 8 << 20, waits: false };
    let (mut worker, mut given, mut packets) = (worker(), 0u64, 0u64);
    target.run(|input| {
        let Some(frame) = frame(input, 1_700_000_000 * SECOND_NS + given * 1_000_000) else { return };
        for decapsulate in [false, true] {
            if let Ok(packet) = wire::parse(&frame, decapsulate) {
                assert!(packet.ip_bytes <= frame.wire_len.max(frame.bytes.len() as u32), "{packet:?}");
            }
        }
        given += 1;
        worker.group(&mut [(1, frame)].into_iter());
        if given.is_multiple_of(64) {
            worker.advance(worker.newest_ns());
            packets += written(&mut worker);
        }
    });
    worker.finish();
    packets += written(&mut worker);
    let totals = *worker.totals();
    assert_eq!(totals.taken, given);
    assert_eq!(totals.parsed_frames + totals.skipped.iter().sum::<u64>(), given);
    assert_eq!((totals.parsed, packets), (totals.parsed_frames + totals.coalesced, totals.parsed));
}
