//! What is wrong with a request, told once: `application/problem+json` (RFC 9457) for programs, a page for people.

use std::borrow::Cow;

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::own_path::{encoded, own_path};
use super::{Refusal, Visitor};
use crate::page::frame::{Frame, html};
use crate::random;
use crate::state::StateError;
use crate::words::Language;

/// Both languages of one sentence.
type Sentence = Cow<'static, str>;

/// What a reader is offered beside the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Nothing.
    None,
    /// To sign in.
    SignIn,
    /// To show that it is really the user.
    Confirm,
}

/// A refusal or a failure. A cause that only the administrator may know is logged, not kept here.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: [Sentence; 2],
    way: Way,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// With a status, and one sentence that says what is wrong and what helps, in English and in Russian.
    pub fn new(status: StatusCode, en: impl Into<Sentence>, ru: impl Into<Sentence>) -> Problem {
        Problem { status, detail: [en.into(), ru.into()], way: Way::None, retry_after_s: None }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(en: impl Into<Sentence>, ru: impl Into<Sentence>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, en, ru)
    }

    /// 404: there is no such thing.
    pub fn not_found(en: impl Into<Sentence>, ru: impl Into<Sentence>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, en, ru)
    }

    /// 503: later it may work.
    pub fn unavailable(en: impl Into<Sentence>, ru: impl Into<Sentence>) -> Problem {
        Problem { retry_after_s: Some(5), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, en, ru) }
    }

    /// 500: a fault of ours. The cause is logged with a number, which is all that the reader sees of it.
    pub fn internal(cause: &dyn std::fmt::Display) -> Problem {
        let id = random::hex::<4>();
        tracing::error!(%cause, request = id, "a request failed");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("This did not work. The log of the service has the reason under {id}."),
            format!("Не получилось. Причина записана в журнале службы под номером {id}."),
        )
    }

    /// 403: signed in too long ago for something dangerous.
    pub fn confirm() -> Problem {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            "This needs a sign-in of the last 15 minutes: confirm by your password that it is you, then try again.",
            "Для этого нужен вход не старше 15 минут: подтвердите паролем, что это вы, и повторите.",
        );
        Problem { way: Way::Confirm, ..problem }
    }

    /// After so many seconds it may be tried again.
    pub fn retry_after(self, seconds: u64) -> Problem {
        Problem { retry_after_s: Some(seconds), ..self }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What its answer says beside the words.
    pub fn headers(&self) -> HeaderMap {
        self.retry_after_s.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))).into_iter().collect()
    }

    /// The sentence in a language.
    pub fn detail(&self, language: Language) -> &str {
        &self.detail[usize::from(language == Language::Ru)]
    }

    fn title(&self, language: Language) -> &'static str {
        let (en, ru) = match self.status.as_u16() {
            400 => ("This request makes no sense", "Запрос непонятен"),
            401 => ("Sign in first", "Сначала войдите"),
            403 => ("Not allowed", "Нет доступа"),
            404 => ("There is nothing here", "Здесь ничего нет"),
            405 => ("Not this way", "Так нельзя"),
            409 => ("That does not fit", "Так не выйдет"),
            410 => ("No longer valid", "Больше не действует"),
            413 => ("Too large", "Слишком много"),
            421 => ("Wrong address", "Не тот адрес"),
            429 => ("Too often", "Слишком часто"),
            503 => ("Not now", "Сейчас не получается"),
            _ => ("This did not work", "Не получилось"),
        };
        language.pick(en, ru)
    }

    fn page(&self, language: Language, visitor: Option<Visitor>, back: &str) -> Response {
        let frame = Frame { title: self.title(language).to_owned(), place: None, language, visitor };
        let page = Page { frame, detail: self.detail(language), way: self.way, next: encoded(back) };
        (self.status, html(&page)).into_response()
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Page<'a> {
    frame: Frame,
    detail: &'a str,
    way: Way,
    next: String,
}

/// What is wrong, for programs (RFC 9457); `kind` is a URI, "about:blank" = the status says it.
pub(crate) fn for_programs(status: StatusCode, kind: &str, title: &str, detail: &str) -> Response {
    let body = serde_json::json!({"type": kind, "title": title, "status": status.as_u16(), "detail": detail});
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let name = if self.way == Way::Confirm { "/problems/confirm" } else { "about:blank" };
        let told = for_programs(self.status, name, self.title(Language::En), &self.detail[0]);
        let mut response = (self.headers(), told).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::SignIn => Problem {
                way: Way::SignIn,
                ..Problem::new(StatusCode::UNAUTHORIZED, "Sign in first.", "Сначала войдите.")
            },
            Refusal::Standing(name) => Problem::new(
                StatusCode::FORBIDDEN,
                format!("This needs the right of {name}, which an admin can give you."),
                format!("Для этого нужны права {name}; их может дать администратор."),
            ),
        }
    }
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Problem {
        tracing::warn!(%error, "the page's state did not answer");
        Problem::unavailable(
            "The page's own file cannot be written or read now: is the disk full? Who is signed in stays so. Try again.",
            "Собственный файл страницы сейчас не читается или не пишется: диск не переполнен? Кто вошёл, тот остаётся. Повторите.",
        )
    }
}

/// What a browser asks for by its `Accept`.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// What a visitor who is not known reads.
pub(crate) fn language_of(headers: &HeaderMap) -> Language {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|text| text.to_str().ok())
        .map(Language::preferred)
        .unwrap_or_default()
}

/// Turns the problems of all routes into pages for those who asked for pages; sends to the sign-in who needs it.
pub async fn present(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !wants_page(headers) {
        return next.run(request).await;
    }
    let (language, known) = (language_of(headers), request.extensions().get::<Visitor>().cloned());
    let is_get = request.method() == Method::GET;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let referer =
        headers.get(header::REFERER).and_then(|text| text.to_str().ok()).and_then(path_of).unwrap_or_default();
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>().cloned() else { return response };
    if problem.way == Way::SignIn && is_get {
        return Redirect::to(&format!("/sign-in?next={}", encoded(&path))).into_response();
    }
    let visitor = known.or_else(|| response.extensions().get::<Visitor>().cloned());
    let language = visitor.as_ref().map_or(language, |visitor| visitor.language);
    let back = if is_get { path } else { own_path(&referer).unwrap_or("/").to_owned() };
    let mut page = problem.page(language, visitor, &back);
    // Cookies, Retry-After: whatever stands beside the words stays.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            page.headers_mut().append(name, value.clone());
        }
    }
    page
}

/// Path and query of a URL of ours.
fn path_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    Some(rest[rest.find('/')?..].to_owned())
}

/// What no route answers.
pub async fn nowhere() -> Problem {
    Problem::not_found(
        "Nothing is at this address; the navigation has all pages.",
        "По этому адресу ничего нет; все страницы есть в меню.",
    )
}

/// A method that the route does not have.
pub async fn no_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "The address exists, but not for this method; /api/openapi.json lists them.",
        "Адрес есть, но не для этого метода; перечень — в /api/openapi.json.",
    )
}
