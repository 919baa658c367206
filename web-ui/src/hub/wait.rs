//! Who waits for which channel, and how all of them are woken at little cost.
//!
//! A publication marks the subscribers of its channels. Waking 16,000 tasks of an event loop from another thread would
//! be 16,000 writes to the loop's event descriptor; so subscribers stand in parts, one for each thread that they came
//! from, and a publication wakes one of a part: whichever subscriber of the part is asked next, or leaves, wakes the
//! rest of it, from inside the loop, where that is an entry in a list. So whoever waits here asks, leaves or passes on
//! each time that it runs.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Parts: more than event loops. With more threads than parts two share one, which costs nothing but some wake-ups.
const PARTS: usize = 8;

/// All who wait.
#[derive(Default)]
pub(super) struct Waits {
    parts: [Mutex<Part>; PARTS],
}

#[derive(Default)]
struct Part {
    places: Vec<Place>,
    free: Vec<u32>,
    by_channel: HashMap<Arc<str>, BTreeSet<u32>>,
    /// Those who are to be woken by the one of them that was.
    due: Vec<Waker>,
}

#[derive(Default)]
struct Place {
    waker: Option<Waker>,
    /// Something was published, or another change came, since the subscriber was asked last.
    is_changed: bool,
}

/// The place of one subscriber.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    part: u8,
    place: u32,
}

/// The number of this thread, from which its part follows.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    NUMBER.with(Cell::get)
}

impl Waits {
    /// A place for a subscriber of `channels`, who is asked at once.
    pub fn join(&self, channels: &[Arc<str>]) -> Ticket {
        let number = thread_number() % PARTS;
        let mut part = self.part(number);
        let place = part.free.pop().unwrap_or_else(|| {
            part.places.push(Place::default());
            (part.places.len() - 1) as u32
        });
        part.places[place as usize] = Place { waker: None, is_changed: true };
        for name in channels {
            part.by_channel.entry(Arc::clone(name)).or_default().insert(place);
        }
        Ticket { part: number as u8, place }
    }

    /// Gives the place up.
    pub fn leave(&self, ticket: Ticket, channels: &[Arc<str>]) {
        let mut part = self.part(usize::from(ticket.part));
        for name in channels {
            if let Some(places) = part.by_channel.get_mut(name) {
                places.remove(&ticket.place);
                if places.is_empty() {
                    part.by_channel.remove(name);
                }
            }
        }
        part.places[ticket.place as usize] = Place::default();
        part.free.push(ticket.place);
        let due = std::mem::take(&mut part.due);
        drop(part);
        due.into_iter().for_each(Waker::wake);
    }

    /// Whether something changed for the subscriber since the last time that it did; if not, it is woken when it does.
    pub fn poll(&self, ticket: Ticket, context: &mut Context<'_>) -> Poll<()> {
        let mut part = self.part(usize::from(ticket.part));
        let due = std::mem::take(&mut part.due);
        let place = &mut part.places[ticket.place as usize];
        let polled = if std::mem::take(&mut place.is_changed) {
            place.waker = None;
            Poll::Ready(())
        } else {
            match &mut place.waker {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            Poll::Pending
        };
        drop(part);
        due.into_iter().for_each(Waker::wake);
        polled
    }

    /// Wakes those whom this subscriber was woken for, without asking what has changed.
    pub fn pass_on(&self, ticket: Ticket) {
        let due = std::mem::take(&mut self.part(usize::from(ticket.part)).due);
        due.into_iter().for_each(Waker::wake);
    }

    /// Marks the subscribers of `channels`, and sees that they are woken.
    pub fn wake(&self, channels: &[Arc<str>]) {
        for index in 0..PARTS {
            let mut part = self.part(index);
            let Part { places, by_channel, due, .. } = &mut *part;
            for place in channels.iter().filter_map(|name| by_channel.get(name)).flatten() {
                places[*place as usize].mark(due);
            }
            first(part);
        }
    }

    /// Marks all subscribers: each is to look again whether it may go on.
    pub fn wake_all(&self) {
        for index in 0..PARTS {
            let mut part = self.part(index);
            let Part { places, due, .. } = &mut *part;
            places.iter_mut().for_each(|place| place.mark(due));
            first(part);
        }
    }

    fn part(&self, index: usize) -> MutexGuard<'_, Part> {
        self.parts[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn mark(&mut self, due: &mut Vec<Waker>) {
        self.is_changed = true;
        due.extend(self.waker.take());
    }
}

/// Wakes the one who wakes the others.
fn first(mut part: MutexGuard<'_, Part>) {
    let first = part.due.pop();
    drop(part);
    if let Some(first) = first {
        first.wake();
    }
}
