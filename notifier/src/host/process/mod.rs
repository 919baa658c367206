//! The processes: what each used since it was read last, grouped by name, user and control group.
//!
//! A server has thousands, so what is read when is chosen by its price: `stat` of each (CPU, memory, state) every
//! [`READ_INTERVAL`], also while samples come faster; user and control group when a process is seen for the second time
//! and then once a minute, because short-lived ones are most of those that begin. Beyond [`READS_MAX`] processes each
//! sample reads a part of them, in turn.

mod group;
mod kinds;
mod stat;
mod users;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use live::host::Processes;
use nix::unistd::{SysconfVar, sysconf};

use group::Member;
use stat::Stat;
use users::Users;

use super::read::{self, Files, Roots};

pub use group::TOP;

/// Processes are read so often.
const READ_INTERVAL: Duration = Duration::from_secs(5);

/// Processes that one sample reads, at most: some 50 ms.
const READS_MAX: usize = 4_096;

/// User and control group are looked at again after so many readings.
const LOOKS_PER_DETAIL: u32 = 12;

/// What is known of a process.
#[derive(Clone, Debug, Default)]
struct Known {
    stat: Stat,
    /// Percent of one core between its last two readings.
    cpu: f64,
    read: Option<Instant>,
    looks: u32,
    uid: u32,
    cgroup: String,
    /// Its id was in the newest list.
    is_seen: bool,
}

/// What is known of all.
#[derive(Debug)]
pub struct Table {
    known: HashMap<u32, Known>,
    users: Users,
    newest: Processes,
    read: Option<Instant>,
    /// The next sample begins behind this id.
    cursor: u32,
    ticks_per_second: f64,
    page_bytes: u64,
}

impl Table {
    /// Knows nobody yet.
    pub fn new(roots: &Roots) -> Table {
        let constant = |variable| sysconf(variable).ok().flatten().and_then(|value| u64::try_from(value).ok());
        Table {
            known: HashMap::new(),
            users: Users::new(&roots.etc),
            newest: Processes::default(),
            read: None,
            cursor: 0,
            ticks_per_second: constant(SysconfVar::CLK_TCK).unwrap_or(100) as f64,
            page_bytes: constant(SysconfVar::PAGE_SIZE).unwrap_or(4096),
        }
    }

    /// The processes, at most [`READ_INTERVAL`] old.
    pub fn sample(&mut self, files: &mut Files, proc: &Path, at: Instant) -> &Processes {
        // A little early is in time: the caller's clock and ours tick apart.
        let is_due = |read: Instant| at.duration_since(read) + Duration::from_millis(500) >= READ_INTERVAL;
        if self.read.is_none_or(is_due) {
            self.read = Some(at);
            self.users.refresh(files, at);
            self.refresh(files, proc, at);
            self.newest = self.summary();
            self.newest.hidden = is_hidden(files, proc);
        }
        &self.newest
    }

    fn refresh(&mut self, files: &mut Files, proc: &Path, at: Instant) {
        let ids = read::process_ids(proc);
        self.known.values_mut().for_each(|known| known.is_seen = false);
        let begin = if ids.len() > READS_MAX { ids.partition_point(|id| *id <= self.cursor) } else { 0 };
        for (number, id) in ids.iter().cycle().skip(begin).take(ids.len()).enumerate() {
            if number < READS_MAX {
                self.cursor = *id;
                self.look(files, proc, *id, at);
            } else if let Some(known) = self.known.get_mut(id) {
                known.is_seen = true;
            }
        }
        self.known.retain(|_, known| known.is_seen);
    }

    fn look(&mut self, files: &mut Files, proc: &Path, id: u32, at: Instant) {
        let folder = proc.join(id.to_string());
        let Some(stat) = files.bytes(&folder.join("stat")).and_then(stat::parse) else { return };
        let known = self.known.entry(id).or_default();
        // Another process may have got the id.
        if known.stat.started != stat.started {
            *known = Known::default();
        }
        let seconds = known.read.map_or(0.0, |read| at.saturating_duration_since(read).as_secs_f64());
        let ticks = stat.ticks.saturating_sub(known.stat.ticks) as f64;
        known.cpu = if seconds > 0.0 { ticks * 100.0 / self.ticks_per_second / seconds } else { 0.0 };
        // Its owner may change soon after the start (a server gives up root), its group rarely.
        if known.looks == 1 || (known.looks + id).is_multiple_of(LOOKS_PER_DETAIL) {
            known.uid = read::owner(&folder).unwrap_or(known.uid);
            let path = folder.join("cgroup");
            known.cgroup = files.text(&path).map_or_else(String::new, |text| stat::cgroup(&text).to_owned());
        } else if known.looks == 0 {
            known.uid = read::owner(&folder).unwrap_or(0);
        }
        (known.stat, known.read, known.is_seen) = (stat, Some(at), true);
        known.looks += 1;
    }

    fn summary(&self) -> Processes {
        let member = |(id, known): (&u32, &Known)| Member {
            id: *id,
            name: known.stat.name.clone(),
            uid: known.uid,
            cgroup: known.cgroup.clone(),
            state: known.stat.state,
            is_kernel: known.stat.is_kernel,
            cpu: known.cpu,
            memory: known.stat.pages.saturating_mul(self.page_bytes),
        };
        group::summary(self.known.iter().map(member), |uid| self.users.name(uid))
    }
}

/// Whether processes of others are kept from us: of the first process, which is root's, nothing can be read.
fn is_hidden(files: &mut Files, proc: &Path) -> bool {
    files.bytes(&proc.join("1/stat")).is_none()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::{READS_MAX, Table};
    use crate::host::read::{Files, Roots};

    fn process(proc: &Path, id: u32, name: &str, ticks: u64, started: u64) {
        let folder = proc.join(id.to_string());
        fs::create_dir_all(&folder).expect("a folder");
        let stat = format!("{id} ({name}) S 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 {started} 0 256 1 1");
        fs::write(folder.join("stat"), stat).expect("a file");
        fs::write(folder.join("cgroup"), format!("0::/{name}.service\n")).expect("a file");
    }

    #[test]
    fn cpu_is_what_was_used_between_two_readings_of_one_process() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let roots = Roots { proc: dir.path().into(), sys: dir.path().into(), etc: dir.path().into() };
        let (mut table, mut files, at) = (Table::new(&roots), Files::default(), Instant::now());
        let hz = table.ticks_per_second as u64;
        process(dir.path(), 10, "busy", 0, 5);
        process(dir.path(), 11, "idle", 1_000_000, 5);
        let first = table.sample(&mut files, dir.path(), at).clone();
        assert_eq!((first.total, first.hidden), (2, true), "the first process cannot be read");
        assert!(first.by_cpu.iter().all(|process| process.cpu == 0.0), "nothing to compare with yet: {first:?}");
        process(dir.path(), 10, "busy", 10 * hz, 5);
        process(dir.path(), 11, "next", 2_000_000, 6);
        process(dir.path(), 1, "init", 0, 1);
        assert_eq!(*table.sample(&mut files, dir.path(), at + Duration::from_secs(1)), first, "not so soon");
        let second = table.sample(&mut files, dir.path(), at + Duration::from_secs(5)).clone();
        assert_eq!((second.total, second.hidden), (3, false));
        assert_eq!((second.by_cpu[0].name.as_str(), second.by_cpu[0].pid), ("busy", 10));
        assert!((second.by_cpu[0].cpu - 200.0).abs() < 1e-6, "{second:?}");
        assert_eq!(second.by_cpu[0].cgroup, "/busy.service", "seen twice");
        assert!(!second.by_cpu.iter().any(|process| process.name == "next"), "another process of the same id");
        fs::remove_dir_all(dir.path().join("10")).expect("it was there");
        assert_eq!(table.sample(&mut files, dir.path(), at + Duration::from_secs(10)).total, 2);
        assert_eq!(table.known.len(), 2, "what has ended is forgotten");
    }

    #[test]
    fn too_many_are_read_in_turn() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let roots = Roots { proc: dir.path().into(), sys: dir.path().into(), etc: dir.path().into() };
        let (mut table, mut files, at) = (Table::new(&roots), Files::default(), Instant::now());
        let count = READS_MAX as u32 + 100;
        for id in 1..=count {
            process(dir.path(), id, "w", 0, 1);
        }
        assert_eq!(table.sample(&mut files, dir.path(), at).total, READS_MAX as u32);
        assert_eq!(table.sample(&mut files, dir.path(), at + Duration::from_secs(5)).total, count);
        let looks: u32 = table.known.values().map(|known| known.looks).sum();
        assert_eq!(looks, 2 * READS_MAX as u32, "each sample reads so many");
    }
}
