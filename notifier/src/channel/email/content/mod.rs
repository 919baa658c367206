//! content: what a mail says, as a document that becomes text and HTML.

mod aftermath;
mod attack;
mod host;
mod incident;
mod title;

use live::incident::Severity;

pub(super) use self::title::subject;
use crate::notice::{Chart, Language, Notice, NoticeKind, Status};
use crate::words::{amount, clock, duration, line, moment, plural, zone};

/// Incidents that are told in full; the others are lines of a table.
const FULL_MAX: usize = 3;

/// Lines of a report's time line.
const MOMENTS_MAX: usize = 100;

/// A piece of a document. Nothing in it is clean yet: whoever writes it out makes one line of each text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Block {
    Heading(String),
    Text(String),
    /// Name and value.
    Facts(Vec<(&'static str, String)>),
    Table(Table),
    /// Its title, and in words what it shows.
    Chart(String, String),
    /// Label and address.
    Link(&'static str, String),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) title: String,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// How the document looks at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Critical,
    Warning,
    Calm,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Document {
    pub(super) language: Language,
    pub(super) tone: Tone,
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
    pub(super) footer: String,
}

/// The words in the language.
pub(super) const fn say(language: Language, en: &'static str, ru: &'static str) -> &'static str {
    match language {
        Language::En => en,
        Language::Ru => ru,
    }
}

/// What the notice says.
pub(super) fn document(notice: &Notice) -> Document {
    let language = notice.language;
    let mut blocks = Vec::new();
    blocks.extend(introduction(notice).map(Block::Text));
    if let Some(status) = &notice.status {
        blocks.push(Block::Facts(status_facts(status, notice)));
    }
    let (full, rest) = match notice.kind {
        NoticeKind::Digest => (0, say(language, "What happened", "Что произошло")),
        _ => (FULL_MAX, say(language, "The others", "Остальные")),
    };
    blocks.extend(links(notice));
    blocks.extend(notice.chart.as_ref().and_then(|chart| chart_block(chart, notice)));
    for one in notice.incidents.iter().take(full) {
        incident::full(one, notice, &mut blocks);
    }
    if let Some(table) = incident::table(rest, notice.incidents.get(full..).unwrap_or_default(), notice) {
        blocks.push(Block::Table(table));
    }
    if notice.more > 0 {
        let noun = plural(notice.more, language, "more incident is", "инцидент", "more incidents are");
        blocks.push(Block::Text(match language {
            Language::En => format!("{} {noun} not listed here; the page has all of them.", notice.more),
            Language::Ru => format!("Не поместилось в письмо: {}. На странице есть все.", notice.more),
        }));
    }
    blocks.extend(timeline(notice));
    aftermath::aftermath(notice, &mut blocks);
    if let Some(host) = notice.host.as_deref().filter(|host| host.time_ns > 0) {
        host::host(host, notice, &mut blocks);
    }
    let tone = match (notice.kind, notice.severity) {
        (NoticeKind::Resolved | NoticeKind::Test | NoticeKind::Report, _) => Tone::Calm,
        (NoticeKind::Status, _) if notice.status.as_ref().is_none_or(|status| status.is_stable) => Tone::Calm,
        (_, Severity::Critical) => Tone::Critical,
        (_, Severity::Warning) => Tone::Warning,
        (_, Severity::Info) => Tone::Calm,
    };
    Document { language, tone, title: title::title(notice), blocks, footer: footer(notice) }
}

/// Why this mail comes, where the title does not say all.
fn introduction(notice: &Notice) -> impl Iterator<Item = String> {
    let language = notice.language;
    let kind = match notice.kind {
        NoticeKind::Escalation => say(
            language,
            "Nobody has acknowledged this in time, so you are told too.",
            "Никто не подтвердил получение вовремя, поэтому сообщение пришло и вам.",
        ),
        NoticeKind::Flapping => say(
            language,
            "It comes and goes. There will be no more messages about it until it has been calm for a while.",
            "Состояние постоянно меняется. Новых писем об этом не будет, пока всё не успокоится.",
        ),
        NoticeKind::Test => say(
            language,
            "Somebody tries whether mail from this server arrives. It does. Nothing has happened, nothing is to be done.",
            "Это проверка: доходит ли почта с этого сервера. Доходит. Ничего не случилось, делать ничего не нужно.",
        ),
        _ => "",
    };
    let digest = (notice.kind == NoticeKind::Digest && notice.replaces > 0).then(|| {
        let noun = plural(notice.replaces, language, "message", "", "messages");
        match language {
            Language::En => format!(
                "Mail could not be delivered for a while. This one stands for {} {noun} that waited.",
                notice.replaces
            ),
            Language::Ru => format!(
                "Некоторое время почту не удавалось доставить. Это письмо заменяет отложенные; их было {}.",
                notice.replaces
            ),
        }
    });
    let capped = notice.capped_until_ns.map(|until| {
        let until = clock(until, notice.utc_offset_s);
        match language {
            Language::En => {
                format!("This is the last message before {until}: the limit of messages for this time is reached.")
            }
            Language::Ru => {
                format!("Это последнее сообщение до {until}: достигнут предел числа сообщений за это время.")
            }
        }
    });
    [(!kind.is_empty()).then(|| kind.to_owned()), digest, capped].into_iter().flatten()
}

fn status_facts(status: &Status, notice: &Notice) -> Vec<(&'static str, String)> {
    let language = notice.language;
    let bytes = |bytes: u64| amount(bytes as f64, live::incident::Unit::Bytes, language);
    let day = moment(status.billing_since_s.saturating_mul(1_000_000_000), notice.utc_offset_s);
    let day = day.split(' ').next().unwrap_or_default().to_owned();
    let state = match status.is_stable {
        true => say(language, "stable", "стабильно"),
        false => say(language, "something goes on", "есть открытые инциденты"),
    };
    let books = match (status.imbalance, language) {
        (0, Language::En) => "balance".to_owned(),
        (0, Language::Ru) => "сходится".to_owned(),
        (off, Language::En) => format!("off by {off}"),
        (off, Language::Ru) => format!("расхождение {off}"),
    };
    let load = amount(status.load_percent, live::incident::Unit::Percent, language);
    vec![
        (say(language, "State", "Состояние"), state.to_owned()),
        (say(language, "Load", "Загрузка"), load),
        (say(language, "Traffic since", "Трафик с"), day),
        (say(language, "Received", "Принято"), bytes(status.bytes_in)),
        (say(language, "Sent", "Отправлено"), bytes(status.bytes_out)),
        (say(language, "Packet books", "Учёт пакетов"), books),
    ]
}

fn links(notice: &Notice) -> Vec<Block> {
    let language = notice.language;
    let mut links = Vec::new();
    if is_link(&notice.acknowledge_url) {
        links.push(Block::Link(say(language, "Acknowledge", "Подтвердить получение"), notice.acknowledge_url.clone()));
    }
    if is_link(&notice.page_url) {
        links.push(Block::Link(say(language, "Open the page", "Открыть страницу"), notice.page_url.clone()));
    }
    links
}

/// An address that a mail may lead to: nothing in it ends an attribute or a line.
fn is_link(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && url.len() <= 2000
        && url.chars().all(|char| char.is_ascii_graphic() && !"\"'<>\\`".contains(char))
}

fn chart_block(chart: &Chart, notice: &Notice) -> Option<Block> {
    let language = notice.language;
    let values = || chart.points.iter().map(|&(_, value)| value).filter(|value| value.is_finite());
    let (low, high, last) = (values().reduce(f64::min)?, values().reduce(f64::max)?, values().next_back()?);
    let told = |value: f64| amount(value, chart.unit, language);
    let (first_s, last_s) = (chart.points.first()?.0, chart.points.last()?.0);
    let span = format!(
        "{} – {}",
        clock(first_s.saturating_mul(1_000_000_000), notice.utc_offset_s),
        clock(last_s.saturating_mul(1_000_000_000), notice.utc_offset_s)
    );
    let mut words = match language {
        Language::En => format!("{span}: lowest {}, highest {}, last {}", told(low), told(high), told(last)),
        Language::Ru => {
            format!("{span}: наименьшее {}, наибольшее {}, последнее {}", told(low), told(high), told(last))
        }
    };
    if let Some(limit) = chart.limit {
        words += &format!(", {} {}", say(language, "limit", "порог"), told(limit));
    }
    Some(Block::Chart(language.of(&chart.title).to_owned(), words))
}

fn timeline(notice: &Notice) -> Option<Block> {
    let language = notice.language;
    let rows = notice.timeline.iter().take(MOMENTS_MAX);
    let rows: Vec<_> =
        rows.map(|one| vec![moment(one.time_ns, notice.utc_offset_s), language.of(&one.what).to_owned()]).collect();
    (!rows.is_empty()).then(|| {
        Block::Table(Table {
            title: say(language, "What happened when", "Ход событий").to_owned(),
            head: vec![say(language, "Time", "Время"), say(language, "Event", "Событие")],
            rows,
        })
    })
}

fn footer(notice: &Notice) -> String {
    let (node, time) = (line(&notice.node, 80), moment(notice.time_ns, notice.utc_offset_s));
    let zone = zone(notice.utc_offset_s);
    match notice.language {
        Language::En => format!("Floodmark on {node}, {time} ({zone}). All times are in this zone."),
        Language::Ru => format!("Floodmark на {node}, {time} ({zone}). Время везде указано в этом поясе."),
    }
}

/// From one time to another, ns.
fn lasted(from_ns: u64, to_ns: u64, language: Language) -> String {
    duration(to_ns.saturating_sub(from_ns) / 1_000_000_000, language)
}
