//! Contract 4, control: typed requests with an id made by the client, each executed once.
//!
//! `POST /control` on a role's socket, body `{"id":"…","action":"restart"}`; on `run.sock` also `"role":"ingest"`. What
//! may be asked for, and the `"arguments"` of it, is [`crate::action`]. The answer is one JSON object: 202 for a request that is executed now, 200 for an id that was executed before. Ids are
//! remembered in `RUN/<role>.control`, so that a request which is sent again after the restart it asked for is known.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::action::{self, Action};
use crate::limits::{CONTROL_BYTES_MAX, CONTROL_ID_CHARS_MAX, CONTROL_IDS_MAX};
use crate::line::Role;

/// Bytes of one remembered answer: a request, and a sentence about it. A file that is longer was not written here.
const REMEMBERED_BYTES_MAX: usize = 2 * CONTROL_BYTES_MAX;

/// A request that is understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Made by the client: 1 to 64 letters, digits, `-`, `_`, `.`, `:`.
    pub id: String,
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
    /// With whom; `None` = with the role whose socket it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// A request that is not executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The body is too long.
    #[error("the request has {0} bytes, at most {CONTROL_BYTES_MAX} are read")]
    TooLong(usize),
    /// The body is not of the expected shape.
    #[error("the request is not {{\"id\":\"…\",\"action\":\"restart\"}}: {0}")]
    Shape(String),
    /// The id cannot be remembered.
    #[error("the id must have 1 to {CONTROL_ID_CHARS_MAX} letters, digits, `-`, `_`, `.` or `:`")]
    Id,
    /// Nobody knows the action.
    #[error("the action {0:?} is not known; known are {known}", known = action::NAMES.join(", "))]
    Action(String),
    /// Its arguments are wrong, or what they name does not exist.
    #[error("{0}")]
    Arguments(String),
    /// The role is not the one of this socket, or there is no such role.
    #[error("{0}")]
    Role(String),
    /// The peer may not ask.
    #[error("only root and the user of this process may ask for that; this peer has uid {0}")]
    Forbidden(u32),
    /// It is known and allowed, but not possible now.
    #[error("{0}; try again")]
    NotNow(String),
}

impl ControlError {
    /// Status line of HTTP.
    pub(crate) const fn status(&self) -> &'static str {
        match self {
            ControlError::TooLong(_) => "413 Content Too Large",
            ControlError::Forbidden(_) => "403 Forbidden",
            ControlError::NotNow(_) => "503 Service Unavailable",
            ControlError::Shape(_)
            | ControlError::Id
            | ControlError::Action(_)
            | ControlError::Arguments(_)
            | ControlError::Role(_) => "400 Bad Request",
        }
    }
}

/// Reads a request's body; whatever the bytes are, it allocates no more than a few times their number.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(body: &[u8]) -> Result<Request, ControlError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        id: String,
        action: String,
        role: Option<String>,
        arguments: Option<serde_json::Value>,
    }
    if body.len() > CONTROL_BYTES_MAX {
        return Err(ControlError::TooLong(body.len()));
    }
    let shape: Shape = serde_json::from_slice(body).map_err(|error| ControlError::Shape(error.to_string()))?;
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.:".contains(char);
    if !(1..=CONTROL_ID_CHARS_MAX).contains(&shape.id.len()) || !shape.id.chars().all(is_plain) {
        return Err(ControlError::Id);
    }
    let action = action::read(&shape.action, shape.arguments).map_err(|reason| match reason {
        Some(reason) => ControlError::Arguments(format!("the arguments of {}: {reason}", shape.action)),
        None => ControlError::Action(shape.action.clone()),
    })?;
    let named = |name: String| {
        let found = Role::ALL.into_iter().find(|role| role.name() == name);
        found.ok_or_else(|| ControlError::Role(format!("there is no role {name:?}")))
    };
    Ok(Request { id: shape.id, action, role: shape.role.map(named).transpose()? })
}

/// Begins what a request asks for; the answer is its state, such as "stopping". Called once for each id.
pub type Execute = Box<dyn Fn(&Request) -> Result<String, ControlError> + Send + Sync>;

/// A restart of the role `own`: `stop` is raised, the role ends in order, its supervisor starts it again.
pub fn restart_by(own: Role, stop: Arc<AtomicBool>) -> Execute {
    Box::new(move |request| {
        if request.role.is_some_and(|role| role != own) {
            return Err(ControlError::Role(format!("this is the socket of {}; ask at run.sock", own.name())));
        }
        if request.action != Action::Restart {
            return Err(ControlError::Action(format!("{:?} of {}", request.action, own.name())));
        }
        tracing::info!(id = %request.id, "a restart is asked for; the role stops in order");
        stop.store(true, Ordering::Release);
        Ok("stopping".to_owned())
    })
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The request.
    #[serde(flatten)]
    pub request: Request,
    /// What became of it.
    pub state: String,
}

/// Executes requests, each id once.
pub(crate) struct Control {
    execute: Execute,
    memory: Mutex<VecDeque<Answer>>,
    path: PathBuf,
}

impl Control {
    /// Reads the ids that were executed before, from `path`.
    pub(crate) fn new(path: PathBuf, execute: Execute) -> Control {
        let text = match fs::metadata(&path) {
            Ok(file) if file.len() <= (CONTROL_IDS_MAX * REMEMBERED_BYTES_MAX) as u64 => {
                fs::read_to_string(&path).unwrap_or_default()
            }
            _ => String::new(),
        };
        // A line that is not understood is an id that is forgotten: the file has no other use.
        let known = text.lines().filter_map(|line| serde_json::from_str(line).ok()).take(CONTROL_IDS_MAX);
        Control { execute, memory: Mutex::new(known.collect()), path }
    }

    /// Executes the request if its id is new. The flag tells whether it was.
    pub(crate) fn answer(&self, body: &[u8]) -> Result<(bool, Answer), ControlError> {
        let request = parse(body)?;
        // Held until the request is remembered: the same id at the same time waits here, and is then known.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = memory.iter().find(|known| known.request.id == request.id) {
            return Ok((false, known.clone()));
        }
        let state = (self.execute)(&request)?;
        let is_question = request.action.is_question();
        let answer = Answer { request, state };
        if is_question {
            return Ok((true, answer));
        }
        memory.push_back(answer.clone());
        if memory.len() > CONTROL_IDS_MAX {
            memory.pop_front();
        }
        if let Err(error) = self.save(&memory) {
            tracing::warn!(path = %self.path.display(), %error, "the id is forgotten when this role ends; it may write there no more");
        }
        Ok((true, answer))
    }

    fn save(&self, memory: &VecDeque<Answer>) -> io::Result<()> {
        let mut text = String::new();
        for answer in memory {
            text += &serde_json::to_string(answer)?;
            text.push('\n');
        }
        let new = self.path.with_extension("control.new");
        fs::write(&new, text)?;
        fs::rename(&new, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use proptest::prelude::{any, proptest};

    use super::{Control, ControlError, parse};
    use crate::action::Action;
    use crate::limits::CONTROL_IDS_MAX;
    use crate::line::Role;

    #[test]
    fn a_request_is_read_or_its_first_fault_is_named() {
        let read = parse(br#"{"id":"a-1","action":"restart","role":"ingest"}"#).expect("a whole request");
        assert_eq!((read.id.as_str(), read.action, read.role), ("a-1", Action::Restart, Some(Role::Ingest)));
        assert!(parse(br#"{"id":"a-1","action":"restart"}"#).is_ok_and(|request| request.role.is_none()));
        let long = format!(r#"{{"id":"{}","action":"restart"}}"#, "x".repeat(65));
        let huge = vec![b' '; 5_000];
        let check = |body: &[u8], expect: &str| {
            let error = parse(body).expect_err(expect).to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(b"", "EOF");
        check(b"[1]", "id");
        check(br#"{"id":"a","action":"restart","now":true}"#, "now");
        check(br#"{"id":"","action":"restart"}"#, "the id must have 1 to 64");
        check(br#"{"id":"a\nb","action":"restart"}"#, "the id must have 1 to 64");
        check(long.as_bytes(), "the id must have 1 to 64");
        check(br#"{"id":"a","action":"reboot"}"#, "\"reboot\" is not known");
        check(br#"{"id":"a","action":"restart","role":"mail"}"#, "no role \"mail\"");
        check(br#"{"id":"a","action":"restart","arguments":{}}"#, "restart has no arguments");
        check(
            br#"{"id":"a","action":"acknowledge","arguments":{"incident":"1"}}"#,
            "of acknowledge: missing field `by`",
        );
        check(br#"{"id":"a","action":"acknowledge"}"#, "of acknowledge");
        check(&huge, "5000 bytes");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
            let _ = parse(&bytes);
        }
    }

    #[test]
    fn every_action_that_is_named_is_read_and_told_again() {
        for name in crate::action::NAMES {
            let arguments = match name {
                "restart" | "user_list" => "",
                "acknowledge" => r#","arguments":{"incident":"i","by":"b"}"#,
                "silence" => r#","arguments":{"until_s":5,"by":"b"}"#,
                "unsilence" => r#","arguments":{"silence":"s","by":"b"}"#,
                "look_link" | "redeem_link" => r#","arguments":{"token_hash":"00"}"#,
                "threshold" => r#","arguments":{"rule":"r","limit":1.5,"by":"b"}"#,
                "test_channel" => r#","arguments":{"channel":"mail","by":"b"}"#,
                "sample" => r#","arguments":{"packets":5,"seconds":1}"#,
                "sample_stop" => r#","arguments":{"sample":"s"}"#,
                "user_add" | "user_link" => r#","arguments":{"name":"n","token_hash":"00","expires_s":1,"by":"b"}"#,
                "user_remove" => r#","arguments":{"name":"n","by":"b"}"#,
                other => panic!("{other} has no example"),
            };
            let body = format!(r#"{{"id":"a","action":"{name}"{arguments}}}"#);
            let request = parse(body.as_bytes()).expect(name);
            let told = serde_json::to_vec(&request).expect("JSON");
            assert!(String::from_utf8_lossy(&told).contains(name));
            assert_eq!(parse(&told).expect("what is told can be read"), request);
        }
    }

    fn counting(dir: &std::path::Path) -> (Control, Arc<AtomicU32>) {
        let executed = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&executed);
        let execute = Box::new(move |request: &super::Request| {
            if request.role == Some(Role::Web) {
                return Err(ControlError::NotNow("web is busy".to_owned()));
            }
            count.fetch_add(1, Ordering::Relaxed);
            Ok("stopping".to_owned())
        });
        (Control::new(dir.join("web.control"), execute), executed)
    }

    fn body(id: &str) -> Vec<u8> {
        format!(r#"{{"id":"{id}","action":"restart"}}"#).into_bytes()
    }

    #[test]
    fn an_id_is_executed_once_also_after_the_restart_it_asked_for() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let (control, executed) = counting(dir.path());
        assert!(control.answer(&body("a")).is_ok_and(|(new, answer)| new && answer.state == "stopping"));
        assert!(control.answer(&body("a")).is_ok_and(|(new, answer)| !new && answer.state == "stopping"));
        assert_eq!(executed.load(Ordering::Relaxed), 1);
        let (control, executed) = counting(dir.path());
        assert!(control.answer(&body("a")).is_ok_and(|(new, _)| !new));
        assert_eq!(executed.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn memory_is_bounded_and_a_refused_request_may_be_tried_again() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let (control, executed) = counting(dir.path());
        for id in 0..=CONTROL_IDS_MAX {
            control.answer(&body(&id.to_string())).expect("executed");
        }
        assert!(control.answer(&body("0")).is_ok_and(|(new, _)| new), "the oldest was forgotten");
        assert_eq!(executed.load(Ordering::Relaxed) as usize, CONTROL_IDS_MAX + 2);
        let refused = br#"{"id":"w","action":"restart","role":"web"}"#;
        assert!(control.answer(refused).is_err() && control.answer(refused).is_err());
        let (control, _) = counting(dir.path());
        assert!(control.answer(&body("0")).is_ok_and(|(new, _)| !new), "the file has the newest");
    }

    #[test]
    fn a_question_is_answered_each_time_and_pushes_no_id_out() {
        let path = std::env::temp_dir().join(format!("floodmark-question-{}.control", std::process::id()));
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        let control =
            Control::new(path.clone(), Box::new(move |_| Ok(counted.fetch_add(1, Ordering::Relaxed).to_string())));
        control.answer(br#"{"id":"a","action":"restart"}"#).expect("carried out");
        for n in 0..2 * CONTROL_IDS_MAX {
            let body = format!(r#"{{"id":"q{n}","action":"look_link","arguments":{{"token_hash":"00"}}}}"#);
            assert!(control.answer(body.as_bytes()).expect("answered").0);
        }
        let (is_new, known) = control.answer(br#"{"id":"a","action":"restart"}"#).expect("known");
        assert!(!is_new && known.state == "0");
        assert_eq!(count.load(Ordering::Relaxed) as usize, 1 + 2 * CONTROL_IDS_MAX);
        std::fs::remove_file(path).expect("it is ours");
    }

    #[test]
    fn a_damaged_memory_is_an_empty_one() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        std::fs::write(dir.path().join("web.control"), b"{\"id\":\n\xff\xfe{{{").expect("a file");
        let (control, _) = counting(dir.path());
        assert!(control.answer(&body("a")).is_ok_and(|(new, _)| new));
    }
}
