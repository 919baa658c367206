//! The conversation: one line out, one line in. It hears a signal while it waits, and never waits for what has ended.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use super::stop::Stop;

/// Between two looks at whether a signal came.
const LOOK: Duration = Duration::from_millis(100);

/// A longer line is not an answer.
const LINE_BYTES_MAX: usize = 4096;

/// What to do about an answer whose test failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Ask again.
    Again,
    /// Leave the matter as it was before.
    Skip,
    /// Keep the answer all the same.
    Keep,
}

/// See the module.
pub struct Console {
    input: File,
    read: Vec<u8>,
    has_ended: bool,
    is_terminal: bool,
    asks: bool,
    keeps_failed: bool,
    stop: Arc<AtomicBool>,
}

impl Console {
    /// Over standard input and output. `asks` = false: no question is asked, each takes its default.
    ///
    /// # Errors
    /// Standard input is closed.
    pub fn new(asks: bool, keeps_failed: bool, stop: Arc<AtomicBool>) -> io::Result<Console> {
        let stdin = io::stdin();
        let input = File::from(stdin.as_fd().try_clone_to_owned()?);
        let is_terminal = stdin.is_terminal();
        Ok(Console { input, read: Vec::new(), has_ended: false, is_terminal, asks, keeps_failed, stop })
    }

    /// Whether a person answers.
    pub fn asks(&self) -> bool {
        self.asks
    }

    /// Writes a line.
    pub fn say(&mut self, text: &str) -> Result<(), Stop> {
        self.write(&format!("{text}\n"))
    }

    fn write(&mut self, text: &str) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Stop::Output)
    }

    /// Asks until `parse` takes the answer. `given` = a flag's answer, taken first; an empty line is `default`, `-` is
    /// nothing.
    pub fn ask<T>(
        &mut self,
        question: &str,
        given: Option<String>,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Stop> {
        let mut given = given;
        loop {
            let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
            let answer = match given.take() {
                Some(answer) => {
                    self.say(&format!("{question}: {answer}"))?;
                    answer
                }
                None if !self.asks => default.to_owned(),
                None => {
                    self.write(&format!("{question}{shown}: "))?;
                    match self.line()? {
                        line if line.is_empty() => default.to_owned(),
                        line => line,
                    }
                }
            };
            match parse(if answer == "-" { "" } else { &answer }) {
                Ok(value) => return Ok(value),
                Err(why) if self.asks => self.say(&format!("  {why}"))?,
                Err(why) => return Err(Stop::Wrong(format!("{question}: {answer:?}: {why}"))),
            }
        }
    }

    /// Asks for a secret, which is not shown; `None` = an empty line.
    pub fn secret(&mut self, question: &str) -> Result<Option<String>, Stop> {
        if !self.asks {
            return Ok(None);
        }
        self.write(&format!("{question}: "))?;
        let hidden = Hidden::new(&self.input);
        let line = self.line();
        drop(hidden);
        // The line end that was typed is not shown either.
        if self.is_terminal {
            self.say("")?;
        }
        Ok(Some(line?).filter(|line| !line.is_empty()))
    }

    /// Asks for yes or no.
    pub fn yes(&mut self, question: &str, default: bool) -> Result<bool, Stop> {
        self.ask(question, None, if default { "yes" } else { "no" }, |text| match text.to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("yes or no".to_owned()),
        })
    }

    /// Asks for one of some, by its number or its word.
    pub fn choose(
        &mut self,
        question: &str,
        options: &[(&str, &str)],
        given: Option<String>,
        default: &str,
    ) -> Result<String, Stop> {
        if self.asks && given.is_none() {
            let width = options.iter().map(|(word, _)| word.len()).max().unwrap_or(0);
            for (number, (word, meaning)) in (1..).zip(options) {
                self.say(&format!("  {number}  {word:<width$}  {meaning}"))?;
            }
        }
        let words: Vec<&str> = options.iter().map(|(word, _)| *word).collect();
        self.ask(question, given, default, |text| {
            let by_number = text.parse::<usize>().ok().and_then(|number| words.get(number.checked_sub(1)?));
            let found = by_number.or_else(|| words.iter().find(|word| word.eq_ignore_ascii_case(text)));
            found.map(|word| (*word).to_owned()).ok_or_else(|| format!("one of {}, or its number", words.join(", ")))
        })
    }

    /// What to do about a test that failed.
    pub fn after_failure(&mut self) -> Result<After, Stop> {
        if !self.asks {
            return Ok(if self.keeps_failed { After::Keep } else { After::Skip });
        }
        let options = [
            ("again", "answer again"),
            ("skip", "leave this as it was before"),
            ("keep", "keep the answer: what is missing will be mended later"),
        ];
        Ok(match self.choose("  again, skip or keep", &options, None, "again")?.as_str() {
            "skip" => After::Skip,
            "keep" => After::Keep,
            _ => After::Again,
        })
    }

    /// Runs `work` on a thread and waits for it; a signal ends the waiting at once.
    pub fn wait<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Stop> {
        let (done, outcome) = mpsc::channel();
        thread::spawn(move || done.send(work()));
        loop {
            match outcome.recv_timeout(LOOK) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Timeout) => self.check_stop()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Stop::Failed("the test ended without an outcome; please report this".to_owned()));
                }
            }
        }
    }

    /// Whether a signal came.
    pub fn check_stop(&self) -> Result<(), Stop> {
        if self.stop.load(Ordering::Acquire) { Err(Stop::Signal) } else { Ok(()) }
    }

    /// The next line of input, without what cannot be seen.
    fn line(&mut self) -> Result<String, Stop> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                if !self.is_terminal {
                    self.write("\n")?;
                }
                return Ok(plain(&line));
            }
            if self.has_ended {
                return Err(Stop::Ended);
            }
            self.more()?;
        }
    }

    /// Reads what is there, waiting for it.
    fn more(&mut self) -> Result<(), Stop> {
        self.check_stop()?;
        let timeout = PollTimeout::try_from(LOOK).unwrap_or(PollTimeout::MAX);
        let mut polled = [PollFd::new(self.input.as_fd(), PollFlags::POLLIN)];
        match poll(&mut polled, timeout) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(Stop::Failed(format!("standard input cannot be read: {error}"))),
        }
        let mut bytes = [0; 1024];
        match self.input.read(&mut bytes) {
            Ok(0) => {
                self.has_ended = true;
                // A last line without its end is an answer too.
                if !self.read.is_empty() {
                    self.read.push(b'\n');
                }
            }
            Ok(length) => self.read.extend_from_slice(&bytes[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Stop::Failed(format!("standard input cannot be read: {error}"))),
        }
        if self.read.len() > LINE_BYTES_MAX && !self.read.contains(&b'\n') {
            return Err(Stop::Wrong(format!("a line of more than {LINE_BYTES_MAX} bytes is no answer")));
        }
        Ok(())
    }
}

fn plain(line: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).collect();
    text.trim().to_owned()
}

/// A terminal that does not show what is typed, for as long as this lives.
struct Hidden {
    terminal: File,
    before: Termios,
}

impl Hidden {
    /// `None` where the input is no terminal.
    fn new(input: &File) -> Option<Hidden> {
        let terminal = input.try_clone().ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(&terminal, SetArg::TCSADRAIN, &hidden).ok()?;
        Some(Hidden { terminal, before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, SetArg::TCSADRAIN, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn an_answer_holds_what_can_be_seen() {
        assert_eq!(plain(b"  eth0 \r\n"), "eth0");
        assert_eq!(plain(b"a\x1b[Ab\x00\n"), "a[Ab");
        assert_eq!(plain(b"\xff\n"), "\u{fffd}");
    }
}
