//! Runs a test again in a namespace of its own, where it may do what needs root elsewhere.

use std::process::{Command, Stdio};

/// Set in the environment of the second run.
const MARKER: &str = "FLOODMARK_TEST_INSIDE";

/// Runs `body` as the root of a user namespace with what `flags` of unshare give, such as `--net`. `test` is the full
/// name of the calling test.
///
/// Where the machine does not permit namespaces the test says so on stderr and passes.
///
/// # Panics
/// The test failed in there, or `test` is not its name.
pub fn within(flags: &[&str], test: &str, body: impl FnOnce()) {
    if std::env::var_os(MARKER).is_some() {
        return body();
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user"]).args(flags).arg("--");
        command
    };
    let permitted = unshare().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !permitted {
        let flags = flags.join(" ");
        eprintln!("{test}: skipped: `unshare -Ur {flags}` is not permitted here (util-linux, unprivileged namespaces)");
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
