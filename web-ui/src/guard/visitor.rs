//! The visitor of a request, and where the request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::{Problem, Refusal, Standing};
use crate::server::Peer;
use crate::state::log::{Entry, clean};
use crate::words::Language;

/// A user who is signed in, as the session says. Handlers take it as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Name of the user.
    pub user: String,
    /// What the user may do.
    pub standing: Standing,
    /// Which of the user's sessions: a public number of it, not what the cookie holds.
    pub session: u64,
    /// What the user reads.
    pub language: Language,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Visitor, Problem> {
        parts.extensions.get::<Visitor>().cloned().ok_or_else(|| Refusal::SignIn.into())
    }
}

/// Whether the visitor has given the password in the last 15 minutes; in the request's extensions beside the visitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IsFresh(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for IsFresh {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<IsFresh, Infallible> {
        Ok(parts.extensions.get::<IsFresh>().copied().unwrap_or_default())
    }
}

/// A visitor who has given the password in the last 15 minutes: for what is dangerous. Handlers take it as an argument
/// instead of [`Visitor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh(pub Visitor);

impl<S: Send + Sync> FromRequestParts<S> for Fresh {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Fresh, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let is_fresh = parts.extensions.get::<IsFresh>().is_some_and(|fresh| fresh.0);
        if is_fresh { Ok(Fresh(visitor)) } else { Err(Problem::confirm()) }
    }
}

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its address; the proxy's is replaced where the proxy is trusted.
    pub address: IpAddr,
    /// Whether its connection is under TLS.
    pub is_tls: bool,
    /// What the browser calls itself; one line of text.
    pub agent: String,
}

impl Caller {
    /// A row of the log about something that this caller did or wanted.
    pub fn entry(&self, who: &str, action: &'static str, subject: &str, result: Result<(), &str>) -> Entry {
        Entry {
            who: who.to_owned(),
            address: Some(self.address),
            agent: self.agent.clone(),
            action,
            subject: subject.to_owned(),
            result: result.err().unwrap_or("done").to_owned(),
            is_refusal: result.is_err(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Caller, Infallible> {
        let peer = parts.extensions.get::<Peer>();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address);
        let is_tls = peer.is_some_and(|peer| peer.is_tls);
        let agent = parts.headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        Ok(Caller { address: address.to_canonical(), is_tls, agent: clean(&agent.unwrap_or_default()) })
    }
}
