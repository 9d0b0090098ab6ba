//! What people write, and would be HTML: the pages show it as it was written, and run nothing of it.

use serde_json::{Value, json};

use crate::support::{Website, person::soon};

const HOSTILE: &str = "<img src=x onerror=hacked=1><svg onload=hacked=1>\"'&";

/// Where it is shown, as text or in a field to change it.
const SHOWN: [&str; 12] = [
    "/people",
    "/people/alice",
    "/people/alice?tab=tokens",
    "/organizations",
    "/organizations/acme",
    "/organizations/acme?tab=settings",
    "/organizations/acme?tab=teams",
    "/organizations/acme/teams/dev",
    "/organizations/acme/teams/dev?tab=settings",
    "/repositories/acme",
    "/repositories/acme/shop",
    "/repositories/acme/shop?tab=settings",
];

/// A site where everybody has written it wherever there is a text.
fn written() -> Website {
    let site = Website::start_as("admin");
    let (admin, accounts) = (site.api("admin"), "/enzi/v0/accounts");
    admin.patch(&format!("{accounts}/alice"), &json!({ "fullName": HOSTILE })).must_be(200);
    admin.post(accounts, &json!({ "name": "acme", "fullName": HOSTILE, "isOrg": true })).must_be(201);
    let team = json!({ "name": "dev", "description": HOSTILE });
    admin.post(&format!("{accounts}/acme/teams"), &team).must_be(201);
    let shop = json!({ "name": "shop", "shortDescription": HOSTILE, "longDescription": HOSTILE });
    admin.post("/api/v0/repositories/acme", &shop).must_be(201);
    site.api("alice").post("/api/v0/api_tokens", &json!({ "tokenLabel": HOSTILE })).must_be(200);
    site
}

/// Whether the page shows it, and made nothing of it.
fn shows(site: &Website) -> [bool; 2] {
    let script = "const fields = [...document.querySelectorAll('input, textarea')].map((it) => it.value); \
        const made = document.querySelector('[onerror], [onload], [src=x]'); \
        return [[document.body.innerText, ...fields].some((it) => it.includes(arguments[0])), \
            made === null && globalThis.hacked === undefined]";
    let found = site.browser.run(script, json!([HOSTILE]));
    [0, 1].map(|at| found[at] == Value::Bool(true))
}

#[test]
fn what_people_write_is_text_on_every_page_that_shows_it() {
    let site = written();
    for path in SHOWN {
        site.open(path);
        soon(&format!("{path} shows it"), || shows(&site)[0].then_some(()));
        assert!(shows(&site)[1], "{path} has made something of it");
    }
    site.must_be_clean(&[]);
}
