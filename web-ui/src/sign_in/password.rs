//! Passwords: which are taken, how they are kept (argon2id), and how many are computed at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::random;

/// Characters of a password. No rules of composition: length is what helps.
pub const CHARS_MIN: usize = 8;
/// As many as anybody types or a manager makes.
pub const CHARS_MAX: usize = 128;

/// Memory of one hash, KiB (OWASP ASVS 5.0, appendix C: 46 MiB with one pass).
const MEMORY_KIB: u32 = 46 * 1024;

/// Hashes at a time: 92 MiB, and at most two cores for 30 to 60 ms each.
const AT_ONCE: usize = 2;

/// Of these, so many may be for callers that nobody knows; the rest is kept for known devices and signed-in users.
const STRANGERS_AT_ONCE: usize = 1;

/// Strangers that wait; each takes some 50 ms, so the last waits for less than [`PATIENCE`].
const STRANGERS_WAITING_MAX: usize = 32;

/// How long a caller waits for its turn.
const PATIENCE: Duration = Duration::from_secs(4);

/// The passwords that are tried first, lower case, one a line.
const COMMON: &str = include_str!("common.txt");

/// Why a new password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Fewer than [`CHARS_MIN`] characters.
    Short,
    /// More than [`CHARS_MAX`].
    Long,
    /// Everybody's, the user's own name, or one character again and again.
    Common,
}

/// Whether a new password of `user` is taken.
///
/// # Errors
/// Why not.
pub fn check(password: &str, user: &str) -> Result<(), Weak> {
    let chars = password.chars().count();
    if chars < CHARS_MIN {
        return Err(Weak::Short);
    }
    if chars > CHARS_MAX {
        return Err(Weak::Long);
    }
    let lower = password.to_lowercase();
    // "password1" and "anna2024!" are as common as what they begin with.
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    let is_one = lower.chars().all(|c| lower.starts_with(c));
    let is_listed = COMMON.lines().any(|line| !line.is_empty() && (line == lower || line == stem));
    let is_name = stem == user.to_lowercase() || stem == "floodmark";
    if is_one || is_listed || is_name { Err(Weak::Common) } else { Ok(()) }
}

/// Too many wait for a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Computes hashes, a few at a time.
pub struct Passwords {
    all: Arc<Semaphore>,
    strangers: Semaphore,
    waiting: AtomicUsize,
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords {
            all: Arc::new(Semaphore::new(AT_ONCE)),
            strangers: Semaphore::new(STRANGERS_AT_ONCE),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl Passwords {
    /// Whether `password` is the one of `kept`. Without one, as long is computed all the same, so that the time tells
    /// nobody which names exist.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, password: String, kept: Option<String>, is_known: bool) -> Result<bool, Busy> {
        let work = move || match kept {
            Some(kept) => is_right(&password, &kept),
            None => {
                static NOBODY: OnceLock<String> = OnceLock::new();
                let _ = is_right(&password, NOBODY.get_or_init(|| hash(&random::token())));
                false
            }
        };
        self.turn(is_known, work).await
    }

    /// What is kept of a new password; only for users who are known.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        self.turn(true, move || hash(&password)).await
    }

    async fn turn<T: Send + 'static>(
        &self,
        is_known: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let waits = async {
            let stranger = if is_known { None } else { Some(self.strangers.acquire().await.map_err(|_| Busy)?) };
            let place = Arc::clone(&self.all).acquire_owned().await.map_err(|_| Busy)?;
            Ok((stranger, place))
        };
        let counted = Counted::new(&self.waiting, is_known)?;
        let (_stranger, place) = tokio::time::timeout(PATIENCE, waits).await.map_err(|_| Busy)??;
        drop(counted);
        // The place goes along: a caller who leaves does not make room for a third hash.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|_| Busy)
    }
}

/// A stranger in the queue.
struct Counted<'a>(Option<&'a AtomicUsize>);

impl<'a> Counted<'a> {
    fn new(waiting: &'a AtomicUsize, is_known: bool) -> Result<Counted<'a>, Busy> {
        if is_known {
            return Ok(Counted(None));
        }
        let counted = Counted(Some(waiting));
        if waiting.fetch_add(1, Ordering::Relaxed) >= STRANGERS_WAITING_MAX { Err(Busy) } else { Ok(counted) }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.0 {
            waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, 1, 1, None).expect("the numbers are in the algorithm's range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> String {
    let made = argon2().hash_password_with_salt(password.as_bytes(), &random::bytes::<16>());
    made.expect("a salt of 16 bytes is in the algorithm's range").to_string()
}

fn is_right(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| argon2().verify_password(password.as_bytes(), &kept).is_ok())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Busy, Passwords, STRANGERS_WAITING_MAX, Weak, check};

    #[test]
    fn length_counts_and_everybodys_passwords_are_refused() {
        let is = |password: &str, expect: Result<(), Weak>| assert_eq!(check(password, "anna"), expect, "{password:?}");
        is("correct horse battery", Ok(()));
        is("пароль из слов", Ok(()));
        is("1234567", Err(Weak::Short));
        is("ééééééé", Err(Weak::Short));
        is(&"ab".repeat(65), Err(Weak::Long));
        is("password", Err(Weak::Common));
        is("Password123!", Err(Weak::Common));
        is("12345678", Err(Weak::Common));
        is("йцукенгш", Err(Weak::Common));
        is("zzzzzzzzzz", Err(Weak::Common));
        is("anna2024!", Err(Weak::Common));
        is("Floodmark1", Err(Weak::Common));
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_and_only_its_password_fits() {
        let passwords = Passwords::default();
        let kept = passwords.hash("correct horse".to_owned()).await.expect("a turn");
        assert!(kept.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{kept}");
        let verify = |password: &str, kept: Option<String>| passwords.verify(password.to_owned(), kept, true);
        assert_eq!(verify("correct horse", Some(kept.clone())).await, Ok(true));
        assert_eq!(verify("correct hors", Some(kept)).await, Ok(false));
        assert_eq!(verify("correct horse", Some("nonsense".to_owned())).await, Ok(false));
        assert_eq!(verify("correct horse", None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_flood_of_strangers_is_bounded_and_leaves_a_place_for_known_devices() {
        let passwords = Arc::new(Passwords::default());
        // Somebody's hash takes all that strangers may have, and their queue fills.
        let held = passwords.strangers.acquire().await.expect("never closed");
        let strangers: Vec<_> = (0..200)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.verify("x".to_owned(), None, false).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(passwords.verify("x".to_owned(), None, true).await, Ok(false), "a known device has its turn");
        drop(held);
        let mut served = 0;
        for stranger in strangers {
            served += usize::from(stranger.await.expect("no panic") != Err(Busy));
        }
        assert!((1..=STRANGERS_WAITING_MAX).contains(&served), "{served}");
    }
}
