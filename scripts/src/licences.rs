//! `cargo x licences`: what the program is built from may be given on, under a closed list of licences.

use std::path::Path;

use anyhow::bail;

use crate::{graph, spdx};

/// Accepted for every dependency.
const ALLOWED: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Accepted for one dependency only.
const ALLOWED_FOR: [(&str, &str); 1] = [
    // A permissive licence that the Open Source Initiative lists, seldom met elsewhere.
    ("afpacket", "MirOS"),
];

/// Checks the licence of every package of the graph, ours too, tests' dependencies too.
///
/// # Errors
/// Lists each package whose licence is not accepted.
pub fn check(root: &Path) -> anyhow::Result<()> {
    let metadata = graph::metadata(root)?;
    let resolved = graph::of(&metadata)?;
    let problems: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| resolved.contains_key(package.name.as_str()))
        .filter_map(|package| problem(&package.name, package.license.as_deref()))
        .collect();
    if !problems.is_empty() {
        bail!(
            "\n{}\nchoose another dependency, or decide on the licence in scripts/src/licences.rs",
            problems.join("\n")
        );
    }
    Ok(())
}

fn problem(name: &str, licence: Option<&str>) -> Option<String> {
    let Some(licence) = licence else { return Some(format!("{name} declares no licence")) };
    let allowed = |one: &str| ALLOWED.contains(&one) || ALLOWED_FOR.contains(&(name, one));
    (!spdx::is_met(licence, &allowed)).then(|| format!("{name} is under {licence}"))
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn the_list_is_closed() {
        assert_eq!(problem("x", Some("MIT OR Apache-2.0")), None);
        assert_eq!(problem("x", Some("GPL-3.0-only OR MIT")), None);
        assert_eq!(problem("x", Some("GPL-3.0-only")), Some("x is under GPL-3.0-only".to_owned()));
        assert_eq!(problem("x", None), Some("x declares no licence".to_owned()));
    }

    #[test]
    fn one_licence_is_for_one_package() {
        assert_eq!(problem("afpacket", Some("MirOS")), None);
        assert!(problem("another", Some("MirOS")).is_some());
    }
}
