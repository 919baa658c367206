//! Times for people: in the server's zone, which `page.js` rewrites to the reader's, and the age of what was heard.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Language;
use super::number;

const MONTHS: [[&str; 12]; 2] = [
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    ["янв.", "февр.", "мар.", "апр.", "мая", "июн.", "июл.", "авг.", "сент.", "окт.", "нояб.", "дек."],
];

/// How much of a time is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Moment,
    Short,
    Clock,
}

impl Style {
    const fn name(self) -> &'static str {
        match self {
            Style::Moment => "moment",
            Style::Short => "short",
            Style::Clock => "clock",
        }
    }
}

/// A time in a page: written as `<time datetime="…Z">`, and safe there as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    ns: u64,
    style: Style,
    language: Language,
}

/// Date and time to the second: "22 Nov 2026, 06:30:16". `ns` since the epoch.
pub fn moment(ns: u64, language: Language) -> Time {
    Time { ns, style: Style::Moment, language }
}

/// Day and minute: "22 Nov, 06:30".
pub fn short(ns: u64, language: Language) -> Time {
    Time { ns, style: Style::Short, language }
}

/// Time of the day: "06:30:16".
pub fn clock(ns: u64, language: Language) -> Time {
    Time { ns, style: Style::Clock, language }
}

/// The same from UNIX seconds.
pub fn moment_s(seconds: u64, language: Language) -> Time {
    moment(seconds.saturating_mul(1_000_000_000), language)
}

/// How long ago: "14 s ago", "14 с назад"; what is not past is "now".
pub fn ago(then_ns: u64, now_ns: u64, language: Language) -> String {
    match now_ns.saturating_sub(then_ns) / 1_000_000_000 {
        0 => language.pick("now", "сейчас").to_owned(),
        seconds => {
            let text = number::duration(Duration::from_secs(seconds), language);
            language.pick([&text, " ago"], [&text, " назад"]).concat()
        }
    }
}

/// The hour at which "until tomorrow" ends: somebody is at work again.
const MORNING_HOUR: i8 = 8;

/// Eight o'clock of the next local day, UNIX seconds; a day later where there is no such time.
pub fn tomorrow_s(now_ns: u64) -> u64 {
    let day_later = now_ns / 1_000_000_000 + 86_400;
    let morning = timestamp(now_ns)
        .and_then(|now| now.to_zoned(TimeZone::system()).date().tomorrow().ok())
        .and_then(|date| date.at(MORNING_HOUR, 0, 0, 0).to_zoned(TimeZone::system()).ok());
    morning.and_then(|morning| u64::try_from(morning.timestamp().as_second()).ok()).unwrap_or(day_later)
}

impl Time {
    /// The text alone, in `zone`.
    fn text(self, zone: &TimeZone) -> String {
        let Some(time) = timestamp(self.ns) else { return "?".to_owned() };
        let time = time.to_zoned(zone.clone());
        let [en, ru] = MONTHS;
        let month = self.language.pick(&en, &ru)[usize::from(time.month().unsigned_abs()) - 1];
        let day = time.day();
        match self.style {
            Style::Moment => format!("{day} {month} {}, {}", time.year(), time.strftime("%H:%M:%S")),
            Style::Short => format!("{day} {month}, {}", time.strftime("%H:%M")),
            Style::Clock => time.strftime("%H:%M:%S").to_string(),
        }
    }
}

/// The time as RFC 3339 with `Z`; empty beyond what a calendar holds.
pub fn rfc3339(ns: u64) -> String {
    timestamp(ns).map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

fn timestamp(ns: u64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(ns)).ok()
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text(&TimeZone::system());
        write!(f, "<time datetime=\"{}\" data-style=\"{}\">{text}</time>", rfc3339(self.ns), self.style.name())
    }
}

/// Digits, names of months and punctuation of ours: nothing in it comes from outside.
impl askama::filters::HtmlSafe for Time {}

#[cfg(test)]
mod tests {
    use jiff::tz::{Offset, TimeZone};

    use super::{ago, clock, moment, rfc3339, short, tomorrow_s};
    use crate::words::Language::{En, Ru};

    const TIME: u64 = 1_795_329_016_000_000_000;

    #[test]
    fn a_time_is_told_in_the_zone_and_language() {
        let zone = TimeZone::fixed(Offset::constant(3));
        assert_eq!(moment(TIME, En).text(&zone), "22 Nov 2026, 09:30:16");
        assert_eq!(short(TIME, Ru).text(&zone), "22 нояб., 09:30");
        assert_eq!(clock(u64::MAX, En).text(&TimeZone::UTC).len(), 8);
        assert_eq!(rfc3339(TIME), "2026-11-22T06:30:16Z");
        let html = clock(TIME, En).to_string();
        assert!(html.starts_with("<time datetime=\"2026-11-22T06:30:16Z\" data-style=\"clock\">"), "{html}");
    }

    #[test]
    fn tomorrow_is_within_two_days() {
        let away = tomorrow_s(TIME) - TIME / 1_000_000_000;
        assert!((8 * 3_600 - 3_600..=33 * 3_600).contains(&away), "{away} s");
        assert!(tomorrow_s(u64::MAX) > 0);
    }

    #[test]
    fn an_age_is_never_negative() {
        assert_eq!(ago(TIME, TIME + 14_000_000_000, En), "14\u{202f}s ago");
        assert_eq!(ago(TIME, TIME + 14_000_000_000, Ru), "14\u{202f}с назад");
        assert_eq!(ago(TIME + 5_000_000_000, TIME, En), "now");
    }
}
