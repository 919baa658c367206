//! Flow records on their way to the spooler, already in the spool's encoding.

use spool::row::{FLOW_ROW_BYTES, FlowRecord};

use crate::limits::{BATCH_AGE_MAX, BATCH_ROWS};

/// A batch that is handed over; empty ones come back to be filled again.
#[derive(Debug, Default)]
pub struct FlowBatch {
    /// Encoded rows.
    pub payload: Vec<u8>,
    /// How many.
    pub rows: u32,
    /// Earliest time in them, ns.
    pub first_ns: u64,
    /// Latest time in them, ns.
    pub last_ns: u64,
    /// Their wire packets.
    pub packets: u64,
    /// Their wire bytes.
    pub bytes: u64,
}

/// The batch that is being filled.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    open: FlowBatch,
    begun_ns: u64,
    spare: Vec<Vec<u8>>,
}

impl BatchBuilder {
    /// Adds a record; true = the batch is full.
    #[inline]
    pub fn push(&mut self, record: &FlowRecord, now_ns: u64) -> bool {
        let open = &mut self.open;
        if open.rows == 0 {
            self.begun_ns = now_ns;
            open.first_ns = record.first_ns;
            open.last_ns = record.last_ns;
            if open.payload.capacity() == 0 {
                open.payload = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BATCH_ROWS * FLOW_ROW_BYTES));
            }
        }
        open.payload.extend_from_slice(&record.encode());
        open.rows += 1;
        open.first_ns = open.first_ns.min(record.first_ns);
        open.last_ns = open.last_ns.max(record.last_ns);
        open.packets += record.packets();
        open.bytes += record.bytes();
        open.rows as usize >= BATCH_ROWS
    }

    /// Whether the open batch has waited long enough.
    pub fn is_due(&self, now_ns: u64) -> bool {
        self.open.rows > 0 && now_ns.saturating_sub(self.begun_ns) >= BATCH_AGE_MAX.as_nanos() as u64
    }

    /// Wire packets in the open batch.
    pub fn packets(&self) -> u64 {
        self.open.packets
    }

    /// Wire bytes in the open batch.
    pub fn bytes(&self) -> u64 {
        self.open.bytes
    }

    /// The open batch, if it has rows.
    pub fn take(&mut self) -> Option<FlowBatch> {
        (self.open.rows > 0).then(|| std::mem::take(&mut self.open))
    }

    /// Keeps an emptied payload for a later batch.
    pub fn recycle(&mut self, mut payload: Vec<u8>) {
        payload.clear();
        if self.spare.len() < 4 {
            self.spare.push(payload);
        }
    }
}
