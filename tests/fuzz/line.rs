//! Live lines as a subscriber reads them, rows of JSON as ingest does, and the acknowledgement as the writer does.

use live::{Line, Role};
use serde::Serialize;
use spool::row::{
    self, EventRow, HostRow, IncidentRow, InterfaceRow, LedgerRow, ProcessRow, Severity, SubjectRow, TalkerRow,
    TrafficRow,
};

use crate::engine::{Target, scratch};

fn envelope(role: Role) -> live::line::Envelope {
    live::line::Envelope {
        node: "00000000-0000-4000-8000-000000000000".to_owned(),
        epoch: 1,
        seq: 2,
        role,
        time_ns: 1_700_000_000_000_000_000,
        version: "0.1.0".to_owned(),
        pid: 3,
        usage: live::Usage::default(),
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let capture = live::CaptureLine {
        envelope: envelope(Role::Capture),
        mode: "attack".to_owned(),
        interfaces: vec![live::line::InterfaceState { name: "eth0".to_owned(), ..Default::default() }],
        workers: vec![Default::default(); 2],
        bytes_in: 0,
        bytes_out: 0,
        skipped: Default::default(),
        top_hosts: vec![live::line::Top { key: "10.0.0.1".to_owned(), ..Default::default() }],
        top_prefixes: Vec::new(),
        top_sources: Vec::new(),
        top_ports: Vec::new(),
        targets: vec![live::target::Target { name: "10.0.0.1".to_owned(), ..Default::default() }],
        samples: vec![Default::default()],
        spool: live::line::SpoolState { streams: vec![Default::default()], ..Default::default() },
        ledger: Default::default(),
    };
    let plain = live::line::PlainLine { envelope: envelope(Role::Web) };
    vec![json(&capture), json(&plain), br#"{"role":"ingest","node":"","epoch":1,"seq":1}"#.to_vec(), b"{}".to_vec()]
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

#[test]
fn any_line_is_read_or_refused() {
    // What JSON takes in memory is a multiple of its text: a list of short objects is the worst.
    let target = Target { name: "line", seeds: seeds(), mend: None, buffers: 16 << 20, waits: false };
    target.run(|input| {
        let Ok(line) = Line::parse(input) else { return };
        let again = match &line {
            Line::Capture(line) => json(line),
            Line::Ingest(line) => json(line),
            Line::Notifier(line) => json(line),
            Line::Plain(line) => json(line),
            Line::Run(line) => json(line),
        };
        assert_eq!(Line::parse(&again).unwrap(), line, "what is read can be told again");
    });
}

#[test]
fn any_row_is_read_or_counted() {
    let event = EventRow {
        ts: 1,
        kind: "capture.start".to_owned(),
        severity: Severity::Info,
        subject: "eth0".to_owned(),
        text: "begins".to_owned(),
    };
    let mut rows = Vec::new();
    row::push_json(&mut rows, &event);
    row::push_json(&mut rows, &TrafficRow::default());
    row::push_json(&mut rows, &LedgerRow::default());
    row::push_json(&mut rows, &InterfaceRow { interface: 1, name: "eth0".to_owned() });
    row::push_json(&mut rows, &HostRow { load1: 1.5, detail: "{\"processes\":7}".to_owned(), ..HostRow::default() });
    row::push_json(&mut rows, &ProcessRow { name: "nginx".to_owned(), cpu: 99.5, ..ProcessRow::default() });
    row::push_json(&mut rows, &SubjectRow { subject: vec![7; 18], value: 1e9, ..SubjectRow::default() });
    row::push_json(
        &mut rows,
        &IncidentRow { rule: "load".to_owned(), text: "high".to_owned(), ..IncidentRow::default() },
    );
    let target = Target { name: "row", seeds: vec![rows], mend: None, buffers: 16 << 20, waits: false };
    target.run(|input| {
        let lines = input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        let told = |(read, failed): (usize, u64)| assert_eq!(read as u64 + failed, lines as u64);
        told(counted(row::read_json::<EventRow>(input)));
        told(counted(row::read_json::<TrafficRow>(input)));
        told(counted(row::read_json::<TalkerRow>(input)));
        told(counted(row::read_json::<LedgerRow>(input)));
        told(counted(row::read_json::<InterfaceRow>(input)));
        told(counted(row::read_json::<HostRow>(input)));
        told(counted(row::read_json::<ProcessRow>(input)));
        told(counted(row::read_json::<SubjectRow>(input)));
        told(counted(row::read_json::<IncidentRow>(input)));
    });
}

fn counted<T>((rows, failed): (Vec<T>, impl Into<u64>)) -> (usize, u64) {
    (rows.len(), failed.into())
}

#[test]
fn any_acknowledgement_is_read_or_empty() {
    let folder = scratch();
    let mut sound = spool::Ack::default();
    for stream in 0..5 {
        sound.set(spool::StreamAck { epoch: 9, stream, last_seq: 100, ..Default::default() });
    }
    let target = Target { name: "ack", seeds: vec![json(&sound)], mend: None, buffers: 16 << 20, waits: false };
    target.run(|input| {
        std::fs::write(spool::Ack::path(folder.path()), input).unwrap();
        let ack = spool::Ack::load(folder.path());
        assert!(ack.streams.len() <= input.len());
    });
}
