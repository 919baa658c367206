//! What scripts do: channels, messages, rates; and the manual's own lines.

use std::process::{Command, Stdio};

use serde_json::json;

use super::client::Client;
use super::{Transport, serve, token};
use crate::guard::Standing;
use crate::testing::visitor;
use crate::words::Language;

#[tokio::test]
async fn a_script_opens_publishes_and_closes_and_its_readers_are_told() {
    let page = serve(None).await;
    let (_, text) = token(&page, Some("x/a/"), None, 100.0).await;
    let (_, reads) = token(&page, None, Some("x/a/"), 100.0).await;
    let (writer, reader) = (format!("Authorization: Bearer {text}\r\n"), format!("Authorization: Bearer {reads}\r\n"));
    let mut client = Client::connect(page.address).await;
    let open = br#"{"do":"open","channel":"x/a/b","lifetime_s":60,"messages_max":5}"#;
    assert_eq!(client.post("/push/channels", &writer, open).await.status, 201);
    assert_eq!(client.post("/push/channels", &writer, open).await.status, 200, "renewed");
    let (mut events, _) = Client::follow(page.address, "/push/events?channels=x/a/b", &reader).await;
    page.is_followed_by(Transport::Events, 1).await;
    let answer = client.post("/push/publish?channels=x/a/b", &writer, "{\"ключ\":\n1}".as_bytes()).await;
    let id = answer.json()["id"].as_str().expect("an id").to_owned();
    client.post("/push/publish?channels=x/a/b", &writer, b"two\nlines").await;
    events.event().await;
    let (first, second) = (events.event().await, events.event().await);
    assert!(first.starts_with(&format!("id: {id}\n")) && first.contains("{\"ключ\": 1}"), "{first}");
    assert!(second.contains(r#""data":"two\nlines"}"#), "{second}");
    let list = client.get("/push/channels", &reader).await.json();
    assert!(list["channels"][0]["channel"] == "x/a/b" && list["channels"][0]["messages"] == 2, "{list}");
    assert_eq!(list["channels"].as_array().map(Vec::len), Some(1), "only what the token may read: {list}");
    assert_eq!(client.post("/push/channels", &writer, br#"{"do":"close","channel":"x/a/b"}"#).await.status, 204);
    assert_eq!(events.rest().await.trim(), "event: closed\ndata: {\"closed\":[\"x/a/b\"]}");
    assert_eq!(client.get("/push/poll?channels=x/a/b", &reader).await.status, 404);
}

#[tokio::test]
async fn a_token_keeps_its_rate_and_ends_when_it_is_revoked() {
    let page = serve(Some(visitor(Standing::Admin, Language::En))).await;
    let mut client = Client::connect(page.address).await;
    let wish = br#"{"name":"backup","publish":"x/","subscribe":"x/","rate":0.5,"lifetime_s":3600}"#;
    let made = client.post("/api/tokens", "", wish).await;
    assert_eq!(made.status, 201);
    let (id, text) = (made.json()["id"].clone(), made.json()["token"].as_str().expect("a text").to_owned());
    let bearer = format!("Authorization: Bearer {text}\r\n");
    let open = br#"{"do":"open","channel":"x/a"}"#;
    assert_eq!(client.post("/push/channels", &bearer, open).await.status, 201);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(client.post("/push/publish?channels=x/a", &bearer, b"1").await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    let refused = client.post("/push/publish?channels=x/a", &bearer, b"1").await;
    assert!(refused.head.contains("retry-after: 2"), "{refused:?}");
    assert_eq!(page.app.push.counts.limited.get(), 2);
    let list = client.get("/api/tokens", "").await;
    assert!(list.json()["tokens"][0]["name"] == "backup" && !list.body.contains(&text), "{list:?}");
    assert_eq!(client.post(&format!("/api/tokens/{id}/revoke"), "", b"").await.status, 204);
    assert_eq!(client.post(&format!("/api/tokens/{id}/revoke"), "", b"").await.status, 404);
    assert_eq!(client.post("/api/tokens/nonsense/revoke", "", b"").await.status, 404);
    assert_eq!(client.post("/push/publish?channels=x/a", &bearer, b"1").await.status, 401);
    assert_eq!(client.post("/api/tokens", "", br#"{"name":"a","publish":"incidents"}"#).await.status, 400);
    assert_eq!(client.post("/api/tokens", "", br#"{"name":"a","admin":true}"#).await.status, 400);
}

#[tokio::test]
async fn a_revoked_tokens_stream_ends() {
    let page = serve(None).await;
    let (id, text) = token(&page, None, Some("incidents"), 1.0).await;
    let bearer = format!("Authorization: Bearer {text}\r\n");
    let (mut events, _) = Client::follow(page.address, "/push/events?channels=incidents", &bearer).await;
    page.is_followed_by(Transport::Events, 1).await;
    page.app.push.tokens.revoke(id).await.expect("it is there");
    page.app.hub.recheck();
    assert!(events.rest().await.ends_with("event: revoked\ndata: {\"revoked\":true}\n\n"));
}

/// The shell lines of docs/push.md, in their order, against a page that is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_manuals_lines_do_what_it_says() {
    let page = serve(None).await;
    let (_, text) = token(&page, Some("x/backup/"), Some("x/backup/"), 100.0).await;
    let manual = include_str!("../../../../docs/push.md");
    let blocks: Vec<&str> = manual.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let mut said = Vec::new();
    for block in &blocks {
        let output = Command::new("sh")
            .args(["-ec", block])
            .env("BASE", format!("http://{}", page.address))
            .env("TOKEN", &text)
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_ne!(output.status.code(), Some(127), "the package curl is missing: {errors}");
        assert!(output.status.success(), "{block}\n{errors}\n{}", String::from_utf8_lossy(&output.stdout));
        said.push(String::from_utf8(output.stdout).expect("text"));
    }
    let polled: serde_json::Value = serde_json::from_str(&said[2]).expect("JSON");
    assert_eq!(polled["messages"][0]["data"], json!({ "backup": "done", "bytes": 123_456 }));
    assert!(said[4].contains("host db-1 is back") && said[4].contains("\"bytes\":123456"), "{}", said[4]);
    assert!(said[5].contains("\"messages\":[]"), "{}", said[5]);
    assert_eq!(blocks.len(), 7);
}
