//! SQLite: `main.db` and one file of flow rows per day, in one folder.
//!
//! A transaction over two attached files in WAL mode is not atomic over a crash. Hence a batch goes wholly into one
//! file: flow rows into the file of the day they arrive on, everything else into `main.db`; and each file has its own
//! `ingest_fences`, written in the batch's transaction with *absolute* values. Where a stream stands is the row with
//! the largest `last_seq` over all files: it holds the totals too. So nothing needs adding up, a row may be copied
//! from file to file any number of times, and a day file is thrown away after its fences were copied to `main.db`.
//!
//! The largest fence is known in memory, because a store has one writing process (`writer.lock`).

mod compact;
mod condense;
mod file;
mod inspect;
mod open;
mod retention;
mod size;
mod writer;

pub(crate) use file::{day_files, log_of, main_file, open_day_for_reading, open_for_reading, schemas};
pub(crate) use inspect::inspect;
pub(crate) use open::merge;
pub(crate) use retention::size_of;
pub(crate) use writer::Writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use tokio::sync::Mutex;

use crate::error::StoreError;
use open::Open;

/// The folder of a store, and what this process has open in it.
pub(crate) struct Files {
    folder: PathBuf,
    state: Mutex<State>,
}

/// What this process has open.
#[derive(Default)]
struct State {
    /// Held from the first write on: no other process writes.
    lock: Option<File>,
    /// Taken out while work is done: a call that fails, times out or is dropped takes it along.
    open: Option<Open>,
    /// The last files written to: a connection that was given up may still be committing to them.
    in_doubt: Vec<PathBuf>,
}

impl Files {
    /// Makes the folder if need be; opens nothing.
    pub(crate) fn new(folder: PathBuf) -> Result<Files, StoreError> {
        file::make_folder(&folder)?;
        Ok(Files { folder, state: Mutex::new(State::default()) })
    }

    /// Brings all files to this program's version: who only reads cannot.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        let connection = file::open_main(&self.folder).await?;
        file::close(connection).await;
        for (day, path) in day_files(&self.folder)? {
            let old = open_for_reading(&path).await.map(drop);
            if matches!(old, Err(StoreError::NotMigrated { .. })) {
                file::finish(file::open_day(&self.folder, day).await?).await;
            }
        }
        Ok(())
    }

    /// Bytes that may still be written.
    pub(crate) fn disk_free(&self) -> Result<u64, StoreError> {
        retention::free_bytes(&self.folder)
    }

    /// Closes what is open, and lets another process write.
    pub(crate) async fn close(&self) {
        let mut state = self.state.lock().await;
        if let Some(open) = state.open.take() {
            open.close().await;
        }
        state.lock = None;
    }
}

impl State {
    /// Makes this process the only writer.
    fn lock(&mut self, folder: &Path) -> Result<(), StoreError> {
        if self.lock.is_some() {
            return Ok(());
        }
        let path = folder.join("writer.lock");
        let file = file::create(&path)?;
        match file.try_lock() {
            Ok(()) => {
                self.lock = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path }),
            Err(TryLockError::Error(source)) => Err(StoreError::Folder { path, source }),
        }
    }

    /// What is open, for exclusive use; to be given back by `self.open = Some(open)` after success only.
    async fn take(&mut self, folder: &Path) -> Result<Open, StoreError> {
        self.lock(folder)?;
        match self.open.take() {
            Some(open) => Ok(open),
            None => {
                let open = Open::load(folder, &self.in_doubt).await?;
                self.in_doubt.clear();
                Ok(open)
            }
        }
    }
}
