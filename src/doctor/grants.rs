//! Whether a database's account may do what its part of Floodmark does, by what `SHOW GRANTS` tells.

use store::config::Config;

/// A privilege, and the table that it is needed on.
pub type Need = (&'static str, &'static str);

/// Of ingest.
const WRITER: [Need; 8] = [
    ("INSERT", "flows"),
    ("INSERT", "traffic_1s"),
    ("INSERT", "ledger"),
    ("SELECT", "ingest_fences"),
    ("UPDATE", "ingest_fences"),
    ("UPDATE", "nodes"),
    ("INSERT", "nodes"),
    ("SELECT", "schema_versions"),
];

/// Of the page and of commands that read.
const READER: [Need; 2] = [("SELECT", "flows"), ("SELECT", "incidents")];

/// Of migrations, partitions and retention.
const MAINTAINER: [Need; 5] =
    [("CREATE", "flows"), ("ALTER", "flows"), ("DROP", "flows"), ("INDEX", "flows"), ("DELETE", "events")];

/// What the account of `store.url` must be able to do beside the others that are configured.
pub fn of_first(config: &Config) -> Vec<Need> {
    let mut needs = WRITER.to_vec();
    if config.reader_user.is_empty() {
        needs.extend(READER);
    }
    if config.maintainer_user.is_empty() {
        needs.extend(MAINTAINER);
    }
    needs
}

/// What the reader must be able to do.
pub fn of_reader() -> Vec<Need> {
    READER.to_vec()
}

/// What the maintainer must be able to do.
pub fn of_maintainer() -> Vec<Need> {
    MAINTAINER.to_vec()
}

/// Needs that no grant covers; `None` = it cannot be told, because the account has roles.
pub fn missing(grants: &[String], database: &str, needs: &[Need]) -> Option<Vec<Need>> {
    let parsed: Vec<Grant> = grants.iter().filter_map(|text| Grant::parse(text)).collect();
    let left: Vec<Need> =
        needs.iter().filter(|need| !parsed.iter().any(|grant| grant.covers(database, need))).copied().collect();
    let has_roles = grants.iter().any(|text| text.starts_with("GRANT ") && !text.contains(" ON "));
    if left.is_empty() || !has_roles { Some(left) } else { None }
}

/// One line of `SHOW GRANTS`.
struct Grant {
    privileges: Vec<String>,
    database: String,
    table: String,
}

impl Grant {
    fn parse(text: &str) -> Option<Grant> {
        let (privileges, rest) = text.strip_prefix("GRANT ")?.split_once(" ON ")?;
        let (object, _) = rest.split_once(" TO ")?;
        let object = object.strip_prefix("TABLE ").unwrap_or(object);
        let (database, table) = split_object(object)?;
        // A privilege on some columns is none on the table: its name and its columns are one word here.
        let mut depth = 0;
        let words = privileges.split(|c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            c == ',' && depth == 0
        });
        let privileges = words.map(|word| word.trim().to_ascii_uppercase()).collect();
        Some(Grant { privileges, database, table })
    }

    fn covers(&self, database: &str, (privilege, table): &Need) -> bool {
        let is_here = self.database == "*" || is_like(&self.database, database);
        let is_on = self.table == "*" || self.table == *table;
        let may = |word: &String| word == privilege || word == "ALL PRIVILEGES" || word == "ALL";
        is_here && is_on && self.privileges.iter().any(may)
    }
}

/// `` `db`.`table` ``, `` `db`.* ``, `*.*`, without the quotes.
fn split_object(object: &str) -> Option<(String, String)> {
    let end = match object.strip_prefix('`') {
        Some(rest) => rest.replace("``", "__").find('`')? + 2,
        None => object.find('.')?,
    };
    let (database, table) = (object.get(..end)?, object.get(end..)?.strip_prefix('.')?);
    let plain = |text: &str| text.trim_matches('`').replace("``", "`");
    Some((plain(database), plain(table)))
}

/// The name of a database in a grant is a pattern: `%` is anything, `_` one character, `\` takes the next as it is.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let cuts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            cuts.into_iter().any(|at| is_like(rest.as_str(), &text[at..]))
        }
        Some(wanted) => {
            let (wanted, is_any) = match wanted {
                '\\' => (rest.next().unwrap_or('\\'), false),
                wanted => (wanted, wanted == '_'),
            };
            let mut text = text.chars();
            text.next().is_some_and(|c| is_any || c == wanted) && is_like(rest.as_str(), text.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use store::config::Config;

    use super::{is_like, missing, of_first, of_reader};

    fn left(grants: &[&str]) -> Option<usize> {
        let grants: Vec<String> = grants.iter().map(|text| (*text).to_owned()).collect();
        missing(&grants, "flood_mark", &of_first(&Config::default())).map(|left| left.len())
    }

    #[test]
    fn one_account_with_all_rights_does_and_one_without_is_told() {
        let all = of_first(&Config::default()).len();
        assert_eq!(
            left(&["GRANT USAGE ON *.* TO `f`@`%`", "GRANT ALL PRIVILEGES ON `flood\\_mark`.* TO `f`@`%`"]),
            Some(0)
        );
        assert_eq!(left(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"]), Some(0));
        assert_eq!(left(&["GRANT USAGE ON *.* TO `f`@`%`"]), Some(all));
        assert_eq!(left(&["GRANT ALL PRIVILEGES ON `other`.* TO `f`@`%`"]), Some(all));
        assert_eq!(left(&["GRANT SELECT, INSERT, UPDATE ON `flood_mark`.* TO `f`@`%`"]), Some(5));
        assert_eq!(left(&["GRANT SELECT (ts, node_id), INSERT ON `flood_mark`.* TO `f`@`%`"]), Some(all - 4));
        assert_eq!(left(&["GRANT `r`@`%` TO `f`@`%`", "GRANT USAGE ON *.* TO `f`@`%`"]), None);
        assert_eq!(left(&[]), Some(all));
    }

    #[test]
    fn the_printed_grants_are_enough() {
        let accounts = store::grants::sql("flood_mark", "localhost");
        let lines = |role: &str| -> Vec<String> {
            let account = format!("'floodmark_{role}'@'localhost';");
            let grants = accounts.lines().filter(|line| line.starts_with("GRANT") && line.ends_with(&account));
            grants.map(ToOwned::to_owned).collect()
        };
        let (reader_user, maintainer_user) = ("floodmark_reader".to_owned(), "floodmark_maintainer".to_owned());
        let config = Config { reader_user, maintainer_user, ..Config::default() };
        assert_eq!(missing(&lines("writer"), "flood_mark", &of_first(&config)), Some(Vec::new()));
        assert_eq!(missing(&lines("reader"), "flood_mark", &of_reader()), Some(Vec::new()));
        assert_eq!(missing(&lines("maintainer"), "flood_mark", &super::of_maintainer()), Some(Vec::new()));
        assert_ne!(missing(&lines("writer"), "flood_mark", &of_reader()), Some(Vec::new()));
    }

    #[test]
    fn a_name_in_a_grant_is_a_pattern() {
        for (pattern, text, expect) in [
            ("a_b", "axb", true),
            ("a\\_b", "axb", false),
            ("a\\_b", "a_b", true),
            ("%", "", true),
            ("f%k", "floodmark", true),
            ("f%x", "floodmark", false),
            ("", "", true),
            ("", "a", false),
            ("a", "ab", false),
            ("ä%", "äö", true),
        ] {
            assert_eq!(is_like(pattern, text), expect, "{pattern} {text}");
        }
    }
}
