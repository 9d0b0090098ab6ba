//! Pictures of all main pages with data as full as a company has after 150 days, in a wide window and on a phone, light and dark:
//! `target/screenshots/filled-*.png`. axe-core looks at each, and nothing is wider than its place.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::support::{
    InProcess,
    filled::{PERSON, filled, pages_as},
};

/// A picture: its name, the page in the table of pages, and where that is; `{id}` stands for an access token of the person's.
type Picture = (&'static str, &'static str, &'static str);

const FOR_ALL: [Picture; 21] = [
    ("profile", "/profile", "/profile"),
    ("sessions", "/profile", "/profile?tab=sessions"),
    ("password", "/profile/password", "/profile/password"),
    ("tokens", "/profile/access-tokens", "/profile/access-tokens"),
    ("token-new", "/profile/access-tokens/new", "/profile/access-tokens/new"),
    ("repositories", "/repositories", "/repositories"),
    ("namespace", "/repositories/{namespace}", "/repositories/acme"),
    ("repository", "/repositories/{namespace}/{reponame}", "/repositories/acme/shop"),
    ("repository-tags", "/repositories/{namespace}/{reponame}", "/repositories/acme/shop?tab=tags"),
    ("repository-access", "/repositories/{namespace}/{reponame}", "/repositories/acme/shop?tab=access"),
    ("repository-settings", "/repositories/{namespace}/{reponame}", "/repositories/acme/shop?tab=settings"),
    ("tag", "/repositories/{namespace}/{reponame}/tags/{tag}", "/repositories/acme/shop/tags/latest"),
    ("organizations", "/organizations", "/organizations"),
    ("organization", "/organizations/{name}", "/organizations/acme"),
    ("organization-teams", "/organizations/{name}", "/organizations/acme?tab=teams"),
    ("organization-repositories", "/organizations/{name}", "/organizations/acme?tab=repositories"),
    ("organization-robots", "/organizations/{name}", "/organizations/acme?tab=robots"),
    ("robot-new", "/organizations/{name}/new-robot", "/organizations/acme/new-robot"),
    ("robot", "/organizations/{name}/robots/{robot}", "/organizations/acme/robots/ci"),
    ("team", "/organizations/{name}/teams/{team}", "/organizations/acme/teams/web"),
    ("team-repositories", "/organizations/{name}/teams/{team}", "/organizations/acme/teams/web?tab=repositories"),
];

const OF_THE_PERSON: [Picture; 2] =
    [("start", "/", "/"), ("token", "/profile/access-tokens/{id}", "/profile/access-tokens/{id}")];

const FOR_ADMINISTRATORS: [Picture; 18] = [
    ("start", "/", "/"),
    ("organization-settings", "/organizations/{name}", "/organizations/acme?tab=settings"),
    ("people", "/people", "/people"),
    ("everybodys-tokens", "/people", "/people?tab=tokens"),
    ("person", "/people/{name}", "/people/maria"),
    ("person-sessions", "/people/{name}", "/people/maria?tab=sessions"),
    ("person-why", "/people/{name}", "/people/maria?tab=why"),
    ("leave", "/people/{name}/leave", "/people/jonas/leave"),
    ("person-tokens", "/people/{name}", "/people/maria?tab=tokens"),
    ("person-organizations", "/people/{name}", "/people/maria?tab=organizations"),
    ("person-repositories", "/people/{name}", "/people/maria?tab=repositories"),
    ("person-token-new", "/people/{name}/access-tokens/new", "/people/maria/access-tokens/new"),
    ("person-token", "/people/{name}/access-tokens/{id}", "/people/maria/access-tokens/{id}"),
    ("audit", "/audit", "/audit"),
    ("registry", "/registry", "/registry"),
    ("registry-configuration", "/registry", "/registry?tab=configuration"),
    ("doctor", "/doctor", "/doctor"),
    ("settings", "/settings", "/settings"),
];

/// Pages without data, of which other tests have pictures.
const ELSEWHERE: [&str; 1] = ["/sign-in"];

/// The paths in the table of pages.
fn table() -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/pages.js");
    let text = fs::read_to_string(file).expect("the table of pages");
    let paths = text.split("{ path: \"").skip(1).filter_map(|rest| rest.split('"').next());
    paths.map(str::to_owned).collect()
}

#[test]
fn every_page_has_its_picture() {
    let pictures = [FOR_ALL.as_slice(), &OF_THE_PERSON, &FOR_ADMINISTRATORS].concat();
    let shown = pictures.iter().map(|(_, page, _)| (*page).to_owned()).chain(ELSEWHERE.map(str::to_owned));
    assert_eq!(table(), shown.collect::<BTreeSet<_>>(), "left: pages.js; right: what has a picture");
}

/// An access token of the person's that is in use and ends.
fn a_token(site: &InProcess) -> String {
    let listed = site.as_local().get("/api/v0/api_tokens?username=maria&pageSize=0").must_be(200).json();
    let is_telling = |token: &&Value| token["expiresAt"].is_string() && token["tokenLabel"] == "Argo CD";
    let found = listed.as_array().expect("a list").iter().find(is_telling).expect("the one");
    found["hashedToken"].as_str().expect("an identifier").to_owned()
}

fn draw(site: &InProcess, user: &str, pictures: &[Picture]) {
    let pages = pages_as(site, user);
    let token = a_token(site);
    let mut faults = Vec::new();
    for (name, _, path) in pictures {
        let path = path.replace("{id}", &token);
        pages.open(&path);
        for trouble in ["This did not work", "There is nothing here"] {
            if pages.browser.text().contains(trouble) {
                faults.push(format!("{path}: {trouble}"));
            }
        }
        faults.extend(pages.look_at(&format!("filled-{user}-{name}")));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    pages.must_be_clean(&[409]);
}

#[test]
fn the_pages_of_a_user_are_drawn_with_all_that_a_company_has() {
    let site = filled();
    draw(&site, PERSON, &[FOR_ALL.as_slice(), &OF_THE_PERSON].concat());
}

#[test]
fn the_pages_of_an_administrator_are_drawn_with_all_that_a_company_has() {
    let site = filled();
    draw(&site, "admin", &[FOR_ALL.as_slice(), &FOR_ADMINISTRATORS].concat());
}
