//! The walk from a frame's first byte to its first IP header, one layer at a time.

use super::cursor::Cursor;
use super::{Skip, ethernet, link, llc, mpls, pppoe, vlan};

/// Layers walked before a frame is given up: real stacks have up to about 8 (Ethernet, two tags, PPPoE, PPP; or
/// Ethernet, MPLS, control word, Ethernet, tag); a frame of nothing but 4-byte tags must not hold the worker up.
const LAYERS_MAX: usize = 32;

/// A header that a reader here knows, and that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Ethernet,
    /// What an ethertype (or an 802.3 length in its place) announces.
    EtherType(u16),
    Llc,
    Vlan,
    Mpls,
    PppoeSession,
    Ppp,
    Ipv4,
    Ipv6,
    /// IPv4 or IPv6, told by its version field.
    Ip,
    NullLoop,
    Cooked,
    Cooked2,
    CiscoHdlc,
    FrameRelay,
    Ieee80211,
    Radiotap,
    Ppi,
    NfLog,
}

/// The IP version that a lower layer announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

/// An IP header's place in the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network<'a> {
    pub version: Version,
    pub cursor: Cursor<'a>,
}

/// A step of the walk: the next layer and where it begins.
pub(super) type Next<'a> = Result<(Layer, Cursor<'a>), Skip>;

/// Walks to the first IP header; with it comes the tag control information of the first VLAN tag passed, or 0.
pub(super) fn walk<'a>(layer: Layer, cursor: Cursor<'a>) -> Result<(Network<'a>, u16), Skip> {
    let (mut layer, mut cursor) = (layer, cursor);
    let mut tag = None;
    for _ in 0..LAYERS_MAX {
        (layer, cursor) = match layer {
            Layer::Ipv4 => return Ok((Network { version: Version::V4, cursor }, tag.unwrap_or(0))),
            Layer::Ipv6 => return Ok((Network { version: Version::V6, cursor }, tag.unwrap_or(0))),
            Layer::Ip => by_version(cursor)?,
            Layer::Ethernet => ethernet::next(cursor)?,
            Layer::EtherType(number) => (ethernet::announced(number)?, cursor),
            Layer::Vlan => {
                let (control, next) = vlan::next(cursor)?;
                tag = tag.or(Some(control));
                next
            }
            Layer::Llc => llc::next(cursor)?,
            Layer::Mpls => mpls::next(cursor)?,
            Layer::PppoeSession => pppoe::next(cursor)?,
            Layer::Ppp => link::ppp::next(cursor)?,
            Layer::NullLoop => link::null_loop::next(cursor)?,
            Layer::Cooked => link::cooked::next(cursor)?,
            Layer::Cooked2 => link::cooked::next_v2(cursor)?,
            Layer::CiscoHdlc => link::hdlc::next(cursor)?,
            Layer::FrameRelay => link::frame_relay::next(cursor)?,
            Layer::Ieee80211 => link::ieee80211::next(cursor)?,
            Layer::Radiotap => link::radiotap::next(cursor)?,
            Layer::Ppi => link::ppi::next(cursor)?,
            Layer::NfLog => link::nflog::next(cursor)?,
        };
    }
    Err(Skip::Unsupported)
}

fn by_version(cursor: Cursor<'_>) -> Next<'_> {
    match cursor.byte(0).map(|first| first >> 4) {
        Some(4) => Ok((Layer::Ipv4, cursor)),
        Some(6) => Ok((Layer::Ipv6, cursor)),
        _ => Err(Skip::Malformed),
    }
}
