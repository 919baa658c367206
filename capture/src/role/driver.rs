//! A worker's thread: takes blocks, lets time pass, carries messages to the spooler. Never waits but for packets.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::limits::SECOND_NS;
use crate::queue::WorkerQueue;
use crate::ring::{Statistics, wait_any};
use crate::sample::Desk;
use crate::worker::Worker;
use crate::worker::message::Message;

use super::board::Board;
use super::clock::Clock;
use super::keep::Parted;
use super::now_ns;
use super::source::Source;

/// Longest sleep when nothing comes: so often are commands and the clock looked at.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// On a stop: how often a ring is looked at again for a block that the kernel has not handed over yet.
const LAST_LOOKS: u32 = 4;

/// Before a ring goes to the next process: so many turns at what is in it, so that it has room for what comes meanwhile.
const LAST_TURNS: u32 = 16;

/// On a stop the spooler is waited for, but not for ever: it writes 100 MB/s on a slow disk.
const HAND_OVER_MAX: Duration = Duration::from_secs(10);

/// What the interface watch tells a worker.
pub enum Command {
    /// Take packets of `interface` from `source`.
    Attach {
        /// The interface's number.
        interface: u16,
        /// This worker's member of the group.
        source: Source,
    },
    /// Take what is left of the interface's source and close it.
    Detach {
        /// The interface's number.
        interface: u16,
    },
    /// Export everything and end. What is left in the rings is taken, or the rings go to the next process.
    Stop {
        /// They do.
        keep: bool,
    },
}

struct Tap {
    interface: u16,
    source: Source,
}

/// The thread's state.
pub struct Driver {
    worker: Worker,
    queue: WorkerQueue,
    commands: Receiver<Command>,
    board: Arc<Mutex<Board>>,
    block_timeout: Duration,
    taps: Vec<Tap>,
    /// By interface: counters of sources that were closed.
    closed: Vec<Statistics>,
    tick: u64,
    clock: Clock,
    desk: Arc<Desk>,
    desk_version: u64,
}

impl Driver {
    /// A driver for `worker`.
    pub fn new(
        worker: Worker,
        queue: WorkerQueue,
        commands: Receiver<Command>,
        board: Arc<Mutex<Board>>,
        block_timeout: Duration,
        desk: Arc<Desk>,
    ) -> Driver {
        let (taps, closed, clock) = (Vec::new(), Vec::new(), Clock::start());
        Driver { worker, queue, commands, board, block_timeout, taps, closed, tick: 0, clock, desk, desk_version: 0 }
    }

    /// Runs until [`Command::Stop`]; gives the rings that go to the next process.
    pub fn run(mut self) -> Vec<Parted> {
        loop {
            while let Ok(command) = self.commands.try_recv() {
                match command {
                    Command::Attach { interface, source } => self.taps.push(Tap { interface, source }),
                    Command::Detach { interface } => self.detach(interface),
                    Command::Stop { keep } => return self.stop(keep),
                }
            }
            self.look_at_desk();
            let now = now_ns();
            let mut busy = false;
            for tap in &mut self.taps {
                busy |= tap.source.take(tap.interface, &mut self.worker, now);
            }
            let now = self.let_time_pass();
            if now / SECOND_NS != self.tick {
                self.report(now);
            }
            self.carry();
            if !busy {
                self.wait(now);
            }
        }
    }

    /// A sample that begins or ends: one load tells that there is none.
    fn look_at_desk(&mut self) {
        let version = self.desk.version();
        if version != self.desk_version {
            self.desk_version = version;
            self.worker.take_samples(self.desk.taking());
        }
    }

    /// Answers the time. A clock that was set takes the flows along.
    fn let_time_pass(&mut self) -> u64 {
        let (now, stepped) = self.clock.look();
        if let Some(by_ns) = stepped {
            tracing::warn!(seconds = by_ns / SECOND_NS as i64, "the clock was set; flows go on in the new time");
            self.worker.step(by_ns, now);
        } else {
            self.worker.advance(now);
        }
        now
    }

    fn wait(&mut self, now_ns: u64) {
        let to_second = Duration::from_nanos(SECOND_NS - now_ns % SECOND_NS);
        let timeout = WAIT_MAX.min(to_second + Duration::from_millis(1));
        // The copying backend has one tap and one worker; rings are waited for together.
        if let [Tap { source: Source::Copy(copy), .. }] = &mut self.taps[..] {
            if let Err(error) = copy.wait(timeout) {
                tracing::warn!(%error, "waiting for packets failed");
                thread::sleep(timeout);
            }
            return;
        }
        if self.taps.is_empty() {
            thread::sleep(Duration::from_millis(20));
            return;
        }
        let rings = self.taps.iter_mut().filter_map(|tap| match &mut tap.source {
            Source::Ring(ring) => Some(ring),
            Source::Copy(_) => None,
        });
        if let Err(error) = wait_any(rings, timeout) {
            tracing::warn!(%error, "waiting for packets failed");
            thread::sleep(timeout);
        }
    }

    /// Once a second: the kernel's counters, then the report behind all batches.
    fn report(&mut self, now: u64) {
        self.tick = now / SECOND_NS;
        // A worker that stands still is what the supervisor must find; `sleep` is the only fault that means something.
        let _ = faults::pass("capture.worker");
        self.worker.idle_second(now);
        self.read_statistics();
        self.worker.hand_over();
        let report = self.worker.report(self.tick.saturating_sub(1), cpu_ns());
        self.worker.outbox().push_back(Message::Report(report));
        for tap in &self.taps {
            if tap.source.interface_gone() {
                let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
                board.of(tap.interface).rings_dead = true;
            }
        }
    }

    /// After the last block was counted: what the kernel showed and is not yet taken is then in the ring.
    fn read_statistics(&mut self) {
        let mut seen: Vec<Statistics> = self.closed.clone();
        for tap in &mut self.taps {
            let at = usize::from(tap.interface);
            seen.resize(seen.len().max(at + 1), Statistics::default());
            match tap.source.statistics() {
                Ok(statistics) => add(&mut seen[at], &statistics),
                Err(error) => {
                    tracing::warn!(%error, "the kernel's counters cannot be read; the ledger shows the old ones")
                }
            }
        }
        for (interface, statistics) in seen.iter().enumerate().skip(1) {
            let totals = self.worker.interface_mut(interface as u16);
            totals.seen = statistics.seen;
            totals.dropped = statistics.dropped;
            totals.freezes = statistics.freezes;
        }
    }

    /// Messages go to the spooler. A full queue costs rows, never time: first one-packet flows are folded, then
    /// batches are shed and counted.
    fn carry(&mut self) {
        if self.queue.is_pressed() {
            self.worker.press();
        }
        while let Some(message) = self.worker.outbox().pop_front() {
            match self.queue.push(message) {
                Ok(()) => {}
                Err(Message::Flows(batch)) => {
                    self.worker.shed(batch.packets, batch.bytes);
                    self.worker.recycle(batch.payload);
                }
                Err(other) => {
                    // The spooler stands still: reports are cumulative and may be left out, counters of seconds not.
                    if !matches!(other, Message::Report(_)) {
                        self.worker.outbox().push_front(other);
                    }
                    break;
                }
            }
        }
        if let Some(payload) = self.queue.take_empty() {
            self.worker.recycle(payload);
        }
    }

    fn detach(&mut self, interface: u16) {
        let Some(at) = self.taps.iter().position(|tap| tap.interface == interface) else { return };
        let mut tap = self.taps.swap_remove(at);
        self.empty(&mut tap);
        if let Ok(statistics) = tap.source.statistics() {
            let at = usize::from(interface);
            self.closed.resize(self.closed.len().max(at + 1), Statistics::default());
            add(&mut self.closed[at], &statistics);
        }
    }

    /// Takes everything that is in a source which receives no more.
    fn empty(&mut self, tap: &mut Tap) {
        if let Err(error) = tap.source.drop_all() {
            tracing::warn!(%error, "the last frames may not all be counted");
        }
        let mut quiet = 0;
        while quiet < LAST_LOOKS {
            if tap.source.take(tap.interface, &mut self.worker, now_ns()) {
                quiet = 0;
                self.let_time_pass();
                self.carry_patiently();
            } else {
                quiet += 1;
                thread::sleep(self.block_timeout.min(Duration::from_millis(100)));
            }
        }
    }

    fn stop(mut self, keep: bool) -> Vec<Parted> {
        if keep {
            self.take_last_turns()
        } else {
            self.empty_all()
        }
        self.read_statistics();
        let parted = if keep { self.part() } else { Vec::new() };
        self.worker.finish();
        self.carry_patiently();
        let report = self.worker.report(now_ns() / SECOND_NS, cpu_ns());
        self.worker.outbox().push_back(Message::Finished(report));
        self.carry_patiently();
        parted
    }

    fn empty_all(&mut self) {
        // All rings refuse first, so that none goes on filling while another is emptied.
        for tap in &self.taps {
            let _ = tap.source.drop_all();
        }
        let mut taps = std::mem::take(&mut self.taps);
        for tap in &mut taps {
            self.empty(tap);
        }
        self.taps = taps;
    }

    fn take_last_turns(&mut self) {
        for mut tap in std::mem::take(&mut self.taps) {
            // Nobody can go on with the rings of an interface that is gone.
            if tap.source.interface_gone() {
                self.empty(&mut tap);
            }
            let now = now_ns();
            let _ = (0..LAST_TURNS).find(|_| !tap.source.take(tap.interface, &mut self.worker, now));
            self.taps.push(tap);
        }
    }

    /// Gives the rings up, right after their counters were read. What was shown and is not taken belongs to the books of
    /// whoever takes it.
    fn part(&mut self) -> Vec<Parted> {
        let mut parted = Vec::new();
        for Tap { interface, source } in std::mem::take(&mut self.taps) {
            if let Source::Ring(ring) = source
                && !ring.interface_gone()
            {
                let totals = self.worker.interface_mut(interface);
                let in_ring = totals.seen.saturating_sub(totals.dropped + totals.taken);
                totals.seen -= in_ring;
                parted.push(Parted { interface, worker: self.worker.number(), ring, in_ring });
            }
        }
        parted
    }

    /// At the end there are no more packets to be late for: the spooler is given time to make room.
    fn carry_patiently(&mut self) {
        let begun = self.clock.elapsed();
        while let Some(message) = self.worker.outbox().pop_front() {
            let mut message = message;
            while let Err(back) = self.queue.push(message) {
                if self.clock.elapsed() - begun > HAND_OVER_MAX {
                    tracing::error!("the spooler takes nothing; the last rows are lost and counted as shed");
                    if let Message::Flows(batch) = &back {
                        self.worker.shed(batch.packets, batch.bytes);
                    }
                    break;
                }
                message = back;
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

fn add(sum: &mut Statistics, more: &Statistics) {
    sum.seen += more.seen;
    sum.dropped += more.dropped;
    sum.freezes += more.freezes;
}

/// CPU time of the calling thread in ns; 0 where the kernel does not tell.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}
