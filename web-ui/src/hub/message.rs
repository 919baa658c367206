//! One message, written once in the form in which all transports send it.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::IgnoredAny;

use super::cursor::Cursor;
use super::limits::MESSAGE_OVERHEAD;

/// A message. Its text is shared by all who read it:
///
/// ```text
/// id: 5f3a-17
/// data: {"id":"5f3a-17","time":"2026-11-22T06:30:13.123Z","channels":["load"],"data":{"core":[7,9]}}
/// ```
#[derive(Debug)]
pub struct Message {
    /// Its number in the hub, from 1, over all channels.
    pub seq: u64,
    /// When it was published, ns since the epoch; never less than the message's before.
    pub time_ns: u64,
    /// The channels it was published to; at least one, each once.
    pub channels: Box<[Arc<str>]>,
    /// Whether a newer message of the same channels says all that this one does.
    pub is_gauge: bool,
    event: Box<str>,
    json: Range<usize>,
}

impl Message {
    /// A message with its text. A `body` that is JSON is carried as it is, any other text as a JSON string.
    pub fn new(cursor: Cursor, time_ns: u64, channels: Box<[Arc<str>]>, body: &str, is_gauge: bool) -> Message {
        let data = json_of(body);
        let mut event = String::with_capacity(data.len() + 160);
        let _ = write!(event, "id: {cursor}\ndata: ");
        let start = event.len();
        let _ = write!(event, "{{\"id\":\"{cursor}\",\"time\":\"{:.3}\",\"channels\":[", time_of(time_ns));
        for (index, name) in channels.iter().enumerate() {
            // Names have no character that JSON escapes.
            let _ = write!(event, "{}\"{name}\"", if index == 0 { "" } else { "," });
        }
        let _ = write!(event, "],\"data\":{data}}}");
        let json = start..event.len();
        event.push_str("\n\n");
        Message { seq: cursor.seq, time_ns, channels, is_gauge, event: event.into_boxed_str(), json }
    }

    /// As a server-sent event.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// As one line of JSON.
    pub fn json(&self) -> &str {
        &self.event[self.json.clone()]
    }

    /// Bytes of memory that it is counted with.
    pub fn bytes(&self) -> usize {
        self.event.len() + MESSAGE_OVERHEAD
    }
}

/// A moment, for people and programs.
pub fn time_of(time_ns: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX)
}

fn json_of(body: &str) -> Cow<'_, str> {
    match serde_json::from_str::<IgnoredAny>(body) {
        // Line ends of JSON stand between its tokens only; the event must be one line.
        Ok(_) if body.contains(['\n', '\r']) => Cow::Owned(body.replace(['\n', '\r'], " ")),
        Ok(_) => Cow::Borrowed(body),
        Err(_) => Cow::Owned(serde_json::Value::from(body).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::{any, proptest};
    use serde_json::Value;

    use super::Message;
    use crate::hub::Cursor;

    fn message(body: &str) -> Message {
        let channels = Box::new([Arc::from("load"), Arc::from("x/a")]);
        Message::new(Cursor { epoch: 0x5f3a, seq: 17 }, 1_795_329_013_123_456_789, channels, body, false)
    }

    #[test]
    fn one_text_serves_all_transports() {
        let message = message("{\"core\":\n[7]}");
        let json =
            r#"{"id":"5f3a-17","time":"2026-11-22T06:30:13.123Z","channels":["load","x/a"],"data":{"core": [7]}}"#;
        assert_eq!(message.json(), json);
        assert_eq!(message.event(), format!("id: 5f3a-17\ndata: {json}\n\n"));
    }

    proptest! {
        #[test]
        fn any_text_stays_one_line_and_comes_out_as_it_went_in(body in any::<String>()) {
            let message = message(&body);
            assert_eq!(message.event().lines().count(), 3, "id, data, and the empty line");
            let read: Value = serde_json::from_str(message.json()).expect("JSON");
            assert_eq!(read["data"], serde_json::from_str(&body).unwrap_or(Value::String(body)));
        }
    }
}
