//! The checks together, over a machine made of files.

use std::fs;
use std::path::Path;

use super::{Finding, Level, View, examine, json, text};
use crate::config::Config;
use crate::config::check::Machine;

fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a scratch folder");
    fs::write(path, content).expect("a scratch file");
}

fn machine(root: &Path) -> (View, Machine) {
    write(root, "proc/sys/kernel/osrelease", "6.18.0\n");
    write(root, "proc/self/status", "CapEff:\t0000000000002000\n");
    write(root, "sys/class/net/fm-test0/type", "1\n");
    write(root, "sys/class/net/fm-test0/flags", "0x1003\n");
    write(root, "sys/class/net/fm-test0/operstate", "up\n");
    write(root, "sys/class/net/fm-test0/queues/rx-0/rps_cpus", "0\n");
    write(root, "proc/self/mountinfo", "29 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n");
    write(root, "run/systemd/timesync/synchronized", "");
    let view = View { proc: root.join("proc"), sys: root.join("sys"), run: root.join("run") };
    (view, Machine { host_name: "test".to_owned(), cores: vec![0, 1] })
}

fn levels(findings: &[Finding], subject: &str) -> Vec<Level> {
    findings.iter().filter(|finding| finding.subject == subject).map(|finding| finding.level).collect()
}

#[test]
fn a_good_machine_has_no_failures() {
    let root = tempfile::tempdir().expect("a scratch folder");
    let (view, machine) = machine(root.path());
    let mut config = Config::default();
    config.node.data_dir = root.path().join("data");
    let findings = examine(&config, &machine, &view, Some("fm-test0".to_owned()));
    for subject in ["kernel", "CAP_NET_RAW", "interface fm-test0", "fm-test0 queues", "data_dir", "database", "clock"] {
        assert_eq!(levels(&findings, subject), [Level::Ok], "{subject}: {findings:#?}");
    }
}

#[test]
fn what_is_missing_is_told_with_a_remedy() {
    let root = tempfile::tempdir().expect("a scratch folder");
    let (view, machine) = machine(root.path());
    let mut config = Config::default();
    config.node.data_dir = root.path().join("data");
    config.capture.interfaces = vec!["fm-none".to_owned()];
    let findings = examine(&config, &machine, &view, None);
    assert_eq!(levels(&findings, "interface fm-none"), [Level::Fail]);

    config.capture.interfaces.clear();
    let findings = examine(&config, &machine, &view, None);
    assert_eq!(levels(&findings, "interfaces"), [Level::Fail], "there is no default route");
    for finding in findings.iter().filter(|finding| finding.level != Level::Ok) {
        assert!(!finding.remedy.is_empty(), "{finding:?}");
    }
}

#[test]
fn both_outputs_hold_every_finding() {
    let findings = vec![Finding::ok("kernel", "6.18", ""), Finding::fail("memory", "too much", "lower it")];
    let shown = text(&findings);
    assert!(shown.contains("FAIL memory: too much\n     → lower it\n"), "{shown}");
    assert!(shown.ends_with("2 checks: 1 fail, 0 warn\n"), "{shown}");
    let lines = json(&findings).expect("text serialises");
    assert_eq!(
        lines,
        "{\"level\":\"ok\",\"subject\":\"kernel\",\"what\":\"6.18\",\"remedy\":\"\"}\n\
         {\"level\":\"fail\",\"subject\":\"memory\",\"what\":\"too much\",\"remedy\":\"lower it\"}\n"
    );
}
