//! A leaked access token, by the real executable: whoever finds it ends it, and it stays ended.

use std::fs;

use serde_json::json;

use crate::support::{
    Dockpass,
    exe::{PASSWORD, Setup, executable},
    process::{Run, background_command},
};

fn works(dockpass: &Dockpass, secret: &str) -> bool {
    // As docker signs in.
    let asked = dockpass.http_as("alice", secret).get("/auth/token?account=alice&client_id=docker&service=dockpass");
    asked.must_be_one_of(&[200, 401]).status == 200
}

/// The lines of the manual that revoke what a scanner found, for this server; `mark` is in the first of them.
fn lines_of_manual(dockpass: &Dockpass, mark: &str) -> String {
    let manual = include_str!("../../../ui/manual/tokens.md");
    let begin = manual.find(mark).expect("the lines");
    let lines: Vec<&str> = manual[begin..].lines().take(2).collect();
    assert!(lines[0].ends_with(" found.json |") && lines[1].trim_start().starts_with("(while "), "{lines:?}");
    lines.join("\n").replace("https://HOST", &format!("http://{}", dockpass.address))
}

/// More than one request takes, this one twice and the last in any order.
fn many_and(secret: &str) -> Vec<String> {
    let others = (0..250).map(|number| format!("dkp_{number:049}"));
    others.chain([secret.to_owned(), secret.to_owned()]).collect()
}

#[test]
fn the_command_revokes_what_stands_in_any_text_without_signing_in() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let url = format!("http://{}", dockpass.address);
    let elsewhere = tempfile::tempdir().expect("a directory");
    for over_socket in [false, true] {
        let (leaked, other) = (dockpass.add_token("alice", &[]), dockpass.add_token("alice", &[]));
        let mut revoke = background_command(executable());
        revoke.args(["token", "revoke"]).current_dir(elsewhere.path());
        if over_socket {
            revoke.arg("-").arg("--data-dir").arg(dockpass.data());
        } else {
            revoke.args(["--server", &url]).env("DOCKPASS_USER", "alice").env("DOCKPASS_TOKEN", "wrong");
        }
        let found = json!([{ "File": "a", "Secret": format!("TOKEN={};", leaked.secret) }]).to_string();
        let done = Run::of(&mut revoke, &found).must_succeed();
        assert!(done.stdout.starts_with("sent 1 text to ") && !done.stdout.contains("dkp_"), "{}", done.describe());
        assert!(!works(&dockpass, &leaked.secret) && works(&dockpass, &other.secret));
        dockpass.cli(&["token", "activate", &leaked.id]).must_fail_with(&["never activated again"]);
        dockpass.cli(&["token", "revoke", &other.id]).must_succeed();
        dockpass.cli(&["token", "activate", &other.id]).must_succeed();
        dockpass.cli(&["token", "revoke", &other.secret]).must_fail_with(&["shell's history"]);
    }
}

#[test]
fn what_a_scanner_found_is_revoked_by_the_lines_of_the_manual() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    for mark in ["jq -c '[.[].Secret]", "jq -sc '[.[].Raw"] {
        let (leaked, other) = (dockpass.add_token("alice", &[]), dockpass.add_token("alice", &[]));
        let directory = tempfile::tempdir().expect("a directory");
        // A list of gitleaks, or a line for each of trufflehog's findings; older ones have what stands after the secret.
        let secrets = many_and(&leaked.secret);
        let found = if mark.contains("Secret") {
            let found: Vec<_> = secrets.iter().map(|secret| json!({ "Secret": secret })).collect();
            json!(found).to_string()
        } else {
            let found = secrets.iter().map(|secret| json!({ "Raw": format!("{secret}\"") }).to_string());
            let found: Vec<String> = found.chain([json!({ "level": "info" }).to_string()]).collect();
            found.join("\n")
        };
        fs::write(directory.path().join("found.json"), found).expect("a file");
        let mut sh = background_command("sh");
        sh.args(["-c", &lines_of_manual(&dockpass, mark)]).current_dir(directory.path());
        Run::of(&mut sh, "").must_succeed();
        assert!(!works(&dockpass, &leaked.secret) && works(&dockpass, &other.secret), "{mark}");
    }
}

#[test]
fn who_finds_a_secret_ends_it_without_an_account() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    let (leaked, other) = (dockpass.add_token("alice", &[]), dockpass.add_token("alice", &[]));
    assert!(works(&dockpass, &leaked.secret) && works(&dockpass, &other.secret));
    let ended = dockpass.http().post("/api/v0/api_tokens/revoke", &json!({ "tokens": [leaked.secret] }));
    assert_eq!(ended.must_be(202).body, "");
    assert!(!works(&dockpass, &leaked.secret) && works(&dockpass, &other.secret));
    let list = dockpass.cli(&["token", "list", "--user", "alice"]).must_succeed();
    assert!(list.stdout.contains("revoked"), "{}", list.describe());
    assert!(list.stderr.contains("whoever held it ended it for good on ") && list.stderr.contains("from 127.0.0.1"));
    let shown = dockpass.cli(&["token", "show", &leaked.id]).must_succeed();
    assert!(shown.stdout.contains("revoked: whoever held it"), "{}", shown.describe());
    let refusals = ["never activated again"];
    dockpass.cli(&["token", "activate", &leaked.id]).must_fail_with(&refusals);
    dockpass.cli(&["token", "rotate", &leaked.id, "--renew", "--overlap", "1h"]).must_fail_with(&refusals);
    assert!(!dockpass.log().contains(&leaked.secret) && !dockpass.log().contains(&other.secret));
    // It was on the disk before it was answered.
    let dockpass = Dockpass::start_in(dockpass.kill(), Setup::default());
    assert!(!works(&dockpass, &leaked.secret) && works(&dockpass, &other.secret));
    dockpass.cli(&["token", "activate", &leaked.id]).must_fail_with(&refusals);
    let audit = dockpass.cli(&["audit", "list", "--action", "token.revoke"]).must_succeed();
    assert!(audit.stdout.contains("anonymous") && audit.stdout.contains("127.0.0.1"), "{}", audit.describe());
}

#[test]
fn a_found_secret_is_identified_and_ended_by_its_owner() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    dockpass.add_user("bob");
    let token = dockpass.add_token("alice", &[]);
    let remotely = |user: &str, arguments: &[&str], input: &str| {
        let mut command = background_command(executable());
        command.args(["token", "identify"]).args(arguments).args(["--server", &format!("http://{}", dockpass.address)]);
        command.envs([("DOCKPASS_USER", user), ("DOCKPASS_TOKEN", PASSWORD)]);
        Run::of(&mut command, input)
    };
    let found = dockpass.data().join("found.txt");
    fs::write(&found, format!("{}\n", token.secret)).expect("a file");
    let input = fs::read_to_string(&found).expect("a file");
    for run in [remotely("alice", &[], &input), dockpass.cli_with(&["token", "identify"], &input)] {
        let run = run.must_succeed();
        assert!(run.stdout.contains("test") && run.stdout.contains("the present one"), "{}", run.describe());
        assert!(!run.stdout.contains("dkp_"), "{}", run.describe());
    }
    remotely("bob", &[], &input).must_fail_with(&["no such access token"]);
    let typed = remotely("alice", &[&token.secret], "");
    assert_eq!(typed.code(), Some(2));
    assert!(typed.stderr.contains("shell's history") && !typed.stderr.contains("dkp_"), "{}", typed.describe());
    let off = remotely("alice", &["--deactivate"], &input).must_succeed();
    assert_eq!(off.stdout, "deactivated the access token `test` of alice\n");
    assert!(!works(&dockpass, &token.secret));
    assert_eq!(remotely("alice", &["--delete"], &input).code(), Some(2), "it must be said that it is meant");
    let gone = remotely("alice", &["--delete", "--yes"], &input).must_succeed();
    assert_eq!(gone.stdout, format!("deleted the access token `test` of alice (id {})\n", token.id));
    remotely("alice", &[], &input).must_fail_with(&["no such access token"]);
}

#[test]
fn a_found_secret_that_a_rotation_replaced_ends_alone() {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    for flag in ["--deactivate", "--delete"] {
        let old = dockpass.add_token("alice", &[]);
        let rotated = dockpass.cli(&["token", "rotate", &old.id, "--overlap", "1h"]).must_succeed();
        let new = rotated.stdout.trim().to_owned();
        assert!(works(&dockpass, &old.secret) && works(&dockpass, &new));
        let ended = dockpass.cli_with(&["token", "identify", flag], &old.secret).must_succeed();
        assert!(
            ended.stdout.starts_with("ended this secret of the access token `test` of alice"),
            "{}",
            ended.describe()
        );
        assert!(!works(&dockpass, &old.secret) && works(&dockpass, &new), "{flag}");
        dockpass.cli_with(&["token", "identify", flag, "--yes"], &old.secret).must_fail_with(&["has ended already"]);
        assert!(works(&dockpass, &new));
    }
}
