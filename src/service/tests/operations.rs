//! Random operations: what is done, by whom, and what exists at the start.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::held::Told;
use super::model::{ACME, By, NAMES, PATTERNS, TARGETS, TEAMS, USERS};
use super::{organizations, telling};
use crate::domain::access::{AccessLevel, GrantLevel};

#[derive(Clone, Copy, Debug)]
pub(super) enum Life {
    Default,
    Never,
    Seconds(i64),
}

#[derive(Clone, Debug)]
pub(super) enum Operation {
    AddUser(&'static str),
    RemoveUser {
        user: &'static str,
        with_repositories: bool,
    },
    /// The user is deleted, and made again under the same name.
    Replace(&'static str),
    AddAcme,
    RemoveAcme {
        with_repositories: bool,
    },
    Join {
        user: &'static str,
        is_admin: Option<bool>,
    },
    Leave(&'static str),
    AddTeam(&'static str),
    RemoveTeam(&'static str),
    JoinTeam {
        team: &'static str,
        user: &'static str,
    },
    LeaveTeam {
        team: &'static str,
        user: &'static str,
    },
    GrantTeam {
        target: &'static str,
        team: &'static str,
        level: GrantLevel,
    },
    RevokeTeam {
        target: &'static str,
        team: &'static str,
    },
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
    Transfer {
        name: &'static str,
        to: &'static str,
    },
    TransferAll {
        from: &'static str,
        to: &'static str,
    },
    Push {
        name: &'static str,
        actions: &'static str,
    },
    Grant {
        target: &'static str,
        user: &'static str,
        level: GrantLevel,
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
    AddRobot {
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
    Tell {
        name: &'static str,
        told: Told,
    },
    Compare {
        name: &'static str,
        seen: BTreeMap<&'static str, u8>,
        ago: i64,
    },
    Forget(&'static str),
    Housekeep,
    /// Waits as long as lost tags are kept.
    WaitLong,
    Wait(i64),
    Reopen,
}

/// The caller of an operation: a fixed one, or any of the access tokens that there are.
#[derive(Clone, Debug)]
pub(super) enum Actor {
    Is(By),
    Token(prop::sample::Index),
}

pub(super) fn users() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&USERS[..])
}

/// Names of users, and of the organization.
fn accounts() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => users(), 1 => Just(ACME)]
}

pub(super) fn actors() -> impl Strategy<Value = Actor> {
    let token = any::<prop::sample::Index>().prop_map(Actor::Token);
    prop_oneof![
        1 => Just(Actor::Is(By::Anonymous)),
        4 => Just(Actor::Is(By::Local)),
        4 => users().prop_map(|user| Actor::Is(By::User(user))),
        5 => token,
    ]
}

/// The levels that are granted.
pub(super) const GRANTED: [GrantLevel; 3] = [GrantLevel::ReadOnly, GrantLevel::ReadWrite, GrantLevel::Admin];

pub(super) fn operations() -> impl Strategy<Value = Operation> {
    let (name, target) = (prop::sample::select(&NAMES[..]), prop::sample::select(&TARGETS[..]));
    let level = prop::sample::select(&GRANTED[..]);
    let token = any::<prop::sample::Index>();
    let actions = prop::sample::select(vec!["push", "pull,push", "push,delete", "pull", "delete", "*"]);
    prop_oneof![
        5 => users().prop_map(Operation::AddUser),
        2 => (users(), any::<bool>()).prop_map(|(user, with)| Operation::RemoveUser { user, with_repositories: with }),
        3 => users().prop_map(Operation::Replace),
        14 => organizations::any_operation(),
        12 => telling::any_operation(),
        2 => (users(), prop::bool::weighted(0.7)).prop_map(|(user, is)| Operation::SetActive(user, is)),
        1 => (users(), any::<bool>()).prop_map(|(user, is)| Operation::SetAdmin(user, is)),
        5 => (name.clone(), any::<bool>()).prop_map(|(name, is_public)| Operation::AddRepository { name, is_public }),
        2 => (name.clone(), any::<bool>()).prop_map(|(name, is_public)| Operation::SetPublic { name, is_public }),
        2 => name.clone().prop_map(Operation::RemoveRepository),
        6 => (name.clone(), accounts()).prop_map(|(name, to)| Operation::Transfer { name, to }),
        2 => (accounts(), accounts()).prop_map(|(from, to)| Operation::TransferAll { from, to }),
        5 => (name, actions).prop_map(|(name, actions)| Operation::Push { name, actions }),
        7 => (target.clone(), users(), level).prop_map(|(target, user, level)| Operation::Grant { target, user, level }),
        2 => (target, users()).prop_map(|(target, user)| Operation::Revoke { target, user }),
        8 => new_tokens(),
        4 => new_robots(),
        3 => (token.clone(), any::<bool>()).prop_map(|(token, is_active)| Operation::SetTokenActive { token, is_active }),
        2 => (token.clone(), prop_oneof![Just(0), Just(100_i64)]).prop_map(|(token, overlap)| Operation::Rotate { token, overlap }),
        2 => token.prop_map(Operation::RemoveToken),
        2 => whole_steps(2).prop_map(Operation::Wait),
        1 => Just(Operation::Reopen),
    ]
}

/// The operations that come first: without them most of what follows would have nothing to act on.
pub(super) fn beginnings() -> impl Strategy<Value = Vec<(Actor, Operation)>> {
    let by_local = |operation| (Actor::Is(By::Local), operation);
    let mut first = vec![by_local(Operation::AddAcme)];
    first.extend(USERS.map(|user| by_local(Operation::AddUser(user))));
    first.extend(TEAMS.map(|team| by_local(Operation::AddTeam(team))));
    // An access token of an administrator, which makes others for everybody.
    let (owner, cap, patterns, life) = (Some(USERS[0]), AccessLevel::Admin, Vec::new(), Life::Default);
    first.push(by_local(Operation::SetAdmin(USERS[0], true)));
    first.push(by_local(Operation::AddToken { owner, cap, patterns, life }));
    let repository = (prop::sample::select(&NAMES[..]), prop::bool::weighted(0.4));
    let repository = repository.prop_map(|(name, is_public)| Operation::AddRepository { name, is_public });
    let transfer = (prop::sample::select(&NAMES[..]), accounts());
    let transfer = transfer.prop_map(|(name, to)| Operation::Transfer { name, to });
    let grant = (prop::sample::select(&TARGETS[..]), users(), prop::sample::select(&GRANTED[..]));
    let grant = grant.prop_map(|(target, user, level)| Operation::Grant { target, user, level });
    let admin = (users(), any::<bool>()).prop_map(|(user, is)| Operation::SetAdmin(user, is));
    let operation = prop_oneof![
        6 => repository,
        3 => transfer,
        4 => grant,
        8 => new_tokens(),
        4 => new_robots(),
        2 => admin,
        6 => organizations::any_operation(),
        6 => telling::any_operation(),
    ];
    let token = any::<prop::sample::Index>().prop_map(Actor::Token);
    let actor = prop_oneof![2 => Just(Actor::Is(By::Local)), 1 => token];
    prop::collection::vec((actor, operation), 24).prop_map(move |more| [first.clone(), more].concat())
}

/// Seconds in steps of fifty, so that things often end at the very moment at which somebody looks.
fn whole_steps(most: i64) -> impl Strategy<Value = i64> {
    (1..=most).prop_map(|steps| steps * 50)
}

fn new_robots() -> impl Strategy<Value = Operation> {
    let levels =
        [AccessLevel::ReadOnly, AccessLevel::Push, AccessLevel::ReadWrite, AccessLevel::ReadWrite, AccessLevel::Admin];
    let patterns = prop_oneof![
        3 => Just(Vec::new()),
        2 => Just(vec!["acme/*"]),
        1 => prop::sample::subsequence(&PATTERNS[..], 1..3),
    ];
    let life =
        prop_oneof![3 => Just(Life::Default), 1 => Just(Life::Never), 2 => whole_steps(6).prop_map(Life::Seconds)];
    let made = (prop::sample::select(levels.to_vec()), patterns, life);
    made.prop_map(|(cap, patterns, life)| Operation::AddRobot { cap, patterns, life })
}

fn new_tokens() -> impl Strategy<Value = Operation> {
    let life = prop_oneof![
        3 => Just(Life::Default),
        1 => Just(Life::Never),
        2 => whole_steps(6).prop_map(Life::Seconds),
    ];
    let patterns = prop_oneof![
        2 => Just(Vec::new()),
        2 => prop::sample::subsequence(&PATTERNS[..], 1..4),
    ];
    let levels = [AccessLevel::ReadOnly, AccessLevel::Push, AccessLevel::ReadWrite, AccessLevel::Admin];
    let cap = prop_oneof![3 => Just(AccessLevel::Admin), 2 => prop::sample::select(levels.to_vec())];
    (prop::option::of(users()), cap, patterns, life).prop_map(|(owner, cap, patterns, life)| Operation::AddToken {
        owner,
        cap,
        patterns,
        life,
    })
}
