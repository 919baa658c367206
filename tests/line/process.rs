//! Processes as a test sees them: who runs, whose child, and waiting for what they do.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take; far above what it takes.
const LONG: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "a bound for waiting, on the test's own clock")]
fn now() -> Instant {
    Instant::now()
}

/// Waits for `wanted` to give something.
pub fn await_some<T>(what: &str, mut wanted: impl FnMut() -> Option<T>) -> T {
    let begin = now();
    loop {
        if let Some(found) = wanted() {
            return found;
        }
        assert!(now().duration_since(begin) < LONG, "{what} did not happen");
        thread::sleep(Duration::from_millis(20));
    }
}

/// State letter and parent of a process; `None` when it is gone.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit(')').next()?.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Nobody may reap a process whose parent was killed: a zombie has ended too.
pub fn has_ended(pid: u32) -> bool {
    stat(pid).is_none_or(|(state, _)| state == 'Z')
}

pub fn children(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| stat(*child).is_some_and(|(state, parent)| parent == pid && state != 'Z')).collect()
}

/// Children that have died and were not waited for.
#[allow(dead_code, reason = "one of the two test programs that include this file counts them")]
pub fn zombies(pid: u32) -> usize {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| stat(*child) == Some(('Z', pid))).count()
}

pub fn send(signal: &str, pid: u32) {
    let status = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status().expect("sh starts");
    assert!(status.success(), "kill -{signal} {pid}");
}
