-- A store of schema version 2 on MySQL and MariaDB: its tables as that version made them, and rows in each.
CREATE TABLE IF NOT EXISTS nodes (
    node_id SMALLINT UNSIGNED NOT NULL, uuid BINARY(16) NOT NULL, name VARCHAR(64) NOT NULL,
    version VARCHAR(32) NOT NULL, first_seen INT UNSIGNED NOT NULL, last_seen INT UNSIGNED NOT NULL,
    PRIMARY KEY (node_id),
    UNIQUE KEY nodes_uuid (uuid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS ingest_fences (
    node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL, stream SMALLINT UNSIGNED NOT NULL,
    last_seq BIGINT UNSIGNED NOT NULL, rows_total BIGINT UNSIGNED NOT NULL, packets BIGINT UNSIGNED NOT NULL,
    bytes BIGINT UNSIGNED NOT NULL, parked_rows BIGINT UNSIGNED NOT NULL, parked_packets BIGINT UNSIGNED NOT NULL,
    parked_bytes BIGINT UNSIGNED NOT NULL, gap_rows BIGINT UNSIGNED NOT NULL, updated INT UNSIGNED NOT NULL,
    PRIMARY KEY (node_id, epoch, stream)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS interfaces (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, interface SMALLINT UNSIGNED NOT NULL,
    name VARCHAR(64) NOT NULL,
    PRIMARY KEY (node_id, epoch, stream, seq),
    KEY interfaces_ts (ts)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS ledger (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, kind TINYINT UNSIGNED NOT NULL,
    about_epoch BIGINT UNSIGNED NOT NULL, kernel_seen BIGINT UNSIGNED NOT NULL,
    kernel_dropped BIGINT UNSIGNED NOT NULL, in_ring BIGINT UNSIGNED NOT NULL, taken BIGINT UNSIGNED NOT NULL,
    parsed_frames BIGINT UNSIGNED NOT NULL, non_ip BIGINT UNSIGNED NOT NULL, malformed BIGINT UNSIGNED NOT NULL,
    unsupported BIGINT UNSIGNED NOT NULL, coalesced BIGINT UNSIGNED NOT NULL, parsed BIGINT UNSIGNED NOT NULL,
    parsed_bytes BIGINT UNSIGNED NOT NULL, in_memory BIGINT UNSIGNED NOT NULL,
    in_memory_bytes BIGINT UNSIGNED NOT NULL, spooled BIGINT UNSIGNED NOT NULL,
    spooled_bytes BIGINT UNSIGNED NOT NULL, coarsened BIGINT UNSIGNED NOT NULL,
    coarsened_bytes BIGINT UNSIGNED NOT NULL, shed BIGINT UNSIGNED NOT NULL, shed_bytes BIGINT UNSIGNED NOT NULL,
    gap BIGINT UNSIGNED NOT NULL, gap_bytes BIGINT UNSIGNED NOT NULL, pre_tap BIGINT NOT NULL,
    blind BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (node_id, epoch, stream, seq),
    KEY ledger_ts (ts),
    KEY ledger_kind (kind, ts)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS traffic_1s (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, interface SMALLINT UNSIGNED NOT NULL,
    packets_in BIGINT UNSIGNED NOT NULL, bytes_in BIGINT UNSIGNED NOT NULL, packets_out BIGINT UNSIGNED NOT NULL,
    bytes_out BIGINT UNSIGNED NOT NULL, packets_through BIGINT UNSIGNED NOT NULL,
    bytes_through BIGINT UNSIGNED NOT NULL, packets_internal BIGINT UNSIGNED NOT NULL,
    bytes_internal BIGINT UNSIGNED NOT NULL, tcp_packets BIGINT UNSIGNED NOT NULL, tcp_bytes BIGINT UNSIGNED NOT NULL,
    udp_packets BIGINT UNSIGNED NOT NULL, udp_bytes BIGINT UNSIGNED NOT NULL, icmp_packets BIGINT UNSIGNED NOT NULL,
    icmp_bytes BIGINT UNSIGNED NOT NULL, other_packets BIGINT UNSIGNED NOT NULL, other_bytes BIGINT UNSIGNED NOT NULL,
    syn_packets BIGINT UNSIGNED NOT NULL, syn_without_ack_packets BIGINT UNSIGNED NOT NULL,
    fragment_packets BIGINT UNSIGNED NOT NULL, non_ip_frames BIGINT UNSIGNED NOT NULL,
    malformed_frames BIGINT UNSIGNED NOT NULL, unsupported_frames BIGINT UNSIGNED NOT NULL,
    dropped_frames BIGINT UNSIGNED NOT NULL, flows_new BIGINT UNSIGNED NOT NULL, seconds INT UNSIGNED NOT NULL,
    packets_per_second_max BIGINT UNSIGNED NOT NULL, bytes_per_second_max BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS traffic_1m (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, interface SMALLINT UNSIGNED NOT NULL,
    packets_in BIGINT UNSIGNED NOT NULL, bytes_in BIGINT UNSIGNED NOT NULL, packets_out BIGINT UNSIGNED NOT NULL,
    bytes_out BIGINT UNSIGNED NOT NULL, packets_through BIGINT UNSIGNED NOT NULL,
    bytes_through BIGINT UNSIGNED NOT NULL, packets_internal BIGINT UNSIGNED NOT NULL,
    bytes_internal BIGINT UNSIGNED NOT NULL, tcp_packets BIGINT UNSIGNED NOT NULL, tcp_bytes BIGINT UNSIGNED NOT NULL,
    udp_packets BIGINT UNSIGNED NOT NULL, udp_bytes BIGINT UNSIGNED NOT NULL, icmp_packets BIGINT UNSIGNED NOT NULL,
    icmp_bytes BIGINT UNSIGNED NOT NULL, other_packets BIGINT UNSIGNED NOT NULL, other_bytes BIGINT UNSIGNED NOT NULL,
    syn_packets BIGINT UNSIGNED NOT NULL, syn_without_ack_packets BIGINT UNSIGNED NOT NULL,
    fragment_packets BIGINT UNSIGNED NOT NULL, non_ip_frames BIGINT UNSIGNED NOT NULL,
    malformed_frames BIGINT UNSIGNED NOT NULL, unsupported_frames BIGINT UNSIGNED NOT NULL,
    dropped_frames BIGINT UNSIGNED NOT NULL, flows_new BIGINT UNSIGNED NOT NULL, seconds INT UNSIGNED NOT NULL,
    packets_per_second_max BIGINT UNSIGNED NOT NULL, bytes_per_second_max BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS traffic_1h (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, interface SMALLINT UNSIGNED NOT NULL,
    packets_in BIGINT UNSIGNED NOT NULL, bytes_in BIGINT UNSIGNED NOT NULL, packets_out BIGINT UNSIGNED NOT NULL,
    bytes_out BIGINT UNSIGNED NOT NULL, packets_through BIGINT UNSIGNED NOT NULL,
    bytes_through BIGINT UNSIGNED NOT NULL, packets_internal BIGINT UNSIGNED NOT NULL,
    bytes_internal BIGINT UNSIGNED NOT NULL, tcp_packets BIGINT UNSIGNED NOT NULL, tcp_bytes BIGINT UNSIGNED NOT NULL,
    udp_packets BIGINT UNSIGNED NOT NULL, udp_bytes BIGINT UNSIGNED NOT NULL, icmp_packets BIGINT UNSIGNED NOT NULL,
    icmp_bytes BIGINT UNSIGNED NOT NULL, other_packets BIGINT UNSIGNED NOT NULL, other_bytes BIGINT UNSIGNED NOT NULL,
    syn_packets BIGINT UNSIGNED NOT NULL, syn_without_ack_packets BIGINT UNSIGNED NOT NULL,
    fragment_packets BIGINT UNSIGNED NOT NULL, non_ip_frames BIGINT UNSIGNED NOT NULL,
    malformed_frames BIGINT UNSIGNED NOT NULL, unsupported_frames BIGINT UNSIGNED NOT NULL,
    dropped_frames BIGINT UNSIGNED NOT NULL, flows_new BIGINT UNSIGNED NOT NULL, seconds INT UNSIGNED NOT NULL,
    packets_per_second_max BIGINT UNSIGNED NOT NULL, bytes_per_second_max BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS talkers_1m (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, kind TINYINT UNSIGNED NOT NULL,
    key_bytes VARBINARY(18) NOT NULL, packets_in BIGINT UNSIGNED NOT NULL, bytes_in BIGINT UNSIGNED NOT NULL,
    packets_out BIGINT UNSIGNED NOT NULL, bytes_out BIGINT UNSIGNED NOT NULL, flows BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS talkers_1h (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, kind TINYINT UNSIGNED NOT NULL,
    key_bytes VARBINARY(18) NOT NULL, packets_in BIGINT UNSIGNED NOT NULL, bytes_in BIGINT UNSIGNED NOT NULL,
    packets_out BIGINT UNSIGNED NOT NULL, bytes_out BIGINT UNSIGNED NOT NULL, flows BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS host_1s (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, seconds INT UNSIGNED NOT NULL,
    cores SMALLINT UNSIGNED NOT NULL, load1 DOUBLE NOT NULL, load5 DOUBLE NOT NULL, load15 DOUBLE NOT NULL,
    load1_max DOUBLE NOT NULL, cpu_user DOUBLE NOT NULL, cpu_system DOUBLE NOT NULL, cpu_iowait DOUBLE NOT NULL,
    cpu_softirq DOUBLE NOT NULL, cpu_steal DOUBLE NOT NULL, cpu_busy_max DOUBLE NOT NULL,
    memory_total BIGINT UNSIGNED NOT NULL, memory_available BIGINT UNSIGNED NOT NULL,
    memory_available_min BIGINT UNSIGNED NOT NULL, swap_total BIGINT UNSIGNED NOT NULL,
    swap_used BIGINT UNSIGNED NOT NULL, oom_kills BIGINT UNSIGNED NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS host_1m (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, seconds INT UNSIGNED NOT NULL,
    cores SMALLINT UNSIGNED NOT NULL, load1 DOUBLE NOT NULL, load5 DOUBLE NOT NULL, load15 DOUBLE NOT NULL,
    load1_max DOUBLE NOT NULL, cpu_user DOUBLE NOT NULL, cpu_system DOUBLE NOT NULL, cpu_iowait DOUBLE NOT NULL,
    cpu_softirq DOUBLE NOT NULL, cpu_steal DOUBLE NOT NULL, cpu_busy_max DOUBLE NOT NULL,
    memory_total BIGINT UNSIGNED NOT NULL, memory_available BIGINT UNSIGNED NOT NULL,
    memory_available_min BIGINT UNSIGNED NOT NULL, swap_total BIGINT UNSIGNED NOT NULL,
    swap_used BIGINT UNSIGNED NOT NULL, oom_kills BIGINT UNSIGNED NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS host_1h (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, seconds INT UNSIGNED NOT NULL,
    cores SMALLINT UNSIGNED NOT NULL, load1 DOUBLE NOT NULL, load5 DOUBLE NOT NULL, load15 DOUBLE NOT NULL,
    load1_max DOUBLE NOT NULL, cpu_user DOUBLE NOT NULL, cpu_system DOUBLE NOT NULL, cpu_iowait DOUBLE NOT NULL,
    cpu_softirq DOUBLE NOT NULL, cpu_steal DOUBLE NOT NULL, cpu_busy_max DOUBLE NOT NULL,
    memory_total BIGINT UNSIGNED NOT NULL, memory_available BIGINT UNSIGNED NOT NULL,
    memory_available_min BIGINT UNSIGNED NOT NULL, swap_total BIGINT UNSIGNED NOT NULL,
    swap_used BIGINT UNSIGNED NOT NULL, oom_kills BIGINT UNSIGNED NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS processes_1m (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, pid INT UNSIGNED NOT NULL,
    name VARCHAR(64) NOT NULL, user_name VARCHAR(64) NOT NULL, cgroup VARCHAR(255) NOT NULL,
    processes INT UNSIGNED NOT NULL, cpu DOUBLE NOT NULL, memory BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS subjects_10s (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, subject VARBINARY(18) NOT NULL,
    metric SMALLINT UNSIGNED NOT NULL, value DOUBLE NOT NULL, limit_share DOUBLE NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS incidents (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, incident BINARY(16) NOT NULL,
    state TINYINT UNSIGNED NOT NULL, severity TINYINT UNSIGNED NOT NULL, rule VARCHAR(64) NOT NULL,
    subject VARCHAR(255) NOT NULL, opened INT UNSIGNED NOT NULL, closed INT UNSIGNED NOT NULL, value DOUBLE NOT NULL,
    limit_value DOUBLE NOT NULL, peak DOUBLE NOT NULL, text VARCHAR(1000) NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS events (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, kind VARCHAR(32) NOT NULL,
    severity TINYINT UNSIGNED NOT NULL, subject VARCHAR(255) NOT NULL, text VARCHAR(1000) NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE IF NOT EXISTS flows (
    ts INT UNSIGNED NOT NULL, node_id SMALLINT UNSIGNED NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
    stream SMALLINT UNSIGNED NOT NULL, seq BIGINT UNSIGNED NOT NULL, interface SMALLINT UNSIGNED NOT NULL,
    direction TINYINT UNSIGNED NOT NULL, first_ns BIGINT UNSIGNED NOT NULL, last_ns BIGINT UNSIGNED NOT NULL,
    protocol TINYINT UNSIGNED NOT NULL, src_ip BINARY(16) NOT NULL, src_port SMALLINT UNSIGNED NOT NULL,
    dst_ip BINARY(16) NOT NULL, dst_port SMALLINT UNSIGNED NOT NULL, vlan SMALLINT UNSIGNED NOT NULL,
    packets_fwd BIGINT UNSIGNED NOT NULL, bytes_fwd BIGINT UNSIGNED NOT NULL, packets_rev BIGINT UNSIGNED NOT NULL,
    bytes_rev BIGINT UNSIGNED NOT NULL, tcp_flags_fwd TINYINT UNSIGNED NOT NULL,
    tcp_flags_rev TINYINT UNSIGNED NOT NULL, end_reason TINYINT UNSIGNED NOT NULL,
    folded_addresses INT UNSIGNED NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
PARTITION BY RANGE (ts) (PARTITION pmax VALUES LESS THAN MAXVALUE);
ALTER TABLE ingest_fences ADD COLUMN gap_packets BIGINT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE ingest_fences ADD COLUMN gap_bytes BIGINT UNSIGNED NOT NULL DEFAULT 0;
CREATE TABLE IF NOT EXISTS schema_versions (version INT UNSIGNED NOT NULL PRIMARY KEY, applied INT UNSIGNED NOT NULL) ENGINE=InnoDB;
INSERT INTO schema_versions (version, applied) VALUES (1, 1), (2, 1);
INSERT INTO nodes (node_id, uuid, name, version, first_seen, last_seen) VALUES (1, x'09090909090909090909090909090909', 'name 1: é', 'version 1: é', 1789900000, 1789999999);
INSERT INTO nodes (node_id, uuid, name, version, first_seen, last_seen) VALUES (2, x'21212121212121212121212121212121', 'name 2: é', 'version 2: é', 1789900000, 1789999999);
INSERT INTO ingest_fences (node_id, epoch, stream, last_seq, rows_total, packets, bytes, parked_rows, parked_packets, parked_bytes, gap_rows, updated, gap_packets, gap_bytes) VALUES (1, 5, 1, 6, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1789990000, 1012, 1013);
INSERT INTO ingest_fences (node_id, epoch, stream, last_seq, rows_total, packets, bytes, parked_rows, parked_packets, parked_bytes, gap_rows, updated, gap_packets, gap_bytes) VALUES (1, 5, 2, 60, 2004, 2005, 2006, 2007, 2008, 2009, 2010, 1789990000, 2012, 2013);
INSERT INTO ingest_fences (node_id, epoch, stream, last_seq, rows_total, packets, bytes, parked_rows, parked_packets, parked_bytes, gap_rows, updated, gap_packets, gap_bytes) VALUES (1, 5, 3, 60, 3004, 3005, 3006, 3007, 3008, 3009, 3010, 1789990000, 3012, 3013);
INSERT INTO interfaces (ts, node_id, epoch, stream, seq, interface, name) VALUES (1789900060, 1, 5, 0, 1, 1, 'name 1: é');
INSERT INTO interfaces (ts, node_id, epoch, stream, seq, interface, name) VALUES (1789900120, 1, 5, 0, 2, 2, 'name 2: é');
INSERT INTO interfaces (ts, node_id, epoch, stream, seq, interface, name) VALUES (1789900180, 1, 5, 0, 3, 3, 'name 3: é');
INSERT INTO interfaces (ts, node_id, epoch, stream, seq, interface, name) VALUES (1789900240, 1, 5, 0, 4, 4, 'name 4: é');
INSERT INTO interfaces (ts, node_id, epoch, stream, seq, interface, name) VALUES (1789900300, 1, 5, 0, 5, 5, 'name 5: é');
INSERT INTO interfaces (ts, node_id, epoch, stream, seq, interface, name) VALUES (1789900360, 1, 5, 0, 6, 6, 'name 6: é');
INSERT INTO ledger (ts, node_id, epoch, stream, seq, kind, about_epoch, kernel_seen, kernel_dropped, in_ring, taken, parsed_frames, non_ip, malformed, unsupported, coalesced, parsed, parsed_bytes, in_memory, in_memory_bytes, spooled, spooled_bytes, coarsened, coarsened_bytes, shed, shed_bytes, gap, gap_bytes, pre_tap, blind) VALUES (1789900060, 1, 5, 0, 1, 1, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 1026, 1027, 1028, 1029);
INSERT INTO ledger (ts, node_id, epoch, stream, seq, kind, about_epoch, kernel_seen, kernel_dropped, in_ring, taken, parsed_frames, non_ip, malformed, unsupported, coalesced, parsed, parsed_bytes, in_memory, in_memory_bytes, spooled, spooled_bytes, coarsened, coarsened_bytes, shed, shed_bytes, gap, gap_bytes, pre_tap, blind) VALUES (1789900120, 1, 5, 0, 2, 2, 2006, 2007, 2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, 2027, 2028, 2029);
INSERT INTO ledger (ts, node_id, epoch, stream, seq, kind, about_epoch, kernel_seen, kernel_dropped, in_ring, taken, parsed_frames, non_ip, malformed, unsupported, coalesced, parsed, parsed_bytes, in_memory, in_memory_bytes, spooled, spooled_bytes, coarsened, coarsened_bytes, shed, shed_bytes, gap, gap_bytes, pre_tap, blind) VALUES (1789900180, 1, 5, 0, 3, 3, 3006, 3007, 3008, 3009, 3010, 3011, 3012, 3013, 3014, 3015, 3016, 3017, 3018, 3019, 3020, 3021, 3022, 3023, 3024, 3025, 3026, 3027, 3028, 3029);
INSERT INTO ledger (ts, node_id, epoch, stream, seq, kind, about_epoch, kernel_seen, kernel_dropped, in_ring, taken, parsed_frames, non_ip, malformed, unsupported, coalesced, parsed, parsed_bytes, in_memory, in_memory_bytes, spooled, spooled_bytes, coarsened, coarsened_bytes, shed, shed_bytes, gap, gap_bytes, pre_tap, blind) VALUES (1789900240, 1, 5, 0, 4, 4, 4006, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014, 4015, 4016, 4017, 4018, 4019, 4020, 4021, 4022, 4023, 4024, 4025, 4026, 4027, 4028, 4029);
INSERT INTO ledger (ts, node_id, epoch, stream, seq, kind, about_epoch, kernel_seen, kernel_dropped, in_ring, taken, parsed_frames, non_ip, malformed, unsupported, coalesced, parsed, parsed_bytes, in_memory, in_memory_bytes, spooled, spooled_bytes, coarsened, coarsened_bytes, shed, shed_bytes, gap, gap_bytes, pre_tap, blind) VALUES (1789900300, 1, 5, 0, 5, 5, 5006, 5007, 5008, 5009, 5010, 5011, 5012, 5013, 5014, 5015, 5016, 5017, 5018, 5019, 5020, 5021, 5022, 5023, 5024, 5025, 5026, 5027, 5028, 5029);
INSERT INTO ledger (ts, node_id, epoch, stream, seq, kind, about_epoch, kernel_seen, kernel_dropped, in_ring, taken, parsed_frames, non_ip, malformed, unsupported, coalesced, parsed, parsed_bytes, in_memory, in_memory_bytes, spooled, spooled_bytes, coarsened, coarsened_bytes, shed, shed_bytes, gap, gap_bytes, pre_tap, blind) VALUES (1789900360, 1, 5, 0, 6, 1, 6006, 6007, 6008, 6009, 6010, 6011, 6012, 6013, 6014, 6015, 6016, 6017, 6018, 6019, 6020, 6021, 6022, 6023, 6024, 6025, 6026, 6027, 6028, 6029);
INSERT INTO traffic_1s (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900060, 1, 5, 0, 1, 2, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031, 1032);
INSERT INTO traffic_1s (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900120, 1, 5, 0, 2, 3, 2006, 2007, 2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, 2027, 2028, 2029, 2030, 2031, 2032);
INSERT INTO traffic_1s (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900180, 1, 5, 0, 3, 4, 3006, 3007, 3008, 3009, 3010, 3011, 3012, 3013, 3014, 3015, 3016, 3017, 3018, 3019, 3020, 3021, 3022, 3023, 3024, 3025, 3026, 3027, 3028, 3029, 3030, 3031, 3032);
INSERT INTO traffic_1s (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900240, 1, 5, 0, 4, 1, 4006, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014, 4015, 4016, 4017, 4018, 4019, 4020, 4021, 4022, 4023, 4024, 4025, 4026, 4027, 4028, 4029, 4030, 4031, 4032);
INSERT INTO traffic_1s (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900300, 1, 5, 0, 5, 2, 5006, 5007, 5008, 5009, 5010, 5011, 5012, 5013, 5014, 5015, 5016, 5017, 5018, 5019, 5020, 5021, 5022, 5023, 5024, 5025, 5026, 5027, 5028, 5029, 5030, 5031, 5032);
INSERT INTO traffic_1s (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900360, 1, 5, 0, 6, 3, 6006, 6007, 6008, 6009, 6010, 6011, 6012, 6013, 6014, 6015, 6016, 6017, 6018, 6019, 6020, 6021, 6022, 6023, 6024, 6025, 6026, 6027, 6028, 6029, 6030, 6031, 6032);
INSERT INTO traffic_1m (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900060, 1, 5, 0, 1, 2, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031, 1032);
INSERT INTO traffic_1m (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900120, 1, 5, 0, 2, 3, 2006, 2007, 2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, 2027, 2028, 2029, 2030, 2031, 2032);
INSERT INTO traffic_1m (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900180, 1, 5, 0, 3, 4, 3006, 3007, 3008, 3009, 3010, 3011, 3012, 3013, 3014, 3015, 3016, 3017, 3018, 3019, 3020, 3021, 3022, 3023, 3024, 3025, 3026, 3027, 3028, 3029, 3030, 3031, 3032);
INSERT INTO traffic_1m (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900240, 1, 5, 0, 4, 1, 4006, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014, 4015, 4016, 4017, 4018, 4019, 4020, 4021, 4022, 4023, 4024, 4025, 4026, 4027, 4028, 4029, 4030, 4031, 4032);
INSERT INTO traffic_1m (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900300, 1, 5, 0, 5, 2, 5006, 5007, 5008, 5009, 5010, 5011, 5012, 5013, 5014, 5015, 5016, 5017, 5018, 5019, 5020, 5021, 5022, 5023, 5024, 5025, 5026, 5027, 5028, 5029, 5030, 5031, 5032);
INSERT INTO traffic_1m (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900360, 1, 5, 0, 6, 3, 6006, 6007, 6008, 6009, 6010, 6011, 6012, 6013, 6014, 6015, 6016, 6017, 6018, 6019, 6020, 6021, 6022, 6023, 6024, 6025, 6026, 6027, 6028, 6029, 6030, 6031, 6032);
INSERT INTO traffic_1h (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900060, 1, 5, 0, 1, 2, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031, 1032);
INSERT INTO traffic_1h (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900120, 1, 5, 0, 2, 3, 2006, 2007, 2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, 2027, 2028, 2029, 2030, 2031, 2032);
INSERT INTO traffic_1h (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900180, 1, 5, 0, 3, 4, 3006, 3007, 3008, 3009, 3010, 3011, 3012, 3013, 3014, 3015, 3016, 3017, 3018, 3019, 3020, 3021, 3022, 3023, 3024, 3025, 3026, 3027, 3028, 3029, 3030, 3031, 3032);
INSERT INTO traffic_1h (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900240, 1, 5, 0, 4, 1, 4006, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014, 4015, 4016, 4017, 4018, 4019, 4020, 4021, 4022, 4023, 4024, 4025, 4026, 4027, 4028, 4029, 4030, 4031, 4032);
INSERT INTO traffic_1h (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900300, 1, 5, 0, 5, 2, 5006, 5007, 5008, 5009, 5010, 5011, 5012, 5013, 5014, 5015, 5016, 5017, 5018, 5019, 5020, 5021, 5022, 5023, 5024, 5025, 5026, 5027, 5028, 5029, 5030, 5031, 5032);
INSERT INTO traffic_1h (ts, node_id, epoch, stream, seq, interface, packets_in, bytes_in, packets_out, bytes_out, packets_through, bytes_through, packets_internal, bytes_internal, tcp_packets, tcp_bytes, udp_packets, udp_bytes, icmp_packets, icmp_bytes, other_packets, other_bytes, syn_packets, syn_without_ack_packets, fragment_packets, non_ip_frames, malformed_frames, unsupported_frames, dropped_frames, flows_new, seconds, packets_per_second_max, bytes_per_second_max) VALUES (1789900360, 1, 5, 0, 6, 3, 6006, 6007, 6008, 6009, 6010, 6011, 6012, 6013, 6014, 6015, 6016, 6017, 6018, 6019, 6020, 6021, 6022, 6023, 6024, 6025, 6026, 6027, 6028, 6029, 6030, 6031, 6032);
INSERT INTO talkers_1m (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900060, 1, 5, 0, 1, 2, x'00000000000000000000ffffc0000201', 1007, 1008, 1009, 1010, 1011);
INSERT INTO talkers_1m (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900120, 1, 5, 0, 2, 3, x'00000000000000000000ffffc0000202', 2007, 2008, 2009, 2010, 2011);
INSERT INTO talkers_1m (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900180, 1, 5, 0, 3, 4, x'00000000000000000000ffffc0000203', 3007, 3008, 3009, 3010, 3011);
INSERT INTO talkers_1m (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900240, 1, 5, 0, 4, 1, x'00000000000000000000ffffc0000204', 4007, 4008, 4009, 4010, 4011);
INSERT INTO talkers_1m (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900300, 1, 5, 0, 5, 2, x'00000000000000000000ffffc0000205', 5007, 5008, 5009, 5010, 5011);
INSERT INTO talkers_1m (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900360, 1, 5, 0, 6, 3, x'00000000000000000000ffffc0000206', 6007, 6008, 6009, 6010, 6011);
INSERT INTO talkers_1h (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900060, 1, 5, 0, 1, 2, x'00000000000000000000ffffc0000201', 1007, 1008, 1009, 1010, 1011);
INSERT INTO talkers_1h (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900120, 1, 5, 0, 2, 3, x'00000000000000000000ffffc0000202', 2007, 2008, 2009, 2010, 2011);
INSERT INTO talkers_1h (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900180, 1, 5, 0, 3, 4, x'00000000000000000000ffffc0000203', 3007, 3008, 3009, 3010, 3011);
INSERT INTO talkers_1h (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900240, 1, 5, 0, 4, 1, x'00000000000000000000ffffc0000204', 4007, 4008, 4009, 4010, 4011);
INSERT INTO talkers_1h (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900300, 1, 5, 0, 5, 2, x'00000000000000000000ffffc0000205', 5007, 5008, 5009, 5010, 5011);
INSERT INTO talkers_1h (ts, node_id, epoch, stream, seq, kind, key_bytes, packets_in, bytes_in, packets_out, bytes_out, flows) VALUES (1789900360, 1, 5, 0, 6, 3, x'00000000000000000000ffffc0000206', 6007, 6008, 6009, 6010, 6011);
INSERT INTO host_1s (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900060, 1, 5, 0, 1, 1005, 2, 3.25, 3.5, 3.75, 4.0, 4.25, 4.5, 4.75, 5.0, 5.25, 5.5, 1017, 1018, 1019, 1020, 1021, 1022, 'detail 1: é');
INSERT INTO host_1s (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900120, 1, 5, 0, 2, 2005, 3, 4.75, 5.0, 5.25, 5.5, 5.75, 6.0, 6.25, 6.5, 6.75, 7.0, 2017, 2018, 2019, 2020, 2021, 2022, 'detail 2: é');
INSERT INTO host_1s (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900180, 1, 5, 0, 3, 3005, 4, 6.25, 6.5, 6.75, 7.0, 7.25, 7.5, 7.75, 8.0, 8.25, 8.5, 3017, 3018, 3019, 3020, 3021, 3022, 'detail 3: é');
INSERT INTO host_1s (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900240, 1, 5, 0, 4, 4005, 1, 7.75, 8.0, 8.25, 8.5, 8.75, 9.0, 9.25, 9.5, 9.75, 10.0, 4017, 4018, 4019, 4020, 4021, 4022, 'detail 4: é');
INSERT INTO host_1s (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900300, 1, 5, 0, 5, 5005, 2, 9.25, 9.5, 9.75, 10.0, 10.25, 10.5, 10.75, 11.0, 11.25, 11.5, 5017, 5018, 5019, 5020, 5021, 5022, 'detail 5: é');
INSERT INTO host_1s (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900360, 1, 5, 0, 6, 6005, 3, 10.75, 11.0, 11.25, 11.5, 11.75, 12.0, 12.25, 12.5, 12.75, 13.0, 6017, 6018, 6019, 6020, 6021, 6022, 'detail 6: é');
INSERT INTO host_1m (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900060, 1, 5, 0, 1, 1005, 2, 3.25, 3.5, 3.75, 4.0, 4.25, 4.5, 4.75, 5.0, 5.25, 5.5, 1017, 1018, 1019, 1020, 1021, 1022, 'detail 1: é');
INSERT INTO host_1m (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900120, 1, 5, 0, 2, 2005, 3, 4.75, 5.0, 5.25, 5.5, 5.75, 6.0, 6.25, 6.5, 6.75, 7.0, 2017, 2018, 2019, 2020, 2021, 2022, 'detail 2: é');
INSERT INTO host_1m (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900180, 1, 5, 0, 3, 3005, 4, 6.25, 6.5, 6.75, 7.0, 7.25, 7.5, 7.75, 8.0, 8.25, 8.5, 3017, 3018, 3019, 3020, 3021, 3022, 'detail 3: é');
INSERT INTO host_1m (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900240, 1, 5, 0, 4, 4005, 1, 7.75, 8.0, 8.25, 8.5, 8.75, 9.0, 9.25, 9.5, 9.75, 10.0, 4017, 4018, 4019, 4020, 4021, 4022, 'detail 4: é');
INSERT INTO host_1m (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900300, 1, 5, 0, 5, 5005, 2, 9.25, 9.5, 9.75, 10.0, 10.25, 10.5, 10.75, 11.0, 11.25, 11.5, 5017, 5018, 5019, 5020, 5021, 5022, 'detail 5: é');
INSERT INTO host_1m (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900360, 1, 5, 0, 6, 6005, 3, 10.75, 11.0, 11.25, 11.5, 11.75, 12.0, 12.25, 12.5, 12.75, 13.0, 6017, 6018, 6019, 6020, 6021, 6022, 'detail 6: é');
INSERT INTO host_1h (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900060, 1, 5, 0, 1, 1005, 2, 3.25, 3.5, 3.75, 4.0, 4.25, 4.5, 4.75, 5.0, 5.25, 5.5, 1017, 1018, 1019, 1020, 1021, 1022, 'detail 1: é');
INSERT INTO host_1h (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900120, 1, 5, 0, 2, 2005, 3, 4.75, 5.0, 5.25, 5.5, 5.75, 6.0, 6.25, 6.5, 6.75, 7.0, 2017, 2018, 2019, 2020, 2021, 2022, 'detail 2: é');
INSERT INTO host_1h (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900180, 1, 5, 0, 3, 3005, 4, 6.25, 6.5, 6.75, 7.0, 7.25, 7.5, 7.75, 8.0, 8.25, 8.5, 3017, 3018, 3019, 3020, 3021, 3022, 'detail 3: é');
INSERT INTO host_1h (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900240, 1, 5, 0, 4, 4005, 1, 7.75, 8.0, 8.25, 8.5, 8.75, 9.0, 9.25, 9.5, 9.75, 10.0, 4017, 4018, 4019, 4020, 4021, 4022, 'detail 4: é');
INSERT INTO host_1h (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900300, 1, 5, 0, 5, 5005, 2, 9.25, 9.5, 9.75, 10.0, 10.25, 10.5, 10.75, 11.0, 11.25, 11.5, 5017, 5018, 5019, 5020, 5021, 5022, 'detail 5: é');
INSERT INTO host_1h (ts, node_id, epoch, stream, seq, seconds, cores, load1, load5, load15, load1_max, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, cpu_busy_max, memory_total, memory_available, memory_available_min, swap_total, swap_used, oom_kills, detail) VALUES (1789900360, 1, 5, 0, 6, 6005, 3, 10.75, 11.0, 11.25, 11.5, 11.75, 12.0, 12.25, 12.5, 12.75, 13.0, 6017, 6018, 6019, 6020, 6021, 6022, 'detail 6: é');
INSERT INTO processes_1m (ts, node_id, epoch, stream, seq, pid, name, user_name, cgroup, processes, cpu, memory) VALUES (1789900060, 1, 5, 0, 1, 1005, 'name 1: é', 'user_name 1: é', 'cgroup 1: é', 1009, 4.0, 1011);
INSERT INTO processes_1m (ts, node_id, epoch, stream, seq, pid, name, user_name, cgroup, processes, cpu, memory) VALUES (1789900120, 1, 5, 0, 2, 2005, 'name 2: é', 'user_name 2: é', 'cgroup 2: é', 2009, 5.5, 2011);
INSERT INTO processes_1m (ts, node_id, epoch, stream, seq, pid, name, user_name, cgroup, processes, cpu, memory) VALUES (1789900180, 1, 5, 0, 3, 3005, 'name 3: é', 'user_name 3: é', 'cgroup 3: é', 3009, 7.0, 3011);
INSERT INTO processes_1m (ts, node_id, epoch, stream, seq, pid, name, user_name, cgroup, processes, cpu, memory) VALUES (1789900240, 1, 5, 0, 4, 4005, 'name 4: é', 'user_name 4: é', 'cgroup 4: é', 4009, 8.5, 4011);
INSERT INTO processes_1m (ts, node_id, epoch, stream, seq, pid, name, user_name, cgroup, processes, cpu, memory) VALUES (1789900300, 1, 5, 0, 5, 5005, 'name 5: é', 'user_name 5: é', 'cgroup 5: é', 5009, 10.0, 5011);
INSERT INTO processes_1m (ts, node_id, epoch, stream, seq, pid, name, user_name, cgroup, processes, cpu, memory) VALUES (1789900360, 1, 5, 0, 6, 6005, 'name 6: é', 'user_name 6: é', 'cgroup 6: é', 6009, 11.5, 6011);
INSERT INTO subjects_10s (ts, node_id, epoch, stream, seq, subject, metric, value, limit_share) VALUES (1789900060, 1, 5, 0, 1, x'00000000000000000000ffffc0000207', 2, 3.25, 3.5);
INSERT INTO subjects_10s (ts, node_id, epoch, stream, seq, subject, metric, value, limit_share) VALUES (1789900120, 1, 5, 0, 2, x'00000000000000000000ffffc0000207', 3, 4.75, 5.0);
INSERT INTO subjects_10s (ts, node_id, epoch, stream, seq, subject, metric, value, limit_share) VALUES (1789900180, 1, 5, 0, 3, x'00000000000000000000ffffc0000207', 4, 6.25, 6.5);
INSERT INTO subjects_10s (ts, node_id, epoch, stream, seq, subject, metric, value, limit_share) VALUES (1789900240, 1, 5, 0, 4, x'00000000000000000000ffffc0000207', 1, 7.75, 8.0);
INSERT INTO subjects_10s (ts, node_id, epoch, stream, seq, subject, metric, value, limit_share) VALUES (1789900300, 1, 5, 0, 5, x'00000000000000000000ffffc0000207', 2, 9.25, 9.5);
INSERT INTO subjects_10s (ts, node_id, epoch, stream, seq, subject, metric, value, limit_share) VALUES (1789900360, 1, 5, 0, 6, x'00000000000000000000ffffc0000207', 3, 10.75, 11.0);
INSERT INTO incidents (ts, node_id, epoch, stream, seq, incident, state, severity, rule, subject, opened, closed, value, limit_value, peak, text, detail) VALUES (1789900060, 1, 5, 0, 1, x'11111111111111111111111111111111', 2, 2, 'rule 1: é', 'subject 1: é', 1010, 1011, 4.5, 4.75, 5.0, 'text 1: é', 'detail 1: é');
INSERT INTO incidents (ts, node_id, epoch, stream, seq, incident, state, severity, rule, subject, opened, closed, value, limit_value, peak, text, detail) VALUES (1789900120, 1, 5, 0, 2, x'21212121212121212121212121212121', 3, 3, 'rule 2: é', 'subject 2: é', 2010, 2011, 6.0, 6.25, 6.5, 'text 2: é', 'detail 2: é');
INSERT INTO incidents (ts, node_id, epoch, stream, seq, incident, state, severity, rule, subject, opened, closed, value, limit_value, peak, text, detail) VALUES (1789900180, 1, 5, 0, 3, x'31313131313131313131313131313131', 4, 4, 'rule 3: é', 'subject 3: é', 3010, 3011, 7.5, 7.75, 8.0, 'text 3: é', 'detail 3: é');
INSERT INTO incidents (ts, node_id, epoch, stream, seq, incident, state, severity, rule, subject, opened, closed, value, limit_value, peak, text, detail) VALUES (1789900240, 1, 5, 0, 4, x'41414141414141414141414141414141', 1, 1, 'rule 4: é', 'subject 4: é', 4010, 4011, 9.0, 9.25, 9.5, 'text 4: é', 'detail 4: é');
INSERT INTO incidents (ts, node_id, epoch, stream, seq, incident, state, severity, rule, subject, opened, closed, value, limit_value, peak, text, detail) VALUES (1789900300, 1, 5, 0, 5, x'51515151515151515151515151515151', 2, 2, 'rule 5: é', 'subject 5: é', 5010, 5011, 10.5, 10.75, 11.0, 'text 5: é', 'detail 5: é');
INSERT INTO incidents (ts, node_id, epoch, stream, seq, incident, state, severity, rule, subject, opened, closed, value, limit_value, peak, text, detail) VALUES (1789900360, 1, 5, 0, 6, x'61616161616161616161616161616161', 3, 3, 'rule 6: é', 'subject 6: é', 6010, 6011, 12.0, 12.25, 12.5, 'text 6: é', 'detail 6: é');
INSERT INTO events (ts, node_id, epoch, stream, seq, kind, severity, subject, text, detail) VALUES (1789900060, 1, 5, 0, 1, 'kind 1: é', 2, 'subject 1: é', 'text 1: é', 'detail 1: é');
INSERT INTO events (ts, node_id, epoch, stream, seq, kind, severity, subject, text, detail) VALUES (1789900120, 1, 5, 0, 2, 'kind 2: é', 3, 'subject 2: é', 'text 2: é', 'detail 2: é');
INSERT INTO events (ts, node_id, epoch, stream, seq, kind, severity, subject, text, detail) VALUES (1789900180, 1, 5, 0, 3, 'kind 3: é', 4, 'subject 3: é', 'text 3: é', 'detail 3: é');
INSERT INTO events (ts, node_id, epoch, stream, seq, kind, severity, subject, text, detail) VALUES (1789900240, 1, 5, 0, 4, 'kind 4: é', 1, 'subject 4: é', 'text 4: é', 'detail 4: é');
INSERT INTO events (ts, node_id, epoch, stream, seq, kind, severity, subject, text, detail) VALUES (1789900300, 1, 5, 0, 5, 'kind 5: é', 2, 'subject 5: é', 'text 5: é', 'detail 5: é');
INSERT INTO events (ts, node_id, epoch, stream, seq, kind, severity, subject, text, detail) VALUES (1789900360, 1, 5, 0, 6, 'kind 6: é', 3, 'subject 6: é', 'text 6: é', 'detail 6: é');
INSERT INTO flows (ts, node_id, epoch, stream, seq, interface, direction, first_ns, last_ns, protocol, src_ip, src_port, dst_ip, dst_port, vlan, packets_fwd, bytes_fwd, packets_rev, bytes_rev, tcp_flags_fwd, tcp_flags_rev, end_reason, folded_addresses) VALUES (1789900060, 1, 5, 1, 1, 2, 2, 1007, 1008, 2, x'00000000000000000000ffffc0000201', 2, x'00000000000000000000ffffc6336407', 2, 2, 1015, 1016, 1017, 1018, 2, 2, 2, 1022);
INSERT INTO flows (ts, node_id, epoch, stream, seq, interface, direction, first_ns, last_ns, protocol, src_ip, src_port, dst_ip, dst_port, vlan, packets_fwd, bytes_fwd, packets_rev, bytes_rev, tcp_flags_fwd, tcp_flags_rev, end_reason, folded_addresses) VALUES (1789900120, 1, 5, 1, 2, 3, 3, 2007, 2008, 3, x'00000000000000000000ffffc0000202', 3, x'00000000000000000000ffffc6336407', 3, 3, 2015, 2016, 2017, 2018, 3, 3, 3, 2022);
INSERT INTO flows (ts, node_id, epoch, stream, seq, interface, direction, first_ns, last_ns, protocol, src_ip, src_port, dst_ip, dst_port, vlan, packets_fwd, bytes_fwd, packets_rev, bytes_rev, tcp_flags_fwd, tcp_flags_rev, end_reason, folded_addresses) VALUES (1789900180, 1, 5, 1, 3, 4, 4, 3007, 3008, 4, x'00000000000000000000ffffc0000203', 4, x'00000000000000000000ffffc6336407', 4, 4, 3015, 3016, 3017, 3018, 4, 4, 4, 3022);
INSERT INTO flows (ts, node_id, epoch, stream, seq, interface, direction, first_ns, last_ns, protocol, src_ip, src_port, dst_ip, dst_port, vlan, packets_fwd, bytes_fwd, packets_rev, bytes_rev, tcp_flags_fwd, tcp_flags_rev, end_reason, folded_addresses) VALUES (1789900240, 1, 5, 1, 4, 1, 1, 4007, 4008, 1, x'00000000000000000000ffffc0000204', 1, x'00000000000000000000ffffc6336407', 1, 1, 4015, 4016, 4017, 4018, 1, 1, 1, 4022);
INSERT INTO flows (ts, node_id, epoch, stream, seq, interface, direction, first_ns, last_ns, protocol, src_ip, src_port, dst_ip, dst_port, vlan, packets_fwd, bytes_fwd, packets_rev, bytes_rev, tcp_flags_fwd, tcp_flags_rev, end_reason, folded_addresses) VALUES (1789900300, 1, 5, 1, 5, 2, 2, 5007, 5008, 2, x'00000000000000000000ffffc0000205', 2, x'00000000000000000000ffffc6336407', 2, 2, 5015, 5016, 5017, 5018, 2, 2, 2, 5022);
INSERT INTO flows (ts, node_id, epoch, stream, seq, interface, direction, first_ns, last_ns, protocol, src_ip, src_port, dst_ip, dst_port, vlan, packets_fwd, bytes_fwd, packets_rev, bytes_rev, tcp_flags_fwd, tcp_flags_rev, end_reason, folded_addresses) VALUES (1789900360, 1, 5, 1, 6, 3, 3, 6007, 6008, 3, x'00000000000000000000ffffc0000206', 3, x'00000000000000000000ffffc6336407', 3, 3, 6015, 6016, 6017, 6018, 3, 3, 3, 6022);
