//! The whole sampler, over this machine and over what a hostile one might show.

#![expect(clippy::disallowed_methods, reason = "tests give the clock that a caller would")]

use std::fs;
use std::time::{Duration, Instant};

use super::{Config, Roots, Sampler};

#[test]
fn this_machine_is_sampled() {
    let mut sampler = Sampler::new(Roots::default(), Config::default());
    let at = Instant::now();
    assert!(sampler.is_due(at, false));
    sampler.sample(1, at);
    assert!(!sampler.is_due(at + Duration::from_secs(2), false) && sampler.is_due(at + Duration::from_secs(2), true));
    assert!(sampler.is_due(at + Duration::from_millis(4_900), false));
    let state = sampler.sample(2, at + Duration::from_secs(5));
    assert!(state.cores >= 1 && state.cpu_by_core.len() == state.cores as usize, "{state:?}");
    assert!(state.memory.total > 0 && state.memory.available <= state.memory.total);
    assert!(state.uptime_s > 0 && !state.boot_id.is_empty());
    assert!(state.processes.total >= 1 && !state.processes.by_memory.is_empty());
    let own = std::process::id();
    assert!(sampler.processes.sample(&mut sampler.files, &sampler.roots.proc, at).total > 0, "{own}");
}

#[test]
fn an_empty_machine_is_all_zeros() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let roots = Roots { proc: dir.path().into(), sys: dir.path().into(), etc: dir.path().into() };
    let state = Sampler::new(roots, Config::default()).sample(7, Instant::now());
    let mut expect = live::host::HostState { time_ns: 7, ..Default::default() };
    expect.processes.hidden = true;
    assert_eq!(state, expect);
}

#[test]
fn what_a_hostile_machine_shows_stays_within_a_live_line() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let proc = dir.path().join("proc");
    fs::create_dir_all(proc.join("self/net")).expect("a folder");
    let evil = "\u{202e}\r\nBcc: x@y\u{0}{{7*7}}\\".repeat(400);
    let mounts: String =
        (0..300).map(|n| format!("1 1 9:{n} / /{n}{} rw - ext4 /dev/x rw\n", evil.replace(['\n', ' '], "?"))).collect();
    fs::write(proc.join("self/mountinfo"), mounts).expect("a file");
    fs::write(proc.join("mdstat"), format!("md0 : active raid1 {evil}\n").repeat(200)).expect("a file");
    for id in 1..=200 {
        let folder = proc.join(id.to_string());
        fs::create_dir_all(&folder).expect("a folder");
        let stat = format!("{id} ({evil}{id}) S 1 1 1 0 -1 0 0 0 0 0 {id} 0 0 0 20 0 1 0 1 0 256 1 1");
        fs::write(folder.join("stat"), stat).expect("a file");
        fs::write(folder.join("cgroup"), format!("0::/{evil}")).expect("a file");
    }
    let roots = Roots { proc, sys: dir.path().into(), etc: dir.path().into() };
    let mut sampler = Sampler::new(roots, Config::default());
    let at = Instant::now();
    sampler.sample(1, at);
    let state = sampler.sample(2, at + Duration::from_secs(5));
    let line = serde_json::to_string(&state).expect("a sample is JSON");
    // Written out, control characters would be escapes.
    assert!(!line.contains("\\u00") && !line.contains("\\n") && !line.contains("\\r") && !line.contains('\u{202e}'));
    assert!(line.len() < live::limits::LINE_BYTES_MAX / 4, "{} bytes", line.len());
}
