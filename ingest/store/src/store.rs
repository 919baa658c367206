//! A store, of either dialect: the door to writers, readers and the upkeep.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::error::StoreError;
use crate::mysql::{self, Server};
use crate::node::NodeIdentity;
use crate::sqlite::{self, Files};
use crate::target::Target;
use crate::upkeep::{CondenseReport, RetentionPolicy, RetentionReport, TableSize};
use crate::writer::Writer;

/// A store that could be reached. Cheap to clone; clones share the SQLite files.
#[derive(Clone)]
pub struct Store(Kind);

#[derive(Clone)]
enum Kind {
    /// For rows, and for tables and retention: the same account, or two.
    MySql {
        server: Arc<Server>,
        upkeep: Arc<Server>,
    },
    Sqlite(Arc<Files>),
}

impl Store {
    /// Reads the configuration and tries the server (MySQL) or makes the folder (SQLite, with `data_dir` for an
    /// empty URL). Makes no tables.
    pub async fn connect(config: &Config, data_dir: &Path) -> Result<Store, StoreError> {
        match Target::of(config, data_dir)? {
            Target::MySql(address) => {
                let server = Arc::new(Server::new(*address));
                drop(server.connect().await?);
                let upkeep = match Target::of(&config.for_upkeep(), data_dir)? {
                    Target::MySql(address) if !config.maintainer_user.is_empty() => Arc::new(Server::new(*address)),
                    Target::MySql(_) | Target::Sqlite(_) => Arc::clone(&server),
                };
                Ok(Store(Kind::MySql { server, upkeep }))
            }
            Target::Sqlite(folder) => Ok(Store(Kind::Sqlite(Arc::new(Files::new(folder)?)))),
        }
    }

    /// Brings the tables to this program's version. Any number of processes may call it at once.
    ///
    /// With an account that may not make tables it succeeds if they are there, and is [`StoreError::NotMigrated`]
    /// if not.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &self.0 {
            Kind::MySql { upkeep, .. } => upkeep.migrate().await,
            Kind::Sqlite(files) => files.migrate().await,
        }
    }

    /// A writer for a node, which is registered at its first use; `now` in UNIX seconds. SQLite: makes this process
    /// the store's only writer.
    pub async fn writer(&self, node: &NodeIdentity, now: u32) -> Result<Writer, StoreError> {
        match &self.0 {
            Kind::MySql { server, .. } => {
                let writer = mysql::Writer::open(Server::clone(server), node, now).await?;
                Ok(Writer::mysql(writer))
            }
            Kind::Sqlite(files) => {
                let writer = sqlite::Writer::open(Arc::clone(files), node, now).await?;
                Ok(Writer::sqlite(writer))
            }
        }
    }

    /// Prepares for the days to come (partitions), where flow rows are kept for `flows_kept`; `now` in UNIX seconds. To
    /// be called before the first batch: a partition that has rows is not split. Nothing to do on SQLite.
    pub async fn prepare(&self, flows_kept: Duration, now: u32) -> Result<(), StoreError> {
        match &self.0 {
            Kind::MySql { upkeep, .. } => upkeep.prepare(flows_kept, now).await,
            Kind::Sqlite(_) => Ok(()),
        }
    }

    /// Prepares for the days to come (partitions) and drops what the policy does not keep; `now` in UNIX seconds.
    /// To be run every few minutes, and before the first batch. Needs no free space.
    pub async fn retention(&self, policy: &RetentionPolicy, now: u32) -> Result<RetentionReport, StoreError> {
        match &self.0 {
            Kind::MySql { upkeep, .. } => upkeep.retention(policy, now).await,
            Kind::Sqlite(files) => files.retention(policy, now).await,
        }
    }

    /// Makes summaries of the old flow rows of attacks, see [`RetentionPolicy::attack_detail`]; `now` in UNIX seconds. To
    /// be run after [`Store::retention`]. The totals stay what they are.
    pub async fn condense(&self, policy: &RetentionPolicy, now: u32) -> Result<CondenseReport, StoreError> {
        match &self.0 {
            Kind::MySql { upkeep, .. } => upkeep.condense(policy, now).await,
            Kind::Sqlite(files) => files.condense(policy, now).await,
        }
    }

    /// Rows, bytes, oldest and newest row of each table. Counts rows on SQLite: not for a dashboard.
    pub async fn size(&self) -> Result<Vec<TableSize>, StoreError> {
        match &self.0 {
            Kind::MySql { upkeep, .. } => upkeep.size().await,
            Kind::Sqlite(files) => files.size().await,
        }
    }

    /// Bytes that this account may still write on the disk of the store; `None` = it is a server's disk.
    ///
    /// # Errors
    /// The folder cannot be asked.
    pub fn disk_free(&self) -> Result<Option<u64>, StoreError> {
        match &self.0 {
            Kind::MySql { .. } => Ok(None),
            Kind::Sqlite(files) => files.disk_free().map(Some),
        }
    }

    /// Makes the views of [`crate::views`]; the account must be allowed to. MySQL and MariaDB only.
    ///
    /// # Errors
    /// The store is SQLite, or the account may not make views.
    pub async fn make_views(&self) -> Result<(), StoreError> {
        match &self.0 {
            Kind::MySql { upkeep, .. } => upkeep.make_views().await,
            Kind::Sqlite(_) => Err(StoreError::Query {
                doing: "making views",
                reason: "views are for MySQL and MariaDB: SQLite has a file for each day".to_owned(),
            }),
        }
    }

    /// Moves SQLite's logs into the files and lets go of the writer's lock; nothing to do for a server. A store that is
    /// only dropped is complete as well, its log is read at the next start.
    pub async fn close(self) {
        if let Kind::Sqlite(files) = &self.0 {
            files.close().await;
        }
    }
}
