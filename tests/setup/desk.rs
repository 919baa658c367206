//! Where a person sits down to set Floodmark up: a scratch folder, the built program, and a small network.

use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// See the module.
pub struct Desk {
    dir: TempDir,
}

/// How a run ended, and what it told on both ways.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub text: String,
}

impl Told {
    /// The code is `code`, and the text has all of `parts`.
    pub fn check(&self, code: i32, parts: &[&str]) -> &Told {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "no {part:?} in:\n{}", self.text);
        }
        assert!(!self.text.contains("panicked"), "{}", self.text);
        self
    }
}

impl Desk {
    pub fn new() -> Desk {
        Desk { dir: tempfile::tempdir().unwrap() }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self) -> PathBuf {
        self.dir().join("floodmark.toml")
    }

    /// The configuration as it is written; empty = there is none.
    pub fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap_or_default()
    }

    /// The program here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
        command.args(arguments).arg("--config").arg(self.file()).current_dir(self.dir());
        command
    }

    /// Runs it to its end with these lines as input.
    pub fn run(&self, arguments: &[&str], input: &str) -> Told {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // One that ends before it has read everything closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Told { code: output.status.code(), text }
    }

    /// `setup --yes` on a data folder of this desk, with further flags.
    pub fn by_flags(&self, flags: &[&str]) -> Told {
        let data = self.dir().join("data");
        let always = ["setup", "--yes", "--data-dir", data.to_str().unwrap()];
        self.run(&[&always[..], flags].concat(), "")
    }

    /// Writes a file that others cannot read; gives its path.
    pub fn secret(&self, name: &str, text: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let path = self.dir().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Names of what lies in the folder.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.dir())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// Runs `ip` with these words.
pub fn ip(words: &str) {
    let output = Command::new("ip").args(words.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A machine with one uplink, `va`, 10.77.0.7/24, and its default route.
pub fn network() {
    ip("link set lo up");
    ip("link add va type veth peer name vb");
    ip("address add 10.77.0.7/24 dev va");
    ip("link set va up");
    ip("link set vb up");
    ip("route add default via 10.77.0.1");
}

/// Packets on the uplink for as long as this lives.
pub struct Traffic(Arc<AtomicBool>);

impl Traffic {
    pub fn begin() -> Traffic {
        let over = Arc::new(AtomicBool::new(false));
        let socket = UdpSocket::bind("10.77.0.7:0").unwrap();
        socket.set_broadcast(true).unwrap();
        let seen = Arc::clone(&over);
        thread::spawn(move || {
            while !seen.load(Ordering::Acquire) {
                let _ = socket.send_to(b"x", "10.77.0.255:9");
                thread::sleep(Duration::from_millis(20));
            }
        });
        Traffic(over)
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
