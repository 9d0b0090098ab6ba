//! Access tokens by the real executable: two secrets in a rotation, what is told of them, and what ends the old one; and
//! a token that may not be what was meant.

use std::fs;

use crate::support::{
    AccessToken, Dockpass,
    exe::{PASSWORD, Setup, executable},
    process::{Run, background_command, eventually},
};

fn with_alice() -> Dockpass {
    let dockpass = Dockpass::start();
    dockpass.add_user("alice");
    dockpass
}

fn works(dockpass: &Dockpass, secret: &str) -> bool {
    let ping = dockpass.http_as("alice", secret).get("/v2/").must_be_one_of(&[200, 401]);
    ping.status == 200
}

/// A command that signs in over the network.
fn remotely(dockpass: &Dockpass, secret: &str, arguments: &[&str], input: &str) -> Run {
    let mut command = background_command(executable());
    command.args(arguments).args(["--server", &format!("http://{}", dockpass.address)]);
    // As a file or a pipe gives the name: its line end does not count.
    command.envs([("DOCKPASS_USER", "alice\r\n"), ("DOCKPASS_TOKEN", secret)]);
    Run::of(&mut command, input)
}

/// Rotates by the id; gives the new secret and what was said.
fn rotate(dockpass: &Dockpass, token: &AccessToken, options: &[&str]) -> (String, String) {
    let run = dockpass.cli(&[&["token", "rotate", &token.id], options].concat()).must_succeed();
    (run.stdout.trim().to_owned(), run.stderr)
}

#[test]
fn the_old_secret_is_seen_found_and_ended() {
    let dockpass = with_alice();
    let old = dockpass.add_token("alice", &[]);
    assert!(works(&dockpass, &old.secret));
    let (new, said) = rotate(&dockpass, &old, &["--overlap", "1h"]);
    assert!(said.contains("the old one works until ") && said.contains(&format!("(id {})", old.id)), "{said}");
    assert!(works(&dockpass, &new) && works(&dockpass, &old.secret));
    let list = dockpass.cli(&["token", "list", "--user", "alice"]).must_succeed();
    assert!(list.stdout.contains(&old.id) && list.stdout.lines().all(|line| line.len() < 100), "{}", list.describe());
    assert!(list.stderr.starts_with("test: the old secret works until "), "{}", list.describe());
    assert!(list.stderr.contains("; last used 20"), "{}", list.describe());
    // By the beginning of the hash that a script noted.
    let show = dockpass.cli(&["token", "show", &old.hash[..12]]).must_succeed();
    assert!(show.stdout.contains("Old secret ") && show.stdout.contains("works until "), "{}", show.describe());
    for (secret, which) in [(&old.secret, "the old one"), (&new, "the present one")] {
        let found = dockpass.cli_with(&["token", "show", "-"], &format!("{secret}\n")).must_succeed();
        assert!(found.stdout.contains(which) && found.stdout.contains("alice"), "{}", found.describe());
        assert!(!found.stdout.contains("dkp_") && !found.stderr.contains("dkp_"), "{}", found.describe());
    }
    let ended = dockpass.cli(&["token", "rotate", &old.id, "--end-overlap"]).must_succeed();
    assert_eq!(ended.stdout, "ended the old secret of the access token `test` of alice\n");
    assert!(works(&dockpass, &new) && !works(&dockpass, &old.secret));
    dockpass.cli(&["token", "rotate", &old.id, "--end-overlap"]).must_fail_with(&["has no old secret that works"]);
    // Its hash is remembered: it shows the token and ends it, and rotates nothing.
    let found = dockpass.cli_with(&["token", "show", "-"], &format!("\n{}\n", old.secret)).must_succeed();
    assert!(found.stdout.contains("has ended") && found.stdout.contains(&old.id), "{}", found.describe());
    let found = dockpass.cli(&["token", "show", &old.hash]).must_succeed();
    assert!(found.stdout.contains("This hash ") && found.stdout.contains(&old.id), "{}", found.describe());
    dockpass.cli(&["token", "rotate", &old.hash, "--overlap", "1h"]).must_fail_with(&["a secret that has ended"]);
    eventually("its refusal names the token", || {
        let list = dockpass.cli(&["audit", "list", "--action", "account.signIn", "--format", "json"]).must_succeed();
        (list.stdout.contains(&old.id) && list.stdout.contains("a rotation has replaced this secret")).then_some(())
    });
    let both = dockpass.cli(&["token", "rotate", &old.id, "--end-overlap", "--overlap", "1h"]);
    assert_eq!(both.code(), Some(2));
}

#[test]
fn an_overlap_until_used_has_ended_for_good_within_a_second() {
    let dockpass = with_alice();
    let old = dockpass.add_token("alice", &["--expires", "90d"]);
    let (new, said) = rotate(&dockpass, &old, &["--overlap", "until-used", "--renew"]);
    assert!(
        said.contains("until the new one is used, at the latest until ") && said.contains("; it ends on "),
        "{said}"
    );
    assert!(works(&dockpass, &old.secret));
    assert!(works(&dockpass, &new));
    assert!(!works(&dockpass, &old.secret), "at once");
    let query = ["audit", "list", "--action", "token.endOverlap", "--since", "1h"];
    eventually("it is written", || dockpass.cli(&query).must_succeed().stdout.contains(&old.id).then_some(()));
    let dockpass = Dockpass::start_in(dockpass.kill(), Setup::default());
    assert!(works(&dockpass, &new) && !works(&dockpass, &old.secret), "after a kill");
}

#[test]
fn a_pattern_that_may_not_be_meant_is_refused_or_told() {
    let dockpass = with_alice();
    let create = |pattern: &str| dockpass.cli(&["token", "create", "--user", "alice", "--repository", pattern]);
    let refused = create("alice");
    assert_eq!(refused.code(), Some(2), "{}", refused.describe());
    let refused = refused.must_fail_with(&["'alice/*'", "_/alice"]);
    assert!(refused.stdout.is_empty());
    create("alice/a*").must_fail_with(&["`*` stands alone after `/`"]);
    let made = create("app").must_succeed();
    assert!(made.stdout.starts_with("dkp_"), "{}", made.describe());
    assert!(made.stderr.contains("`app` is the repository `_/app`, which has no namespace"), "{}", made.describe());
    assert!(made.stderr.contains("`_/app` reaches nothing at present"), "{}", made.describe());
    let quiet = create("alice/*").must_succeed();
    assert!(!quiet.stderr.contains("reach"), "{}", quiet.describe());
    let list = dockpass.cli(&["token", "list", "--user", "alice"]).must_succeed();
    assert!(list.stdout.contains("access token 2"), "labels are numbered: {}", list.describe());
}

#[test]
fn what_wants_a_hand_is_listed_and_a_leavers_go_at_once() {
    let dockpass = with_alice();
    let soon = dockpass.add_token("alice", &["--expires", "10d"]);
    dockpass.add_token("alice", &[]);
    let ids = |options: &[&str]| {
        let list = dockpass.cli_json(&[&["token", "list"], options].concat());
        list.as_array()
            .expect("a list")
            .iter()
            .map(|token| token["id"].as_str().expect("an id").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&["--expiring", "14d"]), [soon.id]);
    assert!(
        ids(&["--expiring", "1d"]).is_empty() && ids(&["--expired"]).is_empty() && ids(&["--unused", "90d"]).is_empty()
    );
    dockpass.cli(&["user", "set", "alice", "--active", "false"]).must_succeed();
    let list = dockpass.cli(&["token", "list"]).must_succeed();
    assert_eq!(list.stdout.matches("account inactive").count(), 2, "{}", list.describe());
    assert!(!list.stdout.contains(" active "), "{}", list.describe());
    dockpass.cli(&["token", "delete", "--user", "alice"]).must_fail_with(&["--all"]);
    let gone = dockpass.cli(&["token", "delete", "--user", "alice", "--all", "--yes"]).must_succeed();
    assert_eq!(gone.stdout, "deleted 2 access tokens of alice\n");
    assert!(ids(&[]).is_empty());
    for nothing in [&["delete", "--user", "alice", "--all"][..], &["clean", "--user", "alice", "--used-before", "1d"]] {
        let none = dockpass.cli(&[&["token"], nothing, &["--yes"]].concat());
        assert_eq!(none.code(), Some(1), "{}", none.describe());
        none.must_fail_with(&["nothing was deleted"]);
    }
}

#[test]
fn a_user_sees_the_own_organizations_and_a_narrowed_token_itself() {
    let dockpass = with_alice();
    for name in ["acme", "other"] {
        dockpass.cli(&["org", "create", name]).must_succeed();
    }
    dockpass.cli(&["org", "add", "acme", "alice"]).must_succeed();
    let own = remotely(&dockpass, PASSWORD, &["org", "list"], "").must_succeed();
    assert!(own.stdout.contains("acme") && !own.stdout.contains("other"), "{}", own.describe());
    assert!(own.stderr.contains("these are your own"), "{}", own.describe());
    let narrowed = dockpass.add_token("alice", &["--access", "read-only"]);
    dockpass.add_token("alice", &[]);
    let list = remotely(&dockpass, &narrowed.secret, &["token", "list"], "").must_succeed();
    assert_eq!(list.stdout.lines().count(), 2, "{}", list.describe());
    assert!(!list.stdout.contains("OWNER") && !list.stdout.contains("alice"), "its own: {}", list.describe());
    assert!(dockpass.cli(&["token", "list"]).must_succeed().stdout.contains("OWNER"));
    let show = remotely(&dockpass, &narrowed.secret, &["token", "show", &narrowed.id], "").must_succeed();
    assert!(show.stdout.contains(&narrowed.hash), "{}", show.describe());
    let found = remotely(&dockpass, &narrowed.secret, &["token", "show", "-"], &narrowed.secret).must_succeed();
    assert!(found.stdout.contains(&narrowed.id), "{}", found.describe());
}

#[test]
fn one_that_is_named_twice_is_deleted_once() {
    let dockpass = with_alice();
    let token = dockpass.add_token("alice", &[]);
    let both = dockpass.cli(&["token", "delete", &token.id, &token.hash, "--yes"]);
    assert_eq!(both.code(), Some(1), "{}", both.describe());
    assert_eq!(both.stdout, format!("deleted the access token `test` of alice (id {})\n", token.id));
    both.must_fail_with(&["is named twice and was deleted once"]);
}

#[test]
fn no_secret_of_a_shown_token_reaches_the_log() {
    let dockpass = with_alice();
    let token = dockpass.add_token("alice", &[]);
    dockpass.cli_with(&["token", "show", "-", "-vv"], &token.secret).must_succeed();
    assert!(!dockpass.log().contains(&token.secret[8..]));
    let format = fs::read_to_string(dockpass.data().join("format")).expect("the format");
    assert_eq!(format, "dockpass data 10\n");
}
