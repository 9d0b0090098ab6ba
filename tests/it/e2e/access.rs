//! Who may pull and push at the real registry, and that every change of rights counts from the next request on.

use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{AccessToken, Clients, Image, Site, process::eventually};

/// A site where alice has pushed an image to `alice/app`, and bob has an access token.
struct Shared {
    site: Site,
    alice: Clients,
    image: Image,
    token: AccessToken,
    bob: Clients,
}

impl Shared {
    fn new() -> Self {
        let site = Site::with_users(&["alice", "bob"]);
        let alice = site.clients_of("alice", &[]);
        let image = Image::holding("shared");
        alice.push(&image, &site.at("alice/app:1")).must_succeed();
        let token = site.dockpass.add_token("bob", &[]);
        let bob = site.clients_with("bob", &token);
        Self { site, alice, image, token, bob }
    }

    /// The same, where bob may pull.
    fn granted() -> Self {
        let shared = Self::new();
        shared.run(&["grant", "set", "alice/app", "--user", "bob", "--access", "read-only"]);
        shared.bob_may_pull();
        shared
    }

    fn run(&self, command: &[&str]) {
        self.site.dockpass.cli(command).must_succeed();
    }

    fn bob_may_pull(&self) {
        self.bob.pull(&self.site.at("alice/app:1")).must_succeed();
    }

    fn bob_is_refused(&self) {
        self.bob.pull(&self.site.at("alice/app:1")).must_be_refused();
    }
}

#[test]
fn a_grant_counts_at_once_and_so_does_its_end_without_a_new_token() {
    let shared = Shared::new();
    shared.bob_is_refused();
    shared.run(&["grant", "set", "alice/app", "--user", "bob", "--access", "read-only"]);
    shared.bob_may_pull();
    shared.bob.push(&shared.image, &shared.site.at("alice/app:2")).must_be_refused();
    shared.run(&["grant", "set", "alice/app", "--user", "bob", "--access", "read-write"]);
    shared.bob.push(&shared.image, &shared.site.at("alice/app:2")).must_succeed();
    shared.run(&["grant", "delete", "alice/app", "--user", "bob"]);
    shared.bob_is_refused();
}

#[test]
fn a_grant_on_a_namespace_counts_for_every_repository_in_it() {
    let shared = Shared::new();
    shared.run(&["grant", "set", "alice/*", "--user", "bob", "--access", "read-only"]);
    shared.bob_may_pull();
    shared.alice.push(&shared.image, &shared.site.at("alice/later/deep:1")).must_succeed();
    shared.bob.pull(&shared.site.at("alice/later/deep:1")).must_succeed();
    shared.run(&["grant", "delete", "alice/*", "--user", "bob"]);
    shared.bob_is_refused();
}

#[test]
fn a_deactivated_token_is_refused_until_it_is_activated() {
    let shared = Shared::granted();
    shared.run(&["token", "deactivate", &shared.token.hash]);
    shared.bob_is_refused();
    shared.run(&["token", "activate", &shared.token.hash]);
    shared.bob_may_pull();
}

#[test]
fn a_deleted_token_is_refused() {
    let shared = Shared::granted();
    shared.run(&["token", "delete", &shared.token.hash, "--yes"]);
    shared.bob_is_refused();
}

#[test]
fn an_expired_token_is_refused() {
    let shared = Shared::granted();
    let soon = in_seconds(6);
    let bob = shared.site.clients_of("bob", &["--expires", &soon]);
    bob.pull(&shared.site.at("alice/app:1")).must_succeed();
    let refused = eventually("the token expires", || {
        let run = bob.pull(&shared.site.at("alice/app:1"));
        (run.code() != Some(0)).then_some(run)
    });
    refused.must_be_refused();
    shared.bob_may_pull();
}

#[allow(clippy::disallowed_methods, reason = "the executable has the clock of the machine, so this test has it too")]
fn in_seconds(seconds: i64) -> String {
    let moment = OffsetDateTime::now_utc() + Duration::seconds(seconds);
    moment.replace_nanosecond(0).expect("zero is one").format(&Rfc3339).expect("a time of our age")
}

#[test]
fn the_tokens_of_a_deactivated_account_are_refused() {
    let shared = Shared::granted();
    shared.run(&["user", "set", "bob", "--active", "false"]);
    shared.bob_is_refused();
    shared.run(&["user", "set", "bob", "--active", "true"]);
    shared.bob_may_pull();
}

#[test]
fn the_tokens_of_a_deleted_account_are_refused() {
    let shared = Shared::granted();
    shared.run(&["user", "delete", "bob", "--yes"]);
    shared.bob_is_refused();
}

#[test]
fn a_read_only_token_pulls_and_cannot_push_or_delete() {
    let shared = Shared::new();
    let reader = shared.site.clients_of("alice", &["--access", "read-only"]);
    reader.pull(&shared.site.at("alice/app:1")).must_succeed();
    reader.push(&shared.image, &shared.site.at("alice/app:2")).must_be_refused();
    reader.push(&shared.image, &shared.site.at("alice/new:1")).must_be_refused();
    reader.delete(&shared.site.at("alice/app:1")).must_fail_with(&["unauthorized", "denied", "401"]);
    reader.pull(&shared.site.at("alice/app:1")).must_succeed();
}

#[test]
fn a_token_limited_to_one_repository_cannot_reach_another() {
    let shared = Shared::new();
    shared.alice.push(&shared.image, &shared.site.at("alice/other:1")).must_succeed();
    let limited = shared.site.clients_of("alice", &["--repository", "alice/app"]);
    limited.pull(&shared.site.at("alice/app:1")).must_succeed();
    limited.push(&shared.image, &shared.site.at("alice/app:2")).must_succeed();
    for elsewhere in ["alice/other:1", "alice/app/below:1", "alice/app2:1"] {
        limited.pull(&shared.site.at(elsewhere)).must_be_refused();
        limited.push(&shared.image, &shared.site.at(elsewhere)).must_be_refused();
    }
}

#[test]
fn anybody_pulls_a_public_repository_and_nobody_a_private_one() {
    let shared = Shared::new();
    let anybody = Clients::new();
    anybody.pull(&shared.site.at("alice/app:1")).must_be_refused();
    shared.run(&["repo", "set", "alice/app", "--public", "true"]);
    anybody.pull(&shared.site.at("alice/app:1")).must_succeed();
    anybody.push(&shared.image, &shared.site.at("alice/app:2")).must_be_refused();
    // What anybody may pull, a token may that is limited to something else.
    let limited = shared.site.clients_of("bob", &["--access", "read-only", "--repository", "bob/own"]);
    limited.pull(&shared.site.at("alice/app:1")).must_succeed();
    shared.run(&["repo", "set", "alice/app", "--public", "false"]);
    anybody.pull(&shared.site.at("alice/app:1")).must_be_refused();
}
