//! A flow as people read it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use serde::Serialize;
use store::{Flow, FlowRow, InterfaceName};

use super::ask::PROTOCOLS;
use crate::labels::Labels;
use crate::words::{Language, number, time};

/// Names of interfaces by node, epoch and number.
pub struct Names(HashMap<(u16, u64, u16), String>);

impl Names {
    /// Of what the store knows.
    pub fn of(names: &[InterfaceName]) -> Names {
        Names(names.iter().map(|name| ((name.node_id, name.epoch, name.interface), name.name.clone())).collect())
    }

    /// The name, or the number.
    pub fn name(&self, flow: &Flow) -> String {
        let name = self.0.get(&(flow.node_id, flow.epoch, flow.row.interface));
        name.cloned().unwrap_or_else(|| format!("#{}", flow.row.interface))
    }
}

/// One end.
#[derive(Clone, Debug, Serialize)]
pub struct End {
    /// Its address; empty = many (a folded row).
    pub address: String,
    /// `:443`, or empty.
    pub port: String,
    /// What operators call it, or empty.
    pub label: String,
}

/// A flow as it is shown; every field is text for people.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// Last packet, RFC 3339.
    pub datetime: String,
    /// The same as HTML.
    #[serde(skip)]
    pub time: time::Time,
    /// Protocol by name or number.
    pub protocol: String,
    /// Which way, as a code for the style: `in`, `out`, `through`, `internal`.
    pub way: &'static str,
    /// Which way, in words.
    pub direction: &'static str,
    /// Who began.
    pub from: End,
    /// The other.
    pub to: End,
    /// Packets and bytes there.
    pub sent: String,
    /// And back.
    pub answered: String,
    /// TCP flags of both directions, or empty.
    pub flags: String,
    /// How long it took.
    pub duration: String,
    /// Why the row was written.
    pub end: &'static str,
    /// The interface.
    pub interface: String,
    /// What a folded row is, or empty.
    pub folded: String,
}

impl Shown {
    /// A flow in a language.
    pub fn of(flow: &Flow, names: &Names, labels: &Labels, language: Language) -> Shown {
        let row = &flow.row;
        let is_folded = row.folded_addresses > 0 || matches!(row.end_reason, 6 | CONDENSED);
        let end = |bytes: [u8; 16], port: u16| end(bytes, port, is_folded, labels);
        let volume = |packets: u64, bytes: u64| {
            format!("{} / {}", number::count(packets, language), number::bytes(bytes, language))
        };
        let (way, direction) = direction(row.direction, language);
        Shown {
            datetime: time::rfc3339(row.last_ns),
            time: time::moment(row.last_ns, language),
            protocol: protocol(row.protocol),
            way,
            direction,
            from: end(row.src_ip, row.src_port),
            to: end(row.dst_ip, row.dst_port),
            sent: volume(row.packets_fwd, row.bytes_fwd),
            answered: volume(row.packets_rev, row.bytes_rev),
            flags: if row.protocol == 6 { flags(row.tcp_flags_fwd | row.tcp_flags_rev) } else { String::new() },
            duration: number::duration(Duration::from_nanos(row.last_ns.saturating_sub(row.first_ns)), language),
            end: end_reason(row.end_reason, language),
            interface: names.name(flow),
            folded: if is_folded { folded(row, language) } else { String::new() },
        }
    }
}

/// An address as people write it: IPv4 without its IPv6 clothes.
pub fn address(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

fn end(bytes: [u8; 16], port: u16, is_folded: bool, labels: &Labels) -> End {
    let port = if port == 0 { String::new() } else { format!(":{port}") };
    if is_folded && bytes == [0; 16] {
        return End { address: String::new(), port, label: String::new() };
    }
    let address = address(bytes);
    let label = labels.name_of(address).map(|label| label.to_string()).unwrap_or_default();
    End { address: address.to_string(), port, label }
}

/// The usual name of a protocol, or its number.
pub fn protocol(number: u8) -> String {
    let known = PROTOCOLS.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

/// Codes of the spool's flow frame.
fn direction(code: u8, language: Language) -> (&'static str, &'static str) {
    match code & 3 {
        1 => ("in", language.pick("in", "входящий")),
        2 => ("out", language.pick("out", "исходящий")),
        3 => ("internal", language.pick("internal", "внутренний")),
        _ => ("through", language.pick("through", "транзит")),
    }
}

/// Codes of the spool's flow frame.
fn end_reason(code: u8, language: Language) -> &'static str {
    match code {
        2 => language.pick("goes on", "продолжается"),
        3 => language.pick("closed", "закрыт"),
        4 => language.pick("pushed out", "вытеснен"),
        5 => language.pick("capture ended", "захват завершён"),
        6 => language.pick("folded", "свёрнут"),
        CONDENSED => language.pick("condensed", "сжат"),
        _ => language.pick("idle", "затих"),
    }
}

/// The code of a summary that the retention made of an attack's old rows.
const CONDENSED: u8 = 7;

fn folded(row: &FlowRow, language: Language) -> String {
    let count = number::count(row.folded_addresses.into(), language);
    match (row.end_reason, language) {
        (CONDENSED, Language::En) => {
            format!("A summary of an attack's old flows, of about {count} remote addresses; totals are exact.")
        }
        (CONDENSED, Language::Ru) => {
            format!("Сводка старых потоков атаки; удалённых адресов — около {count}; итоги точны.")
        }
        (_, Language::En) => format!("A summary of one-packet flows of about {count} remote addresses."),
        (_, Language::Ru) => format!("Сводка однопакетных потоков; удалённых адресов — около {count}."),
    }
}

/// TCP flags by their names (RFC 9293, section 3.1).
fn flags(bits: u8) -> String {
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let set = names.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| *name);
    set.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use store::{Flow, FlowRow};

    use super::{Names, Shown};
    use crate::labels::Labels;
    use crate::words::Language;

    /// A flow of `192.0.2.1` to `192.0.2.2:443`.
    pub(crate) fn flow(seq: u64, ts: u32) -> Flow {
        let v4 = |last: u8| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last];
        let ns = u64::from(ts) * 1_000_000_000;
        let row = FlowRow {
            ts,
            seq,
            interface: 3,
            direction: 1,
            first_ns: ns - 2_000_000_000,
            last_ns: ns,
            protocol: 6,
            src_ip: v4(1),
            src_port: 40_000,
            dst_ip: v4(2),
            dst_port: 443,
            packets_fwd: 5,
            bytes_fwd: 2_048,
            tcp_flags_fwd: 0x12,
            end_reason: 3,
            ..FlowRow::default()
        };
        Flow { node_id: 1, epoch: 9, stream: 2, row }
    }

    #[test]
    fn a_flow_is_told_in_words() {
        let shown = |flow: &Flow| Shown::of(flow, &Names::of(&[]), &Labels::default(), Language::En);
        let told = shown(&flow(1, 1_700_000_000));
        assert_eq!(
            (told.protocol.as_str(), told.way, told.end, told.flags.as_str()),
            ("tcp", "in", "closed", "SYN ACK")
        );
        assert_eq!((told.from.address.as_str(), told.to.port.as_str()), ("192.0.2.1", ":443"));
        assert_eq!((told.sent.as_str(), told.duration.as_str()), ("5 / 2.05\u{202f}kB", "2\u{202f}s"));
        assert_eq!((told.datetime.as_str(), told.interface.as_str()), ("2023-11-14T22:13:20Z", "#3"));
        let mut many = flow(1, 1_700_000_000);
        (many.row.src_ip, many.row.folded_addresses, many.row.end_reason) = ([0; 16], 1_234, 6);
        let told = shown(&many);
        assert!(told.from.address.is_empty() && told.folded.contains("1\u{202f}234"), "{told:?}");
        (many.row.first_ns, many.row.direction, many.row.protocol) = (u64::MAX, 255, 255);
        assert_eq!(shown(&many).protocol, "255", "nothing from a store makes it panic");
    }
}
