//! Of the host: load, memory, disks, links.

use live::incident::SubjectKind;

use super::BuiltIn;
use crate::judgement::Class::{Disk, Load, Network};
use live::incident::Severity::{Critical, Warning};

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
];
