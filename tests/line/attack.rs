//! Attacks and crowds over a real interface: what capture tells is judged within two seconds, and packets are sampled.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use live::{Line, Role, Subscriber};
use notifier::attack::Detector;
use notifier::attack::config::Config;
use notifier::attack::sample::Samples;
use notifier::judgement::{Level, Reading};

use crate::link::{ip, peer, up, veth};
use crate::machine::Machine;
use crate::namespace::in_namespace;
use crate::process::await_some;

/// What the issue asks for.
const RATE: u64 = 50_000;

const CONFIG: &str =
    "[capture]\nworkers = 1\nring_bytes = \"16MiB\"\nlocal_networks = [\"10.10.10.10/32\", \"10.9.0.1/32\"]\n";

fn corpus(check: &str) -> Option<PathBuf> {
    let named = std::env::var_os("FLOODMARK_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if folder.join("stopddos/data").is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {check}: no corpus in {} (set FLOODMARK_CORPUS)", folder.display());
    None
}

#[expect(clippy::disallowed_methods, reason = "a line's time is the wall clock's")]
fn now_ns() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// Loops a capture over vb for some seconds.
fn replayed(file: &Path, seconds: u64) -> Child {
    let rate = format!("--pps={}", RATE + RATE / 5);
    let duration = format!("--duration={seconds}");
    Command::new("tcpreplay")
        .args(["--intf1=vb", "--loop=0", "--preload-pcap", &rate, &duration])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("tcpreplay (package tcpreplay)")
}

/// What the detector says to each line of capture while `goes_on`.
fn judged(machine: &Machine, config: &Config, mut goes_on: impl FnMut(&[Reading], u64) -> bool) {
    let mut detector = Detector::new(config);
    let mut live = Subscriber::connect(&machine.data_dir().join("run"), Role::Capture, Duration::from_secs(5)).unwrap();
    loop {
        let Line::Capture(line) = live.receive().unwrap() else { panic!("another role's line") };
        let readings = detector.judge(line.envelope.time_ns, &line);
        let above: Vec<Reading> = readings.into_iter().filter(|reading| reading.level == Level::Above).collect();
        if !goes_on(&above, now_ns()) {
            return;
        }
    }
}

fn names(readings: &[Reading]) -> Vec<String> {
    let kind = |reading: &Reading| reading.attack.as_ref().map_or("-".to_owned(), |attack| attack.kind.clone());
    readings.iter().map(|reading| format!("{} {} {}", reading.rule.name, reading.subject.name, kind(reading))).collect()
}

/// Capture alone, ready: notifier's part is played by the test.
fn capturing() -> (Machine, Child) {
    veth();
    let machine = Machine::new(&format!("{CONFIG}interfaces = [\"va\"]\n"));
    let role = machine.spawn_role("capture");
    await_some("capture", || machine.capture_line().filter(|line| line.interfaces[0].state == "up"));
    (machine, role)
}

fn end(mut role: Child) {
    crate::process::send("TERM", role.id());
    role.wait().unwrap();
}

const ATTACKS: [(&str, &str); 4] = [
    ("amp.TCP.reflection.SYNACK.pcap", "syn_ack_reflection"),
    ("amp.TCP.syn.optionallyACK.optionallysamePort.pcapng", "syn_ack_reflection"),
    ("amp.UDP.isakmp.pcap", "ike_amplification"),
    ("pkt.TCP.DOMINATE.syn.ecn.cwr.pcapng", "syn_flood"),
];

#[test]
fn captured_attacks_over_a_wire_are_named_within_two_seconds_and_sampled() {
    in_namespace("attack::captured_attacks_over_a_wire_are_named_within_two_seconds_and_sampled", || {
        let Some(folder) = corpus("captured attacks over a wire") else { return };
        for (file, kind) in ATTACKS {
            attacked(&folder.join("stopddos/data").join(file), kind);
            ip("link del va");
        }
    });
}

fn attacked(file: &Path, kind: &str) {
    let (machine, role) = capturing();
    let stop = Arc::new(AtomicBool::new(false));
    let run_dir = machine.data_dir().join("run");
    let samples = Samples::open(&run_dir, machine.dir(), &Config::default(), &stop).unwrap();
    let seconds = faults::runs(5, 10);
    let begun = now_ns();
    let mut sender = replayed(file, seconds);
    let (mut told_ms, mut wanted, mut rate) = (0, false, 0);
    judged(&machine, &Config::default(), |readings, now| {
        let passed = now.saturating_sub(begun) / 1_000_000;
        if !readings.is_empty() {
            assert_eq!(names(readings), [format!("attack 10.10.10.10 {kind}")], "{}", file.display());
            rate = readings[0].attack.as_ref().unwrap().packets_per_second_peak;
            if told_ms == 0 {
                told_ms = passed;
            }
            if !wanted {
                wanted = samples.want("0123abcd", "10.10.10.10");
            }
        }
        passed < seconds * 1_000
    });
    let kept = await_some("the sample", || samples.take().pop());
    assert!(sender.wait().unwrap().success());
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    eprintln!("{name}: {kind} told {told_ms} ms after the start, {rate} packets/s, {} packets sampled", kept.packets);
    assert!((1..=2_000).contains(&told_ms), "{name}: told after {told_ms} ms");
    assert!(rate >= RATE, "{name}: {rate} packets/s");
    assert!(kept.packets >= 100, "{kept:?}");
    let read = Command::new("tcpdump").args(["-nr"]).arg(&kept.path).output();
    if let Ok(read) = read {
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }
    stop.store(true, Ordering::Relaxed);
    end(role);
}

/// Limits of volume that fit what is sent; all others as they are.
fn raised() -> Config {
    let config = Config::default();
    let raise = |limits| notifier::attack::config::Limits {
        packets: 10_000_000,
        bits: 1_000_000_000_000,
        flows: 1_000_000,
        ..limits
    };
    Config { host: raise(config.host), out: raise(config.out), prefix: raise(config.prefix), ..config }
}

/// Judges while `work` is done; nothing may be told. Answers the most packets and flows of a second that were seen.
fn calm_during(machine: &Machine, what: &str, work: impl FnOnce() + Send + 'static) -> (u64, u64) {
    let done = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&done);
    let worker = thread::spawn(move || {
        work();
        flag.store(true, Ordering::Release);
    });
    let mut told = Vec::new();
    let mut after = 0;
    judged(machine, &raised(), |readings, _| {
        told.extend(names(readings));
        after += u32::from(done.load(Ordering::Acquire));
        after < 2
    });
    worker.join().unwrap();
    assert!(told.is_empty(), "{what}: {told:?}");
    let line = machine.capture_line().unwrap();
    (line.ledger.parsed, line.workers.iter().map(|worker| worker.flows_active).sum())
}

#[test]
fn a_backup_and_a_crowd_of_real_clients_are_no_attack() {
    in_namespace("attack::a_backup_and_a_crowd_of_real_clients_are_no_attack", || {
        let (machine, role) = capturing();
        ip("addr add 10.9.0.1/16 dev va");
        ip("link set lo up");
        let listener = std::net::TcpListener::bind("10.9.0.1:8080").unwrap();
        let bytes: usize = usize::try_from(faults::runs(300, 2_000)).unwrap() << 20;
        let clients = faults::runs(2_000, 5_000);
        // It serves until the test's process ends.
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut first = [0u8; 1];
                    std::io::Read::read_exact(&mut stream, &mut first)?;
                    // A visitor gets a page; a backup is taken to its end.
                    match first[0] {
                        b'v' => std::io::Write::write_all(&mut stream, &[b'p'; 4096]),
                        _ => std::io::copy(&mut stream, &mut std::io::sink()).map(|_| ()),
                    }
                });
            }
        });
        let (to_peer, orders) = std::sync::mpsc::channel::<(u8, std::sync::mpsc::Sender<()>)>();
        let peer = peer("vb", move || {
            crate::link::run("ip", "addr add 10.9.0.2/16 dev vb");
            crate::link::run("ip", "link set vb up");
            for (order, done) in orders {
                match order {
                    b'b' => backup(bytes),
                    _ => crowd(clients),
                }
                done.send(()).unwrap();
            }
        });
        await_some("the carrier", || machine.capture_line().filter(|line| line.interfaces[0].state == "up"));
        up(&["va"]);
        for (order, what) in [(b'b', "a backup"), (b'c', "a crowd")] {
            let to_peer = to_peer.clone();
            let (packets, flows) = calm_during(&machine, what, move || {
                let (done, wait) = std::sync::mpsc::channel();
                to_peer.send((order, done)).unwrap();
                wait.recv().unwrap();
            });
            eprintln!("{what}: {packets} packets so far, {flows} flows in the table, nothing told");
        }
        let line = machine.capture_line().unwrap();
        assert!(line.ledger.parsed_bytes > bytes as u64, "the backup was seen: {:?}", line.ledger);
        drop(to_peer);
        peer.join().unwrap();
        end(role);
    });
}

fn connect() -> std::net::TcpStream {
    await_some("a connection", || std::net::TcpStream::connect("10.9.0.1:8080").ok())
}

/// One large transfer.
fn backup(bytes: usize) {
    let mut stream = connect();
    let block = vec![b'b'; 1 << 20];
    for _ in 0..bytes >> 20 {
        std::io::Write::write_all(&mut stream, &block).unwrap();
    }
}

/// So many clients, as fast as they come.
fn crowd(clients: u64) {
    let threads: Vec<_> = (0..20)
        .map(|_| {
            thread::spawn(move || {
                for _ in 0..clients / 20 {
                    let mut stream = connect();
                    std::io::Write::write_all(&mut stream, b"v").unwrap();
                    std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
