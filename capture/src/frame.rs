//! One frame as a source delivers it, before anything is known about it.

/// What the first bytes of a frame are. Numbers in `from_pcap` are the capture-file format's LINKTYPE values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// Ethernet; what every live interface we accept delivers (loopback too).
    Ethernet,
    /// A bare IPv4 or IPv6 packet (tun devices, LINKTYPE_RAW).
    RawIp,
    /// BSD null/loop: a 4-byte address family in either byte order.
    NullLoop,
    /// Linux cooked, version 1 (16 bytes).
    LinuxCooked,
    /// Linux cooked, version 2 (20 bytes).
    LinuxCooked2,
    /// PPP, with or without HDLC-like framing.
    Ppp,
    /// Cisco HDLC.
    CiscoHdlc,
    /// Frame relay (RFC 2427 encapsulation).
    FrameRelay,
    /// IEEE 802.11 data frames, unencrypted.
    Ieee80211,
    /// IEEE 802.11 behind a radiotap header.
    Radiotap,
    /// Per-packet information header, then the link type it names.
    Ppi,
    /// Linux netfilter log: TLVs, one of them the packet.
    NfLog,
    /// A PPPoE session header, then PPP.
    PppOverEther,
    /// Any other number: its frames are `unsupported`.
    Other(u16),
}

impl LinkType {
    /// The link type of a capture file's LINKTYPE number, the low 16 bits of the file's field (the others describe a
    /// frame check sequence, which the lengths inside the frame keep out of the way).
    ///
    /// Source: the LINKTYPE registry of the pcap format. 12 and 14 are DLT_RAW as some systems wrote it.
    pub fn from_pcap(number: u16) -> LinkType {
        match number {
            0 | 108 => LinkType::NullLoop,
            1 => LinkType::Ethernet,
            9 | 50 | 166 | 204 => LinkType::Ppp,
            12 | 14 | 101 | 228 | 229 => LinkType::RawIp,
            51 => LinkType::PppOverEther,
            104 => LinkType::CiscoHdlc,
            105 => LinkType::Ieee80211,
            107 => LinkType::FrameRelay,
            113 => LinkType::LinuxCooked,
            127 => LinkType::Radiotap,
            192 => LinkType::Ppi,
            239 => LinkType::NfLog,
            276 => LinkType::LinuxCooked2,
            other => LinkType::Other(other),
        }
    }
}

/// The VLAN tag that the kernel took out of the frame and put into its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanTag {
    /// Tag control information: priority, DEI, 12-bit id.
    pub tci: u16,
    /// Tag protocol: 0x8100 (802.1Q) or 0x88a8 (802.1ad).
    pub tpid: u16,
}

/// One frame, borrowed from the block or file buffer it lies in.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The captured bytes; at most the snaplen.
    pub bytes: &'a [u8],
    /// Bytes the frame had when the source saw it (without a tag the kernel had already removed).
    pub wire_len: u32,
    /// Nanoseconds since the epoch, UTC.
    pub time_ns: u64,
    /// How to read `bytes`.
    pub link: LinkType,
    /// The outer tag, when the kernel removed it from `bytes`.
    pub vlan: Option<VlanTag>,
    /// Payload bytes per wire packet when GRO or TSO merged several; 0 = the frame is one packet.
    pub gso_size: u16,
    /// The kernel marked the frame as sent by this machine (`PACKET_OUTGOING`); `None` in files.
    pub outgoing: Option<bool>,
}

impl Frame<'_> {
    /// No frame: fills the places of a group that is not full.
    pub const EMPTY: Frame<'static> = Frame {
        bytes: &[],
        wire_len: 0,
        time_ns: 0,
        link: LinkType::Other(0),
        vlan: None,
        gso_size: 0,
        outgoing: None,
    };

    /// Bytes on the wire, the removed tag added back.
    pub fn wire_bytes(&self) -> u64 {
        u64::from(self.wire_len) + if self.vlan.is_some() { 4 } else { 0 }
    }
}
