//! The API asked by Schemathesis, which makes thousands of requests of the OpenAPI document, right ones and wrong ones: every
//! answer is as documented, none is a fault of the server, and the store is whole afterwards.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Dockpass, Setup,
    process::{Run, background_command, is_long},
    python::api_fuzzer,
};

/// What each answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";
/// Every borderline case of each parameter, then chance.
const ALL: &str = "coverage,fuzzing";
/// Users change as much as they like, so that not everything is refused.
const CONFIG: &str = "[limits]\nchanges_per_minute = 1000000\n";
/// What is there, by the names of the parts of paths; chance alone would find nothing.
const THERE: [(&str, &[&str]); 6] = [
    ("namespace", &["alice", "acme"]),
    ("name", &["alice", "acme"]),
    ("username", &["alice", "bob"]),
    ("member", &["alice", "bob"]),
    ("reponame", &["app", "public"]),
    ("team", &["dev"]),
];

fn start() -> Dockpass {
    let dockpass = Setup::config(CONFIG).start();
    ["alice", "bob"].into_iter().for_each(|user| dockpass.add_user(user));
    let admin = dockpass.http_as_admin();
    admin.post("/enzi/v0/accounts", &json!({ "name": "acme", "isOrg": true })).must_be(201);
    admin.post("/enzi/v0/accounts/acme/teams", &json!({ "name": "dev" })).must_be(201);
    for (name, visibility) in [("app", "private"), ("public", "public")] {
        let repository = json!({ "name": name, "visibility": visibility });
        admin.post("/api/v0/repositories/alice", &repository).must_be(201);
    }
    dockpass
}

/// The document in a file, with the names of what is there beside any others.
fn document(dockpass: &Dockpass, directory: &TempDir) -> PathBuf {
    let mut document = dockpass.http().get("/api/v0/openapi.json").must_be(200).json();
    let paths = document["paths"].as_object_mut().expect("paths").values_mut();
    let operations = paths.filter_map(Value::as_object_mut).flat_map(|path| path.values_mut());
    let parameters = operations.filter_map(|operation| operation.get_mut("parameters")?.as_array_mut()).flatten();
    for parameter in parameters {
        let there = THERE.iter().find(|(name, _)| parameter["name"] == *name);
        if let Some((_, names)) = there {
            parameter["schema"] = json!({ "anyOf": [{ "enum": names }, { "type": "string" }] });
        }
    }
    let file = directory.path().join("openapi.json");
    fs::write(&file, document.to_string()).expect("a file can be written");
    file
}

/// Asks with these credentials, `user:secret`, in these phases.
fn answers_are_as_documented(dockpass: Dockpass, credentials: Option<&str>, phases: &str) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (examples, phases) = if is_long() { ("50", ALL) } else { ("3", phases) };
    let mut fuzzer = background_command(api_fuzzer());
    // It remembers its examples where it runs.
    fuzzer.current_dir(&directory).env("HOME", directory.path()).arg("run").arg(document(&dockpass, &directory));
    fuzzer.args(["--url", &format!("http://{}", dockpass.address), "--checks", CHECKS, "--phases", phases]);
    fuzzer.args(["--max-examples", examples, "--continue-on-failure", "--suppress-health-check", "all", "--no-shrink"]);
    fuzzer.args(["--warnings", "off", "--no-color", "--output-truncate", "false", "--request-timeout", "60"]);
    if let Some(credentials) = credentials {
        fuzzer.args(["--auth", credentials]);
    }
    let run = Run::of(&mut fuzzer, "").must_succeed();
    let tested = run.stdout.lines().find_map(|line| line.trim().strip_prefix("Tested: "));
    assert!(tested.and_then(|count| count.parse::<u32>().ok()) > Some(100), "{}", run.describe());
    println!("{}", run.stdout.lines().rev().take(8).collect::<Vec<_>>().join("\n"));
    dockpass.cli(&["check"]).must_succeed();
    dockpass.cli(&["audit", "verify"]).must_succeed();
    assert!(!dockpass.log().contains("panicked"), "{}", dockpass.log());
    let again = Dockpass::start_in(dockpass.stop(), Setup::config(CONFIG));
    again.cli(&["check"]).must_succeed();
}

#[test]
fn an_administrator_gets_what_is_documented() {
    let dockpass = start();
    let token = dockpass.add_token("admin", &[]).secret;
    answers_are_as_documented(dockpass, Some(&format!("admin:{token}")), ALL);
}

#[test]
fn a_user_gets_what_is_documented() {
    let dockpass = start();
    let token = dockpass.add_token("alice", &[]).secret;
    answers_are_as_documented(dockpass, Some(&format!("alice:{token}")), ALL);
}

#[test]
fn a_narrowed_token_gets_what_is_documented() {
    let dockpass = start();
    let token = dockpass.add_token("alice", &["--access", "read-only", "--repository", "alice/app"]).secret;
    answers_are_as_documented(dockpass, Some(&format!("alice:{token}")), "fuzzing");
}

#[test]
fn a_stranger_gets_what_is_documented() {
    answers_are_as_documented(start(), None, "fuzzing");
}
