//! What may be asked of a role: the action's name and its typed arguments.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::incident::{Severity, SubjectKind};

/// What may be asked for. As JSON: `"action":"NAME"`, and for those with arguments `"arguments":{…}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", content = "arguments", rename_all = "snake_case")]
pub enum Action {
    /// Any role: finish what is in hand, end, be started again.
    Restart,
    /// notifier: somebody takes care of it. Reminders and escalation end; what gets worse is told all the same.
    Acknowledge(Acknowledge),
    /// notifier: send no messages about some incidents.
    Silence(Silence),
    /// notifier: end a silence before its time.
    Unsilence(Unsilence),
    /// notifier: what a mail's link would acknowledge.
    LookLink(Link),
    /// notifier: acknowledge by a mail's link.
    RedeemLink(Link),
    /// notifier: another limit for a rule.
    Threshold(Threshold),
    /// notifier: send a test message.
    TestChannel(TestChannel),
    /// capture: keep some packets as a file.
    Sample(Sample),
    /// capture: end such a sample before it is full.
    SampleStop(SampleStop),
    /// web: a new user of the page, with a link to set a password by.
    UserAdd(UserAdd),
    /// web: another such link.
    UserLink(UserLink),
    /// web: no such user any more.
    UserRemove(UserRemove),
    /// web: all users; the answer is a list as JSON.
    UserList,
}

impl Action {
    /// It changes nothing, so that it may be executed again: its id need not be remembered, and pushes out no other.
    pub const fn is_question(&self) -> bool {
        matches!(self, Action::LookLink(_) | Action::UserList)
    }
}

/// Of [`Action::Acknowledge`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// The incident's id.
    pub incident: String,
    /// Who.
    pub by: String,
    /// Why; may be empty.
    #[serde(default)]
    pub comment: String,
}

/// Of [`Action::Silence`]. What is empty matches all; all empty = everything is mute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Rule name, or empty.
    #[serde(default)]
    pub rule: String,
    /// Kind of subject.
    #[serde(default)]
    pub subject_kind: Option<SubjectKind>,
    /// The subject's name; an address is also matched by a prefix.
    #[serde(default)]
    pub subject: String,
    /// Only up to this severity.
    #[serde(default)]
    pub severity_max: Option<Severity>,
    /// From when, UNIX seconds; `None` = now.
    #[serde(default)]
    pub from_s: Option<u64>,
    /// Until when, UNIX seconds.
    pub until_s: u64,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(default)]
    pub comment: String,
}

/// Of [`Action::Unsilence`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsilence {
    /// The silence: the id of the request that made it.
    pub silence: String,
    /// Who.
    pub by: String,
}

/// Of [`Action::LookLink`] and [`Action::RedeemLink`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// SHA-256 of the link's token, 64 hexadecimal digits: requests are remembered in a file, tokens are not.
    pub token_hash: String,
}

/// Of [`Action::Threshold`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The rule.
    pub rule: String,
    /// Its limit; `None` = as configured.
    pub limit: Option<f64>,
    /// Its level to clear; `None` = as configured, or in proportion.
    #[serde(default)]
    pub clear: Option<f64>,
    /// Who.
    pub by: String,
}

/// Of [`Action::TestChannel`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestChannel {
    /// The channel's name.
    pub channel: String,
    /// Receiver's name; empty = each that uses the channel.
    #[serde(default)]
    pub receiver: String,
    /// Who.
    pub by: String,
}

/// Of [`Action::Sample`]: typed fields, no expression. What is empty or 0 matches all. Packets of either direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Address or prefix of either end.
    #[serde(default)]
    pub network: String,
    /// Interface name.
    #[serde(default)]
    pub interface: String,
    /// IP protocol number.
    #[serde(default)]
    pub protocol: u8,
    /// Port of either end.
    #[serde(default)]
    pub port: u16,
    /// Packets to keep.
    pub packets: u32,
    /// Give up after so many seconds.
    pub seconds: u32,
    /// Bytes kept of each; 0 = the headers only.
    #[serde(default)]
    pub bytes: u32,
}

/// Of [`Action::SampleStop`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleStop {
    /// The sample: the id of the request that began it.
    pub sample: String,
}

/// Of [`Action::UserAdd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserAdd {
    /// The user's name.
    pub name: String,
    /// `viewer`, `operator` or `admin`; `None` = the first user is an admin, others are viewers.
    #[serde(default)]
    pub standing: Option<String>,
    /// SHA-256 of the link's token, 64 hexadecimal digits: requests are remembered in a file, tokens are not.
    pub token_hash: String,
    /// Until when the link holds, UNIX seconds.
    pub expires_s: u64,
    /// Who.
    pub by: String,
}

/// Of [`Action::UserLink`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserLink {
    /// The user's name.
    pub name: String,
    /// As of [`UserAdd`].
    pub token_hash: String,
    /// Until when the link holds, UNIX seconds.
    pub expires_s: u64,
    /// Who.
    pub by: String,
}

/// Of [`Action::UserRemove`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRemove {
    /// The user's name.
    pub name: String,
    /// Who.
    pub by: String,
}

/// Names of the actions, for messages.
pub const NAMES: [&str; 14] = [
    "restart",
    "acknowledge",
    "silence",
    "unsilence",
    "look_link",
    "redeem_link",
    "threshold",
    "test_channel",
    "sample",
    "sample_stop",
    "user_add",
    "user_link",
    "user_remove",
    "user_list",
];

/// Builds the action from its name and arguments.
///
/// # Errors
/// `None`: nobody knows the name. `Some`: what is wrong with the arguments.
pub fn read(name: &str, arguments: Option<Value>) -> Result<Action, Option<String>> {
    fn typed<T: serde::de::DeserializeOwned>(value: Option<Value>) -> Result<T, Option<String>> {
        serde_json::from_value(value.unwrap_or_default()).map_err(|error| Some(error.to_string()))
    }
    Ok(match name {
        "restart" if arguments.is_some() => return Err(Some("restart has no arguments".to_owned())),
        "restart" => Action::Restart,
        "acknowledge" => Action::Acknowledge(typed(arguments)?),
        "silence" => Action::Silence(typed(arguments)?),
        "unsilence" => Action::Unsilence(typed(arguments)?),
        "look_link" => Action::LookLink(typed(arguments)?),
        "redeem_link" => Action::RedeemLink(typed(arguments)?),
        "threshold" => Action::Threshold(typed(arguments)?),
        "test_channel" => Action::TestChannel(typed(arguments)?),
        "sample" => Action::Sample(typed(arguments)?),
        "sample_stop" => Action::SampleStop(typed(arguments)?),
        "user_add" => Action::UserAdd(typed(arguments)?),
        "user_link" => Action::UserLink(typed(arguments)?),
        "user_remove" => Action::UserRemove(typed(arguments)?),
        "user_list" if arguments.is_some() => return Err(Some("user_list has no arguments".to_owned())),
        "user_list" => Action::UserList,
        _ => return Err(None),
    })
}
