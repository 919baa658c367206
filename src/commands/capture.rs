//! `floodmark capture`.

use capture::error::CaptureError;
use capture::role::Options;

use super::role::Start;
use crate::cli::RoleArgs;
use crate::exit::{Exit, Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let start = Start::new("capture", args)?;
    start.follow_parent()?;
    let options = Options {
        config: start.config.capture,
        spool: start.config.spool,
        data_dir: start.config.node.data_dir,
        run_dir: start.config.node.run_dir,
        node: start.node,
    };
    capture::role::run(&options, &start.stop).map_err(failure)
}

fn failure(error: CaptureError) -> Failure {
    let exit = if error.is_missing_privilege() {
        Exit::MissingPrivilege
    } else if error.is_configuration() {
        Exit::BadConfiguration
    } else {
        Exit::Failed
    };
    Failure::new(exit, error)
}
