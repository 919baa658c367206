//! One sign-in: name, password and code against what is kept. Whatever is wrong is answered alike, and takes as long.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use rusqlite::Connection;

use super::cookie::Kind;
use super::session::{self, Opened, stored};
use super::throttle::Try;
use super::{SignIn, totp, user};
use crate::app::App;
use crate::guard::{Caller, Problem, Visitor};
use crate::random;
use crate::state::StateError;

/// What was typed.
#[derive(Clone, Debug)]
pub struct Typed {
    /// Name.
    pub name: String,
    /// Password.
    pub password: String,
    /// Code of the second factor; may be empty.
    pub code: String,
}

/// Why nobody is signed in.
#[derive(Debug)]
pub enum Refused {
    /// Name, password or code is wrong.
    Wrong,
    /// Too many were wrong from there.
    Wait(Duration),
    /// Too many sign in at once.
    Busy,
    /// The page's own file does not answer.
    State(StateError),
}

impl From<StateError> for Refused {
    fn from(error: StateError) -> Refused {
        Refused::State(error)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        match refused {
            Refused::Wrong => Problem::new(
                StatusCode::UNAUTHORIZED,
                "The name, the password or the code is wrong.",
                "Неверное имя, пароль или код.",
            ),
            Refused::Wait(wait) => {
                let seconds = wait.as_secs() + 1;
                Problem::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    format!("Too many wrong tries from there. Try again in {seconds} s; a device that has signed in before need not wait."),
                    format!("Слишком много неверных попыток. Повторите через {seconds} с; устройству, с которого уже входили, ждать не нужно."),
                )
                .retry_after(seconds)
            }
            Refused::Busy => Problem::unavailable(
                "Too many sign in at this moment; try again in some seconds.",
                "Сейчас входит слишком много людей; повторите через несколько секунд.",
            ),
            Refused::State(error) => error.into(),
        }
    }
}

/// Opens a session, if all is right.
///
/// # Errors
/// See [`Refused`]; each is in the log.
pub async fn sign_in(
    app: &App,
    caller: &Caller,
    cookies: &HeaderMap,
    typed: Typed,
    now_ns: u64,
) -> Result<Opened, Refused> {
    let name = user::name_of(&typed.name);
    let device = app.sign_in.device_of(cookies, caller.is_tls, name.as_deref().unwrap_or_default());
    let who = name.clone().unwrap_or_else(|| typed.name.clone());
    let place = Try { user: who.clone(), address: caller.address, device };
    let (token, caller_too) = (random::token(), caller.clone());
    let hash = random::hash(&token);
    let finish = move |db: &mut Connection, kept: &user::Kept, step: Option<u64>| {
        let db = db.transaction()?;
        if let Some(step) = step
            && !user::use_step(&db, &kept.name, step)?
        {
            return Ok(None);
        }
        let whose = (kept.name.as_str(), kept.standing, kept.language);
        let session = session::insert(&db, whose, &hash, &caller_too, now_ns)?;
        db.commit()?;
        Ok(Some(session))
    };
    let result = judge(app, &place, name, typed, now_ns, finish).await;
    let told = result.as_ref().map(|_| ()).map_err(word);
    app.log.write(caller.entry(&who, "sign_in", "", told), now_ns);
    let session = result?;
    app.sessions.add(hash, session.clone());
    Ok(Opened { session, token })
}

/// Takes the password of a user who is signed in once more.
///
/// # Errors
/// As for [`sign_in`].
pub async fn confirm(app: &App, caller: &Caller, visitor: &Visitor, typed: Typed, now_ns: u64) -> Result<(), Refused> {
    // A session is as good as a known device: others' failures do not delay it.
    let device = Some(format!("session {}", visitor.session));
    let place = Try { user: visitor.user.clone(), address: caller.address, device };
    let number = visitor.session;
    let finish = move |db: &mut Connection, kept: &user::Kept, step: Option<u64>| {
        let db = db.transaction()?;
        if let Some(step) = step
            && !user::use_step(&db, &kept.name, step)?
        {
            return Ok(None);
        }
        db.execute("UPDATE sessions SET fresh_ns = ?2 WHERE number = ?1", [stored(number), stored(now_ns)])?;
        db.commit()?;
        Ok(Some(()))
    };
    let result = judge(app, &place, Some(visitor.user.clone()), typed, now_ns, finish).await;
    let told = result.as_ref().copied().map_err(word);
    app.log.write(caller.entry(&visitor.user, "confirm", "", told), now_ns);
    result.map(|()| app.sessions.freshen(number, now_ns))
}

fn word(refused: &Refused) -> &'static str {
    match refused {
        Refused::Wrong => "wrong",
        Refused::Wait(_) => "delayed",
        Refused::Busy => "too many at once",
        Refused::State(_) => "the page's state did not answer",
    }
}

/// Compares what was typed with what is kept; `finish` writes what follows, in the database's thread, and gives nothing
/// if the code was used before.
async fn judge<T: Send + 'static>(
    app: &App,
    place: &Try,
    name: Option<String>,
    typed: Typed,
    now_ns: u64,
    finish: impl FnOnce(&mut Connection, &user::Kept, Option<u64>) -> rusqlite::Result<Option<T>> + Send + 'static,
) -> Result<T, Refused> {
    app.sign_in.begin(place).map_err(Refused::Wait)?;
    let judged = async {
        let kept = match name {
            Some(name) => app.state.call(move |db| user::find(db, &name)).await?,
            None => None,
        };
        let hash = kept.as_ref().and_then(|kept| kept.password.clone());
        let is_known = place.device.is_some();
        let is_right = app.sign_in.passwords.verify(typed.password, hash, is_known).await.map_err(|_| Refused::Busy)?;
        let kept = kept.filter(|_| is_right).ok_or(Refused::Wrong)?;
        let step = match &kept.totp {
            Some(secret) => Some(totp::step(secret, &typed.code, now_ns / 1_000_000_000).ok_or(Refused::Wrong)?),
            None => None,
        };
        app.state.call(move |db| finish(db, &kept, step)).await?.ok_or(Refused::Wrong)
    };
    let result = judged.await;
    app.sign_in.judged(place, &result);
    result
}

impl SignIn {
    /// The session that a request's cookie holds.
    pub(crate) fn session_of(&self, app: &App, (cookies, is_tls): (&HeaderMap, bool), now_ns: u64) -> Option<Visitor> {
        app.sessions.find(&random::hash(self.jar.read(cookies, is_tls, Kind::Session)?), now_ns)
    }

    /// The number of the device in a request's cookie, if `user` has signed in from it before.
    fn device_of(&self, cookies: &HeaderMap, is_tls: bool, user: &str) -> Option<String> {
        self.devices.known(self.jar.read(cookies, is_tls, Kind::Device)?, user).map(str::to_owned)
    }

    fn begin(&self, place: &Try) -> Result<(), Duration> {
        self.throttle().begin(place, tokio::time::Instant::now().into_std())
    }

    fn judged<T>(&self, place: &Try, result: &Result<T, Refused>) {
        match result {
            Ok(_) => self.throttle().right(place),
            Err(Refused::Wrong | Refused::Wait(_)) => {}
            Err(Refused::Busy | Refused::State(_)) => {
                self.throttle().not_judged(place, tokio::time::Instant::now().into_std());
            }
        }
    }

    pub(super) fn throttle(&self) -> std::sync::MutexGuard<'_, super::throttle::Throttle> {
        self.throttle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The cookies of a session that was opened: its own, and the device's if it is new.
    pub fn cookies(&self, opened: &Opened, had: &HeaderMap, is_tls: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(axum::http::header::SET_COOKIE, self.jar.keep(is_tls, Kind::Session, &opened.token));
        if self.device_of(had, is_tls, &opened.session.user).is_none() {
            let device = self.devices.sign(&opened.session.user);
            headers.append(axum::http::header::SET_COOKIE, self.jar.keep(is_tls, Kind::Device, &device));
        }
        headers
    }

    /// The cookies of a browser that signs out; the device stays known.
    pub fn forget(&self, is_tls: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(axum::http::header::SET_COOKIE, self.jar.forget(is_tls, Kind::Session));
        headers
    }
}
