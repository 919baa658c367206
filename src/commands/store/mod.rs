//! `floodmark store migrate|grants|size|backup|views`, and what the commands that read the store share.

mod backup;
mod check;
mod size;

use std::future::Future;

use store::{Store, StoreError, check_schema, forecast, grants, views};

use super::print;
use crate::cli::{GrantsArgs, Source, StoreCommand};
use crate::config::Config;
use crate::config::check::Machine;
use crate::config::load::Effective;
use crate::exit::{Exit, Failure, Outcome};
use crate::logging;

pub fn run(command: &StoreCommand) -> Outcome {
    match command {
        StoreCommand::Migrate { source, check: true } => {
            let config = configuration(source)?;
            let found = wait_for(check_schema(&config.store, &config.node.data_dir))?;
            print::out(&check::told(&found))?;
            if found.is_current() {
                Ok(())
            } else {
                Err(Failure::failed(anyhow::anyhow!("the store is not of this program's version: see above")))
            }
        }
        StoreCommand::Migrate { source, check: false } => {
            let config = configuration(source)?;
            let kept = config.ingest.retention.flows;
            wait_for(async {
                let store = connect(&config).await?;
                store.migrate().await?;
                // Partitions are split off before rows come: ingest's own account may not be permitted to.
                store.prepare(kept, now_s()).await
            })?;
            print::out("the store is up to date\n")
        }
        StoreCommand::Size { source, json } => {
            let config = configuration(source)?;
            let (sizes, free) = wait_for(async {
                let store = connect(&config).await?;
                Ok((store.size().await?, store.disk_free()?))
            })?;
            let policy = ingest::policy(&config.ingest.retention);
            let forecast = forecast::forecast(sizes, &policy, free, now_s());
            print::out(&if *json { size::json_lines(&forecast) } else { size::table(&forecast) })
        }
        StoreCommand::Backup { source, folder } => backup::run(&configuration(source)?, folder),
        StoreCommand::Views { source, create } => {
            let config = configuration(source)?;
            if !create {
                return print::out(&views::sql());
            }
            wait_for(async { connect(&config).await?.make_views().await })?;
            print::out(&format!("made the view {}\n", views::NAME))
        }
        StoreCommand::Grants(args) => print_grants(args),
    }
}

/// The configuration of a command that answers a question; its log is for warnings only.
pub fn configuration(source: &Source) -> Result<Config, Failure> {
    let effective = Effective::load(source.config.as_deref(), &source.overrides(), &Machine::read())?;
    let log = crate::config::log::Config { level: "warn".to_owned(), ..effective.config.log.clone() };
    logging::start(&log, "store");
    Ok(effective.config)
}

/// UNIX seconds now: what a command asks of the past counts back from here.
#[expect(clippy::disallowed_methods, reason = "the clock of the commands that ask for the last hour")]
pub fn now_s() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u32::try_from(since.as_secs()).unwrap_or(u32::MAX))
}

/// Runs what asks the store, on a runtime of its own.
pub fn wait_for<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(work).map_err(|error| Failure::new(exit_of(&error), error))
}

/// What cannot pass by waiting or by an administrator's work on the server is bad configuration.
pub fn exit_of(error: &StoreError) -> Exit {
    match error {
        StoreError::Url { .. } | StoreError::UnknownScheme { .. } | StoreError::PasswordFile { .. } => {
            Exit::BadConfiguration
        }
        _ => Exit::Failed,
    }
}

async fn connect(config: &Config) -> Result<Store, StoreError> {
    Store::connect(&config.store, &config.node.data_dir).await
}

fn print_grants(args: &GrantsArgs) -> Outcome {
    let config = configuration(&args.source)?;
    let Some(database) = database_of(&config.store.url) else {
        let error =
            anyhow::anyhow!("grants are for a MySQL or MariaDB server; give --store mysql://USER@HOST/DATABASE");
        return Err(Failure::new(Exit::BadConfiguration, error));
    };
    print::out(&grants::sql(database, &args.host))
}

/// The database that a server's URL names.
fn database_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("mysql://").or_else(|| url.strip_prefix("mariadb://"))?;
    let path = rest.split('?').next()?;
    let database = path.rsplit('@').next()?.split_once('/')?.1;
    (!database.is_empty()).then_some(database)
}

#[cfg(test)]
mod tests {
    use super::database_of;

    #[test]
    fn the_database_is_read_from_the_url() {
        let check = |url: &str, expect: Option<&str>| assert_eq!(database_of(url), expect, "{url}");
        check("mysql://u@h:3306/flood?socket=/x/y", Some("flood"));
        check("mysql://u:p/w@h/flood", Some("flood"));
        check("mysql://u@h/", None);
        check("mysql://u@h", None);
        check("sqlite:///a/b", None);
        check("", None);
    }
}
