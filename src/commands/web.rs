//! `floodmark web`.

mod tools;

use web_ui::WebError;

use super::role::Start;
use crate::cli::RoleArgs;
use crate::confine;
use crate::exit::{Exit, Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let mut start = Start::new("web", args)?;
    // The port is opened first: one below 1024 needs a right that is given up then.
    let listener = web_ui::listen(start.config.web.listen).map_err(failure)?;
    // Some checks start programs, which is given up then.
    let tools = tools::tools(&start.config, &start.document);
    confine::apply(&confine::web(&start.config), start.config.node.confinement)?;
    start.follow()?;
    let options = web_ui::Options {
        config: start.config.web,
        store: start.config.store,
        data_dir: start.config.node.data_dir,
        run_dir: start.config.node.run_dir,
        node: start.node.to_string(),
        billing_day: start.config.notifier.billing_day,
        tools,
    };
    web_ui::run(&options, listener, start.stop).map_err(failure)
}

fn failure(error: WebError) -> Failure {
    // A port that is in use may be free at the next try; a port below 1024 stays forbidden.
    let exit = if error.is_missing_privilege() { Exit::MissingPrivilege } else { Exit::Failed };
    Failure::new(exit, error)
}
