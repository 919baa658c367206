//! One connection of either dialect, as the inserting and reading code sees it.

use std::future::Future;

use sqlx::mysql::{MySqlArguments, MySqlConnection, MySqlRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Row as _, SqlStr};

use crate::rows::Bind;

/// A connection. A failed or abandoned call leaves it in an unknown state: the owner drops it.
pub(crate) trait Session: Send {
    /// Arguments of a prepared statement.
    type Arguments: Bind;
    /// A row of a result.
    type Row: Get;

    /// Runs a prepared statement; returns the rows it matched or inserted.
    fn run(&mut self, sql: SqlStr, arguments: Self::Arguments)
    -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// Runs a prepared query.
    fn rows(
        &mut self,
        sql: SqlStr,
        arguments: Self::Arguments,
    ) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;

    /// Runs a statement without arguments, unprepared: transaction borders, settings, DDL.
    fn raw(&mut self, sql: SqlStr) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;
}

impl Session for MySqlConnection {
    type Arguments = MySqlArguments;
    type Row = MySqlRow;

    async fn run(&mut self, sql: SqlStr, arguments: MySqlArguments) -> Result<u64, sqlx::Error> {
        Ok(sqlx::query_with(sql, arguments).execute(self).await?.rows_affected())
    }

    async fn rows(&mut self, sql: SqlStr, arguments: MySqlArguments) -> Result<Vec<MySqlRow>, sqlx::Error> {
        sqlx::query_with(sql, arguments).fetch_all(self).await
    }

    async fn raw(&mut self, sql: SqlStr) -> Result<u64, sqlx::Error> {
        Ok(sqlx::raw_sql(sql).execute(self).await?.rows_affected())
    }
}

impl Session for SqliteConnection {
    type Arguments = SqliteArguments;
    type Row = SqliteRow;

    async fn run(&mut self, sql: SqlStr, arguments: SqliteArguments) -> Result<u64, sqlx::Error> {
        Ok(sqlx::query_with(sql, arguments).execute(self).await?.rows_affected())
    }

    async fn rows(&mut self, sql: SqlStr, arguments: SqliteArguments) -> Result<Vec<SqliteRow>, sqlx::Error> {
        sqlx::query_with(sql, arguments).fetch_all(self).await
    }

    async fn raw(&mut self, sql: SqlStr) -> Result<u64, sqlx::Error> {
        Ok(sqlx::raw_sql(sql).execute(self).await?.rows_affected())
    }
}

/// The columns of a result's row, by position. Unsigned and signed differ between the dialects; the tables hold no
/// NULL, and sums are cast in the SQL.
pub(crate) trait Get: Send {
    fn u64(&self, column: usize) -> Result<u64, sqlx::Error>;
    fn i64(&self, column: usize) -> Result<i64, sqlx::Error>;
    fn f64(&self, column: usize) -> Result<f64, sqlx::Error>;
    fn bytes(&self, column: usize) -> Result<Vec<u8>, sqlx::Error>;
    fn text(&self, column: usize) -> Result<String, sqlx::Error>;

    fn u32(&self, column: usize) -> Result<u32, sqlx::Error> {
        narrow(self.u64(column)?, column)
    }
    fn u16(&self, column: usize) -> Result<u16, sqlx::Error> {
        narrow(self.u64(column)?, column)
    }
    fn u8(&self, column: usize) -> Result<u8, sqlx::Error> {
        narrow(self.u64(column)?, column)
    }
    fn address(&self, column: usize) -> Result<[u8; 16], sqlx::Error> {
        self.bytes(column)?.try_into().map_err(|_| decode(column, "an address has 16 bytes"))
    }
}

fn decode(column: usize, what: &'static str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_string(), source: what.into() }
}

fn narrow<T: TryFrom<u64>>(value: u64, column: usize) -> Result<T, sqlx::Error> {
    T::try_from(value).map_err(|_| decode(column, "the number is too large for this column"))
}

impl Get for MySqlRow {
    fn u64(&self, column: usize) -> Result<u64, sqlx::Error> {
        // Catalogue tables declare some numbers signed, others not; none is negative.
        self.try_get_unchecked(column)
    }
    fn i64(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get_unchecked(column)
    }
    fn f64(&self, column: usize) -> Result<f64, sqlx::Error> {
        self.try_get_unchecked(column)
    }
    fn bytes(&self, column: usize) -> Result<Vec<u8>, sqlx::Error> {
        self.try_get_unchecked(column)
    }
    fn text(&self, column: usize) -> Result<String, sqlx::Error> {
        self.try_get_unchecked(column)
    }
}

impl Get for SqliteRow {
    fn u64(&self, column: usize) -> Result<u64, sqlx::Error> {
        u64::try_from(self.i64(column)?).map_err(|_| decode(column, "a negative number in an unsigned column"))
    }
    fn i64(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }
    fn f64(&self, column: usize) -> Result<f64, sqlx::Error> {
        self.try_get_unchecked(column)
    }
    fn bytes(&self, column: usize) -> Result<Vec<u8>, sqlx::Error> {
        self.try_get(column)
    }
    fn text(&self, column: usize) -> Result<String, sqlx::Error> {
        self.try_get(column)
    }
}
