//! The child's end of the pipe from `floodmark run`: the configuration, and life itself.
//!
//! The parent writes the effective configuration and a line `# end`, and keeps the pipe open. When it closes, because
//! the parent wants this role to stop or because it is gone, the role stops as at SIGTERM.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The line after the configuration; to TOML it is a comment.
pub const END: &str = "# end";

/// A hand-over is never longer; a configuration file is at most 1 MiB.
const HANDOVER_BYTES_MAX: u64 = 4 << 20;

/// Reads the configuration up to the line `# end`.
///
/// # Errors
/// The pipe closed, or the bound was reached, before that line.
pub fn read_configuration(input: impl Read) -> io::Result<String> {
    // Bytes are read one buffer at a time and nothing follows `# end`, so that no byte is lost in the buffer.
    let mut lines = io::BufReader::new(input.take(HANDOVER_BYTES_MAX));
    let mut text = String::new();
    loop {
        let begin = text.len();
        if lines.read_line(&mut text)? == 0 {
            let message = "stdin closed before the line `# end`; this flag is for `floodmark run`, use --config";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        if text[begin..].trim_end() == END {
            text.truncate(begin);
            return Ok(text);
        }
    }
}

/// Raises `stop` when the parent closes the pipe. Starts a thread, so a role that drops capabilities calls it after.
///
/// # Errors
/// The system refuses a thread.
pub fn watch(stop: Arc<AtomicBool>) -> io::Result<()> {
    let wait = move || {
        let mut rest = [0u8; 64];
        // Whatever is not end of file is not for us; an error means that the pipe is of no more use.
        while io::stdin().read(&mut rest).is_ok_and(|bytes| bytes > 0) {}
        tracing::debug!("the parent closed the pipe");
        stop.store(true, Ordering::Relaxed);
    };
    thread::Builder::new().name("parent".to_owned()).spawn(wait).map(drop)
}

#[cfg(test)]
mod tests {
    use super::read_configuration;

    #[test]
    fn the_configuration_ends_at_the_mark() {
        let text = read_configuration("[log]\nlevel = \"warn\"\n# end\n".as_bytes()).expect("a whole hand-over");
        assert_eq!(text, "[log]\nlevel = \"warn\"\n");
    }

    #[test]
    fn a_parent_that_dies_early_is_an_error() {
        let error = read_configuration("[log]\nlevel = \"warn\"\n# en".as_bytes()).expect_err("cut short");
        assert!(error.to_string().contains("--config"), "{error}");
    }

    #[test]
    fn an_endless_hand_over_is_refused() {
        assert!(read_configuration(std::io::repeat(b'\n')).is_err());
    }
}
