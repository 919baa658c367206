//! The link that `floodmark user add` prints: a look at it changes nothing (mail scanners and chat programs look), its
//! form sets the password and signs in.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::words::Words;
use crate::app::Shared;
use crate::guard::{Caller, Problem, language_of};
use crate::page::fields::Fields;
use crate::page::frame::{Frame, html};
use crate::random;
use crate::role::now_ns;
use crate::sign_in::totp::{self, SECRET_BYTES};
use crate::sign_in::{Opened, password, qr, user};
use crate::words::Language;

#[derive(Template)]
#[template(path = "enrol.html")]
struct Page<'a> {
    frame: Frame,
    words: &'static Words,
    user: &'a str,
    secret: String,
    picture: String,
    error: &'a str,
}

fn page(user: &str, secret: &[u8; SECRET_BYTES], language: Language, error: &str) -> Response {
    let words = Words::of(language);
    let frame = Frame { title: format!("{} {user}", words.welcome), place: None, language, visitor: None };
    let picture = qr::image(&totp::link(secret, user)).unwrap_or_default();
    html(&Page { frame, words, user, secret: totp::base32(secret), picture, error })
}

/// Of a link that never was, was used, or is too old: nobody learns which.
fn gone() -> Problem {
    Problem::new(
        StatusCode::GONE,
        "This link does not hold: it was used, is older than 10 minutes, or is not whole. `floodmark user passwd NAME` makes a new one.",
        "Эта ссылка не действует: она уже использована, старше 10 минут или скопирована не целиком. Новую создаёт floodmark user passwd ИМЯ.",
    )
}

pub(super) async fn show(
    State(app): State<Shared>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (hash, now_ns) = (random::hash(&token), now_ns());
    let user = app.state.call(move |db| user::look(db, &hash, now_ns)).await?.ok_or_else(gone)?;
    Ok(page(&user, &totp::secret(), language_of(&headers), ""))
}

#[derive(Debug, Deserialize)]
pub(super) struct Form {
    password: String,
    again: String,
    secret: String,
    #[serde(default)]
    code: String,
}

impl Form {
    /// The second factor that was set up, if one was.
    fn totp(&self, now_ns: u64, words: &Words) -> Result<Option<([u8; SECRET_BYTES], u64)>, &'static str> {
        if self.code.trim().is_empty() {
            return Ok(None);
        }
        let secret = totp::from_base32(&self.secret).ok_or(words.wrong_code)?;
        let step = totp::step(&secret, &self.code, now_ns / 1_000_000_000).ok_or(words.wrong_code)?;
        Ok(Some((secret, step)))
    }
}

pub(super) async fn redeem(
    State(app): State<Shared>,
    Path(token): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    Fields(form): Fields<Form>,
) -> Result<Response, Problem> {
    let (link, now_ns) = (random::hash(&token), now_ns());
    let user = app.state.call(move |db| user::look(db, &link, now_ns)).await?.ok_or_else(gone)?;
    let language = language_of(&headers);
    let words = Words::of(language);
    let again = |error: &str| {
        let secret = totp::from_base32(&form.secret).unwrap_or_else(totp::secret);
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&user, &secret, language, error)).into_response())
    };
    if form.password != form.again {
        return again(words.differ);
    }
    if let Err(weak) = password::check(&form.password, &user) {
        return again(words.weak(weak));
    }
    let totp = match form.totp(now_ns, words) {
        Ok(totp) => totp,
        Err(told) => return again(told),
    };
    let busy = |_| Problem::from(crate::sign_in::attempt::Refused::Busy);
    let password = app.sign_in.passwords.hash(form.password.clone()).await.map_err(busy)?;
    let token = random::token();
    let session = random::hash(&token);
    let redeem = user::Redeem { link, password, totp, language, session, caller: caller.clone() };
    let done = app.state.call(move |db| user::redeem(db, &redeem, now_ns)).await?;
    let told = done.as_ref().map(|_| ()).ok_or("the link was used");
    app.log.write(caller.entry(&user, "user.enrol", "", told), now_ns);
    let opened = Opened { session: done.ok_or_else(gone)?, token };
    app.sessions.enrolled(session, &opened.session);
    Ok((app.sign_in.cookies(&opened, &headers, caller.is_tls), Redirect::to("/")).into_response())
}
