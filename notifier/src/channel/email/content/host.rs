//! How the server goes: load, memory, disks, and who uses them.

use live::host::{Disk, HostState, Process};
use live::incident::Unit;

use super::{Block, Table, say};
use crate::notice::{Language, Notice};
use crate::words::{amount, decimal, duration, moment};

/// Processes of a table.
const PROCESSES_MAX: usize = 10;

/// Disks that are told: those with trouble first.
const DISKS_MAX: usize = 5;

/// From here a disk is worth a word in a mail about something else.
const DISK_PERCENT_MIN: f64 = 80.0;

/// The host's state when the notice was written.
pub(super) fn host(host: &HostState, notice: &Notice, blocks: &mut Vec<Block>) {
    let language = notice.language;
    let time = moment(host.time_ns, notice.utc_offset_s);
    blocks.push(Block::Heading(match language {
        Language::En => format!("The server at {time}"),
        Language::Ru => format!("Сервер на момент {time}"),
    }));
    let mut facts = load(host, language);
    facts.extend(disks(host, language));
    facts.retain(|(_, value)| !value.is_empty());
    blocks.push(Block::Facts(facts));
    let lists = [
        (&host.processes.by_cpu, "Busiest processes", "Больше всего занимают процессор"),
        (&host.processes.by_memory, "Largest processes", "Больше всего занимают память"),
    ];
    for (list, en, ru) in lists {
        if !list.is_empty() {
            blocks.push(Block::Table(processes(list, say(language, en, ru), language)));
        }
    }
}

fn load(host: &HostState, language: Language) -> Vec<(&'static str, String)> {
    let percent = |value: f64| amount(value, Unit::Percent, language);
    let bytes = |value: u64| amount(value as f64, Unit::Bytes, language);
    let [one, five, fifteen] = host.load.map(|load| decimal(load, language));
    let (cpu, memory, processes) = (&host.cpu, &host.memory, &host.processes);
    let used = memory.total.saturating_sub(memory.available);
    let of = |part: u64, all: u64| match all {
        0 => String::new(),
        _ => format!("{} {} {}", bytes(part), say(language, "of", "из"), bytes(all)),
    };
    let [busy, softirq, iowait, steal] = [cpu.busy, cpu.softirq, cpu.iowait, cpu.steal].map(percent);
    let (cpu, load, counted) = match language {
        Language::En => (
            format!("busy {busy}; softirq {softirq}, waiting for disks {iowait}, stolen {steal}"),
            format!("{one} / {five} / {fifteen} (1, 5, 15 min) on {} cores", host.cores),
            format!("{}; {} blocked, {} zombies", processes.total, processes.blocked, processes.zombies),
        ),
        Language::Ru => (
            format!("занят {busy}; softirq {softirq}, ожидание дисков {iowait}, отнято {steal}"),
            format!("{one} / {five} / {fifteen} (1, 5, 15 мин), ядер: {}", host.cores),
            format!("{}; ждут диска: {}, зомби: {}", processes.total, processes.blocked, processes.zombies),
        ),
    };
    vec![
        (say(language, "Load", "Нагрузка"), load),
        (say(language, "CPU", "Процессор"), cpu),
        (say(language, "Memory used", "Занято памяти"), of(used, memory.total)),
        (say(language, "Swap used", "Занято подкачки"), of(memory.swap_used, memory.swap_total)),
        (say(language, "Processes", "Процессов"), counted),
        (say(language, "Web servers", "Веб-серверов"), processes.web.to_string()),
        (say(language, "Databases", "Баз данных"), processes.database.to_string()),
        (say(language, "SSH", "SSH"), processes.ssh.to_string()),
        (say(language, "Up for", "Работает"), duration(host.uptime_s, language)),
    ]
}

fn disks(host: &HostState, language: Language) -> impl Iterator<Item = (&'static str, String)> {
    let is_told =
        |disk: &&Disk| disk.turned_read_only || disk.used_percent >= DISK_PERCENT_MIN || disk.hours_left.is_some();
    let mut disks: Vec<_> = host.disks.iter().filter(is_told).collect();
    disks.sort_by(|a, b| {
        (b.turned_read_only, b.used_percent)
            .partial_cmp(&(a.turned_read_only, a.used_percent))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    disks.truncate(DISKS_MAX);
    disks.into_iter().map(move |disk| {
        let mut words = format!("{}: {}", disk.mount, amount(disk.used_percent, Unit::Percent, language));
        if disk.turned_read_only {
            words += say(language, ", became read-only", ", стал доступен только для чтения");
        }
        if let Some(hours) = disk.hours_left {
            words +=
                &format!(", {} {}", say(language, "full in", "заполнится через"), amount(hours, Unit::Hours, language));
        }
        (say(language, "Disk", "Диск"), words)
    })
}

fn processes(list: &[Process], title: &'static str, language: Language) -> Table {
    let rows = list.iter().take(PROCESSES_MAX).map(|one| {
        vec![
            one.name.clone(),
            one.user.clone(),
            one.count.to_string(),
            amount(one.cpu, Unit::Percent, language),
            amount(one.memory as f64, Unit::Bytes, language),
        ]
    });
    let head = match language {
        Language::En => ["Process", "User", "Count", "CPU", "Memory"],
        Language::Ru => ["Процесс", "Владелец", "Число", "ЦП", "Память"],
    };
    Table { title: title.to_owned(), head: head.to_vec(), rows: rows.collect() }
}
