//! Where samples are asked for, handed to the workers, and written to files.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use live::action::{Action, Sample};
use live::control::{ControlError, Request};
use live::line::SampleState;

use super::taking::Taking;
use crate::file::write::PcapWriter;
use crate::limits::{SAMPLE_FILE_BYTES_MAX, SAMPLE_FILES_MAX, SAMPLES_MAX};

/// Samples that are over and still told in the line.
const TOLD_MAX: usize = 16;

/// Where samples lie.
pub fn folder(run_dir: &Path) -> PathBuf {
    run_dir.join("samples")
}

/// The samples that are taken now, for the workers, and their files; see the module.
pub struct Desk {
    dir: PathBuf,
    /// Grows with every change of `taking`: workers compare it and take the list only then.
    version: AtomicU64,
    taking: Mutex<Vec<Arc<Taking>>>,
    told: Mutex<Vec<SampleState>>,
}

/// A file that is being written.
struct Open {
    taking: Arc<Taking>,
    out: PcapWriter<BufWriter<File>>,
    packets: u64,
    bytes: u64,
}

impl Desk {
    /// No sample is taken; files go to `dir`, which is made when it is needed.
    pub fn new(dir: PathBuf) -> Desk {
        Desk { dir, version: AtomicU64::new(0), taking: Mutex::default(), told: Mutex::default() }
    }

    /// Executes a request of the control contract.
    ///
    /// # Errors
    /// It is not one of these, its arguments are wrong, or too many are taken at once.
    pub fn execute(
        &self,
        request: &Request,
        now_ns: u64,
        interface: impl Fn(&str) -> Option<u16>,
    ) -> Result<String, ControlError> {
        match &request.action {
            Action::Sample(asked) => self.begin(&request.id, asked, now_ns, interface),
            Action::SampleStop(stop) => {
                let mut taking = lock(&self.taking);
                let before = taking.len();
                taking.retain(|one| one.id != stop.sample);
                if taking.len() == before {
                    return Err(ControlError::Arguments(format!("no sample {:?} is being taken", stop.sample)));
                }
                self.version.fetch_add(1, Ordering::Release);
                Ok("stopping".to_owned())
            }
            other => Err(ControlError::Action(format!("{other:?} of capture"))),
        }
    }

    fn begin(
        &self,
        id: &str,
        asked: &Sample,
        now_ns: u64,
        interface: impl Fn(&str) -> Option<u16>,
    ) -> Result<String, ControlError> {
        let mut taking = lock(&self.taking);
        if taking.len() >= SAMPLES_MAX {
            return Err(ControlError::NotNow(format!("{SAMPLES_MAX} samples are being taken")));
        }
        let one = Taking::new(id, asked, now_ns, interface).map_err(ControlError::Arguments)?;
        self.tell(id, "taking", 0);
        taking.push(Arc::new(one));
        self.version.fetch_add(1, Ordering::Release);
        Ok("taking".to_owned())
    }

    /// Changes with the list of samples. One load.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The samples that are taken now.
    pub fn taking(&self) -> Vec<Arc<Taking>> {
        lock(&self.taking).clone()
    }

    /// For the line: those that are taken and the newest that are over.
    pub fn told(&self) -> Vec<SampleState> {
        lock(&self.told).clone()
    }

    fn tell(&self, id: &str, state: &str, packets: u64) {
        let mut told = lock(&self.told);
        let state = SampleState { id: id.to_owned(), state: state.to_owned(), packets };
        match told.iter_mut().find(|known| known.id == id) {
            Some(known) => *known = state,
            None => told.push(state),
        }
        if told.len() > TOLD_MAX {
            told.remove(0);
        }
    }

    /// A writer of this desk's files; one thread calls `Writer::turn`.
    pub fn writer(self: &Arc<Desk>) -> Writer {
        Writer { desk: Arc::clone(self), open: Vec::new() }
    }
}

/// See [`Desk::writer`].
pub struct Writer {
    desk: Arc<Desk>,
    open: Vec<Open>,
}

impl Writer {
    /// Writes what waits, begins and ends files; true = samples are being taken.
    pub fn turn(&mut self, now_ns: u64) -> bool {
        for taking in self.desk.taking() {
            if !self.open.iter().any(|open| Arc::ptr_eq(&open.taking, &taking)) {
                match begin(&self.desk.dir, &taking) {
                    Ok(open) => self.open.push(open),
                    Err(error) => self.give_up(&taking, &error),
                }
            }
        }
        let taken = self.desk.taking();
        let mut at = 0;
        while at < self.open.len() {
            let open = &mut self.open[at];
            let wanted = taken.iter().any(|taking| Arc::ptr_eq(taking, &open.taking)) && now_ns < open.taking.until_ns;
            // Full first, then what waits: who filled it has put its last copy into the queue, or is about to.
            let full = open.taking.is_full();
            match open.write() {
                Err(error) => {
                    let open = self.open.swap_remove(at);
                    self.give_up(&open.taking, &error);
                }
                Ok(wrote) if (wanted && !full && open.bytes < SAMPLE_FILE_BYTES_MAX) || wrote => at += 1,
                Ok(_) => {
                    let open = self.open.swap_remove(at);
                    self.finish(open);
                }
            }
        }
        !self.open.is_empty()
    }

    fn finish(&mut self, open: Open) {
        let (taking, packets) = (open.taking, open.packets);
        self.remove(&taking);
        let path = self.desk.dir.join(format!("{}.pcap", taking.id));
        let renamed = open.out.finish().and_then(|_| fs::rename(part(&self.desk.dir, &taking.id), &path));
        match renamed {
            Ok(()) => {
                tracing::info!(id = %taking.id, packets, shed = taking.shed(), path = %path.display(), "a sample is whole");
                self.desk.tell(&taking.id, "whole", packets);
                remove_old(&self.desk.dir);
            }
            Err(error) => self.give_up(&taking, &error),
        }
    }

    fn give_up(&self, taking: &Arc<Taking>, error: &io::Error) {
        tracing::warn!(id = %taking.id, dir = %self.desk.dir.display(), %error, "a sample cannot be written");
        let _ = fs::remove_file(part(&self.desk.dir, &taking.id));
        self.remove(taking);
        self.desk.tell(&taking.id, &format!("failed: {error}"), 0);
    }

    fn remove(&self, taking: &Arc<Taking>) {
        let mut all = lock(&self.desk.taking);
        all.retain(|one| !Arc::ptr_eq(one, taking));
        self.desk.version.fetch_add(1, Ordering::Release);
    }
}

impl Open {
    /// Writes what waits, a bounded share; true = there was something.
    fn write(&mut self) -> io::Result<bool> {
        let before = self.packets;
        while let Some(copied) = self.taking.next() {
            self.packets += 1;
            self.bytes += 16 + copied.bytes.len() as u64;
            self.out.write(copied.time_ns, copied.wire_len, &copied.bytes)?;
            if self.bytes >= SAMPLE_FILE_BYTES_MAX {
                return Ok(false);
            }
        }
        Ok(self.packets > before)
    }
}

fn begin(dir: &Path, taking: &Arc<Taking>) -> io::Result<Open> {
    fs::create_dir_all(dir)?;
    let file = BufWriter::new(File::create(part(dir, &taking.id))?);
    let out = PcapWriter::new(file, 1, crate::limits::SAMPLE_BYTES_MAX)?;
    Ok(Open { taking: Arc::clone(taking), out, packets: 0, bytes: 24 })
}

/// The name while it is written: a reader of `*.pcap` never finds half a file. Ids have no `/`, but may begin with a dot.
fn part(dir: &Path, id: &str) -> PathBuf {
    dir.join(format!("{id}.pcap.new"))
}

/// Keeps the newest [`SAMPLE_FILES_MAX`] files.
fn remove_old(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut files: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .filter(|(_, path)| path.extension().is_some_and(|extension| extension == "pcap"))
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(SAMPLE_FILES_MAX);
    for (_, path) in files.into_iter().take(surplus) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(path = %path.display(), %error, "an old sample stays");
            }
            _ => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use live::action::{Action, Sample, SampleStop};
    use live::control::{ControlError, Request};

    use super::Desk;
    use crate::file::CaptureFile;
    use crate::frame::{Frame, LinkType};
    use crate::limits::{SAMPLE_FILES_MAX, SAMPLES_MAX, SECOND_NS};
    use crate::sample::Offer;
    use crate::wire::Packet;

    fn request(id: &str, packets: u32) -> Request {
        let sample = Sample { packets, seconds: 5, ..Sample::default() };
        Request { id: id.to_owned(), action: Action::Sample(sample), role: None }
    }

    fn offer(desk: &Desk, times: u64) {
        let frame = Frame { bytes: &[3; 80], wire_len: 900, link: LinkType::Ethernet, ..Frame::EMPTY };
        let packet = Packet { header_bytes: 54, ..Packet::default() };
        for taking in desk.taking() {
            for time_ns in 1..=times {
                taking.offer(&Offer { interface: 1, frame: &frame, packet: &packet, time_ns });
            }
        }
    }

    #[test]
    fn a_sample_appears_whole_when_it_is_full_late_or_stopped() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let desk = Arc::new(Desk::new(dir.path().join("samples")));
        let mut writer = desk.writer();
        for id in ["full", "late", "stopped"] {
            desk.execute(&request(id, if id == "full" { 20 } else { 90 }), 0, |_| None).expect("it begins");
        }
        offer(&desk, 20);
        assert!(writer.turn(1));
        let files = || {
            let mut names: Vec<String> = fs::read_dir(dir.path().join("samples"))
                .expect("the folder is made")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(files(), ["full.pcap.new", "late.pcap.new", "stopped.pcap.new"]);
        writer.turn(2);
        assert_eq!(files(), ["full.pcap", "late.pcap.new", "stopped.pcap.new"]);
        let stop = SampleStop { sample: "stopped".to_owned() };
        let stop = Request { id: "s".to_owned(), action: Action::SampleStop(stop), role: None };
        desk.execute(&stop, 0, |_| None).expect("it is being taken");
        assert!(matches!(desk.execute(&stop, 0, |_| None), Err(ControlError::Arguments(_))), "not any more");
        writer.turn(3);
        writer.turn(5 * SECOND_NS);
        assert_eq!(files(), ["full.pcap", "late.pcap", "stopped.pcap"]);
        assert!(!writer.turn(5 * SECOND_NS) && desk.taking().is_empty());
        for name in files() {
            let mut file = CaptureFile::open(&dir.path().join("samples").join(name)).expect("a capture file");
            while let Some(chunk) = file.next_chunk().expect("it is sound") {
                assert!(chunk.into_iter().all(|found| found.frame.bytes.len() == 54 && found.frame.wire_len == 900));
            }
            assert_eq!(file.summary().records, 20);
        }
        let told = desk.told();
        assert!(
            told.len() == 3 && told.iter().all(|sample| sample.state == "whole" && sample.packets == 20),
            "{told:?}"
        );
    }

    #[test]
    fn samples_at_once_and_their_files_are_bounded() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let desk = Arc::new(Desk::new(dir.path().to_path_buf()));
        let mut writer = desk.writer();
        for round in 0..6 {
            for n in 0..SAMPLES_MAX {
                desk.execute(&request(&format!("{round}-{n}"), 1), 0, |_| None).expect("it begins");
            }
            let refused = desk.execute(&request("more", 1), 0, |_| None);
            assert!(matches!(refused, Err(ControlError::NotNow(_))), "{refused:?}");
            offer(&desk, 1);
            while writer.turn(1) {}
        }
        assert_eq!(fs::read_dir(dir.path()).expect("the folder").count(), SAMPLE_FILES_MAX);
    }

    #[test]
    fn a_folder_that_cannot_be_written_fails_the_sample_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        fs::write(dir.path().join("samples"), b"a file").expect("a file");
        let desk = Arc::new(Desk::new(dir.path().join("samples")));
        desk.execute(&request("a", 1), 0, |_| None).expect("it begins");
        assert!(!desk.writer().turn(1));
        assert!(desk.taking().is_empty() && desk.told()[0].state.starts_with("failed: "), "{:?}", desk.told());
    }
}
