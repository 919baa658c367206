//! sms: short texts by an HTTP gateway, a modem's spool, or SMPP.

pub mod config;
