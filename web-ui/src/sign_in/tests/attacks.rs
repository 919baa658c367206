//! What attackers try.

use std::time::Duration;

use axum::http::{Method, StatusCode};

use super::browser::{Browser, PASSWORD, enrolled};
use crate::guard::Standing;
use crate::sign_in::throttle::Try;
use crate::state::log;
use crate::testing::parts;

#[tokio::test]
async fn guessing_does_not_lock_the_owner_out() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut owner = enrolled(&app, "anna", Standing::Viewer).await;
    let mut attacker = Browser { address: "198.51.100.9:5", ..Browser::new(&app) };
    for guess in 0..6 {
        let answer = attacker.sign_in("anna", &format!("guess number {guess}"), "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "the first are free");
    }
    // The attacker goes on whenever a delay is over, for an hour.
    let place = Try { user: "anna".to_owned(), address: [198, 51, 100, 9].into(), device: None };
    let now = tokio::time::Instant::now().into_std();
    let seconds = 1..3_600;
    let tries =
        seconds.filter(|&second| app.sign_in.throttle().begin(&place, now + Duration::from_secs(second)).is_ok());
    assert!(tries.count() < 16, "12 an hour, once the delays are long");
    let right = attacker.sign_in("anna", PASSWORD, "").await;
    assert!(
        right.status == StatusCode::TOO_MANY_REQUESTS && !right.header("retry-after").is_empty(),
        "delayed before it is judged"
    );
    // From elsewhere, and from a known device in the attacker's own network.
    let mut elsewhere = Browser::new(&app);
    assert_eq!(elsewhere.sign_in("anna", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    owner.cookies.remove("floodmark");
    owner.address = "198.51.100.10:6";
    assert_eq!(owner.sign_in("anna", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    // A device of one's own is no way around the delay of another account.
    let mut other = enrolled(&app, "boris", Standing::Viewer).await;
    other.address = "198.51.100.11:7";
    assert_eq!(other.sign_in("anna", PASSWORD, "").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn nobody_learns_which_names_exist() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    drop(enrolled(&app, "anna", Standing::Viewer).await);
    let mut stranger = Browser::new(&app);
    let of = |answer: super::browser::Answer, name: &str| (answer.status, answer.text.replace(name, "NAME"));
    let known = of(stranger.sign_in("anna", "wrong password", "").await, "anna");
    let unknown = of(stranger.sign_in("zora", "wrong password", "").await, "zora");
    assert_eq!(known, unknown);
    // The time: both compute one hash. The fastest of some tries each, so that other work on the machine does not count.
    let mut fastest = [f64::MAX; 2];
    for _ in 0..3 {
        for (at, name) in ["anna", "zora"].into_iter().enumerate() {
            let begun = tokio::time::Instant::now();
            stranger.sign_in(name, "wrong password", "").await;
            fastest[at] = fastest[at].min(begun.elapsed().as_secs_f64());
        }
    }
    assert!(fastest[0] < 3.0 * fastest[1] && fastest[1] < 3.0 * fastest[0], "{fastest:?}");
}

#[tokio::test]
async fn a_session_that_somebody_else_put_there_is_not_the_users() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    drop(enrolled(&app, "anna", Standing::Viewer).await);
    let attacker = enrolled(&app, "mallory", Standing::Viewer).await;
    let planted = attacker.cookies["floodmark"].clone();
    let mut victim = Browser::new(&app);
    victim.cookies.insert("floodmark".to_owned(), planted.clone());
    victim.sign_in("anna", PASSWORD, "").await;
    assert_ne!(victim.cookies["floodmark"], planted, "a new token");
    assert!(app.sessions.of("mallory").is_empty(), "the planted session is over");
    let mut made_up = Browser::new(&app);
    for token in ["A".repeat(43), String::new(), "x".repeat(100_000), "é".repeat(43)] {
        made_up.cookies.insert("floodmark".to_owned(), token);
        assert_eq!(made_up.get("/").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn requests_of_other_sites_and_for_other_names_are_refused() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let anna = enrolled(&app, "anna", Standing::Admin).await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let refused = anna.with(name, value).post("/users/remove", &[("name", "anna")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}: {value}");
        assert!(refused.text.contains("another site"), "{}", refused.text);
        assert!(refused.headers.get("access-control-allow-origin").is_none());
    }
    assert_eq!(anna.with("sec-fetch-site", "cross-site").get("/").await.status, StatusCode::OK, "a link in a mail");
    let mut own = anna.with("origin", "http://localhost:8443").with("sec-fetch-site", "same-origin");
    assert_eq!(own.post("/account/language", &[("language", "en")]).await.status, StatusCode::SEE_OTHER);
    for host in ["evil.example", "localhost.evil.example:8443"] {
        let refused = anna.with("host", host).get("/").await;
        assert_eq!(refused.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    assert_eq!(anna.with("host", "").get("/").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(anna.with("host", "192.0.2.9:8443").get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_has_the_strict_headers() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut browser = Browser::new(&app);
    for path in ["/", "/sign-in", "/healthz", "/nowhere", "/enrol/x"] {
        let answer = browser.get(path).await;
        assert!(answer.header("content-security-policy").contains("default-src 'none'; script-src 'self'"), "{path}");
        assert!(!answer.header("content-security-policy").contains("unsafe"));
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("strict-transport-security", ""),
        ] {
            assert_eq!(answer.header(name), value, "{path} {name}");
        }
    }
}

#[tokio::test]
async fn hostile_text_is_shown_as_text_and_logged_as_one_line() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut anna = enrolled(&app, "anna", Standing::Admin).await;
    let evil = "\"><script>alert(1)</script>\r\n2026 root signed in\u{202e}";
    let mut stranger = Browser::new(&app).with("user-agent", "<img src=x onerror=alert(1)>");
    let page = stranger.sign_in(evil, "wrong password", evil).await;
    assert!(page.status == StatusCode::UNAUTHORIZED && !page.text.contains("<script>"), "{}", page.text);
    let page = stranger.get("/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(page.status == StatusCode::OK && !page.text.contains("<script>"), "{}", page.text);
    let rows = app.state.call(|db| log::read(db, u64::MAX, 10)).await.expect("rows");
    assert!(rows[0].is_refusal && rows[0].who.contains("<script>") && !rows[0].who.contains(['\r', '\n', '\u{202e}']));
    let page = anna.get("/users").await;
    assert!(
        page.text.contains("&#60;script&#62;") && !page.text.contains("<script>") && !page.text.contains("<img src=x"),
        "{}",
        page.text
    );
    for path in
        ["/users?before=x", "/users?done=%3Cscript%3E", "/users?before=1&before=2", "/<script>alert(1)</script>"]
    {
        let answer = anna.get(&path.replace(['<', '>'], "%3C")).await;
        assert!(!answer.status.is_server_error() && !answer.text.contains("<script>"), "{path}");
    }
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_told() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut browser = Browser::new(&app);
    assert_eq!(browser.post("/sign-in", &[]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.post("/sign-in", &[("password", &"x".repeat(40_000))]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.ask(Method::PUT, "/sign-in", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let long = browser.sign_in(&"x".repeat(10_000), "y", "z").await;
    assert_eq!(long.status, StatusCode::UNAUTHORIZED);
}
