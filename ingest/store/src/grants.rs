//! The SQL that gives each role no more than it needs.

use crate::upkeep::SMALL_TABLES;

/// Tables that hold rows of the spool.
fn data_tables() -> impl Iterator<Item = &'static str> {
    SMALL_TABLES.into_iter().chain(["flows", "flow_notes"])
}

/// The passwords of the three accounts.
#[derive(Clone, PartialEq, Eq)]
pub struct Passwords {
    /// Of `floodmark_writer`.
    pub writer: String,
    /// Of `floodmark_reader`.
    pub reader: String,
    /// Of `floodmark_maintainer`.
    pub maintainer: String,
}

// Nothing that is logged shows them.
impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

/// The user of a role: `writer`, `reader`, `maintainer`.
pub fn user(role: &str) -> String {
    format!("floodmark_{role}")
}

fn quoted_name(text: &str) -> String {
    format!("`{}`", text.replace('`', "``"))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

fn account(role: &str, host: &str) -> String {
    format!("{}@{}", quoted(&user(role)), quoted(host))
}

/// Accounts and grants for MySQL and MariaDB, to be run by an administrator after the tables were made (grants on
/// tables need the tables). Passwords stand as `CHANGE-ME-…`.
///
/// Three accounts: `floodmark_writer` for ingest (cannot read, change or drop what it wrote), `floodmark_reader` for
/// web and notifier, `floodmark_maintainer` for `floodmark store migrate` and the retention. One account with all
/// rights on the database does as well.
pub fn sql(database: &str, host: &str) -> String {
    let mut sql = "-- Run as an administrator, after `floodmark store migrate`.\n".to_owned();
    for role in ["writer", "reader", "maintainer"] {
        let account = account(role, host);
        sql.push_str(&format!("CREATE USER IF NOT EXISTS {account} IDENTIFIED BY 'CHANGE-ME-{role}';\n"));
    }
    let parts = [
        ("ingest", for_writer(database, host)),
        ("web, notifier", for_reader(database, host)),
        ("floodmark store migrate, retention", for_maintainer(database, host)),
    ];
    for (whose, grants) in parts {
        sql.push_str(&format!("-- {whose}\n"));
        grants.iter().for_each(|grant| sql.push_str(&format!("{grant};\n")));
    }
    sql
}

/// What an administrator runs first: database, accounts with these passwords, and what needs no tables. After it
/// `floodmark_maintainer` can make the tables.
pub fn before_tables(database: &str, host: &str, passwords: &Passwords) -> Vec<String> {
    let create = "CREATE DATABASE IF NOT EXISTS";
    let mut statements = vec![format!("{create} {} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", quoted_name(database))];
    let secrets = [("writer", &passwords.writer), ("reader", &passwords.reader), ("maintainer", &passwords.maintainer)];
    for (role, password) in secrets {
        let (account, password) = (account(role, host), quoted(password));
        statements.push(format!("CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {password}"));
        // An account of an earlier attempt gets the password that stands in the file now.
        statements.push(format!("ALTER USER {account} IDENTIFIED BY {password}"));
    }
    statements.extend(for_reader(database, host));
    statements.extend(for_maintainer(database, host));
    statements
}

/// What an administrator runs once the tables are there: the writer's rights on each of them.
pub fn for_writer(database: &str, host: &str) -> Vec<String> {
    let (database, writer) = (quoted_name(database), account("writer", host));
    let mut statements: Vec<String> =
        data_tables().map(|table| format!("GRANT INSERT ON {database}.{table} TO {writer}")).collect();
    for table in ["ingest_fences", "nodes"] {
        statements.push(format!("GRANT SELECT, INSERT, UPDATE ON {database}.{table} TO {writer}"));
    }
    statements.push(format!("GRANT SELECT ON {database}.schema_versions TO {writer}"));
    statements
}

fn for_reader(database: &str, host: &str) -> Vec<String> {
    vec![format!("GRANT SELECT ON {}.* TO {}", quoted_name(database), account("reader", host))]
}

fn for_maintainer(database: &str, host: &str) -> Vec<String> {
    let rights = "SELECT, INSERT, DELETE, CREATE, ALTER, DROP, INDEX";
    vec![format!("GRANT {rights} ON {}.* TO {}", quoted_name(database), account("maintainer", host))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_may_change_fences_and_nodes_only() {
        let sql = sql("flood`mark", "localhost");
        let writer: Vec<&str> =
            sql.lines().filter(|line| line.starts_with("GRANT") && line.contains("writer")).collect();
        let more = writer.iter().filter(|line| !line.starts_with("GRANT INSERT ON")).count();
        assert_eq!(more, 3);
        assert!(writer.iter().all(|line| !line.contains("DELETE") && line.contains("`flood``mark`.")));
    }
}
