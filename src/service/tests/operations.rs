//! Random operations on the service and on the plain model: after each one, every caller sees and gets the same from
//! both, also after the store was closed and opened again.

use std::fmt::Debug;

use proptest::prelude::*;

use super::super::caller::Caller;
use super::super::{
    AccountUpdate, Call, Credentials, Error, Expiry, Issued, NewRepository, NewToken, NewUser, RepositoryQuery,
    RepositoryUpdate, Service,
};
use super::model::{By, Model, NAMES, PATTERNS, TARGETS, Token, USERS};
use super::support::{Home, adopt, call, sign_in, start};
use crate::domain::access::{AccessLevel, Actions};
use crate::domain::grant::GrantTarget;
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::scope::Scopes;
use crate::domain::secret::{TokenHash, TokenText};
use crate::domain::time::Timestamp;
use crate::domain::token::{Limits, Pattern};

#[derive(Clone, Copy, Debug)]
enum Life {
    Default,
    Never,
    Seconds(i64),
}

#[derive(Clone, Debug)]
enum Operation {
    AddUser(&'static str),
    RemoveUser {
        user: &'static str,
        with_repositories: bool,
    },
    /// Deleted, and made again under the same name.
    Replace(&'static str),
    SetActive(&'static str, bool),
    SetAdmin(&'static str, bool),
    AddRepository {
        name: &'static str,
        is_public: bool,
    },
    SetPublic {
        name: &'static str,
        is_public: bool,
    },
    RemoveRepository(&'static str),
    Push {
        name: &'static str,
        actions: &'static str,
    },
    Grant {
        target: &'static str,
        user: &'static str,
        level: AccessLevel,
    },
    Revoke {
        target: &'static str,
        user: &'static str,
    },
    AddToken {
        owner: Option<&'static str>,
        cap: AccessLevel,
        patterns: Vec<&'static str>,
        life: Life,
    },
    SetTokenActive {
        token: prop::sample::Index,
        is_active: bool,
    },
    Rotate {
        token: prop::sample::Index,
        overlap: i64,
    },
    RemoveToken(prop::sample::Index),
    Wait(i64),
    Reopen,
}

/// Who does something: of the access tokens, the one at some place.
#[derive(Clone, Debug)]
enum Actor {
    Is(By),
    Token(prop::sample::Index),
}

fn users() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&USERS[..])
}

fn actors() -> impl Strategy<Value = Actor> {
    let token = any::<prop::sample::Index>().prop_map(Actor::Token);
    prop_oneof![
        1 => Just(Actor::Is(By::Anonymous)),
        4 => Just(Actor::Is(By::Local)),
        4 => users().prop_map(|user| Actor::Is(By::User(user))),
        5 => token,
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    let (name, target) = (prop::sample::select(&NAMES[..]), prop::sample::select(&TARGETS[..]));
    let levels = [AccessLevel::ReadOnly, AccessLevel::ReadWrite, AccessLevel::Admin];
    let level = prop::sample::select(levels.to_vec());
    let token = any::<prop::sample::Index>();
    let actions = prop::sample::select(vec!["push", "pull,push", "push,delete", "pull", "delete", "*"]);
    prop_oneof![
        5 => users().prop_map(Operation::AddUser),
        2 => (users(), any::<bool>()).prop_map(|(user, with)| Operation::RemoveUser { user, with_repositories: with }),
        3 => users().prop_map(Operation::Replace),
        2 => (users(), prop::bool::weighted(0.7)).prop_map(|(user, is)| Operation::SetActive(user, is)),
        1 => (users(), any::<bool>()).prop_map(|(user, is)| Operation::SetAdmin(user, is)),
        5 => (name.clone(), any::<bool>()).prop_map(|(name, is_public)| Operation::AddRepository { name, is_public }),
        2 => (name.clone(), any::<bool>()).prop_map(|(name, is_public)| Operation::SetPublic { name, is_public }),
        2 => name.clone().prop_map(Operation::RemoveRepository),
        5 => (name, actions).prop_map(|(name, actions)| Operation::Push { name, actions }),
        7 => (target.clone(), users(), level.clone()).prop_map(|(target, user, level)| Operation::Grant { target, user, level }),
        2 => (target, users()).prop_map(|(target, user)| Operation::Revoke { target, user }),
        8 => new_tokens(level),
        3 => (token.clone(), any::<bool>()).prop_map(|(token, is_active)| Operation::SetTokenActive { token, is_active }),
        2 => (token.clone(), prop_oneof![Just(0), Just(100_i64)]).prop_map(|(token, overlap)| Operation::Rotate { token, overlap }),
        2 => token.prop_map(Operation::RemoveToken),
        2 => whole_steps(2).prop_map(Operation::Wait),
        1 => Just(Operation::Reopen),
    ]
}

/// What there is to begin with: without it most of what follows would have nothing to act on.
fn beginnings() -> impl Strategy<Value = Vec<(Actor, Operation)>> {
    let by_local = |operation| (Actor::Is(By::Local), operation);
    let mut first = USERS.map(|user| by_local(Operation::AddUser(user))).to_vec();
    // An access token of an administrator, which makes others for everybody.
    let (owner, cap, patterns, life) = (Some(USERS[0]), AccessLevel::Admin, Vec::new(), Life::Default);
    first.push(by_local(Operation::SetAdmin(USERS[0], true)));
    first.push(by_local(Operation::AddToken { owner, cap, patterns, life }));
    let repository = (prop::sample::select(&NAMES[..]), prop::bool::weighted(0.4));
    let repository = repository.prop_map(|(name, is_public)| Operation::AddRepository { name, is_public });
    let levels = vec![AccessLevel::ReadOnly, AccessLevel::ReadWrite, AccessLevel::Admin];
    let grant = (prop::sample::select(&TARGETS[..]), users(), prop::sample::select(levels.clone()));
    let grant = grant.prop_map(|(target, user, level)| Operation::Grant { target, user, level });
    let admin = (users(), any::<bool>()).prop_map(|(user, is)| Operation::SetAdmin(user, is));
    let operation = prop_oneof![6 => repository, 4 => grant, 8 => new_tokens(prop::sample::select(levels)), 2 => admin];
    let token = any::<prop::sample::Index>().prop_map(Actor::Token);
    let actor = prop_oneof![2 => Just(Actor::Is(By::Local)), 1 => token];
    prop::collection::vec((actor, operation), 20).prop_map(move |more| [first.clone(), more].concat())
}

/// Seconds in steps of fifty, so that what ends ends at the very moment at which somebody looks.
fn whole_steps(most: i64) -> impl Strategy<Value = i64> {
    (1..=most).prop_map(|steps| steps * 50)
}

fn new_tokens(level: impl Strategy<Value = AccessLevel>) -> impl Strategy<Value = Operation> {
    let life = prop_oneof![
        3 => Just(Life::Default),
        1 => Just(Life::Never),
        2 => whole_steps(6).prop_map(Life::Seconds),
    ];
    let patterns = prop_oneof![
        2 => Just(Vec::new()),
        2 => prop::sample::subsequence(&PATTERNS[..], 1..4),
    ];
    let cap = prop_oneof![2 => Just(AccessLevel::Admin), 1 => level];
    (prop::option::of(users()), cap, patterns, life).prop_map(|(owner, cap, patterns, life)| Operation::AddToken {
        owner,
        cap,
        patterns,
        life,
    })
}

/// The service, and what it must say.
struct Both<'h> {
    home: &'h Home,
    /// None only between closing and opening.
    opened: Option<Service>,
    model: Model,
    /// Of each access token: a registry token made with it, and the second at which that ends.
    registry_tokens: Vec<Option<(String, i64)>>,
}

impl<'h> Both<'h> {
    fn new(home: &'h Home) -> Self {
        let service = home.open(start());
        adopt(&service, "busybox");
        let mut model = Model::at(start().seconds());
        model.repositories.insert("busybox", false);
        Self { home, opened: Some(service), model, registry_tokens: Vec::new() }
    }

    fn service(&self) -> &Service {
        self.opened.as_ref().unwrap()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.model.now)
    }

    fn by(&self, actor: &Actor) -> Option<By> {
        match actor {
            Actor::Is(by) => Some(*by),
            Actor::Token(_) if self.model.tokens.is_empty() => None,
            Actor::Token(index) => Some(By::Token(index.index(self.model.tokens.len()))),
        }
    }

    fn call(&self, caller: Caller) -> Call {
        call(caller, self.now())
    }

    /// The caller as a request would bring it; none if there is no such account or its credential is refused.
    fn caller(&self, by: By) -> Option<Caller> {
        match by {
            By::Anonymous => self.service().authenticate(Credentials::None, None, self.now()).ok(),
            By::Local => Some(Service::local(0)),
            By::User(user) => self.service().store.state().account_named(user).map(|user| Caller::of_account(user)),
            By::Token(place) => {
                let token = &self.model.tokens[place];
                sign_in(self.service(), token.owner, &token.text, self.now()).ok()
            }
        }
    }

    fn hash(&self, place: usize) -> String {
        hash_of(&self.model.tokens[place].text).to_string()
    }
}

fn hash_of(text: &str) -> TokenHash {
    TokenText::parse(text).unwrap().hash()
}

fn named(name: &str) -> RepositoryName {
    RepositoryName::parse(name).unwrap()
}

fn target_of(target: &str) -> GrantTarget {
    match target.strip_suffix("/*") {
        Some(namespace) => GrantTarget::Namespace(Namespace::parse(namespace).unwrap()),
        None => GrantTarget::Repository(named(target)),
    }
}

/// Both agree on whether it was done.
#[track_caller]
fn agree<T>(result: Result<T, Error>, expected: bool, what: &dyn Debug) -> Option<T> {
    assert_eq!(result.is_ok(), expected, "{what:?}: {:?}", result.as_ref().err());
    result.ok()
}

/// Doing.
impl Both<'_> {
    fn run(&mut self, actor: &Actor, operation: &Operation) {
        let Some(by) = self.by(actor) else { return };
        let Some(caller) = self.caller(by) else {
            assert!(!self.model.stands(by), "{by:?} is refused");
            return;
        };
        let call = self.call(caller);
        match operation {
            Operation::Wait(seconds) => self.model.now += seconds,
            Operation::Reopen => self.reopen(),
            Operation::Replace(user) => {
                self.run(actor, &Operation::RemoveUser { user, with_repositories: false });
                self.run(actor, &Operation::AddUser(user));
            }
            Operation::Push { name, actions } => self.push(by, &call, name, actions),
            Operation::AddUser(..)
            | Operation::RemoveUser { .. }
            | Operation::SetActive(..)
            | Operation::SetAdmin(..) => {
                self.on_account(by, &call, operation);
            }
            Operation::AddRepository { .. } | Operation::SetPublic { .. } | Operation::RemoveRepository(_) => {
                self.on_repository(by, &call, operation);
            }
            Operation::Grant { .. } | Operation::Revoke { .. } => self.on_grant(by, &call, operation),
            Operation::AddToken { .. } => self.add_token(by, &call, operation),
            Operation::SetTokenActive { token, .. }
            | Operation::Rotate { token, .. }
            | Operation::RemoveToken(token) => {
                if !self.model.tokens.is_empty() {
                    let place = token.index(self.model.tokens.len());
                    self.on_token(by, &call, operation, place);
                }
            }
        }
    }

    fn reopen(&mut self) {
        if let Some(service) = self.opened.take() {
            service.close(self.now());
        }
        self.opened = Some(self.home.open(self.now()));
    }

    fn on_account(&mut self, by: By, call: &Call, operation: &Operation) {
        let may = self.model.is_administrator(by);
        // An access token makes no administrator.
        let may_raise = may && !matches!(by, By::Token(_));
        let update = |user: &str, update| self.service().update_account(call, user, update).map(drop);
        match *operation {
            Operation::AddUser(name) => {
                let is_new = !self.model.users.contains_key(name);
                let new = NewUser {
                    name: Name::parse(name).unwrap(),
                    full_name: String::new(),
                    password: None,
                    is_active: true,
                    is_admin: false,
                    adopt_repositories: true,
                };
                agree(self.service().create_user(call, new).map(drop), may && is_new, operation);
                if may {
                    self.model.add_user(name);
                }
            }
            Operation::RemoveUser { user, with_repositories } => {
                agree(self.service().delete_account(call, user, with_repositories), may, operation);
                if may {
                    self.model.remove_user(user, with_repositories);
                }
            }
            Operation::SetActive(user, is) => {
                let change = AccountUpdate { is_active: Some(is), ..AccountUpdate::default() };
                agree(update(user, change), may && self.model.users.contains_key(user), operation);
                if let Some(user) = self.model.users.get_mut(user).filter(|_| may) {
                    user.is_active = is;
                }
            }
            Operation::SetAdmin(user, is) => {
                let change = AccountUpdate { is_admin: Some(is), ..AccountUpdate::default() };
                let is_raised = self.model.users.get(user).is_some_and(|user| is && !user.is_admin);
                let may = if is_raised { may_raise } else { may };
                agree(update(user, change), may && self.model.users.contains_key(user), operation);
                if let Some(user) = self.model.users.get_mut(user).filter(|_| may) {
                    user.is_admin = is;
                }
            }
            _ => unreachable!("on no account: {operation:?}"),
        }
    }

    fn on_repository(&mut self, by: By, call: &Call, operation: &Operation) {
        match *operation {
            Operation::AddRepository { name, is_public } => {
                let is_free = self.model.has_namespace(name) && !self.model.repositories.contains_key(name);
                let may = self.model.may_make(by, name, AccessLevel::Admin) && is_free;
                let (short_description, long_description) = (String::new(), String::new());
                let new = NewRepository { name: named(name), is_public, short_description, long_description };
                agree(self.service().create_repository(call, new).map(drop), may, operation);
                if may {
                    self.model.repositories.insert(name, is_public);
                }
            }
            Operation::SetPublic { name, is_public } => {
                let may = self.model.administers(by, name);
                let update = RepositoryUpdate { is_public: Some(is_public), ..RepositoryUpdate::default() };
                agree(self.service().update_repository(call, &named(name), update).map(drop), may, operation);
                if may {
                    self.model.repositories.insert(name, is_public);
                }
            }
            Operation::RemoveRepository(name) => {
                let is_known = self.model.repositories.contains_key(name);
                let may =
                    self.model.administers(by, name) || !is_known && self.model.may_make(by, name, AccessLevel::Admin);
                agree(self.service().delete_repository(call, &named(name)), may, operation);
                if may {
                    self.model.remove_repository(name);
                }
            }
            _ => unreachable!("on no repository: {operation:?}"),
        }
    }

    fn on_grant(&mut self, by: By, call: &Call, operation: &Operation) {
        match *operation {
            Operation::Grant { target, user, level } => {
                let may = self.model.administers(by, target) && self.model.users.contains_key(user);
                agree(self.service().put_user_grant(call, &target_of(target), user, level).map(drop), may, operation);
                if may {
                    self.model.grants.insert((target, user), level);
                }
            }
            Operation::Revoke { target, user } => {
                let may = self.model.administers(by, target) && self.model.users.contains_key(user);
                agree(self.service().delete_user_grant(call, &target_of(target), user), may, operation);
                if may {
                    self.model.grants.remove(&(target, user));
                }
            }
            _ => unreachable!("on no grant: {operation:?}"),
        }
    }

    fn add_token(&mut self, by: By, call: &Call, operation: &Operation) {
        let Operation::AddToken { owner, cap, patterns, life } = operation else { return };
        let parent = if let By::Token(place) = by { Some(place) } else { None };
        let (ends, expiry) = match life {
            Life::Default => (parent.and_then(|parent| self.model.tokens[parent].ends), Expiry::Default),
            Life::Never => (None, Expiry::Never),
            Life::Seconds(seconds) => (Some(self.model.now + seconds), Expiry::At(self.now().plus_seconds(*seconds))),
        };
        let limits =
            Limits { cap: *cap, patterns: patterns.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect() };
        let username = owner.map(str::to_owned);
        let new = NewToken { username, label: None, expiry, limits, is_temporary: false };
        let owner = self.model.may_make_token(by, *owner).filter(|_| self.model.may_give_end(by, ends));
        let made = agree(self.service().create_token(call, new), owner.is_some(), &(by, operation));
        let (Some((_, text)), Some(owner)) = (made, owner) else { return };
        self.model.tokens.push(Token {
            owner,
            generation: self.model.users[owner].generation,
            cap: *cap,
            patterns: patterns.clone(),
            is_active: true,
            ends,
            parent,
            is_deleted: false,
            text: text.reveal().to_owned(),
            previous: None,
            dead: Vec::new(),
        });
        self.registry_tokens.push(None);
    }

    fn on_token(&mut self, by: By, call: &Call, operation: &Operation, place: usize) {
        let hash = self.hash(place);
        match *operation {
            Operation::SetTokenActive { is_active, .. } => {
                let gives_power = is_active && !self.model.tokens[place].is_active;
                let may =
                    self.model.may_change_token(by, place) && (!gives_power || self.model.may_empower_token(by, place));
                agree(self.service().update_token(call, &hash, None, Some(is_active)), may, &(by, operation));
                if may {
                    self.model.tokens[place].is_active = is_active;
                }
            }
            Operation::Rotate { overlap, .. } => {
                let token = &self.model.tokens[place];
                let is_alive = token.is_active && token.ends.is_none_or(|end| self.model.now < end);
                let may = self.model.may_empower_token(by, place) && is_alive;
                let rotated = agree(self.service().rotate_token(call, &hash, overlap), may, &(by, operation));
                if let Some((_, text)) = rotated {
                    let until = self.model.now + overlap;
                    let token = &mut self.model.tokens[place];
                    token.dead.extend(token.previous.take().map(|(text, _)| text));
                    token.previous = Some((std::mem::replace(&mut token.text, text.reveal().to_owned()), until));
                }
            }
            Operation::RemoveToken(_) => {
                let is_itself = by == By::Token(place) && self.model.stands(by);
                let may = is_itself || self.model.may_change_token(by, place);
                agree(self.service().delete_token(call, &hash), may, &(by, operation));
                if may {
                    self.model.remove_token(place);
                }
            }
            _ => unreachable!("on no access token: {operation:?}"),
        }
    }

    /// A registry token with `push` makes the repository where the caller may.
    fn push(&mut self, by: By, call: &Call, name: &'static str, actions: &str) {
        let asked = format!("repository:{name}:{actions}");
        let issued = self.service().issue(call, None, &Scopes::parse([asked.as_str()]).unwrap());
        let may_sign = by == By::Anonymous || self.model.stands(by);
        let Some(issued) = agree(issued, may_sign, &(by, &asked)) else { return };
        let is_free = self.model.has_namespace(name) && !self.model.repositories.contains_key(name);
        if actions.contains("push") && is_free && self.model.may_make(by, name, AccessLevel::ReadWrite) {
            self.model.repositories.insert(name, false);
        }
        assert_eq!(granted_on(&issued, name), self.expected(by, name, actions), "{by:?} asks for {asked}");
    }

    /// What of the asked is permitted, and `pull` with `push`.
    fn expected(&self, by: By, name: &'static str, actions: &str) -> Actions {
        let asked = actions.split(',').map(Actions::named).fold(Actions::NONE, Actions::union);
        let granted = asked.intersection(self.model.held(by, name));
        if granted.contains(Actions::PUSH) { granted.union(Actions::PULL) } else { granted }
    }
}

fn granted_on(issued: &Issued, name: &str) -> Actions {
    issued.scopes.repositories.get(&named(name)).copied().unwrap_or_default()
}

/// Looking.
impl Both<'_> {
    fn check(&mut self) {
        for by in [By::Anonymous, By::Local].into_iter().chain(USERS.map(By::User)) {
            if let Some(caller) = self.caller(by) {
                self.check_caller(by, &self.call(caller));
            }
        }
        for place in 0..self.model.tokens.len() {
            self.check_token(place);
        }
    }

    fn check_token(&mut self, place: usize) {
        let by = By::Token(place);
        let token = &self.model.tokens[place];
        let counts = self.model.counts(place);
        let signs_in = |text: &str| sign_in(self.service(), token.owner, text, self.now()).is_ok();
        assert_eq!(signs_in(&token.text), counts, "{token:?}");
        if let Some((previous, until)) = &token.previous {
            assert_eq!(signs_in(previous), counts && self.model.now < *until, "the secret before, of {token:?}");
        }
        assert!(!token.dead.iter().any(|text| signs_in(text)), "an ended secret of {token:?}");
        if let Some((registry_token, end)) = &self.registry_tokens[place] {
            let shown = Credentials::RegistryToken(registry_token.clone());
            let is_good = self.service().authenticate(shown, None, self.now()).is_ok();
            assert_eq!(is_good, counts && self.model.now < *end, "the registry token of {token:?}");
        }
        if let Some(caller) = self.caller(by) {
            let issued = self.check_caller(by, &self.call(caller));
            self.registry_tokens[place] =
                issued.map(|issued| (issued.token, issued.issued_at.seconds() + issued.expires_in));
        }
        self.check_descent(place);
    }

    /// An access token made by another of the same account reaches no more than it.
    fn check_descent(&self, place: usize) {
        let Some(parent) = self.model.tokens[place].parent else { return };
        let is_own = self.model.tokens[place].generation == self.model.tokens[parent].generation;
        let (Some(child), Some(parent)) = (self.caller(By::Token(place)), self.caller(By::Token(parent))) else {
            assert!(!is_own || !self.model.counts(place) || self.model.counts(parent));
            return;
        };
        if is_own {
            let everything = everything();
            let (child, parent) = (self.issue(child, &everything), self.issue(parent, &everything));
            for name in NAMES {
                let (child, parent) = (granted_on(&child, name), granted_on(&parent, name));
                assert!(parent.contains(child), "{name}: {child:?} from {parent:?}");
            }
        }
    }

    fn issue(&self, caller: Caller, scopes: &Scopes) -> Issued {
        self.service().issue(&self.call(caller), None, scopes).unwrap()
    }

    /// What a caller sees and is granted; the registry token with everything.
    fn check_caller(&self, by: By, call: &Call) -> Option<Issued> {
        if by != By::Anonymous && !self.model.stands(by) {
            assert!(matches!(self.service().catalog(call, None, 1), Err(Error::Unauthenticated)), "{by:?}");
            assert!(matches!(self.service().issue(call, None, &everything()), Err(Error::Unauthenticated)), "{by:?}");
            return None;
        }
        let visible = self.model.visible(by);
        assert_eq!(self.catalog(call), visible, "the catalogue of {by:?}");
        if by == By::Anonymous {
            assert!(matches!(self.list(call, None), Err(Error::Unauthenticated)));
        } else {
            assert_eq!(self.list(call, None).unwrap(), visible, "the list of {by:?}");
            self.check_namespaces(by, call, &visible);
        }
        for name in NAMES.into_iter().filter(|_| by != By::Anonymous) {
            let level = self.service().view_repository(call, &named(name)).ok().map(|view| view.level);
            let is_known = self.model.repositories.contains_key(name);
            assert_eq!(level, self.model.level(by, name).filter(|_| is_known), "{name} as {by:?} sees it");
        }
        let issued = self.service().issue(call, None, &everything()).unwrap();
        for name in NAMES {
            assert_eq!(granted_on(&issued, name), self.model.held(by, name), "{name} for {by:?}");
        }
        self.check_part(by, call);
        Some(issued)
    }

    fn check_namespaces(&self, by: By, call: &Call, visible: &[&str]) {
        for namespace in USERS.into_iter().chain(["_", "nobody"]) {
            let within = |name: &str| name.split_once('/').map_or("_", |(first, _)| first) == namespace;
            let expected: Vec<_> = visible.iter().copied().filter(|name| within(name)).collect();
            let is_known = namespace == "_" || self.model.users.contains_key(namespace);
            match self.list(call, Some(namespace)) {
                Ok(listed) => assert_eq!(listed, expected, "{namespace} as {by:?} sees it"),
                Err(error) => assert!(expected.is_empty() && !is_known, "{namespace} for {by:?}: {error}"),
            }
        }
    }

    /// Granted is what was asked for and is permitted, and `pull` with `push`.
    fn check_part(&self, by: By, call: &Call) {
        let known = NAMES.into_iter().filter(|name| self.model.repositories.contains_key(name));
        let words = ["pull", "push", "delete", "push,delete"];
        let asked: Vec<_> = known.zip(words.into_iter().cycle()).collect();
        let texts: Vec<_> = asked.iter().map(|(name, word)| format!("repository:{name}:{word}")).collect();
        let issued =
            self.service().issue(call, None, &Scopes::parse(texts.iter().map(String::as_str)).unwrap()).unwrap();
        for (name, word) in asked {
            let granted = granted_on(&issued, name);
            assert_eq!(granted, self.expected(by, name, word), "{word} on {name} for {by:?}");
            assert!(self.model.held(by, name).contains(granted));
        }
    }

    /// The whole catalogue, page by page.
    fn catalog(&self, call: &Call) -> Vec<String> {
        let mut names: Vec<RepositoryName> = Vec::new();
        loop {
            let (page, has_more) = self.service().catalog(call, names.last(), 3).unwrap();
            assert!(page.len() == 3 || !has_more);
            names.extend(page);
            if !has_more {
                return names.iter().map(ToString::to_string).collect();
            }
        }
    }

    /// A whole list, page by page.
    fn list(&self, call: &Call, namespace: Option<&str>) -> Result<Vec<String>, Error> {
        let namespace = namespace.map(|namespace| Namespace::parse(namespace).unwrap());
        let mut query = RepositoryQuery { namespace, contains: None, after: None, limit: 2, with_count: true };
        let mut names = Vec::new();
        loop {
            let page = self.service().list_repositories(call, &query)?;
            names.extend(page.repositories.iter().map(|view| view.repository.name.to_string()));
            query.after = page.next;
            if query.after.is_none() {
                assert_eq!(page.count, Some(names.len()));
                return Ok(names);
            }
        }
    }
}

/// Every action on every name; `*` never makes a repository.
fn everything() -> Scopes {
    let texts = NAMES.map(|name| format!("repository:{name}:*"));
    Scopes::parse(texts.iter().map(String::as_str)).unwrap()
}

fn counts() -> (u32, usize) {
    if super::support::is_long() { (400, 120) } else { (48, 40) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: counts().0, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_service_says_what_the_design_says(
        beginning in beginnings(),
        steps in prop::collection::vec((actors(), operations()), counts().1),
    ) {
        let home = Home::new();
        let mut both = Both::new(&home);
        for (actor, operation) in &beginning {
            both.run(actor, operation);
        }
        both.check();
        for (actor, operation) in &steps {
            both.run(actor, operation);
            both.check();
        }
        both.reopen();
        both.check();
        both.service().close(both.now());
    }
}
