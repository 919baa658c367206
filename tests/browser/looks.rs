//! How the page looks, to whom, and what it costs.

use crate::node::in_browser;
use crate::site::{Site, USUAL, nothing_else};
use crate::traffic::{Talk, storm};

/// A page with traffic, flows, hosts and two incidents; the scenario looks at it.
fn looked_at_by(scenario: &str) {
    let mut site = Site::start(USUAL);
    let _talk = Talk::start();
    storm();
    site.visit(scenario, "anna", nothing_else);
    site.machine.stop();
}

#[test]
fn axe_finds_nothing_on_any_page_in_light_or_dark() {
    in_browser("looks::axe_finds_nothing_on_any_page_in_light_or_dark", || looked_at_by("axe"));
}

#[test]
fn every_page_fits_320_pixels_and_a_finger_in_both_languages() {
    in_browser("looks::every_page_fits_320_pixels_and_a_finger_in_both_languages", || looked_at_by("narrow"));
}

#[test]
fn a_minute_of_now_shifts_by_less_than_a_hundredth_and_costs_a_thousand_bytes_a_second() {
    in_browser("looks::a_minute_of_now_shifts_by_less_than_a_hundredth_and_costs_a_thousand_bytes_a_second", || {
        // No second incident: its end is told once, and is not what a minute costs.
        let mut site = Site::start(USUAL);
        let _talk = Talk::start();
        site.visit("minute", "anna", nothing_else);
        site.machine.stop();
    });
}

#[test]
fn the_first_load_is_60_kilobytes_and_two_seconds_on_a_slow_phone() {
    in_browser("looks::the_first_load_is_60_kilobytes_and_two_seconds_on_a_slow_phone", || looked_at_by("first_load"));
}

#[test]
fn a_keyboard_reaches_all_and_shows_where_it_is() {
    in_browser("looks::a_keyboard_reaches_all_and_shows_where_it_is", || looked_at_by("keyboard"));
}

#[test]
fn nothing_moves_for_those_who_want_it_still() {
    in_browser("looks::nothing_moves_for_those_who_want_it_still", || looked_at_by("still"));
}

#[test]
fn in_russian_no_english_is_left_where_people_look_daily() {
    in_browser("looks::in_russian_no_english_is_left_where_people_look_daily", || looked_at_by("russian"));
}
