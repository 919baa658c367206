//! MySQL and MariaDB: connecting, and telling apart why it does not work.

mod condense;
mod inspect;
mod migrate;
mod partitions;
mod retention;
mod size;
mod writer;

pub(crate) use writer::Writer;

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, SqlSafeStr};
use tokio::time::timeout;

use crate::error::{StoreError, mysql_number};
use crate::limits::{CONNECT_TIMEOUT, IDLE_TIMEOUT, IDLE_TRANSACTION_SECONDS, UPKEEP_TIMEOUT};
use crate::schema::Access;
use crate::session::Session;
use crate::target::ServerAddress;
use crate::views;

/// A server that connections can be opened to.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    address: ServerAddress,
}

impl Server {
    pub(crate) fn new(address: ServerAddress) -> Server {
        Server { address }
    }

    /// Opens a connection whose session is strict and in UTC.
    pub(crate) async fn connect(&self) -> Result<MySqlConnection, StoreError> {
        faults::pass("db.connect").map_err(|error| self.unreachable(error.to_string()))?;
        let opening = async {
            let mut connection = self.address.options.connect().await?;
            // The server's own modes are replaced, not extended: a lenient one would cut values off silently. MariaDB
            // reads what stands in the comment, MySQL does not.
            let session = format!(
                "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 10, \
                 wait_timeout = {} /*M! , idle_transaction_timeout = {IDLE_TRANSACTION_SECONDS} */",
                IDLE_TIMEOUT.as_secs()
            );
            connection.raw(AssertSqlSafe(session).into_sql_str()).await?;
            Ok(connection)
        };
        match timeout(CONNECT_TIMEOUT, opening).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(self.refused(&error)),
            Err(_) => Err(self.unreachable(format!("no answer for {CONNECT_TIMEOUT:?}"))),
        }
    }

    /// Makes the views for reports of others.
    pub(crate) async fn make_views(&self) -> Result<(), StoreError> {
        let failed = |error: sqlx::Error| StoreError::query("making views", &error);
        let mut connection = self.connect().await?;
        Server::check_version(&mut connection, Access::Write).await?;
        for statement in views::statements() {
            let made = timeout(UPKEEP_TIMEOUT, connection.raw(AssertSqlSafe(statement).into_sql_str())).await;
            match made {
                Ok(made) => drop(made.map_err(failed)?),
                Err(_) => return Err(StoreError::Timeout { doing: "making views", after: UPKEEP_TIMEOUT }),
            }
        }
        Ok(())
    }

    fn unreachable(&self, reason: String) -> StoreError {
        StoreError::Unreachable { target: self.address.name.clone(), reason }
    }

    /// What a failure to connect means.
    fn refused(&self, error: &sqlx::Error) -> StoreError {
        let ServerAddress { name: target, user, database, .. } = self.address.clone();
        match mysql_number(error) {
            Some(1049) => StoreError::UnknownDatabase { target, database },
            Some(1044 | 1045 | 1698) => StoreError::AccessDenied { target, user, reason: error.to_string() },
            Some(_) => StoreError::query("connecting to the database", error),
            None => match error {
                sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => self.unreachable(error.to_string()),
                sqlx::Error::Tls(_) => StoreError::Query {
                    doing: "connecting to the database",
                    reason: format!(
                        "{target}: {error}; give the server a certificate that store.tls_ca_file vouches for, or set \
                         store.tls = \"off\" on a network that is trusted"
                    ),
                },
                _ => StoreError::query("connecting to the database", error),
            },
        }
    }
}
