//! Windows of local time: hours of a receiver, maintenance by the week or once.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days of the week and a span of the day, `mon-fri 08:00-20:00`. A span that passes midnight belongs to its first day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// Monday first.
    days: [bool; 7],
    /// Minutes of the day, the end not included.
    from: u16,
    until: u16,
}

impl Week {
    /// Reads `[DAYS ]HH:MM-HH:MM`; `None` = it is not of that form.
    pub fn parse(text: &str) -> Option<Week> {
        let mut words = text.split_whitespace();
        let (days, span) = match (words.next()?, words.next(), words.next()) {
            (span, None, _) => ([true; 7], span),
            (days, Some(span), None) => (parse_days(days)?, span),
            _ => return None,
        };
        let (from, until) = span.split_once('-')?;
        let from = minute_of_day(from).filter(|minute| *minute < 24 * 60)?;
        let until = minute_of_day(until).filter(|minute| *minute != from)?;
        Some(Week { days, from, until })
    }

    /// Whether the local time `at` lies in it.
    pub fn contains(&self, at: &Zoned) -> bool {
        let minute = (at.hour() as u16) * 60 + at.minute() as u16;
        let today = (at.weekday().to_monday_one_offset() - 1) as usize % 7;
        let yesterday = (today + 6) % 7;
        if self.from < self.until {
            return self.days[today] && (self.from..self.until).contains(&minute);
        }
        (self.days[today] && minute >= self.from) || (self.days[yesterday] && minute < self.until)
    }
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    let index = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut days = [false; 7];
    for part in text.to_ascii_lowercase().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (index(first)?, index(last)?);
        let mut day = first;
        loop {
            days[day] = true;
            if day == last {
                break;
            }
            day = (day + 1) % 7;
        }
    }
    Some(days)
}

/// `HH:MM` in minutes; 24:00 is the end of the day.
pub fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60 || hour == 24 && minute == 0).then_some(hour * 60 + minute)
}

/// A local day and time, `2026-12-24 22:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(DateTime);

impl Moment {
    /// Reads it; `None` = there is no such time.
    pub fn parse(text: &str) -> Option<Moment> {
        let (day, time) = text.split_once([' ', 'T'])?;
        let minute = minute_of_day(time).filter(|minute| *minute < 24 * 60)?;
        let day: jiff::civil::Date = day.parse().ok()?;
        Some(Moment(day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0)))
    }

    /// Whether it is past at the local time `at`.
    pub fn is_past(&self, at: &Zoned) -> bool {
        at.datetime() >= self.0
    }
}

/// `now_ns` in `zone`.
pub fn local(now_ns: u64, zone: &TimeZone) -> Zoned {
    let time = Timestamp::from_nanosecond(i128::from(now_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone())
}

/// First day of the billing month of the local time `at`, UNIX seconds; `day` is 1 to 28.
pub fn billing_since_s(at: &Zoned, day: u8) -> u64 {
    let day = i8::try_from(day.clamp(1, 28)).unwrap_or(1);
    let date = at.date();
    let (mut year, mut month) = (date.year(), date.month());
    if date.day() < day {
        (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
    }
    let start = jiff::civil::Date::new(year, month, day).unwrap_or(date).at(0, 0, 0, 0);
    let start = start.to_zoned(at.time_zone().clone()).map(|zoned| zoned.timestamp().as_second());
    u64::try_from(start.unwrap_or(0)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};

    use super::{Moment, Week, billing_since_s, local, minute_of_day};

    /// 2026-11-22 is a Sunday.
    fn at(text: &str) -> jiff::Zoned {
        let time: jiff::civil::DateTime = text.parse().expect("a local time");
        time.to_zoned(TimeZone::fixed(offset(3))).expect("it exists")
    }

    #[test]
    fn weeks_are_read_and_pass_midnight() {
        let check = |week: &str, time: &str, expect: bool| {
            assert_eq!(Week::parse(week).expect(week).contains(&at(time)), expect, "{week} {time}");
        };
        check("mon-fri 08:00-20:00", "2026-11-23T08:00", true);
        check("mon-fri 08:00-20:00", "2026-11-23T20:00", false);
        check("mon-fri 08:00-20:00", "2026-11-22T12:00", false);
        check("fri-mon 00:00-24:00", "2026-11-22T23:59", true);
        check("sat,SUN 10:00-11:00", "2026-11-22T10:30", true);
        check("22:00-06:00", "2026-11-22T23:00", true);
        check("22:00-06:00", "2026-11-22T05:59", true);
        check("22:00-06:00", "2026-11-22T06:00", false);
        // The night from Saturday to Sunday belongs to Saturday.
        check("sat 22:00-06:00", "2026-11-22T05:00", true);
        check("sun 22:00-06:00", "2026-11-22T05:00", false);
        for wrong in [
            "",
            "mon",
            "mon 8-20",
            "moon 08:00-20:00",
            "08:00-08:00",
            "24:00-01:00",
            "mon 08:00-20:00 x",
            "25:00-26:00",
        ] {
            assert_eq!(Week::parse(wrong), None, "{wrong}");
        }
        assert_eq!((minute_of_day("24:00"), minute_of_day("24:01"), minute_of_day("7:00")), (Some(1440), None, None));
    }

    #[test]
    fn moments_and_billing_months_are_local() {
        let moment = Moment::parse("2026-12-24 22:00").expect("a time");
        assert!(!moment.is_past(&at("2026-12-24T21:59")) && moment.is_past(&at("2026-12-24T22:00")));
        assert!(Moment::parse("2026-02-30 10:00").is_none() && Moment::parse("tomorrow").is_none());
        let check = |time: &str, day: u8, expect: &str| {
            assert_eq!(billing_since_s(&at(time), day), at(expect).timestamp().as_second() as u64, "{time} {day}");
        };
        check("2026-11-22T12:00", 1, "2026-11-01T00:00");
        check("2026-11-22T12:00", 23, "2026-10-23T00:00");
        check("2026-01-02T12:00", 15, "2025-12-15T00:00");
        assert_eq!(local(0, &TimeZone::UTC).year(), 1970);
    }
}
