//! What is read is what was stored, in both dialects alike.

use store::{
    Batch, EventRow, FlowQuery, FlowSpan, HostRow, IncidentRow, InterfaceRow, LedgerKind, LedgerRow, NOTIFIER_STREAM,
    NodeIdentity, ProcessRow, Reader, Resolution, SeriesQuery, Split, SubjectRow, TalkerKind, TalkerRow, TrafficRow,
};

use crate::place::{DAY, NOW, Place, STORED, event, flow, flows, node, writer};

pub fn everything() -> FlowQuery {
    FlowQuery { since: 0, until: u32::MAX, before: None, host: None, port: None, protocol: None, limit: 10_000 }
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_read_as_they_were_stored_newest_first() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        for (stream, ts) in [(1, NOW - DAY), (2, NOW - 10), (3, NOW)] {
            let batch = Batch { arrived: ts, ..flows(stream, 1, 100, ts) };
            assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        }
        let mut reader = place.reader().await;
        let all = reader.flows(&everything()).await.unwrap();
        assert_eq!(all.len(), 300);
        assert!(all.windows(2).all(|pair| pair[0].row.ts >= pair[1].row.ts));
        assert_eq!((all[0].stream, &all[0].row), (3, &flow(100, NOW)));
        assert_eq!((all[299].stream, &all[299].row), (1, &flow(1, NOW - DAY)));
        let count = async |query: FlowQuery| place.reader().await.flows(&query).await.unwrap().len();
        assert_eq!(count(FlowQuery { limit: 150, ..everything() }).await, 150);
        assert_eq!(count(FlowQuery { since: NOW - 10, until: NOW, ..everything() }).await, 100);
        assert_eq!(count(FlowQuery { host: Some("192.0.2.7".parse().unwrap()), ..everything() }).await, 3);
        assert_eq!(count(FlowQuery { host: Some("192.0.2.0/29".parse().unwrap()), ..everything() }).await, 21);
        assert_eq!(count(FlowQuery { host: Some("198.51.100.0/24".parse().unwrap()), ..everything() }).await, 300);
        assert_eq!(count(FlowQuery { host: Some("2001:db8::/32".parse().unwrap()), ..everything() }).await, 0);
        assert_eq!(count(FlowQuery { port: Some(443), protocol: Some(6), ..everything() }).await, 300);
        assert_eq!(count(FlowQuery { protocol: Some(17), ..everything() }).await, 0);
    }
}

fn traffic(seq: u64, ts: u32, resolution: Resolution) -> TrafficRow {
    let n = seq * 1000;
    TrafficRow {
        ts,
        seq,
        resolution,
        interface: 3,
        packets_in: n + 1,
        bytes_in: n + 2,
        packets_out: n + 3,
        bytes_out: n + 4,
        packets_through: n + 5,
        bytes_through: n + 6,
        packets_internal: n + 7,
        bytes_internal: n + 8,
        tcp_packets: n + 9,
        tcp_bytes: n + 10,
        udp_packets: n + 11,
        udp_bytes: n + 12,
        icmp_packets: n + 13,
        icmp_bytes: n + 14,
        other_packets: n + 15,
        other_bytes: n + 16,
        syn_packets: n + 17,
        syn_without_ack_packets: n + 18,
        fragment_packets: n + 19,
        non_ip_frames: n + 20,
        malformed_frames: n + 21,
        unsupported_frames: n + 22,
        dropped_frames: n + 23,
        flows_new: n + 24,
        seconds: 60,
        packets_per_second_max: n + 26,
        bytes_per_second_max: n + 27,
    }
}

fn talker(seq: u64, key: &[u8], bytes_in: u64) -> TalkerRow {
    TalkerRow {
        ts: NOW,
        seq,
        resolution: Resolution::Minute,
        kind: TalkerKind::Port,
        key_bytes: key.to_vec(),
        packets_in: 1,
        bytes_in,
        packets_out: 2,
        bytes_out: 5,
        flows: 1,
    }
}

fn ledger(seq: u64, kind: LedgerKind) -> LedgerRow {
    LedgerRow {
        ts: NOW,
        seq,
        kind,
        about_epoch: 4,
        kernel_seen: 100 + seq,
        kernel_dropped: 2,
        in_ring: 3,
        taken: 4,
        parsed_frames: 5,
        non_ip: 6,
        malformed: 7,
        unsupported: 8,
        coalesced: 9,
        parsed: 10,
        parsed_bytes: 11,
        in_memory: 12,
        in_memory_bytes: 13,
        spooled: 14,
        spooled_bytes: 15,
        coarsened: 16,
        coarsened_bytes: 17,
        shed: 18,
        shed_bytes: 19,
        gap: 20,
        gap_bytes: 21,
        pre_tap: -22,
        blind: 23,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn low_rate_rows_are_read_as_they_were_stored() {
    for place in Place::all().await {
        let mut writer = writer(&place.migrated().await).await;
        let name = |seq, interface, name: &str| InterfaceRow { ts: NOW, seq, interface, name: name.to_owned() };
        let batch = Batch {
            epoch: 5,
            first_seq: 1,
            last_seq: 13,
            arrived: NOW,
            traffic: vec![
                traffic(1, NOW, Resolution::Second),
                traffic(2, NOW, Resolution::Minute),
                traffic(3, NOW - 60, Resolution::Minute),
                traffic(4, NOW, Resolution::Hour),
            ],
            talkers: vec![talker(5, &[6, 1, 187], 100), talker(6, &[6, 0, 80], 5000), talker(7, &[6, 1, 187], 7000)],
            ledger: vec![ledger(8, LedgerKind::Checkpoint), ledger(9, LedgerKind::Final), ledger(10, LedgerKind::Gap)],
            interfaces: vec![name(11, 3, "eth0"), name(12, 4, "eth1"), name(13, 3, "wan0")],
            ..Batch::default()
        };
        assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        let mut reader = place.reader().await;
        let minutes = reader.traffic(Resolution::Minute, (0, u32::MAX), None).await.unwrap();
        let minutes: Vec<_> = minutes.into_iter().map(|traffic| traffic.row).collect();
        assert_eq!(minutes, [batch.traffic[2].clone(), batch.traffic[1].clone()]);
        assert_eq!(reader.traffic(Resolution::Second, (NOW, NOW + 1), Some("wan0")).await.unwrap().len(), 1);
        assert_eq!(reader.traffic(Resolution::Hour, (0, NOW), None).await.unwrap().len(), 0);
        assert_eq!(reader.traffic(Resolution::Hour, (0, NOW + 1), Some("eth1")).await.unwrap().len(), 0);
        let ports = reader.talkers(Resolution::Minute, (0, u32::MAX), TalkerKind::Port, 10).await.unwrap();
        let ports: Vec<_> = ports.iter().map(|t| (t.key_bytes.as_slice(), t.bytes_in, t.packets_out)).collect();
        assert_eq!(ports, [(&[6, 1, 187][..], 7100, 4), (&[6, 0, 80][..], 5000, 2)]);
        let top = reader.top((0, u32::MAX), 1).await.unwrap();
        assert_eq!((top.traffic.bytes_in, top.traffic.packets_per_second_max), (5004, 3026));
        assert_eq!((top.ports.len(), top.local_hosts.len()), (1, 0));
        let latest = reader.ledger_latest().await.unwrap();
        assert_eq!(latest.iter().map(|entry| &entry.row).collect::<Vec<_>>(), [&batch.ledger[1]]);
        let gaps = reader.ledger_gaps().await.unwrap();
        assert_eq!(gaps.iter().map(|entry| &entry.row).collect::<Vec<_>>(), [&batch.ledger[2]]);
        let names = reader.interfaces().await.unwrap();
        let names: Vec<_> = names.iter().map(|n| (n.interface, n.name.as_str())).collect();
        assert_eq!(names, [(3, "wan0"), (4, "eth1")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_reads_as_empty() {
    for place in Place::all().await {
        place.migrated().await;
        let mut reader = place.reader().await;
        assert!(reader.flows(&everything()).await.unwrap().is_empty());
        assert!(reader.ledger_latest().await.unwrap().is_empty());
        assert_eq!(reader.top((0, u32::MAX), 5).await.unwrap(), store::Top::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_have_their_own_rows_and_fences() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let other = NodeIdentity { uuid: [1; 16], name: "second".to_owned(), ..node() };
        let mut first = writer(&store).await;
        let mut second = store.writer(&other, NOW).await.unwrap();
        assert_ne!(first.node_id(), second.node_id());
        assert_eq!(first.commit(&flows(1, 1, 10, NOW)).await.unwrap(), STORED);
        assert_eq!(second.commit(&flows(1, 1, 20, NOW)).await.unwrap(), STORED);
        assert_eq!(second.fences().await.unwrap().iter().map(|f| f.last_seq).collect::<Vec<_>>(), [20]);
        assert_eq!(place.reader().await.flows(&everything()).await.unwrap().len(), 30);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_file_that_is_being_made_disturbs_nobody() {
    let place = Place::sqlite();
    let store = place.migrated().await;
    assert_eq!(writer(&store).await.commit(&flows(1, 1, 5, NOW)).await.unwrap(), STORED);
    // As it is between its creation and its first table.
    std::fs::File::create(place.data_dir().join("store").join("flows-20260922.db")).unwrap();
    let mut reader = place.reader().await;
    assert_eq!(reader.flows(&everything()).await.unwrap().len(), 5);
    assert_eq!(reader.fences().await.unwrap().len(), 1);
    assert_eq!(store.size().await.unwrap().iter().find(|size| size.table == "flows").unwrap().rows, 5);
}

fn host(seq: u64, ts: u32, resolution: Resolution) -> HostRow {
    let n = seq as f64;
    HostRow {
        ts,
        seq,
        resolution,
        seconds: 5,
        cores: 8,
        load1: n + 0.25,
        load5: 2.5,
        load15: 3.5,
        load1_max: 4.5,
        cpu_user: 5.5,
        cpu_system: 6.5,
        cpu_iowait: 7.5,
        cpu_softirq: 8.5,
        cpu_steal: 9.5,
        cpu_busy_max: 10.5,
        memory_total: i64::MAX as u64,
        memory_available: 12,
        memory_available_min: 13,
        swap_total: 14,
        swap_used: 15,
        oom_kills: 16,
        detail: "{\"disks\":[]}".to_owned(),
    }
}

fn incident(seq: u64, ts: u32, id: u8, state: u8) -> IncidentRow {
    IncidentRow {
        ts,
        seq,
        incident: [id; 16],
        state,
        severity: 2,
        rule: "load".to_owned(),
        subject: "disk:/данные".to_owned(),
        opened: NOW - 100,
        closed: if state == 3 { ts } else { 0 },
        value: 1.5,
        limit: 1e300,
        peak: -0.5,
        text: "ж".repeat(1000),
        detail: "{}".to_owned(),
    }
}

/// What notifier writes, all kinds in one batch.
fn of_notifier() -> Batch {
    let process = ProcessRow {
        ts: NOW,
        seq: 4,
        pid: u32::MAX,
        name: "nginx".to_owned(),
        user: "www-data".to_owned(),
        cgroup: "/system.slice".to_owned(),
        processes: 3,
        cpu: 99.5,
        memory: 1 << 40,
    };
    let subject = |seq, bytes: usize| SubjectRow {
        ts: NOW,
        seq,
        subject: vec![9; bytes],
        metric: 7,
        value: 1e12,
        limit_share: 0.5,
    };
    let incidents = vec![
        incident(7, NOW - 9, 1, 1),
        incident(8, NOW - 9, 2, 1),
        incident(9, NOW - 5, 1, 2),
        incident(10, NOW - 5, 1, 3),
    ];
    Batch {
        epoch: 5,
        stream: NOTIFIER_STREAM,
        first_seq: 1,
        last_seq: 11,
        arrived: NOW,
        hosts: vec![
            host(1, NOW - 60, Resolution::Second),
            host(2, NOW - 60, Resolution::Minute),
            host(3, NOW - 3600, Resolution::Hour),
        ],
        processes: vec![process],
        subjects: vec![subject(5, 16), subject(6, 18)],
        incidents,
        events: vec![EventRow { detail: String::new(), ..event(11, "begins") }],
        ..Batch::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_notifier_wrote_is_read_as_it_was_stored() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        // capture's rows of the same epoch have another fence.
        let capture = Batch { stream: 0, first_seq: 1, last_seq: 1, events: vec![event(1, "capture")], ..of_capture() };
        assert_eq!(writer.commit(&capture).await.unwrap(), STORED);
        let batch = of_notifier();
        assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        let mut reader = place.reader().await;
        let fences = reader.fences().await.unwrap();
        let found: Vec<_> = fences.iter().map(|f| (f.stream, f.last_seq, f.stored.rows, f.stored.packets)).collect();
        assert_eq!(found, [(0, 1, 1, 0), (NOTIFIER_STREAM, 11, 11, 0)]);
        for (resolution, row) in
            [Resolution::Second, Resolution::Minute, Resolution::Hour].into_iter().zip(&batch.hosts)
        {
            let found = reader.hosts(resolution, (row.ts, row.ts + 1)).await.unwrap();
            assert_eq!(found.iter().map(|host| &host.row).collect::<Vec<_>>(), [row]);
            assert!(reader.hosts(resolution, (row.ts + 1, NOW)).await.unwrap().is_empty());
        }
        let processes = reader.processes((NOW, NOW + 60)).await.unwrap();
        assert_eq!(processes.into_iter().map(|p| p.row).collect::<Vec<_>>(), batch.processes);
        let subjects = reader.subjects((NOW, NOW + 1)).await.unwrap();
        assert_eq!(subjects.into_iter().map(|s| s.row).collect::<Vec<_>>(), batch.subjects);
        let incidents = reader.incidents((0, u32::MAX)).await.unwrap();
        let newest: Vec<_> = incidents.iter().map(|i| &i.row).collect();
        assert_eq!(newest, [&batch.incidents[3], &batch.incidents[1]], "each as it stood last");
        let before: Vec<_> = reader.incidents((0, NOW - 5)).await.unwrap();
        assert_eq!(before.iter().map(|i| i.row.seq).collect::<Vec<_>>(), [8, 7]);
        let life = reader.incident([1; 16], NOW - 100).await.unwrap();
        assert_eq!(life.iter().map(|i| i.row.state).collect::<Vec<_>>(), [1, 2, 3]);
        let events = reader.events((NOW, NOW + 1)).await.unwrap();
        assert_eq!(events.iter().map(|e| e.row.text.as_str()).collect::<Vec<_>>(), ["capture", "begins"]);
    }
}

fn of_capture() -> Batch {
    Batch { epoch: 5, arrived: NOW, ..Batch::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_goes_on_behind_the_row_that_was_read_last() {
    for place in Place::all().await {
        let store = place.migrated().await;
        let mut writer = writer(&store).await;
        assert_eq!(place.reader().await.flow_span(u32::MAX).await.unwrap(), None);
        for (stream, ts) in [(1, NOW - DAY), (2, NOW), (3, NOW)] {
            let batch = Batch { arrived: ts, ..flows(stream, 1, 100, ts) };
            assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        }
        let mut reader = place.reader().await;
        let span = async |reader: &mut Reader, before| reader.flow_span(before).await.unwrap().unwrap();
        assert_eq!(span(&mut reader, u32::MAX).await, FlowSpan { oldest: NOW - DAY, newest: NOW });
        assert_eq!(span(&mut reader, NOW).await, FlowSpan { oldest: NOW - DAY, newest: NOW - DAY });
        let whole = reader.flows(&everything()).await.unwrap();
        let (mut parts, mut before) = (Vec::new(), None);
        loop {
            let part = reader.flows(&FlowQuery { before, limit: 70, ..everything() }).await.unwrap();
            let Some(last) = part.last() else { break };
            before = Some(last.key());
            parts.extend(part);
        }
        assert_eq!(parts, whole, "each row once, also of one second and over days");
        let sizes = reader.sizes().await.unwrap();
        assert_eq!(sizes.iter().find(|size| size.table == "flows").unwrap().oldest_ts, NOW - DAY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn points_add_buckets_up() {
    for place in Place::all().await {
        let mut writer = writer(&place.migrated().await).await;
        let at = |seq, ts, interface| TrafficRow { interface, ..traffic(seq, ts, Resolution::Minute) };
        let name = |seq, interface, name: &str| InterfaceRow { ts: NOW, seq, interface, name: name.to_owned() };
        let begin = NOW - NOW % 300;
        let batch = Batch {
            epoch: 5,
            first_seq: 1,
            last_seq: 6,
            arrived: NOW,
            traffic: vec![at(1, begin, 3), at(2, begin + 240, 4), at(3, begin + 300, 3), at(4, begin + 300, 3)],
            interfaces: vec![name(5, 3, "eth0"), name(6, 4, "eth1")],
            ..Batch::default()
        };
        assert_eq!(writer.commit(&batch).await.unwrap(), STORED);
        let mut reader = place.reader().await;
        let query = SeriesQuery {
            resolution: Resolution::Minute,
            since: begin,
            until: begin + 600,
            step: 300,
            interface: None,
            by_interface: false,
            split: Split::Direction,
        };
        let points = reader.series(&query).await.unwrap();
        let found: Vec<_> = points.iter().map(|p| (p.start, p.packets, p.bytes[1], p.packets_per_second_max)).collect();
        assert_eq!(
            found,
            [(begin, [3002, 3006, 3010, 3014], 3008, 2026), (begin + 300, [7002, 7006, 7010, 7014], 7008, 4026)]
        );
        let of = SeriesQuery { interface: Some("eth1".to_owned()), split: Split::Protocol, ..query.clone() };
        let points = reader.series(&of).await.unwrap();
        assert_eq!(points.iter().map(|p| (p.start, p.bytes)).collect::<Vec<_>>(), [(begin, [2010, 2012, 2014, 2016])]);
        let apart = reader.series(&SeriesQuery { by_interface: true, ..query }).await.unwrap();
        let interfaces: Vec<_> = apart.iter().map(|p| (p.start - begin, p.interface.1, p.interface.2)).collect();
        assert_eq!(interfaces, [(0, 5, 3), (0, 5, 4), (300, 5, 3)]);
    }
}
