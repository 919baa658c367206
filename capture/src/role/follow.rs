//! Follows the captured interfaces: opens their rings when they appear, closes them when they go, tells what happened.

use std::sync::mpsc::{Sender, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spool::row::{DeviceCount, EventRow, Severity};

use crate::config::Backend;
use crate::copy::{CopySource, CopySpec};
use crate::error::CaptureError;
use crate::interface::{Event, Link, LinkNews, Netlink, Watch, double_counted};
use crate::limits::SECOND_NS;
use crate::ring::{RingError, RingSpec, Spares, open_group};
use crate::steady::Steady;

use super::blind::{Blindness, Change, Counts};
use super::board::Board;
use super::driver::Command;
use super::event;
use super::keep::{Keeper, Taken};
use super::source::Source;
use super::stock;

/// Without news from the kernel the list of links is read this often.
const LOOK_INTERVAL_NS: u64 = SECOND_NS / 5;

/// A group that could not be opened is tried again after this time, doubled at each failure up to the second: every
/// try uses up sockets that cannot be had again.
const RETRY_NS: (u64, u64) = (2 * SECOND_NS, 60 * SECOND_NS);

/// How long the tap has seen nothing when that is told.
const BLIND_AFTER_NS: u64 = 2 * SECOND_NS;

/// What the spooler writes for the interface watch.
pub enum Notice {
    /// An interface number has a (new) name.
    Name {
        /// Number.
        interface: u16,
        /// Name.
        name: String,
    },
    /// Something happened.
    Event(EventRow),
    /// The role should be restarted when that suits; told once.
    Restart {
        /// Why, and what happens otherwise.
        reason: String,
    },
}

/// What was opened for the follower while that was permitted.
pub struct Opened {
    /// Asks for links.
    pub netlink: Netlink,
    /// Hears of changes; `None` = the list is read every 0.2 s.
    pub news: Option<LinkNews>,
    /// Sockets for all rings to come.
    pub spares: Spares,
    /// Rings of an earlier process.
    pub taken: Vec<Taken>,
    /// Where rings go at the end.
    pub keeper: Arc<Keeper>,
}

impl Opened {
    /// Opens everything that needs a right or reads what is closed later.
    ///
    /// # Errors
    /// CAP_NET_RAW is missing (also when no interface is there yet), or the limit of open files is too low.
    pub fn open(
        netlink: Netlink,
        workers: usize,
        interfaces: usize,
        (taken, keeper): (Vec<Taken>, Arc<Keeper>),
    ) -> Result<Opened, CaptureError> {
        let spares = stock::open(workers, interfaces)?;
        Ok(Opened { netlink, news: LinkNews::open().ok(), spares, taken, keeper })
    }
}

struct Followed {
    spec: RingSpec,
    watch: Watch,
    is_open: bool,
    /// When to try again, and the pause after that.
    retry_ns: Option<(u64, u64)>,
    blindness: Blindness,
    /// The device's receive counter when the rings were opened, and what earlier openings received.
    received_base: u64,
    received_before: u64,
}

/// See the module.
pub struct Follower {
    netlink: Netlink,
    news: Option<LinkNews>,
    spares: Spares,
    taken: Vec<Taken>,
    keeper: Arc<Keeper>,
    backend: Backend,
    interfaces: Vec<Followed>,
    workers: Vec<Sender<Command>>,
    board: Arc<Mutex<Board>>,
    notices: SyncSender<Notice>,
    looked_ns: u64,
    looked_cut: u64,
    steady: Steady,
    warned_double: bool,
    asked_restart: bool,
}

impl Follower {
    /// Looks for the first time and opens what is there: a refused ring ends the start.
    pub fn open(
        opened: Opened,
        specs: Vec<RingSpec>,
        backend: Backend,
        workers: Vec<Sender<Command>>,
        board: Arc<Mutex<Board>>,
        notices: SyncSender<Notice>,
    ) -> Result<Follower, CaptureError> {
        let followed = |spec: RingSpec| Followed {
            watch: Watch::new(&spec.name),
            spec,
            is_open: false,
            retry_ns: None,
            blindness: Blindness::default(),
            received_base: 0,
            received_before: 0,
        };
        let mut follower = Follower {
            netlink: opened.netlink,
            news: opened.news,
            spares: opened.spares,
            taken: opened.taken,
            keeper: opened.keeper,
            backend,
            interfaces: specs.into_iter().map(followed).collect(),
            workers,
            board,
            notices,
            looked_ns: 0,
            looked_cut: 0,
            steady: Steady::default(),
            warned_double: false,
            asked_restart: false,
        };
        let links = follower.netlink.links()?;
        let now_ns = follower.steady.pass(super::now_ns());
        follower.follow_all(&links, now_ns, true)?;
        // Of interfaces that are not captured any more, or not there: as long as they are open the kernel fills them.
        follower.taken.clear();
        for at in 0..follower.interfaces.len() {
            if follower.interfaces[at].watch.ifindex().is_none() {
                let there: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
                let name = &follower.interfaces[at].spec.name;
                tracing::warn!(interface = %name, there = ?there, "there is no such interface; capture begins when it appears (is the name right?)");
            }
        }
        Ok(follower)
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, kind: &str, severity: Severity, at: usize, text: &str) {
        let subject = self.interfaces[at].spec.name.clone();
        match severity {
            Severity::Info => tracing::info!(interface = %subject, "{text}"),
            _ => tracing::warn!(interface = %subject, "{text}"),
        }
        // A full channel means that the spooler stands still; the event is in the log.
        let _ = self.notices.try_send(Notice::Event(event(kind, severity, &subject, text)));
    }

    /// Looks at the links when the kernel has news, when it is time, or when a worker found its rings dead.
    pub fn look(&mut self, now_ns: u64) {
        let now_ns = self.steady.pass(now_ns);
        let changed = self.news.as_ref().is_some_and(LinkNews::changed);
        if !changed && now_ns.saturating_sub(self.looked_ns) < LOOK_INTERVAL_NS {
            return;
        }
        self.looked_ns = now_ns;
        match self.netlink.links() {
            Ok(links) => {
                if let Err(error) = self.follow_all(&links, now_ns, false) {
                    tracing::error!(%error, "an interface is not captured");
                }
            }
            Err(error) => tracing::warn!(%error, "interfaces cannot be looked at; the open ones go on"),
        }
    }

    fn follow_all(&mut self, links: &[Link], now_ns: u64, at_start: bool) -> Result<(), CaptureError> {
        for at in 0..self.interfaces.len() {
            if std::mem::take(&mut self.board().interfaces[at].rings_dead) && self.interfaces[at].is_open {
                self.interfaces[at].watch.rings_are_dead();
            }
            for happened in self.interfaces[at].watch.look(links) {
                self.happened(at, happened, links, now_ns, at_start)?;
            }
            let due = self.interfaces[at].retry_ns.is_some_and(|(retry, _)| now_ns >= retry);
            if due && self.interfaces[at].watch.ifindex().is_some() {
                self.open_rings(at, links, now_ns, at_start)?;
            }
            self.note_device_counter(at, links);
        }
        self.look_at_sight(links, now_ns)?;
        self.warn_double(links);
        self.watch_stock();
        Ok(())
    }

    /// Once for each cut: holds what the tap saw against what the device received.
    fn look_at_sight(&mut self, links: &[Link], now_ns: u64) -> Result<(), CaptureError> {
        let cuts = self.board().cuts;
        if std::mem::replace(&mut self.looked_cut, cuts) == cuts {
            return Ok(());
        }
        for at in 0..self.interfaces.len() {
            let (device, tap) = {
                let board = self.board();
                (board.interfaces[at].device_received, board.interfaces[at].tap_seen)
            };
            let (true, Some(device)) = (self.interfaces[at].is_open, device) else { continue };
            match self.interfaces[at].blindness.look(Counts { device, tap }) {
                Some(Change::Blind { unseen }) => self.became_blind(at, unseen, links, now_ns)?,
                Some(Change::Sees { unseen }) => {
                    self.board().interfaces[at].blind = None;
                    let text = format!("packets are seen again; {unseen} that the device received were not");
                    self.tell("interface.sees", Severity::Info, at, &text);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Says so, and opens the rings anew while there are sockets to spare: that mends a tap which is dead.
    fn became_blind(&mut self, at: usize, unseen: u64, links: &[Link], now_ns: u64) -> Result<(), CaptureError> {
        let text = format!(
            "blind: the device received {unseen} packets and the tap saw none of them; either its sockets are dead or \
             something takes the frames before the tap (XDP, damaged headers: see pre_tap)"
        );
        self.board().interfaces[at].blind = Some((now_ns.saturating_sub(BLIND_AFTER_NS), text.clone()));
        self.tell("interface.blind", Severity::Critical, at, &text);
        if self.spares.are_plenty() {
            self.close_rings(at);
            self.open_rings(at, links, now_ns, false)?;
        }
        Ok(())
    }

    /// Asks once for a restart while there is still something to recover with.
    fn watch_stock(&mut self) {
        self.board().spares = self.spares.remaining();
        if self.spares.are_low() && !std::mem::replace(&mut self.asked_restart, true) {
            let reason = format!(
                "{} packet sockets are left of those opened at start; after a restart there are as many as then",
                self.spares.remaining()
            );
            // A full channel means that the spooler stands still: the next look asks again.
            self.asked_restart = self.notices.try_send(Notice::Restart { reason }).is_ok();
        }
    }

    /// The rings are gone, or may rightly be silent: blindness begins anew.
    fn forget_blindness(&mut self, at: usize) {
        self.interfaces[at].blindness.forget();
        self.board().interfaces[at].blind = None;
    }

    fn happened(
        &mut self,
        at: usize,
        happened: Event,
        links: &[Link],
        now_ns: u64,
        at_start: bool,
    ) -> Result<(), CaptureError> {
        match happened {
            Event::Appeared { .. } => self.open_rings(at, links, now_ns, at_start)?,
            Event::Gone { .. } => {
                self.close_rings(at);
                self.forget_blindness(at);
                self.interfaces[at].retry_ns = None;
                self.board().interfaces[at].state = "absent".into();
                self.tell(
                    "interface.gone",
                    Severity::Warning,
                    at,
                    "the interface is gone; capture goes on when it comes back",
                );
            }
            Event::Renamed { old, new } => {
                self.board().interfaces[at].name = new.clone();
                let _ = self.notices.try_send(Notice::Name { interface: at as u16 + 1, name: new.clone() });
                self.tell(
                    "interface.renamed",
                    Severity::Info,
                    at,
                    &format!("{old} is called {new} now; capture goes on"),
                );
            }
            Event::Down => {
                self.forget_blindness(at);
                if self.interfaces[at].is_open {
                    self.board().interfaces[at].state = "down".into();
                }
                if !at_start {
                    self.tell("link.down", Severity::Warning, at, "the link is down");
                }
            }
            Event::Up => {
                if self.interfaces[at].is_open {
                    self.board().interfaces[at].state = "up".into();
                    self.tell("link.up", Severity::Info, at, "the link is up; capture goes on by itself");
                } else {
                    self.open_rings(at, links, now_ns, at_start)?;
                }
            }
        }
        Ok(())
    }

    fn open_rings(&mut self, at: usize, links: &[Link], now_ns: u64, at_start: bool) -> Result<(), CaptureError> {
        let followed = &mut self.interfaces[at];
        let Some(ifindex) = followed.watch.ifindex() else { return Ok(()) };
        let link = links.iter().find(|link| link.index == ifindex);
        followed.spec.ifindex = ifindex;
        let pause_ns = followed.retry_ns.take().map_or(RETRY_NS.0, |(_, pause_ns)| pause_ns);
        let counted = link.map_or(0, |link| link.counters.rx_packets);
        let workers = self.workers.len();
        let (sources, is_kept) = match take_over(&mut self.taken, &followed.spec, workers) {
            Some((sources, explained)) => {
                followed.received_base = explained;
                (Ok(sources), true)
            }
            None => {
                followed.received_base = counted;
                (open_sources(&followed.spec, link, self.backend, workers, &mut self.spares), false)
            }
        };
        match sources {
            Ok(sources) => {
                followed.is_open = true;
                for (worker, source) in self.workers.iter().zip(sources) {
                    let _ = worker.send(Command::Attach { interface: at as u16 + 1, source });
                }
                let mut board = self.board();
                let entry = &mut board.interfaces[at];
                entry.opened += 1;
                entry.state = if link.is_some_and(Link::is_up) { "up".into() } else { "down".into() };
                entry.loopback = link.is_some_and(Link::is_loopback);
                let text = match (&entry.blind, entry.opened) {
                    _ if is_kept => "capture goes on in the rings of the process before; nothing was missed",
                    (Some(_), _) => "the rings are opened anew, because they saw nothing",
                    (None, 1) => "capture begins",
                    (None, _) => "the interface is back; capture goes on",
                };
                // After a rename and a deletion the configured name is captured again.
                let name = link.map_or_else(|| entry.name.clone(), |link| link.name.clone());
                let renamed = std::mem::replace(&mut entry.name, name.clone()) != name;
                drop(board);
                if renamed {
                    let _ = self.notices.try_send(Notice::Name { interface: at as u16 + 1, name });
                }
                self.tell("interface.captured", Severity::Info, at, text);
                Ok(())
            }
            Err(error) if at_start && !error.is_transient() => Err(error.into()),
            Err(error) => {
                followed.retry_ns = Some((now_ns + pause_ns, (2 * pause_ns).min(RETRY_NS.1)));
                self.board().interfaces[at].state = format!("blind: {error}");
                self.tell("interface.blind", Severity::Critical, at, &format!("no packets are seen here: {error}"));
                Ok(())
            }
        }
    }

    fn close_rings(&mut self, at: usize) {
        let followed = &mut self.interfaces[at];
        if std::mem::take(&mut followed.is_open) {
            let counted = self.board().interfaces[at].device_received.unwrap_or(0);
            self.interfaces[at].received_before = counted;
            for worker in &self.workers {
                let _ = worker.send(Command::Detach { interface: at as u16 + 1 });
            }
        }
    }

    fn note_device_counter(&mut self, at: usize, links: &[Link]) {
        let followed = &self.interfaces[at];
        let link = links.iter().find(|link| followed.watch.ifindex() == Some(link.index));
        if let (true, Some(link)) = (followed.is_open, link) {
            let since = link.counters.rx_packets.saturating_sub(followed.received_base);
            let received = followed.received_before + since;
            let device = DeviceCount { name: link.name.clone(), index: link.index, received: link.counters.rx_packets };
            let (base, before) = (followed.received_base, followed.received_before);
            let mut board = self.board();
            let entry = &mut board.interfaces[at];
            entry.device_received = Some(received);
            (entry.device, entry.received_base, entry.received_before) = (Some(device), base, before);
        }
    }

    fn warn_double(&mut self, links: &[Link]) {
        let captured: Vec<u32> = self.interfaces.iter().filter_map(|f| f.watch.ifindex()).collect();
        let pairs = double_counted(links, &captured);
        if pairs.is_empty() || std::mem::replace(&mut self.warned_double, true) {
            return;
        }
        let name = |index: u32| links.iter().find(|l| l.index == index).map_or("?", |l| l.name.as_str());
        for (member, whole) in pairs {
            tracing::warn!(
                member = name(member),
                whole = name(whole),
                "both are captured: packets of the member are counted twice; remove one from capture.interfaces"
            );
        }
    }

    /// Stops the workers: each takes what is left, exports all flows and ends. The devices are asked once more just
    /// before, so that the last `pre_tap` compares what both have counted.
    pub fn stop(&mut self) {
        match self.netlink.links() {
            Ok(links) => (0..self.interfaces.len()).for_each(|at| self.note_device_counter(at, &links)),
            Err(error) => tracing::warn!(%error, "the devices' last counters cannot be read; pre_tap is of before"),
        }
        let rings = self.workers.len() * self.interfaces.iter().filter(|followed| followed.is_open).count();
        let keep = self.backend == Backend::Ring && self.keeper.keeps(rings);
        if keep {
            let mut board = self.board();
            self.interfaces
                .iter()
                .zip(&mut board.interfaces)
                .for_each(|(followed, entry)| entry.parts = followed.is_open);
        }
        for worker in &self.workers {
            let _ = worker.send(Command::Stop { keep });
        }
    }
}

/// The rings that an earlier process left for this interface, if they are what is wanted, and what its books explain of
/// the device's counter.
fn take_over(taken: &mut Vec<Taken>, spec: &RingSpec, workers: usize) -> Option<(Vec<Source>, u64)> {
    let at = taken.iter().position(|taken| taken.name() == spec.name)?;
    match taken.swap_remove(at).rings(spec, workers) {
        Ok((rings, explained)) => Some((rings.into_iter().map(Source::Ring).collect(), explained)),
        Err(reason) => {
            tracing::info!(interface = %spec.name, reason, "the rings of the process before are closed and new ones are opened");
            None
        }
    }
}

fn open_sources(
    spec: &RingSpec,
    link: Option<&Link>,
    backend: Backend,
    workers: usize,
    spares: &mut Spares,
) -> Result<Vec<Source>, RingError> {
    match backend {
        Backend::Ring => {
            let rings = open_group(spec, workers, spares)?;
            if rings.first().is_some_and(|ring| !ring.gso_known()) {
                tracing::warn!(interface = %spec.name, "the kernel does not tell merged packets apart: they count as one; switch GRO off for exact packet counts");
            }
            Ok(rings.into_iter().map(Source::Ring).collect())
        }
        Backend::Copy => {
            let name = link.map_or_else(|| spec.name.clone(), |link| link.name.clone());
            let copy = CopySpec { name, snaplen: spec.snaplen, promiscuous: spec.promiscuous };
            Ok(vec![Source::Copy(Box::new(CopySource::open(copy, spares)?))])
        }
    }
}
