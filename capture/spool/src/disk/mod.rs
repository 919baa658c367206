//! What the spool asks of a disk: a folder of files, and writes that complete later.
//!
//! [`FileDisk`] is the real one. With the feature `testing` there is `FaultDisk`, in memory, which fails on purpose.
//! Writes carry whole 4 KiB pages and many frames each, so the way through the trait costs nothing that matters.

mod buffer;
#[cfg(feature = "testing")]
pub mod fault;
pub(crate) mod file;
mod sync;
mod uring;

use std::fmt;
use std::io;
use std::time::Duration;

pub use buffer::Buffer;
#[cfg(feature = "testing")]
pub use fault::FaultDisk;
pub use file::FileDisk;

/// Something for the disk to do, whose end is told by [`Disk::reap`].
#[derive(Debug)]
pub enum Op<F> {
    /// Writes `len` bytes of `buffer` from `from` on; all three and `offset` are multiples of 4 KiB.
    Write {
        /// Where to.
        file: F,
        /// What; it comes back with [`Done`].
        buffer: Buffer,
        /// First byte of it.
        from: usize,
        /// How many.
        len: usize,
        /// Place in the file.
        offset: u64,
        /// The end is told only when the bytes survive a power cut.
        durable: bool,
    },
    /// Makes a file's bytes and size survive a power cut.
    Sync {
        /// Which.
        file: F,
    },
    /// Makes the folder's names survive a power cut.
    SyncNames,
}

/// The end of an [`Op`].
#[derive(Debug)]
pub struct Done {
    /// The buffer of a write.
    pub buffer: Option<Buffer>,
    /// How it ended; a write that came short is an error.
    pub result: io::Result<()>,
}

/// A folder of segment files. Reading functions may be called at any time; one [`Op`] is under way at a time.
pub trait Disk: fmt::Debug {
    /// An open file; clones are the same file.
    type File: Clone + fmt::Debug;

    /// The names in the folder, hidden ones too, in any order.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Whether the name is there.
    fn exists(&self, name: &str) -> bool;
    /// Opens a file for reading.
    fn open(&self, name: &str) -> io::Result<Self::File>;
    /// Size of a file.
    fn len(&self, file: &Self::File) -> io::Result<u64>;
    /// Reads up to `bytes.len()` bytes; fewer only at the end of the file.
    fn read_at(&self, file: &Self::File, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Forgets what memory holds of a file, so that the next read asks the disk.
    fn uncache(&self, file: &Self::File, offset: u64, len: u64);
    /// Whether a writer has the folder.
    fn writer_lives(&self) -> bool;

    /// Makes a file of `bytes` for writing, its space taken; it replaces one of this name.
    fn create(&self, name: &str, bytes: u64) -> io::Result<Self::File>;
    /// Opens a file for writing.
    fn open_to_write(&self, name: &str) -> io::Result<Self::File>;
    /// Gives back the space behind `bytes`.
    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()>;
    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// The content of a small file.
    fn load(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Puts `content` in place of a small file, durably: at any moment it is the old or the new one.
    fn replace(&self, name: &str, content: &[u8]) -> io::Result<()>;

    /// The buffers of this disk, `count` of them; asked for once.
    fn buffers(&mut self, count: usize) -> Vec<Buffer>;
    /// Begins `op`; none is under way.
    fn submit(&mut self, op: Op<Self::File>);
    /// The end of what is under way, if it comes within `wait`.
    fn reap(&mut self, wait: Duration) -> Option<Done>;
}

/// How the writer's bytes go to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// io_uring, or the other where the kernel does not let us.
    #[default]
    Auto,
    /// The kernel's submission queue, with registered buffers.
    IoUring,
    /// pwritev2 on a thread of its own.
    Sync,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Means {
    /// [`Backend::IoUring`] or [`Backend::Sync`].
    pub backend: Backend,
    /// Writes go around the page cache.
    pub direct: bool,
    /// Why io_uring is not used although it was not ruled out.
    pub refused: Option<String>,
}

impl Means {
    /// In a word, for the live line.
    pub fn name(&self) -> &'static str {
        match (self.backend, self.direct) {
            (Backend::IoUring, true) => "io_uring, direct",
            (Backend::IoUring, false) => "io_uring, buffered",
            (_, true) => "pwritev2, direct",
            (_, false) => "pwritev2, buffered",
        }
    }
}
