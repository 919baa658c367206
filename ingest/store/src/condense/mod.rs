//! Condensing: the flow rows of an attack's target become summaries by (minute, target, port, protocol) once they are
//! old. Packets and bytes stay what they are, and the ledger's `stored` is not touched.
//!
//! The rule: rows of an attack's incident, from a minute before it opened to a minute after its last change, older than
//! `attack_detail`; minutes with fewer rows than `attack_rows_min` keep their detail. A summary is a folded row: the
//! other side's addresses are counted and gone. It has the number of one of the rows that it stands for.
//!
//! Each slice of time is one transaction: the sums are read under locks, the rows deleted and counted, the summaries
//! inserted, and how far it went noted beside them. A death at any step leaves the slice as it was, or done.

pub(crate) mod run;
pub(crate) mod slice;

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::reader::AddressRange;
use crate::rows::Bind;
use crate::session::{Get, Session};
use crate::upkeep::RetentionPolicy;

/// `flows.end_reason` of a summary that the retention made. A program of before shows it as any other row.
pub(crate) const CONDENSED: u8 = 7;

/// Seconds before an incident opened and after its last change that belong to it: rows are written when flows end.
const MARGIN: u32 = 60;

/// Rules that name attacks on a local host or prefix, and by one.
const RULES: [(&str, Way); 2] = [("attack", Way::In), ("attack-out", Way::Out)];

/// Incidents that are looked at in one run, the oldest first.
const INCIDENTS_MAX: u32 = 1_000;

/// Which end of a flow the target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is attacked: the responder.
    In,
    /// It attacks: the originator.
    Out,
}

impl Way {
    /// Columns of the target's address and of the other side's.
    pub(crate) fn columns(self) -> (&'static str, &'static str) {
        match self {
            Way::In => ("dst_ip", "src_ip"),
            Way::Out => ("src_ip", "dst_ip"),
        }
    }
}

/// An attack of which rows may be condensed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attack {
    pub(crate) incident: Vec<u8>,
    pub(crate) target: AddressRange,
    pub(crate) way: Way,
    /// From this time on, UNIX seconds, a full minute.
    pub(crate) since: u32,
    /// Before this time.
    pub(crate) until: u32,
}

/// How far an attack's rows are done in one database or file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) until: u32,
    pub(crate) from_rows: u64,
    pub(crate) to_rows: u64,
}

/// The attacks that have rows older than the policy keeps in detail, the oldest first.
pub(crate) async fn attacks<S: Session>(
    session: &mut S,
    policy: &RetentionPolicy,
    now: u32,
) -> Result<Vec<Attack>, sqlx::Error> {
    let cutoff = cutoff(policy, now);
    let names = RULES.map(|(name, _)| format!("'{name}'")).join(", ");
    let text = format!(
        "SELECT incident, rule, subject, CAST(MIN(opened) AS UNSIGNED), \
         CAST(MAX(CASE WHEN closed > ts THEN closed ELSE ts END) AS UNSIGNED) FROM incidents \
         WHERE ts >= ? AND rule IN ({names}) GROUP BY incident, rule, subject HAVING MIN(opened) < ? \
         ORDER BY MIN(opened) LIMIT {INCIDENTS_MAX}"
    );
    let mut arguments = S::Arguments::default();
    // Nothing of what changed last before the oldest kept row has rows.
    arguments.u32(policy.cutoff("flows", now).saturating_sub(2 * crate::limits::DAY_SECONDS));
    arguments.u32(cutoff);
    let rows = session.rows(AssertSqlSafe(text).into_sql_str(), arguments).await?;
    let mut attacks = Vec::new();
    for row in &rows {
        let (rule, subject) = (row.text(1)?, row.text(2)?);
        let Some((target, way)) = target(&rule, &subject) else { continue };
        let (opened, last) = (row.u32(3)?, row.u32(4)?);
        let since = minute(opened.saturating_sub(MARGIN));
        let until = minute(last.saturating_add(2 * MARGIN)).min(cutoff);
        if since < until {
            attacks.push(Attack { incident: row.bytes(0)?, target, way, since, until });
        }
    }
    Ok(attacks)
}

/// Rows before this time may be condensed: a full minute.
pub(crate) fn cutoff(policy: &RetentionPolicy, now: u32) -> u32 {
    let age = u32::try_from(policy.attack_detail.as_secs()).unwrap_or(u32::MAX);
    minute(now.saturating_sub(age))
}

/// Begin of the minute that a time lies in.
pub(crate) fn minute(ts: u32) -> u32 {
    ts - ts % 60
}

/// Whom an incident's rule and subject (`host:ADDRESS` or `prefix:PREFIX`) name.
fn target(rule: &str, subject: &str) -> Option<(AddressRange, Way)> {
    let (_, way) = RULES.into_iter().find(|(name, _)| *name == rule)?;
    let (kind, name) = subject.split_once(':')?;
    if !matches!(kind, "host" | "prefix") {
        return None;
    }
    Some((name.parse().ok()?, way))
}

/// How far each attack is done in this database or file.
pub(crate) async fn marks<S: Session>(session: &mut S) -> Result<BTreeMap<Vec<u8>, Mark>, sqlx::Error> {
    let sql = SqlStr::from_static("SELECT incident, until_ts, from_rows, to_rows FROM condensed");
    let rows = session.rows(sql, S::Arguments::default()).await?;
    let mark = |row: &S::Row| {
        let mark = Mark { until: row.u32(1)?, from_rows: row.u64(2)?, to_rows: row.u64(3)? };
        Ok((row.bytes(0)?, mark))
    };
    rows.iter().map(mark).collect()
}

/// Notes how far an attack is done. Needs the rights to insert and to delete.
pub(crate) async fn write_mark<S: Session>(
    session: &mut S,
    incident: &[u8],
    mark: Mark,
    now: u32,
) -> Result<(), sqlx::Error> {
    let mut arguments = S::Arguments::default();
    arguments.bytes(incident);
    arguments.u32(mark.until);
    arguments.u64(mark.from_rows);
    arguments.u64(mark.to_rows);
    arguments.u32(now);
    let sql = SqlStr::from_static(
        "REPLACE INTO condensed (incident, until_ts, from_rows, to_rows, updated) VALUES (?, ?, ?, ?, ?)",
    );
    session.run(sql, arguments).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_an_incident_is_about_is_read_from_its_subject() {
        let check = |rule: &str, subject: &str, expect: Option<(&str, Way)>| {
            let expect = expect.map(|(range, way)| (range.parse().expect("an address"), way));
            assert_eq!(target(rule, subject), expect, "{rule} {subject}");
        };
        check("attack", "host:192.0.2.7", Some(("192.0.2.7", Way::In)));
        check("attack-out", "host:2001:db8::1", Some(("2001:db8::1", Way::Out)));
        check("attack", "prefix:192.0.2.0/24", Some(("192.0.2.0/24", Way::In)));
        check("traffic-limit", "host:192.0.2.7", None);
        check("attack", "host:nobody", None);
        check("attack", "interface:eth0", None);
        check("attack", "host", None);
    }
}
