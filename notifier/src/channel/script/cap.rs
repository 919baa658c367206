//! cap: so many an hour, kept in a small file, for processes that live for one message.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

/// Of the file: 20 bytes a run, and no cap is above a thousand.
const BYTES_MAX: u64 = 32 << 10;

/// The window, seconds.
const HOUR_S: u64 = 3_600;

/// Takes one of `per_hour` if one is left. `now_s` is the time in UNIX seconds; a run of the future (the clock was set
/// back) counts as one of now.
///
/// # Errors
/// The file cannot be read or written. Nothing was taken then.
pub fn take(path: &Path, per_hour: u32, now_s: u64) -> io::Result<bool> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    // One after the other: two processes must not take the same one. The lock goes with the descriptor.
    let mut file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| io::Error::from(errno))?;
    let mut text = String::new();
    // A damaged file is an empty one: a cap that can never be met would be silence.
    let _ = (&*file).take(BYTES_MAX).read_to_string(&mut text);
    let times = text.lines().filter_map(|line| line.trim().parse::<u64>().ok()).map(|time| time.min(now_s));
    let mut recent: Vec<u64> = times.filter(|time| time.saturating_add(HOUR_S) > now_s).collect();
    if recent.len() >= per_hour as usize {
        return Ok(false);
    }
    recent.push(now_s);
    rewrite(&mut file, &recent)?;
    Ok(true)
}

fn rewrite(file: &mut File, times: &[u64]) -> io::Result<()> {
    let text: String = times.iter().map(|time| format!("{time}\n")).collect();
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::take;

    #[test]
    fn an_hour_has_so_many_and_no_more() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("cap");
        let taken = |now_s: u64| take(&path, 2, now_s).expect("a file");
        assert!(taken(10_000) && taken(10_001) && !taken(10_002) && !taken(13_599));
        assert!(taken(13_600) && !taken(13_600) && taken(13_601));
        // The clock was set back by a day: the runs count as of now, not for a day.
        assert!(!taken(1_000) && !taken(4_599) || taken(4_600));
        fs::write(&path, [0xff; 100]).expect("it is ours");
        assert!(taken(20_000));
        assert!(take(&dir.path().join("no/cap"), 2, 1).is_err());
    }
}
