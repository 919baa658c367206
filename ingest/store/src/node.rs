//! Nodes: the small number that stands for a node's UUID in every key.

use sqlx::SqlStr;

use crate::error::{Class, StoreError, classify, mysql_number};
use crate::rows::Bind;
use crate::session::{Get, Session};

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeIdentity {
    /// Made once per node, kept in its data folder.
    pub uuid: [u8; 16],
    /// For people; at most 64 characters.
    pub name: String,
    /// Version of the program; at most 32 characters.
    pub version: String,
}

/// Nodes that register at once lock the same gap; the server ends all but one.
const DEADLOCK: u16 = 1213;
/// How often a number is tried that another node took at the same moment.
const ATTEMPTS: u32 = 16;

/// The node's number; a new node gets the next one.
pub(crate) async fn register<S: Session>(session: &mut S, node: &NodeIdentity, now: u32) -> Result<u16, StoreError> {
    let failed = |error: sqlx::Error| StoreError::query("registering the node", &error);
    for _ in 0..ATTEMPTS {
        let mut by_uuid = S::Arguments::default();
        by_uuid.bytes(&node.uuid);
        let select = SqlStr::from_static("SELECT node_id FROM nodes WHERE uuid = ?");
        if let Some(row) = session.rows(select, by_uuid).await.map_err(failed)?.first() {
            let node_id = row.u16(0).map_err(failed)?;
            touch(session, node, node_id, now).await.map_err(failed)?;
            return Ok(node_id);
        }
        let mut new = S::Arguments::default();
        new.bytes(&node.uuid);
        new.text(&node.name);
        new.text(&node.version);
        new.u32(now);
        new.u32(now);
        let insert = SqlStr::from_static(
            "INSERT INTO nodes (node_id, uuid, name, version, first_seen, last_seen) \
             SELECT COALESCE(MAX(node_id), 0) + 1, ?, ?, ?, ?, ? FROM nodes",
        );
        match session.run(insert, new).await {
            Ok(_) => {}
            // Another node took the number, or this node registered on another connection: look again. Too long a
            // name ends here as well, after the last attempt.
            Err(error) if classify(&error) == Class::Row || mysql_number(&error) == Some(DEADLOCK) => {
                tracing::debug!(%error, "node number taken");
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Err(StoreError::Query {
        doing: "registering the node",
        reason: format!("no number could be had for `{}` in {ATTEMPTS} attempts (is the name too long?)", node.name),
    })
}

async fn touch<S: Session>(session: &mut S, node: &NodeIdentity, node_id: u16, now: u32) -> Result<(), sqlx::Error> {
    let mut arguments = S::Arguments::default();
    arguments.text(&node.name);
    arguments.text(&node.version);
    arguments.u32(now);
    arguments.u16(node_id);
    let update = SqlStr::from_static("UPDATE nodes SET name = ?, version = ?, last_seen = ? WHERE node_id = ?");
    session.run(update, arguments).await?;
    Ok(())
}
