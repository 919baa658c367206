//! The asking end of contract 4: one request to a role's socket, one answer.

use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::control::{Answer, Request};
use crate::error::LiveError;
use crate::line::Role;

/// Bytes of the answer to a request, at most.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Bytes of a detail, at most: 1,000 rules of 2 KiB.
const DETAIL_BYTES_MAX: u64 = 4 << 20;

/// Why a role did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It does not run, or is not heard.
    #[error(transparent)]
    Socket(#[from] LiveError),
    /// It said no, in its own words.
    #[error("{0}")]
    Refused(String),
    /// It cannot now and may later, in its own words.
    #[error("{0}")]
    NotNow(String),
}

/// Asks the role that serves `run_dir/<role>.sock`; each step waits `timeout` at most.
///
/// # Errors
/// The role does not run or is silent, or refuses.
pub fn ask(run_dir: &Path, role: Role, request: &Request, timeout: Duration) -> Result<Answer, AskError> {
    let path = path_of(run_dir, role);
    let body = serde_json::to_string(request).map_err(Error::from).map_err(fault(&path, "write a request for"))?;
    let text = format!("POST /control HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let body = exchange(&path, &text, ANSWER_BYTES_MAX, timeout)?;
    Ok(serde_json::from_str(&body).map_err(Error::from).map_err(fault(&path, "understand the answer of"))?)
}

/// Reads a detail of a role ([`crate::Publisher::tell`]) by its path; each step waits `timeout` at most.
///
/// # Errors
/// The role does not run or is silent, or knows no such detail.
pub fn read(run_dir: &Path, role: Role, detail: &str, timeout: Duration) -> Result<String, AskError> {
    exchange(&path_of(run_dir, role), &format!("GET {detail} HTTP/1.1\r\n\r\n"), DETAIL_BYTES_MAX, timeout)
}

fn path_of(run_dir: &Path, role: Role) -> PathBuf {
    run_dir.join(format!("{}.sock", role.name()))
}

fn fault(path: &Path, operation: &'static str) -> impl FnOnce(Error) -> LiveError {
    let path = path.to_path_buf();
    move |source| LiveError::Socket { operation, path, source }
}

/// One request, one answer: its body.
fn exchange(path: &Path, request: &str, bytes_max: u64, timeout: Duration) -> Result<String, AskError> {
    let mut stream = UnixStream::connect(path).map_err(fault(path, "connect to"))?;
    stream.set_read_timeout(Some(timeout)).map_err(fault(path, "prepare"))?;
    stream.set_write_timeout(Some(timeout)).map_err(fault(path, "prepare"))?;
    stream.write_all(request.as_bytes()).map_err(fault(path, "ask"))?;
    let mut answer = String::new();
    stream.take(bytes_max).read_to_string(&mut answer).map_err(fault(path, "read an answer from"))?;
    let cut = || fault(path, "read an answer from")(ErrorKind::UnexpectedEof.into());
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    match status {
        "200" | "202" => Ok(body.to_owned()),
        "503" => Err(AskError::NotNow(body.trim_end().to_owned())),
        _ => Err(AskError::Refused(body.trim_end().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AskError, ask, read};
    use crate::action::Action;
    use crate::control::{ControlError, Request};
    use crate::line::Role;
    use crate::publisher::Publisher;

    #[test]
    fn an_answer_comes_back_and_so_does_a_refusal() {
        let dir = std::env::temp_dir().join(format!("floodmark-ask-{}", std::process::id()));
        let publisher = Publisher::bind(&dir, Role::Notifier, "n".to_owned(), 1, String::new).expect("a free name");
        publisher.obey(Box::new(|request| match request.id.as_str() {
            "yes" => Ok("done".to_owned()),
            "later" => Err(ControlError::NotNow("too many wait".to_owned())),
            _ => Err(ControlError::Arguments("no such thing".to_owned())),
        }));
        let request = |id: &str| Request { id: id.to_owned(), action: Action::Restart, role: None };
        let asked = |id: &str| ask(&dir, Role::Notifier, &request(id), Duration::from_secs(5));
        assert_eq!(asked("yes").expect("an answer").state, "done");
        assert!(matches!(asked("no"), Err(AskError::Refused(text)) if text == "no such thing"));
        assert!(matches!(asked("later"), Err(AskError::NotNow(text)) if text.contains("too many wait")));
        let read = |detail: &str| read(&dir, Role::Notifier, detail, Duration::from_secs(5));
        assert!(matches!(read("/rules"), Err(AskError::Refused(_))), "nothing is told yet");
        publisher.tell(vec![("/rules", Box::new(|| "[1]".to_owned()))]);
        assert_eq!(read("/rules").expect("a detail"), "[1]");
        drop(publisher);
        assert!(matches!(asked("yes"), Err(AskError::Socket(_))));
        std::fs::remove_dir_all(&dir).expect("it is ours");
    }
}
