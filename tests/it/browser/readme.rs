//! The pictures of the README: taken of the pages of a small company, always at the same moment, and checked where they
//! are kept. `packaging/screenshots/README.md` says how to renew them.

use std::{collections::BTreeSet, fs, path::Path};

use dockpass::domain::content::{Image, Platform};
use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    exe::{AccessToken, PASSWORD},
    notify::{push, read_image},
    site::{DAY, HOUR, MINUTE, token_path},
};

/// What a picture may weigh, in bytes.
const HEAVIEST: usize = 150_000;
/// The size of the window, in pixels.
const WINDOW: [u32; 2] = [1240, 710];
/// Dots of a picture for each pixel of the page: sharp on every screen.
const SCALE: u32 = 2;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0";
const TERMINAL: &str = "dockpass/0.1.0";
const SHOP: &str = "acme/shop";

/// Behind a proxy, so that people have addresses.
fn company() -> InProcess {
    let site = InProcess::start_with(&[
        ("server.public_url", "http://pass.example.com"),
        ("server.behind_proxy", "true"),
        ("server.trusted_proxies", "127.0.0.1"),
    ]);
    for (name, full_name) in [("maria", "Maria Silva"), ("jonas", "Jonas Berg"), ("deploy", "Deployment")] {
        let body = json!({ "name": name, "fullName": full_name, "password": "one-for-the-first-day" });
        site.as_local().post("/enzi/v0/accounts", &body).must_be(201);
    }
    let own = json!({ "oldPassword": "one-for-the-first-day", "newPassword": PASSWORD });
    let maria = site.with("maria", "one-for-the-first-day").from_address("192.0.2.17");
    maria.post("/enzi/v0/accounts/maria/changePassword", &own).must_be(200);
    site.add_organization("acme", &[("maria", true), ("jonas", false)]);
    site.add_team("acme/web", &["jonas"]);
    site
}

/// Maria makes an access token, and it is used from an address.
fn token(site: &InProcess, agent: &str, body: &Value) -> AccessToken {
    let maria = site.as_user("maria").from_address("192.0.2.17").header("User-Agent", agent);
    AccessToken::of(&maria.post("/api/v0/api_tokens", body).must_be(200).json())
}

fn used(site: &InProcess, token: &AccessToken, address: &str) {
    site.with_token("maria", token).from_address(address).get("/api/v0/repositories").must_be(200);
}

/// What Maria made in the half year before; gives the access tokens that are in use.
fn access_tokens(site: &InProcess) -> [AccessToken; 3] {
    let old = token(site, FIREFOX, &json!({ "tokenLabel": "old laptop" }));
    used(site, &old, "192.0.2.17");
    site.pass(70 * DAY);
    site.as_local().patch(&token_path(&old), &json!({ "isActive": false })).must_be(200);
    let quarter = site.in_time(90 * DAY);
    let watching = json!({
        "tokenLabel": "monitoring", "accessLevel": "read-only", "repositories": ["acme/*"], "expiresAt": quarter,
    });
    let monitoring = token(site, TERMINAL, &watching);
    site.pass(20 * DAY);
    let laptop = token(site, FIREFOX, &json!({ "tokenLabel": "laptop", "expiresAt": site.in_time(365 * DAY) }));
    site.pass(29 * DAY);
    let quarter = site.in_time(90 * DAY);
    let building = json!({
        "tokenLabel": "build server", "accessLevel": "read-write", "repositories": [SHOP, "acme/blog"],
        "expiresAt": quarter,
    });
    [token(site, TERMINAL, &building), laptop, monitoring]
}

fn use_today(site: &InProcess, [build, laptop, monitoring]: &[AccessToken; 3]) {
    used(site, monitoring, "198.51.100.4");
    site.pass(2 * HOUR);
    used(site, laptop, "192.0.2.31");
    site.pass(25 * MINUTE);
    used(site, build, "203.0.113.80");
    site.pass(4 * MINUTE);
}

/// The shop, with the pushes of the last weeks. What is known of images is written as a comparison writes it.
fn shop(site: InProcess) -> InProcess {
    let about = "The web shop: catalogue, basket and checkout";
    let body = json!({ "name": "shop", "shortDescription": about, "visibility": "private" });
    site.as_local().post("/api/v0/repositories/acme", &body).must_be(201);
    site.grant_team(SHOP, "web", "read-write");
    site.grant(SHOP, "deploy", "read-only");
    let both = ["amd64", "arm64"].as_slice();
    let tags = [("1.8.2", 41_200_000, both), ("1.9.0", 43_700_000, both), ("2.0.0-rc.1", 38_900_000, both)];
    let newest = [("2.0.0", 39_100_000, both), ("latest", 39_100_000, both), ("debug", 126_400_000, &both[..1])];
    let ages = [24 * DAY, 9 * DAY, 2 * DAY, 3 * HOUR, 0, 40 * MINUTE];
    for ((tag, size, _), wait) in tags.iter().chain(&newest).zip(ages) {
        let mut event = push(tag, SHOP, tag, 1);
        event["target"]["digest"] = json!(format!("sha256:{}", blake3::hash(&i32::to_be_bytes(*size)).to_hex()));
        site.notify(&[event]).must_be(200);
        site.pass(wait);
    }
    site.restart_after(|data, clock| {
        for (tag, size, architectures) in tags.iter().chain(&newest) {
            let platform =
                |it: &&str| Platform { os: "linux".into(), architecture: (*it).into(), ..Platform::default() };
            let platforms = architectures.iter().map(platform).collect();
            let size = u64::try_from(*size).expect("a size");
            read_image(data, clock, (SHOP, tag), Image { size, platforms, ..Image::default() });
        }
    })
}

/// The pages at the server's time, with Maria signed in.
fn pages_of_maria(site: &InProcess) -> Pages {
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    pages.sign_in("maria", PASSWORD);
    pages
}

#[test]
fn the_pictures_of_the_readme_can_be_made() {
    let site = company();
    let made = access_tokens(&site);
    let site = shop(site);
    use_today(&site, &made);
    let pages = pages_of_maria(&site);
    let browser = &pages.browser;
    for (name, path, expected) in [
        ("readme-access-tokens", "/profile/access-tokens", ["4 access tokens", "expires in 6 days"]),
        ("readme-tags", "/repositories/acme/shop?tab=tags", ["6 tags", "linux/amd64, linux/arm64"]),
        ("readme-access", "/repositories/acme/shop?tab=access", ["Read-write", "administers acme"]),
    ] {
        browser.window("light", WINDOW, SCALE);
        pages.open(path);
        expected.iter().for_each(|text| browser.see(text));
        browser.keep(name);
        let heights = browser.run("return [document.documentElement.scrollHeight, innerHeight]", json!([]));
        assert_eq!(heights[0], heights[1], "{name} shows a part only");
    }
    pages.must_be_clean(&[]);
}

#[test]
fn the_pictures_that_the_readme_names_are_there_and_light() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let named: BTreeSet<_> =
        readme.split("](packaging/screenshots/").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(root.join("packaging/screenshots")).expect("the pictures") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "png") {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let content = fs::read(&path).expect("a picture");
        assert!(content.starts_with(b"\x89PNG\r\n"), "{name} is no PNG");
        assert!(content.len() < HEAVIEST, "{name} has {} bytes", content.len());
        there.insert(name);
    }
    let there: BTreeSet<_> = there.iter().map(String::as_str).collect();
    assert_eq!(named, there, "what the README names, and what is there");
    assert!(!named.is_empty());
}
