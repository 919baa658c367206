//! Descriptors that a role leaves with its supervisor: they outlive its process, and the next one inherits them.

use std::os::fd::{AsRawFd, OwnedFd};

use live::descriptors;
use live::heartbeat::StoreOrder;
use live::limits::DESCRIPTORS_MAX;
use rustix::io::{FdFlags, fcntl_setfd};

/// What one role left; [`DESCRIPTORS_MAX`] at most.
#[derive(Debug, Default)]
pub struct Kept {
    entries: Vec<(String, OwnedFd)>,
}

impl Kept {
    /// Does what a heartbeat asks for. `came` are the descriptors that came with it.
    pub fn obey(&mut self, role: &str, order: &StoreOrder, came: Vec<OwnedFd>) {
        match order {
            StoreOrder::Put(name) => {
                let room = DESCRIPTORS_MAX.saturating_sub(self.entries.len());
                if came.len() > room {
                    tracing::warn!(role, room, "it leaves more descriptors than are kept; the others are closed");
                }
                self.entries.extend(came.into_iter().take(room).map(|descriptor| (name.clone(), descriptor)));
            }
            StoreOrder::Remove(name) => self.entries.retain(|(known, _)| known != name),
        }
    }

    /// Nobody will take them.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Makes them inheritable for the process that is started while the loan lasts. No other is started meanwhile: one
    /// thread starts all.
    pub fn lend(&self) -> Lent<'_> {
        let lent = Lent { kept: self };
        lent.set(FdFlags::empty());
        lent
    }
}

/// See [`Kept::lend`].
pub struct Lent<'kept> {
    kept: &'kept Kept,
}

impl Lent<'_> {
    /// What the environment of the child says of them.
    pub fn list(&self) -> String {
        descriptors::list(self.kept.entries.iter().map(|(name, descriptor)| (descriptor.as_raw_fd(), name.as_str())))
    }

    fn set(&self, flags: FdFlags) {
        for (name, descriptor) in &self.kept.entries {
            if let Err(error) = fcntl_setfd(descriptor, flags) {
                tracing::error!(name, %error, "a descriptor cannot be handed on");
            }
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.set(FdFlags::CLOEXEC);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use live::heartbeat::StoreOrder;
    use rustix::io::{FdFlags, fcntl_getfd};

    use super::Kept;

    fn some(count: usize) -> Vec<OwnedFd> {
        (0..count).map(|_| OwnedFd::from(File::open("/dev/null").expect("it is there"))).collect()
    }

    #[test]
    fn what_is_put_is_lent_until_its_name_is_removed() {
        let mut kept = Kept::default();
        kept.obey("capture", &StoreOrder::Put("a".to_owned()), some(2));
        kept.obey("capture", &StoreOrder::Put("b".to_owned()), some(1));
        let inherits = |kept: &Kept| {
            let flags = kept.entries.iter().map(|(_, descriptor)| fcntl_getfd(descriptor).expect("it is open"));
            flags.filter(|flags| !flags.contains(FdFlags::CLOEXEC)).count()
        };
        kept.entries.iter().for_each(|(_, fd)| rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC).expect("open"));
        {
            let lent = kept.lend();
            assert_eq!((lent.list().matches(":a").count(), lent.list().matches(":b").count()), (2, 1));
            assert_eq!(inherits(&kept), 3);
        }
        assert_eq!(inherits(&kept), 0, "no other process gets them");
        kept.obey("capture", &StoreOrder::Remove("a".to_owned()), Vec::new());
        assert!(kept.lend().list().ends_with(":b") && !kept.lend().list().contains(":a"));
        kept.clear();
        assert_eq!(kept.lend().list(), "");
    }
}
