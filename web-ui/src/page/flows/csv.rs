//! Flows as CSV (RFC 4180) that no spreadsheet takes for formulas.

use std::fmt::Write;

use store::Flow;

use super::row::{self, Names};
use crate::labels::Labels;
use crate::words::time;

const COLUMNS: &str = "first,last,interface,direction,protocol,src_ip,src_port,src_label,dst_ip,dst_port,dst_label,vlan,\
                       packets_fwd,bytes_fwd,packets_rev,bytes_rev,tcp_flags_fwd,tcp_flags_rev,end_reason,folded_addresses\r\n";

/// The first line.
pub fn head() -> String {
    COLUMNS.to_owned()
}

/// A line of one cell: why the file ends here.
pub fn note(words: &str) -> String {
    format!("{}\r\n", cell(words))
}

/// One flow.
pub fn row(flow: &Flow, names: &Names, labels: &Labels) -> String {
    let row = &flow.row;
    let [src, dst] = [row.src_ip, row.dst_ip].map(row::address);
    let label = |address| labels.name_of(address).map(|label| cell(&label)).unwrap_or_default();
    let direction = ["through", "in", "out", "internal"][usize::from(row.direction & 3)];
    let end = ["idle", "idle", "active", "closed", "evicted", "shutdown", "folded", "condensed"];
    let end = end.get(usize::from(row.end_reason)).unwrap_or(&"idle");
    let mut line = String::with_capacity(200);
    // Writing to a String does not fail.
    let _ = write!(
        line,
        "{},{},{},{direction},{},{src},{},{},{dst},{},{},{},{},{},{},{},{},{},{end},{}\r\n",
        time::rfc3339(row.first_ns),
        time::rfc3339(row.last_ns),
        cell(&names.name(flow)),
        row.protocol,
        row.src_port,
        label(src),
        row.dst_port,
        label(dst),
        row.vlan,
        row.packets_fwd,
        row.bytes_fwd,
        row.packets_rev,
        row.bytes_rev,
        row.tcp_flags_fwd,
        row.tcp_flags_rev,
        row.folded_addresses,
    );
    line
}

/// A text as a cell. A spreadsheet computes what begins with one of these characters; an apostrophe makes it text.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n', ';', '\'']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use store::InterfaceName;

    use super::{cell, head, row};
    use crate::labels::Labels;
    use crate::page::flows::row::Names;
    use crate::page::flows::row::tests::flow;

    #[test]
    fn formulas_are_text() {
        let check = |text: &str, expect: &str| assert_eq!(cell(text), expect);
        check("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
        check("+1", "\"'+1\"");
        check("-2+3", "\"'-2+3\"");
        check("@SUM(A1)", "\"'@SUM(A1)\"");
        check("\tx", "\"'\tx\"");
        check("\rx", "\"'\rx\"");
        check("plain", "plain");
        check("a,\"b\"", "\"a,\"\"b\"\"\"");
    }

    #[test]
    fn a_line_has_as_many_cells_as_the_first() {
        let name = InterfaceName { node_id: 1, epoch: 9, interface: 3, name: "=1+1".to_owned() };
        let line = row(&flow(1, 1_700_000_000), &Names::of(&[name]), &Labels::default());
        assert_eq!(line.matches(',').count(), head().matches(',').count());
        assert!(
            line.contains("\"'=1+1\"") && line.contains(",192.0.2.1,40000,,192.0.2.2,443,,0,5,2048,0,0,18,0,closed,0"),
            "{line}"
        );
    }
}
