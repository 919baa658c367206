//! Frames become batches of one stream: decoded rows under their numbers.

use spool::row::{self, FlowRecord};
use spool::{FrameHeader, FrameKind};
use store::{
    Batch, EventRow, FlowRow, HostRow, IncidentRow, InterfaceRow, LedgerKind, LedgerRow, ProcessRow, Resolution,
    SubjectRow, TalkerKind, TalkerRow, TrafficRow,
};

/// The store keeps seconds in 32 bits, to 2106; a time beyond that is kept at their end, less the last second: a query
/// goes up to a time and not beyond, so nothing could ask for that one.
fn seconds(ts: u64) -> u32 {
    u32::try_from(ts).unwrap_or(u32::MAX).min(u32::MAX - 1)
}

/// Rows that cannot be stored, because nobody here understands them: what the dead-letter file is to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parked {
    /// Number of the first.
    pub first_seq: u64,
    /// How many.
    pub rows: u64,
    /// Wire packets that they account for.
    pub packets: u64,
    /// Wire bytes that they account for.
    pub bytes: u64,
    /// What they are.
    pub kind: &'static str,
    /// Why they cannot be stored.
    pub reason: String,
    /// Their bytes, as they lay in the spool.
    pub content: Vec<u8>,
}

impl Parked {
    /// Number of the last.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.rows - 1
    }
}

/// Adds a frame's rows to `batch`, which is of the frame's stream and ends just before it. Rows that cannot be read are
/// answered: their numbers are used.
pub fn add_frame(batch: &mut Batch, header: &FrameHeader, payload: &[u8]) -> Vec<Parked> {
    debug_assert!(batch.last_seq + 1 == header.seq || batch.first_seq == 0);
    if batch.first_seq == 0 {
        (batch.epoch, batch.stream, batch.first_seq) = (header.epoch, header.stream, header.seq);
    }
    batch.last_seq = header.last_seq();
    let parked = match header.kind {
        FrameKind::Flow if payload.len() == header.row_count as usize * row::FLOW_ROW_BYTES => {
            batch.flows.reserve(header.row_count as usize);
            batch.flows.extend((header.seq..).zip(FlowRecord::rows(payload)).map(|(seq, record)| flow(seq, &record)));
            Vec::new()
        }
        // The checksum held, so a writer of another layout made it.
        FrameKind::Flow => return vec![whole(header, payload, "flow", "the length does not fit the number of rows")],
        FrameKind::Unknown(number) => {
            let reason = format!("rows of kind {number} are not known: upgrade floodmark");
            return vec![whole(header, payload, "unknown", &reason)];
        }
        FrameKind::Traffic => numbered(payload, header, "traffic", |seq, r| batch.traffic.push(traffic(seq, &r))),
        FrameKind::Talker => numbered(payload, header, "talker", |seq, r| batch.talkers.push(talker(seq, r))),
        FrameKind::Ledger => numbered(payload, header, "ledger", |seq, r| batch.ledger.push(ledger(seq, &r))),
        FrameKind::Interface => {
            numbered(payload, header, "interface", |seq, r| batch.interfaces.push(interface(seq, header, r)))
        }
        FrameKind::Event => numbered(payload, header, "event", |seq, r| batch.events.push(event(seq, r))),
        FrameKind::Host => numbered(payload, header, "host", |seq, r| batch.hosts.push(host(seq, r))),
        FrameKind::Process => numbered(payload, header, "process", |seq, r| batch.processes.push(process(seq, r))),
        FrameKind::Subject => numbered(payload, header, "subject", |seq, r| batch.subjects.push(subject(seq, r))),
        FrameKind::Incident => numbered(payload, header, "incident", |seq, r| batch.incidents.push(incident(seq, r))),
    };
    batch.packets = batch.packets.saturating_add(header.packets);
    batch.bytes = batch.bytes.saturating_add(header.bytes);
    parked
}

/// All rows of a frame.
fn whole(header: &FrameHeader, payload: &[u8], kind: &'static str, reason: &str) -> Parked {
    Parked {
        first_seq: header.seq,
        rows: header.row_count.into(),
        packets: header.packets,
        bytes: header.bytes,
        kind,
        reason: reason.to_owned(),
        content: payload.to_vec(),
    }
}

/// JSON rows with their numbers; answers the lines that are not understood, and those that should be there.
fn numbered<T: serde::de::DeserializeOwned>(
    payload: &[u8],
    header: &FrameHeader,
    kind: &'static str,
    mut push: impl FnMut(u64, T),
) -> Vec<Parked> {
    let mut parked = Vec::new();
    let mut lines = payload.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    for seq in header.seq..=header.last_seq() {
        let Some(line) = lines.next() else {
            let (rows, reason) = (header.last_seq() + 1 - seq, "the frame holds fewer rows than it says".to_owned());
            parked.push(Parked { first_seq: seq, rows, kind, reason, ..Parked::default() });
            break;
        };
        match serde_json::from_slice(line) {
            Ok(row) => push(seq, row),
            Err(error) => {
                let (reason, content) = (error.to_string(), line.to_vec());
                parked.push(Parked { first_seq: seq, rows: 1, kind, reason, content, ..Parked::default() });
            }
        }
    }
    parked
}

fn flow(seq: u64, record: &FlowRecord) -> FlowRow {
    FlowRow {
        ts: seconds(record.last_ns / 1_000_000_000),
        seq,
        interface: record.interface,
        direction: record.direction as u8,
        first_ns: record.first_ns,
        last_ns: record.last_ns,
        protocol: record.protocol,
        src_ip: record.src_ip,
        src_port: record.src_port,
        dst_ip: record.dst_ip,
        dst_port: record.dst_port,
        vlan: record.vlan,
        packets_fwd: record.packets_fwd,
        bytes_fwd: record.bytes_fwd,
        packets_rev: record.packets_rev,
        bytes_rev: record.bytes_rev,
        tcp_flags_fwd: record.tcp_flags_fwd,
        tcp_flags_rev: record.tcp_flags_rev,
        end_reason: record.end_reason as u8,
        folded_addresses: record.folded_addresses,
    }
}

fn resolution(of: row::Resolution) -> Resolution {
    match of {
        row::Resolution::Second => Resolution::Second,
        row::Resolution::Minute => Resolution::Minute,
        row::Resolution::Hour => Resolution::Hour,
    }
}

fn traffic(seq: u64, r: &row::TrafficRow) -> TrafficRow {
    TrafficRow {
        ts: seconds(r.ts),
        seq,
        resolution: resolution(r.resolution),
        interface: r.interface,
        packets_in: r.packets_in,
        bytes_in: r.bytes_in,
        packets_out: r.packets_out,
        bytes_out: r.bytes_out,
        packets_through: r.packets_through,
        bytes_through: r.bytes_through,
        packets_internal: r.packets_internal,
        bytes_internal: r.bytes_internal,
        tcp_packets: r.tcp_packets,
        tcp_bytes: r.tcp_bytes,
        udp_packets: r.udp_packets,
        udp_bytes: r.udp_bytes,
        icmp_packets: r.icmp_packets,
        icmp_bytes: r.icmp_bytes,
        other_packets: r.other_packets,
        other_bytes: r.other_bytes,
        syn_packets: r.syn_packets,
        syn_without_ack_packets: r.syn_without_ack_packets,
        fragment_packets: r.fragment_packets,
        non_ip_frames: r.non_ip_frames,
        malformed_frames: r.malformed_frames,
        unsupported_frames: r.unsupported_frames,
        dropped_frames: r.dropped_frames,
        flows_new: r.flows_new,
        seconds: seconds(r.seconds),
        packets_per_second_max: r.packets_per_second_max,
        bytes_per_second_max: r.bytes_per_second_max,
    }
}

fn talker(seq: u64, r: row::TalkerRow) -> TalkerRow {
    let kind = match r.kind {
        row::TalkerKind::LocalHost => TalkerKind::LocalHost,
        row::TalkerKind::Remote => TalkerKind::RemoteAddress,
        row::TalkerKind::Port => TalkerKind::Port,
        row::TalkerKind::Protocol => TalkerKind::Protocol,
    };
    TalkerRow {
        ts: seconds(r.ts),
        seq,
        resolution: resolution(r.resolution),
        kind,
        key_bytes: r.key,
        packets_in: r.packets_in,
        bytes_in: r.bytes_in,
        packets_out: r.packets_out,
        bytes_out: r.bytes_out,
        flows: r.flows,
    }
}

fn ledger(seq: u64, r: &row::LedgerRow) -> LedgerRow {
    let kind = match r.kind {
        row::LedgerKind::Checkpoint => LedgerKind::Checkpoint,
        row::LedgerKind::Final => LedgerKind::Final,
        row::LedgerKind::Gap => LedgerKind::Gap,
        row::LedgerKind::GapEstimate => LedgerKind::GapEstimate,
    };
    LedgerRow {
        ts: seconds(r.ts),
        seq,
        kind,
        about_epoch: r.about_epoch,
        kernel_seen: r.kernel_seen,
        kernel_dropped: r.kernel_dropped,
        in_ring: r.in_ring,
        taken: r.taken,
        parsed_frames: r.parsed_frames,
        non_ip: r.non_ip,
        malformed: r.malformed,
        unsupported: r.unsupported,
        coalesced: r.coalesced,
        parsed: r.parsed,
        parsed_bytes: r.parsed_bytes,
        in_memory: r.in_memory,
        in_memory_bytes: r.in_memory_bytes,
        spooled: r.spooled,
        spooled_bytes: r.spooled_bytes,
        coarsened: r.coarsened,
        coarsened_bytes: r.coarsened_bytes,
        shed: r.shed,
        shed_bytes: r.shed_bytes,
        gap: r.gap,
        gap_bytes: r.gap_bytes,
        pre_tap: r.pre_tap,
        blind: r.blind,
    }
}

fn interface(seq: u64, header: &FrameHeader, r: row::InterfaceRow) -> InterfaceRow {
    InterfaceRow { ts: seconds(header.last_ns / 1_000_000_000), seq, interface: r.interface, name: r.name }
}

fn event(seq: u64, r: row::EventRow) -> EventRow {
    EventRow {
        ts: seconds(r.ts),
        seq,
        kind: r.kind,
        severity: r.severity as u8,
        subject: r.subject,
        text: r.text,
        detail: String::new(),
    }
}

fn host(seq: u64, r: row::HostRow) -> HostRow {
    HostRow {
        ts: seconds(r.ts),
        seq,
        resolution: resolution(r.resolution),
        seconds: r.seconds,
        cores: r.cores,
        load1: r.load1,
        load5: r.load5,
        load15: r.load15,
        load1_max: r.load1_max,
        cpu_user: r.cpu_user,
        cpu_system: r.cpu_system,
        cpu_iowait: r.cpu_iowait,
        cpu_softirq: r.cpu_softirq,
        cpu_steal: r.cpu_steal,
        cpu_busy_max: r.cpu_busy_max,
        memory_total: r.memory_total,
        memory_available: r.memory_available,
        memory_available_min: r.memory_available_min,
        swap_total: r.swap_total,
        swap_used: r.swap_used,
        oom_kills: r.oom_kills,
        detail: r.detail,
    }
}

fn process(seq: u64, r: row::ProcessRow) -> ProcessRow {
    ProcessRow {
        ts: seconds(r.ts),
        seq,
        pid: r.pid,
        name: r.name,
        user: r.user,
        cgroup: r.cgroup,
        processes: r.processes,
        cpu: r.cpu,
        memory: r.memory,
    }
}

fn subject(seq: u64, r: row::SubjectRow) -> SubjectRow {
    SubjectRow {
        ts: seconds(r.ts),
        seq,
        subject: r.subject,
        metric: r.metric,
        value: r.value,
        limit_share: r.limit_share,
    }
}

fn incident(seq: u64, r: row::IncidentRow) -> IncidentRow {
    IncidentRow {
        ts: seconds(r.ts),
        seq,
        incident: r.incident,
        state: r.state as u8,
        severity: r.severity as u8,
        rule: r.rule,
        subject: r.subject,
        opened: seconds(r.opened),
        closed: seconds(r.closed),
        value: r.value,
        limit: r.limit,
        peak: r.peak,
        text: r.text,
        detail: r.detail,
    }
}
