//! Texts that others rely on, letter by letter: error bodies, help, the registry token, the greeting. A change here is a
//! change for whoever reads them, and shows in the golden files.

mod doctor;
mod logins;
mod setup;
mod words;

use std::{collections::BTreeSet, fs};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::CommandFactory;
use dockpass::cli::Arguments;
use serde_json::json;

use crate::support::{
    Clients, Image, InProcess, Registry,
    exe::executable,
    golden::{Texts, golden, must_be_golden, read},
    http::Answer,
    issued::{ENDPOINT, Issued, ask},
    process::{Run, command},
    site::{account_path, token_path},
    terminal::Terminal,
};

/// Directories of `tests/golden` that a test of this file compares as a whole.
const OURS: [&str; 8] = ["doctor", "errors", "help", "logins", "registry-token", "setup", "start", "words"];

#[test]
fn every_golden_file_is_looked_at_by_a_test() {
    let mut directories: BTreeSet<_> = fs::read_dir(golden())
        .expect("golden files")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    for ours in OURS {
        assert!(directories.remove(ours), "tests/golden/{ours} is missing");
    }
    // Another test compares the whole directory with the records that there are.
    assert!(directories.remove("records"));
    assert!(directories.remove("registry"));
    let source = [
        include_str!("../../src/registry/snippet/caddy.rs"),
        include_str!("../../src/registry/snippet/distribution.rs"),
        include_str!("../../src/registry/snippet/nginx.rs"),
        include_str!("../../src/registry/snippet/traefik.rs"),
        include_str!("../../src/registry/snippet/zot.rs"),
    ];
    for name in read(&golden().join("registry")).keys() {
        assert!(
            source.concat().contains(&format!("tests/golden/registry/{name}")),
            "no test names tests/golden/registry/{name}"
        );
    }
    assert_eq!(directories, BTreeSet::new(), "no test names these");
}

// --- errors ---

/// Codes that a healthy server never answers with, or only beside a registry; those of the gateway `e2e::gateway` and what
/// stands beside it provoke.
const NOT_PROVOKED: [&str; 7] = [
    "INTERNAL_ERROR",
    "OUTCOME_UNKNOWN",
    "UNAVAILABLE",
    "DENIED",
    "TAG_IMMUTABLE",
    "UPSTREAM_FAILED",
    "UPSTREAM_TIMED_OUT",
];

/// A server on which every error can be had, and the errors.
#[expect(clippy::too_many_lines, reason = "a table of errors")]
fn errors() -> Vec<(&'static str, Answer)> {
    let site = InProcess::start_with(&[("tokens.max_per_account", "2"), ("repositories.max_per_namespace", "3")]);
    let alice = site.add_robot("alice");
    ["gone", "erin"].iter().for_each(|name| site.add_service(name));
    site.add_repository("alice/app");
    site.add_repository("gone/app");
    let off = site.add_token("erin", &json!({}));
    site.as_local().patch(&token_path(&off), &json!({ "isActive": false })).must_be(200);
    let revoked = site.add_token("erin", &json!({}));
    site.as_nobody().post("/api/v0/api_tokens/revoke", &json!({ "tokens": [revoked.secret] })).must_be(202);
    site.as_local().delete(&account_path("gone")).must_be(204);
    site.add_organization("acme", &[("alice", false)]);
    site.add_team("acme/dev", &["alice"]);
    site.make_robot("acme/ci", &json!({ "accessLevel": "push" }));
    let (nobody, local) = (site.as_nobody(), site.as_local());
    let acme = "/enzi/v0/accounts/acme";
    let accounts = "/enzi/v0/accounts";
    let repositories = "/api/v0/repositories/alice";
    for number in 0..5 {
        site.with("erin", &format!("guess-number-{number}")).get("/v2/").must_be(401);
    }
    vec![
        ("no credentials", nobody.get("/api/v0/api_tokens")),
        ("no registry token", nobody.get("/v2/")),
        ("not allowed", alice.get(accounts)),
        ("no such account", local.get(&account_path("nobody"))),
        ("no such user", local.post("/api/v0/api_tokens?username=nobody", &json!({}))),
        ("no such repository", local.get(&format!("{repositories}/none"))),
        ("no such tag or digest", local.get(&format!("{repositories}/app/tags/none"))),
        ("no such access token", local.get(&format!("/api/v0/api_tokens/{}", "0".repeat(64)))),
        ("no such path", nobody.get("/nothing")),
        ("other method", nobody.send("PUT", "/auth/token", b"")),
        ("account exists", local.post(accounts, &json!({ "name": "alice" }))),
        ("repository exists", local.post(repositories, &json!({ "name": "app" }))),
        ("no JSON", local.header("Content-Type", "application/json").send("POST", accounts, b"{")),
        ("near miss of a field", local.post(accounts, &json!({ "name": "carol", "isActve": false }))),
        ("settings that are fixed", local.post("/api/v0/meta/settings", &json!({ "maxTokensPerAccount": 3 }))),
        ("no gateway", local.patch(&format!("{repositories}/app"), &json!({ "immutableTags": true }))),
        ("no visibility", local.post(repositories, &json!({ "name": "web", "visibility": "secret" }))),
        ("unknown service", nobody.get("/auth/token?service=other")),
        ("other grant type", nobody.post_form("/auth/token", "grant_type=refresh_token")),
        ("no page size", local.get("/v2/_catalog?n=-1")),
        ("other media type", local.header("Content-Type", "text/plain").send("POST", accounts, b"{}")),
        ("too large", local.header("Content-Type", "application/json").send("POST", accounts, &[b' '; 70_000])),
        ("address too long", nobody.get(&format!("/nothing?{}", "x".repeat(65_600)))),
        ("head too large", nobody.raw_header("X-Large", &[b'x'; 140_000]).get("/nothing")),
        ("last administrator", local.delete(&account_path("admin"))),
        ("limit reached", local.post("/api/v0/api_tokens?username=erin", &json!({}))),
        ("namespace in use", local.post(accounts, &json!({ "name": "gone" }))),
        ("not rotatable", local.post(&format!("{}/rotate", token_path(&off)), &json!({}))),
        ("revoked", local.patch(&token_path(&revoked), &json!({ "isActive": true }))),
        ("needs a fixed key", local.get("/api/v0/admin/registry/config?for=zot")),
        ("needs to expect a proxy", local.get("/api/v0/admin/registry/config?for=nginx")),
        ("no such session", local.delete("/api/v0/accounts/alice/sessions/none")),
        ("no such team", local.get(&format!("{acme}/teams/none"))),
        ("no such robot", local.get("/api/v0/accounts/acme/robots/none")),
        ("robot exists", local.post("/api/v0/accounts/acme/robots", &json!({ "name": "ci", "accessLevel": "push" }))),
        ("no such member", local.get(&format!("{acme}/members/erin"))),
        ("no such team access", local.get("/api/v0/repositoryNamespaces/acme/teamAccess/dev")),
        ("team exists", local.post(&format!("{acme}/teams"), &json!({ "name": "dev" }))),
        ("too many guesses", site.with("erin", "another-guess").get("/v2/")),
    ]
}

/// The errors that a registry behind dockpass is needed for, or that say that it is not known.
fn registry_errors() -> Vec<(&'static str, Answer)> {
    let registry = Registry::without_accounts("");
    let keeps = Registry::without_accounts_changed(|config| config.replace("enabled: true", "enabled: false"));
    let [image, other] = ["with two tags", "with one tag"].map(Image::holding);
    for (image, place) in
        [(&image, registry.at("alice/app:1")), (&image, registry.at("alice/app:2")), (&other, keeps.at("alice/app:1"))]
    {
        Clients::new().push(image, &place).must_succeed();
    }
    let delete = |url: Option<&Registry>, tag: &str| {
        let url = url.map(|registry| ("registry.url", format!("http://{}", registry.address)));
        let settings: Vec<_> = url.iter().map(|(key, url)| (*key, url.as_str())).collect();
        let site = InProcess::start_with(&settings);
        // The comparison at the start may have adopted it already.
        site.as_local().post("/enzi/v0/accounts", &json!({ "name": "alice", "adoptRepositories": true })).must_be(201);
        let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
        site.as_local().post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be_one_of(&[201, 400]);
        alice.delete(&format!("/api/v0/repositories/alice/app/tags/{tag}"))
    };
    vec![
        ("no such tag", delete(Some(&registry), "none")),
        ("the manifest has other tags", delete(Some(&registry), "1")),
        ("the registry deletes nothing", delete(Some(&keeps), "1")),
        ("the registry is not known", delete(None, "1")),
    ]
}

#[test]
fn every_error_has_its_body() {
    let mut found = Texts::new();
    let mut codes: BTreeSet<String> = NOT_PROVOKED.map(str::to_owned).into();
    for (what, answer) in errors().into_iter().chain(registry_errors()) {
        assert!(codes.insert(answer.code()), "{what}: {}", answer.describe());
        let body = serde_json::to_string_pretty(&answer.json()).expect("JSON");
        found.insert(format!("{}.txt", answer.code().to_lowercase()), format!("{what}\n{}\n{body}\n", answer.status));
    }
    assert_eq!(codes, declared_codes(), "each code is provoked, or cannot be");
    must_be_golden("errors", &found);
}

/// The names in the one table of codes.
fn declared_codes() -> BTreeSet<String> {
    let source = include_str!("../../src/api/code.rs");
    let (_, table) = source.split_once("\ncodes! {\n").expect("the table");
    let (table, _) = table.split_once("\n}").expect("its end");
    let rows = table.lines().filter_map(|line| line.split('"').nth(1));
    rows.map(str::to_owned).collect()
}

// --- help ---

#[test]
fn every_command_has_its_help() {
    let mut found = Texts::new();
    help_of(&Arguments::command(), &mut Vec::new(), &mut found);
    assert!(found.len() > 30, "{} commands", found.len());
    must_be_golden("help", &found);
}

fn help_of(grammar: &clap::Command, path: &mut Vec<String>, found: &mut Texts) {
    let run = Run::of(command(executable()).args(&*path).arg("--help"), "").must_succeed();
    let name = [&["dockpass".to_owned()], path.as_slice()].concat().join("-");
    assert!(run.stderr.is_empty(), "{}", run.describe());
    found.insert(format!("{name}.txt"), run.stdout);
    for below in grammar.get_subcommands() {
        path.push(below.get_name().to_owned());
        help_of(below, path, found);
        path.pop();
    }
}

// --- the registry token ---

#[test]
fn the_registry_token_has_its_text() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let issued = ask(&alice, &["repository:alice/app:push", "repository:alice/web:*", "registry:catalog:*"]);
    let anonymous = Issued::of(site.as_nobody().get(ENDPOINT));
    let mut found = Texts::new();
    found.insert("header.json".to_owned(), raw(&issued, 0, &[("/x5c/0", "LEAF")]));
    let ids = [("/jti", "JTI"), ("/dkp/account", "ACCOUNT"), ("/dkp/token", "TOKEN")];
    found.insert("claims.json".to_owned(), raw(&issued, 1, &ids));
    found.insert("claims-anonymous.json".to_owned(), raw(&anonymous, 1, &ids[..1]));
    must_be_golden("registry-token", &found);
}

/// A part as it was signed, with what is new each time replaced by a word.
fn raw(issued: &Issued, part: usize, changing: &[(&str, &str)]) -> String {
    let encoded = issued.text.split('.').nth(part).expect("a part");
    let mut text = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).expect("base64url")).expect("UTF-8");
    let read = if part == 0 { &issued.header } else { &issued.claims };
    for (pointer, word) in changing {
        let value = read.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_else(|| panic!("no {pointer}"));
        assert!(value.len() >= 26, "{pointer} is {value}");
        text = text.replace(value, word);
    }
    text + "\n"
}

// --- the first start ---

#[test]
fn the_first_start_on_a_terminal_has_its_text() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let program = executable().display().to_string();
    let (terminal, address) = Terminal::start(&data);
    let password = fs::read_to_string(data.join("initial-admin-password")).expect("the password's file");
    let log = terminal.log();
    let told: Vec<_> = log.lines().filter_map(|line| line.strip_prefix("out: ")).map(str::trim_end).collect();
    let data = data.display().to_string();
    let version = format!("dockpass {}", env!("CARGO_PKG_VERSION"));
    let mut text = told.join("\n") + "\n";
    for (value, word) in [
        (password.trim(), "PASSWORD"),
        (&address, "ADDRESS"),
        (&data, "DATA"),
        (&version, "dockpass VERSION"),
        (&program, "dockpass"),
    ] {
        assert!(text.contains(value), "no {word} in:\n{text}");
        text = text.replace(value, word);
    }
    terminal.end();
    must_be_golden("start", &Texts::from([("terminal.txt".to_owned(), text)]));
}
