//! Lists page by page: repositories, access tokens, audit records, and the registry's catalogue (design, section 5).

use serde_json::{Value, json};

use crate::support::{InProcess, http::Answer, site::Caller};

use super::repositories::adopt;

const REPOSITORIES: &str = "/api/v0/repositories";
const TOKENS: &str = "/api/v0/api_tokens";
const CATALOG: &str = "/v2/_catalog";

/// Names in the registry's order: by component, so that `/` is below every other character.
const ORDERED: [&str; 9] = ["busybox", "a/a", "a/a/b", "a/a-b", "a/a.b", "a-b/c", "a.b/c", "a0/c", "ab/c"];

fn ordered() -> Vec<String> {
    // A name of one component stands where its only component does.
    let mut names: Vec<String> = ORDERED.iter().map(|name| (*name).to_owned()).collect();
    names.sort_by(|one, other| one.split('/').cmp(other.split('/')));
    names
}

fn with_names(names: &[String]) -> InProcess {
    InProcess::start().restart_after(|data, clock| adopt(data, clock, names))
}

fn names(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let shown = |repository: &Value| match (repository["namespace"].as_str(), repository["name"].as_str()) {
        (Some("_"), Some(name)) => name.to_owned(),
        (Some(namespace), Some(name)) => format!("{namespace}/{name}"),
        _ => repository.as_str().expect("a name").to_owned(),
    };
    json["repositories"].as_array().expect("repositories").iter().map(shown).collect()
}

/// Every page of a list, joined, and how many pages it took.
fn walk(caller: &Caller, path: &str, size: usize, items: impl Fn(&Answer) -> Vec<String>) -> (Vec<String>, usize) {
    let (mut all, mut pages, mut start) = (Vec::new(), 0, String::new());
    loop {
        let page = caller.get(&format!("{path}?pageSize={size}&pageStart={start}")).must_be(200);
        let here = items(&page);
        assert!(here.len() <= size, "{}", page.describe());
        all.extend(here);
        pages += 1;
        start = page.next_page().replace('/', "%2F");
        if start.is_empty() {
            return (all, pages);
        }
    }
}

#[test]
fn repositories_come_by_component_here_and_in_the_catalogue() {
    let mut shuffled = ordered();
    shuffled.reverse();
    shuffled.swap(1, 6);
    let site = with_names(&shuffled);
    let local = site.as_local();
    assert_eq!(names(&local.get(&format!("{REPOSITORIES}?pageSize=0")).must_be(200)), ordered());
    assert_eq!(names(&local.get(CATALOG).must_be(200)), ordered());
    for size in 1..=10 {
        let (all, pages) = walk(&local, REPOSITORIES, size, names);
        assert_eq!((all, pages), (ordered(), 9_usize.div_ceil(size)), "pages of {size}");
    }
    let reversed: Vec<_> = ordered().into_iter().rev().collect();
    for size in 1..=10 {
        let (mut all, mut start) = (Vec::new(), String::new());
        loop {
            let path = format!("{REPOSITORIES}?order=desc&pageSize={size}&pageStart={start}&count=true");
            let page = local.get(&path).must_be(200);
            assert_eq!(page.header("x-resource-count"), Some("9"));
            all.extend(names(&page));
            start = page.next_page().replace('/', "%2F");
            if start.is_empty() {
                break;
            }
        }
        assert_eq!(all, reversed, "pages of {size} from the end");
    }
    let of_a = local.get(&format!("{REPOSITORIES}/a?order=desc")).must_be(200);
    assert_eq!(names(&of_a), ["a/a.b", "a/a-b", "a/a/b", "a/a"]);
    assert_eq!(names(&local.get(&format!("{REPOSITORIES}?order=desc&q=a-b")).must_be(200)), ["a-b/c", "a/a-b"]);
    for bad in ["order=ASC", "order=-name"] {
        local.get(&format!("{REPOSITORIES}?{bad}")).must_be_refused(400, "INVALID_PARAMETERS");
        local.get(&format!("{REPOSITORIES}/a?{bad}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
    // A page of one namespace holds nothing of its neighbours, whose names begin alike.
    assert_eq!(walk(&local, &format!("{REPOSITORIES}/a"), 2, names).0, ["a/a", "a/a/b", "a/a-b", "a/a.b"]);
    assert_eq!(names(&local.get(&format!("{REPOSITORIES}/ab")).must_be(200)), ["ab/c"]);
}

#[test]
fn sizes_are_ten_unless_said_and_all_if_zero_or_huge() {
    let many: Vec<String> = (0..25).map(|number| format!("many/r{number:02}")).collect();
    let site = with_names(&many);
    let list = |query: &str| site.as_local().get(&format!("{REPOSITORIES}?{query}")).must_be(200);
    assert_eq!(names(&list("")), many[..10]);
    assert_eq!(list("").header("x-next-page-start"), Some("many/r09"));
    assert_eq!(list("").header("x-resource-count"), None);
    for all in
        ["pageSize=0", "pageSize=25", "pageSize=100000", "pageSize=100000000", "pageSize=99999999999999999999999"]
    {
        assert_eq!(names(&list(all)), many, "{all}");
        assert_eq!(list(all).header("x-next-page-start"), None, "{all}");
    }
    assert_eq!(names(&list("pageSize=24")).len(), 24);
    assert_eq!(list("pageSize=24").header("x-next-page-start"), Some("many/r23"));
    assert_eq!(names(&list("pageStart=many%2Fr23")), many[24..]);
    assert_eq!(names(&list("pageStart=many%2Fr99")), Vec::<String>::new());
    assert_eq!(names(&list("pageStart=&pageSize=")), many[..10], "empty is as if it were not there");
    for count in ["count=true", "count=1"] {
        assert_eq!(list(&format!("{count}&pageSize=3&pageStart=many%2Fr05")).header("x-resource-count"), Some("25"));
    }
    assert_eq!(list("count=true&q=r2").header("x-resource-count"), Some("5"));
    for bad in ["pageSize=-1", "pageSize=x", "pageSize=1.5", "pageSize=0x10", "pageSize=%2B5", "count=perhaps"] {
        let path = format!("{REPOSITORIES}?{bad}");
        site.as_local().get(&path).must_be_refused(400, "INVALID_PARAMETERS");
    }
    for bad in ["UPPER", "a//b", "%00", "..", "a/", "%FF", "%C3%A4", "%7B%7D"] {
        let path = format!("{REPOSITORIES}?pageStart={bad}");
        site.as_local().get(&path).must_be_refused(400, "INVALID_PARAMETERS");
    }
}

#[test]
fn a_page_shows_only_what_the_caller_sees_and_counts_no_more() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    for name in ["bob", "carol"] {
        site.add_service(name);
        (0..8).for_each(|number| site.add_repository(&format!("{name}/r{number}")));
    }
    (0..3).for_each(|number| site.add_repository(&format!("alice/r{number}")));
    site.grant("bob/r3", "alice", "read-only");
    site.grant("bob/r5", "alice", "admin");
    site.add_public("carol/public");
    let expected = ["alice/r0", "alice/r1", "alice/r2", "bob/r3", "bob/r5", "carol/public"];
    for size in 1..=7 {
        assert_eq!(walk(&alice, REPOSITORIES, size, names).0, expected, "pages of {size}");
    }
    let counted = alice.get(&format!("{REPOSITORIES}?count=true&pageSize=1")).must_be(200);
    assert_eq!(counted.header("x-resource-count"), Some("6"));
    // A start that the caller does not see is only a place in the order.
    assert_eq!(names(&alice.get(&format!("{REPOSITORIES}?pageStart=bob%2Fr4")).must_be(200)), expected[4..]);
}

#[test]
fn pages_stay_right_while_the_list_changes() {
    let names_of = |from: u32, to: u32| (from..to).map(|number| format!("many/r{number:03}")).collect::<Vec<_>>();
    let site = with_names(&names_of(0, 30));
    let first = site.as_local().get(&format!("{REPOSITORIES}?pageSize=10")).must_be(200);
    // Behind the page, on its edge and before it.
    for gone in ["r005", "r009", "r010"] {
        site.as_local().delete(&format!("{REPOSITORIES}/many/{gone}")).must_be(204);
    }
    let next = first.header("x-next-page-start").expect("the next page").replace('/', "%2F");
    let second = site.as_local().get(&format!("{REPOSITORIES}?pageSize=10&pageStart={next}")).must_be(200);
    assert_eq!(names(&second), names_of(11, 21));
}

#[test]
fn access_tokens_are_paged_newest_first() {
    let site = InProcess::start();
    site.add_user("alice");
    let mut labels = Vec::new();
    for number in 0..13 {
        let label = format!("token {number}");
        site.add_token("alice", &json!({ "tokenLabel": label }));
        site.add_token("admin", &json!({ "tokenLabel": format!("of admin {number}") }));
        labels.insert(0, label);
        site.pass(1);
    }
    let read = |answer: &Answer| -> Vec<String> {
        let json = answer.json();
        let tokens = json.as_array().expect("a bare array");
        tokens.iter().map(|token| token["tokenLabel"].as_str().expect("a label").to_owned()).collect()
    };
    let alice = site.as_user("alice");
    for size in [1, 5, 12, 13, 14] {
        let (all, pages) = walk(&alice, TOKENS, size, read);
        assert_eq!((all, pages), (labels.clone(), 13_usize.div_ceil(size)), "pages of {size}");
    }
    let list = |query: &str| alice.get(&format!("{TOKENS}?{query}")).must_be(200);
    assert_eq!(read(&list("")).len(), 10);
    assert_eq!(read(&list("pageSize=0")), labels);
    assert_eq!(list("count=true&pageSize=2").header("x-resource-count"), Some("13"));
    let everybody = site.as_local().get(&format!("{TOKENS}?count=true")).must_be(200);
    assert_eq!(everybody.header("x-resource-count"), Some("26"));
    let of_one = site.as_local().get(&format!("{TOKENS}?count=true&username=alice")).must_be(200);
    assert_eq!(of_one.header("x-resource-count"), Some("13"));
    for bad in ["x", "0", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01arz3ndektsv4rrffq69g5fav", "%00", "-1"] {
        alice.get(&format!("{TOKENS}?pageStart={bad}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
    // A forged start is a place in the caller's own list, and nothing of anybody else's.
    let foreign = site.as_local().get(&format!("{TOKENS}?username=admin&pageSize=1")).must_be(200).json();
    let id = foreign[0]["id"].as_str().expect("an id");
    assert!(read(&list(&format!("pageSize=0&pageStart={id}"))).iter().all(|label| labels.contains(label)));
}

#[test]
fn audit_records_are_paged_newest_first() {
    let site = InProcess::start();
    (0..20).for_each(|number| site.add_service(&format!("user{number}")));
    let read = |answer: &Answer| -> Vec<String> {
        let json = answer.json();
        json["records"].as_array().expect("records").iter().map(|record| record["seq"].to_string()).collect()
    };
    let all: Vec<String> = (1..=21).rev().map(|seq: u32| seq.to_string()).collect();
    for size in [1, 10, 20, 21, 22] {
        let (walked, pages) = walk(&site.as_local(), "/api/v0/audit", size, read);
        assert_eq!((walked, pages), (all.clone(), 21_usize.div_ceil(size)), "pages of {size}");
    }
    assert_eq!(read(&site.as_local().get("/api/v0/audit").must_be(200)).len(), 10);
    assert_eq!(read(&site.as_local().get("/api/v0/audit?pageSize=99999999999999999999").must_be(200)), all);
}

// --- the catalogue ---

#[test]
fn the_catalogue_has_pages_of_a_hundred_and_of_a_thousand_at_most() {
    let many: Vec<String> = (0..1_250).map(|number| format!("many/r{number:04}")).collect();
    let site = with_names(&many);
    let list = |query: &str| site.as_local().get(&format!("{CATALOG}{query}")).must_be(200);
    let next = |answer: &Answer| answer.header("link").map(str::to_owned);
    assert_eq!(names(&list("")), many[..100]);
    assert_eq!(next(&list("")).as_deref(), Some("</v2/_catalog?last=many%2Fr0099&n=100>; rel=\"next\""));
    for huge in ["?n=1001", "?n=2147483648", "?n=99999999999999999999999"] {
        assert_eq!(names(&list(huge)).len(), 1_000, "{huge}");
        assert_eq!(next(&list(huge)).as_deref(), Some("</v2/_catalog?last=many%2Fr0999&n=1000>; rel=\"next\""));
    }
    let mut all = Vec::new();
    let mut path = Some(format!("{CATALOG}?n=500"));
    while let Some(here) = path.take() {
        let page = site.as_local().get(&here).must_be(200);
        all.extend(names(&page));
        path = next(&page).map(|link| link.split(['<', '>']).nth(1).expect("a target").to_owned());
    }
    assert_eq!(all, many);
    assert_eq!((names(&list("?n=0")).len(), next(&list("?n=0"))), (0, None));
    assert_eq!(
        (names(&list("?n=10&last=many%2Fr1239")), next(&list("?n=10&last=many%2Fr1239"))),
        (many[1_240..].to_vec(), None)
    );
    assert_eq!(names(&list("?last=zzz/zzz")), Vec::<String>::new());
    assert_eq!(names(&list("?last=a/unknown&n=1")), many[..1]);
    for bad in ["-1", "x", "", "1.0", "%2B1", " 1"] {
        let path = format!("{CATALOG}?n={}", bad.replace(' ', "%20"));
        site.as_local().get(&path).must_be_refused(400, "PAGINATION_NUMBER_INVALID");
    }
}

#[test]
fn the_catalogue_has_what_its_caller_may_see() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_service("bob");
    site.add_repository("alice/app");
    site.add_repository("bob/app");
    site.add_public("bob/public");
    let seen = |caller: &Caller| names(&caller.get(CATALOG).must_be(200));
    assert_eq!(seen(&alice), ["alice/app", "bob/public"]);
    assert_eq!(seen(&site.as_admin()), ["alice/app", "bob/app", "bob/public"]);
    let refused = site.as_nobody().get(CATALOG).must_be_refused(401, "UNAUTHORIZED");
    let challenge = refused.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("scope=\"registry:catalog:*\""), "{challenge}");
    // A registry token has its account's sight, an anonymous one the public's.
    let bearer = |caller: &Caller| {
        let token = caller.get("/auth/token").must_be(200).text("/token");
        site.as_nobody().header("Authorization", &format!("Bearer {token}"))
    };
    assert_eq!(seen(&bearer(&alice)), ["alice/app", "bob/public"]);
    assert_eq!(seen(&bearer(&site.as_nobody())), ["bob/public"]);
    let narrow = site.add_token("alice", &json!({ "repositories": ["bob/*"] }));
    assert_eq!(seen(&site.with_token("alice", &narrow)), ["bob/public"]);
    let of_admin = site.add_token("admin", &json!({ "repositories": ["bob/*"], "accessLevel": "read-only" }));
    assert_eq!(seen(&site.with_token("admin", &of_admin)), ["bob/app", "bob/public"]);
    assert_eq!(seen(&bearer(&site.with_token("admin", &of_admin))), ["bob/app", "bob/public"]);
    site.grant("bob/app", "alice", "read-only");
    assert_eq!(seen(&alice), ["alice/app", "bob/app", "bob/public"]);
    site.take("bob/app", "alice");
    assert_eq!(seen(&alice), ["alice/app", "bob/public"]);
}
