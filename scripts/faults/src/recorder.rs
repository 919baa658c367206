//! Servers that take what is sent and keep it with its time: one for mail, one for HTTP requests.
//!
//! They hold to the protocols as far as a client in order needs it; what is sent is kept to the byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A client that says nothing for so long is left.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes kept of one message.
const BYTES_MAX: u64 = 8 << 20;

/// Something that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// When its end was there, ns since the epoch.
    pub time_ns: u64,
    /// Recipient of a mail, or method and target of a request.
    pub to: String,
    /// The mail as it was sent (dots unstuffed), or headers and body of the request.
    pub text: String,
}

/// See the module. Ends to take when dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    is_away: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Recorder {
    /// A mail server without encryption, on a free port of loopback; whoever signs in may.
    ///
    /// # Panics
    /// No port is free.
    pub fn smtp() -> Recorder {
        Recorder::start(smtp)
    }

    /// An HTTP server that answers 200 with `answer`.
    ///
    /// # Panics
    /// No port is free.
    pub fn http(answer: &'static str) -> Recorder {
        Recorder::start(move |stream, keep| http(stream, answer, keep))
    }

    fn start(serve: impl Fn(TcpStream, &dyn Fn(Taken)) -> std::io::Result<()> + Send + Sync + 'static) -> Recorder {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let recorder = Recorder {
            address: listener.local_addr().expect("it is bound"),
            taken: Arc::default(),
            is_away: Arc::default(),
            is_over: Arc::default(),
        };
        let (taken, away, over) =
            (Arc::clone(&recorder.taken), Arc::clone(&recorder.is_away), Arc::clone(&recorder.is_over));
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Acquire) {
                    return;
                }
                if away.load(Ordering::Acquire) {
                    continue;
                }
                let (serve, taken) = (Arc::clone(&serve), Arc::clone(&taken));
                thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(PATIENCE));
                    let keep = |one| taken.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                    let _ = serve(stream, &keep);
                });
            }
        });
        recorder
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that was taken so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// While it is away it closes every new connection at once.
    pub fn set_away(&self, away: bool) {
        self.is_away.store(away, Ordering::Release);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

#[expect(clippy::disallowed_methods, reason = "tests only: when something was taken")]
fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}

fn smtp(stream: TcpStream, keep: &dyn Fn(Taken)) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream.take(BYTES_MAX));
    let mut say = |text: &str| out.write_all(text.as_bytes());
    say("220 recorder ESMTP\r\n")?;
    let mut to = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let verb = command.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say("250-recorder\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")?,
            "AUTH" => say("235 2.7.0 ok\r\n")?,
            "RCPT" => {
                to.push(command.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                say("250 2.1.5 ok\r\n")?;
            }
            "DATA" => {
                say("354 go on\r\n")?;
                let mut text = String::new();
                loop {
                    line.clear();
                    if lines.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    match line.trim_end_matches(['\r', '\n']) {
                        "." => break,
                        _ => text.push_str(line.strip_prefix('.').unwrap_or(&line)),
                    }
                }
                let time_ns = now_ns();
                to.drain(..).for_each(|to| keep(Taken { time_ns, to, text: text.clone() }));
                say("250 2.0.0 queued as 1\r\n")?;
            }
            "QUIT" => return say("221 2.0.0 bye\r\n"),
            _ => say("250 2.0.0 ok\r\n")?,
        }
    }
}

fn http(stream: TcpStream, answer: &str, keep: &dyn Fn(Taken)) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream.take(BYTES_MAX));
    loop {
        let (mut head, mut line) = (String::new(), String::new());
        while !matches!(line.as_str(), "\r\n" | "\n") {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            head.push_str(&line);
        }
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0usize).min(BYTES_MAX as usize)];
        lines.read_exact(&mut body)?;
        let to = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
        let text = format!("{head}{}", String::from_utf8_lossy(&body));
        keep(Taken { time_ns: now_ns(), to, text });
        write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())?;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};

    use super::Recorder;

    fn tell(recorder: &Recorder, text: &str) -> String {
        let mut stream = TcpStream::connect(recorder.address()).expect("it listens");
        stream.write_all(text.as_bytes()).expect("taken");
        stream.shutdown(Shutdown::Write).expect("open until now");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    #[test]
    fn a_mail_is_kept_with_its_recipients() {
        let recorder = Recorder::smtp();
        let answer = tell(
            &recorder,
            "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nSubject: s\r\n\r\n..dot\r\n.\r\nQUIT\r\n",
        );
        assert!(answer.ends_with("221 2.0.0 bye\r\n"), "{answer}");
        let taken = recorder.taken();
        assert_eq!((taken[0].to.as_str(), taken[0].text.as_str()), ("b@x", "Subject: s\r\n\r\n.dot\r\n"));
    }

    #[test]
    fn a_request_is_kept_and_one_that_is_away_takes_none() {
        let recorder = Recorder::http("id=7");
        let post = "POST /send?x=1 HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";
        assert!(tell(&recorder, post).ends_with("id=7"));
        assert_eq!(recorder.taken()[0].to, "POST /send?x=1");
        assert!(recorder.taken()[0].text.ends_with("\r\n\r\nbody"));
        recorder.set_away(true);
        let mut stream = TcpStream::connect(recorder.address()).expect("it listens");
        let _ = stream.write_all(post.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() && recorder.taken().len() == 1);
    }
}
