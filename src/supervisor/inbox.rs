//! The socket to which the roles send their heartbeats. The kernel tells who sent each.

use std::fs;
use std::io::{self, ErrorKind, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use live::LiveError;
use live::heartbeat::Beat;
use live::limits::{BEAT_BYTES_MAX, DESCRIPTORS_AT_ONCE};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};

/// Datagrams taken before the children are looked at again.
const AT_ONCE_MAX: usize = 64;

/// A heartbeat that came.
pub struct Heard {
    /// Process number of the sender, by the kernel.
    pub sender: u32,
    /// What it says.
    pub beat: Beat,
    /// What came with it.
    pub descriptors: Vec<OwnedFd>,
}

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
        set_socket_passcred(&socket, true).map_err(|errno| fault("prepare")(errno.into()))?;
        Ok(Inbox { socket, path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What has come. Never waits.
    pub fn take(&self) -> Vec<Heard> {
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
    fn receive(&self) -> io::Result<Option<Heard>> {
        let mut bytes = [0u8; BEAT_BYTES_MAX];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1), ScmRights(DESCRIPTORS_AT_ONCE))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let message = match recvmsg(&self.socket, &mut parts, &mut control, flags) {
            Ok(message) => message,
            Err(Errno::INTR) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        if message.flags.contains(ReturnFlags::CTRUNC) {
            tracing::warn!("descriptors of a role cannot be taken: the limit of open files is reached (ulimit -n)");
        }
        let (mut sender, mut descriptors) = (None, Vec::new());
        for part in control.drain() {
            match part {
                RecvAncillaryMessage::ScmCredentials(credentials) => {
                    sender = u32::try_from(credentials.pid.as_raw_nonzero().get()).ok();
                }
                RecvAncillaryMessage::ScmRights(rights) => descriptors.extend(rights),
                _ => {}
            }
        }
        let beat = Beat::parse(&bytes[..message.bytes]);
        Ok(sender.map(|sender| Heard { sender, beat, descriptors }))
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
        assert!(beats.iter().all(|heard| heard.sender == std::process::id() && heard.descriptors.is_empty()));
        assert!(beats[0].beat.ready && beats[1].beat.progress.as_ref().is_some_and(|progress| progress.done == 3));
    }

    #[test]
    fn a_stale_socket_is_replaced_and_the_own_one_removed() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        std::mem::forget(Inbox::bind(dir.path()).expect("a fresh folder"));
        drop(Inbox::bind(dir.path()).expect("the stale socket goes"));
        assert!(!dir.path().join("beats.sock").exists());
    }
}
