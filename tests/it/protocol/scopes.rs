//! Scopes as clients write them: repeated, joined, in the query and in the form. The numbers are those of the quirks
//! that broke other token servers.

use serde_json::json;

use crate::support::issued::{ENDPOINT, Issued, TOKEN_PATH, ask, form, granted, password_form, refused, with_alice};

#[test]
fn scopes_count_whether_repeated_joined_or_both() {
    let (_site, alice) = with_alice();
    let expected = "alice/app:pull,push alice/web:pull";
    for query in [
        "&scope=repository:alice/app:pull,push&scope=repository:alice/web:pull",
        "&scope=repository:alice/app:pull,push%20repository:alice/web:pull",
        "&scope=repository:alice/app:pull,push+repository:alice/web:pull",
        "&scope=repository:alice/web:pull%20%20repository:alice/app:push&scope=repository:alice/app:pull",
        "&scope=&scope=repository%3Aalice%2Fapp%3Apush%2Cpull&client_id=x&scope=repository:alice/web:pull",
    ] {
        assert_eq!(Issued::of(alice.get(&format!("{ENDPOINT}{query}"))).granted(), expected, "{query}");
    }
}

#[test]
fn scopes_count_in_a_form_repeated_or_joined_and_in_the_query_beside_it() {
    let (_site, alice) = with_alice();
    let (app, web) = ("repository:alice/app:pull,push", "repository:alice/web:pull");
    let base = [("grant_type", "password"), ("client_id", "containers/image")];
    let joined = format!("{app} {web}");
    for (query, fields) in [
        ("", vec![("scope", app), ("scope", web)]),
        ("", vec![("scope", joined.as_str())]),
        ("?scope=repository:alice/web:pull", vec![("scope", app)]),
        ("?scope=repository:alice/web:pull&service=dockpass&scope=repository:alice/app:push", vec![]),
    ] {
        let body = form(&[&base[..], &fields].concat());
        let issued = Issued::of(alice.post_form(&format!("{TOKEN_PATH}{query}"), &body));
        assert_eq!(issued.granted(), "alice/app:pull,push alice/web:pull", "{query} {body}");
        assert_eq!(issued.answer["scope"], "repository:alice/app:pull,push repository:alice/web:pull");
    }
}

#[test]
fn scopes_that_make_no_sense_are_left_out_of_a_good_answer() {
    let (_site, alice) = with_alice();
    for nonsense in [
        ":",
        "::",
        "repository",
        "repository:alice/app",
        "repository:alice/app:",
        "repository:Alice/App:pull",
        "repository:alice/app:fly",
        "repository:alice/app:PULL",
        "plugin:alice/app:pull",
        "registry:catalog:search",
        "repository::pull",
        "repository:alice//app:pull",
        "repository:../app:pull",
        "repository:host:5000/alice/app:pull",
        "%00",
        "%FF",
        "%E4%BD%A0",
        "repository:alice/app%00:pull",
    ] {
        let path = format!("{ENDPOINT}&scope={nonsense}&scope=repository:alice/web:pull");
        assert_eq!(Issued::of(alice.get(&path)).granted(), "alice/web:pull", "{nonsense}");
    }
}

#[test]
fn the_class_of_a_resource_type_is_ignored() {
    let (_site, alice) = with_alice();
    let issued = ask(&alice, &["repository(plugin):alice/app:pull"]);
    assert_eq!(issued.claims["access"], json!([{ "type": "repository", "name": "alice/app", "actions": ["pull"] }]));
}

#[test]
fn scopes_for_one_repository_become_one_entry() {
    let (_site, alice) = with_alice();
    let scopes = ["alice/app:push,pull", "alice/app:delete", "alice/app:pull", "alice/app:pull,pull"];
    assert_eq!(granted(&alice, &scopes), "alice/app:pull,push,delete");
}

#[test]
fn a_thousand_scopes_are_answered_as_far_as_there_is_room_and_more_are_refused() {
    let (_site, alice) = with_alice();
    let scope = |number: usize| format!("repository:alice/service-number-{number}:pull");
    let scopes: Vec<_> = (0..1_000).rev().map(scope).collect();
    let joined = scopes.join("+");
    let answer = alice.get(&format!("{ENDPOINT}&scope={joined}&scope={}", scopes[0])).must_be(200);
    // What go-containerregistry reads of an answer at most (20).
    assert!(answer.body.len() < 64 * 1024, "{} bytes", answer.body.len());
    let issued = Issued::of(answer);
    assert!(issued.text.len() <= 48 * 1024, "{} bytes", issued.text.len());
    assert!(issued.text.len() > 40 * 1024, "{} bytes", issued.text.len());
    let granted = issued.granted();
    let mut granted: Vec<_> = granted.split(' ').map(|entry| format!("repository:{entry}")).collect();
    granted.sort();
    let mut first = scopes[..granted.len()].to_vec();
    first.sort();
    assert_eq!(granted, first, "those that were asked for first");
    let answer = alice.get(&format!("{ENDPOINT}&scope={joined}&scope=x"));
    refused(answer, 400, "INVALID_PARAMETERS", "invalid_request");
    let body = password_form("", "", &format!("{} x", scopes.join(" ")));
    refused(alice.post_form(TOKEN_PATH, &body), 400, "INVALID_PARAMETERS", "invalid_request");
    let answer = alice.post_form(TOKEN_PATH, &form(&[("grant_type", "password"), ("scope", &scopes.join(" "))]));
    let answer = answer.must_be(200).json();
    assert!(answer["access_token"].as_str().is_some_and(|text| text.len() > 40 * 1024) && answer["token"].is_null());
}

/// As many scopes as one request may have, each with a name of 255 bytes.
fn longest(count: usize) -> Vec<String> {
    let name = |number| format!("alice/{:a>120}/{:b>128}", "", number);
    (0..count).map(|number| format!("repository:{}:pull,push", name(number))).collect()
}

#[test]
fn a_thousand_scopes_of_full_length_are_read_in_a_form() {
    let (_site, alice) = with_alice();
    let scopes = longest(1_000);
    for joined in [vec![("scope", scopes.join(" "))], scopes.iter().map(|scope| ("scope", scope.clone())).collect()] {
        let fields: Vec<_> = joined.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = form(&[&[("grant_type", "password")], &fields[..]].concat());
        assert!(body.len() > 280_000, "{}", body.len());
        let answer = alice.post_form(TOKEN_PATH, &body).must_be(200).json();
        assert!(answer["access_token"].as_str().is_some_and(|text| text.len() > 40 * 1024), "{answer}");
    }
    let body = form(&[("grant_type", "password"), ("scope", &"x".repeat(640_001))]);
    refused(alice.post_form(TOKEN_PATH, &body), 413, "REQUEST_TOO_LARGE", "invalid_request");
}

#[test]
fn an_address_is_read_up_to_64_kib_and_what_is_longer_is_told_the_way() {
    let (_site, alice) = with_alice();
    let address = |count: usize| format!("{ENDPOINT}&scope={}", longest(count).join("+"));
    let fits = address(230);
    assert!((62_000..65_000).contains(&fits.len()), "{}", fits.len());
    alice.get(&fits).must_be(200);
    for count in [340, 1_000] {
        let told = alice.get(&address(count));
        // Beyond what is held of a head, its first line is not known to be the cause.
        let (status, code) = if count == 340 { (414, "URI_TOO_LONG") } else { (431, "REQUEST_HEAD_TOO_LARGE") };
        let told = told.must_be_refused(status, code);
        assert_eq!(told.header("connection"), Some("close"), "{}", told.describe());
        assert!(count == 1_000 || told.describe().contains("POST /auth/token"), "{}", told.describe());
    }
    let mut crowded = alice;
    for number in 0..100 {
        crowded = crowded.header(&format!("X-Number-{number}"), "x");
    }
    crowded.get(ENDPOINT).must_be_refused(431, "REQUEST_HEAD_TOO_LARGE");
}

#[test]
fn no_repository_is_made_that_has_no_room() {
    let (site, alice) = with_alice();
    let scopes: Vec<_> = (0..1_000).map(|number| format!("repository:alice/n{number}:pull,push")).collect();
    let issued = ask(&alice, &[&scopes.join("+")]);
    let granted = issued.claims["access"].as_array().map_or(0, Vec::len);
    assert!((200..1_000).contains(&granted), "{granted}");
    assert_eq!(site.audit("action=repository.createOnPush").len(), granted);
    let left_out = site.audit("action=registryToken.refuse&actor=alice");
    let reason = format!("no room in the registry token for {} more repositories", 1_000 - granted);
    assert!(left_out.iter().any(|record| record["reason"] == reason.as_str()), "{left_out:#?}");
}

#[test]
fn push_alone_means_pull_as_well_before_it_is_cut() {
    let (site, alice) = with_alice();
    assert_eq!(granted(&alice, &["alice/app:push"]), "alice/app:pull,push");
    let reader = site.add_token("alice", &json!({ "accessLevel": "read-only" }));
    let reader = site.with_token("alice", &reader);
    assert_eq!(granted(&reader, &["alice/app:push"]), "alice/app:pull");
    assert_eq!(granted(&reader, &["alice/app:delete"]), "");
    site.add_service("bob");
    site.grant("alice/web", "bob", "read-only");
    let bob = site.add_token("bob", &json!({}));
    assert_eq!(granted(&site.with_token("bob", &bob), &["alice/web:push", "alice/app:push"]), "alice/web:pull");
}

#[test]
fn the_catalogue_of_zot_is_for_whom_the_catalogue_is() {
    let (site, alice) = with_alice();
    let nameless = json!([{ "type": "repository", "name": "", "actions": ["pull"] }]);
    assert_eq!(ask(&site.as_admin(), &["repository::pull"]).claims["access"], nameless);
    assert_eq!(ask(&alice, &["repository::pull"]).claims["access"], json!([]));
    assert_eq!(ask(&site.as_nobody(), &["repository::pull"]).claims["access"], json!([]));
    let narrow = site.add_token("admin", &json!({ "repositories": ["alice/*"] }));
    assert_eq!(ask(&site.with_token("admin", &narrow), &["repository::pull"]).claims["access"], json!([]));
}

#[test]
fn a_token_for_a_hundred_repositories_still_opens_the_base_path() {
    let (site, alice) = with_alice();
    let scopes: Vec<_> = (0..100).map(|number| format!("repository:alice/service-number-{number}:pull")).collect();
    let issued = ask(&alice, &scopes.iter().map(String::as_str).collect::<Vec<_>>());
    site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text)).get("/v2/").must_be(200);
}
