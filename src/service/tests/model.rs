//! What the service must answer, by plain lists without any index: the rules of access in the words of the design.
//!
//! It shares only the names of levels and actions with the code under test.

use std::collections::{BTreeMap, BTreeSet};

use super::held::Held;
use crate::domain::access::{AccessLevel, Actions};

pub(super) const USERS: [&str; 3] = ["alice", "bob", "carol"];
/// The one organization, and its teams.
pub(super) const ACME: &str = "acme";
pub(super) const TEAMS: [&str; 2] = ["dev", "ops"];
pub(super) const NAMES: [&str; 10] = [
    "acme/app",
    "acme/lib",
    "alice/app",
    "alice/app-web",
    "alice/app/web",
    "bob/app",
    "bob/zoo",
    "carol/app",
    "nobody/app",
    "busybox",
];
/// The targets of grants: repository names, and whole namespaces.
pub(super) const TARGETS: [&str; 12] = [
    "acme/app",
    "acme/lib",
    "alice/app",
    "alice/app/web",
    "bob/app",
    "carol/app",
    "busybox",
    "acme/*",
    "alice/*",
    "bob/*",
    "carol/*",
    "_/*",
];
pub(super) const PATTERNS: [&str; 8] =
    ["acme/*", "alice/app", "alice/*", "alice/app/*", "bob/*", "carol/app", "_/busybox", "nobody/*"];

/// The caller of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Anonymous,
    Local,
    /// An account by itself, as with its password.
    User(&'static str),
    /// An access token, by its place in the list.
    Token(usize),
}

/// Who holds a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    User(&'static str),
    Team(&'static str),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Organization {
    generation: usize,
    /// Each with whether it administers the organization.
    pub(super) members: BTreeMap<&'static str, bool>,
    /// Each with its members.
    pub(super) teams: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

#[derive(Clone, Debug)]
pub(super) struct User {
    /// A user made again under the same name has another.
    pub(super) generation: usize,
    pub(super) is_active: bool,
    pub(super) is_admin: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) owner: &'static str,
    pub(super) generation: usize,
    pub(super) cap: AccessLevel,
    pub(super) patterns: Vec<&'static str>,
    pub(super) is_active: bool,
    pub(super) ends: Option<i64>,
    pub(super) parent: Option<usize>,
    pub(super) is_deleted: bool,
    /// Whether its account made it itself.
    pub(super) is_own: bool,
    /// The secret, the one that it replaced, and those that have ended.
    pub(super) text: String,
    pub(super) previous: Option<Previous>,
    pub(super) dead: Vec<String>,
    /// Its name, if it is a robot of the organization, which then is its owner.
    pub(super) robot: Option<String>,
}

/// A replaced secret.
#[derive(Clone, Debug)]
pub(super) struct Previous {
    pub(super) text: String,
    pub(super) until: i64,
    /// The access token that it was made with.
    pub(super) parent: Option<usize>,
}

impl Token {
    /// The name that signs in with it.
    pub(super) fn user_name(&self) -> String {
        self.robot.as_ref().map_or_else(|| self.owner.to_owned(), |robot| format!("{}/{robot}", self.owner))
    }

    pub(super) fn is_capped(&self) -> bool {
        self.cap != AccessLevel::Admin || !self.patterns.is_empty()
    }

    fn reaches(&self, name: &str) -> bool {
        let meant = |pattern: &&str| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => pattern.strip_prefix("_/").unwrap_or(pattern) == name,
        };
        self.patterns.is_empty() || self.patterns.iter().any(meant)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    /// Seconds since 1970.
    pub(super) now: i64,
    generations: usize,
    pub(super) users: BTreeMap<&'static str, User>,
    /// Each with whether it is public.
    pub(super) repositories: BTreeMap<&'static str, bool>,
    /// Those that were transferred, each with the generation of the account that they were given to.
    pub(super) transferred: BTreeMap<&'static str, usize>,
    /// What the registry holds of each of them.
    pub(super) held: BTreeMap<&'static str, Held>,
    /// Names that were deleted and not made again, each with the second of its deletion and the owner of its namespace
    /// then.
    pub(super) deleted: BTreeMap<&'static str, (i64, Option<usize>)>,
    pub(super) acme: Option<Organization>,
    pub(super) grants: BTreeMap<(&'static str, Holder), AccessLevel>,
    pub(super) tokens: Vec<Token>,
}

/// The namespace of a name or a target, spelled as in [`TARGETS`].
pub(super) fn whole_namespace(name: &str) -> &'static str {
    let namespace = name.split_once('/').map_or("_", |(namespace, _)| namespace);
    TARGETS.into_iter().find(|target| *target == format!("{namespace}/*")).unwrap_or("nobody/*")
}

fn is_whole_namespace(target: &str) -> bool {
    target.ends_with("/*")
}

/// Who may do what.
impl Model {
    fn token(&self, by: By) -> Option<&Token> {
        match by {
            By::Token(place) => Some(&self.tokens[place]),
            By::Anonymous | By::Local | By::User(_) => None,
        }
    }

    /// The account behind a caller.
    pub(super) fn account(&self, by: By) -> Option<&'static str> {
        match by {
            By::Anonymous | By::Local => None,
            By::User(user) => Some(user),
            By::Token(place) => Some(self.tokens[place].owner),
        }
    }

    pub(super) fn counts(&self, place: usize) -> bool {
        let token = &self.tokens[place];
        let is_owned =
            self.users.get(token.owner).is_some_and(|owner| owner.is_active && owner.generation == token.generation);
        (is_owned || self.is_robot_of_acme(token)) && self.is_alive(token, token.parent)
    }

    /// Whether it is a robot of the organization that there is.
    pub(super) fn is_robot_of_acme(&self, token: &Token) -> bool {
        token.robot.is_some() && self.acme.as_ref().is_some_and(|acme| acme.generation == token.generation)
    }

    /// Whether an access token is alive, whoever owns it, and what its secret was made with.
    fn is_alive(&self, token: &Token, maker: Option<usize>) -> bool {
        let is_alive = token.is_active && !token.is_deleted && token.ends.is_none_or(|end| self.now < end);
        is_alive && self.maker_counts(token, maker)
    }

    /// The secret of a robot hangs on its maker, whoever owns that; any other on one of the same account.
    fn maker_counts(&self, token: &Token, maker: Option<usize>) -> bool {
        let hangs_on =
            maker.filter(|maker| token.robot.is_some() || self.tokens[*maker].generation == token.generation);
        hangs_on.is_none_or(|maker| self.is_alive(&self.tokens[maker], self.tokens[maker].parent))
    }

    /// Whether the replaced secret of an access token is accepted.
    pub(super) fn previous_counts(&self, place: usize) -> bool {
        let token = &self.tokens[place];
        let is_open = |it: &Previous| self.now < it.until && self.maker_counts(token, it.parent);
        self.counts(place) && token.previous.as_ref().is_some_and(is_open)
    }

    /// Whether the caller has signed in, with a credential that still stands.
    pub(super) fn stands(&self, by: By) -> bool {
        match by {
            By::Anonymous => false,
            By::Local => true,
            By::User(user) => self.users.get(user).is_some_and(|user| user.is_active),
            By::Token(place) => self.counts(place),
        }
    }

    pub(super) fn is_admin_account(&self, by: By) -> bool {
        by == By::Local || self.account(by).and_then(|user| self.users.get(user)).is_some_and(|user| user.is_admin)
    }

    pub(super) fn is_capped(&self, by: By) -> bool {
        self.token(by).is_some_and(Token::is_capped)
    }

    fn touches_accounts(&self, by: By) -> bool {
        self.stands(by) && self.token(by).is_none_or(|token| !token.is_capped())
    }

    pub(super) fn is_administrator(&self, by: By) -> bool {
        self.touches_accounts(by) && self.is_admin_account(by)
    }

    fn granted(&self, by: By, target: &'static str) -> Option<AccessLevel> {
        let user = self.account(by)?;
        let teams = self.acme.iter().flat_map(|acme| &acme.teams).filter(|(_, members)| members.contains(user));
        let holders = teams.map(|(team, _)| Holder::Team(team)).chain([Holder::User(user)]);
        holders.filter_map(|holder| self.grants.get(&(target, holder)).copied()).max()
    }

    /// Whether the account owns everything in the namespace, by itself, as an administrator of the organization, or as
    /// a system administrator.
    fn owns(&self, by: By, namespace: &'static str) -> bool {
        let is_own = self.account(by).is_some_and(|user| namespace == format!("{user}/*"));
        let is_office = namespace == "acme/*" && self.membership(by) == Some(true);
        is_own || is_office || self.is_admin_account(by)
    }

    /// The account that a repository was transferred to.
    fn given_to(&self, name: &str) -> Option<&'static str> {
        let generation = self.transferred.get(name)?;
        let user = self.users.iter().find(|(_, user)| user.generation == *generation).map(|(user, _)| *user);
        user.or(self.acme.as_ref().filter(|acme| acme.generation == *generation).map(|_| ACME))
    }

    /// Whether the account has every right on this repository.
    fn owns_repository(&self, by: By, name: &'static str) -> bool {
        if !self.transferred.contains_key(name) {
            return self.owns(by, whole_namespace(name));
        }
        let owner = self.given_to(name);
        let is_office = owner == Some(ACME) && self.membership(by) == Some(true);
        owner.is_some() && owner == self.account(by) || is_office || self.is_admin_account(by)
    }

    /// Whether the caller may make repositories in the namespace of one that was transferred out of it.
    pub(super) fn has_lost(&self, by: By, name: &'static str) -> bool {
        self.transferred.contains_key(name) && self.may_make_within(by, whole_namespace(name))
    }

    fn may_make_within(&self, by: By, namespace: &'static str) -> bool {
        let owner = namespace.trim_end_matches("/*");
        let has_owner =
            self.users.get(owner).is_some_and(|owner| owner.is_active) || owner == ACME && self.acme.is_some();
        self.is_admin_account(by) || has_owner && self.owns_namespace(by, namespace)
    }

    fn owns_namespace(&self, by: By, namespace: &'static str) -> bool {
        self.owns(by, namespace) || self.granted(by, namespace) == Some(AccessLevel::Admin)
    }

    /// Whether the caller's account is a member of the organization, and if so whether it administers it.
    fn membership(&self, by: By) -> Option<bool> {
        let user = self.account(by)?;
        self.acme.as_ref().and_then(|acme| acme.members.get(user).copied())
    }

    /// Whether the organization exists and the caller may change it.
    pub(super) fn administers_acme(&self, by: By) -> bool {
        let is_office = self.membership(by) == Some(true);
        self.acme.is_some() && self.touches_accounts(by) && (is_office || self.is_administrator(by))
    }

    /// Whether the caller may remove a user from the organization. Users may remove themselves, also after they have
    /// left.
    pub(super) fn may_take_out(&self, by: By, user: &str) -> bool {
        let leaves = self.account(by) == Some(user) && self.acme.is_some() && self.touches_accounts(by);
        self.users.contains_key(user) && (leaves || self.administers_acme(by))
    }

    /// Whether the caller may change the grant of a team on a target, which must be in the team's own organization.
    pub(super) fn may_grant_to(&self, by: By, target: &'static str, team: &str) -> bool {
        let is_there = self.acme.as_ref().is_some_and(|acme| acme.teams.contains_key(team));
        let is_of_acme = target.starts_with("acme/") || self.given_to(target) == Some(ACME);
        is_there && is_of_acme && self.administers(by, target)
    }

    pub(super) fn level(&self, by: By, name: &'static str) -> Option<AccessLevel> {
        let public = (self.repositories.get(name) == Some(&true)).then_some(AccessLevel::ReadOnly);
        let namespace = whole_namespace(name);
        let as_owner = self.owns_repository(by, name).then_some(AccessLevel::Admin);
        let by_namespace = self.granted(by, namespace).filter(|_| !self.transferred.contains_key(name));
        let level = as_owner.max(self.granted(by, name)).max(by_namespace);
        // What is not there is told to who may make it.
        let level = level.filter(|_| self.repositories.contains_key(name) || self.may_make_within(by, namespace));
        let limited = match self.token(by) {
            Some(token) => level.filter(|_| token.reaches(name)).map(|level| level.min(token.cap)),
            None => level,
        };
        limited.max(public)
    }

    pub(super) fn may_make(&self, by: By, name: &'static str, cap: AccessLevel) -> bool {
        let reaches = self.token(by).is_none_or(|token| token.cap >= cap && token.reaches(name));
        self.stands(by) && reaches && self.may_make_within(by, whole_namespace(name))
    }

    /// Whether an account owns the namespace of this name.
    pub(super) fn has_namespace(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(namespace, _)| self.has_account(namespace))
    }

    /// The owner of this name: whom it was given to, or the owner of its namespace.
    pub(super) fn owner_of(&self, name: &str) -> Option<usize> {
        if let Some(generation) = self.transferred.get(name) {
            return self.given_to(name).map(|_| *generation);
        }
        let (namespace, _) = name.split_once('/')?;
        let organization = self.acme.as_ref().filter(|_| namespace == ACME).map(|acme| acme.generation);
        self.users.get(namespace).map(|user| user.generation).or(organization)
    }

    /// Whether registry tokens for this name from the time of another owner may still be valid.
    pub(super) fn is_too_soon(&self, name: &str) -> bool {
        let deleted = self.deleted.get(name).filter(|(_, owner)| *owner != self.owner_of(name));
        deleted.is_some_and(|(at, _)| self.now < at + 900 + 60)
    }

    pub(super) fn has_account(&self, name: &str) -> bool {
        self.users.contains_key(name) || name == ACME && self.acme.is_some()
    }

    /// Whether the caller may remove the grants of users on a target. System administrators may also where nobody owns
    /// the namespace, if anything is known there.
    pub(super) fn looks_after(&self, by: By, target: &'static str) -> bool {
        let is_known = self.repositories.keys().any(|name| whole_namespace(name) == target)
            || self.grants.keys().any(|(granted, _)| *granted == target);
        self.administers(by, target) || is_whole_namespace(target) && is_known && self.is_administrator(by)
    }

    pub(super) fn administers(&self, by: By, target: &'static str) -> bool {
        if !is_whole_namespace(target) {
            let known = self.repositories.contains_key(target);
            return self.stands(by) && known && self.level(by, target) == Some(AccessLevel::Admin);
        }
        let is_wide = self.token(by).is_none_or(|token| {
            token.cap == AccessLevel::Admin && (token.patterns.is_empty() || token.patterns.contains(&target))
        });
        let exists = target == "_/*" || self.has_namespace(target);
        self.stands(by) && is_wide && exists && self.owns_namespace(by, target)
    }

    /// Whether the caller may rename, deactivate or delete this access token, without asking whether it is the caller.
    pub(super) fn may_change_token(&self, by: By, place: usize) -> bool {
        let token = &self.tokens[place];
        let owner = self.account(by).and_then(|user| self.users.get(user));
        let is_own = owner.is_some_and(|owner| owner.generation == token.generation);
        let is_office = token.robot.is_some() && self.administers_acme(by);
        !token.is_deleted && self.touches_accounts(by) && (is_own || is_office || self.is_administrator(by))
    }

    /// Whether the caller may give an access token power: activate or rotate it. It must not end after the asking one.
    pub(super) fn may_empower_token(&self, by: By, place: usize) -> bool {
        let token = &self.tokens[place];
        self.may_change_token(by, place) && self.may_give_end(by, token.ends) && !self.is_kept_from(by, token.owner)
    }

    /// Whether the caller may activate an access token: one that another account made for an administrator takes the
    /// password.
    pub(super) fn may_activate_token(&self, by: By, place: usize) -> bool {
        let token = &self.tokens[place];
        let is_admin = self.users.get(token.owner).is_some_and(|user| user.is_admin);
        let is_kept = matches!(by, By::Token(_)) && is_admin && !token.is_own;
        self.may_empower_token(by, place) && !is_kept
    }

    /// Whether a rotation by `asking` would take an access token, and those that it made, away from its maker.
    pub(super) fn is_bound_to_its_maker(&self, place: usize, asking: usize) -> bool {
        let generation = self.tokens[place].generation;
        let is_alike = |other: usize| !self.tokens[other].is_deleted && self.tokens[other].generation == generation;
        let made = |other: &usize| self.tokens[*other].parent == Some(place);
        let has_made = (0..self.tokens.len()).filter(made).any(is_alike);
        let maker = self.tokens[place].parent.filter(|maker| is_alike(*maker));
        let leaves = maker.is_some_and(|maker| maker != asking && !self.descends_from(asking, maker));
        is_alike(asking) && has_made && leaves
    }

    /// Whether an access token descends from the one at `above`.
    pub(super) fn descends_from(&self, place: usize, above: usize) -> bool {
        let parent = self.tokens[place].parent.filter(|parent| !self.tokens[*parent].is_deleted);
        parent.is_some_and(|parent| parent == above || self.descends_from(parent, above))
    }

    /// Whether the caller may make a robot with these limits: nothing but what lies in the organization, or what that owns.
    pub(super) fn may_make_robot(&self, by: By, cap: AccessLevel, patterns: &[&'static str]) -> bool {
        let owns = |pattern: &str| {
            let name = pattern.strip_prefix("_/").unwrap_or(pattern);
            self.repositories.contains_key(name) && self.given_to(name) == Some(ACME)
        };
        let is_fit = |pattern: &&str| pattern.starts_with("acme/") || !pattern.ends_with('*') && owns(pattern);
        self.administers_acme(by) && cap != AccessLevel::Admin && patterns.iter().all(is_fit)
    }

    /// The generation of the organization.
    pub(super) fn acme_generation(&self) -> usize {
        self.acme.as_ref().map_or(0, |acme| acme.generation)
    }

    pub(super) fn may_give_end(&self, by: By, end: Option<i64>) -> bool {
        match (self.token(by).and_then(|token| token.ends), end) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(end)) => end <= own,
        }
    }

    /// The owner for whom the caller may make an access token.
    pub(super) fn may_make_token(&self, by: By, owner: Option<&'static str>) -> Option<&'static str> {
        let own = self.account(by);
        let owner = owner.or(own).filter(|owner| self.users.contains_key(owner))?;
        let may = self.touches_accounts(by) && (own == Some(owner) || self.is_administrator(by));
        (may && !self.is_kept_from(by, owner)).then_some(owner)
    }

    /// An access token must not empower those of another administrator.
    fn is_kept_from(&self, by: By, owner: &str) -> bool {
        let is_admin = self.users.get(owner).is_some_and(|user| user.is_admin);
        matches!(by, By::Token(_)) && is_admin && self.account(by) != Some(owner)
    }

    /// The repositories that the caller sees, in the registry's order.
    pub(super) fn visible(&self, by: By) -> Vec<&'static str> {
        let known = self.repositories.keys().copied();
        let mut names: Vec<_> = known.filter(|name| self.level(by, name).is_some()).collect();
        names.sort_by_key(|name| name.split('/').collect::<Vec<_>>());
        names
    }

    /// The actions that are granted when all are requested.
    pub(super) fn held(&self, by: By, name: &'static str) -> Actions {
        let is_known = self.repositories.contains_key(name);
        // What the registry holds of a deleted repository is for system administrators alone.
        let is_closed = self.deleted.contains_key(name) && !self.is_admin_account(by);
        match self.level(by, name).filter(|_| !is_closed) {
            None => Actions::NONE,
            Some(AccessLevel::Push) if is_known => Actions::PUSH.with_implied(),
            Some(AccessLevel::ReadOnly | AccessLevel::Push) => Actions::PULL,
            Some(AccessLevel::ReadWrite | AccessLevel::Admin) if is_known => Actions::ALL,
            Some(AccessLevel::ReadWrite | AccessLevel::Admin) => Actions::PULL.union(Actions::DELETE),
        }
    }
}

/// What changes.
impl Model {
    /// An empty model, at this second.
    pub(super) fn at(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// Adds a user, unless it exists.
    pub(super) fn add_user(&mut self, name: &'static str) -> bool {
        let is_new = !self.users.contains_key(name);
        if is_new {
            self.generations += 1;
            self.users.insert(name, User { generation: self.generations, is_active: true, is_admin: false });
            // Grants on the namespace of an earlier user of this name do not carry over.
            self.grants.retain(|(target, _), _| *target != format!("{name}/*"));
            self.adopt(name);
        }
        is_new
    }

    /// A new account takes over what nobody owns in its namespace.
    fn adopt(&mut self, namespace: &str) {
        let prefix = format!("{namespace}/");
        let orphans = self.transferred.keys().copied().filter(|name| self.given_to(name).is_none());
        let orphans: Vec<_> = orphans.filter(|name| name.starts_with(&prefix)).collect();
        orphans.into_iter().for_each(|name| _ = self.transferred.remove(name));
    }

    /// The account of this name that can be given repositories.
    pub(super) fn receiver(&self, name: &'static str) -> Option<usize> {
        let user = self.users.get(name).filter(|user| user.is_active).map(|user| user.generation);
        user.or(self.acme.as_ref().filter(|_| name == ACME).map(|acme| acme.generation))
    }

    /// The repositories that an account owns.
    pub(super) fn owned_by(&self, account: &str) -> Vec<&'static str> {
        let prefix = format!("{account}/");
        let is_kept = |name: &str| !self.transferred.contains_key(name) && name.starts_with(&prefix);
        let all = self.repositories.keys().copied();
        all.filter(|name| self.has_account(account) && is_kept(name) || self.given_to(name) == Some(account)).collect()
    }

    /// Gives a repository to an account. Grants on the namespace become grants on it; what its owner granted itself goes.
    pub(super) fn transfer(&mut self, name: &'static str, to: &'static str) {
        let (before, Some(receiver)) = (self.owner_of(name), self.receiver(to)) else { return };
        if before == Some(receiver) {
            return;
        }
        let own = self.users.iter().find(|(_, user)| Some(user.generation) == before);
        let own = own.map(|(user, _)| Holder::User(user));
        let is_back = name.starts_with(&format!("{to}/"));
        if !is_back && !self.transferred.contains_key(name) {
            let namespace = whole_namespace(name);
            let wide = self.grants.iter().filter(|((target, holder), _)| *target == namespace && Some(*holder) != own);
            let wide: Vec<_> = wide.map(|((_, holder), level)| (*holder, *level)).collect();
            for (holder, level) in wide {
                let present = self.grants.entry((name, holder)).or_insert(level);
                *present = level.max(*present);
            }
        }
        self.grants.retain(|(target, holder), _| *target != name || Some(*holder) != own);
        self.transferred.remove(name);
        if !is_back {
            self.transferred.insert(name, receiver);
        }
    }

    pub(super) fn remove_user(&mut self, name: &'static str, with_repositories: bool) {
        if with_repositories && self.users.contains_key(name) {
            self.remove_repositories(name);
        }
        let Some(user) = self.users.remove(name) else { return };
        self.grants.retain(|(_, holder), _| *holder != Holder::User(name));
        self.take_out(name);
        for token in &mut self.tokens {
            token.is_deleted |= token.generation == user.generation;
        }
    }

    fn remove_repositories(&mut self, namespace: &str) {
        let gone: BTreeSet<_> = self.owned_by(namespace).into_iter().collect();
        gone.into_iter().for_each(|name| self.remove_repository(name));
        self.grants.retain(|(target, _), _| *target != format!("{namespace}/*"));
    }

    /// Adds the organization, unless it exists.
    pub(super) fn add_acme(&mut self) {
        if self.acme.is_none() {
            self.generations += 1;
            self.acme = Some(Organization { generation: self.generations, ..Organization::default() });
            self.grants.retain(|(target, _), _| *target != "acme/*");
            self.adopt(ACME);
        }
    }

    pub(super) fn remove_acme(&mut self, with_repositories: bool) {
        if self.acme.is_none() {
            return;
        }
        if with_repositories {
            self.remove_repositories(ACME);
        }
        let generation = self.acme_generation();
        self.tokens.iter_mut().for_each(|token| token.is_deleted |= token.generation == generation);
        self.acme = None;
        self.grants.retain(|(_, holder), _| !matches!(holder, Holder::Team(_)));
    }

    pub(super) fn remove_team(&mut self, team: &'static str) {
        self.grants.retain(|(_, holder), _| *holder != Holder::Team(team));
        if let Some(acme) = &mut self.acme {
            acme.teams.remove(team);
        }
    }

    /// Removes a user from the organization, and so from its teams.
    pub(super) fn take_out(&mut self, user: &str) {
        if let Some(acme) = &mut self.acme {
            acme.members.remove(user);
            acme.teams.values_mut().for_each(|members| _ = members.remove(user));
        }
    }

    pub(super) fn remove_repository(&mut self, name: &'static str) {
        if self.repositories.remove(name).is_some() {
            self.forget_content(name);
            self.transferred.remove(name);
        }
        self.grants.retain(|(target, _), _| *target != name);
    }

    /// Deletes an access token, and those that it made for its own account.
    pub(super) fn remove_token(&mut self, place: usize) {
        self.tokens[place].is_deleted = true;
        let generation = self.tokens[place].generation;
        let made: Vec<_> = (0..self.tokens.len())
            .filter(|child| self.tokens[*child].parent == Some(place))
            .filter(|child| self.tokens[*child].generation == generation && !self.tokens[*child].is_deleted)
            .collect();
        made.into_iter().for_each(|child| self.remove_token(child));
    }
}
