//! Why somebody has access, in words.

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

/// Why somebody has access, in words.
pub(in crate::cli) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Owner => "owns the namespace",
        Reason::OrganizationAdmin => "administers the organization",
        Reason::RepositoryGrant => "grant on the repository",
        Reason::NamespaceGrant => "grant on the namespace",
        Reason::TeamRepositoryGrant => "team grant on the repository",
        Reason::TeamNamespaceGrant => "team grant on the namespace",
        Reason::Public => "the repository is public",
        Reason::SystemAdministrator => "system administrator",
    }
}

/// The same on something in a namespace, with the team that it comes from, if it does.
pub(in crate::cli) fn source(why: Reason, namespace: &str, of: Option<&str>) -> String {
    let why = reason(why);
    of.map_or_else(|| why.to_owned(), |of| format!("{}: {why}", team(namespace, of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_words() {
        assert_eq!(reason(Reason::Owner), "owns the namespace");
        assert_eq!(reason(Reason::TeamNamespaceGrant), "team grant on the namespace");
    }
}
