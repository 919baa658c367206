//! The child's end of the pipe from `floodmark run`: the configuration, and life itself.
//!
//! The parent writes the effective configuration and a line `# end`, and keeps the pipe open. When it closes, because
//! the parent wants this role to stop or because it is gone, the role stops as at SIGTERM. A line `# again` before that
//! says that the role will be started again; without it the stop is for good.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The line after the configuration; to TOML it is a comment.
pub const END: &str = "# end";

/// The line before the pipe closes, when the parent is going to start the role again.
pub const AGAIN: &str = "# again";

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

/// Raises `stop` when the parent closes the pipe, and before it `ends_for_good` if the role is not to be started again.
/// Starts a thread, so a role that drops capabilities calls it after.
///
/// # Errors
/// The system refuses a thread.
pub fn watch(stop: Arc<AtomicBool>, ends_for_good: Arc<AtomicBool>) -> io::Result<()> {
    let wait = move || {
        let is_again = says_again(io::stdin());
        tracing::debug!(is_again, "the parent closed the pipe");
        ends_for_good.store(!is_again, Ordering::Release);
        stop.store(true, Ordering::Release);
    };
    thread::Builder::new().name("parent".to_owned()).spawn(wait).map(drop)
}

/// Reads to the end; true = the last line is [`AGAIN`]. An error means that the pipe is of no more use.
fn says_again(mut input: impl Read) -> bool {
    let (mut last, mut some) = (Vec::new(), [0u8; 64]);
    loop {
        match input.read(&mut some) {
            Ok(0) | Err(_) => return last.trim_ascii_end().ends_with(AGAIN.as_bytes()),
            Ok(bytes) => {
                last.extend_from_slice(&some[..bytes]);
                // Only the end counts: whatever else comes is not for us.
                last.drain(..last.len().saturating_sub(some.len()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{read_configuration, says_again};

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
    fn only_the_last_line_before_the_end_says_that_it_goes_on() {
        assert!(says_again("# again\n".as_bytes()));
        assert!(says_again(format!("{}\n# again\n", "x".repeat(1_000)).as_bytes()));
        assert!(!says_again("".as_bytes()), "the parent is gone");
        assert!(!says_again("# again\n# end\n".as_bytes()));
    }

    #[test]
    fn an_endless_hand_over_is_refused() {
        assert!(read_configuration(std::io::repeat(b'\n')).is_err());
    }
}
