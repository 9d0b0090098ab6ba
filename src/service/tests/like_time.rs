//! A repository that a caller may not see takes the same work as one that never was, whatever is asked: what is looked up is
//! counted, since no test can trust a clock.

use super::super::{AskedAccess, Call, Service};
use super::content::{Scene, named, new_user};
use super::support::{call, issue};
use crate::domain::access::{Action, GrantLevel};
use crate::domain::grant::{GrantTarget, GranteeKind};
use crate::domain::name::Name;
use crate::domain::scope::Scopes;
use crate::service::access::Caller;
use crate::service::{NewOrganization, NewRepository};
use crate::store::lookups;

type Question = (&'static str, fn(&Service, &Call, &str));

fn asked(user: Option<&str>, name: &str) -> AskedAccess {
    AskedAccess { user: user.map(str::to_owned), token: None, action: Action::Push, repository: named(name) }
}

fn on(name: &str) -> GrantTarget {
    GrantTarget::Repository(named(name))
}

const QUESTIONS: [Question; 9] = [
    ("access check", |service, call, name| _ = service.check_access(call, &asked(None, name))),
    ("access check of another", |service, call, name| _ = service.check_access(call, &asked(Some("carol"), name))),
    ("repo tokens", |service, call, name| _ = service.list_tokens_reaching(call, &named(name), None, 10)),
    ("repo access", |service, call, name| _ = service.repository_access(call, &named(name))),
    ("grants of teams", |service, call, name| _ = service.list_grants(call, &on(name), GranteeKind::Team)),
    ("grants of users", |service, call, name| _ = service.list_grants(call, &on(name), GranteeKind::User)),
    ("grant of a team", |service, call, name| _ = service.view_team_grant(call, &on(name), "dev")),
    ("reach of another", |service, call, name| _ = service.reach_of(call, "carol", Some(&on(name)))),
    ("registry token", |service, call, name| {
        let scope = format!("repository:{name}:pull");
        _ = issue(service, call, &Scopes::parse([scope.as_str()]).unwrap());
    }),
];

/// bob is in a team, has some of acme and nothing of alice's; carol was given one of each.
fn scene() -> Scene {
    let scene = Scene::new();
    let (service, local) = (scene.service(), scene.local());
    for user in ["alice", "bob", "carol"] {
        service.create_user(&local, new_user(user)).unwrap();
    }
    let acme =
        NewOrganization { name: Name::parse("acme").unwrap(), full_name: String::new(), adopt_repositories: true };
    service.create_organization(&local, acme).unwrap();
    service.create_team(&local, "acme", &Name::parse("dev").unwrap(), String::new()).unwrap();
    service.put_team_member(&local, "acme", "dev", "bob").unwrap();
    for name in ["alice/hidden", "alice/given", "acme/given"] {
        let new = NewRepository::private(named(name));
        service.create_repository(&local, new).unwrap();
    }
    let all = GrantTarget::Namespace(named("acme/given").namespace());
    service.transfer_repository(&local, &named("alice/given"), "carol").unwrap();
    service.transfer_repository(&local, &named("acme/given"), "carol").unwrap();
    service.put_grant(&local, &all, GranteeKind::User, "bob", GrantLevel::ReadWrite).unwrap();
    service.put_grant(&local, &all, GranteeKind::Team, "dev", GrantLevel::ReadOnly).unwrap();
    scene
}

fn work(scene: &Scene, bob: &Call, (_, ask): &Question, name: &str) -> usize {
    let before = lookups::made();
    ask(scene.service(), bob, name);
    lookups::made() - before
}

#[test]
fn what_is_hidden_takes_the_work_of_what_never_was() {
    let scene = scene();
    let state = scene.service().store.state();
    let bob = call(Caller::of_account(state.account_named("bob").unwrap()), scene.now());
    for question in &QUESTIONS {
        for (hidden, never) in
            [("alice/hidden", "alice/never"), ("alice/given", "alice/never"), ("acme/given", "acme/never")]
        {
            let both = [hidden, never].map(|name| work(&scene, &bob, question, name));
            assert!(both[0] == both[1] && both[0] > 2, "{}: {both:?} for {hidden} and {never}", question.0);
        }
    }
}
