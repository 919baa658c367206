//! Which version a store has, and whether this program may use it: the same one, or a newer one that allows it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::SqlStr;
use tokio::time::timeout;

use crate::config::Config;
use crate::error::StoreError;
use crate::limits::READ_TIMEOUT;
use crate::migrations::{KNOWN, SUPPORT, SUPPORT_FROM, Support};
use crate::mysql::Server;
use crate::session::{Get, Session};
use crate::sqlite;
use crate::target::Target;

/// What one wants to do with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// The version of a database or file, and the programs it allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) version: u32,
    pub(crate) support: Support,
}

/// It was said in this process that the store is newer.
static TOLD: AtomicBool = AtomicBool::new(false);

impl Schema {
    /// Whether this program may use it.
    pub(crate) fn allows(&self, access: Access) -> Result<(), StoreError> {
        let found = self.version;
        if found == KNOWN {
            return Ok(());
        }
        if found < KNOWN {
            return Err(StoreError::NotMigrated { found, needed: KNOWN });
        }
        let least = match access {
            Access::Read => self.support.min_reader,
            Access::Write => self.support.min_writer,
        };
        if least == 0 || least > KNOWN {
            return Err(StoreError::NewerSchema { found, known: KNOWN });
        }
        if !TOLD.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                found,
                known = KNOWN,
                "a newer floodmark has migrated the store; it lets this version go on: upgrade it when you can"
            );
        }
        Ok(())
    }
}

/// The support that a newer program wrote down; none if it did not.
pub(crate) async fn support<S: Session>(session: &mut S, version: u32) -> Result<Support, sqlx::Error> {
    let mut arguments = S::Arguments::default();
    crate::rows::Bind::u32(&mut arguments, version);
    let sql = SqlStr::from_static("SELECT min_reader, min_writer FROM schema_versions WHERE version = ?");
    let rows = session.rows(sql, arguments).await?;
    let Some(row) = rows.first() else { return Ok(Support::default()) };
    Ok(Support { min_reader: row.u32(0)?, min_writer: row.u32(1)? })
}

/// One database or file as [`check_schema`] found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaPart {
    /// The database, or the file's name.
    pub name: String,
    /// Its version; 0 = no tables.
    pub version: u32,
    /// Whether this program may read it as it is.
    pub readable: bool,
    /// Whether this program may write to it as it is.
    pub writable: bool,
}

/// A store's versions, and what a migration would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaCheck {
    /// The version that this program makes.
    pub known: u32,
    /// The database; or `main.db` and the day files. Empty = no store is there yet.
    pub parts: Vec<SchemaPart>,
    /// The lowest version that a program must know to read the store after the migration.
    pub min_reader: u32,
    /// The same, to write.
    pub min_writer: u32,
    /// The first version whose programs look at those two at all: earlier ones refuse every other version.
    pub support_from: u32,
}

impl SchemaCheck {
    /// Whether nothing is to be done: all is of this program's version.
    pub fn is_current(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| part.version == self.known)
    }

    /// Whether a part is newer than this program.
    pub fn is_newer(&self) -> bool {
        self.parts.iter().any(|part| part.version > self.known)
    }

    /// The lowest version of a part; 0 without any.
    pub fn version(&self) -> u32 {
        self.parts.iter().map(|part| part.version).min().unwrap_or(0)
    }
}

/// Looks which version a store has. Changes nothing, and makes nothing.
///
/// # Errors
/// It cannot be reached, or a file is none of ours.
pub async fn check_schema(config: &Config, data_dir: &Path) -> Result<SchemaCheck, StoreError> {
    let asking = async {
        let found = match Target::of(config, data_dir)? {
            Target::MySql(address) => vec![Server::new(*address).schema().await?],
            Target::Sqlite(folder) => sqlite::schemas(&folder).await?,
        };
        let part = |(name, schema): (String, Schema)| SchemaPart {
            name,
            version: schema.version,
            readable: schema.allows(Access::Read).is_ok(),
            writable: schema.allows(Access::Write).is_ok(),
        };
        let Support { min_reader, min_writer } = SUPPORT[SUPPORT.len() - 1];
        let parts = found.into_iter().map(part).collect();
        Ok(SchemaCheck { known: KNOWN, parts, min_reader, min_writer, support_from: SUPPORT_FROM })
    };
    // A store of many day files takes a while each.
    match timeout(READ_TIMEOUT * 10, asking).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Timeout { doing: "looking at the store's version", after: READ_TIMEOUT * 10 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_store_is_used_if_it_says_so() {
        let check = |version: u32, min_reader: u32, min_writer: u32| {
            let schema = Schema { version, support: Support { min_reader, min_writer } };
            (schema.allows(Access::Read).is_ok(), schema.allows(Access::Write).is_ok())
        };
        assert_eq!(check(KNOWN, 0, 0), (true, true));
        assert_eq!(check(KNOWN - 1, 0, 0), (false, false));
        assert_eq!(check(KNOWN + 1, 0, 0), (false, false), "it says nothing");
        assert_eq!(check(KNOWN + 1, KNOWN, KNOWN + 1), (true, false));
        assert_eq!(check(KNOWN + 5, 3, 3), (true, true));
        assert_eq!(check(KNOWN + 1, KNOWN + 1, KNOWN + 1), (false, false));
    }
}
