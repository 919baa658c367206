//! The page with nothing heard, and its cards with lines.

use axum::http::StatusCode;
use live::line::{Failure, Forecast, InterfaceState, RoleState, WorkerState};
use live::{CaptureLine, RunLine};

use super::parts;
use super::words::EN;
use crate::feed::{Heard, Snapshot};
use crate::guard::Standing;
use crate::testing::{get, options, parts as app_parts, router, visitor};
use crate::tools::Finding;
use crate::words::Language;

#[tokio::test]
async fn with_nothing_heard_it_says_so_and_restarts_ask_first() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = app_parts(dir.path());
    let admin = router(&app, Some(visitor(Standing::Admin, Language::En)));
    let (status, page) = get(&admin, "/system").await;
    assert_eq!(status, StatusCode::OK);
    for expect in ["capture is not heard", "ingest is not heard", "floodmark doctor", "role=ingest", "name=\"packets\""]
    {
        assert!(page.contains(expect), "{expect}: {page}");
    }
    let (status, page) = get(&admin, "/system/restart?role=ingest").await;
    assert!(
        status == StatusCode::OK && page.contains("Restart ingest?") && page.contains("value=\"restart\""),
        "{page}"
    );
    for path in ["/system/restart", "/system/restart?role=run", "/system/restart?role=%3Cb%3E"] {
        assert_eq!(get(&admin, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let operator = router(&app, Some(visitor(Standing::Operator, Language::Ru)));
    assert_eq!(get(&operator, "/system/restart?role=ingest").await.0, StatusCode::FORBIDDEN);
    let (_, page) = get(&operator, "/system").await;
    assert!(
        page.contains("не слышна") && !page.contains("name=\"packets\"") && !page.contains("restart?role"),
        "{page}"
    );
    drop(options(dir.path()));
}

fn text(card: &super::Card) -> String {
    card.rows.iter().flatten().map(|cell| format!("{}|{};", cell.text, cell.tone)).collect()
}

#[test]
fn losses_and_failures_are_told_with_their_tone() {
    let envelope = serde_json::json!({"node": "n", "epoch": 1, "seq": 1, "role": "capture", "time_ns": 1, "version": "1", "pid": 1});
    let mut capture: CaptureLine = {
        let mut line = envelope.clone();
        let rest = serde_json::json!({"mode": "normal", "interfaces": [], "workers": [], "skipped": {}, "top_hosts": [],
            "top_prefixes": [], "top_sources": [], "top_ports": [], "spool": {}, "ledger": {}});
        line.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        serde_json::from_value(line).expect("a line")
    };
    capture.interfaces = vec![InterfaceState {
        name: "eth0".to_owned(),
        state: "blind: no frames".to_owned(),
        kernel_seen: 1_000,
        kernel_dropped: 10,
        pre_tap: Some(-3),
        ..InterfaceState::default()
    }];
    capture.workers = vec![WorkerState { core: Some(1), taken: 990, queue: 2, ..WorkerState::default() }];
    capture.spool.used_bytes = 900;
    capture.spool.bytes_max = 1_000;
    let shown = text(&parts::interfaces(&capture, &EN, Language::En));
    assert!(
        shown.contains("blind: no frames|bad") && shown.contains("10 (1.0\u{202f}%)|warn") && shown.contains("-3"),
        "{shown}"
    );
    assert!(text(&parts::workers(&capture, &EN, Language::En)).contains("990"));
    let mut line = envelope;
    line["role"] = "run".into();
    line["roles"] = serde_json::json!([]);
    line["alerts"] = serde_json::json!([{"role": "ingest", "kind": "failing", "since_ns": 1, "text": "it failed"}]);
    let mut run: RunLine = serde_json::from_value(line).expect("a line");
    let spool = Forecast { seconds_until_full: Some(600), ..Forecast::default() };
    let failure = Failure { why: "signal 9".to_owned(), ..Failure::default() };
    run.roles = vec![RoleState {
        role: "capture".to_owned(),
        state: "ready".to_owned(),
        failures: 2,
        recent_failures: vec![failure],
        spool,
        ..RoleState::default()
    }];
    let snapshot = Snapshot { run: Some(Heard { line: run.into(), at_ns: 1 }), time_ns: 1, ..Snapshot::default() };
    let shown = text(&parts::spool(&capture, &snapshot, &EN, Language::En));
    assert!(shown.contains("(90\u{202f}%)|warn") && shown.contains("10\u{202f}min|bad"), "{shown}");
    let shown = text(&parts::roles(&snapshot, true, &EN, Language::En));
    assert!(shown.contains("ready|good") && shown.contains("signal 9") && shown.contains("not heard|bad"), "{shown}");
    assert!(parts::alerts(&snapshot, &EN).expect("an alert").says[0].1.contains("it failed"));
    let finding = |level, subject: &str| Finding {
        level,
        subject: subject.to_owned(),
        what: "w".to_owned(),
        remedy: String::new(),
    };
    let card = parts::findings(&[finding("ok", "a"), finding("fail", "b")], &EN);
    assert_eq!(card.rows[0][0].text, "b", "the worst first");
}
