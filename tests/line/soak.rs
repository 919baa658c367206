//! An hour or more under load with a fault every two minutes: what grows, and whether the books balance.
//!
//! `scripts/soak` starts it. It holds that memory, descriptors and threads of each role are flat, that every row is
//! there once, and that every packet sent is in a column or passed while nothing captured.

use std::fmt::Write;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use faults::Seed;
use live::ledger::Ledger;
use live::{Role, Usage};
use store::testing::{FlowTotals, MariaDb};

use crate::link::{ip, up, veth};
use crate::load::Load;
use crate::machine::Machine;
use crate::mariadb::block_on;
use crate::namespace::in_namespace;
use crate::process::{await_some, has_ended, send};

/// 2,000 rows a second, so that a spool of 8 MiB fills while the database is away for a minute.
const CONFIG: &str =
    "[capture]\nflow_active_timeout = \"10s\"\n[spool]\nbytes_max = \"8MiB\"\nsegment_bytes = \"1MiB\"\n";
const FLOWS: u16 = 20_000;

/// From one fault to the next.
const BETWEEN: Duration = Duration::from_secs(120);

/// From one sample to the next.
const SAMPLE: Duration = Duration::from_secs(5);

/// A life's first seconds are not held against its later ones: tables and buffers are touched for the first time.
const WARM: Duration = Duration::from_secs(60);

const ROLES: [Role; 5] = [Role::Run, Role::Capture, Role::Ingest, Role::Notifier, Role::Web];

const FAULTS: [&str; 9] = [
    "kill capture",
    "kill ingest",
    "kill notifier",
    "kill web",
    "database away for 20 s",
    "database away for 60 s, spool full",
    "interface down and up",
    "restart capture",
    "restart ingest",
];

#[expect(clippy::disallowed_methods, reason = "the test's own clock")]
fn now() -> Instant {
    Instant::now()
}

/// One role over all its lives.
#[derive(Default)]
struct Track {
    pid: u32,
    born: Option<Instant>,
    lives: u64,
    cpu_ms: u64,
    cpu_before_ms: u64,
    /// Warm samples, in order.
    samples: Vec<Usage>,
}

impl Track {
    fn note(&mut self, pid: u32, usage: Usage) {
        if self.pid != pid {
            *self = Track {
                pid,
                born: Some(now()),
                lives: self.lives + 1,
                cpu_before_ms: self.cpu_before_ms + self.cpu_ms,
                samples: std::mem::take(&mut self.samples),
                cpu_ms: 0,
            };
        }
        self.cpu_ms = usage.cpu_user_ms + usage.cpu_system_ms;
        if self.born.is_some_and(|born| born.elapsed() >= WARM) {
            self.samples.push(usage);
        }
    }

    /// Least and largest of the first and of the last third.
    fn thirds(&self, of: fn(&Usage) -> u64) -> ((u64, u64), (u64, u64)) {
        let third = self.samples.len() / 3;
        let range = |part: &[Usage]| {
            let values = || part.iter().map(of);
            (values().min().unwrap_or(0), values().max().unwrap_or(0))
        };
        (range(&self.samples[..third]), range(&self.samples[self.samples.len() - third..]))
    }
}

struct Soak {
    machine: Machine,
    server: MariaDb,
    tracks: Vec<Track>,
    log: Option<File>,
    begun: Instant,
}

impl Soak {
    fn tell(&mut self, text: &str) {
        let line = format!("{:>6} s  {text}\n", self.begun.elapsed().as_secs());
        eprint!("{line}");
        if let Some(log) = &mut self.log {
            let _ = log.write_all(line.as_bytes());
        }
    }

    /// Samples all roles for so long.
    fn watch(&mut self, time: Duration) {
        let end = now() + time;
        while now() < end {
            for (track, role) in self.tracks.iter_mut().zip(ROLES) {
                // A role that starts says nothing yet.
                let Some(envelope) = self.machine.envelope(role) else { continue };
                track.note(envelope.pid, envelope.usage);
            }
            thread::sleep(SAMPLE.min(end.saturating_duration_since(now())));
        }
    }

    fn restart(&mut self, role: &'static str, signal: &str) {
        let before = self.machine.role(role);
        send(signal, before);
        await_some("its end", || has_ended(before).then_some(()));
        await_some("its next life", || (self.machine.role(role) != before).then_some(()));
    }

    fn break_it(&mut self, fault: &str, load: &Load) {
        self.tell(fault);
        match fault {
            "kill capture" => self.restart("capture", "KILL"),
            "kill ingest" => self.restart("ingest", "KILL"),
            "kill notifier" => self.restart("notifier", "KILL"),
            "kill web" => self.restart("web", "KILL"),
            "restart capture" => self.restart("capture", "TERM"),
            "restart ingest" => self.restart("ingest", "TERM"),
            "interface down and up" => {
                // What is sent to a link that is down reaches no counter: nothing is sent meanwhile.
                load.pause(true);
                thread::sleep(Duration::from_millis(300));
                ip("link set va down");
                self.watch(Duration::from_secs(3));
                up(&["va"]);
                self.watch(Duration::from_secs(1));
                load.pause(false);
            }
            _ => {
                let seconds = if fault.contains("60 s") { 60 } else { 20 };
                self.server.stop();
                self.watch(Duration::from_secs(seconds));
                self.server.run().unwrap();
            }
        }
    }

    fn settle(&mut self, sent: u64) {
        self.machine.stop();
        let ledger = self.machine.ledger();
        let totals = block_on(FlowTotals::of_server(&self.server, "floodmark")).unwrap();
        self.tell(&format!("{sent} packets sent; {ledger:?}"));
        let mut table = String::from(
            "\n| role | lives | CPU | memory MiB, first third → last | descriptors | threads |\n|---|---|---|---|---|---|\n",
        );
        for (track, role) in self.tracks.iter().zip(ROLES) {
            let mib = |of: (u64, u64)| format!("{}–{}", of.0 >> 20, of.1 >> 20);
            let plain = |of: (u64, u64)| format!("{}–{}", of.0, of.1);
            let (memory, files, threads) = (
                track.thirds(|usage| usage.resident_bytes),
                track.thirds(|usage| usage.descriptors),
                track.thirds(|usage| usage.threads),
            );
            let cpu = (track.cpu_before_ms + track.cpu_ms) as f64 / 10.0 / self.begun.elapsed().as_secs_f64();
            let _ = writeln!(
                table,
                "| {} | {} | {cpu:.1} % | {} → {} | {} → {} | {} → {} |",
                role.name(),
                track.lives,
                mib(memory.0),
                mib(memory.1),
                plain(files.0),
                plain(files.1),
                plain(threads.0),
                plain(threads.1)
            );
        }
        self.tell(&table);
        assert_eq!((ledger.imbalance, ledger.parked, totals.rows - totals.distinct), (0, 0, 0), "{ledger:?}");
        assert_eq!((totals.packets, totals.bytes), (ledger.stored, ledger.stored_bytes), "{ledger:?} {totals:?}");
        assert_all_told(&ledger, sent);
        for (track, role) in self.tracks.iter().zip(ROLES) {
            let (first, last) = track.thirds(|usage| usage.resident_bytes);
            assert!(last.0 <= first.1 + (16 << 20), "the memory of {} grows: {first:?} {last:?}", role.name());
            for of in [(|usage: &Usage| usage.descriptors) as fn(&Usage) -> u64, |usage: &Usage| usage.threads] {
                let (first, last) = track.thirds(of);
                assert!(last.0 <= first.1, "descriptors or threads of {} grow: {first:?} {last:?}", role.name());
            }
        }
    }
}

/// Every packet that was sent is in a column, or passed while nothing captured.
fn assert_all_told(ledger: &Ledger, sent: u64) {
    assert_eq!(ledger.parsed, ledger.stored + ledger.gap + ledger.shed + ledger.coarsened, "{ledger:?}");
    let told = i128::from(ledger.kernel_seen + ledger.blind) + i128::from(ledger.pre_tap);
    assert_eq!(told, i128::from(sent), "{ledger:?}");
}

/// Frames in 5 ms at half of what this machine sends and receives without a pause between them; and what was sent to
/// find out.
fn half_of_most() -> (u16, u64) {
    let load = Load::of_flows(u16::MAX, FLOWS);
    let begin = now();
    load.go_on(3 * u64::from(u16::MAX));
    let per_second = load.sent() as f64 / begin.elapsed().as_secs_f64();
    ((per_second / 2.0 / 200.0) as u16, load.end())
}

fn minutes() -> Option<u64> {
    std::env::var_os("FLOODMARK_SOAK_MINUTES")?.to_str()?.parse().ok()
}

#[test]
fn a_fault_every_two_minutes() {
    if minutes().is_none() {
        eprintln!("a_fault_every_two_minutes: skipped: `scripts/soak` runs it");
        return;
    }
    in_namespace("soak::a_fault_every_two_minutes", || {
        let Some(server) = MariaDb::start_or_skip() else { return };
        let minutes = minutes().unwrap();
        block_on(server.admin("CREATE DATABASE floodmark")).unwrap();
        veth();
        let config = format!("{CONFIG}[store]\nurl = \"{}\"\n", server.config("root", "floodmark").url);
        let machine = Machine::start(&config, &["va"]);
        let (frames, before) = half_of_most();
        let log = std::env::var_os("FLOODMARK_SOAK_LOG").map(PathBuf::from);
        let log = log.map(|path| File::options().create(true).append(true).open(path).unwrap());
        let tracks = ROLES.iter().map(|_| Track::default()).collect();
        let mut soak = Soak { machine, server, tracks, log, begun: now() };
        soak.tell(&format!("{minutes} minutes at {} packets a second", u64::from(frames) * 200));
        let (mut seed, load) = (Seed::of("soak"), Load::of_flows(frames, FLOWS));
        // All of them in an order by chance, again and again.
        let mut order: Vec<&str> = Vec::new();
        while soak.begun.elapsed() + BETWEEN < Duration::from_secs(60 * minutes) {
            soak.watch(BETWEEN);
            if order.is_empty() {
                order.extend(FAULTS);
            }
            let at = usize::try_from(seed.below(order.len() as u64)).unwrap();
            let fault = order.swap_remove(at);
            soak.break_it(fault, &load);
        }
        soak.watch(Duration::from_secs(60 * minutes).saturating_sub(soak.begun.elapsed()));
        let sent = before + load.end();
        soak.settle(sent);
    });
}
