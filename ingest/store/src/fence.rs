//! Reading fences: how far each stream is stored.

use sqlx::SqlStr;

use crate::batch::{Counts, Fence};
use crate::session::{Get, Session};

/// Every fence of one database or file.
pub(crate) async fn all<S: Session>(session: &mut S) -> Result<Vec<Fence>, sqlx::Error> {
    let sql = SqlStr::from_static(
        "SELECT node_id, epoch, stream, last_seq, rows_total, packets, bytes, parked_rows, parked_packets, \
         parked_bytes, gap_rows, gap_packets, gap_bytes, noted_rows, updated \
         FROM ingest_fences ORDER BY node_id, epoch, stream",
    );
    session.rows(sql, S::Arguments::default()).await?.iter().map(fence).collect()
}

fn fence<G: Get>(row: &G) -> Result<Fence, sqlx::Error> {
    Ok(Fence {
        node_id: row.u16(0)?,
        epoch: row.u64(1)?,
        stream: row.u16(2)?,
        last_seq: row.u64(3)?,
        stored: Counts { rows: row.u64(4)?, packets: row.u64(5)?, bytes: row.u64(6)? },
        parked: Counts { rows: row.u64(7)?, packets: row.u64(8)?, bytes: row.u64(9)? },
        gap: Counts { rows: row.u64(10)?, packets: row.u64(11)?, bytes: row.u64(12)? },
        noted_rows: row.u64(13)?,
        updated: row.u32(14)?,
    })
}
