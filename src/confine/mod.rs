//! Gives up what a role does not need, after it has opened what needs rights and before it starts a thread.
//!
//! In this order: core dumps off and memory closed to other processes → capabilities out of every set → no new
//! privileges → Landlock (the role's own folders) → seccomp (the calls of an ordinary service, without those that start
//! programs or reach into the kernel and other processes). Capabilities and Landlock belong to threads; a thread
//! inherits them from the one that starts it. That is why a role with a second thread is refused.
//!
//! The first three must succeed, unless `node.confinement = "off"`. Landlock and seccomp are not in every kernel and
//! container: what is missing is told, and with `"required"` ends the role.

mod calls;
mod folders;
mod rights;
mod roles;

use std::path::PathBuf;
use std::{fs, io};

use caps::Capability;

use crate::config::node::Confinement;
use crate::exit::{Exit, Failure};

pub use rights::keep_for_children;
pub use roles::{capture, ingest, notifier, replay, web};

/// What a role keeps.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Capabilities that stay, as far as they are held.
    pub capabilities: Vec<Capability>,
    /// Folders for reading and writing; made if absent. `None` = Landlock does not restrict files.
    pub write: Option<Vec<PathBuf>>,
    /// Files and folders for reading; one that is absent is left out.
    pub read: Vec<PathBuf>,
    /// May open TCP connections. None may listen on a further port.
    pub may_connect: bool,
    /// May write through io_uring.
    pub io_uring: bool,
}

/// Why a role does not begin.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// A step that every kernel has failed.
    #[error(
        "cannot {what}: {reason}; run it by the systemd unit or as an ordinary user with CAP_NET_RAW, or let it keep all rights by node.confinement = \"off\""
    )]
    Step {
        /// The step.
        what: &'static str,
        /// What the system said.
        reason: String,
    },
    /// A folder that the role must write to belongs to somebody else: without capabilities root cannot write there.
    #[error(
        "cannot write to {} without CAP_DAC_OVERRIDE: {source}; run it as the owner of the folder, or give the folder to this user (chown -R)",
        path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something is missing and the administrator wants all of it.
    #[error(
        "node.confinement is \"required\", but {}; use a kernel and container that have it, or set \"possible\"",
        missing.join(" and ")
    )]
    Required {
        /// What is missing.
        missing: Vec<String>,
    },
    /// Threads that run already would keep their rights.
    #[error("{0} threads run before the rights are given up; please report this")]
    Threads(usize),
}

impl From<ConfineError> for Failure {
    fn from(error: ConfineError) -> Failure {
        Failure::new(Exit::MissingPrivilege, error)
    }
}

/// Confines this process, which must have one thread, and says how far it got.
///
/// # Errors
/// See [`ConfineError`]; all end the role with exit code 77.
pub fn apply(profile: &Profile, wanted: Confinement) -> Result<(), ConfineError> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 && wanted != Confinement::Off {
        return Err(ConfineError::Threads(threads));
    }
    confine(profile, wanted)
}

/// For a process whose work is to start programs of the administrator: no capability for it or for them, and its own
/// memory, which holds the configuration, closed. Folders and calls are not restricted.
///
/// # Errors
/// [`ConfineError::Step`].
pub fn give_up_capabilities() -> Result<(), ConfineError> {
    rights::close_memory()?;
    rights::drop_capabilities(&[]).map(drop)
}

fn confine(profile: &Profile, wanted: Confinement) -> Result<(), ConfineError> {
    if wanted == Confinement::Off {
        tracing::warn!("node.confinement is \"off\": this process keeps every right that it was started with");
        return Ok(());
    }
    rights::close_memory()?;
    let bounding = rights::drop_capabilities(&profile.capabilities)?;
    rights::forbid_new_privileges()?;
    let mut missing = Vec::new();
    let landlock = folders::restrict(profile).unwrap_or_else(|error| {
        missing.push(format!("files are not restricted (Landlock): {error}"));
        "no".to_owned()
    });
    let calls = calls::restrict(profile).unwrap_or_else(|error| {
        missing.push(format!("system calls are not restricted (seccomp): {error}"));
        0
    });
    for folder in profile.write.iter().flatten() {
        folders::check_writable(folder)?;
    }
    if wanted == Confinement::Required && !missing.is_empty() {
        return Err(ConfineError::Required { missing });
    }
    for what in &missing {
        tracing::warn!("{what}; the other restrictions hold");
    }
    let kept = &profile.capabilities;
    tracing::info!(capabilities = ?kept, bounding, landlock, calls, "confined: no new privileges, no core dump");
    Ok(())
}

#[cfg(test)]
mod tests;
