//! Users: their rows, and the single-use links by which they set a password. Functions over the database, without a
//! clock.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::session::{self, Session, stored};
use super::totp::SECRET_BYTES;
use crate::guard::{Caller, Standing};
use crate::words::Language;

/// Users, at most: a team, and not a table that fills a disk.
pub const USERS_MAX: i64 = 200;

/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 64;

/// How long a link holds, s.
pub const LINK_S: u64 = 600;

/// A change that an administrator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new user, with a link. Without a standing the first one is an admin, others are viewers.
    Add(Option<Standing>, Link),
    /// A new link, for a password that was forgotten.
    Link(Link),
    /// Another standing.
    Standing(Standing),
    /// No such user any more.
    Remove,
}

/// A link, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Until then, ns since the epoch.
    pub expires_ns: u64,
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The name has other characters.
    #[error(
        "a name has 1 to {NAME_CHARS_MAX} letters a-z, digits, `.`, `_`, `-`, `@`, and begins with a letter or digit"
    )]
    Name,
    /// There is one.
    #[error("there is a user of that name; `floodmark user passwd` makes another link")]
    Exists,
    /// There is none.
    #[error("there is no user of that name; `floodmark user list` shows all")]
    Unknown,
    /// Nobody could manage users any more.
    #[error("this is the last admin; make another one first")]
    LastAdmin,
    /// Too many.
    #[error("there are {USERS_MAX} users, more are not kept; remove one first")]
    Many,
}

impl Fault {
    /// As the page says it.
    pub fn told(self, language: Language) -> String {
        match (language, self) {
            (Language::En, fault) => fault.to_string(),
            (Language::Ru, Fault::Name) => {
                format!(
                    "Имя — от 1 до {NAME_CHARS_MAX} латинских букв, цифр и знаков . _ - @, первой идёт буква или цифра."
                )
            }
            (Language::Ru, Fault::Exists) => "Пользователь с таким именем уже есть.".to_owned(),
            (Language::Ru, Fault::Unknown) => "Такого пользователя нет.".to_owned(),
            (Language::Ru, Fault::LastAdmin) => "Это последний администратор; сначала назначьте другого.".to_owned(),
            (Language::Ru, Fault::Many) => {
                format!("Больше {USERS_MAX} пользователей не бывает; сначала удалите кого-нибудь.")
            }
        }
    }
}

/// A user for the table of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name, lower case.
    pub name: String,
    /// What the user may do.
    pub standing: Standing,
    /// False = the first link has not been used yet.
    pub has_password: bool,
    /// A second factor is asked for.
    pub has_totp: bool,
    /// When the user signed in last, ns since the epoch; 0 = never.
    pub seen_ns: u64,
    /// Since when.
    pub created_ns: u64,
}

/// What a sign-in is compared with.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Name, lower case.
    pub name: String,
    /// What the user may do.
    pub standing: Standing,
    /// What the user reads.
    pub language: Language,
    /// Hash of the password; `None` = not set yet.
    pub password: Option<String>,
    /// Secret of the second factor.
    pub totp: Option<[u8; SECRET_BYTES]>,
}

/// A name as it is kept; `None` = not one.
pub fn name_of(text: &str) -> Option<String> {
    let fits = (1..=NAME_CHARS_MAX).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte));
    (fits && is_plain).then(|| text.to_ascii_lowercase())
}

pub(super) fn standing_of(text: &str) -> Standing {
    // What is not known has the least.
    Standing::ALL.into_iter().find(|standing| standing.name() == text).unwrap_or(Standing::Viewer)
}

pub(super) fn language_of(text: &str) -> Language {
    if text == Language::Ru.name() { Language::Ru } else { Language::En }
}

/// Makes a change; gives what the user may do from now on.
///
/// # Errors
/// The statements; within, why it is not made.
pub fn change(
    db: &mut Connection,
    name: &str,
    change: &Change,
    now_ns: u64,
) -> rusqlite::Result<Result<Standing, Fault>> {
    let Some(name) = name_of(name) else { return Ok(Err(Fault::Name)) };
    let db = db.transaction()?;
    let found = db.query_row("SELECT standing FROM users WHERE name = ?1", [&name], |row| row.get::<_, String>(0));
    let found = found.optional()?.map(|standing| standing_of(&standing));
    let done = match (change, found) {
        (Change::Add(..), Some(_)) => Err(Fault::Exists),
        (Change::Add(standing, link), None) => add(&db, &name, *standing, link, now_ns)?,
        (_, None) => Err(Fault::Unknown),
        (Change::Link(link), Some(standing)) => {
            put_link(&db, &name, link)?;
            Ok(standing)
        }
        (Change::Standing(standing), Some(Standing::Admin)) if *standing < Standing::Admin && is_last(&db)? => {
            Err(Fault::LastAdmin)
        }
        (Change::Standing(standing), Some(_)) => {
            db.execute("UPDATE users SET standing = ?2 WHERE name = ?1", params![name, standing.name()])?;
            Ok(*standing)
        }
        (Change::Remove, Some(Standing::Admin)) if is_last(&db)? => Err(Fault::LastAdmin),
        (Change::Remove, Some(standing)) => {
            db.execute("DELETE FROM users WHERE name = ?1", [&name])?;
            Ok(standing)
        }
    };
    db.commit()?;
    Ok(done)
}

fn add(
    db: &Transaction<'_>,
    name: &str,
    standing: Option<Standing>,
    link: &Link,
    now_ns: u64,
) -> rusqlite::Result<Result<Standing, Fault>> {
    let count: i64 = db.query_row("SELECT COUNT(*) FROM users", [], |row| row.get(0))?;
    if count >= USERS_MAX {
        return Ok(Err(Fault::Many));
    }
    let standing = standing.unwrap_or(if count == 0 { Standing::Admin } else { Standing::Viewer });
    db.execute(
        "INSERT INTO users (name, standing, language, created_ns) VALUES (?1, ?2, 'en', ?3)",
        params![name, standing.name(), stored(now_ns)],
    )?;
    put_link(db, name, link)?;
    Ok(Ok(standing))
}

/// The newest link is the only one.
fn put_link(db: &Transaction<'_>, name: &str, link: &Link) -> rusqlite::Result<()> {
    db.execute("DELETE FROM links WHERE user = ?1", [name])?;
    db.execute(
        "INSERT INTO links (token_hash, user, expires_ns) VALUES (?1, ?2, ?3)",
        params![&link.token_hash[..], name, stored(link.expires_ns)],
    )?;
    Ok(())
}

fn is_last(db: &Transaction<'_>) -> rusqlite::Result<bool> {
    let admins: i64 = db.query_row("SELECT COUNT(*) FROM users WHERE standing = 'admin'", [], |row| row.get(0))?;
    Ok(admins <= 1)
}

/// All users by name.
///
/// # Errors
/// The statement.
pub fn list(db: &Connection) -> rusqlite::Result<Vec<User>> {
    let mut statement = db.prepare(
        "SELECT name, standing, password IS NOT NULL, totp_secret IS NOT NULL, seen_ns, created_ns
         FROM users ORDER BY name LIMIT ?1",
    )?;
    let rows = statement.query_map([USERS_MAX], |row| {
        Ok(User {
            name: row.get(0)?,
            standing: standing_of(&row.get::<_, String>(1)?),
            has_password: row.get(2)?,
            has_totp: row.get(3)?,
            seen_ns: row.get::<_, i64>(4)?.unsigned_abs(),
            created_ns: row.get::<_, i64>(5)?.unsigned_abs(),
        })
    })?;
    rows.collect()
}

/// What is kept of a user.
///
/// # Errors
/// The statement.
pub fn find(db: &Connection, name: &str) -> rusqlite::Result<Option<Kept>> {
    let text = "SELECT name, standing, language, password, totp_secret FROM users WHERE name = ?1";
    let row = db.prepare(text)?.query_row([name], |row| {
        Ok(Kept {
            name: row.get(0)?,
            standing: standing_of(&row.get::<_, String>(1)?),
            language: language_of(&row.get::<_, String>(2)?),
            password: row.get(3)?,
            totp: row.get(4)?,
        })
    });
    row.optional()
}

/// Whose link it is, if it holds.
///
/// # Errors
/// The statement.
pub fn look(db: &Connection, token_hash: &[u8; 32], now_ns: u64) -> rusqlite::Result<Option<String>> {
    let text = "SELECT user FROM links WHERE token_hash = ?1 AND expires_ns > ?2";
    db.query_row(text, params![&token_hash[..], stored(now_ns)], |row| row.get(0)).optional()
}

/// What a link is redeemed for.
pub struct Redeem {
    /// SHA-256 of its token.
    pub link: [u8; 32],
    /// Hash of the new password.
    pub password: String,
    /// The second factor, and the step of the code that proved it.
    pub totp: Option<([u8; SECRET_BYTES], u64)>,
    /// What the browser prefers.
    pub language: Language,
    /// SHA-256 of the new session's token.
    pub session: [u8; 32],
    /// Who comes.
    pub caller: Caller,
}

/// Redeems a link: the password is set, older sessions end, a new one begins. `None` = the link does not hold.
///
/// # Errors
/// The statements.
pub fn redeem(db: &mut Connection, redeem: &Redeem, now_ns: u64) -> rusqlite::Result<Option<Session>> {
    let db = db.transaction()?;
    let Some(user) = look(&db, &redeem.link, now_ns)? else { return Ok(None) };
    db.execute("DELETE FROM links WHERE user = ?1", [&user])?;
    db.execute("DELETE FROM sessions WHERE user = ?1", [&user])?;
    let (secret, step) = redeem.totp.map_or((None, 0), |(secret, step)| (Some(secret.to_vec()), step));
    db.execute(
        "UPDATE users SET password = ?2, totp_secret = ?3, totp_step = ?4, language = ?5 WHERE name = ?1",
        params![user, redeem.password, secret, stored(step), redeem.language.name()],
    )?;
    let standing =
        db.query_row("SELECT standing FROM users WHERE name = ?1", [&user], |row| row.get::<_, String>(0))?;
    let whose = (user.as_str(), standing_of(&standing), redeem.language);
    let session = session::insert(&db, whose, &redeem.session, &redeem.caller, now_ns)?;
    db.commit()?;
    Ok(Some(session))
}

/// Uses the step of a code; false = it was used before.
///
/// # Errors
/// The statement.
pub fn use_step(db: &Connection, name: &str, step: u64) -> rusqlite::Result<bool> {
    let text = "UPDATE users SET totp_step = ?2 WHERE name = ?1 AND totp_step < ?2";
    Ok(db.execute(text, params![name, stored(step)])? == 1)
}

/// Sets a password's hash.
///
/// # Errors
/// The statement.
pub fn set_password(db: &Connection, name: &str, password: &str) -> rusqlite::Result<()> {
    db.execute("UPDATE users SET password = ?2 WHERE name = ?1", [name, password])?;
    Ok(())
}

/// Sets or takes away the second factor.
///
/// # Errors
/// The statement.
pub fn set_totp(db: &Connection, name: &str, totp: Option<([u8; SECRET_BYTES], u64)>) -> rusqlite::Result<()> {
    let (secret, step) = totp.map_or((None, 0), |(secret, step)| (Some(secret.to_vec()), step));
    db.execute(
        "UPDATE users SET totp_secret = ?2, totp_step = ?3 WHERE name = ?1",
        params![name, secret, stored(step)],
    )?;
    Ok(())
}

/// Sets what a user reads.
///
/// # Errors
/// The statement.
pub fn set_language(db: &Connection, name: &str, language: Language) -> rusqlite::Result<()> {
    db.execute("UPDATE users SET language = ?2 WHERE name = ?1", [name, language.name()])?;
    Ok(())
}
