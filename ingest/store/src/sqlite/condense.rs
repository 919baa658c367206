//! Condensing in day files that nobody writes to any more, and giving their room back.

use std::path::Path;

use sqlx::SqlStr;
use sqlx::sqlite::SqliteConnection;

use super::file::{self, day_files, main_file, open_for_reading};
use super::{Files, compact};
use crate::condense::run::{Run, bounded};
use crate::condense::slice::Dialect;
use crate::condense::{Attack, attacks, marks};
use crate::day::Day;
use crate::error::StoreError;
use crate::session::{Get, Session};
use crate::upkeep::{CondenseReport, RetentionPolicy};

const DOING: &str = "condensing flow rows";

/// A transaction that writes keeps all other writers out.
const DIALECT: Dialect = Dialect { begin: "BEGIN IMMEDIATE", lock: "" };

impl Files {
    /// See [`crate::Store::condense`]. The writer of this process gets its turn between two slices; that of another
    /// process refuses it ([`StoreError::Locked`]).
    pub(crate) async fn condense(&self, policy: &RetentionPolicy, now: u32) -> Result<CondenseReport, StoreError> {
        let mut run = Run::new(policy, now);
        if policy.attack_detail.is_zero() {
            return Ok(run.report);
        }
        self.state.lock().await.lock(&self.folder)?;
        let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
        let mut main = open_for_reading(&main_file(&self.folder)).await?;
        let found = bounded(async { attacks(&mut main, policy, now).await.map_err(failed) }).await?;
        drop(main);
        for (day, path) in day_files(&self.folder)? {
            if day >= Day::of(now) || found.is_empty() || run.report.is_more {
                break;
            }
            self.release(day).await;
            match self.condense_day(&mut run, day, &path, &found).await {
                Ok(()) => {}
                Err(error @ (StoreError::Transient { .. } | StoreError::Query { .. })) => {
                    run.report.hindered = Some(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(run.report)
    }

    /// Closes the file of a day that is over, if the writer still has it open: it opens it again when it needs it.
    async fn release(&self, day: Day) {
        let mut state = self.state.lock().await;
        if let Some(open) = state.open.as_mut()
            && open.day.as_ref().is_some_and(|(current, _)| *current == day)
        {
            open.close_day().await;
        }
    }

    async fn condense_day(&self, run: &mut Run<'_>, day: Day, path: &Path, found: &[Attack]) -> Result<(), StoreError> {
        let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
        let mut reading = open_for_reading(path).await?;
        let (done, span) = (marks(&mut reading).await.map_err(failed)?, span(&mut reading).await.map_err(failed)?);
        drop(reading);
        let is_left = |attack: &&Attack| {
            let until = done.get(&attack.incident).map_or(0, |mark| mark.until);
            attack.since <= span.1 && attack.until > span.0 && until < attack.until
        };
        let left: Vec<Attack> = found.iter().filter(is_left).cloned().collect();
        if left.is_empty() {
            // A death may have come between the last slice and this.
            if done.values().any(|mark| mark.from_rows > 0) {
                let _turn = self.state.lock().await;
                run.report.bytes += compact::give_back(&self.folder, path, run.policy.disk_free_min).await?;
            }
            return Ok(());
        }
        let mut connection = {
            let _turn = self.state.lock().await;
            file::open_day(&self.folder, day).await?
        };
        run.work(&mut connection, &self.state, DIALECT, &left, &done).await?;
        let _turn = self.state.lock().await;
        write_rows(&mut connection).await.map_err(failed)?;
        if file::finish(connection).await && !run.report.is_more {
            run.report.bytes += compact::give_back(&self.folder, path, run.policy.disk_free_min).await?;
        }
        Ok(())
    }
}

/// The times of the rows of a day file.
async fn span(day: &mut SqliteConnection) -> Result<(u32, u32), sqlx::Error> {
    let sql = SqlStr::from_static("SELECT min_ts, max_ts FROM span");
    day.rows(sql, Default::default()).await?.first().map_or(Ok((u32::MAX, 0)), |row| Ok((row.u32(0)?, row.u32(1)?)))
}

/// Counts the rows of a day file anew: the span says how many there are.
async fn write_rows(day: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = SqlStr::from_static("UPDATE span SET flow_rows = (SELECT COUNT(*) FROM flows)");
    day.raw(sql).await.map(drop)
}
