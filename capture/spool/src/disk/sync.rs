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

/// The way to the thread. When it is dropped the thread ends what it has in hand and then itself.
#[derive(Debug)]
pub(super) struct SyncThread {
    orders: SyncSender<Op<Arc<File>>>,
    ends: Receiver<Done>,
}

impl SyncThread {
    pub fn start(dir: &Path) -> io::Result<SyncThread> {
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
        Ok(SyncThread { orders, ends })
    }

    pub fn submit(&mut self, op: Op<Arc<File>>) {
        // The thread lives as long as this end does: it ends only by the loop's end, and cannot panic on I/O.
        let _ = self.orders.send(op);
    }

    pub fn reap(&mut self, wait: Duration) -> Option<Done> {
        if wait.is_zero() { self.ends.try_recv().ok() } else { self.ends.recv_timeout(wait).ok() }
    }
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
