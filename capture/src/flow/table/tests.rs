//! The flow table against a `HashMap` that keeps everything.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, proptest};

use super::*;

/// What was expelled, and why.
struct Expelled {
    entry: Entry,
    reason: EndReason,
}
use crate::flow::entry::RST;
use crate::wire::Packet;

const SEED: HashSeed = HashSeed::fixed([11, 22, 33, 44, 55, 66]);
const NEVER: Timeouts = Timeouts { idle_ns: u64::MAX, active_ns: u64::MAX };

fn packet(src: u16, dst: u16, flags: u8) -> Packet {
    let mut packet = Packet { src_port: src, dst_port: dst, protocol: 6, tcp_flags: flags, ..Packet::default() };
    packet.src[14..].copy_from_slice(&src.to_be_bytes());
    packet.dst[14..].copy_from_slice(&dst.to_be_bytes());
    packet
}

fn put(table: &mut FlowTable, packet: &Packet, time_ns: u64, expelled: &mut Vec<Expelled>) -> Updated {
    let (key, way) = FlowKey::of(packet, 1);
    let hash = table.hash(&key);
    table.prefetch_bucket(hash);
    let candidate = table.look_up(hash);
    let seen = Seen { time_ns, packets: 1, bytes: 100, tcp_flags: packet.tcp_flags, fragment: false };
    table.update(&key, hash, candidate, way, &seen, |_, _| Direction::In, &mut |entry, reason| {
        expelled.push(Expelled { entry: *entry, reason })
    })
}

fn drain(table: &mut FlowTable, expelled: &mut Vec<Expelled>) {
    table.drain(|entry, reason| expelled.push(Expelled { entry: *entry, reason }));
    assert_eq!((table.used(), table.held()), (0, (0, 0)));
}

#[test]
fn both_directions_meet_and_the_first_sender_is_the_originator() {
    let mut table = FlowTable::new(64, NEVER, SEED);
    let mut expelled = Vec::new();
    assert_eq!(
        put(&mut table, &packet(9, 5, SYN), 10, &mut expelled),
        Updated { direction: Direction::In, is_new: true }
    );
    let back = put(&mut table, &packet(5, 9, SYN | ACK), 20, &mut expelled);
    assert_eq!(back, Updated { direction: Direction::Out, is_new: false });
    put(&mut table, &packet(9, 5, ACK), 30, &mut expelled);
    drain(&mut table, &mut expelled);
    let record = expelled[0].entry.record(expelled[0].reason);
    assert_eq!(expelled.len(), 1);
    assert_eq!((record.src_port, record.dst_port, record.packets_fwd, record.packets_rev), (9, 5, 2, 1));
    assert_eq!((record.first_ns, record.last_ns, record.tcp_flags_fwd, record.tcp_flags_rev), (10, 30, 0x12, 0x12));
}

#[test]
fn answer_to_an_unseen_syn_is_turned_round() {
    let mut table = FlowTable::new(64, NEVER, SEED);
    let mut expelled = Vec::new();
    let update = put(&mut table, &packet(80, 5, SYN | ACK), 10, &mut expelled);
    assert_eq!(update.direction, Direction::Out, "the flow is inbound, this packet its answer");
    drain(&mut table, &mut expelled);
    let record = expelled[0].entry.record(EndReason::Idle);
    assert_eq!((record.src_port, record.packets_fwd, record.packets_rev), (5, 0, 1));
}

#[test]
fn idle_active_and_reopened_flows_are_split_at_the_packet_and_totals_stay() {
    let timeouts = Timeouts { idle_ns: 100, active_ns: 250 };
    let mut table = FlowTable::new(64, timeouts, SEED);
    let mut expelled = Vec::new();
    for time in [0, 90, 180, 260, 261, 400, 401] {
        put(&mut table, &packet(1, 2, ACK), time, &mut expelled);
    }
    let reasons: Vec<_> = expelled.iter().map(|e| (e.reason, e.entry.total_packets())).collect();
    assert_eq!(reasons, [(EndReason::Active, 3), (EndReason::Idle, 2)]);
    put(&mut table, &packet(1, 2, RST), 410, &mut expelled);
    put(&mut table, &packet(1, 2, SYN), 420, &mut expelled);
    assert_eq!((expelled[2].reason, expelled[2].entry.total_packets()), (EndReason::Closed, 3));
    drain(&mut table, &mut expelled);
    assert_eq!(expelled.iter().map(|e| e.entry.total_packets()).sum::<u64>(), 9);
}

#[test]
fn sweep_ends_silent_flows_and_writes_live_ones_when_due() {
    let mut table = FlowTable::new(64, Timeouts { idle_ns: 100, active_ns: 1000 }, SEED);
    let mut expelled = Vec::new();
    put(&mut table, &packet(1, 2, ACK), 0, &mut expelled);
    for time in (0..=1000).step_by(50) {
        put(&mut table, &packet(3, 4, ACK), time, &mut expelled);
    }
    expelled.clear();
    let mut harvested = 0;
    table.sweep(table.touched(), 1001, |entry, reason| match reason {
        Some(reason) => expelled.push(Expelled { entry: *entry, reason }),
        None => harvested += 1,
    });
    let mut ended: Vec<_> = expelled.iter().map(|e| (e.entry.key.sender(Way::Up).1, e.reason)).collect();
    ended.sort_by_key(|e| e.0);
    assert_eq!(ended, [(1, EndReason::Idle)], "the other was written at 1000 by its packet");
    assert_eq!((harvested, table.used()), (1, 1));
    table.sweep(table.touched(), 2000, |_, _| ());
    assert_eq!(table.used(), 0);
}

#[test]
fn newcomers_are_evicted_before_established_flows() {
    let mut table = FlowTable::new(64, NEVER, SEED);
    let mut expelled = Vec::new();
    for _ in 0..3 {
        for flow in 0..16 {
            put(&mut table, &packet(flow, 1000, ACK), 1, &mut expelled);
        }
    }
    let established = table.used();
    expelled.clear();
    for flow in 0..5000u16 {
        put(&mut table, &packet(flow + 2000, 1000, SYN), 2, &mut expelled);
    }
    let lost = expelled.iter().filter(|e| e.entry.total_packets() > 1).count();
    assert!(lost == 0, "{lost} of {established} established flows evicted by one-packet flows");
}

#[test]
fn time_that_goes_back_never_makes_a_negative_duration() {
    let mut table = FlowTable::new(64, Timeouts { idle_ns: 100, active_ns: 1000 }, SEED);
    let mut expelled = Vec::new();
    for time in [5000, 4990, 10, 5001] {
        put(&mut table, &packet(1, 2, ACK), time, &mut expelled);
    }
    drain(&mut table, &mut expelled);
    assert!(expelled.iter().all(|e| e.entry.first_ns <= e.entry.last_ns));
    assert_eq!(expelled.iter().map(|e| e.entry.total_packets()).sum::<u64>(), 4);
}

fn traffic() -> impl Strategy<Value = Vec<(u16, u16, u8, u64)>> {
    vec((0u16..40, 0u16..40, any::<u8>(), 0u64..500), 1..600)
}

proptest! {
    #[test]
    fn totals_by_flow_equal_the_model_whatever_is_split_or_evicted(packets in traffic(), idle in 50u64..2000) {
        let mut table = FlowTable::new(64, Timeouts { idle_ns: idle, active_ns: 3 * idle }, SEED);
        let (mut expelled, mut model, mut time) = (Vec::new(), HashMap::<FlowKey, (u64, u64)>::new(), 0);
        for (number, (src, dst, flags, step)) in packets.iter().enumerate() {
            time += step;
            let packet = packet(*src, *dst, *flags);
            put(&mut table, &packet, time, &mut expelled);
            let total = model.entry(FlowKey::of(&packet, 1).0).or_default();
            *total = (total.0 + 1, total.1 + 100);
            if number % 7 == 0 {
                table.sweep(3, time, |entry, reason| expelled.extend(reason.map(|reason| Expelled { entry: *entry, reason })));
            }
            let written: u64 = expelled.iter().map(|e| e.entry.total_packets()).sum();
            assert_eq!(table.held().0 + written, number as u64 + 1);
        }
        drain(&mut table, &mut expelled);
        let mut sums = HashMap::<FlowKey, (u64, u64)>::new();
        for Expelled { entry, reason } in &expelled {
            let record = entry.record(*reason);
            assert!(record.first_ns <= record.last_ns && record.packets() > 0);
            let sum = sums.entry(entry.key).or_default();
            *sum = (sum.0 + record.packets(), sum.1 + record.bytes());
        }
        assert_eq!(sums, model);
    }
}
