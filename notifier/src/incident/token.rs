//! Acknowledging without a session: links of mails and codes of short messages, kept as hashes, each for one act.

use serde::{Deserialize, Serialize};

use super::book::Book;
use super::id::{CODE_CHARS, hash};
use super::open::Open;
use super::settings::{ChannelKind, Settings};
use crate::judgement::Class;

/// Wrong codes from a receiver's number after which its codes are void.
const TRIES_MAX: u32 = 5;

/// Tokens at a time; the oldest goes. One for each alert of each receiver and channel.
const TOKENS_MAX: usize = 4_096;

/// What a token or code opens: to acknowledge these incidents, in this receiver's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// In whose name.
    pub receiver: String,
    /// The channel that told it.
    pub channel: String,
    /// Number from which a code must come; empty = it is a link.
    pub phone: String,
    /// The incidents; empty = those that `batch_ns` tells.
    pub incidents: Vec<String>,
    /// Those that the receiver was told of first at that time, by that channel, of that class; 0 = see `incidents`.
    pub batch_ns: u64,
    /// See `batch_ns`.
    pub class: Class,
    /// When it was made, ns.
    pub made_ns: u64,
    /// Wrong codes that came while it was valid.
    pub tries: u32,
}

impl Token {
    fn opens(&self, open: &Open) -> bool {
        if self.batch_ns == 0 {
            return self.incidents.contains(&open.incident.id);
        }
        let told = open.told_by(&self.receiver, &self.channel);
        open.class == self.class && told.is_some_and(|told| told.since_ns == self.batch_ns)
    }
}

/// Why a link or a code does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nobody made it, or what it opens is over.
    #[error("this link or code is not valid any more: what it acknowledges is over, or it was never made")]
    Unknown,
    /// The number is no receiver's that codes were sent to.
    #[error("codes are taken from the receiver's own number only, by a channel whose answers are read")]
    Sender,
    /// Too many wrong codes.
    #[error("too many wrong codes came from this number; acknowledge on the page or by the link in the mail")]
    Void,
}

impl Book {
    pub(super) fn keep_token(&mut self, secret: &str, token: Token) {
        if self.tokens.len() >= TOKENS_MAX
            && let Some(oldest) =
                self.tokens.iter().min_by_key(|(_, token)| token.made_ns).map(|(hash, _)| hash.clone())
        {
            self.tokens.remove(&oldest);
            self.dirty.tokens.insert(oldest);
        }
        // The receiver is part of what is hashed, so that a code of one is nothing for another.
        let hash = if token.phone.is_empty() { hash(secret) } else { code_hash(&token.receiver, secret) };
        self.dirty.tokens.insert(hash.clone());
        self.tokens.insert(hash, token);
    }

    /// What a link would acknowledge: the token's SHA-256 in hexadecimal. Changes nothing.
    ///
    /// # Errors
    /// It opens nothing.
    pub fn look(&self, token_hash: &str) -> Result<Vec<&Open>, TokenError> {
        let token = self.tokens.get(token_hash).filter(|token| token.phone.is_empty()).ok_or(TokenError::Unknown)?;
        self.opened(token)
    }

    fn opened(&self, token: &Token) -> Result<Vec<&Open>, TokenError> {
        let opens: Vec<&Open> = self.opens.values().filter(|open| open.is_firing() && token.opens(open)).collect();
        if opens.is_empty() { Err(TokenError::Unknown) } else { Ok(opens) }
    }

    /// Acknowledges by a link; how many incidents.
    ///
    /// # Errors
    /// It opens nothing.
    pub fn redeem(&mut self, token_hash: &str, now_ns: u64) -> Result<usize, TokenError> {
        let token =
            self.tokens.get(token_hash).filter(|token| token.phone.is_empty()).cloned().ok_or(TokenError::Unknown)?;
        self.spend(&token, now_ns)
    }

    /// Acknowledges by a code out of a short message's `text`, from `number`, as channel `channel` vouches; how many.
    ///
    /// # Errors
    /// The number is no receiver's, the channel's answers are not read, or the code is wrong.
    pub fn redeem_code(
        &mut self,
        channel: &str,
        number: &str,
        text: &str,
        settings: &Settings,
        now_ns: u64,
    ) -> Result<usize, TokenError> {
        let is_read =
            settings.channel(channel).is_some_and(|channel| channel.kind == ChannelKind::Sms && channel.is_answered);
        let of = |token: &Token| token.phone == number && token.channel == channel;
        if !is_read || number.is_empty() || !self.tokens.values().any(of) {
            return Err(TokenError::Sender);
        }
        if self.tokens.values().any(|token| of(token) && token.tries >= TRIES_MAX) {
            return Err(TokenError::Void);
        }
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == CODE_CHARS).take(4);
        let receivers: Vec<String> =
            self.tokens.values().filter(|token| of(token)).map(|token| token.receiver.clone()).collect();
        for word in words.map(str::to_ascii_uppercase) {
            for receiver in &receivers {
                let token = self.tokens.get(&code_hash(receiver, &word)).filter(|token| of(token)).cloned();
                if let Some(token) = token {
                    return self.spend(&token, now_ns);
                }
            }
        }
        for (hash, token) in self.tokens.iter_mut().filter(|(_, token)| of(token)) {
            token.tries += 1;
            self.dirty.tokens.insert(hash.clone());
        }
        Err(TokenError::Unknown)
    }

    fn spend(&mut self, token: &Token, now_ns: u64) -> Result<usize, TokenError> {
        let ids: Vec<String> = self.opened(token)?.into_iter().map(|open| open.incident.id.clone()).collect();
        ids.iter().for_each(|id| drop(self.acknowledge(id, &token.receiver, "", now_ns)));
        Ok(ids.len())
    }

    /// Forgets tokens of which everything is over.
    pub(super) fn prune_tokens(&mut self, now_ns: u64) {
        const EVERY_NS: u64 = 60 * 1_000_000_000;
        if self.tokens.is_empty() || now_ns / EVERY_NS == self.pruned_minute {
            return;
        }
        self.pruned_minute = now_ns / EVERY_NS;
        let is_over = |token: &Token| !self.opens.values().any(|open| open.is_firing() && token.opens(open));
        let over: Vec<String> =
            self.tokens.iter().filter(|(_, token)| is_over(token)).map(|(hash, _)| hash.clone()).collect();
        for hash in over {
            self.tokens.remove(&hash);
            self.dirty.tokens.insert(hash);
        }
    }
}

fn code_hash(receiver: &str, code: &str) -> String {
    hash(&format!("{receiver}\n{code}"))
}
