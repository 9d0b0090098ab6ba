//! What real clients and scripts send: how Python and Go spell a flag, DTR's objects with all their fields, paths of DTR,
//! secrets with a line end. Each test is of one kind; the reports behind them are public.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use dockpass::api::{ParameterKind, operations};
use serde_json::{Value, json};

use crate::support::{
    InProcess,
    exe::PASSWORD,
    http::Answer,
    notify::digest,
    site::{Caller, account_path, member_path, repository_path, team_path, teams_path},
};

const ACCOUNTS: &str = "/enzi/v0/accounts";
const REPOSITORIES: &str = "/api/v0/repositories";
const SETTINGS: &str = "/api/v0/meta/settings";
const TOKENS: &str = "/api/v0/api_tokens";

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_repository("alice/app");
    site
}

/// The fields that an answer says it has ignored.
fn ignored(answer: &Answer) -> BTreeSet<String> {
    let begins = "299 - \"ignored, since dockpass has nothing like it: ";
    let told =
        answer.headers("warning").into_iter().filter_map(|warning| warning.strip_prefix(begins)?.strip_suffix('"'));
    told.flat_map(|names| names.split(", ")).map(str::to_owned).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

// --- queries ---

#[test]
fn every_flag_has_the_spellings_of_go() {
    let site = with_alice();
    let flags = operations::all().into_iter().flat_map(|described| {
        let flags = (described.query)().into_iter().filter(|parameter| parameter.kind == ParameterKind::Flag);
        flags.map(move |flag| (described.facts, flag.name)).collect::<Vec<_>>()
    });
    let mut seen = BTreeSet::new();
    for (facts, name) in flags.filter(|(facts, _)| facts.method.as_str() == "GET") {
        let path = facts.path.replace("{namespace}", "alice").replace("{reponame}", "app");
        assert!(!path.contains('{'), "{path}");
        let ask = |value: &str| site.as_local().get(&format!("{path}?{name}={value}&query=a"));
        let (yes, no) = (ask("true").must_be(200), ask("false").must_be(200));
        for (same, spellings) in
            [(&yes, ["1", "t", "T", "TRUE", "True", ""]), (&no, ["0", "f", "F", "FALSE", "False", "false"])]
        {
            for value in spellings {
                let answer = ask(value).must_be(200);
                assert_eq!(
                    (&answer.body, answer.header("x-resource-count")),
                    (&same.body, same.header("x-resource-count"))
                );
            }
        }
        for other in ["yes", "tRue", "2", "on", "%20true", "null"] {
            ask(other).must_be_refused(400, "INVALID_PARAMETERS");
        }
        seen.insert(name);
    }
    assert!(
        ["count", "includeManifests", "strict", "includeAccounts"].iter().all(|name| seen.contains(name)),
        "{seen:?}"
    );
}

#[test]
fn whoever_follows_the_next_page_while_the_header_is_there_comes_to_an_end() {
    let site = with_alice();
    for number in 0..3 {
        site.add_repository(&format!("alice/r{number}"));
        site.add_token("alice", &json!({}));
        site.add_service(&format!("user{number}"));
    }
    site.push("alice/app", &[("1", 1), ("2", 2), ("3", 3), ("4", 1)]);
    site.add_organization("acme", &[("alice", true), ("user0", false), ("user1", false)]);
    let tags = format!("{}/tags", repository_path("alice/app"));
    let manifests = format!("{}/manifests", repository_path("alice/app"));
    for (path, size, start, pages) in [
        (REPOSITORIES, "pageSize", "pageStart", 2),
        ("/api/v0/repositories/alice", "pageSize", "pageStart", 2),
        ("/api/v0/api_tokens?username=alice", "pageSize", "pageStart", 2),
        (tags.as_str(), "pageSize", "pageStart", 2),
        (manifests.as_str(), "pageSize", "pageStart", 2),
        ("/enzi/v0/accounts", "limit", "start", 3),
        ("/enzi/v0/accounts/acme/members", "limit", "start", 2),
        ("/api/v0/audit", "pageSize", "pageStart", 2),
    ] {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut next = Some(String::new());
        let mut seen = 0;
        while let Some(at) = next.take().filter(|_| seen < 1_000) {
            let page =
                site.as_local().get(&format!("{path}{joint}{size}=2&{start}={}", at.replace('/', "%2F"))).must_be(200);
            seen += 1;
            next = page.header("x-next-page-start").map(str::to_owned);
            assert_ne!(next.as_deref(), Some(""), "{}", page.describe());
        }
        assert!((pages..1_000).contains(&seen), "{path}: {seen} pages");
    }
}

#[test]
fn a_time_may_have_lost_its_plus() {
    let site = with_alice();
    site.add_token("alice", &json!({}));
    let of = |time: &str| site.as_local().get(&format!("{TOKENS}?username=alice&usedbefore={time}&generatedby=all"));
    let encoded = of("2999-11-01T00:00:00%2B02:00").must_be(200);
    assert_eq!(encoded.json().as_array().map(Vec::len), Some(1));
    for time in ["2999-11-01T00:00:00+02:00", "2999-11-01T00:00:00%2002:00", "2999-11-01+00:00:00+02:00"] {
        assert_eq!(of(time).must_be(200).body, encoded.body, "{time}");
    }
    for query in ["since=2026-11-01T00:00:00+02:00", "until=2999-11-01T00:00:00.5+02:00"] {
        site.as_local().get(&format!("/api/v0/audit?{query}")).must_be(200);
    }
    for bad in ["2026-11-01T00:00:00++02:00", "2026-11-01T00:00:00+Z", "+", "2026-11-01+02:00"] {
        of(bad).must_be_refused(400, "INVALID_PARAMETERS");
    }
}

#[test]
fn an_unknown_service_is_refused_with_those_that_there_are() {
    let site = InProcess::start_with(&[("registry.services", "one,two")]);
    let refused = site.as_nobody().get("/auth/token?service=dtr").must_be_refused(400, "SERVICE_UNKNOWN");
    assert!(refused.text("/errors/0/message").ends_with("one, two"), "{}", refused.describe());
}

// --- bodies ---

#[test]
fn settings_of_dtr_are_taken_and_named() {
    let site = with_alice();
    let body = json!({
        "disableBackupWarning": true, "reportAnalytics": false, "anonymizeAnalytics": false, "scanningEnabled": true,
        "scanningSyncOnline": true,
    });
    let names: Vec<&str> = body.as_object().expect("fields").keys().map(String::as_str).collect();
    let answer = site.as_local().post(SETTINGS, &body).must_be(202);
    assert_eq!(ignored(&answer), set(&names));
    let both = json!({ "createRepositoryOnPush": true, "scanningEnabled": true });
    let answer = site.as_local().post(SETTINGS, &both).must_be(202);
    assert_eq!((ignored(&answer), &answer.json()["createRepositoryOnPush"]), (set(&["scanningEnabled"]), &json!(true)));
    let near = site
        .as_local()
        .post(SETTINGS, &json!({ "createRepositorysOnPush": false }))
        .must_be_refused(400, "INVALID_PARAMETERS");
    assert!(near.text("/errors/0/message").contains("createRepositoryOnPush"), "{}", near.describe());
    assert_eq!(site.as_local().get(SETTINGS).json()["createRepositoryOnPush"], true);
}

#[test]
fn scripts_that_fill_a_dtr_go_through() {
    let site = InProcess::start();
    let local = site.as_local();
    let user = json!({ "username": "al", "name": "al", "type": "user", "password": PASSWORD, "searchLDAP": false });
    assert_eq!(ignored(&local.post(ACCOUNTS, &user).must_be(201)), set(&[]));
    local.post(ACCOUNTS, &json!({ "username": "bo", "type": "user" })).must_be(201);
    local.get(&account_path("bo")).must_be(200);
    let made = local.post(ACCOUNTS, &json!({ "type": "organization", "name": "acme", "fullName": null, "ldap": {} }));
    assert_eq!((ignored(&made), made.json()["isOrg"].clone()), (set(&["ldap"]), json!(true)));
    for wrong in [
        json!({ "name": "x", "type": "organization", "isOrg": false }),
        json!({ "name": "x", "type": "ldap" }),
        json!({ "name": "x", "username": "y" }),
        json!({ "type": "user" }),
    ] {
        local.post(ACCOUNTS, &wrong).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let team = local.post(&teams_path("acme"), &json!({ "type": "managed", "name": "web", "description": null }));
    assert_eq!(ignored(&team.must_be(201)), set(&["type"]));
    // A member as an answer had it, flattened.
    let member = json!({ "name": "al", "isAdmin": true, "isPublic": null });
    for path in [member_path("acme", "al"), member_path("acme/web", "al")] {
        let put = local.put(&path, &member).must_be(200);
        assert_eq!(ignored(&put), set(&["isPublic"]));
        let of_team = put.headers("warning").iter().any(|warning| warning.contains("isAdmin is ignored"));
        assert_eq!(of_team, path.contains("/teams/"), "{}", put.describe());
    }
    let repository = json!({
        "name": "app", "shortDescription": null, "longDescription": null, "scanOnPush": true, "immutableTags": false,
        "enableManifestLists": true, "tagLimit": 0, "visibility": "public", "pruning": [],
    });
    let made = local.post(&format!("{REPOSITORIES}/acme"), &repository).must_be(201);
    assert_eq!(ignored(&made), set(&["scanOnPush", "pruning"]));
    assert_eq!((&made.json()["immutableTags"], &made.json()["visibility"]), (&json!(false), &json!("public")));
}

#[test]
fn an_object_may_be_sent_back_whole_and_its_own_fields_are_no_news() {
    let site = with_alice();
    site.add_organization("acme", &[]);
    site.add_team("acme/web", &[]);
    for path in [account_path("alice"), account_path("acme"), team_path("acme/web"), repository_path("alice/app")] {
        let shown = site.as_local().get(&path).must_be(200).json();
        let sent = site.as_local().patch(&path, &shown).must_be(200);
        assert_eq!((ignored(&sent), sent.json()), (set(&[]), shown), "{path}");
    }
    let settings = site.as_local().get(SETTINGS).must_be(200).json();
    assert_eq!(ignored(&site.as_local().post(SETTINGS, &settings).must_be(202)), set(&[]));
    let asked = site.as_local().patch(&repository_path("alice/app"), &json!({ "tagLimit": 5 }));
    assert_eq!(ignored(&asked.must_be(200)), set(&["tagLimit"]));
}

#[test]
fn a_near_miss_is_refused_with_the_right_name_wherever_others_are_ignored() {
    let site = with_alice();
    site.add_organization("acme", &[]);
    site.add_team("acme/web", &[]);
    let repositories = format!("{REPOSITORIES}/alice");
    for (method, path, body, meant) in [
        ("POST", ACCOUNTS.to_owned(), json!({ "name": "x", "isactive": false }), "isActive"),
        ("POST", ACCOUNTS.to_owned(), json!({ "name": "x", "isActve": false }), "isActive"),
        ("POST", ACCOUNTS.to_owned(), json!({ "Name": "x" }), "name"),
        ("PATCH", account_path("alice"), json!({ "fullname": "A" }), "fullName"),
        ("POST", teams_path("acme"), json!({ "name": "x", "desciption": "y" }), "description"),
        ("PATCH", team_path("acme/web"), json!({ "descriptions": "y" }), "description"),
        ("PUT", member_path("acme", "alice"), json!({ "isAdmn": false }), "isAdmin"),
        ("POST", repositories.clone(), json!({ "name": "x", "visiblity": "private" }), "visibility"),
        ("PATCH", repository_path("alice/app"), json!({ "VISIBILITY": "public" }), "visibility"),
        ("PATCH", repository_path("alice/app"), json!({ "immutable_tags": true }), "immutableTags"),
        ("POST", SETTINGS.to_owned(), json!({ "tokenMaxLifetme": 3600 }), "tokenMaxLifetime"),
    ] {
        let refused = site.as_local().json(method, &path, &body).must_be_refused(400, "INVALID_PARAMETERS");
        let (field, message) = (refused.text("/errors/0/detail/field"), refused.text("/errors/0/message"));
        assert!(
            body.get(&field).is_some() && message.ends_with(&format!("{meant} may be meant")),
            "{}",
            refused.describe()
        );
    }
    site.as_local().get(&account_path("x")).must_be(404);
    site.as_local().get(&repository_path("alice/x")).must_be(404);
}

#[test]
fn a_change_of_which_nothing_was_understood_is_refused() {
    let site = with_alice();
    site.add_organization("acme", &[]);
    site.add_team("acme/web", &[]);
    for (method, path) in [
        ("PATCH", account_path("alice")),
        ("PATCH", team_path("acme/web")),
        ("PATCH", repository_path("alice/app")),
        ("PUT", member_path("acme", "alice")),
    ] {
        for body in
            [json!({ "colour": "blue" }), json!({ "colour": null, "x": [1] }), json!({ "__proto__": {}, "": 1 })]
        {
            let refused = site.as_local().json(method, &path, &body).must_be_refused(400, "INVALID_PARAMETERS");
            assert!(refused.header("warning").is_none(), "{}", refused.describe());
        }
        site.as_local().json(method, &path, &json!({})).must_be(200);
    }
}

#[test]
fn where_a_misspelt_field_would_widen_what_is_given_each_unknown_one_is_refused() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({}));
    let at = format!("{TOKENS}/{}", token.hash);
    for (method, path, body) in [
        ("POST", format!("{TOKENS}?username=alice"), json!({ "acces_level": "read-only" })),
        ("POST", format!("{TOKENS}?username=alice"), json!({ "scopes": ["alice/app"] })),
        ("PATCH", at.clone(), json!({ "isActive": false, "expires": "2026-01-01" })),
        ("POST", format!("{at}/rotate"), json!({ "overlap": 60, "immediately": true })),
        (
            "PUT",
            format!("{}/userAccess/admin", repository_path("alice/app")),
            json!({ "accessLevel": "admin", "until": "x" }),
        ),
        (
            "PUT",
            "/api/v0/repositoryNamespaces/alice/userAccess/admin".to_owned(),
            json!({ "accessLevel": "admin", "only": [] }),
        ),
        ("POST", "/api/v0/session".to_owned(), json!({ "username": "alice", "password": PASSWORD, "readOnly": true })),
        (
            "POST",
            format!("{}/changePassword", account_path("alice")),
            json!({ "newPassword": "long-enough-9", "expires": 1 }),
        ),
    ] {
        let caller = if path.ends_with("session") { site.as_nobody() } else { site.as_local() };
        let refused = caller.json(method, &path, &body).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.text("/errors/0/message").contains("there is no such field"), "{}", refused.describe());
    }
    let tokens = site.as_local().get(&format!("{TOKENS}?username=alice")).json();
    assert_eq!((tokens.as_array().map(Vec::len), &tokens[0]["isActive"]), (Some(1), &json!(true)));
}

#[test]
fn what_a_warning_names_cannot_end_the_header() {
    let site = with_alice();
    let name = format!("a\"\r\nX-Evil: {}", site.add_token("alice", &json!({})).secret);
    let answer =
        site.as_local().post(SETTINGS, &json!({ name.as_str(): 1, "createRepositoryOnPush": true })).must_be(202);
    assert!(answer.header("x-evil").is_none(), "{}", answer.describe());
    let warning = answer.header("warning").expect("a warning");
    assert!(warning.contains("a???X-Evil??dkp_") && !warning.contains(&name[20..40]), "{warning}");
    let many: serde_json::Map<String, Value> =
        (0..2_000).map(|number| (format!("field-number-{number}"), json!(1))).collect();
    let answer = site.as_local().post(SETTINGS, &Value::Object(many)).must_be(202);
    assert!(answer.header("warning").is_some_and(|warning| warning.len() < 2_000), "{}", answer.describe());
}

#[test]
fn a_body_from_windows_is_read_or_its_encoding_is_said() {
    let site = with_alice();
    let json = site.as_user("alice").header("Content-Type", "application/json");
    let marked = "\u{feff}{\"tokenLabel\":\"from a file of Windows\"}";
    let made = json.send("POST", TOKENS, marked.as_bytes()).must_be(200);
    assert_eq!(made.text("/tokenLabel"), "from a file of Windows");
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let utf16: Vec<u8> = marked.encode_utf16().flat_map(to_bytes).collect();
        for bytes in [&utf16[..], &utf16[2..]] {
            let refused = json.send("POST", TOKENS, bytes).must_be_refused(400, "INVALID_JSON");
            assert!(refused.body.contains("UTF-16"), "{}", refused.describe());
        }
    }
}

// --- paths ---

#[test]
fn one_tag_can_be_asked_for_by_its_name_and_by_its_digest() {
    let site = with_alice();
    site.push("alice/app", &[("1", 1), ("1.0", 1), ("2", 2)]);
    site.add_service("bob");
    let tag = |reference: &str| format!("{}/tags/{reference}", repository_path("alice/app"));
    let names = |answer: Answer| -> Vec<String> {
        let tags = answer.must_be(200).json();
        tags.as_array().expect("an array").iter().map(|tag| tag["name"].as_str().expect("a name").to_owned()).collect()
    };
    let alice = site.as_user("alice");
    let list = alice.get(&format!("{}/tags", repository_path("alice/app"))).must_be(200).json();
    let one = alice.get(&tag("1")).must_be(200).json();
    assert_eq!((&one[0], one.as_array().map(Vec::len)), (&list[0], Some(1)));
    assert!(one[0]["manifest"]["size"].is_u64());
    assert_eq!(names(alice.get(&tag(&digest(1)))), ["1", "1.0"]);
    assert_eq!(names(alice.get(&tag("1?domain=x"))), ["1"]);
    assert_eq!(names(alice.get(&tag("1?os=plan9"))), Vec::<String>::new());
    for missing in ["3", &digest(9), "..a", "-", "sha256:"] {
        alice.get(&tag(missing)).must_be_refused(404, "NO_SUCH_REF");
    }
    let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
    for reference in ["1", "3", &digest(1), "..a"] {
        bob.get(&tag(reference)).must_be_refused(404, "NO_SUCH_REPOSITORY");
    }
    let manifests = alice.get(&format!("{}/manifests?count=True", repository_path("alice/app"))).must_be(200);
    assert_eq!(manifests.header("x-resource-count"), Some("2"));
    let digests: Vec<Value> =
        manifests.json().as_array().expect("an array").iter().map(|it| it["digest"].clone()).collect();
    assert_eq!(digests.into_iter().collect::<Vec<_>>(), [json!(digest(1)), json!(digest(2))]);
}

#[test]
fn what_dtr_has_elsewhere_is_told() {
    let site = with_alice();
    let made = InProcess::start_with(&[("tls.self_signed", "true")]);
    let pem = made.as_local().get("/ca").must_be(200);
    assert!(pem.body.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(pem.body, made.as_local().get("/ca.pem").must_be(200).body);
    let (ca, ca_pem) = (site.as_nobody().get("/ca"), site.as_nobody().get("/ca.pem"));
    assert_eq!((ca.status, ca.body), (404, ca_pem.body));
    let status = site.as_admin().get("/api/v0/meta/cluster_status").must_be(200).json();
    assert_eq!(
        (&status["replica_health"]["dockpass"], &status["replica_read_only"]["dockpass"]),
        (&json!("OK"), &json!(false))
    );
    for (path, told) in [
        ("/api/v0/repositories/alice/app/events", "/api/v0/audit"),
        ("/nginx_status", "/health"),
        ("/api/v0/webhooks", "no webhooks"),
    ] {
        let missing = site.as_local().get(path).must_be_refused(404, "NOT_FOUND");
        assert!(missing.text("/errors/0/message").contains(told), "{}", missing.describe());
    }
}

/// Harbor's replication from a DTR: it walks over all repositories, and asks for the tags of each with its slashes as
/// they are.
#[test]
fn slashes_of_a_repository_may_stay_as_they_are_where_it_is_read() {
    let site = with_alice();
    for name in ["sub/deep", "tags/deep"] {
        site.as_local().post(&format!("{REPOSITORIES}/alice"), &json!({ "name": name })).must_be(201);
    }
    site.push("alice/sub/deep", &[("1", 1)]);
    site.push("alice/tags/deep", &[("2", 2)]);
    let alice = site.as_user("alice");
    let listed = alice.get(&format!("{REPOSITORIES}?pageSize=100")).must_be(200).json();
    let mut seen = Vec::new();
    for repository in listed["repositories"].as_array().expect("repositories") {
        let full =
            format!("{}/{}", repository["namespace"].as_str().expect("one"), repository["name"].as_str().expect("one"));
        let path = format!("{REPOSITORIES}/{full}/tags?pageSize=100");
        let tags = alice.get(&path).must_be(200);
        assert_eq!(tags.body, alice.get(&format!("{}/tags", repository_path(&full))).must_be(200).body, "{full}");
        assert!(alice.send("HEAD", &path, b"").must_be(200).body.is_empty());
        seen.push(full);
    }
    assert_eq!(seen, ["alice/app", "alice/sub/deep", "alice/tags/deep"]);
    let one = alice.get("/api/v0/repositories/alice/sub/deep/tags/1").must_be(200).json();
    assert_eq!(one[0]["name"], "1");
    assert_eq!(alice.get("/api/v0/repositories/alice/sub/deep/").must_be(200).text("/name"), "sub/deep");
    alice.get("/api/v0/repositories/alice/sub/deep/access").must_be(200);
    alice.get("/api/v0/accounts/alice/repositoryAccess/alice/sub/deep").must_be(200);
    // What can mean something else means that: the tags of `alice/sub`, which is not there.
    alice.get("/api/v0/repositories/alice/sub/tags").must_be_refused(404, "NO_SUCH_REPOSITORY");
    alice.get("/api/v0/repositories/alice/none/at/all/tags").must_be_refused(404, "NO_SUCH_REPOSITORY");
    alice.get("/api/v0/repositories/alice/sub//deep/tags").must_be_refused(404, "NOT_FOUND");
    site.as_nobody().get("/api/v0/repositories/alice/sub/deep/tags").must_be_refused(401, "NOT_AUTHENTICATED");
    // Nothing is changed by such a path.
    for (method, path) in
        [("DELETE", "alice/sub/deep/x"), ("PATCH", "alice/sub/deep/x"), ("DELETE", "alice/sub/deep/tags/1")]
    {
        let refused = alice.json(method, &format!("{REPOSITORIES}/{path}"), &json!({ "visibility": "public" }));
        refused.must_be_refused(404, "NOT_FOUND");
    }
}

// --- secrets ---

fn basic(site: &InProcess, bytes: &[u8]) -> Caller {
    site.as_nobody().header("Authorization", &format!("Basic {}", STANDARD.encode(bytes)))
}

#[test]
fn what_stands_unseen_around_a_secret_is_read_past() {
    let site = with_alice();
    let token = site.add_token("alice", &json!({})).secret;
    for secret in [
        format!("{token}\n"),
        format!("{token}\r\n"),
        format!(" {token}"),
        format!("{token} \t"),
        format!("\u{feff}{token}\n"),
        format!("{PASSWORD}\n"),
        format!("{PASSWORD}\r\n"),
        format!("\u{feff}{PASSWORD}"),
    ] {
        for bytes in [format!("alice:{secret}"), format!("\u{feff}alice:{secret}")] {
            basic(&site, bytes.as_bytes()).get(REPOSITORIES).must_be(200);
            basic(&site, bytes.as_bytes()).get("/auth/token").must_be(200);
        }
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let form = format!("grant_type=password&username=alice&password={encoded}");
        site.as_nobody().post_form("/auth/token", &form).must_be(200);
        let session = json!({ "username": "alice", "password": secret });
        site.as_nobody().post("/api/v0/session", &session).must_be(200);
    }
    for secret in [format!(" {PASSWORD}"), format!("{PASSWORD} "), format!("{PASSWORD}\t"), format!("{token}x\n")] {
        basic(&site, format!("alice:{secret}").as_bytes()).get(REPOSITORIES).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    // Around the name it is as around a password.
    for user in ["alice\n", "\r\nalice\r\n", "alice\u{feff}"] {
        basic(&site, format!("{user}:{token}").as_bytes()).get(REPOSITORIES).must_be(200);
        let encoded: String = form_urlencoded::byte_serialize(user.as_bytes()).collect();
        let form = format!("grant_type=password&username={encoded}&password={token}");
        site.as_nobody().post_form("/auth/token", &form).must_be(200);
        let session = json!({ "username": user, "password": token });
        site.as_nobody().post("/api/v0/session", &session).must_be(200);
    }
    for user in ["al\nice", " alice", "alice "] {
        basic(&site, format!("{user}:{token}").as_bytes()).get(REPOSITORIES).must_be_refused(401, "NOT_AUTHENTICATED");
    }
}

#[test]
fn credentials_in_utf16_are_told_apart() {
    let site = with_alice();
    for (to_bytes, mark) in
        [(u16::to_le_bytes as fn(u16) -> [u8; 2], ""), (u16::to_be_bytes, ""), (u16::to_le_bytes, "\u{feff}")]
    {
        let bytes: Vec<u8> = format!("{mark}alice:{PASSWORD}").encode_utf16().flat_map(to_bytes).collect();
        for path in [REPOSITORIES, "/auth/token", "/v2/"] {
            let refused = basic(&site, &bytes).get(path).must_be(401);
            assert!(
                refused.body.contains("UTF-16") && refused.header("www-authenticate").is_some(),
                "{}",
                refused.describe()
            );
        }
    }
}

#[test]
fn credentials_in_utf32_are_told_apart() {
    let site = with_alice();
    for to_bytes in [u32::to_le_bytes as fn(u32) -> [u8; 4], u32::to_be_bytes] {
        let bytes: Vec<u8> = format!("alice:{PASSWORD}").chars().map(u32::from).flat_map(to_bytes).collect();
        let refused = basic(&site, &bytes).get(REPOSITORIES).must_be(401);
        assert!(refused.body.contains("UTF-32"), "{}", refused.describe());
    }
}

#[test]
fn a_new_password_has_nothing_that_nobody_can_type() {
    let site = with_alice();
    let change = |new: &str| {
        let path = format!("{}/changePassword", account_path("alice"));
        site.as_local().post(&path, &json!({ "newPassword": new }))
    };
    for bad in [
        "nul\0in-the-middle",
        "tab\tin-the-middle",
        "line\nin-the-middle",
        "\u{1b}[2Jpassword",
        "delete-\u{7f}",
        "\tpassword-9",
        "zero\u{200b}width-9",
        "soft\u{ad}hyphen-9",
    ] {
        let refused = change(bad).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.text("/errors/0/message").contains(" characters, such as "), "{}", refused.describe());
        let made = site.as_local().post(ACCOUNTS, &json!({ "name": "x", "password": bad }));
        made.must_be_refused(400, "INVALID_PARAMETERS");
    }
    change("\u{feff} harbour oak 9 \r\n").must_be(200);
    site.with("alice", " harbour oak 9 ").get(REPOSITORIES).must_be(200);
    site.with("alice", "harbour oak 9").get(REPOSITORIES).must_be(401);
}

// --- what held, and is to hold ---

#[test]
fn a_login_name_that_breaks_shells_is_refused_with_the_grammar() {
    let site = InProcess::start();
    for name in ["robot$x", "a+b", "a@example.com", "Alice", "\u{ff21}lice", "a b", "a%41", "`id`", "日本"] {
        let refused =
            site.as_local().post(ACCOUNTS, &json!({ "name": name })).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.text("/errors/0/message").contains("lower-case letters"), "{}", refused.describe());
    }
}

#[test]
fn a_password_may_have_what_forms_and_urls_use_for_themselves() {
    let site = InProcess::start();
    for (number, password) in
        ["%41%42%43-percent", "&=+?#/;,@ and more", "a:b:c:colons", "quote\"'`\\$HOME"].iter().enumerate()
    {
        let name = format!("user{number}");
        site.as_local().post(ACCOUNTS, &json!({ "name": name, "password": password })).must_be(201);
        site.with(&name, password).get("/auth/token").must_be(200);
        let encoded: String = form_urlencoded::byte_serialize(password.as_bytes()).collect();
        let form = format!("grant_type=password&username={name}&password={encoded}");
        site.as_nobody().post_form("/auth/token", &form).must_be(200);
    }
}

#[test]
fn null_is_as_if_it_were_not_there() {
    let site = with_alice();
    site.as_local().post(ACCOUNTS, &json!({ "name": "acme", "isOrg": true, "fullName": null })).must_be(201);
    site.as_local().post(&teams_path("acme"), &json!({ "name": "web", "description": null })).must_be(201);
    let repository = json!({ "name": "web", "shortDescription": null, "visibility": null, "tagLimit": null });
    let made = site.as_local().post(&format!("{REPOSITORIES}/acme"), &repository).must_be(201);
    assert_eq!((made.text("/visibility"), ignored(&made)), ("private".to_owned(), set(&[])));
}

#[test]
fn counts_are_in_headers_and_a_catalogue_asked_for_too_much_gives_what_it_may() {
    let site = with_alice();
    site.push("alice/app", &[("1", 1)]);
    let path = format!("{}/tags?count=true&includeManifests=false", repository_path("alice/app"));
    let tags = site.as_user("alice").get(&path).must_be(200);
    assert_eq!((tags.header("x-resource-count"), tags.json()[0]["manifest"]["size"].is_u64()), (Some("1"), true));
    let catalogue = site.as_user("alice").get("/v2/_catalog?n=100000").must_be(200);
    assert_eq!(catalogue.json()["repositories"], json!(["alice/app"]));
}
