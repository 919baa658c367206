//! Rules over a SQLite store: they fire exactly when its rows cross.

#![expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]

use std::time::{Duration, Instant};

use live::incident::SubjectKind;
use notifier::record::encode_subject;
use notifier::rule::backtest::{Backtest, Outcome};
use notifier::rule::config::Rule;
use store::{Batch, HostRow, NOTIFIER_STREAM, NodeIdentity, ProcessRow, Resolution, Store, SubjectRow};

use crate::commands::store::wait_for;
use crate::config::Config;

/// 2026-09-21 12:00:00 UTC.
const T: u32 = 1_789_992_000;

fn host(seq: u64, resolution: Resolution, ts: u32, load1: f64) -> HostRow {
    HostRow {
        ts,
        seq,
        resolution,
        seconds: if resolution == Resolution::Second { 5 } else { 60 },
        cores: 4,
        load1,
        load5: 1.0,
        load15: 1.0,
        load1_max: load1,
        cpu_user: 1.0,
        cpu_system: 1.0,
        cpu_iowait: 0.0,
        cpu_softirq: 0.0,
        cpu_steal: 0.0,
        cpu_busy_max: 2.0,
        memory_total: 100,
        memory_available: 50,
        memory_available_min: 50,
        swap_total: 0,
        swap_used: 0,
        oom_kills: 0,
        detail: String::new(),
    }
}

/// An hour of which minutes are kept, then ten minutes of samples, processes and a target.
fn batch(arrived: u32) -> Batch {
    let mut seq = 0;
    let mut next = || {
        seq += 1;
        seq
    };
    let mut hosts: Vec<HostRow> =
        (0..60).map(|n| host(next(), Resolution::Minute, T - 3600 + n * 60, if n == 30 { 5.0 } else { 1.0 })).collect();
    let load = |s: u32| if (100..200).contains(&s) { 5.0 } else { 1.0 };
    hosts.extend((5..=600).step_by(5).map(|s| host(next(), Resolution::Second, T + s, load(s))));
    let process = |s: u32, seq: u64| ProcessRow {
        ts: T + s,
        seq,
        pid: 7,
        name: "mysqld".to_owned(),
        user: "mysql".to_owned(),
        cgroup: String::new(),
        processes: 1,
        cpu: if (180..360).contains(&s) { 90.0 } else { 5.0 },
        memory: 1,
    };
    let processes = (0..600).step_by(60).map(|s| process(s, next())).collect();
    let subject = |s: u32, seq: u64| SubjectRow {
        ts: T + s,
        seq,
        subject: encode_subject("192.0.2.1/32".parse().expect("an address")),
        metric: 1,
        value: if (300..360).contains(&s) { 20_000.0 } else { 9_000.0 },
        limit_share: 0.5,
    };
    // It ends without a row below the limit: who has no row while notifier writes is not near one.
    let subjects = (250..360).step_by(10).map(|s| subject(s, next())).collect();
    let last_seq = next() - 1;
    let (epoch, stream, first_seq) = (9, NOTIFIER_STREAM, 1);
    Batch { epoch, stream, first_seq, last_seq, arrived, hosts, processes, subjects, ..Batch::default() }
}

fn rule(name: &str, subject: SubjectKind, when: &str, hold: u64) -> Rule {
    let (name, when) = (name.to_owned(), when.to_owned());
    let (hold, keep) = (Duration::from_secs(hold), Duration::from_secs(5));
    Rule { name, subject, when, hold, keep, ..Rule::default() }
}

fn times(outcome: &Outcome) -> Vec<(i64, i64, Option<i64>, u32)> {
    let at = |seconds: u64| i64::try_from(seconds).expect("a time") - i64::from(T);
    outcome.firings.iter().map(|f| (at(f.since), at(f.fired), f.ended.map(at), f.resolution)).collect()
}

#[test]
fn rules_fire_exactly_when_stored_rows_of_the_host_cross() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let mut config = Config::default();
    config.node.data_dir = dir.path().to_owned();
    let rules = [
        rule("cores", SubjectKind::Node, "cpu_busy_core_max > 1", 0),
        rule("load", SubjectKind::Node, "load1 > 4", 10),
        rule("packets", SubjectKind::Host, "host_packets_in_per_second > 10000", 20),
        rule("process", SubjectKind::Process, "process_cpu_percent > 80 && subject == \"mysqld\"", 60),
    ];
    let mut backtest = Backtest::new(&rules, &super::metrics(), 0).expect("the rules are right");
    let seen = wait_for(async {
        let store = Store::connect(&config.store, &config.node.data_dir).await?;
        store.migrate().await?;
        let node = NodeIdentity { uuid: [9; 16], name: "host.example".to_owned(), version: "0.1.0".to_owned() };
        store.writer(&node, T).await?.commit(&batch(T + 600)).await?;
        let range = (T - 3600, T + 600);
        super::feed(&config, range, |snapshot, step| backtest.feed(snapshot, step), Instant::now()).await
    });
    let seen = seen.map_err(|failure| failure.error).expect("the store is there");
    assert_eq!((seen.host_seconds, seen.processes, seen.targets, seen.seconds_1s), (4200, 10, 11, 0));
    assert!(seen.gaps.is_empty(), "{:?}", seen.gaps);
    let outcomes = backtest.outcomes();
    let [cores, load, packets, process] = &outcomes[..] else { panic!("four rules: {outcomes:?}") };
    assert_eq!((cores.not_stored.as_slice(), cores.fired), (&["cpu_busy_core_max".to_owned()][..], 0));
    assert_eq!((cores.judged_seconds, cores.unknown_seconds), (0, 4200), "not stored: not judged");
    // A minute's row is known at its end; one minute above the limit is seen, but lasts no longer than one moment.
    assert_eq!(times(load), [(100, 110, Some(205), 5)]);
    assert_eq!((load.judged_seconds, load.unknown_seconds), (4200, 0));
    // A row of ten seconds, and one of a minute, holds for all of them: the moments are those of the samples.
    assert_eq!(times(packets), [(305, 325, Some(370), 10)]);
    assert_eq!((packets.judged_seconds, packets.unknown_seconds), (110, 4090), "far below its limit it has no rows");
    assert_eq!(times(process), [(185, 245, Some(370), 60)]);
    assert_eq!((process.judged_seconds, process.not_stored.len()), (600, 0));
}
