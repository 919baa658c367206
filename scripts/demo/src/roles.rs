//! Roles as children: started, ended in order, and never left behind.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::clock::await_some;

/// How long a role may take to end: ingest drains meanwhile.
const END_WAIT: Duration = Duration::from_secs(20);

/// The running roles of one side.
#[derive(Default)]
pub struct Roles(Vec<(String, Child)>);

impl Roles {
    /// Starts a role; what it tells goes to `DATA/<role>.log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&mut self, program: &Path, folder: &Path, name: &str) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(folder.join(format!("{name}.log")))?;
        let mut command = Command::new(program);
        command.arg(name).arg("--config").arg(folder.join("floodmark.toml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        self.0.push((name.to_owned(), child));
        Ok(())
    }

    /// All run.
    ///
    /// # Errors
    /// Which one does not, and where it says why.
    pub fn check(&mut self, folder: &Path) -> anyhow::Result<()> {
        for (name, child) in &mut self.0 {
            if let Some(status) = child.try_wait()? {
                let log = std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap_or_default();
                let last = log.lines().last().unwrap_or_default();
                bail!("{name} has ended ({status}): {last}");
            }
        }
        Ok(())
    }

    /// Ends them in the order in which they were started.
    pub fn end(&mut self) {
        for (name, mut child) in self.0.drain(..) {
            if let Ok(pid) = i32::try_from(child.id()) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            }
            if await_some(&name, END_WAIT, || Ok(child.try_wait()?)).is_err() {
                eprintln!("demo: {name} does not end, and is killed");
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

impl Drop for Roles {
    fn drop(&mut self) {
        self.end();
    }
}
