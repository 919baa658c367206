//! Condensing on a server. The room of the rows that went is used again by rows of the same day, and given back to the
//! disk with the day: building the partition anew would hold up the writer, and a killed statement of that kind has lost
//! rows (`partitions`).

use tokio::sync::Mutex;

use super::Server;
use crate::condense::run::{Run, bounded};
use crate::condense::slice::Dialect;
use crate::condense::{attacks, marks};
use crate::error::StoreError;
use crate::schema::Access;
use crate::upkeep::{CondenseReport, RetentionPolicy};

const DIALECT: Dialect = Dialect { begin: "BEGIN", lock: "LOCK IN SHARE MODE" };

impl Server {
    /// See [`crate::Store::condense`]. Several nodes may do this at once: locks and the count of what was deleted keep
    /// them apart, and one of the two tries again later.
    pub(crate) async fn condense(&self, policy: &RetentionPolicy, now: u32) -> Result<CondenseReport, StoreError> {
        let mut run = Run::new(policy, now);
        if policy.attack_detail.is_zero() {
            return Ok(run.report);
        }
        let mut connection = self.connect().await?;
        bounded(Server::check_version(&mut connection, Access::Write)).await?;
        let failed = |error: sqlx::Error| StoreError::query("condensing flow rows", &error);
        let found = bounded(async { attacks(&mut connection, policy, now).await.map_err(failed) }).await?;
        if found.is_empty() {
            return Ok(run.report);
        }
        let marks = bounded(async { marks(&mut connection).await.map_err(failed) }).await?;
        match run.work(&mut connection, &Mutex::new(()), DIALECT, &found, &marks).await {
            Ok(()) => {}
            Err(error @ (StoreError::Forbidden { .. } | StoreError::Transient { .. } | StoreError::Query { .. })) => {
                run.report.hindered = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
        Ok(run.report)
    }
}
