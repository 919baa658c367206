//! words: numbers, durations, times and names as people read them, in the language of the receiver.
//!
//! Pure functions, shared by the texts of mails and of short messages. Whatever a text from outside holds, `line`
//! makes one harmless line of it.

mod clean;
mod number;
mod term;
mod time;

pub use clean::{is_hidden, line, plain, shorten};
pub use number::{amount, compact, decimal};
pub use term::{direction, plural, severity, subject};
pub use time::{clock, day_clock, duration, moment, zone};
