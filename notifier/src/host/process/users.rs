//! Names of users: /etc/passwd, read again when it changes. Users of a directory service are told by their number.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::host::clean;
use crate::host::read::Files;

/// Whether the file changed is looked at so often.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// Users that are known by name, at most.
const USERS_MAX: usize = 65_536;

/// Names by number.
#[derive(Debug)]
pub struct Users {
    path: PathBuf,
    names: HashMap<u32, String>,
    changed: Option<SystemTime>,
    looked: Option<Instant>,
}

impl Users {
    /// Of the passwd file in `etc`.
    pub fn new(etc: &Path) -> Users {
        Users { path: etc.join("passwd"), names: HashMap::new(), changed: None, looked: None }
    }

    /// Reads the file if it is new.
    pub fn refresh(&mut self, files: &mut Files, at: Instant) {
        if self.looked.is_some_and(|looked| at.duration_since(looked) < LOOK_INTERVAL) {
            return;
        }
        self.looked = Some(at);
        let changed = fs::metadata(&self.path).and_then(|metadata| metadata.modified()).ok();
        if changed != self.changed || self.names.is_empty() {
            self.changed = changed;
            self.names = files.text(&self.path).map(|text| parse(&text)).unwrap_or_default();
        }
    }

    /// The name of a user, or his number.
    pub fn name(&self, uid: u32) -> String {
        self.names.get(&uid).cloned().unwrap_or_else(|| uid.to_string())
    }
}

/// Reads a passwd file; of two names of one number the first counts.
pub fn parse(text: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        let (Some(name), Some(Ok(uid))) = (fields.next(), fields.nth(1).map(str::parse::<u32>)) else { continue };
        if !name.is_empty() && names.len() < USERS_MAX {
            names.entry(uid).or_insert_with(|| clean::name(name, 64));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn users_are_known_by_their_first_name() {
        let names = parse(
            "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nwww-data:x:33:33:w:/var/www:/x\n\
                           bad\n:x:5:\nx:y:-1:\nhuge:x:99999999999:\ne\u{1b}vil:x:7:7::/:/x\n",
        );
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!((names[&0].as_str(), names[&33].as_str(), names[&7].as_str()), ("root", "www-data", "e?vil"));
    }
}
