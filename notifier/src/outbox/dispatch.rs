//! The sender: one task for each channel, with few attempts at a time and an end to each.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::channel::{Message, Receipt, SendError};
use crate::incident::Desk;

/// How often a channel looks for rows whose wait is over.
const LOOK: Duration = Duration::from_millis(250);

/// At the end, attempts under way have so long to be answered; others are sent again at the next start.
const FAREWELL: Duration = Duration::from_secs(3);

/// How a channel is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name.
    pub channel: String,
    /// Attempts at a time.
    pub concurrency: usize,
    /// An attempt that takes longer is given up, and may have been delivered.
    pub time_limit: Duration,
}

/// Reads the clock: ns since the epoch.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Sends the rows of one channel until `stop` says true. `deliver` tries once; whatever it does (hang, panic, refuse),
/// the row is kept and the others go on.
pub async fn run<Deliver, Attempt>(
    desk: Arc<Desk>,
    options: Options,
    clock: Clock,
    deliver: Deliver,
    mut stop: watch::Receiver<bool>,
) where
    Deliver: Fn(Message) -> Attempt,
    Attempt: Future<Output = Result<Receipt, SendError>> + Send + 'static,
{
    let mut woken = desk.woken();
    let mut attempts: JoinSet<()> = JoinSet::new();
    while !*stop.borrow() {
        let free = options.concurrency.saturating_sub(attempts.len());
        if free > 0 {
            for message in begin(&desk, &options.channel, free, &clock).await {
                let (id, attempt) = (message.id.clone(), deliver(message));
                attempts.spawn(one(Arc::clone(&desk), id, attempt, options.time_limit, Arc::clone(&clock)));
            }
        }
        tokio::select! {
            _ = woken.changed() => {}
            () = sleep(LOOK) => {}
            _ = attempts.join_next(), if !attempts.is_empty() => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
    let all = async { while attempts.join_next().await.is_some() {} };
    // What is not answered by then is marked as being sent, and is sent again with the same id.
    let _ = timeout(FAREWELL, all).await;
}

/// The lock and the disk are not for the runtime's own threads.
async fn begin(desk: &Arc<Desk>, channel: &str, max: usize, clock: &Clock) -> Vec<Message> {
    let (desk, channel, clock) = (Arc::clone(desk), channel.to_owned(), Arc::clone(clock));
    tokio::task::spawn_blocking(move || desk.begin(&channel, max, clock())).await.unwrap_or_default()
}

async fn one<Attempt>(desk: Arc<Desk>, id: String, attempt: Attempt, limit: Duration, clock: Clock)
where
    Attempt: Future<Output = Result<Receipt, SendError>> + Send + 'static,
{
    let result = match faults::pass("notifier.sending") {
        Err(error) => Err(SendError::Passing(error.to_string())),
        // A task of its own: its panic is an answer like others.
        Ok(()) => match timeout(limit, AbortOnDrop(tokio::spawn(attempt))).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(SendError::Unknown(format!("the channel failed: {panic}"))),
            Err(_) => Err(SendError::Unknown(format!("no answer within {} s", limit.as_secs_f64()))),
        },
    };
    let result = match faults::pass("notifier.sent") {
        Err(error) => Err(SendError::Unknown(error.to_string())),
        Ok(()) => result,
    };
    if let Err(error) = &result {
        tracing::warn!(id, %error, "a notification was not sent");
    }
    let settled = tokio::task::spawn_blocking(move || desk.settle(&id, &result, clock())).await;
    if settled.is_err() {
        tracing::error!("what became of a notification was not kept");
    }
}

/// A task that ends when nobody waits for it.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(context)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
