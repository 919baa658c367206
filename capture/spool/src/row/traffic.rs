//! One closed bucket of an interface's traffic.

use serde::{Deserialize, Serialize};

/// How long a bucket is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Resolution {
    /// One second.
    #[default]
    #[serde(rename = "1s")]
    Second,
    /// One minute.
    #[serde(rename = "1m")]
    Minute,
    /// One hour.
    #[serde(rename = "1h")]
    Hour,
}

impl Resolution {
    /// Seconds of a bucket.
    pub const fn seconds(self) -> u64 {
        match self {
            Resolution::Second => 1,
            Resolution::Minute => 60,
            Resolution::Hour => 3600,
        }
    }
}

/// Traffic of one interface in one bucket. Several rows may exist for a bucket (late packets, several workers, a
/// restart): readers add them up, and take the maximum of the `_max` columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the columns say it: wire packets, wire bytes or frames, by direction or protocol")]
pub struct TrafficRow {
    /// Length of the bucket.
    pub resolution: Resolution,
    /// First second of the bucket, UNIX time.
    pub ts: u64,
    /// Interface number in this epoch.
    pub interface: u16,
    pub packets_in: u64,
    pub bytes_in: u64,
    pub packets_out: u64,
    pub bytes_out: u64,
    pub packets_through: u64,
    pub bytes_through: u64,
    pub packets_internal: u64,
    pub bytes_internal: u64,
    pub tcp_packets: u64,
    pub tcp_bytes: u64,
    pub udp_packets: u64,
    pub udp_bytes: u64,
    /// ICMP and ICMPv6.
    pub icmp_packets: u64,
    pub icmp_bytes: u64,
    pub other_packets: u64,
    pub other_bytes: u64,
    /// TCP packets with SYN, with or without ACK.
    pub syn_packets: u64,
    /// TCP packets with SYN and without ACK.
    pub syn_without_ack_packets: u64,
    /// First and later fragments.
    pub fragment_packets: u64,
    pub non_ip_frames: u64,
    pub malformed_frames: u64,
    pub unsupported_frames: u64,
    /// Frames that the kernel dropped because the ring was full.
    pub dropped_frames: u64,
    /// Flows first seen in the bucket.
    pub flows_new: u64,
    /// Seconds that the row adds up; 1 in a one-second row.
    pub seconds: u64,
    /// Busiest second of the bucket.
    pub packets_per_second_max: u64,
    /// Busiest second of the bucket.
    pub bytes_per_second_max: u64,
}

impl TrafficRow {
    /// Wire packets of all directions.
    pub fn packets(&self) -> u64 {
        self.packets_in + self.packets_out + self.packets_through + self.packets_internal
    }

    /// Wire bytes of all directions.
    pub fn bytes(&self) -> u64 {
        self.bytes_in + self.bytes_out + self.bytes_through + self.bytes_internal
    }

    /// Adds the counters of `other`, which is of the same bucket and interface (partial rows of one second).
    pub fn merge(&mut self, other: &TrafficRow) {
        self.packets_in += other.packets_in;
        self.bytes_in += other.bytes_in;
        self.packets_out += other.packets_out;
        self.bytes_out += other.bytes_out;
        self.packets_through += other.packets_through;
        self.bytes_through += other.bytes_through;
        self.packets_internal += other.packets_internal;
        self.bytes_internal += other.bytes_internal;
        self.tcp_packets += other.tcp_packets;
        self.tcp_bytes += other.tcp_bytes;
        self.udp_packets += other.udp_packets;
        self.udp_bytes += other.udp_bytes;
        self.icmp_packets += other.icmp_packets;
        self.icmp_bytes += other.icmp_bytes;
        self.other_packets += other.other_packets;
        self.other_bytes += other.other_bytes;
        self.syn_packets += other.syn_packets;
        self.syn_without_ack_packets += other.syn_without_ack_packets;
        self.fragment_packets += other.fragment_packets;
        self.non_ip_frames += other.non_ip_frames;
        self.malformed_frames += other.malformed_frames;
        self.unsupported_frames += other.unsupported_frames;
        self.dropped_frames += other.dropped_frames;
        self.flows_new += other.flows_new;
    }
}
