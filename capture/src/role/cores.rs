//! Which worker runs on which core.

use core_affinity::CoreId;

use crate::config::Config;
use crate::error::CaptureError;
use crate::limits::WORKERS_MAX;

/// One entry for each worker: the core it is to be pinned to. Must be asked before any thread is pinned: the answer is
/// what this process may use (cpusets included).
pub fn assign(config: &Config) -> Result<Vec<Option<CoreId>>, CaptureError> {
    let usable: Vec<usize> = core_affinity::get_core_ids().unwrap_or_default().iter().map(|core| core.id).collect();
    let wanted = if config.cores.is_empty() { &usable } else { &config.cores };
    if let Some(core) = wanted.iter().find(|core| !usable.contains(core)) {
        let reason = format!("core {core} cannot be used by this process; it may use {usable:?}");
        return Err(CaptureError::Configuration { key: "capture.cores", reason });
    }
    let workers = if config.workers == 0 { wanted.len().max(1) } else { config.workers };
    if workers > WORKERS_MAX {
        let reason = format!("{workers} workers, at most {WORKERS_MAX}");
        return Err(CaptureError::Configuration { key: "capture.workers", reason });
    }
    if workers > wanted.len() {
        tracing::warn!(workers, cores = ?wanted, "there are more workers than cores; some share one");
    }
    Ok((0..workers).map(|worker| wanted.get(worker % wanted.len().max(1)).map(|&id| CoreId { id })).collect())
}

/// Pins the calling thread.
pub fn pin(core: Option<CoreId>) {
    if let Some(core) = core
        && !core_affinity::set_for_current(core)
    {
        tracing::warn!(core = core.id, "the worker cannot be pinned and runs where the scheduler puts it");
    }
}
