//! Incidents as the store has them, and the traffic around one.

use std::collections::BTreeSet;

use live::incident::{Incident, IncidentPhase, Severity, Subject, Words};
use store::{IncidentRow, Resolution, SeriesQuery, Split};

use super::ask::Asked;
use crate::app::Shared;
use crate::page::spark::Spark;
use crate::stored::StoredError;

const SECOND: u64 = 1_000_000_000;
const DAY_S: u64 = 86_400;

/// Steps of the chart, about.
const STEPS: u64 = 120;

/// The chart begins and ends so much before and after the incident, seconds, or a quarter of its length.
const AROUND_S: u64 = 300;

/// Seconds of traffic are asked for up to this length; longer ones by minutes, and by hours from a week.
const BY_SECOND_S: u64 = 3_600;
const BY_MINUTE_S: u64 = 7 * DAY_S;

/// The chart of one incident.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub bits: Spark,
    /// Begin and end, ns since the epoch.
    pub since_ns: u64,
    pub until_ns: u64,
}

/// Those that are over, the newest first, without what goes on by the live line.
pub(super) async fn list(
    app: &Shared,
    asked: &Asked,
    open: &[Incident],
    now_ns: u64,
) -> Result<Vec<Incident>, StoredError> {
    let until = now_ns / SECOND + 1;
    let range = (clamped(until.saturating_sub(u64::from(asked.days) * DAY_S)), clamped(until));
    let rows = app.stored.incidents(range).await?;
    let open: BTreeSet<&str> = open.iter().map(|incident| incident.id.as_str()).collect();
    let past = rows.iter().map(|row| told(&row.row));
    Ok(past.filter(|incident| !open.contains(incident.id.as_str()) && asked.is_wanted(incident)).collect())
}

/// One incident as it stood last; `None` = the store does not have it.
pub(super) async fn one(app: &Shared, id: [u8; 16]) -> Result<Option<Incident>, StoredError> {
    match app.stored.incident(id, 0).await {
        Ok(rows) => Ok(rows.last().map(|row| told(&row.row))),
        Err(error) if error.is_empty() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A stored row as the incident that it tells of.
fn told(row: &IncidentRow) -> Incident {
    let id = format!("{:032x}", u128::from_be_bytes(row.incident));
    // The row's own columns stand: the object may be cut, and is of the same moment.
    let detail: Incident = serde_json::from_str(&row.detail).unwrap_or_default();
    let (kind, name) = row.subject.split_once(':').unwrap_or((&row.subject, ""));
    let kind = serde_json::from_value(kind.into()).unwrap_or_default();
    let has_detail = !detail.id.is_empty();
    Incident {
        id,
        rule: row.rule.clone(),
        subject: Subject { kind, name: name.to_owned() },
        severity: match row.severity {
            0 => Severity::Info,
            1 => Severity::Warning,
            _ => Severity::Critical,
        },
        phase: match row.state {
            1 => IncidentPhase::Firing,
            2 => IncidentPhase::Flapping,
            _ => IncidentPhase::Resolved,
        },
        since_ns: u64::from(row.opened) * SECOND,
        resolved_ns: (row.closed > 0).then(|| u64::from(row.closed) * SECOND),
        value: row.value,
        limit: row.limit,
        peak: row.peak,
        summary: if has_detail { detail.summary.clone() } else { Words { en: row.text.clone(), ru: String::new() } },
        ..detail
    }
}

/// The server's traffic around an incident, if the store has it.
pub(super) async fn chart(app: &Shared, incident: &Incident, now_ns: u64) -> Option<Chart> {
    let end = incident.resolved_ns.unwrap_or(now_ns).min(now_ns) / SECOND;
    let begin = (incident.since_ns / SECOND).min(end);
    let around = AROUND_S.max((end - begin) / 4);
    let (since, until) = (begin.saturating_sub(around), (end + around).min(now_ns / SECOND));
    let (resolution, unit) = match until.saturating_sub(since) {
        length if length <= BY_SECOND_S => (Resolution::Second, 1),
        length if length <= BY_MINUTE_S => (Resolution::Minute, 60),
        _ => (Resolution::Hour, 3_600),
    };
    let step = (until.saturating_sub(since) / STEPS / unit).max(1) * unit;
    let since = since / step * step;
    let query = SeriesQuery {
        resolution,
        since: clamped(since),
        until: clamped(until),
        step: clamped(step),
        interface: None,
        by_interface: false,
        split: Split::Direction,
    };
    let points = app.stored.series(query).await.ok()?;
    let count = usize::try_from(until.saturating_sub(since).div_ceil(step)).ok()?.min(2 * STEPS as usize);
    let mut lines = vec![vec![None; count]; 2];
    for point in points.iter() {
        let at = (u64::from(point.start).checked_sub(since)? / step) as usize;
        for (way, line) in lines.iter_mut().enumerate() {
            if let Some(place) = line.get_mut(at) {
                *place = Some(point.bytes[way] / step);
            }
        }
    }
    let has_data = lines.iter().flatten().any(Option::is_some);
    let bits = Spark { name: "incident", lines };
    has_data.then_some(Chart { bits, since_ns: since * SECOND, until_ns: until * SECOND })
}

fn clamped(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
