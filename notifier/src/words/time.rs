//! Times in the receiver's zone, and durations.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::notice::Language;

/// "2026-11-22 05:35:10".
pub fn moment(time_ns: u64, utc_offset_s: i32) -> String {
    local(time_ns, utc_offset_s).map_or_else(unknown, |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// "05:35".
pub fn clock(time_ns: u64, utc_offset_s: i32) -> String {
    local(time_ns, utc_offset_s).map_or_else(unknown, |time| time.strftime("%H:%M").to_string())
}

/// "22.11 05:35".
pub fn day_clock(time_ns: u64, utc_offset_s: i32) -> String {
    local(time_ns, utc_offset_s).map_or_else(unknown, |time| time.strftime("%d.%m %H:%M").to_string())
}

/// "UTC", "UTC+3", "UTC-3:30".
pub fn zone(utc_offset_s: i32) -> String {
    let (sign, minutes) = (if utc_offset_s < 0 { '-' } else { '+' }, utc_offset_s.unsigned_abs() / 60);
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// The two largest parts: "45 s", "3 min 20 s", "2 h 5 min", "3 d 4 h".
pub fn duration(seconds: u64, language: Language) -> String {
    let [day, hour, minute, second] = match language {
        Language::En => ["d", "h", "min", "s"],
        Language::Ru => ["д", "ч", "мин", "с"],
    };
    let two = |large: u64, name: &str, small: u64, small_name: &str| match small {
        0 => format!("{large} {name}"),
        _ => format!("{large} {name} {small} {small_name}"),
    };
    match seconds {
        0..60 => format!("{seconds} {second}"),
        60..3_600 => two(seconds / 60, minute, seconds % 60, second),
        3_600..86_400 => two(seconds / 3_600, hour, seconds % 3_600 / 60, minute),
        _ => two(seconds / 86_400, day, seconds % 86_400 / 3_600, hour),
    }
}

fn local(time_ns: u64, utc_offset_s: i32) -> Option<DateTime> {
    let time = Timestamp::from_nanosecond(i128::from(time_ns)).ok()?;
    Some(Offset::from_seconds(utc_offset_s).unwrap_or(Offset::UTC).to_datetime(time))
}

/// A time beyond what calendars hold.
fn unknown() -> String {
    "?".to_owned()
}

#[cfg(test)]
mod tests {
    use super::{clock, day_clock, duration, moment, zone};
    use crate::notice::Language::{En, Ru};

    #[test]
    fn a_time_is_told_in_the_zone_of_the_receiver() {
        let time = 1_787_106_900_000_000_000;
        assert_eq!(moment(time, 0), "2026-08-19 02:35:00");
        assert_eq!((clock(time, 10_800).as_str(), day_clock(time, 10_800).as_str()), ("05:35", "19.08 05:35"));
        assert_eq!(moment(time, i32::MAX), moment(time, 0), "an offset that is none is UTC");
        for any in [0, u64::MAX] {
            assert!(!moment(any, -43_200).is_empty());
        }
    }

    #[test]
    fn a_zone_is_told_as_hours() {
        let check = |offset: i32, expect: &str| assert_eq!(zone(offset), expect);
        check(0, "UTC");
        check(10_800, "UTC+3");
        check(-12_600, "UTC-3:30");
        check(i32::MIN, "UTC-596523:14");
    }

    #[test]
    fn a_duration_has_its_two_largest_parts() {
        let check = |seconds: u64, en: &str, ru: &str| {
            assert_eq!((duration(seconds, En).as_str(), duration(seconds, Ru).as_str()), (en, ru));
        };
        check(0, "0 s", "0 с");
        check(59, "59 s", "59 с");
        check(200, "3 min 20 s", "3 мин 20 с");
        check(7_500, "2 h 5 min", "2 ч 5 мин");
        check(7_200, "2 h", "2 ч");
        check(273_600, "3 d 4 h", "3 д 4 ч");
        check(u64::MAX, "213503982334601 d 7 h", "213503982334601 д 7 ч");
    }
}
