//! A database and its accounts, made by an administrator's login that is used once and kept nowhere.

use std::path::Path;
use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use tokio::time::timeout;

use crate::config::{Config, with_database};
use crate::error::StoreError;
use crate::grants::{self, Passwords};
use crate::inspect::{Inspection, inspect};
use crate::mysql::Server;
use crate::session::{Get, Session};
use crate::target::Target;

/// A database that every server has.
const ALWAYS_THERE: &str = "information_schema";

/// Tables, partitions and accounts of a new database on a slow disk.
const ESTABLISH_TIMEOUT: Duration = Duration::from_secs(120);

const DOING: &str = "making database and accounts";

/// What shall be there.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The database's name.
    pub database: &'a str,
    /// Passwords of the three accounts, also of those that are there already.
    pub passwords: &'a Passwords,
    /// As for [`crate::Store::prepare`].
    pub flows_kept: Duration,
    /// UNIX seconds.
    pub now: u32,
}

/// What the server of an administrator's login is; the database that its URL names, if any, does not matter.
///
/// # Errors
/// As for [`inspect`].
pub async fn inspect_server(admin: &Config) -> Result<Inspection, StoreError> {
    inspect(&of(admin, ALWAYS_THERE), Path::new("")).await
}

/// Makes database, tables, accounts and grants; what is there stays. Gives the host that the accounts connect from, as
/// the server sees it.
///
/// # Errors
/// The server is away, or the login may not do it.
pub async fn establish(admin: &Config, wish: &Wish<'_>) -> Result<String, StoreError> {
    let making = async {
        let mut connection = server(admin, ALWAYS_THERE)?.connect().await?;
        let host = seen_as(&mut connection).await?;
        run(&mut connection, &grants::before_tables(wish.database, &host, wish.passwords)).await?;
        let owned = server(admin, wish.database)?;
        owned.migrate().await?;
        owned.prepare(wish.flows_kept, wish.now).await?;
        run(&mut connection, &grants::for_writer(wish.database, &host)).await?;
        Ok(host)
    };
    let late = StoreError::Timeout { doing: DOING, after: ESTABLISH_TIMEOUT };
    timeout(ESTABLISH_TIMEOUT, making).await.unwrap_or(Err(late))
}

fn of(admin: &Config, database: &str) -> Config {
    Config { url: with_database(&admin.url, database), ..admin.clone() }
}

fn server(admin: &Config, database: &str) -> Result<Server, StoreError> {
    match Target::of(&of(admin, database), Path::new(""))? {
        Target::MySql(address) => Ok(Server::new(*address)),
        Target::Sqlite(_) => Err(StoreError::Url { reason: "it names no server".to_owned() }),
    }
}

/// The host of our own account: what a socket, a loopback address or a name is to this server.
async fn seen_as(connection: &mut MySqlConnection) -> Result<String, StoreError> {
    let failed = |error: sqlx::Error| StoreError::query(DOING, &error);
    let sql = SqlStr::from_static("SELECT CAST(SUBSTRING_INDEX(USER(), '@', -1) AS CHAR)");
    let rows = connection.rows(sql, Default::default()).await.map_err(failed)?;
    rows.first().map_or(Ok("localhost".to_owned()), |row| row.text(0)).map_err(failed)
}

async fn run(connection: &mut MySqlConnection, statements: &[String]) -> Result<(), StoreError> {
    for statement in statements {
        // A password is in some of them: the driver's message quotes the server's words alone.
        connection
            .raw(AssertSqlSafe(statement.clone()).into_sql_str())
            .await
            .map_err(|error| StoreError::query(DOING, &error))?;
    }
    Ok(())
}
