//! Attacks and crowds that no capture has: made of headers.
