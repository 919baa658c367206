//! Cisco HDLC: address, control, then an ethertype.

use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::{Layer, Next};

/// Reads one header.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let number = cursor.be16(2).ok_or(Skip::Malformed)?;
    Ok((Layer::EtherType(number), cursor.skip(4)))
}
