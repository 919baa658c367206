//! Why the store has no answer, as a state that a page shows.

use std::time::Duration;

use axum::http::StatusCode;
use store::StoreError;

use crate::guard::Problem;
use crate::words::Language;

/// There is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// There are no tables yet: nothing was stored so far.
    #[error("the store has no tables yet")]
    Empty,
    /// It cannot be reached, and for how long that has been so.
    #[error("the store cannot be reached (for {0:?})")]
    Away(Duration),
    /// Too many ask at once.
    #[error("too many questions to the store at once")]
    Busy,
    /// The answer would take longer than the bound.
    #[error("the store did not answer in time")]
    TooSlow,
    /// Anything else; the log has it.
    #[error("the store gave an error")]
    Failed,
}

/// A [`StoredError`] as a template shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Only that nothing is there yet: no alarm.
    pub is_empty: bool,
    /// For people.
    pub words: String,
}

impl StoredError {
    /// What a failure is to the page; `for_` = how long it has not been reached.
    pub(super) fn of(error: &StoreError, for_: Duration) -> StoredError {
        match error {
            StoreError::NotMigrated { .. } => StoredError::Empty,
            StoreError::Timeout { .. } => StoredError::TooSlow,
            StoreError::Unreachable { .. } | StoreError::Transient { .. } => StoredError::Away(for_),
            _ => StoredError::Failed,
        }
    }

    /// Whether it is only that nothing is there yet.
    pub fn is_empty(&self) -> bool {
        matches!(self, StoredError::Empty)
    }

    /// For a template.
    pub fn told(&self, language: Language) -> Told {
        Told { is_empty: self.is_empty(), words: self.words(language) }
    }

    /// For a program.
    pub fn problem(self) -> Problem {
        let status = if self.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::SERVICE_UNAVAILABLE };
        Problem::new(status, self.words(Language::En), self.words(Language::Ru))
    }

    /// For people, with what to do.
    pub fn words(&self, language: Language) -> String {
        match self {
            StoredError::Empty => language
                .pick("No data yet: nothing has been stored so far.", "Данных пока нет: ещё ничего не записано.")
                .to_owned(),
            StoredError::Away(for_) => away(*for_, language),
            StoredError::Busy => language
                .pick(
                    "Too many questions to the database at once. Try again in a moment.",
                    "Слишком много запросов к базе данных сразу. Повторите через несколько секунд.",
                )
                .to_owned(),
            StoredError::TooSlow => language
                .pick(
                    "The database did not answer in time. Ask for a shorter time, or try again.",
                    "База данных не ответила вовремя. Выберите более короткое время или повторите запрос.",
                )
                .to_owned(),
            StoredError::Failed => language
                .pick(
                    "The database gave an error; the log of the web role says which.",
                    "База данных сообщила об ошибке; какой — записано в журнале роли web.",
                )
                .to_owned(),
        }
    }
}

fn away(for_: Duration, language: Language) -> String {
    let for_ = crate::words::number::duration(for_, language);
    match language {
        Language::En => format!(
            "The database has not answered for {for_}. Live numbers and warnings do not need it; what is captured \
             waits on disk and is stored when it is back."
        ),
        Language::Ru => format!(
            "База данных не отвечает уже {for_}. Текущие показания и оповещения от неё не зависят; захваченное ждёт на \
             диске и будет записано, когда она вернётся."
        ),
    }
}
