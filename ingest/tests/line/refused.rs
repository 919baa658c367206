//! Rows that cannot be stored are parked and counted; they stop nothing.

use spool::FrameKind;

use crate::place::Place;
use crate::write::{events, lines, open};

fn stored_and_parked(place: &Place) -> (u64, u64, u64) {
    let fence = place.fences().into_iter().find(|fence| fence.stream == 0).unwrap();
    assert_eq!(fence.gap, store::Counts::default());
    (fence.last_seq, fence.stored.rows, fence.parked.rows)
}

pub fn an_unknown_kind_is_parked(place: &Place) {
    let mut writer = open(&place.spool());
    events(&mut writer, &["before"]);
    lines(&mut writer, FrameKind::Unknown(99), b"what a newer writer says", 7);
    let summary = place.drain();
    assert_eq!((summary.rows_stored, summary.rows_parked), (1, 7));
    // A batch of nothing else, and rows behind it.
    lines(&mut writer, FrameKind::Unknown(99), b"again", 2);
    place.drain();
    events(&mut writer, &["after"]);
    place.drain();
    assert_eq!(stored_and_parked(place), (11, 2, 9));
}

pub fn unreadable_lines_are_parked(place: &Place) {
    let mut writer = open(&place.spool());
    events(&mut writer, &["before"]);
    let mixed = b"{\"ts\":1789993600,\"kind\":\"a\",\"text\":\"good\"}\n{\"ts\":true}\n\xff\xfe\nnot JSON\n\
                  {\"ts\":1789993600,\"kind\":\"b\",\"text\":\"good\"}\n";
    lines(&mut writer, FrameKind::Event, mixed, 5);
    // Fewer lines than the header says.
    lines(&mut writer, FrameKind::Event, b"{\"ts\":1789993600,\"kind\":\"c\",\"text\":\"good\"}\n", 3);
    events(&mut writer, &["after"]);
    let summary = place.drain();
    assert_eq!((summary.rows_stored, summary.rows_parked), (5, 5));
    assert_eq!(stored_and_parked(place), (10, 5, 5));
}

pub fn refused_rows_are_kept_in_the_file(place: &Place) {
    let mut writer = open(&place.spool());
    let long = "x".repeat(5_000);
    let mut texts = vec!["fine"; 300];
    texts[0] = &long;
    texts[211] = &long;
    events(&mut writer, &texts);
    events(&mut writer, &["after"]);
    let summary = place.drain();
    assert_eq!((summary.rows_stored, summary.rows_parked), (299, 2));
    assert_eq!(stored_and_parked(place), (301, 299, 2));
    let file = std::fs::read_to_string(place.data_dir().join("parked").join("rows.jsonl")).unwrap();
    let parked: Vec<serde_json::Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(parked.iter().map(|row| row["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 212]);
    for row in &parked {
        assert_eq!((row["table"].as_str(), row["epoch"].as_u64()), (Some("events"), Some(writer.epoch())));
        assert!(row["row"].as_str().unwrap().contains(&long), "the row's content is kept");
        assert!(!row["reason"].as_str().unwrap().is_empty());
    }
}
