//! The dependency graph as cargo resolves it for Linux, without what only tests need.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Package names and what each depends on directly.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// Asks cargo. The lock file is taken as it is.
///
/// # Errors
/// Cargo cannot resolve the workspace.
pub fn metadata(root: &Path) -> anyhow::Result<Metadata> {
    let options = ["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"].map(str::to_owned);
    MetadataCommand::new().current_dir(root).other_options(options).exec().context("cargo metadata")
}

/// The graph of normal and build dependencies.
///
/// # Errors
/// The answer of cargo has no resolved graph.
pub fn of(metadata: &Metadata) -> anyhow::Result<Graph> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata did not resolve the dependencies")?;
    let names: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (&package.id, package.name.to_string())).collect();
    let mut graph = Graph::new();
    for node in &resolve.nodes {
        let name = names.get(&node.id).context("a node without its package")?;
        let edges = graph.entry(name.clone()).or_default();
        for dependency in &node.deps {
            if dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development) {
                edges.insert(names.get(&dependency.pkg).context("an edge without its package")?.clone());
            }
        }
    }
    Ok(graph)
}

/// A shortest way from `from` to `to`, both ends included; `None` if there is none.
pub fn way(graph: &Graph, from: &str, to: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut ways = vec![vec![from.to_owned()]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let end = way.last()?;
            if end == to {
                return Some(way);
            }
            for next in graph.get(end).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    longer.push([way.as_slice(), std::slice::from_ref(next)].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

#[cfg(test)]
pub mod tests {
    use super::{Graph, way};

    /// A graph from `a: b c` lines.
    pub fn graph(text: &str) -> Graph {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, edges)| (name.trim().to_owned(), words(edges)))
            .collect()
    }

    #[test]
    fn the_shortest_way_is_found() {
        let graph = graph("a: b c\nb: d\nc: b e\nd: a f\ne: f");
        assert_eq!(way(&graph, "a", "f"), Some(["a", "b", "d", "f"].map(str::to_owned).to_vec()));
        assert_eq!(way(&graph, "f", "a"), None);
        assert_eq!(way(&graph, "a", "a"), Some(vec!["a".to_owned()]));
    }
}
