-- Tables of DATA/store/flows-YYYYMMDD.db: the flow rows that arrived on one day (UTC), and the fences as they stood then.
CREATE TABLE flows (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, interface INTEGER NOT NULL, direction INTEGER NOT NULL, first_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL, protocol INTEGER NOT NULL, src_ip BLOB NOT NULL, src_port INTEGER NOT NULL,
    dst_ip BLOB NOT NULL, dst_port INTEGER NOT NULL, vlan INTEGER NOT NULL, packets_fwd INTEGER NOT NULL,
    bytes_fwd INTEGER NOT NULL, packets_rev INTEGER NOT NULL, bytes_rev INTEGER NOT NULL,
    tcp_flags_fwd INTEGER NOT NULL, tcp_flags_rev INTEGER NOT NULL, end_reason INTEGER NOT NULL,
    folded_addresses INTEGER NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE ingest_fences (
    node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    rows_total INTEGER NOT NULL, packets INTEGER NOT NULL, bytes INTEGER NOT NULL, parked_rows INTEGER NOT NULL,
    parked_packets INTEGER NOT NULL, parked_bytes INTEGER NOT NULL, gap_rows INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (node_id, epoch, stream)
) STRICT, WITHOUT ROWID;
-- Which times the rows of this file cover, so that a reader opens only the files it needs.
CREATE TABLE span (
    id INTEGER PRIMARY KEY CHECK (id = 1), min_ts INTEGER NOT NULL, max_ts INTEGER NOT NULL, flow_rows INTEGER NOT NULL
) STRICT;
