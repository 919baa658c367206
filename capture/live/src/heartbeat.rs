//! The heartbeat: a role tells its supervisor that it is ready, that it makes progress, and how much, in the datagrams
//! of systemd's notify protocol (`sd_notify(3)`).
//!
//! One code path for systemd and for `floodmark run`: fields of our own begin with `X_FLOODMARK_`, which systemd
//! ignores. Without `NOTIFY_SOCKET` nothing is sent. The socket is made by the constructor and never blocks, so that a
//! role may give up its rights afterwards, and no supervisor, however slow, makes it wait.

use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::limits::{BEAT_INTERVAL, BEAT_TEXT_CHARS_MAX};

/// Tells a role that its supervisor is `floodmark run`, which understands [`Heartbeat::request_restart`].
pub const SUPERVISOR_VARIABLE: &str = "FLOODMARK_SUPERVISOR";

/// How full something bounded is; `max` 0 = there is no such thing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fill {
    /// Places or bytes in use.
    pub used: u64,
    /// Their bound.
    pub max: u64,
}

/// What a role has done, and how it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units of its work since its start: frames, rows, lines.
    pub done: u64,
    /// Its fullest queue.
    pub queue: Fill,
    /// The spool that it writes, bytes.
    pub spool: Fill,
    /// Age of the oldest work that waits, ms.
    pub lag_ms: u64,
    /// Why it cannot keep up; `None` = it can.
    pub overloaded: Option<String>,
}

/// One datagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// `READY=1`: it does its work from now on.
    pub ready: bool,
    /// `WATCHDOG=1`: it has made progress.
    pub alive: bool,
    /// `STOPPING=1`: it stops by itself or because it was asked to.
    pub stopping: bool,
    /// `STATUS=`: one sentence for people.
    pub status: Option<String>,
    /// What it has done.
    pub progress: Option<Progress>,
    /// `X_FLOODMARK_RESTART=`: why it asks to be stopped in order and started again.
    pub restart: Option<String>,
    /// `FDSTORE=1` or `FDSTOREREMOVE=1`, with `FDNAME=`: what becomes of descriptors (`descriptors`).
    pub store: Option<StoreOrder>,
}

/// What the store of descriptors is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreOrder {
    /// Keep the descriptors that come with the datagram, under this name, whatever they report when polled.
    Put(String),
    /// Close all of this name.
    Remove(String),
}

impl Beat {
    /// Reads a datagram. Total: what is not understood is left out.
    pub fn parse(datagram: &[u8]) -> Beat {
        let mut beat = Beat::default();
        let mut progress = Progress::default();
        let (mut put, mut remove, mut name) = (false, false, None);
        for (key, value) in String::from_utf8_lossy(datagram).lines().filter_map(|line| line.split_once('=')) {
            match key {
                "READY" => beat.ready |= value == "1",
                "WATCHDOG" => beat.alive |= value == "1",
                "STOPPING" => beat.stopping |= value == "1",
                "STATUS" => beat.status = Some(one_line(value)),
                "FDSTORE" => put |= value == "1",
                "FDSTOREREMOVE" => remove |= value == "1",
                "FDNAME" => name = Some(one_line(value)),
                "X_FLOODMARK_RESTART" => beat.restart = Some(one_line(value)),
                "X_FLOODMARK_DONE" => {
                    if let Ok(done) = value.parse() {
                        progress.done = done;
                        beat.progress = Some(Progress::default());
                    }
                }
                "X_FLOODMARK_QUEUE" => progress.queue = Fill::parse(value).unwrap_or_default(),
                "X_FLOODMARK_SPOOL" => progress.spool = Fill::parse(value).unwrap_or_default(),
                "X_FLOODMARK_LAG_MS" => progress.lag_ms = value.parse().unwrap_or_default(),
                "X_FLOODMARK_OVERLOADED" => progress.overloaded = Some(one_line(value)),
                _ => {}
            }
        }
        beat.progress = beat.progress.map(|_| progress);
        beat.store = match (name, put, remove) {
            (Some(name), _, true) => Some(StoreOrder::Remove(name)),
            (Some(name), true, false) => Some(StoreOrder::Put(name)),
            _ => None,
        };
        beat
    }

    /// The datagram, at most 4 KiB.
    pub fn datagram(&self) -> String {
        let mut text = String::new();
        for (said, line) in [(self.ready, "READY=1\n"), (self.alive, "WATCHDOG=1\n"), (self.stopping, "STOPPING=1\n")] {
            text += if said { line } else { "" };
        }
        let mut field = |key: &str, value: &str| {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{key}={}", one_line(value));
        };
        if let Some(status) = &self.status {
            field("STATUS", status);
        }
        if let Some(progress) = &self.progress {
            field("X_FLOODMARK_DONE", &progress.done.to_string());
            for (key, fill) in [("X_FLOODMARK_QUEUE", progress.queue), ("X_FLOODMARK_SPOOL", progress.spool)] {
                if fill.max > 0 {
                    field(key, &format!("{}/{}", fill.used, fill.max));
                }
            }
            field("X_FLOODMARK_LAG_MS", &progress.lag_ms.to_string());
            if let Some(reason) = &progress.overloaded {
                field("X_FLOODMARK_OVERLOADED", reason);
            }
        }
        if let Some(reason) = &self.restart {
            field("X_FLOODMARK_RESTART", reason);
        }
        match &self.store {
            // A packet socket reports that its link went down: the store must not close it for that.
            Some(StoreOrder::Put(name)) => [("FDSTORE", "1"), ("FDPOLL", "0"), ("FDNAME", name)]
                .into_iter()
                .for_each(|(key, value)| field(key, value)),
            Some(StoreOrder::Remove(name)) => {
                [("FDSTOREREMOVE", "1"), ("FDNAME", name)].into_iter().for_each(|(key, value)| field(key, value))
            }
            None => {}
        }
        text
    }
}

impl Fill {
    fn parse(text: &str) -> Option<Fill> {
        let (used, max) = text.split_once('/')?;
        Some(Fill { used: used.parse().ok()?, max: max.parse().ok()? })
    }

    /// Hundredths; 0 where there is no bound.
    pub fn percent(self) -> u64 {
        u64::try_from(u128::from(self.used) * 100 / u128::from(self.max.max(1))).unwrap_or(u64::MAX)
    }
}

/// Without control characters, which would begin a field or a log line of their own, and bounded.
fn one_line(text: &str) -> String {
    let clean = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    clean.take(BEAT_TEXT_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// A variable of the environment, if it is there and text.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// A socket that never blocks, to `name`: a path, or `@` and an abstract name.
pub(crate) fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(&address)?;
    Ok(socket)
}

/// What a role that asked for a restart does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Restart {
    /// Go on: `floodmark run` will stop it in order when it sees fit.
    WillBeAsked,
    /// Stop in order now: the service manager starts it again (`Restart=always`).
    EndNow,
    /// Go on: nobody would start it again.
    NoSupervisor,
}

/// The role's end.
#[derive(Debug, Default)]
pub struct Heartbeat {
    socket: Option<UnixDatagram>,
    interval: Duration,
    sent: Option<Instant>,
    understands_requests: bool,
    /// What must still arrive; a datagram that finds no room is sent again with the next one.
    owed: Beat,
    /// The sentence that was said last.
    status: String,
    is_ready: bool,
}

impl Heartbeat {
    /// By `NOTIFY_SOCKET` and `WATCHDOG_USEC` of the environment. A socket that cannot be reached is told and not used.
    pub fn from_environment() -> Heartbeat {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return Heartbeat::silent() };
        // The variables of a parent must not be taken for one's own.
        let is_ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let watchdog_us = variable("WATCHDOG_USEC").filter(|_| is_ours).and_then(|us| us.parse().ok());
        match Heartbeat::to(&name, watchdog_us.map(Duration::from_micros)) {
            Ok(heartbeat) => Heartbeat { understands_requests: variable(SUPERVISOR_VARIABLE).is_some(), ..heartbeat },
            Err(error) => {
                tracing::warn!(socket = ?name, %error, "the supervisor cannot be told how it goes (NOTIFY_SOCKET)");
                Heartbeat::silent()
            }
        }
    }

    /// Sends nothing.
    pub fn silent() -> Heartbeat {
        Heartbeat::default()
    }

    /// To the socket `name`: a path, or `@` and an abstract name. `watchdog` is the silence after which the supervisor
    /// acts.
    ///
    /// # Errors
    /// The name is no address, or nobody listens there.
    pub fn to(name: &OsStr, watchdog: Option<Duration>) -> io::Result<Heartbeat> {
        let socket = connect(name)?;
        // Four beats in the time of the watchdog: three may be lost.
        let interval = watchdog.map_or(BEAT_INTERVAL, |watchdog| (watchdog / 4).min(BEAT_INTERVAL));
        Ok(Heartbeat { socket: Some(socket), interval, ..Heartbeat::default() })
    }

    /// The role does its work from now on. The second call does nothing.
    pub fn ready(&mut self) {
        if !std::mem::replace(&mut self.is_ready, true) {
            self.owed.ready = true;
            self.send(true, None);
        }
    }

    /// The role has made progress: sends at most a beat a second, so that it may be called in a loop.
    pub fn beat(&mut self, progress: &Progress) {
        if self.is_due() {
            self.send(true, Some(progress.clone()));
        }
    }

    /// Whether [`Heartbeat::beat`] would send.
    #[expect(
        clippy::disallowed_methods,
        reason = "beats are paced by the monotonic clock, whatever the wall clock does"
    )]
    pub fn is_due(&self) -> bool {
        self.socket.is_some() && self.sent.is_none_or(|sent| Instant::now().duration_since(sent) >= self.interval)
    }

    /// One sentence for people (`systemctl status`, `RUN/run.sock`); goes with the next beat if it is another one.
    pub fn status(&mut self, text: &str) {
        if self.status != text {
            text.clone_into(&mut self.status);
            self.owed.status = Some(text.to_owned());
        }
    }

    /// The role stops in order; its supervisor gives it the time for that.
    pub fn stopping(&mut self) {
        self.owed.stopping = true;
        self.send(false, None);
    }

    /// Asks to be stopped in order and started again, because of `reason`; said until it happens.
    pub fn request_restart(&mut self, reason: &str) -> Restart {
        match (&self.socket, self.understands_requests) {
            (None, _) => Restart::NoSupervisor,
            (Some(_), false) => Restart::EndNow,
            (Some(_), true) => {
                self.owed.restart = Some(reason.to_owned());
                Restart::WillBeAsked
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "beats are paced by the monotonic clock, whatever the wall clock does"
    )]
    fn send(&mut self, alive: bool, progress: Option<Progress>) {
        let Some(socket) = &self.socket else { return };
        self.sent = Some(Instant::now());
        let beat = Beat { alive, progress, ..self.owed.clone() };
        // Refused or no room: the supervisor is gone or stands still. What is owed is said again with the next beat.
        if socket.send(beat.datagram().as_bytes()).is_ok() {
            self.owed = Beat { restart: self.owed.restart.take(), ..Beat::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    use proptest::prelude::{any, proptest};

    use super::{Beat, Fill, Heartbeat, Progress, Restart, StoreOrder};

    fn received(socket: &UnixDatagram) -> Beat {
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a fresh socket");
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("a datagram");
        Beat::parse(&buffer[..length])
    }

    #[test]
    fn a_datagram_reads_as_it_was_written() {
        let progress = Progress {
            done: 7,
            queue: Fill { used: 3, max: 64 },
            spool: Fill { used: 1 << 40, max: 1 << 41 },
            lag_ms: 12,
            overloaded: Some("rings drop".to_owned()),
        };
        let beat = Beat {
            ready: true,
            alive: true,
            stopping: true,
            status: Some("4 rows = much".to_owned()),
            progress: Some(progress),
            restart: Some("few spare sockets".to_owned()),
            store: Some(StoreOrder::Put("rings-7".to_owned())),
        };
        assert_eq!(Beat::parse(beat.datagram().as_bytes()), beat);
        let beat = Beat { store: Some(StoreOrder::Remove("rings-7".to_owned())), ..Beat::default() };
        assert_eq!(Beat::parse(beat.datagram().as_bytes()), beat);
        assert_eq!(Beat::parse(b"FDSTORE=1\n").store, None, "what has no name could not be removed");
        assert_eq!(Beat::parse(Beat::default().datagram().as_bytes()), Beat::default());
    }

    #[test]
    fn text_cannot_begin_a_field() {
        let beat = Beat { status: Some("a\nREADY=1\r\nb".to_owned()), ..Beat::default() };
        let read = Beat::parse(beat.datagram().as_bytes());
        assert!(!read.ready && read.status.as_deref() == Some("a READY=1  b"), "{read:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
            let beat = Beat::parse(&bytes);
            assert!(beat.datagram().len() <= 4096);
        }
    }

    #[test]
    fn ready_beats_and_stopping_reach_a_path_and_an_abstract_name() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("notify.sock");
        let abstract_name = format!("floodmark-heartbeat-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&abstract_name).expect("a short name");
        let sockets = [
            (path.clone().into_os_string(), UnixDatagram::bind(&path)),
            (format!("@{abstract_name}").into(), UnixDatagram::bind_addr(&address)),
        ];
        for (name, socket) in sockets {
            let socket = socket.expect("a free address");
            let mut heartbeat = Heartbeat::to(&name, Some(Duration::from_millis(4))).expect("somebody listens");
            heartbeat.ready();
            heartbeat.ready();
            assert_eq!(received(&socket), Beat { ready: true, alive: true, ..Beat::default() });
            std::thread::sleep(Duration::from_millis(2));
            heartbeat.status("well");
            heartbeat.beat(&Progress { done: 5, ..Progress::default() });
            let beat = received(&socket);
            assert!(beat.alive && !beat.ready && beat.status.as_deref() == Some("well"), "{beat:?}");
            assert_eq!(beat.progress.map(|progress| progress.done), Some(5));
            heartbeat.stopping();
            assert_eq!(received(&socket), Beat { stopping: true, ..Beat::default() });
        }
    }

    #[test]
    fn beats_are_paced_and_what_found_no_room_is_said_later() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("notify.sock");
        let socket = UnixDatagram::bind(&path).expect("a fresh folder");
        let mut heartbeat = Heartbeat::to(path.as_os_str(), None).expect("somebody listens");
        heartbeat.beat(&Progress::default());
        heartbeat.beat(&Progress::default());
        assert!(received(&socket).alive);
        socket.set_nonblocking(true).expect("a socket");
        assert!(socket.recv(&mut [0; 64]).is_err(), "one beat a second");
        // A supervisor that reads nothing: its queue is full after some hundred at most, and nobody waits.
        let mut flood = Heartbeat::to(path.as_os_str(), Some(Duration::ZERO)).expect("somebody listens");
        (0..2_000).for_each(|done| flood.beat(&Progress { done, ..Progress::default() }));
        flood.ready();
        while socket.recv(&mut [0; 4096]).is_ok() {}
        flood.send(true, None);
        assert!(received(&socket).ready, "ready is said until it has arrived");
    }

    #[test]
    fn without_a_supervisor_nothing_is_asked_for() {
        assert_eq!(Heartbeat::silent().request_restart("spares"), Restart::NoSupervisor);
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("notify.sock");
        let _socket = UnixDatagram::bind(&path).expect("a fresh folder");
        let mut heartbeat = Heartbeat::to(path.as_os_str(), None).expect("somebody listens");
        assert_eq!(heartbeat.request_restart("spares"), Restart::EndNow);
    }
}
