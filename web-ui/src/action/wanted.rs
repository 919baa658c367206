//! What may be asked for: each action's right, its role, how long it is worth trying, and its arguments.

use std::time::Duration;

use live::Role;
use live::action::{self, Action};
use live::control::Request;
use live::limits::{CONTROL_BYTES_MAX, CONTROL_ID_CHARS_MAX};
use serde_json::{Map, Value};

use super::Order;
use crate::guard::Standing;

/// The longest silence that is given by its length.
const SILENCE_MAX_S: u64 = 90 * 86_400;

/// What a visitor may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of contract 4")]
pub enum Kind {
    Acknowledge,
    Silence,
    Unsilence,
    Threshold,
    TestChannel,
    Restart,
    Sample,
    SampleStop,
}

impl Kind {
    /// All.
    pub const ALL: [Kind; 8] = [
        Kind::Acknowledge,
        Kind::Silence,
        Kind::Unsilence,
        Kind::Threshold,
        Kind::TestChannel,
        Kind::Restart,
        Kind::Sample,
        Kind::SampleStop,
    ];

    /// Its name, as in contract 4.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Acknowledge => "acknowledge",
            Kind::Silence => "silence",
            Kind::Unsilence => "unsilence",
            Kind::Threshold => "threshold",
            Kind::TestChannel => "test_channel",
            Kind::Restart => "restart",
            Kind::Sample => "sample",
            Kind::SampleStop => "sample_stop",
        }
    }

    /// Its name in the log.
    pub const fn event(self) -> &'static str {
        match self {
            Kind::Acknowledge => "action.acknowledge",
            Kind::Silence => "action.silence",
            Kind::Unsilence => "action.unsilence",
            Kind::Threshold => "action.threshold",
            Kind::TestChannel => "action.test_channel",
            Kind::Restart => "action.restart",
            Kind::Sample => "action.sample",
            Kind::SampleStop => "action.sample_stop",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Who may.
    pub const fn needs(self) -> Standing {
        match self {
            Kind::Acknowledge | Kind::Silence | Kind::Unsilence | Kind::Threshold | Kind::TestChannel => {
                Standing::Operator
            }
            Kind::Restart | Kind::Sample | Kind::SampleStop => Standing::Admin,
        }
    }

    /// How long it is tried while its role is away. What somebody waits for at the screen, or costs money, must not
    /// happen when nobody thinks of it any more.
    pub const fn life(self) -> Duration {
        match self {
            Kind::Acknowledge | Kind::Silence | Kind::Unsilence | Kind::Threshold => Duration::from_secs(600),
            Kind::TestChannel | Kind::Restart | Kind::Sample | Kind::SampleStop => Duration::from_secs(60),
        }
    }

    /// Who carries it out; a restart names its role.
    pub const fn role(self) -> Role {
        match self {
            Kind::Acknowledge | Kind::Silence | Kind::Unsilence | Kind::Threshold | Kind::TestChannel => Role::Notifier,
            Kind::Sample | Kind::SampleStop => Role::Capture,
            Kind::Restart => Role::Run,
        }
    }

    /// Whether the role is told who asks.
    const fn names_who(self) -> bool {
        matches!(self, Kind::Acknowledge | Kind::Silence | Kind::Unsilence | Kind::Threshold | Kind::TestChannel)
    }
}

/// Whether contract 4 takes it as an id.
pub fn is_id(id: &str) -> bool {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.:".contains(char);
    (1..=CONTROL_ID_CHARS_MAX).contains(&id.len()) && id.chars().all(is_plain)
}

/// The request for the role: typed arguments, in the name of `user`.
///
/// # Errors
/// What is wrong with the arguments.
pub fn request(kind: Kind, order: &Order, user: &str, now_ns: u64) -> Result<Request, String> {
    let mut arguments = order.arguments.clone();
    let wrong = |reason: String| format!("the arguments of {}: {reason}", kind.name());
    let (action, role) = if kind == Kind::Restart {
        (Action::Restart, Some(role_of(&arguments).map_err(wrong)?))
    } else {
        if kind == Kind::Silence {
            until(&mut arguments, now_ns / 1_000_000_000).map_err(wrong)?;
        }
        if kind.names_who() {
            // Whatever the client says of it: who asks is who is signed in.
            arguments.insert("by".to_owned(), Value::String(user.to_owned()));
        }
        let read = action::read(kind.name(), Some(Value::Object(arguments)));
        (read.map_err(|reason| wrong(reason.unwrap_or_else(|| "not known".to_owned())))?, None)
    };
    let request = Request { id: order.id.clone(), action, role };
    let bytes = serde_json::to_string(&request).map_err(|error| wrong(error.to_string()))?.len();
    if bytes > CONTROL_BYTES_MAX {
        return Err(wrong(format!("{bytes} bytes, at most {CONTROL_BYTES_MAX} are taken; shorten the comment")));
    }
    Ok(request)
}

fn role_of(arguments: &Map<String, Value>) -> Result<Role, String> {
    let known = || Role::ALL.into_iter().filter(|role| *role != Role::Run);
    let named = arguments.get("role").and_then(Value::as_str);
    if arguments.len() == 1
        && let Some(role) = known().find(|role| Some(role.name()) == named)
    {
        return Ok(role);
    }
    Err(format!("it takes `role` alone, one of {}", known().map(Role::name).collect::<Vec<_>>().join(", ")))
}

/// `for_s`, seconds from now, stands for `until_s`.
fn until(arguments: &mut Map<String, Value>, now_s: u64) -> Result<(), String> {
    let Some(length) = arguments.remove("for_s") else { return Ok(()) };
    if arguments.contains_key("until_s") {
        return Err("give `for_s` or `until_s`, not both".to_owned());
    }
    match length.as_u64().filter(|length| (1..=SILENCE_MAX_S).contains(length)) {
        Some(length) => {
            arguments.insert("until_s".to_owned(), Value::from(now_s + length));
            Ok(())
        }
        None => Err(format!("`for_s` must be 1 to {SILENCE_MAX_S} seconds")),
    }
}
