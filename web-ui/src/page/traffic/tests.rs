//! The page over a store in a scratch folder.

use axum::http::StatusCode;
use store::{Batch, InterfaceRow, Resolution, TrafficRow};

use crate::guard::Standing;
use crate::role::now_s;
use crate::testing::{commit, get, parts, router, visitor};
use crate::words::Language;

fn minute(seq: u64, ts: u32, interface: u16) -> TrafficRow {
    TrafficRow {
        packets_in: 600,
        bytes_in: 750_000,
        tcp_packets: 600,
        tcp_bytes: 750_000,
        seconds: 60,
        packets_per_second_max: 20,
        bytes_per_second_max: 25_000,
        ..empty(seq, ts, interface)
    }
}

fn empty(seq: u64, ts: u32, interface: u16) -> TrafficRow {
    TrafficRow {
        ts,
        seq,
        resolution: Resolution::Minute,
        interface,
        packets_in: 0,
        bytes_in: 0,
        packets_out: 0,
        bytes_out: 0,
        packets_through: 0,
        bytes_through: 0,
        packets_internal: 0,
        bytes_internal: 0,
        tcp_packets: 0,
        tcp_bytes: 0,
        udp_packets: 0,
        udp_bytes: 0,
        icmp_packets: 0,
        icmp_bytes: 0,
        other_packets: 0,
        other_bytes: 0,
        syn_packets: 0,
        syn_without_ack_packets: 0,
        fragment_packets: 0,
        non_ip_frames: 0,
        malformed_frames: 0,
        unsupported_frames: 0,
        dropped_frames: 0,
        flows_new: 0,
        seconds: 0,
        packets_per_second_max: 0,
        bytes_per_second_max: 0,
    }
}

/// A day of minutes of two interfaces, one with a hostile name.
async fn fill(dir: &std::path::Path) {
    let now = now_s() / 60 * 60;
    let mut traffic = Vec::new();
    for at in 0..1_440 {
        traffic.push(minute(at * 2 + 1, now - 60 * (1_440 - at as u32), 1));
        traffic.push(minute(at * 2 + 2, now - 60 * (1_440 - at as u32), 2));
    }
    let name = |seq, interface, name: &str| InterfaceRow { ts: now, seq, interface, name: name.to_owned() };
    let interfaces = vec![name(2_881, 1, "eth0"), name(2_882, 2, "\"><script>alert(1)</script>")];
    let batch =
        Batch { epoch: 5, first_seq: 1, last_seq: 2_882, arrived: now, traffic, interfaces, ..Batch::default() };
    commit(&dir.join("data"), &batch).await;
}

#[tokio::test]
async fn what_passed_is_shown_in_both_languages_with_and_without_scripts() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let app = parts(dir.path());
    let [english, russian] = [Language::En, Language::Ru].map(|l| router(&app, Some(visitor(Standing::Viewer, l))));
    let (status, page) = get(&english, "/traffic").await;
    assert!(status == StatusCode::OK && page.contains("No data yet"), "{page}");
    fill(dir.path()).await;
    let (status, page) = get(&english, "/traffic?range=1d").await;
    assert_eq!(status, StatusCode::OK);
    // Twice 750 kB a minute.
    for part in ["200\u{202f}kbit/s", "class=\"trace t0\" d=\"M", "95th percentile", "2.16\u{202f}GB", "aria-current"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<script>alert"), "{page}");
    let (_, page) = get(&russian, "/traffic?range=1d&by=interface&unit=packets").await;
    for part in ["10\u{202f}пак/с", "95-й процентиль", "eth0", "&#60;script&#62;alert(1)"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (status, text) = get(&english, "/api/traffic?range=1d&by=protocol&interface=eth0").await;
    let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((status, &answer["unit"], &answer["step"]), (StatusCode::OK, &"bit/s".into(), &300.into()));
    assert_eq!(answer["lines"][0]["values"][100], 100_000.0);
    assert_eq!(answer["times"].as_array().map(Vec::len), answer["lines"][3]["values"].as_array().map(Vec::len));
}

#[tokio::test]
async fn nonsense_is_told_and_the_form_keeps_it() {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let router = router(&parts(dir.path()), Some(visitor(Standing::Viewer, Language::En)));
    for query in ["from=%3Cb%3E", "range=%FF%FE", "by=x&by=y", "from=2100-01-01T00:00", "from=1795329000&to=1795328000"]
    {
        let (status, page) = get(&router, &format!("/traffic?{query}")).await;
        assert!(
            status == StatusCode::BAD_REQUEST && page.contains("role=\"alert\"") && page.contains("<form"),
            "{query}"
        );
        assert!(!page.contains("<b>\""));
        let (status, problem) = get(&router, &format!("/api/traffic?{query}")).await;
        assert!(status == StatusCode::BAD_REQUEST && problem.contains("\"detail\""), "{problem}");
    }
    let (_, page) = get(&router, "/traffic?from=%3Cb%3E").await;
    assert!(page.contains("value=\"&#60;b&#62;\""), "{page}");
}
