//! The last hour of what a chart may show, in memory.

use std::collections::{BTreeMap, VecDeque};

use live::host::HostState;
use live::incident::{Unit, Words};

use super::headline::{memory_percent, percent};
use crate::notice::Chart;

/// Seconds that one point stands for; of several samples the highest counts.
pub const STEP_S: u64 = 5;

/// Points of a series: an hour.
pub const POINTS_MAX: usize = 720;

/// Series, at most: those of the machine, two for each of 64 links, one for each of 64 disks. 2 MiB with all points.
const SERIES_MAX: usize = 224;

const SECOND_NS: u64 = 1_000_000_000;

#[derive(Clone, Debug)]
struct Series {
    title: Words,
    unit: Unit,
    points: VecDeque<(u64, f64)>,
}

/// Series by name: `load1`, `cpu`, `softirq`, `iowait`, `steal`, `memory`, `swap`, `processes`, and for each thing of its
/// kind `received:LINK`, `sent:LINK` (bits a second), `used:LINK` (percent), `disk:MOUNT` (percent).
#[derive(Clone, Debug, Default)]
pub struct History {
    series: BTreeMap<String, Series>,
}

impl History {
    /// Adds a sample.
    pub fn add(&mut self, state: &HostState) {
        let second = state.time_ns / SECOND_NS / STEP_S * STEP_S;
        let mut put = |name: String, title: (String, String), unit, value| self.put(name, title, unit, (second, value));
        let cpu = &state.cpu;
        let swap = percent(state.memory.swap_used, state.memory.swap_total);
        let machine = [
            ("load1", "load average, 1 minute", "средняя нагрузка за минуту", Unit::Count, state.load[0]),
            ("cpu", "CPU in use", "занято ЦП", Unit::Percent, cpu.busy),
            ("softirq", "CPU in softirq", "ЦП в softirq", Unit::Percent, cpu.softirq),
            ("iowait", "CPU waiting for disks", "ЦП ждёт диски", Unit::Percent, cpu.iowait),
            ("steal", "CPU taken by the hypervisor", "ЦП отнято гипервизором", Unit::Percent, cpu.steal),
            ("memory", "memory in use", "занято памяти", Unit::Percent, memory_percent(state)),
            ("swap", "swap in use", "занято подкачки", Unit::Percent, swap),
            ("processes", "processes", "процессы", Unit::Count, f64::from(state.processes.total)),
        ];
        for (name, en, ru, unit, value) in machine {
            put(name.to_owned(), (en.to_owned(), ru.to_owned()), unit, value);
        }
        for link in &state.links {
            let of = |en: &str, ru: &str| (format!("{}: {en}", link.name), format!("{}: {ru}", link.name));
            let bits = Unit::BitsPerSecond;
            put(format!("received:{}", link.name), of("received", "принято"), bits, link.received_bps);
            put(format!("sent:{}", link.name), of("sent", "отправлено"), bits, link.sent_bps);
            if let Some(used) = link.used_percent {
                put(format!("used:{}", link.name), of("share of its speed", "доля скорости"), Unit::Percent, used);
            }
        }
        for disk in &state.disks {
            let title = (format!("{}: in use", disk.mount), format!("{}: занято", disk.mount));
            put(format!("disk:{}", disk.mount), title, Unit::Percent, disk.used_percent);
        }
        // What is gone for an hour is forgotten.
        let oldest = second.saturating_sub(STEP_S * POINTS_MAX as u64);
        self.series.retain(|_, series| series.points.back().is_some_and(|(newest, _)| *newest > oldest));
    }

    /// Adds a value of a series of its own, such as a metric of the network that a rule watches.
    pub fn add_value(&mut self, name: &str, title: &Words, unit: Unit, (second, value): (u64, f64)) {
        let title = (title.en.clone(), title.ru.clone());
        self.put(name.to_owned(), title, unit, (second / STEP_S * STEP_S, value));
    }

    fn put(&mut self, name: String, title: (String, String), unit: Unit, (second, value): (u64, f64)) {
        if !value.is_finite() || (self.series.len() >= SERIES_MAX && !self.series.contains_key(&name)) {
            return;
        }
        let new = || Series { title: Words { en: title.0, ru: title.1 }, unit, points: VecDeque::new() };
        let points = &mut self.series.entry(name).or_insert_with(new).points;
        // A clock that was set back begins the hour anew: a line that runs backwards says nothing.
        if points.back().is_some_and(|(newest, _)| *newest > second) {
            points.clear();
        }
        match points.back_mut().filter(|(newest, _)| *newest == second) {
            Some((_, highest)) => *highest = highest.max(value),
            None => points.push_back((second, value)),
        }
        let oldest = second.saturating_sub(STEP_S * (POINTS_MAX as u64 - 1));
        while points.front().is_some_and(|(first, _)| *first < oldest) {
            points.pop_front();
        }
    }

    /// Names of the series that there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// The last hour of a series, with a limit to be drawn; `None` = there is no such series.
    pub fn chart(&self, name: &str, limit: Option<f64>) -> Option<Chart> {
        let series = self.series.get(name)?;
        let points = series.points.iter().copied().collect();
        Some(Chart { title: series.title.clone(), unit: series.unit, limit, points })
    }
}

#[cfg(test)]
mod tests {
    use live::host::{Disk, HostState, Link};

    use super::{History, POINTS_MAX, SECOND_NS, SERIES_MAX, STEP_S};

    fn sample(second: u64, load: f64) -> HostState {
        HostState { time_ns: second * SECOND_NS, load: [load, 0.0, 0.0], ..HostState::default() }
    }

    #[test]
    fn an_hour_is_kept_and_the_highest_of_five_seconds() {
        let mut history = History::default();
        for second in 1_000_000..1_010_000 {
            history.add(&sample(second, (second % 7) as f64));
        }
        let chart = history.chart("load1", Some(4.0)).expect("it is one of the series");
        assert_eq!((chart.points.len(), chart.limit), (POINTS_MAX, Some(4.0)));
        assert!(chart.points.windows(2).all(|pair| pair[1].0 == pair[0].0 + STEP_S));
        let highest = |first: u64| (first..first + STEP_S).map(|second| second % 7).max().unwrap_or(0) as f64;
        assert!(chart.points.iter().all(|(second, value)| *value == highest(*second)), "the highest counts");
        assert!(!chart.title.ru.is_empty() && history.chart("nothing", None).is_none());
        history.add(&sample(500, 1.0));
        assert_eq!(history.chart("load1", None).expect("still there").points, [(500, 1.0)], "the clock was set back");
    }

    #[test]
    fn series_are_bounded_and_gone_ones_forgotten() {
        let mut history = History::default();
        let mut state = sample(100, 1.0);
        state.links = (0..64).map(|n| Link { name: format!("e{n}"), ..Link::default() }).collect();
        state.disks = (0..500).map(|n| Disk { mount: format!("/{n}"), ..Disk::default() }).collect();
        history.add(&state);
        assert_eq!(history.names().count(), SERIES_MAX);
        history.add(&sample(100 + 3 * 3600, f64::NAN));
        assert_eq!(history.names().count(), 7, "what has no value is not drawn");
    }
}
