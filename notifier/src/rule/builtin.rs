//! The rules that are at work from the first day, each with its why.

use std::time::Duration;

use live::incident::{Severity, SubjectKind, Words};

use super::config::{Clear, Rule};
use crate::judgement::Class;

/// English and Russian.
type Both = (&'static str, &'static str);

/// A rule that is at work unless `off` names it.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// What it looks at.
    pub subject: SubjectKind,
    /// What it is about.
    pub class: Class,
    /// How bad it is.
    pub severity: Severity,
    /// When it fires.
    pub when: &'static str,
    /// When it is over; empty = when `when` does not hold.
    pub clear: &'static str,
    /// `for` and `keep`, seconds.
    pub seconds: (u64, u64),
    /// Why it is there.
    pub why: Both,
    /// What happens.
    pub summary: Both,
    /// What to do.
    pub remedy: Both,
}

impl BuiltIn {
    /// As it would stand in the file.
    pub fn given(&self) -> Rule {
        Rule {
            name: self.name.to_owned(),
            subject: self.subject,
            when: self.when.to_owned(),
            clear: Clear::Expression(self.clear.to_owned()),
            hold: Duration::from_secs(self.seconds.0),
            keep: Duration::from_secs(self.seconds.1),
            severity: self.severity,
            summary: self.summary.0.to_owned(),
            remedy: self.remedy.0.to_owned(),
            ..Rule::default()
        }
    }
}

/// The built-in rule of this name.
pub fn find(name: &str) -> Option<&'static BuiltIn> {
    ALL.iter().find(|rule| rule.name == name)
}

/// Both languages of a text.
pub fn words((en, ru): Both) -> Words {
    Words { en: en.to_owned(), ru: ru.to_owned() }
}

use Class::{Delivery, Disk, Floodmark, Load, Network};
use Severity::{Critical, Warning};

/// All of them.
pub const ALL: &[BuiltIn] = &[
    BuiltIn {
        name: "load",
        subject: SubjectKind::Node,
        class: Load,
        severity: Warning,
        when: "load1_per_core > 1 && cpu_busy > 75",
        clear: "load1_per_core < 0.8 || cpu_busy < 60",
        seconds: (120, 120),
        why: (
            "More work waits than the cores can do, and it is the CPU that it waits for, not a disk.",
            "Работы больше, чем успевают ядра, и ждёт она процессора, а не диска.",
        ),
        summary: (
            "load {{ load1 }} on {{ cores }} cores, CPU {{ cpu_busy }} busy",
            "нагрузка {{ load1 }} на {{ cores }} ядер, процессор занят на {{ cpu_busy }}",
        ),
        remedy: (
            "see the main processes below, or `top`; stop or limit the one that is out of hand",
            "посмотрите главные процессы ниже или `top`; остановите или ограничьте вышедший из-под контроля",
        ),
    },
    BuiltIn {
        name: "softirq",
        subject: SubjectKind::Node,
        class: Load,
        severity: Critical,
        when: "cpu_softirq >= 75",
        clear: "cpu_softirq < 60",
        seconds: (10, 60),
        why: (
            "The kernel does hardly anything but take packets: programs get no time, packets are about to be lost.",
            "Ядро занято почти только приёмом пакетов: программам не хватает времени, пакеты вот-вот начнут теряться.",
        ),
        summary: (
            "packets take {{ cpu_softirq }} of the CPU ({{ packets_per_second }})",
            "приём пакетов занимает {{ cpu_softirq }} процессора ({{ packets_per_second }})",
        ),
        remedy: (
            "look for an attack among the incidents; spread the card's queues over more cores",
            "проверьте, нет ли атаки среди инцидентов; распределите очереди карты по большему числу ядер",
        ),
    },
    BuiltIn {
        name: "softirq-core",
        subject: SubjectKind::Node,
        class: Load,
        severity: Warning,
        when: "cpu_softirq_core_max >= 75",
        clear: "cpu_softirq_core_max < 60",
        seconds: (30, 120),
        why: (
            "One core does nothing but take packets: the first to lose some, while the others are idle.",
            "Одно ядро занято только приёмом пакетов: оно первым начнёт их терять, пока другие простаивают.",
        ),
        summary: (
            "packets take {{ cpu_softirq_core_max }} of one core",
            "приём пакетов занимает {{ cpu_softirq_core_max }} одного ядра",
        ),
        remedy: (
            "let the card have more queues (ethtool -L), or turn on RPS; `floodmark doctor` shows how they lie",
            "включите больше очередей карты (ethtool -L) или RPS; `floodmark doctor` покажет их раскладку",
        ),
    },
    BuiltIn {
        name: "memory",
        subject: SubjectKind::Node,
        class: Load,
        severity: Critical,
        when: "memory_available_percent < 5",
        clear: "memory_available_percent > 8",
        seconds: (30, 120),
        why: (
            "Soon the kernel will kill a process to get memory, and it chooses.",
            "Скоро ядро убьёт какой-нибудь процесс ради памяти, и выбирать будет оно.",
        ),
        summary: (
            "only {{ memory_available_bytes }} of memory left ({{ memory_available_percent }})",
            "свободной памяти осталось {{ memory_available_bytes }} ({{ memory_available_percent }})",
        ),
        remedy: (
            "see the processes by memory; restart the one that grew, or add memory",
            "посмотрите процессы по памяти; перезапустите разросшийся или добавьте память",
        ),
    },
    BuiltIn {
        name: "swap",
        subject: SubjectKind::Node,
        class: Load,
        severity: Warning,
        when: "swap_used_percent > 80 && memory_available_percent < 15",
        clear: "swap_used_percent < 60 || memory_available_percent > 20",
        seconds: (300, 300),
        why: (
            "Swap is nearly used up and memory is short too: everything becomes slow before it breaks.",
            "Подкачка почти исчерпана, памяти тоже мало: сначала всё замедлится, потом сломается.",
        ),
        summary: (
            "swap {{ swap_used_percent }} used, memory {{ memory_available_percent }} free",
            "подкачка занята на {{ swap_used_percent }}, памяти свободно {{ memory_available_percent }}",
        ),
        remedy: ("see the processes by memory", "посмотрите процессы по памяти"),
    },
    BuiltIn {
        name: "oom-kill",
        subject: SubjectKind::Node,
        class: Load,
        severity: Warning,
        when: "oom_kills_10m > 0",
        clear: "",
        seconds: (0, 60),
        why: (
            "The kernel killed a process for want of memory: something does not run any more.",
            "Ядро убило процесс из-за нехватки памяти: что-то больше не работает.",
        ),
        summary: (
            "the kernel killed processes for want of memory: {{ value }} in ten minutes",
            "ядро убило процессы из-за нехватки памяти: {{ value }} за десять минут",
        ),
        remedy: ("`journalctl -k -g oom` names them", "`journalctl -k -g oom` покажет, какие"),
    },
    BuiltIn {
        name: "reboot",
        subject: SubjectKind::Node,
        class: Load,
        severity: Warning,
        when: "uptime_seconds < 600",
        clear: "",
        seconds: (0, 0),
        why: (
            "A host that starts anew did so on purpose, or crashed.",
            "Если узел запустился заново, это сделали нарочно или он упал.",
        ),
        summary: ("the host started {{ uptime_seconds }} ago", "узел запустился {{ uptime_seconds }} назад"),
        remedy: (
            "`journalctl -b -1 -e` shows how the life before ended",
            "`journalctl -b -1 -e` покажет, чем кончилась прошлая работа",
        ),
    },
    BuiltIn {
        name: "temperature",
        subject: SubjectKind::Node,
        class: Load,
        severity: Critical,
        when: "temperature_margin_celsius < 5",
        clear: "temperature_margin_celsius > 10",
        seconds: (30, 120),
        why: (
            "Beyond the sensor's own mark the machine slows down, then turns itself off.",
            "За отметкой датчика машина сначала замедляется, потом выключается.",
        ),
        summary: (
            "a sensor is {{ temperature_margin_celsius }} below its danger mark (the warmest has {{ temperature_celsius_max }})",
            "датчику осталось {{ temperature_margin_celsius }} до опасной отметки (самый тёплый: {{ temperature_celsius_max }})",
        ),
        remedy: ("look at fans, filters and the room", "проверьте вентиляторы, фильтры и помещение"),
    },
    BuiltIn {
        name: "disk-full",
        subject: SubjectKind::Disk,
        class: Disk,
        severity: Critical,
        when: "disk_used_percent >= 95",
        clear: "disk_used_percent < 93",
        seconds: (30, 60),
        why: (
            "A full disk stops databases, mail and logs, and this program's spool.",
            "На полном диске встают базы, почта, журналы и очередь этой программы.",
        ),
        summary: (
            "{{ subject }} is {{ disk_used_percent }} full, {{ disk_available_bytes }} left",
            "{{ subject }} заполнен на {{ disk_used_percent }}, осталось {{ disk_available_bytes }}",
        ),
        remedy: ("`du -xh --max-depth=1` there finds what grew", "`du -xh --max-depth=1` там покажет, что выросло"),
    },
    BuiltIn {
        name: "disk-filling",
        subject: SubjectKind::Disk,
        class: Disk,
        severity: Warning,
        when: "disk_hours_left < 24 && disk_used_percent > 50",
        clear: "disk_hours_left > 36 || disk_used_percent < 50",
        seconds: (600, 600),
        why: (
            "It is cheaper to act a day before a disk is full than after.",
            "Дешевле вмешаться за день до заполнения диска, чем после.",
        ),
        summary: (
            "{{ subject }} will be full in {{ disk_hours_left }} if the last hour goes on ({{ disk_used_percent }} now)",
            "{{ subject }} заполнится через {{ disk_hours_left }}, если всё пойдёт как в последний час (сейчас {{ disk_used_percent }})",
        ),
        remedy: ("find what grows, or make room", "найдите, что растёт, или освободите место"),
    },
    BuiltIn {
        name: "disk-read-only",
        subject: SubjectKind::Disk,
        class: Disk,
        severity: Critical,
        when: "disk_turned_read_only > 0",
        clear: "",
        seconds: (0, 60),
        why: (
            "The kernel makes a disk read-only when it has failed.",
            "Ядро переводит диск в режим «только чтение», когда тот сбоит.",
        ),
        summary: ("{{ subject }} became read-only", "{{ subject }} стал доступен только для чтения"),
        remedy: ("save what you can; `journalctl -k` has the fault", "спасайте данные; сбой записан в `journalctl -k`"),
    },
    BuiltIn {
        name: "inodes",
        subject: SubjectKind::Disk,
        class: Disk,
        severity: Warning,
        when: "disk_inodes_percent >= 95",
        clear: "disk_inodes_percent < 93",
        seconds: (60, 60),
        why: (
            "Without inodes no file can be made, however many bytes are free.",
            "Без свободных inode нельзя создать файл, сколько бы места ни было.",
        ),
        summary: (
            "{{ subject }} has {{ disk_inodes_percent }} of its inodes in use",
            "на {{ subject }} занято {{ disk_inodes_percent }} inode",
        ),
        remedy: (
            "`du --inodes -x` there finds the folder with many small files",
            "`du --inodes -x` там найдёт папку с множеством мелких файлов",
        ),
    },
    BuiltIn {
        name: "raid-degraded",
        subject: SubjectKind::Disk,
        class: Disk,
        severity: Critical,
        when: "raid_devices_missing > 0",
        clear: "",
        seconds: (10, 60),
        why: ("The next disk that fails takes the data along.", "Следующий отказавший диск унесёт данные с собой."),
        summary: (
            "{{ subject }} runs without {{ value }} of its devices",
            "{{ subject }} работает без части дисков: нет {{ value }}",
        ),
        remedy: ("`cat /proc/mdstat`, and replace the device", "`cat /proc/mdstat`, затем замените диск"),
    },
    BuiltIn {
        name: "link-down",
        subject: SubjectKind::Interface,
        class: Network,
        severity: Critical,
        when: "interface_down > 0",
        clear: "",
        seconds: (3, 10),
        why: ("A link that was up lost its carrier.", "Линк, который был поднят, пропал."),
        summary: ("{{ subject }} has no carrier", "на {{ subject }} нет линка"),
        remedy: ("check the cable, the port of the switch, the card", "проверьте кабель, порт коммутатора, карту"),
    },
    BuiltIn {
        name: "interface-saturated",
        subject: SubjectKind::Interface,
        class: Network,
        severity: Critical,
        when: "interface_used_percent >= 90",
        clear: "interface_used_percent < 80",
        seconds: (10, 60),
        why: (
            "What does not fit the link is lost, whoever it is for.",
            "Что не помещается в канал, теряется, кому бы оно ни предназначалось.",
        ),
        summary: (
            "{{ subject }} is {{ interface_used_percent }} full: {{ interface_received_bits_per_second }} in, {{ interface_sent_bits_per_second }} out",
            "{{ subject }} занят на {{ interface_used_percent }}: вход {{ interface_received_bits_per_second }}, выход {{ interface_sent_bits_per_second }}",
        ),
        remedy: (
            "see the busiest hosts; if it is an attack, ask the provider to filter",
            "посмотрите самые нагруженные узлы; при атаке просите провайдера фильтровать",
        ),
    },
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
        name: "channel-failing",
        subject: SubjectKind::Channel,
        class: Delivery,
        severity: Critical,
        when: "channel_failures >= 3",
        clear: "channel_failures < 1",
        seconds: (0, 0),
        why: (
            "Warnings do not arrive by this channel: it must be told by another.",
            "Предупреждения этим путём не доходят: об этом надо сообщить другим.",
        ),
        summary: (
            "{{ subject }} failed {{ value }} times in a row, {{ channel_waiting }} messages wait",
            "{{ subject }}: неудач подряд {{ value }}, ждут отправки {{ channel_waiting }}",
        ),
        remedy: (
            "`floodmark notify test {{ subject }}` shows the server's answer",
            "`floodmark notify test {{ subject }}` покажет ответ сервера",
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
