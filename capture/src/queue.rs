//! The bounded way from a worker to the spooler, and the way back of emptied buffers. Lock-free, never waited on by a
//! live worker.

use std::sync::Arc;

#[cfg(not(all(test, loom)))]
use crossbeam::queue::ArrayQueue;
#[cfg(all(test, loom))]
use standin::ArrayQueue;

use crate::limits::QUEUE_BATCHES;
use crate::worker::message::Message;

/// Places beyond the batches: a second of a worker has a report, a traffic message and rarely a minute, so a spooler
/// that stands still for a minute still gets every one.
const CONTROL_MESSAGES: usize = 192;

/// One worker's queue; both ends hold it.
#[derive(Clone)]
pub struct WorkerQueue {
    messages: Arc<ArrayQueue<Message>>,
    empties: Arc<ArrayQueue<Vec<u8>>>,
    batches: usize,
}

impl Default for WorkerQueue {
    fn default() -> WorkerQueue {
        WorkerQueue::with_places(QUEUE_BATCHES, CONTROL_MESSAGES)
    }
}

impl WorkerQueue {
    fn with_places(batches: usize, others: usize) -> WorkerQueue {
        WorkerQueue {
            messages: Arc::new(ArrayQueue::new(batches + others)),
            empties: Arc::new(ArrayQueue::new(batches)),
            batches,
        }
    }

    /// Appends a message, or gives it back: flow batches when `QUEUE_BATCHES` wait, others when no place is left.
    ///
    /// # Errors
    /// The message that found no place.
    pub fn push(&self, message: Message) -> Result<(), Message> {
        if matches!(message, Message::Flows(_)) && self.messages.len() >= self.batches {
            return Err(message);
        }
        self.messages.push(message)
    }

    /// The oldest message.
    pub fn pop(&self) -> Option<Message> {
        self.messages.pop()
    }

    /// Messages that wait.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// More than half of the batches' places are taken.
    pub fn is_pressed(&self) -> bool {
        self.messages.len() > self.batches / 2
    }

    /// Gives an emptied payload back to the worker; one too many is freed.
    pub fn give_back(&self, payload: Vec<u8>) {
        let _ = self.empties.push(payload);
    }

    /// An emptied payload, if one came back.
    pub fn take_empty(&self) -> Option<Vec<u8>> {
        self.empties.pop()
    }
}

#[cfg(all(test, loom))]
mod model;
#[cfg(all(test, loom))]
mod standin;
