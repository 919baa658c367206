//! Text of strangers, from wherever it can come: none of it is markup, none of it runs.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::link::{ip, up};
use crate::node::in_browser;
use crate::process::await_some;
use crate::site::{Site, USUAL};
use crate::traffic::{Talk, hostile_names};

/// What is tried in each place; `boo` is what a script of it would set.
const STRINGS: [&str; 4] = [
    "<script>window.boo=1</script>",
    "\"><img src=x onerror=window.boo=1>",
    "'-alert(1)-'",
    "<svg onload=alert(1)>{{7*7}}",
];

#[test]
fn names_from_the_wire_and_of_the_machine_run_no_script() {
    in_browser("hostile::names_from_the_wire_and_of_the_machine_run_no_script", || {
        // An interface's name may hold anything but spaces and slashes, a process's name too.
        const INTERFACE: &str = "\"'><boo>";
        const PROCESS: &str = "<boo>&\"'x";
        const SAID: &str = "name = \"always\"\nsummary = \"<script>window.boo=1</script>\"\n\
             remedy = \"<img src=x onerror=window.boo=1>\"\n";
        let config = USUAL.replace("name = \"always\"\n", SAID) + "[notifier.host]\ninterval = \"1s\"\n";
        let mut site = Site::new(&config);
        ip("link set va down");
        ip(&format!("link set va name {INTERFACE}"));
        up(&[INTERFACE, "vb"]);
        site.machine.run(&[INTERFACE]);
        let _talk = Talk::start();
        let program = site.machine.dir().join(PROCESS);
        std::fs::copy(std::fs::canonicalize("/bin/sh").unwrap(), &program).unwrap();
        let busy = Command::new(&program).args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap();
        let mut busy = Ended(busy);
        hostile_names(&STRINGS);
        await_some("the flows", || (!site.machine.flows(&["--host", "10.9.0.3"]).is_empty()).then_some(()));
        // Names of users are refused by rule; the log keeps what was tried.
        for name in STRINGS {
            assert!(!site.machine.output(&["user", "add", name]).status.success(), "{name} may be a user");
        }
        site.visit("hostile", "anna", |_, order, _| match order {
            "strings" => json!({ "strings": STRINGS, "interface": INTERFACE, "process": PROCESS }),
            other => panic!("{other}"),
        });
        busy.end();
        site.machine.stop();
    });
}

/// A process that does not outlive its test.
struct Ended(std::process::Child);

impl Ended {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.end();
    }
}
