//! From a spool on disk to rows in a store, against real SQLite files and a real MariaDB: every row once, whatever
//! breaks between.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod cuts;
mod damage;
mod ends;
mod errors;
mod full;
mod place;
mod refused;
mod restore;
mod server;
mod stops;
mod write;

use place::Place;

/// A claim that must hold on both dialects.
type Case = (&'static str, fn(&Place));

const CASES: [Case; 13] = [
    ("every row of every stream lands once", cases::every_row_lands_once),
    ("a second drain with other batches doubles nothing", cases::a_second_drain_doubles_nothing),
    ("what is stored is trimmed from the spool", cases::what_is_stored_is_trimmed),
    ("a role stopped in the middle goes on where it was", stops::a_stopped_role_goes_on),
    ("a damaged payload is a gap", damage::a_damaged_payload_is_a_gap),
    ("a damaged header is a gap", damage::a_damaged_header_is_a_gap),
    ("a damaged end is in the books when the epoch ends", ends::a_damaged_end_is_in_the_books),
    ("a later epoch tells of one that was lost", ends::a_later_epoch_tells_of_one_that_was_lost),
    ("a damaged ledger leaves what the headers say", ends::a_damaged_ledger_leaves_what_the_headers_say),
    ("a spool without its beginning is a gap", ends::a_spool_without_its_beginning_is_a_gap),
    ("frames of an unknown kind are parked", refused::an_unknown_kind_is_parked),
    ("lines that cannot be read are parked", refused::unreadable_lines_are_parked),
    ("rows that the schema refuses are parked in the file", refused::refused_rows_are_kept_in_the_file),
];

#[test]
fn every_case_holds_on_sqlite() {
    for (claim, case) in CASES {
        eprintln!("sqlite: {claim}");
        case(&Place::sqlite());
    }
}

#[test]
fn every_case_holds_on_mariadb() {
    let Some(server) = store::testing::MariaDb::start_or_skip() else { return };
    for (number, (claim, case)) in CASES.into_iter().enumerate() {
        eprintln!("mariadb: {claim}");
        case(&Place::mariadb(&server, "root", &format!("case{number}")));
    }
}
