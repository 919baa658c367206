//! `floodmark store backup`: copies of what is kept in files, while everything runs.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use store::{backup_file, backup_folder};

use crate::commands::print;
use crate::config::Config;
use crate::exit::{Exit, Failure, Outcome};

/// Files of other roles in the data directory: rules, outbox and incidents; users and actions.
const STATES: [&str; 2] = ["notifier/state.db", "web/web.db"];

/// Copies the files of a SQLite store, of notifier and of web into a new folder.
pub fn run(config: &Config, to: &Path) -> Outcome {
    if to.exists() && std::fs::read_dir(to).map_or(true, |mut entries| entries.next().is_some()) {
        let error =
            anyhow!("{} is there and not empty: name a new folder, so that no backup is overwritten", to.display());
        return Err(Failure::new(Exit::Failed, error));
    }
    make(to).map_err(|error| Failure::new(Exit::Failed, error))?;
    let mut told = String::new();
    match sqlite_folder(config) {
        Some(folder) if folder.join("main.db").exists() => {
            make(&to.join("store")).map_err(|error| Failure::new(Exit::Failed, error))?;
            let names = super::wait_for(backup_folder(&folder, &to.join("store")))?;
            told.push_str(&names.iter().map(|name| format!("store/{name}\n")).collect::<String>());
        }
        Some(folder) => told.push_str(&format!("no store in {} yet\n", folder.display())),
        None => told.push_str(
            "the store is on a server: copy it by `mariadb-dump --single-transaction` or `mysqldump \
             --single-transaction` (docs/backup.md)\n",
        ),
    }
    for name in STATES {
        let from = config.node.data_dir.join(name);
        if from.exists() {
            let copy = to.join(name);
            make(copy.parent().unwrap_or(to)).map_err(|error| Failure::new(Exit::Failed, error))?;
            super::wait_for(async { backup_file(&from, &copy).await })?;
            told.push_str(&format!("{name}\n"));
        }
    }
    print::out(&format!("{told}copied to {}; the configuration file and its secrets are yours to copy\n", to.display()))
}

/// The folder of a SQLite store; `None` = it is on a server.
fn sqlite_folder(config: &Config) -> Option<PathBuf> {
    match config.store.url.as_str() {
        "" => Some(config.node.data_dir.join("store")),
        url => url.strip_prefix("sqlite://").map(PathBuf::from),
    }
}

/// Makes a folder that only its owner may enter: a backup holds what users may not all read.
fn make(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make the folder {}", folder.display()))
}
