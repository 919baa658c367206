//! The traffic that the benchmark generates, in miniature: its totals are known by construction.

use capture::file::Ending;

use crate::tally;
use crate::traffic::Traffic;

#[test]
fn generated_traffic_is_counted_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traffic.pcap");
    let expect = Traffic { packets: 30_000, flows: 5000, snaplen: 128, seed: 3 }.write(&path).unwrap();
    let found = tally(&path).unwrap();
    assert_eq!(found.summary, expect);
    assert_eq!(found.ending, Some(Ending::Whole));
    assert_eq!((found.ip_packets, found.skipped), (30_000, 0));
    assert_eq!(found.ip_bytes, expect.wire_bytes - 30_000 * 14);
    assert_eq!((found.outer.len(), found.inner.len()), (5000, 5000));
}
