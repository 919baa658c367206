//! Writes by `pwritev2(RWF_DSYNC)` on a thread of its own: where io_uring is forbidden or unknown.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rustix::io::{Errno, ReadWriteFlags};

use super::{Done, Op};

/// The thread and the way to it. It starts with the first order: the process may give up its rights before, which
/// belong to threads. When the way is dropped the thread ends what it has in hand and then itself.
#[derive(Debug)]
pub(super) struct SyncThread {
    dir: PathBuf,
    way: Option<Way>,
    /// What could not be given to a thread, because the system refuses one.
    refused: Option<Done>,
}

#[derive(Debug)]
struct Way {
    orders: SyncSender<Op<Arc<File>>>,
    ends: Receiver<Done>,
}

impl SyncThread {
    pub fn new(dir: &Path) -> SyncThread {
        SyncThread { dir: dir.to_path_buf(), way: None, refused: None }
    }

    pub fn submit(&mut self, op: Op<Arc<File>>) {
        if self.way.is_none() {
            match start(&self.dir) {
                Ok(way) => self.way = Some(way),
                Err(error) => {
                    let buffer = match op {
                        Op::Write { buffer, .. } => Some(buffer),
                        Op::Sync { .. } | Op::SyncNames => None,
                    };
                    self.refused = Some(Done { buffer, result: Err(error) });
                    return;
                }
            }
        }
        if let Some(way) = &self.way {
            // The thread lives as long as this end does: it ends only by the loop's end, and cannot panic on I/O.
            let _ = way.orders.send(op);
        }
    }

    pub fn reap(&mut self, wait: Duration) -> Option<Done> {
        if let Some(done) = self.refused.take() {
            return Some(done);
        }
        let ends = &self.way.as_ref()?.ends;
        if wait.is_zero() { ends.try_recv().ok() } else { ends.recv_timeout(wait).ok() }
    }
}

fn start(dir: &Path) -> io::Result<Way> {
    let (orders, received) = sync_channel::<Op<Arc<File>>>(1);
    let (told, ends) = sync_channel(1);
    let dir = dir.to_path_buf();
    std::thread::Builder::new().name("spool-write".into()).spawn(move || {
        for op in received {
            if told.send(perform(&dir, op)).is_err() {
                return;
            }
        }
    })?;
    Ok(Way { orders, ends })
}

fn perform(dir: &PathBuf, op: Op<Arc<File>>) -> Done {
    match op {
        Op::Write { file, buffer, from, len, offset, durable } => {
            let result = write(&file, &buffer[from..from + len], offset, durable);
            Done { buffer: Some(buffer), result }
        }
        Op::Sync { file } => Done { buffer: None, result: file.sync_all() },
        Op::SyncNames => Done { buffer: None, result: File::open(dir).and_then(|dir| dir.sync_all()) },
    }
}

/// One write: what comes short has failed. A kernel or file system without RWF_DSYNC gets a write and a sync.
fn write(file: &File, bytes: &[u8], offset: u64, durable: bool) -> io::Result<()> {
    let flags = if durable { ReadWriteFlags::DSYNC } else { ReadWriteFlags::empty() };
    let written = match rustix::io::pwritev2(file, &[IoSlice::new(bytes)], offset, flags) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) if durable => {
            let written = file.write_at(bytes, offset)?;
            file.sync_data()?;
            written
        }
        other => other?,
    };
    if written == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
