//! Linux cooked captures, as made on the `any` device.
//!
//! | field | version 1 | version 2 |
//! |---|---|---|
//! | ethertype | 14–15 | 0–1 |
//! | interface index | – | 4–7 |
//! | hardware type (ARPHRD) | 2–3 | 8–9 |
//! | packet type | 0–1 | 10 |
//! | address length, address | 4–5, 6–13 | 11, 12–19 |

use crate::wire::Skip;
use crate::wire::cursor::Cursor;
use crate::wire::layer::{Layer, Next};

/// Hardware type of netlink messages, which no network carries.
const ARPHRD_NETLINK: u16 = 824;
/// Stands in for the ethertype where the frame begins with an LLC header.
const LLC: u16 = 4;

/// Reads one header of version 1.
pub(in crate::wire) fn next(cursor: Cursor<'_>) -> Next<'_> {
    let header = cursor.header::<16>().ok_or(Skip::Malformed)?;
    announced(u16::from_be_bytes([header[2], header[3]]), u16::from_be_bytes([header[14], header[15]]), cursor.skip(16))
}

/// Reads one header of version 2.
pub(in crate::wire) fn next_v2(cursor: Cursor<'_>) -> Next<'_> {
    let header = cursor.header::<20>().ok_or(Skip::Malformed)?;
    announced(u16::from_be_bytes([header[8], header[9]]), u16::from_be_bytes([header[0], header[1]]), cursor.skip(20))
}

fn announced(hardware: u16, number: u16, payload: Cursor<'_>) -> Next<'_> {
    match (hardware, number) {
        (ARPHRD_NETLINK, _) => Err(Skip::NonIp),
        (_, LLC) => Ok((Layer::Llc, payload)),
        _ => Ok((Layer::EtherType(number), payload)),
    }
}
