//! What a writer does with organizations: members, teams, what is granted to these, and robots. Each writer has an organization
//! that stays, and makes others, which it deletes again.

use serde_json::{Value, json};

use super::{KEEPER, READER, Token, Writer, account, active, hash_of};
use crate::support::deeds::{ANYTHING, GONE, Held};

/// The state of an organization, as an account.
pub(in crate::support::deeds) const ORGANIZATION: &str = "organization";
/// The state of a team.
pub(in crate::support::deeds) const MADE: &str = "made";
/// The state of a member, also of a team.
pub(in crate::support::deeds) const MEMBER: &str = "member";
const ADMIN: &str = "admin";

/// A team of a writer's.
pub(super) struct Team {
    name: String,
    has_keeper: bool,
    is_granted: bool,
}

/// The organizations of a writer, and what it has made in the one that stays.
#[derive(Default)]
pub(super) struct Groups {
    others: Vec<String>,
    teams: Vec<Team>,
    robots: Vec<Token>,
    /// Whether the reader is a member, as far as this writer knows.
    has_reader: bool,
}

/// The organization of the writer of this number.
fn house(number: usize) -> String {
    format!("house-{number}")
}

/// The word for a member's role.
pub(in crate::support::deeds) fn role(is_admin: bool) -> &'static str {
    if is_admin { ADMIN } else { MEMBER }
}

pub(in crate::support::deeds) fn member(organization: &str, user: &str) -> String {
    format!("member {organization}/{user}")
}

pub(in crate::support::deeds) fn team(organization: &str, name: &str) -> String {
    format!("team {organization}/{name}")
}

pub(in crate::support::deeds) fn in_team(organization: &str, team: &str, user: &str) -> String {
    format!("in team {organization}/{team}/{user}")
}

pub(in crate::support::deeds) fn team_grant(organization: &str, team: &str) -> String {
    format!("granted to team {organization}/{team}")
}

pub(in crate::support::deeds) fn robot(name: &str) -> String {
    format!("robot {name}")
}

impl Writer<'_> {
    /// Makes the organization that stays.
    pub(super) fn make_house(&mut self) -> Option<()> {
        let name = house(self.number);
        self.make_organization(&name)
    }

    /// One change of an organization, or of what is in one.
    pub(super) fn change_groups(&mut self) -> Option<()> {
        match self.dice.below(12) {
            0 => {
                let name = self.name();
                self.make_organization(&name)?;
                self.groups.others.push(name);
                Some(())
            }
            1 => self.delete_organization(),
            2 => self.put_member(),
            3 => self.remove_member(),
            4 | 5 => self.make_team(),
            6 => self.join_or_leave_team(),
            7 => self.grant_to_team(),
            8 => self.delete_team(),
            9 => self.make_robot(),
            10 => self.switch_or_rotate_robot(),
            _ => self.delete_robot(),
        }
    }

    fn make_organization(&self, name: &str) -> Option<()> {
        let becomes = [(account(name), ORGANIZATION.to_owned())];
        self.plain("POST", "/enzi/v0/accounts", &json!({ "name": name, "isOrg": true }), &becomes)
    }

    fn delete_organization(&mut self) -> Option<()> {
        let Some(name) = self.groups.others.pop() else { return Some(()) };
        self.plain("DELETE", &format!("/enzi/v0/accounts/{name}"), &Value::Null, &[(account(&name), GONE.to_owned())])
    }

    fn path(&self, rest: &str) -> String {
        format!("/enzi/v0/accounts/{}/{rest}", house(self.number))
    }

    fn put_member(&mut self) -> Option<()> {
        let is_admin = self.dice.below(2) == 0;
        let becomes = [(member(&house(self.number), READER), role(is_admin).to_owned())];
        self.plain("PUT", &self.path(&format!("members/{READER}")), &json!({ "isAdmin": is_admin }), &becomes)?;
        self.groups.has_reader = true;
        Some(())
    }

    fn remove_member(&mut self) -> Option<()> {
        if !self.groups.has_reader {
            return Some(());
        }
        let becomes = [(member(&house(self.number), READER), GONE.to_owned())];
        self.plain("DELETE", &self.path(&format!("members/{READER}")), &Value::Null, &becomes)?;
        self.groups.has_reader = false;
        Some(())
    }

    fn make_team(&mut self) -> Option<()> {
        let name = self.name();
        let becomes = [(team(&house(self.number), &name), MADE.to_owned())];
        self.plain("POST", &self.path("teams"), &json!({ "name": name }), &becomes)?;
        self.groups.teams.push(Team { name, has_keeper: false, is_granted: false });
        Some(())
    }

    /// Who joins a team is a member of the organization from then on, whatever comes later.
    fn join_or_leave_team(&mut self) -> Option<()> {
        let Some(place) = self.any(self.groups.teams.len()) else { return Some(()) };
        let Team { name, has_keeper, .. } = &self.groups.teams[place];
        let (house, path) = (house(self.number), self.path(&format!("teams/{name}/members/{KEEPER}")));
        let object = in_team(&house, name, KEEPER);
        if *has_keeper {
            self.plain("DELETE", &path, &Value::Null, &[(object, GONE.to_owned())])?;
        } else {
            let becomes = [(object, MEMBER.to_owned()), (member(&house, KEEPER), MEMBER.to_owned())];
            self.plain("PUT", &path, &json!({}), &becomes)?;
        }
        self.groups.teams[place].has_keeper = !self.groups.teams[place].has_keeper;
        Some(())
    }

    fn grant_to_team(&mut self) -> Option<()> {
        let Some(place) = self.any(self.groups.teams.len()) else { return Some(()) };
        let Team { name, is_granted, .. } = &self.groups.teams[place];
        let house = house(self.number);
        let (object, path) =
            (team_grant(&house, name), format!("/api/v0/repositoryNamespaces/{house}/teamAccess/{name}"));
        if *is_granted {
            self.plain("DELETE", &path, &Value::Null, &[(object, GONE.to_owned())])?;
        } else {
            let level = "read-write";
            self.plain("PUT", &path, &json!({ "accessLevel": level }), &[(object, level.to_owned())])?;
        }
        self.groups.teams[place].is_granted = !self.groups.teams[place].is_granted;
        Some(())
    }

    /// Its members and its grants go with it.
    fn delete_team(&mut self) -> Option<()> {
        let Some(place) = self.any(self.groups.teams.len()) else { return Some(()) };
        let (Team { name, .. }, house) = (self.groups.teams.swap_remove(place), house(self.number));
        let objects = [team(&house, &name), in_team(&house, &name, KEEPER), team_grant(&house, &name)];
        let becomes = objects.map(|object| (object, GONE.to_owned()));
        self.plain("DELETE", &self.path(&format!("teams/{name}")), &Value::Null, &becomes)
    }

    fn robots(&self) -> String {
        format!("/api/v0/accounts/{}/robots", house(self.number))
    }

    fn make_robot(&mut self) -> Option<()> {
        let name = self.name();
        let label = format!("{}/{name}", house(self.number));
        let becomes = [(robot(&label), format!("active {ANYTHING}"))];
        let body = json!({ "name": name, "accessLevel": "push" });
        let made = self.change("POST", &self.robots(), &body, &becomes, hash_of)?;
        self.hold_robot(&label, &made);
        self.groups.robots.push(Token { label: name, hash: hash_of(&made), is_active: true });
        Some(())
    }

    /// A robot's secret opens what its user name says.
    fn hold_robot(&self, label: &str, made: &Value) {
        let secret = made["token"].as_str().unwrap_or_else(|| panic!("no secret: {made}")).to_owned();
        self.book.hold(Held { object: robot(label), user: label.to_owned(), secret, hash: hash_of(made) });
    }

    fn switch_or_rotate_robot(&mut self) -> Option<()> {
        let is_rotation = self.dice.below(2) == 0;
        let Some(place) = self.any(self.groups.robots.len()) else { return Some(()) };
        let Token { label: name, hash, is_active } = &self.groups.robots[place];
        let (label, path) = (format!("{}/{name}", house(self.number)), format!("{}/{name}", self.robots()));
        if *is_active && is_rotation {
            let becomes = [(robot(&label), format!("active {ANYTHING}"))];
            let made = self.change("POST", &format!("{path}/rotate"), &json!({ "overlap": 0 }), &becomes, hash_of)?;
            self.hold_robot(&label, &made);
            self.groups.robots[place].hash = hash_of(&made);
            return Some(());
        }
        let becomes = [(robot(&label), format!("{} {hash}", active(!is_active)))];
        self.plain("PATCH", &path, &json!({ "isActive": !is_active }), &becomes)?;
        self.groups.robots[place].is_active = !self.groups.robots[place].is_active;
        Some(())
    }

    fn delete_robot(&mut self) -> Option<()> {
        let Some(place) = self.any(self.groups.robots.len()) else { return Some(()) };
        let Token { label: name, .. } = self.groups.robots.swap_remove(place);
        let object = robot(&format!("{}/{name}", house(self.number)));
        self.plain("DELETE", &format!("{}/{name}", self.robots()), &Value::Null, &[(object, GONE.to_owned())])
    }
}
