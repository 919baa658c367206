//! The link in a warning's mail: shows what it would acknowledge, and acknowledges on a second tap. It opens no session;
//! the token is the right. Programs that fetch links of mails only look, which changes nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use live::action::{Action, Link};
use live::client::AskError;
use live::control::Request;

use crate::action::new_id;
use crate::app::Shared;
use crate::ask::QuestionError;
use crate::guard::{Caller, Right};
use crate::page::frame::{Frame, html};
use crate::random;
use crate::role::now_ns;
use crate::routes::Route;
use crate::words::Language;

/// Longest token that is looked at; notifier's have 32 characters.
const TOKEN_CHARS_MAX: usize = 128;

/// Questions of one address (a /64 of IPv6) in a minute, and of all: notifier has better things to do.
const ADDRESS_A_MINUTE: u32 = 20;
const ALL_A_MINUTE: u32 = 300;

/// Bits of a session's worth of hash in the request's id: more than enough to be its own.
const ID_CHARS: usize = 40;

pub fn routes() -> Vec<Route> {
    vec![Route::get("/a/{token}", Right::Anyone, look), Route::post("/a/{token}", Right::Anyone, redeem)]
}

/// The texts, in one language.
struct Texts {
    title: &'static str,
    would: &'static str,
    acknowledge: &'static str,
    means: &'static str,
    done: &'static str,
    over: &'static str,
    away: &'static str,
    often: &'static str,
}

const EN: Texts = Texts {
    title: "Acknowledge",
    would: "This acknowledges the incidents that the mail told of:",
    acknowledge: "Acknowledge",
    means: "You take care of it: reminders and escalation stop. What gets worse is told all the same.",
    done: "Acknowledged. Thank you.",
    over: "This link is no longer valid: what it acknowledges is over, or it was never made. Nothing was done.",
    away: "The notifier does not answer now, so nothing was done. Try again in a moment.",
    often: "Too many links were opened from your address. Wait a minute.",
};

const RU: Texts = Texts {
    title: "Подтверждение",
    would: "Будут подтверждены инциденты, о которых сообщило письмо:",
    acknowledge: "Подтвердить",
    means: "Вы берёте это на себя: напоминаний и эскалации больше не будет. Об ухудшении сообщим.",
    done: "Подтверждено. Спасибо.",
    over: "Ссылка больше не действует: то, что она подтверждает, закончилось, или её не существовало. Ничего не сделано.",
    away: "Служба notifier сейчас не отвечает, поэтому ничего не сделано. Попробуйте чуть позже.",
    often: "С вашего адреса открывали слишком много ссылок. Подождите минуту.",
};

/// Who asked how often in this minute.
#[derive(Default)]
pub struct Askers(Mutex<(u64, HashMap<IpAddr, u32>)>);

impl Askers {
    /// Counts one question of `address`; `false` = too many.
    fn admit(&self, address: IpAddr, now_ns: u64) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now_ns / 60_000_000_000;
        if inner.0 != minute {
            *inner = (minute, HashMap::new());
        }
        if inner.1.values().sum::<u32>() >= ALL_A_MINUTE {
            return false;
        }
        let count = inner.1.entry(prefix(address)).or_default();
        *count += 1;
        *count <= ADDRESS_A_MINUTE
    }
}

/// Who has one address of a /64 has all of them.
fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

#[derive(Template)]
#[template(path = "link.html")]
struct Page {
    frame: Frame,
    w: &'static Texts,
    tone: &'static str,
    says: String,
    /// Where the form is sent; `None` = there is nothing to do.
    token: Option<String>,
}

async fn look(State(app): State<Shared>, caller: Caller, headers: HeaderMap, Path(token): Path<String>) -> Response {
    let language = language(&headers);
    match admitted(&app, &caller, &token) {
        Err(refusal) => refusal.page(language),
        Ok(link) => {
            let request = Request { id: new_id(), action: Action::LookLink(link), role: None };
            match app.questions.notifier(request).await {
                Ok(answer) => show(language, StatusCode::OK, "warn", answer.state, Some(token)),
                Err(error) => Refusal::of(&error).page(language),
            }
        }
    }
}

async fn redeem(State(app): State<Shared>, caller: Caller, headers: HeaderMap, Path(token): Path<String>) -> Response {
    let language = language(&headers);
    match admitted(&app, &caller, &token) {
        Err(refusal) => refusal.page(language),
        Ok(link) => {
            // The id is the link's: a second tap is the same request.
            let id = format!("link-{}", link.token_hash.chars().take(ID_CHARS).collect::<String>());
            let request = Request { id, action: Action::RedeemLink(link), role: None };
            match app.questions.notifier(request).await {
                Ok(answer) => {
                    let entry = caller.entry("a mail's link", "action.redeem_link", &answer.state, Ok(()));
                    app.log.write(entry, now_ns());
                    let w = language.pick(&EN, &RU);
                    show(language, StatusCode::OK, "good", w.done.to_owned(), None)
                }
                Err(error) => Refusal::of(&error).page(language),
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Over,
    Away,
    Often,
}

impl Refusal {
    fn of(error: &QuestionError) -> Refusal {
        match error {
            QuestionError::Ask(AskError::Refused(_)) => Refusal::Over,
            _ => Refusal::Away,
        }
    }

    fn page(self, language: Language) -> Response {
        let w = language.pick(&EN, &RU);
        let (status, text) = match self {
            Refusal::Over => (StatusCode::GONE, w.over),
            Refusal::Away => (StatusCode::SERVICE_UNAVAILABLE, w.away),
            Refusal::Often => (StatusCode::TOO_MANY_REQUESTS, w.often),
        };
        show(language, status, "bad", text.to_owned(), None)
    }
}

fn admitted(app: &Shared, caller: &Caller, token: &str) -> Result<Link, Refusal> {
    if !app.askers.admit(caller.address, now_ns()) {
        return Err(Refusal::Often);
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_token = (1..=TOKEN_CHARS_MAX).contains(&token.len()) && token.bytes().all(is_plain);
    if !is_token {
        return Err(Refusal::Over);
    }
    Ok(Link { token_hash: random::hex_of(&random::hash(token)) })
}

fn language(headers: &HeaderMap) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    accepted.map(Language::preferred).unwrap_or_default()
}

fn show(language: Language, status: StatusCode, tone: &'static str, says: String, token: Option<String>) -> Response {
    let w = language.pick(&EN, &RU);
    let mut answer =
        (status, html(&Page { frame: Frame::outside(w.title, language), w, tone, says, token })).into_response();
    // The address is a secret: it goes to nobody else.
    answer.headers_mut().insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    answer
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::StatusCode;
    use live::action::Action;
    use live::control::ControlError;
    use live::{Publisher, Role};
    use tower::ServiceExt;

    use super::Askers;
    use crate::testing::{get, parts, router};

    #[tokio::test]
    async fn a_link_shows_first_and_acts_once_on_the_second_tap() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let app = parts(dir.path());
        let router = router(&app, None);
        assert_eq!(get(&router, "/a/secret").await.0, StatusCode::SERVICE_UNAVAILABLE, "notifier is away");
        let role = Publisher::bind(&dir.path().join("run"), Role::Notifier, "n".to_owned(), 1, String::new);
        let role = role.expect("a free name");
        let redeemed = Arc::<AtomicU32>::default();
        let count = Arc::clone(&redeemed);
        role.obey(Box::new(move |request| {
            // The SHA-256 of "secret": the token itself is told to nobody.
            let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
            match &request.action {
                Action::LookLink(link) if link.token_hash == hash => Ok("1 open; the worst: <b>load</b>".to_owned()),
                Action::RedeemLink(link) if link.token_hash == hash => {
                    count.fetch_add(1, Ordering::Relaxed);
                    Ok("acknowledged: 1".to_owned())
                }
                _ => Err(ControlError::Arguments("this link is not valid any more".to_owned())),
            }
        }));
        let (status, page) = get(&router, "/a/secret").await;
        assert!(status == StatusCode::OK && page.contains("action=\"/a/secret\""), "{page}");
        assert!(!page.contains("<b>load") && !page.contains("<nav"), "no session is opened: {page}");
        assert_eq!(redeemed.load(Ordering::Relaxed), 0, "looking changes nothing");
        for _ in 0..2 {
            let request = Request::builder().method("POST").uri("/a/secret").body(Body::empty()).expect("a request");
            let answer = router.clone().oneshot(request).await.expect("a router does not fail");
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers().get("referrer-policy").expect("it is a secret"), "no-referrer");
        }
        assert_eq!(redeemed.load(Ordering::Relaxed), 1);
        assert_eq!(get(&router, "/a/other").await.0, StatusCode::GONE);
        assert_eq!(get(&router, &format!("/a/{}", "x".repeat(200))).await.0, StatusCode::GONE);
        assert_eq!(get(&router, "/a/%00%20").await.0, StatusCode::GONE);
        for _ in 0..20 {
            get(&router, "/a/other").await;
        }
        assert_eq!(get(&router, "/a/secret").await.0, StatusCode::TOO_MANY_REQUESTS);
    }

    #[test]
    fn an_address_is_bounded_and_a_prefix_is_one_address() {
        let askers = Askers::default();
        let minute = 60_000_000_000;
        for n in 0..20u16 {
            assert!(askers.admit(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]), minute));
        }
        assert!(!askers.admit(IpAddr::from([0x2001, 0xdb8, 0, 0, 9, 9, 9, 9]), minute));
        assert!(askers.admit(IpAddr::from([192, 0, 2, 1]), minute), "others may");
        assert!(
            askers.admit(IpAddr::from([0x2001, 0xdb8, 0, 0, 9, 9, 9, 9]), 2 * minute),
            "and so it may a minute later"
        );
    }
}
