//! *Hosts and flows*: the search for who spoke to whom, newest first.

mod ask;
mod csv;
mod find;
pub mod host;
mod label;
mod row;
mod stream;
mod texts;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::app::Shared;
use crate::guard::{Problem, Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::page::query::Typed;
use crate::role::now_s;
use crate::routes::Route;
use crate::stored::{Search, StoredError, Told};
use crate::words::{Language, number};
use ask::{Asked, Nonsense, PROTOCOLS};
use row::{Names, Shown};
use stream::Job;
use texts::Texts;

/// Rows of a page.
const ROWS_MAX: usize = 50;

/// How long a page searches before it is shown with what there is.
const TIME_MAX: Duration = Duration::from_millis(600);

/// Searches that stream at once: each keeps one of the few readers busy most of the time.
const STREAMS_MAX: usize = 4;

static STREAMS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(STREAMS_MAX)));

pub fn routes() -> Vec<Route> {
    let viewer = Right::User(Standing::Viewer);
    let own = vec![
        Route::get("/flows", viewer, show),
        Route::get("/api/flows", viewer, api),
        Route::get("/flows.csv", viewer, file),
    ];
    [own, host::routes(), label::routes()].into_iter().flatten().collect()
}

#[derive(Template)]
#[template(path = "flows.html")]
struct Page {
    frame: Frame,
    say: &'static Texts,
    form: Form,
    wrong: Option<String>,
    failed: Option<Told>,
    is_asked: bool,
    rows: Vec<Shown>,
    progress: String,
    /// The query that goes on; empty = all was read.
    further: String,
    csv: String,
    is_done: bool,
}

/// What was typed.
struct Form {
    address: String,
    port: String,
    protocol: String,
    from: String,
    to: String,
    protocols: [(u8, &'static str); 8],
}

async fn show(State(app): State<Shared>, visitor: Visitor, typed: Typed) -> Response {
    let language = visitor.language;
    let mut page = Page::of(&typed, &visitor);
    let asked = match Asked::of(&typed, now_s()) {
        Ok(asked) => asked,
        Err(nonsense) => {
            page.wrong = Some(nonsense.words(language));
            return (StatusCode::BAD_REQUEST, html(&page)).into_response();
        }
    };
    app.labels.load(&app.state).await;
    page.is_asked = true;
    let names = match app.stored.interfaces().await {
        Ok(names) => Names::of(&names),
        Err(error) => {
            page.failed = Some(error.told(language));
            return html(&page);
        }
    };
    let found = find::find(&app.stored, &asked, ROWS_MAX, TIME_MAX).await;
    page.failed = found.failed.map(|error| error.told(language));
    page.rows = found.rows.iter().map(|flow| Shown::of(flow, &names, &app.labels, language)).collect();
    if let Some(search) = &found.search {
        page.progress = progress(search, language);
        page.is_done = search.is_done();
        if !page.is_done {
            page.further = typed.with(&[("cursor", &search.cursor().to_string())]);
        }
    }
    html(&page)
}

async fn api(State(app): State<Shared>, visitor: Visitor, typed: Typed) -> Result<Response, Problem> {
    Ok(stream::lines(job(app, &visitor, &typed).await?))
}

async fn file(State(app): State<Shared>, visitor: Visitor, typed: Typed) -> Result<Response, Problem> {
    Ok(stream::file(job(app, &visitor, &typed).await?))
}

async fn job(app: Shared, visitor: &Visitor, typed: &Typed) -> Result<Job, Problem> {
    let wrong = |nonsense: Nonsense| {
        let [en, ru] = [Language::En, Language::Ru].map(|language| nonsense.words(language));
        Problem::new(StatusCode::BAD_REQUEST, en, ru)
    };
    let asked = Asked::of(typed, now_s()).map_err(wrong)?;
    let place = Arc::clone(&STREAMS).try_acquire_owned().map_err(|_| StoredError::Busy.problem())?;
    app.labels.load(&app.state).await;
    Ok(Job { app, asked, language: visitor.language, place })
}

/// How far a search has read.
fn progress(search: &Search, language: Language) -> String {
    if search.is_done() {
        return language
            .pick("All that is stored of this time was read.", "Прочитано всё, что записано за это время.")
            .to_owned();
    }
    let (begin, read, end) = (search.begin_time().min(now_s()), search.cursor().time(), search.end());
    let say = |seconds: u32| number::duration(Duration::from_secs(seconds.into()), language);
    let (done, all) = (say(begin.saturating_sub(read)), say(begin.saturating_sub(end)));
    match language {
        Language::En => format!("Read back {done} of {all}."),
        Language::Ru => format!("Прочитано назад: {done} из {all}."),
    }
}

impl Page {
    fn of(typed: &Typed, visitor: &Visitor) -> Page {
        let field = |name: &str| typed.get(name).to_owned();
        Page {
            frame: Frame::of(Place::Hosts, visitor),
            say: Texts::of(visitor.language),
            form: Form {
                address: field("address"),
                port: field("port"),
                protocol: field("protocol"),
                from: field("from"),
                to: field("to"),
                protocols: PROTOCOLS,
            },
            wrong: None,
            failed: None,
            is_asked: false,
            rows: Vec::new(),
            progress: String::new(),
            further: String::new(),
            csv: typed.with(&[("cursor", "")]),
            is_done: true,
        }
    }
}

#[cfg(test)]
mod tests;
