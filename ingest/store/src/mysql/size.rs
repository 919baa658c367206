//! How large the tables on a server are.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use tokio::time::timeout;

use super::Server;
use crate::error::StoreError;
use crate::limits::UPKEEP_TIMEOUT;
use crate::session::{Get, Session};
use crate::upkeep::{SMALL_TABLES, TableSize};

impl Server {
    /// Rows and bytes by the server's statistics, and the oldest and the newest row.
    pub(crate) async fn size(&self) -> Result<Vec<TableSize>, StoreError> {
        match timeout(UPKEEP_TIMEOUT, self.sizes()).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Timeout { doing: "measuring the store", after: UPKEEP_TIMEOUT }),
        }
    }

    /// As [`Server::size`], without a bound in time.
    pub(crate) async fn sizes(&self) -> Result<Vec<TableSize>, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query("measuring the store", &error);
        let mut connection = self.connect().await?;
        // Views have no sizes.
        let sql = SqlStr::from_static(
            "SELECT CONCAT(TABLE_NAME, ''), CAST(COALESCE(TABLE_ROWS, 0) AS UNSIGNED), \
             CAST(COALESCE(DATA_LENGTH + INDEX_LENGTH, 0) AS UNSIGNED) FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME",
        );
        let mut sizes = Vec::new();
        for row in connection.rows(sql, Default::default()).await.map_err(failed)? {
            let table = row.text(0).map_err(failed)?;
            let timed = matches!(table.as_str(), "flows" | "flow_notes") || SMALL_TABLES.contains(&table.as_str());
            let (oldest_ts, newest_ts) = if timed {
                let ends = format!(
                    "SELECT CAST(COALESCE(MIN(ts), 0) AS UNSIGNED), CAST(COALESCE(MAX(ts), 0) AS UNSIGNED) FROM {table}"
                );
                let sql = AssertSqlSafe(ends).into_sql_str();
                let rows = connection.rows(sql, Default::default()).await.map_err(failed)?;
                rows.first().map_or(Ok((0, 0)), |row| Ok((row.u32(0)?, row.u32(1)?))).map_err(failed)?
            } else {
                (0, 0)
            };
            let (rows, bytes) = (row.u64(1).map_err(failed)?, row.u64(2).map_err(failed)?);
            sizes.push(TableSize { table, rows, is_exact: false, bytes, oldest_ts, newest_ts });
        }
        Ok(sizes)
    }
}
