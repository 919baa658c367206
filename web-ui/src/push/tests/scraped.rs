//! The roles' metrics over the page, with real sockets of roles.

use std::fs;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use live::{PlainLine, Publisher, Role};

use super::client::Client;
use super::{serve, token};

#[expect(clippy::disallowed_methods, reason = "the test measures how long a scraper waits")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scraper_gets_the_metrics_of_the_roles_that_answer_and_is_told_of_the_others() {
    let page = serve(None).await;
    let run_dir = page.app.options.run_dir.clone();
    let metrics =
        || "# HELP floodmark_capture_x X.\n# TYPE floodmark_capture_x gauge\nfloodmark_capture_x 7\n".to_owned();
    let mut capture = Publisher::bind(&run_dir, Role::Capture, "n".to_owned(), 1, metrics).expect("a free name");
    let line = PlainLine { envelope: capture.envelope(crate::role::now_ns()) };
    capture.publish(&line, Err("no packets".into()));
    // One that takes connections and says nothing, ever.
    fs::create_dir_all(&run_dir).expect("a scratch folder");
    let silent = UnixListener::bind(run_dir.join("ingest.sock")).expect("a free name");
    let (_, text) = token(&page, None, Some("metrics"), 1.0).await;
    let bearer = format!("Authorization: Bearer {text}\r\n");
    let mut client = Client::connect(page.address).await;
    let begin = now();
    let answer = client.get("/metrics", &bearer).await;
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.head.contains("text/plain; version=0.0.4"), "{answer:?}");
    for line in [
        "floodmark_capture_x 7",
        "floodmark_web_role{role=\"capture\",what=\"answers\"} 1",
        "floodmark_web_role{role=\"capture\",what=\"healthy\"} 0",
        "floodmark_web_role{role=\"ingest\",what=\"answers\"} 0",
        "floodmark_web_role{role=\"notifier\",what=\"answers\"} 0",
        "floodmark_web_role{role=\"web\",what=\"answers\"} 1",
        "floodmark_web_push_subscribers{transport=\"events\"} 0",
    ] {
        assert!(answer.body.lines().any(|told| told == line), "{line} in {}", answer.body);
    }
    assert!(!answer.body.contains("role=\"run\""), "there is no supervisor: {}", answer.body);
    drop(silent);
    assert_eq!(client.get("/metrics", &bearer).await.status, 200);
}

#[tokio::test]
async fn metrics_are_for_a_token_with_that_right_alone() {
    let page = serve(None).await;
    let mut client = Client::connect(page.address).await;
    assert_eq!(client.get("/metrics", "").await.status, 401);
    assert_eq!(client.get("/metrics", "Authorization: Bearer fmp_nonsense\r\n").await.status, 401);
    let (_, reads) = token(&page, Some("x/"), Some("traffic"), 1.0).await;
    let refused = client.get("/metrics", &format!("Authorization: Bearer {reads}\r\n")).await;
    assert!(refused.status == 403 && refused.body.contains("metrics"), "{refused:?}");
    let (_, scrapes) = token(&page, None, Some("metrics"), 1.0).await;
    let bearer = format!("Authorization: Bearer {scrapes}\r\n");
    assert_eq!(client.get("/push/poll?channels=traffic&wait=0", &bearer).await.status, 403);
    assert_eq!(client.get("/push/poll?channels=metrics&wait=0", &bearer).await.status, 404);
}
