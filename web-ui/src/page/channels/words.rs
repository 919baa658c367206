//! The texts of *Channels*.

use crate::words::Language;

/// In one language.
pub struct Texts {
    pub away: &'static str,
    pub outbox: &'static str,
    pub sent: &'static str,
    pub failed: &'static str,
    pub none: &'static str,
    pub kind: &'static str,
    pub receivers: &'static str,
    pub nobody: &'static str,
    pub last_sent: &'static str,
    pub never: &'static str,
    pub failures: &'static str,
    pub waiting: &'static str,
    pub counts: &'static str,
    pub to: &'static str,
    pub all: &'static str,
    pub test: &'static str,
    pub tests: &'static str,
    pub tests_cost: &'static str,
    pub no_tests: &'static str,
    pub messages: &'static str,
    pub no_messages: &'static str,
    pub when: &'static str,
    pub what: &'static str,
    pub state: &'static str,
    pub incident: &'static str,
    pub nothing_waits: &'static str,
    pub stale: &'static str,
}

pub const EN: Texts = Texts {
    away: "The channels cannot be shown in full: notifier does not answer. Warnings may not be sent; look at System.",
    outbox: "Outbox",
    sent: "Sent since the start",
    failed: "Given up since the start",
    none: "No channel is known.",
    kind: "Kind",
    receivers: "Receivers",
    nobody: "nobody uses it",
    last_sent: "Last sent",
    never: "not yet",
    failures: "Failures since then",
    waiting: "Waiting",
    counts: "Sent / failed / expired / replaced",
    to: "To",
    all: "everybody who uses it",
    test: "Send a test",
    tests: "Test messages",
    tests_cost: "At most 3 a minute and 20 an hour: short messages cost money.",
    no_tests: "None since the start.",
    messages: "Newest messages",
    no_messages: "None is kept.",
    when: "When",
    what: "What",
    state: "State",
    incident: "incident",
    nothing_waits: "Nothing waits to be sent.",
    stale: "This is old: notifier was last heard",
};

pub const RU: Texts = Texts {
    away: "Полностью показать каналы нельзя: notifier не отвечает. Возможно, оповещения не отправляются; посмотрите раздел «Система».",
    outbox: "Исходящие",
    sent: "Отправлено с запуска",
    failed: "Не удалось отправить с запуска",
    none: "Ни один канал не известен.",
    kind: "Вид",
    receivers: "Получатели",
    nobody: "никто не использует",
    last_sent: "Последняя отправка",
    never: "ещё не было",
    failures: "Неудач с тех пор",
    waiting: "Ждут отправки",
    counts: "Отправлено / отказ / истёк срок / заменено",
    to: "Кому",
    all: "всем, кто его использует",
    test: "Проверить",
    tests: "Проверочные сообщения",
    tests_cost: "Не более 3 в минуту и 20 в час: SMS стоят денег.",
    no_tests: "С запуска не было.",
    messages: "Последние сообщения",
    no_messages: "Сообщений нет.",
    when: "Когда",
    what: "Что",
    state: "Состояние",
    incident: "инцидент",
    nothing_waits: "Все сообщения отправлены.",
    stale: "Данные устарели: notifier последний раз был слышен",
};

/// A message's state for people, and its tone.
pub fn state(state: &str, language: Language) -> (String, &'static str) {
    let (en, ru, tone) = match state {
        "waiting" => ("waiting", "ждёт", "warn"),
        "sending" => ("being sent", "отправляется", "warn"),
        "sent" => ("sent", "отправлено", "good"),
        "delivered" => ("delivered", "доставлено", "good"),
        "failed" => ("failed", "не удалось", "bad"),
        "expired" => ("expired", "истёк срок", "bad"),
        "superseded" => ("replaced by a later one", "заменено более новым", ""),
        other => return (other.to_owned(), ""),
    };
    (language.pick(en, ru).to_owned(), tone)
}

/// A message's kind for people.
pub fn kind(kind: &str, language: Language) -> String {
    let (en, ru) = match kind {
        "alert" => ("alert", "тревога"),
        "reminder" => ("reminder", "напоминание"),
        "escalation" => ("escalation", "эскалация"),
        "resolved" => ("all clear", "отбой"),
        "flapping" => ("comes and goes", "то есть, то нет"),
        "digest" => ("digest", "сводка"),
        "report" => ("report", "отчёт"),
        "status" => ("status", "состояние"),
        "test" => ("test", "проверка"),
        other => return other.to_owned(),
    };
    language.pick(en, ru).to_owned()
}

/// A channel's kind for people.
pub fn channel_kind(kind: &str, language: Language) -> String {
    let (en, ru) = match kind {
        "email" => ("e-mail", "эл. почта"),
        "sms" => ("SMS", "SMS"),
        "webhook" => ("web hook", "веб-хук"),
        "script" => ("script", "сценарий"),
        other => return other.to_owned(),
    };
    language.pick(en, ru).to_owned()
}

/// A channel's state for people: a reason behind the colon stays as it is.
pub fn channel_state(state: &str, language: Language) -> (String, &'static str) {
    match state.split_once(": ") {
        Some(("failing", why)) => (format!("{}: {why}", language.pick("failing", "сбой")), "bad"),
        _ if state == "idle" => (language.pick("idle", "готов").to_owned(), "good"),
        _ if state == "sending" => (language.pick("sending", "отправляет").to_owned(), "good"),
        _ => (state.to_owned(), ""),
    }
}
