//! Notices of each kind, as the incidents would make them.

use live::host::{Cpu, Disk, HostState, Memory, Process, Processes};
use live::incident::{Attack, Incident, IncidentPhase, Severity, Share, Subject, SubjectKind, Unit, Words};

use crate::notice::{Chart, Language, Losses, Moment, Notice, NoticeKind, Status};

/// All.
pub(crate) const KINDS: [NoticeKind; 9] = [
    NoticeKind::Alert,
    NoticeKind::Reminder,
    NoticeKind::Escalation,
    NoticeKind::Resolved,
    NoticeKind::Flapping,
    NoticeKind::Digest,
    NoticeKind::Report,
    NoticeKind::Status,
    NoticeKind::Test,
];

/// 2026-08-19 05:35:00 in Moscow.
pub(crate) const TIME_NS: u64 = 1_787_106_900_000_000_000;

const MINUTE_NS: u64 = 60_000_000_000;

fn words(en: &str, ru: &str) -> Words {
    Words { en: en.to_owned(), ru: ru.to_owned() }
}

/// A SYN flood on a server.
pub(crate) fn attack() -> Incident {
    let share = |key: &str, packets: u64| Share { key: key.to_owned(), packets, bytes: packets * 60 };
    Incident {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        rule: "host-packets".to_owned(),
        subject: Subject { kind: SubjectKind::Host, name: "203.0.113.7".to_owned() },
        severity: Severity::Critical,
        since_ns: TIME_NS - 3 * MINUTE_NS,
        fired_ns: TIME_NS - 3 * MINUTE_NS + 1_000_000_000,
        value: 812_345.0,
        limit: 200_000.0,
        peak: 1_204_000.0,
        unit: Unit::PacketsPerSecond,
        summary: words(
            "SYN flood on 203.0.113.7: 812 kpps, limit 200 kpps.",
            "SYN-флуд на 203.0.113.7: 812 тыс. пак/с при пороге 200 тыс. пак/с.",
        ),
        remedy: words(
            "Check that SYN cookies are on; ask the uplink to filter if the link is full.",
            "Проверьте, что включены SYN cookies; если канал забит, попросите провайдера включить фильтр.",
        ),
        labels: [("team".to_owned(), "net".to_owned())].into(),
        crossings: 1,
        attack: Some(Box::new(Attack {
            kind: "syn_flood".to_owned(),
            title: words("SYN flood", "SYN-флуд"),
            spoofed: Some(true),
            direction: "in".to_owned(),
            target: "203.0.113.7".to_owned(),
            packets_per_second_peak: 1_204_000,
            bits_per_second_peak: 577_920_000,
            packets: 146_000_000,
            bytes: 8_760_000_000,
            remote_addresses: 65_000,
            sources: vec![share("198.51.100.23", 1_400_000), share("2001:db8::17", 900_000)],
            source_prefixes: vec![share("198.51.100.0/24", 22_000_000)],
            source_ports: vec![],
            target_ports: vec![share("tcp/443", 145_000_000), share("tcp/80", 1_000_000)],
            sizes: vec![share("40-63", 146_000_000)],
            ttls: vec![share("245", 90_000_000), share("52", 56_000_000)],
            sample: "samples/0123.pcap".to_owned(),
            sample_packets: 100,
        })),
        ..Incident::default()
    }
}

/// A busy processor.
pub(crate) fn load() -> Incident {
    Incident {
        id: "fedcba9876543210fedcba9876543210".to_owned(),
        rule: "load1".to_owned(),
        severity: Severity::Warning,
        since_ns: TIME_NS - 125 * MINUTE_NS,
        fired_ns: TIME_NS - 120 * MINUTE_NS,
        value: 19.2,
        limit: 8.0,
        peak: 24.75,
        unit: Unit::Count,
        summary: words("Load 19.2 on 8 cores", "Нагрузка 19,2 на 8 ядрах"),
        remedy: words("See which process it is below.", "Какой процесс виноват, видно ниже."),
        crossings: 3,
        ..Incident::default()
    }
}

fn disk() -> Incident {
    Incident {
        id: "00000000000000000000000000000001".to_owned(),
        rule: "disk-filling".to_owned(),
        subject: Subject { kind: SubjectKind::Disk, name: "/var".to_owned() },
        severity: Severity::Warning,
        since_ns: TIME_NS - 30 * MINUTE_NS,
        fired_ns: TIME_NS - 29 * MINUTE_NS,
        value: 5.5,
        limit: 12.0,
        peak: 5.5,
        unit: Unit::Hours,
        ..Incident::default()
    }
}

fn host() -> HostState {
    let process = |name: &str, user: &str, count: u32, cpu: f64, memory: u64| Process {
        pid: 7,
        name: name.to_owned(),
        user: user.to_owned(),
        cgroup: "system.slice".to_owned(),
        count,
        cpu,
        memory,
    };
    HostState {
        time_ns: TIME_NS - 2_000_000_000,
        uptime_s: 86_400 * 41 + 7_200,
        cores: 8,
        load: [19.2, 12.05, 6.0],
        cpu: Cpu { user: 40.0, system: 20.0, iowait: 8.5, softirq: 31.0, steal: 0.0, busy: 91.2, irq: 0.2 },
        memory: Memory { total: 67_000_000_000, available: 9_100_000_000, swap_total: 0, swap_used: 0 },
        disks: vec![
            Disk { mount: "/".to_owned(), used_percent: 41.0, ..Disk::default() },
            Disk { mount: "/var".to_owned(), used_percent: 93.1, hours_left: Some(5.5), ..Disk::default() },
        ],
        processes: Processes {
            hidden: false,
            total: 412,
            blocked: 3,
            zombies: 1,
            web: 64,
            database: 2,
            ssh: 5,
            by_cpu: vec![
                process("php-fpm8.2", "www-data", 48, 512.4, 9_800_000_000),
                process("mariadbd", "mysql", 1, 96.0, 21_000_000_000),
            ],
            by_memory: vec![
                process("mariadbd", "mysql", 1, 96.0, 21_000_000_000),
                process("java", "tomcat", 2, 3.2, 12_400_000_000),
            ],
        },
        ..HostState::default()
    }
}

fn chart() -> Chart {
    let points = (0..720u64).map(|number| {
        let time_s = TIME_NS / 1_000_000_000 - 3_600 + number * 5;
        let calm = 40_000.0 + ((number * 7_919) % 1_000) as f64 * 20.0;
        (time_s, if number < 684 { calm } else { 700_000.0 + calm * 5.0 })
    });
    Chart {
        title: words("Packets a second to 203.0.113.7", "Пакеты в секунду на 203.0.113.7"),
        unit: Unit::PacketsPerSecond,
        limit: Some(200_000.0),
        points: points.collect(),
    }
}

/// The notice of `kind`.
pub(crate) fn notice(kind: NoticeKind, language: Language) -> Notice {
    let mut notice = Notice {
        kind,
        language,
        node: "web1".to_owned(),
        time_ns: TIME_NS,
        utc_offset_s: 10_800,
        severity: Severity::Warning,
        page_url: "https://flood.example:8443/".to_owned(),
        ..Notice::default()
    };
    let ended = |mut incident: Incident| {
        incident.phase = IncidentPhase::Resolved;
        incident.resolved_ns = Some(TIME_NS);
        incident
    };
    match kind {
        NoticeKind::Alert => {
            notice.severity = Severity::Critical;
            notice.incidents = vec![attack()];
            notice.acknowledge_url = "https://flood.example:8443/ack/5f2c".to_owned();
            notice.chart = Some(chart());
        }
        NoticeKind::Reminder => {
            notice.incidents = vec![load()];
            notice.host = Some(Box::new(host()));
        }
        NoticeKind::Escalation => {
            notice.severity = Severity::Critical;
            notice.incidents = vec![attack(), load(), disk(), disk()];
            notice.more = 12;
            notice.capped_until_ns = Some(TIME_NS + 25 * MINUTE_NS);
        }
        NoticeKind::Resolved => notice.incidents = vec![ended(load())],
        NoticeKind::Flapping => {
            let phase = IncidentPhase::Flapping;
            notice.incidents = vec![Incident { phase, crossings: 7, ..load() }];
        }
        NoticeKind::Digest => {
            notice.incidents = vec![attack(), ended(load()), disk()];
            notice.replaces = 23;
        }
        NoticeKind::Report => report(&mut notice, ended(attack())),
        NoticeKind::Status => {
            notice.status = Some(Status {
                bytes_in: 34_000_000_000_000,
                bytes_out: 9_120_000_000_000,
                billing_since_s: 1_785_542_400,
                load_percent: 5.0,
                is_stable: true,
                imbalance: 0,
            });
        }
        NoticeKind::Test => {}
    }
    notice
}

/// What is told when `attack` is over.
fn report(notice: &mut Notice, attack: Incident) {
    notice.incidents = vec![attack];
    let moment =
        |minutes: u64, en: &str, ru: &str| Moment { time_ns: TIME_NS - minutes * MINUTE_NS, what: words(en, ru) };
    notice.timeline = vec![
        moment(3, "It began", "Началось"),
        moment(2, "Mail to admin was accepted", "Письмо для admin принято"),
        moment(0, "It ended", "Закончилось"),
    ];
    notice.losses = Some(Losses {
        dropped: 1_204,
        pre_tap: -3,
        coarsened: 144_000_000,
        rows_removed: 1_812_345,
        bytes_removed: 310_000_000,
        ..Losses::default()
    });
    notice.journal = vec![
        moment(4, "interface eth1 is down", "интерфейс eth1: нет связи"),
        moment(2, "the kernel drops frames: a ring is full", "ядро теряет кадры: кольцо заполнено"),
    ];
}
