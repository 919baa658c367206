//! A node as the store knows it.

use super::{FromRow, Reader, Select, Value};
use crate::error::StoreError;
use crate::session::Get;

/// Number and time of the last registration.
pub(crate) struct Registered {
    pub(crate) node_id: u16,
    /// UNIX seconds.
    pub(crate) last_seen: u32,
}

impl FromRow for Registered {
    fn from_row<G: Get>(row: &G) -> Result<Registered, sqlx::Error> {
        Ok(Registered { node_id: row.u16(0)?, last_seen: row.u32(1)? })
    }
}

impl Reader {
    /// The node of that identity; `None` = it was never registered.
    pub(crate) async fn node(&mut self, uuid: [u8; 16]) -> Result<Option<Registered>, StoreError> {
        let text = "SELECT node_id, last_seen FROM nodes WHERE uuid = ?".to_owned();
        let select = Select { doing: "reading a node", text, values: vec![Value::Bytes(uuid.to_vec())] };
        Ok(self.select(select).await?.pop())
    }
}
