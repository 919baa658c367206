//! Who may have a connection: so many in all, so many for each address, and some kept for addresses whose users are
//! signed in, so that a flood of connections from elsewhere does not lock the owner out.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use super::counts::Counts;

/// Of the places, this part is kept for known addresses.
const RESERVED_PART: usize = 16;

/// How long an address is known after its last request of a user who is signed in.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 3600);

/// Addresses that are known at once; the oldest goes first.
const KNOWN_MAX: usize = 1_024;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceLimits {
    /// In all.
    pub all: usize,
    /// From one address.
    pub per_address: usize,
}

/// Why a connection gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// There are too many, and none that could go.
    All,
    /// Its address has too many.
    Address,
}

/// All places.
pub struct Places {
    limits: PlaceLimits,
    is_exempt: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    table: Mutex<Table>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Table {
    next: u64,
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    // Connections that have not finished a request's head, the oldest first, and how each is ended.
    young: BTreeMap<u64, Option<AbortHandle>>,
    known: HashMap<IpAddr, Instant>,
}

/// One place; given back when dropped.
pub struct Place {
    places: Arc<Places>,
    number: u64,
    address: IpAddr,
}

/// What the first request's head of a connection is told to.
pub(super) struct Head {
    places: Arc<Places>,
    number: u64,
    is_done: AtomicBool,
}

impl Places {
    /// Places by `limits`; the addresses for which `is_exempt` holds are not bounded one by one.
    pub(super) fn new(
        limits: PlaceLimits,
        counts: Arc<Counts>,
        is_exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Arc<Places> {
        Arc::new(Places { limits, is_exempt: Box::new(is_exempt), table: Mutex::default(), counts })
    }

    /// A place for a connection from `address`. If there is none left, the oldest connection that has not yet sent a
    /// request goes.
    pub(super) fn take(self: &Arc<Places>, address: IpAddr, now: Instant) -> Result<Place, Full> {
        let network = network(address);
        let mut table = self.table();
        let of_address = table.by_address.get(&network).copied().unwrap_or(0);
        if of_address >= self.limits.per_address && !(self.is_exempt)(address) {
            return Err(Full::Address);
        }
        let is_known = table.known.get(&network).is_some_and(|seen| now.saturating_duration_since(*seen) < KNOWN_FOR);
        let reserved = if is_known { 0 } else { self.limits.all / RESERVED_PART };
        if table.all >= self.limits.all - reserved {
            let evicted = table.young.pop_first().ok_or(Full::All)?;
            self.counts.evicted.add(1);
            // It gives its place back when its task is dropped, a moment later.
            if let (_, Some(task)) = evicted {
                task.abort();
            }
        }
        let number = table.next;
        table.next += 1;
        table.all += 1;
        *table.by_address.entry(network).or_default() += 1;
        table.young.insert(number, None);
        drop(table);
        Ok(Place { places: Arc::clone(self), number, address })
    }

    /// Says that a user who is signed in uses the page from `address`.
    pub fn signed_in(&self, address: IpAddr, now: Instant) {
        let mut table = self.table();
        let network = network(address);
        if table.known.len() >= KNOWN_MAX && !table.known.contains_key(&network) {
            let oldest = table.known.iter().min_by_key(|(_, seen)| **seen).map(|(known, _)| *known);
            if let Some(oldest) = oldest {
                table.known.remove(&oldest);
            }
        }
        table.known.insert(network, now);
    }

    /// Connections now.
    pub fn taken(&self) -> usize {
        self.table().all
    }

    /// Connections now that have not finished a request's head.
    pub fn young(&self) -> usize {
        self.table().young.len()
    }

    /// Notes which task serves a young connection, so that it can be ended.
    pub(super) fn served_by(&self, number: u64, task: AbortHandle) {
        if let Some(young) = self.table().young.get_mut(&number) {
            *young = Some(task);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Where the connection comes from.
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// Its number among all that ever were.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// What is told of its first request.
    pub(super) fn head(&self) -> Head {
        Head { places: Arc::clone(&self.places), number: self.number, is_done: AtomicBool::new(false) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let network = network(self.address);
        let mut table = self.places.table();
        table.all = table.all.saturating_sub(1);
        table.young.remove(&self.number);
        if let Some(count) = table.by_address.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                table.by_address.remove(&network);
            }
        }
    }
}

impl Head {
    /// The connection has sent a whole head: it is not among those that go first any more.
    pub(super) fn is_done(&self) {
        if !self.is_done.swap(true, Ordering::Relaxed) {
            self.places.table().young.remove(&self.number);
        }
    }
}

/// What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, which one customer has.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests;
