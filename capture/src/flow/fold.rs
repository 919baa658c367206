//! Folding: in a flood, one-packet flows become one summary per target, so that who attacked loses detail and how much
//! stays exact.
//!
//! A summary's key is interface, direction, local address, local port, protocol. When the table fills, newcomers lose
//! first the port, then the low part of the address (/24 or /64), then everything but interface and direction; the
//! last step always has room.

use spool::row::{Direction, EndReason, FlowRecord};

use super::distinct::Estimate;
use super::entry::Entry;
use super::key::HashSeed;
use crate::limits::{FOLD_SLOTS, INTERFACES_MAX};

/// What a summary stands for. Unspecified parts are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct FoldKey {
    address: [u8; 16],
    port: u16,
    interface: u16,
    protocol: u8,
    direction: Direction,
}

struct Summary {
    key: FoldKey,
    coarseness: Coarseness,
    flows: u64,
    first_ns: u64,
    last_ns: u64,
    /// From the originators: packets, bytes, OR of TCP flags.
    fwd: (u64, u64, u8),
    rev: (u64, u64, u8),
    syns: u64,
    syn_acks: u64,
    resets: u64,
    fragments: u64,
    remotes: Estimate,
    amplified: Amplified,
    /// What was shown by the last `harvest`.
    shown: FoldMoved,
}

/// How much of its address a summary still has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coarseness {
    /// One local address.
    #[default]
    Host,
    /// A /24 or /64.
    Prefix,
    /// None.
    Any,
}

/// What a summary's flows did since the last look.
#[derive(Clone, Copy, Debug, Default)]
pub struct FoldMoved {
    /// What the summary's address stands for.
    pub coarseness: Coarseness,
    /// The summary as a record without its counters: who, which way.
    pub record: FlowRecord,
    /// Flows folded.
    pub flows: u64,
    /// Packets and bytes from the originators.
    pub fwd: (u64, u64),
    /// Packets and bytes to them.
    pub rev: (u64, u64),
    /// SYN packets without ACK.
    pub syns: u64,
    /// SYN packets with ACK.
    pub syn_acks: u64,
    /// RST and FIN packets.
    pub resets: u64,
    /// Fragments.
    pub fragments: u64,
    /// From one service that attacks are amplified by.
    pub amplified: Amplified,
}

/// Packets from the service that sent most of them since the last look: a lower bound, by the vote of Boyer and Moore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amplified {
    /// Its port; 0 = none.
    pub port: u16,
    votes: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Amplified {
    /// All that came from `port`.
    pub fn of(port: u16, packets: u64, bytes: u64) -> Amplified {
        Amplified { port, votes: packets, packets, bytes }
    }

    #[inline]
    fn add(&mut self, port: u16, packets: u64, bytes: u64) {
        if self.port == port {
            self.votes += packets;
            self.packets += packets;
            self.bytes += bytes;
        } else if self.votes >= packets {
            self.votes -= packets;
        } else {
            *self = Amplified { port, votes: packets, packets, bytes };
        }
    }
}

/// The bounded table of summaries of one worker.
pub struct FoldTable {
    seed: HashSeed,
    /// Open addressing: 0 = free, else bits of the key's hash over the number of the summary + 1.
    index: Box<[u32; INDEX]>,
    summaries: Vec<Summary>,
    spare: Vec<Estimate>,
    last: usize,
    held: (u64, u64),
    folded: u64,
}

const UDP: u8 = 17;

/// Index places: twice the summaries, so that probes stay short.
const INDEX: usize = FOLD_SLOTS * 2;

/// Low bits of an index entry: the number of a summary + 1.
const NUMBER_MASK: u32 = (FOLD_SLOTS as u32 * 2).next_power_of_two() - 1;

/// From which fill on a summary may no longer be made at a step: port kept, port dropped, address shortened.
const STEP_MAX: [usize; 3] = [FOLD_SLOTS / 2, FOLD_SLOTS * 3 / 4, FOLD_SLOTS * 7 / 8];

const _: () = assert!(
    FOLD_SLOTS - STEP_MAX[2] >= 4 * INTERFACES_MAX,
    "the last step (interface, direction) has room for every key it can have"
);

impl FoldTable {
    /// An empty table; summaries take memory when they are made.
    pub fn new(seed: HashSeed) -> FoldTable {
        FoldTable {
            seed,
            index: Box::new([0; INDEX]),
            summaries: Vec::new(),
            spare: Vec::new(),
            last: 0,
            held: (0, 0),
            folded: 0,
        }
    }

    /// Wire packets and bytes that summaries hold.
    pub fn held(&self) -> (u64, u64) {
        self.held
    }

    /// Flows folded since the start.
    pub fn folded(&self) -> u64 {
        self.folded
    }

    /// Summaries held.
    pub fn len(&self) -> usize {
        self.summaries.len()
    }

    /// Nothing is held.
    pub fn is_empty(&self) -> bool {
        self.summaries.is_empty()
    }

    /// Adds a flow to the summary of its target; answers the address on the other side and its hash.
    #[inline]
    pub fn fold(&mut self, entry: &Entry) -> ([u8; 16], u64) {
        let (key, (remote, port)) = Self::key_of(entry);
        let at = match self.summaries.get(self.last) {
            // A flood has one target: most folds meet the same summary.
            Some(summary) if summary.key == key => self.last,
            _ => self.find_or_make(key),
        };
        self.last = at;
        let summary = &mut self.summaries[at];
        let fwd = entry.originator as usize & 1;
        let rev = 1 - fwd;
        summary.flows += 1;
        summary.first_ns = summary.first_ns.min(entry.first_ns);
        summary.last_ns = summary.last_ns.max(entry.last_ns);
        for (side, way) in [(&mut summary.fwd, fwd), (&mut summary.rev, rev)] {
            side.0 += entry.packets[way];
            side.1 += entry.bytes[way];
            side.2 |= entry.tcp_flags[way];
        }
        if entry.is_harvested() {
            summary.was_shown(entry);
        } else if key.protocol == UDP && live::reflection::place(port).is_some() {
            summary.amplified.add(port, entry.total_packets(), entry.total_bytes());
        }
        summary.syns += u64::from(entry.syns);
        if entry.syn_acks | entry.resets != 0 {
            summary.syn_acks += u64::from(entry.syn_acks);
            summary.resets += u64::from(entry.resets);
        }
        summary.fragments += u64::from(entry.fragments);
        let hash = self.seed.hash_address(&remote, 1);
        summary.remotes.insert(hash);
        self.held.0 += entry.total_packets();
        self.held.1 += entry.total_bytes();
        self.folded += 1;
        (remote, hash)
    }

    /// Shows what each summary received since the last look, with its estimate of remote addresses.
    pub fn harvest(&mut self, mut show: impl FnMut(&FoldMoved, u64)) {
        for summary in &mut self.summaries {
            if summary.flows == summary.shown.flows {
                continue;
            }
            let now = FoldMoved {
                record: FlowRecord::default(),
                coarseness: summary.coarseness,
                flows: summary.flows,
                fwd: (summary.fwd.0, summary.fwd.1),
                rev: (summary.rev.0, summary.rev.1),
                syns: summary.syns,
                syn_acks: summary.syn_acks,
                resets: summary.resets,
                fragments: summary.fragments,
                amplified: std::mem::take(&mut summary.amplified),
            };
            let before = std::mem::replace(&mut summary.shown, now);
            let moved = FoldMoved {
                record: summary.key.record(),
                coarseness: summary.coarseness,
                flows: now.flows - before.flows,
                fwd: (now.fwd.0 - before.fwd.0, now.fwd.1 - before.fwd.1),
                rev: (now.rev.0 - before.rev.0, now.rev.1 - before.rev.1),
                syns: now.syns - before.syns,
                syn_acks: now.syn_acks - before.syn_acks,
                resets: now.resets - before.resets,
                fragments: now.fragments - before.fragments,
                amplified: now.amplified,
            };
            show(&moved, summary.remote_addresses());
        }
    }

    /// The summary's key and the address on the other side. Where neither end is local, the receiver is the target.
    fn key_of(entry: &Entry) -> (FoldKey, ([u8; 16], u16)) {
        let way = entry.originator_way();
        let (src, dst) = (entry.key.sender(way), entry.key.sender(way.opposite()));
        let direction = entry.flow_direction();
        let (local, remote) = if direction == Direction::Out { (src, dst) } else { (dst, src) };
        let key = FoldKey {
            address: local.0,
            port: local.1,
            interface: entry.key.interface(),
            protocol: entry.key.protocol(),
            direction,
        };
        (key, remote)
    }

    /// The exact key first, so that an established target keeps its summary; else the key at the step that the fill
    /// allows.
    fn find_or_make(&mut self, exact: FoldKey) -> usize {
        let (place, tag, found) = self.probe(&exact);
        if let Some(at) = found {
            return at;
        }
        let step = STEP_MAX.iter().take_while(|max| self.summaries.len() >= **max).count();
        if step == 0 {
            return self.make(exact, Coarseness::Host, place, tag);
        }
        let key = coarser(exact, step);
        let (place, tag, found) = self.probe(&key);
        let coarseness = match step {
            1 => Coarseness::Host,
            2 => Coarseness::Prefix,
            _ => Coarseness::Any,
        };
        found.unwrap_or_else(|| self.make(key, coarseness, place, tag))
    }

    #[inline]
    fn probe(&self, key: &FoldKey) -> (usize, u32, Option<usize>) {
        let beside = u64::from(key.port)
            | u64::from(key.interface) << 16
            | u64::from(key.protocol) << 32
            | (key.direction as u64) << 40;
        let hash = self.seed.hash_address(&key.address, beside);
        let tag = (hash >> 32) as u32 & !NUMBER_MASK;
        let mut place = hash as usize % INDEX;
        loop {
            let entry = self.index[place];
            let number = (entry & NUMBER_MASK) as usize;
            if entry == 0 {
                return (place, tag, None);
            }
            if entry & !NUMBER_MASK == tag && self.summaries[number - 1].key == *key {
                return (place, tag, Some(number - 1));
            }
            place = (place + 1) % INDEX;
        }
    }

    fn make(&mut self, key: FoldKey, coarseness: Coarseness, place: usize, tag: u32) -> usize {
        assert!(self.summaries.len() < FOLD_SLOTS, "the steps leave room for the last one");
        let remotes = self.spare.pop().unwrap_or_default();
        self.summaries.push(Summary {
            key,
            coarseness,
            flows: 0,
            first_ns: u64::MAX,
            last_ns: 0,
            fwd: (0, 0, 0),
            rev: (0, 0, 0),
            syns: 0,
            syn_acks: 0,
            resets: 0,
            fragments: 0,
            amplified: Amplified::default(),
            remotes,
            shown: FoldMoved::default(),
        });
        self.index[place] = tag | self.summaries.len() as u32;
        self.summaries.len() - 1
    }

    /// Gives every summary as a record to `write` and begins anew.
    pub fn flush(&mut self, mut write: impl FnMut(&FlowRecord)) {
        for mut summary in self.summaries.drain(..) {
            write(&summary.record());
            summary.remotes.clear();
            self.spare.push(summary.remotes);
        }
        self.index.fill(0);
        self.last = 0;
        self.held = (0, 0);
    }
}

impl FoldKey {
    /// A record with this key's addresses and ports; the other side is left open.
    fn record(&self) -> FlowRecord {
        let any = ([0u8; 16], 0u16);
        let local = (self.address, self.port);
        let (src, dst) = if self.direction == Direction::Out { (local, any) } else { (any, local) };
        FlowRecord {
            src_ip: src.0,
            dst_ip: dst.0,
            src_port: src.1,
            dst_port: dst.1,
            interface: self.interface,
            protocol: self.protocol,
            direction: self.direction,
            end_reason: EndReason::Folded,
            ..FlowRecord::default()
        }
    }
}

/// From so many flows on the sketch is read; below, the flows are a good bound of their addresses and cost nothing.
const SKETCH_FROM: u64 = 32;

impl Summary {
    /// The telemetry has seen this flow in the table already: it is not shown again.
    #[cold]
    #[inline(never)]
    fn was_shown(&mut self, entry: &Entry) {
        let fwd = entry.originator as usize & 1;
        self.shown.flows += 1;
        for (side, way) in [(&mut self.shown.fwd, fwd), (&mut self.shown.rev, 1 - fwd)] {
            side.0 += entry.packets[way];
            side.1 += entry.bytes[way];
        }
    }

    /// At least one, or the row would say that it is not folded; at most what was folded.
    fn remote_addresses(&self) -> u64 {
        if self.flows < SKETCH_FROM { self.flows.max(1) } else { self.remotes.count().clamp(1, self.flows) }
    }

    fn record(&self) -> FlowRecord {
        FlowRecord {
            tcp_flags_fwd: self.fwd.2,
            tcp_flags_rev: self.rev.2,
            folded_addresses: u32::try_from(self.remote_addresses()).unwrap_or(u32::MAX),
            first_ns: self.first_ns,
            last_ns: self.last_ns,
            packets_fwd: self.fwd.0,
            bytes_fwd: self.fwd.1,
            packets_rev: self.rev.0,
            bytes_rev: self.rev.1,
            ..self.key.record()
        }
    }
}

/// `key` with less detail: step 1 without the port, 2 also without the low part of the address, 3 only interface and
/// direction.
fn coarser(key: FoldKey, step: usize) -> FoldKey {
    let mut key = key;
    if step >= 1 {
        key.port = 0;
    }
    if step >= 2 {
        let is_ipv4 = key.address[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        let keep = if is_ipv4 { 15 } else { 8 };
        key.address[keep..].fill(0);
    }
    if step >= 3 {
        key = FoldKey { interface: key.interface, direction: key.direction, ..FoldKey::default() };
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::key::FlowKey;
    use crate::wire::Packet;

    fn entry(src: u32, dst: u32, port: u16) -> Entry {
        let mut packet = Packet { src_port: 4000, dst_port: port, protocol: 17, ..Packet::default() };
        packet.src[10..12].fill(0xff);
        packet.dst[10..12].fill(0xff);
        packet.src[12..].copy_from_slice(&src.to_be_bytes());
        packet.dst[12..].copy_from_slice(&dst.to_be_bytes());
        let (key, way) = FlowKey::of(&packet, 1);
        let mut entry = Entry { key, first_ns: 5, last_ns: 9, originator: way as u8, ..Entry::default() };
        entry.direction = Direction::In as u8;
        entry.packets[way as usize] = 1;
        entry.bytes[way as usize] = 60;
        entry
    }

    fn table() -> FoldTable {
        FoldTable::new(HashSeed::fixed([0x1234_5678_9abc_def1, 0x2545_f491_4f6c_dd1d, 3, 4, 0x9e37_79b9_7f4a_7c15, 6]))
    }

    #[test]
    fn flood_on_one_port_is_one_row_with_exact_totals_and_an_estimate() {
        let mut table = table();
        for source in 0..100_000u32 {
            table.fold(&entry(0x0b00_0000 + source.wrapping_mul(2_654_435_761) % 0xff_ffff, 0x0a00_0001, 80));
        }
        assert_eq!((table.held(), table.len()), ((100_000, 6_000_000), 1));
        let mut rows = Vec::new();
        table.flush(|row| rows.push(*row));
        assert_eq!(
            (rows[0].packets_fwd, rows[0].bytes_fwd, rows[0].dst_port, rows[0].src_ip),
            (100_000, 6_000_000, 80, [0; 16])
        );
        assert!((90_000..=100_000).contains(&rows[0].folded_addresses), "{}", rows[0].folded_addresses);
        assert!(table.is_empty() && table.held() == (0, 0));
    }

    #[test]
    fn many_targets_stay_bounded_and_totals_exact() {
        let mut table = table();
        let mut packets = 0;
        for round in 0..3u32 {
            for target in 0..60_000u32 {
                table.fold(&entry(target ^ round, 0x0a00_0000 + target * 7, (target * 31) as u16));
                packets += 1;
            }
            assert!(table.len() <= FOLD_SLOTS);
            let mut sum = 0;
            table.flush(|row| {
                sum += row.packets();
                assert!(row.folded_addresses >= 1);
            });
            assert_eq!(sum, 60_000);
        }
        assert_eq!((packets, table.folded()), (180_000, 180_000));
    }
}
