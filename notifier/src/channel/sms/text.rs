//! A notice as a short text: date and time first, then the node, what, value and limit, target, code.
//!
//! A pure function of the notice and the budget: a repeat is the same to the byte. Whatever stands in the notice, the
//! text has no control character, begins with date and time, and fits its parts.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use live::incident::{Attack, Incident, Severity, SubjectKind, Unit};

use super::encode::{fits, plain, transliterated};
use super::figure;
use super::pieces::{Piece, compose, try_compose};
use crate::notice::{Language, Notice, NoticeKind, Status};
use crate::words::is_hidden;

/// Characters of any one field that are looked at: a name may come from outside and be of any length.
const FIELD_CHARACTERS_MAX: usize = 500;

/// From this load on a status says "high" even if nothing fires.
const LOAD_HIGH_PERCENT: f64 = 90.0;

/// How much a text may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Parts of a message, at least 1.
    pub segments_max: usize,
    /// Cyrillic in Latin letters, for phones or prices that want seven bits.
    pub translit: bool,
    /// Curly quotes, dashes and the like replaced by what seven bits have.
    pub plain: bool,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { segments_max: 1, translit: false, plain: true }
    }
}

/// The text of a notice.
pub fn render(notice: &Notice, budget: Budget) -> String {
    let dress = |text: &str| {
        let text = if budget.plain || budget.translit { plain(text) } else { text.to_owned() };
        if budget.translit { transliterated(&text) } else { text }
    };
    let fits = |text: &str| fits(&dress(text), budget.segments_max.max(1));
    if let Some(Ok(text)) = spoken(notice).map(|pieces| try_compose(&pieces, &fits)) {
        return dress(&text);
    }
    dress(&compose(&pieces(notice), fits))
}

/// A word in the language of the receiver.
fn say(notice: &Notice, en: &str, ru: &str) -> String {
    match notice.language {
        Language::En => en.to_owned(),
        Language::Ru => ru.to_owned(),
    }
}

/// An alert whose own sentence says it better than figures, if there is room for all of it.
fn spoken(notice: &Notice) -> Option<Vec<Piece>> {
    let incident = notice.incidents.first().filter(|incident| incident.attack.is_none())?;
    let summary = clean(notice.language.of(&incident.summary));
    if notice.kind != NoticeKind::Alert || summary.is_empty() {
        return None;
    }
    let mut pieces = head(notice);
    pieces.push(Piece::fixed(format!("{}!", summary.trim_end_matches(['.', '!']))));
    pieces.extend(tail(notice));
    Some(pieces)
}

fn pieces(notice: &Notice) -> Vec<Piece> {
    let mut pieces = head(notice);
    match notice.kind {
        NoticeKind::Alert => pieces.extend(alarm(notice)),
        NoticeKind::Reminder => {
            let since = age(notice, |incident| incident.fired_ns);
            pieces.push(Piece::whole(6, format!("{} {since}:", say(notice, "still", "уже"))));
            pieces.extend(alarm(notice));
        }
        NoticeKind::Escalation => {
            let since = age(notice, |incident| incident.fired_ns);
            let (en, ru) = ("no answer for", "нет ответа");
            pieces.push(Piece::new(6, vec![format!("{} {since}:", say(notice, en, ru)), format!("{since}:")]));
            pieces.extend(alarm(notice));
        }
        NoticeKind::Resolved => pieces.extend(over(notice)),
        NoticeKind::Flapping => {
            let crossings = notice.incidents.first().map_or(0, |incident| incident.crossings);
            let (en, ru) = ("comes and goes", "то есть, то нет");
            pieces.push(Piece::new(
                6,
                vec![format!("{} ({crossings}x):", say(notice, en, ru)), format!("{crossings}x:")],
            ));
            pieces.extend(alarm(notice));
        }
        NoticeKind::Digest => pieces.extend(digest(notice)),
        NoticeKind::Report => pieces.extend(report(notice)),
        NoticeKind::Status => pieces.extend(status(notice)),
        NoticeKind::Test => {
            let (en, ru) = ("test of this channel, all is well", "проверка канала, всё в порядке");
            pieces.push(Piece::new(5, vec![say(notice, en, ru), say(notice, "test", "проверка")]));
        }
    }
    pieces.extend(tail(notice));
    pieces
}

/// Date, time, node.
fn head(notice: &Notice) -> Vec<Piece> {
    vec![Piece::fixed(moment(notice)), Piece::name(4, &clean(&notice.node), &[24, 12, 8, 5], false)]
}

/// Urgency, how many more, the cap, the code.
fn tail(notice: &Notice) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let more = notice.more.saturating_add(notice.incidents.len().saturating_sub(1) as u64);
    let is_one = matches!(notice.kind, NoticeKind::Digest | NoticeKind::Status | NoticeKind::Test);
    if more > 0 && !is_one {
        let long = match notice.language {
            Language::En => format!("{more} more"),
            Language::Ru => format!("ещё {more}"),
        };
        pieces.push(Piece::new(5, vec![long, format!("+{more}")]));
    }
    let is_open = matches!(notice.kind, NoticeKind::Alert | NoticeKind::Reminder | NoticeKind::Escalation);
    if is_open && notice.severity == Severity::Critical {
        pieces.push(Piece::whole(7, say(notice, "URGENT!", "СРОЧНО!")));
    }
    if let Some(until_ns) = notice.capped_until_ns {
        let until = civil(until_ns, notice.utc_offset_s);
        let until = format!("{:02}:{:02}", until.hour(), until.minute());
        let long = format!("{} {until}", say(notice, "Last SMS until", "Последнее SMS до"));
        pieces.push(Piece::new(2, vec![long, format!("{} {until}", say(notice, "mute to", "тихо до"))]));
    }
    if !notice.code.is_empty() && (is_open || matches!(notice.kind, NoticeKind::Flapping | NoticeKind::Digest)) {
        pieces.push(Piece::fixed(format!("{} {}", say(notice, "Code", "Код"), code(&notice.code))));
    }
    pieces
}

/// What fires: value over limit, what, target.
fn alarm(notice: &Notice) -> Vec<Piece> {
    let Some(incident) = notice.incidents.first() else { return Vec::new() };
    let crossing = figure::crossing(incident.value, incident.limit, incident.unit, notice.language);
    let traffic = traffic(notice).map(|traffic| Piece::whole(9, traffic));
    let mut pieces: Vec<Piece> = traffic.into_iter().collect();
    match &incident.attack {
        Some(attack) => {
            pieces.push(Piece::whole(3, format!("{crossing}!")));
            pieces.push(Piece::name(1, &attack_name(attack, notice.language), &[24, 12, 8], false));
            pieces.extend(target(&attack.target).map(|target| Piece::whole(1, target)));
        }
        None => {
            let rule = clean(&incident.rule);
            pieces.push(Piece::name(1, &rule, &[24, 16, 8], false));
            pieces.extend(subject(incident));
            pieces.push(Piece::whole(1, format!("{crossing}!")));
            pieces.push(Piece::sentence(8, &clean(notice.language.of(&incident.summary))));
        }
    }
    pieces
}

fn over(notice: &Notice) -> Vec<Piece> {
    let Some(incident) = notice.incidents.first() else {
        return vec![Piece::fixed(say(notice, "over", "кончилось"))];
    };
    let mut pieces = vec![Piece::new(3, vec![say(notice, "over:", "кончилось:"), "OK:".to_owned()])];
    pieces.extend(named(notice, incident));
    pieces.push(Piece::whole(5, lasted(notice, incident)));
    let peak = figure::with_unit(incident.peak, incident.unit, notice.language);
    pieces.push(Piece::whole(6, format!("{} {peak}", say(notice, "peak", "пик"))));
    pieces
}

fn digest(notice: &Notice) -> Vec<Piece> {
    let (replaces, open) = (notice.replaces, notice.more.saturating_add(notice.incidents.len() as u64));
    let mut pieces = vec![Piece::new(
        4,
        vec![
            format!(
                "{} {replaces} {}",
                say(notice, "channel was away,", "канал молчал,"),
                say(notice, "messages;", "сообщ.;")
            ),
            format!("{replaces} {}", say(notice, "messages;", "сообщ.;")),
        ],
    )];
    pieces.push(Piece::whole(3, format!("{} {open};", say(notice, "alerts now", "тревог сейчас"))));
    if let Some(worst) = notice.incidents.first() {
        pieces.push(Piece::whole(6, say(notice, "worst:", "худшая:")));
        pieces.extend(named(notice, worst));
    }
    pieces
}

fn report(notice: &Notice) -> Vec<Piece> {
    let mut pieces = vec![Piece::new(4, vec![say(notice, "report:", "итог:")])];
    let Some(incident) = notice.incidents.first() else { return pieces };
    pieces.extend(named(notice, incident));
    pieces.push(Piece::whole(3, lasted(notice, incident)));
    let peak = |value, unit| {
        let peak = figure::with_unit(value, unit, notice.language);
        Piece::whole(5, format!("{} {peak}", say(notice, "peak", "пик")))
    };
    match &incident.attack {
        Some(attack) => {
            pieces.push(Piece::whole(5, figure::with_unit(attack.bytes as f64, Unit::Bytes, notice.language)));
            pieces.push(peak(attack.packets_per_second_peak as f64, Unit::PacketsPerSecond));
        }
        None => pieces.push(peak(incident.peak, incident.unit)),
    }
    pieces
}

/// Traffic since the billing day, load within the norm, state stable.
fn status(notice: &Notice) -> Vec<Piece> {
    let none = Status::default();
    let status = notice.status.as_ref().unwrap_or(&none);
    let mut pieces = Vec::new();
    if let Some(traffic) = traffic(notice) {
        let since = civil(status.billing_since_s.saturating_mul(1_000_000_000), notice.utc_offset_s);
        let since = match notice.language {
            Language::En => format!("since {} {}", since.day(), month(since)),
            Language::Ru => format!("с {:02}.{:02}", since.day(), since.month()),
        };
        pieces.push(Piece::new(3, vec![format!("{traffic} {since}"), traffic]));
    }
    let load = figure::with_unit(status.load_percent, Unit::Percent, notice.language);
    let word = match (status.is_stable, status.load_percent < LOAD_HIGH_PERCENT) {
        (true, true) => say(notice, "normal", "в норме"),
        (false, true) => String::new(),
        (_, false) => say(notice, "high", "высокая"),
    };
    let long = format!("{} {load} {word}", say(notice, "load", "нагрузка"));
    let short = format!("{} {load},", say(notice, "load", "нагр."));
    pieces.push(Piece::new(2, vec![format!("{},", long.trim_end()), short]));
    if status.is_stable {
        pieces.push(Piece::fixed(say(notice, "stable", "стабильно")));
    } else {
        let open = notice.more.saturating_add(notice.incidents.len() as u64);
        pieces.push(Piece::fixed(format!("{} {open}", say(notice, "alerts:", "тревог:"))));
    }
    if status.imbalance != 0 {
        let long = format!("{} {}", say(notice, "books off by", "учёт не сходится на"), status.imbalance);
        let short = format!("{}{:+}", say(notice, "books", "учёт"), status.imbalance);
        pieces.push(Piece::new(6, vec![long, short, String::new()]));
    }
    pieces
}

/// What an incident is about, for texts that do not tell its value.
fn named(notice: &Notice, incident: &Incident) -> Vec<Piece> {
    match &incident.attack {
        Some(attack) => {
            let mut pieces = vec![Piece::name(1, &attack_name(attack, notice.language), &[24, 12, 8], false)];
            pieces.extend(target(&attack.target).map(|target| Piece::whole(2, target)));
            pieces
        }
        None => {
            let mut pieces = vec![Piece::name(1, &clean(&incident.rule), &[24, 16, 8], false)];
            pieces.extend(subject(incident));
            pieces
        }
    }
}

fn subject(incident: &Incident) -> Option<Piece> {
    let name = clean(&incident.subject.name);
    match incident.subject.kind {
        SubjectKind::Node => None,
        // An address is told whole or not at all.
        SubjectKind::Host | SubjectKind::Prefix => target(&name).map(|target| Piece::whole(2, target)),
        _ if name.is_empty() => None,
        _ => Some(Piece::name(2, &name, &[32, 16, 8], true)),
    }
}

/// An address or prefix; what is none is a name of somebody else's.
fn target(text: &str) -> Option<String> {
    let target = clean(text);
    let is_address = target.parse::<std::net::IpAddr>().is_ok() || target.parse::<ipnet::IpNet>().is_ok();
    is_address.then_some(target)
}

/// `syn_flood` → `SYN`, `dns_amplification` → `DNS ampl.`.
fn attack_name(attack: &Attack, language: Language) -> String {
    let (kind, title) = (clean(&attack.kind), clean(language.of(&attack.title)));
    let suffixes = [("_amplification", " ampl.", " усил."), ("_reflection", " refl.", " отраж."), ("_flood", "", "")];
    for (suffix, en, ru) in suffixes {
        if let Some(stem) = kind.strip_suffix(suffix) {
            let stem = stem.replace('_', "-").to_uppercase();
            return format!("{stem}{}", if language == Language::Ru { ru } else { en });
        }
    }
    let known = if title.is_empty() { kind.replace('_', " ") } else { title };
    if known.is_empty() { "attack".to_owned() } else { known }
}

/// Bytes of both directions since the billing day.
fn traffic(notice: &Notice) -> Option<String> {
    let status = notice.status.as_ref()?;
    let bytes = status.bytes_in.saturating_add(status.bytes_out);
    Some(figure::with_unit(bytes as f64, Unit::Bytes, notice.language))
}

fn age(notice: &Notice, of: impl Fn(&Incident) -> u64) -> String {
    let begin = notice.incidents.first().map_or(notice.time_ns, of);
    figure::short_duration(notice.time_ns.saturating_sub(begin) / 1_000_000_000, notice.language)
}

fn lasted(notice: &Notice, incident: &Incident) -> String {
    let end = incident.resolved_ns.unwrap_or(notice.time_ns);
    figure::short_duration(end.saturating_sub(incident.since_ns) / 1_000_000_000, notice.language)
}

/// The receiver's wall clock.
fn civil(time_ns: u64, utc_offset_s: i32) -> DateTime {
    let time = Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX);
    Offset::from_seconds(utc_offset_s).unwrap_or(Offset::UTC).to_datetime(time)
}

/// `19.08 05:35`, or in English `19 Aug 05:35`, which nobody reads as another day.
fn moment(notice: &Notice) -> String {
    let time = civil(notice.time_ns, notice.utc_offset_s);
    let (day, hour, minute) = (time.day(), time.hour(), time.minute());
    match notice.language {
        Language::En => format!("{day:02} {} {hour:02}:{minute:02}", month(time)),
        Language::Ru => format!("{day:02}.{:02} {hour:02}:{minute:02}", time.month()),
    }
}

fn month(time: DateTime) -> &'static str {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = usize::try_from(time.month()).unwrap_or(1).clamp(1, 12);
    MONTHS[month - 1]
}

/// The code as it is answered: letters and digits.
fn code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).take(12).collect()
}

/// Without what changes the direction or the place of letters, or is not seen; spaces are single.
pub fn clean(text: &str) -> String {
    let mut clean = String::new();
    for character in text.chars().take(FIELD_CHARACTERS_MAX) {
        let character = if is_harmful(character) || character.is_whitespace() { ' ' } else { character };
        if character != ' ' || !(clean.is_empty() || clean.ends_with(' ')) {
            clean.push(character);
        }
    }
    clean.truncate(clean.trim_end().len());
    clean
}

/// What is not seen, and what stands for something that could not be read: it would cost the whole alphabet.
fn is_harmful(character: char) -> bool {
    is_hidden(character) || matches!(character, '\u{fffc}' | '\u{fffd}')
}

#[cfg(test)]
mod tests;
