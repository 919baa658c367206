//! The numbered migrations of each dialect: embedded, only ever added to, never edited after a release.

/// MySQL and MariaDB. Every statement does nothing where its work is already done; one that adds a column may find it
/// there ([`COLUMN_IS_THERE`]).
pub(crate) const MYSQL: [&str; 2] =
    [include_str!("../migrations/mysql/0001_tables.sql"), include_str!("../migrations/mysql/0002_gap.sql")];

/// What a server says to `ALTER TABLE … ADD COLUMN` where the column is there already: a statement adds one column, so
/// nothing else of it can be left undone.
pub(crate) const COLUMN_IS_THERE: u16 = 1060;

/// SQLite: `main.db`.
pub(crate) const SQLITE_MAIN: [&str; 2] =
    [include_str!("../migrations/sqlite/main_0001_tables.sql"), include_str!("../migrations/sqlite/main_0002_gap.sql")];

/// SQLite: a day file.
pub(crate) const SQLITE_DAY: [&str; 2] =
    [include_str!("../migrations/sqlite/day_0001_tables.sql"), include_str!("../migrations/sqlite/day_0002_gap.sql")];

/// The statements of a migration: each ends with a semicolon at the end of a line.
pub(crate) fn statements(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_only_ever_add() {
        for text in MYSQL.iter().chain(&SQLITE_MAIN).chain(&SQLITE_DAY) {
            for statement in statements(text) {
                let sql = statement.lines().find(|line| !line.starts_with("--")).unwrap();
                let adds =
                    sql.starts_with("CREATE ") || (sql.starts_with("ALTER TABLE ") && sql.contains("ADD COLUMN"));
                assert!(adds, "{statement}");
            }
        }
    }

    #[test]
    fn server_statements_may_run_twice() {
        for sql in MYSQL.iter().flat_map(|text| statements(text)) {
            let columns = sql.matches("ADD COLUMN").count();
            assert!(sql.contains("CREATE TABLE IF NOT EXISTS") || columns == 1, "{sql}");
        }
    }
}
