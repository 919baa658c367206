//! Units of SMPP 3.4: frames on the wire, messages out of parts, receipts out of messages.

use std::str::FromStr;

use bytes::BytesMut;
use rusmpp::decode::DecodeWithLength;
use rusmpp::encode::Length;
use rusmpp::encode::owned::Encode;
use rusmpp::pdus::{DeliverSm, SubmitSm};
use rusmpp::tlvs::{MessageSubmissionRequestTlvValue, TlvValue};
use rusmpp::types::{AnyOctetString, COctetString, EmptyOrFullCOctetString, OctetString};
use rusmpp::values::{DataCoding, EsmClass, MessagePayload, MessageState, Npi, RegisteredDelivery, Ton};
use rusmpp::{Command, CommandStatus};

use crate::channel::sms::encode::{
    Alphabet, alphabet, from_gsm7_octets, from_ucs2_octets, gsm7_octets, parts, ucs2_octets,
};
use crate::channel::sms::{Inbound, Short, number};
use crate::channel::{Delivery, SendError};
use crate::words::line;

/// The header of a unit (SMPP 3.4 §3.2).
const HEADER_BYTES: usize = 16;

/// The longest unit that is read; a message is a few hundred bytes.
const UNIT_BYTES_MAX: usize = 8_192;

/// Parts of one message that its header can count.
const PARTS_MAX: usize = 255;

/// Bits of esm_class that say what a message is (§5.2.12), and those of a receipt.
const KIND_BITS: u8 = 0x3c;
const KIND_RECEIPT: u8 = 0x04;
/// A header stands before the text.
const HEADER_BIT: u8 = 0x40;

/// Not what SMPP says.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// A length that no unit has.
    #[error("a unit of {0} bytes")]
    Length(usize),
    /// Its contents.
    #[error("a unit that cannot be read: {0}")]
    Contents(String),
}

/// Takes one whole unit out of what came.
///
/// # Errors
/// What came is no SMPP; nothing after it can be understood.
pub fn take(buffer: &mut BytesMut) -> Result<Option<Command>, UnitError> {
    let Some(length) = buffer.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes) as usize) else {
        return Ok(None);
    };
    if !(HEADER_BYTES..=UNIT_BYTES_MAX).contains(&length) {
        return Err(UnitError::Length(length));
    }
    if buffer.len() < length {
        return Ok(None);
    }
    let mut unit = buffer.split_to(length).split_off(4);
    let decoded = Command::decode(&mut unit, length - 4);
    decoded.map(|(command, _)| Some(command)).map_err(|error| UnitError::Contents(error.to_string()))
}

/// The bytes of a unit.
pub fn bytes_of(command: &Command) -> BytesMut {
    let length = 4 + command.length();
    let mut bytes = BytesMut::with_capacity(length);
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    command.encode(&mut bytes);
    bytes
}

/// A text for a field of limited length.
pub fn field<const MAX: usize>(text: &str, what: &str) -> Result<COctetString<1, MAX>, SendError> {
    COctetString::from_str(text)
        .map_err(|_| SendError::Broken(format!("{what} has no place in SMPP: at most {} ASCII characters", MAX - 1)))
}

/// How messages of a gateway go.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Sender.
    pub from: String,
    /// Minutes.
    pub validity_min: u64,
    /// Asks for receipts.
    pub reports: bool,
    /// Long ones in one piece.
    pub payload: bool,
}

/// The units that one text needs, in order.
///
/// # Errors
/// The sender has no place in SMPP.
pub fn submits(short: &Short, manner: &Manner) -> Result<Vec<SubmitSm>, SendError> {
    let alphabet = alphabet(&short.text);
    let octets = |text: &str| match alphabet {
        Alphabet::Gsm7 => gsm7_octets(text),
        Alphabet::Ucs2 => ucs2_octets(text),
    };
    let parts = parts(&short.text);
    if parts.len() == 1 || !manner.payload && parts.len() > PARTS_MAX {
        return Ok(vec![submit(short, manner, alphabet, octets(parts[0]), false)?]);
    }
    if manner.payload {
        let mut whole = submit(short, manner, alphabet, Vec::new(), false)?;
        let payload = MessagePayload::new(AnyOctetString::from_vec(octets(&short.text)));
        whole.push_tlv(MessageSubmissionRequestTlvValue::MessagePayload(payload));
        return Ok(vec![whole]);
    }
    // The same for the same message, so that a repeated part takes its place.
    let reference = short.id.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let total = u8::try_from(parts.len()).unwrap_or(u8::MAX);
    let numbered = (1u8..).zip(&parts);
    numbered
        .map(|(number, part)| {
            // 3GPP 23.040 §9.2.3.24.1: length, element, its length, reference, total, number.
            let mut with_header = vec![5, 0, 3, reference, total, number];
            with_header.extend(octets(part));
            submit(short, manner, alphabet, with_header, true)
        })
        .collect()
}

fn submit(
    short: &Short,
    manner: &Manner,
    alphabet: Alphabet,
    octets: Vec<u8>,
    has_header: bool,
) -> Result<SubmitSm, SendError> {
    let (source, source_ton, source_npi) = source(&manner.from);
    // Relative: YYMMDDhhmmsst00R (§7.1.1.1).
    let (hours, minutes) = (manner.validity_min / 60 % 24, manner.validity_min % 60);
    let days = manner.validity_min / 1_440 % 100;
    let validity = format!("0000{days:02}{hours:02}{minutes:02}00000R");
    let coding = if alphabet == Alphabet::Ucs2 { DataCoding::Ucs2 } else { DataCoding::McSpecific };
    let octets =
        OctetString::from_vec(octets).map_err(|error| SendError::Broken(format!("a part is too long: {error}")))?;
    Ok(SubmitSm::builder()
        .source_addr_ton(source_ton)
        .source_addr_npi(source_npi)
        .source_addr(field(&source, "from")?)
        .dest_addr_ton(Ton::International)
        .dest_addr_npi(Npi::Isdn)
        .destination_addr(field(short.to.trim_start_matches('+'), "the number")?)
        // The library's default says "delivery acknowledgement": every bit is given here.
        .esm_class(EsmClass::from(if has_header { HEADER_BIT } else { 0 }))
        .validity_period(EmptyOrFullCOctetString::from_str(&validity).unwrap_or_default())
        .registered_delivery(RegisteredDelivery::from(u8::from(manner.reports)))
        .data_coding(coding)
        .short_message(octets)
        .build())
}

/// Address, type of number and plan of a sender.
fn source(from: &str) -> (String, Ton, Npi) {
    match from.strip_prefix('+') {
        Some(_) => {
            (number::parse(from).unwrap_or_default().trim_start_matches('+').to_owned(), Ton::International, Npi::Isdn)
        }
        None if from.bytes().all(|byte| byte.is_ascii_digit()) => (from.to_owned(), Ton::Unknown, Npi::Unknown),
        None => (from.to_owned(), Ton::Alphanumeric, Npi::Unknown),
    }
}

/// What a status of submit_sm_resp means.
pub fn refusal(status: CommandStatus, whose: &str) -> SendError {
    let told = format!("{whose}: {status:?} (0x{:08x})", u32::from(status));
    match status {
        CommandStatus::EsmeRinvdstadr
        | CommandStatus::EsmeRinvdstton
        | CommandStatus::EsmeRinvdstnpi
        | CommandStatus::EsmeRxPAppn
        | CommandStatus::EsmeRxRAppn => SendError::Refused(told),
        CommandStatus::EsmeRthrottled
        | CommandStatus::EsmeRmsgqful
        | CommandStatus::EsmeRsyserr
        | CommandStatus::EsmeRsubmitfail
        | CommandStatus::EsmeRxTAppn
        | CommandStatus::EsmeRinvbndsts
        | CommandStatus::EsmeRdeliveryfailure
        | CommandStatus::EsmeRunknownerr
        | CommandStatus::EsmeRalybnd
        | CommandStatus::Other(_) => SendError::Passing(told),
        _ => SendError::Broken(format!("{told}; look at user, secret_file, from and smpp with the provider")),
    }
}

/// What came by deliver_sm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// What became of a message.
    Receipt(Delivery),
    /// A message of a person.
    Message(Inbound),
    /// A receipt on the way, or what nobody can read.
    Nothing,
}

/// Reads a deliver_sm.
pub fn delivered(unit: &DeliverSm) -> Delivered {
    let class = u8::from(unit.esm_class);
    let mut octets: &[u8] = unit.short_message().as_ref();
    let (mut id, mut state) = (None, None);
    for value in unit.tlvs().iter().filter_map(|tlv| tlv.value()) {
        match value {
            TlvValue::ReceiptedMessageId(text) => id = Some(text.as_str().to_owned()),
            TlvValue::MessageState(found) => state = Some(*found),
            TlvValue::MessagePayload(payload) if octets.is_empty() => octets = payload.value.as_ref(),
            _ => {}
        }
    }
    if class & KIND_BITS == KIND_RECEIPT {
        return receipt(id, state, &String::from_utf8_lossy(octets));
    }
    if class & HEADER_BIT != 0 {
        let header = octets.first().map_or(0, |length| usize::from(*length) + 1);
        octets = octets.get(header..).unwrap_or_default();
    }
    let text = match u8::from(unit.data_coding) {
        8 => from_ucs2_octets(octets),
        0 => from_gsm7_octets(octets),
        _ => octets.iter().map(|octet| char::from(*octet)).collect(),
    };
    let from = format!("+{}", unit.source_addr.as_str().trim_start_matches('+'));
    match number::parse(&from) {
        Some(from) => Delivered::Message(Inbound { from, text: line(text.trim(), 160) }),
        None => Delivered::Nothing,
    }
}

/// Appendix B of SMPP 3.4: `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`, if the optional
/// parameters do not say it.
fn receipt(id: Option<String>, state: Option<MessageState>, text: &str) -> Delivered {
    let after = |key: &str| {
        let begin = text.to_ascii_lowercase().find(key)? + key.len();
        text.get(begin..)?.split_whitespace().next().map(str::to_owned)
    };
    let stat = after("stat:").unwrap_or_default();
    let arrived = match (state, stat.as_str()) {
        (Some(MessageState::Delivered), _) | (None, "DELIVRD") => Some(true),
        (
            Some(MessageState::Expired | MessageState::Deleted | MessageState::Undeliverable | MessageState::Rejected),
            _,
        )
        | (None, "EXPIRED" | "DELETED" | "UNDELIV" | "REJECTD") => Some(false),
        _ => None,
    };
    match (id.or_else(|| after("id:")), arrived) {
        (Some(provider_id), Some(arrived)) if !provider_id.is_empty() => {
            let err = after("err:").map(|err| format!(" err {err}")).unwrap_or_default();
            let answer = if stat.is_empty() { format!("{state:?}") } else { format!("{stat}{err}") };
            Delivered::Receipt(Delivery { provider_id: line(&provider_id, 65), arrived, answer: line(&answer, 80) })
        }
        _ => Delivered::Nothing,
    }
}

/// Whether two ids are one: some centres answer in hexadecimal and send receipts in decimal, or with zeros before.
pub fn is_same_id(ours: &str, receipted: &str) -> bool {
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let decimal = |text: &str| text.parse::<u64>().ok();
    let is_same = |a: Option<u64>, b: Option<u64>| a.is_some() && a == b;
    ours.eq_ignore_ascii_case(receipted)
        || is_same(decimal(ours), decimal(receipted))
        || is_same(hex(ours), decimal(receipted))
        || is_same(decimal(ours), hex(receipted))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::{any, proptest};
    use rusmpp::{Command, CommandStatus, Pdu};

    use super::{Delivered, Manner, bytes_of, is_same_id, receipt, refusal, submits, take};
    use crate::channel::SendError;
    use crate::channel::sms::Short;

    fn short(text: &str) -> Short {
        Short { id: "id".to_owned(), to: "+79161234567".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_unit_on_the_wire_is_what_the_standard_says() {
        let manner = Manner { from: "4321".to_owned(), validity_min: 90, reports: true, payload: false };
        let units = submits(&short("A"), &manner).expect("fits");
        let bytes = bytes_of(&Command::new(CommandStatus::EsmeRok, 7, units[0].clone()));
        let mut expect = vec![0, 0, 0, 65, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0];
        expect.extend(b"4321\0");
        expect.extend([1, 1]);
        expect.extend(b"79161234567\0");
        expect.extend([0, 0, 0, 0]);
        expect.extend(b"000000013000000R\0");
        expect.extend([1, 0, 0, 0, 1, b'A']);
        assert_eq!(bytes.to_vec(), expect);
    }

    #[test]
    fn a_long_text_has_headers_or_goes_whole() {
        let manner = Manner { from: "Floodmark".to_owned(), ..Manner::default() };
        let units = submits(&short(&"я".repeat(100)), &manner).expect("fits");
        let begins: Vec<Vec<u8>> = units.iter().map(|unit| unit.short_message().as_ref()[..6].to_vec()).collect();
        assert_eq!(begins.len(), 2);
        assert_eq!((begins[0][4], begins[0][5], begins[1][5]), (2, 1, 2));
        assert_eq!(begins[0][3], begins[1][3]);
        assert_eq!(units[0].short_message().as_ref().len(), 140);
        let whole = submits(&short(&"я".repeat(100)), &Manner { payload: true, ..manner }).expect("fits");
        assert_eq!((whole.len(), whole[0].tlvs().len()), (1, 1));
    }

    #[test]
    fn statuses_are_classed() {
        let check = |status: CommandStatus, is: fn(&SendError) -> bool| {
            let error = refusal(status, "x");
            assert!(is(&error), "{error:?}");
        };
        check(CommandStatus::EsmeRthrottled, |error| matches!(error, SendError::Passing(_)));
        check(CommandStatus::EsmeRinvdstadr, |error| matches!(error, SendError::Refused(_)));
        check(CommandStatus::EsmeRinvpaswd, |error| matches!(error, SendError::Broken(_)));
        check(CommandStatus::EsmeRinvsrcadr, |error| matches!(error, SendError::Broken(_)));
    }

    #[test]
    fn receipts_are_read_from_their_text() {
        let text = "id:0A1F sub:001 dlvrd:001 submit date:2608190535 done date:2608190536 stat:DELIVRD err:000 text:";
        let Delivered::Receipt(delivery) = receipt(None, None, text) else { panic!("a receipt") };
        assert_eq!((delivery.provider_id.as_str(), delivery.arrived), ("0A1F", true));
        assert_eq!(receipt(None, None, "id:1 stat:ACCEPTD"), Delivered::Nothing);
        assert_eq!(receipt(None, None, "stat:DELIVRD"), Delivered::Nothing);
        let Delivered::Receipt(delivery) = receipt(None, None, "id:1 stat:UNDELIV err:012") else {
            panic!("a receipt")
        };
        assert!(!delivery.arrived && delivery.answer == "UNDELIV err 012");
        assert!(is_same_id("0a1f", "2591") && is_same_id("17", "0000000017") && !is_same_id("a", "b"));
    }

    proptest! {
        #[test]
        fn bytes_of_anybody_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), length in 16u8..120) {
            let mut buffer = BytesMut::new();
            buffer.extend_from_slice(&[0, 0, 0, length]);
            buffer.extend_from_slice(&bytes);
            while let Ok(Some(command)) = take(&mut buffer) {
                if let Some(Pdu::DeliverSm(unit)) = command.pdu() {
                    super::delivered(unit);
                }
            }
        }
    }
}
