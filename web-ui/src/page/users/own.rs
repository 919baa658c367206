//! What users change about their own sign-in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::account::done;
use super::words::Words;
use crate::app::Shared;
use crate::guard::{Caller, Fresh, Problem, Visitor};
use crate::page::fields::Fields;
use crate::role::now_ns;
use crate::sign_in::attempt::Refused;
use crate::sign_in::{password, totp, user};
use crate::words::Language;

/// What does not fit, in the words of either language.
fn unfit(pick: impl Fn(&Words) -> &'static str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, pick(Words::of(Language::En)), pick(Words::of(Language::Ru)))
}

#[derive(Debug, Deserialize)]
pub(super) struct LanguageForm {
    language: Language,
}

pub(super) async fn language(
    State(app): State<Shared>,
    visitor: Visitor,
    Fields(form): Fields<LanguageForm>,
) -> Result<Response, Problem> {
    let (name, language) = (visitor.user.clone(), form.language);
    app.state.call(move |db| user::set_language(db, &name, language)).await?;
    app.sessions.speak(&visitor.user, language);
    Ok(Redirect::to("/account").into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct PasswordForm {
    password: String,
    again: String,
}

pub(super) async fn password(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Fields(form): Fields<PasswordForm>,
) -> Result<Response, Problem> {
    if form.password != form.again {
        return Err(unfit(|words| words.differ));
    }
    password::check(&form.password, &visitor.user).map_err(|weak| unfit(move |words| words.weak(weak)))?;
    let hash = app.sign_in.passwords.hash(form.password).await.map_err(|_| Refused::Busy)?;
    let name = visitor.user.clone();
    app.state.call(move |db| user::set_password(db, &name, &hash)).await?;
    // Whoever knew the old one is out.
    app.sessions.close(&visitor.user, |number| number != visitor.session).await?;
    app.log.write(caller.entry(&visitor.user, "user.password", &visitor.user, Ok(())), now_ns());
    Ok(done("password"))
}

#[derive(Debug, Deserialize)]
pub(super) struct FactorForm {
    secret: String,
    code: String,
}

pub(super) async fn second_factor(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Fields(form): Fields<FactorForm>,
) -> Result<Response, Problem> {
    let now_ns = now_ns();
    let secret = totp::from_base32(&form.secret).ok_or_else(|| unfit(|words| words.wrong_code))?;
    let step =
        totp::step(&secret, &form.code, now_ns / 1_000_000_000).ok_or_else(|| unfit(|words| words.wrong_code))?;
    let name = visitor.user.clone();
    app.state.call(move |db| user::set_totp(db, &name, Some((secret, step)))).await?;
    app.log.write(caller.entry(&visitor.user, "user.second_factor", &visitor.user, Ok(())), now_ns);
    Ok(done("factor"))
}

pub(super) async fn no_second_factor(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
) -> Result<Response, Problem> {
    let name = visitor.user.clone();
    app.state.call(move |db| user::set_totp(db, &name, None)).await?;
    app.log.write(caller.entry(&visitor.user, "user.second_factor_remove", &visitor.user, Ok(())), now_ns());
    Ok(done("no-factor"))
}

#[derive(Debug, Deserialize)]
pub(super) struct CloseForm {
    /// Number of a session, or `others`.
    session: String,
}

pub(super) async fn close(
    State(app): State<Shared>,
    visitor: Visitor,
    caller: Caller,
    Fields(form): Fields<CloseForm>,
) -> Result<Response, Problem> {
    let own = visitor.session;
    let closed = if form.session == "others" {
        app.sessions.close(&visitor.user, |number| number != own).await?
    } else {
        let wanted = form.session.parse::<u64>().map_err(|_| unfit(|words| words.no_session))?;
        let closed = app.sessions.close(&visitor.user, |number| number == wanted).await?;
        if closed == 0 {
            return Err(Problem::not_found(Words::of(Language::En).no_session, Words::of(Language::Ru).no_session));
        }
        closed
    };
    let entry = caller.entry(&visitor.user, "session.close", &format!("{} ({closed})", form.session), Ok(()));
    app.log.write(entry, now_ns());
    Ok(done("closed"))
}
