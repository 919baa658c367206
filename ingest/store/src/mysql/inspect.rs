//! What a server is, and how it is set up.

use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::Server;
use crate::error::StoreError;
use crate::inspect::{Inspection, SETTINGS};
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
        Ok(Inspection::Server { mariadb, version, settings })
    }
}
