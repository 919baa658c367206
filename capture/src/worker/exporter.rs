//! What leaves the flow table: each flow becomes a row, or in a flood joins the summary of its target.

use std::collections::VecDeque;

use spool::row::{EndReason, FlowRecord};

use super::batch::BatchBuilder;
use super::message::Message;
use crate::flow::key::HashSeed;
use crate::flow::{Entry, FoldTable};
use crate::telemetry::Telemetry;

/// The way out of one worker.
pub struct Exporter {
    folds: bool,
    /// One-packet flows are folded now.
    pub flood: bool,
    /// Newcomers are pushed out of the table within a second, and are noted when they are folded then.
    pub turns_over: bool,
    /// Who talks; flows are noted here when they move and when they leave.
    pub telemetry: Telemetry,
    /// Messages for the spooler, oldest first.
    pub outbox: VecDeque<Message>,
    fold: FoldTable,
    batch: BatchBuilder,
    /// The newest time seen, ns: the age of a batch.
    pub newest_ns: u64,
    /// Flow records written, summaries included.
    pub records: u64,
    /// Entries pushed out of the full table.
    pub evicted: u64,
    /// Wire packets and bytes in batches put into the outbox.
    pub handed: (u64, u64),
}

impl Exporter {
    /// Nothing exported yet; `folds` = one-packet flows may be folded.
    pub fn new(seed: HashSeed, folds: bool) -> Exporter {
        Exporter {
            folds,
            flood: false,
            turns_over: false,
            telemetry: Telemetry::new(seed),
            outbox: VecDeque::new(),
            fold: FoldTable::new(seed),
            batch: BatchBuilder::default(),
            newest_ns: 0,
            records: 0,
            evicted: 0,
            handed: (0, 0),
        }
    }

    /// Takes what `entry` did since its last export. Runs at packet rate in a flood.
    #[inline]
    pub fn export(&mut self, entry: &mut Entry, reason: EndReason) {
        self.evicted += u64::from(reason == EndReason::Evicted);
        let pressed = self.flood || reason == EndReason::Evicted;
        if pressed && self.folds && entry.total_packets() == 1 && reason != EndReason::Active {
            let (remote, hash) = self.fold.fold(entry);
            self.telemetry.harvest_folded(entry, &remote, hash);
        } else {
            self.export_row(entry, reason);
        }
    }

    #[inline(never)]
    fn export_row(&mut self, entry: &mut Entry, reason: EndReason) {
        self.telemetry.harvest(entry);
        self.write(&entry.record(reason));
    }

    /// A flow that stays in the table is noted. A flood's one-packet flows stay there until they are idle, or the table
    /// is full: who waited for that would hear of the attack when it is over.
    pub fn note(&mut self, entry: &mut Entry) {
        if self.flood && entry.total_packets() == 1 {
            if !self.turns_over {
                self.telemetry.harvest_single(entry);
            }
        } else {
            self.telemetry.harvest(entry);
        }
    }

    fn write(&mut self, record: &FlowRecord) {
        self.records += 1;
        if self.batch.push(record, self.newest_ns) {
            self.hand_over();
        }
    }

    /// Puts the open batch into the outbox.
    pub fn hand_over(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.handed.0 += batch.packets;
            self.handed.1 += batch.bytes;
            self.outbox.push_back(Message::Flows(batch));
        }
    }

    /// Puts the open batch into the outbox when it is old.
    pub fn hand_over_if_due(&mut self, now_ns: u64) {
        if self.batch.is_due(now_ns) {
            self.hand_over();
        }
    }

    /// Writes the summaries.
    pub fn flush_folded(&mut self) {
        self.harvest_folded();
        let mut summaries = Vec::new();
        self.fold.flush(|record| summaries.push(*record));
        for record in &summaries {
            self.write(record);
        }
    }

    /// What the summaries' targets received since the last look.
    pub fn harvest_folded(&mut self) {
        let telemetry = &mut self.telemetry;
        telemetry.end_run();
        self.fold.harvest(|moved, remotes| telemetry.harvest_summary(moved, remotes));
    }

    /// Wire packets and bytes in summaries and in the open batch.
    pub fn held(&self) -> (u64, u64) {
        let fold = self.fold.held();
        (fold.0 + self.batch.packets(), fold.1 + self.batch.bytes())
    }

    /// Flows folded since the start.
    pub fn folded(&self) -> u64 {
        self.fold.folded()
    }

    /// Gives an emptied payload back for the next batch.
    pub fn recycle(&mut self, payload: Vec<u8>) {
        self.batch.recycle(payload);
    }
}
