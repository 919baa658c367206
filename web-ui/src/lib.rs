//! web-ui: the page.
//!
//! It reads the store and the roles' live lines, and opens no packet socket. In this version it serves one line and
//! `/healthz`.

pub mod config;
pub mod error;
pub mod pages;
pub mod role;
