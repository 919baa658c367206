//! The service manager's store of descriptors: what a role puts there outlives its process, and its next one finds it.
//!
//! systemd's protocol (`sd_pid_notify_with_fds(3)`, `sd_listen_fds(3)`), which `floodmark run` speaks too: descriptors
//! travel beside a heartbeat (`FDSTORE=1`, `FDNAME=…`), and the next process inherits them. What was inherited stays in
//! the store until it is removed by name: whoever takes it removes it, or a later process would find it again.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use crate::heartbeat::{Beat, SUPERVISOR_VARIABLE, StoreOrder, connect, variable};
use crate::limits::{DESCRIPTORS_AT_ONCE, DESCRIPTORS_MAX};

/// How many descriptors the store holds: systemd says so from version 254 on (`FDSTORE`), the unit for earlier ones.
const STORE_VARIABLES: [&str; 2] = ["FDSTORE", "FLOODMARK_FDSTORE"];

/// From `floodmark run` to its child: what it inherits, `NUMBER:NAME` and commas between. systemd begins at 3 instead.
pub const INHERITED_VARIABLE: &str = "FLOODMARK_FDS";

/// The first descriptor that systemd hands over (`SD_LISTEN_FDS_START`).
const LISTEN_FDS_START: RawFd = 3;

/// A service manager that has no room at once is asked so many times, this far apart.
const TRIES: (u32, Duration) = (200, Duration::from_millis(5));

/// The store, as far as this process may use it.
#[derive(Debug)]
pub struct DescriptorStore {
    socket: UnixDatagram,
    room: usize,
}

/// A descriptor of this process that came out of the store: nobody else knows its number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inherited {
    /// The number.
    pub number: RawFd,
    /// Under which name it was stored.
    pub name: String,
}

impl DescriptorStore {
    /// The store that the environment offers; `None` = there is none.
    pub fn from_environment() -> Option<DescriptorStore> {
        let room = STORE_VARIABLES.iter().find_map(|name| variable(name)?.parse().ok()).filter(|room| *room > 0)?;
        let name = std::env::var_os("NOTIFY_SOCKET")?;
        match connect(&name) {
            Ok(socket) => Some(DescriptorStore { socket, room }),
            Err(error) => {
                tracing::warn!(socket = ?name, %error, "nothing can be kept over a restart (NOTIFY_SOCKET)");
                None
            }
        }
    }

    /// How many descriptors it holds.
    pub fn room(&self) -> usize {
        self.room
    }

    /// Puts descriptors there under one name. The store has descriptors of its own then: these may be closed.
    ///
    /// # Errors
    /// The service manager is gone or takes nothing for a second. What was put before that stays: remove the name.
    pub fn put(&self, name: &str, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        for some in descriptors.chunks(DESCRIPTORS_AT_ONCE) {
            let raw: Vec<RawFd> = some.iter().map(AsRawFd::as_raw_fd).collect();
            self.send(StoreOrder::Put(name.to_owned()), &raw)?;
        }
        Ok(())
    }

    /// Takes everything of this name out of the store and closes it there.
    ///
    /// # Errors
    /// As [`DescriptorStore::put`].
    pub fn remove(&self, name: &str) -> io::Result<()> {
        self.send(StoreOrder::Remove(name.to_owned()), &[])
    }

    fn send(&self, order: StoreOrder, descriptors: &[RawFd]) -> io::Result<()> {
        let datagram = Beat { store: Some(order), ..Beat::default() }.datagram();
        let data = [IoSlice::new(datagram.as_bytes())];
        let rights = [ControlMessage::ScmRights(descriptors)];
        let control: &[ControlMessage<'_>] = if descriptors.is_empty() { &[] } else { &rights };
        for _ in 0..TRIES.0 {
            match sendmsg::<()>(self.socket.as_raw_fd(), &data, control, MsgFlags::MSG_NOSIGNAL, None) {
                Ok(_) => return Ok(()),
                Err(Errno::EAGAIN | Errno::EINTR) => thread::sleep(TRIES.1),
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

/// What this process inherited from the store, in no order. Each number is to be taken over once, or closed.
pub fn inherited() -> Vec<Inherited> {
    if variable(SUPERVISOR_VARIABLE).is_some() {
        return variable(INHERITED_VARIABLE).map(|list| from_list(&list)).unwrap_or_default();
    }
    // The variables of a parent must not be taken for one's own.
    if variable("LISTEN_PID").is_none_or(|pid| pid != std::process::id().to_string()) {
        return Vec::new();
    }
    let count = variable("LISTEN_FDS").and_then(|count| count.parse().ok()).unwrap_or(0);
    by_systemd(count, &variable("LISTEN_FDNAMES").unwrap_or_default())
}

fn by_systemd(count: usize, names: &str) -> Vec<Inherited> {
    let mut names = names.split(':');
    let numbers = (LISTEN_FDS_START..).take(count.min(DESCRIPTORS_MAX));
    numbers.map(|number| Inherited { number, name: names.next().unwrap_or_default().to_owned() }).collect()
}

fn from_list(list: &str) -> Vec<Inherited> {
    let read = |entry: &str| {
        let (number, name) = entry.split_once(':')?;
        let number = number.parse().ok().filter(|number| *number >= LISTEN_FDS_START)?;
        Some(Inherited { number, name: name.to_owned() })
    };
    list.split(',').filter_map(read).take(DESCRIPTORS_MAX).collect()
}

/// [`INHERITED_VARIABLE`]'s value.
pub fn list<'a>(entries: impl IntoIterator<Item = (RawFd, &'a str)>) -> String {
    let entries: Vec<String> = entries.into_iter().map(|(number, name)| format!("{number}:{name}")).collect();
    entries.join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{Inherited, by_systemd, from_list, list};
    use crate::limits::DESCRIPTORS_MAX;

    fn entry(number: i32, name: &str) -> Inherited {
        Inherited { number, name: name.to_owned() }
    }

    #[test]
    fn both_supervisors_tell_number_and_name() {
        assert_eq!(by_systemd(2, "a:b"), [entry(3, "a"), entry(4, "b")]);
        assert_eq!(by_systemd(2, "a"), [entry(3, "a"), entry(4, "")], "a name that misses is empty");
        assert_eq!(by_systemd(0, "a"), []);
        assert_eq!(from_list(&list([(17, "a"), (4, "b")])), [entry(17, "a"), entry(4, "b")]);
        assert_eq!(from_list("x:a,2:b,-1:c,7"), [], "neither what is no number nor standard input is taken");
        assert_eq!(from_list(""), []);
        assert_eq!(by_systemd(usize::MAX, "").len(), DESCRIPTORS_MAX);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>(), count in any::<usize>()) {
            assert!(from_list(&text).len() <= DESCRIPTORS_MAX);
            assert!(by_systemd(count, &text).len() <= DESCRIPTORS_MAX);
        }
    }
}
