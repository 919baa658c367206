//! body: the JSON that a web hook gets, and its signature.
//!
//! | Key | |
//! |---|---|
//! | `version` | 1; keys are only added to it |
//! | `id` | of the message: the same when it is sent again; also in the header `Idempotency-Key` |
//! | `thread` | of the incident that the message belongs to; may be empty |
//! | `to` | the receiver's address for web hooks, as configured; may be empty |
//! | `subject`, `text` | the words of the mail, in the receiver's language |
//! | `notice` | the [`Notice`](crate::notice::Notice): kind, node, times in ns since the epoch, incidents with attack, host, status |
//!
//! Header `Floodmark-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 with the secret over `SECONDS`, a dot and the body, where
//! SECONDS is the UNIX time of this attempt. A receiver compares in constant time and refuses what is older than five
//! minutes, so that what was overheard is of no use later.

use ring::hmac;
use serde::Serialize;

use crate::channel::Message;
use crate::channel::email::render;
use crate::notice::Notice;

/// Of the shape.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Body<'a> {
    version: u32,
    id: &'a str,
    thread: &'a str,
    to: &'a str,
    subject: String,
    text: String,
    notice: Notice,
}

/// The body's bytes: the same each time.
pub(super) fn body(message: &Message) -> Vec<u8> {
    let mut notice = message.notice.clone();
    // Whoever reads the log of a chat or a ticket system must not acknowledge by it; the receiver's mail has the link.
    (notice.code, notice.acknowledge_url) = (String::new(), String::new());
    let mail = render(&Notice { chart: None, ..notice.clone() });
    let body = Body {
        version: VERSION,
        id: &message.id,
        thread: &message.thread,
        to: &message.to,
        subject: mail.subject,
        text: mail.text,
        notice,
    };
    serde_json::to_vec(&body).expect("texts and numbers are JSON")
}

/// The value of the header.
pub(super) fn signature(secret: &hmac::Key, time_s: u64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(secret);
    context.update(format!("{time_s}.").as_bytes());
    context.update(body);
    let tag = context.sign();
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time_s},v1={hex}")
}

#[cfg(test)]
mod tests {
    use ring::hmac;

    use super::signature;

    #[test]
    fn the_signature_is_the_one_that_others_compute() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"hunter2");
        // printf '1787106900.{"a":1}' | openssl dgst -sha256 -hmac hunter2
        let expect = "t=1787106900,v1=bf14e9dab2038bf4a9e2c6abd411d5e768873657931e2c9438b0babdb5ebbb4a";
        assert_eq!(signature(&key, 1_787_106_900, b"{\"a\":1}"), expect);
        assert_ne!(signature(&key, 1_787_106_901, b"{\"a\":1}")[13..], expect[13..], "the time is signed");
    }
}
