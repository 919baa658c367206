//! The page with what notifier tells.

use axum::http::StatusCode;
use live::detail::{ChannelDetail, MessageDetail, OUTBOX, OutboxDetail};
use live::line::{ChannelState, OutboxState};
use live::{Publisher, Role};

use super::channels;
use crate::guard::Standing;
use crate::testing::{get, parts, router, visitor};
use crate::words::Language;

fn detail() -> OutboxDetail {
    OutboxDetail {
        channels: vec![ChannelDetail {
            channel: "email".to_owned(),
            kind: "email".to_owned(),
            receivers: vec!["boris".to_owned()],
            sent: 3,
            ..ChannelDetail::default()
        }],
        messages: vec![
            MessageDetail {
                id: "m1".to_owned(),
                kind: "alert".to_owned(),
                receiver: "boris".to_owned(),
                channel: "email".to_owned(),
                state: "failed".to_owned(),
                answer: "550 <img src=x onerror=alert(1)>".to_owned(),
                incidents: vec!["00ff".to_owned()],
                ..MessageDetail::default()
            },
            MessageDetail { incidents: vec!["javascript:alert(1)".to_owned()], ..MessageDetail::default() },
        ],
    }
}

#[tokio::test]
async fn channels_and_messages_are_shown_as_text() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let publisher = Publisher::bind(&dir.path().join("run"), Role::Notifier, "n".to_owned(), 1, String::new);
    let publisher = publisher.expect("a free name");
    publisher.tell(vec![(OUTBOX, Box::new(|| serde_json::to_string(&detail()).expect("JSON")))]);
    let (status, page) = get(&router(&app, Some(visitor(Standing::Operator, Language::Ru))), "/channels").await;
    assert_eq!(status, StatusCode::OK);
    for expect in ["эл. почта", "boris", "не удалось", "/incidents/00ff", "value=\"test_channel\"", "3 / 0 / 0 / 0"]
    {
        assert!(page.contains(expect), "{expect}: {page}");
    }
    assert!(!page.contains("<img") && !page.contains("javascript:"), "{page}");
    let (_, page) = get(&router(&app, Some(visitor(Standing::Viewer, Language::En))), "/channels").await;
    assert!(page.contains("boris") && !page.contains("test_channel"), "{page}");
}

#[test]
fn a_channel_that_only_the_line_knows_is_shown_too() {
    let state =
        ChannelState { channel: "sms".to_owned(), state: "failing: no route".to_owned(), ..ChannelState::default() };
    let outbox = OutboxState { channels: vec![state], ..OutboxState::default() };
    let views = channels(&OutboxDetail::default(), &outbox, Language::En);
    assert_eq!((views[0].name.as_str(), views[0].state.as_str(), views[0].tone), ("sms", "failing: no route", "bad"));
}
