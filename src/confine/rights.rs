//! Capabilities, no_new_privs, and what keeps secrets out of core dumps and other processes.

use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};

use super::ConfineError;

fn failed(what: &'static str) -> impl Fn(String) -> ConfineError {
    move |reason| ConfineError::Step { what, reason }
}

/// No core file, no core pipe, and `/proc/PID/mem`, `environ` and the like closed to processes of the same user.
pub fn close_memory() -> Result<(), ConfineError> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|error| failed("switch core dumps off")(error.to_string()))?;
    prctl::set_dumpable(false).map_err(|error| failed("close the memory to others")(error.to_string()))
}

/// Nothing that this process executes has more rights than it; seccomp and Landlock need it too.
pub fn forbid_new_privileges() -> Result<(), ConfineError> {
    prctl::set_no_new_privs().map_err(|error| failed("forbid new privileges")(error.to_string()))
}

/// Drops all but `kept` from every set of the calling thread; says whether the bounding set could be emptied too,
/// which needs CAP_SETPCAP.
pub fn drop_capabilities(kept: &[Capability]) -> Result<&'static str, ConfineError> {
    let kept: CapsHashSet = kept.iter().copied().collect();
    let bounding = shrink_bounding(&kept);
    // A kernel without ambient capabilities (before 4.3) has none to clear.
    let _ = caps::clear(None, CapSet::Ambient);
    reduce(&kept).map_err(|error| failed("give up its capabilities")(error.to_string()))?;
    Ok(if bounding { "reduced" } else { "as it was" })
}

/// Leaves of each set what is in `kept` too. What is effective or inheritable must be permitted, so that the permitted
/// set shrinks last.
fn reduce(kept: &CapsHashSet) -> Result<(), CapsError> {
    for set in [CapSet::Effective, CapSet::Inheritable, CapSet::Permitted] {
        let held = caps::read(None, set)?;
        let stays: CapsHashSet = held.intersection(kept).copied().collect();
        if held != stays {
            caps::set(None, set, &stays)?;
        }
    }
    Ok(())
}

/// For the supervisor, whose children are started again and again: nothing but what one of them needs at its start can
/// be had by it or by them. Its own memory, which holds their configuration, is closed.
///
/// It does not forbid new privileges: a program with file capabilities (setcap) gives them to each child anew.
///
/// # Errors
/// [`ConfineError::Step`].
pub fn keep_for_children() -> Result<(), ConfineError> {
    close_memory()?;
    let needed = [Capability::CAP_NET_RAW, Capability::CAP_NET_BIND_SERVICE];
    // A child of root empties its bounding set itself, for which it needs CAP_SETPCAP.
    let reachable: CapsHashSet = needed.into_iter().chain([Capability::CAP_SETPCAP]).collect();
    shrink_bounding(&reachable);
    let needed = needed.into_iter().collect();
    reduce(&needed).map_err(|error| failed("give up capabilities that no role needs")(error.to_string()))
}

/// Takes all but `kept` out of the bounding set; false if that is not permitted.
fn shrink_bounding(kept: &CapsHashSet) -> bool {
    let is_bound = |cap: &Capability| caps::has_cap(None, CapSet::Bounding, *cap).unwrap_or(false);
    let mut surplus = caps::all().into_iter().filter(|cap| !kept.contains(cap)).filter(is_bound);
    // Who may not drop one may drop none.
    surplus.all(|cap| caps::drop(None, CapSet::Bounding, cap).is_ok())
}
