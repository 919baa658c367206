//! Days of UTC: the unit in which flow rows are thrown away.

use crate::limits::DAY_SECONDS;

/// A day, counted from 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(u32);

impl Day {
    /// The day of a time in UNIX seconds.
    pub(crate) fn of(seconds: u32) -> Day {
        Day(seconds / DAY_SECONDS)
    }

    /// Its first second; for days after 2106 the last second that exists.
    pub(crate) fn start(self) -> u32 {
        self.0.saturating_mul(DAY_SECONDS)
    }

    /// The first second after it.
    pub(crate) fn end(self) -> u32 {
        self.plus(1).start()
    }

    /// The day so many days later.
    pub(crate) fn plus(self, days: u32) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// `YYYYMMDD`.
    pub(crate) fn name(self) -> String {
        let date = jiff::Timestamp::from_second(i64::from(self.start()))
            .expect("a time in 32-bit seconds is within the years that jiff knows")
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
    }

    /// Reads what [`Day::name`] wrote; nothing else.
    pub(crate) fn from_name(name: &str) -> Option<Day> {
        if name.len() != 8 || !name.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let date = jiff::civil::Date::new(name[..4].parse().ok()?, name[4..6].parse().ok()?, name[6..].parse().ok()?);
        let seconds = date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        Some(Day::of(u32::try_from(seconds).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_over_leap_years_and_to_the_end_of_time() {
        for (seconds, name) in
            [(0, "19700101"), (951_782_400, "20000229"), (1_795_294_514, "20261121"), (u32::MAX, "21060207")]
        {
            assert_eq!(Day::of(seconds).name(), name);
            assert_eq!(Day::from_name(name), Some(Day::of(seconds)));
        }
        for name in ["20261301", "2026112", "2026112x", "19691231", "main"] {
            assert_eq!(Day::from_name(name), None, "{name}");
        }
    }
}
