//! Tags by the API: pages, who sees them, their shape, and their deletion where no registry is configured, or none
//! answers (design, sections 5 and 6.1). Deleting with a registry is in `e2e::tags`.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use dockpass::domain::{
    content::{Digest, Image, Platform, PlatformImage},
    time::Timestamp,
};
use serde_json::{Value, json};

use crate::support::{
    InProcess,
    http::Answer,
    notify::{MEDIA_TYPE, digest, push, read_image},
    site::{DAY, account_path, repository_path},
};

const APP: &str = "alice/app";
/// The media type of an image's configuration.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

fn tags_path(repository: &str) -> String {
    format!("{}/tags", repository_path(repository))
}

fn names(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let tags = json.as_array().unwrap_or_else(|| panic!("no bare array:\n{}", answer.describe()));
    tags.iter().map(|tag| tag["name"].as_str().expect("a name").to_owned()).collect()
}

/// A server where alice's repository has these tags.
fn with_tags(tags: &[&str]) -> InProcess {
    let site = InProcess::start();
    site.add_service("alice");
    site.add_repository(APP);
    let tags: Vec<(&str, u8)> = tags.iter().map(|tag| (*tag, 1)).collect();
    site.push(APP, &tags);
    site
}

fn platform(os: &str, os_version: &str, architecture: &str, variant: &str) -> Platform {
    let [os, os_version, architecture, variant] = [os, os_version, architecture, variant].map(str::to_owned);
    Platform { os, os_version, architecture, variant }
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn tags_come_by_name_byte_for_byte_in_pages() {
    let ordered = ["1", "1.0", "1.0-rc.1", "1.0.0", "10", "2", "A", "Z", "_x", "a", "a-b", "a.b", "a_b", "latest", "z"];
    let mut shuffled = ordered;
    shuffled.reverse();
    shuffled.swap(2, 9);
    let site = with_tags(&shuffled);
    let list = |query: &str| site.as_local().get(&format!("{}?{query}", tags_path(APP))).must_be(200);
    assert_eq!(names(&list("pageSize=0")), ordered);
    assert_eq!(names(&list("")), ordered[..10], "ten unless said otherwise");
    for size in 1..=16 {
        let (mut all, mut start, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = list(&format!("pageSize={size}&pageStart={start}&count=true"));
            assert_eq!(page.header("x-resource-count"), Some("15"), "{}", page.describe());
            all.extend(names(&page));
            pages += 1;
            assert!(pages <= 15, "the pages of {size} have no end");
            start = page.next_page().to_owned();
            if start.is_empty() {
                break;
            }
        }
        assert_eq!((all, pages), (ordered.map(str::to_owned).to_vec(), 15_usize.div_ceil(size)), "pages of {size}");
    }
    for all in
        ["pageSize=15", "pageSize=16", "pageSize=100000", "pageSize=100000000", "pageSize=9999999999999999999999"]
    {
        assert_eq!(names(&list(all)), ordered, "{all}");
        assert_eq!(list(all).header("x-next-page-start"), None, "{all}");
        assert_eq!(list(all).header("x-resource-count"), None, "{all}");
    }
    // A start need not be there any more.
    assert_eq!(names(&list("pageStart=a-a&pageSize=2")), ["a-b", "a.b"]);
    assert_eq!(names(&list("pageStart=zz")), Vec::<String>::new());
    assert_eq!(names(&list("pageStart=&pageSize=")), ordered[..10], "empty is as if it were not there");
}

#[test]
fn what_is_no_page_is_refused() {
    let site = with_tags(&["1.0"]);
    let long = format!("pageStart={}", "x".repeat(129));
    for bad in [
        "pageStart=.a",
        "pageStart=-a",
        "pageStart=a/b",
        "pageStart=a:b",
        "pageStart=%00",
        "pageStart=%FF",
        "pageStart=%C3%A4",
        "pageStart=a%20b",
        "pageStart=%0d%0aX:%20y",
        &long,
        "pageSize=-1",
        "pageSize=x",
        "pageSize=1.5",
        "pageSize=%2B5",
        "count=perhaps",
    ] {
        site.as_local().get(&format!("{}?{bad}", tags_path(APP))).must_be_refused(400, "INVALID_PARAMETERS");
    }
    // Parameters of DTR's that mean nothing here are no mistake.
    let answer = site.as_local().get(&format!("{}?includeManifests=true&domain=x", tags_path(APP)));
    assert_eq!(names(&answer.must_be(200)), ["1.0"]);
}

#[test]
fn who_sees_the_repository_sees_its_tags() {
    let site = with_tags(&["1.0"]);
    let (bob, carol) = (site.add_robot("bob"), site.add_robot("carol"));
    site.grant(APP, "carol", "read-only");
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    let narrow = |body: &Value| site.with_token("alice", &site.add_token("alice", body));
    let reading = narrow(&json!({ "accessLevel": "read-only", "repositories": [APP] }));
    let elsewhere = narrow(&json!({ "repositories": ["alice/lib"] }));
    let path = tags_path(APP);
    for caller in [&carol, &alice, &reading, &site.as_admin(), &site.as_local()] {
        assert_eq!(names(&caller.get(&path).must_be(200)), ["1.0"]);
    }
    for caller in [&bob, &elsewhere] {
        let hidden = caller.get(&path).must_be_refused(404, "NO_SUCH_REPOSITORY");
        let absent = caller.get(&tags_path("alice/apq")).must_be_refused(404, "NO_SUCH_REPOSITORY");
        assert_eq!(hidden.body.replace("app", "apq"), absent.body, "it looks as if it were not there");
    }
    site.as_nobody().get(&path).must_be_refused(401, "NOT_AUTHENTICATED");
    site.as_registry().get(&path).must_be_refused(401, "NOT_AUTHENTICATED");
    // Public: everybody who signed in.
    site.as_local().patch(&repository_path(APP), &json!({ "visibility": "public" })).must_be(200);
    for caller in [&bob, &elsewhere] {
        assert_eq!(names(&caller.get(&path).must_be(200)), ["1.0"]);
    }
    site.as_nobody().get(&path).must_be_refused(401, "NOT_AUTHENTICATED");
    site.as_local().patch(&repository_path(APP), &json!({ "visibility": "private" })).must_be(200);
    bob.get(&path).must_be(404);
    site.take(APP, "carol");
    carol.get(&path).must_be(404);
}

#[test]
fn a_repository_without_tags_has_an_empty_list_and_one_that_is_gone_has_none() {
    let site = with_tags(&["1.0"]);
    site.add_repository("alice/bare");
    let bare = site.as_local().get(&format!("{}?count=true", tags_path("alice/bare"))).must_be(200);
    assert_eq!((bare.json(), bare.header("x-resource-count")), (json!([]), Some("0")));
    site.as_local().get(&tags_path("alice/never")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    site.as_local().get("/api/v0/repositories/alice/Not%20A%20Name/tags").must_be(404);
    site.push("alice/deep/er", &[("x", 1)]);
    assert_eq!(names(&site.as_local().get(&tags_path("alice/deep/er")).must_be(200)), ["x"]);
    // Its content goes with the record, and the next one of the name begins anew.
    site.as_local().delete(&repository_path(APP)).must_be(204);
    site.as_local().get(&tags_path(APP)).must_be_refused(404, "NO_SUCH_REPOSITORY");
    site.add_repository(APP);
    assert_eq!(names(&site.as_local().get(&tags_path(APP)).must_be(200)), Vec::<String>::new());
}

#[test]
fn a_tag_has_the_fields_of_dtr_and_its_platforms() {
    let site = InProcess::start();
    site.add_service("alice");
    site.push(APP, &[("1.0", 1)]);
    let (made, path) = (site.in_time(0), tags_path(APP));
    let alice = site.as_local().get(&account_path("alice")).must_be(200).text("/id");
    let unread = json!([{
        "name": "1.0", "digest": digest(1), "author": "", "updatedAt": made, "createdAt": made, "hashMismatch": false,
        "inNotary": false, "isImmutable": false, "platforms": [], "platformImages": [], "pushedBy": "alice", "pushedById": alice, "manifest": {
            "digest": digest(1), "mediaType": MEDIA_TYPE, "configDigest": "", "configMediaType": "", "os": "", "osVersion": "",
            "architecture": "", "author": "", "createdAt": null, "size": 0, "dockerfile": [],
        },
    }]);
    assert_eq!(site.as_local().get(&path).must_be(200).json(), unread);
    let created_at = Timestamp::parse("2025-06-01T08:00:00Z").expect("a time");
    let image = Image {
        size: 12_345_678_901,
        config: Some((Digest::parse(&digest(9)).expect("a digest"), CONFIG.to_owned())),
        platforms: vec![platform("windows", "10.0.14393", "amd64", "").into()],
        author: "Ada <ada@example.org> \"&\u{1b}[31m".to_owned(),
        created_at: Some(created_at),
    };
    let read = image.clone();
    let site = site.restart_after(|data, clock| read_image(data, clock, (APP, "1.0"), read));
    site.pass(DAY);
    // Moved to another manifest and back to none that was read: nothing of the old one stays.
    let shown = site.as_local().get(&path).must_be(200).json();
    let manifest = json!({
        "digest": digest(1), "mediaType": MEDIA_TYPE, "configDigest": digest(9), "configMediaType": CONFIG,
        "os": "windows", "osVersion": "10.0.14393", "architecture": "amd64", "author": image.author,
        "createdAt": "2025-06-01T08:00:00Z", "size": 12_345_678_901_u64, "dockerfile": [],
    });
    assert_eq!(shown[0]["manifest"], manifest);
    assert_eq!((&shown[0]["author"], &shown[0]["platforms"]), (&json!(image.author), &json!(["windows/amd64"])));
    let only = json!([{ "platform": "windows/amd64", "digest": digest(1), "size": 12_345_678_901_u64 }]);
    assert_eq!(shown[0]["platformImages"], only, "the only one is what the tag points to");
    site.notify(&[push("moved", APP, "1.0", 2)]).must_be(200);
    let moved = site.as_local().get(&path).must_be(200).json();
    assert_eq!((&moved[0]["createdAt"], &moved[0]["updatedAt"]), (&json!(made), &json!(site.in_time(0))));
    assert_eq!((&moved[0]["manifest"]["size"], &moved[0]["platforms"]), (&json!(0), &json!([])));
    assert_eq!(keys(&moved[0]), keys(&unread[0]));
    assert_eq!(keys(&moved[0]["manifest"]), keys(&unread[0]["manifest"]));
}

#[test]
fn a_list_of_images_names_its_platforms_and_none_as_its_own() {
    let site = with_tags(&["1.0", "missing", "old"]);
    let [amd, arm] = [platform("linux", "", "amd64", ""), platform("linux", "", "arm", "v7")];
    let own = |platform: &Platform, number, size| {
        let digest = Digest::parse(&digest(number)).expect("a digest");
        PlatformImage { platform: platform.clone(), digest: Some(digest), size }
    };
    let lists = [
        ("1.0", vec![own(&amd, 7, Some(3)), own(&arm, 8, Some(2))]),
        ("missing", vec![own(&amd, 7, None)]),
        ("old", vec![amd.clone().into(), arm.clone().into()]),
    ];
    let site = site.restart_after(|data, clock| {
        for (tag, platforms) in lists {
            read_image(data, clock, (APP, tag), Image { size: 5, platforms, ..Image::default() });
        }
    });
    let shown = site.as_local().get(&tags_path(APP)).must_be(200).json();
    assert_eq!(shown[0]["platforms"], json!(["linux/amd64", "linux/arm/v7"]));
    let manifest = &shown[0]["manifest"];
    assert_eq!((&manifest["os"], &manifest["architecture"], &manifest["size"]), (&json!(""), &json!(""), &json!(5)));
    let image = |platform: &str, digest: Option<String>, size: Option<u64>| json!({ "platform": platform, "digest": digest, "size": size });
    let [amd, arm] = ["linux/amd64", "linux/arm/v7"];
    for (place, images) in [
        [image(amd, Some(digest(7)), Some(3)), image(arm, Some(digest(8)), Some(2))].to_vec(),
        [image(amd, Some(digest(7)), None)].to_vec(),
        [image(amd, None, None), image(arm, None, None)].to_vec(),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(shown[place]["platformImages"], json!(images), "{}", shown[place]["name"]);
    }
}

#[test]
fn without_the_address_of_a_registry_no_tag_is_deleted() {
    let site = with_tags(&["1.0", "2.0"]);
    let (bob, carol, dave) = (site.add_robot("bob"), site.add_robot("carol"), site.add_robot("dave"));
    site.grant(APP, "carol", "read-only");
    site.grant(APP, "dave", "read-write");
    let tag = |tag: &str| format!("{}/{tag}", tags_path(APP));
    for caller in [&dave, &site.as_admin(), &site.as_local()] {
        // The registry would know whether it is there.
        for name in ["1.0", "never"] {
            let refused = caller.delete(&tag(name)).must_be_refused(409, "NEEDS_REGISTRY_URL");
            assert!(refused.text("/errors/0/message").contains("registry.url"), "{}", refused.describe());
        }
    }
    carol.delete(&tag("1.0")).must_be_refused(403, "NOT_AUTHORIZED");
    bob.delete(&tag("1.0")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    site.as_nobody().delete(&tag("1.0")).must_be_refused(401, "NOT_AUTHENTICATED");
    let reading = site.add_token("dave", &json!({ "accessLevel": "read-only" }));
    site.with_token("dave", &reading).delete(&tag("1.0")).must_be_refused(403, "NOT_AUTHORIZED");
    site.as_local().delete(&format!("{}/1.0", tags_path("alice/never"))).must_be_refused(404, "NO_SUCH_REPOSITORY");
    for bad in [".a", "-a", "%20", "a%20b", "%C3%A4", "a:b", &"x".repeat(129)] {
        site.as_local().delete(&tag(bad)).must_be_refused(404, "NO_SUCH_TAG");
    }
    site.as_local().delete(&tag("a%2Fb")).must_be_one_of(&[400, 404]);
    let many = |count: usize| (0..count).map(|number| format!("t{number}")).collect::<Vec<_>>().join(",");
    for bad in [".a", "a,-b", "a%2C%20b", "a/b", "a:b", &"x".repeat(129), &many(101)] {
        let refused = site.as_local().delete(&format!("{}?alsoTags={bad}", tag("1.0")));
        let refused = refused.must_be_refused(400, "INVALID_PARAMETERS");
        assert_eq!(refused.text("/errors/0/detail/field"), "alsoTags", "{}", refused.describe());
    }
    for good in ["", "2.0", "2.0%2Cnever", "2.0,,1.0", &many(100)] {
        let asked = site.as_local().delete(&format!("{}?alsoTags={good}", tag("1.0")));
        asked.must_be_refused(409, "NEEDS_REGISTRY_URL");
    }
    carol.delete(&format!("{}?alsoTags=2.0", tag("1.0"))).must_be_refused(403, "NOT_AUTHORIZED");
    assert_eq!(names(&site.as_local().get(&tag("1.0")).must_be(200)), ["1.0"]);
    assert_eq!(names(&site.as_local().get(&tags_path(APP)).must_be(200)), ["1.0", "2.0"]);
    assert_eq!(site.audit("action=tag.delete&outcome=success"), Vec::<Value>::new());
    let denied = site.audit("action=tag.delete&outcome=denied");
    let actors: BTreeSet<&str> = denied.iter().filter_map(|record| record["actor"].as_str()).collect();
    assert_eq!(actors, BTreeSet::from(["bob", "carol", "dave"]), "bob learned only that it may not be there");
    assert!(denied.iter().all(|record| record["object"] == json!("alice/app:1.0")));
}

/// A registry that accepts every request and answers none of them, and closes the connection when it is asked to
/// delete.
fn deaf_registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = |stream: TcpStream| {
        let mut head = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        let asked = head.next().unwrap_or_default();
        head.for_each(drop);
        if !asked.starts_with("DELETE ") {
            // Whoever hung up needs no answer.
            let _ = (&stream).write_all(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    };
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(answer));
    url
}

#[test]
fn a_deletion_whose_answer_is_lost_says_in_the_audit_log_who_began_it() {
    let site = InProcess::start_with(&[("registry.url", &deaf_registry())]);
    let alice = site.add_robot("alice");
    site.add_repository(APP);
    site.push(APP, &[("1.0", 1)]);
    let bob = site.add_robot("bob");
    site.grant(APP, "bob", "read-only");
    bob.delete(&format!("{}/1.0", tags_path(APP))).must_be_refused(403, "NOT_AUTHORIZED");
    // By hand: the test's client takes every 5xx for a fault of the server.
    let (path, credentials) = (format!("{}/1.0", tags_path(APP)), alice.credentials());
    let head =
        format!("DELETE {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {credentials}\r\nConnection: close\r\n\r\n");
    let answer = Answer::parse(head.clone(), &alice.exchange(head.as_bytes(), b""));
    answer.must_be_refused(503, "UNAVAILABLE");
    assert_eq!(names(&alice.get(&tags_path(APP)).must_be(200)), ["1.0"], "whether it is gone is not known");
    assert_eq!(site.audit("action=tag.delete&outcome=success"), Vec::<Value>::new());
    let begun = site.audit("action=tag.beginDelete");
    let of = |record: &Value| ["actor", "object", "outcome"].map(|field| record[field].clone());
    assert_eq!(begun.iter().map(of).collect::<Vec<_>>(), [[json!("alice"), json!("alice/app:1.0"), json!("success")]]);
}
