//! What a worker does with the few packets that it looks at one by one.

use std::sync::Arc;

use super::{Worker, clamped, wire_share};
use crate::frame::Frame;
use crate::sample::{Offer, Taking};
use crate::telemetry::look::Looked;
use crate::wire;

impl Worker {
    /// Looks at a frame. By value: a reference would keep it in memory on the fast way too.
    #[cold]
    #[inline(never)]
    pub(super) fn look(&mut self, interface: u16, frame: Frame<'_>) {
        let Ok(packet) = wire::parse(&frame, self.options.decapsulate) else {
            // The next one in its place.
            self.until_look = 1;
            return;
        };
        let offer = Offer { interface, frame: &frame, packet: &packet, time_ns: self.believed(frame.time_ns) };
        if self.taking.is_empty() {
            self.keep(&offer);
            self.until_look = self.looker.interval();
            return;
        }
        for taking in &self.taking {
            taking.offer(&offer);
        }
        self.until_kept = self.until_kept.saturating_sub(1);
        if self.until_kept == 0 {
            self.keep(&offer);
            self.until_kept = self.looker.interval();
        }
        self.until_look = 1;
    }

    fn keep(&mut self, offer: &Offer<'_>) {
        let packet = offer.packet;
        let (packets, bytes) = wire_share(offer.frame, packet.header_bytes);
        let looked = Looked {
            src: packet.src,
            dst: packet.dst,
            src_port: packet.src_port,
            dst_port: packet.dst_port,
            protocol: packet.protocol,
            tcp_flags: packet.tcp_flags,
            ttl: wire::hop_limit(offer.frame),
            direction: self.options.local.direction(&packet.src, &packet.dst),
            packets,
            bytes: clamped(bytes),
        };
        if self.looker.keep(looked) {
            self.recent.keep(offer);
        }
    }

    /// The samples that are taken from now on. One that is new gets recent packets first.
    pub fn take_samples(&mut self, taking: Vec<Arc<Taking>>) {
        for one in taking.iter().filter(|one| !self.taking.iter().any(|known| Arc::ptr_eq(known, one))) {
            self.recent.offer(one);
        }
        match (self.taking.is_empty(), taking.is_empty()) {
            (true, false) => {
                self.until_kept = self.until_look;
                self.until_look = 1;
            }
            (false, true) => self.until_look = self.until_kept.max(1),
            _ => {}
        }
        self.taking = taking;
    }
}
