//! Writes by io_uring: the submission costs a system call, the disk's time is nobody's wait.
//!
//! # Safety rules
//! This file is the spool's one island of unsafe code: the kernel is given addresses.
//! 1. A buffer whose address the kernel has is owned by `Flying` until its completion was taken, so nobody writes to it
//!    or frees it meanwhile. A [`Buffer`] never moves its bytes.
//! 2. The same holds for the file of an operation, which keeps its descriptor open.
//! 3. If an operation does not end before the ring goes, its buffer and file are leaked, not freed.
//! 4. Only writes are submitted: the kernel reads from the buffers and never changes them.
#![allow(unsafe_code)] // the island; rules above

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use io_uring::types::{Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, opcode, squeue};

use super::{Buffer, Done, Op};
use crate::limits::BUFFER_BYTES;

/// Operations under way at the end are waited for so long.
const END_WAIT: Duration = Duration::from_secs(2);

/// A ring with at most one operation under way.
pub(super) struct Uring {
    ring: IoUring,
    /// Addresses of the registered buffers by index; empty = the kernel did not let us lock so much memory.
    registered: Vec<usize>,
    dir: Arc<File>,
    flying: Option<Flying>,
}

struct Flying {
    buffer: Option<Buffer>,
    _file: Arc<File>,
    /// What the result must be.
    expected: i32,
    /// The kernel has taken it from the queue.
    is_submitted: bool,
}

impl std::fmt::Debug for Uring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uring").field("registered", &self.registered.len()).finish_non_exhaustive()
    }
}

impl Uring {
    /// A ring; `dir` is the folder whose names it syncs.
    pub fn new(dir: File) -> io::Result<Uring> {
        let ring = IoUring::new(4)?;
        if !ring.params().is_feature_ext_arg() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the kernel's io_uring cannot wait for a bounded time",
            ));
        }
        Ok(Uring { ring, registered: Vec::new(), dir: Arc::new(dir), flying: None })
    }

    /// Registers `buffers`, whose pages then stay pinned until the ring goes.
    pub fn register(&mut self, buffers: &[Buffer]) {
        let vector = |b: &Buffer| libc::iovec { iov_base: b.as_ptr().cast_mut().cast(), iov_len: b.len() };
        let vectors: Vec<libc::iovec> = buffers.iter().map(vector).collect();
        // SAFETY: the addresses are of live memory of that length. Registering pins the pages: should a buffer be freed
        // before the ring, the kernel keeps its pages; `write_entry` uses a registration only for the buffer it is of.
        if unsafe { self.ring.submitter().register_buffers(&vectors) }.is_ok() {
            self.registered = buffers.iter().map(|b| b.as_ptr() as usize).collect();
        }
    }

    pub fn submit(&mut self, op: Op<Arc<File>>) {
        assert!(self.flying.is_none(), "one operation at a time");
        let (entry, flying) = match op {
            Op::Write { file, buffer, from, len, offset, durable } => {
                let entry = self.write_entry(&file, &buffer, from..from + len, offset, durable);
                let expected = i32::try_from(len).expect("a buffer is far below 2 GiB");
                (entry, Flying { buffer: Some(buffer), _file: file, expected, is_submitted: false })
            }
            Op::Sync { file } => {
                let entry = opcode::Fsync::new(Fd(file.as_raw_fd())).build();
                (entry, Flying { buffer: None, _file: file, expected: 0, is_submitted: false })
            }
            Op::SyncNames => {
                let file = self.dir.clone();
                let entry = opcode::Fsync::new(Fd(file.as_raw_fd())).build();
                (entry, Flying { buffer: None, _file: file, expected: 0, is_submitted: false })
            }
        };
        self.flying = Some(flying);
        // SAFETY: what the entry points to, buffer and descriptor, is held by `flying` until the completion was taken.
        let pushed = unsafe { self.ring.submission().push(&entry) };
        assert!(pushed.is_ok(), "the queue is empty: one operation at a time");
        self.hand_over();
    }

    fn write_entry(
        &self,
        file: &File,
        buffer: &Buffer,
        range: std::ops::Range<usize>,
        offset: u64,
        durable: bool,
    ) -> squeue::Entry {
        let bytes = &buffer[range];
        let (fd, len) = (Fd(file.as_raw_fd()), bytes.len() as u32);
        let flags = if durable { libc::RWF_DSYNC } else { 0 };
        if self.registered.get(buffer.index()) == Some(&(buffer.as_ptr() as usize)) {
            let index = buffer.index() as u16;
            opcode::WriteFixed::new(fd, bytes.as_ptr(), len, index).offset(offset).rw_flags(flags).build()
        } else {
            opcode::Write::new(fd, bytes.as_ptr(), len).offset(offset).rw_flags(flags).build()
        }
    }

    /// Tells the kernel of the entry in the queue; if it is busy, the next look tries again.
    fn hand_over(&mut self) {
        if let Some(flying) = &mut self.flying
            && !flying.is_submitted
        {
            flying.is_submitted = self.ring.submit().is_ok_and(|taken| taken == 1);
        }
    }

    pub fn reap(&mut self, wait: Duration) -> Option<Done> {
        self.flying.as_ref()?;
        self.hand_over();
        let mut completed = self.ring.completion().next();
        if completed.is_none() && !wait.is_zero() {
            let limit = Timespec::new().sec(wait.as_secs()).nsec(wait.subsec_nanos());
            // An error is the end of the time or a signal: the queue tells.
            let _ = self.ring.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&limit));
            completed = self.ring.completion().next();
        }
        let code = completed?.result();
        let flying = self.flying.take().expect("looked at above");
        let result = match code {
            code if code == flying.expected => Ok(()),
            code if code < 0 => Err(io::Error::from_raw_os_error(-code)),
            _ => Err(io::ErrorKind::WriteZero.into()),
        };
        Some(Done { buffer: flying.buffer, result })
    }
}

impl Drop for Uring {
    fn drop(&mut self) {
        if self.flying.is_some() && self.reap(END_WAIT).is_none() {
            // Rule 3: the kernel may still read from it.
            std::mem::forget(self.flying.take());
        }
    }
}

const _: () = assert!(BUFFER_BYTES < i32::MAX as usize);
