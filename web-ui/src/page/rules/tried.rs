//! Trying a limit on stored data before it is saved.

use std::sync::Arc;
use std::time::Duration;

use live::detail::RuleDetail;
use tokio::sync::Semaphore;

use super::Asked;
use super::words::Texts;
use crate::app::Shared;
use crate::tools::{Trial, Tried};
use crate::words::Language;
use crate::words::number::{count, duration};
use crate::words::time::{Time, moment_s};

/// What is looked at.
const SECONDS: u32 = 86_400;

/// Firings that are listed.
const LISTED_MAX: usize = 20;

/// One at a time: each reads a day of rows from the store.
static ROOM: Semaphore = Semaphore::const_new(1);

/// What a page shows of it.
pub struct TriedView {
    pub tone: &'static str,
    pub text: String,
    pub firings: Vec<FiringView>,
}

pub struct FiringView {
    pub from: Time,
    pub to: Option<Time>,
    pub subject: String,
}

fn told(tone: &'static str, text: impl Into<String>) -> TriedView {
    TriedView { tone, text: text.into(), firings: Vec::new() }
}

/// Runs the back-test for the levels in the address.
pub async fn run(app: &Shared, rule: &RuleDetail, asked: &Asked, w: &'static Texts, language: Language) -> TriedView {
    let Some(backtest) = app.options.tools.backtest.clone() else { return told("warn", w.no_backtest) };
    let number = |text: &str| match text.trim().replace(',', ".").as_str() {
        "" => Ok(None),
        text => text.parse::<f64>().ok().filter(|level| level.is_finite()).map(Some).ok_or(()),
    };
    let (Ok(limit), Ok(clear)) = (number(&asked.limit), number(&asked.clear)) else {
        return told("bad", w.bad_number);
    };
    let Ok(place) = ROOM.try_acquire() else { return told("warn", w.busy) };
    let trial = Trial { rule: rule.name.clone(), limit, clear, seconds: SECONDS };
    let run = Arc::clone(&backtest.0);
    let ran = tokio::task::spawn_blocking(move || {
        // Held by the thread: a visitor who goes away does not begin a second one.
        let _place = place;
        run(&trial)
    });
    match ran.await {
        Ok(Ok(tried)) => view(&tried, language),
        Ok(Err(why)) => told("bad", why),
        Err(error) => told("bad", error.to_string()),
    }
}

fn view(tried: &Tried, language: Language) -> TriedView {
    let length = |seconds: u64| duration(Duration::from_secs(seconds), language);
    let fired = count(tried.fired, language);
    let mut text = match (tried.judged_seconds, tried.fired) {
        (0, _) => language
            .pick("This cannot be judged from what is stored.", "По тому, что сохранено, об этом судить нельзя.")
            .to_owned(),
        (_, 0) => language
            .pick("It would not have fired in the last 24 hours.", "За последние 24 часа оно бы не сработало.")
            .to_owned(),
        (..) => {
            let long = length(tried.fired_seconds);
            match language {
                Language::En => format!("It would have fired {fired} times in the last 24 hours, {long} in all."),
                Language::Ru => format!("Срабатываний за последние 24 часа было бы {fired}, всего {long}."),
            }
        }
    };
    if tried.judged_seconds > 0 {
        let (judged, unknown) = (length(tried.judged_seconds), length(tried.unknown_seconds));
        text += &match language {
            Language::En => format!(" Judged: {judged}; no data: {unknown}."),
            Language::Ru => format!(" Данные есть за {judged}, нет за {unknown}."),
        };
    }
    if !tried.not_stored.is_empty() {
        let names = tried.not_stored.join(", ");
        text += &match language {
            Language::En => format!(" Not stored: {names}."),
            Language::Ru => format!(" Не сохраняется: {names}."),
        };
    }
    let firing = |(from, to, subject): &(u64, Option<u64>, String)| FiringView {
        from: moment_s(*from, language),
        to: to.map(|to| moment_s(to, language)),
        subject: subject.clone(),
    };
    let tone = match (tried.judged_seconds, tried.fired) {
        (0, _) => "warn",
        (_, 0) => "good",
        _ => "warn",
    };
    TriedView { tone, text, firings: tried.firings.iter().take(LISTED_MAX).map(firing).collect() }
}
