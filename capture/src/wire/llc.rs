//! IEEE 802.2 LLC and SNAP: which protocol an 802.3, 802.11 or bridged frame carries.

use super::Skip;
use super::cursor::Cursor;
use super::layer::{Layer, Next};

const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
const SAP_IP: u8 = 0x06;

/// Reads the LLC header, and the SNAP header behind it.
pub(super) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let header = *cursor.header::<3>().ok_or(Skip::Malformed)?;
    if header == SNAP {
        return snap(cursor.skip(3));
    }
    if header == [SAP_IP, SAP_IP, 0x03] {
        return Ok((Layer::Ip, cursor.skip(3)));
    }
    Err(Skip::NonIp)
}

/// Reads a SNAP header: an organisation (3 bytes) and its protocol number (2).
pub(super) fn snap(cursor: Cursor<'_>) -> Next<'_> {
    let [a, b, c, high, low] = *cursor.header::<5>().ok_or(Skip::Malformed)?;
    let number = u16::from_be_bytes([high, low]);
    let payload = cursor.skip(5);
    match [a, b, c] {
        // Ethertypes: RFC 1042 and the bridge-tunnel organisation of 802.1H.
        [0, 0, 0] | [0, 0, 0xf8] => Ok((Layer::EtherType(number), payload)),
        // Bridged Ethernet, with and without its check sequence (RFC 2427, RFC 2684).
        [0, 0x80, 0xc2] if matches!(number, 1 | 7) => Ok((Layer::Ethernet, payload)),
        _ => Err(Skip::NonIp),
    }
}
