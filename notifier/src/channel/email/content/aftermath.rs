//! What a report tells beside its incident: what was lost meanwhile, what the retention removed, and what else happened.

use live::incident::Unit;

use super::{Block, Table, say};
use crate::limits::NOTICE_JOURNAL_MAX;
use crate::notice::{Language, Losses, Notice};
use crate::words::{amount, moment};

/// All of it, as far as the notice has it.
pub(super) fn aftermath(notice: &Notice, blocks: &mut Vec<Block>) {
    let language = notice.language;
    if let Some(losses) = &notice.losses {
        blocks.push(Block::Heading(say(language, "Lost meanwhile", "Потери за это время").to_owned()));
        let facts = facts(losses, language);
        if facts.is_empty() {
            let none = say(
                language,
                "Nothing: every packet that was seen is in the books in full.",
                "Ничего: каждый увиденный пакет учтён полностью.",
            );
            blocks.push(Block::Text(none.to_owned()));
        } else {
            blocks.push(Block::Facts(facts));
        }
        blocks.extend(removed(losses, language).map(Block::Text));
    }
    let rows = notice.journal.iter().take(NOTICE_JOURNAL_MAX);
    let rows: Vec<_> =
        rows.map(|one| vec![moment(one.time_ns, notice.utc_offset_s), language.of(&one.what).to_owned()]).collect();
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            title: say(language, "What else happened", "Что ещё происходило").to_owned(),
            head: vec![say(language, "Time", "Время"), say(language, "Event", "Событие")],
            rows,
        }));
    }
}

/// Each kind of loss by its own name; those that are none are left out.
fn facts(losses: &Losses, language: Language) -> Vec<(&'static str, String)> {
    let packets = |count: u64, frames: (&'static str, &'static str)| match count {
        0 => String::new(),
        _ => format!("{} {}", amount(count as f64, Unit::Count, language), say(language, frames.0, frames.1)),
    };
    let (frames, wire, rows) = (("frames", "кадров"), ("packets", "пакетов"), ("rows", "строк"));
    let pre_tap = u64::try_from(losses.pre_tap).unwrap_or(0);
    let mut facts = vec![
        (say(language, "Dropped by the kernel", "Отброшено ядром"), packets(losses.dropped, frames)),
        (say(language, "Not seen by the tap", "Не дошло до захвата"), packets(pre_tap, frames)),
        (say(language, "While capture was down", "Пока захват не работал"), packets(losses.blind, wire)),
        (say(language, "Kept as totals only", "Только в итогах"), packets(losses.coarsened, wire)),
        (say(language, "Counted, not written", "Учтено, не записано"), packets(losses.shed, wire)),
        (say(language, "Lost in the spool", "Потеряно в спуле"), packets(losses.gap, wire)),
        (say(language, "Refused by the database", "Отвергнуто базой данных"), packets(losses.rows_parked, rows)),
    ];
    facts.retain(|(_, told)| !told.is_empty());
    facts
}

fn removed(losses: &Losses, language: Language) -> Option<String> {
    if losses.rows_removed == 0 && losses.bytes_removed == 0 {
        return None;
    }
    let rows = amount(losses.rows_removed as f64, Unit::Count, language);
    let bytes = amount(losses.bytes_removed as f64, Unit::Bytes, language);
    Some(match language {
        Language::En => format!("The retention removed {rows} old rows of the store meanwhile ({bytes})."),
        Language::Ru => format!("За это время из хранилища удалено старых строк: {rows} ({bytes})."),
    })
}
