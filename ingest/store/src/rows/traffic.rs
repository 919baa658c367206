//! Rows of `traffic_1s`, `traffic_1m` and `traffic_1h`: what passed one interface in one bucket of time.

use super::{Bind, Resolution, Row};

/// One closed bucket of one interface. Readers SUM over (epoch, stream, seq): a restart inside a bucket makes two rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficRow {
    /// Start of the bucket, UNIX seconds.
    pub ts: u32,
    /// Number within (node, epoch, stream), from 1 without gaps.
    pub seq: u64,
    /// Length of the bucket; decides the table.
    pub resolution: Resolution,
    /// Interface number of the epoch.
    pub interface: u16,
    /// Wire packets to local hosts.
    pub packets_in: u64,
    /// Wire bytes to local hosts.
    pub bytes_in: u64,
    /// Wire packets from local hosts.
    pub packets_out: u64,
    /// Wire bytes from local hosts.
    pub bytes_out: u64,
    /// Wire packets between hosts that are not local.
    pub packets_through: u64,
    /// Wire bytes between hosts that are not local.
    pub bytes_through: u64,
    /// Wire packets between local hosts.
    pub packets_internal: u64,
    /// Wire bytes between local hosts.
    pub bytes_internal: u64,
    /// Packets of TCP.
    pub tcp_packets: u64,
    /// Bytes of TCP.
    pub tcp_bytes: u64,
    /// Packets of UDP.
    pub udp_packets: u64,
    /// Bytes of UDP.
    pub udp_bytes: u64,
    /// Packets of ICMP and ICMPv6.
    pub icmp_packets: u64,
    /// Bytes of ICMP and ICMPv6.
    pub icmp_bytes: u64,
    /// Packets of any other IP protocol.
    pub other_packets: u64,
    /// Bytes of any other IP protocol.
    pub other_bytes: u64,
    /// TCP packets with SYN.
    pub syn_packets: u64,
    /// TCP packets with SYN and no ACK: connection attempts.
    pub syn_without_ack_packets: u64,
    /// Fragments, the first ones too.
    pub fragment_packets: u64,
    /// Frames that are not IP.
    pub non_ip_frames: u64,
    /// Frames whose headers are broken.
    pub malformed_frames: u64,
    /// Frames of a kind that is not read.
    pub unsupported_frames: u64,
    /// Frames that the kernel dropped because a ring was full.
    pub dropped_frames: u64,
    /// Flows that began.
    pub flows_new: u64,
    /// Seconds of the bucket that were watched.
    pub seconds: u32,
    /// Largest second, packets.
    pub packets_per_second_max: u64,
    /// Largest second, bytes.
    pub bytes_per_second_max: u64,
}

impl Row for TrafficRow {
    const COLUMNS: &'static [&'static str] = &[
        "interface",
        "packets_in",
        "bytes_in",
        "packets_out",
        "bytes_out",
        "packets_through",
        "bytes_through",
        "packets_internal",
        "bytes_internal",
        "tcp_packets",
        "tcp_bytes",
        "udp_packets",
        "udp_bytes",
        "icmp_packets",
        "icmp_bytes",
        "other_packets",
        "other_bytes",
        "syn_packets",
        "syn_without_ack_packets",
        "fragment_packets",
        "non_ip_frames",
        "malformed_frames",
        "unsupported_frames",
        "dropped_frames",
        "flows_new",
        "seconds",
        "packets_per_second_max",
        "bytes_per_second_max",
    ];

    fn table(&self) -> &'static str {
        match self.resolution {
            Resolution::Second => "traffic_1s",
            Resolution::Minute => "traffic_1m",
            Resolution::Hour => "traffic_1h",
        }
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn ts(&self) -> u32 {
        self.ts
    }

    fn bind<B: Bind>(&self, to: &mut B) {
        to.u16(self.interface);
        to.u64(self.packets_in);
        to.u64(self.bytes_in);
        to.u64(self.packets_out);
        to.u64(self.bytes_out);
        to.u64(self.packets_through);
        to.u64(self.bytes_through);
        to.u64(self.packets_internal);
        to.u64(self.bytes_internal);
        to.u64(self.tcp_packets);
        to.u64(self.tcp_bytes);
        to.u64(self.udp_packets);
        to.u64(self.udp_bytes);
        to.u64(self.icmp_packets);
        to.u64(self.icmp_bytes);
        to.u64(self.other_packets);
        to.u64(self.other_bytes);
        to.u64(self.syn_packets);
        to.u64(self.syn_without_ack_packets);
        to.u64(self.fragment_packets);
        to.u64(self.non_ip_frames);
        to.u64(self.malformed_frames);
        to.u64(self.unsupported_frames);
        to.u64(self.dropped_frames);
        to.u64(self.flows_new);
        to.u32(self.seconds);
        to.u64(self.packets_per_second_max);
        to.u64(self.bytes_per_second_max);
    }
}
