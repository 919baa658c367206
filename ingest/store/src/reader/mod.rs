//! Reading the store: short, read-only, of either dialect.

mod address;
mod flows;
mod host;
mod incidents;
mod ledger;
mod node;
mod noted;
mod series;
mod sizes;
mod span;
mod talkers;
mod traffic;

pub use address::{AddressRange, NotAnAddress};
pub use flows::{Flow, FlowKey, FlowQuery};
pub use host::{Host, Process, Subject};
pub use incidents::{Event, Incident};
pub use ledger::{InterfaceName, LedgerEntry};
pub use noted::Noted;
pub use series::{Point, SeriesQuery, Split};
pub use span::FlowSpan;
pub use talkers::{HostMinute, Talker, Top};
pub use traffic::{Traffic, TrafficTotal};

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::mysql::MySqlConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use tokio::time::timeout;

use crate::batch::Fence;
use crate::config::Config;
use crate::error::{StoreError, mysql_number};
use crate::fence;
use crate::limits::READ_TIMEOUT;
use crate::migrations::KNOWN;
use crate::mysql::Server;
use crate::rows::Bind;
use crate::schema::Access;
use crate::session::{Get, Session};
use crate::sqlite::{day_files, main_file, merge, open_day_for_reading, open_for_reading};
use crate::target::Target;
use span::Spans;

/// Virtual-machine steps of SQLite between two looks whether the time is over: well under a millisecond.
const INTERRUPT_STEPS: i32 = 10_000;

/// Reads over one connection, opened when there is none. Every call ends within [`READ_TIMEOUT`] and a little; one
/// that does not is ended in the database too, and is [`StoreError::Timeout`]: ask for less.
pub struct Reader(Kind);

enum Kind {
    MySql { server: Box<Server>, connection: Option<MySqlConnection> },
    Sqlite { folder: PathBuf, main: Option<SqliteConnection>, spans: Spans },
}

/// A value in a WHERE.
enum Value {
    Number(u64),
    Bytes(Vec<u8>),
    Text(String),
}

/// What a query's row is read into.
pub(crate) trait FromRow: Sized + Send {
    fn from_row<G: Get>(row: &G) -> Result<Self, sqlx::Error>;
}

impl FromRow for u64 {
    fn from_row<G: Get>(row: &G) -> Result<u64, sqlx::Error> {
        row.u64(0)
    }
}

/// A query: its text is ours, its values are bound.
struct Select {
    doing: &'static str,
    text: String,
    values: Vec<Value>,
}

impl Reader {
    /// Connects; an empty URL means SQLite in `data_dir`. Fails if the tables are not there or not of this version.
    pub async fn connect(config: &Config, data_dir: &Path) -> Result<Reader, StoreError> {
        let mut reader = match Target::of(&config.for_reading(), data_dir)? {
            Target::MySql(address) => Reader(Kind::MySql { server: Box::new(Server::new(*address)), connection: None }),
            Target::Sqlite(folder) => Reader(Kind::Sqlite { folder, main: None, spans: Spans::default() }),
        };
        reader.open().await?;
        Ok(reader)
    }

    async fn open(&mut self) -> Result<(), StoreError> {
        match &mut self.0 {
            Kind::MySql { server, connection } if connection.is_none() => {
                *connection = Some(open_server(server).await?);
            }
            Kind::Sqlite { folder, main, .. } if main.is_none() => {
                let path = main_file(folder);
                // SQLite's own message would not tell these two apart.
                match std::fs::File::open(&path) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        return Err(StoreError::NotMigrated { found: 0, needed: KNOWN });
                    }
                    Err(source) => return Err(StoreError::Folder { path, source }),
                }
                *main = Some(open_for_reading(&path).await?);
            }
            _ => {}
        }
        Ok(())
    }

    /// Runs a query on the server or on `main.db`.
    async fn select<T: FromRow>(&mut self, select: Select) -> Result<Vec<T>, StoreError> {
        self.open().await?;
        match &mut self.0 {
            Kind::MySql { connection, .. } => {
                let mut taken = connection.take().expect("open() left a connection");
                let rows = bounded(&mut taken, &select).await?;
                *connection = Some(taken);
                Ok(rows)
            }
            Kind::Sqlite { main, .. } => {
                let mut taken = main.take().expect("open() left a connection");
                let rows = interruptible(&mut taken, &select).await?;
                *main = Some(taken);
                Ok(rows)
            }
        }
    }

    /// How far every stream is stored, and the totals; ordered by node, epoch and stream.
    pub async fn fences(&mut self) -> Result<Vec<Fence>, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query("reading the fences", &error);
        let mut furthest = HashMap::new();
        // Day files first, `main.db` after them: a file that the retention throws away meanwhile was copied there.
        if let Kind::Sqlite { folder, .. } = &self.0 {
            for (_, path) in day_files(folder)? {
                if let Some(mut day) = open_day_for_reading(&path).await? {
                    merge(&mut furthest, fence::all(&mut day).await.map_err(failed)?);
                }
            }
        }
        self.open().await?;
        let fences = match &mut self.0 {
            Kind::MySql { connection: Some(connection), .. } => timeout(READ_TIMEOUT, fence::all(connection)).await,
            Kind::Sqlite { main: Some(main), .. } => timeout(READ_TIMEOUT, fence::all(main)).await,
            _ => unreachable!("open() left a connection"),
        };
        match fences {
            Ok(Ok(fences)) => merge(&mut furthest, fences),
            Ok(Err(error)) => {
                self.close();
                return Err(failed(error));
            }
            Err(_) => {
                self.close();
                return Err(StoreError::Timeout { doing: "reading the fences", after: READ_TIMEOUT });
            }
        }
        let mut fences: Vec<Fence> = furthest.into_values().collect();
        fences.sort_by_key(|fence| (fence.node_id, fence.epoch, fence.stream));
        Ok(fences)
    }

    fn close(&mut self) {
        match &mut self.0 {
            Kind::MySql { connection, .. } => *connection = None,
            Kind::Sqlite { main, .. } => *main = None,
        }
    }
}

/// A connection that cannot write and whose statements the server ends in time.
async fn open_server(server: &Server) -> Result<MySqlConnection, StoreError> {
    let failed = |error: sqlx::Error| StoreError::query("preparing to read", &error);
    let mut connection = server.connect().await?;
    connection.raw(SqlStr::from_static("SET SESSION TRANSACTION READ ONLY")).await.map_err(failed)?;
    // MariaDB counts seconds, MySQL milliseconds, under different names.
    let mariadb = format!("SET SESSION max_statement_time = {}", READ_TIMEOUT.as_secs());
    let mysql = format!("SET SESSION max_execution_time = {}", READ_TIMEOUT.as_millis());
    match connection.raw(AssertSqlSafe(mariadb).into_sql_str()).await {
        Err(error) if mysql_number(&error) == Some(1193) => {
            connection.raw(AssertSqlSafe(mysql).into_sql_str()).await.map_err(failed)?;
        }
        other => {
            other.map_err(failed)?;
        }
    }
    Server::check_version(&mut connection, Access::Read).await?;
    Ok(connection)
}

/// Runs a query on a server. The server ends it after the limit; should its answer not come, we do.
async fn bounded<T: FromRow>(connection: &mut MySqlConnection, select: &Select) -> Result<Vec<T>, StoreError> {
    match timeout(READ_TIMEOUT * 2, run(connection, select)).await {
        Ok(Err(error)) if matches!(mysql_number(&error), Some(1969 | 3024)) => Err(too_slow(select)),
        Ok(result) => result.map_err(|error| StoreError::query(select.doing, &error)),
        Err(_) => Err(too_slow(select)),
    }
}

/// Runs a query on a SQLite file and interrupts it after the limit, so that its snapshot does not keep the writer's
/// log from being emptied.
async fn interruptible<T: FromRow>(connection: &mut SqliteConnection, select: &Select) -> Result<Vec<T>, StoreError> {
    let over = Over { is_over: Arc::default(), ends_query: true };
    let look = Arc::clone(&over.is_over);
    let mut handle = connection.lock_handle().await.map_err(|error| StoreError::query(select.doing, &error))?;
    handle.set_progress_handler(INTERRUPT_STEPS, move || !look.load(Ordering::Relaxed));
    drop(handle);
    let mut query = std::pin::pin!(run(connection, select));
    let Ok(result) = timeout(READ_TIMEOUT, query.as_mut()).await else { return Err(too_slow(select)) };
    over.never();
    result.map_err(|error| StoreError::query(select.doing, &error))
}

/// Interrupts a query of SQLite when it is dropped: the time is over, or nobody waits for the answer any more.
struct Over {
    is_over: Arc<AtomicBool>,
    ends_query: bool,
}

impl Over {
    /// The query has ended by itself. The handler stays with its connection, which may be used on.
    fn never(mut self) {
        self.ends_query = false;
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        self.is_over.store(self.ends_query, Ordering::Relaxed);
    }
}

fn too_slow(select: &Select) -> StoreError {
    StoreError::Timeout { doing: select.doing, after: READ_TIMEOUT }
}

async fn run<S: Session, T: FromRow>(session: &mut S, select: &Select) -> Result<Vec<T>, sqlx::Error> {
    let mut arguments = S::Arguments::default();
    for value in &select.values {
        match value {
            Value::Number(number) => arguments.u64(*number),
            Value::Bytes(bytes) => arguments.bytes(bytes),
            Value::Text(text) => arguments.text(text),
        }
    }
    let sql = AssertSqlSafe(select.text.as_str()).into_sql_str();
    session.rows(sql, arguments).await?.iter().map(T::from_row).collect()
}
