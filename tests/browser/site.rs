//! Floodmark with its page on the namespace's loopback, and somebody who may sign in.

use std::fs;
use std::net::TcpStream;
use std::process::Child;

use serde_json::{Value, json};

use crate::link::{ip, veth};
use crate::machine::Machine;
use crate::node::scenario;
use crate::process::{await_some, send};

/// The namespace is the test's own: the port is free, and stays the same over a restart.
const ADDRESS: &str = "127.0.0.1:8443";

/// Who is local, flows that are stored soon, and one incident from the first second on.
pub const USUAL: &str = "[capture]\nlocal_networks = [\"10.9.0.0/16\"]\nflow_idle_timeout = \"1s\"\n\
     flow_active_timeout = \"2s\"\n[[notifier.rule]]\nname = \"always\"\nwhen = \"cores > 0\"\nfor = \"0s\"\n\
     severity = \"warning\"\n[[notifier.rule]]\nname = \"busy\"\nsubject = \"host\"\n\
     when = \"host_packets_in_per_second > 2000\"\nfor = \"0s\"\nkeep = \"1m\"\nseverity = \"critical\"\n";

/// See the module.
pub struct Site {
    pub machine: Machine,
    /// Roles without a supervisor.
    roles: Vec<(String, Child)>,
}

impl Site {
    /// A machine with an interface, on which nothing runs yet.
    pub fn new(config: &str) -> Site {
        veth();
        ip("link set lo up");
        let machine = Machine::new(config);
        let file = machine.dir().join("floodmark.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("127.0.0.1:0", ADDRESS)).unwrap();
        Site { machine, roles: Vec::new() }
    }

    /// The same, with all roles on `va`, and the page open.
    pub fn start(config: &str) -> Site {
        let mut site = Site::new(config);
        site.run();
        site
    }

    /// Starts all roles, also again, and waits for the page.
    pub fn run(&mut self) {
        self.machine.run(&["va"]);
        self.await_page();
    }

    /// Starts one role without a supervisor.
    pub fn begin(&mut self, role: &str) {
        let child = self.machine.spawn_role(role);
        self.roles.push((role.to_owned(), child));
        if role == "web" {
            self.await_page();
        }
    }

    /// Ends one that was started so.
    pub fn end(&mut self, role: &str) {
        let at = self.roles.iter().position(|(name, _)| name == role).unwrap();
        let (_, mut child) = self.roles.remove(at);
        send("TERM", child.id());
        assert!(child.wait().unwrap().success(), "{}", self.machine.log());
    }

    /// Runs a scenario as somebody with a new enrolment link for `user`, an admin.
    pub fn visit(&mut self, name: &str, user: &str, mut obey: impl FnMut(&mut Site, &str, &Value) -> Value) {
        let link = self.link(user);
        let base = format!("https://{ADDRESS}");
        let scratch = self.machine.dir().to_path_buf();
        let variables = [("FLOODMARK_BASE", base.as_str()), ("FLOODMARK_LINK", &link), ("FLOODMARK_USER", user)];
        scenario(name, &scratch, &variables, |order, all| match order {
            "alerts" => {
                let text = self.machine.told(&["alerts", "--json"]);
                text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
            }
            "stop" => {
                self.machine.stop();
                json!({})
            }
            "run" => {
                self.run();
                json!({})
            }
            "begin" | "end" => {
                let role = all["role"].as_str().unwrap();
                if order == "begin" {
                    self.begin(role)
                } else {
                    self.end(role)
                }
                json!({})
            }
            other => obey(self, other, all),
        });
    }

    /// The port is open before the role listens to commands.
    fn await_page(&self) {
        let socket = self.machine.data_dir().join("run/web.sock");
        await_some("the page", || (socket.exists() && TcpStream::connect(ADDRESS).is_ok()).then_some(()));
    }

    /// An enrolment link.
    fn link(&self, user: &str) -> String {
        let told = self.machine.told(&["user", "add", user, "--standing", "admin"]);
        let link = told.lines().map(str::trim).find(|line| line.contains("/enrol/"));
        link.unwrap_or_else(|| panic!("no link in {told}")).to_owned()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for (_, child) in &mut self.roles {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// For scenarios that give only the orders that every site obeys.
pub fn nothing_else(_: &mut Site, order: &str, _: &Value) -> Value {
    panic!("nobody obeys {order}")
}
