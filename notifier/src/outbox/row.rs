//! A row of the outbox: one message, one recipient, one channel.

use live::incident::Severity;
use serde::{Deserialize, Serialize};

use crate::channel::Message;
use crate::judgement::Class;
use crate::notice::{Notice, NoticeKind};

/// What became of it; the table of the module has the ways between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the module's table says it")]
pub enum RowState {
    #[default]
    Waiting,
    Sending,
    Sent,
    Delivered,
    Failed,
    Expired,
    Superseded,
}

impl RowState {
    /// Nothing will be sent any more.
    pub const fn is_final(self) -> bool {
        !matches!(self, RowState::Waiting | RowState::Sending)
    }
}

/// The row. Times are ns since the epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Stable over repeats, unique for ever: 32 hexadecimal digits.
    pub id: String,
    /// When it was made.
    pub created_ns: u64,
    /// What it is for.
    pub kind: NoticeKind,
    /// Its group.
    pub class: Class,
    /// The worst of its incidents.
    pub severity: Severity,
    /// The receiver's name.
    pub receiver: String,
    /// The channel's.
    pub channel: String,
    /// Address or number.
    pub to: String,
    /// The incident whose thread it belongs to; empty = none.
    pub thread: String,
    /// Ids of the incidents that it names.
    pub incidents: Vec<String>,
    /// What it says.
    pub notice: Notice,
    /// What became of it.
    pub state: RowState,
    /// Attempts begun.
    pub attempts: u32,
    /// Not before.
    pub next_try_ns: u64,
    /// Not after.
    pub expires_ns: u64,
    /// An attempt may have been delivered: its answer was never seen.
    pub is_unsure: bool,
    /// The channel will say whether it arrived.
    pub is_followed: bool,
    /// What the provider calls it.
    pub provider_id: String,
    /// The last answer or error.
    pub answer: String,
    /// When it became final.
    pub settled_ns: u64,
}

impl Row {
    /// What the channel is given.
    pub fn message(&self) -> Message {
        Message {
            id: self.id.clone(),
            thread: self.thread.clone(),
            to: self.to.clone(),
            notice: self.notice.clone(),
            attempt: self.attempts,
        }
    }

    /// Makes it final. What opens an incident's acknowledgement is not kept longer than it is needed.
    pub fn settle(&mut self, state: RowState, answer: &str, now_ns: u64) {
        self.state = state;
        self.settled_ns = now_ns;
        self.set_answer(answer);
        self.notice.code.clear();
        self.notice.acknowledge_url.clear();
        self.notice.chart = None;
        self.notice.host = None;
    }

    /// Keeps an answer, cut, without what could break a line.
    pub fn set_answer(&mut self, answer: &str) {
        self.answer = crate::words::plain(answer, super::ANSWER_CHARS_MAX, ' ');
    }

    /// Whether it tells incidents that go on.
    pub fn is_alert(&self) -> bool {
        matches!(self.kind, NoticeKind::Alert | NoticeKind::Reminder | NoticeKind::Escalation | NoticeKind::Flapping)
    }
}
