//! *Users and log* for admins, and everybody's own account.

mod account;
mod admin;
mod own;
mod words;

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::Shared;
use crate::guard::{Problem, Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::push::token::Token;
use crate::role::now_ns;
use crate::routes::Route;
use crate::sign_in::user;
use crate::state::log;
use words::Words;

/// Rows of the log on one page.
const LOG_ROWS: u32 = 50;

pub fn routes() -> Vec<Route> {
    const ANYBODY: Right = Right::User(Standing::Viewer);
    const ADMIN: Right = Right::User(Standing::Admin);
    vec![
        Route::get("/users", ANYBODY, show),
        Route::get("/account", ANYBODY, account::show),
        Route::post("/account/language", ANYBODY, own::language),
        Route::post("/account/password", ANYBODY, own::password),
        Route::post("/account/second-factor", ANYBODY, own::second_factor),
        Route::post("/account/second-factor/remove", ANYBODY, own::no_second_factor),
        Route::post("/account/sessions/close", ANYBODY, own::close),
        Route::post("/users/add", ADMIN, admin::add),
        Route::post("/users/link", ADMIN, admin::link),
        Route::post("/users/standing", ADMIN, admin::standing),
        Route::post("/users/remove", ADMIN, admin::remove),
        Route::post("/users/sign-out", ADMIN, admin::sign_out),
        Route::post("/users/tokens/revoke", ADMIN, admin::revoke_token),
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

struct Person {
    user: user::User,
    sessions: usize,
    seen: Option<Moment>,
    is_self: bool,
}

/// A token of a script.
struct ScriptToken {
    token: Arc<Token>,
    expires: Option<Moment>,
}

struct LogRow {
    row: log::Row,
    time: Option<Moment>,
}

#[derive(Template)]
#[template(path = "users.html")]
struct Page {
    frame: Frame,
    words: &'static Words,
    is_fresh: bool,
    people: Vec<Person>,
    tokens: Vec<ScriptToken>,
    log: Vec<LogRow>,
    older: Option<u64>,
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
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    if visitor.standing < Standing::Admin {
        return Ok(Redirect::to("/account").into_response());
    }
    let Query(asked) = asked.map_err(|_| {
        Problem::bad_request("before= wants the number of a row of the log.", "В before= нужен номер строки журнала.")
    })?;
    let before = asked.before.unwrap_or(u64::MAX);
    let (people, rows) = app.state.call(move |db| Ok((user::list(db)?, log::read(db, before, LOG_ROWS)?))).await?;
    let counts = app.sessions.counts();
    let people = people.into_iter().map(|user| Person {
        sessions: counts.get(&user.name).copied().unwrap_or_default(),
        seen: Moment::of(user.seen_ns),
        is_self: user.name == visitor.user,
        user,
    });
    let tokens = app.push.tokens.list().into_iter().map(|token| ScriptToken {
        expires: token.expires_us.and_then(|us| Moment::of(us.saturating_mul(1_000))),
        token,
    });
    let words = Words::of(visitor.language);
    Ok(html(&Page {
        tokens: tokens.collect(),
        frame: Frame::of(Place::Users, &visitor),
        words,
        is_fresh: app.sessions.is_fresh(visitor.session, now_ns()),
        people: people.collect(),
        older: rows.last().filter(|_| rows.len() == LOG_ROWS as usize).map(|row| row.number),
        log: rows.into_iter().map(|row| LogRow { time: Moment::of(row.time_ns), row }).collect(),
        done: words.done(&asked.done),
    }))
}
