//! A browser of the tests: keeps cookies, sends what browsers send, speaks to the routes with all that is around them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::app::Shared;
use crate::guard::Standing;
use crate::guard::{self, encoded};
use crate::role::now_ns;
use crate::routes;
use crate::server::Peer;
use crate::sign_in::NewLink;
use crate::sign_in::user::{self, Change, Link};

/// The password of all users of the tests.
pub(crate) const PASSWORD: &str = "vier gute Worte hier";

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).collect()
    }
}

#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) address: &'static str,
    pub(crate) is_tls: bool,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Browser {
    pub(crate) fn new(app: &Shared) -> Browser {
        let router = guard::around(routes::router(app.clone()), app);
        let headers = vec![("host", "localhost:8443".to_owned()), ("accept", "text/html".to_owned())];
        Browser { router, cookies: BTreeMap::new(), address: "192.0.2.1:40000", is_tls: false, headers }
    }

    /// With another value for one of its headers; empty = without it.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Browser {
        let mut other = self.clone();
        other.headers.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            other.headers.push((name, value.to_owned()));
        }
        other
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask(Method::POST, path, fields).await
    }

    pub(crate) async fn ask(&mut self, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(&method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if method != Method::GET {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let mut request = request.body(Body::from(pairs.join("&"))).expect("a request");
        let peer: SocketAddr = self.address.parse().expect("an address");
        request.extensions_mut().insert(Peer { address: peer.ip(), is_tls: self.is_tls });
        let answer = self.router.clone().oneshot(request).await.expect("a router does not fail");
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.expect("a whole answer").to_bytes();
        let answer =
            Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() };
        for line in answer.cookies() {
            let (pair, flags) = line.split_once(';').expect("flags");
            let (name, value) = pair.split_once('=').expect("a pair");
            match flags.contains("Max-Age=0;") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    pub(crate) async fn sign_in(&mut self, name: &str, password: &str, code: &str) -> Answer {
        self.post("/sign-in", &[("name", name), ("password", password), ("code", code)]).await
    }
}

/// A user with a link that was not used yet; the link's path.
pub(crate) async fn invite(app: &Shared, name: &str, standing: Standing) -> String {
    let link = NewLink::make(now_ns() / 1_000_000_000);
    let kept = Link { token_hash: crate::random::hash(&link.token), expires_ns: link.expires_s * 1_000_000_000 };
    let name = name.to_owned();
    let change = Change::Add(Some(standing), kept);
    let made = app.state.call(move |db| user::change(db, &name, &change, now_ns())).await;
    assert_eq!(made.expect("it is written"), Ok(standing));
    format!("/enrol/{}", link.token)
}

/// A user who has set [`PASSWORD`] and is signed in, in a browser of its own.
pub(crate) async fn enrolled(app: &Shared, name: &str, standing: Standing) -> Browser {
    let link = invite(app, name, standing).await;
    let mut browser = Browser::new(app);
    let fields = [("password", PASSWORD), ("again", PASSWORD), ("secret", ""), ("code", "")];
    let answer = browser.post(&link, &fields).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"), "{}", answer.text);
    browser
}
