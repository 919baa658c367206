//! A plain connection for tests: any statement, and its rows as text.

use std::path::Path;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Row as _, raw_sql};

use super::MariaDb;

/// See the module.
pub struct Session(Kind);

enum Kind {
    Server(MySqlConnection),
    File(SqliteConnection),
}

impl Session {
    /// As root, in `database`.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn of_server(server: &MariaDb, database: &str) -> Result<Session, sqlx::Error> {
        let options = MySqlConnectOptions::new().socket(server.socket()).username("root").database(database);
        Ok(Session(Kind::Server(MySqlConnection::connect_with(&options).await?)))
    }

    /// Of a SQLite file that is there.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn of_file(file: &Path) -> Result<Session, sqlx::Error> {
        let options = SqliteConnectOptions::new().filename(file);
        Ok(Session(Kind::File(SqliteConnection::connect_with(&options).await?)))
    }

    /// Runs a statement; its rows, columns apart by a bar, bytes that are no text escaped.
    ///
    /// # Errors
    /// The database's.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<String>, sqlx::Error> {
        let sql = raw_sql(AssertSqlSafe(sql.to_owned()));
        let cells: Vec<Vec<Vec<u8>>> = match &mut self.0 {
            Kind::Server(connection) => {
                let rows = sql.fetch_all(connection).await?;
                let cells = rows.iter().map(|row| (0..row.len()).map(|at| row.try_get_unchecked(at)).collect());
                cells.collect::<Result<_, _>>()?
            }
            Kind::File(connection) => {
                let rows = sql.fetch_all(connection).await?;
                let cells = rows.iter().map(|row| (0..row.len()).map(|at| row.try_get_unchecked(at)).collect());
                cells.collect::<Result<_, _>>()?
            }
        };
        let row = |cells: &Vec<Vec<u8>>| {
            cells.iter().map(|cell| cell.escape_ascii().to_string()).collect::<Vec<_>>().join("|")
        };
        Ok(cells.iter().map(row).collect())
    }
}
