//! The role's life: begin, wait for the stop, end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::config::Config;

/// How soon a stop is seen.
const POLL: Duration = Duration::from_millis(100);

/// Why the role ended. There is no cause yet; the command maps each to an exit code.
#[derive(Debug, thiserror::Error)]
pub enum Error {}

/// Runs the role until `stop` is raised.
///
/// # Errors
/// None in this version.
pub fn run(_config: &Config, stop: Arc<AtomicBool>) -> Result<(), Error> {
    tracing::info!("started; this version has no rules and sends no warnings");
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(POLL);
    }
    tracing::info!("stopped");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::run;
    use crate::config::Config;

    #[test]
    fn it_runs_until_it_is_told_to_stop() {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let role = thread::spawn(move || run(&Config::default(), flag));
        assert!(!role.is_finished());
        stop.store(true, Ordering::Relaxed);
        role.join().expect("no panic").expect("no failure");
    }
}
