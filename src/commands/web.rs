//! `floodmark web`.

use super::role::Start;
use crate::cli::RoleArgs;
use crate::exit::{Exit, Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let start = Start::new("web", args)?;
    start.follow_parent()?;
    let options =
        web_ui::Options { config: start.config.web, run_dir: start.config.node.run_dir, node: start.node.to_string() };
    web_ui::run(&options, start.stop).map_err(|error| {
        // A port that is in use may be free at the next try; a port below 1024 stays forbidden.
        let exit = if error.is_missing_privilege() { Exit::MissingPrivilege } else { Exit::Failed };
        Failure::new(exit, error)
    })
}
