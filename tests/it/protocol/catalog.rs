//! `/v2/_catalog`: the registry's list, cut down to what the caller may see, page by page as the registry gives it.

use serde_json::json;

use crate::support::{
    InProcess,
    http::Answer,
    issued::ask,
    site::{Caller, repository_path},
};

const CATALOG: &str = "/v2/_catalog";

fn names(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let names = body["repositories"].as_array().unwrap_or_else(|| panic!("no list:\n{}", answer.describe()));
    names.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

fn seen(caller: &Caller) -> Vec<String> {
    names(&caller.get(CATALOG).must_be(200))
}

/// The path of the next page, as the answer links to it.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("Link")?;
    let (path, rest) = link.strip_prefix('<').and_then(|link| link.split_once('>')).expect("<path>");
    assert_eq!(rest, "; rel=\"next\"");
    assert!(path.starts_with("/v2/_catalog?"), "a relative link, as the registry's: {path}");
    Some(path.to_owned())
}

/// Every page's names, from this path on.
fn pages(caller: &Caller, path: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut path = Some(path.to_owned());
    while let Some(here) = path {
        let answer = caller.get(&here).must_be(200);
        pages.push(names(&answer));
        path = next(&answer);
    }
    pages
}

fn with_repositories(names: &[&str]) -> InProcess {
    let site = InProcess::start();
    site.add_service("alice");
    site.add_service("bob");
    names.iter().for_each(|name| site.add_repository(name));
    site
}

#[test]
fn names_stand_in_the_registrys_order_with_the_slash_lowest() {
    let site = with_repositories(&["alice/b", "alice/a-b", "alice/a/b", "alice/a", "alice/a.b", "bob/a", "alice/a0"]);
    site.add_service("alice-x");
    site.add_repository("alice-x/a");
    let expected = ["alice/a", "alice/a/b", "alice/a-b", "alice/a.b", "alice/a0", "alice/b", "alice-x/a", "bob/a"];
    assert_eq!(seen(&site.as_local()), expected);
}

#[test]
fn everybody_sees_what_they_may_pull() {
    let site = with_repositories(&["alice/app", "alice/web", "bob/app"]);
    site.add_public("bob/open");
    let token = |user: &str, body: serde_json::Value| site.with_token(user, &site.add_token(user, &body));
    let alice = token("alice", json!({}));
    assert_eq!(seen(&alice), ["alice/app", "alice/web", "bob/open"]);
    site.grant("bob/app", "alice", "read-only");
    assert_eq!(seen(&alice), ["alice/app", "alice/web", "bob/app", "bob/open"]);
    assert_eq!(seen(&token("admin", json!({}))), ["alice/app", "alice/web", "bob/app", "bob/open"]);
    let some = token("admin", json!({ "repositories": ["alice/web", "bob/*"], "accessLevel": "read-only" }));
    assert_eq!(seen(&some), ["alice/web", "bob/app", "bob/open"]);
    assert_eq!(seen(&token("alice", json!({ "repositories": ["carol/*"] }))), ["bob/open"]);
    site.as_local().patch(&repository_path("bob/open"), &json!({ "visibility": "private" })).must_be(200);
    assert_eq!(seen(&token("alice", json!({ "repositories": ["carol/*"] }))), [""; 0]);
}

#[test]
fn a_registry_token_shows_the_catalogue_of_whose_it_is_and_an_anonymous_one_public_names() {
    let site = with_repositories(&["alice/app", "bob/app"]);
    site.add_public("bob/open");
    let alice = site.with_token("alice", &site.add_token("alice", &json!({ "repositories": ["alice/*"] })));
    let shown = |caller: &Caller| {
        // podman first shows a token without any scope; what counts is whose it is.
        let text = ask(caller, &[]).text;
        seen(&site.as_nobody().header("Authorization", &format!("Bearer {text}")))
    };
    assert_eq!(shown(&alice), ["alice/app", "bob/open"]);
    assert_eq!(shown(&site.as_nobody()), ["bob/open"]);
    assert_eq!(shown(&site.as_admin()), ["alice/app", "bob/app", "bob/open"]);
}

#[test]
fn a_page_has_n_names_and_links_to_the_next() {
    let site = with_repositories(&["alice/a", "alice/b", "alice/c/d", "alice/d", "alice/e"]);
    let local = site.as_local();
    let found = pages(&local, "/v2/_catalog?n=2");
    assert_eq!(found, [vec!["alice/a", "alice/b"], vec!["alice/c/d", "alice/d"], vec!["alice/e"]]);
    assert_eq!(next(&local.get("/v2/_catalog?n=5").must_be(200)), None, "nothing follows");
    let link = next(&local.get("/v2/_catalog?n=3").must_be(200)).expect("a link");
    assert!(link.contains("last=alice%2Fc%2Fd") && link.contains("n=3"), "{link}");
}

#[test]
fn pages_hold_what_the_caller_sees_and_no_gaps() {
    let site = with_repositories(&["alice/a", "alice/c", "alice/e"]);
    for name in ["bob/b", "bob/d", "bob/f"] {
        site.add_repository(name);
    }
    site.grant("bob/d", "alice", "read-only");
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    assert_eq!(pages(&alice, "/v2/_catalog?n=2"), [vec!["alice/a", "alice/c"], vec!["alice/e", "bob/d"]]);
}

#[test]
fn last_is_where_a_page_begins_whether_or_not_it_exists() {
    let site = with_repositories(&["alice/a", "alice/c", "bob/a"]);
    for (last, expected) in [
        ("alice/a", &["alice/c", "bob/a"][..]),
        ("alice/b", &["alice/c", "bob/a"]),
        ("alice", &["alice/a", "alice/c", "bob/a"]),
        ("alice%2Fc", &["bob/a"]),
        ("zoo", &[]),
        ("", &["alice/a", "alice/c", "bob/a"]),
    ] {
        assert_eq!(names(&site.as_local().get(&format!("{CATALOG}?last={last}")).must_be(200)), expected, "{last}");
    }
}

#[test]
fn n_zero_is_an_empty_list_without_a_link() {
    let site = with_repositories(&["alice/a"]);
    let answer = site.as_local().get("/v2/_catalog?n=0").must_be(200);
    assert_eq!((names(&answer), next(&answer)), (Vec::new(), None));
}

#[test]
fn n_that_is_no_number_or_negative_is_refused() {
    let site = with_repositories(&["alice/a"]);
    for n in ["-1", "x", "1.5", "", "%20", "1e3", "0x10", "+1", "-0"] {
        let answer = site.as_local().get(&format!("{CATALOG}?n={n}"));
        assert_eq!(answer.status, 400, "{n}: {}", answer.describe());
        assert_eq!(answer.code(), "PAGINATION_NUMBER_INVALID", "{n}");
    }
}

#[test]
fn a_hundred_names_are_a_page_and_a_thousand_the_longest() {
    let site = InProcess::start_with(&[("limits.changes_per_minute", "10000")]);
    let alice = site.add_robot("alice");
    let all: Vec<_> = (0..1_003).map(|number| format!("alice/app-{number:04}")).collect();
    // A hundred at a time, which is much faster than one by one.
    for some in all.chunks(100) {
        let scopes: Vec<_> = some.iter().map(|name| format!("repository:{name}:push")).collect();
        ask(&alice, &scopes.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let first = alice.get(CATALOG).must_be(200);
    assert_eq!(names(&first), all[..100]);
    assert!(next(&first).expect("a link").contains("n=100"));
    for n in ["1000", "1001", "99999999999999999999999999"] {
        let answer = alice.get(&format!("{CATALOG}?n={n}")).must_be(200);
        assert_eq!(names(&answer), all[..1_000], "{n}");
        assert!(next(&answer).expect("a link").contains("n=1000"), "{n}");
    }
    assert_eq!(pages(&alice, "/v2/_catalog?n=400").concat(), all);
}

#[test]
fn an_empty_catalogue_is_an_empty_list() {
    let site = InProcess::start();
    let answer = site.as_admin().get(CATALOG).must_be(200);
    assert_eq!((answer.json(), answer.header("Link")), (json!({ "repositories": [] }), None));
}
