//! What is known of an attack.

use live::incident::{Attack, Share, Unit};

use super::{Block, Table, say};
use crate::notice::Language;
use crate::words::{amount, direction};

/// Entries of a list, as many as an attack keeps.
const ROWS_MAX: usize = 20;

/// Who, what and how much.
pub(super) fn facts(attack: &Attack, language: Language) -> Vec<(&'static str, String)> {
    let told = |value: u64, unit: Unit| match value {
        0 => String::new(),
        _ => amount(value as f64, unit, language),
    };
    let title = match language.of(&attack.title) {
        "" => attack.kind.clone(),
        title => format!("{title} ({})", attack.kind),
    };
    let sources = match attack.spoofed {
        Some(true) => say(language, "forged", "поддельные"),
        Some(false) => say(language, "real", "настоящие"),
        None => say(language, "cannot be told", "установить нельзя"),
    };
    let sample = match (attack.sample.as_str(), attack.sample_packets, language) {
        ("", ..) => String::new(),
        (file, packets, Language::En) => format!("{file} ({packets} packets)"),
        (file, packets, Language::Ru) => format!("{file} (пакетов: {packets})"),
    };
    vec![
        (say(language, "Attack", "Атака"), title),
        (say(language, "Target", "Цель"), attack.target.clone()),
        (say(language, "Direction", "Направление"), direction(&attack.direction, language).to_owned()),
        (say(language, "Source addresses", "Адреса источников"), sources.to_owned()),
        (say(language, "Sources (estimate)", "Источников (оценка)"), told(attack.remote_addresses, Unit::Count)),
        (say(language, "Most packets", "Пик по пакетам"), told(attack.packets_per_second_peak, Unit::PacketsPerSecond)),
        (say(language, "Most bits", "Пик по трафику"), told(attack.bits_per_second_peak, Unit::BitsPerSecond)),
        (say(language, "Packets in all", "Всего пакетов"), told(attack.packets, Unit::Count)),
        (say(language, "Bytes in all", "Всего байт"), told(attack.bytes, Unit::Bytes)),
        (say(language, "Sample", "Образец пакетов"), sample),
    ]
}

/// Its lists, those that are not empty.
pub(super) fn tables(attack: &Attack, language: Language, blocks: &mut Vec<Block>) {
    let lists: [(&[Share], &'static str, &'static str); 6] = [
        (&attack.sources, "Sources", "Источники"),
        (&attack.source_prefixes, "Source prefixes", "Сети источников"),
        (&attack.source_ports, "Source ports", "Порты источников"),
        (&attack.target_ports, "Target ports", "Порты цели"),
        (&attack.sizes, "Packet sizes, bytes", "Размеры пакетов, байт"),
        (&attack.ttls, "Times to live", "TTL"),
    ];
    for (list, en, ru) in lists {
        if list.is_empty() {
            continue;
        }
        let share = |of: u64| match (of, attack.packets) {
            (_, 0) => String::new(),
            (of, all) => amount((of as f64 / all as f64 * 100.0).min(100.0), Unit::Percent, language),
        };
        let rows = list.iter().take(ROWS_MAX).map(|one| {
            vec![
                one.key.clone(),
                amount(one.packets as f64, Unit::Count, language),
                share(one.packets),
                amount(one.bytes as f64, Unit::Bytes, language),
            ]
        });
        let head = match language {
            Language::En => ["", "Packets", "Share", "Bytes"],
            Language::Ru => ["", "Пакеты", "Доля", "Байты"],
        };
        let title = say(language, en, ru).to_owned();
        blocks.push(Block::Table(Table { title, head: head.to_vec(), rows: rows.collect() }));
    }
}
