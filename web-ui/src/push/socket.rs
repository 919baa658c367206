//! `GET /push/socket`: WebSocket (RFC 6455), one text frame of JSON for each message.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::ask::Ask;
use super::flow::{Flow, Wire};
use super::frame::{self, Inbox};
use super::guard::{Reader, Who};
use super::problem::Problem;
use crate::app::Shared;
use crate::role::now_ns;
use crate::server::Takeover;

/// RFC 6455 §1.3: what a server adds to the key to show that it knows the protocol.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Answers with a stream that lasts until one of both sides ends it.
pub async fn subscribe(
    State(app): State<Shared>,
    reader: Reader,
    uri: Uri,
    headers: HeaderMap,
    takeover: Takeover,
) -> Result<Response, Problem> {
    let accept = accept(&headers)?;
    if matches!(reader.who, Who::Session(_)) && !is_own(&headers) {
        // A browser sends cookies with another site's WebSocket too.
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this socket is for the page's own scripts: Origin is another",
        ));
    }
    let ask = Ask::of(&uri, &headers, now_ns())?;
    let names = ask.names();
    reader.may_read(&names)?;
    let subscription = app.hub.subscribe(&names, ask.start, now_ns())?;
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n"
    )
    .into_bytes();
    head.extend(frame::text(&format!("{{\"cursor\":\"{}\"}}", subscription.cursor())));
    let who = reader.who;
    Ok(takeover.take(move |stream, read| {
        let mut flow = Flow::new(stream, app, who, subscription, Wire::Socket(Inbox::default()), head);
        let _ = flow.hear(&read);
        flow
    }))
}

/// The answer to the client's key.
fn accept(headers: &HeaderMap) -> Result<String, Problem> {
    let has = |name, token: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        let words =
            "this address speaks WebSocket: send Connection: Upgrade and Upgrade: websocket, or use /push/events";
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, words));
    }
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(Problem::bad_request("Sec-WebSocket-Version must be 13"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(|key| key.as_bytes());
    let key = key.filter(|key| STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16));
    let key = key.ok_or_else(|| Problem::bad_request("Sec-WebSocket-Key must be 16 bytes in base64"))?;
    Ok(STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, MAGIC].concat())))
}

/// Whether the request comes from a page of ours, or from no browser.
fn is_own(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin.zip(host).is_some_and(|((_, origin), host)| origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::{accept, is_own};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    const GOOD: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    #[test]
    fn the_key_is_answered_as_the_rfc_has_it() {
        assert_eq!(accept(&headers(&GOOD)).expect("a handshake"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn half_a_handshake_is_refused() {
        for (missing, (name, _)) in GOOD.iter().enumerate() {
            let mut pairs = GOOD.to_vec();
            pairs.remove(missing);
            assert!(accept(&headers(&pairs)).is_err(), "without {name}");
        }
        assert!(accept(&headers(&[GOOD[0], GOOD[1], GOOD[2], ("sec-websocket-key", "c2hvcnQ=")])).is_err());
    }

    #[test]
    fn another_sites_page_is_not_ours() {
        let check = |origin: &'static str, expect: bool| {
            assert_eq!(is_own(&headers(&[("origin", origin), ("host", "box.lan:8443")])), expect, "{origin}");
        };
        check("https://box.lan:8443", true);
        check("https://BOX.lan:8443", true);
        check("https://box.lan", false);
        check("https://evil.example", false);
        check("null", false);
        assert!(is_own(&headers(&[("host", "box.lan")])), "curl sends none");
    }
}
