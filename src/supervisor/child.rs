//! One role's process: started with the configuration on its stdin, stopped by closing that pipe.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use live::descriptors::INHERITED_VARIABLE;
use live::heartbeat::SUPERVISOR_VARIABLE;
use live::limits::DESCRIPTORS_MAX;

use super::Role;
use crate::parent::{AGAIN, END};

/// A process that was started and not yet reaped.
pub struct Child {
    process: process::Child,
    /// Open as long as the child shall run; the kernel closes it when this process dies, however it dies.
    pipe: Option<ChildStdin>,
    /// When it was started.
    pub started: Instant,
}

impl Child {
    /// Starts `role` and hands it the configuration. Secrets in it go over the pipe: arguments and environment of a
    /// process are open to others. Its heartbeats go to the socket `notify`, one in each quarter of `silence`; what it
    /// leaves there, its next process inherits, as this one does what is in the list `inherited`.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(
        role: &Role,
        handover: &str,
        (notify, silence): (&Path, Duration),
        inherited: &str,
        now: Instant,
    ) -> io::Result<Child> {
        let mut process = Command::new(&role.program)
            .args(&role.arguments)
            .env("NOTIFY_SOCKET", notify)
            .env("WATCHDOG_USEC", silence.as_micros().to_string())
            // Of a service manager above us: it speaks of this process, not of the child.
            .env_remove("WATCHDOG_PID")
            .env(SUPERVISOR_VARIABLE, "1")
            .env(INHERITED_VARIABLE, inherited)
            .env("FDSTORE", DESCRIPTORS_MAX.to_string())
            .stdin(Stdio::piped())
            // Ctrl-C reaches the terminal's foreground group, and so only the supervisor, which stops in order.
            .process_group(0)
            .spawn()?;
        let mut pipe = process.stdin.take();
        if let Some(pipe) = pipe.as_mut() {
            // A child that is gone already breaks the pipe; its exit code says more than this error.
            if let Err(error) = writeln!(pipe, "{handover}\n{END}").and_then(|()| pipe.flush()) {
                tracing::debug!(role = role.name, %error, "the configuration was not taken");
            }
        }
        Ok(Child { process, pipe, started: now })
    }

    /// The process number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How it ended, if it has; it is then reaped.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().unwrap_or_else(|error| {
            tracing::error!(%error, pid = self.process.id(), "cannot ask for the state of a child");
            None
        })
    }

    /// Lets it stop in its own time; `again` = it will be started anew, and is told so.
    pub fn ask_to_stop(&mut self, again: bool) {
        if let (Some(mut pipe), true) = (self.pipe.take(), again)
            && let Err(error) = writeln!(pipe, "{AGAIN}")
        {
            tracing::debug!(%error, "a child that is asked to stop has ended already");
        }
    }

    /// Ends it, frozen or not. It is not waited for: a process that a disk holds goes only when the disk lets it, and
    /// the other roles need their supervisor meanwhile. Until [`Child::ended`] tells so, it may hold its locks.
    pub fn kill(&mut self) {
        if let Err(error) = self.process.kill() {
            tracing::error!(%error, pid = self.process.id(), "cannot end a child");
        }
    }
}
