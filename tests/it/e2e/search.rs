//! Searching with the clients that people have: `podman search`, the requests of `docker search`, `skopeo list-tags`.
//! podman asks `/v1/search` without credentials first, and then, where that is 404, `/v2/_catalog` with those of
//! `podman login`, all of its pages, to look through the names by itself (reference 2.2, quirks 22 and 23).

use serde_json::Value;

use crate::support::{AccessToken, Clients, Http, Image, Site, http::Answer};

/// What the search for `app` could find of alice, of acme, in whose team `dev` bob is, and of bob.
const PRIVATE: [&str; 3] = ["alice/app", "acme/app-server", "acme/tools/app"];
const PUBLIC: [&str; 2] = ["alice/app-web", "bob/open-app"];

fn site() -> Site {
    let site = Site::with_users(&["alice", "bob"]);
    let run = |command: &[&str]| drop(site.dockpass.cli(command).must_succeed());
    run(&["org", "create", "acme"]);
    run(&["team", "create", "acme/dev"]);
    run(&["team", "add", "acme/dev", "bob"]);
    PRIVATE.iter().for_each(|name| run(&["repo", "create", name]));
    PUBLIC.iter().for_each(|name| run(&["repo", "create", name, "--public"]));
    run(&["repo", "create", "alice/library", "--public"]);
    run(&["grant", "set", "acme/tools/app", "--team", "dev", "--access", "read-only"]);
    site
}

/// What podman finds for a term at a host, without the host.
fn podman_finds(clients: &Clients, host: &str, term: &str) -> Vec<String> {
    let options = ["--limit", "1000", "--format", "{{.Name}}"];
    let found = clients.podman_search(&options, &format!("{host}/{term}")).must_succeed().stdout;
    let here = format!("{host}/");
    let name = |line: &str| line.trim().strip_prefix(&here).unwrap_or_else(|| panic!("{line}")).to_owned();
    found.lines().filter(|line| !line.is_empty()).map(name).collect()
}

fn podman_of(host: &str, user: &str, token: &AccessToken) -> Clients {
    let clients = Clients::new();
    clients.podman_login(host, user, &token.secret).must_succeed();
    clients
}

#[test]
fn podman_search_without_signing_in_finds_public_names_only() {
    let site = site();
    let (anybody, host) = (Clients::new(), &site.dockpass.address);
    assert_eq!(podman_finds(&anybody, host, "app"), PUBLIC);
    assert_eq!(podman_finds(&anybody, host, "acme"), [""; 0]);
    assert_eq!(podman_finds(&anybody, host, ""), ["alice/app-web", "alice/library", "bob/open-app"]);
    site.dockpass.cli(&["repo", "set", "alice/app-web", "--public", "false"]).must_succeed();
    assert_eq!(podman_finds(&anybody, host, "app"), ["bob/open-app"]);
}

#[test]
fn podman_search_after_podman_login_finds_what_the_account_may_see() {
    let site = site();
    let host = &site.dockpass.address;
    let finds = |user: &str, options: &[&str]| {
        let token = site.dockpass.add_token(user, options);
        podman_finds(&podman_of(host, user, &token), host, "app")
    };
    assert_eq!(finds("alice", &[]), ["alice/app", "alice/app-web", "bob/open-app"]);
    assert_eq!(finds("bob", &[]), ["acme/tools/app", "alice/app-web", "bob/open-app"]);
    assert_eq!(finds("bob", &["--repository", "bob/*"]), PUBLIC, "an access token's own limits");
    let all = ["acme/app-server", "acme/tools/app", "alice/app", "alice/app-web", "bob/open-app"];
    assert_eq!(finds("admin", &[]), all);

    // From the next search on.
    let token = site.dockpass.add_token("bob", &[]);
    let bob = podman_of(host, "bob", &token);
    site.dockpass.cli(&["team", "remove", "acme/dev", "bob"]).must_succeed();
    assert_eq!(podman_finds(&bob, host, "app"), PUBLIC);
    site.dockpass.cli(&["token", "deactivate", &token.hash]).must_succeed();
    bob.podman_search(&[], &format!("{host}/app")).must_be_refused();
}

#[test]
fn podman_search_follows_the_links_of_the_catalogue_to_the_last_page() {
    let site = Site::with_users(&["alice"]);
    let token = site.dockpass.add_token("alice", &[]);
    // A page has a hundred names. Pushing makes repositories, and a hundred are asked for at once.
    let names: Vec<_> = (0..230).map(|number| format!("alice/app-{number:03}")).collect();
    for some in names.chunks(100) {
        let scopes: Vec<_> = some.iter().map(|name| format!("repository:{name}:push")).collect();
        site.registry_token("alice", &token.secret, &scopes.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let host = &site.dockpass.address;
    let alice = podman_of(host, "alice", &token);
    assert_eq!(podman_finds(&alice, host, "app-22"), names[220..]);
    assert_eq!(podman_finds(&alice, host, "app"), names);
    let few = alice.podman_search(&["--limit", "7", "--format", "{{.Name}}"], &format!("{host}/app"));
    assert_eq!(few.must_succeed().stdout.lines().count(), 7);
}

/// The registry has no `/v1/search`, and its own catalogue holds every name: only administrators are granted it, so
/// only they find anything at its address. Everybody else searches at the address of dockpass.
#[test]
fn podman_search_at_the_registry_is_for_administrators() {
    let site = Site::with_users(&["alice"]);
    let alice_token = site.dockpass.add_token("alice", &[]);
    let image = Image::holding("found");
    site.clients_with("alice", &alice_token).push(&image, &site.at("alice/app:1")).must_succeed();
    site.dockpass.cli(&["repo", "set", "alice/app", "--public", "true"]).must_succeed();
    let host = &site.registry.address;
    let admin = podman_of(host, "admin", &site.dockpass.add_token("admin", &[]));
    assert_eq!(podman_finds(&admin, host, "app"), ["alice/app"]);
    for other in [podman_of(host, "alice", &alice_token), Clients::new()] {
        let refused = other.podman_search(&[], &format!("{host}/app")).must_be_refused();
        assert!(!refused.stdout.contains("alice/app"), "{}", refused.describe());
    }
}

#[test]
fn the_tags_of_a_repository_are_listed_by_skopeo_and_by_podman_to_those_who_may_pull() {
    let site = Site::with_users(&["alice", "bob"]);
    let token = site.dockpass.add_token("alice", &[]);
    let alice = site.clients_with("alice", &token);
    for tag in ["1.0", "1.1", "latest"] {
        alice.push(&Image::holding(tag), &site.at(&format!("alice/app:{tag}"))).must_succeed();
    }
    // The template of `--format` is not for tags.
    let by_podman = ["--list-tags", "--format", "json"];
    let sorted = |tags: &Value| {
        let mut tags: Vec<_> = tags.as_array().expect("tags").iter().filter_map(Value::as_str).collect();
        tags.sort_unstable();
        tags.join(" ")
    };
    let listed = |clients: &Clients| {
        let by_skopeo = clients.tags(&site.at("alice/app")).must_succeed().stdout;
        let by_skopeo: Value = serde_json::from_str(&by_skopeo).expect("JSON");
        let shown = clients.podman_search(&by_podman, &site.at("alice/app")).must_succeed().stdout;
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(sorted(&shown[0]["Tags"]), sorted(&by_skopeo["Tags"]), "podman and skopeo");
        sorted(&by_skopeo["Tags"])
    };
    assert_eq!(listed(&alice), "1.0 1.1 latest");
    let strangers = [site.clients_of("bob", &[]), Clients::new()];
    for stranger in &strangers {
        stranger.tags(&site.at("alice/app")).must_be_refused();
        // podman does not say why: it gets 401 and calls it a fault of the list.
        stranger.podman_search(&by_podman, &site.at("alice/app")).must_fail_with(&["401", "unauthorized", "denied"]);
    }
    site.dockpass.cli(&["repo", "set", "alice/app", "--public", "true"]).must_succeed();
    strangers.iter().for_each(|stranger| assert_eq!(listed(stranger), "1.0 1.1 latest"));
}

/// `docker search` is done by the engine; the command line cannot do it alone, as it does `docker login`. So these are
/// the engine's requests, in their order: a ping whose header tells that the registry stands alone, and the search,
/// with Basic credentials if there are any, and with `X-Docker-Token`, which asks the Hub for something that nobody
/// else has.
#[test]
fn docker_search_finds_by_the_requests_of_its_engine() {
    let site = site();
    let host = &site.dockpass.address;
    Clients::new().docker(&["search", &format!("{host}/app")], "").must_fail_with(&["Docker daemon"]);

    let engine = |http: Http| {
        let agent = "docker/28.2.2 go/go1.24.3 os/linux arch/amd64 UpstreamClient(Docker-Client/28.2.2 \\(linux\\))";
        http.header("User-Agent", agent).header("X-Docker-Token", "true")
    };
    let ping = engine(site.dockpass.http()).get("/v1/_ping").must_be(200);
    assert_eq!(ping.header("X-Docker-Registry-Standalone"), Some("true"), "{}", ping.describe());
    let search = |http: Http| engine(http).get("/v1/search?q=app&n=25");
    let found = |answer: Answer| {
        let results = answer.must_be(200).json()["results"].as_array().expect("results").clone();
        results.iter().map(|result| result["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(search(site.dockpass.http())), PUBLIC);
    let token = site.dockpass.add_token("bob", &[]);
    let bob = site.dockpass.http_as("bob", &token.secret);
    assert_eq!(found(search(bob.clone())), ["acme/tools/app", "alice/app-web", "bob/open-app"]);
    site.dockpass.cli(&["token", "delete", &token.hash, "--yes"]).must_succeed();
    search(bob).must_be(401);
}
