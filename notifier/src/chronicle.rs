//! chronicle: what the roles' lines tell that has changed since the line before, as sentences for the reports of
//! incidents, and their counters of losses.
//!
//! Pure: lines and the time in, moments out. Bounded by the lines' own bounds and `MOMENTS_MAX`. What was so when this
//! process began is no news.

use std::collections::BTreeMap;

use live::incident::{Unit, Words};
use live::{CaptureLine, IngestLine, RunLine};

use crate::incident::tally::{Counters, Told};
use crate::lines::Lines;
use crate::notice::{Language, Losses, Moment};
use crate::words::{amount, line};

/// Of one second.
const MOMENTS_MAX: usize = 16;

/// A loss that does not grow for so long has ended, ns.
const CALM_NS: u64 = 10 * 1_000_000_000;

/// Characters of what somebody else says.
const WORDS_CHARS_MAX: usize = 120;

/// What it remembers of the lines before.
#[derive(Debug, Default)]
pub struct Chronicle {
    epochs: BTreeMap<&'static str, u64>,
    interfaces: BTreeMap<String, String>,
    mode: Option<String>,
    database: Option<String>,
    failures: BTreeMap<String, u64>,
    bursts: [Burst; 7],
}

/// A counter that grows now and then.
#[derive(Clone, Copy, Debug, Default)]
struct Burst {
    epoch: u64,
    last: Option<u64>,
    /// Grown in this burst, and when it grew last, ns; 0 = it is calm.
    sum: u64,
    grew_ns: u64,
}

/// What the bursts are called, in their order: begin and end, in both languages; `{}` is the number.
const BURSTS: [[&str; 4]; 7] = [
    [
        "the kernel drops frames: a ring is full",
        "ядро теряет кадры: кольцо заполнено",
        "the kernel dropped {} frames, and drops no more",
        "ядро потеряло кадров: {}; больше не теряет",
    ],
    [
        "packets are counted and not written (shed)",
        "пакеты считаются, но не записываются (shed)",
        "{} packets were counted and not written (shed)",
        "посчитано, но не записано пакетов (shed): {}",
    ],
    [
        "rows are written in less detail (coarsened)",
        "строки пишутся с меньшими подробностями (coarsened)",
        "{} packets were kept as totals only (coarsened)",
        "сохранено только в итогах пакетов (coarsened): {}",
    ],
    ["the spool refuses frames", "спул не принимает кадры", "the spool refused {} frames", "спул не принял кадров: {}"],
    [
        "packets are missing in the spool (gap)",
        "в спуле не хватает пакетов (gap)",
        "{} packets were lost in the spool (gap)",
        "в спуле потеряно пакетов (gap): {}",
    ],
    [
        "the database refuses rows; they are parked",
        "база данных не принимает строки; они отложены",
        "the database refused {} rows, which are parked",
        "база данных не приняла строк: {}; они отложены",
    ],
    [
        "the retention removes old rows",
        "удаляются старые строки",
        "the retention removed {} rows",
        "удалено старых строк: {}",
    ],
];

fn words(en: impl Into<String>, ru: impl Into<String>) -> Words {
    Words { en: en.into(), ru: ru.into() }
}

impl Chronicle {
    /// What is news at `now_ns`.
    pub fn look(&mut self, now_ns: u64, lines: &Lines) -> Vec<Moment> {
        let mut news = Vec::new();
        if let Some(heard) = &lines.capture {
            self.begun("capture", heard.line.envelope.epoch, &mut news);
            self.capture(now_ns, &heard.line, &mut news);
        }
        if let Some(heard) = &lines.ingest {
            self.begun("ingest", heard.line.envelope.epoch, &mut news);
            self.ingest(now_ns, &heard.line, &mut news);
        }
        if let Some(heard) = &lines.web {
            self.begun("web", heard.line.envelope.epoch, &mut news);
        }
        if let Some(heard) = &lines.run {
            self.run(&heard.line, &mut news);
        }
        news.truncate(MOMENTS_MAX);
        news.into_iter().map(|what| Moment { time_ns: now_ns, what }).collect()
    }

    fn begun(&mut self, role: &'static str, epoch: u64, news: &mut Vec<Words>) {
        if self.epochs.insert(role, epoch).is_some_and(|before| before != epoch) {
            news.push(words(format!("{role} was started anew"), format!("{role} запущен заново")));
        }
    }

    fn capture(&mut self, now_ns: u64, line: &CaptureLine, news: &mut Vec<Words>) {
        let is_first = self.mode.is_none();
        let mut now = BTreeMap::new();
        for interface in &line.interfaces {
            let before = self.interfaces.get(&interface.name);
            if !is_first && before != Some(&interface.state) {
                news.push(interface_news(&interface.name, &interface.state));
            }
            now.insert(interface.name.clone(), interface.state.clone());
        }
        for gone in self.interfaces.keys().filter(|name| !now.contains_key(*name)) {
            news.push(words(format!("interface {gone} is gone"), format!("интерфейса {gone} больше нет")));
        }
        self.interfaces = now;
        if self.mode.replace(line.mode.clone()).is_some_and(|before| before != line.mode) {
            news.push(match line.mode.as_str() {
                "attack" => words(
                    "capture folds one-packet flows: there are too many",
                    "потоки из одного пакета складываются: их слишком много",
                ),
                _ => words("capture folds no flows any more", "потоки больше не складываются"),
            });
        }
        let (ledger, epoch) = (&line.ledger, line.envelope.epoch);
        let counts = [ledger.kernel_dropped, ledger.shed, ledger.coarsened, line.spool.errors];
        for (at, count) in counts.into_iter().enumerate() {
            self.burst(at, (epoch, count), now_ns, news);
        }
    }

    fn ingest(&mut self, now_ns: u64, line: &IngestLine, news: &mut Vec<Words>) {
        let word = line.database.split(':').next().unwrap_or_default().to_owned();
        let is_news = self.database.as_ref().is_some_and(|before| *before != word) && word != "connecting";
        if is_news {
            let told = self::line(&line.database, WORDS_CHARS_MAX);
            news.push(words(format!("the database: {told}"), format!("база данных: {told}")));
        }
        if word != "connecting" {
            self.database = Some(word);
        }
        let epoch = line.envelope.epoch;
        for (at, count) in [(4, line.packets_gap), (5, line.rows_parked), (6, line.rows_removed)] {
            self.burst(at, (epoch, count), now_ns, news);
        }
    }

    fn run(&mut self, line: &RunLine, news: &mut Vec<Words>) {
        for state in &line.roles {
            let before = self.failures.insert(state.role.clone(), state.failures);
            if before.is_some_and(|before| state.failures > before) {
                let why = state.recent_failures.last().map_or("", |failure| failure.why.as_str());
                let (role, why) = (&state.role, self::line(why, WORDS_CHARS_MAX));
                news.push(words(format!("{role} failed: {why}"), format!("сбой {role}: {why}")));
            }
        }
    }

    /// Begin and end of a growth; a counter of a new epoch counts from 0.
    fn burst(&mut self, at: usize, (epoch, count): (u64, u64), now_ns: u64, news: &mut Vec<Words>) {
        let burst = &mut self.bursts[at];
        let grown = match burst.last {
            None => 0,
            Some(last) if burst.epoch == epoch => count.saturating_sub(last),
            Some(_) => count,
        };
        (burst.epoch, burst.last) = (epoch, Some(count));
        let [begins, begins_ru, over, over_ru] = BURSTS[at];
        if grown > 0 {
            if burst.grew_ns == 0 {
                news.push(words(begins, begins_ru));
            }
            burst.sum = burst.sum.saturating_add(grown);
            burst.grew_ns = now_ns;
        } else if burst.grew_ns != 0 && now_ns.abs_diff(burst.grew_ns) >= CALM_NS {
            let told = |language| amount(burst.sum as f64, Unit::Count, language);
            news.push(words(over.replace("{}", &told(Language::En)), over_ru.replace("{}", &told(Language::Ru))));
            (burst.sum, burst.grew_ns) = (0, 0);
        }
    }
}

fn interface_news(name: &str, state: &str) -> Words {
    let (name, state) = (line(name, 20), line(state, WORDS_CHARS_MAX));
    let russian = match state.as_str() {
        "up" => "работает".to_owned(),
        "down" => "нет связи".to_owned(),
        "absent" => "отсутствует".to_owned(),
        other => other.replace("blind", "трафик не виден"),
    };
    words(format!("interface {name} is {state}"), format!("интерфейс {name}: {russian}"))
}

/// The counters of losses of the newest lines.
pub fn losses(lines: &Lines) -> Told {
    let capture = lines.capture.as_ref().map(|heard| {
        let ledger = &heard.line.ledger;
        let losses = Losses {
            dropped: ledger.kernel_dropped,
            pre_tap: ledger.pre_tap,
            coarsened: ledger.coarsened,
            shed: ledger.shed,
            blind: ledger.blind,
            ..Losses::default()
        };
        Counters { epoch: heard.line.envelope.epoch, losses }
    });
    let ingest = lines.ingest.as_ref().map(|heard| {
        let line = &heard.line;
        let losses = Losses {
            gap: line.packets_gap,
            rows_parked: line.rows_parked,
            rows_removed: line.rows_removed,
            bytes_removed: line.bytes_removed,
            ..Losses::default()
        };
        Counters { epoch: line.envelope.epoch, losses }
    });
    Told { capture, ingest }
}

#[cfg(test)]
mod tests;
