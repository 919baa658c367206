//! CPU: the counters of /proc/stat, and what became of the time between two readings.

use live::host::Cpu;

/// Cores that are told apart, at most: the largest machines of today.
const CORES_MAX: usize = 1024;

/// Ticks since the start; the columns of a `cpu` line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticks {
    user: u64,
    system: u64,
    idle: u64,
    iowait: u64,
    irq: u64,
    softirq: u64,
    steal: u64,
}

/// All cores together, and each that is on line by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// All together.
    pub all: Ticks,
    /// Number and ticks of each.
    pub cores: Vec<(u32, Ticks)>,
}

/// Reads /proc/stat.
pub fn parse(text: &str) -> Stat {
    let mut stat = Stat::default();
    for line in text.lines() {
        let Some((name, columns)) = line.split_once(' ') else { continue };
        let Some(number) = name.strip_prefix("cpu") else { continue };
        if number.is_empty() {
            stat.all = ticks(columns);
        } else if let Ok(number) = number.parse()
            && stat.cores.len() < CORES_MAX
        {
            stat.cores.push((number, ticks(columns)));
        }
    }
    stat
}

fn ticks(columns: &str) -> Ticks {
    let mut columns = columns.split_ascii_whitespace().map(|column| column.parse::<u64>().unwrap_or(0));
    let mut next = || columns.next().unwrap_or(0);
    let (user, nice, system, idle, iowait, irq, softirq, steal) =
        (next(), next(), next(), next(), next(), next(), next(), next());
    Ticks { user: user.saturating_add(nice), system, idle, iowait, irq, softirq, steal }
}

/// Shares of the time between two readings; a counter that fell (the kernel's iowait may) counts as still.
pub fn shares(before: &Ticks, now: &Ticks) -> Cpu {
    let passed = |of: fn(&Ticks) -> u64| of(now).saturating_sub(of(before)) as f64;
    let (user, system, idle, iowait) =
        (passed(|t| t.user), passed(|t| t.system), passed(|t| t.idle), passed(|t| t.iowait));
    let (irq, softirq, steal) = (passed(|t| t.irq), passed(|t| t.softirq), passed(|t| t.steal));
    let busy = user + system + irq + softirq + steal;
    let all = busy + idle + iowait;
    if all <= 0.0 {
        return Cpu::default();
    }
    let share = |ticks: f64| ticks * 100.0 / all;
    Cpu {
        user: share(user),
        system: share(system),
        iowait: share(iowait),
        irq: share(irq),
        softirq: share(softirq),
        steal: share(steal),
        busy: share(busy),
    }
}

/// The shares of each core, in the order of `now`; one that was not there before has none.
pub fn shares_by_core(before: &[(u32, Ticks)], now: &[(u32, Ticks)]) -> Vec<Cpu> {
    let of = |number: u32| before.iter().find(|(known, _)| *known == number).map(|(_, ticks)| *ticks);
    now.iter().map(|(number, ticks)| of(*number).map_or_else(Cpu::default, |old| shares(&old, ticks))).collect()
}

#[cfg(test)]
mod tests {
    use super::{parse, shares, shares_by_core};

    const BEFORE: &str =
        "cpu  100 0 50 800 20 0 30 0 0 0\ncpu0 50 0 25 400 10 0 15 0 0 0\ncpu1 50 0 25 400 10 0 15 0\nintr 1 2 3\n";
    const NOW: &str =
        "cpu  110 10 60 840 20 5 80 5 0 0\ncpu0 60 0 25 400 10 0 55 0 0 0\ncpu3 9 9 9 9 9 9 9 9\nctxt 7\n";

    #[test]
    fn time_between_two_readings_is_shared_out() {
        let (before, now) = (parse(BEFORE), parse(NOW));
        let cpu = shares(&before.all, &now.all);
        // 130 ticks passed: user 20, system 10, idle 40, irq 5, softirq 50, steal 5.
        assert!((cpu.softirq - 50.0 / 1.3).abs() < 1e-9 && (cpu.busy - 90.0 / 1.3).abs() < 1e-9, "{cpu:?}");
        assert!((cpu.user - 20.0 / 1.3).abs() < 1e-9 && cpu.iowait.abs() < 1e-9, "{cpu:?}");
        let cores = shares_by_core(&before.cores, &now.cores);
        assert_eq!(cores.len(), 2);
        assert!((cores[0].softirq - 80.0).abs() < 1e-9, "{cores:?}");
        assert_eq!(cores[1], Default::default(), "a core that came meanwhile has no share yet");
    }

    #[test]
    fn nonsense_and_falling_counters_give_shares_within_bounds() {
        let hostile = format!("cpu {} x -5\ncpu99999999999 1\ncpu0\ncpu 18446744073709551615 1 1\n", u64::MAX);
        for (a, b) in [("", ""), (hostile.as_str(), BEFORE), (BEFORE, hostile.as_str()), (NOW, BEFORE)] {
            let (a, b) = (parse(a), parse(b));
            let cpu = shares(&a.all, &b.all);
            let sum = cpu.busy + cpu.iowait;
            assert!((0.0..=100.000_001).contains(&sum), "{cpu:?}");
            shares_by_core(&a.cores, &b.cores);
        }
        let many: String = (0..5_000).map(|core| format!("cpu{core} 1 2 3 4\n")).collect();
        assert_eq!(parse(&many).cores.len(), super::CORES_MAX);
    }
}
