//! Traffic on the veth: conversations of local hosts with the world, bursts, and what a hostile peer would send.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::link::Injector;

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// One end of a packet.
pub type End = ([u8; 4], u16);

/// A packet in an Ethernet frame, with TCP's flags or none for UDP.
pub fn packet(from: End, to: End, flags: Option<u8>, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 0x99, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x00];
    let head = if flags.is_some() { 20 } else { 8 };
    frame.extend([0x45, 0]);
    frame.extend(u16::try_from(20 + head + payload.len()).unwrap().to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, if flags.is_some() { 6 } else { 17 }, 0, 0]);
    frame.extend(from.0);
    frame.extend(to.0);
    frame.extend(from.1.to_be_bytes());
    frame.extend(to.1.to_be_bytes());
    match flags {
        Some(flags) => frame.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 1, 0, 0, 0, 0, 0]),
        None => {
            frame.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
            frame.extend([0, 0]);
        }
    }
    frame.extend(payload);
    frame
}

/// Conversations that go on until it is dropped: some 500 packets a second, never the same in two seconds.
pub struct Talk {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Talk {
    pub fn start() -> Talk {
        let stop = Arc::new(AtomicBool::new(false));
        let until = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut injector = Injector::on("vb");
            for round in 0_u32.. {
                if until.load(Ordering::Relaxed) {
                    return;
                }
                talk(&mut injector, round);
                sleep(Duration::from_millis(20));
            }
        });
        Talk { stop, thread: Some(thread) }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A fiftieth of a second: one visit of a client to one of five servers, and a question for a name.
fn talk(injector: &mut Injector, round: u32) {
    let client = ([198, 51, 100, (round % 200) as u8], 20_000 + (round % 40_000) as u16);
    let server = ([10, 9, 0, 1 + (round % 5) as u8], 443);
    let many = 2 + (round / 50) % 7;
    injector.send(&packet(client, server, Some(SYN), b""));
    injector.send(&packet(server, client, Some(SYN | ACK), b""));
    injector.send(&packet(client, server, Some(ACK), &[7; 300]));
    for _ in 0..many {
        injector.send(&packet(server, client, Some(ACK), &[7; 1_200]));
    }
    let asker = ([10, 9, 0, 1], 30_000 + (round % 1_000) as u16);
    injector.send(&packet(asker, ([192, 0, 2, 53], 53), None, &[7; 40]));
    injector.send(&packet(([192, 0, 2, 53], 53), asker, None, &[7; 180]));
}

/// Packets to one host, at once; gives when the first went, ms since the epoch.
#[expect(clippy::disallowed_methods, reason = "the screen's clock is compared with it")]
pub fn burst(count: u16) -> u64 {
    let mut injector = Injector::on("vb");
    let begin = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for port in 0..count {
        injector.send(&packet(([198, 51, 100, 9], 1_000 + port), ([10, 9, 0, 2], 80), None, &[7; 1_000]));
    }
    u64::try_from(begin.as_millis()).unwrap()
}

/// More packets than the rule `busy` allows, for three seconds.
pub fn storm() {
    let mut injector = Injector::on("vb");
    for round in 0..300_u16 {
        for port in 0..50 {
            injector.send(&packet(([198, 51, 100, 9], port), ([10, 9, 0, 77], round), None, &[7; 20]));
        }
        sleep(Duration::from_millis(10));
    }
}

/// Questions for names, and their answers, that would be markup if anything showed them; and as hosts of requests.
pub fn hostile_names(names: &[&str]) {
    let mut injector = Injector::on("vb");
    for (at, name) in names.iter().enumerate() {
        let port = 40_000 + u16::try_from(at).unwrap();
        let (local, server) = (([10, 9, 0, 3], port), ([192, 0, 2, 53], 53));
        let mut question = vec![0, at as u8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.as_bytes().chunks(63) {
            question.push(label.len() as u8);
            question.extend(label);
        }
        question.extend([0, 0, 1, 0, 1]);
        injector.send(&packet(local, server, None, &question));
        question[2] = 0x81;
        injector.send(&packet(server, local, None, &question));
        let (client, web) = (([198, 51, 100, 66], port), ([10, 9, 0, 3], 80));
        let request = format!("GET /{name} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {name}\r\n\r\n");
        injector.send(&packet(client, web, Some(SYN), b""));
        injector.send(&packet(web, client, Some(SYN | ACK), b""));
        injector.send(&packet(client, web, Some(ACK), request.as_bytes()));
        injector.send(&packet(web, client, Some(ACK), format!("HTTP/1.1 301 {name}\r\n\r\n").as_bytes()));
    }
}
