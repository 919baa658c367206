//! `floodmark notify failed UNIT`: what `OnFailure=` of the units starts.

use std::time::{SystemTime, UNIX_EPOCH};

use notifier::watch::failed::{Failed, PER_HOUR, tell};

use crate::cli::FailedArgs;
use crate::config::check::Machine;
use crate::config::load::{Effective, Overrides};
use crate::exit::{Failure, Outcome};
use crate::logging;

pub fn run(args: &FailedArgs) -> Outcome {
    let effective = Effective::load(args.config.as_deref(), &Overrides::default(), &Machine::read())?;
    logging::start(&effective.config.log, "notify-failed");
    let config = &effective.config;
    let (time_ns, utc_offset_s) = now();
    let state_dir = args.state_dir.clone().unwrap_or_else(|| config.node.data_dir.join("notify-failed"));
    let failed = Failed { unit: &args.unit, node: &config.node.name, state_dir: &state_dir, time_ns, utc_offset_s };
    let told = tell(&config.notifier, &failed).map_err(Failure::failed)?;
    if told.is_capped {
        tracing::warn!("{} failed; {PER_HOUR} messages of this hour are sent already", args.unit);
        return Ok(());
    }
    for failure in &told.failures {
        tracing::error!("{failure}");
    }
    tracing::info!("{} failed; {} messages were taken", args.unit, told.sent);
    match told.sent {
        0 => Err(Failure::failed(anyhow::anyhow!(
            "nobody could be told that {} failed: give a [[notifier.receiver]] channels with e-mail or SMS, and see above",
            args.unit
        ))),
        _ => Ok(()),
    }
}

/// Now, ns since the epoch, and the machine's zone, seconds east of UTC.
#[expect(clippy::disallowed_methods, reason = "the command's clock")]
pub fn now() -> (u64, i32) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let time_ns = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
    let time = jiff::Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    (time_ns, jiff::tz::TimeZone::system().to_offset(time).seconds())
}
