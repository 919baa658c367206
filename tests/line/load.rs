//! Traffic that goes on while a test breaks things.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::link::{Injector, udp_frame};
use crate::process::await_some;

/// Bytes of each frame.
pub const LENGTH: usize = 100;

/// Sends frames from `vb` until it is told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    pause: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Load {
    /// Some 100,000 packets a second: under what two busy cores take.
    pub fn start() -> Load {
        Load::at(500)
    }

    /// So many frames, of as many flows, every 5 ms.
    pub fn at(frames: u16) -> Load {
        Load::of_flows(frames, frames)
    }

    /// So many frames every 5 ms, of that many flows by turns.
    pub fn of_flows(frames: u16, flows: u16) -> Load {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (until, count, pause) = (stop.clone(), sent.clone(), Arc::new(AtomicBool::new(false)));
        let paused = pause.clone();
        let thread = std::thread::spawn(move || {
            let (mut injector, mut flow) = (Injector::on("vb"), 0);
            while !until.load(Ordering::Relaxed) {
                if paused.load(Ordering::Relaxed) {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                    continue;
                }
                for _ in 0..frames {
                    injector.send(&udp_frame(flow, LENGTH));
                    flow = (flow + 1) % flows;
                }
                count.fetch_add(u64::from(frames), Ordering::Relaxed);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        Load { stop, pause, sent, thread }
    }

    /// Sends nothing until told otherwise.
    pub fn pause(&self, pause: bool) {
        self.pause.store(pause, Ordering::Relaxed);
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Waits until so many more frames were sent.
    pub fn go_on(&self, frames: u64) {
        let begin = self.sent();
        await_some("frames", || (self.sent() >= begin + frames).then_some(()));
    }

    pub fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.sent.load(Ordering::Relaxed)
    }
}
