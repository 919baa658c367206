//! For any bytes behind a file header: an end is reached, and no more is delivered than there was.

use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, proptest};

use super::{Order, classic_header, enhanced, interface, read, section};

/// Real files with noise appended and a few bytes changed behind the first magic.
fn files() -> impl Strategy<Value = Vec<u8>> {
    let mut classic = classic_header(Order::Little, 0xa1b2_c3d4);
    let mut sections = Vec::new();
    for order in [Order::Little, Order::Big] {
        classic.extend(Order::Little.words(&[5, 0, 3, 60]));
        classic.extend(b"abc");
        sections.extend(section(order));
        sections.extend(interface(order, 1, 0, &[9, 0, 1, 0, 9, 0, 0, 0]));
        sections.extend((0..3).flat_map(|index| enhanced(order, 0, index, 60, b"abcd")));
    }
    let start = prop_oneof![proptest::strategy::Just(classic), proptest::strategy::Just(sections)];
    let changes = prop::collection::vec(any::<(usize, u8)>(), 0..6);
    (start, changes, prop::collection::vec(any::<u8>(), 0..100)).prop_map(|(mut bytes, changes, noise)| {
        bytes.extend(noise);
        for (at, value) in changes {
            let at = 12 + at % (bytes.len() - 12);
            bytes[at] = value;
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_file_ends(content in files()) {
        let (records, _, summary) = read(&content);
        prop_assert!(summary.records == records.len() as u64);
        prop_assert!(summary.captured_bytes <= content.len() as u64);
    }
}
