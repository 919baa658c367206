//! One run: attack by attack, minute by minute, as far as a run goes.

use std::collections::BTreeMap;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::slice::{Dialect, Minute, Slicer};
use super::{Attack, Mark, minute};
use crate::error::StoreError;
use crate::insert::Statements;
use crate::limits::{CONDENSE_RUN_MINUTES_MAX, CONDENSE_RUN_ROWS_MAX, UPKEEP_TIMEOUT};
use crate::session::Session;
use crate::upkeep::{CondenseReport, RetentionPolicy};

/// What a run does, and has done over all databases and files.
pub(crate) struct Run<'a> {
    pub(crate) policy: &'a RetentionPolicy,
    pub(crate) now: u32,
    pub(crate) minutes: u32,
    pub(crate) report: CondenseReport,
}

impl Run<'_> {
    pub(crate) fn new(policy: &RetentionPolicy, now: u32) -> Run<'_> {
        Run { policy, now, minutes: 0, report: CondenseReport::default() }
    }

    /// Whether the rest is the next run's.
    fn is_over(&self) -> bool {
        self.minutes >= CONDENSE_RUN_MINUTES_MAX || self.report.from_rows >= CONDENSE_RUN_ROWS_MAX
    }

    /// Condenses what is left of the attacks in one database or file. `turn` is held for each slice: who else needs it
    /// gets it in between. On an error the connection may be in a transaction: the caller drops it.
    pub(crate) async fn work<S: Session, T>(
        &mut self,
        session: &mut S,
        turn: &Mutex<T>,
        dialect: Dialect,
        attacks: &[Attack],
        marks: &BTreeMap<Vec<u8>, Mark>,
    ) -> Result<(), StoreError> {
        let mut statements = Statements::default();
        for attack in attacks {
            let mark = marks.get(&attack.incident).copied().unwrap_or_default();
            let slicer = Slicer { session: &mut *session, statements: &mut statements, dialect, attack, now: self.now };
            self.attack(slicer, turn, mark).await?;
            if self.report.is_more {
                break;
            }
        }
        Ok(())
    }

    async fn attack<S: Session, T>(
        &mut self,
        mut slicer: Slicer<'_, S>,
        turn: &Mutex<T>,
        begun: Mark,
    ) -> Result<(), StoreError> {
        let (attack, mut mark) = (slicer.attack, begun);
        // A minute that was done in part is looked at again: what is condensed is passed over.
        let mut at = minute(mark.until).max(attack.since);
        while at < attack.until {
            if self.is_over() {
                self.report.is_more = true;
                break;
            }
            self.minutes += 1;
            let length = match bounded(slicer.look(at, self.policy.attack_rows_min)).await? {
                Minute::Keep => None,
                Minute::Whole => Some(60),
                Minute::Seconds => Some(1),
            };
            for since in (at..at + 60).step_by(length.unwrap_or(60)) {
                let Some(length) = length else { continue };
                let was = mark;
                let _turn = turn.lock().await;
                mark = bounded(slicer.condense((since, since + length as u32), mark)).await?;
                self.report.from_rows += mark.from_rows - was.from_rows;
                self.report.to_rows += mark.to_rows - was.to_rows;
            }
            at += 60;
        }
        if at > mark.until {
            let _turn = turn.lock().await;
            bounded(slicer.note(Mark { until: at, ..mark })).await?;
        }
        self.report.incidents += u32::from(mark.from_rows > begun.from_rows);
        Ok(())
    }
}

pub(crate) async fn bounded<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match timeout(UPKEEP_TIMEOUT, work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Timeout { doing: "condensing flow rows", after: UPKEEP_TIMEOUT }),
    }
}
