//! Which rows become a digest: those of a channel that was away, or of a receiver for whom too many wait.

use std::collections::BTreeMap;

use super::ROUTE_WAITING_MAX;
use super::book::Outbox;
use super::row::{Row, RowState};
use crate::notice::NoticeKind;

/// Rows of one receiver and channel, the oldest first.
pub struct Fold {
    /// The rows; at least two.
    pub rows: Vec<Row>,
}

impl Outbox {
    /// What is to be folded at `now_ns`, and is taken out of the outbox by that. Rows that are being sent stay, and so
    /// do those beside them: else there would be two digests.
    pub fn fold(&mut self, now_ns: u64, after_ns: u64) -> Vec<Fold> {
        let mut routes: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
        for row in self.live.values().filter(|row| !matches!(row.kind, NoticeKind::Status | NoticeKind::Test)) {
            routes.entry((&row.receiver, &row.channel)).or_default().push(row);
        }
        let is_ripe = |channel: &str, rows: &[&Row]| {
            let is_away = self.gauge(channel).failing_ns(now_ns) >= after_ns;
            rows.iter().all(|row| row.state == RowState::Waiting)
                && (is_away && rows.len() >= 2 || rows.len() > ROUTE_WAITING_MAX)
        };
        let ripe = routes.into_iter().filter(|((_, channel), rows)| is_ripe(channel, rows));
        let mut folds: Vec<Fold> = ripe.map(|(_, rows)| Fold { rows: rows.into_iter().cloned().collect() }).collect();
        for fold in &mut folds {
            fold.rows.sort_by_key(|row| row.created_ns);
            for row in &fold.rows {
                self.finish(&row.id, RowState::Superseded, "in a digest", now_ns);
            }
        }
        folds
    }
}
