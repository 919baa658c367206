//! What became of an action, in words: for the frame of the page that the visitor comes back to.

use super::table::{Phase, Record};
use super::{Actions, Kind};
use crate::guard::Visitor;
use crate::words::Language;

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The action's id, for `GET /api/actions/{id}?wait=50`.
    pub id: String,
    /// "good", "warn" or "bad".
    pub tone: &'static str,
    /// Nothing more will happen.
    pub is_final: bool,
    /// One sentence or two.
    pub text: String,
}

impl Notice {
    /// Of the action that the address names by `?done=ID`; `None` = it names none that the visitor may see.
    pub async fn of(actions: &Actions, visitor: &Visitor, query: Option<&str>) -> Option<Notice> {
        let id = query?.split('&').find_map(|pair| pair.strip_prefix("done="))?;
        match actions.get(visitor, id).await {
            Ok(record) => record.map(|record| Notice::new(&record, visitor.language)),
            Err(error) => Some(Notice {
                id: id.chars().take(64).collect(),
                tone: "bad",
                is_final: false,
                text: error.to_string(),
            }),
        }
    }

    /// Of a record.
    pub fn new(record: &Record, language: Language) -> Notice {
        let tone = match record.phase {
            Phase::Done => "good",
            Phase::Ordered | Phase::Sent | Phase::Unknown => "warn",
            Phase::Refused | Phase::Expired => "bad",
        };
        let text = text(record, language);
        Notice { id: record.id.clone(), tone, is_final: record.phase.is_final(), text }
    }
}

fn text(record: &Record, language: Language) -> String {
    let what = what(record.kind, language);
    let reason = record.message.trim();
    let with = |text: &str| {
        if reason.is_empty() { format!("{what}: {text}.") } else { format!("{what}: {text}. {reason}") }
    };
    match record.phase {
        Phase::Done => done(record, language),
        Phase::Refused => {
            let text = language.pick("refused", "отказано");
            format!("{what}: {text}. {reason}")
        }
        Phase::Ordered if record.code.is_empty() => {
            format!("{what}: {}.", language.pick("ordered", "принято к исполнению"))
        }
        Phase::Ordered => with(language.pick(
            "not done yet; it is tried again until the order expires",
            "пока не выполнено; попытки продолжаются до истечения срока",
        )),
        Phase::Sent if record.code.is_empty() => {
            format!("{what}: {}.", language.pick("sent, no answer yet", "отправлено, ответа пока нет"))
        }
        Phase::Sent => with(language.pick(
            "sent, but not answered; it is asked again under the same id",
            "отправлено, но ответа нет; запрос повторяется под тем же номером",
        )),
        Phase::Unknown => with(language.pick(
            "it is not known whether this was done: it was sent, and no answer came in time. Look before you repeat it",
            "неизвестно, выполнено ли это: запрос отправлен, но ответ вовремя не пришёл. Проверьте, прежде чем повторять",
        )),
        Phase::Expired => with(language.pick(
            "not done: the order expired before it could be handed over",
            "не выполнено: срок истёк раньше, чем запрос удалось передать",
        )),
    }
}

fn done(record: &Record, language: Language) -> String {
    let fixed = |en: &'static str, ru: &'static str| language.pick(en, ru).to_owned();
    match record.kind {
        Kind::Acknowledge => fixed(
            "Acknowledged. Reminders and escalation stop; what gets worse is told all the same.",
            "Подтверждено. Напоминаний и эскалации больше не будет; об ухудшении сообщим.",
        ),
        Kind::Silence => fixed("Silenced.", "Уведомления отключены."),
        Kind::Unsilence => fixed("The silence is ended.", "Уведомления снова включены."),
        Kind::Threshold => fixed("The limit was changed.", "Порог изменён."),
        Kind::TestChannel => fixed(
            "The test message is in the outbox; what becomes of it is told below.",
            "Проверочное сообщение в очереди; что с ним стало, показано ниже.",
        ),
        Kind::Restart => fixed(
            "The role stops in order; its supervisor starts it again.",
            "Служба завершает работу; супервизор запустит её снова.",
        ),
        Kind::Sample => fixed(
            "Packets are being taken; the file is listed below when it is whole.",
            "Пакеты записываются; готовый файл появится в списке ниже.",
        ),
        Kind::SampleStop => fixed("The sample ends.", "Запись пакетов завершается."),
    }
}

/// The action's name for people.
const fn what(kind: Kind, language: Language) -> &'static str {
    match kind {
        Kind::Acknowledge => language.pick("Acknowledge", "Подтверждение"),
        Kind::Silence => language.pick("Silence", "Отключение уведомлений"),
        Kind::Unsilence => language.pick("End of a silence", "Включение уведомлений"),
        Kind::Threshold => language.pick("Change of a limit", "Изменение порога"),
        Kind::TestChannel => language.pick("Test message", "Проверочное сообщение"),
        Kind::Restart => language.pick("Restart", "Перезапуск"),
        Kind::Sample => language.pick("Packet sample", "Запись пакетов"),
        Kind::SampleStop => language.pick("End of a packet sample", "Остановка записи пакетов"),
    }
}
