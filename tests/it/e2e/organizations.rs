//! Organizations and teams at the real registry: what a team was given its members may, no more, and only as long as
//! they belong to it.

use crate::support::{Clients, Image, Site};

/// A site with the organization acme: alice administers it and has pushed `acme/app`, bob is in its team dev, and
/// carol belongs to nothing.
struct Acme {
    site: Site,
    image: Image,
    alice: Clients,
    bob: Clients,
}

impl Acme {
    fn new() -> Self {
        let site = Site::with_users(&["alice", "bob", "carol"]);
        let (alice, bob) = (site.clients_of("alice", &[]), site.clients_of("bob", &[]));
        let acme = Self { site, image: Image::holding("acme"), alice, bob };
        acme.run(&["org", "create", "acme", "--full-name", "Acme Works"]);
        acme.run(&["org", "add", "acme", "alice", "--admin", "true"]);
        acme.run(&["team", "create", "acme/dev", "--description", "Who builds it"]);
        acme.run(&["team", "add", "acme/dev", "bob"]);
        acme.pushes(&acme.alice, "acme/app:1");
        acme
    }

    /// The same, where the team may pull and push `acme/app`.
    fn granted() -> Self {
        let acme = Self::new();
        acme.run(&["grant", "set", "acme/app", "--team", "dev", "--access", "read-write"]);
        acme.pushes(&acme.bob, "acme/app:bob");
        acme
    }

    fn run(&self, command: &[&str]) -> String {
        self.site.dockpass.cli(command).must_succeed().stdout
    }

    fn pushes(&self, who: &Clients, to: &str) {
        who.push(&self.image, &self.site.at(to)).must_succeed();
    }

    fn may_not_push(&self, who: &Clients, to: &str) {
        who.push(&self.image, &self.site.at(to)).must_be_refused();
    }

    fn may_not_pull(&self, who: &Clients, from: &str) {
        who.pull(&self.site.at(from)).must_be_refused();
    }

    fn bob_has_nothing(&self) {
        self.may_not_pull(&self.bob, "acme/app:1");
        self.may_not_push(&self.bob, "acme/app:2");
    }
}

#[test]
fn a_team_grant_on_a_repository_counts_at_once_for_members_only() {
    let acme = Acme::new();
    acme.bob_has_nothing();
    acme.run(&["grant", "set", "acme/app", "--team", "dev", "--access", "read-only"]);
    acme.bob.pull(&acme.site.at("acme/app:1")).must_succeed();
    acme.may_not_push(&acme.bob, "acme/app:2");
    acme.run(&["grant", "set", "acme/app", "--team", "dev", "--access", "read-write"]);
    acme.pushes(&acme.bob, "acme/app:2");
    acme.may_not_push(&acme.bob, "acme/other:1");
    let carol = acme.site.clients_of("carol", &[]);
    acme.may_not_pull(&carol, "acme/app:1");
    acme.run(&["team", "add", "acme/dev", "carol"]);
    acme.pushes(&carol, "acme/app:3");
    acme.run(&["team", "remove", "acme/dev", "carol"]);
    acme.may_not_pull(&carol, "acme/app:1");
    acme.run(&["grant", "delete", "acme/app", "--team", "dev"]);
    acme.bob_has_nothing();
}

#[test]
fn a_team_grant_on_the_namespace_counts_for_every_repository_in_it() {
    let acme = Acme::new();
    acme.run(&["grant", "set", "acme/*", "--team", "dev", "--access", "read-write"]);
    acme.pushes(&acme.bob, "acme/app:2");
    acme.may_not_push(&acme.bob, "acme/new/deep:1");
    acme.pushes(&acme.alice, "acme/new/deep:1");
    acme.pushes(&acme.bob, "acme/new/deep:2");
    // Who may make repositories administers the namespace.
    acme.run(&["grant", "set", "acme/*", "--team", "dev", "--access", "admin"]);
    acme.pushes(&acme.bob, "acme/bobs:1");
    acme.run(&["grant", "delete", "acme/*", "--team", "dev"]);
    acme.bob_has_nothing();
    acme.may_not_push(&acme.bob, "acme/bobs:2");
}

#[test]
fn the_highest_of_several_grants_wins() {
    let acme = Acme::granted();
    acme.run(&["grant", "set", "acme/app", "--user", "bob", "--access", "read-only"]);
    acme.pushes(&acme.bob, "acme/app:2");
    acme.run(&["grant", "delete", "acme/app", "--team", "dev"]);
    acme.bob.pull(&acme.site.at("acme/app:1")).must_succeed();
    acme.may_not_push(&acme.bob, "acme/app:3");
}

#[test]
fn a_token_reaches_no_further_than_its_own_limits_within_a_team() {
    let acme = Acme::granted();
    let reader = acme.site.clients_of("bob", &["--access", "read-only"]);
    reader.pull(&acme.site.at("acme/app:1")).must_succeed();
    acme.may_not_push(&reader, "acme/app:2");
    acme.may_not_pull(&acme.site.clients_of("bob", &["--repository", "acme/other"]), "acme/app:1");
    acme.pushes(&acme.site.clients_of("bob", &["--repository", "acme/*"]), "acme/app:2");
}

#[test]
fn leaving_the_organization_ends_what_its_teams_gave() {
    let acme = Acme::granted();
    acme.run(&["org", "remove", "acme", "bob"]);
    acme.bob_has_nothing();
    assert_eq!(acme.run(&["team", "members", "acme/dev"]), "");
    acme.run(&["org", "add", "acme", "bob"]);
    acme.bob_has_nothing();
    acme.run(&["team", "add", "acme/dev", "bob"]);
    acme.pushes(&acme.bob, "acme/app:2");
}

#[test]
fn deleting_the_team_ends_what_it_gave_and_a_new_one_of_its_name_inherits_nothing() {
    let acme = Acme::granted();
    acme.run(&["grant", "set", "acme/*", "--team", "dev", "--access", "read-only"]);
    acme.run(&["team", "delete", "acme/dev", "--yes"]);
    acme.bob_has_nothing();
    acme.run(&["team", "create", "acme/dev"]);
    acme.run(&["team", "add", "acme/dev", "bob"]);
    acme.bob_has_nothing();
    assert_eq!(acme.run(&["grant", "list", "acme/app"]), "");
    assert_eq!(acme.run(&["grant", "list", "acme/*"]), "");
}

#[test]
fn an_administrator_of_the_organization_has_everything_in_it_and_nothing_elsewhere() {
    let acme = Acme::new();
    acme.site.dockpass.add_user("dave");
    let token = acme.site.dockpass.add_token("alice", &[]);
    let alice = acme.site.dockpass.http_as("alice", &token.secret);
    let public = serde_json::json!({ "visibility": "public" });
    alice.patch("/api/v0/repositories/acme/app", &public).must_be(200);
    acme.site.clients_of("carol", &[]).pull(&acme.site.at("acme/app:1")).must_succeed();
    alice.delete("/enzi/v0/accounts/acme/teams/dev/members/bob").must_be(204);
    alice.put("/enzi/v0/accounts/acme/members/dave", &serde_json::json!({})).must_be(200);
    alice.delete("/enzi/v0/accounts/acme").must_be(403);
    acme.may_not_push(&acme.alice, "bob/app:1");
    acme.run(&["org", "add", "acme", "alice", "--admin", "false"]);
    acme.may_not_push(&acme.alice, "acme/app:2");
    acme.may_not_push(&acme.alice, "acme/later:1");
    alice.patch("/api/v0/repositories/acme/app", &public).must_be(403);
    alice.delete("/enzi/v0/accounts/acme/members/dave").must_be(403);
}

#[test]
fn a_new_organization_of_the_same_name_gives_nothing_to_those_of_the_old_one() {
    let acme = Acme::granted();
    acme.run(&["grant", "set", "acme/*", "--team", "dev", "--access", "admin"]);
    acme.run(&["org", "delete", "acme", "--yes"]);
    acme.bob_has_nothing();
    acme.may_not_push(&acme.alice, "acme/app:2");
    acme.site.dockpass.cli(&["org", "create", "acme"]).must_fail_with(&["adopt"]);
    acme.run(&["org", "create", "acme", "--adopt-repositories"]);
    acme.bob_has_nothing();
    acme.may_not_push(&acme.alice, "acme/app:2");
    acme.run(&["org", "add", "acme", "bob", "--admin", "true"]);
    acme.bob.pull(&acme.site.at("acme/app:1")).must_succeed();
}

#[test]
fn an_organization_can_be_deleted_with_its_repositories() {
    let acme = Acme::granted();
    acme.run(&["org", "delete", "acme", "--with-repositories", "--yes"]);
    assert_eq!(acme.run(&["repo", "list"]), "");
    acme.site.dockpass.cli(&["org", "create", "acme"]).must_fail_with(&["--adopt-repositories"]);
    acme.run(&["org", "create", "acme", "--adopt-repositories"]);
}

#[test]
fn the_tables_tell_who_has_what_and_why() {
    let acme = Acme::granted();
    acme.run(&["grant", "set", "acme/*", "--team", "dev", "--access", "read-only"]);
    acme.run(&["grant", "set", "acme/app", "--user", "carol", "--access", "read-only"]);
    assert_eq!(
        acme.run(&["repo", "access", "acme/app"]),
        "WHO            ACCESS      WHY\n\
         user alice     admin       administers acme\n\
         user carol     read-only   grant on the repository\n\
         team acme/dev  read-write  team grant on the repository\n\
         team acme/dev  read-only   team grant on the namespace\n"
    );
    assert_eq!(
        acme.run(&["grant", "list", "acme/app"]),
        "WHO            ACCESS\nuser carol     read-only\nteam acme/dev  read-write\n"
    );
    assert_eq!(acme.run(&["grant", "list", "acme/*"]), "WHO            ACCESS\nteam acme/dev  read-only\n");
    assert_eq!(acme.run(&["team", "repositories", "acme/dev"]), "NAME      ACCESS\nacme/app  read-write\n");
    assert_eq!(
        acme.run(&["team", "list", "acme"]),
        "NAME      MEMBERS  DESCRIPTION\nacme/dev  1        Who builds it\n"
    );
    assert_eq!(
        acme.run(&["org", "members", "acme"]),
        "NAME   FULL NAME  ROLE\nalice  -          organization administrator\nbob    -          member\n"
    );
    assert_eq!(
        acme.run(&["org", "members", "acme", "--admins"]),
        "NAME   FULL NAME  ROLE\nalice  -          organization administrator\n"
    );
    let organizations = acme.site.dockpass.cli_json(&["org", "list"]);
    assert_eq!(organizations.pointer("/accounts/0/membersCount"), Some(&2.into()), "{organizations}");
}

#[test]
fn users_and_organizations_are_not_mistaken_for_each_other() {
    let acme = Acme::new();
    acme.site.dockpass.cli(&["user", "delete", "acme", "--yes"]).must_fail_with(&["acme is an organization"]);
    acme.site.dockpass.cli(&["org", "delete", "bob", "--yes"]).must_fail_with(&["bob is a user"]);
    acme.site.dockpass.cli(&["team", "create", "bob/dev"]).must_fail_with(&["no such organization: bob"]);
    acme.site.dockpass.cli(&["org", "add", "acme", "acme"]).must_fail_with(&["cannot be a member"]);
    let grant = ["grant", "set", "bob/*", "--team", "dev", "--access", "admin"];
    acme.site.dockpass.cli(&grant).must_fail_with(&["only organizations have teams"]);
    acme.site.dockpass.cli(&["token", "create", "--user", "acme", "--label", "l"]).must_fail_with(&["organization"]);
}
