//! What a registry token grants: what was requested and is permitted at that moment, and the repositories that a push
//! makes on the way.

use serde_json::json;

use crate::support::{
    InProcess,
    http::Answer,
    issued::{ENDPOINT, Issued, ask, form, granted},
    site::{Caller, repository_path},
};

/// Someone's access token with a cap and patterns.
fn limited(site: &InProcess, user: &str, cap: &str, patterns: &[&str]) -> Caller {
    site.with_token(user, &site.add_token(user, &json!({ "accessLevel": cap, "repositories": patterns })))
}

fn exists(site: &InProcess, name: &str) -> bool {
    site.as_local().get(&repository_path(name)).must_be_one_of(&[200, 404]).status == 200
}

// --- actions (13, 14, 15, 16, 21, 23) ---

#[test]
fn push_implies_pull_and_nothing_else_does() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_repository("alice/app");
    for (asked, expected) in [
        ("push", "alice/app:pull,push"),
        ("pull", "alice/app:pull"),
        ("delete", "alice/app:delete"),
        ("push,delete", "alice/app:pull,push,delete"),
        ("pull,fly", "alice/app:pull"),
        ("fly", ""),
        ("PUSH", ""),
    ] {
        assert_eq!(granted(&alice, &[&format!("alice/app:{asked}")]), expected, "{asked}");
    }
}

#[test]
fn a_star_becomes_the_actions_that_are_really_held() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let bob = site.add_robot("bob");
    site.add_repository("alice/app");
    assert_eq!(granted(&alice, &["alice/app:*"]), "alice/app:pull,push,delete");
    assert_eq!(granted(&bob, &["alice/app:*"]), "");
    for (level, expected) in [
        ("read-only", "alice/app:pull"),
        ("read-write", "alice/app:pull,push,delete"),
        ("admin", "alice/app:pull,push,delete"),
    ] {
        site.grant("alice/app", "bob", level);
        assert_eq!(granted(&bob, &["alice/app:*"]), expected, "{level}");
    }
    for (cap, expected) in [("read-only", "alice/app:pull"), ("push", "alice/app:pull,push")] {
        assert_eq!(granted(&limited(&site, "alice", cap, &[]), &["alice/app:*"]), expected, "{cap}");
    }
}

#[test]
fn a_mount_gets_what_of_it_is_allowed() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let bob = site.add_robot("bob");
    site.add_repository("alice/base");
    site.add_repository("bob/app");
    let scopes = ["bob/app:pull,push", "alice/base:pull"];
    assert_eq!(granted(&bob, &scopes), "bob/app:pull,push");
    assert_eq!(granted(&alice, &scopes), "alice/base:pull");
    site.grant("alice/base", "bob", "read-only");
    assert_eq!(granted(&bob, &scopes), "alice/base:pull bob/app:pull,push");
}

#[test]
fn a_grant_counts_from_the_next_request_on_and_so_does_its_end() {
    let site = InProcess::start();
    site.add_service("alice");
    let bob = site.add_robot("bob");
    site.add_repository("alice/app");
    let asked = ["alice/app:pull,push,delete"];
    assert_eq!(granted(&bob, &asked), "");
    site.grant("alice", "bob", "read-only");
    assert_eq!(granted(&bob, &asked), "alice/app:pull");
    site.grant("alice/app", "bob", "read-write");
    assert_eq!(granted(&bob, &asked), "alice/app:pull,push,delete", "the highest wins");
    site.take("alice/app", "bob");
    site.take("alice", "bob");
    assert_eq!(granted(&bob, &asked), "");
}

#[test]
fn what_anonymous_may_everybody_may() {
    let site = InProcess::start();
    site.add_service("alice");
    site.add_public("alice/open");
    site.add_repository("alice/app");
    let bob = site.add_robot("bob");
    let elsewhere = limited(&site, "bob", "read-only", &["bob/*"]);
    for caller in [site.as_nobody(), bob, elsewhere] {
        let asked = ["alice/open:pull,push,delete", "alice/app:pull"];
        assert_eq!(granted(&caller, &asked), "alice/open:pull", "{caller:?}");
        assert_eq!(granted(&caller, &["alice/open:push"]), "alice/open:pull", "push means both, and pull is left");
        assert_eq!(granted(&caller, &["alice/open:delete"]), "", "granted is never more than was asked for");
    }
}

#[test]
fn cap_and_patterns_narrow_what_the_account_may() {
    let site = InProcess::start();
    site.add_service("alice");
    for name in ["alice/app", "alice/team/web", "alice/other"] {
        site.add_repository(name);
    }
    let asked = ["alice/app:pull,push", "alice/team/web:pull,push", "alice/other:pull,push"];
    for (cap, patterns, expected) in [
        ("read-only", &[][..], "alice/app:pull alice/other:pull alice/team/web:pull"),
        ("push", &["alice/app"], "alice/app:pull,push"),
        ("read-write", &["alice/app"], "alice/app:pull,push"),
        ("admin", &["alice/team/*", "alice/app"], "alice/app:pull,push alice/team/web:pull,push"),
        ("read-only", &["alice/*"], "alice/app:pull alice/other:pull alice/team/web:pull"),
        ("admin", &["bob/*"], ""),
    ] {
        assert_eq!(granted(&limited(&site, "alice", cap, patterns), &asked), expected, "{cap} {patterns:?}");
    }
}

#[test]
fn an_administrator_has_everything_and_a_capped_one_what_the_cap_leaves() {
    let site = InProcess::start();
    site.add_service("alice");
    site.add_repository("alice/app");
    let admin = limited(&site, "admin", "admin", &[]);
    assert_eq!(granted(&admin, &["alice/app:*"]), "alice/app:pull,push,delete");
    assert_eq!(granted(&limited(&site, "admin", "read-only", &[]), &["alice/app:*"]), "alice/app:pull");
    assert_eq!(granted(&limited(&site, "admin", "admin", &["bob/*"]), &["alice/app:*"]), "");
}

#[test]
fn the_whole_catalogue_is_granted_to_administrators_without_patterns_only() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let whole = "registry catalog:*";
    for (caller, expected) in [
        (limited(&site, "admin", "admin", &[]), whole),
        (limited(&site, "admin", "read-only", &[]), whole),
        (site.as_admin(), whole),
        (limited(&site, "admin", "admin", &["alice/*"]), ""),
        (alice, ""),
        (site.as_nobody(), ""),
    ] {
        assert_eq!(ask(&caller, &["registry:catalog:*"]).granted(), expected, "{caller:?}");
        assert_eq!(ask(&caller, &["registry:catalog:search", "registry:catalog:pull"]).granted(), "");
    }
}

// --- create on push ---

#[test]
fn a_push_makes_a_missing_repository_private_for_who_may() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    assert_eq!(granted(&alice, &["alice/app:pull,push"]), "alice/app:pull,push");
    let made = site.as_local().get("/api/v0/repositories/alice/app").must_be(200).json();
    assert_eq!(made["visibility"], "private");
    let record = &site.audit("action=repository.createOnPush")[0];
    assert_eq!((&record["actor"], &record["object"]), (&json!("alice"), &json!("alice/app")));
    granted(&alice, &["alice/app:pull,push"]);
    assert_eq!(site.audit("action=repository.createOnPush").len(), 1, "made once");
}

#[test]
fn a_push_by_form_makes_it_too() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let body = form(&[("grant_type", "password"), ("scope", "repository:alice/deep/er/app:push")]);
    let issued = Issued::of(alice.post_form("/auth/token", &body));
    assert_eq!(issued.answer["scope"], "repository:alice/deep/er/app:pull,push");
    assert!(exists(&site, "alice/deep/er/app"));
}

#[test]
fn delete_beside_push_does_not_keep_it_from_being_made() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    // crane asks so (14).
    assert_eq!(granted(&alice, &["alice/app:push,pull", "alice/app:delete"]), "alice/app:pull,push,delete");
    assert!(exists(&site, "alice/app"));
}

#[test]
fn pull_delete_and_star_make_nothing() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    for asked in ["pull", "delete", "*", "pull,delete", "pull,*", "fly"] {
        let answer = granted(&alice, &[&format!("alice/app:{asked}")]);
        assert!(!answer.contains("push"), "{asked} grants {answer}");
        assert!(!exists(&site, "alice/app"), "{asked} made it");
    }
}

#[test]
fn a_namespace_is_pushed_to_by_its_owner_admins_on_it_and_administrators() {
    let site = InProcess::start();
    site.add_service("alice");
    let bob = site.add_robot("bob");
    for level in ["read-only", "read-write"] {
        site.grant("alice", "bob", level);
        assert!(!granted(&bob, &["alice/new:push"]).contains("push") && !exists(&site, "alice/new"), "{level}");
    }
    site.grant("alice", "bob", "admin");
    assert_eq!(granted(&bob, &["alice/new:push"]), "alice/new:pull,push");
    let admin = limited(&site, "admin", "admin", &[]);
    assert_eq!(granted(&admin, &["alice/more:push"]), "alice/more:pull,push");
    for nobodys in ["nobody/app", "app"] {
        let answer = granted(&admin, &[&format!("{nobodys}:pull,push")]);
        assert!(!answer.contains("push"), "{nobodys}: no account has this namespace, but {answer}");
    }
    assert!(!exists(&site, "nobody/app") && !exists(&site, "_/app"));
    let carol = site.add_robot("carol");
    for caller in [&carol, &site.as_nobody()] {
        assert_eq!(granted(caller, &["alice/another:pull,push"]), "");
    }
    assert!(!exists(&site, "alice/another"));
}

#[test]
fn an_access_token_makes_only_what_its_cap_and_patterns_reach() {
    let site = InProcess::start();
    site.add_service("alice");
    for (name, cap, patterns, is_made) in [
        ("alice/a", "read-only", &[][..], false),
        ("alice/b", "read-write", &[], true),
        ("alice/c", "read-write", &["alice/other"], false),
        ("alice/d", "read-write", &["alice/d"], true),
        ("alice/e", "admin", &["alice/*"], true),
        ("alice/f", "read-only", &["alice/f"], false),
        ("alice/g", "push", &[], true),
        ("alice/h", "push", &["alice/other"], false),
        ("alice/i", "push", &["alice/*"], true),
    ] {
        let answer = granted(&limited(&site, "alice", cap, patterns), &[&format!("{name}:push")]);
        assert_eq!(answer.contains("push"), is_made, "{name}");
        assert_eq!(exists(&site, name), is_made, "{name}");
    }
}

#[test]
fn what_the_cap_push_makes_it_pushes_to_and_never_deletes() {
    let site = InProcess::start();
    site.add_service("alice");
    let pushing = limited(&site, "alice", "push", &["alice/*"]);
    assert_eq!(granted(&pushing, &["alice/new:pull,push,delete"]), "alice/new:pull,push");
    assert_eq!(granted(&pushing, &["alice/new:delete"]), "");
    assert_eq!(granted(&pushing, &["alice/none:*"]), "alice/none:pull");
    assert_eq!(granted(&pushing, &["alice/none:delete"]), "");
    assert!(exists(&site, "alice/new") && !exists(&site, "alice/none"));
    // A cap gives nothing that the account does not have.
    site.add_service("bob");
    site.grant("alice", "bob", "read-only");
    let asked = ["alice/new:pull,push", "alice/later:pull,push"];
    assert_eq!(granted(&limited(&site, "bob", "push", &[]), &asked), "alice/new:pull");
    site.grant("alice", "bob", "read-write");
    assert_eq!(granted(&limited(&site, "bob", "push", &[]), &asked), "alice/new:pull,push");
    assert!(!exists(&site, "alice/later"));
}

#[test]
fn where_a_push_makes_nothing_it_is_left_out_and_the_answer_stays_good() {
    let site = InProcess::start_with(&[("repositories.create_on_push", "false")]);
    let alice = site.add_robot("alice");
    site.add_repository("alice/old");
    let asked = ["alice/new:pull,push", "alice/old:pull,push"];
    assert_eq!(granted(&alice, &asked), "alice/new:pull alice/old:pull,push");
    assert!(!exists(&site, "alice/new"));
}

#[test]
fn a_full_namespace_takes_no_more_and_the_rest_of_the_request_goes_on() {
    let site = InProcess::start_with(&[("repositories.max_per_namespace", "2")]);
    let alice = site.add_robot("alice");
    let asked = ["alice/a:push", "alice/b:push", "alice/c:push"];
    assert_eq!(granted(&alice, &asked), "alice/a:pull,push alice/b:pull,push alice/c:pull");
    assert!(!exists(&site, "alice/c"));
    site.as_local().delete("/api/v0/repositories/alice/a").must_be(204);
    assert_eq!(granted(&alice, &["alice/c:push"]), "alice/c:pull,push");
}

#[test]
fn many_pushes_at_once_make_one_repository() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    std::thread::scope(|scope| {
        let pushes: Vec<_> =
            (0..8).map(|_| scope.spawn(|| alice.get(&format!("{ENDPOINT}&scope=repository:alice/app:push")))).collect();
        for push in pushes {
            let answer: Answer = push.join().expect("an answer");
            assert_eq!(Issued::of(answer).granted(), "alice/app:pull,push");
        }
    });
    assert_eq!(site.audit("action=repository.createOnPush").len(), 1);
}
