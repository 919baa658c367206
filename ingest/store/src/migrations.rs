//! The numbered migrations of each dialect: embedded, only ever added to, never edited after a release.

/// MySQL and MariaDB. Every statement does nothing where its work is already done.
pub(crate) const MYSQL: [&str; 1] = [include_str!("../migrations/mysql/0001_tables.sql")];

/// SQLite: `main.db`.
pub(crate) const SQLITE_MAIN: [&str; 1] = [include_str!("../migrations/sqlite/main_0001_tables.sql")];

/// SQLite: a day file.
pub(crate) const SQLITE_DAY: [&str; 1] = [include_str!("../migrations/sqlite/day_0001_tables.sql")];

/// The statements of a migration: each ends with a semicolon at the end of a line.
pub(crate) fn statements(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_of_every_migration_creates_something() {
        for text in MYSQL.iter().chain(&SQLITE_MAIN).chain(&SQLITE_DAY) {
            for statement in statements(text) {
                let sql = statement.lines().find(|line| !line.starts_with("--")).unwrap();
                assert!(sql.starts_with("CREATE "), "{statement}");
            }
        }
    }

    #[test]
    fn server_statements_may_run_twice() {
        assert!(MYSQL.iter().flat_map(|text| statements(text)).all(|sql| sql.contains("CREATE TABLE IF NOT EXISTS")));
    }
}
