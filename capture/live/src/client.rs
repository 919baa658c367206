//! The asking end of contract 4: one request to a role's socket, one answer.

use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::control::{Answer, Request};
use crate::error::LiveError;
use crate::line::Role;

/// An answer's bytes, at most: what a link would acknowledge is the longest.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Why a role did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It does not run, or is not heard.
    #[error(transparent)]
    Socket(#[from] LiveError),
    /// It said no, in its own words.
    #[error("{0}")]
    Refused(String),
}

/// Asks the role that serves `run_dir/<role>.sock`; each step waits `timeout` at most.
///
/// # Errors
/// The role does not run or is silent, or refuses.
pub fn ask(run_dir: &Path, role: Role, request: &Request, timeout: Duration) -> Result<Answer, AskError> {
    let path = run_dir.join(format!("{}.sock", role.name()));
    let socket = |operation| {
        let path = path.clone();
        move |source| LiveError::Socket { operation, path, source }
    };
    let mut stream = UnixStream::connect(&path).map_err(socket("connect to"))?;
    stream.set_read_timeout(Some(timeout)).map_err(socket("prepare"))?;
    stream.set_write_timeout(Some(timeout)).map_err(socket("prepare"))?;
    let body = serde_json::to_string(request).map_err(Error::from).map_err(socket("write a request for"))?;
    let text = format!("POST /control HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).map_err(socket("ask"))?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).map_err(socket("read an answer from"))?;
    let (head, body) =
        answer.split_once("\r\n\r\n").ok_or_else(|| socket("read an answer from")(ErrorKind::UnexpectedEof.into()))?;
    let is_taken = ["HTTP/1.1 202 ", "HTTP/1.1 200 "].iter().any(|status| head.starts_with(status));
    if !is_taken {
        return Err(AskError::Refused(body.trim_end().to_owned()));
    }
    Ok(serde_json::from_str(body).map_err(Error::from).map_err(socket("understand the answer of"))?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AskError, ask};
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
            _ => Err(ControlError::Arguments("no such thing".to_owned())),
        }));
        let request = |id: &str| Request { id: id.to_owned(), action: Action::Restart, role: None };
        let asked = |id: &str| ask(&dir, Role::Notifier, &request(id), Duration::from_secs(5));
        assert_eq!(asked("yes").expect("an answer").state, "done");
        assert!(matches!(asked("no"), Err(AskError::Refused(text)) if text == "no such thing"));
        drop(publisher);
        assert!(matches!(asked("yes"), Err(AskError::Socket(_))));
        std::fs::remove_dir_all(&dir).expect("it is ours");
    }
}
