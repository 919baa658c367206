//! Named places at which a test makes a step fail or the process die; nothing without the feature `failpoints`.

use std::io;

/// Passes the place `name`. With the feature, and when the environment variable `FAILPOINTS` arms it
/// (`name=return(eio);other=5%return(abort)`), it fails or ends the process as kill -9 does: at once, nothing is
/// flushed. Other actions of the `fail` crate (`sleep(ms)`, `panic`) work too.
///
/// # Errors
/// The armed one: `eio`, `enospc`, or any other word as text.
#[inline]
pub fn pass(name: &'static str) -> io::Result<()> {
    #[cfg(feature = "failpoints")]
    fail::fail_point!(name, |argument| Err(act(argument.as_deref().unwrap_or(""))));
    let _ = name;
    Ok(())
}

/// Arms the places that `FAILPOINTS` names; the program calls it first, and keeps what it returns to its end.
#[cfg(feature = "failpoints")]
pub fn arm_by_environment() -> impl Drop {
    fail::FailScenario::setup()
}

#[cfg(feature = "failpoints")]
fn act(argument: &str) -> io::Error {
    match argument {
        "abort" => std::process::abort(),
        "eio" => io::Error::from_raw_os_error(5),
        "enospc" => io::Error::from_raw_os_error(28),
        other => io::Error::other(format!("failpoint: {other}")),
    }
}
