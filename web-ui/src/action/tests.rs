//! Actions against roles that obey, are away, or break the line.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use live::control::ControlError;
use live::{Publisher, Role};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Notice, Order, Phase, new_id};
use crate::app::Shared;
use crate::guard::{Standing, Visitor};
use crate::role::now_ns;
use crate::testing::{options, parts, router, visitor};
use crate::words::Language;

/// A role that carries out what it is asked for, or refuses what names "nobody".
struct Obeying {
    publisher: Publisher,
    done: Arc<AtomicU32>,
    seen: Arc<Mutex<Vec<String>>>,
}

fn obeying(dir: &Path, role: Role) -> Obeying {
    let run_dir = dir.join("run");
    let publisher = Publisher::bind(&run_dir, role, "n".to_owned(), 1, String::new).expect("a free name");
    let (done, seen) = (Arc::<AtomicU32>::default(), Arc::<Mutex<Vec<String>>>::default());
    let (count, asked) = (Arc::clone(&done), Arc::clone(&seen));
    publisher.obey(Box::new(move |request| {
        let text = serde_json::to_string(request).expect("a request");
        if text.contains("nobody") {
            return Err(ControlError::Arguments("there is no open incident \"nobody\"".to_owned()));
        }
        asked.lock().expect("no panic").push(text);
        count.fetch_add(1, Ordering::Relaxed);
        Ok("done so".to_owned())
    }));
    Obeying { publisher, done, seen }
}

fn operator() -> Visitor {
    visitor(Standing::Operator, Language::En)
}

fn acknowledge(id: &str, incident: &str) -> Order {
    let arguments = json!({ "incident": incident });
    Order {
        id: id.to_owned(),
        action: "acknowledge".to_owned(),
        arguments: arguments.as_object().expect("an object").clone(),
    }
}

async fn send(router: &Router, method: Method, path: &str, kind: &str, body: String) -> (StatusCode, String, String) {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind).body(Body::from(body));
    let answer = router.clone().oneshot(request.expect("a request")).await.expect("a router does not fail");
    let status = answer.status();
    let place = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let place = place.to_owned();
    let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
    (status, place, String::from_utf8(body.to_vec()).expect("text"))
}

async fn post(router: &Router, order: &Value) -> (StatusCode, Value) {
    let (status, _, text) = send(router, Method::POST, "/api/actions", "application/json", order.to_string()).await;
    (status, serde_json::from_str(&text).expect("JSON"))
}

async fn wait(app: &Shared, id: &str) -> super::Record {
    let record = app.actions.wait(&operator(), id, Duration::from_secs(20)).await.expect("it is read");
    record.expect("it is known")
}

#[tokio::test]
async fn an_order_that_is_sent_twice_acts_once_and_says_who() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let role = obeying(dir.path(), Role::Notifier);
    let router = router(&app, Some(operator()));
    // Who asks is who is signed in, whatever the client says.
    let order =
        json!({"id": "a-1", "action": "acknowledge", "arguments": {"incident": "i1", "by": "mallory", "comment": "я"}});
    let both = tokio::join!(post(&router, &order), post(&router, &order));
    assert!(both.0.0.is_success() && both.1.0.is_success(), "{both:?}");
    let (status, _, text) =
        send(&router, Method::GET, "/api/actions/a-1?wait=20", "application/json", String::new()).await;
    let shown: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((status, &shown["state"], &shown["message"]), (StatusCode::OK, &json!("done"), &json!("done so")));
    let steps: Vec<&str> =
        shown["trace"].as_array().expect("steps").iter().filter_map(|s| s["step"].as_str()).collect();
    assert_eq!(steps, ["ordered", "sent", "done"]);
    let (status, again) = post(&router, &order).await;
    assert_eq!((status, &again["state"]), (StatusCode::OK, &json!("done")), "the same order is the same action");
    assert_eq!(role.done.load(Ordering::Relaxed), 1);
    let log = || app.state.call(|db| crate::state::log::read(db, u64::MAX >> 1, 10));
    let mut tries = 0..1_000;
    while log().await.expect("read").is_empty() {
        assert!(tries.next().is_some(), "what was done is logged");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let row = log().await.expect("read").remove(0);
    assert_eq!((row.who.as_str(), row.action.as_str(), row.result.as_str()), ("anna", "action.acknowledge", "done"));
    let seen = role.seen.lock().expect("no panic").join("");
    assert!(seen.contains("\"by\":\"anna\"") && !seen.contains("mallory"), "{seen}");
}

#[tokio::test]
async fn what_was_ordered_is_done_after_the_page_and_the_role_came_back() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let record = app.actions.order(&operator(), acknowledge("a-2", "i1"), now_ns()).await.expect("it is taken");
    assert_eq!(record.phase, Phase::Ordered);
    let mut tries = 0..1_000;
    while app.actions.get(&operator(), "a-2").await.expect("read").expect("known").code != "away" {
        assert!(tries.next().is_some(), "it is told that the role is away");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(app);
    // The page's thread goes on for one attempt; whichever of both asks, the role acts once.
    let app = parts(dir.path());
    let role = obeying(dir.path(), Role::Notifier);
    let record = wait(&app, "a-2").await;
    assert_eq!((record.phase, record.message.as_str()), (Phase::Done, "done so"), "{record:?}");
    assert_eq!(role.done.load(Ordering::Relaxed), 1);
    assert!(record.trace.iter().any(|step| step.step == "waiting"), "{:?}", record.trace);
}

#[tokio::test]
async fn an_order_that_nobody_took_expires_and_one_that_was_not_answered_is_unknown() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    // Ordered so long ago that less than a second is left.
    let life = super::Kind::Acknowledge.life().as_nanos() as u64;
    let made = now_ns() - life + 700_000_000;
    app.actions.order(&operator(), acknowledge("a-3", "i1"), made).await.expect("it is taken");
    let record = wait(&app, "a-3").await;
    assert_eq!((record.phase, record.code.as_str()), (Phase::Expired, "away"), "{record:?}");
    assert!(record.message.contains("notifier.sock"), "{}", record.message);
    // A role that takes the request and breaks the line.
    let path = dir.path().join("run/notifier.sock");
    fs::create_dir_all(dir.path().join("run")).expect("a folder");
    let listener = UnixListener::bind(&path).expect("a free name");
    let breaking = std::thread::spawn(move || {
        for stream in listener.incoming().take(1) {
            let _ = stream.expect("a peer").read(&mut [0u8; 4096]);
        }
    });
    let made = now_ns() - life + 700_000_000;
    app.actions.order(&operator(), acknowledge("a-4", "i1"), made).await.expect("it is taken");
    let record = wait(&app, "a-4").await;
    breaking.join().expect("no panic");
    assert_eq!((record.phase, record.code.as_str()), (Phase::Unknown, "no_answer"), "{record:?}");
    // A broken line is asked again under the same id.
    fs::remove_file(&path).expect("it is ours");
    let role = obeying(dir.path(), Role::Notifier);
    app.actions.order(&operator(), acknowledge("a-5", "i1"), now_ns()).await.expect("it is taken");
    assert_eq!(wait(&app, "a-5").await.phase, Phase::Done);
    assert_eq!(role.done.load(Ordering::Relaxed), 1);
    drop(role.publisher);
}

#[tokio::test]
async fn what_must_not_be_ordered_is_refused_and_nothing_is_sent() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let role = obeying(dir.path(), Role::Notifier);
    let may = router(&app, Some(operator()));
    let check = async |router: &Router, order: Value, status: StatusCode, expect: &str| {
        let (got, answer) = post(router, &order).await;
        let told = answer["detail"].as_str().unwrap_or_default();
        assert!(got == status && told.contains(expect), "{order}: {got} {answer}");
    };
    check(&may, json!({"id": "b", "action": "reboot"}), StatusCode::BAD_REQUEST, "\"reboot\" is not known").await;
    check(&may, json!({"id": "b", "action": "look_link"}), StatusCode::BAD_REQUEST, "not known").await;
    check(&may, json!({"id": "b/c", "action": "restart"}), StatusCode::BAD_REQUEST, "the id must have").await;
    check(&may, json!({"id": "b", "action": "acknowledge"}), StatusCode::BAD_REQUEST, "missing field `incident`").await;
    check(&may, json!({"id": "b", "action": "acknowledge", "x": 1}), StatusCode::BAD_REQUEST, "unknown field").await;
    let long = json!({"id": "b", "action": "acknowledge", "arguments": {"incident": "x", "comment": "y".repeat(5000)}});
    check(&may, long, StatusCode::BAD_REQUEST, "shorten").await;
    let silence = json!({"id": "b", "action": "silence", "arguments": {"for_s": 0}});
    check(&may, silence, StatusCode::BAD_REQUEST, "`for_s` must be 1").await;
    let restart = json!({"id": "b", "action": "restart", "arguments": {"role": "capture"}});
    check(&may, restart.clone(), StatusCode::FORBIDDEN, "restart needs the right of admin").await;
    let admin = router(&app, Some(visitor(Standing::Admin, Language::En)));
    let restart_run = json!({"id": "b", "action": "restart", "arguments": {"role": "run"}});
    check(&admin, restart_run, StatusCode::BAD_REQUEST, "`role` alone, one of ingest").await;
    let viewer = router(&app, Some(visitor(Standing::Viewer, Language::En)));
    let (status, ..) = send(&viewer, Method::POST, "/api/actions", "application/json", restart.to_string()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _, text) = send(&may, Method::POST, "/api/actions", "application/json", "{".repeat(20_000)).await;
    assert!(status == StatusCode::PAYLOAD_TOO_LARGE, "{text}");
    let (status, ..) = send(&may, Method::POST, "/api/actions", "text/plain", "{}".to_owned()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "a form of another page cannot send this");
    assert_eq!(role.done.load(Ordering::Relaxed), 0);
    // The id of another order, and the action of somebody else.
    app.actions.order(&operator(), acknowledge("c", "i1"), now_ns()).await.expect("it is taken");
    let other = json!({"id": "c", "action": "acknowledge", "arguments": {"incident": "i2"}});
    check(&may, other, StatusCode::CONFLICT, "was used for another order").await;
    let boris = Visitor { user: "boris".to_owned(), ..operator() };
    assert!(app.actions.order(&boris, acknowledge("c", "i1"), now_ns()).await.is_err());
    assert!(app.actions.get(&boris, "c").await.expect("read").is_none());
    let (status, ..) = send(&may, Method::GET, "/api/actions/none?wait=x", "", String::new()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, ..) = send(&may, Method::GET, "/api/actions/%00%ff", "", String::new()).await;
    assert!(status.is_client_error());
}

#[tokio::test]
async fn a_form_comes_back_to_its_page_with_what_became_of_it() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let role = obeying(dir.path(), Role::Notifier);
    let may = router(&app, Some(operator()));
    let form = |fields: &str| {
        let (may, fields) = (may.clone(), fields.to_owned());
        async move { send(&may, Method::POST, "/act", "application/x-www-form-urlencoded", fields).await }
    };
    let (id, other) = (new_id(), new_id());
    assert!(id.len() == 32 && id != other);
    let silence = format!("action=silence&id={id}&rule=load&for_s=3600&subject=&back=%2Frules%3Frule%3Dload");
    let (status, place, _) = form(&silence).await;
    assert_eq!((status, place.as_str()), (StatusCode::SEE_OTHER, &*format!("/rules?rule=load&done={id}")));
    let (status, ..) = form(&silence).await;
    assert_eq!((status, role.done.load(Ordering::Relaxed)), (StatusCode::SEE_OTHER, 1), "a second tap acts once");
    let query = format!("rule=load&done={id}");
    let notice = Notice::of(&app.actions, &operator(), Some(&query)).await.expect("an action");
    assert_eq!((notice.tone, notice.is_final, notice.text.as_str()), ("good", true, "Silenced."));
    let refused = format!("action=acknowledge&id={other}&incident=nobody&back=//evil.example/");
    let (status, place, _) = form(&refused).await;
    assert_eq!((status, place), (StatusCode::SEE_OTHER, format!("/?done={other}")));
    let russian = visitor(Standing::Operator, Language::Ru);
    let notice = Notice::of(&app.actions, &russian, Some(&format!("done={other}"))).await.expect("an action");
    assert!(notice.tone == "bad" && notice.text.contains("отказано") && notice.text.contains("nobody"), "{notice:?}");
    let (status, _, page) = form("action=silence&id=x&until_s=<b>&back=/rules").await;
    assert!(status == StatusCode::BAD_REQUEST && !page.contains("<b>"), "{page}");
    assert!(Notice::of(&app.actions, &russian, Some("done=none")).await.is_none());
}

#[tokio::test]
async fn tests_of_channels_are_bounded_since_they_cost_money() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let order = |n: u32| Order {
        id: format!("t-{n}"),
        action: "test_channel".to_owned(),
        arguments: json!({"channel": "sms"}).as_object().expect("an object").clone(),
    };
    for n in 0..3 {
        app.actions.order(&operator(), order(n), now_ns()).await.expect("it is taken");
    }
    let error = app.actions.order(&operator(), order(3), now_ns()).await.expect_err("too often");
    assert_eq!(error.status(), StatusCode::TOO_MANY_REQUESTS);
    app.actions.order(&operator(), order(0), now_ns()).await.expect("the same order is the same action");
}

#[tokio::test]
async fn a_restart_goes_to_the_supervisor_or_to_the_role_itself() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let admin = visitor(Standing::Admin, Language::En);
    let order = |id: &str| Order {
        id: id.to_owned(),
        action: "restart".to_owned(),
        arguments: json!({"role": "ingest"}).as_object().expect("an object").clone(),
    };
    let ingest = obeying(dir.path(), Role::Ingest);
    app.actions.order(&admin, order("r-1"), now_ns()).await.expect("it is taken");
    let record = app.actions.wait(&admin, "r-1", Duration::from_secs(20)).await.expect("read").expect("known");
    assert_eq!((record.phase, ingest.done.load(Ordering::Relaxed)), (Phase::Done, 1));
    let run = obeying(dir.path(), Role::Run);
    app.actions.order(&admin, order("r-2"), now_ns()).await.expect("it is taken");
    app.actions.wait(&admin, "r-2", Duration::from_secs(20)).await.expect("read").expect("known");
    assert_eq!((run.done.load(Ordering::Relaxed), ingest.done.load(Ordering::Relaxed)), (1, 1));
    assert!(run.seen.lock().expect("no panic")[0].contains("\"role\":\"ingest\""));
}

#[tokio::test]
async fn the_table_stays_bounded() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let state = crate::state::State::open(&options(dir.path()).data_dir.join("web")).expect("a state");
    let day = 86_400 * 1_000_000_000u64;
    let place = async |id: &str, made: u64| {
        let record = super::Record::new(super::Kind::Acknowledge, &acknowledge(id, "i"), "anna", made);
        let request =
            super::wanted::request(record.kind, &acknowledge(id, "i"), "anna", made).expect("arguments are right");
        let placed = state.call(move |db| {
            let placed = super::table::place(db, &record, &request, true)?;
            let mut record = record;
            record.go(Phase::Done, "done", "", made);
            super::table::update(db, &record).map(|()| placed)
        });
        placed.await.expect("it is kept")
    };
    place("old", day).await;
    place("new", 32 * day).await;
    let kept = state.call(|db| db.query_row("SELECT group_concat(id) FROM actions", [], |row| row.get::<_, String>(0)));
    assert_eq!(kept.await.expect("read"), "new", "what is older than 30 days is forgotten");
}
