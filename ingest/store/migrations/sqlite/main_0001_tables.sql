-- Tables of DATA/store/main.db: everything but flow rows. ts = UNIX seconds, UTC.
CREATE TABLE nodes (
    node_id INTEGER NOT NULL, uuid BLOB NOT NULL CHECK (length(uuid) = 16),
    name TEXT NOT NULL CHECK (length(name) <= 64), version TEXT NOT NULL CHECK (length(version) <= 32),
    first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
    PRIMARY KEY (node_id),
    UNIQUE (uuid)
) STRICT, WITHOUT ROWID;
CREATE TABLE ingest_fences (
    node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    rows_total INTEGER NOT NULL, packets INTEGER NOT NULL, bytes INTEGER NOT NULL, parked_rows INTEGER NOT NULL,
    parked_packets INTEGER NOT NULL, parked_bytes INTEGER NOT NULL, gap_rows INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (node_id, epoch, stream)
) STRICT, WITHOUT ROWID;
CREATE TABLE interfaces (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, interface INTEGER NOT NULL, name TEXT NOT NULL CHECK (length(name) <= 64),
    PRIMARY KEY (node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX interfaces_ts ON interfaces (ts);
CREATE TABLE ledger (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, kind INTEGER NOT NULL, about_epoch INTEGER NOT NULL, kernel_seen INTEGER NOT NULL,
    kernel_dropped INTEGER NOT NULL, in_ring INTEGER NOT NULL, taken INTEGER NOT NULL, parsed_frames INTEGER NOT NULL,
    non_ip INTEGER NOT NULL, malformed INTEGER NOT NULL, unsupported INTEGER NOT NULL, coalesced INTEGER NOT NULL,
    parsed INTEGER NOT NULL, parsed_bytes INTEGER NOT NULL, in_memory INTEGER NOT NULL,
    in_memory_bytes INTEGER NOT NULL, spooled INTEGER NOT NULL, spooled_bytes INTEGER NOT NULL,
    coarsened INTEGER NOT NULL, coarsened_bytes INTEGER NOT NULL, shed INTEGER NOT NULL, shed_bytes INTEGER NOT NULL,
    gap INTEGER NOT NULL, gap_bytes INTEGER NOT NULL, pre_tap INTEGER NOT NULL, blind INTEGER NOT NULL,
    PRIMARY KEY (node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_ts ON ledger (ts);
CREATE INDEX ledger_kind ON ledger (kind, ts);
CREATE TABLE traffic_1s (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, interface INTEGER NOT NULL, packets_in INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
    packets_out INTEGER NOT NULL, bytes_out INTEGER NOT NULL, packets_through INTEGER NOT NULL,
    bytes_through INTEGER NOT NULL, packets_internal INTEGER NOT NULL, bytes_internal INTEGER NOT NULL,
    tcp_packets INTEGER NOT NULL, tcp_bytes INTEGER NOT NULL, udp_packets INTEGER NOT NULL,
    udp_bytes INTEGER NOT NULL, icmp_packets INTEGER NOT NULL, icmp_bytes INTEGER NOT NULL,
    other_packets INTEGER NOT NULL, other_bytes INTEGER NOT NULL, syn_packets INTEGER NOT NULL,
    syn_without_ack_packets INTEGER NOT NULL, fragment_packets INTEGER NOT NULL, non_ip_frames INTEGER NOT NULL,
    malformed_frames INTEGER NOT NULL, unsupported_frames INTEGER NOT NULL, dropped_frames INTEGER NOT NULL,
    flows_new INTEGER NOT NULL, seconds INTEGER NOT NULL, packets_per_second_max INTEGER NOT NULL,
    bytes_per_second_max INTEGER NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE traffic_1m (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, interface INTEGER NOT NULL, packets_in INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
    packets_out INTEGER NOT NULL, bytes_out INTEGER NOT NULL, packets_through INTEGER NOT NULL,
    bytes_through INTEGER NOT NULL, packets_internal INTEGER NOT NULL, bytes_internal INTEGER NOT NULL,
    tcp_packets INTEGER NOT NULL, tcp_bytes INTEGER NOT NULL, udp_packets INTEGER NOT NULL,
    udp_bytes INTEGER NOT NULL, icmp_packets INTEGER NOT NULL, icmp_bytes INTEGER NOT NULL,
    other_packets INTEGER NOT NULL, other_bytes INTEGER NOT NULL, syn_packets INTEGER NOT NULL,
    syn_without_ack_packets INTEGER NOT NULL, fragment_packets INTEGER NOT NULL, non_ip_frames INTEGER NOT NULL,
    malformed_frames INTEGER NOT NULL, unsupported_frames INTEGER NOT NULL, dropped_frames INTEGER NOT NULL,
    flows_new INTEGER NOT NULL, seconds INTEGER NOT NULL, packets_per_second_max INTEGER NOT NULL,
    bytes_per_second_max INTEGER NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE traffic_1h (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, interface INTEGER NOT NULL, packets_in INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
    packets_out INTEGER NOT NULL, bytes_out INTEGER NOT NULL, packets_through INTEGER NOT NULL,
    bytes_through INTEGER NOT NULL, packets_internal INTEGER NOT NULL, bytes_internal INTEGER NOT NULL,
    tcp_packets INTEGER NOT NULL, tcp_bytes INTEGER NOT NULL, udp_packets INTEGER NOT NULL,
    udp_bytes INTEGER NOT NULL, icmp_packets INTEGER NOT NULL, icmp_bytes INTEGER NOT NULL,
    other_packets INTEGER NOT NULL, other_bytes INTEGER NOT NULL, syn_packets INTEGER NOT NULL,
    syn_without_ack_packets INTEGER NOT NULL, fragment_packets INTEGER NOT NULL, non_ip_frames INTEGER NOT NULL,
    malformed_frames INTEGER NOT NULL, unsupported_frames INTEGER NOT NULL, dropped_frames INTEGER NOT NULL,
    flows_new INTEGER NOT NULL, seconds INTEGER NOT NULL, packets_per_second_max INTEGER NOT NULL,
    bytes_per_second_max INTEGER NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE talkers_1m (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, kind INTEGER NOT NULL, key_bytes BLOB NOT NULL CHECK (length(key_bytes) <= 18),
    packets_in INTEGER NOT NULL, bytes_in INTEGER NOT NULL, packets_out INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
    flows INTEGER NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE talkers_1h (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, kind INTEGER NOT NULL, key_bytes BLOB NOT NULL CHECK (length(key_bytes) <= 18),
    packets_in INTEGER NOT NULL, bytes_in INTEGER NOT NULL, packets_out INTEGER NOT NULL, bytes_out INTEGER NOT NULL,
    flows INTEGER NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE host_1s (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, seconds INTEGER NOT NULL, cores INTEGER NOT NULL, load1 REAL NOT NULL, load5 REAL NOT NULL,
    load15 REAL NOT NULL, load1_max REAL NOT NULL, cpu_user REAL NOT NULL, cpu_system REAL NOT NULL,
    cpu_iowait REAL NOT NULL, cpu_softirq REAL NOT NULL, cpu_steal REAL NOT NULL, cpu_busy_max REAL NOT NULL,
    memory_total INTEGER NOT NULL, memory_available INTEGER NOT NULL, memory_available_min INTEGER NOT NULL,
    swap_total INTEGER NOT NULL, swap_used INTEGER NOT NULL, oom_kills INTEGER NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE host_1m (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, seconds INTEGER NOT NULL, cores INTEGER NOT NULL, load1 REAL NOT NULL, load5 REAL NOT NULL,
    load15 REAL NOT NULL, load1_max REAL NOT NULL, cpu_user REAL NOT NULL, cpu_system REAL NOT NULL,
    cpu_iowait REAL NOT NULL, cpu_softirq REAL NOT NULL, cpu_steal REAL NOT NULL, cpu_busy_max REAL NOT NULL,
    memory_total INTEGER NOT NULL, memory_available INTEGER NOT NULL, memory_available_min INTEGER NOT NULL,
    swap_total INTEGER NOT NULL, swap_used INTEGER NOT NULL, oom_kills INTEGER NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE host_1h (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, seconds INTEGER NOT NULL, cores INTEGER NOT NULL, load1 REAL NOT NULL, load5 REAL NOT NULL,
    load15 REAL NOT NULL, load1_max REAL NOT NULL, cpu_user REAL NOT NULL, cpu_system REAL NOT NULL,
    cpu_iowait REAL NOT NULL, cpu_softirq REAL NOT NULL, cpu_steal REAL NOT NULL, cpu_busy_max REAL NOT NULL,
    memory_total INTEGER NOT NULL, memory_available INTEGER NOT NULL, memory_available_min INTEGER NOT NULL,
    swap_total INTEGER NOT NULL, swap_used INTEGER NOT NULL, oom_kills INTEGER NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE processes_1m (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, pid INTEGER NOT NULL, name TEXT NOT NULL CHECK (length(name) <= 64),
    user_name TEXT NOT NULL CHECK (length(user_name) <= 64), cgroup TEXT NOT NULL CHECK (length(cgroup) <= 255),
    processes INTEGER NOT NULL, cpu REAL NOT NULL, memory INTEGER NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE subjects_10s (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, subject BLOB NOT NULL CHECK (length(subject) <= 18), metric INTEGER NOT NULL,
    value REAL NOT NULL, limit_share REAL NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE incidents (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, incident BLOB NOT NULL CHECK (length(incident) = 16), state INTEGER NOT NULL,
    severity INTEGER NOT NULL, rule TEXT NOT NULL CHECK (length(rule) <= 64),
    subject TEXT NOT NULL CHECK (length(subject) <= 255), opened INTEGER NOT NULL, closed INTEGER NOT NULL,
    value REAL NOT NULL, limit_value REAL NOT NULL, peak REAL NOT NULL,
    text TEXT NOT NULL CHECK (length(text) <= 1000), detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    ts INTEGER NOT NULL, node_id INTEGER NOT NULL, epoch INTEGER NOT NULL, stream INTEGER NOT NULL,
    seq INTEGER NOT NULL, kind TEXT NOT NULL CHECK (length(kind) <= 32), severity INTEGER NOT NULL,
    subject TEXT NOT NULL CHECK (length(subject) <= 255), text TEXT NOT NULL CHECK (length(text) <= 1000),
    detail TEXT NOT NULL,
    PRIMARY KEY (ts, node_id, epoch, stream, seq)
) STRICT, WITHOUT ROWID;
