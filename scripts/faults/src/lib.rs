//! faults: faults on purpose. Without features it is [`pass`], which does nothing: the named places at which tests make
//! a step fail. With `harness` it is what the fault tests share: how often to run ([`runs`]), the seed ([`Seed`]), a
//! namespace of one's own ([`namespace`]), a proxy that breaks connections ([`proxy`]), hostile strings ([`hostile`]) and
//! the table that `cargo x faults` prints ([`report`]).
//!
//! The places of ingest and store, in the order of a batch's life:
//!
//! | place | where | an error there |
//! |---|---|---|
//! | `ingest.read` | before the reader looks at the spool | is a spool that cannot be read: again in a second |
//! | `ingest.send` | before a batch goes from the reader to its lane | it goes later |
//! | `db.connect` | before a connection (SQLite: the files) is opened | the store is away: back-off |
//! | `ingest.park` | before rows are appended to the dead-letter file | nothing is committed: back-off |
//! | `db.begin` | before BEGIN | as a lost connection |
//! | `db.fence` | before the fence is advanced | as a lost connection |
//! | `db.rows` | before the rows are inserted | as a lost connection |
//! | `db.commit` | before COMMIT is sent | as a lost connection |
//! | `db.committed` | when COMMIT was answered | the answer is lost: the fence tells |
//! | `ingest.ack` | before the acknowledgement file is written | the spool is trimmed later |
//! | `db.upkeep` | before retention | it is done later |
//! | `db.condense` | rows of an attack are summed, before they are deleted | nothing is changed; later |
//! | `db.condensed` | they are deleted, before their summaries are inserted | as before |
//! | `db.condense.commit` | before COMMIT | as before |
//! | `db.compact` | a day file was copied without its free pages | the old file stays; later |
//! | `db.compacted` | the copy has taken its name | nothing is left to do |
#![forbid(unsafe_code)]

mod failpoint;
#[cfg(feature = "harness")]
pub mod hostile;
#[cfg(feature = "harness")]
pub mod namespace;
#[cfg(feature = "harness")]
pub mod proxy;
#[cfg(feature = "harness")]
pub mod recorder;
#[cfg(feature = "harness")]
pub mod report;
#[cfg(feature = "harness")]
mod sizes;

#[cfg(feature = "failpoints")]
pub use failpoint::arm_by_environment;
pub use failpoint::pass;
#[cfg(feature = "harness")]
pub use sizes::{Seed, random, runs};
