//! attack: judges what capture counts for each local host and prefix, and names the kind of attack.

pub mod config;
