//! `floodmark flows`: what the store has of who spoke to whom, newest last.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use bytesize::ByteSize;
use serde::Serialize;
use spool::row::{Direction, EndReason};
use store::{Flow, FlowQuery, InterfaceName, Reader};

use super::print;
use super::store::{configuration, now_s, wait_for};
use crate::cli::FlowsArgs;
use crate::exit::Outcome;

pub fn run(args: &FlowsArgs) -> Outcome {
    let config = configuration(&args.source)?;
    let query = FlowQuery {
        since: now_s().saturating_sub(seconds(args.since)),
        // Rows of a machine whose clock is ahead are shown too.
        until: u32::MAX,
        before: None,
        host: args.host,
        port: args.port,
        protocol: None,
        limit: args.limit,
    };
    let (flows, names) = wait_for(async {
        let mut reader = Reader::connect(&config.store, &config.node.data_dir).await?;
        Ok((reader.flows(&query).await?, reader.interfaces().await?))
    })?;
    if flows.len() >= args.limit as usize {
        eprintln!(
            "floodmark: only the newest {} are shown; narrow --since, --host, --port, or raise --limit",
            flows.len()
        );
    }
    let names = interface_names(names);
    let shown: Vec<Shown> = flows.iter().rev().map(|flow| Shown::of(flow, &names)).collect();
    print::out(&if args.json { json_lines(&shown) } else { table(&shown) })
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// Names by node, epoch and interface number.
type Names = HashMap<(u16, u64, u16), String>;

fn interface_names(names: Vec<InterfaceName>) -> Names {
    names.into_iter().map(|name| ((name.node_id, name.epoch, name.interface), name.name)).collect()
}

/// A row as it is shown; the names are the table's columns.
#[derive(Serialize)]
struct Shown {
    ts: u32,
    node_id: u16,
    epoch: u64,
    stream: u16,
    seq: u64,
    /// The kernel's name, or the number where the store does not know it.
    interface: String,
    direction: &'static str,
    first_ns: u64,
    last_ns: u64,
    protocol: u8,
    src_ip: IpAddr,
    src_port: u16,
    dst_ip: IpAddr,
    dst_port: u16,
    vlan: u16,
    packets_fwd: u64,
    bytes_fwd: u64,
    packets_rev: u64,
    bytes_rev: u64,
    tcp_flags_fwd: u8,
    tcp_flags_rev: u8,
    end_reason: &'static str,
    folded_addresses: u32,
}

impl Shown {
    fn of(flow: &Flow, names: &Names) -> Shown {
        let row = &flow.row;
        let name = names.get(&(flow.node_id, flow.epoch, row.interface));
        Shown {
            ts: row.ts,
            node_id: flow.node_id,
            epoch: flow.epoch,
            stream: flow.stream,
            seq: row.seq,
            interface: name.cloned().unwrap_or_else(|| row.interface.to_string()),
            direction: Direction::from_number(row.direction).name(),
            first_ns: row.first_ns,
            last_ns: row.last_ns,
            protocol: row.protocol,
            src_ip: address(row.src_ip),
            src_port: row.src_port,
            dst_ip: address(row.dst_ip),
            dst_port: row.dst_port,
            vlan: row.vlan,
            packets_fwd: row.packets_fwd,
            bytes_fwd: row.bytes_fwd,
            packets_rev: row.packets_rev,
            bytes_rev: row.bytes_rev,
            tcp_flags_fwd: row.tcp_flags_fwd,
            tcp_flags_rev: row.tcp_flags_rev,
            end_reason: EndReason::from_number(row.end_reason).name(),
            folded_addresses: row.folded_addresses,
        }
    }
}

/// An address as people write it: IPv4 without its IPv6 clothes.
fn address(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

fn endpoint(address: IpAddr, port: u16) -> String {
    match (address, port) {
        (address, 0) => address.to_string(),
        (IpAddr::V4(v4), port) => format!("{v4}:{port}"),
        (IpAddr::V6(v6), port) => format!("[{v6}]:{port}"),
    }
}

/// The usual name of a protocol number, or the number.
fn protocol(number: u8) -> String {
    let names =
        [(1, "icmp"), (2, "igmp"), (6, "tcp"), (17, "udp"), (47, "gre"), (50, "esp"), (58, "icmp6"), (132, "sctp")];
    names.iter().find(|(known, _)| *known == number).map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

fn table(flows: &[Shown]) -> String {
    let mut out = format!(
        "{:<20} {:<8} {:<8} {:<5} {:<28} {:<28} {:>16} {:>16} {}\n",
        "last packet (UTC)", "if", "way", "proto", "from", "to", "sent", "answered", "end"
    );
    for flow in flows {
        let volume = |packets: u64, bytes: u64| format!("{packets} / {}", ByteSize(bytes));
        let folded = match flow.folded_addresses {
            0 => String::new(),
            addresses => format!(" (about {addresses} addresses)"),
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "{:<20} {:<8} {:<8} {:<5} {:<28} {:<28} {:>16} {:>16} {}{folded}",
            print::seconds(flow.ts),
            flow.interface,
            flow.direction,
            protocol(flow.protocol),
            endpoint(flow.src_ip, flow.src_port),
            endpoint(flow.dst_ip, flow.dst_port),
            volume(flow.packets_fwd, flow.bytes_fwd),
            volume(flow.packets_rev, flow.bytes_rev),
            flow.end_reason,
        );
    }
    out
}

fn json_lines(flows: &[Shown]) -> String {
    let line = |flow: &Shown| serde_json::to_string(flow).expect("a flow holds only numbers and text") + "\n";
    flows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use store::{Flow, FlowRow, InterfaceName};

    use super::{Shown, interface_names, json_lines, protocol, table};

    fn flow() -> Flow {
        let v4 = |last: u8| [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last];
        let row = FlowRow {
            ts: 1_700_000_000,
            seq: 7,
            interface: 3,
            direction: 1,
            protocol: 6,
            src_ip: v4(1),
            src_port: 40_000,
            dst_ip: v4(2),
            dst_port: 443,
            packets_fwd: 5,
            bytes_fwd: 2_048,
            end_reason: 3,
            ..FlowRow::default()
        };
        Flow { node_id: 1, epoch: 9, stream: 2, row }
    }

    fn shown() -> Vec<Shown> {
        let name = InterfaceName { node_id: 1, epoch: 9, interface: 3, name: "eth0".to_owned() };
        vec![Shown::of(&flow(), &interface_names(vec![name]))]
    }

    #[test]
    fn people_see_names_and_units() {
        let text = table(&shown());
        for part in
            ["2023-11-14T22:13:20Z", "eth0", " in ", "tcp", "192.0.2.1:40000", "192.0.2.2:443", "5 / 2.0 KiB", "closed"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn programs_see_the_columns_of_the_table() {
        let text = json_lines(&shown());
        let value: serde_json::Value = serde_json::from_str(&text).expect("one object a line");
        assert_eq!(value["src_ip"], "192.0.2.1");
        assert_eq!(value["interface"], "eth0");
        assert_eq!(value["bytes_fwd"], 2048);
        assert_eq!(value["end_reason"], "closed");
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(23));
    }

    #[test]
    fn an_unknown_interface_is_its_number() {
        assert_eq!(Shown::of(&flow(), &interface_names(Vec::new())).interface, "3");
        assert_eq!(protocol(6), "tcp");
        assert_eq!(protocol(255), "255");
    }
}
