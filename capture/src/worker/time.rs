//! How time passes for a worker: live by the machine's clock, which may be set, in a file by the packets, which may go
//! back.

use super::Worker;
use super::message::Message;
use crate::limits::{
    FOLD_FLUSH_NS, GROUPS_BEHIND_MAX, SECOND_NS, STAMP_AHEAD_MAX_NS, STAMP_BEHIND_MAX_NS, SWEEP_ENTRIES_MAX,
};

impl Worker {
    /// Lets time pass up to `now_ns`: expires flows step by step, closes seconds, hands over what is old. To be called
    /// at block rate, and when nothing comes.
    pub fn advance(&mut self, now_ns: u64) {
        self.exporter.newest_ns = self.exporter.newest_ns.max(now_ns);
        let mut entries_max = usize::MAX;
        if self.options.live {
            self.now_ns = now_ns;
            self.stamp_floor_ns = now_ns.saturating_sub(STAMP_BEHIND_MAX_NS);
            self.stamp_width_ns = STAMP_BEHIND_MAX_NS + STAMP_AHEAD_MAX_NS;
            entries_max = SWEEP_ENTRIES_MAX;
        }
        if self.swept_ns == 0 {
            self.swept_ns = now_ns;
            self.fold_flushed_ns = now_ns;
        }
        let elapsed = now_ns.saturating_sub(self.swept_ns).min(SECOND_NS);
        // The whole table once a second, in steps that are worth a call.
        let touched = self.table.touched() as u64;
        let due = touched * elapsed / SECOND_NS;
        if due >= (touched / 64).max(1) || elapsed == SECOND_NS {
            let exporter = &mut self.exporter;
            self.table.sweep(entries_max.min(due as usize), now_ns, |entry, reason| match reason {
                Some(reason) => exporter.export(entry, reason),
                None => exporter.note(entry),
            });
            self.swept_ns = now_ns;
        }
        if now_ns.saturating_sub(self.fold_flushed_ns) >= FOLD_FLUSH_NS {
            self.exporter.flush_folded();
            self.fold_flushed_ns = now_ns;
        }
        self.exporter.hand_over_if_due(now_ns);
        self.send_closed();
    }

    /// The machine's clock was set by `by_ns` and is `now_ns` now. Flows move with it, so that none ends and none lives
    /// on because of that; what was open of seconds, minutes, summaries and rows is closed in the old time.
    pub fn step(&mut self, by_ns: i64, now_ns: u64) {
        self.table.shift(by_ns);
        self.begin_anew(now_ns);
        self.advance(now_ns);
    }

    /// Time goes on from `now_ns`, wherever it was before.
    fn begin_anew(&mut self, now_ns: u64) {
        if let Some(minute) = self.exporter.telemetry.take_minute() {
            self.exporter.outbox.push_back(Message::Minute(minute));
        }
        self.close_second(now_ns);
        self.send_closed();
        self.exporter.flush_folded();
        self.exporter.hand_over();
        self.exporter.newest_ns = now_ns;
        self.swept_ns = now_ns;
        self.fold_flushed_ns = now_ns;
    }

    /// A capture file whose time goes back and stays there takes the newest time along: else nothing would end or close
    /// until it comes again.
    #[inline(always)]
    pub(super) fn follow_back(&mut self, time_ns: u64) {
        if self.exporter.newest_ns.saturating_sub(time_ns) <= STAMP_BEHIND_MAX_NS {
            self.groups_behind = 0;
            return;
        }
        self.groups_behind += 1;
        if self.groups_behind > GROUPS_BEHIND_MAX && !self.options.live {
            self.groups_behind = 0;
            self.begin_anew(time_ns);
        }
    }

    #[cold]
    pub(super) fn close_second(&mut self, time_ns: u64) {
        self.counters.close(time_ns, &mut self.closed);
        // A flood begins above the bound and ends below half of it, so that the mode does not flap.
        let bound = self.options.fold_flows_per_second;
        self.exporter.flood = self.new_in_second > if self.exporter.flood { bound / 2 } else { bound };
        self.new_in_second = 0;
        let evicted = self.exporter.evicted - self.evicted_before;
        self.evicted_before = self.exporter.evicted;
        self.exporter.turns_over = self.options.fold && evicted >= self.table.used() as u64;
        if let Some(minute) = self.exporter.telemetry.roll_minute(time_ns / SECOND_NS) {
            self.exporter.outbox.push_back(Message::Minute(minute));
        }
    }

    /// The new flows of the second must also be judged when no packet closes it.
    pub fn idle_second(&mut self, now_ns: u64) {
        if self.counters.is_outside(now_ns) {
            self.close_second(now_ns);
            self.send_closed();
        }
    }

    pub(super) fn send_closed(&mut self) {
        if !self.closed.is_empty() {
            self.exporter.outbox.push_back(Message::Traffic(std::mem::take(&mut self.closed)));
        }
    }
}
