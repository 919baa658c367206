//! SIGTERM and SIGINT as a flag; no thread, because capture drops its capability before it starts any. SIGHUP ends
//! nothing: it asks to read the configuration again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Sets `flag` at each SIGTERM or SIGINT. A second signal sets it again and does nothing else: a stop that has begun
/// is not cut short, and the data it is writing stays whole.
///
/// # Errors
/// The system refuses the handler.
pub fn raise_on_stop(flag: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(flag))?;
    }
    Ok(())
}

/// Sets `flag` at SIGHUP.
///
/// # Errors
/// The system refuses the handler.
pub fn raise_on_hangup(flag: &Arc<AtomicBool>) -> io::Result<()> {
    signal_hook::flag::register(SIGHUP, Arc::clone(flag)).map(drop)
}

/// SIGHUPs that wait to be told; until then they do nothing.
pub struct Hangups(Signals);

impl Hangups {
    /// Takes them from now on.
    ///
    /// # Errors
    /// The system refuses the handler.
    pub fn take() -> io::Result<Hangups> {
        Signals::new([SIGHUP]).map(Hangups)
    }

    /// Logs `text` at each, by a thread.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn answer_by(self, text: String) -> io::Result<()> {
        let Hangups(mut signals) = self;
        let told = move || signals.forever().for_each(|_| tracing::info!("{text}"));
        thread::Builder::new().name("hangup".to_owned()).spawn(told).map(drop)
    }
}
