//! `floodmark top` where capture does not run: the last hour from the store, or all of it when that hour is empty.

use std::fmt::Write;
use std::net::Ipv6Addr;

use bytesize::ByteSize;
use store::{Reader, Talker, Top};

use crate::commands::wait_for_store;
use crate::config::Config;
use crate::exit::Failure;

/// Rows of each list.
const LIST_ROWS: u32 = 8;

/// The screen; `now` in UNIX seconds.
pub fn screen(config: &Config, now: u32) -> Result<String, Failure> {
    let (top, range) = wait_for_store(async {
        let mut reader = Reader::connect(&config.store, &config.node.data_dir).await?;
        let hour = reader.top((now.saturating_sub(3600), u32::MAX), LIST_ROWS).await?;
        if packets(&hour) > 0 {
            return Ok((hour, "the last hour"));
        }
        Ok((reader.top((0, u32::MAX), LIST_ROWS).await?, "all that is stored"))
    })?;
    Ok(text(&top, range))
}

fn packets(top: &Top) -> u64 {
    let t = &top.traffic;
    t.packets_in + t.packets_out + t.packets_through + t.packets_internal
}

fn text(top: &Top, range: &str) -> String {
    let t = &top.traffic;
    let mut out = format!("capture does not run here; from the store, {range}:\n\n");
    // Writing to a String does not fail.
    for (name, packets, bytes) in [
        ("in", t.packets_in, t.bytes_in),
        ("out", t.packets_out, t.bytes_out),
        ("through", t.packets_through, t.bytes_through),
        ("internal", t.packets_internal, t.bytes_internal),
    ] {
        let _ = writeln!(out, "{name:<40} {packets:>14} packets {:>12}", ByteSize(bytes).to_string());
    }
    let _ = writeln!(
        out,
        "flows {}  dropped {}  busiest second {} packets",
        t.flows_new, t.dropped_frames, t.packets_per_second_max
    );
    let address = |key: &[u8]| {
        <[u8; 16]>::try_from(key).map_or_else(|_| "?".to_owned(), |a| Ipv6Addr::from(a).to_canonical().to_string())
    };
    let port = |key: &[u8]| match key {
        [protocol, high, low] => format!("{protocol}/{}", u16::from_be_bytes([*high, *low])),
        _ => "?".to_owned(),
    };
    let protocol = |key: &[u8]| key.first().map_or_else(|| "?".to_owned(), u8::to_string);
    out += &list("local hosts", &top.local_hosts, address);
    out += &list("remote addresses", &top.remote_addresses, address);
    out += &list("protocol/port", &top.ports, port);
    out += &list("protocols", &top.protocols, protocol);
    out
}

fn list(title: &str, talkers: &[Talker], name: impl Fn(&[u8]) -> String) -> String {
    let mut out = if talkers.is_empty() { String::new() } else { format!("\n{title}\n") };
    for talker in talkers {
        let name = if talker.key_bytes.is_empty() { "all others".to_owned() } else { name(&talker.key_bytes) };
        let volume = |packets: u64, bytes: u64| format!("{packets} / {}", ByteSize(bytes));
        let (to, from) = (volume(talker.packets_in, talker.bytes_in), volume(talker.packets_out, talker.bytes_out));
        let _ = writeln!(out, "{name:<40} in {to:>22}  out {from:>22}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_totals_and_the_others_are_shown() {
        let talker = |key: &[u8]| Talker {
            key_bytes: key.to_vec(),
            packets_in: 5,
            bytes_in: 2048,
            packets_out: 0,
            bytes_out: 0,
            flows: 1,
        };
        let mut host = [0u8; 16];
        host[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, 9]);
        let top =
            Top { local_hosts: vec![talker(&host), talker(&[])], ports: vec![talker(&[6, 1, 187])], ..Top::default() };
        let shown = text(&top, "the last hour");
        for part in ["192.0.2.9", "all others", "6/443", "5 / 2.0 KiB", "the last hour"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}
