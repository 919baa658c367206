//! From when to when there are flow rows.

use sqlx::sqlite::SqliteConnection;

use super::flows::Span;
use super::{FromRow, Kind, Reader, Select, Value, interruptible};
use crate::error::StoreError;
use crate::session::Get;
use crate::sqlite::{day_files, open_day_for_reading};

/// The times of the oldest and the newest flow row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowSpan {
    /// UNIX seconds.
    pub oldest: u32,
    /// UNIX seconds.
    pub newest: u32,
}

impl FromRow for FlowSpan {
    fn from_row<G: Get>(row: &G) -> Result<FlowSpan, sqlx::Error> {
        Ok(FlowSpan { oldest: row.u32(0)?, newest: row.u32(1)? })
    }
}

impl Reader {
    /// The span of the flow rows before a time (UNIX seconds); `None` = there are none. Looks into the index only.
    pub async fn flow_span(&mut self, before: u32) -> Result<Option<FlowSpan>, StoreError> {
        let Kind::Sqlite { folder, .. } = &self.0 else {
            return Ok(self.select::<FlowSpan>(select(before)).await?.pop().filter(is_any));
        };
        let mut whole: Option<FlowSpan> = None;
        for (_, path) in day_files(folder)? {
            let Some(mut file) = open_day_for_reading(&path).await? else { continue };
            let Some(span) = of_file(&mut file, before).await? else { continue };
            whole = Some(whole.map_or(span, |whole| FlowSpan {
                oldest: whole.oldest.min(span.oldest),
                newest: whole.newest.max(span.newest),
            }));
        }
        Ok(whole)
    }
}

async fn of_file(file: &mut SqliteConnection, before: u32) -> Result<Option<FlowSpan>, StoreError> {
    match Span::of(file).await? {
        None => Ok(None),
        Some(span) if span.min_ts >= before => Ok(None),
        Some(span) if span.max_ts < before => Ok(Some(FlowSpan { oldest: span.min_ts, newest: span.max_ts })),
        Some(_) => Ok(interruptible::<FlowSpan>(file, &select(before)).await?.pop().filter(is_any)),
    }
}

/// Two questions, each of which is one look into the index; one question for both would read all rows on SQLite.
fn select(before: u32) -> Select {
    let text = "SELECT CAST(COALESCE((SELECT MIN(ts) FROM flows WHERE ts < ?), 0) AS UNSIGNED), \
                CAST(COALESCE((SELECT MAX(ts) FROM flows WHERE ts < ?), 0) AS UNSIGNED)";
    let values = vec![Value::Number(before.into()), Value::Number(before.into())];
    Select { doing: "reading flows", text: text.to_owned(), values }
}

/// Without rows both times are 0.
fn is_any(span: &FlowSpan) -> bool {
    span.newest > 0
}
