//! What admins change about users. Each needs a sign-in of the last 15 minutes.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::words::Words;
use crate::app::Shared;
use crate::guard::{Caller, Fresh, Problem, Standing, Visitor};
use crate::page::fields::Fields;
use crate::page::frame::{Frame, Place, html};
use crate::push::token::TokenError;
use crate::random;
use crate::role::now_ns;
use crate::sign_in::user::{self, Change, Fault, LINK_S};
use crate::sign_in::{address, qr};
use crate::words::Language;

#[derive(Template)]
#[template(path = "user_link.html")]
struct LinkPage {
    frame: Frame,
    words: &'static Words,
    user: String,
    link: String,
    picture: String,
    is_loopback: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct NameForm {
    name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct StandingForm {
    name: String,
    standing: Standing,
}

fn problem(fault: Fault) -> Problem {
    let status = match fault {
        Fault::Name => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::Unknown => StatusCode::NOT_FOUND,
        Fault::Exists | Fault::LastAdmin | Fault::Many => StatusCode::CONFLICT,
    };
    Problem::new(status, fault.told(Language::En), fault.told(Language::Ru))
}

/// Makes the change, and the row of the log about it.
async fn change(
    app: &Shared,
    caller: &Caller,
    visitor: &Visitor,
    (name, word, change): (&str, &'static str, Change),
) -> Result<(), Problem> {
    let (wanted, now_ns) = (name.to_owned(), now_ns());
    let made = app.state.call(move |db| user::change(db, &wanted, &change, now_ns)).await?;
    let told = made.map(|standing| standing.name()).map_err(|fault| fault.to_string());
    let subject = format!("{name} {}", told.as_deref().unwrap_or_default());
    app.log.write(
        caller.entry(&visitor.user, word, subject.trim_end(), told.as_ref().map(|_| ()).map_err(|t| t.as_str())),
        now_ns,
    );
    made.map(|_| ()).map_err(problem)
}

/// A link that was made now, and the page that shows it this once.
fn fresh_link(app: &Shared, visitor: &Visitor, name: &str) -> (user::Link, Response) {
    let token = random::token();
    let expires_ns = now_ns().saturating_add(LINK_S * 1_000_000_000);
    let reach = address::reach(&app.options.config);
    let link = format!("{}/enrol/{token}", reach.url);
    let page = LinkPage {
        frame: Frame { title: Words::of(visitor.language).link_title.to_owned(), ..Frame::of(Place::Users, visitor) },
        words: Words::of(visitor.language),
        user: name.to_owned(),
        picture: qr::image(&link).unwrap_or_default(),
        is_loopback: reach.is_loopback,
        link,
    };
    (user::Link { token_hash: random::hash(&token), expires_ns }, html(&page))
}

pub(super) async fn add(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Fields(form): Fields<StandingForm>,
) -> Result<Response, Problem> {
    let name = form.name.trim();
    let (link, page) = fresh_link(&app, &visitor, name);
    change(&app, &caller, &visitor, (name, "user.add", Change::Add(Some(form.standing), link))).await?;
    Ok(page)
}

pub(super) async fn link(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Fields(form): Fields<NameForm>,
) -> Result<Response, Problem> {
    let (link, page) = fresh_link(&app, &visitor, &form.name);
    change(&app, &caller, &visitor, (&form.name, "user.link", Change::Link(link))).await?;
    Ok(page)
}

pub(super) async fn standing(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Fields(form): Fields<StandingForm>,
) -> Result<Response, Problem> {
    change(&app, &caller, &visitor, (&form.name, "user.standing", Change::Standing(form.standing))).await?;
    app.sessions.promote(&form.name, form.standing);
    Ok(done("standing"))
}

pub(super) async fn remove(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Fields(form): Fields<NameForm>,
) -> Result<Response, Problem> {
    change(&app, &caller, &visitor, (&form.name, "user.remove", Change::Remove)).await?;
    app.sessions.close(&form.name, |_| true).await?;
    Ok(done("removed"))
}

pub(super) async fn sign_out(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Fields(form): Fields<NameForm>,
) -> Result<Response, Problem> {
    let own = visitor.session;
    let closed = app.sessions.close(&form.name, |number| number != own).await?;
    app.log.write(caller.entry(&visitor.user, "user.sign_out", &format!("{} ({closed})", form.name), Ok(())), now_ns());
    Ok(done("closed"))
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenForm {
    id: i64,
}

pub(super) async fn revoke_token(
    State(app): State<Shared>,
    Fresh(visitor): Fresh,
    caller: Caller,
    Fields(form): Fields<TokenForm>,
) -> Result<Response, Problem> {
    app.push.tokens.revoke(form.id).await.map_err(|error| match error {
        TokenError::State(error) => error.into(),
        _ => Problem::not_found(
            "There is no such token; it may be revoked already.",
            "Такого токена нет; возможно, он уже отозван.",
        ),
    })?;
    // What reads by it ends.
    app.hub.recheck();
    app.log.write(caller.entry(&visitor.user, "token.revoke", &form.id.to_string(), Ok(())), now_ns());
    Ok(done("revoked"))
}

/// Back to the page, which says what was done.
fn done(what: &str) -> Response {
    Redirect::to(&format!("/users?done={what}")).into_response()
}
