//! What really lies in the flow tables, counted by the database itself: what tests hold against the fences.

use std::path::Path;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};

use super::MariaDb;
use crate::error::StoreError;
use crate::sqlite::day_files;

/// Sums over all flow rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowTotals {
    /// Rows.
    pub rows: u64,
    /// Rows with a number (epoch, stream, seq) of their own: fewer than `rows` = some are there twice.
    pub distinct: u64,
    /// Wire packets of both directions.
    pub packets: u64,
    /// Wire bytes of both directions.
    pub bytes: u64,
}

const SUMS: [&str; 4] = [
    "COUNT(*) FROM flows",
    "COUNT(*) FROM (SELECT DISTINCT node_id, epoch, stream, seq FROM flows) AS numbers",
    "COALESCE(SUM(packets_fwd + packets_rev), 0) FROM flows",
    "COALESCE(SUM(bytes_fwd + bytes_rev), 0) FROM flows",
];

impl FlowTotals {
    fn add(&mut self, sums: [u64; 4]) {
        self.rows += sums[0];
        self.distinct += sums[1];
        self.packets += sums[2];
        self.bytes += sums[3];
    }

    /// Of a SQLite store in `folder`, as it lies there.
    ///
    /// # Errors
    /// A file cannot be read.
    pub async fn of_sqlite(folder: &Path) -> Result<FlowTotals, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query("counting flow rows", &error);
        let mut totals = FlowTotals::default();
        for (_, path) in day_files(folder)? {
            let options = SqliteConnectOptions::new().filename(&path).read_only(true);
            let mut connection = SqliteConnection::connect_with(&options).await.map_err(failed)?;
            let mut sums = [0; 4];
            for (sum, of) in sums.iter_mut().zip(SUMS) {
                let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!("SELECT {of}")));
                *sum = query.fetch_one(&mut connection).await.map_err(failed)?.unsigned_abs();
            }
            totals.add(sums);
        }
        Ok(totals)
    }

    /// Of `database` on a server, as root sees it.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn of_server(server: &MariaDb, database: &str) -> Result<FlowTotals, sqlx::Error> {
        let options = MySqlConnectOptions::new().socket(server.socket()).username("root").database(database);
        let mut connection = MySqlConnection::connect_with(&options).await?;
        let mut sums = [0; 4];
        for (sum, of) in sums.iter_mut().zip(SUMS) {
            let (what, from) = of.split_once(" FROM ").expect("each names its table");
            let sql = format!("SELECT CAST({what} AS CHAR) FROM {from}");
            let text: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await?;
            *sum = text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        }
        connection.close().await?;
        let mut totals = FlowTotals::default();
        totals.add(sums);
        Ok(totals)
    }
}
