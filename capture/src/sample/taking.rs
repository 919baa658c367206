//! One sample that is being taken: its filter, and the queue between the workers and the writer.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use crossbeam::queue::ArrayQueue;
use ipnet::IpNet;
use live::action::Sample;

use crate::frame::{Frame, LinkType};
use crate::limits::{SAMPLE_BYTES_MAX, SAMPLE_PACKETS_MAX, SAMPLE_QUEUE, SAMPLE_SECONDS_MAX, SECOND_NS};
use crate::local::range;
use crate::wire::Packet;

/// A copy of a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// When, ns since the epoch.
    pub time_ns: u64,
    /// Bytes it had.
    pub wire_len: u32,
    /// As many of them as the sample keeps.
    pub bytes: Vec<u8>,
}

/// A packet that may belong to a sample.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The interface's number.
    pub interface: u16,
    /// The frame.
    pub frame: &'a Frame<'a>,
    /// What it is.
    pub packet: &'a Packet,
    /// Its time as it is believed, ns since the epoch.
    pub time_ns: u64,
}

/// See the module.
pub struct Taking {
    /// The request's id.
    pub id: String,
    /// Until when it is taken, ns since the epoch.
    pub until_ns: u64,
    network: Option<(u128, u128)>,
    interface: u16,
    protocol: u8,
    port: u16,
    bytes: u32,
    /// Packets that are still wanted.
    left: AtomicU32,
    shed: AtomicU32,
    queue: ArrayQueue<Copied>,
}

impl Taking {
    /// Begins what was asked for; `interface` gives the number of a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(
        id: &str,
        asked: &Sample,
        now_ns: u64,
        interface: impl Fn(&str) -> Option<u16>,
    ) -> Result<Taking, String> {
        if !(1..=SAMPLE_PACKETS_MAX).contains(&asked.packets) {
            return Err(format!("packets must be 1 to {SAMPLE_PACKETS_MAX}"));
        }
        if !(1..=SAMPLE_SECONDS_MAX).contains(&asked.seconds) {
            return Err(format!("seconds must be 1 to {SAMPLE_SECONDS_MAX}"));
        }
        if asked.bytes > SAMPLE_BYTES_MAX {
            return Err(format!("bytes must be 0 to {SAMPLE_BYTES_MAX}"));
        }
        let network = match asked.network.as_str() {
            "" => None,
            text => Some(read_network(text).ok_or_else(|| format!("network {text:?} is no address and no prefix"))?),
        };
        let number = match asked.interface.as_str() {
            "" => 0,
            name => interface(name).ok_or_else(|| format!("interface {name:?} is not captured"))?,
        };
        Ok(Taking {
            id: id.to_owned(),
            until_ns: now_ns.saturating_add(u64::from(asked.seconds) * SECOND_NS),
            network: network.map(range),
            interface: number,
            protocol: asked.protocol,
            port: asked.port,
            bytes: asked.bytes,
            left: AtomicU32::new(asked.packets),
            shed: AtomicU32::new(0),
            queue: ArrayQueue::new(SAMPLE_QUEUE),
        })
    }

    /// Takes a copy if it is wanted. Called at packet rate while the sample is taken.
    pub fn offer(&self, offer: &Offer<'_>) {
        if self.is_full() || !self.matches(offer) {
            return;
        }
        // Counted first: several workers may want the last place.
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
            return;
        }
        let headers = u32::from(offer.packet.header_bytes);
        let keep = if self.bytes == 0 { headers } else { self.bytes };
        let bytes = offer.frame.bytes.iter().copied().take(keep as usize).collect();
        let copied = Copied { time_ns: offer.time_ns, wire_len: offer.frame.wire_len, bytes };
        if self.queue.push(copied).is_err() {
            self.shed.fetch_add(1, Ordering::Relaxed);
            self.left.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn matches(&self, offer: &Offer<'_>) -> bool {
        let packet = offer.packet;
        let within = |address: &[u8; 16]| {
            let number = u128::from_be_bytes(*address);
            self.network.is_none_or(|(first, last)| (first..=last).contains(&number))
        };
        // A file has one link type; every live interface has this one.
        offer.frame.link == LinkType::Ethernet
            && (within(&packet.dst) || within(&packet.src))
            && (self.interface == 0 || self.interface == offer.interface)
            && (self.protocol == 0 || self.protocol == packet.protocol)
            && (self.port == 0 || self.port == packet.dst_port || self.port == packet.src_port)
    }

    /// No further packet is wanted.
    pub fn is_full(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// The oldest copy that waits.
    pub fn next(&self) -> Option<Copied> {
        self.queue.pop()
    }

    /// Copies that found no place in the queue.
    pub fn shed(&self) -> u32 {
        self.shed.load(Ordering::Relaxed)
    }
}

fn read_network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use live::action::Sample;

    use super::{Offer, Taking};
    use crate::frame::{Frame, LinkType};
    use crate::limits::SAMPLE_QUEUE;
    use crate::wire::Packet;

    fn asked() -> Sample {
        Sample { packets: 10, seconds: 5, ..Sample::default() }
    }

    fn taking(asked: &Sample) -> Result<Taking, String> {
        Taking::new("a", asked, 0, |name| (name == "eth0").then_some(1))
    }

    #[test]
    fn what_cannot_be_taken_is_refused_with_the_reason() {
        let check = |asked: Sample, expect: &str| match taking(&asked) {
            Ok(_) => panic!("{asked:?} is taken"),
            Err(reason) => assert!(reason.contains(expect), "{reason}"),
        };
        check(Sample { packets: 0, ..asked() }, "packets must be 1 to");
        check(Sample { packets: u32::MAX, ..asked() }, "packets must be 1 to");
        check(Sample { seconds: 0, ..asked() }, "seconds must be 1 to");
        check(Sample { bytes: 1 << 20, ..asked() }, "bytes must be 0 to");
        check(Sample { network: "10.0.0.0/33".to_owned(), ..asked() }, "no address and no prefix");
        check(Sample { interface: "eth1".to_owned(), ..asked() }, "not captured");
    }

    #[test]
    fn only_what_matches_is_copied_without_its_payload_and_no_more_than_asked_for() {
        let bytes = [7u8; 100];
        let frame = Frame { bytes: &bytes, wire_len: 1400, link: LinkType::Ethernet, ..Frame::EMPTY };
        let mut packet = Packet { protocol: 17, src_port: 53, dst_port: 4000, header_bytes: 42, ..Packet::default() };
        packet.dst[10..].copy_from_slice(&[0xff, 0xff, 10, 0, 0, 1]);
        let copies = |asked: Sample, packet: &Packet| {
            let taking = taking(&asked).expect("it can be taken");
            for time_ns in 0..20 {
                taking.offer(&Offer { interface: 1, frame: &frame, packet, time_ns });
            }
            std::iter::from_fn(|| taking.next()).collect::<Vec<_>>()
        };
        let network = |text: &str| Sample { network: text.to_owned(), ..asked() };
        let taken = copies(network("10.0.0.1"), &packet);
        assert_eq!((taken.len(), taken[0].bytes.len(), taken[0].wire_len), (10, 42, 1400));
        assert_eq!(copies(Sample { bytes: 64, ..network("10.0.0.0/8") }, &packet)[0].bytes.len(), 64);
        assert!(copies(network("10.0.0.2"), &packet).is_empty());
        assert!(copies(network("2001:db8::/32"), &packet).is_empty());
        assert!(copies(Sample { protocol: 6, ..asked() }, &packet).is_empty());
        assert_eq!(copies(Sample { port: 53, ..asked() }, &packet).len(), 10);
        assert!(copies(Sample { port: 54, ..asked() }, &packet).is_empty());
    }

    #[test]
    fn a_writer_that_stands_still_costs_copies_and_nothing_else() {
        let frame = Frame { bytes: &[1; 60], wire_len: 60, link: LinkType::Ethernet, ..Frame::EMPTY };
        let packet = Packet { header_bytes: 54, ..Packet::default() };
        let taking = taking(&Sample { packets: 100_000, ..asked() }).expect("it can be taken");
        for _ in 0..2 * SAMPLE_QUEUE {
            taking.offer(&Offer { interface: 1, frame: &frame, packet: &packet, time_ns: 1 });
        }
        assert_eq!(std::iter::from_fn(|| taking.next()).count(), SAMPLE_QUEUE);
        assert_eq!(taking.shed() as usize, SAMPLE_QUEUE);
    }
}
