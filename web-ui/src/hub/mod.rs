//! The push hub: channels, one hub-wide sequence, a bounded ring of messages. It knows no HTTP and no clock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// One message. Cheap to clone: the body is shared by all who read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number in the hub, from 1, over all channels.
    pub seq: u64,
    /// When it was published, ns since the epoch; never less than the message's before.
    pub time_ns: u64,
    /// The channels it was published to.
    pub channels: Arc<[Arc<str>]>,
    /// Its body: JSON of the page's own channels, any UTF-8 text below `x/`.
    pub body: Arc<str>,
}

/// How much the hub keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages.
    pub messages_max: usize,
    /// Bytes of their bodies.
    pub bytes_max: usize,
    /// Age, ns.
    pub age_max_ns: u64,
}

/// The hub.
pub struct Hub {
    bounds: Bounds,
    ring: Mutex<Ring>,
}

#[derive(Default)]
struct Ring {
    seq: u64,
    bytes: usize,
    messages: VecDeque<Message>,
}

impl Hub {
    /// An empty hub.
    pub fn new(bounds: Bounds) -> Hub {
        Hub { bounds, ring: Mutex::default() }
    }

    /// Publishes a message to several channels at once; gives its number.
    pub fn publish(&self, channels: &[&str], body: &str, now_ns: u64) -> u64 {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.seq += 1;
        let time_ns = ring.messages.back().map_or(now_ns, |last| last.time_ns.max(now_ns));
        let channels = channels.iter().map(|&name| Arc::from(name)).collect();
        ring.bytes += body.len();
        let seq = ring.seq;
        ring.messages.push_back(Message { seq, time_ns, channels, body: Arc::from(body) });
        while let Some(oldest) = ring.messages.front() {
            let is_old = oldest.time_ns.saturating_add(self.bounds.age_max_ns) < time_ns;
            let is_too_much = ring.messages.len() > self.bounds.messages_max || ring.bytes > self.bounds.bytes_max;
            if !(is_old || is_too_much) {
                break;
            }
            ring.bytes -= oldest.body.len();
            ring.messages.pop_front();
        }
        seq
    }
}
