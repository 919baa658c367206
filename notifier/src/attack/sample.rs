//! Packets of an attack: asked of capture when it fires, kept beside the state as `DATA/notifier/samples/<incident>.pcap`.
//!
//! A thread of its own asks and fetches: capture may be slow or away, and the judges never wait. Bounded: `WAITING_MAX`
//! attacks wait for their sample, `FILES_MAX` files are kept.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use live::Role;
use live::action::{Action, Sample};
use live::client::ask;
use live::control::Request;

use super::config::Config;

/// Attacks that wait for their sample at the same time.
const WAITING_MAX: usize = 64;

/// Files that are kept; the oldest go.
const FILES_MAX: usize = 256;

/// The largest file that is taken over: capture writes none larger.
const FILE_BYTES_MAX: u64 = 17 << 20;

/// Capture gives up on a sample after so long, whatever it has.
const SECONDS: u32 = 10;

/// Capture answers at once: it only takes note.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// And then this is waited for the file.
const GRACE: Duration = Duration::from_secs(10);

/// How often the thread looks.
const LOOK: Duration = Duration::from_millis(100);

/// A sample that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The incident.
    pub incident: String,
    /// The file.
    pub path: PathBuf,
    /// Packets in it.
    pub packets: u64,
}

/// What became of samples, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Kept as a file.
    pub kept: u64,
    /// Not given by capture in time, or not to be read.
    pub missed: u64,
    /// Not asked for: too many waited.
    pub refused: u64,
}

/// The same, counted by the thread.
#[derive(Debug, Default)]
struct Counted {
    kept: AtomicU64,
    missed: AtomicU64,
    refused: AtomicU64,
}

struct Wanted {
    incident: String,
    target: String,
    asked: bool,
    until: Option<Instant>,
}

/// The thread; see the module.
pub struct Samples {
    wanted: SyncSender<(String, String)>,
    kept: Receiver<Kept>,
    counted: Arc<Counted>,
    is_on: bool,
}

impl Samples {
    /// Begins to fetch; the thread ends when `stop` is raised.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn open(run_dir: &Path, state_dir: &Path, config: &Config, stop: &Arc<AtomicBool>) -> io::Result<Samples> {
        let (wanted, asked) = sync_channel(WAITING_MAX);
        let (tell, kept) = sync_channel(WAITING_MAX);
        let counted = Arc::new(Counted::default());
        let fetcher = Fetcher {
            counted: Arc::clone(&counted),
            run_dir: run_dir.to_path_buf(),
            dir: state_dir.join("samples"),
            packets: config.sample_packets,
            bytes: config.sample_bytes,
            waiting: Vec::new(),
        };
        let stop = Arc::clone(stop);
        thread::Builder::new().name("samples".into()).spawn(move || fetcher.run(&asked, &tell, &stop))?;
        Ok(Samples { wanted, kept, counted, is_on: config.enabled && config.sample_packets > 0 })
    }

    /// Asks for packets of `target`, for `incident`. Never waits; false = too many wait already.
    pub fn want(&self, incident: &str, target: &str) -> bool {
        let is_taken = !self.is_on || self.wanted.try_send((incident.to_owned(), target.to_owned())).is_ok();
        self.counted.refused.fetch_add(u64::from(!is_taken), Ordering::Relaxed);
        is_taken
    }

    /// What became of samples.
    pub fn counts(&self) -> Counts {
        let Counted { kept, missed, refused } = &*self.counted;
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        Counts { kept: count(kept), missed: count(missed), refused: count(refused) }
    }

    /// Samples that came since the last look.
    pub fn take(&self) -> Vec<Kept> {
        self.kept.try_iter().collect()
    }
}

struct Fetcher {
    counted: Arc<Counted>,
    run_dir: PathBuf,
    dir: PathBuf,
    packets: u32,
    bytes: u32,
    waiting: Vec<Wanted>,
}

impl Fetcher {
    fn run(mut self, asked: &Receiver<(String, String)>, tell: &SyncSender<Kept>, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            loop {
                match asked.try_recv() {
                    Ok((incident, target)) if self.waiting.len() < WAITING_MAX => {
                        self.waiting.push(Wanted { incident, target, asked: false, until: None });
                    }
                    Ok((incident, _)) => {
                        self.counted.refused.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(incident, "too many attacks wait for a sample; none is taken");
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            for kept in self.turn(now()) {
                // The role that does not look any more needs none.
                let _ = tell.try_send(kept);
            }
            thread::sleep(LOOK);
        }
    }

    /// Asks for what is new, fetches what is there, gives up what is late.
    fn turn(&mut self, now: Instant) -> Vec<Kept> {
        let mut kept = Vec::new();
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain_mut(|wanted| {
            let until = *wanted.until.get_or_insert(now + Duration::from_secs(u64::from(SECONDS)) + GRACE);
            if !wanted.asked {
                match ask(&self.run_dir, Role::Capture, &self.request(wanted), ANSWER_WAIT) {
                    Ok(_) => wanted.asked = true,
                    Err(error) => tracing::debug!(incident = wanted.incident, %error, "no sample yet"),
                }
            }
            if wanted.asked
                && let Some(found) = self.fetch(&wanted.incident)
            {
                self.counted.kept.fetch_add(1, Ordering::Relaxed);
                kept.push(found);
                return false;
            }
            if now >= until {
                self.counted.missed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(incident = wanted.incident, target = wanted.target, "capture gave no sample");
            }
            now < until
        });
        self.waiting = waiting;
        kept
    }

    fn request(&self, wanted: &Wanted) -> Request {
        let sample = Sample {
            network: wanted.target.clone(),
            packets: self.packets,
            seconds: SECONDS,
            bytes: self.bytes,
            ..Sample::default()
        };
        Request { id: id(&wanted.incident), action: Action::Sample(sample), role: None }
    }

    fn fetch(&self, incident: &str) -> Option<Kept> {
        let name = format!("{}.pcap", id(incident));
        let from = self.run_dir.join("samples").join(&name);
        if !from.exists() {
            return None;
        }
        match keep(&from, &self.dir, incident) {
            Ok(kept) => Some(kept),
            Err(error) => {
                tracing::warn!(from = %from.display(), dir = %self.dir.display(), %error, "a sample cannot be kept");
                None
            }
        }
    }
}

/// The request's id: one for each incident, so that it is begun once.
fn id(incident: &str) -> String {
    format!("attack-{incident}")
}

/// Copies a sample to its place, whole or not at all.
fn keep(from: &Path, dir: &Path, incident: &str) -> io::Result<Kept> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mut bytes = Vec::new();
    File::open(from)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    let path = dir.join(format!("{incident}.pcap"));
    let part = path.with_extension("pcap.new");
    fs::write(&part, &bytes)?;
    fs::rename(&part, &path)?;
    remove_old(dir);
    Ok(Kept { incident: incident.to_owned(), path, packets: records(&bytes) })
}

/// Whole records of a pcap file.
fn records(bytes: &[u8]) -> u64 {
    let (mut at, mut count) = (24usize, 0);
    while let Some(length) = bytes.get(at + 8..at + 12) {
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        at = at.saturating_add(16).saturating_add(length);
        if at > bytes.len() {
            break;
        }
        count += 1;
    }
    count
}

fn remove_old(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let dated = |entry: fs::DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
    let mut files: Vec<_> = entries.flatten().filter_map(dated).collect();
    files.sort();
    let surplus = files.len().saturating_sub(FILES_MAX);
    for (_, path) in files.into_iter().take(surplus) {
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "an old sample stays");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a sample is waited for is time that passes")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use live::{Publisher, Role};

    use super::{Config, Counts, Samples, records};

    /// A pcap file of `count` records of four bytes.
    fn pcap(count: usize) -> Vec<u8> {
        let mut bytes = vec![0; 24];
        for _ in 0..count {
            bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4]);
        }
        bytes
    }

    #[test]
    fn an_attack_is_asked_for_once_and_its_file_is_kept() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let run_dir = dir.path().join("run");
        let stop = Arc::new(AtomicBool::new(false));
        let publisher = Publisher::bind(&run_dir, Role::Capture, "n".to_owned(), 1, String::new).expect("a free name");
        let samples_dir = run_dir.join("samples");
        publisher.obey(Box::new(move |request| {
            // A request that came twice would be answered from memory: this runs once for each id.
            fs::create_dir_all(&samples_dir).expect("a folder");
            let path = samples_dir.join(format!("{}.pcap", request.id));
            assert!(!path.exists(), "{request:?}");
            fs::write(path, pcap(150)).expect("a file");
            Ok("taking".to_owned())
        }));
        let samples = Samples::open(&run_dir, dir.path(), &Config::default(), &stop).expect("a thread");
        assert!(samples.want("00ff", "192.0.2.1"));
        let mut tries = 0..200;
        let kept = loop {
            match samples.take().pop() {
                Some(kept) => break kept,
                None => assert!(tries.next().is_some(), "the sample comes"),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!((kept.incident.as_str(), kept.packets), ("00ff", 150));
        assert_eq!(samples.counts(), Counts { kept: 1, ..Counts::default() });
        assert_eq!(kept.path, dir.path().join("samples/00ff.pcap"));
        assert_eq!(fs::read(&kept.path).expect("the file"), pcap(150));
        stop.store(true, Ordering::Relaxed);
    }

    #[test]
    fn records_of_a_cut_file_are_counted_as_far_as_they_are_whole() {
        assert_eq!([0, 1, 3].map(|count| records(&pcap(count))), [0, 1, 3]);
        let cut = pcap(3);
        assert_eq!(records(&cut[..cut.len() - 1]), 2);
        assert_eq!(records(&[0xff; 64]), 0);
    }
}
