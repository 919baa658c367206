//! A terminal with the program in it: what it shows is waited for, what is typed goes in as keys.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use nix::pty::openpty;
use nix::sys::termios::{LocalFlags, tcgetattr};

use crate::desk::Told;
use crate::process::await_some;

/// See the module.
pub struct Terminal {
    child: Child,
    keys: File,
    screen: OwnedFd,
    shown: Arc<Mutex<String>>,
    /// What was waited for already.
    at: usize,
}

impl Terminal {
    /// Starts a command in a terminal of its own.
    pub fn start(command: &Command) -> Terminal {
        let pair = openpty(None, None).unwrap();
        let end = || Stdio::from(pair.slave.try_clone().unwrap());
        let mut within = Command::new("setsid");
        within.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        if let Some(dir) = command.get_current_dir() {
            within.current_dir(dir);
        }
        let child = within.stdin(end()).stdout(end()).stderr(end()).spawn().expect("setsid (util-linux) starts");
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut from, seen) = (File::from(pair.master.try_clone().unwrap()), Arc::clone(&shown));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Fails when the last one that has the terminal open is gone.
            while let Ok(length @ 1..) = from.read(&mut bytes) {
                seen.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        });
        Terminal { child, keys: File::from(pair.master), screen: pair.slave, shown, at: 0 }
    }

    /// Waits until `text` is shown, behind what was waited for before.
    pub fn expect(&mut self, text: &str) {
        let (shown, at) = (Arc::clone(&self.shown), self.at);
        let find = || shown.lock().unwrap().get(at..).and_then(|rest| rest.find(text));
        let child = &mut self.child;
        let found = await_some(&format!("{text:?} on the terminal"), || {
            let found = find();
            if found.is_none() && child.try_wait().unwrap().is_some() {
                thread::sleep(std::time::Duration::from_millis(200));
                assert!(find().is_some(), "it ended without {text:?}:\n{}", shown.lock().unwrap());
            }
            found
        });
        self.at = at + found + text.len();
    }

    /// Types keys.
    pub fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for a question and types a line.
    pub fn answer(&mut self, question: &str, line: &str) {
        self.expect(question);
        self.keys(&format!("{line}\n"));
    }

    /// Whether the terminal shows what is typed.
    pub fn shows_keys(&self) -> bool {
        tcgetattr(self.screen.as_fd()).unwrap().local_flags.contains(LocalFlags::ECHO)
    }

    /// All that was shown.
    pub fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// Waits for the program's end.
    pub fn finish(&mut self) -> Told {
        let child = &mut self.child;
        let status = await_some("the end of setup", || child.try_wait().unwrap());
        // The last words are on their way through the terminal.
        thread::sleep(std::time::Duration::from_millis(200));
        Told { code: status.code(), text: self.shown() }
    }
}
