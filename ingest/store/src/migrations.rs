//! The numbered migrations of each dialect: embedded, only ever added to, never edited after a release.
//!
//! They follow expand and contract: a migration adds (a table, a column with a default), and the program of before goes
//! on reading and writing; what nobody uses any more is taken away by a later release's migration, never by the one
//! that adds its successor. So all dialects have the same number of them, and [`SUPPORT`] says of each which programs
//! still do.

/// MySQL and MariaDB. Every statement does nothing where its work is already done; one that adds a column may find it
/// there ([`COLUMN_IS_THERE`]).
pub(crate) const MYSQL: [&str; 5] = [
    include_str!("../migrations/mysql/0001_tables.sql"),
    include_str!("../migrations/mysql/0002_gap.sql"),
    include_str!("../migrations/mysql/0003_support.sql"),
    include_str!("../migrations/mysql/0004_condensed.sql"),
    include_str!("../migrations/mysql/0005_notes.sql"),
];

/// What a server says to `ALTER TABLE … ADD COLUMN` where the column is there already: a statement adds one column, so
/// nothing else of it can be left undone.
pub(crate) const COLUMN_IS_THERE: u16 = 1060;

/// SQLite: `main.db`.
pub(crate) const SQLITE_MAIN: [&str; 5] = [
    include_str!("../migrations/sqlite/main_0001_tables.sql"),
    include_str!("../migrations/sqlite/main_0002_gap.sql"),
    include_str!("../migrations/sqlite/main_0003_support.sql"),
    include_str!("../migrations/sqlite/main_0004_condensed.sql"),
    include_str!("../migrations/sqlite/main_0005_notes.sql"),
];

/// SQLite: a day file.
pub(crate) const SQLITE_DAY: [&str; 5] = [
    include_str!("../migrations/sqlite/day_0001_tables.sql"),
    include_str!("../migrations/sqlite/day_0002_gap.sql"),
    include_str!("../migrations/sqlite/day_0003_support.sql"),
    include_str!("../migrations/sqlite/day_0004_condensed.sql"),
    include_str!("../migrations/sqlite/day_0005_notes.sql"),
];

/// The version that this program knows.
pub(crate) const KNOWN: u32 = MYSQL.len() as u32;
const _: () = assert!(SQLITE_MAIN.len() == MYSQL.len() && SQLITE_DAY.len() == MYSQL.len());

/// The lowest version that a program must know to use a store of some version; 0 = that very version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Support {
    pub(crate) min_reader: u32,
    pub(crate) min_writer: u32,
}

/// The support of each version, the first one's first. Programs of before [`SUPPORT_FROM`] look at the version only, and
/// refuse any other.
pub(crate) const SUPPORT: [Support; MYSQL.len()] =
    [Support { min_reader: 0, min_writer: 0 }, Support { min_reader: 0, min_writer: 0 }, FROM_3, FROM_3, FROM_3];
const FROM_3: Support = Support { min_reader: SUPPORT_FROM, min_writer: SUPPORT_FROM };

/// The first version that writes its support down.
pub(crate) const SUPPORT_FROM: u32 = 3;

/// The statements of a migration: each ends with a semicolon at the end of a line.
pub(crate) fn statements(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A statement without its comment.
    fn sql(statement: &str) -> String {
        statement.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ")
    }

    /// Columns that a statement makes, as `table.column`; the tables are those of one database.
    fn made(sql: &str) -> Option<(&str, &str)> {
        let (table, column) = sql.strip_prefix("ALTER TABLE ")?.split_once(" ADD COLUMN ")?;
        Some((table, column.split(' ').next()?))
    }

    /// Nothing goes, is renamed or changes its type in a migration that adds something: whoever takes away what is of no
    /// use any more does it in a migration of its own, in a later release.
    fn expands_only(text: &'static str) -> Result<(), String> {
        let mut kinds = HashSet::new();
        for statement in statements(text) {
            let sql = sql(statement).to_ascii_uppercase();
            let adds = sql.starts_with("CREATE ") || made(&sql).is_some();
            let words = sql.split_whitespace().collect::<Vec<_>>();
            let changes = ["DROP", "RENAME", "MODIFY", "CHANGE"].iter().find(|word| words.contains(word));
            match (adds, changes) {
                (true, None) => kinds.insert("adds"),
                (false, Some(&"DROP")) => kinds.insert("drops"),
                _ => return Err(format!("neither adds nor only drops: {sql}")),
            };
        }
        if kinds.len() > 1 { Err("adds and drops in one migration".to_owned()) } else { Ok(()) }
    }

    #[test]
    fn a_migration_expands_or_contracts_and_never_both() {
        for text in MYSQL.iter().chain(&SQLITE_MAIN).chain(&SQLITE_DAY) {
            assert_eq!(expands_only(text), Ok(()));
        }
        assert!(expands_only("CREATE TABLE a (b INT);\nALTER TABLE c DROP COLUMN d;\n").is_err());
        assert!(expands_only("ALTER TABLE c RENAME COLUMN d TO e;\n").is_err());
        assert!(expands_only("ALTER TABLE c MODIFY d BIGINT;\n").is_err());
        assert_eq!(expands_only("ALTER TABLE c DROP COLUMN d;\n"), Ok(()));
    }

    #[test]
    fn a_column_that_is_added_has_a_default_for_the_program_of_before() {
        for text in MYSQL.iter().chain(&SQLITE_MAIN).chain(&SQLITE_DAY) {
            for statement in statements(text).map(sql).filter(|sql| made(sql).is_some()) {
                assert!(statement.contains(" DEFAULT "), "{statement}");
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

    #[test]
    fn support_never_asks_for_more_than_its_version() {
        for (version, support) in (1..).zip(SUPPORT) {
            assert!(support.min_reader <= version && support.min_writer <= version);
            assert_eq!(support == Support::default(), version < SUPPORT_FROM);
        }
    }
}
