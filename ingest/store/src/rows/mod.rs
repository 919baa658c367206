//! The rows of the tables: one file per family, and how a row becomes the arguments of a statement.
//!
//! A new family is one new file here, one `Vec` in [`crate::Batch`] and one line in `insert::rows`.

mod event;
mod flow;
mod host;
mod incident;
mod interface;
mod ledger;
mod process;
mod subject;
mod talker;
mod traffic;

pub use event::EventRow;
pub use flow::FlowRow;
pub use host::HostRow;
pub use incident::IncidentRow;
pub use interface::InterfaceRow;
pub use ledger::{LedgerKind, LedgerRow};
pub use process::ProcessRow;
pub use subject::SubjectRow;
pub use talker::{TalkerKind, TalkerRow};
pub use traffic::TrafficRow;

use sqlx::mysql::MySqlArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Database, Encode, Type};

use crate::batch::Key;

/// Time resolution of a traffic or host bucket, or of a talker table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resolution {
    /// One second.
    Second,
    /// One minute.
    Minute,
    /// One hour.
    Hour,
}

/// A row of one table. The five columns of the key come first in every table and are bound by [`bind_row`].
pub(crate) trait Row: Sync {
    /// Columns after the key, in the order in which `bind` adds them.
    const COLUMNS: &'static [&'static str];
    /// The table this row belongs to.
    fn table(&self) -> &'static str;
    /// Number within (node, epoch, stream).
    fn seq(&self) -> u64;
    /// UNIX seconds.
    fn ts(&self) -> u32;
    /// Packets this row accounts for in the ledger's `stored`.
    fn packets(&self) -> u64 {
        0
    }
    /// Bytes this row accounts for in the ledger's `stored`.
    fn bytes(&self) -> u64 {
        0
    }
    /// Bytes that it takes in a statement, a generous estimate.
    fn statement_bytes(&self) -> usize {
        // Key and thirty numbers, each with its type: the widest of our tables without text.
        35 * 12
    }
    /// Adds every column after the key.
    fn bind<B: Bind>(&self, to: &mut B);
}

/// Columns of the key, first in every table of rows.
pub(crate) const KEY_COLUMNS: [&str; 5] = ["ts", "node_id", "epoch", "stream", "seq"];

/// Adds one row, key first.
pub(crate) fn bind_row<R: Row, B: Bind>(row: &R, key: Key, to: &mut B) {
    to.u32(row.ts());
    to.u16(key.node_id);
    to.u64(key.epoch);
    to.u16(key.stream);
    to.u64(row.seq());
    row.bind(to);
}

/// The arguments of one statement; one implementation per dialect.
pub(crate) trait Bind: Default + Send {
    /// Makes room for `rows` rows of `columns` columns.
    fn reserve_rows(&mut self, rows: usize, columns: usize);
    fn u8(&mut self, value: u8);
    fn u16(&mut self, value: u16);
    fn u32(&mut self, value: u32);
    fn u64(&mut self, value: u64);
    fn i64(&mut self, value: i64);
    fn f64(&mut self, value: f64);
    fn bytes(&mut self, value: &[u8]);
    fn text(&mut self, value: &str);
}

/// Adds a value whose encoding has no way to fail.
fn push<'q, D, A, T>(arguments: &mut A, value: T)
where
    D: Database,
    A: Arguments<Database = D>,
    T: Encode<'q, D> + Type<D>,
{
    arguments.add(value).expect("integers, bytes and text always encode");
}

impl Bind for MySqlArguments {
    fn reserve_rows(&mut self, rows: usize, columns: usize) {
        // Eight bytes is the mean of our columns in the binary protocol, strings aside.
        self.reserve(rows * columns, rows * columns * 8);
    }
    fn u8(&mut self, value: u8) {
        push(self, value);
    }
    fn u16(&mut self, value: u16) {
        push(self, value);
    }
    fn u32(&mut self, value: u32) {
        push(self, value);
    }
    fn u64(&mut self, value: u64) {
        push(self, value);
    }
    fn i64(&mut self, value: i64) {
        push(self, value);
    }
    fn f64(&mut self, value: f64) {
        push(self, value);
    }
    fn bytes(&mut self, value: &[u8]) {
        push(self, value);
    }
    fn text(&mut self, value: &str) {
        push(self, value);
    }
}

impl Bind for SqliteArguments {
    fn reserve_rows(&mut self, rows: usize, columns: usize) {
        self.reserve(rows * columns, 0);
    }
    fn u8(&mut self, value: u8) {
        push(self, value);
    }
    fn u16(&mut self, value: u16) {
        push(self, value);
    }
    fn u32(&mut self, value: u32) {
        push(self, value);
    }
    fn u64(&mut self, value: u64) {
        // SQLite's integers are signed. A larger number goes as text, which a STRICT table refuses: the row is parked
        // as it would be by a server, never stored wrong.
        match i64::try_from(value) {
            Ok(value) => push(self, value),
            Err(_) => push(self, value.to_string()),
        }
    }
    fn i64(&mut self, value: i64) {
        push(self, value);
    }
    fn f64(&mut self, value: f64) {
        push(self, value);
    }
    fn bytes(&mut self, value: &[u8]) {
        push(self, value);
    }
    fn text(&mut self, value: &str) {
        push(self, value);
    }
}
