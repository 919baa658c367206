//! The channels at work: one sender for each, and for gateways that tell more, who asks what became of messages.
//!
//! A channel that cannot be made (no password file, a wrong certificate file) is there all the same and refuses with the
//! reason: so its messages wait, and it is an incident on the others.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::sleep;

use super::clock;
use crate::channel::email::Email;
use crate::channel::script::Channel as Script;
use crate::channel::sms::Sms;
use crate::channel::webhook::WebHook;
use crate::channel::{Message, Receipt, SendError};
use crate::config::Config;
use crate::incident::Desk;
use crate::outbox::dispatch::{self, Clock, Options};

/// Between two rounds of questions to a gateway.
const ROUND: Duration = Duration::from_secs(5);

/// On top of a channel's own time limit: it has the first word.
const GRACE: Duration = Duration::from_secs(5);

enum Way {
    Email(Box<Email>),
    Sms(Box<Sms>),
    WebHook(Box<WebHook>),
    Script(Script),
    /// It cannot be used, and why.
    None(String),
}

impl Way {
    async fn deliver(&self, message: &Message) -> Result<Receipt, SendError> {
        match self {
            Way::Email(email) => email.deliver(message).await,
            Way::Sms(sms) => sms.deliver(message).await,
            Way::WebHook(hook) => hook.deliver(message).await,
            Way::Script(script) => script.deliver(message).await,
            Way::None(reason) => Err(SendError::Broken(reason.clone())),
        }
    }
}

/// Where the channels find what they need.
#[derive(Clone, Debug)]
pub struct Places {
    /// Name of this machine.
    pub node: String,
    /// Notifier's state.
    pub state_dir: PathBuf,
    /// The sockets.
    pub run_dir: PathBuf,
}

/// The tasks of all channels of one configuration.
pub struct Senders {
    stop: watch::Sender<bool>,
}

impl Senders {
    /// Starts them on `runtime`.
    pub fn start(runtime: &Runtime, config: &Config, places: &Places, desk: &Arc<Desk>) -> Senders {
        let stop = watch::Sender::new(false);
        for (name, concurrency, time_limit, way) in channels(config, places) {
            if let Way::None(reason) = &way
                && !(name == "email" && config.email.server.is_empty())
            {
                tracing::error!(channel = name, reason, "a channel cannot be used; its messages wait");
            }
            let way = Arc::new(way);
            if let Way::Sms(_) = *way {
                runtime.spawn(follow(Arc::clone(&way), name.clone(), Arc::clone(desk), stop.subscribe()));
            }
            let options = Options { channel: name, concurrency, time_limit: time_limit + GRACE };
            let clock: Clock = Arc::new(clock::now_ns);
            let deliver = move |message: Message| {
                let way = Arc::clone(&way);
                async move { way.deliver(&message).await }
            };
            runtime.spawn(dispatch::run(Arc::clone(desk), options, clock, deliver, stop.subscribe()));
        }
        Senders { stop }
    }

    /// Begins nothing more; what is under way ends within its own limits.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// Names of the gateways whose answers acknowledge.
pub fn answered(config: &Config) -> Vec<String> {
    config.sms.iter().filter(|gateway| gateway.inbound).map(|gateway| gateway.name.clone()).collect()
}

fn channels(config: &Config, places: &Places) -> Vec<(String, usize, Duration, Way)> {
    let mut all = Vec::new();
    let email = match config.email.server.is_empty() {
        true => Way::None("notifier.email.server is not set; name the mail server there".to_owned()),
        false => made(Email::new(&config.email, &places.node, places.state_dir.clone()), |it| Way::Email(Box::new(it))),
    };
    all.push(("email".to_owned(), 4, config.email.time_limit, email));
    for gateway in &config.sms {
        let way = made(Sms::new(gateway), |it| Way::Sms(Box::new(it)));
        all.push((gateway.name.clone(), 2, gateway.time_limit, way));
    }
    for hook in &config.webhook {
        let way = made(WebHook::new(hook), |it| Way::WebHook(Box::new(it)));
        all.push((hook.name.clone(), 4, hook.time_limit, way));
    }
    for script in &config.script {
        let way = Way::Script(Script::new(script, Path::new(&places.run_dir)));
        all.push((script.name.clone(), 1, script.time_limit, way));
    }
    all
}

fn made<T, E: std::fmt::Display>(result: Result<T, E>, wrap: impl Fn(T) -> Way) -> Way {
    result.map_or_else(|error| Way::None(error.to_string()), wrap)
}

/// Hears what became of short messages, and what people answered.
async fn follow(way: Arc<Way>, channel: String, desk: Arc<Desk>, mut stop: watch::Receiver<bool>) {
    let Way::Sms(sms) = &*way else { return };
    while !*stop.borrow() {
        let deliveries = sms.receipts().await;
        let answers = sms.inbound().await;
        let (desk, channel) = (Arc::clone(&desk), channel.clone());
        // The lock and the disk are not for the runtime's own threads.
        let kept = tokio::task::spawn_blocking(move || {
            let now_ns = clock::now_ns();
            deliveries.iter().for_each(|delivery| desk.delivered(&channel, delivery, now_ns));
            for answer in answers {
                match desk.redeem_code(&channel, &answer.from, &answer.text, now_ns) {
                    Ok(count) => tracing::info!(channel, count, "acknowledged by an answer"),
                    Err(error) => tracing::info!(channel, %error, "an answer acknowledges nothing"),
                }
            }
        });
        if kept.await.is_err() {
            tracing::error!("what a gateway told was not kept");
        }
        tokio::select! {
            () = sleep(ROUND) => {}
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}
