//! The routes of actions: JSON for programs, `/act` for forms.

use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::Limited;
use serde::Deserialize;
use serde_json::Value;

use super::{Kind, Order, OrderError, Record, form};
use crate::app::Shared;
use crate::guard::{Caller, IsFresh, Problem, Right, Standing, Visitor, for_programs};
use crate::page::frame::{Frame, html};
use crate::role::now_ns;
use crate::routes::Route;

/// Bytes of an order, at most: contract 4 takes 4,096, a form may write each of them as three.
const BODY_BYTES_MAX: usize = 16 << 10;

/// How long an answer to a form waits for the role: long enough that the page which follows mostly shows the result.
const FORM_WAIT: Duration = Duration::from_secs(2);

/// The longest wait by id: below the time that a request may take.
const WAIT_MAX: Duration = Duration::from_secs(55);

/// Actions in a list.
const LIST_MAX: u32 = 50;

/// The routes of this part.
pub fn routes() -> Vec<Route> {
    let operator = Right::User(Standing::Operator);
    let viewer = Right::User(Standing::Viewer);
    vec![
        Route::post("/act", operator, act),
        Route::post("/api/actions", operator, order),
        Route::get("/api/actions", viewer, list),
        Route::get("/api/actions/{id}", viewer, look),
    ]
}

/// An answer that says what is wrong, for programs (RFC 9457).
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response {
    for_programs(status, "about:blank", status.canonical_reason().unwrap_or("Error"), detail)
}

/// An answer as JSON that nobody keeps.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

async fn body(request: Request) -> Result<(HeaderMap, Bytes), String> {
    let (parts, body) = request.into_parts();
    match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(bytes) => Ok((parts.headers, bytes)),
        Err(_) => Err(format!("the order did not come whole, or has more than {BODY_BYTES_MAX} bytes")),
    }
}

fn is_of(headers: &HeaderMap, kind: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}

/// A form's fields, in order.
pub(crate) async fn fields(request: Request) -> Result<Vec<(String, String)>, (StatusCode, String)> {
    let bounded = request.map(|body| Body::new(Limited::new(body, BODY_BYTES_MAX)));
    match Form::from_request(bounded, &()).await {
        Ok(Form(fields)) => Ok(fields),
        Err(rejection) => Err((rejection.status(), rejection.body_text())),
    }
}

/// Whether the password must have been given in the last 15 minutes: for what stops a part of the service.
fn needs_fresh(order: &Order) -> bool {
    Kind::named(&order.action) == Some(Kind::Restart)
}

/// Takes an order, and logs one that is not taken; the others are logged when they are finished.
async fn take(app: &Shared, visitor: &Visitor, caller: &Caller, order: Order) -> Result<Record, OrderError> {
    let event = Kind::named(&order.action).map_or("action", Kind::event);
    let from = caller.entry(&visitor.user, event, "", Ok(()));
    let taken = app.actions.order_from(visitor, from, order, now_ns()).await;
    if let Err(error) = &taken {
        app.log.write(caller.entry(&visitor.user, event, "", Err(&error.to_string())), now_ns());
    }
    taken
}

async fn order(
    State(app): State<Shared>,
    visitor: Visitor,
    caller: Caller,
    fresh: IsFresh,
    request: Request,
) -> Response {
    let (headers, bytes) = match body(request).await {
        Ok(read) => read,
        Err(why) => return problem(StatusCode::PAYLOAD_TOO_LARGE, &why),
    };
    if !is_of(&headers, "application/json") {
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the order as application/json");
    }
    let order: Order = match serde_json::from_slice(&bytes) {
        Ok(order) => order,
        Err(error) => {
            let why = format!("the order is not {{\"id\":\"…\",\"action\":\"…\",\"arguments\":{{…}}}}: {error}");
            return problem(StatusCode::BAD_REQUEST, &why);
        }
    };
    if needs_fresh(&order) && !fresh.0 {
        return Problem::confirm().into_response();
    }
    match take(&app, &visitor, &caller, order).await {
        Ok(record) => {
            let status = if record.phase.is_final() { StatusCode::OK } else { StatusCode::ACCEPTED };
            let mut answer = answer(status, &record.shown());
            if let Ok(place) = HeaderValue::from_str(&format!("/api/actions/{}", record.id)) {
                answer.headers_mut().insert(header::LOCATION, place);
            }
            answer
        }
        Err(error) => problem(error.status(), &error.to_string()),
    }
}

#[derive(Deserialize)]
struct Patience {
    #[serde(default)]
    wait: u64,
}

async fn look(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    patience: Result<Query<Patience>, QueryRejection>,
) -> Response {
    let Ok(Query(Patience { wait })) = patience else {
        return problem(StatusCode::BAD_REQUEST, "`wait` is a number of seconds, 0 to 60");
    };
    match app.actions.wait(&visitor, &id, Duration::from_secs(wait).min(WAIT_MAX)).await {
        Ok(Some(record)) => answer(StatusCode::OK, &record.shown()),
        Ok(None) => problem(StatusCode::NOT_FOUND, "there is no such action of yours; old ones are forgotten"),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn list(State(app): State<Shared>, visitor: Visitor) -> Response {
    match app.actions.recent(&Kind::ALL, LIST_MAX).await {
        Ok(records) => {
            let may_see = |user: &str| user == visitor.user || visitor.standing == Standing::Admin;
            let shown: Vec<Value> = records.iter().filter(|record| may_see(&record.user)).map(Record::shown).collect();
            answer(StatusCode::OK, &Value::Array(shown))
        }
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn act(
    State(app): State<Shared>,
    visitor: Visitor,
    caller: Caller,
    fresh: IsFresh,
    request: Request,
) -> Response {
    let fields = match fields(request).await {
        Ok(fields) => fields,
        Err((status, why)) => return refused(&visitor, status, &why, "/"),
    };
    let filled = match form::read(fields) {
        Ok(filled) => filled,
        Err(why) => return refused(&visitor, StatusCode::BAD_REQUEST, &why, "/"),
    };
    let (id, back) = (filled.order.id.clone(), filled.back);
    if needs_fresh(&filled.order) && !fresh.0 {
        return Problem::confirm().into_response();
    }
    match take(&app, &visitor, &caller, filled.order).await {
        Ok(_) => {
            // Whatever the wait ends with: the page reads the state again.
            let _ = app.actions.wait(&visitor, &id, FORM_WAIT).await;
            see_other(&form::with_done(&back, &id))
        }
        Err(error) => refused(&visitor, error.status(), &error.to_string(), &back),
    }
}

/// 303: the page is fetched anew, and a reload of it orders nothing.
pub(crate) fn see_other(path: &str) -> Response {
    let Ok(place) = HeaderValue::from_str(path) else { return StatusCode::BAD_REQUEST.into_response() };
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    frame: Frame,
    why: &'a str,
    back: &'a str,
    go_back: &'static str,
}

/// A page that says why an order was not taken.
pub(crate) fn refused(visitor: &Visitor, status: StatusCode, why: &str, back: &str) -> Response {
    let language = visitor.language;
    let title = language.pick("Not done", "Не выполнено").to_owned();
    let frame = Frame { title, place: None, language, visitor: Some(visitor.clone()) };
    let go_back = language.pick("Back", "Назад");
    (status, html(&Refused { frame, why, back, go_back })).into_response()
}
