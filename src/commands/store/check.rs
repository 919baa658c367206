//! `floodmark store migrate --check`: which version the store has, what a migration would do, and who goes on working.

use std::fmt::Write;

use store::{SchemaCheck, SchemaPart};

/// What was found, for people.
pub fn told(check: &SchemaCheck) -> String {
    let mut out = String::new();
    for SchemaPart { name, version, .. } in &check.parts {
        let version = if *version == 0 { "no tables".to_owned() } else { format!("schema version {version}") };
        // Writing to a String does not fail.
        let _ = writeln!(out, "{name}: {version}");
    }
    let known = check.known;
    let _ = writeln!(out, "this program: schema version {known}");
    if check.is_current() {
        return out + "nothing to do\n";
    }
    if check.is_newer() {
        return out + &newer(check);
    }
    if check.parts.is_empty() || check.version() == 0 {
        return out + "to do: make the tables; run `floodmark store migrate`, or start ingest, which does it\n";
    }
    let found = check.version();
    let _ = writeln!(
        out,
        "to do: migrations {} to {known} (each adds tables or columns; no row is changed): run `floodmark store migrate` \
         with an account that may CREATE and ALTER, or start ingest, which does it; then `floodmark store grants` again",
        found + 1
    );
    out + &before(check, found)
}

/// Whether programs of the version that is there now go on afterwards.
fn before(check: &SchemaCheck, found: u32) -> String {
    if found < check.support_from {
        return format!(
            "afterwards: programs that know schema version {found} refuse the store at their next connection, to read and \
             to write: stop them first and upgrade all of them; the way back is a backup (docs/backup.md)\n"
        );
    }
    let still = |least: u32, what: &str| {
        if least <= found { format!("may still {what}") } else { format!("may no longer {what}") }
    };
    format!(
        "afterwards: programs that know schema version {found} {} and {}\n",
        still(check.min_reader, "read"),
        still(check.min_writer, "write")
    )
}

fn newer(check: &SchemaCheck) -> String {
    let all = |may: fn(&SchemaPart) -> bool| check.parts.iter().all(may);
    let (reads, writes) = (all(|part| part.readable), all(|part| part.writable));
    let now = match (reads, writes) {
        (true, true) => "it lets this program read and write meanwhile",
        (true, false) => "it lets this program read meanwhile, not write",
        _ => "it does not let this program go on",
    };
    format!("the store is newer than this program: upgrade floodmark (tables are never changed back); {now}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(versions: &[u32]) -> SchemaCheck {
        let part = |&version: &u32| SchemaPart {
            name: "main.db".to_owned(),
            version,
            readable: version >= 5,
            writable: version == 5,
        };
        SchemaCheck {
            known: 5,
            parts: versions.iter().map(part).collect(),
            min_reader: 3,
            min_writer: 4,
            support_from: 3,
        }
    }

    #[test]
    fn each_state_is_told_with_what_to_do() {
        let cases: [(&[u32], bool, &[&str]); 6] = [
            (&[5, 5], true, &["nothing to do"]),
            (&[], false, &["make the tables", "store migrate"]),
            (&[0], false, &["no tables", "make the tables"]),
            (&[2, 5], false, &["migrations 3 to 5", "refuse the store", "docs/backup.md"]),
            (&[3], false, &["migrations 4 to 5", "may still read and may no longer write", "store grants"]),
            (&[6], false, &["newer than this program", "upgrade", "read meanwhile, not write"]),
        ];
        for (versions, is_current, parts) in cases {
            let check = check(versions);
            assert_eq!(check.is_current(), is_current, "{versions:?}");
            let text = told(&check);
            assert!(parts.iter().all(|part| text.contains(part)), "{versions:?}: {text}");
        }
    }
}
