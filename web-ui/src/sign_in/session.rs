//! Sessions: all of them in memory, so that a request asks no disk and a full one signs nobody out; each also a row, so
//! that a restart signs nobody out. Cookies hold a random token, of which only the hash is kept. Time is an argument.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Row, params};

use crate::config::Config;
use crate::guard::{Caller, Standing, Visitor};
use crate::state::{State, StateError};
use crate::words::Language;

/// Sessions of one user; another one ends the one that was used least recently.
pub const OF_USER_MAX: usize = 32;

/// For so long after a password was given, dangerous things need no other.
pub const FRESH_NS: u64 = 15 * 60 * 1_000_000_000;

/// When a session was used is written this often.
const WRITTEN_EVERY_NS: u64 = 60 * 1_000_000_000;

/// One session. Its token is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its public number.
    pub number: u64,
    /// Whose.
    pub user: String,
    /// What that user may do.
    pub standing: Standing,
    /// What that user reads.
    pub language: Language,
    /// Since when, ns since the epoch.
    pub created_ns: u64,
    /// When it was used last.
    pub seen_ns: u64,
    /// When the password was given last.
    pub fresh_ns: u64,
    /// Where it was begun.
    pub address: String,
    /// The browser that began it.
    pub agent: String,
}

/// A session that was begun now, and the token for its cookie.
#[derive(Clone, Debug)]
pub struct Opened {
    /// It.
    pub session: Session,
    /// Only the cookie has it.
    pub token: String,
}

/// All open sessions.
pub struct Sessions {
    state: State,
    idle_ns: u64,
    lifetime_ns: u64,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    by_hash: HashMap<[u8; 32], Kept>,
    numbers: HashMap<u64, [u8; 32]>,
}

struct Kept {
    session: Session,
    written_ns: u64,
}

impl Open {
    fn remove(&mut self, number: u64) {
        if let Some(hash) = self.numbers.remove(&number) {
            self.by_hash.remove(&hash);
        }
    }

    fn get(&mut self, number: u64) -> Option<&mut Session> {
        let hash = self.numbers.get(&number)?;
        self.by_hash.get_mut(hash).map(|kept| &mut kept.session)
    }
}

impl Sessions {
    /// Reads those that are open.
    ///
    /// # Errors
    /// The state does not answer.
    pub fn load(state: &State, config: &Config) -> Result<Sessions, StateError> {
        let rows = state.wait(|db| {
            let mut statement = db.prepare(
                "SELECT s.token_hash, s.number, s.user, u.standing, u.language, s.created_ns, s.seen_ns, s.fresh_ns,
                        s.address, s.agent
                 FROM sessions s JOIN users u ON u.name = s.user",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, [u8; 32]>(0)?, read(row)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let nanos = |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let sessions = Sessions {
            state: state.clone(),
            idle_ns: nanos(config.session_idle),
            lifetime_ns: nanos(config.session_lifetime),
            open: Mutex::default(),
        };
        rows.into_iter().for_each(|(hash, session)| sessions.add(hash, session));
        Ok(sessions)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Every change is an insertion or a removal in both maps; a panic between them is none of ours to cause.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one that is in the database already. Beyond [`OF_USER_MAX`] the user's oldest ends.
    pub(super) fn add(&self, hash: [u8; 32], session: Session) {
        let mut open = self.lock();
        let of_user = open.by_hash.values().filter(|kept| kept.session.user == session.user);
        let oldest = of_user.clone().min_by_key(|kept| kept.session.seen_ns).map(|kept| kept.session.number);
        let surplus = oldest.filter(|_| of_user.count() >= OF_USER_MAX);
        if let Some(number) = surplus {
            open.remove(number);
            self.forget(vec![number]);
        }
        open.numbers.insert(session.number, hash);
        open.by_hash.insert(hash, Kept { written_ns: session.seen_ns, session });
    }

    /// A link was redeemed: the user's older sessions are over, and this one is open.
    pub(crate) fn enrolled(&self, hash: [u8; 32], session: &Session) {
        self.drop_from_memory(&session.user, |number| number != session.number);
        self.add(hash, session.clone());
    }

    /// Who comes with a token of this hash. Asks no disk.
    pub(super) fn find(&self, hash: &[u8; 32], now_ns: u64) -> Option<Visitor> {
        let mut open = self.lock();
        let kept = open.by_hash.get_mut(hash)?;
        let session = &mut kept.session;
        if self.is_over(session, now_ns) {
            let number = session.number;
            open.remove(number);
            self.forget(vec![number]);
            return None;
        }
        session.seen_ns = session.seen_ns.max(now_ns);
        if now_ns.saturating_sub(kept.written_ns) > WRITTEN_EVERY_NS {
            kept.written_ns = now_ns;
            let (number, seen) = (stored(session.number), stored(now_ns));
            // A lost one makes the session a minute older after a restart.
            let _ = self.state.tell(move |db| {
                let _ = db.execute("UPDATE sessions SET seen_ns = ?2 WHERE number = ?1", [number, seen]);
            });
        }
        let Session { user, standing, number, language, .. } = session;
        Some(Visitor { user: user.clone(), standing: *standing, session: *number, language: *language })
    }

    fn is_over(&self, session: &Session, now_ns: u64) -> bool {
        now_ns >= session.seen_ns.saturating_add(self.idle_ns)
            || now_ns >= session.created_ns.saturating_add(self.lifetime_ns)
    }

    /// Whether the session with this number is open: for streams, which ask every few seconds.
    pub fn is_open(&self, session: u64) -> bool {
        self.lock().numbers.contains_key(&session)
    }

    /// Whether its user has given the password in the last 15 minutes.
    pub fn is_fresh(&self, session: u64, now_ns: u64) -> bool {
        self.lock().get(session).is_some_and(|session| now_ns < session.fresh_ns.saturating_add(FRESH_NS))
    }

    /// Its user has given the password again.
    pub(super) fn freshen(&self, session: u64, now_ns: u64) {
        if let Some(session) = self.lock().get(session) {
            session.fresh_ns = now_ns;
        }
    }

    /// Those of a user, the one used last first.
    pub fn of(&self, user: &str) -> Vec<Session> {
        let open = self.lock();
        let of_user = open.by_hash.values().filter(|kept| kept.session.user == user);
        let mut sessions: Vec<Session> = of_user.map(|kept| kept.session.clone()).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.seen_ns, session.number)));
        sessions
    }

    /// How many each user has, for the table of users.
    pub fn counts(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        self.lock().by_hash.values().for_each(|kept| *counts.entry(kept.session.user.clone()).or_default() += 1);
        counts
    }

    /// Ends those sessions of `user` that `which` picks; gives how many. They are over at once, whatever the disk says.
    ///
    /// # Errors
    /// The rows stay, so that a restart of web would open the sessions again.
    pub async fn close(&self, user: &str, which: impl Fn(u64) -> bool) -> Result<usize, StateError> {
        let numbers = self.drop_from_memory(user, which);
        let count = numbers.len();
        if count > 0 {
            self.state.call(move |db| delete(db, &numbers)).await?;
        }
        Ok(count)
    }

    /// As [`Sessions::close`], for all of a user whose rows are gone already.
    pub(super) fn drop_from_memory(&self, user: &str, which: impl Fn(u64) -> bool) -> Vec<u64> {
        let mut open = self.lock();
        let of_user = open.by_hash.values().filter(|kept| kept.session.user == user).map(|kept| kept.session.number);
        let numbers: Vec<u64> = of_user.filter(|&number| which(number)).collect();
        numbers.iter().for_each(|&number| open.remove(number));
        numbers
    }

    /// What a user may do is something else now; it holds from the next request on.
    pub fn promote(&self, user: &str, standing: Standing) {
        self.change(user, |session| session.standing = standing);
    }

    /// A user reads another language now.
    pub fn speak(&self, user: &str, language: Language) {
        self.change(user, |session| session.language = language);
    }

    fn change(&self, user: &str, change: impl Fn(&mut Session)) {
        let mut open = self.lock();
        open.by_hash.values_mut().filter(|kept| kept.session.user == user).for_each(|kept| change(&mut kept.session));
    }

    /// Ends those whose time is over; gives how many.
    pub(super) fn sweep(&self, now_ns: u64) -> usize {
        let mut open = self.lock();
        let over = open.by_hash.values().filter(|kept| self.is_over(&kept.session, now_ns));
        let numbers: Vec<u64> = over.map(|kept| kept.session.number).collect();
        numbers.iter().for_each(|&number| open.remove(number));
        let count = numbers.len();
        self.forget(numbers);
        count
    }

    /// Deletes rows some time soon; those that stay are found to be over after a restart.
    fn forget(&self, numbers: Vec<u64>) {
        if !numbers.is_empty() {
            let _ = self.state.tell(move |db| {
                let _ = delete(db, &numbers);
            });
        }
    }
}

/// A number or a time as SQLite keeps it.
pub(super) fn stored(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    let number = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
    Ok(Session {
        number: number(1)?,
        user: row.get(2)?,
        standing: super::user::standing_of(&row.get::<_, String>(3)?),
        language: super::user::language_of(&row.get::<_, String>(4)?),
        created_ns: number(5)?,
        seen_ns: number(6)?,
        fresh_ns: number(7)?,
        address: row.get(8)?,
        agent: row.get(9)?,
    })
}

fn delete(db: &mut Connection, numbers: &[u64]) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    for &number in numbers {
        transaction.execute("DELETE FROM sessions WHERE number = ?1", [stored(number)])?;
    }
    transaction.commit()
}

/// Writes a new session of `user` in the caller's transaction.
pub(super) fn insert(
    db: &Connection,
    (user, standing, language): (&str, Standing, Language),
    hash: &[u8; 32],
    caller: &Caller,
    now_ns: u64,
) -> rusqlite::Result<Session> {
    let now = stored(now_ns);
    let address = caller.address.to_string();
    db.execute(
        "INSERT INTO sessions (token_hash, user, created_ns, seen_ns, fresh_ns, address, agent)
         VALUES (?1, ?2, ?3, ?3, ?3, ?4, ?5)",
        params![&hash[..], user, now, address, caller.agent],
    )?;
    let number = db.last_insert_rowid().unsigned_abs();
    db.execute("UPDATE users SET seen_ns = ?2 WHERE name = ?1", params![user, now])?;
    Ok(Session {
        number,
        user: user.to_owned(),
        standing,
        language,
        created_ns: now_ns,
        seen_ns: now_ns,
        fresh_ns: now_ns,
        address,
        agent: caller.agent.clone(),
    })
}
