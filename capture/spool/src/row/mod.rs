//! The rows that frames carry. A new kind of row is one file here, one line below, and one line in `FrameKind`.
//!
//! Flow rows are fixed-size binary: there may be hundreds of thousands a second. All others come a few times a second
//! and are JSON lines: an older or newer reader finds the fields it knows.

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

pub use event::{EventRow, Severity};
pub use flow::{Direction, EndReason, FLOW_ROW_BYTES, FlowRecord};
pub use host::HostRow;
pub use incident::{INCIDENT_BYTES, IncidentRow, IncidentState};
pub use interface::InterfaceRow;
pub use ledger::{DeviceCount, LedgerKind, LedgerRow, StreamEnd};
pub use process::ProcessRow;
pub use subject::SubjectRow;
pub use talker::{TalkerKind, TalkerRow};
pub use traffic::{Resolution, TrafficRow};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Appends `row` as one JSON line.
pub fn push_json<T: Serialize>(out: &mut Vec<u8>, row: &T) {
    serde_json::to_writer(&mut *out, row)
        .expect("a row has only numbers, strings and lists: writing to memory succeeds");
    out.push(b'\n');
}

/// Reads JSON lines; a line that is not a `T` is left out and counted in the second value.
pub fn read_json<T: DeserializeOwned>(payload: &[u8]) -> (Vec<T>, u32) {
    let mut bad = 0;
    let rows = payload
        .split(|&b| b == b'\n')
        .filter(|line| !line.is_empty())
        .filter_map(|line| serde_json::from_slice(line).inspect_err(|_| bad += 1).ok())
        .collect();
    (rows, bad)
}
