//! Bad input: each is told what is wrong, as a problem.

use super::client::{Answer, Client};
use super::{serve, to_viewer, token};

fn check(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.head.contains("application/problem+json"), "{answer:?}");
    let json = answer.json();
    assert_eq!(json["status"], status);
    assert!(json["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{answer:?}");
}

#[tokio::test]
async fn a_bad_question_is_told_what_is_wrong() {
    let page = to_viewer().await;
    let mut client = Client::connect(page.address).await;
    for transport in ["events", "poll"] {
        for (query, status, words) in [
            ("", 400, "name between"),
            ("channels=", 400, "name between"),
            ("channels=nonsense", 404, "no channel \"nonsense\""),
            ("channels=load,x/none", 404, "no channel \"x/none\""),
            ("channels=host:1.2.3", 404, "no channel"),
            ("channels=%ff%fe", 404, "no channel"),
            ("channels=%3Cscript%3E", 404, "no channel"),
            ("channels=load&since=yesterday", 400, "cursor"),
            ("channels=load&last_event_id=1-2-3", 400, "cursor"),
            ("channels=load&from=4102444800", 400, "future"),
            ("channels=load&from=2100-01-01T00:00:00Z", 400, "future"),
            ("channels=load&from=soon", 400, "from="),
            ("channels=load&to=1", 400, "to= needs from="),
            ("channels=load&unknown=1", 400, "unknown"),
            ("channels=load&wait=999", 400, "wait="),
        ] {
            check(&client.get(&format!("/push/{transport}?{query}"), "").await, status, words);
        }
        let many = (0..33).map(|n| format!("host:192.0.2.{n}")).collect::<Vec<_>>().join(",");
        check(&client.get(&format!("/push/{transport}?channels={many}"), "").await, 400, "between 1 and 32");
        check(&client.get(&format!("/push/{transport}?channels=load"), "Last-Event-ID: x\r\n").await, 400, "cursor");
    }
    check(&client.get("/push/socket?channels=load", "").await, 426, "WebSocket");
}

#[tokio::test]
async fn without_a_right_there_is_nothing() {
    let page = serve(None).await;
    let (_, text) = token(&page, Some("x/a/"), None, 10.0).await;
    let mut client = Client::connect(page.address).await;
    let bearer = format!("Authorization: Bearer {text}\r\n");
    for path in ["/push/events?channels=load", "/push/poll?channels=load", "/push/channels"] {
        check(&client.get(path, "").await, 401, "sign in");
        check(&client.get(path, "Authorization: Bearer fmp_wrong\r\n").await, 401, "token");
        check(&client.get(path, "Authorization: Basic YTpi\r\n").await, 401, "token");
    }
    check(&client.get("/push/poll?channels=load", &bearer).await, 403, "subscribe");
    check(&client.post("/push/publish?channels=x/a/b", "", b"1").await, 401, "sign in");
    check(&client.post("/push/publish?channels=incidents", &bearer, b"1").await, 403, "publish");
    check(&client.post("/push/publish?channels=x/b", &bearer, b"1").await, 403, "publish");
    check(&client.post("/push/channels", &bearer, br#"{"do":"close","channel":"load"}"#).await, 403, "publish");
    assert_eq!(client.get("/api/tokens", &bearer).await.status, 401, "a token is no admin");
}

#[tokio::test]
async fn a_bad_message_or_channel_is_refused() {
    let page = serve(None).await;
    let (_, text) = token(&page, Some("x/"), Some("x/"), 1_000.0).await;
    let bearer = format!("Authorization: Bearer {text}\r\n");
    let mut client = Client::connect(page.address).await;
    let mut post = async |path: &str, body: &[u8], status: u16, words: &str| {
        // An answer to a body that is not read through ends the connection: each has its own.
        client = Client::connect(page.address).await;
        check(&client.post(path, &bearer, body).await, status, words);
    };
    post("/push/publish?channels=x/none", b"1", 404, "no channel").await;
    post("/push/publish", b"1", 400, "channels").await;
    post("/push/publish?channels=", b"1", 400, "name between").await;
    post("/push/publish?channels=x/a&when=now", b"1", 400, "when").await;
    post("/push/publish?channels=x/none", &[b'a'; 70_000], 413, "65536").await;
    post("/push/publish?channels=x/none", b"\xff\xfe", 400, "UTF-8").await;
    post("/push/channels", b"", 400, "looks like").await;
    post("/push/channels", b"\xff", 400, "UTF-8").await;
    post("/push/channels", &[b' '; 5_000], 413, "4096").await;
    post("/push/channels", br#"{"do":"open","channel":"x/a","colour":"red"}"#, 400, "colour").await;
    post("/push/channels", br#"{"do":"explode","channel":"x/a"}"#, 400, "explode").await;
    post("/push/channels", br#"{"do":"open","channel":"x/a b"}"#, 400, "no name").await;
    post("/push/channels", br#"{"do":"open","channel":"x/a","lifetime_s":0}"#, 400, "lives between").await;
    post("/push/channels", br#"{"do":"open","channel":"x/a","lifetime_s":18446744073709551615}"#, 400, "lives").await;
    post("/push/channels", br#"{"do":"close","channel":"x/a"}"#, 404, "no channel").await;
    assert_eq!(page.app.hub.counts().published.get(), 0);
}
