//! Sees when the configuration file has changed, and reads it again.
//!
//! Rules, receivers, pipeline and channels follow the file while the role runs. The rest (the host sampler's times, the
//! spool, folders, the page's address) waits for a restart. A file that cannot be used changes nothing.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Config;
use crate::watch::config::Peer;

/// The largest file that is read; the same as at start.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What notifier takes from a file: its own section and the peers.
pub type Parsed = Result<(Config, Vec<Peer>), String>;

/// Reads the text of a whole configuration file and checks all of it.
#[derive(Clone)]
pub struct Parser(Arc<dyn Fn(&str) -> Parsed + Send + Sync>);

impl Parser {
    /// By this function; its error is what a person must know, the place included.
    pub fn new(parse: impl Fn(&str) -> Parsed + Send + Sync + 'static) -> Parser {
        Parser(Arc::new(parse))
    }
}

impl fmt::Debug for Parser {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Parser")
    }
}

/// What tells two states of a file apart: time of the change, device, inode, size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp([i64; 2], [u64; 3]);

/// Watches one file. Looking costs one system call.
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    parser: Parser,
    seen: Option<Option<Stamp>>,
}

impl Watcher {
    /// Watches `path`. The first look reads it too: it may have changed since the role read it.
    pub fn new(path: &Path, parser: Parser) -> Watcher {
        Watcher { path: path.to_path_buf(), parser, seen: None }
    }

    /// The next look reads the file, changed or not.
    pub fn forget(&mut self) {
        self.seen = None;
    }

    /// To be called once a second. `None` = nothing has changed since the last call; else what the file says now, or
    /// why it cannot be used.
    pub fn look(&mut self) -> Option<Parsed> {
        let stamp = fs::metadata(&self.path)
            .ok()
            .map(|file| Stamp([file.mtime(), file.mtime_nsec()], [file.dev(), file.ino(), file.size()]));
        if self.seen == Some(stamp) {
            return None;
        }
        self.seen = Some(stamp);
        let text = read(&self.path).map_err(|error| format!("cannot read {}: {error}", self.path.display()));
        Some(text.and_then(|text| (self.parser.0)(&text)))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Parser, Watcher};
    use crate::config::Config;

    #[test]
    fn a_change_is_seen_once_whatever_way_the_file_was_written() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("floodmark.toml");
        let parser = Parser::new(|text| match text.trim().parse() {
            Ok(billing_day) => Ok((Config { billing_day, ..Config::default() }, Vec::new())),
            Err(_) => Err(format!("line 1: {text}")),
        });
        let mut watcher = Watcher::new(&path, parser);
        let mut look = || watcher.look().map(|parsed| parsed.map(|(config, _)| config.billing_day));
        assert!(matches!(look(), Some(Err(why)) if why.contains("cannot read")), "it is not there");
        assert_eq!(look(), None);
        fs::write(&path, "7").expect("a file");
        assert_eq!((look(), look()), (Some(Ok(7)), None));
        fs::write(&path, "12").expect("in place");
        assert_eq!((look(), look()), (Some(Ok(12)), None));
        fs::write(dir.path().join("new"), "13").expect("a file");
        fs::rename(dir.path().join("new"), &path).expect("as editors do");
        assert_eq!((look(), look()), (Some(Ok(13)), None));
        fs::write(&path, "oops").expect("in place");
        assert_eq!((look(), look()), (Some(Err("line 1: oops".to_owned())), None));
        watcher.forget();
        let mut look = || watcher.look().map(|parsed| parsed.map(|(config, _)| config.billing_day));
        assert_eq!(look(), Some(Err("line 1: oops".to_owned())), "asked for, it is told again");
        fs::remove_file(&path).expect("it is there");
        assert!(matches!(look(), Some(Err(_))));
        assert_eq!(look(), None);
        fs::create_dir(&path).expect("free again");
        assert!(matches!(look(), Some(Err(why)) if why.contains("not a file")));
    }
}
