//! A backup made while rows arrive, put back later: what the spool still has is stored again, the rest is told as lost.

use spool::Ack;
use store::backup_folder;
use store::testing::FlowTotals;

use crate::cuts::await_all;
use crate::place::{Place, block_on, within};
use crate::write::{flows, open};

#[test]
fn a_restored_backup_gets_what_the_spool_has_and_the_books_tell_the_rest() {
    let place = Place::sqlite();
    let mut writer = open(&place.spool());
    let role = place.start(&place.options());
    for stream in 1..=4 {
        flows(&mut writer, stream, 2_000);
    }
    await_all(&place, &writer);
    let (store, backup) = (place.data_dir().join("store"), place.data_dir().join("backup"));
    block_on(backup_folder(&store, &backup)).unwrap();
    // Three segments and more, so that the first ones are given up when all is stored.
    for _ in 0..16 {
        for stream in 1..=4 {
            flows(&mut writer, stream, 2_000);
        }
    }
    await_all(&place, &writer);
    role.stop().unwrap();
    assert!(writer.trim(&Ack::load(&place.spool())).unwrap() > 0);

    std::fs::rename(&store, place.data_dir().join("broken")).unwrap();
    std::fs::rename(&backup, &store).unwrap();
    let role = place.start(&place.options());
    for stream in 1..=4 {
        flows(&mut writer, stream, 100);
    }
    let fence_of = |stream| place.fences().into_iter().find(|fence| fence.stream == stream);
    within("all streams at their ends", || {
        writer.streams().all(|(stream, end)| fence_of(stream).is_some_and(|fence| fence.last_seq == end.last_seq))
    });
    role.stop().unwrap();

    let (mut stored, mut lost) = ((0, 0, 0), 0);
    for (stream, end) in writer.streams() {
        let fence = fence_of(stream).unwrap();
        // To the packet: stored, parked and lost are what the stream carried.
        let carried = fence.carried();
        assert_eq!((carried.rows, carried.packets, carried.bytes), (end.last_seq, end.packets, end.bytes), "{fence:?}");
        stored.0 += fence.stored.rows;
        stored.1 += fence.stored.packets;
        stored.2 += fence.stored.bytes;
        lost += fence.gap.rows;
    }
    let found = block_on(FlowTotals::of_sqlite(&store)).unwrap();
    assert_eq!((found.rows, found.packets, found.bytes), stored);
    assert_eq!(found.distinct, found.rows, "nothing twice");
    assert!(lost > 0 && lost < 4 * 32_000, "what the spool had given up is lost, what it had is not: {lost}");
}
