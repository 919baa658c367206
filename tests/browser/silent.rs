//! Parts that do not run: the page says so, and stays usable.

use crate::node::in_browser;
use crate::site::{Site, USUAL, nothing_else};
use crate::traffic::Talk;

#[test]
fn a_page_without_the_other_roles_says_what_is_missing_and_wakes_with_them() {
    in_browser("silent::a_page_without_the_other_roles_says_what_is_missing_and_wakes_with_them", || {
        let mut site = Site::new(&USUAL.replace("[capture]\n", "[capture]\ninterfaces = [\"va\"]\n"));
        site.begin("web");
        let _talk = Talk::start();
        site.visit("silent", "anna", nothing_else);
        for role in ["notifier", "ingest", "capture", "web"] {
            site.end(role);
        }
    });
}
