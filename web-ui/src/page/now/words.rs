//! Texts of *Now*.

use live::Role;
use live::incident::Severity;

use crate::feed::Finding;
use crate::words::Language;
use crate::words::number;

/// The fixed ones.
#[derive(Debug)]
pub struct Words {
    pub(crate) well: &'static str,
    pub(crate) awaited: &'static str,
    pub(crate) look: &'static str,
    pub(crate) act: &'static str,
    pub(crate) as_of: &'static str,
    pub(crate) stale: &'static str,
    pub(crate) incidents: &'static str,
    pub(crate) all_incidents: &'static str,
    pub(crate) unheard: &'static str,
    pub(crate) traffic: &'static str,
    pub(crate) ten_minutes: &'static str,
    pub(crate) inbound: &'static str,
    pub(crate) outbound: &'static str,
    pub(crate) other: &'static str,
    pub(crate) packets: &'static str,
    pub(crate) flows: &'static str,
    pub(crate) dropped: &'static str,
    pub(crate) peak: &'static str,
    pub(crate) since_start: &'static str,
    pub(crate) no_traffic: &'static str,
    pub(crate) host: &'static str,
    pub(crate) cpu: &'static str,
    pub(crate) softirq: &'static str,
    pub(crate) cores: &'static str,
    pub(crate) by_core: &'static str,
    pub(crate) busiest: &'static str,
    pub(crate) load: &'static str,
    pub(crate) memory: &'static str,
    pub(crate) of: &'static str,
    pub(crate) no_host: &'static str,
    pub(crate) top_hosts: &'static str,
    pub(crate) address: &'static str,
    pub(crate) no_hosts: &'static str,
    pub(crate) top_processes: &'static str,
    pub(crate) process: &'static str,
    pub(crate) ledger: &'static str,
    pub(crate) balanced: &'static str,
    pub(crate) unbalanced: &'static str,
    pub(crate) seen: &'static str,
    pub(crate) in_memory: &'static str,
    pub(crate) in_spool: &'static str,
    pub(crate) stored: &'static str,
    pub(crate) coarsened: &'static str,
    pub(crate) shed: &'static str,
    pub(crate) parked: &'static str,
    pub(crate) gap: &'static str,
    pub(crate) kernel_dropped: &'static str,
    pub(crate) not_known: &'static str,
    pub(crate) no_ledger: &'static str,
    pub(crate) ledger_note: &'static str,
    pub(crate) parts: &'static str,
    pub(crate) part: &'static str,
    pub(crate) state: &'static str,
    pub(crate) last_heard: &'static str,
    pub(crate) restarts: &'static str,
    pub(crate) lag: &'static str,
    pub(crate) works: &'static str,
    pub(crate) silent: &'static str,
    pub(crate) awaited_part: &'static str,
    pub(crate) never: &'static str,
}

impl Words {
    /// Those of `language`.
    pub fn of(language: Language) -> &'static Words {
        language.pick(&EN, &RU)
    }
}

const EN: Words = Words {
    well: "All is well",
    awaited: "Waiting for the first data",
    look: "To look at",
    act: "Look at it now",
    as_of: "as of",
    stale: "last data",
    incidents: "Incidents",
    all_incidents: "All incidents",
    unheard: "notifier is not heard: whether something is wrong cannot be told.",
    traffic: "Traffic",
    ten_minutes: "the last 10 minutes",
    inbound: "In",
    outbound: "Out",
    other: "Other",
    packets: "Packets",
    flows: "New flows",
    dropped: "Dropped",
    peak: "peak",
    since_start: "since capture’s start",
    no_traffic: "capture was not heard yet. Once it runs, traffic shows here by itself.",
    host: "This server",
    cpu: "CPU",
    softirq: "softirq",
    cores: "cores",
    by_core: "CPU by core",
    busiest: "busiest core",
    load: "Load, 1/5/15 min",
    memory: "Memory",
    of: "of",
    no_host: "notifier was not heard yet: load, memory and processes come from it.",
    top_hosts: "Busiest hosts",
    address: "Address",
    no_hosts: "No host has traffic at the moment.",
    top_processes: "Busiest processes",
    process: "Process",
    ledger: "The books",
    balanced: "they balance",
    unbalanced: "they do not balance",
    seen: "Parsed packets",
    in_memory: "In memory",
    in_spool: "In the spool",
    stored: "Stored",
    coarsened: "In less detail",
    shed: "Shed",
    parked: "Parked",
    gap: "Lost with a crash",
    kernel_dropped: "Dropped by the kernel, frames",
    not_known: "not known: ingest is not heard",
    no_ledger: "The books begin with capture’s first line.",
    ledger_note: "Packets since capture’s start. “floodmark ledger” also counts what lies in the spool’s files.",
    parts: "Parts of Floodmark",
    part: "Part",
    state: "State",
    last_heard: "Last heard",
    restarts: "Restarts",
    lag: "Lag",
    works: "works",
    silent: "silent",
    awaited_part: "awaited",
    never: "never",
};

const RU: Words = Words {
    well: "Всё в порядке",
    awaited: "Ждём первых данных",
    look: "Обратите внимание",
    act: "Нужно вмешаться",
    as_of: "на",
    stale: "последние данные",
    incidents: "Инциденты",
    all_incidents: "Все инциденты",
    unheard: "notifier не отвечает: неизвестно, всё ли в порядке.",
    traffic: "Трафик",
    ten_minutes: "последние 10 минут",
    inbound: "Вход",
    outbound: "Выход",
    other: "Прочий",
    packets: "Пакеты",
    flows: "Новые потоки",
    dropped: "Потери",
    peak: "максимум",
    since_start: "с запуска capture",
    no_traffic: "capture пока не слышно. Когда он заработает, трафик появится здесь сам.",
    host: "Этот сервер",
    cpu: "Процессор",
    softirq: "softirq",
    cores: "ядер",
    by_core: "Загрузка по ядрам",
    busiest: "самое занятое ядро",
    load: "Нагрузка, 1/5/15 мин",
    memory: "Память",
    of: "из",
    no_host: "notifier пока не слышно: нагрузка, память и процессы известны от него.",
    top_hosts: "Самые активные узлы",
    address: "Адрес",
    no_hosts: "Сейчас ни у одного узла нет трафика.",
    top_processes: "Самые занятые процессы",
    process: "Процесс",
    ledger: "Учёт пакетов",
    balanced: "сходится",
    unbalanced: "не сходится",
    seen: "Разобрано пакетов",
    in_memory: "В памяти",
    in_spool: "В очереди на диске",
    stored: "В базе",
    coarsened: "Записано укрупнённо",
    shed: "Не записано",
    parked: "Отложено",
    gap: "Потеряно при сбое",
    kernel_dropped: "Потеряно ядром, кадров",
    not_known: "неизвестно: ingest не отвечает",
    no_ledger: "Учёт начнётся с первых данных capture.",
    ledger_note: "Пакеты с запуска capture. Команда «floodmark ledger» считает и то, что лежит в файлах очереди.",
    parts: "Части Floodmark",
    part: "Часть",
    state: "Состояние",
    last_heard: "Последние данные",
    restarts: "Перезапуски",
    lag: "Отставание",
    works: "работает",
    silent: "молчит",
    awaited_part: "ожидается",
    never: "никогда",
};

/// What a finding says. Names in it come from outside: it is shown as text only.
pub fn finding(finding: &Finding, language: Language) -> String {
    let pick = |en: String, ru: String| match language {
        Language::En => en,
        Language::Ru => ru,
    };
    match finding {
        Finding::Incidents(open, worst) => incidents(*open, *worst, language),
        Finding::Silent(Role::Capture) => {
            pick("capture is silent: traffic is not seen".into(), "capture молчит: трафик не виден".into())
        }
        Finding::Silent(Role::Notifier) => pick(
            "notifier is silent: no warnings are sent".into(),
            "notifier молчит: оповещения не отправляются".into(),
        ),
        Finding::Silent(Role::Ingest) => pick(
            "ingest is silent: rows wait in the spool".into(),
            "ingest молчит: записи ждут в очереди на диске".into(),
        ),
        Finding::Silent(role) => pick(format!("{} is silent", role.name()), format!("{} молчит", role.name())),
        Finding::Blind(name) => pick(
            format!("capture is blind on {name}: the device receives packets, and none are seen"),
            format!("capture не видит трафик на {name}: устройство получает пакеты, а до захвата они не доходят"),
        ),
        Finding::Interface(name, state) => {
            let russian = if state == "down" { "выключен" } else { "отсутствует" };
            pick(format!("interface {name} is {state}"), format!("интерфейс {name} {russian}"))
        }
        Finding::Imbalance(by) => {
            let by = number::count(*by, language);
            pick(format!("the books do not balance: {by}"), format!("учёт пакетов не сходится: {by}"))
        }
        Finding::Database(state) => pick(
            format!("the database does not take rows, they wait in the spool: {state}"),
            format!("база данных не принимает записи, они ждут в очереди: {state}"),
        ),
        Finding::Channel(name) => pick(
            format!("channel {name} fails: notifications wait"),
            format!("канал {name} не работает: уведомления ждут отправки"),
        ),
        Finding::Supervisor(text) => text.clone(),
        Finding::Rules(why) => pick(
            format!("the new rules are refused, the old ones are at work: {why}"),
            format!("новые правила отклонены, действуют прежние: {why}"),
        ),
    }
}

fn incidents(open: u64, worst: Severity, language: Language) -> String {
    match (language, worst) {
        (Language::En, _) => {
            let noun = if open == 1 { "incident" } else { "incidents" };
            let worst = if worst == Severity::Critical { ", the worst is critical" } else { "" };
            format!("{open} {noun} open{worst}")
        }
        (Language::Ru, _) => {
            let worst = if worst == Severity::Critical { ", есть критические" } else { "" };
            format!("Открыто инцидентов: {open}{worst}")
        }
    }
}
