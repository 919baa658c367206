//! *Incidents*: the list, and one incident. Those that go on come from notifier's live line, never from SQL; those that
//! are over come from the store.

mod ask;
mod past;
mod view;
mod words;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use live::incident::Incident;

use self::ask::{Asked, Show};
use self::view::{Choice, One};
use self::words::Words;
use crate::action::Notice;
use crate::app::Shared;
use crate::guard::{Problem, Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::page::incident::Card;
use crate::page::query::Typed;
use crate::role::now_ns;
use crate::routes::Route;
use crate::words::number::count;

/// Past incidents of a list; the filters find the others.
const LIST_MAX: usize = 200;

/// The list and one incident.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/incidents", Right::User(Standing::Viewer), list),
        Route::get("/incidents/{id}", Right::User(Standing::Viewer), one),
    ]
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct List {
    frame: Frame,
    words: &'static Words,
    notice: Option<Notice>,
    choices: Vec<Vec<Choice>>,
    /// Of the rule that is looked at; empty = all.
    rule: String,
    without_rule: String,
    is_open_shown: bool,
    is_notifier_heard: bool,
    open: Vec<Card>,
    /// Those that notifier's line has no room for.
    open_more: String,
    is_past_shown: bool,
    past: Vec<Card>,
    past_more: String,
    /// Why there are no past ones to show; empty = they are known.
    trouble: String,
}

async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    typed: Typed,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::of(&typed)?;
    let now_ns = now_ns();
    let language = visitor.language;
    let snapshot = app.now.borrow().clone();
    let is_notifier_heard = snapshot.health(live::Role::Notifier, now_ns).is_heard;
    let card = |incident: &Incident| Card::new(incident, &visitor, now_ns);
    let open: Vec<Card> = snapshot.incidents().iter().filter(|incident| asked.is_wanted(incident)).map(card).collect();
    let told = snapshot.notifier.as_ref().map_or(0, |heard| heard.line.incidents_open);
    let open_more = told.saturating_sub(snapshot.incidents().len() as u64);
    let (mut past, mut trouble, mut past_more) = (Vec::new(), String::new(), 0);
    if asked.show != Show::Open {
        match past::list(&app, &asked, snapshot.incidents(), now_ns).await {
            Ok(found) => {
                past_more = found.len().saturating_sub(LIST_MAX);
                past = found.iter().take(LIST_MAX).map(card).collect();
            }
            Err(error) if error.is_empty() => {}
            Err(error) => trouble = error.words(language),
        }
    }
    let said = |left: u64| if left > 0 { count(left, language) } else { String::new() };
    Ok(html(&List {
        frame: Frame::of(Place::Incidents, &visitor),
        words: Words::of(language),
        notice: Notice::of(&app.actions, &visitor, query.as_deref()).await,
        choices: view::choices(&asked, &typed, language),
        rule: asked.rule.clone(),
        without_rule: typed.with(&[("rule", ""), ("done", "")]),
        is_open_shown: asked.show != Show::Past,
        is_notifier_heard,
        open,
        open_more: said(open_more),
        is_past_shown: asked.show != Show::Open,
        past,
        past_more: said(past_more as u64),
        trouble,
    }))
}

#[derive(Template)]
#[template(path = "incident.html")]
struct OnePage {
    frame: Frame,
    words: &'static Words,
    notice: Option<Notice>,
    one: One,
    is_admin: bool,
}

async fn one(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let key = ask::id(&id).ok_or_else(|| {
        Problem::bad_request(
            "An incident’s id has 32 hexadecimal digits.",
            "Номер инцидента состоит из 32 шестнадцатеричных цифр.",
        )
    })?;
    let now_ns = now_ns();
    let language = visitor.language;
    let live = app.now.borrow().incidents().iter().find(|incident| incident.id.eq_ignore_ascii_case(&id)).cloned();
    let incident = match live {
        Some(incident) => incident,
        None => past::one(&app, key)
            .await
            .map_err(|error| {
                Problem::unavailable(error.words(crate::words::Language::En), error.words(crate::words::Language::Ru))
            })?
            .ok_or_else(|| {
                Problem::not_found(
                    "There is no such incident: it is not open, and the store does not have it (yet).",
                    "Такого инцидента нет: он не открыт, и в базе его нет (или ещё нет).",
                )
            })?,
    };
    let chart = past::chart(&app, &incident, now_ns).await;
    let one = One::new(&incident, chart, &visitor, now_ns);
    let title = format!("{} – {}", one.card.title, one.card.subject);
    Ok(html(&OnePage {
        frame: Frame::of(Place::Incidents, &visitor).titled(title),
        words: Words::of(language),
        notice: Notice::of(&app.actions, &visitor, query.as_deref()).await,
        one,
        is_admin: visitor.standing >= Standing::Admin,
    })
    .into_response())
}

#[cfg(test)]
mod tests;
