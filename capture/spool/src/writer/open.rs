//! The start of a writer: what lies in the directory is taken over, whatever an earlier life left.

use std::collections::BTreeMap;
use std::path::Path;

use super::book::{Book, Segment};
use super::group::Plan;
use super::spares::{SUFFIX, Spares};
use super::{Pending, Writer, WriterOptions};
use crate::disk::Disk;
use crate::error::SpoolError;
use crate::limits::{BUFFERS, RETRY_WAIT_NS};
use crate::segment::{self, SegmentHeader};
use crate::survey::survey;

use std::collections::VecDeque;

/// The file with the last epoch.
const EPOCH: &str = "epoch";

/// So many of the newest segments are searched for the last ledger row: one is written every second.
const LEDGER_SEARCH: usize = 4;

impl<D: Disk> Writer<D> {
    /// Takes over the directory of `disk` (`dir` is for messages) and begins a new epoch.
    ///
    /// # Errors
    /// As [`Writer::open`].
    pub fn on(mut disk: D, dir: &Path, options: WriterOptions) -> Result<Writer<D>, SpoolError> {
        let options = Writer::<D>::ready(options)?;
        let names = disk.names().map_err(SpoolError::io("read", dir))?;
        let (mut book, mut used, mut last_index) = (Book::default(), Vec::new(), 0);
        for index in segment::indices(&names) {
            last_index = last_index.max(index);
            take_over(&disk, dir, &options, index, &mut book, &mut last_index)?;
        }
        let mut room = options.bytes_max.saturating_sub(book.bytes());
        for name in names.iter().filter(|name| name.starts_with('.') && name.ends_with(SUFFIX)) {
            let (bytes, index) = former(&disk, dir, &options, name);
            last_index = last_index.max(index);
            if bytes == options.segment_bytes && bytes <= room {
                room -= bytes;
                used.push(name.clone());
            } else {
                disk.remove(name).map_err(SpoolError::io("remove", dir))?;
            }
        }
        let newest_epoch = look_back(&disk, dir, &mut book);
        let epoch = begin_epoch(&disk, dir, options.now_us, newest_epoch)?;
        let mut pool = disk.buffers(BUFFERS + 1);
        let buffer = pool.pop().expect("at least one was asked for");
        Ok(Writer {
            spares: Spares::new(options.segment_bytes, buffer, last_index + 1, used),
            disk,
            dir: dir.to_path_buf(),
            options,
            epoch,
            accepted: BTreeMap::new(),
            written: BTreeMap::new(),
            pending: Pending::default(),
            book,
            open: None,
            pool,
            queue: VecDeque::new(),
            plan: Plan::default(),
            flight: None,
            due: 0,
            is_stalled: false,
            now_ns: 0,
            retry_ns: 0,
            wait_ns: RETRY_WAIT_NS.0,
            fault: None,
            keeps_ledger: false,
            blocked: (0, 0),
        })
    }
}

/// Size of a hidden file, and the number it had or was to get: a frame in it must never look like one of a new segment.
fn former<D: Disk>(disk: &D, dir: &Path, options: &WriterOptions, name: &str) -> (u64, u64) {
    let Ok(file) = disk.open(name) else { return (0, 0) };
    let header = SegmentHeader::read(disk, &file, dir, options.node).ok().flatten();
    (disk.len(&file).unwrap_or(0), header.map_or(0, |header| header.index))
}

/// Enters a segment of an earlier life. A file that cannot be read now is kept: the disk may come back.
fn take_over<D: Disk>(
    disk: &D,
    dir: &Path,
    options: &WriterOptions,
    index: u64,
    book: &mut Book,
    last_index: &mut u64,
) -> Result<(), SpoolError> {
    let (name, path) = (segment::name(index), segment::path(dir, index));
    let Ok(file) = disk.open(&name) else {
        book.add(index, Segment { bytes: options.segment_bytes, ..Segment::default() });
        return Ok(());
    };
    let bytes = disk.len(&file).unwrap_or(options.segment_bytes);
    match SegmentHeader::read(disk, &file, &path, options.node) {
        // A power cut brought its old name back after its space was given to another: its own rows were acknowledged.
        Ok(Some(header)) if header.index != index => {
            *last_index = (*last_index).max(header.index);
            disk.remove(&name).map_err(SpoolError::io("remove", &path))?;
        }
        Err(error) if error.is_configuration() => return Err(error),
        _ => book.add(index, Segment { bytes, ..Segment::default() }),
    }
    Ok(())
}

/// Looks at the newest segments, as far back as the last ledger row; answers the newest epoch. Older ones are looked at
/// when it is their turn to go: so a start does not read gigabytes.
fn look_back<D: Disk>(disk: &D, dir: &Path, book: &mut Book) -> u64 {
    let mut epoch = 0;
    let (mut at, mut looks) = (book.newest(), 0);
    while let Some(index) = at {
        if let Ok(found) = survey(disk, dir, index) {
            epoch = epoch.max(found.epoch);
            looks += usize::from(found.epoch > 0);
            book.surveyed(index, found.ends, found.end, found.has_ledger);
            // Nobody writes behind its frames any more: many short lives must not fill the spool with nothing.
            if book.get(index).is_some_and(|s| s.bytes > found.end)
                && disk.truncate(&segment::name(index), found.end).is_ok()
            {
                book.cut(index, found.end);
            }
            if found.has_ledger || looks >= LEDGER_SEARCH {
                break;
            }
        }
        at = book.before(index).map(|(index, _)| index);
    }
    epoch
}

/// The next epoch: above the last one kept in the directory and in its frames, and not below the clock, so that a wiped
/// directory does not repeat an epoch and a clock that jumped back does not either.
fn begin_epoch<D: Disk>(disk: &D, dir: &Path, now_us: u64, newest: u64) -> Result<u64, SpoolError> {
    let text = disk.load(EPOCH).unwrap_or_default();
    let last = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse::<u64>().ok());
    // Beyond the range of the database's signed numbers it is damage.
    let last = last.filter(|&last| last < i64::MAX as u64).unwrap_or(0);
    let epoch = now_us.max(newest.max(last).saturating_add(1));
    let replaced = faults::pass("spool.epoch").and_then(|()| disk.replace(EPOCH, format!("{epoch}\n").as_bytes()));
    replaced.map_err(SpoolError::io("write", &dir.join(EPOCH)))?;
    Ok(epoch)
}
