//! `floodmark capture`.

use capture::error::CaptureError;
use capture::role::Options;

use super::role::Start;
use crate::cli::RoleArgs;
use crate::confine::{self, ConfineError};
use crate::exit::{Exit, Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let mut start = Start::new("capture", args)?;
    let config = start.config.clone();
    let options = Options {
        config: config.capture.clone(),
        spool: config.spool.clone(),
        data_dir: config.node.data_dir.clone(),
        run_dir: config.node.run_dir.clone(),
        node: start.node,
        ends_for_good: start.ends_for_good.clone(),
    };
    let profile = confine::capture(&config);
    let stop = start.stop.clone();
    let confine = || {
        confine::apply(&profile, config.node.confinement)?;
        // A thread has the rights of the one that starts it: this one comes after.
        start.follow().map_err(|failure| failure.error.into())
    };
    capture::role::run(&options, &stop, confine).map_err(failure)
}

fn failure(error: CaptureError) -> Failure {
    let unconfined = matches!(&error, CaptureError::Confine(cause) if cause.is::<ConfineError>());
    let exit = if error.is_missing_privilege() || unconfined {
        Exit::MissingPrivilege
    } else if error.is_configuration() {
        Exit::BadConfiguration
    } else {
        Exit::Failed
    };
    Failure::new(exit, error)
}
