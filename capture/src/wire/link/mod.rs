//! Link layers of capture files, beside Ethernet: one file each.

pub(super) mod cooked;
pub(super) mod frame_relay;
pub(super) mod hdlc;
pub(super) mod ieee80211;
pub(super) mod nflog;
pub(super) mod null_loop;
pub(super) mod ppi;
pub(super) mod ppp;
pub(super) mod radiotap;

use super::layer::Layer;
use crate::frame::LinkType;

/// The layer with which frames of a link type begin; `None` = a link type that is not read.
pub(super) fn first_layer(link: LinkType) -> Option<Layer> {
    match link {
        LinkType::Ethernet => Some(Layer::Ethernet),
        LinkType::RawIp => Some(Layer::Ip),
        LinkType::NullLoop => Some(Layer::NullLoop),
        LinkType::LinuxCooked => Some(Layer::Cooked),
        LinkType::LinuxCooked2 => Some(Layer::Cooked2),
        LinkType::Ppp => Some(Layer::Ppp),
        LinkType::PppOverEther => Some(Layer::PppoeSession),
        LinkType::CiscoHdlc => Some(Layer::CiscoHdlc),
        LinkType::FrameRelay => Some(Layer::FrameRelay),
        LinkType::Ieee80211 => Some(Layer::Ieee80211),
        LinkType::Radiotap => Some(Layer::Radiotap),
        LinkType::Ppi => Some(Layer::Ppi),
        LinkType::NfLog => Some(Layer::NfLog),
        LinkType::Other(_) => None,
    }
}
