//! From when to when there are flow rows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{FromRow, Kind, Reader, Select, Value, interruptible};
use crate::error::StoreError;
use crate::session::Get;
use crate::sqlite::{day_files, log_of, open_day_for_reading};

/// Day files whose span is remembered: more than any retention keeps.
const SPANS_MAX: usize = 1_000;

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

/// Length and time of change of a file, `None` = it is not there.
type Stamp = Option<(u64, SystemTime)>;

/// What is remembered of a file: as what it was looked at, and its span.
type Known = ([Stamp; 2], Option<FlowSpan>);

/// The times that day files cover, as far as the files did not change since: opening a dozen of them takes longer than
/// a question to one.
#[derive(Default)]
pub(super) struct Spans(HashMap<PathBuf, Known>);

impl Spans {
    /// The span of a day file; `None` = it has no rows, or is gone.
    pub(super) async fn of(&mut self, path: &Path) -> Result<Option<FlowSpan>, StoreError> {
        // Taken before the look: what changes in between is looked at again.
        let stamps = [path, &log_of(path)].map(stamp);
        if let Some((known, span)) = self.0.get(path)
            && *known == stamps
        {
            return Ok(*span);
        }
        let Some(mut file) = open_day_for_reading(path).await? else { return Ok(None) };
        let text = "SELECT min_ts, max_ts FROM span".to_owned();
        let select = Select { doing: "reading flows", text, values: Vec::new() };
        let span = interruptible(&mut file, &select).await?.pop();
        if self.0.len() >= SPANS_MAX {
            self.0.clear();
        }
        self.0.insert(path.to_path_buf(), (stamps, span));
        Ok(span)
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

impl Reader {
    /// The span of the flow rows before a time (UNIX seconds); `None` = there are none. Looks into the index only.
    pub async fn flow_span(&mut self, before: u32) -> Result<Option<FlowSpan>, StoreError> {
        let Kind::Sqlite { folder, spans, .. } = &mut self.0 else {
            return Ok(self.select::<FlowSpan>(select(before)).await?.pop().filter(is_any));
        };
        let mut whole: Option<FlowSpan> = None;
        for (_, path) in day_files(folder)? {
            let span = match spans.of(&path).await? {
                Some(span) if span.oldest >= before => continue,
                Some(span) if span.newest < before => span,
                Some(_) => {
                    let Some(mut file) = open_day_for_reading(&path).await? else { continue };
                    let found = interruptible::<FlowSpan>(&mut file, &select(before)).await?.pop().filter(is_any);
                    let Some(span) = found else { continue };
                    span
                }
                None => continue,
            };
            whole = Some(whole.map_or(span, |whole| FlowSpan {
                oldest: whole.oldest.min(span.oldest),
                newest: whole.newest.max(span.newest),
            }));
        }
        Ok(whole)
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
