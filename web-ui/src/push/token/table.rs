//! The tokens' table in the page's state.

use rusqlite::{Connection, Row, params};

use super::{Hash, Token};

/// Its tables.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "push-tokens-1",
    "CREATE TABLE push_token (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        hash BLOB NOT NULL UNIQUE,
        name TEXT NOT NULL,
        publish TEXT,
        subscribe TEXT,
        rate REAL NOT NULL,
        expires_us INTEGER,
        made_by TEXT NOT NULL,
        made_us INTEGER NOT NULL
    ) STRICT",
)];

/// All tokens with their hashes.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<(Hash, Token)>> {
    let mut query = db.prepare(
        "SELECT id, hash, name, publish, subscribe, rate, expires_us, made_by, made_us FROM push_token ORDER BY id",
    )?;
    query.query_map([], row)?.collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<(Hash, Token)> {
    let token = Token {
        id: row.get(0)?,
        name: row.get(2)?,
        publish: row.get(3)?,
        subscribe: row.get(4)?,
        rate: row.get(5)?,
        expires_us: row.get::<_, Option<i64>>(6)?.map(i64::cast_unsigned),
        made_by: row.get(7)?,
        made_us: row.get::<_, i64>(8)?.cast_unsigned(),
    };
    Ok((row.get(1)?, token))
}

/// Keeps a token; gives its number, which no other had.
pub(super) fn insert(db: &Connection, hash: &Hash, token: &Token) -> rusqlite::Result<i64> {
    db.execute(
        "INSERT INTO push_token (hash, name, publish, subscribe, rate, expires_us, made_by, made_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            hash,
            token.name,
            token.publish,
            token.subscribe,
            token.rate,
            token.expires_us.map(u64::cast_signed),
            token.made_by,
            token.made_us.cast_signed(),
        ],
    )?;
    Ok(db.last_insert_rowid())
}

/// Forgets a token.
pub(super) fn delete(db: &Connection, id: i64) -> rusqlite::Result<usize> {
    db.execute("DELETE FROM push_token WHERE id = ?1", [id])
}
