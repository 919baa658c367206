//! What a role's process has used since its start: CPU time, memory, bytes read and written, threads, descriptors.
//!
//! Read with the rights that a confined role has: `getrusage(2)`, and the files of `/proc/self` that anybody may read
//! (`/proc/self/io` may not be read by a process whose memory is closed; the kernel tells the same counts by the first).
//! Costs three system calls, four before Linux 6.2; once a second.

use std::fmt::Write;
use std::fs;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::unistd::{SysconfVar, sysconf};
use serde::{Deserialize, Serialize};

/// The kernel counts the blocks of disks in this unit, whatever the disk's own is.
const BLOCK_BYTES: u64 = 512;

/// Each metric: kind, labels, name and meaning.
pub const ALL: [(&str, &[&str], (&str, &str)); 2] = [
    (
        "counter",
        &["role", "what"],
        (
            "floodmark_process_total",
            "Per role, every role has it: CPU milliseconds in user mode and in the kernel, bytes read from and written to disks.",
        ),
    ),
    (
        "gauge",
        &["role", "what"],
        (
            "floodmark_process",
            "Per role, now: bytes of memory and the most so far (without rings), threads, descriptors.",
        ),
    ),
];

/// Of one process, all its threads together, those that have ended included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// CPU time in user mode, ms.
    pub cpu_user_ms: u64,
    /// CPU time in the kernel on its behalf, ms; of packets only what happens in its own system calls.
    pub cpu_system_ms: u64,
    /// Resident memory, bytes; mapped rings are the kernel's and are not in it.
    pub resident_bytes: u64,
    /// The most that it was.
    pub resident_bytes_max: u64,
    /// Read from disks, bytes.
    pub read_bytes: u64,
    /// Written to disks, bytes.
    pub written_bytes: u64,
    /// Threads now.
    pub threads: u64,
    /// Open descriptors now; 0 = not known. Sockets in flight (capture's spares) are not in it.
    pub descriptors: u64,
}

impl Usage {
    /// Of this process, now. What cannot be read is 0.
    pub fn of_this_process() -> Usage {
        let mut usage = Usage { descriptors: descriptors(), ..Usage::default() };
        if let Ok(used) = getrusage(UsageWho::RUSAGE_SELF) {
            let number = |value: i64| u64::try_from(value).unwrap_or(0);
            usage.cpu_user_ms = number(used.user_time().num_milliseconds());
            usage.cpu_system_ms = number(used.system_time().num_milliseconds());
            usage.resident_bytes_max = number(used.max_rss()) * 1024;
            usage.read_bytes = number(used.block_reads()) * BLOCK_BYTES;
            usage.written_bytes = number(used.block_writes()) * BLOCK_BYTES;
        }
        let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().and_then(|bytes| u64::try_from(bytes).ok());
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        if let (Some((threads, pages)), Some(page)) = (threads_and_pages(&stat), page) {
            (usage.threads, usage.resident_bytes) = (threads, pages * page);
        }
        usage
    }

    /// The lines of `GET /metrics`.
    pub(crate) fn metrics(&self, role: &str) -> String {
        let counters = [
            ("cpu_user_ms", self.cpu_user_ms),
            ("cpu_system_ms", self.cpu_system_ms),
            ("read_bytes", self.read_bytes),
            ("written_bytes", self.written_bytes),
        ];
        let gauges = [
            ("resident_bytes", self.resident_bytes),
            ("resident_bytes_max", self.resident_bytes_max),
            ("threads", self.threads),
            ("descriptors", self.descriptors),
        ];
        let mut text = String::new();
        for ((kind, _, (name, meaning)), values) in ALL.iter().zip([counters, gauges]) {
            // Writing to a String does not fail.
            let _ = writeln!(text, "# HELP {name} {meaning}\n# TYPE {name} {kind}");
            for (what, value) in values {
                let _ = writeln!(text, "{name}{{role=\"{role}\",what=\"{what}\"}} {value}");
            }
        }
        text
    }
}

/// Fields 20 and 24 of `/proc/PID/stat`; the name before them may hold anything.
fn threads_and_pages(stat: &str) -> Option<(u64, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(17);
    let threads = fields.next()?.parse().ok()?;
    Some((threads, fields.nth(3)?.parse().ok()?))
}

/// From Linux 6.2 on the folder's size is their number; earlier ones list them.
fn descriptors() -> u64 {
    let told = fs::metadata("/proc/self/fd").map_or(0, |folder| folder.len());
    // The list has the one by which it is read.
    let listed = || fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count().saturating_sub(1) as u64);
    if told > 0 { told } else { listed() }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::hint::black_box;
    use std::io::Write;

    use super::{Usage, threads_and_pages};

    #[test]
    fn threads_and_pages_are_found_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 12 0 99 1000000 345 18446744073709551615";
        assert_eq!(threads_and_pages(stat), Some((12, 345)));
        assert_eq!(threads_and_pages("7 (a) S 1"), None);
        assert_eq!(threads_and_pages(""), None);
    }

    #[test]
    fn what_a_process_does_shows() {
        let before = Usage::of_this_process();
        let files: Vec<File> = (0..20).map(|_| File::open("/dev/null").expect("it is there")).collect();
        let memory = black_box(vec![1_u8; 32 << 20]);
        let mut sum = 0_u64;
        while Usage::of_this_process().cpu_user_ms < before.cpu_user_ms + 20 {
            sum = black_box(memory.iter().fold(sum, |sum, byte| sum + u64::from(*byte)));
        }
        let after = Usage::of_this_process();
        assert!(after.descriptors >= before.descriptors + 20, "{before:?} {after:?}");
        assert!(after.resident_bytes >= before.resident_bytes + (16 << 20), "{before:?} {after:?}");
        assert!(after.resident_bytes_max >= after.resident_bytes / 2 && after.threads > 0, "{after:?}");
        drop(files);
    }

    #[test]
    fn bytes_written_to_a_disk_are_counted() {
        let dir = tempfile::tempdir_in(".").expect("a scratch folder");
        let before = Usage::of_this_process();
        let mut file = File::create(dir.path().join("file")).expect("a file");
        file.write_all(&vec![7; 1 << 20]).expect("written");
        file.sync_all().expect("durable");
        let written = Usage::of_this_process().written_bytes - before.written_bytes;
        // A file system in memory writes to no disk.
        let on_disk = before.written_bytes > 0 || written > 0;
        assert!(!on_disk || written >= 1 << 20, "{written}");
    }

    #[test]
    fn the_metrics_name_role_and_kind() {
        let text = Usage { threads: 5, read_bytes: 512, ..Usage::default() }.metrics("web");
        assert!(text.contains("\nfloodmark_process{role=\"web\",what=\"threads\"} 5\n"), "{text}");
        assert!(text.contains("\nfloodmark_process_total{role=\"web\",what=\"read_bytes\"} 512\n"), "{text}");
        assert_eq!(text.matches("# TYPE").count(), 2);
    }
}
