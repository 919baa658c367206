//! script: a program of the administrator, run outside of the role.

pub mod config;
