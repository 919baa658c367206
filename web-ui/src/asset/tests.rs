//! Names, compression, and the weight of the first load.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{accepts_gzip, all, at, gzip, path};
use crate::guard::Standing;
use crate::testing::{get, parts, router, visitor};
use crate::words::Language;

/// What the issue allows for the first load, with gzip.
const FIRST_LOAD_BYTES_MAX: usize = 60 << 10;

/// Style sheet, of all parts.
const CSS_BYTES_MAX: usize = 8 << 10;

#[tokio::test]
async fn an_asset_is_kept_for_ever_under_the_name_of_its_content() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), None);
    let request = Request::get(path("floodmark.css")).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty());
    let answer = router.clone().oneshot(request.expect("a request")).await.expect("an answer");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
    assert_eq!(answer.headers().get_all(header::CONTENT_ENCODING).iter().count(), 1);
    let packed = answer.into_body().collect().await.expect("a body").to_bytes();
    assert!(packed.len() <= CSS_BYTES_MAX, "{} bytes of style", packed.len());
    let (status, plain) = get(&router, path("floodmark.css")).await;
    assert!(status == StatusCode::OK && plain.contains(":focus-visible"));
    for other in ["/assets/floodmark.000000000000.css", "/assets/floodmark.css", "/assets/..%2f..%2fetc%2fpasswd"] {
        assert_eq!(get(&router, other).await.0, StatusCode::NOT_FOUND, "{other}");
    }
}

#[test]
fn modules_import_each_other_by_hashed_names() {
    for (name, path) in all().filter(|(name, _)| name.ends_with(".js")) {
        let asset = at(path).expect("it is listed");
        let text = std::str::from_utf8(&asset.plain).expect("text");
        assert!(!text.contains("\"./"), "{name} imports what stands after it in the list");
    }
}

#[test]
fn what_a_template_links_is_in_the_list() {
    let mut links = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).expect("the templates") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a template");
        for rest in text.split("asset::path(\"").skip(1) {
            let name = rest.split('"').next().expect("a name");
            assert!(path(name) != "/assets/", "{name} is linked and not listed");
            links += 1;
        }
    }
    assert!(links >= 4);
}

#[tokio::test]
async fn the_first_load_stays_light() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), Some(visitor(Standing::Admin, Language::Ru)));
    for page in ["/"] {
        let (_, html) = get(&router, page).await;
        let mut weight = gzip(html.as_bytes()).expect("a page is long").len();
        for (_, path) in all() {
            // What the page itself links, and what those modules import.
            let is_module = path.ends_with(".js") && !path.starts_with("/assets/uplot.");
            let is_icon = path.ends_with(".png");
            if html.contains(path) && !is_icon || is_module {
                weight += at(path).expect("it is listed").weight();
            }
        }
        assert!(weight <= FIRST_LOAD_BYTES_MAX, "{page} loads {weight} bytes");
    }
}

#[tokio::test]
async fn the_worker_keeps_the_shell_and_nothing_with_data() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), None);
    let (status, script) = get(&router, "/sw.js").await;
    assert_eq!(status, StatusCode::OK);
    let kept = script.lines().find(|line| line.starts_with("const KEPT = [")).expect("the list is put in");
    assert!(kept.contains(path("floodmark.css")) && kept.contains("/offline"), "{kept}");
    assert!(!kept.contains("/api/") && !kept.contains("\"/\""), "{kept}");
    assert!(!script.contains("VERSION"));
    let (status, page) = get(&router, "/offline").await;
    assert!(status == StatusCode::OK && !page.contains("<nav"), "{page}");
    let (_, manifest) = get(&router, "/manifest.webmanifest").await;
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    for icon in manifest["icons"].as_array().expect("icons") {
        assert!(at(icon["src"].as_str().expect("a path")).is_some(), "{icon}");
    }
}

#[test]
fn gzip_is_sent_only_to_whom_reads_it() {
    let check = |value: &str, expect: bool| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(value).expect("a value"));
        assert_eq!(accepts_gzip(&headers), expect, "{value:?}");
    };
    check("gzip, deflate, br", true);
    check("br;q=1.0, GZIP;q=0.5", true);
    check("gzip;q=0", false);
    check("identity", false);
    check("", false);
    assert!(!accepts_gzip(&HeaderMap::new()));
}
