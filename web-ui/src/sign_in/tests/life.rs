//! From the link to the end of a session.

use std::time::Duration;

use axum::http::StatusCode;

use super::browser::{Browser, PASSWORD, enrolled, invite};
use crate::guard::Standing;
use crate::role::{app, now_ns};
use crate::sign_in::totp;
use crate::testing::{options, parts};

const DAY_NS: u64 = 86_400_000_000_000;

#[tokio::test]
async fn a_link_is_looked_at_without_effect_and_redeemed_once() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let link = invite(&app, "anna", Standing::Admin).await;
    let mut scanner = Browser::new(&app);
    for _ in 0..3 {
        let page = scanner.get(&link).await;
        assert!(page.status == StatusCode::OK && page.text.contains("Welcome, anna"), "{}", page.text);
        assert!(page.cookies().is_empty() && page.header("cache-control") == "no-store");
    }
    let mut anna = Browser::new(&app);
    for (password, again, told) in [
        ("short", "short", "fewer than 8"),
        ("password123", "password123", "guessed first"),
        (PASSWORD, "another one here", "differ"),
    ] {
        let page = anna.post(&link, &[("password", password), ("again", again), ("secret", "x"), ("code", "")]).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains(told), "{}", page.text);
        assert!(!page.text.contains(password) || password == "short", "no password comes back");
    }
    let fields = [("password", PASSWORD), ("again", PASSWORD), ("secret", "x"), ("code", "")];
    let answer = anna.with("accept-language", "ru").post(&link, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let flags = "; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax";
    assert!(
        answer.cookies()[0].starts_with("floodmark=") && answer.cookies()[0].ends_with(flags),
        "{:?}",
        answer.cookies()
    );
    let again = anna.post(&link, &fields).await;
    assert!(again.status == StatusCode::GONE && again.text.contains("does not hold"), "{}", again.text);
    assert_eq!(scanner.get(&link).await.status, StatusCode::GONE);
    assert_eq!(scanner.get("/enrol/nonsense").await.status, StatusCode::GONE);
    let mut phone = Browser::new(&app);
    assert_eq!(phone.sign_in("anna", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    let page = phone.get("/").await;
    assert!(page.status == StatusCode::OK && page.text.contains("lang=\"ru\""), "{}", page.text);
}

#[tokio::test]
async fn the_way_to_a_page_leads_by_the_sign_in_and_back() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut anna = enrolled(&app, "anna", Standing::Viewer).await;
    let mut other = Browser::new(&app);
    let sent = other.get("/users?before=7").await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/sign-in?next=/users%3Fbefore%3D7"));
    let form = other.get(sent.header("location")).await;
    assert!(form.text.contains("name=\"next\" value=\"/users?before=7\""), "{}", form.text);
    let fields = [("name", " Anna "), ("password", PASSWORD), ("next", "/users?before=7")];
    let entered = other.post("/sign-in", &fields).await;
    assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/users?before=7"));
    for evil in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let entered = other.post("/sign-in", &[("name", "anna"), ("password", PASSWORD), ("next", evil)]).await;
        assert_eq!(entered.header("location"), "/", "{evil}");
        let form = other.get(&format!("/sign-in?next={evil}")).await;
        assert_eq!(form.header("location"), "/", "{evil}: who is signed in is sent on to an own page");
    }
    let program = other.with("accept", "*/*");
    let refused = Browser { cookies: Default::default(), ..program }.get("/users").await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (StatusCode::UNAUTHORIZED, "application/problem+json")
    );
    let left = anna.post("/sign-out", &[]).await;
    assert_eq!((left.status, left.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(!anna.cookies.contains_key("floodmark") && anna.cookies.contains_key("floodmark-device"));
}

#[tokio::test]
async fn sessions_are_listed_and_revoked_and_streams_learn_it() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut anna = enrolled(&app, "anna", Standing::Viewer).await;
    let mut phone = Browser::new(&app).with("user-agent", "<script>alert(1)</script>\tphone");
    phone.address = "[2001:db8::7]:40000";
    phone.sign_in("anna", PASSWORD, "").await;
    let sessions = app.sessions.of("anna");
    assert_eq!(sessions.len(), 2);
    let page = anna.get("/account").await;
    assert!(
        page.text.contains("2001:db8::7")
            && page.text.contains("&#60;script&#62;")
            && !page.text.contains("<script>alert"),
        "{}",
        page.text
    );
    let theirs = sessions.iter().find(|session| session.address == "2001:db8::7").expect("the phone's").number;
    let mut boris = enrolled(&app, "boris", Standing::Admin).await;
    let number = theirs.to_string();
    assert_eq!(boris.post("/account/sessions/close", &[("session", &number)]).await.status, StatusCode::NOT_FOUND);
    assert!(app.sessions.is_open(theirs), "nobody ends another's session by its number");
    assert_eq!(anna.post("/account/sessions/close", &[("session", &number)]).await.status, StatusCode::SEE_OTHER);
    assert!(!app.sessions.is_open(theirs));
    assert_eq!(phone.get("/").await.status, StatusCode::SEE_OTHER, "to the sign-in");
    phone.sign_in("anna", PASSWORD, "").await;
    anna.post("/account/sessions/close", &[("session", "others")]).await;
    assert_eq!(app.sessions.of("anna").len(), 1);
    assert_eq!(anna.get("/").await.status, StatusCode::OK);
    assert_eq!(
        anna.post("/account/sessions/close", &[("session", "x")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn sessions_survive_a_restart_and_end_by_age() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app_before = parts(dir.path());
    let anna = enrolled(&app_before, "anna", Standing::Operator).await;
    drop(Browser::new(&app_before));
    let cookies = anna.cookies.clone();
    drop((anna, app_before));
    let app = app(&options(dir.path())).expect("opened again");
    let mut anna = Browser { cookies, ..Browser::new(&app) };
    assert_eq!(anna.get("/").await.status, StatusCode::OK);
    let number = app.sessions.of("anna")[0].number;
    let now = now_ns();
    assert_eq!(app.sessions.sweep(now + 7 * DAY_NS - DAY_NS), 0);
    assert_eq!(app.sessions.sweep(now + 8 * DAY_NS), 1, "not used for a week");
    assert!(!app.sessions.is_open(number));
    assert_eq!(anna.get("/").await.status, StatusCode::SEE_OTHER);
    // A user keeps a bounded number of sessions.
    let mut cookies = Vec::new();
    for _ in 0..40 {
        let hash = crate::random::bytes::<32>();
        let caller = crate::guard::Caller { address: [192, 0, 2, 1].into(), is_tls: false, agent: String::new() };
        let whose = ("anna", Standing::Operator, crate::words::Language::En);
        let session = app.state.call(move |db| crate::sign_in::session::insert(db, whose, &hash, &caller, now));
        app.sessions.add(hash, session.await.expect("a row"));
        cookies.push(hash);
    }
    assert_eq!(app.sessions.of("anna").len(), crate::sign_in::session::OF_USER_MAX);
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_its_codes_hold_once() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let link = invite(&app, "anna", Standing::Viewer).await;
    let secret = totp::secret();
    let text = totp::base32(&secret);
    let mut anna = Browser::new(&app);
    let wrong = [("password", PASSWORD), ("again", PASSWORD), ("secret", &text), ("code", "12345")];
    let page = anna.post(&link, &wrong).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains(&text), "the same secret again");
    let now_s = now_ns() / 1_000_000_000;
    // The step before, so that this one and the next are not used yet.
    let (used, next) = (totp::code(&secret, now_s - 30), totp::code(&secret, now_s));
    let right = [("password", PASSWORD), ("again", PASSWORD), ("secret", &text), ("code", &used)];
    assert_eq!(anna.post(&link, &right).await.status, StatusCode::SEE_OTHER);
    let mut other = Browser { cookies: anna.cookies.clone(), ..Browser::new(&app) };
    assert_eq!(other.sign_in("anna", PASSWORD, "").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(other.sign_in("anna", PASSWORD, &used).await.status, StatusCode::UNAUTHORIZED, "used at enrolment");
    assert_eq!(other.sign_in("anna", PASSWORD, &next).await.status, StatusCode::SEE_OTHER);
    assert_eq!(other.sign_in("anna", PASSWORD, &next).await.status, StatusCode::UNAUTHORIZED, "a replay");
    assert!(other.get("/account").await.text.contains("A code of the authenticator app is asked for"));
    assert_eq!(other.post("/account/second-factor/remove", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(other.sign_in("anna", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_is_dangerous_asks_for_the_password_again() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut anna = enrolled(&app, "anna", Standing::Admin).await;
    let number = app.sessions.of("anna")[0].number;
    let add = [("name", "boris"), ("standing", "viewer")];
    app.sessions.freshen(number, now_ns() - 16 * 60 * 1_000_000_000);
    let refused = anna.with("referer", "http://localhost:8443/users?before=9").post("/users/add", &add).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text.contains("/confirm?next=/users%3Fbefore%3D9"), "{}", refused.text);
    assert!(anna.get("/users").await.text.contains("/confirm?next=/users"));
    let wrong = anna.post("/confirm", &[("password", "wrong"), ("next", "/users")]).await;
    assert!(wrong.status == StatusCode::UNAUTHORIZED && wrong.text.contains("is wrong"));
    assert_eq!(anna.post("/users/add", &add).await.status, StatusCode::FORBIDDEN);
    let right = anna.post("/confirm", &[("password", PASSWORD), ("next", "/users")]).await;
    assert_eq!((right.status, right.header("location")), (StatusCode::SEE_OTHER, "/users"));
    let made = anna.post("/users/add", &add).await;
    assert!(
        made.status == StatusCode::OK && made.text.contains("/enrol/") && made.text.contains("data:image/svg"),
        "{}",
        made.text
    );
    assert_eq!(anna.post("/users/add", &add).await.status, StatusCode::CONFLICT);
    assert_eq!(
        anna.post("/users/add", &[("name", "<b>"), ("standing", "viewer")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        anna.post("/users/standing", &[("name", "anna"), ("standing", "viewer")]).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(anna.post("/users/remove", &[("name", "anna")]).await.status, StatusCode::CONFLICT, "the last admin");
    assert_eq!(
        anna.post("/users/standing", &[("name", "boris"), ("standing", "king")]).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        anna.post("/users/standing", &[("name", "boris"), ("standing", "admin")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(anna.post("/users/remove", &[("name", "nobody")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_change_of_right_holds_at_once_and_a_removed_user_is_out() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut anna = enrolled(&app, "anna", Standing::Admin).await;
    let mut boris = enrolled(&app, "boris", Standing::Admin).await;
    anna.post("/users/standing", &[("name", "boris"), ("standing", "viewer")]).await;
    assert_eq!(boris.post("/users/remove", &[("name", "anna")]).await.status, StatusCode::FORBIDDEN);
    let number = app.sessions.of("boris")[0].number;
    anna.post("/users/remove", &[("name", "boris")]).await;
    assert!(!app.sessions.is_open(number));
    assert_eq!(boris.get("/").await.status, StatusCode::SEE_OTHER);
    let page = anna.get("/users").await;
    assert!(
        page.text.contains("user.remove boris") && page.text.contains("user.standing boris viewer"),
        "{}",
        page.text
    );
    let new = "noch bessere Worte";
    assert_eq!(
        anna.post("/account/password", &[("password", new), ("again", new)]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(Browser::new(&app).sign_in("anna", PASSWORD, "").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(Browser::new(&app).sign_in("anna", new, "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(anna.post("/account/language", &[("language", "ru")]).await.status, StatusCode::SEE_OTHER);
    assert!(anna.get("/users").await.text.contains("Пользователи и журнал"));
}

#[tokio::test]
async fn a_state_that_does_not_answer_is_told_and_sessions_go_on() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let mut anna = enrolled(&app, "anna", Standing::Admin).await;
    // Another process holds the file, as a full disk would: nothing can be written.
    app.state.call(|db| db.execute_batch("PRAGMA query_only = 1; PRAGMA busy_timeout = 1")).await.expect("a setting");
    assert_eq!(anna.get("/").await.status, StatusCode::OK, "who is signed in stays so");
    let mut other = Browser::new(&app);
    let refused = other.sign_in("anna", PASSWORD, "").await;
    assert!(
        refused.status == StatusCode::SERVICE_UNAVAILABLE && refused.text.contains("is the disk full?"),
        "{}",
        refused.text
    );
    assert_eq!(anna.get("/").await.status, StatusCode::OK);
    app.state.call(|db| db.execute_batch("PRAGMA query_only = 0")).await.expect("a setting");
    assert_eq!(other.sign_in("anna", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    // Its thread is busy for longer than a caller waits in its queue: the front page does not ask it.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let wait = move || held.recv_timeout(Duration::from_secs(5));
    app.state.tell(move |_| assert!(wait().is_err(), "nothing is sent")).expect("room");
    assert_eq!(anna.get("/").await.status, StatusCode::OK);
    drop(release);
}
