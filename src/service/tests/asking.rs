//! What is asked of access: the answer is the decision of the token endpoint, and who does not see a repository learns
//! nothing, in random states.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{AccessList, AskedAccess, Call, Error, ReachedView, Service};
use super::both::{Both, hash_of, named};
use super::doing::granted_on;
use super::model::{ACME, By, Holder, Model, NAMES, TEAMS, USERS, whole_namespace};
use super::operations::{Actor, Operation, actors, beginnings, operations};
use super::support::{Home, is_long, issue, sign_in};
use crate::domain::access::{AccessLevel, Action, Actions, GrantLevel, Reason};
use crate::domain::grant::{GrantTarget, GranteeKind};
use crate::domain::name::RepositoryName;
use crate::domain::scope::Scopes;

const ACTIONS: [Action; 3] = [Action::Pull, Action::Push, Action::Delete];

fn counts() -> (u32, usize) {
    if is_long() { (300, 60) } else { (40, 25) }
}

fn asked(user: Option<&str>, token: Option<&str>, action: Action, repository: &str) -> AskedAccess {
    let [user, token] = [user, token].map(|text| text.map(str::to_owned));
    AskedAccess { user, token, action, repository: named(repository) }
}

impl Both<'_> {
    /// Whether the token endpoint grants an action, which it may do by making the repository.
    fn is_granted(&self, call: Option<&Call>, action: Action, name: &str) -> bool {
        let scope = format!("repository:{name}:{action}");
        let scopes = Scopes::parse([scope.as_str()]).unwrap();
        let issued = call.and_then(|call| issue(self.service(), call, &scopes).ok());
        let granted = issued.map_or(Actions::NONE, |issued| granted_on(&issued, name));
        granted.contains(action.alone().with_implied())
    }

    /// The answer is what happens next, whoever asks who may.
    fn must_foretell(&self, by: By, ask: &AskedAccess, call: Option<&Call>) {
        let local = self.call(Service::local(0));
        let found = self.service().check_access(&local, ask);
        let own = AskedAccess { user: None, token: None, ..ask.clone() };
        let by_itself = call.and_then(|call| self.service().check_access(call, &own).ok());
        let name = ask.repository.to_string();
        let is_granted = self.is_granted(call, ask.action, &name);
        let what = (by, ask);
        match found {
            Ok(found) => {
                assert_eq!(found.is_allowed, is_granted, "{what:?}: {found:?}");
                assert_eq!(found.is_allowed, found.cuts.is_empty(), "{what:?}: {found:?}");
                assert!(!found.is_allowed || !found.sources.is_empty(), "{what:?}: {found:?}");
            }
            Err(Error::NotFound { .. }) => assert!(!is_granted, "{what:?}"),
            Err(error) => panic!("{what:?}: {error:?}"),
        }
        if let Some(found) = by_itself {
            assert_eq!(found.is_allowed, is_granted, "{what:?} by itself: {found:?}");
        }
    }

    /// Whoever administers the repository is answered what happens next, too; but not what somebody may as a system
    /// administrator.
    fn must_foretell_to_others(&self, user: &'static str, action: Action, name: &'static str) {
        let is_plain = self.model.users.get(user).is_some_and(|user| !user.is_admin);
        let call = self.caller(By::User(user)).map(|caller| self.call(caller));
        for other in USERS.into_iter().filter(|other| *other != user && is_plain) {
            let asking = By::User(other);
            if self.model.stands(asking) && self.model.administers(asking, name) {
                let by_other = self.call(self.caller(asking).unwrap());
                let found = self.service().check_access(&by_other, &asked(Some(user), None, action, name)).unwrap();
                let is_for_everybody = self.model.repositories[name] && action == Action::Pull;
                // Of who has what everybody has it is not told whether that may sign in.
                let is_stranger = found.sources.iter().all(|source| source.reason == Reason::Public);
                let is_untold = is_stranger && !self.model.users[other].is_admin;
                let expected = self.is_granted(call.as_ref(), action, name) || is_untold && is_for_everybody;
                assert_eq!(found.is_allowed, expected, "{user} {action} {name} to {other}: {found:?}");
                assert_eq!(found.is_there, Some(true));
                assert_eq!(found.is_for_everybody, is_for_everybody, "{found:?}");
            }
        }
    }

    fn check_answers(&self) {
        for (name, action) in NAMES.into_iter().flat_map(|name| ACTIONS.map(|action| (name, action))) {
            for user in USERS {
                let call = self.caller(By::User(user)).map(|caller| self.call(caller));
                self.must_foretell(By::User(user), &asked(Some(user), None, action, name), call.as_ref());
                self.must_foretell_to_others(user, action, name);
            }
            for (place, token) in self.model.tokens.iter().enumerate() {
                for text in std::iter::once(&token.text).chain(token.previous.as_ref().map(|it| &it.text)) {
                    let call = sign_in(self.service(), &token.user_name(), text, self.now()).ok();
                    let call = call.map(|caller| self.call(caller));
                    let hash = hash_of(text).to_string();
                    self.must_foretell(By::Token(place), &asked(None, Some(&hash), action, name), call.as_ref());
                }
            }
        }
    }

    fn callers(&self) -> Vec<(By, Call)> {
        let all = [By::Anonymous, By::Local].into_iter().chain(USERS.map(By::User));
        let all = all.chain((0..self.model.tokens.len()).map(By::Token));
        let stands = all.filter(|by| *by == By::Anonymous || self.model.stands(*by));
        stands.filter_map(|by| Some((by, self.call(self.caller(by)?)))).collect()
    }

    /// A repository that a caller does not see is like one that never was, whatever is asked of it; but for who may make
    /// repositories in its namespace: that one knows that a name is taken.
    fn check_unseen(&self) {
        for (by, call) in self.callers() {
            let unseen = NAMES.into_iter().filter(|name| self.model.level(by, name).is_none());
            for name in unseen.filter(|name| !self.model.has_lost(by, name)) {
                let never = match name.split_once('/') {
                    Some((namespace, _)) => format!("{namespace}/never"),
                    None => "never".to_owned(),
                };
                let told = |name: &str| {
                    let told = self.told(&call, name);
                    told.iter().map(|text| text.replace(name, "NAME")).collect::<Vec<_>>()
                };
                assert_eq!(told(name), told(&never), "{name} to {by:?}");
            }
        }
    }

    /// All that a caller is told about a repository.
    fn told(&self, call: &Call, name: &str) -> Vec<String> {
        let service = self.service();
        let mut told = Vec::new();
        for action in ACTIONS {
            let users = USERS.into_iter().chain(["nobody", ACME]).map(|user| asked(Some(user), None, action, name));
            let tokens = self.model.tokens.iter().map(|token| hash_of(&token.text).to_string());
            let tokens = tokens.map(|hash| asked(None, Some(&hash), action, name));
            for ask in users.chain(tokens).chain([asked(None, None, action, name)]) {
                told.push(answered(service.check_access(call, &ask).map(|found| format!("{found:?}"))));
            }
        }
        let tokens = service.list_tokens_reaching(call, &named(name), None, 10).map(|found| format!("{found:?}"));
        told.push(answered(tokens));
        told.push(answered(service.repository_access(call, &named(name)).map(|found| format!("{found:?}"))));
        let on = GrantTarget::Repository(named(name));
        for user in USERS {
            told.push(answered(service.access_of(call, user, &named(name)).map(|found| format!("{found:?}"))));
            told.push(answered(service.reach_of(call, user, Some(&on)).map(|found| format!("{found:?}"))));
        }
        let all = ACTIONS.map(|action| self.is_granted(Some(call), action, name));
        told.push(format!("{all:?}"));
        told
    }

    /// What is listed is what the design says, page by page.
    fn check_lists(&self) {
        let local = self.call(Service::local(0));
        for user in USERS.into_iter().filter(|user| self.model.users.contains_key(user)) {
            let by = By::User(user);
            let listed = listed(|after| self.service().list_access_of_account(&local, user, after, 3).unwrap());
            assert_eq!(listed, self.expected_of(by), "what {user} reaches");
        }
        for place in (0..self.model.tokens.len()).filter(|place| self.model.counts(*place)) {
            let hash = self.hash(place);
            let listed = listed(|after| self.service().list_access_of_token(&local, &hash, after, 3).unwrap());
            assert_eq!(listed, self.expected_of(By::Token(place)), "{:?}", self.model.tokens[place]);
        }
        for team in TEAMS {
            if self.model.acme.as_ref().is_some_and(|acme| acme.teams.contains_key(team)) {
                let listed = listed(|after| self.service().list_access_of_team(&local, ACME, team, after, 3).unwrap());
                assert_eq!(listed, self.expected_of_team(team), "what the team {team} reaches");
            }
        }
        for name in self.model.repositories.iter().filter(|(_, is_public)| !**is_public).map(|(name, _)| *name) {
            assert_eq!(self.reaching(&local, name), self.expected_reaching(name), "what reaches {name}");
        }
    }

    /// The model in which only who may sign in is an administrator.
    fn model_of_the_active(&self) -> Model {
        let mut model = self.model.clone();
        model.users.values_mut().for_each(|user| user.is_admin &= user.is_active);
        model
    }

    fn expected_of(&self, by: By) -> Vec<(String, AccessLevel)> {
        let model = self.model_of_the_active();
        let level = |name: &'static str| Some((name.to_owned(), model.level(by, name)?));
        model.visible(by).into_iter().filter_map(level).collect()
    }

    fn expected_of_team(&self, team: &'static str) -> Vec<(String, AccessLevel)> {
        let granted = |target: &'static str| self.model.grants.get(&(target, Holder::Team(team))).copied();
        let names = self.model.visible(By::Local).into_iter();
        let by_namespace =
            |name: &'static str| granted(whole_namespace(name)).filter(|_| !self.model.transferred.contains_key(name));
        let level = |name: &'static str| granted(name).max(by_namespace(name));
        names.filter_map(|name| Some((name.to_owned(), level(name)?))).collect()
    }

    /// The hashes of the access tokens that are listed for a repository.
    fn reaching(&self, local: &Call, name: &str) -> BTreeSet<(String, AccessLevel)> {
        let (mut all, mut after) = (BTreeSet::new(), None);
        loop {
            let page = self.service().list_tokens_reaching(local, &named(name), after, 2).unwrap().page;
            assert!(page.entries.len() <= 2);
            for entry in &page.entries {
                let token = entry.token.as_ref().unwrap();
                assert!(all.insert((token.token.hash.to_string(), entry.level)), "twice");
            }
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }

    fn expected_reaching(&self, name: &'static str) -> BTreeSet<(String, AccessLevel)> {
        let model = self.model_of_the_active();
        let is_there = |place: &usize| {
            let token = &model.tokens[*place];
            let owner = model.users.get(token.owner);
            let is_owned = owner.is_some_and(|owner| owner.generation == token.generation);
            !token.is_deleted && (is_owned || model.is_robot_of_acme(token))
        };
        let reaches = |place: usize| Some((self.hash(place), model.level(By::Token(place), name)?));
        (0..model.tokens.len()).filter(is_there).filter_map(reaches).collect()
    }
}

/// A list, page by page.
fn listed(read: impl Fn(Option<&RepositoryName>) -> AccessList) -> Vec<(String, AccessLevel)> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let list = read(after.as_ref());
        let levels = |it: &ReachedView| it.sources.iter().map(|source| source.level).max();
        assert!(list.page.entries.iter().all(|it| levels(it) >= Some(it.level)), "{list:?}");
        all.extend(list.page.entries.iter().map(|it| (it.repository.name.to_string(), it.level)));
        after = list.page.next;
        if after.is_none() {
            return all;
        }
    }
}

/// An answer as a client reads it.
fn answered(answer: Result<String, Error>) -> String {
    match answer {
        Ok(answer) => answer,
        // The reason is not told.
        Err(Error::Hidden { kind, name, reason: _ }) => format!("hidden {kind:?} {name}"),
        Err(error) => format!("{error:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: counts().0, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_check_says_what_the_token_endpoint_then_does(
        beginning in beginnings(),
        steps in prop::collection::vec((actors(), operations()), counts().1),
    ) {
        let home = Home::new();
        let mut both = Both::new(&home);
        for (actor, operation) in beginning.iter().chain(&steps) {
            both.run(actor, operation);
        }
        both.check_lists();
        both.check_unseen();
        both.check_answers();
        both.service().close(both.now());
    }
}

#[test]
fn who_administers_a_repository_is_told_of_everybody_on_it_and_no_secret_of_theirs() {
    let home = Home::new();
    let mut both = Both::new(&home);
    let mut run = |operation| both.run(&Actor::Is(By::Local), &operation);
    USERS.map(Operation::AddUser).into_iter().for_each(&mut run);
    run(Operation::AddRepository { name: "carol/app", is_public: false });
    run(Operation::SetAdmin("bob", true));
    run(Operation::SetActive("alice", false));
    let carol = both.call(both.caller(By::User("carol")).unwrap());
    let ask = |user: &str| both.service().check_access(&carol, &asked(Some(user), None, Action::Pull, "carol/app"));
    // Neither who is a system administrator nor who is inactive is for her to know.
    for user in ["alice", "bob"] {
        let found = ask(user).unwrap();
        assert!(!found.is_allowed && found.sources.is_empty(), "{found:?}");
        assert_eq!(found.cuts.iter().map(|cut| cut.cut.as_str()).collect::<Vec<_>>(), ["noAccess"]);
    }
    let target = GrantTarget::Repository(named("carol/app"));
    both.service().put_grant(&carol, &target, GranteeKind::User, "alice", GrantLevel::ReadWrite).unwrap();
    let found = ask("alice").unwrap();
    assert_eq!((found.level, found.cuts[0].cut.as_str()), (Some(AccessLevel::ReadWrite), "accountInactive"));
}
