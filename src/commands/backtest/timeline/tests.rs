//! Moments from rows.

#![expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use live::incident::SubjectKind;
use notifier::metric::{Snapshot, catalogue};
use notifier::record::{Detail, DiskDetail, LinkDetail, encode_subject};
use store::{Host, HostRow, ProcessRow, Resolution, SubjectRow, Traffic, TrafficRow};

use super::{Step, Timeline};

fn row(ts: u32, interface: u16, packets: u64, resolution: Resolution) -> Traffic {
    let row = TrafficRow {
        ts,
        seq: 1,
        resolution,
        interface,
        packets_in: packets,
        bytes_in: packets * 100,
        packets_out: 0,
        bytes_out: 0,
        packets_through: packets,
        bytes_through: 0,
        packets_internal: 0,
        bytes_internal: 0,
        tcp_packets: 0,
        tcp_bytes: 0,
        udp_packets: 0,
        udp_bytes: 0,
        icmp_packets: 0,
        icmp_bytes: 0,
        other_packets: 0,
        other_bytes: 0,
        syn_packets: 0,
        syn_without_ack_packets: 0,
        fragment_packets: 0,
        non_ip_frames: 0,
        malformed_frames: 0,
        unsupported_frames: 0,
        dropped_frames: 0,
        flows_new: 0,
        seconds: 1,
        packets_per_second_max: 0,
        bytes_per_second_max: 0,
    };
    Traffic { node_id: 1, epoch: 7, stream: 1, row }
}

#[test]
fn rows_are_added_up_by_time_and_gaps_are_silence_or_ignorance() {
    let names = HashMap::from([((1, 7, 0), "eth0".to_owned()), ((1, 7, 1), "eth1".to_owned())]);
    let mut timeline = Timeline::new(names, 990, Instant::now());
    let mut fed = Vec::new();
    let mut take = |snapshot: &Snapshot, step: Step| {
        let names: Vec<String> =
            snapshot.table(SubjectKind::Interface).rows().map(|row| row.subject.name.clone()).collect();
        fed.push((
            snapshot.time_ns / 1_000_000_000,
            step.seconds,
            snapshot.get("packets_per_second"),
            snapshot.get("bits_in_per_second"),
            names.len(),
        ));
    };
    let seconds = [
        row(1_000, 0, 10, Resolution::Second),
        row(1_000, 1, 5, Resolution::Second),
        row(1_000, 1, 1, Resolution::Second),
    ];
    timeline.traffic(Resolution::Second, &seconds);
    timeline.traffic(Resolution::Minute, &[row(1_140, 0, 600, Resolution::Minute)]);
    let seen = timeline.finish(1_200, &mut take);
    let expect = [
        (1_000, 10, Some(0.0), Some(0.0), 0),
        (1_001, 1, Some(32.0), Some(12_800.0), 2),
        (1_061, 60, None, None, 0),
        (1_121, 79, None, None, 0),
        (1_200, 60, Some(20.0), Some(8_000.0), 1),
    ];
    assert_eq!(fed, expect);
    assert_eq!((seen.seconds_1s, seen.seconds_1m, seen.gaps), (11, 60, vec![(1_001, 1_140)]));
}

fn detail() -> String {
    let detail = Detail {
        disks: vec![DiskDetail { mount: "/".to_owned(), used_percent: 50.0, ..DiskDetail::default() }],
        links: vec![LinkDetail { name: "eth0".to_owned(), used_percent: Some(1.0), ..LinkDetail::default() }],
        raids: vec![("md0".to_owned(), 1, 2, "degraded".to_owned())],
        temperatures: vec![("cpu".to_owned(), 50.0, 90.0)],
        processes: 100,
        uptime_s: 5,
        ..Detail::default()
    };
    detail.text()
}

fn host(ts: u32, resolution: Resolution, load1: f64, detail: &str) -> Host {
    let row = HostRow {
        ts,
        seq: 1,
        resolution,
        seconds: 5,
        cores: 4,
        load1,
        load5: 0.0,
        load15: 0.0,
        load1_max: 0.0,
        cpu_user: 10.0,
        cpu_system: 20.0,
        cpu_iowait: 0.0,
        cpu_softirq: 5.0,
        cpu_steal: 0.0,
        cpu_busy_max: 99.0,
        memory_total: 100,
        memory_available: 50,
        memory_available_min: 50,
        swap_total: 0,
        swap_used: 0,
        oom_kills: 0,
        detail: detail.to_owned(),
    };
    Host { node_id: 1, epoch: 7, row }
}

fn process(ts: u32, cpu: f64) -> ProcessRow {
    let (name, user) = ("mysqld".to_owned(), "mysql".to_owned());
    ProcessRow { ts, seq: 1, pid: 7, name, user, cgroup: String::new(), processes: 2, cpu, memory: 1 << 20 }
}

fn target(ts: u32, network: &str, metric: u16, value: f64) -> SubjectRow {
    let subject = encode_subject(network.parse().expect("a network"));
    SubjectRow { ts, seq: 1, subject, metric, value, limit_share: 1.0 }
}

fn at(ts: u32) -> u64 {
    u64::from(ts) * 1_000_000_000
}

#[test]
fn what_is_said_to_be_stored_is_set_and_nothing_else() {
    let names = HashMap::from([((1, 7, 0), "eth0".to_owned())]);
    let mut timeline = Timeline::new(names, 1_199, Instant::now());
    timeline.traffic(Resolution::Second, &[row(1_255, 0, 10, Resolution::Second)]);
    timeline.hosts(Resolution::Second, &[host(1_255, Resolution::Second, 1.0, &detail())]);
    timeline.processes([process(1_200, 10.0)].into_iter());
    for network in ["192.0.2.1/32", "192.0.2.0/24"] {
        let metrics = [1, 2, 32, 33].map(|metric| target(1_250, network, metric, 5.0));
        timeline.targets(metrics.into_iter());
    }
    let mut known = BTreeSet::new();
    timeline.finish(1_260, &mut |snapshot, _| {
        for (kind, metrics) in catalogue::KINDS {
            let note = |own: &[f64], known: &mut BTreeSet<&str>| {
                known.extend(own.iter().zip(metrics).filter(|(value, _)| !value.is_nan()).map(|(_, m)| m.name));
            };
            if kind == SubjectKind::Node {
                note(snapshot.node(), &mut known);
            } else {
                snapshot.table(kind).rows().for_each(|row| note(row.own, &mut known));
            }
        }
    });
    assert_eq!(known, crate::commands::backtest::stored::metrics());
}

#[test]
fn a_sample_holds_until_the_next_and_times_without_traffic_are_moments_too() {
    let mut timeline = Timeline::new(HashMap::new(), 1_000, Instant::now());
    let samples = [1_005, 1_010, 1_100].map(|ts| host(ts, Resolution::Second, f64::from(ts), ""));
    timeline.hosts(Resolution::Second, &samples);
    timeline.processes([process(1_020, 50.0)].into_iter());
    timeline.traffic(Resolution::Second, &[row(1_007, 0, 10, Resolution::Second)]);
    let mut fed = Vec::new();
    let mut take = |snapshot: &Snapshot, step: Step| {
        let cpu = snapshot.table(SubjectKind::Process).rows().map(|row| row.own[0]).sum::<f64>();
        let packets = snapshot.get("packets_per_second");
        fed.push((snapshot.time_ns, step.seconds, step.host, snapshot.get("load1"), packets, cpu));
    };
    timeline.feed(1_066, &mut take);
    let seen = timeline.finish(1_300, &mut take);
    let expect = [
        (at(1_005), 5, 5, Some(1_005.0), Some(0.0), 0.0),
        (at(1_007), 2, 5, Some(1_005.0), Some(0.0), 0.0),
        (at(1_008), 1, 5, Some(1_005.0), Some(20.0), 0.0),
        (at(1_010), 2, 5, Some(1_010.0), None, 0.0),
        // Too old a sample is none.
        (at(1_080), 70, 0, None, None, 50.0),
        (at(1_100), 20, 5, Some(1_100.0), None, 0.0),
        (at(1_160), 60, 0, None, None, 0.0),
        (at(1_220), 60, 0, None, None, 0.0),
        (at(1_280), 80, 0, None, None, 0.0),
    ];
    assert_eq!(fed, expect);
    assert_eq!((seen.host_seconds, seen.processes, seen.gaps), (30, 1, vec![(1_100, 1_300)]));
}

#[test]
fn of_a_minute_the_mean_is_judged_and_what_its_row_has_not_is_unknown() {
    let mut timeline = Timeline::new(HashMap::new(), 1_200, Instant::now());
    timeline.hosts(Resolution::Minute, &[host(1_200, Resolution::Minute, 3.0, "not JSON")]);
    let mut fed = Vec::new();
    timeline.finish(1_260, &mut |snapshot, step| {
        let names = ["cpu_busy", "load1", "processes_total", "uptime_seconds", "cpu_irq", "temperature_celsius_max"];
        fed.push((snapshot.time_ns, step.seconds, step.host, names.map(|name| snapshot.get(name))));
    });
    assert_eq!(fed, [(at(1_260), 60, 60, [Some(35.0), Some(3.0), None, None, None, None])]);
}

#[test]
fn a_target_without_rows_while_notifier_writes_has_nothing_and_else_is_unknown() {
    let mut timeline = Timeline::new(HashMap::new(), 1_000, Instant::now());
    let samples = [host(1_005, Resolution::Second, 1.0, ""), host(1_030, Resolution::Second, 1.0, "")];
    timeline.hosts(Resolution::Second, &samples);
    timeline.targets([target(1_010, "2001:db8::1/128", 1, 7.0), target(1_010, "2001:db8::1/128", 99, 8.0)].into_iter());
    let mut fed = Vec::new();
    timeline.finish(1_200, &mut |snapshot, _| {
        let table = snapshot.table(SubjectKind::Host);
        let names: Vec<String> = table.rows().map(|row| row.subject.name.clone()).collect();
        fed.push((snapshot.time_ns, names.join(" "), table.has_all()));
    });
    let fed: Vec<_> = fed.iter().map(|(ns, names, is_whole)| (ns / 1_000_000_000, names.as_str(), *is_whole)).collect();
    let expect =
        [(1_005, "", true), (1_020, "2001:db8::1", true), (1_030, "", true), (1_090, "", false), (1_150, "", false)];
    assert_eq!(fed, expect);
}
