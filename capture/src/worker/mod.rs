//! worker: one core's line from frames to messages for the spooler. No I/O, no lock, no clock: time is an argument.
//!
//! A driver (the live loop, or the reader of a capture file) gives groups of frames and says what time it is; the worker
//! leaves messages in its outbox, and the driver carries them to the spooler.

pub mod batch;
mod exporter;
mod look;
pub mod message;
mod time;

use std::collections::VecDeque;
use std::sync::Arc;

use spool::row::{Direction, EndReason};

use crate::flow::Entry;
use crate::flow::distinct::BoundedSet;
use crate::flow::key::{FlowKey, HashSeed, Way};
use crate::flow::table::{Candidate, FlowTable, Seen, Timeouts};
use crate::frame::Frame;
use crate::limits::GROUP_FRAMES;
use crate::local::LocalNetworks;
use crate::sample::{Recent, Taking};
use crate::telemetry::counters::Counted;
use crate::telemetry::look::Looker;
use crate::telemetry::{InterfaceSecond, ProtocolClass, SecondCounters};
use crate::wire::{self, Fragment, Skip};

use exporter::Exporter;
use message::{InterfaceTotals, Message, Report, WorkerTotals};

/// What a worker must know before its first frame.
#[derive(Clone)]
pub struct WorkerOptions {
    /// Its number, from 0.
    pub worker: u16,
    /// Flow table entries; a power of two.
    pub flow_table_entries: usize,
    /// When flows end.
    pub timeouts: Timeouts,
    /// Fold one-packet flows in a flood.
    pub fold: bool,
    /// New flows a second above which it is a flood.
    pub fold_flows_per_second: u64,
    /// Key by the innermost IP header.
    pub decapsulate: bool,
    /// What is ours.
    pub local: Arc<LocalNetworks>,
    /// Secrets of the hash.
    pub seed: HashSeed,
    /// Interfaces that are known now; numbers begin at 1.
    pub interfaces: usize,
    /// Count distinct five-tuples exactly, up to the table's capacity (replay).
    pub count_distinct: bool,
    /// Frames are stamped by this machine's clock, and packets are never waited for: stamps far from the clock are not
    /// believed, and a sweep is cut into steps. A capture file has its own time.
    pub live: bool,
}

/// A parsed packet between the first and the second pass over a group.
#[derive(Clone, Copy)]
struct Pending {
    interface: u16,
    key: FlowKey,
    hash: u64,
    candidate: Candidate,
    way: Way,
    seen: Seen,
    protocol: ProtocolClass,
}

/// One worker; see the module.
pub struct Worker {
    options: WorkerOptions,
    table: FlowTable,
    exporter: Exporter,
    counters: SecondCounters,
    distinct: Option<BoundedSet>,
    newcomers: Vec<u64>,
    pending: Vec<Pending>,
    expelled: Vec<(Entry, EndReason)>,
    closed: Vec<InterfaceSecond>,
    totals: WorkerTotals,
    interfaces: Vec<InterfaceTotals>,
    swept_ns: u64,
    fold_flushed_ns: u64,
    new_in_second: u64,
    /// Entries pushed out up to the second that is open.
    evicted_before: u64,
    /// The clock at the last look, and the earliest stamp that is believed with the width of those that are.
    now_ns: u64,
    stamp_floor_ns: u64,
    stamp_width_ns: u64,
    groups_behind: u32,
    /// Packets until one is looked at; 1 = each is, because a sample is taken.
    until_look: u32,
    looker: Looker,
    recent: Recent,
    taking: Vec<Arc<Taking>>,
    /// Packets until `looker` wants one, while samples are taken.
    until_kept: u32,
}

impl Worker {
    /// A worker with its table.
    pub fn new(options: WorkerOptions) -> Worker {
        let table = FlowTable::new(options.flow_table_entries, options.timeouts, options.seed);
        Worker {
            distinct: options.count_distinct.then(|| BoundedSet::new(options.flow_table_entries)),
            exporter: Exporter::new(options.seed, options.fold),
            counters: SecondCounters::new(options.interfaces),
            newcomers: Vec::new(),
            pending: Vec::with_capacity(GROUP_FRAMES),
            expelled: Vec::with_capacity(2 * GROUP_FRAMES),
            closed: Vec::new(),
            totals: WorkerTotals::default(),
            interfaces: vec![InterfaceTotals::default(); options.interfaces + 1],
            swept_ns: 0,
            fold_flushed_ns: 0,
            new_in_second: 0,
            evicted_before: 0,
            now_ns: 0,
            stamp_floor_ns: 0,
            stamp_width_ns: u64::MAX,
            groups_behind: 0,
            // Nobody asks a replay how its packets looked: 0 is four thousand million packets away.
            until_look: u32::from(options.live),
            looker: Looker::default(),
            recent: Recent::default(),
            taking: Vec::new(),
            until_kept: 0,
            table,
            options,
        }
    }

    /// Takes a group: at most [`GROUP_FRAMES`] frames of `frames`, each with its interface's number. Answers how many.
    #[inline(always)]
    pub fn group<'a>(&mut self, frames: &mut impl Iterator<Item = (u16, Frame<'a>)>) -> usize {
        let taken = self.parse(frames);
        for pending in &mut self.pending {
            pending.candidate = self.table.look_up(pending.hash);
        }
        self.count_pending();
        taken
    }

    /// First pass: what each frame is, and where its flow must be. The frame stays in registers: it goes from the
    /// source's iterator into the parser without being stored.
    #[inline(always)]
    fn parse<'a>(&mut self, frames: &mut impl Iterator<Item = (u16, Frame<'a>)>) -> usize {
        self.pending.clear();
        let mut taken = 0;
        // Sums of at most 32 frames: they stay in registers and cannot overflow.
        let (mut parsed, mut bytes_sum, mut ip_bytes) = (0u64, 0u64, 0u64);
        while taken < GROUP_FRAMES {
            let Some((interface, frame)) = frames.next() else { break };
            taken += 1;
            if usize::from(interface) >= self.interfaces.len() {
                self.meet(interface);
            }
            let counters = &mut self.interfaces[usize::from(interface)];
            counters.taken += 1;
            counters.incoming += u64::from(frame.outgoing != Some(true));
            // Before it is parsed, and parsed again there: what is kept for this would cost every packet.
            self.until_look = self.until_look.wrapping_sub(1);
            if self.until_look == 0 {
                self.look(interface, frame);
            }
            let time_ns = self.believed(frame.time_ns);
            let packet = match wire::parse(&frame, self.options.decapsulate) {
                Ok(packet) => packet,
                Err(skip) => {
                    self.skip(interface, skip, time_ns);
                    continue;
                }
            };
            let (packets, bytes) = wire_share(&frame, packet.header_bytes);
            let bytes = clamped(bytes);
            parsed = parsed.wrapping_add(u64::from(packets));
            bytes_sum = bytes_sum.wrapping_add(u64::from(bytes));
            ip_bytes = ip_bytes.wrapping_add(u64::from(packet.ip_bytes));
            let fragment = packet.fragment != Fragment::None;
            if packets > 1 || fragment || packet.truncated {
                self.mark(packets, fragment, packet.truncated);
            }
            let (key, way) = FlowKey::of(&packet, interface);
            let hash = self.table.hash(&key);
            self.table.prefetch_bucket(hash);
            let seen = Seen { time_ns, packets, bytes, tcp_flags: packet.tcp_flags, fragment };
            self.pending.push(Pending {
                interface,
                key,
                hash,
                candidate: Candidate::NONE,
                way,
                seen,
                protocol: ProtocolClass::of(packet.protocol),
            });
        }
        self.totals.taken += taken as u64;
        self.totals.parsed_frames += self.pending.len() as u64;
        self.totals.parsed += parsed;
        self.totals.parsed_bytes += bytes_sum;
        self.totals.ip_bytes += ip_bytes;
        taken
    }

    /// A stamp, or the clock where the stamp cannot be true: it was made before the clock was set, or by a kernel whose
    /// 32 bits of seconds have run over.
    #[inline(always)]
    fn believed(&self, stamp_ns: u64) -> u64 {
        if stamp_ns.wrapping_sub(self.stamp_floor_ns) <= self.stamp_width_ns { stamp_ns } else { self.now_ns }
    }

    /// Counts what few frames have.
    #[cold]
    fn mark(&mut self, packets: u32, fragment: bool, truncated: bool) {
        self.totals.coalesced += u64::from(packets - 1);
        self.totals.fragments += u64::from(fragment);
        self.totals.truncated += u64::from(truncated);
    }

    #[cold]
    fn meet(&mut self, interface: u16) {
        self.interfaces.resize(usize::from(interface) + 1, InterfaceTotals::default());
        self.counters.ensure(interface);
    }

    #[cold]
    fn skip(&mut self, interface: u16, skip: Skip, time_ns: u64) {
        if self.counters.is_outside(time_ns) {
            self.close_second(time_ns);
        }
        self.exporter.newest_ns = self.exporter.newest_ns.max(time_ns);
        let reason = match skip {
            Skip::NonIp => 0,
            Skip::Malformed => 1,
            Skip::Unsupported => 2,
        };
        self.totals.skipped[reason] += 1;
        self.counters.skipped(interface, reason);
    }

    /// Second pass: the flow table and the counters.
    #[inline(never)]
    fn count_pending(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        for one in &pending {
            self.count(one);
        }
        if let Some(last) = pending.last() {
            self.follow_back(last.seen.time_ns);
        }
        self.pending = pending;
        if let Some(distinct) = &mut self.distinct {
            self.newcomers.drain(..).for_each(|hash| distinct.insert(hash));
        }
        // Only now, and from copies: exporting each victim at once would wait for its cache lines one after the other.
        let mut expelled = std::mem::take(&mut self.expelled);
        for (entry, reason) in &mut expelled {
            self.exporter.export(entry, *reason);
        }
        expelled.clear();
        self.expelled = expelled;
    }

    #[inline(always)]
    fn count(&mut self, pending: &Pending) {
        let local = &self.options.local;
        let locate = |key: &FlowKey, originator: Way| -> Direction {
            local.direction(&key.sender(originator).0, &key.sender(originator.opposite()).0)
        };
        let seen = &pending.seen;
        let expelled = &mut self.expelled;
        let mut expel = |entry: &mut Entry, reason| expelled.push((*entry, reason));
        let updated =
            self.table.update(&pending.key, pending.hash, pending.candidate, pending.way, seen, locate, &mut expel);
        if updated.is_new {
            self.new_in_second += 1;
            // A flood is taken for one at once; that it is over is judged at the end of a second.
            self.exporter.flood |= self.new_in_second > self.options.fold_flows_per_second;
            if let Some(distinct) = &mut self.distinct
                && distinct.is_exact()
            {
                let hash = self.options.seed.hash(&pending.key.five_tuple());
                distinct.prefetch(hash);
                self.newcomers.push(hash);
            }
        }
        if self.counters.is_outside(seen.time_ns) {
            self.close_second(seen.time_ns);
        }
        self.exporter.newest_ns = self.exporter.newest_ns.max(seen.time_ns);
        self.counters.packet(
            pending.interface,
            &Counted {
                direction: updated.direction,
                protocol: pending.protocol,
                packets: seen.packets,
                bytes: u64::from(seen.bytes),
                tcp_flags: seen.tcp_flags,
                fragment: seen.fragment,
                is_new: updated.is_new,
            },
        );
    }

    /// Counts ring entries that hold no frame the walk could read: they were taken, and they are malformed.
    pub fn damaged(&mut self, interface: u16, entries: u32, now_ns: u64) {
        for _ in 0..entries {
            self.totals.taken += 1;
            self.interfaces[usize::from(interface)].taken += 1;
            self.skip(interface, Skip::Malformed, now_ns);
        }
    }

    /// Puts the open batch into the outbox.
    pub fn hand_over(&mut self) {
        self.exporter.hand_over();
    }

    /// Gives an emptied payload back for the next batch.
    pub fn recycle(&mut self, payload: Vec<u8>) {
        self.exporter.recycle(payload);
    }

    /// Batches that the driver could not hand over: they are not written, and counted.
    pub fn shed(&mut self, packets: u64, bytes: u64) {
        self.exporter.handed.0 -= packets;
        self.exporter.handed.1 -= bytes;
        self.totals.shed_packets += packets;
        self.totals.shed_bytes += bytes;
    }

    /// Under pressure of a full queue one-packet flows are folded as in a flood, until the next second is judged.
    pub fn press(&mut self) {
        self.exporter.flood = true;
    }

    /// Messages for the spooler, oldest first.
    pub fn outbox(&mut self) -> &mut VecDeque<Message> {
        &mut self.exporter.outbox
    }

    /// Its number, from 0.
    pub fn number(&self) -> u16 {
        self.options.worker
    }

    /// What an interface's rings said, cumulative over reopened rings.
    pub fn interface_mut(&mut self, interface: u16) -> &mut InterfaceTotals {
        &mut self.interfaces[usize::from(interface)]
    }

    /// A capture file has no kernel before it: what was taken is what was seen.
    pub fn see_what_was_taken(&mut self) {
        for interface in &mut self.interfaces {
            interface.seen = interface.taken;
        }
    }

    /// Begins to count distinct five-tuples anew, for the next file.
    pub fn restart_distinct(&mut self) {
        if let Some(distinct) = &mut self.distinct
            && !distinct.is_empty()
        {
            *distinct = BoundedSet::new(self.options.flow_table_entries);
        }
    }

    /// State at this moment, which is the end of a block, for the ledger and the live line; clears the second's tops.
    pub fn report(&mut self, tick: u64, cpu_ns: u64) -> Box<Report> {
        self.exporter.harvest_folded();
        let (table, leaving) = (self.table.held(), self.exporter.held());
        self.totals.held_packets = table.0 + leaving.0;
        self.totals.held_bytes = table.1 + leaving.1;
        self.gather();
        let report = Report::new(
            self.options.worker,
            tick,
            cpu_ns,
            &self.totals,
            &self.interfaces,
            self.table.used() as u64,
            self.exporter.flood,
            &self.exporter.telemetry.second,
            self.looker.take(),
        );
        self.exporter.telemetry.clear_second();
        Box::new(report)
    }

    /// Exports everything: the program ends, or the file did. The table is empty afterwards.
    pub fn finish(&mut self) {
        let exporter = &mut self.exporter;
        self.table.drain(|entry, reason| exporter.export(entry, reason));
        self.exporter.flush_folded();
        self.exporter.hand_over();
        self.gather();
        self.counters.close(self.exporter.newest_ns, &mut self.closed);
        self.send_closed();
        if let Some(minute) = self.exporter.telemetry.take_minute() {
            self.exporter.outbox.push_back(Message::Minute(minute));
        }
    }

    /// Brings the exporter's counts into the totals.
    fn gather(&mut self) {
        self.totals.records = self.exporter.records;
        self.totals.evicted = self.exporter.evicted;
        self.totals.folded = self.exporter.folded();
        (self.totals.handed_packets, self.totals.handed_bytes) = self.exporter.handed;
    }

    /// Totals since the start, as of the last report or end.
    pub fn totals(&self) -> &WorkerTotals {
        &self.totals
    }

    /// Distinct five-tuples, and whether that is exact; `None` when they are not counted.
    pub fn distinct(&self) -> Option<(usize, bool)> {
        self.distinct.as_ref().map(|set| (set.len(), set.is_exact()))
    }

    /// The newest time seen, ns.
    pub fn newest_ns(&self) -> u64 {
        self.exporter.newest_ns
    }
}

/// Wire packets and wire bytes of a frame: a superframe counts as the packets that GRO or TSO merged, each with the
/// headers that were dropped, and each with the VLAN tag that the kernel removed.
#[inline(always)]
fn wire_share(frame: &Frame<'_>, header_bytes: u16) -> (u32, u64) {
    let headers = u32::from(header_bytes);
    if frame.gso_size == 0 || headers == 0 || frame.wire_len <= headers {
        return (1, frame.wire_bytes());
    }
    let packets = (frame.wire_len - headers).div_ceil(u32::from(frame.gso_size)).max(1);
    let tag = if frame.vlan.is_some() { 4 } else { 0 };
    let bytes = u64::from(frame.wire_len) + u64::from(packets - 1) * u64::from(headers) + u64::from(packets) * tag;
    (packets, bytes)
}

/// A frame's wire bytes fit 32 bits by far; what a lying capture file claims beyond that is cut in all columns alike.
#[inline(always)]
fn clamped(bytes: u64) -> u32 {
    if bytes > u64::from(u32::MAX) { u32::MAX } else { bytes as u32 }
}

#[cfg(test)]
mod tests;
