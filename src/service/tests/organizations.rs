//! The operations on the organization and its teams, and who belongs to them.

use proptest::prelude::*;

use super::super::{Call, Error, MemberView, NewOrganization, PageQuery, Service};
use super::both::{Both, agree};
use super::model::{ACME, By, TARGETS, TEAMS, USERS};
use super::operations::{GRANTED, Operation, users};
use crate::domain::name::Name;
use crate::domain::order::Order;
use crate::domain::organization::MemberFilter;

pub(super) fn any_operation() -> impl Strategy<Value = Operation> {
    let team = prop::sample::select(&TEAMS[..]);
    let member = (team.clone(), prop::sample::select(&USERS[..]));
    // Mostly targets that a team can have a grant on.
    let of_acme = prop::sample::select(vec!["acme/app", "acme/lib", "acme/*"]);
    let target = prop_oneof![4 => of_acme, 1 => prop::sample::select(&TARGETS[..])];
    prop_oneof![
        2 => Just(Operation::AddAcme),
        1 => any::<bool>().prop_map(|with| Operation::RemoveAcme { with_repositories: with }),
        4 => (users(), any::<Option<bool>>()).prop_map(|(user, is_admin)| Operation::Join { user, is_admin }),
        2 => users().prop_map(Operation::Leave),
        4 => team.clone().prop_map(Operation::AddTeam),
        1 => team.clone().prop_map(Operation::RemoveTeam),
        4 => member.clone().prop_map(|(team, user)| Operation::JoinTeam { team, user }),
        2 => member.prop_map(|(team, user)| Operation::LeaveTeam { team, user }),
        5 => (target.clone(), team.clone(), prop::sample::select(&GRANTED[..])).prop_map(
            |(target, team, level)| Operation::GrantTeam { target, team, level }
        ),
        2 => (target, team).prop_map(|(target, team)| Operation::RevokeTeam { target, team }),
    ]
}

fn whole() -> PageQuery<Name> {
    PageQuery { order: Order::Ascending, after: None, limit: 10 }
}

impl Both<'_> {
    pub(super) fn on_acme(&mut self, by: By, call: &Call, operation: &Operation) {
        match *operation {
            Operation::AddAcme => {
                let may = self.model.is_administrator(by);
                let (name, full_name) = (Name::parse(ACME).unwrap(), String::new());
                let new = NewOrganization { name, full_name, adopt_repositories: true };
                let is_new = self.model.acme.is_none();
                agree(self.service().create_organization(call, new).map(drop), may && is_new, operation);
                if may {
                    self.model.add_acme();
                }
            }
            Operation::RemoveAcme { with_repositories } => {
                let may = self.model.is_administrator(by);
                agree(self.service().delete_account(call, ACME, with_repositories), may, operation);
                if may {
                    self.model.remove_acme(with_repositories);
                }
            }
            Operation::Join { user, is_admin } => {
                let may = self.model.administers_acme(by) && self.model.users.contains_key(user);
                agree(self.service().put_member(call, ACME, user, is_admin).map(drop), may, operation);
                if let Some(acme) = self.model.acme.as_mut().filter(|_| may) {
                    let present = acme.members.entry(user).or_default();
                    *present = is_admin.unwrap_or(*present);
                }
            }
            Operation::Leave(user) => {
                let may = self.model.may_take_out(by, user);
                agree(self.service().delete_member(call, ACME, user), may, &(by, operation));
                if may {
                    self.model.take_out(user);
                }
            }
            _ => unreachable!("not on the organization: {operation:?}"),
        }
    }

    pub(super) fn on_team(&mut self, by: By, call: &Call, operation: &Operation) {
        let may = self.model.administers_acme(by);
        let acme = self.model.acme.clone().unwrap_or_default();
        let fits = |team: &str, user: &str| acme.teams.contains_key(team) && self.model.users.contains_key(user);
        match *operation {
            Operation::AddTeam(team) => {
                let name = Name::parse(team).unwrap();
                let may = may && !acme.teams.contains_key(team);
                agree(self.service().create_team(call, ACME, &name, String::new()).map(drop), may, operation);
                if let Some(acme) = self.model.acme.as_mut().filter(|_| may) {
                    acme.teams.entry(team).or_default();
                }
            }
            Operation::RemoveTeam(team) => {
                agree(self.service().delete_team(call, ACME, team), may, operation);
                if may {
                    self.model.remove_team(team);
                }
            }
            Operation::JoinTeam { team, user } => {
                let may = may && fits(team, user);
                agree(self.service().put_team_member(call, ACME, team, user).map(drop), may, operation);
                if let Some(acme) = self.model.acme.as_mut().filter(|_| may) {
                    acme.members.entry(user).or_default();
                    acme.teams.entry(team).or_default().insert(user);
                }
            }
            Operation::LeaveTeam { team, user } => {
                let may = may && fits(team, user);
                agree(self.service().delete_team_member(call, ACME, team, user), may, operation);
                if let Some(acme) = self.model.acme.as_mut().filter(|_| may) {
                    acme.teams.entry(team).or_default().remove(user);
                }
            }
            _ => unreachable!("on no team: {operation:?}"),
        }
    }

    /// Checks who belongs to the organization and its teams.
    pub(super) fn check_organization(&self) {
        let (service, call) = (self.service(), self.call(Service::local(0)));
        let listed = service.list_members(&call, ACME, MemberFilter::All, &whole());
        let Some(acme) = &self.model.acme else {
            assert!(matches!(listed, Err(Error::NotFound { .. })));
            return;
        };
        let names = |members: &[MemberView]| {
            members.iter().map(|each| (each.user.name.to_string(), each.is_admin)).collect::<Vec<_>>()
        };
        let expected: Vec<_> = acme.members.iter().map(|(user, is_admin)| ((*user).to_owned(), *is_admin)).collect();
        assert_eq!(names(&listed.unwrap().entries), expected);
        let teams = service.list_teams(&call, ACME, &whole()).unwrap().entries;
        let teams: Vec<_> = teams.iter().map(|view| (view.team.name.as_str(), view.members)).collect();
        assert_eq!(teams, acme.teams.iter().map(|(team, members)| (*team, members.len())).collect::<Vec<_>>());
        for (team, members) in &acme.teams {
            let listed = service.list_team_members(&call, ACME, team, &whole()).unwrap();
            let expected: Vec<_> = members.iter().map(|user| ((*user).to_owned(), acme.members[user])).collect();
            assert_eq!(names(&listed.entries), expected, "{team}");
        }
    }
}
