//! web-ui: the page.
//!
//! The life of a page view: [`server`] accepts the connection and bounds it; [`routes`] knows each route and the right
//! it needs; [`guard`] admits the visitor; a handler of [`page`] reads the newest [`feed::Snapshot`], or asks
//! [`stored`], and fills a template. The life of a live value: a role's line reaches [`feed`], which publishes it into [`hub`];
//! whoever is subscribed gets it. Nothing here opens a packet socket or writes to the store; what the page itself must
//! remember is in [`state`].

pub mod action;
pub mod app;
mod ask;
pub mod asset;
pub mod config;
pub mod error;
pub mod feed;
pub mod guard;
pub mod hub;
pub mod labels;
pub mod metrics;
pub mod page;
pub mod push;
mod random;
pub mod role;
pub mod routes;
pub mod server;
pub mod sign_in;
#[cfg(test)]
mod speed;
pub mod state;
pub mod stored;
#[cfg(test)]
pub(crate) mod testing;
pub mod tools;
pub mod words;

pub use app::App;
pub use error::WebError;
pub use role::{Options, listen, run};
