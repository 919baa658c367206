//! Holds docs/metrics.md against the metrics' definitions.

use std::fmt::Write;

const PAGE: &str = include_str!("../docs/metrics.md");

const HEAD: &str = "# Metrics

Each role answers `GET /metrics` on its socket, `RUN/<role>.sock`:

```
curl --unix-socket floodmark-data/run/capture.sock http://localhost/metrics
```

The page joins them for scrapers: `GET /metrics`, with a token whose right is `metrics` (`POST /api/tokens` with
`{\"name\":\"prometheus\",\"subscribe\":\"metrics\"}`, see push.md). `/ca.crt` of the page is the authority of its certificate:

```
scrape_configs:
  - job_name: floodmark
    scheme: https
    authorization: { credentials_file: /etc/prometheus/floodmark.token }
    tls_config: { ca_file: /etc/prometheus/floodmark-ca.crt }
    static_configs: [{ targets: [\"flood.example:8443\"] }]
```

A role that does not answer within 3 s is left out and told by `floodmark_web_role`; answers are at most a second old.

Labels are small closed sets; `term` is a term of the ledger (ARCHITECTURE.md). Counters begin anew with each start.

| name | kind | labels | meaning |
|---|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut row = |kind: &str, labels: &[&str], (name, meaning): (&str, &str)| {
        // Writing to a String does not fail.
        let _ = writeln!(page, "| `{name}` | {kind} | {} | {meaning} |", labels.join(", "));
    };
    live::usage::ALL.iter().for_each(|(kind, labels, told)| row(kind, labels, *told));
    capture::metrics::ALL.iter().for_each(|(kind, labels, told)| row(kind, labels, *told));
    ingest::metrics::COUNTERS.iter().for_each(|told| row("counter", &[], *told));
    row("gauge", &[], ingest::metrics::CONNECTED);
    notifier::incident::metrics::ALL.iter().for_each(|(kind, labels, told)| row(kind, labels, *told));
    notifier::role::metrics::ALL.iter().for_each(|(kind, labels, told)| row(kind, labels, *told));
    web_ui::metrics::ALL.iter().for_each(|(kind, labels, told)| row(kind, labels, *told));
    crate::supervisor::metrics::ALL.iter().for_each(|(kind, labels, told)| row(kind, labels, *told));
    page
}

#[test]
fn the_page_lists_every_metric() {
    let page = page();
    assert!(page == PAGE, "docs/metrics.md must read:\n{page}");
}
