//! The worker as its driver sees it: whatever comes, totals equal what was given.

use proptest::collection::vec;
use proptest::prelude::{any, proptest};

use super::*;
use spool::row::{FlowRecord, TrafficRow};

use crate::frame::{LinkType, VlanTag};
use crate::limits::SECOND_NS;

fn options() -> WorkerOptions {
    WorkerOptions {
        worker: 0,
        flow_table_entries: 64,
        timeouts: Timeouts { idle_ns: 15 * SECOND_NS, active_ns: 60 * SECOND_NS },
        fold: true,
        fold_flows_per_second: 100,
        decapsulate: false,
        local: Arc::new(["10.0.0.0/8".parse().unwrap()].into_iter().collect()),
        seed: HashSeed::fixed([
            0x9e37_79b9_7f4a_7c15,
            0xbf58_476d_1ce4_e5b9,
            0x94d0_49bb_1331_11eb,
            0xd6e8_feb8_6659_fd93,
            0xa076_1d64_78bd_642f,
            0xe703_7ed1_a0b4_28db,
        ]),
        interfaces: 1,
        count_distinct: true,
        live: false,
    }
}

/// An Ethernet frame with IPv4 and UDP, 60 bytes.
fn udp(src: [u8; 4], dst: [u8; 4], src_port: u16, dst_port: u16) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0];
    bytes.extend(src);
    bytes.extend(dst);
    bytes.extend(src_port.to_be_bytes());
    bytes.extend(dst_port.to_be_bytes());
    bytes.extend([0, 26, 0, 0]);
    bytes.resize(60, 0);
    bytes
}

fn frame(bytes: &[u8], time_ns: u64) -> Frame<'_> {
    Frame {
        bytes,
        wire_len: bytes.len() as u32,
        time_ns,
        link: LinkType::Ethernet,
        vlan: None,
        gso_size: 0,
        outgoing: None,
    }
}

fn give(worker: &mut Worker, frames: &[Frame<'_>]) {
    assert_eq!(worker.group(&mut frames.iter().map(|frame| (1, *frame))), frames.len());
}

/// Packets and bytes in all flow batches of the outbox, and all traffic rows.
fn drained(worker: &mut Worker) -> (Vec<FlowRecord>, Vec<TrafficRow>) {
    let (mut records, mut rows) = (Vec::new(), Vec::new());
    for message in worker.outbox().drain(..) {
        match message {
            Message::Flows(batch) => {
                let decoded: Vec<_> = FlowRecord::rows(&batch.payload).collect();
                assert_eq!(decoded.len(), batch.rows as usize);
                assert_eq!(decoded.iter().map(FlowRecord::packets).sum::<u64>(), batch.packets);
                records.extend(decoded);
            }
            Message::Traffic(more) => rows.extend(more.iter().map(InterfaceSecond::row)),
            _ => {}
        }
    }
    (records, rows)
}

#[test]
fn superframe_counts_as_its_wire_packets_with_headers_and_tags_added_back() {
    let bytes = udp([10, 0, 0, 1], [10, 0, 0, 2], 1, 2);
    let mut big = frame(&bytes, 5);
    (big.wire_len, big.gso_size, big.vlan) = (54 + 3 * 1000 + 1, 1000, Some(VlanTag { tci: 7, tpid: 0x8100 }));
    assert_eq!(wire_share(&big, 54), (4, 54 + 3001 + 3 * 54 + 4 * 4));
    big.gso_size = 0;
    assert_eq!(wire_share(&big, 54), (1, 54 + 3001 + 4));
}

#[test]
fn directions_protocols_and_seconds_are_told_apart() {
    let mut worker = Worker::new(options());
    let inward = udp([8, 8, 8, 8], [10, 0, 0, 1], 53, 4000);
    let outward = udp([10, 0, 0, 1], [8, 8, 8, 8], 4000, 53);
    give(&mut worker, &[frame(&inward, SECOND_NS), frame(&outward, SECOND_NS + 1), frame(&inward, 3 * SECOND_NS)]);
    give(&mut worker, &[frame(&[0; 20], 3 * SECOND_NS + 1)]);
    worker.finish();
    let (records, rows) = drained(&mut worker);
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].direction, records[0].packets_fwd, records[0].packets_rev), (Direction::In, 2, 1));
    let seen: Vec<_> = rows.iter().map(|r| (r.ts, r.packets_in, r.packets_out, r.udp_bytes, r.flows_new)).collect();
    assert_eq!(seen, [(1, 1, 1, 120, 1), (3, 1, 0, 60, 0)]);
    assert_eq!(worker.totals().skipped.iter().sum::<u64>(), 1);
    assert_eq!(worker.distinct(), Some((1, true)));
}

#[test]
fn spoofed_flood_is_folded_to_few_rows_with_exact_totals() {
    let mut worker = Worker::new(options());
    for n in 0..50_000u32 {
        let bytes =
            udp((0x0b00_0000 + n.wrapping_mul(2_654_435_761) % 0x00ff_ffff).to_be_bytes(), [10, 0, 0, 9], 9, 80);
        let time = SECOND_NS + u64::from(n) * 100_000;
        give(&mut worker, &[frame(&bytes, time)]);
        worker.advance(time);
    }
    worker.finish();
    let (records, rows) = drained(&mut worker);
    assert!(records.len() < 1000, "{} rows", records.len());
    assert_eq!(records.iter().map(FlowRecord::packets).sum::<u64>(), 50_000);
    assert_eq!(rows.iter().map(TrafficRow::packets).sum::<u64>(), 50_000);
    assert!(records.iter().any(|r| r.folded_addresses > 40_000 && r.dst_port == 80));
}

proptest! {
    #[test]
    fn every_packet_is_held_handed_or_shed_at_every_moment(
        frames in vec((any::<u8>(), any::<u8>(), 0u64..3 * SECOND_NS, any::<bool>()), 1..200), fold in any::<bool>()
    ) {
        let mut worker = Worker::new(WorkerOptions { fold, fold_flows_per_second: 3, ..options() });
        let mut time = SECOND_NS;
        for (src, dst, step, skip) in frames {
            time += step;
            let bytes = if skip { vec![src; 30] } else { udp([9, 9, src, dst], [10, 0, 0, dst], u16::from(src), 80) };
            give(&mut worker, &[frame(&bytes, time), frame(&bytes, time)]);
            worker.advance(time);
            let totals = worker.report(0, 0).totals;
            assert_eq!(totals.parsed, totals.held_packets + totals.handed_packets + totals.shed_packets);
            assert_eq!(totals.parsed_bytes, totals.held_bytes + totals.handed_bytes + totals.shed_bytes);
            assert_eq!(totals.taken, totals.parsed_frames + totals.skipped.iter().sum::<u64>());
        }
        worker.finish();
        let parsed = worker.totals().parsed;
        let (records, rows) = drained(&mut worker);
        assert_eq!(records.iter().map(FlowRecord::packets).sum::<u64>(), parsed);
        assert_eq!(rows.iter().map(TrafficRow::packets).sum::<u64>(), parsed);
    }
}

#[test]
fn flood_through_us_is_folded_by_its_target_too() {
    let mut worker = Worker::new(WorkerOptions { local: Arc::new(LocalNetworks::default()), ..options() });
    for n in 0..20_000u32 {
        let source = 0x0b00_0000 + n.wrapping_mul(2_654_435_761) % 0x00ff_ffff;
        let bytes = udp(source.to_be_bytes(), [10, 0, 0, 1], n as u16, 80);
        give(&mut worker, &[frame(&bytes, SECOND_NS + u64::from(n) * 1000)]);
    }
    worker.finish();
    let (records, _) = drained(&mut worker);
    let folded: Vec<_> = records.iter().filter(|r| r.folded_addresses > 0).collect();
    assert_eq!(folded.len(), 1, "{:?}", &folded[..3]);
    assert_eq!(
        (folded[0].dst_ip[12..].to_vec(), folded[0].dst_port, folded[0].src_ip),
        (vec![10, 0, 0, 1], 80, [0; 16])
    );
}
