//! Times that people type: in the server's zone, or with a zone of their own.

use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit, Zoned};

/// A time in UNIX seconds: `2026-11-22T06:30` in the server's zone, `2026-11-22`, RFC 3339, or UNIX seconds.
pub fn parse(text: &str) -> Option<u32> {
    let seconds = match text.parse::<Timestamp>() {
        Ok(time) => time.as_second(),
        Err(_) => match text.parse::<u32>() {
            Ok(seconds) => seconds.into(),
            Err(_) => local(text)?,
        },
    };
    u32::try_from(seconds).ok()
}

fn local(text: &str) -> Option<i64> {
    let time = text.replace(' ', "T").parse::<civil::DateTime>().ok()?;
    Some(time.to_zoned(TimeZone::system()).ok()?.timestamp().as_second())
}

/// A time as an `<input type="datetime-local">` has it, in the server's zone.
pub fn input(seconds: u32) -> String {
    zoned(seconds).map(|time| time.strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
}

/// The begin of the billing month that `now` (UNIX seconds) lies in, by the server's zone; `day` is 1 to 28.
pub fn billing_month(now: u32, day: u8) -> u32 {
    let begin = || {
        let day = i8::try_from(day.clamp(1, 28)).ok()?;
        let today = zoned(now)?.round(Unit::Second).ok()?;
        let this = today.date().with().day(day).build().ok()?;
        let first = if this > today.date() { this.checked_sub(jiff::Span::new().months(1)).ok()? } else { this };
        u32::try_from(first.to_zoned(TimeZone::system()).ok()?.timestamp().as_second()).ok()
    };
    begin().unwrap_or_else(|| now.saturating_sub(30 * 86_400))
}

fn zoned(seconds: u32) -> Option<Zoned> {
    Some(Timestamp::from_second(seconds.into()).ok()?.to_zoned(TimeZone::system()))
}

#[cfg(test)]
mod tests {
    use super::{billing_month, input, parse};

    #[test]
    fn what_people_type_is_understood() {
        assert_eq!(parse("2026-11-22T06:30:16Z"), Some(1_795_329_016));
        assert_eq!(parse("1795329016"), Some(1_795_329_016));
        for text in ["2026-11-22T06:30", "2026-11-22 06:30"] {
            assert_eq!(parse(text).map(input), Some("2026-11-22T06:30".to_owned()), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01T00:00", "-5", "1960-01-01T00:00:00Z", "9999999999", "0000-00-00"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_month_begins_on_its_billing_day() {
        let check = |now: &str, day: u8, begin: &str| {
            let now = parse(now).expect("a time");
            assert_eq!(input(billing_month(now, day)), begin, "{now} {day}");
        };
        check("2026-11-22T06:30", 1, "2026-11-01T00:00");
        check("2026-11-22T06:30", 22, "2026-11-22T00:00");
        check("2026-11-22T06:30", 23, "2026-10-23T00:00");
        check("2026-01-05T06:30", 28, "2025-12-28T00:00");
        check("2026-03-05T06:30", 0, "2026-03-01T00:00");
    }
}
