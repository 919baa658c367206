//! watch: who watches the watcher; the dead-man ping, and peers that ask for each other's health.

pub mod config;
