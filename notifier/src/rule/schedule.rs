//! When a rule may fire: days and hours of the local time.

/// A week's minutes in which a rule may fire; empty = always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule(Vec<Span>);

/// Days (bit 0 = Monday) and minutes of the day, from to before; one that ends before it begins goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    days: u8,
    from: u16,
    to: u16,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const DAY_MINUTES: u16 = 1_440;

/// Spans of one rule.
const SPANS_MAX: usize = 21;

/// How it is written.
pub const FORM: &str = "a list of \"mon-fri 08:00-18:00\", \"sat,sun 10:00-14:00\" or \"22:00-06:00\"";

impl Schedule {
    /// Reads the spans.
    ///
    /// # Errors
    /// The one that cannot be read.
    pub fn parse(spans: &[String]) -> Result<Schedule, String> {
        if spans.len() > SPANS_MAX {
            return Err(format!("{} spans, more than {SPANS_MAX}", spans.len()));
        }
        spans.iter().map(|span| parse(span).ok_or_else(|| span.clone())).collect::<Result<_, _>>().map(Schedule)
    }

    /// Whether the rule may fire at `time_ns`, where the local time is `utc_offset_s` seconds ahead of UTC.
    pub fn is_open(&self, time_ns: u64, utc_offset_s: i32) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let minutes = ((time_ns / 1_000_000_000) as i64 + i64::from(utc_offset_s)).div_euclid(60);
        let (day, minute) = (minutes.div_euclid(i64::from(DAY_MINUTES)), minutes.rem_euclid(i64::from(DAY_MINUTES)));
        // The first day of 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        let is_on = |span: &Span, weekday: i64| span.days >> weekday & 1 == 1;
        self.0.iter().any(|span| {
            let (from, to) = (i64::from(span.from), i64::from(span.to));
            if from < to {
                return is_on(span, weekday) && (from..to).contains(&minute);
            }
            is_on(span, weekday) && minute >= from || is_on(span, (weekday + 6) % 7) && minute < to
        })
    }
}

fn parse(span: &str) -> Option<Span> {
    let (days, hours) = match span.trim().split_once(' ') {
        Some((days, hours)) => (parse_days(days)?, hours.trim()),
        None if span.contains(':') => (0x7f, span.trim()),
        None => return Some(Span { days: parse_days(span.trim())?, from: 0, to: DAY_MINUTES }),
    };
    let (from, to) = hours.split_once('-')?;
    let (from, to) = (parse_minute(from)?, parse_minute(to)?);
    (from != to && from < DAY_MINUTES).then_some(Span { days, from, to })
}

fn parse_days(text: &str) -> Option<u8> {
    let day = |name: &str| DAYS.iter().position(|day| name.trim().eq_ignore_ascii_case(day));
    text.split(',').try_fold(0u8, |days, part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let length = (last + 7 - first) % 7;
        Some((0..=length).fold(days, |days, step| days | 1 << ((first + step) % 7)))
    })
}

fn parse_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    (minute < 60 && hour * 60 + minute <= DAY_MINUTES).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn days_and_hours_are_of_the_local_time() {
        // Monday, 2 January 2023, 00:00 UTC.
        const MONDAY: u64 = 1_672_617_600;
        let check = |spans: &[&str], day: u64, time: (u64, u64), offset_s: i32, expect: bool| {
            let spans: Vec<String> = spans.iter().map(|span| (*span).to_owned()).collect();
            let schedule = Schedule::parse(&spans).expect("spans");
            let at = MONDAY + day * 86_400 + time.0 * 3_600 + time.1 * 60;
            assert_eq!(schedule.is_open(at * 1_000_000_000, offset_s), expect, "{spans:?} {day} {time:?}");
        };
        check(&[], 0, (0, 0), 0, true);
        check(&["mon-fri 08:00-18:00"], 0, (8, 0), 0, true);
        check(&["mon-fri 08:00-18:00"], 4, (17, 59), 0, true);
        check(&["mon-fri 08:00-18:00"], 4, (18, 0), 0, false);
        check(&["mon-fri 08:00-18:00"], 5, (12, 0), 0, false);
        check(&["mon-fri 08:00-18:00"], 0, (5, 30), 3 * 3600, true);
        check(&["mon 00:00-01:00"], 6, (23, 0), 2 * 3600, false);
        check(&["mon 00:00-02:00"], 6, (23, 30), 3600, true);
        check(&["22:00-06:00"], 2, (23, 0), 0, true);
        check(&["22:00-06:00"], 2, (5, 59), 0, true);
        check(&["22:00-06:00"], 2, (6, 0), 0, false);
        check(&["fri 22:00-06:00"], 5, (5, 0), 0, true);
        check(&["fri 22:00-06:00"], 4, (5, 0), 0, false);
        check(&["sat,sun", "fri-mon 12:00-24:00"], 6, (3, 0), 0, true);
        check(&["sat,sun", "fri-mon 12:00-24:00"], 0, (23, 59), 0, true);
        check(&["sat,sun", "fri-mon 12:00-24:00"], 1, (13, 0), 0, false);
    }

    #[test]
    fn what_is_no_span_is_told() {
        for span in ["", "mon 8:00-9:00", "someday", "mon 08:00", "10:00-10:00", "10:61-11:00", "25:00-26:00", "mon-"] {
            assert_eq!(Schedule::parse(&[span.to_owned()]), Err(span.to_owned()));
        }
        assert!(Schedule::parse(&vec!["mon".to_owned(); 22]).is_err());
    }
}
