//! Secrets that the service manager hands over: `$CREDENTIALS_DIRECTORY/NAME` in a key that names a file.
//!
//! A unit's `LoadCredential=NAME` copies `/etc/credstore/NAME`, which only root can read, into memory that only the role
//! can read, and the variable names the folder. A command that root starts by hand has no such folder: it reads the
//! original. `systemd.exec(5)` has the places.

use std::path::{Path, PathBuf};

/// How such a name begins.
const PREFIX: &str = "$CREDENTIALS_DIRECTORY/";

/// Where the service manager looks for `LoadCredential=NAME`, in its order.
const STORES: [&str; 3] = ["/etc/credstore", "/run/credstore", "/usr/lib/credstore"];

/// Where a name is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    folders: Vec<PathBuf>,
}

impl Places {
    /// The unit's own folder, else the originals.
    pub fn of_this_process() -> Places {
        match std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| Path::new(folder).is_absolute()) {
            Some(folder) => Places { folders: vec![folder.into()] },
            None => Places { folders: STORES.iter().map(PathBuf::from).collect() },
        }
    }

    /// The file of a name: the first that is there, else where it should be, so that a message names that place.
    fn file(&self, name: &str) -> Option<PathBuf> {
        // One name, as systemd has it: no way to another folder.
        let is_name = !name.is_empty() && !name.contains('/') && name != "." && name != "..";
        let mut files = self.folders.iter().map(|folder| folder.join(name));
        let first = files.next().filter(|_| is_name)?;
        if first.exists() {
            return Some(first);
        }
        Some(files.find(|file| file.exists()).unwrap_or(first))
    }
}

/// Puts the files in the place of their names, in every key that names a file, also inside lists.
pub fn resolve(document: &mut toml::Table, places: &Places) {
    for (key, value) in document {
        match value {
            toml::Value::Table(table) => resolve(table, places),
            toml::Value::Array(entries) => {
                entries.iter_mut().filter_map(toml::Value::as_table_mut).for_each(|table| resolve(table, places));
            }
            toml::Value::String(text) if key.ends_with("_file") => {
                let file = text.strip_prefix(PREFIX).and_then(|name| places.file(name));
                if let Some(file) = file.as_deref().and_then(Path::to_str) {
                    *text = file.to_owned();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Places, resolve};

    fn resolved(text: &str, folders: &[&Path]) -> toml::Table {
        let mut document: toml::Table = toml::from_str(text).expect("it is TOML");
        resolve(&mut document, &Places { folders: folders.iter().map(|folder| folder.to_path_buf()).collect() });
        document
    }

    #[test]
    fn a_name_becomes_the_file_that_is_there() {
        let (etc, run) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        fs::write(run.path().join("mail"), "x").expect("a file");
        let folders = [etc.path(), run.path()];
        let check = |given: &str, expect: &str| {
            let document = resolved(&format!("[email]\npassword_file = \"{given}\"\n"), &folders);
            assert_eq!(document["email"]["password_file"].as_str(), Some(expect), "{given}");
        };
        check("$CREDENTIALS_DIRECTORY/mail", &run.path().join("mail").display().to_string());
        check("$CREDENTIALS_DIRECTORY/absent", &etc.path().join("absent").display().to_string());
        fs::write(etc.path().join("mail"), "x").expect("a file");
        check("$CREDENTIALS_DIRECTORY/mail", &etc.path().join("mail").display().to_string());
        // What is no name stays, and the message about a missing file shows it as it was written.
        for given in
            ["$CREDENTIALS_DIRECTORY/../mail", "$CREDENTIALS_DIRECTORY/", "$CREDENTIALS_DIRECTORY/..", "/a/b", ""]
        {
            check(given, given);
        }
    }

    #[test]
    fn lists_have_files_too_and_other_keys_have_none() {
        let folder = Path::new("/nowhere");
        let text =
            "name = \"$CREDENTIALS_DIRECTORY/a\"\n[[sms]]\nsecret_file = \"$CREDENTIALS_DIRECTORY/a\"\n[[sms]]\n";
        let document = resolved(text, &[folder]);
        assert_eq!(document["name"].as_str(), Some("$CREDENTIALS_DIRECTORY/a"));
        assert_eq!(document["sms"][0]["secret_file"].as_str(), Some("/nowhere/a"));
    }
}
