//! Signing in and out, and confirming that it is still the user.

mod enrol;
mod words;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::Shared;
use crate::guard::{Caller, Problem, Right, Standing, Visitor, language_of, own_path};
use crate::page::fields::Fields;
use crate::page::frame::{Frame, html};
use crate::role::now_ns;
use crate::routes::Route;
use crate::sign_in::attempt::{self, Typed};
use crate::words::Language;
use words::Words;

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/sign-in", Right::Anyone, show),
        Route::post("/sign-in", Right::Anyone, enter),
        Route::post("/sign-out", Right::User(Standing::Viewer), leave),
        Route::get("/confirm", Right::User(Standing::Viewer), ask),
        Route::post("/confirm", Right::User(Standing::Viewer), confirm),
        Route::get("/enrol/{token}", Right::Anyone, enrol::show),
        Route::post("/enrol/{token}", Right::Anyone, enrol::redeem),
    ]
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    frame: Frame,
    words: &'static Words,
    action: &'static str,
    name: &'a str,
    is_confirm: bool,
    next: &'a str,
    error: &'a str,
}

/// Where to after it.
#[derive(Debug, Default, Deserialize)]
struct To {
    #[serde(default)]
    next: String,
}

impl To {
    fn path(&self) -> &str {
        own_path(&self.next).unwrap_or("/")
    }
}

fn page(language: Language, visitor: Option<&Visitor>, name: &str, next: &str, error: &str) -> Response {
    let words = Words::of(language);
    let (title, action) = if visitor.is_some() { (words.confirm, "/confirm") } else { (words.sign_in, "/sign-in") };
    let frame = Frame { title: title.to_owned(), place: None, language, visitor: visitor.cloned() };
    html(&Page { frame, words, action, name, is_confirm: visitor.is_some(), next, error })
}

async fn show(
    visitor: Option<axum::Extension<Visitor>>,
    to: Result<Query<To>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let to = to.map(|Query(to)| to).unwrap_or_default();
    if visitor.is_some() {
        return Redirect::to(to.path()).into_response();
    }
    page(language_of(&headers), None, "", to.path(), "")
}

#[derive(Debug, Deserialize)]
struct Form {
    #[serde(default)]
    name: String,
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

impl Form {
    fn typed(&self) -> Typed {
        // A password is what was typed; a name or a code is pasted with blanks around it.
        Typed { name: self.name.trim().to_owned(), password: self.password.clone(), code: self.code.clone() }
    }

    fn next(&self) -> &str {
        own_path(&self.next).unwrap_or("/")
    }
}

/// The form again, with what was wrong with it.
fn again(problem: &Problem, language: Language, form: &Form, visitor: Option<&Visitor>) -> Response {
    let again = page(language, visitor, &form.name, form.next(), problem.detail(language));
    (problem.status(), problem.headers(), again).into_response()
}

async fn enter(State(app): State<Shared>, caller: Caller, headers: HeaderMap, Fields(form): Fields<Form>) -> Response {
    let now_ns = now_ns();
    match attempt::sign_in(&app, &caller, &headers, form.typed(), now_ns).await {
        Ok(opened) => {
            // Whatever session the browser had is over: none that somebody else put there lives on.
            let old = app.sign_in.session_of(&app, (&headers, caller.is_tls), now_ns);
            if let Some(old) = old {
                let _ = app.sessions.close(&old.user, |number| number == old.session).await;
            }
            (app.sign_in.cookies(&opened, &headers, caller.is_tls), Redirect::to(form.next())).into_response()
        }
        Err(refused) => again(&refused.into(), language_of(&headers), &form, None),
    }
}

async fn leave(State(app): State<Shared>, visitor: Visitor, caller: Caller) -> Response {
    let closed = app.sessions.close(&visitor.user, |number| number == visitor.session).await;
    app.log.write(caller.entry(&visitor.user, "sign_out", "", Ok(())), now_ns());
    match closed {
        Ok(_) => (app.sign_in.forget(caller.is_tls), Redirect::to("/sign-in")).into_response(),
        Err(error) => (app.sign_in.forget(caller.is_tls), Problem::from(error)).into_response(),
    }
}

async fn ask(visitor: Visitor, to: Result<Query<To>, QueryRejection>) -> Response {
    let to = to.map(|Query(to)| to).unwrap_or_default();
    page(visitor.language, Some(&visitor), &visitor.user, to.path(), "")
}

async fn confirm(State(app): State<Shared>, visitor: Visitor, caller: Caller, Fields(form): Fields<Form>) -> Response {
    match attempt::confirm(&app, &caller, &visitor, form.typed(), now_ns()).await {
        Ok(()) => (StatusCode::SEE_OTHER, Redirect::to(form.next())).into_response(),
        Err(refused) => again(&refused.into(), visitor.language, &form, Some(&visitor)),
    }
}
