//! How large the tables of a SQLite store are.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use tokio::time::timeout;

use super::Files;
use super::file::{day_files, main_file, open_day_for_reading, open_for_reading};
use super::retention::size_of;
use crate::error::StoreError;
use crate::limits::UPKEEP_TIMEOUT;
use crate::session::{Get, Session};
use crate::upkeep::{SMALL_TABLES, TableSize};

const DOING: &str = "measuring the store";

impl Files {
    /// Rows counted, bytes by pages (`flows`: by files), the oldest and the newest row.
    pub(crate) async fn size(&self) -> Result<Vec<TableSize>, StoreError> {
        match timeout(UPKEEP_TIMEOUT, self.sizes()).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Timeout { doing: DOING, after: UPKEEP_TIMEOUT }),
        }
    }

    async fn sizes(&self) -> Result<Vec<TableSize>, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
        let mut main = open_for_reading(&main_file(&self.folder)).await?;
        let mut sizes = Vec::new();
        for table in SMALL_TABLES {
            let text = format!(
                "SELECT COUNT(*), COALESCE(MIN(ts), 0), COALESCE(MAX(ts), 0), \
                 (SELECT COALESCE(SUM(pgsize), 0) FROM dbstat WHERE name = '{table}' AND aggregate = TRUE) FROM {table}"
            );
            let rows = main.rows(AssertSqlSafe(text).into_sql_str(), Default::default()).await.map_err(failed)?;
            let Some(row) = rows.first() else { continue };
            let (rows, bytes) = (row.u64(0).map_err(failed)?, row.u64(3).map_err(failed)?);
            let (oldest_ts, newest_ts) = (row.u32(1).map_err(failed)?, row.u32(2).map_err(failed)?);
            sizes.push(TableSize { table: table.to_owned(), rows, is_exact: true, bytes, oldest_ts, newest_ts });
        }
        let mut flows = TableSize { table: "flows".to_owned(), is_exact: true, ..TableSize::default() };
        for (_, path) in day_files(&self.folder)? {
            let Some(mut day) = open_day_for_reading(&path).await? else { continue };
            let sql = SqlStr::from_static("SELECT flow_rows, min_ts, max_ts FROM span");
            if let Some(row) = day.rows(sql, Default::default()).await.map_err(failed)?.first() {
                flows.rows += row.u64(0).map_err(failed)?;
                let oldest = row.u32(1).map_err(failed)?;
                flows.oldest_ts = if flows.oldest_ts == 0 { oldest } else { flows.oldest_ts.min(oldest) };
                flows.newest_ts = flows.newest_ts.max(row.u32(2).map_err(failed)?);
            }
            flows.bytes += size_of(&path);
        }
        sizes.push(flows);
        Ok(sizes)
    }
}
