//! What `docker search`, `podman search` and completion find (design, section 5).

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    http::Answer,
    site::{Caller, account_path, repository_path},
};

const PATHS: [&str; 2] = ["/v1/search", "/api/v0/index/dockersearch"];
const COMPLETE: &str = "/api/v0/index/autocomplete";

/// Public and private repositories of alice and of acme, in which bob has a team's grant.
fn site() -> (InProcess, Caller, Caller) {
    let site = InProcess::start();
    let (alice, bob) = (site.add_robot("alice"), site.add_robot("bob"));
    site.add_organization("acme", &[]);
    site.add_team("acme/dev", &["bob"]);
    for name in ["alice/app", "acme/app-server", "acme/tools/app"] {
        site.add_repository(name);
    }
    site.add_public("alice/app-web");
    site.add_public("acme/library");
    site.grant_team("acme/tools/app", "dev", "read-only");
    (site, alice, bob)
}

fn found(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let results = json["results"].as_array().expect("results");
    assert_eq!(json["num_results"], json!(results.len()), "{}", answer.describe());
    results.iter().map(|result| result["name"].as_str().expect("a name").to_owned()).collect()
}

/// What a caller finds, the same at both addresses.
fn search(caller: &Caller, query: &str) -> Vec<String> {
    let answers = PATHS.map(|path| caller.get(&format!("{path}?{query}")).must_be(200));
    assert_eq!(answers[0].body, answers[1].body);
    found(&answers[0])
}

fn complete(caller: &Caller, query: &str) -> (Vec<String>, Vec<String>) {
    let json = caller.get(&format!("{COMPLETE}?{query}")).must_be(200).json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let repositories = json["repositoryResults"].as_array().expect("repositories");
    let repositories = repositories.iter().map(|one| format!("{}/{}", text(&one["namespace"]), text(&one["name"])));
    let accounts = json["accountResults"].as_array().expect("accounts").iter().map(|one| text(&one["name"]));
    (repositories.collect(), accounts.collect())
}

#[test]
fn a_result_has_what_clients_read() {
    let (site, alice, _) = site();
    let description = json!({ "shortDescription": "The page" });
    alice.patch(&repository_path("alice/app-web"), &description).must_be(200);
    let expected = json!({
        "num_results": 1, "query": "app-w", "page": 1, "num_pages": 1, "page_size": 25,
        "results": [{
            "name": "alice/app-web", "description": "The page", "star_count": 0, "is_official": false,
            "is_trusted": false, "is_automated": false,
        }],
    });
    for path in PATHS {
        assert_eq!(site.as_nobody().get(&format!("{path}?q=app-w")).must_be(200).json(), expected);
    }
    let ping = site.as_nobody().get("/v1/_ping").must_be(200);
    assert_eq!((ping.body.as_str(), ping.header("x-docker-registry-standalone")), ("true", Some("true")));
}

#[test]
fn everybody_finds_what_it_may_see_and_nothing_else() {
    let (site, alice, bob) = site();
    assert_eq!(search(&site.as_nobody(), "q=app"), ["alice/app-web"]);
    assert_eq!(search(&site.as_nobody(), "q="), ["acme/library", "alice/app-web"]);
    assert_eq!(search(&alice, "q=app"), ["alice/app", "alice/app-web"]);
    assert_eq!(search(&bob, "q=app"), ["acme/tools/app", "alice/app-web"]);
    assert_eq!(search(&bob, "q=acme%2F"), ["acme/library", "acme/tools/app"], "a namespace is part of the name");
    assert_eq!(search(&bob, "q=absent"), Vec::<String>::new());
    assert_eq!(search(&bob, "q=APP"), search(&bob, "q=app"), "upper and lower case alike");
    assert_eq!(site.as_nobody().get("/v1/search?q=App").must_be(200).json()["query"], json!("App"));
    let all = ["acme/app-server", "acme/tools/app", "alice/app", "alice/app-web"];
    assert_eq!(search(&site.as_admin(), "q=app"), all);
    let narrow = site.add_token("alice", &json!({ "accessLevel": "read-only", "repositories": ["acme/*"] }));
    assert_eq!(search(&site.with_token("alice", &narrow), "q=app"), ["alice/app-web"]);
    // From the next request on.
    site.leave("acme/dev", "bob");
    assert_eq!(search(&bob, "q=app"), ["alice/app-web"]);
    site.as_local().patch(&repository_path("alice/app-web"), &json!({ "visibility": "private" })).must_be(200);
    assert_eq!(search(&site.as_nobody(), "q=app"), Vec::<String>::new());
}

#[test]
fn a_wrong_credential_is_refused_and_none_is_not() {
    let (site, ..) = site();
    let wrong = [site.with("alice", "not-the-password"), site.with("nobody", "not-the-password")];
    for caller in wrong.iter().chain([&site.as_nobody().header("Authorization", "Bearer x.y.z")]) {
        for path in [PATHS[0], PATHS[1], COMPLETE] {
            caller.get(&format!("{path}?q=app&query=app")).must_be_refused(401, "NOT_AUTHENTICATED");
        }
    }
}

#[test]
fn podman_without_credentials_is_sent_on_to_the_catalogue() {
    let (site, alice, _) = site();
    for agent in ["containers/5.34.2 (github.com/containers/image)", "containers/"] {
        let nobody = site.as_nobody().header("User-Agent", agent);
        nobody.get("/v1/search?q=app").must_be_refused(404, "NOT_FOUND");
        assert_eq!(found(&nobody.get("/api/v0/index/dockersearch?q=app").must_be(200)), ["alice/app-web"]);
        nobody.get("/v1/_ping").must_be(200);
        let signed_in = alice.header("User-Agent", agent);
        assert_eq!(search(&signed_in, "q=app"), ["alice/app", "alice/app-web"]);
        site.with("alice", "wrong-password").header("User-Agent", agent).get("/v1/search?q=app").must_be(401);
    }
    for agent in ["Docker-Client/26.1.5 (linux)", "docker/26 containers/5", "curl/8"] {
        let nobody = site.as_nobody().header("User-Agent", agent);
        assert_eq!(search(&nobody, "q=app"), ["alice/app-web"], "{agent}");
    }
}

#[test]
fn searches_are_bounded() {
    let site = InProcess::start();
    site.add_service("alice");
    (0..120).for_each(|number| site.add_public(&format!("alice/app{number:03}")));
    let nobody = site.as_nobody();
    for (limit, expected) in
        [("", 25), ("7", 7), ("0", 25), ("1", 1), ("100", 100), ("101", 100), ("99999999999999999999", 100)]
    {
        let names = search(&nobody, &format!("q=app&n={limit}"));
        assert_eq!(names.len(), expected, "n={limit}");
        assert_eq!(names[0], "alice/app000", "by name");
        assert_eq!(complete(&nobody, &format!("query=app&limit={limit}")).0.len(), expected, "limit={limit}");
    }
    for bad in ["-1", "many", "1.5"] {
        for path in PATHS {
            nobody.get(&format!("{path}?q=app&n={bad}")).must_be_refused(400, "INVALID_PARAMETERS");
        }
        nobody.get(&format!("{COMPLETE}?query=app&limit={bad}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let long = "x".repeat(256);
    for path in PATHS.map(|path| format!("{path}?q={long}")).into_iter().chain([format!("{COMPLETE}?query={long}")]) {
        nobody.get(&path).must_be_refused(400, "INVALID_PARAMETERS");
    }
    assert_eq!(search(&nobody, &format!("q={}", "x".repeat(255))), Vec::<String>::new());
    for odd in ["q=%00", "q=%FF", "q=%3Cscript%3E", "q=..%2F..", "q=a%20b"] {
        assert_eq!(search(&nobody, odd), Vec::<String>::new(), "{odd}");
    }
}

#[test]
fn completion_finds_repositories_and_for_those_who_signed_in_accounts() {
    let (site, alice, bob) = site();
    let texts = |repositories: &[&str], accounts: &[&str]| {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        (texts(repositories), texts(accounts))
    };
    assert_eq!(complete(&site.as_nobody(), "query=a"), texts(&["acme/library", "alice/app-web"], &[]));
    assert_eq!(
        complete(&alice, "query=a"),
        texts(&["acme/library", "alice/app", "alice/app-web"], &["acme", "admin", "alice"])
    );
    assert_eq!(complete(&bob, "query=AC"), complete(&bob, "query=ac"));
    assert_eq!(complete(&bob, "query=ac"), texts(&["acme/library", "acme/tools/app"], &["acme"]));
    assert_eq!(complete(&bob, "query=ac&includeAccounts=false"), texts(&["acme/library", "acme/tools/app"], &[]));
    assert_eq!(complete(&bob, "query=ac&includeRepositories=false"), texts(&[], &["acme"]));
    assert_eq!(complete(&bob, "query=a&namespace=alice").0, ["alice/app-web"]);
    assert_eq!(complete(&bob, "query=&namespace=acme").0, ["acme/library", "acme/tools/app"]);
    assert_eq!(complete(&bob, "query=a&namespace=nobody").0, Vec::<String>::new());
    assert_eq!(complete(&bob, "query=a&limit=1"), texts(&["acme/library"], &["acme"]));
    // Of accounts as much as where they are looked at one by one; a capped access token sees none.
    for (caller, name, fields) in [(&bob, "alice", 4), (&alice, "alice", 14), (&site.as_admin(), "acme", 17)] {
        let shown = caller.get(&format!("{COMPLETE}?query={name}")).must_be(200).json()["accountResults"][0].clone();
        assert_eq!(shown, caller.get(&account_path(name)).must_be(200).json());
        assert_eq!(shown.as_object().map(serde_json::Map::len), Some(fields), "{shown}");
    }
    let shown = alice.get(&format!("{COMPLETE}?query=alice")).must_be(200).json();
    assert_eq!(shown["repositoryResults"][0], alice.get(&repository_path("alice/app")).must_be(200).json());
    let capped = site.add_token("alice", &json!({ "accessLevel": "read-only" }));
    assert_eq!(complete(&site.with_token("alice", &capped), "query=alice").1, Vec::<String>::new());
    for bad in ["", "limit=5", "query=a&namespace=UPPER", "query=a&includeAccounts=perhaps"] {
        alice.get(&format!("{COMPLETE}?{bad}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
}
