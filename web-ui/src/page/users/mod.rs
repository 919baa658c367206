//! *Users and log*: one's own sign-in for everybody; users and the log for admins.

mod admin;
mod own;
mod words;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::Shared;
use crate::guard::{Problem, Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::role::now_ns;
use crate::routes::Route;
use crate::sign_in::{Session, qr, totp, user};
use crate::state::log;
use crate::words::Language;
use words::Words;

/// Rows of the log on one page.
const LOG_ROWS: u32 = 50;

pub fn routes() -> Vec<Route> {
    const ANYBODY: Right = Right::User(Standing::Viewer);
    const ADMIN: Right = Right::User(Standing::Admin);
    vec![
        Route::get("/users", ANYBODY, show),
        Route::post("/users/language", ANYBODY, own::language),
        Route::post("/users/password", ANYBODY, own::password),
        Route::post("/users/second-factor", ANYBODY, own::second_factor),
        Route::post("/users/second-factor/remove", ANYBODY, own::no_second_factor),
        Route::post("/users/sessions/close", ANYBODY, own::close),
        Route::post("/users/add", ADMIN, admin::add),
        Route::post("/users/link", ADMIN, admin::link),
        Route::post("/users/standing", ADMIN, admin::standing),
        Route::post("/users/remove", ADMIN, admin::remove),
        Route::post("/users/sign-out", ADMIN, admin::sign_out),
    ]
}

/// Time as people read it, and as programs do.
struct Moment {
    machine: String,
    text: String,
}

impl Moment {
    /// In the server's zone. 0 = no moment.
    fn of(ns: u64) -> Option<Moment> {
        let time = jiff::Timestamp::from_nanosecond(i128::from(ns)).ok().filter(|_| ns > 0)?;
        let text = time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        Some(Moment { machine: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), text })
    }
}

struct OwnSession {
    session: Session,
    seen: Option<Moment>,
    created: Option<Moment>,
    is_this: bool,
}

struct Person {
    user: user::User,
    sessions: usize,
    seen: Option<Moment>,
    is_self: bool,
}

struct LogRow {
    row: log::Row,
    time: Option<Moment>,
}

/// What only admins see.
struct Administration {
    people: Vec<Person>,
    log: Vec<LogRow>,
    older: Option<u64>,
}

#[derive(Template)]
#[template(path = "users.html")]
struct Page {
    frame: Frame,
    words: &'static Words,
    user: String,
    standing: &'static str,
    is_fresh: bool,
    has_totp: bool,
    secret: String,
    picture: String,
    sessions: Vec<OwnSession>,
    administration: Option<Administration>,
    done: &'static str,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Rows of the log before this number.
    before: Option<u64>,
    /// What was done just now.
    #[serde(default)]
    done: String,
}

async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| {
        Problem::bad_request("before= wants the number of a row of the log.", "В before= нужен номер строки журнала.")
    })?;
    let words = Words::of(visitor.language);
    let is_fresh = app.sessions.is_fresh(visitor.session, now_ns());
    let name = visitor.user.clone();
    let before = asked.before.unwrap_or(u64::MAX);
    let is_admin = visitor.standing == Standing::Admin;
    let (kept, people, rows) = app
        .state
        .call(move |db| {
            let kept = user::find(db, &name)?;
            let people = if is_admin { user::list(db)? } else { Vec::new() };
            let rows = if is_admin { log::read(db, before, LOG_ROWS)? } else { Vec::new() };
            Ok((kept, people, rows))
        })
        .await?;
    let has_totp = kept.is_some_and(|kept| kept.totp.is_some());
    let secret = totp::secret();
    let sessions = app.sessions.of(&visitor.user).into_iter().map(|session| OwnSession {
        seen: Moment::of(session.seen_ns),
        created: Moment::of(session.created_ns),
        is_this: session.number == visitor.session,
        session,
    });
    let counts = app.sessions.counts();
    let administration = is_admin.then(|| Administration {
        older: rows.last().filter(|_| rows.len() == LOG_ROWS as usize).map(|row| row.number),
        log: rows.into_iter().map(|row| LogRow { time: Moment::of(row.time_ns), row }).collect(),
        people: people
            .into_iter()
            .map(|user| Person {
                sessions: counts.get(&user.name).copied().unwrap_or_default(),
                seen: Moment::of(user.seen_ns),
                is_self: user.name == visitor.user,
                user,
            })
            .collect(),
    });
    let page = Page {
        frame: Frame::of(Place::Users, &visitor),
        words,
        standing: words.standing(visitor.standing),
        is_fresh,
        has_totp,
        picture: if has_totp {
            String::new()
        } else {
            qr::image(&totp::link(&secret, &visitor.user)).unwrap_or_default()
        },
        secret: totp::base32(&secret),
        sessions: sessions.collect(),
        administration,
        done: words.done(&asked.done),
        user: visitor.user,
    };
    Ok(html(&page))
}

/// Back to the page, which says what was done.
fn done(what: &str) -> Response {
    Redirect::to(&format!("/users?done={what}")).into_response()
}
