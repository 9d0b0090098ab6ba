//! Alice leaves: one command of an administrator, and what it says.

use serde_json::json;

use crate::support::{Dockpass, process::Run};

fn run(dockpass: &Dockpass, line: &str) -> Run {
    dockpass.cli(&line.split(' ').collect::<Vec<_>>())
}

/// alice with repositories, access tokens, grants, a team, and an organization that she alone administers.
fn site() -> Dockpass {
    let dockpass = Dockpass::start();
    for line in [
        "user create alice --service",
        "user create bob --service",
        "user create ci --service",
        "org create acme",
        "org add acme alice --admin true",
        "team create acme/dev",
        "team add acme/dev alice",
        "repo create acme/app",
        "repo create alice/app",
        "repo create alice/web",
        "repo create bob/app",
        "grant set acme/app --team acme/dev --access read-only",
        "grant set bob/app --user alice --access read-write",
        "token create --user alice --label laptop",
    ] {
        run(&dockpass, line).must_succeed();
    }
    dockpass
}

#[test]
fn alice_leaves_with_one_command_that_can_be_repeated() {
    let dockpass = site();
    let laptop = dockpass.add_token("alice", &[]);
    let alice = dockpass.http_as("alice", &laptop.secret);
    alice.get("/api/v0/repositories/alice/app").must_be(200);
    let leave = "user offboard alice --delete-tokens --transfer-repositories bob";
    let asked = run(&dockpass, leave).must_fail_with(&["add --yes"]).stderr;
    assert!(
        asked.contains("Its 2 access tokens: deleted for good") && asked.contains("Its 2 repositories: given to bob"),
        "{asked}"
    );
    alice.get("/api/v0/repositories/alice/app").must_be(200);
    let said = run(&dockpass, &format!("{leave} --yes")).must_succeed().stdout;
    let is_row = |line: &str| ["LABEL", "laptop", "test"].iter().any(|first| line.starts_with(first));
    let lines: Vec<&str> = said.lines().filter(|line| !is_row(line)).collect();
    assert_eq!(
        lines,
        [
            "alice is deactivated, and signed out everywhere",
            "its 2 access tokens, with the last use of each:",
            "deleted 2 access tokens of alice",
            "gave 2 repositories of alice to bob; names, grants and patterns stay",
            "what is left:",
            "  the only administrator of acme: dockpass org add acme NAME --admin true, and then: dockpass org remove acme alice",
            "  a member of the team acme/dev: dockpass team remove acme/dev alice",
            "  1 grant: dockpass grant list --user alice",
        ],
        "{said}"
    );
    assert!(said.contains("laptop") && said.contains("never"), "{said}");
    alice.get("/api/v0/repositories/alice/app").must_be(401);
    let again = run(&dockpass, &format!("{leave} --yes")).must_succeed().stdout;
    assert!(
        again.starts_with(
            "alice was inactive already\nalice has no access token to delete\nalice has no repository to give to bob\n"
        ),
        "{again}"
    );
    let bob = dockpass.cli_json(&["repo", "list", "--owner", "bob"]);
    assert_eq!(bob["repositories"].as_array().map(Vec::len), Some(3), "{bob}");
}

#[test]
fn programs_get_one_answer_and_the_last_administrator_stays() {
    let dockpass = site();
    let left = dockpass.cli_json(&["user", "offboard", "alice", "--yes"]);
    assert_eq!((&left["account"]["isActive"], &left["tokens"][0]["tokenLabel"]), (&json!(false), &json!("laptop")));
    assert_eq!(left["left"]["administersAlone"], json!(["acme"]));
    assert_eq!((&left["left"]["tokens"], &left["left"]["repositories"]), (&json!(1), &json!(2)));
    assert_eq!(left["deletedTokens"], json!(null), "that was not asked for");
    run(&dockpass, "user offboard admin --yes").must_fail_with(&["administrator"]);
    run(&dockpass, "user offboard acme --yes").must_fail_with(&["is an organization"]);
    run(&dockpass, "user offboard alice --transfer-repositories nobody --yes").must_fail_with(&["no such account"]);
    run(&dockpass, "user offboard bob --transfer-repositories alice --yes").must_fail_with(&["alice is inactive"]);
    let bob = dockpass.cli_json(&["user", "show", "bob"]);
    assert_eq!(bob["isActive"], json!(true), "nothing was done before it was known that all can be done");
}

#[test]
fn what_cannot_be_done_is_known_before_anything_is_done() {
    let dockpass = site();
    run(&dockpass, "settings set maxRepositoriesPerNamespace=2").must_succeed();
    let leave = "user offboard alice --delete-tokens --transfer-repositories bob --yes";
    let full = run(&dockpass, leave).must_fail_with(&["repositories of the account that is to have these"]);
    assert_eq!(full.stdout, "", "{}", full.describe());
    let alice = dockpass.cli_json(&["user", "show", "alice"]);
    assert_eq!(alice["isActive"], json!(true), "{alice}");
    run(&dockpass, "settings set maxRepositoriesPerNamespace=3").must_succeed();
    let said = run(&dockpass, leave).must_succeed().stdout;
    let row = said.lines().find(|line| line.starts_with("laptop")).expect("its access token");
    assert!(row.contains("inactive"), "as it is by then: {row}");
}

#[test]
fn nobody_offboards_who_signs_in_for_it() {
    let dockpass = site();
    let password = dockpass.admin_password();
    let mut offboard = crate::support::process::command(crate::support::exe::executable());
    offboard.args(["user", "offboard", "admin", "--yes", "--server", &format!("http://{}", dockpass.address)]);
    let refused = Run::of(offboard.env("DOCKPASS_USER", "admin").env("DOCKPASS_TOKEN", &password), "");
    assert_eq!(refused.code(), Some(2), "{}", refused.describe());
    assert!(refused.stderr.contains("you sign in as this user"), "{}", refused.describe());
}
