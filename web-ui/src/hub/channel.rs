//! One channel: the ring of its newest messages, and what has left it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::limits::HOST_IDLE_NS;
use super::message::Message;
use super::name::{INCIDENTS, Kind};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages.
    pub messages_max: usize,
    /// Bytes of their texts, with what each costs beside.
    pub bytes_max: usize,
    /// Age, ns.
    pub age_max_ns: u64,
}

/// What left a ring, or is taken out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gone {
    pub messages: usize,
    pub bytes: usize,
    /// Of the messages, those that were not too old.
    pub evicted: usize,
}

/// A channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub kind: Kind,
    /// Oldest first; numbers and times never fall.
    pub ring: VecDeque<Arc<Message>>,
    pub bytes: usize,
    /// Number of the newest message that is no longer in the ring: a reader who has not read so far has lost one.
    pub lost_to: u64,
    /// Its time, ns since the epoch; 0 = none was lost.
    pub lost_time_ns: u64,
    pub subscribers: usize,
    pub is_gauge: bool,
    bounds: Bounds,
    /// When a script's channel ends, or an unwatched host's; `u64::MAX` for the others.
    pub expires_ns: u64,
}

impl Channel {
    /// An empty channel. What a former channel of its name had is told by `lost_to`.
    pub fn new(name: &str, kind: Kind, bounds: Bounds, lost_to: u64, now_ns: u64) -> Channel {
        let expires_ns = match kind {
            Kind::Own => u64::MAX,
            Kind::Host | Kind::Script => now_ns.saturating_add(HOST_IDLE_NS),
        };
        Channel {
            kind,
            ring: VecDeque::new(),
            bytes: 0,
            lost_to,
            // When it was lost is not kept: at some time before now.
            lost_time_ns: if lost_to == 0 { 0 } else { now_ns },
            subscribers: 0,
            is_gauge: kind != Kind::Script && name != INCIDENTS,
            bounds,
            expires_ns,
        }
    }

    /// The same with bounds of its own, never above those it has.
    pub fn bound(&mut self, messages_max: Option<usize>, bytes_max: Option<usize>) {
        self.bounds.messages_max = messages_max.unwrap_or(usize::MAX).min(self.bounds.messages_max);
        self.bounds.bytes_max = bytes_max.unwrap_or(usize::MAX).min(self.bounds.bytes_max);
    }

    /// Takes a message in, and lets go what is too much; tells what left.
    pub fn push(&mut self, message: Arc<Message>) -> Gone {
        self.bytes += message.bytes();
        let now_ns = message.time_ns;
        if self.kind == Kind::Host {
            self.expires_ns = self.expires_ns.max(now_ns.saturating_add(HOST_IDLE_NS));
        }
        self.ring.push_back(message);
        self.trim(now_ns)
    }

    /// Lets go what is too old or too much.
    pub fn trim(&mut self, now_ns: u64) -> Gone {
        let mut gone = Gone::default();
        while let Some(oldest) = self.ring.front() {
            let is_old = oldest.time_ns.saturating_add(self.bounds.age_max_ns) < now_ns;
            let is_too_much = self.ring.len() > self.bounds.messages_max || self.bytes > self.bounds.bytes_max;
            if !(is_old || is_too_much) {
                break;
            }
            gone.bytes += self.pop();
            gone.messages += 1;
            gone.evicted += usize::from(!is_old);
        }
        gone
    }

    /// Lets the oldest go; its bytes.
    pub fn pop(&mut self) -> usize {
        let Some(oldest) = self.ring.pop_front() else { return 0 };
        self.lost_to = oldest.seq;
        self.lost_time_ns = oldest.time_ns;
        self.bytes -= oldest.bytes();
        oldest.bytes()
    }

    /// Number of the newest message that it ever had, as far as is known.
    pub fn newest(&self) -> u64 {
        self.ring.back().map_or(self.lost_to, |newest| newest.seq)
    }

    /// Those after `seq`.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = &Arc<Message>> {
        self.ring.range(self.ring.partition_point(|message| message.seq <= seq)..)
    }

    /// The first published at `time_ns` or later.
    pub fn since(&self, time_ns: u64) -> Option<&Arc<Message>> {
        self.ring.get(self.ring.partition_point(|message| message.time_ns < time_ns))
    }
}
