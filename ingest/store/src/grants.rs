//! The SQL that gives each role no more than it needs.

use crate::upkeep::SMALL_TABLES;

/// Tables that hold rows of the spool.
fn data_tables() -> impl Iterator<Item = &'static str> {
    SMALL_TABLES.into_iter().chain(["flows", "flow_notes"])
}

/// Accounts and grants for MySQL and MariaDB, to be run by an administrator after the tables were made (grants on
/// tables need the tables). Passwords stand as `CHANGE-ME-…`.
///
/// Three accounts: `floodmark_writer` for ingest (cannot read, change or drop what it wrote), `floodmark_reader` for
/// web and notifier, `floodmark_maintainer` for `floodmark store migrate` and the retention. One account with all
/// rights on the database does as well.
pub fn sql(database: &str, host: &str) -> String {
    let name = |text: &str| format!("`{}`", text.replace('`', "``"));
    let account = |role: &str| format!("'floodmark_{role}'@'{}'", host.replace('\\', "\\\\").replace('\'', "''"));
    let database = name(database);
    let (writer, reader, maintainer) = (account("writer"), account("reader"), account("maintainer"));
    let mut sql = format!(
        "-- Run as an administrator, after `floodmark store migrate`.\n\
         CREATE USER IF NOT EXISTS {writer} IDENTIFIED BY 'CHANGE-ME-writer';\n\
         CREATE USER IF NOT EXISTS {reader} IDENTIFIED BY 'CHANGE-ME-reader';\n\
         CREATE USER IF NOT EXISTS {maintainer} IDENTIFIED BY 'CHANGE-ME-maintainer';\n\
         -- ingest\n"
    );
    for table in data_tables() {
        sql.push_str(&format!("GRANT INSERT ON {database}.{table} TO {writer};\n"));
    }
    for table in ["ingest_fences", "nodes"] {
        sql.push_str(&format!("GRANT SELECT, INSERT, UPDATE ON {database}.{table} TO {writer};\n"));
    }
    sql.push_str(&format!(
        "GRANT SELECT ON {database}.schema_versions TO {writer};\n\
         -- web, notifier\n\
         GRANT SELECT ON {database}.* TO {reader};\n\
         -- floodmark store migrate, retention\n\
         GRANT SELECT, INSERT, DELETE, CREATE, ALTER, DROP, INDEX ON {database}.* TO {maintainer};\n"
    ));
    sql
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
