//! The folder of uploads: bounded in files and bytes, each with what was announced beside it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::action::new_id;
use crate::random;

/// Files, whole ones and others; the bytes of each, and of all.
const FILES_MAX: usize = 8;
const FILE_BYTES_MAX: u64 = 2 << 30;
const BYTES_MAX: u64 = 4 << 30;

/// What is not whole is kept for so long.
const UNFINISHED_NS: u64 = 86_400 * 1_000_000_000;

/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;

/// An upload does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The announcement is wrong.
    #[error("{0}")]
    Announcement(&'static str),
    /// There is none of that id.
    #[error("there is no such upload; what is not finished within a day is removed")]
    Unknown,
    /// It must go on elsewhere.
    #[error("the upload goes on at {0}, as Upload-Offset says")]
    Offset(u64),
    /// More came than was announced, or than one request may bring.
    #[error("more bytes came than were announced, or than one request may bring (64 MiB); HEAD tells where to go on")]
    TooLong,
    /// The announced file is too large.
    #[error("a file may have 2 GiB")]
    TooLarge,
    /// The whole is not what was announced.
    #[error("the file that came is not the one that was announced: its SHA-256 differs; it was removed, send it again")]
    Differs,
    /// No room.
    #[error("there is no room: 8 files and 4 GiB are kept; remove one by DELETE")]
    Full,
    /// The thread pool is gone.
    #[error("the upload was interrupted; try again")]
    Busy,
    /// The disk.
    #[error("the upload cannot be kept: {0}; is the disk full?")]
    Disk(#[from] io::Error),
}

/// What is said before a file is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

/// An upload as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// As it was announced.
    pub name: String,
    /// As it was announced.
    pub bytes: u64,
    /// Bytes that are here.
    pub offset: u64,
    /// All are here, and checked.
    pub is_whole: bool,
    /// Where they are.
    pub path: PathBuf,
}

/// The folder; cheap to clone. One file system operation at a time.
#[derive(Clone)]
pub struct Uploads {
    dir: Arc<PathBuf>,
    lock: Arc<Mutex<()>>,
}

impl Uploads {
    /// Below `dir`, which is made when something comes.
    pub fn new(dir: PathBuf) -> Uploads {
        Uploads { dir: Arc::new(dir), lock: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a file.
    pub fn announce(&self, announced: &Announced, now_ns: u64) -> Result<Kept, UploadError> {
        let _held = self.lock();
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
        let name = &announced.name;
        if !(1..=NAME_CHARS_MAX).contains(&name.len()) || !name.chars().all(is_plain) || name.starts_with('.') {
            return Err(UploadError::Announcement("the name must have 1 to 80 letters, digits, `-`, `_` or `.`"));
        }
        if announced.sha256.len() != 64 || !announced.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(UploadError::Announcement("sha256 must have 64 hexadecimal digits"));
        }
        if announced.bytes == 0 || announced.bytes > FILE_BYTES_MAX {
            return Err(UploadError::TooLarge);
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&*self.dir)?;
        self.prune(now_ns)?;
        let kept = self.all()?;
        let bytes: u64 = kept.iter().map(|kept| kept.bytes).sum();
        if kept.len() >= FILES_MAX || bytes.saturating_add(announced.bytes) > BYTES_MAX {
            return Err(UploadError::Full);
        }
        let id = new_id();
        let text = serde_json::to_string(announced).map_err(io::Error::from)?;
        create(&self.part(&id))?;
        create(&self.about(&id))?.write_all(text.as_bytes())?;
        self.read(&id)
    }

    /// All.
    pub fn list(&self) -> Result<Vec<Kept>, UploadError> {
        let _held = self.lock();
        self.all()
    }

    /// One.
    pub fn get(&self, id: &str) -> Result<Kept, UploadError> {
        let _held = self.lock();
        self.read(id)
    }

    /// Appends at `offset`; where it goes on.
    pub fn write(&self, id: &str, offset: u64, bytes: &[u8]) -> Result<u64, UploadError> {
        let _held = self.lock();
        let kept = self.read(id)?;
        if kept.offset != offset || (kept.is_whole && !bytes.is_empty()) {
            return Err(UploadError::Offset(kept.offset));
        }
        if offset.saturating_add(bytes.len() as u64) > kept.bytes {
            return Err(UploadError::TooLong);
        }
        if !bytes.is_empty() {
            let mut file = OpenOptions::new().write(true).open(&kept.path)?;
            file.seek(SeekFrom::Start(offset))?;
            if let Err(error) = file.write_all(bytes) {
                // What was half written does not count.
                file.set_len(offset)?;
                return Err(error.into());
            }
        }
        Ok(offset + bytes.len() as u64)
    }

    /// Checks a file of which all bytes are here, and gives it its name.
    pub fn finish(&self, id: &str) -> Result<Kept, UploadError> {
        let _held = self.lock();
        let kept = self.read(id)?;
        if kept.is_whole || kept.offset < kept.bytes {
            return Ok(kept);
        }
        let announced = self.announced(id)?;
        let file = File::open(&kept.path)?;
        if !sha256(&file)?.eq_ignore_ascii_case(&announced.sha256) {
            self.unlink(&kept)?;
            return Err(UploadError::Differs);
        }
        file.sync_all()?;
        fs::rename(&kept.path, self.whole(id, &announced.name))?;
        tracing::info!(id, name = %announced.name, bytes = kept.bytes, "an upload is whole");
        self.read(id)
    }

    /// Removes one.
    pub fn remove(&self, id: &str) -> Result<(), UploadError> {
        let _held = self.lock();
        let kept = self.read(id)?;
        self.unlink(&kept)
    }

    fn unlink(&self, kept: &Kept) -> Result<(), UploadError> {
        fs::remove_file(&kept.path)?;
        fs::remove_file(self.about(&kept.id))?;
        Ok(())
    }

    fn part(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.part"))
    }

    fn about(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.json"))
    }

    fn whole(&self, id: &str, name: &str) -> PathBuf {
        self.dir.join(format!("{id}-{name}"))
    }

    fn announced(&self, id: &str) -> Result<Announced, UploadError> {
        // Ids are ours: whatever else is asked for leads nowhere.
        if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(UploadError::Unknown);
        }
        let text = fs::read_to_string(self.about(id)).map_err(|_| UploadError::Unknown)?;
        serde_json::from_str(&text).map_err(|_| UploadError::Unknown)
    }

    fn read(&self, id: &str) -> Result<Kept, UploadError> {
        let Announced { name, bytes, .. } = self.announced(id)?;
        let whole = self.whole(id, &name);
        let is_whole = whole.is_file();
        let path = if is_whole { whole } else { self.part(id) };
        let offset = fs::metadata(&path).map_err(|_| UploadError::Unknown)?.len();
        Ok(Kept { id: id.to_owned(), name, bytes, offset, is_whole, path })
    }

    fn all(&self) -> Result<Vec<Kept>, UploadError> {
        let entries = match fs::read_dir(&*self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let ids = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
        Ok(ids.filter_map(|id| self.read(&id).ok()).collect())
    }

    /// Removes what was not finished in time.
    fn prune(&self, now_ns: u64) -> Result<(), UploadError> {
        for kept in self.all()?.into_iter().filter(|kept| !kept.is_whole) {
            let modified = fs::metadata(&kept.path)?.modified()?;
            let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            if now_ns.saturating_sub(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)) > UNFINISHED_NS {
                self.unlink(&kept)?;
            }
        }
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn sha256(mut file: &File) -> io::Result<String> {
    let (mut context, mut buffer) = (Context::new(&SHA256), vec![0u8; 256 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => context.update(&buffer[..read]),
        }
    }
    Ok(random::hex_of(context.finish().as_ref()))
}
