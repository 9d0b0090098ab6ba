//! Random operations against a naive model: plain lists without any index, and a store that is opened again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::{GroupSize, Sought, State, Store, TooLarge, Txn, UserSort};
use super::support::{Failure, Home, account, entry, hash, id, now, purged, repository, team, token, usage, write};
use crate::domain::access::GrantLevel;
use crate::domain::account::{Account, AccountKind};
use crate::domain::audit::Occurrence;
use crate::domain::content::{Deletion, Remains};
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Name, RepositoryName};
use crate::domain::order::Order;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::settings::Choices;
use crate::domain::token::{AccessToken, PreviousSecret};
use crate::domain::token_order::TokenPlace;
use crate::domain::usage::Usage;

/// How many teams there may be.
const TEAMS: u64 = 6;
const NAMES: [&str; 6] = ["user-0/app", "user-0/app/web", "user-1/app", "user-10", "busybox", "user-1/a.b"];

/// One operation, in small numbers so that they meet each other.
#[derive(Clone, Debug)]
enum Operation {
    Account { number: u64, name: u64, is_admin: bool, is_organization: bool },
    RemoveAccount(u64),
    Repository { name: usize, is_public: bool, owner: Option<u64> },
    RemoveRepository(usize),
    Token { number: u64, owner: u64, secret: u64, previous: Option<u64>, ended: Option<u64>, parent: Option<u64> },
    RemoveToken(u64),
    Member { organization: u64, user: u64, is_admin: bool },
    RemoveMember { organization: u64, user: u64 },
    Team { number: u64, description: &'static str },
    RemoveTeam(u64),
    TeamMember { team: u64, user: u64 },
    RemoveTeamMember { team: u64, user: u64 },
    Grant { target: usize, grantee: Grantee, level: GrantLevel },
    RemoveGrant { target: usize, grantee: Grantee },
    Usage(u64),
    Choose(Choices),
}

fn operations() -> impl Strategy<Value = Operation> {
    let (user, number) = (0..4_u64, 100..106_u64);
    let level = prop::sample::select(vec![GrantLevel::ReadOnly, GrantLevel::ReadWrite, GrantLevel::Admin]);
    let name = 0..NAMES.len();
    let parent = prop::option::of(number.clone());
    let grantee = prop::sample::select(grantees());
    prop_oneof![
        3 => (user.clone(), user.clone(), any::<bool>(), prop::bool::weighted(0.2)).prop_map(
            |(number, name, is_admin, is_organization)| Operation::Account { number, name, is_admin, is_organization }
        ),
        1 => user.clone().prop_map(Operation::RemoveAccount),
        3 => (name.clone(), any::<bool>(), prop::option::of(user.clone())).prop_map(
            |(name, is_public, owner)| Operation::Repository { name, is_public, owner }
        ),
        1 => name.clone().prop_map(Operation::RemoveRepository),
        4 => (number.clone(), user.clone(), 0..9_u64, prop::option::of(0..9_u64), prop::option::of(0..9_u64), parent).prop_map(
            |(number, owner, secret, previous, ended, parent)| {
                Operation::Token { number, owner, secret, previous, ended, parent }
            }
        ),
        1 => number.clone().prop_map(Operation::RemoveToken),
        3 => (user.clone(), user.clone(), any::<bool>()).prop_map(
            |(organization, user, is_admin)| Operation::Member { organization, user, is_admin }
        ),
        1 => (user.clone(), user.clone()).prop_map(|(organization, user)| Operation::RemoveMember { organization, user }),
        3 => (0..TEAMS, prop::sample::select(vec!["", "builds"])).prop_map(
            |(number, description)| Operation::Team { number, description }
        ),
        1 => (0..TEAMS).prop_map(Operation::RemoveTeam),
        4 => (0..TEAMS, user.clone()).prop_map(|(team, user)| Operation::TeamMember { team, user }),
        1 => (0..TEAMS, user).prop_map(|(team, user)| Operation::RemoveTeamMember { team, user }),
        3 => (name.clone(), grantee.clone(), level).prop_map(
            |(target, grantee, level)| Operation::Grant { target, grantee, level }
        ),
        1 => (name, grantee).prop_map(|(target, grantee)| Operation::RemoveGrant { target, grantee }),
        1 => number.prop_map(Operation::Usage),
        1 => super::samples::any_settings().prop_map(Operation::Choose),
    ]
}

/// Several operations as one change, which may fail at its end, and whether the store is opened again after it.
#[derive(Clone, Debug)]
struct Step {
    operations: Vec<Operation>,
    fails: bool,
    reopens: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (prop::collection::vec(operations(), 1..6), prop::bool::weighted(0.2), prop::bool::weighted(0.15));
    prop::collection::vec(step.prop_map(|(operations, fails, reopens)| Step { operations, fails, reopens }), 1..20)
}

fn named(name: usize) -> RepositoryName {
    RepositoryName::parse(NAMES[name]).unwrap()
}

/// Even targets are repositories, odd ones the namespaces of repositories.
fn target(number: usize) -> GrantTarget {
    if number.is_multiple_of(2) {
        GrantTarget::Repository(named(number))
    } else {
        GrantTarget::Namespace(named(number).namespace())
    }
}

/// What grants are for: users, and teams, which need not be there.
fn grantees() -> Vec<Grantee> {
    let users = (0..4).map(|user| Grantee::User(id(user)));
    users.chain((0..TEAMS).map(|team| Grantee::Team(team_id(team)))).collect()
}

fn team_id(number: u64) -> Id {
    id(200 + number)
}

/// Some teams have the same name in the same organization: only one of them can be there.
fn new_team(number: u64, description: &str) -> Team {
    let name = if number < 4 { "dev" } else { "ops" };
    Team { description: description.to_owned(), ..team(200 + number, number % 2, name) }
}

fn new_repository(name: usize, is_public: bool, owner: Option<u64>) -> Repository {
    Repository { is_public, owner: owner.map(id), ..repository(NAMES[name], 500 + u64::try_from(name).unwrap()) }
}

fn new_account(number: u64, name: u64, is_admin: bool, is_organization: bool) -> Account {
    let kind = if is_organization { AccountKind::Organization } else { AccountKind::User };
    Account { name: account(name).name, is_admin, kind, ..account(number) }
}

fn new_token(
    number: u64,
    owner: u64,
    secret: u64,
    previous: Option<u64>,
    ended: Option<u64>,
    parent: Option<u64>,
) -> AccessToken {
    let previous = previous.map(|secret| PreviousSecret { hash: hash(secret), until: now() });
    let ended = ended.map(hash).into_iter().collect();
    let expires_at = (secret > 3).then(|| now().plus_seconds(i64::try_from(secret).unwrap()));
    token(number, owner).with(|it| {
        (it.hash, it.previous, it.ended) = (hash(secret), previous, ended);
        (it.parent, it.expires_at) = (parent.map(id), expires_at);
    })
}

#[derive(Clone, Default)]
struct Model {
    accounts: BTreeMap<Id, Account>,
    repositories: BTreeMap<RepositoryName, Repository>,
    tokens: BTreeMap<Id, AccessToken>,
    members: BTreeMap<(Id, Id), bool>,
    teams: BTreeMap<Id, Team>,
    team_members: BTreeSet<(Id, Id)>,
    grants: BTreeMap<(GrantTarget, Grantee), GrantLevel>,
    usage: BTreeMap<Id, Usage>,
    choices: Choices,
    audit: u64,
    /// What went in this step: while its rows may be on the disk, nothing has its identifier.
    buried: BTreeSet<Id>,
}

impl Model {
    fn apply(&mut self, operation: &Operation) -> bool {
        if self.is_buried(operation) {
            return false;
        }
        match *operation {
            Operation::Account { number, name, is_admin, is_organization } => {
                let account = new_account(number, name, is_admin, is_organization);
                let is_free = self.accounts.values().all(|other| other.id == account.id || other.name != account.name);
                if is_free {
                    self.accounts.insert(account.id, account);
                }
                return is_free;
            }
            Operation::RemoveAccount(number) => self.remove_account(id(number)),
            Operation::Repository { name, is_public, owner } => {
                self.repositories.insert(named(name), new_repository(name, is_public, owner));
            }
            Operation::RemoveRepository(name) => {
                self.buried.extend(self.repositories.remove(&named(name)).map(|repository| repository.id));
                self.grants.retain(|(target, _), _| *target != GrantTarget::Repository(named(name)));
            }
            Operation::Token { number, owner, secret, previous, ended, parent } => {
                let token = new_token(number, owner, secret, previous, ended, parent);
                return self.put_token(token);
            }
            Operation::RemoveToken(number) => drop(self.tokens.remove(&id(number))),
            Operation::Member { .. }
            | Operation::RemoveMember { .. }
            | Operation::Team { .. }
            | Operation::RemoveTeam(_)
            | Operation::TeamMember { .. }
            | Operation::RemoveTeamMember { .. } => return self.apply_to_organizations(operation),
            Operation::Grant { target: number, grantee, level } => {
                let target = target(number);
                let is_missing = |name: &RepositoryName| !self.repositories.contains_key(name);
                if matches!(&target, GrantTarget::Repository(name) if is_missing(name)) {
                    return false;
                }
                self.grants.insert((target, grantee), level);
            }
            Operation::RemoveGrant { target: number, grantee } => drop(self.grants.remove(&(target(number), grantee))),
            Operation::Choose(ref choices) => self.choices = choices.clone(),
            Operation::Usage(number) => {
                if self.tokens.contains_key(&id(number)) {
                    self.usage.insert(id(number), usage(0));
                }
            }
        }
        self.usage.retain(|id, _| self.tokens.contains_key(id));
        true
    }

    fn remove_account(&mut self, account: Id) {
        if self.accounts.remove(&account).is_none() {
            return;
        }
        self.buried.insert(account);
        let tokens = self.tokens.values().filter(|token| token.owner == account);
        self.buried.extend(tokens.map(|token| token.id));
        self.tokens.retain(|_, token| token.owner != account);
        self.grants.retain(|(_, grantee), _| *grantee != Grantee::User(account));
        self.members.retain(|(organization, user), _| *organization != account && *user != account);
        let teams = self.teams.values().filter(|each| each.organization == account);
        let teams: Vec<Id> = teams.map(|each| each.id).collect();
        teams.into_iter().for_each(|team| self.remove_team(team));
        self.team_members.retain(|(_, user)| *user != account);
    }

    /// Whether it puts something that has, or names, a deleted identifier.
    fn is_buried(&self, operation: &Operation) -> bool {
        let named = match *operation {
            Operation::Account { number, .. } | Operation::Token { number, .. } => id(number),
            Operation::Repository { name, is_public, owner } => new_repository(name, is_public, owner).id,
            Operation::Team { number, .. } => team_id(number),
            Operation::Grant { grantee, .. } => grantee.id(),
            _ => return false,
        };
        self.buried.contains(&named)
    }

    fn apply_to_organizations(&mut self, operation: &Operation) -> bool {
        match *operation {
            Operation::Member { organization, user, is_admin } => {
                let fits = [organization, user].iter().all(|account| self.accounts.contains_key(&id(*account)));
                if fits {
                    self.members.insert((id(organization), id(user)), is_admin);
                }
                return fits;
            }
            Operation::RemoveMember { organization, user } => {
                self.members.remove(&(id(organization), id(user)));
                let of_it = |team: &Id| self.teams.get(team).is_some_and(|team| team.organization == id(organization));
                self.team_members.retain(|(team, member)| *member != id(user) || !of_it(team));
            }
            Operation::Team { number, description } => {
                let team = new_team(number, description);
                let is_other = |each: &Team| each.id != team.id && each.organization == team.organization;
                let is_taken = self.teams.values().any(|each| is_other(each) && each.name == team.name);
                let fits = self.accounts.contains_key(&team.organization) && !is_taken;
                if fits {
                    self.teams.insert(team.id, team);
                }
                return fits;
            }
            Operation::RemoveTeam(number) => self.remove_team(team_id(number)),
            Operation::TeamMember { team, user } => {
                let organization = self.teams.get(&team_id(team)).map(|team| team.organization);
                let fits =
                    organization.is_some_and(|organization| self.members.contains_key(&(organization, id(user))));
                if fits {
                    self.team_members.insert((team_id(team), id(user)));
                }
                return fits;
            }
            Operation::RemoveTeamMember { team, user } => drop(self.team_members.remove(&(team_id(team), id(user)))),
            _ => unreachable!("on no organization: {operation:?}"),
        }
        true
    }

    fn remove_team(&mut self, team: Id) {
        if self.teams.remove(&team).is_none() {
            return;
        }
        self.buried.insert(team);
        self.team_members.retain(|(each, _)| *each != team);
        self.grants.retain(|(_, grantee), _| *grantee != Grantee::Team(team));
    }

    fn put_token(&mut self, token: AccessToken) -> bool {
        let mine: Vec<_> = token.hashes().collect();
        let others = self.tokens.values().filter(|other| other.id != token.id);
        let taken: Vec<_> = others.flat_map(AccessToken::hashes).collect();
        let is_distinct = mine.iter().collect::<BTreeSet<_>>().len() == mine.len();
        let is_free = is_distinct && mine.iter().all(|hash| !taken.contains(hash));
        let fits = is_free && self.accounts.contains_key(&token.owner);
        if fits {
            self.tokens.insert(token.id, token);
        }
        fits
    }

    /// Every question that the state answers, asked of plain lists.
    fn check(&self, state: &State) {
        self.check_accounts(state);
        self.check_repositories(state);
        self.check_owners(state);
        self.check_tokens(state);
        self.check_organizations(state);
        self.check_grants(state);
        assert_eq!((state.audit().seq, state.choices()), (self.audit, self.choices.clone()));
    }

    fn check_accounts(&self, state: &State) {
        let mut by_name: Vec<&Account> = self.accounts.values().collect();
        by_name.sort_by(|one, other| one.name.cmp(&other.name));
        for after in [None, Some(Name::parse("user-1").unwrap())] {
            for order in [Order::Ascending, Order::Descending] {
                let listed = state.accounts_by_name(order, after.as_ref()).map(AsRef::as_ref);
                let expected = left(order, after.as_ref(), by_name.iter().map(|account| (&account.name, *account)));
                assert_eq!(listed.collect::<Vec<&Account>>(), expected);
            }
        }
        let named_1 = by_name.iter().filter(|account| account.name.as_str().contains("r-1")).copied();
        let sought = Arc::new(Sought::new("r-1".to_owned()));
        assert!(state.accounts_containing(&sought).map(AsRef::as_ref).eq(named_1));
        for account in &by_name {
            assert_eq!(state.account(account.id).map(AsRef::as_ref), Some(*account));
            assert_eq!(state.account_named(account.name.as_str()).map(AsRef::as_ref), Some(*account));
        }
        for sort in UserSort::ALL {
            let users: Vec<&Account> = by_name.iter().copied().filter(|account| sort.has(account)).collect();
            assert_eq!(state.users_of(sort), users.len());
            for order in [Order::Ascending, Order::Descending] {
                let after = Some(Name::parse("user-1").unwrap());
                let listed = state.users_by_name(sort, order, after.as_ref()).map(AsRef::as_ref);
                let expected = left(order, after.as_ref(), users.iter().map(|account| (&account.name, *account)));
                assert_eq!(listed.collect::<Vec<&Account>>(), expected);
                assert_eq!(state.users_by_name(sort, order, None).count(), users.len());
            }
        }
        let organizations = by_name.iter().filter(|account| account.is_organization()).count();
        assert_eq!((state.users_count(), state.organizations_count()), (by_name.len() - organizations, organizations));
        let admins: Vec<Id> = by_name.iter().filter(|each| each.is_active_admin()).map(|each| each.id).collect();
        for number in 0..4 {
            assert_eq!(state.is_last_admin(id(number)), admins == [id(number)]);
        }
    }

    fn check_repositories(&self, state: &State) {
        let all: Vec<&Repository> = self.repositories.values().collect();
        assert_eq!(state.repositories_count(), all.len());
        let names: Vec<&RepositoryName> = all.iter().map(|each| &each.name).collect();
        for (start, end) in (0..NAMES.len()).flat_map(|start| (0..NAMES.len()).map(move |end| (start, end))) {
            let (start, end) = (named(start), named(end));
            // Also where the start is beyond the end: then nothing is between them.
            let range = || (Bound::Included(start.clone()), Bound::Excluded(end.clone()));
            let between = |name: &RepositoryName| *name >= start && *name < end;
            let known = names.iter().copied().filter(|name| between(name)).collect::<Vec<_>>();
            assert_eq!(state.repositories_within(range()).collect::<Vec<_>>(), known);
            let reversed: Vec<_> = known.iter().rev().copied().collect();
            assert_eq!(state.repositories_within(range()).rev().collect::<Vec<_>>(), reversed);
            let public = known.iter().copied().filter(|name| self.repositories[*name].is_public).collect::<Vec<_>>();
            assert_eq!(state.public().within(range()).collect::<Vec<_>>(), public);
            let without = known.iter().copied().filter(|name| !name.as_str().contains('/')).collect::<Vec<_>>();
            assert_eq!(state.without_namespace().within(range()).collect::<Vec<_>>(), without);
            assert_eq!(state.repository_index().within(range()).collect::<Vec<_>>(), known);
            let both: Vec<_> = public.iter().filter(|name| without.contains(name)).copied().collect();
            assert_eq!(state.public_without_namespace().within(range()).collect::<Vec<_>>(), both);
            let namespace = start.namespace();
            let size = names.iter().filter(|name| name.namespace() == namespace).count();
            assert_eq!(state.namespace_size(&namespace), size);
            assert_eq!(state.repository(&start).map(AsRef::as_ref), self.repositories.get(&start));
        }
    }

    /// Each repository is its owner's, or that of whoever has its namespace.
    fn check_owners(&self, state: &State) {
        let everything = (Bound::Unbounded, Bound::Unbounded);
        for number in 0..4 {
            let given = self.repositories.values().filter(|each| each.owner == Some(id(number)));
            let given: Vec<&RepositoryName> = given.map(|each| &each.name).collect();
            assert_eq!(state.transferred_to(id(number), everything.clone()).collect::<Vec<_>>(), given);
            let Some(account) = state.account(id(number)) else { continue };
            let owned = self.repositories.keys().filter(|name| state.owner(name) == Some(account));
            assert_eq!(state.owned_count(account), owned.count());
        }
        for each in self.repositories.values() {
            assert_eq!(state.is_transferred(&each.name), each.owner.is_some());
            let owner = match each.owner {
                Some(owner) => state.account(owner),
                None => state.account_named(each.name.namespace_str()),
            };
            assert_eq!(state.owner(&each.name), owner);
            let namespace = each.name.namespace();
            let in_it = || self.repositories.values().filter(|other| other.name.namespace() == namespace);
            assert_eq!(state.has_transferred(&namespace), in_it().any(|other| other.owner.is_some()));
            let kept = in_it().filter(|other| other.owner.is_none()).map(|other| &other.name).collect::<Vec<_>>();
            let known = state.kept(&namespace).map(|names| names.within(everything.clone()).collect());
            assert_eq!(known, state.has_transferred(&namespace).then_some(kept));
            let is_orphan = |owner| state.account(owner).is_none();
            let orphans = in_it().filter(|other| other.owner.is_some_and(is_orphan)).map(|other| &other.name);
            let known = state.orphans_within(&namespace).collect::<std::collections::BTreeSet<_>>();
            assert_eq!(known, orphans.collect());
            let is_unowned = |other: &&Repository| other.owner.is_none_or(|owner| state.account(owner).is_none());
            assert_eq!(state.unowned_within(&namespace), in_it().filter(is_unowned).count());
        }
    }

    fn check_tokens(&self, state: &State) {
        let mut by_end: Vec<&AccessToken> = self.tokens.values().collect();
        by_end.sort_by_key(|token| TokenPlace::by_end(token));
        assert_eq!(state.tokens_by_end(None).map(AsRef::as_ref).collect::<Vec<_>>(), by_end);
        if let Some(first) = by_end.first() {
            let rest: Vec<&AccessToken> =
                state.tokens_by_end(Some(TokenPlace::by_end(first))).map(AsRef::as_ref).collect();
            assert_eq!(rest, by_end[1..]);
        }
        let newest: Vec<&AccessToken> = self.tokens.values().rev().collect();
        assert_eq!(state.tokens_count(), newest.len());
        let select = |is_meant: &dyn Fn(&AccessToken) -> bool| {
            newest.iter().copied().filter(|token| is_meant(token)).collect::<Vec<_>>()
        };
        for before in [None, Some(id(103))] {
            let is_before = |token: &AccessToken| before.is_none_or(|before| token.id < before);
            let listed: Vec<&AccessToken> = state.tokens_before(before).map(AsRef::as_ref).collect();
            assert_eq!(listed, select(&is_before));
            for owner in (0..4).map(id) {
                let listed: Vec<&AccessToken> = state.tokens_of(owner, before).map(AsRef::as_ref).collect();
                assert_eq!(listed, select(&|token| token.owner == owner && is_before(token)));
            }
        }
        for parent in (100..106).map(id) {
            let made: BTreeSet<Id> = state.tokens_made_with(parent).map(|token| token.id).collect();
            let expected = select(&|token| token.parent == Some(parent));
            assert_eq!(made, expected.iter().map(|token| token.id).collect());
            assert_eq!(state.token(parent).map(AsRef::as_ref), self.tokens.get(&parent));
        }
        for secret in (0..9).map(hash) {
            let named = select(&|token| token.hashes().any(|hash| hash == secret));
            assert_eq!(state.token_hashed(&secret).map(AsRef::as_ref), named.first().copied());
        }
    }

    fn check_organizations(&self, state: &State) {
        for one in (0..4).map(id) {
            let of: Vec<_> = self.members.iter().filter(|((organization, _), _)| *organization == one).collect();
            let of: Vec<_> = of.into_iter().map(|((_, user), is_admin)| (*user, *is_admin)).collect();
            assert_eq!(state.members_of(one).collect::<Vec<_>>(), of);
            self.check_organizations_of(state, one);
            for user in (0..4).map(id) {
                assert_eq!(state.member(one, user), self.members.get(&(one, user)).copied());
            }
            let mut teams: Vec<&Team> = self.teams.values().filter(|team| team.organization == one).collect();
            teams.sort_by(|one, other| one.name.cmp(&other.name));
            assert_eq!(state.teams_of_organization(one).map(AsRef::as_ref).collect::<Vec<_>>(), teams);
            let admins = of.iter().filter(|(_, is_admin)| *is_admin).count();
            let size = GroupSize { members: of.len(), admins, teams: teams.len() };
            assert_eq!(state.group_size(one), size);
            self.check_names(state, one, of.into_iter().map(|(user, _)| user).collect());
            for order in [Order::Ascending, Order::Descending] {
                let after = Name::parse("eng").unwrap();
                let listed = state.teams_by_name(one, order, Some(&after)).map(AsRef::as_ref);
                let expected = left(order, Some(&after), teams.iter().map(|team| (&team.name, *team)));
                assert_eq!(listed.collect::<Vec<&Team>>(), expected);
            }
            let of_user = self.team_members.iter().filter(|(_, user)| *user == one);
            let of_user: Vec<Id> = of_user.map(|(team, _)| *team).collect();
            assert_eq!(state.teams_of(one).map(|team| team.id).collect::<Vec<_>>(), of_user);
        }
        for team in (0..TEAMS).map(team_id) {
            assert_eq!(state.team(team).map(AsRef::as_ref), self.teams.get(&team));
            let members = self.team_members.iter().filter(|(each, _)| *each == team).map(|(_, user)| *user);
            let members: Vec<Id> = members.collect();
            assert_eq!(state.team_members_of(team).collect::<Vec<_>>(), members);
            assert_eq!(state.group_size(team), GroupSize { members: members.len(), ..GroupSize::default() });
            self.check_names(state, team, members);
            for user in (0..4).map(id) {
                assert_eq!(state.is_in_team(team, user), self.team_members.contains(&(team, user)));
            }
        }
        for new in (0..TEAMS).map(|number| new_team(number, "")) {
            let named =
                self.teams.values().find(|team| (team.organization, &team.name) == (new.organization, &new.name));
            assert_eq!(state.team_named(new.organization, &new.name).map(AsRef::as_ref), named);
        }
    }

    /// The organizations of a user by name, in both orders and from the middle, and how many they are.
    fn check_organizations_of(&self, state: &State, user: Id) {
        let of_user = self.members.iter().filter(|((_, each), _)| *each == user);
        let mut named: Vec<(&Name, (Id, bool))> =
            of_user.map(|((of, _), is_admin)| (&self.accounts[of].name, (*of, *is_admin))).collect();
        named.sort();
        assert_eq!(state.organizations_count_of(user), named.len());
        assert_eq!(
            state.organizations_of(user).collect::<Vec<_>>(),
            left(Order::Ascending, None, named.iter().copied())
        );
        for after in [None, Some(account(1).name), Some(account(2).name)] {
            for order in [Order::Ascending, Order::Descending] {
                let listed = state.organizations_of_by_name(user, order, after.as_ref()).collect::<Vec<_>>();
                assert_eq!(listed, left(order, after.as_ref(), named.iter().copied()));
            }
        }
    }

    /// The members of an organization or a team by name, in both orders and from the middle.
    fn check_names(&self, state: &State, group: Id, members: Vec<Id>) {
        let mut named: Vec<(&Name, Id)> = members.into_iter().map(|user| (&self.accounts[&user].name, user)).collect();
        named.sort();
        for after in [None, Some(account(1).name), Some(account(2).name)] {
            for order in [Order::Ascending, Order::Descending] {
                let listed = state.members_by_name(group, order, after.as_ref()).collect::<Vec<_>>();
                assert_eq!(listed, left(order, after.as_ref(), named.iter().copied()));
            }
        }
    }

    fn check_grants(&self, state: &State) {
        for target in (0..NAMES.len()).map(target) {
            let on: Vec<_> = state.grants_on(&target).collect();
            let expected = self.grants.iter().filter(|((on, _), _)| *on == target);
            assert_eq!(on, expected.map(|((_, grantee), level)| (*grantee, *level)).collect::<Vec<_>>());
            for grantee in grantees() {
                let level = self.grants.get(&(target.clone(), grantee)).copied();
                assert_eq!(state.grant(&target, grantee), level);
            }
        }
        let middle = GrantTarget::Repository(named(0));
        for grantee in grantees() {
            let all = self.grants.iter().filter(|((_, of), _)| *of == grantee);
            let all: Vec<_> = all.map(|((target, _), level)| (target, *level)).collect();
            assert_eq!(state.grants_of(grantee).collect::<Vec<_>>(), all);
            let last = GrantTarget::Repository(RepositoryName::last());
            let range = (Bound::Excluded(middle.clone()), Bound::Excluded(last));
            let mut later: Vec<_> = all.into_iter().filter(|(target, _)| **target > middle).collect();
            let within = || state.grants_within(grantee, range.0.clone(), range.1.clone());
            assert_eq!(within().collect::<Vec<_>>(), later);
            later.reverse();
            assert_eq!(within().rev().collect::<Vec<_>>(), later);
        }
    }
}

/// What a list in ascending order has left after a name, in some order.
fn left<'a, T>(order: Order, after: Option<&Name>, all: impl Iterator<Item = (&'a Name, T)>) -> Vec<T> {
    let is_left = |name: &Name| match order {
        Order::Ascending => after.is_none_or(|after| name > after),
        Order::Descending => after.is_none_or(|after| name < after),
    };
    let mut left: Vec<T> = all.filter(|(name, _)| is_left(name)).map(|(_, each)| each).collect();
    if order == Order::Descending {
        left.reverse();
    }
    left
}

/// Does on the store what the model does; whether it was accepted.
fn apply(txn: &mut Txn<'_>, operation: &Operation) -> Result<bool, TooLarge> {
    match *operation {
        Operation::Account { number, name, is_admin, is_organization } => {
            return txn.put_account(new_account(number, name, is_admin, is_organization));
        }
        Operation::RemoveAccount(number) => txn.remove_account(id(number))?,
        Operation::Repository { name, is_public, owner } => {
            return txn.put_repository(new_repository(name, is_public, owner));
        }
        Operation::RemoveRepository(name) => {
            txn.remove_repository(&named(name), Deletion { at: now(), content: Remains::Stays })?;
        }
        Operation::Token { number, owner, secret, previous, ended, parent } => {
            return txn.put_token(new_token(number, owner, secret, previous, ended, parent));
        }
        Operation::RemoveToken(number) => txn.remove_token(id(number)),
        Operation::Member { .. }
        | Operation::RemoveMember { .. }
        | Operation::Team { .. }
        | Operation::RemoveTeam(_)
        | Operation::TeamMember { .. }
        | Operation::RemoveTeamMember { .. } => return apply_to_organizations(txn, operation),
        Operation::Grant { target: number, grantee, level } => return txn.put_grant(&target(number), grantee, level),
        Operation::RemoveGrant { target: number, grantee } => txn.remove_grant(&target(number), grantee),
        Operation::Usage(number) => txn.put_usage(id(number), &usage(0))?,
        Operation::Choose(ref choices) => txn.put_choices(choices.clone())?,
    }
    Ok(true)
}

/// A row is put only where what it refers to is there: the service checks that before.
fn apply_to_organizations(txn: &mut Txn<'_>, operation: &Operation) -> Result<bool, TooLarge> {
    match *operation {
        Operation::Member { organization, user, is_admin } => {
            let fits = [organization, user].iter().all(|account| txn.state().account(id(*account)).is_some());
            if fits {
                txn.put_member(Membership { organization: id(organization), user: id(user), is_admin })?;
            }
            return Ok(fits);
        }
        Operation::RemoveMember { organization, user } => txn.remove_member(id(organization), id(user)),
        Operation::Team { number, description } => {
            let team = new_team(number, description);
            return Ok(txn.state().account(team.organization).is_some() && txn.put_team(team)?);
        }
        Operation::RemoveTeam(number) => txn.remove_team(team_id(number))?,
        Operation::TeamMember { team, user } => {
            let organization = txn.state().team(team_id(team)).map(|team| team.organization);
            let fits = organization.is_some_and(|of| txn.state().member(of, id(user)).is_some());
            if fits {
                txn.put_team_member(TeamMembership { team: team_id(team), user: id(user) })?;
            }
            return Ok(fits);
        }
        Operation::RemoveTeamMember { team, user } => {
            txn.remove_team_member(TeamMembership { team: team_id(team), user: id(user) });
        }
        _ => unreachable!("on no organization: {operation:?}"),
    }
    Ok(true)
}

fn run(store: &Store, model: &mut Model, step: &Step) {
    let mut next = model.clone();
    let expected: Vec<bool> = step.operations.iter().map(|operation| next.apply(operation)).collect();
    let (operations, fails) = (step.operations.clone(), step.fails);
    let outcome = write(store, move |txn| {
        let accepted: Vec<bool> = operations.iter().map(|each| apply(txn, each)).collect::<Result<_, _>>()?;
        assert_eq!(accepted, expected);
        txn.audit(&entry("step"), Occurrence::once(now()))?;
        if fails { Err(Failure::Refused) } else { Ok(()) }
    });
    assert_eq!(outcome, if step.fails { Err(Failure::Refused) } else { Ok(()) });
    if !step.fails {
        next.audit += 1;
        next.buried.clear();
        *model = next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_says_what_plain_lists_say(steps in steps()) {
        let home = Home::started();
        let mut store = home.open();
        let mut model = Model::default();
        for step in &steps {
            run(&store, &mut model, step);
            model.check(&store.state());
            if step.reopens {
                // In the middle of the purge or after it.
                let before = store.state();
                drop(store);
                store = home.open();
                prop_assert!(before.purged() == store.state().purged());
            }
            purged(&store);
            model.check(&store.state());
        }
        drop(store);
        let store = home.open();
        model.check(&store.state());
        let used: BTreeMap<Id, Usage> = (100..106).filter_map(|each| Some((id(each), store.usage().of(id(each))?))).collect();
        prop_assert_eq!(used, model.usage);
        prop_assert_eq!(store.verify_audit(None).unwrap().problem, None);
    }
}
