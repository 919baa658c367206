//! labels: what operators call addresses: "shop of Ivanov", kept in the page's state, the most specific prefix counts.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;
use rusqlite::Connection;

use crate::state::{State, StateError};

/// Labels at most: a data centre has fewer customers, and all are held in memory (a megabyte).
pub const LABELS_MAX: u32 = 10_000;

/// Longest label, characters: longer ones do not fit beside an address.
pub const LABEL_CHARS_MAX: usize = 60;

/// The table, in the page's state.
pub const MIGRATIONS: &[(&str, &str)] = &[(
    "labels-1",
    "CREATE TABLE labels (prefix TEXT PRIMARY KEY, label TEXT NOT NULL, user TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
)];

/// A label, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// An address or a prefix, as people write it.
    pub prefix: String,
    /// What it is called.
    pub label: String,
    /// Who called it so.
    pub user: String,
    /// When, UNIX seconds.
    pub at: u32,
}

/// Labels by length and network, all as IPv6.
#[derive(Debug, Default)]
struct Book {
    lengths: BTreeSet<u8>,
    names: HashMap<(u8, u128), Arc<str>>,
    list: Vec<Label>,
}

/// The labels. Cheap to ask.
#[derive(Default)]
pub struct Labels {
    book: RwLock<Option<Arc<Book>>>,
}

/// A label cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// No address and no prefix.
    #[error("`{0}` is not an address or a prefix")]
    Prefix(String),
    /// Too long.
    #[error("a label has at most {LABEL_CHARS_MAX} characters")]
    Long,
    /// Too many.
    #[error("there are {LABELS_MAX} labels already: remove some")]
    Full,
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Labels {
    /// Reads the labels, if that was not done yet; a state that does not answer is asked again the next time.
    pub async fn load(&self, state: &State) {
        if self.book().is_none() {
            match state.call(read).await {
                Ok(list) => self.keep(list),
                Err(error) => tracing::warn!(%error, "the labels of addresses cannot be read"),
            }
        }
    }

    /// What an address is called.
    pub fn name_of(&self, address: IpAddr) -> Option<Arc<str>> {
        let book = self.book()?;
        let bits = wide(address).to_bits();
        let name = |&length: &u8| book.names.get(&(length, network(bits, length)));
        book.lengths.iter().rev().find_map(name).cloned()
    }

    /// All, by prefix.
    pub fn list(&self) -> Vec<Label> {
        self.book().map(|book| book.list.clone()).unwrap_or_default()
    }

    /// Calls a prefix so; an empty label takes the label away.
    ///
    /// # Errors
    /// The prefix or the label makes no sense, there are too many, or the state does not answer.
    pub async fn set(&self, state: &State, prefix: &str, label: &str, user: &str, at: u32) -> Result<(), LabelError> {
        let net = parse(prefix).ok_or_else(|| LabelError::Prefix(prefix.to_owned()))?;
        if label.chars().count() > LABEL_CHARS_MAX {
            return Err(LabelError::Long);
        }
        let (prefix, label, user) = (written(net), clean(label), user.to_owned());
        let list = state.call(move |db| write(db, &prefix, &label, &user, at)).await?;
        self.keep(list.ok_or(LabelError::Full)?);
        Ok(())
    }

    fn book(&self) -> Option<Arc<Book>> {
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, list: Vec<Label>) {
        let mut book = Book::default();
        for label in &list {
            let Some(net) = parse(&label.prefix) else { continue };
            let offset = if net.addr().is_ipv4() { 96 } else { 0 };
            let length = net.prefix_len() + offset;
            book.lengths.insert(length);
            book.names.insert((length, network(wide(net.addr()).to_bits(), length)), Arc::from(label.label.as_str()));
        }
        book.list = list;
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(book));
    }
}

/// An address or a prefix.
fn parse(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).map(|net| net.trunc())
}

/// As people write it: one address without its length.
fn written(net: IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

/// Without line breaks and other controls.
fn clean(label: &str) -> String {
    label.trim().chars().filter(|c| !c.is_control()).collect()
}

fn wide(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn network(bits: u128, length: u8) -> u128 {
    bits & !u128::MAX.checked_shr(length.into()).unwrap_or(0)
}

fn read(db: &mut Connection) -> rusqlite::Result<Vec<Label>> {
    let mut statement = db.prepare("SELECT prefix, label, user, at FROM labels ORDER BY prefix LIMIT ?1")?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Label { prefix: row.get(0)?, label: row.get(1)?, user: row.get(2)?, at: row.get(3)? })
    };
    statement.query_map([LABELS_MAX], row)?.collect()
}

/// `None` = there are too many.
fn write(db: &mut Connection, prefix: &str, label: &str, user: &str, at: u32) -> rusqlite::Result<Option<Vec<Label>>> {
    let transaction = db.transaction()?;
    if label.is_empty() {
        transaction.execute("DELETE FROM labels WHERE prefix = ?1", [prefix])?;
    } else {
        let count: u32 =
            transaction.query_row("SELECT COUNT(*) FROM labels WHERE prefix <> ?1", [prefix], |row| row.get(0))?;
        if count >= LABELS_MAX {
            return Ok(None);
        }
        transaction.execute(
            "INSERT OR REPLACE INTO labels (prefix, label, user, at) VALUES (?1, ?2, ?3, ?4)",
            rusqlite::params![prefix, label, user, at],
        )?;
    }
    transaction.commit()?;
    read(db).map(Some)
}

#[cfg(test)]
mod tests {
    use super::{LabelError, Labels};
    use crate::state::State;

    #[tokio::test]
    async fn the_most_specific_prefix_counts_and_outlives_a_restart() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let state = State::open(dir.path()).expect("a scratch folder");
        let labels = Labels::default();
        labels.load(&state).await;
        for (prefix, label) in [
            ("192.0.2.0/24", "rack 7"),
            (" 192.0.2.7 ", "shop"),
            ("0.0.0.0/0", "the world"),
            ("2001:db8::1/32", "six\n\u{7}teen"),
            ("192.0.2.9/32", "gone"),
            ("192.0.2.9", ""),
        ] {
            labels.set(&state, prefix, label, "anna", 5).await.expect("a label");
        }
        let again = Labels::default();
        again.load(&state).await;
        for labels in [&labels, &again] {
            let name = |address: &str| labels.name_of(address.parse().expect("an address"));
            assert_eq!(name("192.0.2.7").as_deref(), Some("shop"));
            assert_eq!(name("192.0.2.9").as_deref(), Some("rack 7"));
            assert_eq!(name("198.51.100.1").as_deref(), Some("the world"));
            assert_eq!(name("2001:db8:ffff::1").as_deref(), Some("sixteen"));
            assert_eq!(name("2001:db9::1"), None, "the world of IPv4 is not that of IPv6");
            assert_eq!(labels.list().len(), 4);
        }
        for wrong in ["", "host", "1.2.3.4/33", "::/129", "<b>"] {
            assert!(matches!(labels.set(&state, wrong, "x", "anna", 5).await, Err(LabelError::Prefix(_))), "{wrong}");
        }
        let long = "ж".repeat(61);
        assert!(matches!(labels.set(&state, "::1", &long, "anna", 5).await, Err(LabelError::Long)));
    }
}
