//! The labels: their list, and the form that sets one.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::texts::Texts;
use crate::app::Shared;
use crate::guard::{Right, Standing, Visitor, own_path};
use crate::labels::{Label, LabelError};
use crate::page::frame::{Frame, Place, html};
use crate::role::{now_ns, now_s};
use crate::routes::Route;
use crate::state::log::Entry;
use crate::words::{Language, time};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/labels", Right::User(Standing::Viewer), show),
        Route::post("/labels", Right::User(Standing::Operator), set),
    ]
}

#[derive(Template)]
#[template(path = "labels.html")]
struct Page {
    frame: Frame,
    say: &'static Texts,
    labels: Vec<(Label, time::Time)>,
    may_edit: bool,
    wrong: Option<String>,
    prefix: String,
    label: String,
}

/// The form.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    label: String,
    /// Own path to return to.
    #[serde(default)]
    back: String,
}

async fn show(State(app): State<Shared>, visitor: Visitor) -> Response {
    app.labels.load(&app.state).await;
    html(&Page::of(&app, &visitor))
}

async fn set(State(app): State<Shared>, visitor: Visitor, Form(typed): Form<Typed>) -> Response {
    app.labels.load(&app.state).await;
    let done = app.labels.set(&app.state, &typed.prefix, &typed.label, &visitor.user, now_s()).await;
    let Err(error) = done else {
        let entry = Entry {
            who: visitor.user.clone(),
            action: "label.set",
            subject: typed.prefix.trim().to_owned(),
            result: format!("done: {}", typed.label.trim()),
            ..Entry::default()
        };
        app.log.write(entry, now_ns());
        return Redirect::to(own_path(&typed.back).unwrap_or("/labels")).into_response();
    };
    let status = match &error {
        LabelError::State(error) => {
            tracing::warn!(%error, "a label cannot be kept");
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::BAD_REQUEST,
    };
    let wrong = Some(words(&error, visitor.language));
    let page = Page { wrong, prefix: typed.prefix, label: typed.label, ..Page::of(&app, &visitor) };
    (status, html(&page)).into_response()
}

fn words(error: &LabelError, language: Language) -> String {
    match (error, language) {
        (LabelError::Prefix(text), Language::Ru) => format!("«{text}» — не адрес и не префикс."),
        (LabelError::Prefix(text), Language::En) => format!("“{text}” is not an address or a prefix."),
        (LabelError::Long, _) => {
            language.pick("A label has at most 60 characters.", "В имени не больше 60 знаков.").to_owned()
        }
        (LabelError::Full, _) => language
            .pick("There are 10,000 labels already: remove some.", "Уже есть 10 000 имён: уберите лишние.")
            .to_owned(),
        (LabelError::State(_), _) => language
            .pick(
                "The page's own file cannot be written now: is the disk full? Try again.",
                "Собственный файл страницы сейчас не пишется: диск не переполнен? Повторите.",
            )
            .to_owned(),
    }
}

impl Page {
    fn of(app: &Shared, visitor: &Visitor) -> Page {
        let language = visitor.language;
        let say = Texts::of(language);
        let with_time = |label: Label| {
            let at = time::short(u64::from(label.at) * 1_000_000_000, language);
            (label, at)
        };
        Page {
            frame: Frame::of(Place::Hosts, visitor).titled(say.labels),
            say,
            labels: app.labels.list().into_iter().map(with_time).collect(),
            may_edit: visitor.standing >= Standing::Operator,
            wrong: None,
            prefix: String::new(),
            label: String::new(),
        }
    }
}
