//! One process: /proc/PID/stat.

/// What is read of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Command name, as the kernel has it: whatever bytes the process chose.
    pub name: String,
    /// R, S, D, Z …
    pub state: u8,
    /// It is a thread of the kernel.
    pub is_kernel: bool,
    /// CPU time, ticks.
    pub ticks: u64,
    /// When it began, ticks since the boot: tells two processes of one id apart.
    pub started: u64,
    /// Resident pages.
    pub pages: u64,
}

/// PF_KTHREAD of include/linux/sched.h.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Reads /proc/PID/stat. The name stands in parentheses and may hold parentheses, spaces and line ends itself: it goes
/// from the first opening to the last closing one.
pub fn parse(bytes: &[u8]) -> Option<Stat> {
    let open = bytes.iter().position(|&byte| byte == b'(')?;
    let close = bytes.iter().rposition(|&byte| byte == b')')?;
    let name = bytes.get(open + 1..close)?;
    let rest = std::str::from_utf8(&bytes[close + 1..]).ok()?;
    let mut columns = rest.split_ascii_whitespace();
    let state = *columns.next()?.as_bytes().first()?;
    // After the state follow, by proc(5): 4 ppid, 5 pgrp, 6 session, 7 tty, 8 tpgid, 9 flags, 10–13 faults, 14 utime,
    // 15 stime, 16–21, 22 starttime, 23 vsize, 24 rss.
    let column =
        |number: usize| rest.split_ascii_whitespace().nth(number - 3).and_then(|text| text.parse::<u64>().ok());
    let mut name = String::from_utf8_lossy(name).into_owned();
    let is_kernel = column(9)? & KERNEL_THREAD != 0;
    if is_kernel && let Some((family, _)) = name.split_once(['/', ':']) {
        // kworker/3:1-events and its like are one family: of each there are hundreds.
        name = family.to_owned();
    }
    Some(Stat {
        name,
        state,
        is_kernel,
        ticks: column(14)?.saturating_add(column(15)?),
        started: column(22)?,
        // It is signed in the kernel, and may be below 0 for a moment.
        pages: column(24).unwrap_or(0),
    })
}

/// The control group of /proc/PID/cgroup: the one of version 2, else of `systemd`, else the first.
pub fn cgroup(text: &str) -> &str {
    let of = |wanted: &str| {
        text.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (_, kind, path) = (parts.next()?, parts.next()?, parts.next()?);
            (kind == wanted).then_some(path)
        })
    };
    let first = || text.lines().next().and_then(|line| line.splitn(3, ':').nth(2));
    of("").or_else(|| of("name=systemd")).or_else(first).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::{cgroup, parse};

    const TAIL: &str = "S 1 77 77 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 4242 99999 123 18446744073709551615 1 1";

    #[test]
    fn names_of_any_bytes_are_read() {
        let check = |name: &[u8], expect: &str| {
            let text = [b"77 (", name, b") ", TAIL.as_bytes()].concat();
            let found = parse(&text).expect("it is one");
            assert_eq!((found.name.as_str(), found.state, found.is_kernel), (expect, b'S', false));
            assert_eq!((found.ticks, found.started, found.pages), (300, 4242, 123));
        };
        check(b"nginx", "nginx");
        check(b"a) R 1 2", "a) R 1 2");
        check(b"((x)\n77 (y", "((x)\n77 (y");
        check("\u{202e}evil\0".as_bytes(), "\u{202e}evil\0");
        check(b"\xff\xfe", "\u{fffd}\u{fffd}");
        check(&[b'x'; 8 << 10], &"x".repeat(8 << 10));
        check(b"", "");
    }

    #[test]
    fn threads_of_the_kernel_are_told_by_family() {
        let text = "9 (kworker/3:1-events) I 2 0 0 0 -1 69238880 0 0 0 0 5 7 0 0 20 0 1 0 30 0 0 1 0 0";
        let found = parse(text.as_bytes()).expect("it is one");
        assert_eq!((found.name.as_str(), found.is_kernel, found.pages), ("kworker", true, 0));
    }

    #[test]
    fn what_lacks_fields_is_none() {
        for text in
            ["", "1", "1 (", "1 (x", "1 )x(", "1 (x)", "1 (x) S", "1 (x) S 1 2 3 4 5 6 7 8 9", "1 (x) S a b c d e f"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        let huge = format!("1 (x) S {}", "99999999999999999999 ".repeat(40));
        assert_eq!(parse(huge.as_bytes()), None);
        let most = format!("1 (x) S {}", "18446744073709551615 ".repeat(40));
        assert_eq!(parse(most.as_bytes()).expect("it is one").ticks, u64::MAX);
    }

    #[test]
    fn the_control_group_is_the_one_that_systemd_makes() {
        assert_eq!(cgroup("0::/system.slice/nginx.service\n"), "/system.slice/nginx.service");
        assert_eq!(cgroup("12:cpu:/a\n1:name=systemd:/b:c\n"), "/b:c");
        assert_eq!(cgroup("12:cpu:/a\n"), "/a");
        assert_eq!(cgroup("nonsense"), "");
        assert_eq!(cgroup(""), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_bytes_are_read_or_left_out(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            parse(&bytes);
            parse(&[b"1 (", &bytes[..], b") ", TAIL.as_bytes()].concat()).expect("whatever the name is");
            cgroup(&String::from_utf8_lossy(&bytes));
        }
    }
}
