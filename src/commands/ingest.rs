//! `floodmark ingest`.

use capture::role::spool_dir;
use ingest::{IngestError, Options};

use super::role::Start;
use super::store::exit_of;
use crate::cli::RoleArgs;
use crate::confine;
use crate::exit::{Exit, Failure, Outcome};

pub fn run(args: &RoleArgs) -> Outcome {
    let mut start = Start::new("ingest", args)?;
    confine::apply(&confine::ingest(&start.config), start.config.node.confinement)?;
    start.follow()?;
    let node = start.config.node;
    let options = Options {
        config: start.config.ingest,
        store: start.config.store,
        spools: vec![spool_dir(&node.data_dir, "capture"), spool_dir(&node.data_dir, "notifier")],
        data_dir: node.data_dir,
        run_dir: node.run_dir,
        node: start.node,
        node_name: node.name,
    };
    ingest::run(&options, &start.stop).map(drop).map_err(failure)
}

fn failure(error: IngestError) -> Failure {
    let exit = match &error {
        IngestError::Store(error) => exit_of(error),
        IngestError::Spool(error) if error.is_configuration() => Exit::BadConfiguration,
        _ => Exit::Failed,
    };
    Failure::new(exit, error)
}
