//! The lock beside the page's state: one process at a time has it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::StateError;

/// Its name in the state folder.
const FILE: &str = "web.lock";

/// Who ends gives it back a moment later: so long and so often it is tried.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Held as long as this value lives.
pub(super) struct Lock {
    _file: Flock<File>,
}

impl Lock {
    pub(super) fn take(dir: &Path) -> Result<Lock, StateError> {
        let path = dir.join(FILE);
        let error = |error| StateError::File(path.clone(), error);
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        for _ in 0..TRIES {
            match Flock::lock(file.map_err(error)?, FlockArg::LockExclusiveNonblock) {
                Ok(file) => return Ok(Lock { _file: file }),
                Err((returned, Errno::EWOULDBLOCK | Errno::EINTR)) => file = Ok(returned),
                Err((_, errno)) => return Err(error(errno.into())),
            }
            thread::sleep(PAUSE);
        }
        Err(StateError::InUse(path))
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;
    use crate::state::StateError;

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let held = Lock::take(dir.path()).expect("nobody has it");
        assert!(matches!(Lock::take(dir.path()), Err(StateError::InUse(_))));
        drop(held);
        assert!(Lock::take(dir.path()).is_ok());
    }
}
