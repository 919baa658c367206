//! Captures from elsewhere, replayed onto the world's end of the wire at a bounded rate.

use std::fs;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, send};

use crate::attack::sender;
use crate::say;

/// Files, their bytes, and the folders that are looked into.
const FILES_MAX: usize = 50;
const FILE_BYTES_MAX: u64 = 4 << 20;
const FOLDERS_MAX: usize = 500;

/// Between two frames: 500 a second.
const PAUSE: Duration = Duration::from_millis(2);

/// Replays what lies below `folder`, again and again, until `stop`.
///
/// # Errors
/// No packet socket.
pub fn replay(folder: &Path, stop: &AtomicBool) -> anyhow::Result<()> {
    let files = files(folder);
    if files.is_empty() {
        say(&format!("no pcap files of Ethernet below {}: nothing is replayed", folder.display()));
        return Ok(());
    }
    say(&format!("{} captures below {} are replayed too", files.len(), folder.display()));
    let fd = sender("world0")?;
    loop {
        for file in &files {
            let bytes = fs::read(file).unwrap_or_default();
            for frame in frames(&bytes) {
                if stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                // One that the wire does not take, for its length, is left out.
                let _ = send(fd.as_raw_fd(), frame, MsgFlags::MSG_DONTWAIT);
                sleep(PAUSE);
            }
        }
        sleep(PAUSE);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files, mut seen) = (vec![folder.to_path_buf()], Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        seen += 1;
        if seen > FOLDERS_MAX {
            break;
        }
        let mut inside: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
        inside.sort_by_key(fs::DirEntry::path);
        for entry in inside {
            let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
            let is_small = entry.metadata().is_ok_and(|about| about.len() <= FILE_BYTES_MAX);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && is_small && is_ethernet(&path) && files.len() < FILES_MAX {
                files.push(path);
            }
        }
    }
    files
}

fn is_ethernet(path: &Path) -> bool {
    let is_named = path.extension().is_some_and(|extension| extension == "pcap" || extension == "cap");
    is_named && fs::read(path).is_ok_and(|bytes| frames(&bytes).next().is_some())
}

/// The whole frames of a classic pcap file of Ethernet, in either byte order; ends at whatever makes no sense.
fn frames(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let word = move |at: usize| -> Option<[u8; 4]> { bytes.get(at..at + 4)?.try_into().ok() };
    let is_little = match word(0) {
        Some([0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1]) => Some(true),
        Some([0xa1, 0xb2, 0xc3, 0xd4] | [0xa1, 0xb2, 0x3c, 0x4d]) => Some(false),
        _ => None,
    };
    let number = move |at: usize| {
        let four = word(at)?;
        let value = if is_little? { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
        usize::try_from(value).ok()
    };
    let mut at = if number(20) == Some(1) { 24 } else { bytes.len() };
    std::iter::from_fn(move || {
        let (kept, wire) = (number(at + 8)?, number(at + 12)?);
        let frame = bytes.get(at + 16..(at + 16).checked_add(kept)?)?;
        at += 16 + kept;
        Some((frame, kept == wire && kept >= 14))
    })
    .filter_map(|(frame, is_whole)| is_whole.then_some(frame))
}

#[cfg(test)]
mod tests {
    use super::frames;

    fn file(link: u32, records: &[(&[u8], u32)]) -> Vec<u8> {
        let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0];
        bytes.extend(link.to_le_bytes());
        for (frame, wire) in records {
            bytes.extend([0; 8]);
            bytes.extend(u32::try_from(frame.len()).unwrap().to_le_bytes());
            bytes.extend(wire.to_le_bytes());
            bytes.extend(*frame);
        }
        bytes
    }

    #[test]
    fn whole_frames_are_read_and_nothing_else() {
        let (one, two) = ([1; 20], [2; 30]);
        let bytes = file(1, &[(&one, 20), (&two, 1_500), (&two, 30)]);
        assert_eq!(frames(&bytes).collect::<Vec<_>>(), [&one[..], &two]);
        for cut in 0..bytes.len() {
            assert!(frames(&bytes[..cut]).count() <= 2);
        }
        assert_eq!(frames(&file(101, &[(&one, 20)])).count(), 0, "not Ethernet");
        let mut lies = file(1, &[(&one, 20)]);
        lies[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(frames(&lies).count(), 0);
    }
}
