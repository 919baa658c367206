//! Runs a test in a network namespace of its own.

use std::process::{Command, Stdio};

/// Set in the environment of the second run.
const MARKER: &str = "FLOODMARK_LAB";

/// Runs `body` with IPv6 off in an empty network namespace where this process may do everything. `test` is the full
/// name of the calling test.
///
/// Where the machine does not permit namespaces the test says so on stderr and passes.
pub fn in_namespace(test: &str, body: fn()) {
    if std::env::var_os(MARKER).is_some() {
        std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").expect("IPv6 off by default");
        std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").expect("IPv6 off");
        return body();
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "--"]);
        command
    };
    let permitted = unshare().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !permitted {
        eprintln!("{test}: skipped: `unshare -Urn` is not permitted here (util-linux, unprivileged user namespaces)");
        return;
    }
    let own = std::env::current_exe().expect("path of this test binary");
    let output = unshare()
        .arg(own)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(MARKER, "1")
        .output()
        .expect("unshare runs");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprint!("{text}");
    assert!(output.status.success(), "{test} failed in its namespace");
    // A misspelt name runs nothing, and succeeds.
    assert!(text.contains("1 passed"), "{test} is not the name of a test");
}
