//! Metrics of hosts and prefixes that are near a limit, the largest of ten seconds each.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use ipnet::IpNet;
use spool::row::SubjectRow;

use super::detail::finite;

/// Seconds of a bucket.
const BUCKET_S: u64 = 10;

/// What is below this share of its limit is not kept.
const SHARE_MIN: f64 = 0.1;

/// Subjects and metrics of one bucket, at most: what an attack on a whole prefix brings; of more, those that came first
/// are kept.
const ENTRIES_MAX: usize = 4_096;

/// The bucket that is open.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    bucket: u64,
    entries: HashMap<(Vec<u8>, u16), (f64, f64)>,
    /// Values left out because there were too many, since the start.
    pub left_out: u64,
}

impl Subjects {
    /// Adds a value of a metric, and the limit that it is held against.
    pub fn add(&mut self, subject: IpNet, metric: u16, value: f64, limit: f64) {
        let share = value / limit;
        if !value.is_finite() || !share.is_finite() || share < SHARE_MIN {
            return;
        }
        let key = (encode(subject), metric);
        if self.entries.len() >= ENTRIES_MAX && !self.entries.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        let entry = self.entries.entry(key).or_insert((value, share));
        *entry = (entry.0.max(value), entry.1.max(share));
    }

    /// The rows of the open bucket, if `now_s` (UNIX seconds) lies in another one.
    pub fn close(&mut self, now_s: u64) -> Vec<SubjectRow> {
        let bucket = now_s / BUCKET_S * BUCKET_S;
        if bucket == self.bucket {
            return Vec::new();
        }
        let ts = std::mem::replace(&mut self.bucket, bucket);
        let ts = if ts == 0 { bucket } else { ts };
        let row = |((subject, metric), (value, share)): ((Vec<u8>, u16), (f64, f64))| SubjectRow {
            ts,
            subject,
            metric,
            value: finite(value),
            limit_share: finite(share),
        };
        let mut rows: Vec<SubjectRow> = self.entries.drain().map(row).collect();
        rows.sort_by(|a, b| (&a.subject, a.metric).cmp(&(&b.subject, b.metric)));
        rows
    }
}

/// An address as 16 bytes, IPv4 mapped; a prefix with its length (of 128) and a 0 behind it.
pub fn encode(subject: IpNet) -> Vec<u8> {
    let (address, length) = match subject {
        IpNet::V4(net) => (net.network().to_ipv6_mapped(), 96 + net.prefix_len()),
        IpNet::V6(net) => (net.network(), net.prefix_len()),
    };
    let mut bytes = address.octets().to_vec();
    if length < 128 {
        bytes.extend([length, 0]);
    }
    bytes
}

/// The address or prefix that [`encode`] made these bytes of; `None` = they are none.
pub fn decode(bytes: &[u8]) -> Option<IpNet> {
    let (address, length) = match bytes.split_first_chunk::<16>()? {
        (address, []) => (address, 128),
        (address, [length, 0]) => (address, *length),
        _ => return None,
    };
    let address = Ipv6Addr::from(*address);
    match address.to_ipv4_mapped() {
        Some(address) if length >= 96 => IpNet::new(address.into(), length - 96).ok(),
        _ => IpNet::new(address.into(), length).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ENTRIES_MAX, IpNet, Subjects, decode, encode};

    fn net(text: &str) -> IpNet {
        text.parse().expect("a network")
    }

    #[test]
    fn addresses_and_prefixes_have_their_bytes() {
        assert_eq!(encode(net("192.0.2.7/32"))[10..], [255, 255, 192, 0, 2, 7]);
        assert_eq!(encode(net("192.0.2.7/24"))[10..], [255, 255, 192, 0, 2, 0, 120, 0]);
        assert_eq!(encode(net("2001:db8::1/128")).len(), 16);
        assert_eq!(encode(net("2001:db8::1/64"))[16..], [64, 0]);
        for text in ["192.0.2.7/32", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::1/128", "2001:db8::/64", "::/0"] {
            assert_eq!(decode(&encode(net(text))), Some(net(text)));
        }
        for wrong in [&[0; 15][..], &[0; 17], &[1; 18], &[129; 18]] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_largest_of_ten_seconds_is_kept_if_it_is_near_a_limit() {
        let mut subjects = Subjects::default();
        assert!(subjects.close(1_000_005).is_empty());
        let host = net("192.0.2.7/32");
        for value in [9.0, 50.0, 200.0, 30.0, f64::NAN] {
            subjects.add(host, 3, value, 100.0);
        }
        subjects.add(host, 4, 9.9, 100.0);
        subjects.add(host, 5, 1.0, 0.0);
        assert!(subjects.close(1_000_009).is_empty(), "the ten seconds go on");
        let rows = subjects.close(1_000_010);
        assert_eq!(rows.len(), 1);
        assert!((rows[0].ts, rows[0].metric) == (1_000_000, 3) && (rows[0].value, rows[0].limit_share) == (200.0, 2.0));
        for metric in 0..=u16::MAX {
            subjects.add(host, metric, 100.0, 100.0);
        }
        assert_eq!(subjects.close(2).len(), ENTRIES_MAX, "bounded, also when the clock was set back");
        assert_eq!(subjects.left_out, 65_536 - ENTRIES_MAX as u64);
    }
}
