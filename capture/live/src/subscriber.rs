//! The reading end: follows one role's lines.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::LiveError;
use crate::limits::LINE_BYTES_MAX;
use crate::line::{Line, Role};

/// Follows the lines of one role.
pub struct Subscriber {
    path: PathBuf,
    reader: BufReader<UnixStream>,
    line: Vec<u8>,
}

impl Subscriber {
    /// Connects to `run_dir/<role>.sock`; each [`Subscriber::receive`] waits `timeout` at most.
    ///
    /// # Errors
    /// The role does not run, or may not be reached by this user.
    pub fn connect(run_dir: &Path, role: Role, timeout: Duration) -> Result<Subscriber, LiveError> {
        let path = run_dir.join(format!("{}.sock", role.name()));
        let socket = |operation| {
            let path = path.clone();
            move |source| LiveError::Socket { operation, path, source }
        };
        let stream = UnixStream::connect(&path).map_err(socket("connect to"))?;
        stream.set_read_timeout(Some(timeout)).map_err(socket("prepare"))?;
        // Nothing will be asked: the role need not wait for a request.
        stream.shutdown(std::net::Shutdown::Write).map_err(socket("prepare"))?;
        Ok(Subscriber { path, reader: BufReader::new(stream), line: Vec::new() })
    }

    /// The next line.
    ///
    /// # Errors
    /// None came in time, the role ended, or the line is not understood.
    pub fn receive(&mut self) -> Result<Line, LiveError> {
        self.line.clear();
        let read = self.reader.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut self.line);
        let socket = |source| LiveError::Socket { operation: "read a line from", path: self.path.clone(), source };
        match read {
            Ok(0) => Err(socket(ErrorKind::UnexpectedEof.into())),
            Ok(_) => Line::parse(&self.line)
                .map_err(|error| LiveError::Line { path: self.path.clone(), reason: error.to_string() }),
            Err(error) => Err(socket(error)),
        }
    }
}
