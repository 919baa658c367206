//! What a person does on the page, and what it does by itself.

use std::time::Duration;

use serde_json::json;

use crate::link::ip;
use crate::node::in_browser;
use crate::site::{Site, USUAL, nothing_else};
use crate::traffic::{Talk, burst, storm};

#[test]
fn a_person_enrols_by_the_link_and_sees_the_numbers_move() {
    in_browser("life::a_person_enrols_by_the_link_and_sees_the_numbers_move", || {
        let mut site = Site::start(USUAL);
        let _talk = Talk::start();
        site.visit("enrol", "anna", nothing_else);
        site.machine.stop();
    });
}

#[test]
fn a_live_value_is_on_the_screen_1500_ms_after_its_packet() {
    in_browser("life::a_live_value_is_on_the_screen_1500_ms_after_its_packet", || {
        let mut site = Site::start(USUAL);
        site.visit("value", "anna", |_, order, all| match order {
            "burst" => json!({ "at": burst(u16::try_from(all["count"].as_u64().unwrap()).unwrap()) }),
            other => panic!("{other}"),
        });
        site.machine.stop();
    });
}

#[test]
fn an_incident_is_acknowledged_and_silenced_by_a_tap_each() {
    in_browser("life::an_incident_is_acknowledged_and_silenced_by_a_tap_each", || {
        let mut site = Site::start(USUAL);
        site.visit("acknowledge", "anna", nothing_else);
        site.machine.stop();
    });
}

#[test]
fn a_lost_network_comes_back_without_a_gap() {
    in_browser("life::a_lost_network_comes_back_without_a_gap", || {
        let mut site = Site::start(USUAL);
        let _talk = Talk::start();
        site.visit("network", "anna", |_, order, _| match order {
            // The browser does not notice a wire that was pulled out: nothing comes, and nothing ends.
            "pull" => {
                ip("link set lo down");
                json!({})
            }
            "plug" => {
                ip("link set lo up");
                json!({})
            }
            "storm" => {
                storm();
                json!({})
            }
            other => panic!("{other}"),
        });
        site.machine.stop();
    });
}

#[test]
fn a_stopped_server_leaves_an_offline_page_that_finds_back() {
    in_browser("life::a_stopped_server_leaves_an_offline_page_that_finds_back", || {
        let mut site = Site::start(USUAL);
        site.visit("offline", "anna", nothing_else);
        site.machine.stop();
    });
}

#[test]
fn back_reload_and_a_second_tab_show_what_is_now() {
    in_browser("life::back_reload_and_a_second_tab_show_what_is_now", || {
        let mut site = Site::start(USUAL);
        let _talk = Talk::start();
        site.visit("tabs", "anna", nothing_else);
        site.machine.stop();
    });
}

#[test]
fn without_scripts_one_reads_every_page_and_acknowledges() {
    in_browser("life::without_scripts_one_reads_every_page_and_acknowledges", || {
        let mut site = Site::start(USUAL);
        let talk = Talk::start();
        std::thread::sleep(Duration::from_secs(3));
        drop(talk);
        site.visit("plain", "anna", nothing_else);
        site.machine.stop();
    });
}
