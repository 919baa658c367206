//! worker: one core's line from frames to messages for the spooler. No I/O, no lock, no clock: time is an argument.
//!
//! A driver (the live loop, or the reader of a capture file) gives groups of frames and says what time it is; the worker
//! leaves messages in its outbox, and the driver carries them to the spooler.

pub mod batch;
pub mod message;

use std::collections::VecDeque;
use std::sync::Arc;

use spool::row::{Direction, EndReason, FlowRecord};

use crate::flow::distinct::BoundedSet;
use crate::flow::key::{FlowKey, HashSeed, Way};
use crate::flow::table::{Candidate, Expelled, FlowTable, Seen, Timeouts};
use crate::flow::{Entry, FoldTable};
use crate::frame::Frame;
use crate::limits::{FOLD_FLUSH_NS, GROUP_FRAMES, SECOND_NS};
use crate::local::LocalNetworks;
use crate::telemetry::counters::Counted;
use crate::telemetry::{InterfaceSecond, ProtocolClass, SecondCounters, Telemetry};
use crate::wire::{self, Fragment, Skip};

use batch::BatchBuilder;
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
    fold: FoldTable,
    telemetry: Telemetry,
    counters: SecondCounters,
    distinct: Option<BoundedSet>,
    expelled: Vec<Expelled>,
    pending: Vec<Pending>,
    batch: BatchBuilder,
    closed: Vec<InterfaceSecond>,
    outbox: VecDeque<Message>,
    totals: WorkerTotals,
    interfaces: Vec<InterfaceTotals>,
    newest_ns: u64,
    swept_ns: u64,
    fold_flushed_ns: u64,
    new_in_second: u64,
    flood: bool,
}

impl Worker {
    /// A worker with its table.
    pub fn new(options: WorkerOptions) -> Worker {
        let table = FlowTable::new(options.flow_table_entries, options.timeouts, options.seed);
        Worker {
            distinct: options.count_distinct.then(|| BoundedSet::new(options.flow_table_entries)),
            fold: FoldTable::new(options.seed),
            telemetry: Telemetry::new(options.seed),
            counters: SecondCounters::new(options.interfaces),
            expelled: Vec::with_capacity(4 * GROUP_FRAMES),
            pending: Vec::with_capacity(GROUP_FRAMES),
            batch: BatchBuilder::default(),
            closed: Vec::new(),
            outbox: VecDeque::new(),
            totals: WorkerTotals::default(),
            interfaces: vec![InterfaceTotals::default(); options.interfaces + 1],
            newest_ns: 0,
            swept_ns: 0,
            fold_flushed_ns: 0,
            new_in_second: 0,
            flood: false,
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
            let packet = match wire::parse(&frame, self.options.decapsulate) {
                Ok(packet) => packet,
                Err(skip) => {
                    self.skip(interface, skip, frame.time_ns);
                    continue;
                }
            };
            let (packets, bytes) = wire_share(&frame, packet.header_bytes);
            parsed = parsed.wrapping_add(u64::from(packets));
            bytes_sum = bytes_sum.wrapping_add(u64::from(clamped(bytes)));
            ip_bytes = ip_bytes.wrapping_add(u64::from(packet.ip_bytes));
            let fragment = packet.fragment != Fragment::None;
            if packets > 1 || fragment || packet.truncated {
                self.mark(packets, fragment, packet.truncated);
            }
            let (key, way) = FlowKey::of(&packet, interface);
            let hash = self.table.hash(&key);
            self.table.prefetch_bucket(hash);
            self.pending.push(Pending {
                interface,
                key,
                hash,
                candidate: Candidate::NONE,
                way,
                seen: Seen {
                    time_ns: frame.time_ns,
                    packets,
                    bytes: clamped(bytes),
                    tcp_flags: packet.tcp_flags,
                    fragment,
                },
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
        self.newest_ns = self.newest_ns.max(time_ns);
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
        self.pending = pending;
        if !self.expelled.is_empty() {
            self.export_expelled();
        }
    }

    #[inline(always)]
    fn count(&mut self, pending: &Pending) {
        let local = &self.options.local;
        let locate = |key: &FlowKey, originator: Way| -> Direction {
            local.direction(&key.sender(originator).0, &key.sender(originator.opposite()).0)
        };
        let seen = &pending.seen;
        let updated = self.table.update(
            &pending.key,
            pending.hash,
            pending.candidate,
            pending.way,
            seen,
            locate,
            &mut self.expelled,
        );
        if updated.is_new {
            self.new_in_second += 1;
            // A flood is taken for one at once; that it is over is judged at the end of a second.
            self.flood |= self.new_in_second > self.options.fold_flows_per_second;
            if let Some(distinct) = &mut self.distinct {
                distinct.insert(self.options.seed.hash(&pending.key.five_tuple()));
            }
        }
        if self.counters.is_outside(seen.time_ns) {
            self.close_second(seen.time_ns);
        }
        self.newest_ns = self.newest_ns.max(seen.time_ns);
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

    #[cold]
    fn close_second(&mut self, time_ns: u64) {
        self.counters.close(time_ns, &mut self.closed);
        // A flood begins above the bound and ends below half of it, so that the mode does not flap.
        let bound = self.options.fold_flows_per_second;
        self.flood = self.new_in_second > if self.flood { bound / 2 } else { bound };
        self.new_in_second = 0;
        if let Some(minute) = self.telemetry.roll_minute(time_ns / SECOND_NS) {
            self.outbox.push_back(Message::Minute(minute));
        }
    }

    /// Lets time pass up to `now_ns`: expires flows step by step, closes seconds, hands over what is old. To be called
    /// at block rate, and when nothing comes.
    pub fn advance(&mut self, now_ns: u64) {
        self.newest_ns = self.newest_ns.max(now_ns);
        if self.swept_ns == 0 {
            self.swept_ns = now_ns;
            self.fold_flushed_ns = now_ns;
        }
        let elapsed = now_ns.saturating_sub(self.swept_ns).min(SECOND_NS);
        let buckets = self.table.buckets();
        let due = (buckets as u64 * elapsed / SECOND_NS) as usize;
        if due >= (buckets / 64).max(1) {
            let (telemetry, folds) = (&mut self.telemetry, self.flood && self.options.fold);
            self.table.sweep(due, now_ns, &mut self.expelled, |entry| {
                // In a flood a one-packet flow is noted when it is folded.
                if !folds || entry.total_packets() > 1 {
                    telemetry.harvest(entry);
                }
            });
            self.swept_ns = now_ns;
            self.export_expelled();
        }
        if now_ns.saturating_sub(self.fold_flushed_ns) >= FOLD_FLUSH_NS {
            self.flush_folded();
            self.fold_flushed_ns = now_ns;
        }
        if self.batch.is_due(now_ns) {
            self.hand_over();
        }
        self.send_closed();
    }

    /// Counts ring entries that hold no frame the walk could read: they were taken, and they are malformed.
    pub fn damaged(&mut self, interface: u16, entries: u32, now_ns: u64) {
        for _ in 0..entries {
            self.totals.taken += 1;
            self.interfaces[usize::from(interface)].taken += 1;
            self.skip(interface, Skip::Malformed, now_ns);
        }
    }

    /// The new flows of the second must also be judged when no packet closes it.
    pub fn idle_second(&mut self, now_ns: u64) {
        if self.counters.is_outside(now_ns) {
            self.close_second(now_ns);
            self.send_closed();
        }
    }

    fn send_closed(&mut self) {
        if !self.closed.is_empty() {
            self.outbox.push_back(Message::Traffic(std::mem::take(&mut self.closed)));
        }
    }

    fn export_expelled(&mut self) {
        let mut expelled = std::mem::take(&mut self.expelled);
        for Expelled { entry, reason } in &mut expelled {
            self.export(entry, *reason);
        }
        expelled.clear();
        self.expelled = expelled;
    }

    fn export(&mut self, entry: &mut Entry, reason: EndReason) {
        let pressed = self.flood || reason == EndReason::Evicted;
        self.totals.evicted += u64::from(reason == EndReason::Evicted);
        if pressed && self.options.fold && entry.total_packets() == 1 && reason != EndReason::Active {
            let (remote, hash) = self.fold.fold(entry);
            self.telemetry.harvest_folded(entry, &remote, hash);
        } else {
            self.telemetry.harvest(entry);
            self.write(&entry.record(reason));
        }
    }

    fn write(&mut self, record: &FlowRecord) {
        self.totals.records += 1;
        if self.batch.push(record, self.newest_ns) {
            self.hand_over();
        }
    }

    fn flush_folded(&mut self) {
        self.harvest_folded();
        let mut summaries = Vec::new();
        self.fold.flush(|record| summaries.push(*record));
        for record in &summaries {
            self.write(record);
        }
    }

    /// What the summaries' targets received since the last look.
    fn harvest_folded(&mut self) {
        let telemetry = &mut self.telemetry;
        self.fold.harvest(|moved, remotes| telemetry.harvest_summary(moved, remotes));
    }

    /// Puts the open batch into the outbox.
    pub fn hand_over(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.totals.handed_packets += batch.packets;
            self.totals.handed_bytes += batch.bytes;
            self.outbox.push_back(Message::Flows(batch));
        }
    }

    /// Gives an emptied payload back for the next batch.
    pub fn recycle(&mut self, payload: Vec<u8>) {
        self.batch.recycle(payload);
    }

    /// Batches that the driver could not hand over: they are not written, and counted.
    pub fn shed(&mut self, packets: u64, bytes: u64) {
        self.totals.handed_packets -= packets;
        self.totals.handed_bytes -= bytes;
        self.totals.shed_packets += packets;
        self.totals.shed_bytes += bytes;
    }

    /// Under pressure of a full queue one-packet flows are folded as in a flood, until the next second is judged.
    pub fn press(&mut self) {
        self.flood = true;
    }

    /// Messages for the spooler, oldest first.
    pub fn outbox(&mut self) -> &mut VecDeque<Message> {
        &mut self.outbox
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
        self.harvest_folded();
        let (table, fold) = (self.table.held(), self.fold.held());
        self.totals.held_packets = table.0 + fold.0 + self.batch.packets();
        self.totals.held_bytes = table.1 + fold.1 + self.batch.bytes();
        self.totals.folded = self.fold.folded();
        let report = Report::new(
            self.options.worker,
            tick,
            cpu_ns,
            &self.totals,
            &self.interfaces,
            self.table.used() as u64,
            self.flood,
            &self.telemetry.second,
        );
        self.telemetry.clear_second();
        Box::new(report)
    }

    /// Exports everything: the program ends, or the file did. The table is empty afterwards.
    pub fn finish(&mut self) {
        let mut more = true;
        while more {
            more = self.table.drain(64, &mut self.expelled);
            self.export_expelled();
        }
        self.flush_folded();
        self.hand_over();
        self.counters.close(self.newest_ns, &mut self.closed);
        self.send_closed();
        if let Some(minute) = self.telemetry.take_minute() {
            self.outbox.push_back(Message::Minute(minute));
        }
    }

    /// Totals since the start.
    pub fn totals(&self) -> &WorkerTotals {
        &self.totals
    }

    /// Distinct five-tuples, and whether that is exact; `None` when they are not counted.
    pub fn distinct(&self) -> Option<(usize, bool)> {
        self.distinct.as_ref().map(|set| (set.len(), set.is_exact()))
    }

    /// Flows folded since the start.
    pub fn folded(&self) -> u64 {
        self.fold.folded()
    }

    /// The newest time seen, ns.
    pub fn newest_ns(&self) -> u64 {
        self.newest_ns
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
