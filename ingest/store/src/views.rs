//! Views for MySQL and MariaDB under the names that reports made for pmacct know: one direction of a flow a row.

/// The view's name: that of pmacct's table of the ninth version.
pub const NAME: &str = "acct_v9";

/// An address as text: IPv4 as such, not as `::ffff:a.b.c.d`.
fn address(column: &str) -> String {
    format!(
        "CASE WHEN LEFT({column}, 12) = UNHEX('00000000000000000000FFFF') THEN INET6_NTOA(SUBSTRING({column}, 13)) \
         ELSE INET6_NTOA({column}) END"
    )
}

/// The names that pmacct gives to protocols; others are numbers.
const PROTOCOLS: [(u8, &str); 10] = [
    (1, "icmp"),
    (2, "igmp"),
    (4, "ipip"),
    (6, "tcp"),
    (17, "udp"),
    (47, "gre"),
    (50, "esp"),
    (58, "ipv6-icmp"),
    (89, "ospf"),
    (132, "sctp"),
];

/// One direction of the flow rows: from `from` to `to`, with the columns of `way`.
fn direction(from: &str, to: &str, way: &str) -> String {
    let names: String = PROTOCOLS.iter().map(|(number, name)| format!("WHEN {number} THEN '{name}' ")).collect();
    format!(
        "SELECT {} AS ip_src, {} AS ip_dst, {from}_port AS src_port, {to}_port AS dst_port, \
         CASE protocol {names}ELSE CAST(protocol AS CHAR) END AS ip_proto, vlan, tcp_flags_{way} AS tcp_flags, \
         packets_{way} AS packets, bytes_{way} AS bytes, 1 AS flows, FROM_UNIXTIME(ts) AS stamp_inserted, \
         FROM_UNIXTIME(ts) AS stamp_updated, FROM_UNIXTIME(first_ns DIV 1000000000) AS timestamp_start, \
         FROM_UNIXTIME(last_ns DIV 1000000000) AS timestamp_end, ts, node_id, direction, folded_addresses \
         FROM flows WHERE packets_{way} > 0",
        address(&format!("{from}_ip")),
        address(&format!("{to}_ip")),
    )
}

/// The statements that make the views, or make them anew.
pub(crate) fn statements() -> Vec<String> {
    let both = [direction("src", "dst", "fwd"), direction("dst", "src", "rev")];
    vec![format!("CREATE OR REPLACE SQL SECURITY INVOKER VIEW {NAME} AS {}", both.join(" UNION ALL "))]
}

/// The same as a script.
pub fn sql() -> String {
    let statements: String = statements().iter().map(|statement| format!("{statement};\n")).collect();
    format!(
        "-- Views for reports that were made for pmacct. Run in the database of the store; who asks needs SELECT on\n\
         -- flows and on the view. Give a range of ts (UNIX seconds) too: without it every row is read.\n{statements}"
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_direction_is_a_row_of_its_own() {
        let sql = super::sql();
        assert_eq!(sql.matches("UNION ALL").count(), 1);
        for column in ["ip_src", "ip_dst", "src_port", "dst_port", "ip_proto", "packets", "bytes", "stamp_inserted"] {
            assert_eq!(sql.matches(&format!(" AS {column},")).count(), 2, "{column}");
        }
    }
}
