//! How full the disks are: asked on a thread of its own, because a disk that hangs answers never.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use live::host::Disk;
use nix::sys::statvfs::statvfs;

use super::mounts::{DISKS_MAX, Mount};
use super::trend::Trend;

/// How often the disks are asked.
const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// A sample waits so long for the first answer, and for each that follows it: most disks answer at once.
const WAIT: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(3));

/// A disk that owes its answer for so long is told to hang.
const HANGS_AFTER: Duration = Duration::from_secs(15);

/// What a disk says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes in all.
    pub total: u64,
    /// Bytes that root may still write.
    pub free: u64,
    /// Bytes that a user may still write.
    pub available: u64,
    /// Inodes in all; 0 = no fixed number.
    pub inodes: u64,
    /// Inodes left.
    pub inodes_free: u64,
}

/// An answer: which mount point, and its space; `None` = it refused.
type Answer = (PathBuf, Option<Space>);

/// The thread that asks, and what it answered.
#[derive(Debug)]
struct Probe {
    questions: SyncSender<Vec<PathBuf>>,
    answers: Receiver<Answer>,
}

/// What is known of each disk.
#[derive(Debug, Default)]
pub struct Disks {
    probe: Option<Probe>,
    asked: Option<Instant>,
    /// Mount points of the last question that are not answered yet, in their order.
    waiting: Vec<PathBuf>,
    known: HashMap<PathBuf, Space>,
    trends: HashMap<PathBuf, Trend>,
    was_writable: HashSet<String>,
    told: Option<PathBuf>,
}

impl Disks {
    /// The disks of `mounts` now; waits some [`WAIT`] at most. A disk that does not answer keeps its last numbers and is
    /// marked; the others behind it in the row wait with it.
    pub fn sample(&mut self, mounts: &[Mount], at: Instant) -> Vec<Disk> {
        self.hear(at);
        if self.waiting.is_empty() && self.asked.is_none_or(|asked| at.duration_since(asked) >= ASK_INTERVAL) {
            self.ask(mounts, at);
            self.hear(at);
        }
        self.tell(at);
        self.known.retain(|path, _| mounts.iter().any(|mount| mount.path == *path));
        self.trends.retain(|path, _| mounts.iter().any(|mount| mount.path == *path));
        self.was_writable.retain(|number| mounts.iter().any(|mount| mount.number == *number));
        mounts.iter().map(|mount| self.disk(mount, at)).collect()
    }

    fn ask(&mut self, mounts: &[Mount], at: Instant) {
        let paths: Vec<PathBuf> = mounts.iter().map(|mount| mount.path.clone()).collect();
        if self.probe.is_none() {
            self.probe = Probe::start();
        }
        let Some(probe) = &self.probe else { return };
        match probe.questions.try_send(paths.clone()) {
            Ok(()) => (self.waiting, self.asked) = (paths, Some(at)),
            Err(TrySendError::Full(_)) => {}
            // The thread has panicked: a new one is started at the next question.
            Err(TrySendError::Disconnected(_)) => self.probe = None,
        }
    }

    /// Takes the answers that are there or come soon.
    fn hear(&mut self, at: Instant) {
        let Some(probe) = &self.probe else { return };
        let (mut is_gone, mut patience) = (false, WAIT.0);
        while !self.waiting.is_empty() {
            // What hangs already is not waited for again and again.
            let wait = match self.asked {
                Some(asked) if at.duration_since(asked) < ASK_INTERVAL => std::mem::replace(&mut patience, WAIT.1),
                _ => Duration::ZERO,
            };
            match probe.answers.recv_timeout(wait) {
                Ok((path, space)) => {
                    self.waiting.retain(|waiting| *waiting != path);
                    let Some(space) = space else { continue };
                    self.trends.entry(path.clone()).or_default().add(at, space.available);
                    self.known.insert(path, space);
                }
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                    is_gone = true;
                    break;
                }
            }
        }
        if is_gone {
            (self.probe, self.waiting) = (None, Vec::new());
        }
    }

    fn hangs(&self, at: Instant) -> Option<&PathBuf> {
        let is_late = self.asked.is_some_and(|asked| at.duration_since(asked) >= HANGS_AFTER);
        self.waiting.first().filter(|_| is_late)
    }

    fn tell(&mut self, at: Instant) {
        let hangs = self.hangs(at).cloned();
        if hangs != self.told {
            match &hangs {
                Some(path) => tracing::warn!(
                    ?path,
                    "the disk does not answer: its numbers, and those of the disks behind it, are old"
                ),
                None => tracing::info!("all disks answer again"),
            }
            self.told = hangs;
        }
    }

    fn disk(&mut self, mount: &Mount, at: Instant) -> Disk {
        if !mount.read_only {
            self.was_writable.insert(mount.number.clone());
        }
        let space = self.known.get(&mount.path).copied().unwrap_or_default();
        let is_late = self.hangs(at).is_some() && self.waiting.contains(&mount.path);
        Disk {
            mount: mount.name.clone(),
            device: mount.device.clone(),
            total: space.total,
            available: space.available,
            used_percent: used_percent(&space),
            inodes_percent: percent(space.inodes.saturating_sub(space.inodes_free), space.inodes),
            read_only: mount.read_only,
            turned_read_only: mount.read_only && self.was_writable.contains(&mount.number),
            hours_left: self.trends.get(&mount.path).and_then(Trend::hours_left),
            hangs: is_late,
        }
    }
}

/// As `df` counts: what root keeps for itself is neither used nor free.
fn used_percent(space: &Space) -> f64 {
    let used = space.total.saturating_sub(space.free);
    percent(used, used.saturating_add(space.available))
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 * 100.0 / whole as f64).min(100.0) }
}

impl Probe {
    fn start() -> Option<Probe> {
        // One question at a time, and room for all its answers: the thread never waits for us.
        let (questions, asked) = sync_channel::<Vec<PathBuf>>(1);
        let (answer, answers) = sync_channel(2 * DISKS_MAX);
        let work = move || {
            for paths in asked {
                for path in paths {
                    let space = space(&path);
                    if answer.send((path, space)).is_err() {
                        return;
                    }
                }
            }
        };
        // It is not waited for at the end: it may hang.
        let started = thread::Builder::new().name("disks".to_owned()).spawn(work);
        started.inspect_err(|error| tracing::warn!(%error, "no thread for the disks; tried again")).ok()?;
        Some(Probe { questions, answers })
    }
}

fn space(path: &PathBuf) -> Option<Space> {
    let stat = statvfs(path).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.fragment_size());
    Some(Space {
        total: bytes(stat.blocks()),
        free: bytes(stat.blocks_free()),
        available: bytes(stat.blocks_available()),
        inodes: stat.files(),
        inodes_free: stat.files_free(),
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]
mod tests {
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use super::{Disks, Mount, Space, used_percent};

    fn mount(path: &str, read_only: bool) -> Mount {
        let (name, device) = (path.to_owned(), "/dev/x".to_owned());
        Mount { path: PathBuf::from(path), name, device, number: format!("9:{path}"), read_only }
    }

    #[test]
    fn a_disk_is_as_full_as_df_says_and_one_that_turns_read_only_is_told() {
        let at = Instant::now();
        let mut disks = Disks::default();
        let mut tries = 0..200;
        let root = loop {
            let found = disks.sample(&[mount("/", false), mount("/nowhere", true)], at);
            if found[0].total > 0 {
                assert_eq!(found[1].total, 0, "what refuses has no size");
                break found[0].clone();
            }
            assert!(tries.next().is_some(), "the disk answers");
        };
        assert!(root.used_percent > 0.0 && root.used_percent <= 100.0 && root.available <= root.total, "{root:?}");
        assert!(!root.read_only && !root.hangs);
        let found = disks.sample(&[mount("/", true), mount("/nowhere", true)], at + Duration::from_secs(11));
        assert!(found[0].turned_read_only && !found[1].turned_read_only, "{found:?}");
    }

    #[test]
    fn what_does_not_answer_keeps_its_numbers_and_is_marked() {
        let at = Instant::now();
        let mut disks = Disks::default();
        let (questions, _asked) = std::sync::mpsc::sync_channel(1);
        let (answer, answers) = std::sync::mpsc::sync_channel(8);
        disks.probe = Some(super::Probe { questions, answers });
        let mounts = [mount("/a", false), mount("/b", false)];
        let space = Space { total: 100, free: 50, available: 40, ..Space::default() };
        answer.send((PathBuf::from("/a"), Some(space))).expect("there is room");
        let found = disks.sample(&mounts, at);
        assert_eq!((found[0].total, found[1].total), (100, 0));
        let found = disks.sample(&mounts, at + Duration::from_secs(20));
        assert!(!found[0].hangs && found[1].hangs, "{found:?}");
        assert_eq!(found[0].total, 100);
        answer.send((PathBuf::from("/b"), Some(space))).expect("there is room");
        let found = disks.sample(&mounts, at + Duration::from_secs(30));
        assert!(!found[1].hangs && found[1].total == 100, "it answers at last: {found:?}");
    }

    #[test]
    fn what_root_keeps_for_itself_is_not_free() {
        let space = Space { total: 100, free: 10, available: 0, ..Space::default() };
        assert!((used_percent(&space) - 100.0).abs() < 1e-9);
        let wrong = Space { total: 1, free: u64::MAX, available: u64::MAX, ..Space::default() };
        assert!((0.0..=100.0).contains(&used_percent(&wrong)));
    }
}
