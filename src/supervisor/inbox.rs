//! The socket to which the roles send their heartbeats. The kernel tells who sent each.

use std::fs;
use std::io::{self, ErrorKind, IoSliceMut};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use live::LiveError;
use live::heartbeat::Beat;
use live::limits::BEAT_BYTES_MAX;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixCredentials, recvmsg, setsockopt, sockopt};

/// Datagrams taken before the children are looked at again.
const AT_ONCE_MAX: usize = 64;

/// Bound to `RUN/beats.sock`; removed when dropped.
pub struct Inbox {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Inbox {
    /// Binds the socket, for this user only. `RUN/run.sock` is held by then, so what is there is stale.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn bind(run_dir: &Path) -> Result<Inbox, LiveError> {
        let path = run_dir.join("beats.sock");
        let fault = |operation: &'static str| {
            let path = path.clone();
            move |source| LiveError::Socket { operation, path, source }
        };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(fault("remove the stale")(error)),
            _ => {}
        }
        let socket = UnixDatagram::bind(&path).map_err(fault("bind"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(fault("set the mode of"))?;
        setsockopt(&socket, sockopt::PassCred, &true).map_err(|errno| fault("prepare")(errno.into()))?;
        Ok(Inbox { socket, path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What has come: the sender's process number and its beat. Never waits.
    pub fn take(&self) -> Vec<(u32, Beat)> {
        let mut beats = Vec::new();
        // A bound, so that a child that floods does not hold the others' supervisor.
        for _ in 0..AT_ONCE_MAX {
            match self.receive() {
                Ok(Some(beat)) => beats.push(beat),
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    tracing::error!(%error, "heartbeats cannot be read");
                    break;
                }
            }
        }
        beats
    }

    /// One datagram; `None` = of nobody who can be told.
    fn receive(&self) -> io::Result<Option<(u32, Beat)>> {
        let mut bytes = [0u8; BEAT_BYTES_MAX];
        let mut credentials = nix::cmsg_space!(UnixCredentials);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
        let message = match recvmsg::<()>(self.socket.as_raw_fd(), &mut parts, Some(&mut credentials), flags) {
            Ok(message) => message,
            Err(Errno::EINTR) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let length = message.bytes;
        let sender = message.cmsgs().map_err(io::Error::from)?.find_map(|control| match control {
            ControlMessageOwned::ScmCredentials(credentials) => u32::try_from(credentials.pid()).ok(),
            _ => None,
        });
        Ok(sender.map(|pid| (pid, Beat::parse(&bytes[..length]))))
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use live::Heartbeat;
    use live::heartbeat::Progress;

    use super::Inbox;

    #[test]
    fn a_beat_comes_with_its_sender() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let inbox = Inbox::bind(dir.path()).expect("a fresh folder");
        assert!(inbox.take().is_empty());
        let mut heartbeat = Heartbeat::to(inbox.path().as_os_str(), Some(Duration::ZERO)).expect("somebody listens");
        heartbeat.ready();
        heartbeat.beat(&Progress { done: 3, ..Progress::default() });
        let beats = inbox.take();
        assert_eq!(beats.len(), 2);
        assert!(beats.iter().all(|(pid, _)| *pid == std::process::id()));
        assert!(beats[0].1.ready && beats[1].1.progress.as_ref().is_some_and(|progress| progress.done == 3));
    }

    #[test]
    fn a_stale_socket_is_replaced_and_the_own_one_removed() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        std::mem::forget(Inbox::bind(dir.path()).expect("a fresh folder"));
        drop(Inbox::bind(dir.path()).expect("the stale socket goes"));
        assert!(!dir.path().join("beats.sock").exists());
    }
}
