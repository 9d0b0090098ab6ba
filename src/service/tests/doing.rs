//! Does the same to the service and to the model, which must agree on whether it is allowed.

use super::super::{
    AccountUpdate, Call, Expiry, Issued, NewRepository, NewRobot, NewToken, NewUser, RepositoryUpdate, RotatedToken,
    Rotation,
};
use super::both::{Both, agree, named, target_of};
use super::model::{ACME, By, Holder, Previous, Token};
use super::operations::{Actor, Life, Operation};
use super::support::issue;
use crate::domain::access::{AccessLevel, Actions};
use crate::domain::grant::GranteeKind;
use crate::domain::name::Name;
use crate::domain::scope::Scopes;
use crate::domain::token::{Limits, Pattern};

impl Both<'_> {
    pub(super) fn run(&mut self, actor: &Actor, operation: &Operation) {
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
            Operation::Transfer { .. } | Operation::TransferAll { .. } => self.on_owner(by, &call, operation),
            Operation::AddRepository { .. } | Operation::SetPublic { .. } | Operation::RemoveRepository(_) => {
                self.on_repository(by, &call, operation);
            }
            Operation::Grant { .. }
            | Operation::Revoke { .. }
            | Operation::GrantTeam { .. }
            | Operation::RevokeTeam { .. } => self.on_grant(by, &call, operation),
            Operation::AddAcme | Operation::RemoveAcme { .. } | Operation::Join { .. } | Operation::Leave(_) => {
                self.on_acme(by, &call, operation);
            }
            Operation::AddTeam(_)
            | Operation::RemoveTeam(_)
            | Operation::JoinTeam { .. }
            | Operation::LeaveTeam { .. } => self.on_team(by, &call, operation),
            Operation::AddToken { .. } => self.add_token(by, &call, operation),
            Operation::AddRobot { .. } => self.add_robot(by, &call, operation),
            Operation::Tell { .. }
            | Operation::Compare { .. }
            | Operation::Forget(_)
            | Operation::Housekeep
            | Operation::WaitLong => {
                self.on_content(by, &call, operation);
            }
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

    pub(super) fn reopen(&mut self) {
        if let Some(service) = self.opened.take() {
            service.close(self.now());
        }
        self.opened = Some(self.home.open(self.now()));
    }

    fn on_account(&mut self, by: By, call: &Call, operation: &Operation) {
        let may = self.model.is_administrator(by);
        // An access token cannot make an administrator.
        let may_raise = may && !matches!(by, By::Token(_));
        let update = |user: &str, update| self.service().update_account(call, user, update).map(drop);
        match *operation {
            Operation::AddUser(name) => {
                let is_new = !self.model.users.contains_key(name);
                let new = NewUser {
                    name: Name::parse(name).unwrap(),
                    full_name: String::new(),
                    password: None,
                    imported: None,
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
                if let Some(found) = self.model.users.get_mut(user).filter(|_| may) {
                    found.is_admin = is;
                    let generation = found.generation;
                    let others = self.model.tokens.iter_mut().filter(|token| is_raised && !token.is_own);
                    others
                        .filter(|token| token.owner == user && token.generation == generation)
                        .for_each(|token| token.is_active = false);
                }
            }
            _ => unreachable!("on no account: {operation:?}"),
        }
    }

    fn on_repository(&mut self, by: By, call: &Call, operation: &Operation) {
        match *operation {
            Operation::AddRepository { name, is_public } => {
                // One without a namespace is made by a system administrator.
                let is_placed = !name.contains('/') && self.model.is_admin_account(by);
                let is_placed = is_placed || self.model.has_namespace(name);
                let is_free = is_placed && !self.model.repositories.contains_key(name);
                let is_free = is_free && !self.model.is_too_soon(name);
                let may = self.model.may_make(by, name, AccessLevel::Admin) && is_free;
                let new = NewRepository { is_public, ..NewRepository::private(named(name)) };
                agree(self.service().create_repository(call, new).map(drop), may, operation);
                if may {
                    self.model.add_repository(name, is_public);
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
                // One that the caller may not see is none to who could make it.
                let is_none = !is_known || self.model.level(by, name).is_none();
                let is_there = self.model.administers(by, name);
                let may = is_there || is_none && self.model.may_make(by, name, AccessLevel::Admin);
                agree(self.service().delete_repository(call, &named(name)), may, operation);
                if is_there {
                    self.model.remove_repository(name);
                }
            }
            _ => unreachable!("on no repository: {operation:?}"),
        }
    }

    fn on_owner(&mut self, by: By, call: &Call, operation: &Operation) {
        let may = self.model.is_administrator(by);
        match *operation {
            Operation::Transfer { name, to } => {
                let is_fit = self.model.repositories.contains_key(name) && self.model.receiver(to).is_some();
                let done = self.service().transfer_repository(call, &named(name), to).map(drop);
                agree(done, may && is_fit, &(by, operation));
                if may && is_fit {
                    self.model.transfer(name, to);
                }
            }
            Operation::TransferAll { from, to } => {
                let is_fit = self.model.has_account(from) && self.model.receiver(to).is_some() && from != to;
                let done = self.service().transfer_repositories(call, from, to);
                let owned = self.model.owned_by(from);
                if let Some(done) = agree(done, may && is_fit, &(by, operation)) {
                    assert_eq!((done.count, done.left), (owned.len(), 0), "{operation:?}");
                    owned.into_iter().for_each(|name| self.model.transfer(name, to));
                }
            }
            _ => unreachable!("not on the owner: {operation:?}"),
        }
    }

    fn on_grant(&mut self, by: By, call: &Call, operation: &Operation) {
        match *operation {
            Operation::Grant { target, user, level } => {
                let may = self.model.administers(by, target) && self.model.users.contains_key(user);
                agree(
                    self.service().put_grant(call, &target_of(target), GranteeKind::User, user, level).map(drop),
                    may,
                    operation,
                );
                if may {
                    self.model.grants.insert((target, Holder::User(user)), level.into());
                }
            }
            Operation::Revoke { target, user } => {
                let may = self.model.looks_after(by, target) && self.model.users.contains_key(user);
                agree(self.service().delete_grant(call, &target_of(target), GranteeKind::User, user), may, operation);
                if may {
                    self.model.grants.remove(&(target, Holder::User(user)));
                }
            }
            Operation::GrantTeam { target, team, level } => {
                let may = self.model.may_grant_to(by, target, team);
                agree(
                    self.service().put_grant(call, &target_of(target), GranteeKind::Team, team, level).map(drop),
                    may,
                    operation,
                );
                if may {
                    self.model.grants.insert((target, Holder::Team(team)), level.into());
                }
            }
            Operation::RevokeTeam { target, team } => {
                let may = self.model.may_grant_to(by, target, team);
                agree(self.service().delete_grant(call, &target_of(target), GranteeKind::Team, team), may, operation);
                if may {
                    self.model.grants.remove(&(target, Holder::Team(team)));
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
            is_own: self.model.account(by) == Some(owner),
            text: text.reveal().to_owned(),
            previous: None,
            dead: Vec::new(),
            robot: None,
        });
        self.registry_tokens.push(None);
    }

    fn add_robot(&mut self, by: By, call: &Call, operation: &Operation) {
        let Operation::AddRobot { cap, patterns, life } = operation else { return };
        let parent = if let By::Token(place) = by { Some(place) } else { None };
        let (ends, expiry) = match life {
            Life::Default => (parent.and_then(|parent| self.model.tokens[parent].ends), Expiry::Default),
            Life::Never => (None, Expiry::Never),
            Life::Seconds(seconds) => (Some(self.model.now + seconds), Expiry::At(self.now().plus_seconds(*seconds))),
        };
        let robot = format!("r{}", self.model.tokens.len());
        let new = NewRobot {
            organization: ACME.to_owned(),
            name: Name::parse(&robot).unwrap(),
            label: None,
            expiry,
            cap: *cap,
            patterns: patterns.iter().map(|pattern| Pattern::parse(pattern).unwrap()).collect(),
        };
        let may = self.model.may_make_robot(by, *cap, patterns) && self.model.may_give_end(by, ends);
        let made = agree(self.service().create_robot(call, new), may, &(by, operation));
        let Some((_, text)) = made else { return };
        self.model.tokens.push(Token {
            owner: ACME,
            generation: self.model.acme_generation(),
            cap: *cap,
            patterns: if patterns.is_empty() { vec!["acme/*"] } else { patterns.clone() },
            is_active: true,
            ends,
            parent,
            is_deleted: false,
            is_own: false,
            text: text.reveal().to_owned(),
            previous: None,
            dead: Vec::new(),
            robot: Some(robot),
        });
        self.registry_tokens.push(None);
    }

    fn on_token(&mut self, by: By, call: &Call, operation: &Operation, place: usize) {
        let hash = self.hash(place);
        match *operation {
            Operation::SetTokenActive { is_active, .. } => {
                let gives_power = is_active && !self.model.tokens[place].is_active;
                let may = self.model.may_change_token(by, place)
                    && (!gives_power || self.model.may_activate_token(by, place));
                agree(self.service().update_token(call, &hash, None, Some(is_active)), may, &(by, operation));
                if may {
                    self.model.tokens[place].is_active = is_active;
                }
            }
            Operation::Rotate { overlap, .. } => {
                let token = &self.model.tokens[place];
                let is_alive = token.is_active && token.ends.is_none_or(|end| self.model.now < end);
                let asking =
                    if let By::Token(asking) = by { Some(asking).filter(|asking| *asking != place) } else { None };
                let is_above = asking.is_some_and(|asking| self.model.descends_from(asking, place));
                let is_bound = asking.is_some_and(|asking| self.model.is_bound_to_its_maker(place, asking));
                let may = self.model.may_empower_token(by, place) && is_alive && !is_above && !is_bound;
                let generation = token.generation;
                let is_of_one_account = asking.is_some_and(|asking| self.model.tokens[asking].generation == generation);
                let rotation = Rotation { overlap: Some(overlap), ..Rotation::default() };
                let rotated = agree(self.service().rotate_token(call, &hash, rotation, None), may, &(by, operation));
                if let Some(RotatedToken { text, .. }) = rotated {
                    let until = self.model.now + overlap;
                    let is_by_owner = self.model.account(by) == Some(self.model.tokens[place].owner);
                    let token = &mut self.model.tokens[place];
                    token.is_own &= is_by_owner;
                    // The asking token's holder knows the new secret.
                    let parent = token.parent;
                    token.parent = match token.robot {
                        Some(_) => asking,
                        None => asking.filter(|_| is_of_one_account).or(parent),
                    };
                    token.dead.extend(token.previous.take().map(|previous| previous.text));
                    let text = std::mem::replace(&mut token.text, text.reveal().to_owned());
                    token.previous = Some(Previous { text, until, parent });
                }
            }
            Operation::RemoveToken(_) => {
                // A robot is its organization's to delete.
                let is_person = self.model.tokens[place].robot.is_none();
                let is_itself = is_person && by == By::Token(place) && self.model.stands(by);
                let may = is_itself || self.model.may_change_token(by, place);
                agree(self.service().delete_token(call, &hash), may, &(by, operation));
                if may {
                    self.model.remove_token(place);
                }
            }
            _ => unreachable!("on no access token: {operation:?}"),
        }
    }

    /// A registry token with `push` makes the repository if the caller may.
    fn push(&mut self, by: By, call: &Call, name: &'static str, actions: &str) {
        let asked = format!("repository:{name}:{actions}");
        let issued = issue(self.service(), call, &Scopes::parse([asked.as_str()]).unwrap());
        let may_sign = by == By::Anonymous || self.model.stands(by);
        let Some(issued) = agree(issued, may_sign, &(by, &asked)) else { return };
        let is_free = self.model.has_namespace(name) && !self.model.repositories.contains_key(name);
        let is_free = is_free && !self.model.is_too_soon(name);
        if actions.contains("push") && is_free && self.model.may_make(by, name, AccessLevel::Push) {
            self.model.add_repository(name, false);
        }
        assert_eq!(granted_on(&issued, name), self.expected(by, name, actions), "{by:?} asks for {asked}");
    }

    /// The part of the requested actions that is permitted; `push` means `pull` as well.
    pub(super) fn expected(&self, by: By, name: &'static str, actions: &str) -> Actions {
        let asked = actions.split(',').map(Actions::named).fold(Actions::NONE, Actions::union);
        let implied = if asked.contains(Actions::PUSH) { Actions::PULL } else { Actions::NONE };
        asked.union(implied).intersection(self.model.held(by, name))
    }
}

pub(super) fn granted_on(issued: &Issued, name: &str) -> Actions {
    issued.scopes.on(&named(name))
}
