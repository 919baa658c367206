//! *Channels*: how warnings go out, what waits, what became of the newest messages, a test.

mod words;

use std::time::Duration;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use live::detail::{ChannelDetail, MessageDetail, OUTBOX, OutboxDetail};
use live::line::{ChannelState, OutboxState, TestState};

use crate::action::{Notice, new_id};
use crate::app::Shared;
use crate::guard::{Right, Standing, Visitor};
use crate::page::frame::{Frame, Place, html};
use crate::role::now_ns;
use crate::routes::Route;
use crate::words::Language;
use crate::words::number::{count, duration};
use crate::words::time::{Time, ago, moment};

use words::{EN, RU, Texts};

pub fn routes() -> Vec<Route> {
    vec![Route::get("/channels", Right::User(Standing::Viewer), show)]
}

/// What was heard so long ago is told as old, ns.
const STALE_NS: u64 = 5_000_000_000;

struct Standings {
    tone: &'static str,
    text: String,
    sent: String,
    failed: String,
}

struct ChannelView {
    id: String,
    name: String,
    state: String,
    tone: &'static str,
    kind: String,
    receivers: Vec<String>,
    last_sent: Option<Time>,
    failures: u64,
    waiting: u64,
    counts: String,
}

struct TestView {
    state: String,
    tone: &'static str,
    channel: String,
    receiver: String,
    took: String,
    answer: String,
}

struct MessageView {
    at: Time,
    kind: String,
    incident: Option<String>,
    receiver: String,
    channel: String,
    state: String,
    tone: &'static str,
    answer: String,
}

#[derive(Template)]
#[template(path = "channels.html")]
struct Page {
    frame: Frame,
    notice: Option<Notice>,
    w: &'static Texts,
    may: bool,
    away: Option<String>,
    stale: Option<String>,
    standing: Option<Standings>,
    channels: Vec<ChannelView>,
    tests: Vec<TestView>,
    messages: Vec<MessageView>,
}

async fn show(State(app): State<Shared>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let (notice, told) = tokio::join!(
        Notice::of(&app.actions, &visitor, query.as_deref()),
        app.questions.detail::<OutboxDetail>(OUTBOX)
    );
    let language = visitor.language;
    let w = language.pick(&EN, &RU);
    let (detail, away) = match told {
        Ok(detail) => (detail, None),
        Err(error) => (OutboxDetail::default(), Some(error.to_string())),
    };
    let heard = app.now.borrow().notifier.clone();
    let outbox = heard.as_ref().map(|heard| heard.line.outbox.clone());
    let standing = outbox.as_ref().map(|outbox| standings(outbox, w, language));
    let old = heard.as_ref().filter(|heard| now_ns().saturating_sub(heard.at_ns) > STALE_NS);
    let stale = old.map(|heard| format!("{} {}.", w.stale, ago(heard.at_ns, now_ns(), language)));
    let outbox = outbox.unwrap_or_default();
    html(&Page {
        frame: Frame::of(Place::Channels, &visitor),
        notice,
        w,
        may: visitor.standing >= Standing::Operator,
        away,
        stale,
        standing,
        channels: channels(&detail, &outbox, language),
        tests: outbox.tests.iter().rev().map(|test| test_view(test, language)).collect(),
        messages: detail.messages.iter().map(|message| message_view(message, language)).collect(),
    })
}

fn standings(outbox: &OutboxState, w: &Texts, language: Language) -> Standings {
    let (tone, text) = if outbox.waiting == 0 {
        ("good", w.nothing_waits.to_owned())
    } else {
        let (waiting, age) =
            (count(outbox.waiting, language), duration(Duration::from_millis(outbox.oldest_ms), language));
        let text = match language {
            Language::En => format!("{waiting} wait to be sent, the oldest for {age}."),
            Language::Ru => format!("Ждут отправки: {waiting}, самое старое – {age}."),
        };
        ("warn", text)
    };
    Standings { tone, text, sent: count(outbox.sent, language), failed: count(outbox.failed, language) }
}

/// Those of the configuration, and those that only the line knows because notifier does not answer.
fn channels(detail: &OutboxDetail, outbox: &OutboxState, language: Language) -> Vec<ChannelView> {
    let known = |name: &str| outbox.channels.iter().find(|state| state.channel == name).cloned().unwrap_or_default();
    let mut views: Vec<ChannelView> =
        detail.channels.iter().map(|channel| channel_view(channel, &known(&channel.channel), language)).collect();
    let rest = outbox.channels.iter().filter(|state| !detail.channels.iter().any(|one| one.channel == state.channel));
    views.extend(rest.map(|state| {
        let channel = ChannelDetail { channel: state.channel.clone(), ..ChannelDetail::default() };
        channel_view(&channel, state, language)
    }));
    views
}

fn channel_view(channel: &ChannelDetail, known: &ChannelState, language: Language) -> ChannelView {
    let (state, tone) = words::channel_state(&known.state, language);
    let numbers = [channel.sent, channel.failed, channel.expired, channel.superseded].map(|n| count(n, language));
    ChannelView {
        id: new_id(),
        name: channel.channel.clone(),
        state: if state.is_empty() { "–".to_owned() } else { state },
        tone,
        kind: words::channel_kind(&channel.kind, language),
        receivers: channel.receivers.clone(),
        last_sent: (known.last_sent_ns > 0).then(|| moment(known.last_sent_ns, language)),
        failures: known.failures,
        waiting: known.waiting,
        counts: numbers.join(" / "),
    }
}

fn test_view(test: &TestState, language: Language) -> TestView {
    let (state, tone) = words::state(&test.state, language);
    TestView {
        state,
        tone,
        channel: test.channel.clone(),
        receiver: test.receiver.clone(),
        took: duration(Duration::from_millis(test.took_ms), language),
        answer: test.answer.clone(),
    }
}

fn message_view(message: &MessageDetail, language: Language) -> MessageView {
    let (state, tone) = words::state(&message.state, language);
    let is_id = |id: &&String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    MessageView {
        at: moment(message.created_ns, language),
        kind: words::kind(&message.kind, language),
        incident: message.incidents.first().filter(is_id).cloned(),
        receiver: message.receiver.clone(),
        channel: message.channel.clone(),
        state,
        tone,
        answer: message.answer.clone(),
    }
}

#[cfg(test)]
mod tests;
