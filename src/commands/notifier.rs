//! `floodmark notifier`.

use super::role::Start;
use crate::cli::RoleArgs;
use crate::exit::{Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let start = Start::new("notifier", args)?;
    start.follow_parent()?;
    notifier::role::run(&start.config.notifier, start.stop).map_err(Failure::failed)
}
