//! Comparing with registries of all habits (`support::mock`): what each says of its lists, its tags and its patience is
//! read, or said to be unreadable, and nothing is removed that was merely not read. Debian's registry is in
//! `e2e::adoption`.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    mock::{Habit, Holding, Mock, answer},
    notify::tags,
    process::eventually,
    site::MINUTE,
};

const REGISTRY: &str = "/api/v0/admin/registry";
const ONE: &str = "alice/one";

/// What most registries here hold: more tags and more repositories than one page takes.
const TAGS: [&str; 25] = [
    "v00", "v01", "v02", "v03", "v04", "v05", "v06", "v07", "v08", "v09", "v10", "v11", "v12", "v13", "v14", "v15",
    "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
];
const NAMES: [&str; 12] = [
    ONE,
    "alice/r00",
    "alice/r01",
    "alice/r02",
    "alice/r03",
    "alice/r04",
    "alice/r05",
    "alice/r06",
    "alice/r07",
    "alice/r08",
    "alice/r09",
    "bob/two",
];

fn holding() -> Holding {
    let of = |name| (name, if name == ONE { &TAGS[..] } else { &["1"] });
    Holding::of(&NAMES.map(of))
}

fn with_habits(habits: &[Habit]) -> (InProcess, Mock, Arc<Mutex<Holding>>) {
    let holding = Arc::new(Mutex::new(holding()));
    let registry = Mock::of(&holding, &[habits, &[Habit::Page(10)]].concat());
    (InProcess::start_with(&[("registry.url", &registry.url)]), registry, holding)
}

/// Waits until no comparison is at work; returns the last one.
fn ended(site: &InProcess) -> Value {
    eventually("the comparison ends", || {
        let comparison = site.as_local().get(REGISTRY).must_be(200).json()["comparison"].clone();
        (!["never", "running"].contains(&comparison["state"].as_str().expect("a state"))).then_some(comparison)
    })
}

/// Compares once more, after what was found before counts as old.
fn compared_again(site: &InProcess) -> Value {
    ended(site);
    site.pass(2 * MINUTE);
    site.as_local().post(&format!("{REGISTRY}/sync"), &json!({})).must_be(202);
    ended(site)
}

fn names(site: &InProcess) -> Vec<String> {
    let listed = site.as_local().get("/api/v0/repositories?pageSize=0").must_be(200).json();
    let of =
        |it: &Value| format!("{}/{}", it["namespace"].as_str().expect("a name"), it["name"].as_str().expect("one"));
    listed["repositories"].as_array().expect("a list").iter().map(of).collect()
}

fn left_out(comparison: &Value) -> Vec<(String, Option<String>, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let all = comparison["leftOut"].as_array().expect("a list").iter();
    let mut all: Vec<_> = all
        .map(|it| (text(&it["repository"]).expect("a name"), text(&it["tag"]), text(&it["reason"]).expect("a reason")))
        .collect();
    all.sort();
    all
}

// --- lists ---

#[test]
fn every_spelling_of_the_next_page_leads_through_the_whole_list() {
    let spellings: [fn(&str) -> String; 9] = [
        |page| format!("{page}; rel=\"next\""),
        |page| format!("<{page}>; rel='next'"),
        |page| format!("<{page}>;rel=next"),
        |page| format!("<{page}>"),
        |page| format!("</first>; rel=\"first\", <{page}>; rel=\"next\", </last>; rel=last"),
        |page| format!("<https://registry.example.com{page}>; rel=\"next\""),
        |page| format!("<//registry.example.com{page}>; rel=\"next\""),
        |page| format!("<{}>; rel=\"next\"", &page[page.find('?').expect("a query")..]),
        |page| format!("<https://registry.example.com/below{page}>; title=\"a, b\"; REL=\"last next\""),
    ];
    for spelling in spellings {
        let (site, registry, _) = with_habits(&[Habit::Link(spelling)]);
        let comparison = ended(&site);
        let said = spelling("/v2/_catalog?n=1");
        assert_eq!((&comparison["state"], &comparison["adopted"]), (&json!("done"), &json!(12)), "{said}");
        assert_eq!(
            (names(&site), tags(&site, ONE)),
            (NAMES.map(str::to_owned).to_vec(), TAGS.map(str::to_owned).to_vec())
        );
        assert!(registry.asked().iter().all(|line| line.contains(" /v2/")), "{said}");
    }
}

#[test]
fn an_opaque_next_page_is_followed_and_names_count_once() {
    let (site, registry, _) = with_habits(&[Habit::Opaque]);
    let comparison = ended(&site);
    assert_eq!((&comparison["compared"], &comparison["adopted"]), (&json!(12), &json!(12)), "{comparison}");
    assert_eq!((names(&site).len(), tags(&site, ONE).len()), (12, 25));
    assert!(registry.asked().iter().any(|line| line.contains("next_page=")), "{:?}", registry.asked());
}

#[test]
fn a_link_that_is_not_understood_is_an_error_and_removes_nothing() {
    let odd: [fn(&str) -> String; 4] = [
        |_| "rel=\"next\"".to_owned(),
        |page| format!("<{page}"),
        |_| "<https://registry.example.com>; rel=\"next\"".to_owned(),
        |page| format!("<{page}&a=1>, <{page}&a=2>"),
    ];
    for link in odd {
        let (site, _, _) = with_habits(&[Habit::Link(link)]);
        // Notifications told of all its tags, an hour ago.
        let pushed: Vec<(&str, u8)> = TAGS.iter().map(|tag| (*tag, 1)).collect();
        site.push(ONE, &pushed);
        let comparison = compared_again(&site);
        assert_eq!((&comparison["state"], &comparison["failed"]), (&json!("failed"), &json!(1)), "{comparison}");
        assert!(comparison["error"].as_str().expect("a text").contains("the catalogue"), "{comparison}");
        let out = left_out(&comparison);
        assert_eq!((out.len(), out[0].0.as_str(), &out[0].1), (1, ONE, &None), "{comparison}");
        assert!(out[0].2.contains("link to the next page") || out[0].2.contains("Link header"), "{comparison}");
        assert_eq!(tags(&site, ONE).len(), 25, "nothing is removed: {}", link("/v2/x?n=1"));
    }
}

// --- what zot wants ---

#[test]
fn a_zot_is_compared_with() {
    let (site, _, holding) = with_habits(&[Habit::Zot]);
    assert_eq!((&ended(&site)["state"], names(&site).len(), tags(&site, ONE).len()), (&json!("done"), 12, 25));
    holding.lock().unwrap().put("bob/two", "2", "two");
    assert_eq!(compared_again(&site)["changed"], json!(1));
    assert_eq!(tags(&site, "bob/two"), ["1", "2"]);
}

// --- what cannot be read ---

#[test]
fn a_bad_tag_is_left_out_by_itself_and_named() {
    let (site, _, holding) = with_habits(&[Habit::Fault("/v2/alice/one/manifests/v03", 500)]);
    let first = ended(&site);
    assert_eq!((&first["state"], &first["adopted"], &first["unreadTags"]), (&json!("done"), &json!(12), &json!(1)));
    assert_eq!((tags(&site, ONE).len(), left_out(&first).len()), (24, 1));
    let (repository, tag, reason) = left_out(&first).remove(0);
    assert_eq!((repository.as_str(), tag.as_deref()), (ONE, Some("v03")));
    assert!(reason.contains("status 500 where a manifest was asked"), "{reason}");
    // What is known of it stays, while others come and go.
    site.push(ONE, &[("v03", 3)]);
    let changed = |holding: &mut Holding| {
        holding.remove(ONE, "v05");
        holding.put(ONE, "new", "new");
    };
    changed(&mut holding.lock().unwrap());
    let second = compared_again(&site);
    assert_eq!((&second["changed"], &second["failed"], &second["unreadTags"]), (&json!(1), &json!(0), &json!(1)));
    let known = tags(&site, ONE);
    assert_eq!(known.len(), 25);
    assert!(
        known.contains(&"v03".to_owned()) && known.contains(&"new".to_owned()) && !known.contains(&"v05".to_owned())
    );
}

#[test]
fn one_tag_that_the_registry_refuses_is_no_matter_of_trust() {
    let (site, _, _) = with_habits(&[Habit::Fault("/v2/alice/one/manifests/v03", 403)]);
    let first = ended(&site);
    let (_, tag, reason) = left_out(&first).remove(0);
    assert_eq!((&first["state"], tag.as_deref()), (&json!("done"), Some("v03")));
    assert!(reason.contains("status 403") && reason.contains("though it answers other questions"), "{reason}");
    assert!(!reason.contains("rootcertbundle"), "{reason}");
}

#[test]
fn tags_of_which_none_can_be_read_are_not_missing() {
    let holding = Arc::new(Mutex::new(Holding::of(&[("alice/app", &["1.0"])])));
    let (site, _) = {
        let registry = Mock::of(&holding, &[Habit::Fault("/manifests/1.0", 502)]);
        (InProcess::start_with(&[("registry.url", &registry.url)]), registry)
    };
    assert_eq!(names(&site), Vec::<String>::new());
    site.push("alice/app", &[("1.0", 1)]);
    let comparison = compared_again(&site);
    assert_eq!((&comparison["unreadTags"], &comparison["gone"]), (&json!(1), &json!(0)), "{comparison}");
    assert_eq!(tags(&site, "alice/app"), ["1.0"]);
}

#[test]
fn bad_repositories_are_left_out_and_the_others_compared_however_many_they_are() {
    for habit in [Habit::Fault("r08/tags/list?n=1000", 500), Habit::HangsUp("/r08/")] {
        let (site, _, _) = with_habits(&[habit]);
        let comparison = ended(&site);
        assert_eq!((&comparison["state"], &comparison["failed"]), (&json!("done"), &json!(1)), "{comparison}");
        assert_eq!((names(&site).len(), left_out(&comparison)[0].0.as_str()), (11, "alice/r08"));
    }
    // Not an answer of silence: it goes on to the end, whatever their number.
    let many: Vec<String> = (0..60).map(|number| format!("alice/n{number:02}")).collect();
    let held: Vec<(&str, &[&str])> = many.iter().map(|name| (name.as_str(), &["1"][..])).collect();
    let registry = Mock::holding(&held, &[Habit::Fault("/tags/list?n=1000", 403)]);
    let site = InProcess::start_with(&[("registry.url", &registry.url)]);
    let comparison = ended(&site);
    assert_eq!((&comparison["state"], &comparison["failed"]), (&json!("done"), &json!(60)), "{comparison}");
}

#[test]
fn a_catalogue_that_cannot_be_read_fails_the_comparison_and_known_repositories_are_compared() {
    let (site, _, holding) = with_habits(&[Habit::Fault("/v2/_catalog?n=1000", 403)]);
    assert_eq!(ended(&site)["state"], json!("failed"));
    site.push(ONE, &[("v00", 1), ("gone", 2)]);
    holding.lock().unwrap().put(ONE, "new", "new");
    let comparison = compared_again(&site);
    assert_eq!((&comparison["state"], &comparison["changed"]), (&json!("failed"), &json!(1)), "{comparison}");
    assert!(comparison["error"].as_str().expect("a text").contains("status 403"), "{comparison}");
    assert_eq!((tags(&site, ONE).len(), names(&site)), (26, vec![ONE.to_owned()]));
}

#[test]
fn a_registry_that_is_gone_ends_the_comparison_at_once() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let site = InProcess::start_with(&[("registry.url", &closed)]);
    site.push(ONE, &[("v00", 1)]);
    let comparison = compared_again(&site);
    assert_eq!((&comparison["state"], &comparison["compared"]), (&json!("failed"), &json!(0)), "{comparison}");
    assert!(comparison["error"].as_str().expect("a text").starts_with("cannot reach the registry"), "{comparison}");
    assert_eq!(tags(&site, ONE), ["v00"]);
}

#[test]
fn a_list_of_tags_that_never_ends_is_left_out() {
    let pages = std::sync::atomic::AtomicUsize::new(0);
    let registry = Mock::saying(move |line| {
        if line.contains("/v2/_catalog") {
            return Some(answer(200, "", &json!({ "repositories": [ONE] }).to_string()));
        }
        if !line.contains("/tags/list") {
            return Some(answer(404, "", "{}"));
        }
        let page = pages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let tags: Vec<String> = (0..10_000).map(|number| format!("p{page}-{number}")).collect();
        let link = format!("Link: </v2/{ONE}/tags/list?last=p{page}-9999>; rel=\"next\"\r\n");
        Some(answer(200, &link, &json!({ "name": ONE, "tags": tags }).to_string()))
    });
    let site = InProcess::start_with(&[("registry.url", &registry.url)]);
    let comparison = ended(&site);
    assert_eq!((&comparison["state"], &comparison["failed"]), (&json!("done"), &json!(1)), "{comparison}");
    let left = left_out(&comparison);
    assert!(left[0].0 == ONE && left[0].2.contains("without end"), "{left:?}");
    assert_eq!(names(&site), Vec::<String>::new());
}

// --- patience ---

#[test]
fn a_busy_registry_is_waited_for() {
    for (status, headers) in [
        (429, "Retry-After: 0\r\n"),
        (503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
    ] {
        let held: &[(&str, &[&str])] = &[("alice/app", &["1", "2"]), ("bob/app", &["1"])];
        let registry = Mock::holding(held, &[Habit::Busy(status, headers)]);
        let site = InProcess::start_with(&[("registry.url", &registry.url)]);
        let comparison = ended(&site);
        assert_eq!((&comparison["state"], &comparison["adopted"]), (&json!("done"), &json!(2)), "{comparison}");
        assert_eq!((&comparison["failed"], &comparison["unreadTags"]), (&json!(0), &json!(0)), "{comparison}");
        assert_eq!((tags(&site, "alice/app").len(), tags(&site, "bob/app").len()), (2, 1));
    }
}

#[test]
fn a_registry_that_wants_too_much_patience_is_named_with_its_time() {
    let registry = Mock::saying(|asked| {
        Some(match asked {
            "GET /v2/_catalog?n=1000" => answer(200, "", "{\"repositories\":[\"alice/app\"]}"),
            _ => answer(429, "Retry-After: 86400\r\n", "{}"),
        })
    });
    let site = InProcess::start_with(&[("registry.url", &registry.url)]);
    let comparison = ended(&site);
    assert_eq!((&comparison["state"], &comparison["failed"]), (&json!("done"), &json!(1)), "{comparison}");
    assert!(left_out(&comparison)[0].2.contains("asked again in 86400 seconds"), "{comparison}");
    assert_eq!(registry.asked().len(), 2, "it is not asked again");
}

#[test]
fn a_slow_catalogue_is_asked_for_in_smaller_pages() {
    for slow in [100, 10] {
        let (site, registry, _) = with_habits(&[Habit::Slow(slow)]);
        let comparison = ended(&site);
        assert_eq!((&comparison["state"], &comparison["adopted"]), (&json!("done"), &json!(12)), "{comparison}");
        assert_eq!(tags(&site, ONE).len(), 25);
        assert!(registry.asked().contains(&format!("GET /v2/_catalog?n={slow}")), "{:?}", registry.asked());
    }
}
