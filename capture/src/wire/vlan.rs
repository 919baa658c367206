//! 802.1Q and 802.1ad tags: control information (priority, DEI, 12-bit id), then the next ethertype or length.

use super::Skip;
use super::cursor::Cursor;
use super::ethernet::ETHERTYPE_MIN;
use super::layer::Layer;

/// The VLAN id within the control information.
pub(super) const ID_MASK: u16 = 0x0fff;

/// Reads one tag: its control information, and what follows.
pub(super) fn next(cursor: Cursor<'_>) -> Result<(u16, (Layer, Cursor<'_>)), Skip> {
    let [control_high, control_low, type_high, type_low] = *cursor.header::<4>().ok_or(Skip::Malformed)?;
    let number = u16::from_be_bytes([type_high, type_low]);
    let payload = cursor.skip(4);
    let next = match number < ETHERTYPE_MIN {
        true => (Layer::Llc, payload),
        false => (Layer::EtherType(number), payload),
    };
    Ok((u16::from_be_bytes([control_high, control_low]), next))
}
