//! Following and coming back: nothing is lost, or it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::client::Client;
use super::{Transport, to_viewer, until};
use crate::role::now_ns;

#[tokio::test]
async fn events_come_with_their_ids_and_go_on_after_the_last() {
    let page = to_viewer().await;
    let (mut client, head) = Client::follow(page.address, "/push/events?channels=load,incidents", "").await;
    for line in ["HTTP/1.1 200 OK", "content-type: text/event-stream; charset=utf-8", "x-accel-buffering: no"] {
        assert!(head.contains(line), "{head}");
    }
    let first = client.event().await;
    assert!(first.starts_with("retry: 3000\nid: ") && first.ends_with("-0\n\n"), "{first}");
    page.publish(&["load"], "{\"n\":1}");
    page.publish(&["traffic"], "{\"n\":2}");
    page.publish(&["incidents", "load"], "{\"n\":3}");
    let (one, three) = (client.event().await, client.event().await);
    assert!(one.ends_with("\"data\":{\"n\":1}}\n\n") && three.contains("[\"incidents\",\"load\"]"), "{one}{three}");
    let id = one.lines().next().and_then(|line| line.strip_prefix("id: ")).expect("an id").to_owned();
    page.publish(&["load"], "{\"n\":4}");
    drop(client);
    page.is_followed_by(Transport::Events, 0).await;
    page.publish(&["load"], "{\"n\":5}");
    for (query, header) in
        [(String::new(), format!("Last-Event-ID: {id}\r\n")), (format!("&last_event_id={id}"), String::new())]
    {
        let path = format!("/push/events?channels=load,incidents{query}");
        let (mut client, _) = Client::follow(page.address, &path, &header).await;
        assert!(client.event().await.contains(&format!("id: {id}")), "it begins where it left");
        for n in 3..=5 {
            let event = client.event().await;
            assert!(event.contains(&format!("{{\"n\":{n}}}")), "{event}");
        }
    }
}

#[tokio::test]
async fn a_stream_says_that_it_lives_and_that_something_is_missing() {
    let page = to_viewer().await;
    page.publish(&["load"], "1");
    let (mut client, _) = Client::follow(page.address, "/push/events?channels=load&since=0-1", "").await;
    assert!(client.event().await.ends_with("id: 0-1\n\n"), "cut here, the browser asks for the gap again");
    let event = client.event().await;
    let cursor = page.app.hub.cursor();
    let expect = format!("id: {cursor}\nevent: resync\ndata: {{\"resync\":true,\"cursor\":\"{cursor}\"}}\n\n");
    assert_eq!(event, expect);
    assert_eq!(client.until("\n\n").await, ": ping\n\n");
    page.publish(&["load"], "2");
    assert!(client.event().await.contains("\"data\":2"), "it goes on");
    let mut poll = Client::connect(page.address).await;
    let answer = poll.get("/push/poll?channels=load&since=0-1", "").await;
    assert!(
        answer.json()["resync"] == true
            && answer.data().is_empty()
            && answer.cursor() == page.app.hub.cursor().to_string()
    );
}

/// A message between two polls, ten thousand times.
#[tokio::test]
async fn what_is_published_between_two_polls_is_in_the_next() {
    let page = to_viewer().await;
    let mut client = Client::connect(page.address).await;
    let mut cursor = client.get("/push/poll?channels=incidents&wait=0", "").await.cursor();
    for n in 0..10_000 {
        page.publish(&["incidents"], &n.to_string());
        let answer = client.get(&format!("/push/poll?channels=incidents&since={cursor}&wait=10s"), "").await;
        assert_eq!(answer.data(), [json!(n)]);
        cursor = answer.cursor();
    }
    assert_eq!(page.app.hub.counts().resyncs.get(), 0);
}

/// The publisher does not care when the polls come: before, between, while they wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polls_against_a_publisher_of_its_own_time_miss_nothing() {
    const ALL: u64 = 10_000;
    let page = to_viewer().await;
    let mut client = Client::connect(page.address).await;
    let mut cursor = client.get("/push/poll?channels=incidents,load&wait=0", "").await.cursor();
    let seen = Arc::new(AtomicU64::new(0));
    let (hub, read) = (Arc::clone(&page.app.hub), Arc::clone(&seen));
    let publisher = std::thread::spawn(move || {
        for n in 0..ALL {
            // Within what the ring keeps; else in bursts, and with pauses in which polls wait.
            while n > read.load(Ordering::Relaxed) + 500 || n % 64 == 63 && n > read.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            hub.publish(&[["incidents", "load"][(n % 2) as usize]], &n.to_string(), now_ns());
        }
    });
    let mut next = 0;
    while next < ALL {
        let answer = client.get(&format!("/push/poll?channels=incidents,load&since={cursor}&wait=10s"), "").await;
        for data in answer.data() {
            assert_eq!(data, json!(next));
            next += 1;
        }
        seen.store(next, Ordering::Relaxed);
        cursor = answer.cursor();
    }
    publisher.join().expect("no panic");
    assert_eq!(page.app.hub.counts().resyncs.get(), 0);
}

#[tokio::test]
async fn a_poll_waits_as_long_as_it_is_told_and_the_connection_serves_on() {
    let page = to_viewer().await;
    let mut client = Client::connect(page.address).await;
    let empty = client.get("/push/poll?channels=load&wait=1s", "").await;
    assert!(empty.status == 200 && empty.data().is_empty(), "{empty:?}");
    // The next request comes while this one waits: it is answered after it.
    client.send("GET", "/push/poll?channels=load&wait=20s", "", b"").await;
    page.is_followed_by(Transport::Poll, 1).await;
    client.send("GET", "/healthz", "", b"").await;
    page.publish(&["load"], "7");
    assert_eq!(client.answer().await.data(), [json!(7)]);
    assert_eq!(client.answer().await.body, "ok\n");
    page.is_followed_by(Transport::Poll, 0).await;
    client.send("GET", "/push/poll?channels=load&wait=20s", "", b"").await;
    page.is_followed_by(Transport::Poll, 1).await;
    drop(client);
    page.is_followed_by(Transport::Poll, 0).await;
}

#[tokio::test]
async fn a_time_range_gives_what_there_is_of_it() {
    let page = to_viewer().await;
    let second = 1_000_000_000;
    let begin = now_ns() / second * second - 100 * second;
    for n in 0..10 {
        page.app.hub.publish(&["load"], &n.to_string(), begin + n * second);
    }
    let mut client = Client::connect(page.address).await;
    let (from, to) = (begin / second + 2, begin / second + 4);
    let answer = client.get(&format!("/push/poll?channels=load&from={from}&to={to}"), "").await;
    assert_eq!(answer.data(), [json!(2), json!(3), json!(4)]);
    let next = client.get(&format!("/push/poll?channels=load&since={}&wait=0", answer.cursor()), "").await;
    assert_eq!(next.data().len(), 5, "the cursor goes on after the range");
}

#[tokio::test]
async fn a_reader_who_does_not_read_is_cut_and_others_go_on() {
    let page = to_viewer().await;
    let (stalled, _) = Client::follow(page.address, "/push/events?channels=incidents", "").await;
    let (mut reading, _) = Client::follow(page.address, "/push/events?channels=incidents", "").await;
    page.is_followed_by(Transport::Events, 2).await;
    let body = format!("\"{}\"", "a".repeat(60_000));
    let follow = async {
        for _ in 0..200 {
            page.publish(&["incidents"], &body);
            while !reading.until("\n\n").await.contains("aaa") {}
        }
    };
    follow.await;
    until("the cut", || page.app.push.counts.slow.get() == 1).await;
    page.is_followed_by(Transport::Events, 1).await;
    drop(stalled);
}

#[tokio::test]
async fn a_session_that_is_ended_ends_its_streams_at_once() {
    let page = to_viewer().await;
    let (mut events, _) = Client::follow(page.address, "/push/events?channels=load", "").await;
    let mut poll = Client::connect(page.address).await;
    poll.send("GET", "/push/poll?channels=load", "", b"").await;
    page.is_followed_by(Transport::Events, 1).await;
    page.is_followed_by(Transport::Poll, 1).await;
    page.is_open.store(false, Ordering::Relaxed);
    page.app.hub.recheck();
    page.publish(&["load"], "\"a secret\"");
    let rest = events.rest().await;
    assert!(rest.contains("event: revoked") && !rest.contains("a secret"), "{rest}");
    assert_eq!(poll.rest().await, "");
    assert_eq!(page.app.push.counts.revoked.get(), 2);
}
