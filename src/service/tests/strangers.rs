//! Only the registry may tell what it holds, and it may do nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::super::{
    AccountQuery, AccountUpdate, AskedAccess, AuditFilter, AuditPlace, Call, Caller, Errand, Error, Expiry,
    NewOrganization, NewRepository, NewRobot, NewToken, PageQuery, RepositoryQuery, RepositoryUpdate, Rotation, Search,
    Service, TeamUpdate, TokenFilter,
};
use super::content::{Scene, digest, image, named, new_user, notice, pushed, seen, tag};
use super::support::{call, sign_in, start};
use crate::domain::access::{AccessLevel, Action, GrantLevel};
use crate::domain::account::AccountFilter;
use crate::domain::act::Act;
use crate::domain::audit::{AuditHead, Outcome};
use crate::domain::content::{Deletion, Remains, TagOrDigest};
use crate::domain::grant::{GrantTarget, GranteeKind};
use crate::domain::name::{Name, Namespace};
use crate::domain::order::Order;
use crate::domain::organization::MemberFilter;
use crate::domain::scope::{Scopes, TooManyScopes};
use crate::domain::secret::{Password, TokenText};
use crate::domain::settings::Choices;
use crate::domain::token::Limits;

/// A use-case that somebody tries.
type UseCase = (&'static str, fn(&Service, &Call) -> Result<(), Error>);

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn whole() -> PageQuery<Name> {
    PageQuery { order: Order::Ascending, after: None, limit: 10 }
}

fn app() -> GrantTarget {
    GrantTarget::Repository(named("alice/app"))
}

fn password() -> Password {
    Password::new("another-long-password".to_owned())
}

fn new_repository() -> NewRepository {
    NewRepository::private(named("alice/new"))
}

fn repositories() -> RepositoryQuery {
    let page = PageQuery { order: Order::Ascending, after: None, limit: 10 };
    RepositoryQuery { namespace: None, owner: None, contains: None, page, with_count: true }
}

fn search() -> Search {
    Search { text: "a".to_owned(), namespace: None, limit: 10, repositories: true, accounts: true }
}

fn new_token() -> NewToken {
    let username = Some("alice".to_owned());
    NewToken { username, label: None, expiry: Expiry::Default, limits: Limits::none(), is_temporary: false }
}

/// The hash of alice's access token, whose text is no longer known.
fn hash(service: &Service) -> String {
    let state = service.store.state();
    let alice = state.account_named("alice").unwrap().id;
    state.tokens_of(alice, None).next().unwrap().hash.to_string()
}

/// The text of an access token that never was.
fn secret() -> Password {
    Password::new(TokenText::from_random([0; 32]).reveal().to_owned())
}

fn deletion(call: &Call) -> Deletion {
    Deletion { at: call.now, content: Remains::Stays }
}

/// Use-cases for the registry only.
const TELLING: &[UseCase] = &[
    ("take_notice", |service, call| {
        service.take_notice(call, notice("x", "alice/app", call.now, pushed("2.0", 2))).map(drop)
    }),
    ("compare", |service, call| service.compare(call, &named("alice/app"), vec![], call.now).map(drop)),
    ("compare", |service, call| service.compare(call, &named("bob/new"), vec![seen("1", 1)], call.now).map(drop)),
    ("own_pass", |service, call| service.own_pass(call, &Errand::Catalog).map(drop)),
    ("own_pass", |service, call| service.own_pass(call, &Errand::Delete(named("alice/app"))).map(drop)),
    ("known_names", |service, call| service.known_names(call, None, 10).map(drop)),
    ("known_tags", |service, call| service.known_tags(call, &named("alice/app")).map(drop)),
    ("known_tag", |service, call| service.known_tag(call, &named("alice/app"), &tag("1.0")).map(drop)),
    ("something_known", |service, call| service.something_known(call).map(drop)),
    ("describe_tag", |service, call| service.describe_tag(call, &named("alice/app"), &tag("1.0"), digest(1), image(5))),
    ("deleted_names", |service, call| service.deleted_names(call, None, 10).map(drop)),
    ("deletion", |service, call| service.deletion(call, &named("alice/old")).map(drop)),
    ("begin_content_deletion", |service, call| service.begin_content_deletion(call, &named("alice/old")).map(drop)),
    ("note_remains", |service, call| {
        service.note_remains(call, &named("alice/old"), deletion(call), Remains::None).map(drop)
    }),
    ("forget_deletion", |service, call| service.forget_deletion(call, &named("alice/old"), deletion(call))),
];

const ON_ACCOUNTS: &[UseCase] = &[
    ("list_accounts", |service, call| {
        let query = AccountQuery { filter: AccountFilter::All, contains: None, page: whole() };
        service.list_accounts(call, &query).map(drop)
    }),
    ("view_account", |service, call| service.view_account(call, "alice").map(drop)),
    ("may_create_account", |service, call| service.may_create_account(call).map(drop)),
    ("may_update_account", |service, call| service.may_update_account(call, "alice").map(drop)),
    ("may_change_password", |service, call| service.may_change_password(call, "alice").map(drop)),
    ("create_user", |service, call| service.create_user(call, new_user("eve")).map(drop)),
    ("update_account", |service, call| {
        let update = AccountUpdate { is_admin: Some(true), ..AccountUpdate::default() };
        service.update_account(call, "alice", update).map(drop)
    }),
    ("delete_account", |service, call| service.delete_account(call, "alice", true).map(drop)),
    ("delete_account", |service, call| service.delete_account(call, "nobody", false).map(drop)),
    ("change_password", |service, call| service.change_password(call, "alice", None, &password()).map(drop)),
    ("unlock", |service, call| service.unlock(call, "alice")),
    ("create_organization", |service, call| {
        let new = NewOrganization { name: name("evil"), full_name: String::new(), adopt_repositories: true };
        service.create_organization(call, new).map(drop)
    }),
    ("list_members", |service, call| service.list_members(call, "acme", MemberFilter::All, &whole()).map(drop)),
    ("organizations_of_user", |service, call| service.organizations_of_user(call, "alice", &whole()).map(drop)),
    ("view_member", |service, call| service.view_member(call, "acme", "alice").map(drop)),
    ("may_change_organization", |service, call| {
        service.may_change_organization(call, Act::OrganizationPutMember, "acme").map(drop)
    }),
    ("put_member", |service, call| service.put_member(call, "acme", "alice", Some(true)).map(drop)),
    ("delete_member", |service, call| service.delete_member(call, "acme", "alice")),
    ("teams_of_member", |service, call| service.teams_of_member(call, "acme", "alice").map(drop)),
    ("list_teams", |service, call| service.list_teams(call, "acme", &whole()).map(drop)),
    ("view_team", |service, call| service.view_team(call, "acme", "dev").map(drop)),
    ("create_team", |service, call| service.create_team(call, "acme", &name("ops"), String::new()).map(drop)),
    ("update_team", |service, call| {
        service.update_team(call, "acme", "dev", TeamUpdate { name: None, description: Some("x".to_owned()) }).map(drop)
    }),
    ("delete_team", |service, call| service.delete_team(call, "acme", "dev")),
    ("list_team_members", |service, call| service.list_team_members(call, "acme", "dev", &whole()).map(drop)),
    ("view_team_member", |service, call| service.view_team_member(call, "acme", "dev", "alice").map(drop)),
    ("put_team_member", |service, call| service.put_team_member(call, "acme", "dev", "bob").map(drop)),
    ("delete_team_member", |service, call| service.delete_team_member(call, "acme", "dev", "alice")),
    ("create_token", |service, call| service.create_token(call, new_token()).map(drop)),
    ("list_tokens", |service, call| service.list_tokens(call, &TokenFilter::default(), None, 10, false).map(drop)),
    ("list_tokens_by_end", |service, call| {
        service.list_tokens_by_end(call, &TokenFilter::default(), None, 10, false).map(drop)
    }),
    ("view_token", |service, call| service.view_token(call, &hash(service)).map(drop)),
    ("may_identify_token", |service, call| service.may_identify_token(call).map(drop)),
    ("identify_token", |service, call| service.identify_token(call, &secret()).map(drop)),
    ("may_revoke_tokens", |service, call| service.may_revoke_tokens(call).map(drop)),
    ("revoke_tokens", |service, call| service.revoke_tokens(call, &[secret()])),
    ("may_change_token", |service, call| service.may_change_token(call, Act::TokenUpdate, &hash(service)).map(drop)),
    ("update_token", |service, call| service.update_token(call, &hash(service), None, Some(false)).map(drop)),
    ("rotate_token", |service, call| service.rotate_token(call, &hash(service), Rotation::default(), None).map(drop)),
    ("end_overlap", |service, call| service.end_overlap(call, &hash(service)).map(drop)),
    ("may_manage_robots", |service, call| service.may_manage_robots(call, Act::RobotCreate, "acme").map(drop)),
    ("create_robot", |service, call| {
        let (organization, name, patterns) = ("acme".to_owned(), name("ci"), Vec::new());
        let new =
            NewRobot { organization, name, label: None, expiry: Expiry::Default, cap: AccessLevel::ReadOnly, patterns };
        service.create_robot(call, new).map(drop)
    }),
    ("preview_robot_reach", |service, call| {
        service.preview_robot_reach(call, "acme", AccessLevel::ReadOnly, &[]).map(drop)
    }),
    ("list_robots", |service, call| service.list_robots(call, "acme", &whole()).map(drop)),
    ("unreached_patterns", |service, call| service.unreached_patterns(call, &hash(service)).map(drop)),
    ("may_be_meant", |service, call| service.may_be_meant(call, Some("alice"), &[])),
    ("count_tokens", |service, call| service.count_tokens(call, None, false, call.now).map(drop)),
    ("preview_reach", |service, call| service.preview_reach(call, Some("alice"), &Limits::none()).map(drop)),
    ("list_sessions", |service, call| service.list_sessions(call, "alice").map(drop)),
    ("end_session", |service, call| service.end_session(call, "alice", "none")),
    ("end_other_sessions", |service, call| service.end_other_sessions(call, "alice").map(drop)),
    ("delete_token", |service, call| service.delete_token(call, &hash(service))),
    ("may_clean_up", |service, call| {
        let filter = TokenFilter { everybody: true, ..TokenFilter::default() };
        service.may_clean_up(call, &filter).map(drop)
    }),
    ("clean_up_tokens", |service, call| {
        let filter = TokenFilter { username: Some("alice".to_owned()), ..TokenFilter::default() };
        service.clean_up_tokens(call, &filter).map(drop)
    }),
];

const ON_REPOSITORIES: &[UseCase] = &[
    ("list_repositories", |service, call| service.list_repositories(call, &repositories()).map(drop)),
    ("catalog", |service, call| service.catalog(call, None, 10).map(drop)),
    ("search", |service, call| service.search(call, &search()).map(drop)),
    ("view_repository", |service, call| service.view_repository(call, &named("alice/app")).map(drop)),
    ("daily_activity", |service, call| service.daily_activity(call, &named("alice/app")).map(drop)),
    ("create_repository", |service, call| service.create_repository(call, new_repository()).map(drop)),
    ("update_repository", |service, call| {
        service.update_repository(call, &named("alice/app"), RepositoryUpdate::default()).map(drop)
    }),
    ("delete_repository", |service, call| service.delete_repository(call, &named("alice/app")).map(drop)),
    ("delete_repository", |service, call| service.delete_repository(call, &named("alice/none")).map(drop)),
    ("may_transfer", |service, call| service.may_transfer(call, "alice/app").map(drop)),
    ("transfer_repository", |service, call| service.transfer_repository(call, &named("alice/app"), "bob").map(drop)),
    ("transfer_repositories", |service, call| service.transfer_repositories(call, "alice", "bob").map(drop)),
    ("try_transfer_of_repositories", |service, call| {
        service.try_transfer_of_repositories(call, "alice", "bob").map(drop)
    }),
    ("view_tags", |service, call| {
        let latest = TagOrDigest::parse("latest");
        service.view_tags(call, &named("alice/app"), latest.as_ref()).map(drop)
    }),
    ("list_manifests", |service, call| service.list_manifests(call, &named("alice/app"), None, 10).map(drop)),
    ("list_tags", |service, call| service.list_tags(call, &named("alice/app"), None, 10).map(drop)),
    ("begin_tag_deletion", |service, call| {
        service.begin_tag_deletion(call, &named("alice/app"), tag("1.0"), vec![]).map(drop)
    }),
    ("tag_deletion_begins", |service, caller| {
        let local = call(Service::local(0), caller.now);
        let mut permitted = service.begin_tag_deletion(&local, &named("alice/app"), tag("1.0"), vec![])?;
        service.tag_deletion_begins(caller, &mut permitted)
    }),
    ("tags_go_along", |service, caller| {
        let local = call(Service::local(0), caller.now);
        let mut permitted = service.begin_tag_deletion(&local, &named("alice/app"), tag("1.0"), vec![])?;
        service.tags_go_along(caller, &mut permitted, vec![tag("1.1")])
    }),
    ("may_grant", |service, call| service.may_grant(call, &app()).map(drop)),
    ("may_update_repository", |service, call| service.may_update_repository(call, &named("alice/app")).map(drop)),
    ("list_grants", |service, call| service.list_grants(call, &app(), GranteeKind::User).map(drop)),
    ("put_grant", |service, call| {
        service.put_grant(call, &app(), GranteeKind::User, "bob", GrantLevel::Admin).map(drop)
    }),
    ("delete_grant", |service, call| service.delete_grant(call, &app(), GranteeKind::User, "bob")),
    ("repository_access", |service, call| service.repository_access(call, &named("alice/app")).map(drop)),
    ("access_of", |service, call| service.access_of(call, "alice", &named("alice/app")).map(drop)),
    ("reach_of", |service, call| service.reach_of(call, "alice", None).map(drop)),
    ("reach_of", |service, call| service.reach_of(call, "alice", Some(&app())).map(drop)),
    ("list_grants", |service, call| service.list_grants(call, &app(), GranteeKind::Team).map(drop)),
    ("view_team_grant", |service, call| service.view_team_grant(call, &app(), "dev").map(drop)),
    ("put_grant", |service, call| {
        service.put_grant(call, &app(), GranteeKind::Team, "dev", GrantLevel::Admin).map(drop)
    }),
    ("delete_grant", |service, call| service.delete_grant(call, &app(), GranteeKind::Team, "dev")),
    ("repositories_of_team", |service, call| service.repositories_of_team(call, "acme", "dev", None, 10).map(drop)),
    ("check_access", |service, call| {
        let (user, action) = (Some("alice".to_owned()), Action::Push);
        let asked = AskedAccess { user, token: None, action, repository: named("alice/app") };
        service.check_access(call, &asked).map(drop)
    }),
    ("check_access", |service, call| {
        let (token, action) = (Some(hash(service)), Action::Pull);
        let asked = AskedAccess { user: None, token, action, repository: named("alice/none") };
        service.check_access(call, &asked).map(drop)
    }),
    ("list_access_of_account", |service, call| service.list_access_of_account(call, "alice", None, 10).map(drop)),
    ("list_access_of_team", |service, call| service.list_access_of_team(call, "acme", "dev", None, 10).map(drop)),
    ("list_access_of_token", |service, call| service.list_access_of_token(call, &hash(service), None, 10).map(drop)),
    ("list_tokens_reaching", |service, call| {
        service.list_tokens_reaching(call, &named("alice/app"), None, 10).map(drop)
    }),
    ("decide", |service, call| {
        let scopes = Scopes::parse(["repository:alice/app:pull,push", "repository:alice/new:push"]).unwrap();
        service.decide(call.clone(), None, scopes).map(drop)
    }),
    ("refuse_scopes", |service, call| service.refuse_scopes(call, TooManyScopes)),
];

const ON_THE_WHOLE: &[UseCase] = &[
    ("may_manage_tokens", |service, call| service.may_manage_tokens(call, Act::TokenCreate, Some("alice")).map(drop)),
    ("may_create_repository", |service, call| service.may_create_repository(call, &Namespace::Empty).map(drop)),
    ("may_verify_audit", |service, call| service.may_verify_audit(call).map(drop)),
    ("examine", |service, call| service.examine(call).map(drop)),
    ("may_administer", |service, call| service.may_administer(call, Act::ServerVersion)),
    ("may_back_up", Service::may_back_up),
    ("begin_backup", Service::begin_backup),
    ("write_backup", |service, call| service.write_backup(call, std::io::sink()).map(drop)),
    ("note_backup", Service::note_backup),
    ("check_store", |service, call| service.check_store(call).map(drop)),
    ("compare_registry", |service, call| service.compare_registry(call, Act::RegistrySync).map(drop)),
    ("rotate_signing_key", Service::rotate_signing_key),
    ("see_registry_host", |service, call| service.see_registry_host(call).map(drop)),
    ("live_settings", |service, call| service.live_settings(call).map(drop)),
    ("may_set", |service, call| service.may_set(call).map(drop)),
    ("choose_settings", |service, call| {
        let asked = Choices { create_on_push: Some(false), ..Choices::default() };
        service.choose_settings(call, asked).map(drop)
    }),
    ("list_audit", |service, call| service.list_audit(call, &AuditFilter::default(), AuditPlace::newest(10)).map(drop)),
    ("account_activity", |service, call| {
        service.account_activity(call, "alice", &AuditFilter::default(), None, 10).map(drop)
    }),
    ("token_activity", |service, call| {
        service.token_activity(call, &hash(service), &AuditFilter::default(), None, 10).map(drop)
    }),
    ("audit_head", |service, call| service.audit_head(call).map(drop)),
    ("audit_after", |service, call| service.audit_after(call, 0, 1).map(drop)),
    ("audit_has", |service, call| service.audit_has(call, AuditHead::default()).map(drop)),
    ("verify_audit", |service, call| service.verify_audit(call, None).map(drop)),
];

/// Use-cases for accounts that have signed in; all other callers are unauthenticated.
const ON_SESSIONS: &[UseCase] = &[
    ("open_session", |service, call| service.open_session(call).map(drop)),
    ("view_session", |service, call| service.view_session(call, None).map(drop)),
    ("close_session", Service::close_session),
];

/// Use-cases that refuse nobody, but tell nothing to callers who may not know: see their own tests.
const HARMLESS: [&str; 5] = ["admit", "events_secret", "make_for_push", "tag_deleted", "tag_deletion_cancelled"];

/// A public repository with a tag, and a deleted one; alice, in a team and with an access token; and bob.
fn peopled() -> Scene {
    let mut scene = Scene::new();
    scene.make("alice/app");
    scene.tell("alice/app", pushed("1.0", 1));
    scene.make("alice/old");
    scene.delete("alice/old");
    let (service, local) = (scene.service(), scene.local());
    let public = RepositoryUpdate { is_public: Some(true), ..RepositoryUpdate::default() };
    service.update_repository(&local, &named("alice/app"), public).unwrap();
    service.create_user(&local, new_user("bob")).unwrap();
    let acme = NewOrganization { name: name("acme"), full_name: String::new(), adopt_repositories: false };
    service.create_organization(&local, acme).unwrap();
    service.create_team(&local, "acme", &name("dev"), String::new()).unwrap();
    service.put_team_member(&local, "acme", "dev", "alice").unwrap();
    service.create_token(&local, new_token()).unwrap();
    scene
}

/// The names of the use-cases that take a call, as they stand in the source.
fn use_cases() -> BTreeSet<String> {
    let mut open = vec![Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/service")).to_owned()];
    let mut sources = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_file() {
            sources.push(fs::read_to_string(path).unwrap());
        } else if !path.ends_with("tests") {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    let declared = sources.iter().flat_map(|source| source.split("    pub fn ").skip(1));
    let declared = declared.filter_map(|rest| rest.split_once('{')).map(|(head, _)| head);
    let taking = declared.filter(|head| ["call: &Call", "call: Call"].iter().any(|call| head.contains(call)));
    taking.filter_map(|head| head.split_once('(')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn the_registry_tells_what_it_holds_and_does_nothing_else() {
    let scene = peopled();
    let walked = [ON_ACCOUNTS, ON_REPOSITORIES, ON_THE_WHOLE].concat();
    let named: BTreeSet<String> =
        walked.iter().chain(ON_SESSIONS).chain(TELLING).map(|(name, _)| (*name).to_owned()).collect();
    let known: BTreeSet<String> = use_cases().into_iter().filter(|name| !HARMLESS.contains(&name.as_str())).collect();
    assert_eq!(named, known, "a use-case that nobody tries, or that is no more");
    let before = scene.service().store.state();
    for (name, attempt) in walked {
        let refused = attempt(scene.service(), &scene.registry());
        assert!(matches!(refused, Err(Error::Denied(_))), "{name}: {refused:?}");
    }
    for (name, attempt) in ON_SESSIONS {
        let refused = attempt(scene.service(), &scene.registry());
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{name}: {refused:?}");
    }
    assert!(scene.service().events_secret(&scene.registry()).unwrap().is_none());
    assert!(*before == *scene.service().store.state());
}

#[test]
fn nobody_but_the_registry_tells_what_it_holds() {
    let scene = peopled();
    let service = scene.service();
    let (_, text) = service.create_token(&scene.local(), new_token()).unwrap();
    let state = service.store.state();
    let account = |name: &str| Caller::of_account(state.account_named(name).unwrap());
    let anonymous = service.authenticate(super::super::Credentials::None, None, start()).unwrap();
    let callers = [
        ("anonymous", anonymous),
        ("the owner", account("alice")),
        ("the owner's access token", sign_in(service, "alice", text.reveal(), start()).unwrap()),
        ("another user", account("bob")),
        ("an administrator", account("admin")),
        ("the local administrator", Service::local(0)),
    ];
    for (who, caller) in callers {
        for (name, attempt) in TELLING {
            let is_anonymous = caller.is_anonymous();
            match attempt(service, &call(caller.clone(), scene.now())) {
                Err(Error::Unauthenticated) if is_anonymous => {}
                Err(Error::Denied(_)) if !is_anonymous => {}
                other => panic!("{name} by {who}: {other:?}"),
            }
        }
    }
    assert!(*state == *service.store.state());
    // A notification that was refused to others still counts when the registry sends it.
    let told = notice("x", "alice/app", scene.now(), pushed("2.0", 2));
    assert!(service.take_notice(&scene.registry(), told).unwrap());
    for (name, attempt) in TELLING {
        assert!(attempt(service, &scene.registry()).is_ok(), "{name}");
    }
}

#[test]
fn a_denied_attempt_to_tell_content_is_recorded() {
    let scene = peopled();
    let service = scene.service();
    for (name, attempt) in TELLING {
        assert!(attempt(service, &scene.local()).is_err(), "{name}");
    }
    let denied = AuditFilter { outcome: Some(Outcome::Denied), ..AuditFilter::default() };
    let records = service.list_audit(&scene.local(), &denied, AuditPlace::newest(100)).unwrap().page.entries;
    let actions: BTreeSet<&str> = records.iter().map(|logged| logged.record.action.as_str()).collect();
    assert_eq!(actions, BTreeSet::from(["registry.compare", "registry.notify", "registry.read"]));
    assert!(records.iter().all(|logged| logged.record.actor == "local:0"));
}

#[test]
fn the_secret_of_notifications_is_the_registry_alone_and_compared_whole() {
    let scene = Scene::new();
    let secret = scene.service().events_secret(&scene.local()).unwrap().unwrap();
    let opens = |shown: &str| scene.service().authenticate_registry(shown).is_some();
    assert!(opens(&secret) && secret.len() >= 43);
    let upper = secret.to_uppercase();
    for wrong in
        ["", &secret[1..], &secret[..secret.len() - 1], &format!("{} ", *secret), &format!("{}\n", *secret), &upper]
    {
        assert!(!opens(wrong), "{wrong:?}");
    }
    assert_eq!(format!("{:?}", scene.service().events_secret), "FileSecret");
}
