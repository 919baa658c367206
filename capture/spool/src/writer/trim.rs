//! How segments go: strictly oldest first, when every row that can be read is acknowledged.

use super::Writer;
use crate::ack::Ack;
use crate::disk::Disk;
use crate::error::SpoolError;
use crate::limits::TRIMS_PER_INSPECTION;
use crate::segment;
use crate::survey::{has_readable_beyond, survey};

/// Segments of an earlier life that one trim looks at: each costs a read of its headers.
const SURVEYS_PER_TRIM: u32 = 2;

impl<D: Disk> Writer<D> {
    /// Lets the oldest segments go of which every row is acknowledged; answers how many.
    ///
    /// # Errors
    /// A file cannot be renamed, removed or looked at; a later call tries again.
    pub fn trim(&mut self, ack: &Ack) -> Result<usize, SpoolError> {
        let (mut gone, mut surveys) = (0, 0);
        while let Some(index) = self.book.oldest() {
            // The newest is the open one, or tells the next start which numbers were used.
            let is_newest = self.book.newest() == Some(index);
            if is_newest || (self.keeps_ledger && self.book.holds_newest_ledger(index)) {
                break;
            }
            let acknowledged = match self.book.is_acknowledged(index, ack) {
                None if surveys == SURVEYS_PER_TRIM => break,
                None => {
                    surveys += 1;
                    // One that cannot be read blocks like one with rows that are not stored yet.
                    match survey(&self.disk, &self.dir, index) {
                        Ok(found) => {
                            self.book.surveyed(index, found.ends, found.end, found.has_ledger);
                            continue;
                        }
                        Err(_) => false,
                    }
                }
                Some(acknowledged) => acknowledged,
            };
            if !acknowledged && !self.is_lost(index, ack) {
                break;
            }
            self.let_go(index)?;
            gone += 1;
        }
        Ok(gone)
    }

    /// Whether a segment that is not acknowledged has nothing more to read, although the reader is beyond it: rot at the
    /// end of a stream, or a file that cannot be read at all. Looked at rarely.
    fn is_lost(&mut self, index: u64, ack: &Ack) -> bool {
        if self.blocked.0 != index {
            self.blocked = (index, 0);
        }
        self.blocked.1 += 1;
        if self.blocked.1 < TRIMS_PER_INSPECTION {
            return false;
        }
        self.blocked.1 = 0;
        self.book.is_passed(index, ack) && !has_readable_beyond(&self.disk, index, ack).unwrap_or(false)
    }

    fn let_go(&mut self, index: u64) -> Result<(), SpoolError> {
        let (name, path) = (segment::name(index), segment::path(&self.dir, index));
        faults::pass("spool.trim").map_err(SpoolError::io("remove", &path))?;
        let sound = self.book.get(index).is_some_and(|s| !s.is_retired && s.bytes == self.options.segment_bytes);
        let hidden = if sound { self.spares.name_for_used() } else { None };
        match hidden {
            Some(hidden) => {
                let renamed = faults::pass("spool.recycle").and_then(|()| self.disk.rename(&name, &hidden));
                renamed.map_err(SpoolError::io("rename", &path))?;
                self.spares.keep_used(hidden);
            }
            None => self.disk.remove(&name).map_err(SpoolError::io("remove", &path))?,
        }
        self.book.remove(index);
        Ok(())
    }
}
