//! One-packet flows of one target in a row: a flood's, added up before they go into the tables.
//!
//! A flood of new sources has few targets and many flows. What they have in common is added here at a few ns a flow;
//! only the remote address of each is looked at.

use spool::row::Direction;

use super::harvest::Moved;
use super::host::Remotes;
use super::sketch::Sketch;
use super::top::{TopCounts, TopKey};
use crate::flow::{Amplified, Coarseness};

/// Address and port.
type Endpoint = ([u8; 16], u16);

/// See the module.
#[derive(Default)]
pub(super) struct Run {
    /// Of the first flow: who began it, for whom it was meant.
    src: Endpoint,
    dst: Endpoint,
    protocol: u8,
    direction: Direction,
    /// The way of all of its packets.
    is_forward: bool,
    counts: TopCounts,
    syn_acks: u64,
    resets: u64,
    remotes: Sketch,
}

impl Run {
    /// Whether `moved` goes on with it: the same local end with its port, the same service on the other side.
    #[inline]
    pub(super) fn takes(&self, moved: &Moved<'_>) -> bool {
        let (local, remote) = ends(moved);
        self.counts.flows > 0
            && self.protocol == moved.protocol
            && self.direction == moved.direction
            && self.is_forward == (moved.forward.packets_in > 0)
            && *self.local() == *local
            && self.service() == service(moved.protocol, remote.1)
    }

    fn local(&self) -> &Endpoint {
        if self.direction == Direction::Out { &self.src } else { &self.dst }
    }

    fn service(&self) -> u16 {
        let remote = if self.direction == Direction::Out { &self.dst } else { &self.src };
        service(self.protocol, remote.1)
    }

    /// Begins with what `moved` has in common with those that follow.
    pub(super) fn begin(&mut self, moved: &Moved<'_>) {
        *self = Run {
            src: moved.src,
            dst: moved.dst,
            protocol: moved.protocol,
            direction: moved.direction,
            is_forward: moved.forward.packets_in > 0,
            ..Run::default()
        };
    }

    /// Adds a flow; answers the address on the other side.
    #[inline]
    pub(super) fn add(&mut self, moved: &Moved<'_>) -> TopKey {
        self.counts.add(&moved.forward);
        self.syn_acks += moved.syn_acks;
        self.resets += moved.resets;
        ends(moved).1.0
    }

    /// The address on the other side, by its hash.
    #[inline]
    pub(super) fn meet(&mut self, remote: u64) {
        self.remotes.insert(remote);
    }

    /// All of it as one; `None` = nothing was added.
    pub(super) fn moved(&self) -> Option<Moved<'_>> {
        (self.counts.flows > 0).then(|| Moved {
            src: self.src,
            dst: self.dst,
            protocol: self.protocol,
            direction: self.direction,
            forward: self.counts,
            syn_acks: self.syn_acks,
            resets: self.resets,
            is_conversation: false,
            coarseness: Coarseness::Host,
            remotes: Some(Remotes::Many(&self.remotes)),
            amplified: Some(Amplified::of(
                self.service(),
                self.counts.packets(),
                self.counts.bytes_in + self.counts.bytes_out,
            )),
        })
    }
}

/// The local end and the other; where neither is local, the receiver takes its place.
#[inline]
fn ends<'a>(moved: &'a Moved<'_>) -> (&'a Endpoint, &'a Endpoint) {
    if moved.direction == Direction::Out { (&moved.src, &moved.dst) } else { (&moved.dst, &moved.src) }
}

/// The remote port, where it tells something of what comes from it.
#[inline]
fn service(protocol: u8, port: u16) -> u16 {
    if protocol == 17 && live::reflection::place(port).is_some() { port } else { 0 }
}
