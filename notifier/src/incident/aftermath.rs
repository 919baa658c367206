//! The journal: what happened on this machine, for the reports of incidents of that time. Bounded.

use std::collections::VecDeque;

use live::incident::Words;
use serde::{Deserialize, Serialize};

use super::JOURNAL_MAX;
use super::book::{Book, Facts};
use super::open::Open;
use crate::limits::NOTICE_JOURNAL_MAX;
use crate::notice::Moment;
use crate::words::line;

/// What happens so soon before the first crossing may be its cause, and so soon after the end a consequence, ns.
const AROUND_NS: u64 = 120 * 1_000_000_000;

/// Incidents of one second that have a line of their own: a storm must not push out everything else.
const A_SECOND_MAX: usize = 3;

/// Characters of a line.
const CHARS_MAX: usize = 200;

/// One line, and the incident that it is of, if it is of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(flatten)]
    moment: Moment,
    #[serde(skip_serializing_if = "String::is_empty")]
    incident: String,
}

/// The newest lines, the last one last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
}

impl Journal {
    fn add(&mut self, mut moment: Moment, incident: &str) {
        moment.what = Words { en: line(&moment.what.en, CHARS_MAX), ru: line(&moment.what.ru, CHARS_MAX) };
        self.entries.push_back(Entry { moment, incident: incident.to_owned() });
        self.entries.drain(..self.entries.len().saturating_sub(JOURNAL_MAX));
    }

    /// What happened around an incident, beside itself; of more than a notice takes the first and the last.
    pub(super) fn around(&self, open: &Open) -> Vec<Moment> {
        let incident = &open.incident;
        let begin = incident.since_ns.saturating_sub(AROUND_NS);
        let end = incident.resolved_ns.unwrap_or(u64::MAX).saturating_add(AROUND_NS);
        let is_its = |entry: &&Entry| (begin..=end).contains(&entry.moment.time_ns) && entry.incident != incident.id;
        let mut moments: Vec<Moment> = self.entries.iter().filter(is_its).map(|entry| entry.moment.clone()).collect();
        if moments.len() > NOTICE_JOURNAL_MAX {
            let half = NOTICE_JOURNAL_MAX / 2;
            moments.drain(half..moments.len() - half);
        }
        moments
    }
}

impl Book {
    /// Takes in what happened in this second: what the roles told, and which incidents began and ended.
    pub(super) fn chronicle(&mut self, now_ns: u64, facts: &Facts<'_>) {
        let before = self.journal.entries.back().cloned();
        for moment in facts.happened {
            self.journal.add(moment.clone(), "");
        }
        let mut more = 0u64;
        let (mut begun, mut lines) = (0, Vec::new());
        for open in self.changed.iter().filter_map(|id| self.opens.get(id)) {
            let incident = &open.incident;
            let (is_new, is_end) = (incident.fired_ns == now_ns, incident.resolved_ns == Some(now_ns));
            if !is_new && !is_end {
                continue;
            }
            begun += 1;
            if begun > A_SECOND_MAX {
                more += 1;
                continue;
            }
            let (en, ru) = if is_new { ("began", "начался") } else { ("is over", "закончился") };
            let summary = |text: &str| text.trim_end_matches('.').to_owned();
            let russian = if incident.summary.ru.is_empty() { &incident.summary.en } else { &incident.summary.ru };
            let what = Words {
                en: format!("incident {en}: {} ({})", summary(&incident.summary.en), incident.rule),
                ru: format!("инцидент {ru}: {} ({})", summary(russian), incident.rule),
            };
            lines.push((Moment { time_ns: now_ns, what }, incident.id.clone()));
        }
        for (moment, id) in lines {
            self.journal.add(moment, &id);
        }
        if more > 0 {
            let what = Words {
                en: format!("{more} more incidents began or ended"),
                ru: format!("и ещё начались или закончились, всего: {more}"),
            };
            self.journal.add(Moment { time_ns: now_ns, what }, "");
        }
        self.dirty.pipeline |= self.journal.entries.back().cloned() != before;
    }
}

#[cfg(test)]
mod tests {
    use live::incident::{Incident, Words};

    use super::{AROUND_NS, JOURNAL_MAX, Journal, NOTICE_JOURNAL_MAX};
    use crate::incident::open::Open;
    use crate::notice::Moment;

    const SECOND: u64 = 1_000_000_000;

    fn add(journal: &mut Journal, second: u64, text: &str, incident: &str) {
        let what = Words { en: text.to_owned(), ru: String::new() };
        journal.add(Moment { time_ns: second * SECOND, what }, incident);
    }

    fn around(journal: &Journal, begin: u64, end: u64) -> Vec<String> {
        let incident = Incident {
            id: "own".to_owned(),
            since_ns: begin * SECOND,
            resolved_ns: Some(end * SECOND),
            ..Incident::default()
        };
        let open = Open { incident, ..Open::default() };
        journal.around(&open).into_iter().map(|moment| moment.what.en).collect()
    }

    #[test]
    fn a_report_has_the_lines_of_its_time_and_not_its_own() {
        let mut journal = Journal::default();
        add(&mut journal, 100, "long before", "");
        add(&mut journal, 950, "before", "");
        add(&mut journal, 1_000, "itself", "own");
        add(&mut journal, 1_050, "while\r\nit went on", "other");
        add(&mut journal, 1_100 + AROUND_NS / SECOND, "after", "");
        add(&mut journal, 1_101 + AROUND_NS / SECOND, "long after", "");
        assert_eq!(around(&journal, 1_000, 1_100), ["before", "while??it went on", "after"]);
        let json = serde_json::to_string(&journal).expect("JSON");
        assert_eq!(serde_json::from_str::<Journal>(&json).expect("as written"), journal);
    }

    #[test]
    fn many_lines_are_bounded_and_the_first_and_last_are_told() {
        let mut journal = Journal::default();
        for second in 0..1_000 {
            add(&mut journal, second, &second.to_string(), "");
        }
        assert_eq!(journal.entries.len(), JOURNAL_MAX);
        let told = around(&journal, 0, 2_000);
        assert_eq!(told.len(), NOTICE_JOURNAL_MAX);
        let first = 1_000 - JOURNAL_MAX;
        assert_eq!((told[0].as_str(), told[NOTICE_JOURNAL_MAX - 1].as_str()), (first.to_string().as_str(), "999"));
    }
}
