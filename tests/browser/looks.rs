//! How the page looks, to whom, and what it costs.

use crate::node::in_browser;
use crate::site::{Site, USUAL, nothing_else};
use crate::traffic::{Talk, storm};

/// A page with traffic, flows, hosts and two incidents; the scenario looks at it.
fn look_at(test: &str, body: fn()) {
    in_browser(test, body);
}

fn looked_at_by(scenario: &str) {
    let mut site = Site::start(USUAL);
    let _talk = Talk::start();
    storm();
    site.visit(scenario, "anna", nothing_else);
    site.machine.stop();
}

#[test]
fn axe_finds_nothing_on_any_page_in_light_or_dark() {
    look_at("looks::axe_finds_nothing_on_any_page_in_light_or_dark", || looked_at_by("axe"));
}

#[test]
fn every_page_fits_320_pixels_and_a_finger_in_both_languages() {
    look_at("looks::every_page_fits_320_pixels_and_a_finger_in_both_languages", || looked_at_by("narrow"));
}

#[test]
fn a_minute_of_now_shifts_nothing_and_costs_600_bytes_a_second() {
    look_at("looks::a_minute_of_now_shifts_nothing_and_costs_600_bytes_a_second", || looked_at_by("minute"));
}

#[test]
fn the_first_load_is_60_kilobytes_and_two_seconds_on_a_slow_phone() {
    look_at("looks::the_first_load_is_60_kilobytes_and_two_seconds_on_a_slow_phone", || looked_at_by("first_load"));
}

#[test]
fn a_keyboard_reaches_all_and_shows_where_it_is() {
    look_at("looks::a_keyboard_reaches_all_and_shows_where_it_is", || looked_at_by("keyboard"));
}

#[test]
fn nothing_moves_for_those_who_want_it_still() {
    look_at("looks::nothing_moves_for_those_who_want_it_still", || looked_at_by("still"));
}

#[test]
fn in_russian_no_english_is_left() {
    look_at("looks::in_russian_no_english_is_left", || looked_at_by("russian"));
}
