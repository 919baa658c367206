//! How large the tables are, as far as that is known at once: for a page, not for an audit.

use tokio::time::timeout;

use super::{FromRow, Kind, Reader, Select};
use crate::error::StoreError;
use crate::limits::READ_TIMEOUT;
use crate::sqlite::{day_files, main_file, open_day_for_reading, size_of};
use crate::upkeep::{SMALL_TABLES, TableSize};

const DOING: &str = "measuring the store";

/// Rows, oldest and newest time of a day file.
struct Held(u64, u32, u32);

impl FromRow for Held {
    fn from_row<G: crate::session::Get>(row: &G) -> Result<Held, sqlx::Error> {
        Ok(Held(row.u64(0)?, row.u32(1)?, row.u32(2)?))
    }
}

impl Reader {
    /// Rows (a server's estimate), bytes and oldest row of each table. SQLite's small tables are not counted: their
    /// rows and bytes are 0, and `main.db` stands for the bytes of all of them.
    pub async fn sizes(&mut self) -> Result<Vec<TableSize>, StoreError> {
        let folder = match &self.0 {
            Kind::MySql { server, .. } => {
                let sizes = timeout(READ_TIMEOUT, server.sizes()).await;
                return sizes.unwrap_or(Err(StoreError::Timeout { doing: DOING, after: READ_TIMEOUT }));
            }
            Kind::Sqlite { folder, .. } => folder.clone(),
        };
        let mut sizes = Vec::new();
        for table in SMALL_TABLES {
            let text = format!("SELECT COALESCE(MIN(ts), 0) FROM {table}");
            let oldest: Vec<u64> = self.select(Select { doing: DOING, text, values: Vec::new() }).await?;
            let oldest_ts = oldest.first().map_or(0, |&ts| u32::try_from(ts).unwrap_or(u32::MAX));
            sizes.push(TableSize { table: table.to_owned(), oldest_ts, ..TableSize::default() });
        }
        let bytes = size_of(&main_file(&folder));
        sizes.push(TableSize { table: "main.db".to_owned(), bytes, ..TableSize::default() });
        let mut flows = TableSize { table: "flows".to_owned(), is_exact: true, ..TableSize::default() };
        for (_, path) in day_files(&folder)? {
            let Some(mut file) = open_day_for_reading(&path).await? else { continue };
            let text = "SELECT flow_rows, min_ts, max_ts FROM span".to_owned();
            let held: Vec<Held> =
                super::interruptible(&mut file, &Select { doing: DOING, text, values: Vec::new() }).await?;
            for Held(rows, oldest, newest) in held {
                flows.rows += rows;
                flows.oldest_ts = if flows.oldest_ts == 0 { oldest } else { flows.oldest_ts.min(oldest) };
                flows.newest_ts = flows.newest_ts.max(newest);
            }
            flows.bytes += size_of(&path);
        }
        sizes.push(flows);
        Ok(sizes)
    }
}
