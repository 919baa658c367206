//! `floodmark notifier`.

use super::role::Start;
use crate::cli::RoleArgs;
use crate::confine;
use crate::exit::{Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let start = Start::new("notifier", args)?;
    confine::apply(&confine::notifier(&start.config), start.config.node.confinement)?;
    start.follow_parent()?;
    let options = notifier::Options {
        config: start.config.notifier,
        peers: start.config.peer,
        spool: start.config.spool,
        config_file: start.file,
        state_dir: start.config.node.data_dir.join("notifier"),
        spool_dir: ::capture::role::spool_dir(&start.config.node.data_dir, "notifier"),
        node_name: start.config.node.name,
        public_url: start.config.web.public_url,
        run_dir: start.config.node.run_dir,
        node: start.node.to_string(),
    };
    notifier::run(&options, &start.stop).map_err(Failure::failed)
}
