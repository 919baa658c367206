//! What a link or the form asks for: time, interface, what is told apart, unit.

use store::Resolution;

use crate::page::query::Typed;
use crate::page::when;
use crate::words::Language;

/// Points of a chart: a phone has no more pixels.
const POINTS_MAX: u32 = 400;

/// Steps that people can read off, seconds; beyond the last, whole weeks.
const STEPS: [u32; 21] = [
    1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 43_200, 86_400,
    172_800,
];

const DAY: u32 = 86_400;

/// Longest time shown by seconds, and by minutes: twice the points that are left of them.
const BY_SECOND_MAX: u32 = 2 * 3_600;
const BY_MINUTE_MAX: u32 = 9 * DAY;

/// Ages after which rows of a second and of a minute are usually gone (the defaults of `[ingest.retention]`).
const SECONDS_KEPT: u32 = 7 * DAY;
const MINUTES_KEPT: u32 = 90 * DAY;

/// How long after its end a bucket is surely closed and stored.
const LATE: u32 = 5;

/// Earliest time: before Floodmark, and far from where times wrap.
const EARLIEST: u32 = 1_000_000_000;

/// A time range that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// In links.
    pub name: &'static str,
    /// Seconds.
    pub length: u32,
    /// For people, in both languages.
    pub title: (&'static str, &'static str),
}

/// The ranges, shortest first.
pub const RANGES: [Named; 6] = [
    Named { name: "15m", length: 900, title: ("15 min", "15 мин") },
    Named { name: "1h", length: 3_600, title: ("Hour", "Час") },
    Named { name: "1d", length: DAY, title: ("Day", "Сутки") },
    Named { name: "1w", length: 7 * DAY, title: ("Week", "Неделя") },
    Named { name: "1mo", length: 31 * DAY, title: ("Month", "Месяц") },
    Named { name: "1y", length: 365 * DAY, title: ("Year", "Год") },
];

/// What is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Direction,
    Protocol,
    Interface,
}

/// Of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Bits,
    Packets,
}

/// A question that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The named range; `None` = from and to were given.
    pub range: Option<&'static str>,
    /// Begin of the first point, UNIX seconds.
    pub since: u32,
    /// End, UNIX seconds: as far as buckets are closed.
    pub until: u32,
    /// Seconds of a point.
    pub step: u32,
    /// The table.
    pub resolution: Resolution,
    /// What is told apart.
    pub by: By,
    /// Of what.
    pub measure: Measure,
    /// One interface, or all.
    pub interface: Option<String>,
}

/// Why a question makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nonsense {
    /// A time that is none, as it was typed.
    Time(String),
    /// It ends before it begins.
    Backwards,
    /// It begins in the future.
    Future,
    /// A word that is not one of the few, as it was typed.
    Word(String),
}

impl Nonsense {
    /// For people.
    pub fn words(&self, language: Language) -> String {
        match (self, language) {
            (Nonsense::Time(text), Language::En) => {
                format!("“{text}” is not a time: write it as 2026-11-22T06:30 or 2026-11-22.")
            }
            (Nonsense::Time(text), Language::Ru) => {
                format!("«{text}» — не время: пишите так: 2026-11-22T06:30 или 2026-11-22.")
            }
            (Nonsense::Backwards, _) => {
                language.pick("The time ends before it begins.", "Конец времени раньше начала.").to_owned()
            }
            (Nonsense::Future, _) => {
                language.pick("The time begins in the future.", "Начало времени — в будущем.").to_owned()
            }
            (Nonsense::Word(text), Language::En) => format!("“{text}” is not one of the choices."),
            (Nonsense::Word(text), Language::Ru) => format!("«{text}» — такого выбора нет."),
        }
    }
}

impl Asked {
    /// Understands what was typed; `now` in UNIX seconds.
    ///
    /// # Errors
    /// What makes no sense.
    pub fn of(typed: &Typed, now: u32) -> Result<Asked, Nonsense> {
        let by = match typed.get("by") {
            "" | "direction" => By::Direction,
            "protocol" => By::Protocol,
            "interface" => By::Interface,
            other => return Err(Nonsense::Word(other.to_owned())),
        };
        let measure = match typed.get("unit") {
            "" | "bits" => Measure::Bits,
            "packets" => Measure::Packets,
            other => return Err(Nonsense::Word(other.to_owned())),
        };
        let (range, since, until) = times(typed, now)?;
        let interface = Some(typed.get("interface").to_owned()).filter(|name| !name.is_empty());
        Ok(Asked { by, measure, interface, ..Asked::between(range, since, until, now) })
    }

    /// The points of a time.
    fn between(range: Option<&'static str>, since: u32, until: u32, now: u32) -> Asked {
        let (length, age) = (until - since, now.saturating_sub(since));
        let (resolution, closed) = match () {
            () if length <= BY_SECOND_MAX && age <= SECONDS_KEPT => (Resolution::Second, 1),
            () if length <= BY_MINUTE_MAX && age <= MINUTES_KEPT => (Resolution::Minute, 60),
            () => (Resolution::Hour, 3_600),
        };
        let wanted = length.div_ceil(POINTS_MAX).max(closed);
        let step = STEPS.into_iter().find(|&step| step >= wanted).unwrap_or(wanted.div_ceil(7 * DAY) * 7 * DAY);
        let until = until.min(now.saturating_sub(LATE)) / closed * closed;
        let since = since / step * step;
        Asked {
            range,
            since,
            until: until.max(since),
            step,
            resolution,
            by: By::Direction,
            measure: Measure::Bits,
            interface: None,
        }
    }

    /// Seconds of the point that begins at `start` of which buckets are closed.
    pub fn covered(&self, start: u32) -> u32 {
        self.until.saturating_sub(start).min(self.step)
    }

    /// Begins of all points.
    pub fn starts(&self) -> impl Iterator<Item = u32> + use<> {
        (self.since..self.until).step_by(self.step as usize)
    }
}

/// Range, begin, end.
fn times(typed: &Typed, now: u32) -> Result<(Option<&'static str>, u32, u32), Nonsense> {
    let (from, to) = (typed.get("from"), typed.get("to"));
    if from.is_empty() && to.is_empty() {
        let name = Some(typed.get("range")).filter(|name| !name.is_empty()).unwrap_or("1h");
        let range = RANGES.iter().find(|range| range.name == name);
        let range = range.ok_or_else(|| Nonsense::Word(name.to_owned()))?;
        return Ok((Some(range.name), now.saturating_sub(range.length), now));
    }
    let time = |text: &str, default: u32| match text {
        "" => Ok(default),
        text => when::parse(text).filter(|&time| time >= EARLIEST).ok_or_else(|| Nonsense::Time(text.to_owned())),
    };
    let to = time(to, now)?;
    let from = time(from, to.saturating_sub(3_600))?;
    match () {
        () if from >= now => Err(Nonsense::Future),
        () if from >= to => Err(Nonsense::Backwards),
        () => Ok((None, from, to.min(now))),
    }
}

#[cfg(test)]
mod tests {
    use store::Resolution::{Hour, Minute, Second};

    use super::{Asked, Nonsense, RANGES};
    use crate::page::query::tests::typed;

    const NOW: u32 = 1_795_329_016;

    #[test]
    fn every_range_has_a_few_hundred_points() {
        let expect = [(Second, 3), (Second, 10), (Minute, 300), (Minute, 1_800), (Hour, 7_200), (Hour, 86_400)];
        for (range, (resolution, step)) in RANGES.into_iter().zip(expect) {
            let asked = Asked::of(&typed(&[("range", range.name)]), NOW).expect("a range");
            assert_eq!((asked.resolution, asked.step), (resolution, step), "{}", range.name);
            let points = asked.starts().count();
            assert!((250..=401).contains(&points), "{}: {points}", range.name);
            assert!(asked.starts().all(|start| asked.covered(start) > 0));
        }
        let old = Asked::of(&typed(&[("from", "1700000000"), ("to", "1700003600")]), NOW).expect("long ago");
        assert_eq!((old.resolution, old.starts().count()), (Hour, 1), "only hours are kept so long");
        let all = Asked::of(&typed(&[("from", "1000000000")]), NOW);
        assert!(all.expect("from then to now").starts().count() <= 401);
    }

    #[test]
    fn nonsense_is_told_as_it_was_typed() {
        let check = |pairs: &[(&str, &str)], expect: Nonsense| {
            assert_eq!(Asked::of(&typed(pairs), NOW), Err(expect), "{pairs:?}");
        };
        check(&[("range", "2w")], Nonsense::Word("2w".to_owned()));
        check(&[("by", "colour")], Nonsense::Word("colour".to_owned()));
        check(&[("unit", "<b>")], Nonsense::Word("<b>".to_owned()));
        check(&[("from", "soon")], Nonsense::Time("soon".to_owned()));
        check(&[("from", "5")], Nonsense::Time("5".to_owned()));
        check(&[("from", "1795329017"), ("to", "4294967295")], Nonsense::Future);
        check(&[("from", "1795329000"), ("to", "1795328000")], Nonsense::Backwards);
    }
}
