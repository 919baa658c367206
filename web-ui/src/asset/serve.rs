//! The answers: assets under their hashed names, and the few files whose names browsers fix.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Asset, all, at, path};
use crate::guard::Right;
use crate::routes::Route;

/// A year: the name changes with the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Asked again each time: the name stays when the content changes.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The service worker; `SHELL` and `VERSION` are put in when it is served.
const WORKER: &str = include_str!("../../assets/sw.js");

/// Assets that the offline page needs; nothing else is kept by the service worker.
const SHELL: [&str; 4] = ["floodmark.css", "page.js", "words.js", "icon.svg"];

/// Assets, the manifest, the service worker, and what crawlers ask for.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/assets/{file}", Right::Anyone, asset),
        Route::get("/manifest.webmanifest", Right::Anyone, manifest),
        Route::get("/sw.js", Right::Anyone, worker),
        Route::get("/robots.txt", Right::Anyone, robots),
    ]
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    match at(&format!("/assets/{file}")) {
        Some(asset) => answer(asset, &headers),
        None => {
            (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], "there is no such file\n").into_response()
        }
    }
}

fn answer(asset: &Asset, headers: &HeaderMap) -> Response {
    let (body, packed) = match &asset.gzip {
        Some(gzip) if accepts_gzip(headers) => (gzip, true),
        _ => (&asset.plain, false),
    };
    let mut response = body.clone().into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media));
    out.insert(header::CACHE_CONTROL, FOR_EVER);
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Whether the browser reads gzip.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepts = |value: &HeaderValue| {
        value.to_str().unwrap_or_default().split(',').any(|part| {
            let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
            let is_refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
            coding.trim().eq_ignore_ascii_case("gzip") && !is_refused
        })
    };
    headers.get_all(header::ACCEPT_ENCODING).iter().any(accepts)
}

async fn manifest() -> impl IntoResponse {
    let icon = |name: &str, sizes: &str, media: &str, purpose: &str| json!({"src": path(name), "sizes": sizes, "type": media, "purpose": purpose});
    let manifest = json!({
        "name": "Floodmark",
        "short_name": "Floodmark",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#0b141b",
        "theme_color": "#0b141b",
        "icons": [
            icon("icon.svg", "any", "image/svg+xml", "any"),
            icon("icon-192.png", "192x192", "image/png", "any maskable"),
            icon("icon-512.png", "512x512", "image/png", "any maskable"),
        ],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json"), (header::CACHE_CONTROL, "no-cache")], manifest.to_string())
}

async fn worker() -> impl IntoResponse {
    let mut shell: Vec<&str> = SHELL.into_iter().map(path).collect();
    shell.push("/offline");
    let mut names: Vec<&str> = all().map(|(_, path)| path).collect();
    names.sort_unstable();
    // Another content of any asset is another version of the shell.
    let version = super::hash_of(names.concat().as_bytes());
    let script = WORKER.replace("SHELL", &json!(shell).to_string()).replace("VERSION", &version);
    (
        [(header::CONTENT_TYPE, HeaderValue::from_static(super::list::JAVASCRIPT)), (header::CACHE_CONTROL, ASK_AGAIN)],
        script,
    )
}

async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}
