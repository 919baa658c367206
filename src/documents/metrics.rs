//! The dashboard and the rules for Prometheus ask for metrics of docs/metrics.md and for no others.

use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../docs/grafana/floodmark.json");
const RULES: &str = include_str!("../../docs/prometheus-rules.yml");

/// Names and labels of the page.
fn known() -> BTreeMap<&'static str, Vec<&'static str>> {
    let row = |line: &'static str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`');
        let labels = cells.nth(1)?.split(", ").map(str::trim).filter(|label| !label.is_empty()).collect();
        Some((name, labels))
    };
    PAGE.lines().filter_map(row).collect()
}

/// A metric of ours in a query, with the matchers in the braces behind it: label and value.
fn metrics(query: &str) -> Vec<(String, Vec<(String, String)>)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    query
        .match_indices("floodmark_")
        .filter(|(at, _)| !query[..*at].ends_with(is_part))
        .map(|(at, _)| {
            let rest = &query[at..];
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let braces = rest[end..].strip_prefix('{').and_then(|inner| inner.split('}').next()).unwrap_or_default();
            let matcher = |text: &str| {
                let (label, value) = text.split_once(['=', '!'])?;
                Some((label.trim().to_owned(), value.trim_matches(['=', '~', '"', '\\']).to_owned()))
            };
            (rest[..end].to_owned(), braces.split(',').filter_map(matcher).collect())
        })
        .collect()
}

/// Every text of a JSON document.
fn texts(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

fn check(document: &str, queries: &[String], least: usize) {
    let known = known();
    let found: Vec<_> = queries.iter().flat_map(|query| metrics(query)).collect();
    assert!(found.len() >= least, "{document} asks for {} metrics only: are they found?", found.len());
    let sources = super::messages::sources();
    for (name, matchers) in found {
        let labels = known.get(name.as_str()).unwrap_or_else(|| panic!("{document}: {name} is not in docs/metrics.md"));
        for (label, value) in matchers {
            // A scraper adds job and instance.
            let is_label = labels.contains(&label.as_str()) || ["job", "instance"].contains(&label.as_str());
            assert!(is_label, "{document}: {name} has no label {label}");
            let values = value.split('|').filter(|value| !value.is_empty() && !value.contains(['$', '.']));
            for value in values.filter(|_| label == "what" || label == "term" || label == "severity") {
                let quoted = format!("\"{value}\"");
                assert!(sources.contains(&quoted), "{document}: {name}: nothing tells {label} = {quoted}");
            }
        }
    }
}

#[test]
fn the_dashboard_asks_for_metrics_that_exist() {
    let document: serde_json::Value = serde_json::from_str(DASHBOARD).expect("the dashboard is JSON");
    let mut queries = Vec::new();
    texts(&document, &mut queries);
    check("docs/grafana/floodmark.json", &queries, 15);
}

#[test]
fn the_rules_for_prometheus_ask_for_metrics_that_exist() {
    check("docs/prometheus-rules.yml", &[RULES.to_owned()], 10);
}

#[test]
fn metrics_are_found_in_queries() {
    let found = metrics("sum by (what) (rate(floodmark_a_total{what=~\"x|y\",role!=\"web\"}[5m])) > floodmark_b");
    let pair = |label: &str, value: &str| (label.to_owned(), value.to_owned());
    let expect = vec![("floodmark_a_total".to_owned(), vec![pair("what", "x|y"), pair("role", "web")])];
    assert_eq!(found[..1], expect);
    assert_eq!(found[1], ("floodmark_b".to_owned(), Vec::new()));
}
