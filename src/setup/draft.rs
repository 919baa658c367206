//! The answers so far: a configuration, and the secrets that will lie in files of their own. Until all is answered a
//! secret lies in memory only.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::database::Admin;
use crate::config::Config;

/// A secret and the file that it goes into.
#[derive(Clone)]
pub struct Secret {
    /// Where it will lie.
    pub file: PathBuf,
    /// How the configuration names that file.
    pub named: PathBuf,
    /// The secret alone.
    pub text: String,
}

/// See the module.
#[derive(Clone)]
pub struct Draft {
    /// The values.
    pub config: Config,
    /// Secrets that were given.
    pub secrets: Vec<Secret>,
    /// Where secrets go.
    pub vault: Vault,
    /// The login of the database's administrator, between its question and its one use.
    pub admin: Option<Admin>,
    /// The SQL was printed and is not run yet: the store cannot be tried.
    pub waits_for_sql: bool,
    /// Whether the address of links was set by a person.
    pub has_own_url: bool,
}

impl Draft {
    /// Keeps a secret for a file of its own; gives how the configuration names it. `what` is `mail`, `sms`, `store`,
    /// `store-reader` and the like.
    pub fn keep_secret(&mut self, what: &str, text: String) -> PathBuf {
        let (file, named) = self.vault.place(what);
        self.secrets.retain(|secret| secret.file != file);
        self.secrets.push(Secret { file, named: named.clone(), text });
        named
    }

    /// Forgets secrets that the configuration does not name: those of answers that were given up.
    pub fn drop_unnamed(&mut self) {
        let named: Vec<PathBuf> = secret_files(&mut self.config).into_iter().map(|file| file.clone()).collect();
        self.secrets.retain(|secret| named.contains(&secret.named));
    }

    /// The configuration with its secrets readable although no file has them yet. They are, for as long as the list that
    /// comes with it lives.
    pub fn for_trial(&self) -> io::Result<(Config, Vec<File>)> {
        let (mut config, mut held) = (self.config.clone(), Vec::new());
        for secret in &self.secrets {
            let file = in_memory(&secret.text)?;
            let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
            for named in secret_files(&mut config).into_iter().filter(|named| **named == secret.named) {
                named.clone_from(&path);
            }
            held.push(file);
        }
        Ok((config, held))
    }
}

/// Where secrets are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vault {
    /// Files beside the configuration, in this folder.
    Folder(PathBuf),
}

impl Vault {
    /// The file, and how the configuration names it.
    fn place(&self, what: &str) -> (PathBuf, PathBuf) {
        let Vault::Folder(folder) = self;
        let file = folder.join(format!("{what}.secret"));
        (file.clone(), file)
    }
}

/// A file that only this process has.
pub fn in_memory(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("floodmark-setup", MFdFlags::MFD_CLOEXEC)?);
    file.set_permissions(Permissions::from_mode(0o600))?;
    writeln!(file, "{text}")?;
    Ok(file)
}

/// Every file of a secret that setup may write.
fn secret_files(config: &mut Config) -> Vec<&mut PathBuf> {
    let store = &mut config.store;
    let mut files: Vec<&mut PathBuf> =
        [&mut store.password_file, &mut store.reader_password_file, &mut store.maintainer_password_file]
            .into_iter()
            .flatten()
            .collect();
    files.push(&mut config.notifier.email.password_file);
    files.extend(config.notifier.sms.iter_mut().map(|gateway| &mut gateway.secret_file));
    files
}

/// A path that holds wherever a service is started.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{Draft, Vault};
    use crate::config::Config;

    #[test]
    fn a_secret_can_be_tried_before_it_is_written() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let vault = Vault::Folder(dir.path().to_path_buf());
        let mut draft = Draft {
            config: Config::default(),
            secrets: Vec::new(),
            vault,
            admin: None,
            waits_for_sql: false,
            has_own_url: false,
        };
        draft.config.notifier.email.password_file = draft.keep_secret("mail", "s3cret".to_owned());
        let given_up = draft.keep_secret("sms", "other".to_owned());
        let (config, held) = draft.for_trial().expect("memory");
        let path = &config.notifier.email.password_file;
        assert_eq!(fs::read_to_string(path).expect("it is readable"), "s3cret\n");
        assert_eq!(notifier::secret::read(path).expect("as the role reads it"), "s3cret");
        assert!(!given_up.exists() && fs::read_dir(dir.path()).expect("a folder").next().is_none());
        drop(held);
        draft.drop_unnamed();
        let kept: Vec<PathBuf> = draft.secrets.iter().map(|secret| secret.file.clone()).collect();
        assert_eq!(kept, [dir.path().join("mail.secret")]);
    }
}
