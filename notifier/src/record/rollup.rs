//! Closes buckets of the host: samples become a row each, a minute's and an hour's; the main processes of a minute.

use std::collections::HashMap;

use live::host::{HostState, Process, Processes};
use spool::row::{HostRow, ProcessRow, Resolution};

use super::detail::{Detail, finite};

/// A sample stands for so many seconds at most: of a longer silence nothing is known.
const SECONDS_MAX: u64 = 60;

/// Groups of processes of one minute, at most: each sample names 20.
const GROUPS_MAX: usize = 512;

/// Processes of a minute that become rows: by CPU, and as many by memory.
const ROWS_MAX: usize = crate::host::TOP;

const SECOND_NS: u64 = 1_000_000_000;

/// Rows that are ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closed {
    /// Of all resolutions.
    pub hosts: Vec<HostRow>,
    /// Of the last minute.
    pub processes: Vec<ProcessRow>,
}

#[derive(Clone, Debug, Default)]
struct Bucket {
    /// Sums of value × seconds, until it is closed.
    row: HostRow,
}

#[derive(Clone, Debug, Default)]
struct Group {
    newest: Process,
    cpu: f64,
    memory: u64,
}

/// Buckets that are not closed yet.
#[derive(Clone, Debug, Default)]
pub struct Rollup {
    before_ns: u64,
    minute: Option<Bucket>,
    hour: Option<Bucket>,
    groups: HashMap<(String, String, String), Group>,
    samples: u32,
    samples_minute: u64,
}

impl Rollup {
    /// Adds a sample; buckets that it is beyond are closed, also when the clock was set back.
    pub fn add(&mut self, state: &HostState, closed: &mut Closed) {
        let ts = state.time_ns / SECOND_NS;
        let since = state.time_ns.saturating_sub(self.before_ns).saturating_add(SECOND_NS / 2) / SECOND_NS;
        let seconds = if self.before_ns == 0 { 1 } else { since.clamp(1, SECONDS_MAX) };
        self.before_ns = state.time_ns;
        let row = sample(state, ts, u32::try_from(seconds).unwrap_or(1));
        for (bucket, resolution) in [(&mut self.minute, Resolution::Minute), (&mut self.hour, Resolution::Hour)] {
            let begin = ts / resolution.seconds() * resolution.seconds();
            if let Some(ended) = bucket.take_if(|bucket| bucket.row.ts != begin) {
                closed.hosts.push(ended.close());
            }
            let new = || Bucket { row: HostRow { resolution, ts: begin, ..HostRow::default() } };
            bucket.get_or_insert_with(new).add(&row);
        }
        let minute = ts / 60 * 60;
        if self.samples > 0 && self.samples_minute != minute {
            self.close_processes(closed);
        }
        self.samples_minute = minute;
        self.add_processes(state);
        closed.hosts.push(row);
    }

    /// Closes what is open: the program ends. A start within the same bucket makes a second row of it.
    pub fn finish(&mut self, closed: &mut Closed) {
        closed.hosts.extend([self.minute.take(), self.hour.take()].into_iter().flatten().map(Bucket::close));
        self.close_processes(closed);
    }

    fn add_processes(&mut self, state: &HostState) {
        self.samples += 1;
        let Processes { by_cpu, by_memory, .. } = &state.processes;
        let is_new = |process: &&Process| !by_cpu.iter().any(|other| key(other) == key(process));
        let of_both = by_cpu.iter().chain(by_memory.iter().filter(is_new));
        for process in of_both {
            if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&key(process)) {
                continue;
            }
            let group = self.groups.entry(key(process)).or_default();
            group.cpu += process.cpu;
            group.memory = group.memory.max(process.memory);
            group.newest = process.clone();
        }
    }

    fn close_processes(&mut self, closed: &mut Closed) {
        let samples = f64::from(std::mem::take(&mut self.samples).max(1));
        let mut groups: Vec<Group> = std::mem::take(&mut self.groups).into_values().collect();
        groups.sort_by(|a, b| b.memory.cmp(&a.memory).then_with(|| key(&a.newest).cmp(&key(&b.newest))));
        let largest = groups.len().min(ROWS_MAX);
        groups[largest..].sort_by(|a, b| b.cpu.total_cmp(&a.cpu).then_with(|| key(&a.newest).cmp(&key(&b.newest))));
        let row = |group: Group| ProcessRow {
            ts: self.samples_minute,
            pid: group.newest.pid,
            name: group.newest.name,
            user: group.newest.user,
            cgroup: group.newest.cgroup,
            processes: group.newest.count,
            cpu: finite(group.cpu / samples),
            memory: group.memory,
        };
        closed.processes.extend(groups.into_iter().take(2 * ROWS_MAX).map(row));
    }
}

fn key(process: &Process) -> (String, String, String) {
    (process.name.clone(), process.user.clone(), process.cgroup.clone())
}

fn sample(state: &HostState, ts: u64, seconds: u32) -> HostRow {
    let (cpu, memory) = (&state.cpu, &state.memory);
    // Signed in SQLite: what no machine has is cut there, not refused.
    let bytes = |bytes: u64| bytes.min(i64::MAX as u64);
    HostRow {
        resolution: Resolution::Second,
        ts,
        seconds,
        cores: u16::try_from(state.cores).unwrap_or(u16::MAX),
        load1: finite(state.load[0]),
        load5: finite(state.load[1]),
        load15: finite(state.load[2]),
        load1_max: finite(state.load[0]),
        cpu_user: finite(cpu.user),
        cpu_system: finite(cpu.system),
        cpu_iowait: finite(cpu.iowait),
        cpu_softirq: finite(cpu.softirq),
        cpu_steal: finite(cpu.steal),
        cpu_busy_max: finite(cpu.busy),
        memory_total: bytes(memory.total),
        memory_available: bytes(memory.available),
        memory_available_min: bytes(memory.available),
        swap_total: bytes(memory.swap_total),
        swap_used: bytes(memory.swap_used),
        oom_kills: bytes(state.oom_kills),
        detail: Detail::of(state).text(),
    }
}

/// The columns that are means.
fn means(row: &mut HostRow) -> [&mut f64; 8] {
    let HostRow { load1, load5, load15, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal, .. } = row;
    [load1, load5, load15, cpu_user, cpu_system, cpu_iowait, cpu_softirq, cpu_steal]
}

impl Bucket {
    fn add(&mut self, sample: &HostRow) {
        let (row, weight) = (&mut self.row, f64::from(sample.seconds));
        let is_first = row.seconds == 0;
        for (sum, value) in means(row).into_iter().zip(means(&mut sample.clone())) {
            *sum += *value * weight;
        }
        // Bytes as a running mean: their sums would not fit.
        let before = f64::from(row.seconds);
        let mean = |old: u64, new: u64| ((old as f64 * before + new as f64 * weight) / (before + weight)) as u64;
        row.memory_available = mean(row.memory_available, sample.memory_available);
        row.swap_used = mean(row.swap_used, sample.swap_used);
        row.memory_available_min = if is_first {
            sample.memory_available_min
        } else {
            row.memory_available_min.min(sample.memory_available_min)
        };
        row.load1_max = row.load1_max.max(sample.load1_max);
        row.cpu_busy_max = row.cpu_busy_max.max(sample.cpu_busy_max);
        row.seconds += sample.seconds;
        (row.cores, row.memory_total, row.swap_total) = (sample.cores, sample.memory_total, sample.swap_total);
        row.oom_kills = sample.oom_kills;
        row.detail.clone_from(&sample.detail);
    }

    fn close(mut self) -> HostRow {
        let seconds = f64::from(self.row.seconds.max(1));
        for sum in means(&mut self.row) {
            *sum = finite(*sum / seconds);
        }
        self.row
    }
}

#[cfg(test)]
mod tests {
    use live::host::{Cpu, HostState, Memory, Process, Processes};
    use spool::row::{HostRow, Resolution};

    use super::{Closed, Rollup, SECOND_NS};

    fn state(second: u64, value: f64) -> HostState {
        HostState {
            time_ns: second * SECOND_NS + 7,
            cores: 4,
            load: [value, 1.0, 1.0],
            cpu: Cpu { softirq: value, busy: value, ..Cpu::default() },
            memory: Memory { total: 1000, available: 500 + second % 60, ..Memory::default() },
            ..HostState::default()
        }
    }

    fn of(closed: &Closed, resolution: Resolution) -> Vec<&HostRow> {
        closed.hosts.iter().filter(|row| row.resolution == resolution).collect()
    }

    #[test]
    fn minutes_and_hours_are_means_by_the_seconds_that_samples_stand_for() {
        let (mut rollup, mut closed) = (Rollup::default(), Closed::default());
        for second in (3600..7200).step_by(5) {
            rollup.add(&state(second, 10.0), &mut closed);
        }
        // A minute of one sample a second.
        for second in 7200..7260 {
            rollup.add(&state(second, 90.0), &mut closed);
        }
        rollup.add(&state(7260, 10.0), &mut closed);
        rollup.finish(&mut closed);
        assert_eq!(of(&closed, Resolution::Second).len(), 720 + 60 + 1);
        let minutes = of(&closed, Resolution::Minute);
        assert_eq!(minutes.len(), 62);
        let loud = minutes.iter().find(|row| row.ts == 7200).expect("it was closed");
        assert!((loud.cpu_softirq, loud.load1_max, loud.cpu_busy_max) == (90.0, 90.0, 90.0), "{loud:?}");
        assert_eq!((loud.memory_available_min, loud.cores), (500, 4));
        let hours = of(&closed, Resolution::Hour);
        assert_eq!(hours.iter().map(|row| row.ts).collect::<Vec<_>>(), [3600, 7200]);
        assert!((hours[0].cpu_softirq - 10.0).abs() < 1e-9 && hours[0].memory_available_min == 500, "{:?}", hours[0]);
        let seconds: u32 = minutes.iter().map(|row| row.seconds).sum();
        assert_eq!(
            seconds,
            closed.hosts.iter().filter(|r| r.resolution == Resolution::Second).map(|r| r.seconds).sum::<u32>()
        );
    }

    #[test]
    fn silence_and_a_set_clock_make_no_long_samples() {
        let (mut rollup, mut closed) = (Rollup::default(), Closed::default());
        for second in [10_000, 20_000, 5_000, 5_001] {
            rollup.add(&state(second, f64::NAN), &mut closed);
        }
        assert_eq!(of(&closed, Resolution::Second).iter().map(|row| row.seconds).collect::<Vec<_>>(), [1, 60, 1, 1]);
        assert_eq!(of(&closed, Resolution::Hour).iter().map(|row| row.ts).collect::<Vec<_>>(), [7200, 18_000]);
        assert!(closed.hosts.iter().all(|row| row.load1 == 0.0), "what is no number is 0");
    }

    #[test]
    fn the_main_processes_of_a_minute_are_by_cpu_and_by_memory() {
        let process =
            |name: String, cpu: f64, memory: u64| Process { name, cpu, memory, pid: 1, count: 2, ..Process::default() };
        let (mut rollup, mut closed) = (Rollup::default(), Closed::default());
        for second in (0..65).step_by(5) {
            let mut now = state(600 + second, 1.0);
            now.processes = Processes {
                by_cpu: (0..10).map(|n| process(format!("c{n}"), f64::from(100 - n), 1)).collect(),
                by_memory: (0..10).map(|n| process(format!("m{n}"), 0.0, 1_000_000 - n)).collect(),
                ..Processes::default()
            };
            now.processes.by_cpu[0].cpu = if second == 0 { 300.0 } else { 0.0 };
            rollup.add(&now, &mut closed);
        }
        assert_eq!(closed.processes.len(), 20);
        assert!(closed.processes.iter().all(|row| row.ts == 600));
        let spike = closed.processes.iter().find(|row| row.name == "c0").expect("it is among the main ones");
        assert!((spike.cpu - 25.0).abs() < 1e-9, "{spike:?}");
        rollup.finish(&mut closed);
        assert_eq!(closed.processes.len(), 40);
    }
}
