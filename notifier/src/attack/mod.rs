//! attack: judges what capture counts for each local host and prefix, and names the kind of attack.
//!
//! Capture tells, once a second, what each target received and sent, and how much of that belongs to no conversation
//! ([`live::target`]). [`detector`] holds it against the limits ([`config`], [`measure`]), names it ([`kind`]), keeps
//! the facts of what goes on ([`facts`]), and gives readings. Ordinary traffic above a limit of volume is told as that,
//! never as an attack. [`baseline`] learns what is usual and only suggests limits; [`sample`] gets packets of an attack.

pub mod baseline;
pub mod config;
pub mod detector;
pub mod facts;
pub mod kind;
pub mod measure;
pub mod sample;
pub mod shares;
#[cfg(test)]
mod testing;
pub mod words;

pub use detector::Detector;

/// Tables of this part in the state file.
pub const MIGRATIONS: &[(&str, &str)] = baseline::MIGRATIONS;
