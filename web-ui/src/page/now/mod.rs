//! *Now*: the first page, and its figures as JSON.

mod api;
mod view;
mod words;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use self::view::{BooksView, HostView, RoleRow, TrafficView, VerdictView};
use self::words::Words;
use crate::action::Notice;
use crate::app::Shared;
use crate::guard::{Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::page::incident::Card;
use crate::role::now_ns;
use crate::routes::Route;
use crate::words::time;

/// The page and its JSON.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/", Right::User(Standing::Viewer), show),
        Route::get("/api/now", Right::User(Standing::Viewer), api::now),
    ]
}

#[derive(Template)]
#[template(path = "now.html")]
struct Page {
    frame: Frame,
    words: &'static Words,
    notice: Option<Notice>,
    time: time::Time,
    time_ms: u64,
    verdict: VerdictView,
    incidents: Vec<Card>,
    more_incidents: u64,
    is_notifier_heard: bool,
    traffic: Option<TrafficView>,
    host: Option<HostView>,
    books: Option<BooksView>,
    roles: Vec<RoleRow>,
}

async fn show(State(app): State<Shared>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let notice = Notice::of(&app.actions, &visitor, query.as_deref()).await;
    html(&page(&app, &visitor, notice, now_ns()))
}

fn page(app: &Shared, visitor: &Visitor, notice: Option<Notice>, now_ns: u64) -> Page {
    let language = visitor.language;
    let snapshot = app.now.borrow().clone();
    let (incidents, more_incidents) = view::cards(&snapshot, visitor, now_ns);
    let traffic = {
        let history = app.feed.history();
        snapshot.capture.as_ref().map(|heard| TrafficView::of(heard, &history, now_ns, language))
    };
    let host = snapshot.notifier.as_ref().filter(|heard| heard.line.host.time_ns > 0);
    Page {
        frame: Frame::of(Place::Now, visitor),
        words: Words::of(language),
        notice,
        time: time::clock(now_ns, language),
        time_ms: now_ns / 1_000_000,
        verdict: VerdictView::of(&snapshot, now_ns, language),
        incidents,
        more_incidents,
        is_notifier_heard: snapshot.health(live::Role::Notifier, now_ns).is_heard,
        traffic,
        host: host.map(|heard| HostView::of(&heard.line.host, heard.at_ns, now_ns, language)),
        books: snapshot.books().map(|books| BooksView::of(&books, language)),
        roles: snapshot.roles(now_ns).iter().map(|health| RoleRow::of(health, now_ns, language)).collect(),
    }
}

#[cfg(test)]
mod tests;
