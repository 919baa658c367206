//! `cargo x edges`: who may depend on whom. The table is the one of ARCHITECTURE.md.

use std::path::Path;

use anyhow::bail;

use crate::graph::{self, Graph};

/// Each package of ours, and which of ours it may use directly.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("faults", &[]),
    ("spool", &["faults"]),
    ("live", &[]),
    ("store", &["faults"]),
    ("capture", &["spool", "live", "faults"]),
    ("ingest", &["spool", "live", "store", "faults"]),
    ("notifier", &["live", "spool", "faults"]),
    ("web-ui", &["live", "store"]),
    ("floodmark", &["capture", "spool", "live", "ingest", "store", "notifier", "web-ui", "faults"]),
    ("scripts", &["faults"]),
    // The demo starts the built program, as people do.
    ("demo", &[]),
    // The load program serves by the page's own role, in a process of its own.
    ("push", &["web-ui", "store"]),
];

/// What a package must not reach, over whatever way.
const MUST_NOT_REACH: [(&str, &[&str]); 5] = [
    // Capture waits for no database and no peer.
    ("capture", &["sqlx", "sqlx-core", "tokio", "axum"]),
    ("spool", &["sqlx", "sqlx-core", "tokio", "axum"]),
    ("live", &["sqlx", "sqlx-core", "tokio", "axum"]),
    // Only capture opens packet sockets.
    ("web-ui", &["afpacket", "capture"]),
    ("notifier", &["afpacket", "capture"]),
];

/// Holds the workspace against both tables.
///
/// # Errors
/// Lists each edge that is not allowed.
pub fn check(root: &Path) -> anyhow::Result<()> {
    let metadata = graph::metadata(root)?;
    let ours: Vec<String> = metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let problems = problems(&graph::of(&metadata)?, &ours);
    if !problems.is_empty() {
        bail!(
            "\n{}\nmove the code, or decide on the edge in ARCHITECTURE.md and scripts/src/edges.rs",
            problems.join("\n")
        );
    }
    Ok(())
}

fn problems(graph: &Graph, ours: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for name in ours {
        let Some((_, allowed)) = MAY_USE.iter().find(|(package, _)| package == name) else {
            problems.push(format!("{name} is not in the table"));
            continue;
        };
        for edge in graph.get(name).into_iter().flatten().filter(|edge| ours.contains(edge)) {
            if !allowed.contains(&edge.as_str()) {
                problems.push(format!("{name} must not use {edge}"));
            }
        }
    }
    for (name, forbidden) in MUST_NOT_REACH {
        for target in forbidden {
            if let Some(way) = graph::way(graph, name, target) {
                problems.push(format!("{name} must not reach {target}: {}", way.join(" → ")));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::graph::tests::graph;

    const OURS: [&str; 4] = ["capture", "spool", "live", "web-ui"];

    fn check(text: &str, expect: &[&str]) {
        assert_eq!(problems(&graph(text), &OURS.map(str::to_owned)), expect, "{text}");
    }

    #[test]
    fn allowed_edges_pass() {
        check("capture: spool live libc\nweb-ui: live axum\naxum: tokio\nspool: serde\nlive: serde", &[]);
    }

    #[test]
    fn an_edge_against_the_stream_is_refused() {
        check("spool: live", &["spool must not use live"]);
        check("web-ui: capture", &["web-ui must not use capture", "web-ui must not reach capture: web-ui → capture"]);
    }

    #[test]
    fn what_is_reached_over_others_counts() {
        let expect = [
            "capture must not reach tokio: capture → live → helper → tokio",
            "live must not reach tokio: live → helper → tokio",
        ];
        check("capture: live\nlive: helper\nhelper: tokio", &expect);
    }

    #[test]
    fn a_new_package_must_be_entered() {
        let ours = ["relay".to_owned()];
        assert_eq!(problems(&graph("relay: "), &ours), ["relay is not in the table"]);
    }
}
