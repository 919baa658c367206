//! email: one message for one recipient, by SMTP.

pub mod config;
