//! Of Floodmark's own parts: what is not counted, not stored, not delivered.

use live::incident::SubjectKind;

use super::BuiltIn;
use crate::judgement::Class::{Delivery, Floodmark};
use live::incident::Severity::{Critical, Warning};

/// All of them.
pub const ALL: &[BuiltIn] = &[
    BuiltIn {
        name: "packets-dropped",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Warning,
        when: "packets_dropped_per_second > 0",
        clear: "",
        seconds: (5, 120),
        why: (
            "The books stay exact, but nobody knows who these packets were.",
            "Счёт остаётся точным, но чьи это были пакеты, не узнать.",
        ),
        summary: (
            "the kernel drops {{ value }} before they are counted by flow",
            "ядро отбрасывает {{ value }} до разбора по потокам",
        ),
        remedy: (
            "more cores or a larger capture.ring_bytes; `floodmark doctor`",
            "больше ядер или больше capture.ring_bytes; `floodmark doctor`",
        ),
    },
    BuiltIn {
        name: "pre-tap-loss",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Warning,
        when: "pre_tap_per_second > 100 && pre_tap_per_second > packets_per_second * 0.05",
        clear: "pre_tap_per_second < 50 || pre_tap_per_second < packets_per_second * 0.03",
        seconds: (60, 120),
        why: (
            "The device has seen packets that never reached the tap: something takes them before.",
            "Карта видела пакеты, которые не дошли до захвата: что-то забирает их раньше.",
        ),
        summary: ("{{ value }} reach the device and not the tap", "{{ value }} доходят до карты, но не до захвата"),
        remedy: (
            "look for XDP programs, hardware bypass, a full backlog; `floodmark doctor`",
            "ищите программы XDP, аппаратный обход, переполненную очередь; `floodmark doctor`",
        ),
    },
    BuiltIn {
        name: "capture-blind",
        subject: SubjectKind::Interface,
        class: Floodmark,
        severity: Critical,
        when: "interface_blind_seconds > 10",
        clear: "interface_blind_seconds < 1",
        seconds: (0, 30),
        why: (
            "Packets pass and nothing is counted: every other rule about traffic is blind too.",
            "Пакеты идут, но не считаются: все правила о трафике тоже слепы.",
        ),
        summary: (
            "{{ subject }} receives packets and the tap has seen none for {{ value }}",
            "{{ subject }} принимает пакеты, но захват их не видит уже {{ value }}",
        ),
        remedy: (
            "restart capture; look for XDP or a driver that bypasses the tap",
            "перезапустите capture; проверьте XDP и драйвер, минующий захват",
        ),
    },
    BuiltIn {
        name: "capture-away",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Critical,
        when: "capture_age_seconds > 15",
        clear: "capture_age_seconds < 5",
        seconds: (0, 30),
        why: (
            "Without capture nothing is counted and no attack is seen.",
            "Без capture ничего не считается и атак не видно.",
        ),
        summary: ("capture has said nothing for {{ value }}", "capture молчит уже {{ value }}"),
        remedy: (
            "`journalctl -u floodmark-capture -e` says why; `floodmark doctor`",
            "причина в `journalctl -u floodmark-capture -e`; `floodmark doctor`",
        ),
    },
    BuiltIn {
        name: "ingest-away",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Warning,
        when: "ingest_age_seconds > 30",
        clear: "ingest_age_seconds < 5",
        seconds: (0, 30),
        why: (
            "Without ingest the spool grows until it is full.",
            "Без ingest очередь на диске растёт, пока не заполнится.",
        ),
        summary: ("ingest has said nothing for {{ value }}", "ingest молчит уже {{ value }}"),
        remedy: ("`journalctl -u floodmark-ingest -e` says why", "причина в `journalctl -u floodmark-ingest -e`"),
    },
    BuiltIn {
        name: "spool-filling",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Warning,
        when: "spool_seconds_until_full < 1800 && spool_used_percent > 10",
        clear: "spool_seconds_until_full > 3600 || spool_used_percent < 10",
        seconds: (30, 120),
        why: (
            "The database does not keep up; half an hour is time enough to bring it back.",
            "База не успевает; получаса хватит, чтобы её вернуть.",
        ),
        summary: (
            "the spool is {{ spool_used_percent }} full, and full in {{ spool_seconds_until_full }} if this goes on",
            "очередь на диске заполнена на {{ spool_used_percent }} и заполнится через {{ spool_seconds_until_full }}, если так пойдёт дальше",
        ),
        remedy: (
            "is the database away or slow? or raise spool.bytes_max",
            "база недоступна или медленна? или увеличьте spool.bytes_max",
        ),
    },
    BuiltIn {
        name: "spool-full",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Critical,
        when: "spool_used_percent >= 80",
        clear: "spool_used_percent < 60",
        seconds: (10, 60),
        why: (
            "When the spool is full rows are shed: counted, but not stored.",
            "Когда очередь заполнится, строки будут отбрасываться: с учётом, но без записи.",
        ),
        summary: (
            "the spool is {{ value }} full ({{ spool_used_bytes }})",
            "очередь на диске заполнена на {{ value }} ({{ spool_used_bytes }})",
        ),
        remedy: (
            "bring the database back, or raise spool.bytes_max",
            "верните базу в строй или увеличьте spool.bytes_max",
        ),
    },
    BuiltIn {
        name: "database-down",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Critical,
        when: "database_down_seconds >= 10",
        clear: "database_down_seconds < 1",
        seconds: (0, 30),
        why: (
            "What is captured waits on the disk, and the page shows no history.",
            "Собранное ждёт на диске, а страница не показывает историю.",
        ),
        summary: ("the database has been away for {{ value }}", "база данных недоступна уже {{ value }}"),
        remedy: (
            "ingest's line and log have the reason; nothing is lost while the spool has room",
            "причина в строке и журнале ingest; пока в очереди есть место, ничего не теряется",
        ),
    },
    BuiltIn {
        name: "ingest-lag",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Warning,
        when: "ingest_lag_seconds > 60",
        clear: "ingest_lag_seconds < 10",
        seconds: (30, 60),
        why: (
            "What is shown from the database is older than it looks.",
            "То, что показано из базы, старше, чем кажется.",
        ),
        summary: (
            "the oldest row waits for the database for {{ value }}",
            "самая старая строка ждёт базу уже {{ value }}",
        ),
        remedy: (
            "is the database busy? ingest.connections may be raised",
            "база занята? можно увеличить ingest.connections",
        ),
    },
    BuiltIn {
        name: "rows-parked",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Warning,
        when: "rows_parked_10m > 0",
        clear: "",
        seconds: (0, 60),
        why: (
            "The database refused rows for good; they lie in a file beside it.",
            "База окончательно отвергла строки; они лежат в файле рядом.",
        ),
        summary: (
            "the database refused {{ value }} rows in ten minutes",
            "за десять минут база отвергла строк: {{ value }}",
        ),
        remedy: ("ingest's log names the reason and the file", "причина и файл названы в журнале ingest"),
    },
    BuiltIn {
        name: "role-restarted",
        subject: SubjectKind::Role,
        class: Floodmark,
        severity: Warning,
        when: "role_restarts_10m > 0",
        clear: "",
        seconds: (0, 60),
        why: (
            "A part that ended by itself has a fault, even if it runs again.",
            "Если часть программы завершилась сама, в ней сбой, даже если она снова работает.",
        ),
        summary: (
            "{{ subject }} was started anew, {{ value }} times in ten minutes",
            "{{ subject }}: перезапусков за десять минут: {{ value }}",
        ),
        remedy: ("its log has the last words of the life before", "в журнале есть последние слова прошлого запуска"),
    },
    BuiltIn {
        name: "role-failing",
        subject: SubjectKind::Role,
        class: Floodmark,
        severity: Critical,
        when: "role_failing > 0",
        clear: "",
        seconds: (0, 60),
        why: (
            "It fails again and again, or has given up: a restart does not mend it.",
            "Сбой повторяется раз за разом или запуск прекращён: перезапуск не помогает.",
        ),
        summary: (
            "{{ subject }} fails again and again ({{ role_failures_in_row }} times in a row)",
            "{{ subject }} не может работать (сбоев подряд: {{ role_failures_in_row }})",
        ),
        remedy: ("correct what its last message names", "исправьте то, что названо в последнем сообщении"),
    },
    BuiltIn {
        name: "imbalance",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Critical,
        when: "ledger_imbalance > 0",
        clear: "",
        seconds: (60, 60),
        why: (
            "The books must balance: a difference is a fault in this program.",
            "Счёт обязан сходиться: разница означает ошибку в этой программе.",
        ),
        summary: (
            "the books do not balance: {{ value }} packets and bytes are nowhere",
            "счёт не сходится: неизвестно где пакеты и байты, всего {{ value }}",
        ),
        remedy: (
            "`floodmark ledger --json` shows which line; please report it",
            "`floodmark ledger --json` покажет строку; сообщите об ошибке",
        ),
    },
    BuiltIn {
        name: "notifications-wait",
        subject: SubjectKind::Node,
        class: Delivery,
        severity: Warning,
        when: "outbox_oldest_seconds > 300",
        clear: "outbox_oldest_seconds < 60",
        seconds: (0, 0),
        why: (
            "A warning that waits for five minutes has not warned.",
            "Предупреждение, которое ждёт пять минут, не предупредило.",
        ),
        summary: (
            "{{ outbox_waiting }} notifications wait, the oldest for {{ value }}",
            "ждут отправки {{ outbox_waiting }}, самое старое уже {{ value }}",
        ),
        remedy: (
            "`floodmark alerts` shows which channel fails, and why",
            "`floodmark alerts` покажет, какой канал не работает и почему",
        ),
    },
    BuiltIn {
        name: "notifications-lost",
        subject: SubjectKind::Node,
        class: Delivery,
        severity: Warning,
        when: "outbox_failed_10m > 0",
        clear: "",
        seconds: (0, 0),
        why: (
            "A notification was refused for good, or became too old: somebody was not told.",
            "Уведомление отвергнуто или устарело: кто-то его не получил.",
        ),
        summary: (
            "{{ value }} notifications were given up in ten minutes",
            "за десять минут не доставлено уведомлений: {{ value }}",
        ),
        remedy: (
            "check addresses and numbers of the receivers; `floodmark alerts`",
            "проверьте адреса и номера получателей; `floodmark alerts`",
        ),
    },
    BuiltIn {
        name: "config-refused",
        subject: SubjectKind::Node,
        class: Floodmark,
        severity: Warning,
        when: "config_refused > 0",
        clear: "",
        seconds: (0, 0),
        why: (
            "The newest configuration is wrong: what was changed is not at work.",
            "Новая конфигурация ошибочна: изменения не действуют.",
        ),
        summary: (
            "the configuration file is wrong; the last good one stays at work",
            "файл конфигурации ошибочен; действует прежняя",
        ),
        remedy: ("`floodmark config check` names the line", "`floodmark config check` назовёт строку"),
    },
];
