//! once: one message by one channel, without outbox, state and sockets: for whoever must know now whether it is taken.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::email::Email;
use super::sms::Sms;
use super::{Message, Receipt, SendError};
use crate::config::Config;
use crate::notice::{Language, Notice, NoticeKind};

/// However slow the servers are.
pub const TIME_LIMIT: Duration = Duration::from_secs(45);

/// E-mail and the gateways for short messages; one that cannot be made says why to each message.
#[derive(Clone)]
pub struct Ways {
    email: Arc<Result<Email, String>>,
    sms: Arc<Vec<(String, Result<Sms, SendError>)>>,
}

impl Ways {
    /// Reads passwords and authorities; opens no connection. `node` is this machine's name, `state_dir` where samples of
    /// attacks lie.
    pub fn new(config: &Config, node: &str, state_dir: PathBuf) -> Ways {
        let email = Email::new(&config.email, node, state_dir).map_err(|error| error.to_string());
        let sms = config.sms.iter().map(|gateway| (gateway.name.clone(), Sms::new(gateway)));
        Ways { email: Arc::new(email), sms: Arc::new(sms.collect()) }
    }

    /// Why a channel cannot be used whatever its server says: its password, its authority, its values. `None` = it may
    /// work.
    pub fn fault(&self, channel: &str) -> Option<String> {
        match self.sms.iter().find(|(name, _)| name == channel) {
            Some((_, sms)) => sms.as_ref().err().map(ToString::to_string),
            None => self.email.as_ref().as_ref().err().cloned(),
        }
    }

    /// Tries once; ends within the channel's time limit.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn deliver(&self, channel: &str, message: &Message) -> Result<Receipt, SendError> {
        match self.sms.iter().find(|(name, _)| name == channel) {
            Some((_, Ok(sms))) => sms.deliver(message).await,
            Some((_, Err(error))) => Err(error.clone()),
            None => match self.email.as_ref() {
                Ok(email) => email.deliver(message).await,
                Err(error) => Err(SendError::Broken(error.clone())),
            },
        }
    }
}

/// A test message.
#[derive(Clone, Debug)]
pub struct Test<'a> {
    /// `email`, or the name of a `[[notifier.sms]]`.
    pub channel: &'a str,
    /// Address or number.
    pub to: &'a str,
    /// Its language.
    pub language: Language,
    /// Name of this machine.
    pub node: &'a str,
    /// Where the page is; empty = no link.
    pub page_url: &'a str,
    /// Now, ns since the epoch.
    pub time_ns: u64,
    /// The machine's zone: seconds east of UTC.
    pub utc_offset_s: i32,
}

/// Sends it once; ends within [`TIME_LIMIT`] and a little.
///
/// # Errors
/// See [`SendError`].
pub fn send_test(config: &Config, test: &Test<'_>) -> Result<Receipt, SendError> {
    let notice = Notice {
        kind: NoticeKind::Test,
        language: test.language,
        node: test.node.to_owned(),
        time_ns: test.time_ns,
        utc_offset_s: test.utc_offset_s,
        page_url: test.page_url.to_owned(),
        ..Notice::default()
    };
    let id = format!("test-{}-{}", test.time_ns, test.channel);
    let message = Message { id, to: test.to.to_owned(), notice, attempt: 1, ..Message::default() };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| SendError::Passing(format!("this process cannot wait for an answer: {error}")))?;
    let sent = runtime.block_on(async {
        let ways = Ways::new(config, test.node, PathBuf::new());
        tokio::time::timeout(TIME_LIMIT, ways.deliver(test.channel, &message)).await
    });
    // A name server that is silent is not waited for.
    runtime.shutdown_background();
    sent.unwrap_or_else(|_| Err(SendError::Unknown("no answer within the time limit".to_owned())))
}

#[cfg(test)]
mod tests {
    use faults::recorder::Recorder;

    use super::{Test, Ways, send_test};
    use crate::channel::SendError;
    use crate::channel::email;
    use crate::config::Config;
    use crate::notice::Language;

    fn config(mail: &Recorder) -> Config {
        let email = email::config::Config {
            server: "127.0.0.1".to_owned(),
            port: mail.address().port(),
            security: email::config::Security::Off,
            from: "floodmark@example.org".to_owned(),
            ..Default::default()
        };
        Config { email, ..Config::default() }
    }

    fn test<'a>() -> Test<'a> {
        Test {
            channel: "email",
            to: "ann@example.org",
            language: Language::En,
            node: "web1",
            page_url: "https://192.0.2.7:8443",
            time_ns: 1_787_106_900_000_000_000,
            utc_offset_s: 0,
        }
    }

    #[test]
    fn a_test_message_is_sent_once_and_says_what_it_is() {
        let mail = Recorder::smtp();
        let receipt = send_test(&config(&mail), &test()).expect("it is taken");
        assert!(receipt.answer.contains("queued"), "{receipt:?}");
        let taken = mail.taken();
        assert_eq!((taken.len(), taken[0].to.as_str()), (1, "ann@example.org"));
        assert!(taken[0].text.contains("Test of e-mail"), "{}", taken[0].text);
    }

    #[test]
    fn a_server_that_is_away_and_a_password_that_is_missing_are_told() {
        let mail = Recorder::smtp();
        mail.set_away(true);
        assert!(matches!(send_test(&config(&mail), &test()), Err(SendError::Passing(_))));
        let mut config = config(&mail);
        (config.email.user, config.email.password_file) = ("u".to_owned(), "/nowhere/password".into());
        let fault = Ways::new(&config, "n", "".into()).fault("email").expect("there is no such file");
        assert!(fault.contains("/nowhere/password"), "{fault}");
        assert!(matches!(send_test(&config, &test()), Err(SendError::Broken(_))));
    }
}
