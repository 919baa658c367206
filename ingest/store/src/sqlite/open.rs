//! What the writing process has open: `main.db`, today's file, and where every stream stands.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sqlx::SqlStr;
use sqlx::sqlite::SqliteConnection;

use super::file::{self, day_file, day_files, main_file};
use crate::batch::{Fence, Key};
use crate::day::Day;
use crate::error::StoreError;
use crate::fence;
use crate::insert::Statements;
use crate::notes;
use crate::session::{Get, Session};

/// Connections and fences of the only writer.
pub(super) struct Open {
    pub(super) main: SqliteConnection,
    pub(super) day: Option<(Day, SqliteConnection)>,
    pub(super) fences: HashMap<Key, Fence>,
    pub(super) statements: Statements,
}

impl Open {
    /// Opens `main.db` and reads the fences of all files.
    pub(super) async fn load(folder: &Path, in_doubt: &[PathBuf]) -> Result<Open, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query("reading the fences", &error);
        faults::pass("db.connect").map_err(StoreError::failpoint("opening the store"))?;
        let mut main = file::open_main(folder).await?;
        settle(&mut main, in_doubt.contains(&main_file(folder))).await.map_err(failed)?;
        let (mut fences, mut newest) = (HashMap::new(), 0);
        merge(&mut fences, fence::all(&mut main).await.map_err(failed)?);
        for (day, path) in day_files(folder)? {
            let mut connection = file::open_day(folder, day).await?;
            settle(&mut connection, in_doubt.contains(&path)).await.map_err(failed)?;
            merge(&mut fences, fence::all(&mut connection).await.map_err(failed)?);
            newest = newest.max(newest_ts(&mut connection).await.map_err(failed)?);
            file::finish(connection).await;
        }
        notes::begin_in_main(&mut main, newest, fences.values()).await.map_err(failed)?;
        Ok(Open { main, day: None, fences, statements: Statements::default() })
    }

    /// The connection that a batch goes to, and its file.
    pub(super) async fn choose(
        &mut self,
        folder: &Path,
        flows: bool,
        arrived: u32,
    ) -> Result<(&mut SqliteConnection, PathBuf), StoreError> {
        if !flows {
            return Ok((&mut self.main, main_file(folder)));
        }
        let today = Day::of(arrived);
        if self.day.as_ref().is_none_or(|(day, _)| *day != today) {
            self.close_day().await;
            self.day = Some((today, file::open_day(folder, today).await?));
        }
        let (_, connection) = self.day.as_mut().expect("the day's file was just opened");
        Ok((connection, day_file(folder, today)))
    }

    /// Closes everything.
    pub(super) async fn close(mut self) {
        self.close_day().await;
        file::close(self.main).await;
    }

    /// Closes the day file that is open.
    pub(super) async fn close_day(&mut self) {
        if let Some((_, connection)) = self.day.take() {
            file::finish(connection).await;
        }
    }
}

/// Waits for a commit that a connection given up before may still be doing: whoever holds the write lock is done.
async fn settle(connection: &mut SqliteConnection, in_doubt: bool) -> Result<(), sqlx::Error> {
    if in_doubt {
        connection.raw(SqlStr::from_static("BEGIN IMMEDIATE")).await?;
        connection.raw(SqlStr::from_static("ROLLBACK")).await?;
    }
    Ok(())
}

/// Time of a day file's newest row; 0 = it has none.
async fn newest_ts(day: &mut SqliteConnection) -> Result<u32, sqlx::Error> {
    let sql = SqlStr::from_static("SELECT COALESCE(MAX(max_ts), 0) FROM span");
    day.rows(sql, Default::default()).await?.first().map_or(Ok(0), |row| row.u32(0))
}

/// Keeps the furthest fence of each stream.
pub(crate) fn merge(into: &mut HashMap<Key, Fence>, fences: Vec<Fence>) {
    for fence in fences {
        let key = Key { node_id: fence.node_id, epoch: fence.epoch, stream: fence.stream };
        let known = into.entry(key).or_insert(fence);
        if fence.last_seq > known.last_seq {
            *known = fence;
        }
    }
}
