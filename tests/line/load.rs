//! Traffic that goes on while a test breaks things.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::link::{Injector, udp_frame};
use crate::process::await_some;

/// Bytes of each frame.
pub const LENGTH: usize = 100;

/// Sends frames of 500 flows from `vb` until it is told to stop.
pub struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Load {
    pub fn start() -> Load {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (until, count) = (stop.clone(), sent.clone());
        let thread = std::thread::spawn(move || {
            let mut injector = Injector::on("vb");
            while !until.load(Ordering::Relaxed) {
                for flow in 0..500 {
                    injector.send(&udp_frame(flow, LENGTH));
                }
                count.fetch_add(500, Ordering::Relaxed);
                // Some 100,000 packets a second: under what two busy cores take.
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        Load { stop, sent, thread }
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
