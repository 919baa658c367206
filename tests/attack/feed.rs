//! A worker that is fed frames by the second, and a detector that hears what it tells.

use std::path::Path;
use std::sync::Arc;

use capture::config::Config as CaptureConfig;
use capture::file::CaptureFile;
use capture::flow::key::HashSeed;
use capture::flow::table::Timeouts;
use capture::frame::{Frame, LinkType};
use capture::limits::SECOND_NS;
use capture::local::LocalNetworks;
use capture::targets;
use capture::worker::message::View;
use capture::worker::{Worker, WorkerOptions};
use ipnet::IpNet;
use live::CaptureLine;
use live::line::{Envelope, Role};
use live::target::Target;
use notifier::attack::Detector;
use notifier::attack::config::Config;
use notifier::judgement::{Level, Reading};

/// When the first packet comes: in the middle of a second, as attacks do.
const BEGIN_NS: u64 = 1_700_000_000 * SECOND_NS + SECOND_NS / 2;

/// A frame with the length that it had.
#[derive(Clone)]
pub struct Kept {
    pub bytes: Vec<u8>,
    pub wire_len: u32,
    pub link: LinkType,
}

/// The frames of a capture file, as far as it can be read; at most `max`.
pub fn frames(path: &Path, max: usize) -> Vec<Kept> {
    let mut kept = Vec::new();
    let Ok(mut file) = CaptureFile::open(path) else { return kept };
    while let Ok(Some(chunk)) = file.next_chunk() {
        for found in chunk {
            let frame = found.frame;
            kept.push(Kept { bytes: frame.bytes.to_vec(), wire_len: frame.wire_len, link: frame.link });
            if kept.len() >= max {
                return kept;
            }
        }
    }
    kept
}

/// See the module.
pub struct Feed {
    worker: Worker,
    networks: Vec<IpNet>,
    detector: Detector,
    time_ns: u64,
    sent: u64,
    /// What was judged last.
    pub targets: Vec<Target>,
}

impl Feed {
    pub fn new(networks: &[&str], config: &Config) -> Feed {
        let networks: Vec<IpNet> = networks.iter().map(|text| text.parse().unwrap()).collect();
        let defaults = CaptureConfig::default();
        let ns = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap();
        let options = WorkerOptions {
            worker: 0,
            flow_table_entries: 1 << 16,
            timeouts: Timeouts { idle_ns: ns(defaults.flow_idle_timeout), active_ns: ns(defaults.flow_active_timeout) },
            fold: true,
            fold_flows_per_second: u64::from(defaults.fold_flows_per_second),
            decapsulate: false,
            local: Arc::new(LocalNetworks::new(&networks, &[])),
            seed: HashSeed::fixed([0x1234_5678_9abc_def1, 0x2545_f491_4f6c_dd1d, 3, 4, 0x9e37_79b9_7f4a_7c15, 6]),
            interfaces: 1,
            count_distinct: false,
            live: true,
        };
        Feed {
            worker: Worker::new(options),
            networks,
            detector: Detector::new(config),
            time_ns: BEGIN_NS,
            sent: 0,
            targets: Vec::new(),
        }
    }

    /// Takes `rate` packets until the second ends, as `next` gives them by their number, and judges it. Answers what is
    /// over a limit.
    pub fn second(&mut self, rate: u64, mut next: impl FnMut(u64) -> Kept) -> Vec<Reading> {
        let end = (self.time_ns / SECOND_NS + 1) * SECOND_NS;
        let step = SECOND_NS / rate.max(1);
        let mut group: Vec<(Kept, u64)> = Vec::new();
        while self.time_ns < end {
            if rate > 0 {
                group.push((next(self.sent), self.time_ns));
                self.sent += 1;
            }
            self.time_ns = (self.time_ns + step).min(end);
            if group.len() == 32 || self.time_ns >= end {
                let mut frames = group.iter().map(|(kept, time_ns)| {
                    let (bytes, wire_len) = (&kept.bytes[..], kept.wire_len);
                    (1, Frame { bytes, wire_len, link: kept.link, time_ns: *time_ns, ..Frame::EMPTY })
                });
                while self.worker.group(&mut frames) == 32 {}
                group.clear();
                self.worker.advance(self.time_ns.min(end - 1));
            }
        }
        self.worker.idle_second(end);
        let report = self.worker.report(end / SECOND_NS - 1, 0);
        self.worker.outbox().clear();
        let views: Vec<Arc<View>> = vec![report.view.clone()];
        let line = line(targets::build(&views, &self.networks));
        let readings = self.detector.judge(end, &line);
        self.targets = line.targets;
        readings.into_iter().filter(|reading| reading.level == Level::Above).collect()
    }

    /// Loops frames at a rate for some seconds; answers what was over a limit in any of them.
    pub fn looped(&mut self, frames: &[Kept], rate: u64, seconds: usize) -> Vec<Vec<Reading>> {
        (0..seconds).map(|_| self.second(rate, |number| frames[number as usize % frames.len()].clone())).collect()
    }
}

/// A line that tells of targets only.
fn line(targets: Vec<Target>) -> CaptureLine {
    let envelope = Envelope {
        node: String::new(),
        epoch: 1,
        seq: 1,
        role: Role::Capture,
        time_ns: 0,
        version: String::new(),
        pid: 1,
        usage: live::Usage::default(),
    };
    CaptureLine {
        bytes_in: 0,
        bytes_out: 0,
        envelope,
        mode: "normal".to_owned(),
        interfaces: Vec::new(),
        workers: Vec::new(),
        skipped: Default::default(),
        top_hosts: Vec::new(),
        top_prefixes: Vec::new(),
        top_sources: Vec::new(),
        top_ports: Vec::new(),
        targets,
        samples: Vec::new(),
        spool: Default::default(),
        ledger: Default::default(),
    }
}

/// Each reading's rule, target and kind, for messages and comparisons.
pub fn named(readings: &[Reading]) -> Vec<String> {
    let text = |reading: &Reading| {
        let kind = reading.attack.as_ref().map_or("-", |attack| attack.kind.as_str());
        format!("{} {} {kind}", reading.rule.name, reading.subject.name)
    };
    readings.iter().map(text).collect()
}
