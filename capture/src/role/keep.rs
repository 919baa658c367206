//! Keeps the rings over a restart: the process that ends leaves them in the service manager's store of descriptors with
//! a file that says how it left them, and the next one takes them from there and walks on. The gap is nothing.
//!
//! Only an end in order leaves rings. While capture runs the store is empty, on purpose: a process that was killed may
//! have counted half of a block, and a walk over that block would count it twice. So its successor opens new rings.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use live::descriptors::DescriptorStore;
use serde::{Deserialize, Serialize};

use crate::ring::keep::{self, KeptRing, Parting, Shape};
use crate::ring::{Ring, RingSpec};

/// Of the file's shape; another one is not understood, and new rings are opened.
const VERSION: u32 = 1;

/// A file of more bytes was not written here: 256 workers on 8 interfaces have some 300 kB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The file beside the descriptors.
#[derive(Debug, Serialize, Deserialize)]
struct Left {
    version: u32,
    /// Of the process that left.
    epoch: u64,
    interfaces: Vec<LeftInterface>,
}

/// One interface in the file.
#[derive(Debug, Serialize, Deserialize)]
struct LeftInterface {
    /// As the configuration names it.
    name: String,
    /// The device's receive counter, as far as the books of the process that left account for it.
    explained: u64,
    shape: Shape,
    /// By worker.
    rings: Vec<KeptRing>,
}

/// The rings of one interface that an earlier process left.
#[derive(Debug)]
pub struct Taken {
    left: LeftInterface,
    sockets: Vec<OwnedFd>,
}

/// A ring that a worker gives up at its end.
#[derive(Debug)]
pub struct Parted {
    /// The interface's number.
    pub interface: u16,
    /// Whose it was.
    pub worker: u16,
    /// The ring, walked up to the end of a block.
    pub ring: Ring,
    /// Frames that were shown and are not taken.
    pub in_ring: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Keeper {
    /// What came at the start, until it is taken.
    came: Vec<(String, OwnedFd)>,
    store: Option<DescriptorStore>,
    ends_for_good: Arc<AtomicBool>,
    path: PathBuf,
}

fn name(epoch: u64) -> String {
    format!("rings-{epoch}")
}

impl Keeper {
    /// By the environment; to be made before anything else is opened. `ends_for_good` is raised before a stop after which
    /// nobody starts capture again.
    pub fn new(run_dir: &Path, ends_for_good: Arc<AtomicBool>) -> Keeper {
        let came = keep::inherited();
        let store = DescriptorStore::from_environment();
        Keeper { came, store, ends_for_good, path: run_dir.join("capture.rings") }
    }

    /// Whether a stop that begins now leaves so many rings to the next process.
    pub fn keeps(&self, rings: usize) -> bool {
        let room = self.store.as_ref().map_or(0, DescriptorStore::room);
        if self.ends_for_good.load(Ordering::Acquire) || room == 0 || rings == 0 {
            return false;
        }
        if rings > room {
            tracing::warn!(
                rings,
                room,
                "the service manager stores too few descriptors to keep the rings over a restart; raise FileDescriptorStoreMax= of the unit"
            );
        }
        rings <= room
    }

    /// What an earlier process left, once: afterwards neither file nor store has it.
    pub fn take(&mut self) -> Vec<Taken> {
        let left = match self.read() {
            Ok(left) => left,
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "how the rings were left is not understood; new ones are opened");
                None
            }
        };
        let came = std::mem::take(&mut self.came);
        let mut names: Vec<&str> = came.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let removed = self.store.as_ref().map_or(Ok(()), |store| store.remove(name));
            if let Err(error) = removed {
                // As long as it has them, they take their share of the packets and nobody reads it.
                tracing::error!(name, %error, "the service manager does not give descriptors up; restart it, or stop and start this service");
            }
        }
        let Some(left) = left else { return Vec::new() };
        let wanted = name(left.epoch);
        let sockets = came.into_iter().filter(|(name, _)| *name == wanted).map(|(_, socket)| socket);
        let mut sockets: Vec<(u64, OwnedFd)> = sockets.map(|socket| (keep::cookie(&socket), socket)).collect();
        let mut of = |kept: &KeptRing| {
            let at = sockets.iter().position(|(cookie, _)| *cookie == kept.cookie)?;
            Some(sockets.swap_remove(at).1)
        };
        let taken = |left: LeftInterface| Taken { sockets: left.rings.iter().filter_map(&mut of).collect(), left };
        left.interfaces.into_iter().map(taken).filter(|taken| !taken.sockets.is_empty()).collect()
    }

    /// Reads the file and removes it: whoever dies after that cannot be mistaken for the one that wrote it.
    fn read(&self) -> io::Result<Option<Left>> {
        let length = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found?.len(),
        };
        let text =
            if length <= FILE_BYTES_MAX { fs::read(&self.path) } else { Err(io::ErrorKind::FileTooLarge.into()) };
        fs::remove_file(&self.path)?;
        let left: Left = serde_json::from_slice(&text?)?;
        if left.version != VERSION {
            return Err(io::Error::other(format!("it is of version {}, and {VERSION} is known", left.version)));
        }
        Ok(Some(left))
    }

    /// Leaves the rings to the next process. To be called when the books are closed: `explained` is what the final row
    /// says of each interface's device. What cannot be left is closed, and shows as `blind` at the next start.
    pub fn leave(&self, epoch: u64, specs: &[RingSpec], explained: &[u64], parted: Vec<Parted>) {
        let Some(store) = self.store.as_ref().filter(|_| !parted.is_empty()) else { return };
        let (count, name) = (parted.len(), name(epoch));
        let left = self
            .write(epoch, specs, explained, parted)
            .and_then(|sockets| store.put(&name, &sockets.iter().map(AsFd::as_fd).collect::<Vec<_>>()));
        match left {
            Ok(()) => {
                tracing::info!(rings = count, "the rings are left to the next process; the kernel goes on filling them")
            }
            Err(error) => {
                let _ = fs::remove_file(&self.path);
                let _ = store.remove(&name);
                tracing::warn!(%error, "the rings cannot be left to the next process, which opens new ones");
            }
        }
    }

    fn write(
        &self,
        epoch: u64,
        specs: &[RingSpec],
        explained: &[u64],
        mut parted: Vec<Parted>,
    ) -> io::Result<Vec<OwnedFd>> {
        parted.sort_by_key(|parted| (parted.interface, parted.worker));
        let mut left = Left { version: VERSION, epoch, interfaces: Vec::new() };
        let mut sockets = Vec::new();
        for Parted { interface, ring, in_ring, .. } in parted {
            let at = usize::from(interface) - 1;
            let spec = RingSpec { ifindex: ring.ifindex(), ..specs[at].clone() };
            let gso_known = ring.gso_known();
            let Parting { socket, kept } = ring.part(in_ring)?;
            sockets.push(socket);
            if left.interfaces.last().is_none_or(|last| last.name != spec.name) {
                let shape = keep::shape(&spec, gso_known).ok_or(io::ErrorKind::InvalidInput)?;
                let (name, explained) = (spec.name, explained.get(at).copied().unwrap_or(0));
                left.interfaces.push(LeftInterface { name, explained, shape, rings: Vec::new() });
            }
            if let Some(last) = left.interfaces.last_mut() {
                last.rings.push(kept);
            }
        }
        let new = self.path.with_extension("rings.new");
        fs::write(&new, serde_json::to_vec(&left)?)?;
        fs::rename(&new, &self.path)?;
        Ok(sockets)
    }
}

impl Taken {
    /// Bytes of its rings, which are in memory already.
    pub fn bytes(&self) -> u64 {
        self.left.shape.bytes().saturating_mul(self.left.rings.len() as u64)
    }

    /// As the configuration named it.
    pub fn name(&self) -> &str {
        &self.left.name
    }

    /// The rings for `workers` workers, and what the earlier books explain of the device's counter.
    ///
    /// # Errors
    /// Why they are not what is wanted now; they are closed.
    pub fn rings(self, spec: &RingSpec, workers: usize) -> Result<(Vec<Ring>, u64), String> {
        let LeftInterface { explained, shape, rings, .. } = self.left;
        if rings.len() != workers {
            return Err(format!("they were of {} workers, and there are {workers} now", rings.len()));
        }
        Ok((keep::take_over(spec, &shape, &rings, self.sockets)?, explained))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::{Keeper, Left, VERSION};

    fn keeper(dir: &std::path::Path) -> Keeper {
        Keeper { came: Vec::new(), store: None, ends_for_good: Arc::default(), path: dir.join("capture.rings") }
    }

    #[test]
    fn a_file_is_read_once_whatever_is_in_it() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let keeper = keeper(dir.path());
        let check = |text: &[u8], is_understood: bool| {
            fs::write(&keeper.path, text).expect("a scratch folder");
            assert_eq!(keeper.read().is_ok_and(|left| left.is_some()), is_understood, "{text:?}");
            assert!(!keeper.path.exists());
        };
        let whole = serde_json::to_vec(&Left { version: VERSION, epoch: 7, interfaces: Vec::new() }).expect("JSON");
        let later = serde_json::to_vec(&Left { version: VERSION + 1, epoch: 7, interfaces: Vec::new() }).expect("JSON");
        check(&whole, true);
        check(&whole[..whole.len() / 2], false);
        check(&later, false);
        check(b"\xff\x00", false);
        check(&vec![b' '; 2 << 20], false);
        assert!(keeper.read().is_ok_and(|left| left.is_none()), "no file is no fault");
    }

    #[test]
    fn without_a_store_nothing_is_kept() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        assert!(!keeper(dir.path()).keeps(1));
        assert!(keeper(dir.path()).take().is_empty());
    }
}
