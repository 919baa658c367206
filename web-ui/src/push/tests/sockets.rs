//! WebSocket, with another implementation at the other end.

use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use super::client::Client;
use super::{Page, Transport, to_viewer};

/// A client of the test's own thread; the page is served by others.
fn connect(page: &Page, query: &str) -> WebSocket<TcpStream> {
    let stream = TcpStream::connect(page.address).expect("the page listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a fresh socket");
    let request = format!("ws://{}/push/socket?{query}", page.address).into_client_request().expect("an address");
    client(request, stream).expect("a handshake").0
}

/// The next message that is no ping.
fn next(socket: &mut WebSocket<TcpStream>) -> Message {
    loop {
        let message = socket.read().expect("a message in time");
        if !message.is_ping() {
            return message;
        }
    }
}

fn json(socket: &mut WebSocket<TcpStream>) -> Value {
    let message = next(socket);
    serde_json::from_str(message.to_text().expect("text")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_come_are_answered_and_resumed() {
    let page = to_viewer().await;
    let mut socket = connect(&page, "channels=load,incidents");
    let cursor = json(&mut socket)["cursor"].as_str().expect("a cursor").to_owned();
    let long = format!("\"{}\"", "ж".repeat(30_000));
    for body in ["1", &"7".repeat(200), &long] {
        page.publish(&["load"], body);
        let message = json(&mut socket);
        assert_eq!(message["data"], serde_json::from_str::<Value>(body).expect("JSON"));
    }
    socket.send(Message::text("nobody asked")).expect("it is taken");
    socket.send(Message::Ping("are you there?".into())).expect("it is taken");
    assert_eq!(next(&mut socket), Message::Pong("are you there?".into()));
    drop(socket);
    page.is_followed_by(Transport::Socket, 0).await;
    page.publish(&["incidents"], "4");
    let mut socket = connect(&page, &format!("channels=incidents,load&since={cursor}"));
    assert_eq!(json(&mut socket)["cursor"], cursor.as_str());
    assert!(json(&mut socket)["data"] == 1 && next(&mut socket).len() > 200 && next(&mut socket).len() > 60_000);
    assert_eq!(json(&mut socket)["data"], 4);
    socket.close(None).expect("it is taken");
    assert!(matches!(next(&mut socket), Message::Close(Some(frame)) if frame.code == CloseCode::Normal));
    assert!(matches!(socket.read(), Err(Error::ConnectionClosed)));
    page.is_followed_by(Transport::Socket, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_and_an_end_are_frames_too() {
    let page = to_viewer().await;
    let mut socket = connect(&page, "channels=load&since=0-5");
    json(&mut socket);
    assert_eq!(json(&mut socket)["resync"], true);
    page.is_open.store(false, std::sync::atomic::Ordering::Relaxed);
    page.app.hub.recheck();
    assert_eq!(json(&mut socket)["revoked"], true);
    assert!(matches!(next(&mut socket), Message::Close(Some(frame)) if frame.code == CloseCode::Policy));
}

#[tokio::test]
async fn another_sites_socket_is_refused() {
    let page = to_viewer().await;
    let mut client = Client::connect(page.address).await;
    let handshake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let evil = format!("{handshake}Origin: https://evil.example\r\n");
    assert_eq!(client.get("/push/socket?channels=load", &evil).await.status, 403);
    let mut client = Client::connect(page.address).await;
    let own = format!("{handshake}Origin: http://test\r\n");
    client.send("GET", "/push/socket?channels=load", &own, b"").await;
    let head = client.until("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
}
