//! SIGTERM and SIGINT as a flag; no thread, because capture drops its capability before it starts any.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};

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
