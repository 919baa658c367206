//! What goes around each answer of the page: the look that the visitor chose, kept in a cookie, and compression.

use axum::extract::{Form, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;

use crate::asset;
use crate::guard::{Right, own_path};
use crate::routes::Route;
use crate::words::Language;

/// Name of the cookie. It says nothing about anybody, so that it needs no protection.
const COOKIE: &str = "floodmark-look";

/// Pages longer than this are not compressed: none is, and the memory stays bounded.
const PAGE_BYTES_MAX: usize = 4 << 20;

/// Dark or light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the browser prefers.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All, as they are offered.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// Its name in the cookie.
    pub const fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// Its name for people.
    pub const fn title(self, language: Language) -> &'static str {
        match self {
            Theme::Auto => language.pick("Auto", "Авто"),
            Theme::Light => language.pick("Light", "Светлый"),
            Theme::Dark => language.pick("Dark", "Тёмный"),
        }
    }

    /// What the page's root says, if anything.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Theme::Auto => None,
            _ => Some(self.name()),
        }
    }

    fn of(headers: &HeaderMap) -> Theme {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let chosen = pairs.find(|(name, _)| *name == COOKIE).map_or("", |(_, value)| value);
        Theme::ALL.into_iter().find(|theme| theme.name() == chosen).unwrap_or_default()
    }
}

/// What a page is told of its request.
#[derive(Clone, Debug, Default)]
struct Look {
    theme: Theme,
    path: String,
}

tokio::task_local! {
    static LOOK: Look;
}

/// The look of the page that is being written.
pub fn theme() -> Theme {
    LOOK.try_with(|look| look.theme).unwrap_or_default()
}

/// The path, with its query, of the page that is being written: where its forms return to.
pub fn path() -> String {
    LOOK.try_with(|look| look.path.clone()).unwrap_or_else(|_| "/".to_owned())
}

/// The switch of the look.
pub fn routes() -> Vec<Route> {
    vec![Route::post("/look", Right::Anyone, choose)]
}

/// Around all routes: pages know the look, and go out compressed.
pub async fn around(request: Request, next: Next) -> Response {
    let look = Look {
        theme: Theme::of(request.headers()),
        path: request.uri().path_and_query().map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
    };
    let accepts_gzip = asset::accepts_gzip(request.headers());
    let response = LOOK.scope(look, next.run(request)).await;
    if accepts_gzip && is_page(&response) { compressed(response).await } else { response }
}

fn is_page(response: &Response) -> bool {
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_text = media.starts_with("text/html") || media.starts_with("application/json");
    // A stream has no known length: it goes out as it comes.
    let length = axum::body::HttpBody::size_hint(response.body()).exact();
    is_text
        && length.is_some_and(|length| length <= PAGE_BYTES_MAX as u64)
        && !response.headers().contains_key(header::CONTENT_ENCODING)
}

async fn compressed(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = Limited::new(body, PAGE_BYTES_MAX).collect().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let plain = whole.to_bytes();
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    match asset::gzip_quickly(&plain) {
        Some(packed) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Response::from_parts(parts, packed.into())
        }
        None => Response::from_parts(parts, plain.into()),
    }
}

#[derive(Deserialize)]
struct Choice {
    theme: Theme,
    #[serde(default)]
    back: String,
}

async fn choose(Form(choice): Form<Choice>) -> Response {
    let cookie = format!("{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax", choice.theme.name());
    let back = own_path(&choice.back).unwrap_or("/");
    (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, back.to_owned())]).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::{StatusCode, header};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use crate::guard::Standing;
    use crate::testing::{parts, router, visitor};
    use crate::words::Language;

    #[tokio::test]
    async fn the_choice_is_kept_in_a_cookie_and_obeyed_and_leads_nowhere_else() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let router = router(&parts(dir.path()), Some(visitor(Standing::Viewer, Language::En)));
        let form = Request::post("/look").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let form = form.body(Body::from("theme=dark&back=//evil.example/")).expect("a request");
        let answer = router.clone().oneshot(form).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()[header::LOCATION], "/");
        let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").split(';').next().expect("a pair");
        let page = Request::get("/").header(header::COOKIE, format!("a=b; {cookie}")).body(Body::empty());
        let page = router.oneshot(page.expect("a request")).await.expect("an answer");
        let page = page.into_body().collect().await.expect("a page").to_bytes();
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains("data-theme=\"dark\""), "{page}");
    }

    #[tokio::test]
    async fn a_page_goes_out_compressed_to_whom_can_read_it() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let router = router(&parts(dir.path()), Some(visitor(Standing::Viewer, Language::En)));
        let page = Request::get("/").header(header::ACCEPT_ENCODING, "br, gzip").body(Body::empty());
        let page = router.oneshot(page.expect("a request")).await.expect("an answer");
        assert_eq!(page.headers()[header::CONTENT_ENCODING], "gzip");
        let packed = page.into_body().collect().await.expect("a page").to_bytes();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text).expect("gzip of text");
        assert!(text.starts_with("<!doctype html>") && text.trim_end().ends_with("</html>"));
    }
}
