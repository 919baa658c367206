//! Finding rows for a page or a stream, within a bound of time and rows.

use std::time::Duration;

use store::Flow;
use tokio::time::Instant;

use super::ask::Asked;
use crate::stored::{Search, Stored, StoredError};

/// What was found, and how far was read.
pub struct Found {
    /// Rows, newest first.
    pub rows: Vec<Flow>,
    /// The search, to go on with; `None` = the store failed at once.
    pub search: Option<Search>,
    /// Why it stopped, if not by itself.
    pub failed: Option<StoredError>,
}

/// Searches until `rows_max` rows are found or `time_max` is over.
pub async fn find(stored: &Stored, asked: &Asked, rows_max: usize, time_max: Duration) -> Found {
    let begun = Instant::now();
    let mut found = Found { rows: Vec::new(), search: None, failed: None };
    let mut search = match Search::begin(stored, asked.wanted.clone(), asked.cursor).await {
        Ok(search) => search,
        Err(error) => return Found { failed: Some(error), ..found },
    };
    while !search.is_done() && found.rows.len() < rows_max && begun.elapsed() < time_max {
        let left = u32::try_from(rows_max - found.rows.len()).unwrap_or(u32::MAX);
        match search.step(stored, left).await {
            Ok(rows) => found.rows.extend(rows),
            Err(error) => {
                found.failed = Some(error);
                break;
            }
        }
    }
    found.search = Some(search);
    found
}
