//! web-ui: the page.
//!
//! It reads the store and the roles' live lines, and opens no packet socket. In this version it serves one line and
//! `/healthz`, and says that it lives.

pub mod config;
pub mod error;
pub mod pages;
pub mod role;

pub use error::WebError;
pub use role::{Options, listen, run};
