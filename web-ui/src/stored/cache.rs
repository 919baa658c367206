//! Recent answers: each is asked for once, however many wait for it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::StoredError;

/// Answers of one kind; the largest is about a megabyte (a year's points of many interfaces).
const ENTRIES_MAX: usize = 16;

struct Entry<K, V> {
    key: K,
    asked: Instant,
    answer: Arc<OnceCell<Arc<V>>>,
}

/// Answers by question, the oldest question first.
pub(super) struct Cache<K, V> {
    age_max: Duration,
    entries: Mutex<Vec<Entry<K, V>>>,
}

impl<K: Eq, V> Cache<K, V> {
    pub(super) fn new(age_max: Duration) -> Cache<K, V> {
        Cache { age_max, entries: Mutex::default() }
    }

    /// The answer to a question: a recent one, or what `ask` gives. A failure is not kept; who waits asks then.
    pub(super) async fn get(
        &self,
        key: K,
        ask: impl Future<Output = Result<V, StoredError>>,
    ) -> Result<Arc<V>, StoredError> {
        let answer = self.entry(key);
        answer.get_or_try_init(|| async { ask.await.map(Arc::new) }).await.cloned()
    }

    fn entry(&self, key: K) -> Arc<OnceCell<Arc<V>>> {
        let now = Instant::now();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| now.duration_since(entry.asked) < self.age_max);
        if let Some(entry) = entries.iter().find(|entry| entry.key == key) {
            return Arc::clone(&entry.answer);
        }
        if entries.len() >= ENTRIES_MAX {
            entries.remove(0);
        }
        let answer = Arc::default();
        entries.push(Entry { key, asked: now, answer: Arc::clone(&answer) });
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::Cache;
    use crate::stored::StoredError;

    #[tokio::test]
    async fn many_ask_and_one_is_answered() {
        let cache: Cache<u32, u32> = Cache::new(Duration::from_secs(5));
        let asked = AtomicU32::new(0);
        let ask = async || {
            tokio::task::yield_now().await;
            Ok(asked.fetch_add(1, Ordering::Relaxed))
        };
        let (one, two) = tokio::join!(cache.get(7, ask()), cache.get(7, ask()));
        assert_eq!((*one.expect("an answer"), *two.expect("an answer")), (0, 0));
        assert_eq!(*cache.get(8, ask()).await.expect("an answer"), 1, "another question");
        assert_eq!(*cache.get(7, ask()).await.expect("an answer"), 0, "it is known");
        let cache = Cache::new(Duration::ZERO);
        let (two, three) = (cache.get(7, ask()).await, cache.get(7, ask()).await);
        assert_eq!((*two.expect("an answer"), *three.expect("an answer")), (2, 3), "it was too old");
    }

    #[tokio::test]
    async fn a_failure_is_not_kept_and_the_kept_are_few() {
        let cache: Cache<u32, u32> = Cache::new(Duration::from_secs(5));
        assert_eq!(cache.get(1, async { Err(StoredError::Busy) }).await, Err(StoredError::Busy));
        assert!(cache.get(1, async { Ok(3) }).await.is_ok());
        for key in 0..100 {
            assert!(cache.get(key, async { Ok(key) }).await.is_ok());
        }
        assert_eq!(cache.entries.lock().expect("no panic").len(), super::ENTRIES_MAX);
    }
}
