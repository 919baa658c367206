//! Contract 2, the store: the tables of floodmark and everything that is done to them, on MySQL/MariaDB and SQLite.
//!
//! The life of a row here: ingest hands a [`Batch`] of one stream to a [`Writer`]; in one transaction the stream's
//! *fence* advances over the batch's numbers and the rows are inserted by a few prepared multi-row statements; or
//! the fence stands elsewhere, and the answer says where. Rows are never changed; [`Store::retention`] drops them by
//! partition or day file. Everyone else reads by a [`Reader`], two seconds at most.
//!
//! Exactly once: a batch has consecutive numbers, and the fence moves only from just before them to their end, in
//! their transaction. When the answer to COMMIT is lost, the fence on a new connection tells what it was.
//!
//! Bounds stand in [`limits`]. The only crate that knows SQL; it never reads a clock, logs no password, and keeps no
//! connection whose state it does not know.

mod backup;
mod batch;
mod condense;
pub mod config;
mod day;
mod error;
mod establish;
mod fence;
pub mod forecast;
pub mod grants;
mod insert;
mod inspect;
pub mod limits;
mod migrations;
mod mysql;
mod node;
mod notes;
mod prove;
mod reader;
mod rows;
mod schema;
mod session;
mod sqlite;
mod store;
mod target;
#[cfg(feature = "testing")]
pub mod testing;
mod upkeep;
pub mod views;
mod writer;

pub use backup::{backup_file, backup_folder};
pub use batch::{Batch, CommitOutcome, Counts, Fence, LOW_RATE_STREAM, NOTIFIER_STREAM, RefusedRow};
pub use error::StoreError;
pub use establish::{Wish, establish, inspect_server};
pub use inspect::{Inspection, Own, SETTINGS, inspect};
pub use node::NodeIdentity;
pub use prove::prove;
pub use reader::{
    AddressRange, Event, Flow, FlowKey, FlowQuery, FlowSpan, Host, HostMinute, Incident, InterfaceName, LedgerEntry,
    NotAnAddress, Noted, Point, Process, Reader, SeriesQuery, Split, Subject, Talker, Top, Traffic, TrafficTotal,
};
pub use rows::{
    EventRow, FlowRow, HostRow, IncidentRow, InterfaceRow, LedgerKind, LedgerRow, ProcessRow, Resolution, SubjectRow,
    TalkerKind, TalkerRow, TrafficRow,
};
pub use schema::{SchemaCheck, SchemaPart, check_schema};
pub use store::Store;
pub use upkeep::{CondenseReport, RetentionPolicy, RetentionReport, TableReport, TableSize};
pub use writer::{Park, Writer};
