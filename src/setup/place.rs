//! Where the configuration and the data lie, who may write there, and whose they shall be.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, Group, access, geteuid};

use super::draft::{Draft, Vault, absolute};
use crate::cli::SetupArgs;
use crate::config::check::Machine;
use crate::config::load::{Effective, Overrides, SYSTEM_FILE};
use crate::config::{Config, SHIPPED};
use crate::exit::{Exit, Failure};

/// Of a packaged service.
const SYSTEM_DATA: &str = "/var/lib/floodmark";

/// Of its sockets.
const SYSTEM_RUN: &str = "/run/floodmark";

/// The group of the services' users: what they must read is readable for it.
const GROUP: &str = "floodmark";

/// Entries of the data directory that are looked at when they are given to the services' user; far above what setup
/// makes.
const ENTRIES_MAX: usize = 10_000;

/// See the module.
pub struct Place {
    /// The configuration file, absolute.
    pub file: PathBuf,
    /// Its text now; `None` = there is none.
    pub present: Option<String>,
    /// Whether the services of the package read this file.
    pub is_system: bool,
    is_root: bool,
    group: Option<u32>,
}

impl Place {
    /// Decides by the flags and by who runs this.
    ///
    /// # Errors
    /// The folder cannot be written to, or the file there cannot be read.
    pub fn find(args: &SetupArgs) -> Result<Place, Failure> {
        let is_root = geteuid().is_root();
        let file = match &args.config {
            Some(file) => absolute(file),
            None if is_root => PathBuf::from(SYSTEM_FILE),
            None => absolute(Path::new("floodmark.toml")),
        };
        let folder = file.parent().unwrap_or(Path::new("/"));
        check_writable(folder)?;
        let present = match fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                let told = format!("cannot read {}: {error}; name another file with --config", file.display());
                return Err(Failure::new(Exit::BadConfiguration, anyhow::anyhow!(told)));
            }
        };
        let group = Group::from_name(GROUP).ok().flatten().filter(|_| is_root).map(|group| group.gid.as_raw());
        let is_system = file == Path::new(SYSTEM_FILE);
        Ok(Place { file, present, is_system, is_root, group })
    }

    /// The folder of the file.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }

    /// The text that the answers are laid into.
    pub fn base(&self) -> &str {
        self.present.as_deref().unwrap_or(SHIPPED)
    }

    /// What the present file says, and where it says nothing, what suits this place.
    ///
    /// # Errors
    /// The present file is wrong.
    pub fn draft(&self, args: &SetupArgs, machine: &Machine) -> Result<Draft, Failure> {
        if self.present.is_some() {
            // Every fault of it is told as `config check` tells it.
            Effective::load(Some(&self.file), &Overrides::default(), machine)?;
        }
        let parsed = toml::from_str::<Config>(self.base());
        let mut config = parsed.map_err(|error| Failure::new(Exit::BadConfiguration, error))?;
        if let Some(data_dir) = &args.data_dir {
            config.node.data_dir.clone_from(data_dir);
        } else if self.is_system && config.node.data_dir == Config::default().node.data_dir {
            config.node.data_dir = SYSTEM_DATA.into();
            if config.node.run_dir.as_os_str().is_empty() {
                config.node.run_dir = SYSTEM_RUN.into();
            }
        }
        let has_own_url = !config.web.public_url.is_empty();
        let vault = Vault::Folder(self.folder().to_path_buf());
        Ok(Draft { config, secrets: Vec::new(), vault, admin: None, waits_for_sql: false, has_own_url })
    }

    /// The first words.
    pub fn intro(&self, asks: bool) -> String {
        let file = self.file.display();
        let mut text = match &self.present {
            Some(_) => {
                format!("{file} is there: its values are offered; it is changed at the end only, if you say so.")
            }
            None => format!("{file} will be written at the end."),
        };
        if !self.is_root {
            text += "\nThis is not root: everything stays in this user's folders, and the services of the package are not \
                     touched.";
        } else if self.is_system && self.group.is_none() {
            text += "\nThere is no group floodmark (the package makes it): what is written is for root alone.";
        }
        if asks {
            text += "\nEnter takes what stands in [brackets], - takes nothing, Ctrl-C leaves.";
        }
        text
    }

    /// Owner's group and mode of the configuration file.
    pub fn access(&self) -> (Option<u32>, u32) {
        (self.group, 0o640)
    }

    /// Of a file with a secret.
    pub fn secret_access(&self) -> (Option<u32>, u32) {
        (self.group, if self.group.is_some() { 0o640 } else { 0o600 })
    }

    /// Gives what root has made below the data directory to whom the folder above it belongs: the services run as that
    /// user and must be able to write it.
    pub fn adopt(&self, data_dir: &Path) {
        let mut left = ENTRIES_MAX;
        if self.is_root {
            adopt(&absolute(data_dir), &mut left);
        }
    }
}

/// Only below folders of another user, and only what is root's.
fn adopt(folder: &Path, left: &mut usize) {
    let Ok(owner) = fs::symlink_metadata(folder) else { return };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if *left == 0 {
            return;
        }
        *left -= 1;
        if about.uid() == 0
            && owner.uid() != 0
            && let Err(error) = lchown(&path, Some(owner.uid()), Some(owner.gid()))
        {
            tracing::warn!(path = %path.display(), %error, "the services may not be able to write this; give it to their user");
        }
        if about.is_dir() {
            adopt(&path, left);
        }
    }
}

/// The folder is made where it is missing.
fn check_writable(folder: &Path) -> Result<(), Failure> {
    let made = fs::create_dir_all(folder);
    let open = made.and_then(|()| Ok(access(folder, AccessFlags::W_OK | AccessFlags::X_OK)?));
    open.map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::PermissionDenied => Exit::MissingPrivilege,
            _ => Exit::Failed,
        };
        let folder = folder.display();
        let told = format!("cannot write into {folder}: {error}; run it as root, or name another file with --config");
        Failure::new(exit, anyhow::anyhow!(told))
    })
}
