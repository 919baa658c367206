//! Per-packet information: version, flags, length (2 bytes) and link type (4), little-endian, fields, then the frame.

use super::first_layer;
use crate::frame::LinkType;
use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::{Layer, Next};

/// Reads one header; it says which link layer follows.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let header = *cursor.header::<8>().ok_or(Skip::Malformed)?;
    let length = usize::from(u16::from_le_bytes([header[2], header[3]]));
    if header[0] != 0 || length < 8 || length > cursor.wire {
        return Err(Skip::Malformed);
    }
    match first_layer(LinkType::from_pcap(u16::from_le_bytes([header[4], header[5]]))) {
        None | Some(Layer::Ppi) => Err(Skip::Unsupported),
        Some(layer) => Ok((layer, cursor.skip(length))),
    }
}
