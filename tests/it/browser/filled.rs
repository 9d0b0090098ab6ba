//! The pages of a server that has been used for 150 days.

use serde_json::json;

use crate::support::filled::{PERSON, filled, pages_as};

#[test]
fn a_filled_server_has_what_it_says() {
    let site = filled();
    let counts = site.as_user(PERSON).get("/api/v0/api_tokens/counts").must_be(200).json();
    let numbers = ["total", "expiring", "neverUsed", "unlimited"].map(|name| counts[name].clone());
    assert_eq!(json!(numbers), json!([49, 9, 16, 9]), "{counts}");
    assert_eq!(counts["states"]["expired"], 9, "{counts}");
    let pages = pages_as(&site, PERSON);
    pages.open("/profile/access-tokens");
    pages.browser.see("49 ");
    pages.browser.keep("filled-list");
    pages.must_be_clean(&[]);
}
