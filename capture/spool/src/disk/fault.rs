//! A disk in memory that fails on purpose: errors, short writes, no space, flipped bytes, and power cuts that forget or
//! tear what was not made durable.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Buffer, Disk, Done, Op};

const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// What an operation that changes something does instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk reports an error; of a write anything may have happened.
    Error,
    /// No space.
    Full,
    /// A write ends in its middle.
    Short,
    /// The power goes: this and every later operation fails until [`FaultDisk::power_on`].
    PowerCut,
}

type Pages = BTreeMap<u64, Arc<[u8; PAGE]>>;

#[derive(Clone, Debug, Default)]
struct Inode {
    len: u64,
    durable_len: u64,
    /// Pages that are not there are zeros.
    pages: Pages,
    durable: Pages,
    dirty: BTreeSet<u64>,
}

/// A change of names that is not durable yet.
#[derive(Clone, Debug)]
enum Naming {
    Link { name: String, inode: usize },
    Move { from: String, to: String },
    Unlink { name: String },
}

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    journal: Vec<Naming>,
    capacity: Option<u64>,
    /// Operations so far, and what is to happen at which.
    operations: u64,
    faults: BTreeMap<u64, Fault>,
    is_off: bool,
    writer_lives: bool,
    random: u64,
    flying: Option<(Op<usize>, u32)>,
}

/// See the module. Clones are further looks at the same disk.
#[derive(Clone, Debug)]
pub struct FaultDisk {
    state: Arc<Mutex<State>>,
}

impl FaultDisk {
    /// An empty disk; `random` decides what power cuts leave and how long writes take.
    pub fn new(random: u64) -> FaultDisk {
        let state = State { random, writer_lives: true, ..State::default() };
        FaultDisk { state: Arc::new(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `fault` happen at the operation that has this number, counted from 1.
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.lock().faults.insert(operation, fault);
    }

    /// Lets every operation from now on succeed.
    pub fn mend(&self) {
        self.lock().faults.clear();
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// All files together get no more than `bytes`.
    pub fn limit(&self, bytes: Option<u64>) {
        self.lock().capacity = bytes;
    }

    /// Says whether a writer has the folder.
    pub fn set_writer_lives(&self, lives: bool) {
        self.lock().writer_lives = lives;
    }

    /// Inverts the bits of `mask` in a byte, durably: rot.
    pub fn flip(&self, name: &str, offset: u64, mask: u8) {
        let mut state = self.lock();
        let Some(&inode) = state.names.get(name) else { return };
        let inode = &mut state.inodes[inode];
        for pages in [&mut inode.pages, &mut inode.durable] {
            let page = pages.entry(offset / PAGE as u64).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(page)[offset as usize % PAGE] ^= mask;
        }
    }

    /// Another disk with the same files, all durable.
    pub fn copy(&self) -> FaultDisk {
        let state = self.lock();
        let (inodes, names) = (state.inodes.clone(), state.names.clone());
        let durable = |inode: Inode| Inode { durable: inode.pages.clone(), durable_len: inode.len, ..inode };
        let copy = State {
            inodes: inodes.into_iter().map(durable).collect(),
            durable_names: names.clone(),
            names,
            random: state.random,
            writer_lives: state.writer_lives,
            ..State::default()
        };
        FaultDisk { state: Arc::new(Mutex::new(copy)) }
    }

    /// The disk as it is when the power is back: what was not durable is there, lost, or torn by sectors.
    pub fn power_on(&self) -> FaultDisk {
        let mut state = self.lock();
        let mut names = state.durable_names.clone();
        let in_order = state.chance(2);
        let journal = std::mem::take(&mut state.journal);
        let kept = state.below(journal.len() as u64 + 1);
        for (at, naming) in journal.into_iter().enumerate() {
            let keep = if in_order { (at as u64) < kept } else { state.chance(2) };
            if keep {
                apply(&mut names, naming);
            }
        }
        let mut inodes = state.inodes.clone();
        for inode in &mut inodes {
            state.lose(inode);
        }
        let random = state.draw();
        let after = State {
            inodes,
            durable_names: names.clone(),
            names,
            capacity: state.capacity,
            writer_lives: true,
            random,
            ..State::default()
        };
        FaultDisk { state: Arc::new(Mutex::new(after)) }
    }
}

fn apply(names: &mut BTreeMap<String, usize>, naming: Naming) {
    match naming {
        Naming::Link { name, inode } => {
            names.insert(name, inode);
        }
        Naming::Move { from, to } => {
            if let Some(inode) = names.remove(&from) {
                names.insert(to, inode);
            }
        }
        Naming::Unlink { name } => {
            names.remove(&name);
        }
    }
}

fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}

impl State {
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    /// Counts an operation and answers what happens at it.
    fn pass(&mut self) -> Result<Option<Fault>, io::Error> {
        if self.is_off {
            return Err(power_is_off());
        }
        self.operations += 1;
        let fault = self.faults.get(&self.operations).copied();
        self.is_off = fault == Some(Fault::PowerCut);
        Ok(fault)
    }

    /// An operation that happens whole or not at all.
    fn pass_whole(&mut self) -> io::Result<()> {
        match self.pass()? {
            None => Ok(()),
            Some(Fault::Full) => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Error | Fault::Short) => Err(io::Error::from_raw_os_error(5)),
            Some(Fault::PowerCut) => Err(power_is_off()),
        }
    }

    fn put(&mut self, inode: usize, page: u64, bytes: &[u8]) {
        let inode = &mut self.inodes[inode];
        inode.dirty.insert(page);
        let mut whole = [0; PAGE];
        whole[..bytes.len()].copy_from_slice(bytes);
        if whole == [0; PAGE] {
            inode.pages.remove(&page);
        } else {
            inode.pages.insert(page, Arc::new(whole));
        }
    }

    fn make_durable(&mut self, inode: usize, only: Option<std::ops::Range<u64>>) {
        let inode = &mut self.inodes[inode];
        let pages: Vec<u64> =
            inode.dirty.iter().copied().filter(|p| only.as_ref().is_none_or(|o| o.contains(p))).collect();
        for page in pages {
            inode.dirty.remove(&page);
            match inode.pages.get(&page) {
                Some(bytes) => inode.durable.insert(page, bytes.clone()),
                None => inode.durable.remove(&page),
            };
        }
        inode.durable_len = inode.len;
    }

    /// What a power cut leaves of a file.
    fn lose(&mut self, inode: &mut Inode) {
        let zeros = Arc::new([0; PAGE]);
        for page in std::mem::take(&mut inode.dirty) {
            let new = inode.pages.get(&page).unwrap_or(&zeros).clone();
            let mut left = **inode.durable.get(&page).unwrap_or(&zeros);
            match self.below(3) {
                0 => {}
                1 => left = *new,
                _ => {
                    for sector in 0..PAGE / SECTOR {
                        if self.chance(2) {
                            let range = sector * SECTOR..(sector + 1) * SECTOR;
                            left[range.clone()].copy_from_slice(&new[range]);
                        }
                    }
                }
            }
            inode.durable.insert(page, Arc::new(left));
        }
        if self.chance(2) {
            inode.durable_len = inode.len;
        }
        inode.len = inode.durable_len;
        inode.durable.retain(|page, _| page * (PAGE as u64) < inode.durable_len);
        inode.pages = inode.durable.clone();
    }

    /// Writes some of the pages, by chance: an operation that is under way or has failed.
    fn write_parts(&mut self, inode: usize, bytes: &[u8], offset: u64) {
        for (at, page) in bytes.chunks(PAGE).enumerate() {
            if self.chance(2) {
                self.put(inode, offset / PAGE as u64 + at as u64, page);
            }
        }
    }

    fn write(&mut self, inode: usize, bytes: &[u8], offset: u64) {
        for (at, page) in bytes.chunks(PAGE).enumerate() {
            self.put(inode, offset / PAGE as u64 + at as u64, page);
        }
    }

    fn end(&mut self, op: &Op<usize>) -> io::Result<()> {
        let fault = self.pass()?;
        match (op, fault) {
            (_, Some(Fault::PowerCut)) => Err(power_is_off()),
            (Op::Write { file, buffer, from, len, offset, .. }, Some(Fault::Short)) => {
                self.write(*file, &buffer[*from..from + len / 2 / PAGE * PAGE], *offset);
                Err(io::ErrorKind::WriteZero.into())
            }
            (_, Some(Fault::Full)) => Err(io::ErrorKind::StorageFull.into()),
            (_, Some(_)) => Err(io::Error::from_raw_os_error(5)),
            (Op::Write { file, buffer, from, len, offset, durable }, None) => {
                self.write(*file, &buffer[*from..from + len], *offset);
                let first = offset / PAGE as u64;
                if *durable {
                    self.make_durable(*file, Some(first..first + (*len / PAGE) as u64));
                }
                Ok(())
            }
            (Op::Sync { file }, None) => {
                self.make_durable(*file, None);
                Ok(())
            }
            (Op::SyncNames, None) => {
                self.sync_names();
                Ok(())
            }
        }
    }

    fn sync_names(&mut self) {
        self.journal.clear();
        self.durable_names = self.names.clone();
    }

    fn name(&mut self, naming: Naming) {
        apply(&mut self.names, naming.clone());
        self.journal.push(naming);
    }

    fn used(&self) -> u64 {
        self.names.values().map(|&inode| self.inodes[inode].len).sum()
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for FaultDisk {
    type File = usize;

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().names.keys().cloned().collect())
    }

    fn exists(&self, name: &str) -> bool {
        self.lock().names.contains_key(name)
    }

    fn open(&self, name: &str) -> io::Result<usize> {
        self.lock().find(name)
    }

    fn len(&self, file: &usize) -> io::Result<u64> {
        Ok(self.lock().inodes[*file].len)
    }

    fn read_at(&self, file: &usize, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.lock();
        let inode = &state.inodes[*file];
        let len = (bytes.len() as u64).min(inode.len.saturating_sub(offset)) as usize;
        let mut done = 0;
        while done < len {
            let place = offset + done as u64;
            let (page, within) = (place / PAGE as u64, place as usize % PAGE);
            let part = (PAGE - within).min(len - done);
            match inode.pages.get(&page) {
                Some(found) => bytes[done..done + part].copy_from_slice(&found[within..within + part]),
                None => bytes[done..done + part].fill(0),
            }
            done += part;
        }
        Ok(len)
    }

    fn uncache(&self, _: &usize, _: u64, _: u64) {}

    fn writer_lives(&self) -> bool {
        self.lock().writer_lives
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<usize> {
        let mut state = self.lock();
        state.pass_whole()?;
        if state.capacity.is_some_and(|capacity| state.used() + bytes > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode { len: bytes, ..Inode::default() });
        state.name(Naming::Link { name: name.to_owned(), inode });
        Ok(inode)
    }

    fn open_to_write(&self, name: &str) -> io::Result<usize> {
        let mut state = self.lock();
        state.pass_whole()?;
        state.find(name)
    }

    fn truncate(&self, name: &str, bytes: u64) -> io::Result<()> {
        let mut state = self.lock();
        state.pass_whole()?;
        let inode = state.find(name)?;
        let inode = &mut state.inodes[inode];
        inode.len = inode.len.min(bytes);
        inode.pages.retain(|page, _| page * (PAGE as u64) < bytes);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.pass_whole()?;
        state.find(from)?;
        state.name(Naming::Move { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.pass_whole()?;
        state.find(name)?;
        state.name(Naming::Unlink { name: name.to_owned() });
        Ok(())
    }

    fn load(&self, name: &str) -> io::Result<Vec<u8>> {
        let file = self.open(name)?;
        let mut bytes = vec![0; self.len(&file)? as usize];
        self.read_at(&file, &mut bytes, 0)?;
        Ok(bytes)
    }

    fn replace(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let hidden = format!(".{name}");
        let mut state = self.lock();
        state.pass_whole()?;
        // What an earlier attempt left under the name is the same file, cut.
        let inode = state.find(&hidden).unwrap_or_else(|_| {
            let inode = state.inodes.len();
            state.inodes.push(Inode::default());
            state.name(Naming::Link { name: hidden.clone(), inode });
            inode
        });
        state.inodes[inode].len = content.len() as u64;
        state.put(inode, 0, content);
        state.pass_whole()?;
        state.make_durable(inode, None);
        state.pass_whole()?;
        state.name(Naming::Move { from: hidden, to: name.to_owned() });
        state.pass_whole()?;
        state.sync_names();
        Ok(())
    }

    fn buffers(&mut self, count: usize) -> Vec<Buffer> {
        (0..count).map(Buffer::new).collect()
    }

    fn submit(&mut self, op: Op<usize>) {
        let mut state = self.lock();
        // Parts of a write can be seen before its end.
        if let Op::Write { file, buffer, from, len, offset, .. } = &op
            && !state.is_off
        {
            state.write_parts(*file, &buffer[*from..from + len], *offset);
        }
        let looks = if state.chance(4) { state.below(3) as u32 } else { 0 };
        state.flying = Some((op, looks));
    }

    fn reap(&mut self, wait: Duration) -> Option<Done> {
        let mut state = self.lock();
        let (op, looks) = state.flying.take()?;
        if looks > 0 && wait.is_zero() {
            state.flying = Some((op, looks - 1));
            return None;
        }
        let result = state.end(&op);
        let buffer = match op {
            Op::Write { buffer, .. } => Some(buffer),
            _ => None,
        };
        Some(Done { buffer, result })
    }
}
