//! The one place that reads /proc and /sys: whole small files, bounded, into one buffer.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file of the kernel longer than this is cut: the longest that is read here (mountinfo of a server with a thousand
/// containers) is some hundred KiB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Entries of a folder, at most; /proc of a large server has some ten thousand.
const ENTRIES_MAX: usize = 131_072;

/// Where the kernel's files lie; elsewhere in tests.
#[derive(Clone, Debug)]
pub struct Roots {
    /// `/proc`.
    pub proc: PathBuf,
    /// `/sys`.
    pub sys: PathBuf,
    /// `/etc`, for the names of users.
    pub etc: PathBuf,
}

impl Default for Roots {
    fn default() -> Roots {
        Roots { proc: "/proc".into(), sys: "/sys".into(), etc: "/etc".into() }
    }
}

/// Reads files into a buffer of its own.
#[derive(Debug, Default)]
pub struct Files {
    buffer: Vec<u8>,
}

impl Files {
    /// The content of a file, cut at [`FILE_BYTES_MAX`]; `None` = it cannot be read: a process has ended, a sensor has no
    /// value, a kernel does not have it.
    pub fn bytes(&mut self, path: &Path) -> Option<&[u8]> {
        self.buffer.clear();
        let file = File::open(path).ok()?;
        file.take(FILE_BYTES_MAX).read_to_end(&mut self.buffer).ok()?;
        Some(&self.buffer)
    }

    /// The content as text; what is no UTF-8 is replaced.
    pub fn text(&mut self, path: &Path) -> Option<String> {
        self.bytes(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// A file that holds one number.
    pub fn number(&mut self, path: &Path) -> Option<i64> {
        std::str::from_utf8(self.bytes(path)?).ok()?.trim().parse().ok()
    }

    /// The first line of a file, without its end.
    pub fn line(&mut self, path: &Path) -> Option<String> {
        self.text(path).map(|text| text.lines().next().unwrap_or_default().trim().to_owned())
    }
}

/// Names in a folder, sorted; none where it cannot be read.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.take(ENTRIES_MAX).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// The ids of all processes that can be seen, rising.
pub fn process_ids(proc: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(proc) else { return Vec::new() };
    let id = |entry: std::io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    let mut ids: Vec<u32> = entries.take(ENTRIES_MAX).filter_map(id).collect();
    ids.sort_unstable();
    ids
}

/// Whose a process is: the owner of its folder.
pub fn owner(folder: &Path) -> Option<u32> {
    fs::metadata(folder).ok().map(|metadata| metadata.uid())
}
