//! How the host went: buckets, main processes, subjects that were near a limit.

use super::{FromRow, Reader, Select, Value};
use crate::error::StoreError;
use crate::limits::QUERY_ROWS_MAX;
use crate::rows::{HostRow, ProcessRow, Resolution, Row, SubjectRow};
use crate::session::Get;

/// A stored bucket of the host. A restart inside a bucket makes two of them for one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Node.
    pub node_id: u16,
    /// Epoch of notifier.
    pub epoch: u64,
    /// The row.
    pub row: HostRow,
}

/// Stored processes.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// Node.
    pub node_id: u16,
    /// Epoch of notifier.
    pub epoch: u64,
    /// The row.
    pub row: ProcessRow,
}

/// A stored metric of a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Node.
    pub node_id: u16,
    /// Epoch of notifier.
    pub epoch: u64,
    /// The row.
    pub row: SubjectRow,
}

/// The key's columns in the order of the types above.
pub(super) const KEY: &str = "node_id, epoch, ts, seq";

impl FromRow for Host {
    fn from_row<G: Get>(row: &G) -> Result<Host, sqlx::Error> {
        Ok(Host {
            node_id: row.u16(0)?,
            epoch: row.u64(1)?,
            row: HostRow {
                ts: row.u32(2)?,
                seq: row.u64(3)?,
                resolution: Resolution::Second,
                seconds: row.u32(4)?,
                cores: row.u16(5)?,
                load1: row.f64(6)?,
                load5: row.f64(7)?,
                load15: row.f64(8)?,
                load1_max: row.f64(9)?,
                cpu_user: row.f64(10)?,
                cpu_system: row.f64(11)?,
                cpu_iowait: row.f64(12)?,
                cpu_softirq: row.f64(13)?,
                cpu_steal: row.f64(14)?,
                cpu_busy_max: row.f64(15)?,
                memory_total: row.u64(16)?,
                memory_available: row.u64(17)?,
                memory_available_min: row.u64(18)?,
                swap_total: row.u64(19)?,
                swap_used: row.u64(20)?,
                oom_kills: row.u64(21)?,
                detail: row.text(22)?,
            },
        })
    }
}

impl FromRow for Process {
    fn from_row<G: Get>(row: &G) -> Result<Process, sqlx::Error> {
        Ok(Process {
            node_id: row.u16(0)?,
            epoch: row.u64(1)?,
            row: ProcessRow {
                ts: row.u32(2)?,
                seq: row.u64(3)?,
                pid: row.u32(4)?,
                name: row.text(5)?,
                user: row.text(6)?,
                cgroup: row.text(7)?,
                processes: row.u32(8)?,
                cpu: row.f64(9)?,
                memory: row.u64(10)?,
            },
        })
    }
}

impl FromRow for Subject {
    fn from_row<G: Get>(row: &G) -> Result<Subject, sqlx::Error> {
        Ok(Subject {
            node_id: row.u16(0)?,
            epoch: row.u64(1)?,
            row: SubjectRow {
                ts: row.u32(2)?,
                seq: row.u64(3)?,
                subject: row.bytes(4)?,
                metric: row.u16(5)?,
                value: row.f64(6)?,
                limit_share: row.f64(7)?,
            },
        })
    }
}

/// Rows of a table from `since` to before `until`, oldest first, at most [`QUERY_ROWS_MAX`]: who wants more goes on
/// from the last one's time.
pub(super) fn between(doing: &'static str, table: &str, columns: &[&str], (since, until): (u32, u32)) -> Select {
    let columns = columns.join(", ");
    let text = format!(
        "SELECT {KEY}, {columns} FROM {table} WHERE ts >= ? AND ts < ? \
         ORDER BY ts, node_id, epoch, stream, seq LIMIT {QUERY_ROWS_MAX}"
    );
    Select { doing, text, values: vec![Value::Number(since.into()), Value::Number(until.into())] }
}

impl Reader {
    /// How the host went from `since` to before `until` (UNIX seconds), oldest first; at most [`QUERY_ROWS_MAX`] rows.
    pub async fn hosts(&mut self, resolution: Resolution, range: (u32, u32)) -> Result<Vec<Host>, StoreError> {
        let table = match resolution {
            Resolution::Second => "host_1s",
            Resolution::Minute => "host_1m",
            Resolution::Hour => "host_1h",
        };
        let select = between("reading the host's load", table, HostRow::COLUMNS, range);
        let mut hosts: Vec<Host> = self.select(select).await?;
        hosts.iter_mut().for_each(|host| host.row.resolution = resolution);
        Ok(hosts)
    }

    /// The main processes of the minutes from `since` to before `until` (UNIX seconds), oldest first; at most
    /// [`QUERY_ROWS_MAX`] rows.
    pub async fn processes(&mut self, range: (u32, u32)) -> Result<Vec<Process>, StoreError> {
        self.select(between("reading processes", "processes_1m", ProcessRow::COLUMNS, range)).await
    }

    /// Metrics of subjects near a limit from `since` to before `until` (UNIX seconds), oldest first; at most
    /// [`QUERY_ROWS_MAX`] rows.
    pub async fn subjects(&mut self, range: (u32, u32)) -> Result<Vec<Subject>, StoreError> {
        self.select(between("reading subjects", "subjects_10s", SubjectRow::COLUMNS, range)).await
    }
}
