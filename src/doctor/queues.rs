//! How the card and the kernel spread receive work over cores, and whether the fanout mode fits to it.

use std::fs;
use std::path::Path;
use std::process::Command;

use capture::config::Fanout;

use super::{Finding, View};
use crate::config::check::core_list;

pub fn examine(name: &str, fanout: Fanout, cores: usize, view: &View) -> Vec<Finding> {
    let seen = Seen {
        receive_queues: receive_queues(&view.interface(name).join("queues")),
        interrupts: interrupts(name, view),
        symmetric: hash_is_symmetric(name),
    };
    judge(name, fanout, cores, &seen)
}

/// What the system shows of an interface's receive side.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Number of receive queues; 0 = not shown.
    receive_queues: usize,
    /// The card's interrupts.
    interrupts: Vec<Interrupt>,
    /// Whether the card's hash sends both directions of a flow to one queue; `None` = not shown.
    symmetric: Option<bool>,
}

/// One interrupt line of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Interrupt {
    number: u32,
    /// How often each core took it.
    counts: Vec<u64>,
    /// Cores that may take it.
    cores: Vec<usize>,
}

fn judge(name: &str, fanout: Fanout, cores: usize, seen: &Seen) -> Vec<Finding> {
    let mut findings = vec![judge_fanout(name, fanout, cores, seen)];
    findings.extend(judge_interrupts(name, cores, seen));
    findings
}

fn judge_fanout(name: &str, fanout: Fanout, cores: usize, seen: &Seen) -> Finding {
    let subject = format!("{name} queues");
    let what = match seen.receive_queues {
        0 => "the number of receive queues is not shown".to_owned(),
        1 => "one receive queue".to_owned(),
        queues => format!("{queues} receive queues"),
    };
    let by_card = matches!(fanout, Fanout::Cpu | Fanout::Qm);
    match (by_card, seen.receive_queues, seen.symmetric) {
        (false, 1, _) if cores > 1 => {
            let note =
                "the kernel's part of receiving runs on one core at a time; the workers are spread by fanout hash";
            Finding::ok(subject, what, note)
        }
        (false, _, _) => Finding::ok(subject, what, ""),
        (true, 0 | 1, _) if cores > 1 => {
            let what = format!("{what}: with this fanout mode one worker would get every packet");
            Finding::warn(subject, what, "set capture.fanout = \"hash\"")
        }
        (true, _, Some(true)) => Finding::ok(subject, format!("{what}, with a symmetric hash"), ""),
        (true, _, Some(false)) => {
            let what = format!("{what}, and the card's hash sends the directions of a flow to different queues");
            let remedy = format!(
                "each direction becomes a row of its own: set capture.fanout = \"hash\", or make the hash symmetric \
                 (`ethtool -X {name} hkey 6d:5a:6d:5a:…`)"
            );
            Finding::warn(subject, what, remedy)
        }
        (true, _, None) => {
            let what = format!("{what}; whether the card's hash is symmetric is not shown");
            let remedy = "if it is not, each direction becomes a row of its own: set capture.fanout = \"hash\"";
            Finding::warn(subject, what, remedy)
        }
    }
}

fn judge_interrupts(name: &str, cores: usize, seen: &Seen) -> Option<Finding> {
    let subject = format!("{name} interrupts");
    if seen.receive_queues < 2 || cores < 2 {
        return None;
    }
    if seen.interrupts.is_empty() {
        let note = "whether they are spread over the cores could not be seen; compare /proc/interrupts";
        return Some(Finding::ok(subject, "the card's interrupt numbers are not shown", note));
    }
    let used = cores_that_work(&seen.interrupts);
    if used > 1 {
        return Some(Finding::ok(subject, format!("taken by {used} of {cores} cores"), ""));
    }
    let allowed =
        seen.interrupts.iter().flat_map(|interrupt| &interrupt.cores).collect::<std::collections::BTreeSet<_>>();
    if used == 0 && allowed.len() > 1 {
        return Some(Finding::ok(subject, format!("none yet; {} cores may take them", allowed.len()), ""));
    }
    let what = format!("all of them are taken by one core, although the card has {} queues", seen.receive_queues);
    let remedy = "start irqbalance, or write one core into each /proc/irq/N/smp_affinity_list";
    Some(Finding::warn(subject, what, remedy))
}

/// The number of cores that take at least a hundredth of the interrupts.
fn cores_that_work(interrupts: &[Interrupt]) -> usize {
    let width = interrupts.iter().map(|interrupt| interrupt.counts.len()).max().unwrap_or(0);
    let by_core = |core: usize| -> u64 {
        interrupts
            .iter()
            .filter_map(|interrupt| interrupt.counts.get(core))
            .fold(0, |sum, count| sum.saturating_add(*count))
    };
    let sums: Vec<u64> = (0..width).map(by_core).collect();
    let total = sums.iter().fold(0u64, |sum, count| sum.saturating_add(*count));
    sums.iter().filter(|sum| **sum > 0 && **sum >= total / 100).count()
}

fn receive_queues(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("rx-")).count()
}

/// The card's interrupts: its numbers from /sys (for virtio those of the device above), the rest from /proc.
fn interrupts(name: &str, view: &View) -> Vec<Interrupt> {
    let device = view.interface(name).join("device");
    let folders = [device.join("msi_irqs"), device.join("../msi_irqs")];
    let numbers: Vec<u32> = folders
        .iter()
        .find_map(|folder| fs::read_dir(folder).ok())
        .map(|entries| entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
        .unwrap_or_default();
    let table = fs::read_to_string(view.proc.join("interrupts")).unwrap_or_default();
    let interrupt = |number: u32| {
        let affinity = view.proc.join("irq").join(number.to_string()).join("smp_affinity_list");
        let cores = core_list(&fs::read_to_string(affinity).unwrap_or_default());
        Some(Interrupt { number, counts: counts(&table, number)?, cores })
    };
    numbers.into_iter().filter_map(interrupt).collect()
}

/// The counts of one line of /proc/interrupts, one for each core that is online.
fn counts(table: &str, number: u32) -> Option<Vec<u64>> {
    let width = table.lines().next()?.split_whitespace().count();
    let line = table.lines().skip(1).find_map(|line| line.trim_start().strip_prefix(&format!("{number}:")))?;
    Some(line.split_whitespace().take(width).map_while(|count| count.parse().ok()).collect())
}

/// Asks `ethtool -x`; the system call behind it has no safe wrapper here.
fn hash_is_symmetric(name: &str) -> Option<bool> {
    let output = Command::new("ethtool").args(["-x", name]).output().ok()?;
    symmetric(&String::from_utf8_lossy(&output.stdout))
}

/// A Toeplitz key that repeats every two bytes is symmetric, and so is the transformation named symmetric-xor.
fn symmetric(told: &str) -> Option<bool> {
    let mut lines = told.lines();
    if told.lines().any(|line| line.trim() == "symmetric-xor: on") {
        return Some(true);
    }
    lines.find(|line| line.trim() == "RSS hash key:")?;
    let bytes: Vec<&str> = lines.next()?.trim().split(':').collect();
    let hexadecimal = |byte: &&str| byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit());
    if bytes.len() < 4 || !bytes.iter().all(hexadecimal) {
        return None;
    }
    Some(bytes.iter().zip(&bytes[2..]).all(|(byte, later)| byte == later))
}

#[cfg(test)]
mod tests;
