//! What a server is, and how it is set up.

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::Server;
use crate::error::StoreError;
use crate::inspect::{Inspection, Own, SETTINGS};
use crate::session::{Get, Session};

impl Server {
    /// Kind, version and settings. Every account may ask for them; needs no tables.
    pub(crate) async fn inspect(&self) -> Result<Inspection, StoreError> {
        let failed = |error: sqlx::Error| StoreError::query("asking the server for its settings", &error);
        let mut connection = self.connect().await?;
        let text = format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('{}')", SETTINGS.join("', '"));
        let rows = connection.rows(AssertSqlSafe(text).into_sql_str(), Default::default()).await.map_err(failed)?;
        let pairs = rows.iter().map(|row| Ok((row.text(0)?.to_ascii_lowercase(), row.text(1)?)));
        let settings = pairs.collect::<Result<std::collections::BTreeMap<_, _>, _>>().map_err(failed)?;
        let told = |name: &str| settings.get(name).cloned().unwrap_or_default();
        let version = told("version");
        let mariadb = [&version, &told("version_comment")].iter().any(|text| text.to_lowercase().contains("mariadb"));
        let own = own(&mut connection).await.map_err(failed)?;
        Ok(Inspection::Server { mariadb, version, settings, own })
    }
}

/// What every account may ask about itself and its database.
async fn own(connection: &mut MySqlConnection) -> Result<Own, sqlx::Error> {
    let one = "SELECT COALESCE(DATABASE(), ''), COALESCE((SELECT DEFAULT_CHARACTER_SET_NAME FROM \
               information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()), ''), @@SESSION.sql_mode";
    let narrow = "SELECT TABLE_NAME, TABLE_COLLATION FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
                  AND TABLE_TYPE = 'BASE TABLE' AND TABLE_COLLATION NOT LIKE 'utf8mb4%' \
                  AND TABLE_SCHEMA <> 'information_schema' ORDER BY TABLE_NAME LIMIT 20";
    let mut own = Own::default();
    if let Some(row) = connection.rows(SqlStr::from_static(one), Default::default()).await?.first() {
        (own.database, own.character_set, own.session_mode) = (row.text(0)?, row.text(1)?, row.text(2)?);
    }
    for row in connection.rows(SqlStr::from_static(narrow), Default::default()).await? {
        own.narrow_tables.push((row.text(0)?, row.text(1)?));
    }
    for row in connection.rows(SqlStr::from_static("SHOW GRANTS"), Default::default()).await? {
        // A grant of an account may tell the hash of its password.
        let text = row.text(0)?;
        own.grants.push(text.split(" IDENTIFIED ").next().unwrap_or_default().to_owned());
    }
    Ok(own)
}
