//! Users of a registry's htpasswd file, as Apache's own program writes it, taken over with their passwords.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{
    Dockpass,
    process::{Run, command},
};

/// Adds a user to the file as its administrator did.
fn htpasswd(options: &[&str], file: &Path, user: &str, password: &str) {
    let mut htpasswd = command("htpasswd");
    htpasswd.args(options).arg("-i").arg(file).arg(user);
    Run::of(&mut htpasswd, password).must_succeed();
}

#[test]
fn users_of_an_htpasswd_file_sign_in_with_the_passwords_that_they_have() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("htpasswd");
    fs::write(&file, "# of the old registry\n").expect("written");
    htpasswd(&["-B"], &file, "alice", "correct horse");
    htpasswd(&["-B", "-C", "10"], &file, "bob", "battery staple");
    htpasswd(&["-m"], &file, "carol", "of MD5");
    let file = file.to_str().expect("text");

    let dockpass = Dockpass::start();
    let import = |more: &[&str]| dockpass.cli(&[&["import", "htpasswd", file], more].concat());
    let dry = import(&["--dry-run"]).must_fail_with(&["1 line was not taken"]);
    assert!(
        dry.stdout.contains("would be created") && dry.stdout.contains("its hash is Apache's MD5"),
        "{}",
        dry.stdout
    );
    assert!(dry.stderr.contains("2 users would be created, 0 there already, 1 not taken"), "{}", dry.stderr);
    let signs_in = |user: &str, password: &str| dockpass.http_as(user, password).get("/v2/");
    signs_in("alice", "correct horse").must_be(401);

    let done = import(&[]).must_fail_with(&["1 line was not taken"]);
    assert!(done.stderr.contains("2 users created, 0 there already, 1 not taken"), "{}", done.stderr);
    let log = dockpass.log();
    assert!(!log.contains("$2y$") && !done.stdout.contains("$2y$"), "{log}");
    signs_in("alice", "correct horses").must_be(401);
    for _ in 0..2 {
        signs_in("alice", "correct horse").must_be(200);
        signs_in("bob", "battery staple").must_be(200);
    }
    signs_in("carol", "of MD5").must_be(401);
    // Whoever is there stays as they are.
    dockpass.cli_with(&["user", "password", "bob", "--password-stdin"], "another one").must_succeed();
    assert!(import(&[]).stderr.contains("0 users created, 2 there already, 1 not taken"));
    signs_in("bob", "battery staple").must_be(401);
    signs_in("bob", "another one").must_be(200);
}

#[test]
fn a_dry_run_says_what_becomes_of_each_user() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("htpasswd");
    fs::write(&file, "").expect("written");
    for user in ["acme", "alice", "bob", "carol", "dave"] {
        htpasswd(&["-B"], &file, user, "correct horse");
    }
    let dockpass = Dockpass::start();
    for line in [
        "org create acme",
        // Known without an owner, as what is found in a registry.
        "user create alice --service",
        "repo create alice/app",
        "user delete alice --yes",
        "user create bob --service",
        "user deactivate bob",
        "user create carol --service",
    ] {
        dockpass.cli(&line.split(' ').collect::<Vec<_>>()).must_succeed();
    }
    let import = |more: &[&str]| {
        let run = dockpass.cli(&[&["import", "htpasswd", file.to_str().expect("text")], more].concat());
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        (run.code(), run.stdout.lines().skip(1).map(words).collect::<Vec<_>>())
    };
    let (of_dry, said) = import(&["--dry-run"]);
    let expected = [
        "1 acme not taken an organization has this name",
        "2 alice not taken repositories are known under this name",
        "3 bob is there already, inactive",
        "4 carol is there already",
        "5 dave would be created",
    ];
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}");
    }
    let (of_real, done) = import(&[]);
    for (done, said) in done.iter().zip(&said) {
        assert_eq!(*done, said.replace("would be ", ""));
    }
    assert_eq!((of_dry, of_real, done.len()), (Some(1), Some(1), 5));
    for (more, expected) in
        [(&["--adopt-repositories", "--dry-run"][..], "would be created"), (&["--adopt-repositories"], "created")]
    {
        assert_eq!(import(more).1[1], format!("2 alice {expected}"));
    }
    assert_eq!(dockpass.repository("alice/app")["owner"], "alice");
}

#[test]
fn hashes_that_are_not_taken_are_refused_by_the_api_with_the_reason() {
    let dockpass = Dockpass::start();
    let admin = dockpass.http_as_admin();
    let create = |more: serde_json::Value| {
        let mut body = json!({ "name": "alice" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        admin.post("/enzi/v0/accounts", &body)
    };
    let hash = "$2y$05$4Sd.snqoD8rdoTzWgQChE.T4aRSKZdLSDyTKJgsa2Vijhe0OuiEKO";
    for (fields, why) in [
        (json!({ "passwordHash": "secret" }), "not a bcrypt hash"),
        (json!({ "passwordHash": hash.replace("$05", "$15") }), "its cost is 15"),
        (json!({ "passwordHash": hash.replace("$2y", "$2x") }), "faulty"),
        (json!({ "passwordHash": hash, "password": "violet-kestrel-42" }), "a password beside it"),
        (json!({ "passwordHash": hash, "isOrg": true }), "an organization has no password"),
    ] {
        let refused = create(fields).must_be(400).json().to_string();
        assert!(refused.contains(why) && !refused.contains(hash), "{refused}");
    }
    assert!(!create(json!({ "passwordHash": hash })).must_be(201).json().to_string().contains(hash));
    dockpass.http_as("alice", "correct horse").get("/v2/").must_be(200);
}
