//! The real disk: a folder, with io_uring or a writing thread, with O_DIRECT where the file system allows it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate};
use rustix::io::Errno;

use super::sync::SyncThread;
use super::uring::Uring;
use super::{Backend, Buffer, Disk, Done, Means, Op};
use crate::error::SpoolError;
use crate::limits::{ALIGNMENT, SYNC_WAIT};

/// A reader may hold the writer's lock for the moment of asking whether there is a writer: tried so often, 5 ms apart.
const LOCK_TRIES: u32 = 20;

/// Content of a small file, at most: more is not what was written.
const SMALL_FILE_BYTES_MAX: u64 = 64 << 10;

/// See the module.
#[derive(Debug)]
pub struct FileDisk {
    dir: PathBuf,
    outlet: Outlet,
    means: Means,
    _lock: Option<File>,
}

#[derive(Debug)]
enum Outlet {
    /// For reading only.
    Closed,
    Uring(Box<Uring>),
    Thread(SyncThread),
}

impl FileDisk {
    /// For reading the spool in `dir`.
    pub fn reader(dir: &Path) -> FileDisk {
        let means = Means { backend: Backend::Sync, direct: false, refused: None };
        FileDisk { dir: dir.to_path_buf(), outlet: Outlet::Closed, means, _lock: None }
    }

    /// For writing the spool in `dir`, which is made if absent; takes the writer's lock.
    ///
    /// # Errors
    /// Another writer has it, `backend` was asked for by name and is refused, or the folder cannot be made.
    pub fn writer(dir: &Path, backend: Backend) -> Result<FileDisk, SpoolError> {
        fs::create_dir_all(dir).map_err(SpoolError::io("create", dir))?;
        let lock = lock(dir, "writer")?;
        let mut disk = FileDisk { _lock: Some(lock), ..FileDisk::reader(dir) };
        if backend != Backend::Sync {
            match disk.begin(Backend::IoUring) {
                Ok(()) => return Ok(disk),
                Err(source) if backend == Backend::IoUring => {
                    return Err(SpoolError::Io { operation: "use io_uring in", path: dir.to_path_buf(), source });
                }
                Err(source) => disk.means.refused = Some(source.to_string()),
            }
        }
        disk.begin(Backend::Sync).map_err(SpoolError::io("write in", dir))?;
        Ok(disk)
    }

    /// How the bytes go to the disk.
    pub fn means(&self) -> &Means {
        &self.means
    }

    /// Takes up a backend, and finds out by a trial whether the file system lets it write around the page cache.
    fn begin(&mut self, backend: Backend) -> io::Result<()> {
        for direct in [true, false] {
            self.means.backend = backend;
            self.means.direct = direct;
            self.outlet = match backend {
                Backend::Sync => Outlet::Thread(SyncThread::new(&self.dir)),
                _ => Outlet::Uring(Box::new(Uring::new(File::open(&self.dir)?)?)),
            };
            match self.trial() {
                Ok(()) => return Ok(()),
                // These say nothing about the way: the disk is full or has failed, and the writer lives with both.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT | libc::EIO)) => {
                    return Ok(());
                }
                Err(error) if !direct => return Err(error),
                Err(_) => {}
            }
        }
        unreachable!("the second attempt returns")
    }

    fn trial(&mut self) -> io::Result<()> {
        const NAME: &str = ".trial";
        let file = self.open_with(NAME, OpenOptions::new().write(true).create(true).truncate(true))?;
        let (buffer, len) = (Buffer::new(0), ALIGNMENT as usize);
        self.submit(Op::Write { file, buffer, from: 0, len, offset: 0, durable: true });
        let done = self.reap(SYNC_WAIT);
        fs::remove_file(self.dir.join(NAME))?;
        done.map_or(Err(io::ErrorKind::TimedOut.into()), |done| done.result)
    }

    fn open_with(&self, name: &str, how: &mut OpenOptions) -> io::Result<Arc<File>> {
        if self.means.direct {
            how.custom_flags(libc::O_DIRECT);
        }
        how.open(self.dir.join(name)).map(Arc::new)
    }
}

impl Disk for FileDisk {
    type File = Arc<File>;

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn exists(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }

    fn open(&self, name: &str) -> io::Result<Arc<File>> {
        File::open(self.dir.join(name)).map(Arc::new)
    }

    fn len(&self, file: &Arc<File>) -> io::Result<u64> {
        file.metadata().map(|m| m.len())
    }

    fn read_at(&self, file: &Arc<File>, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < bytes.len() {
            match file.read_at(&mut bytes[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn uncache(&self, file: &Arc<File>, offset: u64, len: u64) {
        // Advice only: where it is not taken, memory and disk are one anyway.
        let _ = fadvise(&**file, offset, std::num::NonZeroU64::new(len), Advice::DontNeed);
    }

    fn writer_lives(&self) -> bool {
        let Ok(file) = File::open(self.dir.join("writer.lock")) else { return false };
        // Shared, and given back at once when `file` goes: several readers may ask, a writer that starts tries again.
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<Arc<File>> {
        let file = self.open_with(name, OpenOptions::new().write(true).create(true).truncate(true))?;
        match fallocate(&*file, FallocateFlags::empty(), 0, bytes) {
            Ok(()) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.set_len(bytes)?,
            Err(error) => {
                let _ = fs::remove_file(self.dir.join(name));
                return Err(error.into());
            }
        }
        Ok(file)
    }

    fn open_to_write(&self, name: &str) -> io::Result<Arc<File>> {
        self.open_with(name, OpenOptions::new().write(true))
    }

    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.dir.join(name))?.set_len(bytes)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.dir.join(from), self.dir.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(name))
    }

    fn load(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        File::open(self.dir.join(name))?.take(SMALL_FILE_BYTES_MAX).read_to_end(&mut content)?;
        Ok(content)
    }

    fn replace(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let hidden = self.dir.join(format!(".{name}"));
        let mut file = File::create(&hidden)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&hidden, self.dir.join(name))?;
        File::open(&self.dir)?.sync_all()
    }

    fn buffers(&mut self, count: usize) -> Vec<Buffer> {
        let buffers: Vec<Buffer> = (0..count).map(Buffer::new).collect();
        if let Outlet::Uring(ring) = &mut self.outlet {
            ring.register(&buffers);
        }
        buffers
    }

    fn submit(&mut self, op: Op<Arc<File>>) {
        match &mut self.outlet {
            Outlet::Uring(ring) => ring.submit(op),
            Outlet::Thread(thread) => thread.submit(op),
            Outlet::Closed => panic!("a reader's disk is not written to"),
        }
    }

    fn reap(&mut self, wait: Duration) -> Option<Done> {
        match &mut self.outlet {
            Outlet::Uring(ring) => ring.reap(wait),
            Outlet::Thread(thread) => thread.reap(wait),
            Outlet::Closed => None,
        }
    }
}

/// Takes the lock of a role in `dir`; it is held as long as the file lives, also across a crash of its holder.
pub(crate) fn lock(dir: &Path, role: &'static str) -> Result<File, SpoolError> {
    let path = dir.join(format!("{role}.lock"));
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(SpoolError::io("open", &path))?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::Error(source)) => return Err(SpoolError::Io { operation: "lock", path, source }),
        }
    }
    Err(SpoolError::Locked { path: dir.to_path_buf(), role })
}
