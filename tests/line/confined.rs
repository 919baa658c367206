//! Whether a process has given up its rights, read from /proc.

use std::fs;
use std::path::Path;

fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap_or_else(|| panic!("no {name} in {status}")).trim()
}

/// Every thread of `pid` is without capabilities and under seccomp, and the process leaves no core; gives the number of
/// threads.
pub fn assert_confined(pid: u32) -> usize {
    let process = Path::new("/proc").join(pid.to_string());
    let tasks = fs::read_dir(process.join("task")).expect("it runs");
    let threads = tasks.flatten().filter_map(|task| {
        // A thread that serves one peer may end meanwhile.
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        for set in ["CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"] {
            assert_eq!(u64::from_str_radix(field(&status, set), 16), Ok(0), "{pid}: {set}\n{status}");
        }
        assert_eq!(field(&status, "NoNewPrivs"), "1", "{pid}: {status}");
        assert_eq!(field(&status, "Seccomp"), "2", "{pid}: {status}");
        Some(())
    });
    let threads = threads.count();
    let limits = fs::read_to_string(process.join("limits")).expect("it runs");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit of core files");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{pid}: {core}");
    threads
}

/// The secret stands in neither arguments nor environment of `pid`.
pub fn assert_not_open(pid: u32, secret: &str) {
    for file in ["cmdline", "environ"] {
        let bytes = fs::read(Path::new("/proc").join(pid.to_string()).join(file)).expect(file);
        assert!(!bytes.is_empty() || file == "environ", "{file} of {pid} can be read");
        assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{file} of {pid}");
    }
}
