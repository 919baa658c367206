//! Standard output: the only place that writes to it, and how times look there.

use std::io::{self, ErrorKind, Write};

use crate::exit::{Failure, Outcome};

/// Writes `text`. A reader that has seen enough (`| head`) is no failure.
pub fn out(text: &str) -> Outcome {
    is_taken(text).map(drop)
}

/// Writes `text`; `false` when nobody reads any more.
pub fn is_taken(text: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::failed(anyhow::anyhow!("cannot write to stdout: {error}; is the disk full?"))),
        Ok(()) => Ok(true),
    }
}

/// A time for people, UTC.
pub fn seconds(ts: u32) -> String {
    jiff::Timestamp::from_second(i64::from(ts)).map_or_else(|_| ts.to_string(), |time| time.to_string())
}
