//! Everybody's own account: language, password, second factor, sessions.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Moment;
use super::words::Words;
use crate::app::Shared;
use crate::guard::{Problem, Visitor};
use crate::page::frame::{Frame, html};
use crate::role::now_ns;
use crate::sign_in::{Session, qr, totp, user};
use crate::words::Language;

struct OwnSession {
    session: Session,
    seen: Option<Moment>,
    created: Option<Moment>,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
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
    done: &'static str,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// What was done just now.
    #[serde(default)]
    done: String,
}

pub(super) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let words = Words::of(visitor.language);
    let name = visitor.user.clone();
    let kept = app.state.call(move |db| user::find(db, &name)).await?;
    let has_totp = kept.is_some_and(|kept| kept.totp.is_some());
    let secret = totp::secret();
    let sessions = app.sessions.of(&visitor.user).into_iter().map(|session| OwnSession {
        seen: Moment::of(session.seen_ns),
        created: Moment::of(session.created_ns),
        is_this: session.number == visitor.session,
        session,
    });
    let (language, title) = (visitor.language, words.account.to_owned());
    Ok(html(&Page {
        words,
        standing: words.standing(visitor.standing),
        is_fresh: app.sessions.is_fresh(visitor.session, now_ns()),
        has_totp,
        picture: qr::image(&totp::link(&secret, &visitor.user)).filter(|_| !has_totp).unwrap_or_default(),
        secret: totp::base32(&secret),
        sessions: sessions.collect(),
        done: words.done(&asked.done),
        user: visitor.user.clone(),
        frame: Frame { title, place: None, language, visitor: Some(visitor) },
    }))
}

/// Back to the page, which says what was done.
pub(super) fn done(what: &str) -> Response {
    Redirect::to(&format!("/account?done={what}")).into_response()
}
