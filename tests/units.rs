//! The service units as systemd reads them: no mistakes, closed tight, and every role treated alike.
//!
//! What the roles do under these options is tried by `scripts/installed`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A role and the exposure that `systemd-analyze security` may find, in tenths: 0 is closed, 100 open.
const ROLES: [(&str, u32); 4] = [("capture", 18), ("ingest", 14), ("notifier", 17), ("web", 14)];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

fn unit(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("systemd/{name}: {error}"))
}

/// The values of a key, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// The names of all units and of the target.
fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("systemd is a folder").map(|entry| entry.expect("an entry").file_name());
    let names = files.map(|name| name.into_string().expect("names are ASCII"));
    let is_unit = |name: &String| [".service", ".socket", ".target"].iter().any(|end| name.ends_with(end));
    let names: Vec<String> = names.filter(is_unit).collect();
    assert!(names.len() >= 9, "{names:?}");
    names
}

/// Runs systemd-analyze over copies of the units that name the program that was just built; `None` where it is missing.
fn analyze(arguments: &[&str], units: &[String]) -> Option<Output> {
    let copies = tempfile::tempdir().expect("a scratch folder");
    for name in names() {
        let text = unit(&name).replace("/usr/bin/floodmark", env!("CARGO_BIN_EXE_floodmark"));
        fs::write(copies.path().join(name), text).expect("a scratch file");
    }
    let mut command = Command::new("systemd-analyze");
    // The copies first, then what the system has; no bus, no running manager.
    command.env("SYSTEMD_UNIT_PATH", format!("{}:", copies.path().display()));
    command.args(arguments).args(units.iter().map(|name| copies.path().join(name)));
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!(
                "SKIPPED: systemd-analyze: {error}; install systemd (scripts/test does) to have the units checked"
            );
            None
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_units_are_what_systemd_expects() {
    let Some(output) = analyze(&["verify", "--man=no"], &names()) else { return };
    // A key that this systemd does not know is a warning, and none is wanted either.
    assert!(output.status.success() && text(&output).trim().is_empty(), "{}", text(&output));
}

#[test]
fn a_mistake_in_a_unit_would_be_found() {
    let copies = tempfile::tempdir().expect("a scratch folder");
    let path = copies.path().join("floodmark-web.service");
    fs::write(&path, unit("floodmark-web.service").replace("ProtectHome=yes", "ProtectHouse=yes")).expect("a file");
    let Ok(output) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output() else { return };
    assert!(text(&output).contains("ProtectHouse"), "{}", text(&output));
}

#[test]
fn every_role_is_closed_tight() {
    for (role, most) in ROLES {
        let unit = vec![format!("floodmark-{role}.service")];
        let threshold = format!("--threshold={most}");
        let Some(output) = analyze(&["security", "--offline=true", "--no-pager", &threshold], &unit) else { return };
        assert!(output.status.success(), "{role}: more than {most} tenths\n{}", text(&output));
        assert!(text(&output).contains("Overall exposure level"), "{}", text(&output));
    }
}

#[test]
fn a_role_is_watched_restarted_and_told_of() {
    for (role, _) in ROLES {
        let unit = unit(&format!("floodmark-{role}.service"));
        let is = |key: &str, value: &str| assert_eq!(values(&unit, key), [value], "{role}: {key}");
        is("Type", "notify");
        is("WatchdogSec", "20s");
        is("Restart", "always");
        is("RestartPreventExitStatus", "2 77 78");
        is("OnFailure", "floodmark-failed@%n.service floodmark-again@%n.service");
        is("PartOf", "floodmark.target");
        is("SyslogIdentifier", &format!("floodmark-{role}"));
        is("ExecStart", &format!("/usr/bin/floodmark {role} --config /etc/floodmark/floodmark.toml"));
        is("RuntimeDirectoryPreserve", "yes");
        let wanted = values(&self::unit("floodmark.target"), "Wants").join(" ");
        assert!(wanted.contains(&format!("floodmark-{role}.service")), "{wanted}");
    }
    // What a restart cannot mend is not started again after a minute either.
    let again = unit("floodmark-again@.service");
    assert!(values(&again, "ExecCondition")[0].contains("2|77|78"));
}

#[test]
fn capture_comes_first() {
    let weight = |role: &str, key: &str| -> i64 {
        let unit = unit(&format!("floodmark-{role}.service"));
        values(&unit, key)[0].parse().expect("a number")
    };
    for (role, _) in ROLES.iter().filter(|(role, _)| *role != "capture") {
        assert!(weight("capture", "CPUWeight") > weight(role, "CPUWeight"), "{role}");
        assert!(weight("capture", "IOWeight") > weight(role, "IOWeight"), "{role}");
        assert!(weight("capture", "Nice") < weight(role, "Nice"), "{role}");
        assert_eq!(values(&unit(&format!("floodmark-{role}.service")), "MemoryMax").len(), 1, "{role} is bounded");
    }
    // 128 spare sockets for each of 256 cores, which count twice while they wait in a message; a thread for each core.
    assert!(weight("capture", "LimitNOFILE") >= 2 * 128 * 256);
    assert!(weight("capture", "TasksMax") >= 2 * 256);
}

#[test]
fn only_capture_has_a_right_and_only_ingest_the_writing_password() {
    for (role, _) in ROLES {
        let unit = unit(&format!("floodmark-{role}.service"));
        let right = if role == "capture" { "CAP_NET_RAW" } else { "" };
        assert_eq!(values(&unit, "CapabilityBoundingSet"), [right], "{role}");
        assert_eq!(values(&unit, "AmbientCapabilities"), if right.is_empty() { vec![] } else { vec![right] }, "{role}");
        let holds = values(&unit, "LoadCredential").contains(&"floodmark.store");
        assert_eq!(holds, role == "ingest", "{role}");
        // The originals are root's; under a user of the same id they would be out of sight even if they were not.
        assert!(values(&unit, "InaccessiblePaths").join(" ").contains("-/etc/credstore"), "{role}");
    }
}

#[test]
fn every_user_of_a_unit_is_made_by_the_package() {
    let made = unit("sysusers.d/floodmark.conf");
    let made: Vec<&str> =
        made.lines().filter(|line| line.starts_with("u ")).filter_map(|line| line.split_whitespace().nth(1)).collect();
    let mut seen = 0;
    for name in names() {
        let unit = unit(&name);
        for user in ["User", "Group", "SocketUser", "SocketGroup"].iter().flat_map(|key| values(&unit, key)) {
            assert!(made.contains(&user), "{name}: {user} is not in sysusers.d");
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}
