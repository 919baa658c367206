//! The writer of either dialect.

use crate::batch::{Batch, CommitOutcome, Fence, RefusedRow};
use crate::error::StoreError;
use crate::{mysql, sqlite};

/// Writes refused rows where they are durable, before the transaction that leaves them out is committed. It may be
/// called again with the same rows if that transaction fails.
pub type Park<'a> = dyn FnMut(&[RefusedRow]) -> std::io::Result<()> + Send + 'a;

/// Stores the batches of one node over one dedicated connection (SQLite: one transaction at a time for all writers of
/// a store).
///
/// Every call has a time limit. A connection whose state is not known, after an error, a time-out or a dropped call,
/// is closed, and the next call opens a new one; waiting between attempts is the caller's.
pub struct Writer(Kind);

enum Kind {
    MySql(Box<mysql::Writer>),
    Sqlite(sqlite::Writer),
}

impl Writer {
    pub(crate) fn mysql(writer: mysql::Writer) -> Writer {
        Writer(Kind::MySql(Box::new(writer)))
    }

    pub(crate) fn sqlite(writer: sqlite::Writer) -> Writer {
        Writer(Kind::Sqlite(writer))
    }

    /// The number of this node in the store.
    pub fn node_id(&self) -> u16 {
        match &self.0 {
            Kind::MySql(writer) => writer.node_id(),
            Kind::Sqlite(writer) => writer.node_id(),
        }
    }

    /// Every fence of this node, ordered by epoch and stream.
    pub async fn fences(&mut self) -> Result<Vec<Fence>, StoreError> {
        match &mut self.0 {
            Kind::MySql(writer) => writer.fences().await,
            Kind::Sqlite(writer) => writer.fences().await,
        }
    }

    /// Stores a batch: its rows and the fence that covers them in one transaction, or nothing.
    ///
    /// A transient error may mean that the batch is stored and the answer was lost: commit it again, the fence tells.
    /// [`StoreError::Row`] means that a row is refused: use [`Writer::commit_halving`].
    pub async fn commit(&mut self, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        batch.check()?;
        match &mut self.0 {
            Kind::MySql(writer) => writer.commit(batch, None).await,
            Kind::Sqlite(writer) => writer.commit(batch, None).await,
        }
    }

    /// As [`Writer::commit`], but finds refused rows by halving, leaves them out, has `park` keep them, and counts
    /// them as parked in the same transaction.
    pub async fn commit_halving(&mut self, batch: &Batch, park: &mut Park<'_>) -> Result<CommitOutcome, StoreError> {
        batch.check()?;
        match &mut self.0 {
            Kind::MySql(writer) => writer.commit(batch, Some(park)).await,
            Kind::Sqlite(writer) => writer.commit(batch, Some(park)).await,
        }
    }
}
