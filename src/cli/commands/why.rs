//! Why somebody has access, in words.

use crate::api::{AccessSource, Reached};
use crate::cli::screen::shown;
use crate::domain::access::Reason;

/// A user's name in a list that also has teams.
pub(in crate::cli) fn user(name: &str, is_active: bool) -> String {
    format!("user {}", shown::marked(name, is_active))
}

/// A team's name in a list that also has users, as commands take it.
pub(in crate::cli) fn team(organization: &str, name: &str) -> String {
    format!("team {organization}/{name}")
}

/// One way in which somebody has access.
pub(in crate::cli) struct Way<'a> {
    /// Why.
    pub(in crate::cli) reason: Reason,
    /// On what: `NAMESPACE/NAME` or `NAMESPACE/*`.
    pub(in crate::cli) on: &'a str,
    /// Who, if that is known.
    pub(in crate::cli) who: Option<&'a str>,
    /// The team that it comes from, if it does.
    pub(in crate::cli) team: Option<&'a str>,
    /// The organization of that team, or the one that is administered.
    pub(in crate::cli) organization: Option<&'a str>,
}

impl<'a> Way<'a> {
    /// A source of access to a repository.
    pub(in crate::cli) fn to(on: &'a str, who: Option<&'a str>, source: &'a AccessSource) -> Self {
        let AccessSource { reason, team, organization, access_level: _ } = source;
        Self { reason: *reason, on, who, team: team.as_deref(), organization: organization.as_deref() }
    }

    /// Something that a user reaches.
    pub(in crate::cli) fn reached(by: &'a Reached) -> Self {
        let Reached { on, reason, team, organization, access_level: _ } = by;
        Self { reason: *reason, on, who: None, team: team.as_deref(), organization: organization.as_deref() }
    }

    fn namespace(&self) -> &'a str {
        self.on.split_once('/').map_or(self.on, |(namespace, _)| namespace)
    }

    /// The organization. An earlier server does not name it: then nothing was ever transferred, and it has the namespace.
    pub(in crate::cli) fn organization(&self) -> &'a str {
        self.organization.unwrap_or_else(|| self.namespace())
    }

    /// The team, as commands take it.
    fn team(&self) -> Option<String> {
        self.team.map(|name| team(self.organization(), name))
    }

    /// The reason in words. Who owns one repository need not own its namespace.
    pub(in crate::cli) fn reason(&self) -> String {
        let owns_all = self.on.ends_with("/*") || self.who == Some(self.namespace());
        match self.reason {
            Reason::Owner if owns_all => "owns the namespace".to_owned(),
            Reason::Owner => "owns the repository".to_owned(),
            Reason::OrganizationAdmin => format!("administers {}", self.organization()),
            Reason::RepositoryGrant => "grant on the repository".to_owned(),
            Reason::NamespaceGrant => "grant on the namespace".to_owned(),
            Reason::TeamRepositoryGrant => "team grant on the repository".to_owned(),
            Reason::TeamNamespaceGrant => "team grant on the namespace".to_owned(),
            Reason::Public => "the repository is public".to_owned(),
            Reason::SystemAdministrator => "system administrator".to_owned(),
        }
    }

    /// The same with the team that it comes from, if it does.
    pub(in crate::cli) fn source(&self) -> String {
        let why = self.reason();
        match self.team() {
            Some(team) => format!("{team}: {why}"),
            None => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_words_that_hold_after_a_transfer() {
        let way = |reason, on, who| Way { reason, on, who, team: None, organization: Some("newco") };
        let source = |way: Way<'_>| way.source();
        assert_eq!(source(way(Reason::Owner, "alice/*", None)), "owns the namespace");
        assert_eq!(source(way(Reason::Owner, "alice/app", Some("alice"))), "owns the namespace");
        assert_eq!(source(way(Reason::Owner, "alice/app", Some("bob"))), "owns the repository");
        assert_eq!(source(way(Reason::OrganizationAdmin, "alice/app", Some("bob"))), "administers newco");
        let of_team = Way { team: Some("dev"), ..way(Reason::TeamRepositoryGrant, "alice/app", Some("bob")) };
        assert_eq!(of_team.source(), "team newco/dev: team grant on the repository");
        let earlier = Way { organization: None, team: Some("dev"), ..way(Reason::TeamNamespaceGrant, "acme/*", None) };
        assert_eq!(earlier.source(), "team acme/dev: team grant on the namespace");
    }
}
