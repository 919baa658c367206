//! Whether a store can be used: its tables are made where they are not there, this machine's row is written and read
//! back, each by the account that will do it.

use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use crate::config::Config;
use crate::error::StoreError;
use crate::node::NodeIdentity;
use crate::reader::Reader;
use crate::store::Store;

/// Tables and partitions of a new database on a slow disk; below this, who waits is told.
const PROVE_TIMEOUT: Duration = Duration::from_secs(120);

const DOING: &str = "trying the store";

/// Writes `node` into the store and reads it back; gives its number. `flows_kept` as for [`Store::prepare`], `now` in
/// UNIX seconds.
///
/// # Errors
/// Whatever keeps ingest from writing or the page from reading; [`StoreError::Locked`] where ingest runs already.
pub async fn prove(
    config: &Config,
    data_dir: &Path,
    node: &NodeIdentity,
    flows_kept: Duration,
    now: u32,
) -> Result<u16, StoreError> {
    let proving = async {
        let store = Store::connect(config, data_dir).await?;
        store.migrate().await?;
        store.prepare(flows_kept, now).await?;
        let written = store.writer(node, now).await.map(|writer| writer.node_id());
        store.close().await;
        let (written, mut reader) = (written?, Reader::connect(config, data_dir).await?);
        match reader.node(node.uuid).await? {
            Some(read) if (read.node_id, read.last_seen) == (written, now) => Ok(written),
            _ => Err(StoreError::Query {
                doing: DOING,
                reason: "the row that was written is not the one that is read; do both go to the same server?"
                    .to_owned(),
            }),
        }
    };
    timeout(PROVE_TIMEOUT, proving).await.unwrap_or(Err(StoreError::Timeout { doing: DOING, after: PROVE_TIMEOUT }))
}
