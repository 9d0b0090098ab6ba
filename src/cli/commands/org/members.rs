//! `dockpass org add` and `remove`: who belongs to an organization, and what is left to whom it is taken from.

use crate::api::PutMember;
use crate::api::operations::organizations as op;
use crate::cli::commands::org::{AddArguments, MemberNames, One};
use crate::cli::commands::{account, left, several};
use crate::cli::screen::{CliError, Console, Report};
use crate::cli::wire::Api;

/// Adds members, or changes their roles.
pub(super) async fn add(arguments: AddArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let AddArguments { organization: One { name }, members: MemberNames { users }, admin } = arguments;
    several::each(&users, api, console, async |user, api, _| added(&name, user, admin, api).await).await
}

async fn added(name: &str, user: &str, admin: Option<bool>, api: &mut Api) -> Result<Report, CliError> {
    let before = role(name, user, api).await?;
    let answer =
        api.send(op::PutMember, [name, user], &(), &PutMember { is_admin: admin, ..PutMember::default() }).await?;
    let after = answer.read()?.is_admin;
    let what = if after { "an administrator" } else { "a member" };
    if before != Some(after) {
        return Ok(Report::done(answer.value, format!("{user} is now {what} of {name}")));
    }
    let already = format!("{user} is {what} of {name} already; nothing was changed");
    if admin == Some(false) { Err(CliError::Finding(already)) } else { Ok(Report::done(answer.value, already)) }
}

/// Whether a user administers an organization; none if it is no member, or the caller may not know.
async fn role(organization: &str, user: &str, api: &mut Api) -> Result<Option<bool>, CliError> {
    let member = account::if_told(api.call(op::ViewMember, [organization, user], &()).await)?;
    member.map(|answer| Ok(answer.read()?.is_admin)).transpose()
}

/// Removes members, and says what each still reaches there. The API's removal is idempotent, but who was no member was
/// not removed.
pub(super) async fn remove(
    organization: &str,
    users: &[String],
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    several::each(users, api, console, async |user, api, _| removed(organization, user, api).await).await
}

async fn removed(organization: &str, user: &str, api: &mut Api) -> Result<Report, CliError> {
    let before = role(organization, user, api).await?;
    let answer = api.call(op::DeleteMember, [organization, user], &()).await?;
    let left = match left::all_of(organization) {
        Some(all) => left::of_user(user, Some(&all), api).await,
        None => Vec::new(),
    };
    if before.is_some() {
        let line = format!("removed {user} from {organization} and its teams");
        return Ok(Report::done_then(answer.value, line, left));
    }
    Err(CliError::NothingTaken { said: format!("{user} is no member of {organization}; nothing was changed"), left })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::org::{OrgCommand, run};
    use crate::cli::testing::{Server, console, member};

    fn acme() -> One {
        One { name: "acme".into() }
    }

    #[tokio::test]
    async fn members_come_become_administrators_and_go() {
        let missing = r#"{"errors":[{"code":"NO_SUCH_MEMBER","message":"no such member: alice"}]}"#;
        let left = r#"{"user":{"name":"alice","id":"01A","isActive":true},"isAdministrator":false,"access":[{"on":"acme/app",
            "accessLevel":"read-only","reason":"repositoryGrant","team":null}]}"#;
        let (plain, admin) = (member(false), member(true));
        let server = Server::with_json(&[
            (404, missing),
            (200, &plain),
            (200, &plain),
            (200, &admin),
            (200, &admin),
            (204, ""),
            (200, left),
        ]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let alice = || MemberNames { users: vec!["alice".into()] };
        for admin in [None, Some(true)] {
            let arguments = AddArguments { organization: acme(), members: alice(), admin };
            run(OrgCommand::Add(arguments), &mut api, &mut console).await.unwrap();
        }
        let remove = OrgCommand::Remove { organization: acme(), members: alice() };
        run(remove, &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "alice is now a member of acme\nalice is now an administrator of acme\nremoved alice from acme and its teams\n  \
             alice still has read-only on acme/app by a grant on it: dockpass grant delete --user alice acme/app\n"
        );
        let sent = server.requests();
        assert!(sent[1].starts_with("PUT /enzi/v0/accounts/acme/members/alice ") && sent[1].ends_with("\r\n\r\n{}"));
        assert!(sent[3].ends_with(r#"{"isAdmin":true}"#), "{}", sent[3]);
        assert!(sent[5].starts_with("DELETE /enzi/v0/accounts/acme/members/alice "), "{}", sent[5]);
        assert!(sent[6].starts_with("GET /api/v0/accounts/alice/repositoryAccess?on=acme%2F%2A "), "{}", sent[6]);
    }

    #[tokio::test]
    async fn who_is_no_member_is_neither_removed_nor_demoted() {
        let missing = r#"{"errors":[{"code":"NO_SUCH_MEMBER","message":"no such member: alice"}]}"#;
        let left = r#"{"user":{"name":"alice","id":"01A","isActive":true},"isAdministrator":false,"access":[]}"#;
        let plain = member(false);
        let server = Server::with_json(&[(404, missing), (204, ""), (200, left), (200, &plain), (200, &plain)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let alice = || MemberNames { users: vec!["alice".into()] };
        let remove = OrgCommand::Remove { organization: acme(), members: alice() };
        let error = run(remove, &mut api, &mut console).await.unwrap_err();
        let said = "alice is no member of acme; nothing was changed";
        assert_eq!((error.to_string().as_str(), error.exit_code()), (said, 1));
        let demote = AddArguments { organization: acme(), members: alice(), admin: Some(false) };
        let error = run(OrgCommand::Add(demote), &mut api, &mut console).await.unwrap_err();
        let said = "alice is a member of acme already; nothing was changed";
        assert_eq!((error.to_string().as_str(), error.exit_code(), written.out()), (said, 1, String::new()));
    }
}
