//! From stored points to the lines of a chart.

use std::collections::BTreeMap;

use store::{InterfaceName, Point, SeriesQuery, Split};

use super::ask::{Asked, By, Measure};
use crate::stored::{Stored, StoredError};
use crate::words::Language;

/// Interfaces that have a line of their own; the others are added up.
const INTERFACES_MAX: usize = 6;

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its name; of an interface, as the kernel says it.
    pub name: String,
    /// A value for each point: bits or packets a second; `None` = nothing is known.
    pub values: Vec<Option<f64>>,
    /// Bytes or packets of the whole time.
    pub sum: u64,
}

/// The lines of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Begins of the points, UNIX seconds.
    pub starts: Vec<u32>,
    /// The lines.
    pub lines: Vec<Line>,
    /// Largest second of each point, of one interface.
    pub peaks: Vec<Option<f64>>,
}

impl Line {
    /// The mean of what is known.
    pub fn mean(&self) -> f64 {
        let known = self.values.iter().flatten().count();
        self.values.iter().flatten().sum::<f64>() / known.max(1) as f64
    }

    /// The largest point.
    pub fn largest(&self) -> f64 {
        self.values.iter().flatten().copied().fold(0.0, f64::max)
    }
}

impl Chart {
    /// Whether nothing at all is known.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.values.iter().all(Option::is_none))
    }

    /// The largest second and when it was.
    pub fn peak(&self) -> Option<(f64, u32)> {
        let peaks = self.peaks.iter().zip(&self.starts).filter_map(|(peak, &start)| peak.map(|peak| (peak, start)));
        peaks.max_by(|a, b| a.0.total_cmp(&b.0))
    }
}

/// Asks the store and draws the lines.
///
/// # Errors
/// The store does not answer.
pub async fn chart(stored: &Stored, asked: &Asked, language: Language) -> Result<Chart, StoredError> {
    let by_interface = asked.by == By::Interface;
    let query = SeriesQuery {
        resolution: asked.resolution,
        since: asked.since,
        until: asked.until,
        step: asked.step,
        interface: asked.interface.clone(),
        by_interface,
        split: if asked.by == By::Protocol { Split::Protocol } else { Split::Direction },
    };
    let names = if by_interface { stored.interfaces().await? } else { std::sync::Arc::default() };
    let points = stored.series(query).await?;
    Ok(if by_interface { of_interfaces(asked, &points, &names, language) } else { of_parts(asked, &points, language) })
}

/// A line for each direction or protocol.
fn of_parts(asked: &Asked, points: &[Point], language: Language) -> Chart {
    let by_start: BTreeMap<u32, &Point> = points.iter().map(|point| (point.start, point)).collect();
    let starts: Vec<u32> = asked.starts().collect();
    let names = names(asked.by, language);
    let lines = names.into_iter().enumerate().map(|(part, name)| Line {
        name: name.to_owned(),
        values: starts
            .iter()
            .map(|start| by_start.get(start).map(|point| rate(asked, *start, amount(asked, point, part))))
            .collect(),
        sum: points.iter().map(|point| amount(asked, point, part)).sum(),
    });
    let lines = lines.collect();
    Chart { peaks: peaks(asked, &starts, points), starts, lines }
}

/// A line for each interface name, the busiest first.
fn of_interfaces(asked: &Asked, points: &[Point], names: &[InterfaceName], language: Language) -> Chart {
    let starts: Vec<u32> = asked.starts().collect();
    let known: BTreeMap<(u16, u64, u16), &str> =
        names.iter().map(|name| ((name.node_id, name.epoch, name.interface), name.name.as_str())).collect();
    let mut by_name: BTreeMap<String, BTreeMap<u32, u64>> = BTreeMap::new();
    for point in points {
        let name = known.get(&point.interface).map_or_else(|| format!("#{}", point.interface.2), |&n| n.to_owned());
        let amount: u64 = (0..4).map(|part| amount(asked, point, part)).sum();
        *by_name.entry(name).or_default().entry(point.start).or_default() += amount;
    }
    let mut sums: Vec<(u64, String)> =
        by_name.iter().map(|(name, values)| (values.values().sum(), name.clone())).collect();
    sums.sort_unstable_by(|a, b| b.cmp(a));
    let mut others: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, name) in sums.iter().skip(INTERFACES_MAX) {
        for (start, amount) in by_name.remove(name).unwrap_or_default() {
            *others.entry(start).or_default() += amount;
        }
    }
    // Where one interface saw something, the silence of another is known too.
    let seen: BTreeMap<u32, ()> = points.iter().map(|point| (point.start, ())).collect();
    let line = |name: String, values: &BTreeMap<u32, u64>| Line {
        name,
        values: starts
            .iter()
            .map(|start| seen.get(start).map(|()| rate(asked, *start, values.get(start).copied().unwrap_or(0))))
            .collect(),
        sum: values.values().sum(),
    };
    let busiest = sums.into_iter().take(INTERFACES_MAX).map(|(_, name)| name);
    let mut lines: Vec<Line> =
        busiest.map(|name| by_name.get(&name).map(|values| line(name.clone(), values)).unwrap_or_default()).collect();
    if !others.is_empty() {
        lines.push(line(language.pick("others", "остальные").to_owned(), &others));
    }
    Chart { peaks: peaks(asked, &starts, points), starts, lines }
}

fn names(by: By, language: Language) -> [&'static str; 4] {
    match by {
        By::Protocol => language.pick(["TCP", "UDP", "ICMP", "other"], ["TCP", "UDP", "ICMP", "прочие"]),
        _ => language.pick(["in", "out", "through", "internal"], ["входящий", "исходящий", "транзит", "внутренний"]),
    }
}

fn amount(asked: &Asked, point: &Point, part: usize) -> u64 {
    match asked.measure {
        Measure::Bits => point.bytes[part],
        Measure::Packets => point.packets[part],
    }
}

/// An amount of a point, a second.
fn rate(asked: &Asked, start: u32, amount: u64) -> f64 {
    scaled(asked.measure, amount) / f64::from(asked.covered(start).max(1))
}

fn scaled(measure: Measure, amount: u64) -> f64 {
    match measure {
        Measure::Bits => amount as f64 * 8.0,
        Measure::Packets => amount as f64,
    }
}

fn peaks(asked: &Asked, starts: &[u32], points: &[Point]) -> Vec<Option<f64>> {
    let mut largest: BTreeMap<u32, u64> = BTreeMap::new();
    for point in points {
        let peak = match asked.measure {
            Measure::Bits => point.bytes_per_second_max,
            Measure::Packets => point.packets_per_second_max,
        };
        let known = largest.entry(point.start).or_default();
        *known = peak.max(*known);
    }
    starts.iter().map(|start| largest.get(start).map(|&peak| scaled(asked.measure, peak))).collect()
}

#[cfg(test)]
mod tests {
    use store::{InterfaceName, Point};

    use super::{of_interfaces, of_parts};
    use crate::page::query::tests::typed;
    use crate::page::traffic::ask::Asked;
    use crate::words::Language;

    const NOW: u32 = 1_795_329_435;

    fn point(asked: &Asked, at: usize, interface: u16, bytes: u64) -> Point {
        Point {
            start: asked.since + at as u32 * asked.step,
            interface: (1, 2, interface),
            bytes: [bytes, 2 * bytes, 0, 0],
            bytes_per_second_max: bytes,
            ..Point::default()
        }
    }

    #[test]
    fn a_point_without_buckets_is_a_hole_and_the_last_is_as_long_as_it_is_known() {
        let asked = Asked::of(&typed(&[("range", "1d")]), NOW).expect("a day");
        let last = asked.starts().count() - 1;
        let points = [point(&asked, 3, 0, 300), point(&asked, last, 0, 240)];
        let chart = of_parts(&asked, &points, Language::En);
        assert_eq!(chart.lines[0].values[2..5], [None, Some(8.0), None]);
        let covered = f64::from(asked.covered(chart.starts[last]));
        assert!(covered < 300.0);
        assert_eq!(chart.lines[1].values[last], Some(2.0 * 240.0 * 8.0 / covered));
        assert_eq!((chart.lines[0].sum, chart.lines[0].name.as_str()), (540, "in"));
        assert_eq!(chart.peak(), Some((2_400.0, asked.since + 900)));
        assert!(of_parts(&asked, &[], Language::En).is_empty());
    }

    #[test]
    fn interfaces_of_one_name_are_one_line_and_the_small_ones_are_others() {
        let asked = Asked::of(&typed(&[("range", "1d"), ("by", "interface")]), NOW).expect("a day");
        let name = |interface, name: &str| InterfaceName { node_id: 1, epoch: 2, interface, name: name.to_owned() };
        let names: Vec<InterfaceName> = (1..=9)
            .map(|n| name(n, if n == 9 { "eth1" } else { ["eth0", "eth1"].get(usize::from(n) - 1).unwrap_or(&"x") }))
            .collect();
        let mut points = vec![point(&asked, 0, 1, 300), point(&asked, 1, 2, 100), point(&asked, 0, 9, 200)];
        points.extend((20..30).map(|n| point(&asked, 1, n, 1)));
        let chart = of_interfaces(&asked, &points, &names, Language::En);
        let lines: Vec<(&str, u64)> = chart.lines.iter().map(|line| (line.name.as_str(), line.sum)).collect();
        assert_eq!(lines[..3], [("eth1", 900), ("eth0", 900), ("#29", 3)]);
        assert_eq!(lines[6], ("others", 18));
        assert_eq!(chart.lines[1].values[..3], [Some(24.0), Some(0.0), None], "eth0 was silent while others were not");
    }
}
