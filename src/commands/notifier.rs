//! `floodmark notifier`.

use std::path::{Path, PathBuf};

use notifier::config::reload::Parser;

use super::role::Start;
use crate::cli::RoleArgs;
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::confine;
use crate::exit::{Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let mut start = Start::new("notifier", args)?;
    let mut profile = confine::notifier(&start.config);
    // The folder, not the file: an editor puts a new file in its place.
    profile.read.extend(start.file.as_deref().and_then(Path::parent).map(Path::to_path_buf));
    confine::apply(&profile, start.config.node.confinement)?;
    start.follow()?;
    let options = notifier::Options {
        config: start.config.notifier,
        peers: start.config.peer,
        spool: start.config.spool,
        parser: parser(start.file.clone().unwrap_or_default()),
        config_file: start.file,
        reread: start.reread,
        state_dir: start.config.node.data_dir.join("notifier"),
        spool_dir: ::capture::role::spool_dir(&start.config.node.data_dir, "notifier"),
        node_name: start.config.node.name,
        public_url: start.config.web.public_url,
        run_dir: start.config.node.run_dir,
        node: start.node.to_string(),
    };
    notifier::run(&options, &start.stop).map_err(Failure::failed)
}

/// Reads the file again while the role runs. All of it is checked: a file that is half wrong is not half used.
fn parser(file: PathBuf) -> Parser {
    let machine = Machine::read();
    Parser::new(move |text| match Effective::reread(&file, text, &machine) {
        Ok(effective) => Ok((effective.config.notifier, effective.config.peer)),
        Err(error) => Err(error.to_string()),
    })
}
