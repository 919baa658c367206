//! Every corpus frame, cut at 0 to 127 bytes by a snaplen and by its sender: one class each, and nothing invented.

use capture::frame::Frame;
use capture::wire::{self, Packet, Skip};

use crate::{capture_files, corpus, for_each_frame};

const PREFIX_MAX: usize = 127;

/// Frames by class.
#[derive(Default)]
struct Classes {
    parsed: u64,
    non_ip: u64,
    malformed: u64,
    unsupported: u64,
}

impl Classes {
    fn count(&mut self, found: &Result<Packet, Skip>) {
        match found {
            Ok(_) => self.parsed += 1,
            Err(Skip::NonIp) => self.non_ip += 1,
            Err(Skip::Malformed) => self.malformed += 1,
            Err(Skip::Unsupported) => self.unsupported += 1,
        }
    }
}

/// A frame cut by the snaplen says no more than the whole one, and the same as far as it goes.
fn check_snaplen(cut: &Packet, whole: &Result<Packet, Skip>) {
    let whole = whole.as_ref().expect("a prefix is parsed, so the whole is");
    assert_eq!((cut.src, cut.dst, cut.vlan, cut.ip_bytes), (whole.src, whole.dst, whole.vlan, whole.ip_bytes));
    assert!(whole.truncated || !cut.truncated, "the snaplen is taken for the sender");
}

#[test]
fn every_prefix_is_in_one_class() {
    let Some(folder) = corpus("every_prefix_is_in_one_class") else { return };
    let (mut classes, mut prefixes) = (Classes::default(), 0);
    for path in capture_files(&folder) {
        for_each_frame(&path, |frame| {
            let whole = wire::parse(frame, false);
            for length in 0..=PREFIX_MAX.min(frame.bytes.len()) {
                let by_snaplen = Frame { bytes: &frame.bytes[..length], ..*frame };
                let by_sender = Frame { wire_len: length as u32, ..by_snaplen };
                let found = wire::parse(&by_snaplen, false);
                if let Ok(cut) = &found {
                    check_snaplen(cut, &whole);
                }
                let sent = wire::parse(&by_sender, true);
                assert!(sent.is_err() || sent.is_ok_and(|packet| packet.ip_bytes as usize <= length));
                for found in [&found, &sent] {
                    classes.count(found);
                }
                prefixes += 2;
            }
        })
        .unwrap();
    }
    let Classes { parsed, non_ip, malformed, unsupported } = classes;
    assert_eq!(parsed + non_ip + malformed + unsupported, prefixes);
    eprintln!(
        "{prefixes} prefixes: {parsed} parsed, {non_ip} not IP, {malformed} malformed, {unsupported} unsupported"
    );
}
