//! `floodmark web`.

use super::role::Start;
use crate::cli::RoleArgs;
use crate::exit::{Exit, Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let start = Start::new("web", args)?;
    start.follow_parent()?;
    web_ui::role::run(&start.config.web, start.stop).map_err(|error| {
        // A port that is in use may be free at the next try; a port below 1024 stays forbidden.
        let exit = if error.is_missing_privilege() { Exit::MissingPrivilege } else { Exit::Failed };
        Failure::new(exit, error)
    })
}
