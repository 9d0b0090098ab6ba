//! `dockpass org`: organizations, and who belongs to them.

mod members;
pub(in crate::cli) mod report;

use std::collections::BTreeSet;

use clap::{Args, Subcommand};

use crate::api::operations::{accounts, organizations as op};
use crate::api::{Code, CreateAccount, NamePaging, Ordering, UpdateAccount};
use crate::cli::commands::account::{self, Doomed, Removal};
use crate::cli::commands::{several, stakes, values};
use crate::cli::screen::{CliError, Console, Report};
use crate::cli::wire::Api;
use crate::domain::account::AccountFilter;
use crate::domain::organization::MemberFilter;
use crate::domain::text::shell_word;

/// What can be done with organizations.
#[derive(Subcommand)]
pub(in crate::cli) enum OrgCommand {
    /// Create organizations
    #[command(
        after_help = "Example:\n  dockpass org create acme --full-name 'Acme Works'\n  dockpass org create acme tools"
    )]
    Create(CreateArguments),
    /// List organizations
    #[command(after_help = "Example:\n  dockpass org list --contains al\n  dockpass org list --user alice")]
    List {
        /// Only those whose name or full name contains this text
        #[arg(short = 'q', long, value_name = "TEXT")]
        contains: Option<String>,
        /// Only those that this user belongs to, with its role; for the user and administrators
        #[arg(long, value_name = "NAME", value_parser = values::account, conflicts_with = "contains")]
        user: Option<String>,
    },
    /// Show an organization
    #[command(after_help = "Example:\n  dockpass org show acme")]
    Show(One),
    /// Change an organization
    #[command(after_help = "Example:\n  dockpass org set acme --full-name 'Acme Works'")]
    Set {
        #[command(flatten)]
        organization: One,
        /// Name in full
        #[arg(long, value_name = "TEXT")]
        full_name: String,
    },
    /// Delete organizations and their teams; their repositories remain, without an owner
    #[command(
        after_help = format!("Example:\n  dockpass org delete acme\n\n{}", account::WITH_REPOSITORIES)
    )]
    Delete {
        /// Names or ids
        #[arg(value_name = "NAME", required = true, value_parser = values::account)]
        organizations: Vec<String>,
        #[command(flatten)]
        removal: Removal,
    },
    /// List the members of an organization
    #[command(after_help = "Example:\n  dockpass org members acme --admins")]
    Members {
        #[command(flatten)]
        organization: One,
        /// Only the organization's administrators
        #[arg(long)]
        admins: bool,
    },
    /// Add members, or change their role
    #[command(after_help = "Example:\n  dockpass org add acme alice bob\n  dockpass org add acme alice --admin true")]
    Add(AddArguments),
    /// Remove members from the organization and its teams, and list the access they keep
    #[command(after_help = "Example:\n  dockpass org remove acme alice")]
    Remove {
        #[command(flatten)]
        organization: One,
        #[command(flatten)]
        members: MemberNames,
    },
}

/// One organization.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// Name or id
    #[arg(value_name = "NAME", value_parser = values::account)]
    name: String,
}

/// Who belongs to it.
#[derive(Args)]
pub(in crate::cli) struct MemberNames {
    /// Users, by name or id
    #[arg(value_name = "USER", required = true, value_parser = values::account)]
    users: Vec<String>,
}

/// What a new organization is.
#[derive(Args)]
pub(in crate::cli) struct CreateArguments {
    /// Names: lower-case letters and digits, joined by `.`, `_` or `-`
    #[arg(value_name = "NAME", required = true, value_parser = values::new_name)]
    names: Vec<String>,
    /// Name in full, of a single organization
    #[arg(long, value_name = "TEXT")]
    full_name: Option<String>,
    /// Take over repositories that already exist under these names
    #[arg(long)]
    adopt_repositories: bool,
}

/// How users belong to an organization.
#[derive(Args)]
pub(in crate::cli) struct AddArguments {
    #[command(flatten)]
    organization: One,
    #[command(flatten)]
    members: MemberNames,
    /// Whether they administer the organization: its members, teams and all repositories
    #[arg(long, value_name = "true|false")]
    admin: Option<bool>,
}

pub(in crate::cli) async fn run(command: OrgCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        OrgCommand::Create(arguments) => create(arguments, api, console).await,
        OrgCommand::List { user: Some(user), .. } => {
            let list = api.list(op::ListOrganizationsOfUser, [&user], &Default::default(), usize::MAX).await?;
            console.report(&report::of_user(list)?)
        }
        OrgCommand::List { contains, user: None } => list(contains, api, console).await,
        OrgCommand::Show(One { name }) => {
            let answer = account::organization(&name, api).await?;
            let robots = stakes::robots(&name, api).await?;
            console.report(&report::one(answer, robots)?)
        }
        OrgCommand::Set { organization: One { name }, full_name } => {
            let before = account::organization(&name, api).await?.read()?;
            let line = if before.full_name == full_name {
                format!("{name} is of that name already; nothing was changed")
            } else {
                format!("changed the organization {name}")
            };
            let body = UpdateAccount { full_name: Some(full_name), ..UpdateAccount::default() };
            let answer = api.send(accounts::UpdateAccount, [&name], &(), &body).await?;
            console.report(&Report::done(answer.value, line))
        }
        OrgCommand::Delete { organizations, removal } => delete(&organizations, removal, api, console).await,
        OrgCommand::Members { organization: One { name }, admins } => {
            let which = op::WhichMembers { filter: admins.then_some(MemberFilter::Admins) };
            let query = (which, Ordering::default(), NamePaging::default());
            let list = api.list(op::ListMembers, [&name], &query, usize::MAX).await?;
            let nothing = if admins {
                "Only system administrators administer this organization. Add one: dockpass org add NAME USER --admin true"
            } else {
                "This organization has no members. Add one: dockpass org add NAME USER"
            };
            console.report(&report::members(list, nothing)?)
        }
        OrgCommand::Add(arguments) => members::add(arguments, api, console).await,
        OrgCommand::Remove { organization: One { name }, members: MemberNames { users } } => {
            members::remove(&name, &users, api, console).await
        }
    }
}

/// Lists all organizations; who may not see all gets the own ones.
async fn list(contains: Option<String>, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let is_whole = contains.is_none();
    let own = api.user().map(str::to_owned).filter(|_| is_whole);
    match (account::list(AccountFilter::Organizations, contains, api).await, own) {
        (Err(CliError::Refused { code, .. }), Some(own)) if code == Code::NotAuthorized.name() => {
            let list = api.list(op::ListOrganizationsOfUser, [&own], &Default::default(), usize::MAX).await?;
            console.note("all organizations are for administrators to see; these are your own\n")?;
            console.report(&report::of_user(list)?)
        }
        (list, _) => console.report(&report::many(list?)?),
    }
}

async fn create(arguments: CreateArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let CreateArguments { names, full_name, adopt_repositories } = arguments;
    if names.len() > 1 && full_name.is_some() {
        return Err(CliError::Usage(
            "--full-name is for one organization; give the others theirs with `org set`".to_owned(),
        ));
    }
    several::each(&names, api, console, async |name, api, _| {
        let body = CreateAccount {
            name: name.clone(),
            full_name: full_name.clone(),
            is_org: Some(true),
            adopt_repositories: adopt_repositories.then_some(true),
            ..CreateAccount::default()
        };
        let answer = account::create(&body, api).await?;
        let next = vec![format!("Next: dockpass org add {} USER --admin true", shell_word(name))];
        Ok(Report::done_then(answer.value, format!("created the organization {name}"), next))
    })
    .await
}

async fn delete(names: &[String], removal: Removal, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let mut doomed = Vec::new();
    for name in names.iter().collect::<BTreeSet<_>>() {
        doomed.push(Doomed::organization(name, api).await?);
    }
    account::delete(&doomed, removal, api, console).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console, counted, member, ok};

    const ACME: &str = r#"{"name":"acme","id":"01B","fullName":"","isOrg":true,"membersCount":0,"teamsCount":0}"#;

    fn acme() -> One {
        One { name: "acme".into() }
    }

    #[tokio::test]
    async fn a_new_organization_is_an_account_that_says_so() {
        let server = Server::with_json(&[(201, ACME)]);
        let (mut console, written) = console(b"");
        let arguments =
            CreateArguments { names: vec!["acme".into()], full_name: Some("Acme".into()), adopt_repositories: true };
        create(arguments, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "created the organization acme\n  Next: dockpass org add acme USER --admin true\n");
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("POST /enzi/v0/accounts HTTP/1.1"), "{sent}");
        assert!(sent.ends_with(r#"{"name":"acme","fullName":"Acme","isOrg":true,"adoptRepositories":true}"#), "{sent}");
    }

    #[tokio::test]
    async fn several_organizations_are_made_and_only_one_gets_a_full_name() {
        let taken = r#"{"errors":[{"code":"ACCOUNT_EXISTS","message":"the name is taken"}]}"#;
        let server = Server::with_json(&[(201, ACME), (409, taken), (201, ACME)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let arguments = |full_name| {
            let names = ["acme", "tools", "web"].map(str::to_owned).to_vec();
            CreateArguments { names, full_name, adopt_repositories: false }
        };
        let error = create(arguments(Some("Acme".into())), &mut api, &mut console).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let error = create(arguments(None), &mut api, &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("tools: the name is taken", 1));
        let made: Vec<_> =
            written.out().lines().filter(|line| line.starts_with("created")).map(str::to_owned).collect();
        assert_eq!(made, ["created the organization acme", "created the organization web"]);
        assert_eq!(server.requests().len(), 3);
    }

    #[tokio::test]
    async fn members_are_listed_with_their_role() {
        let idle = member(false).replace("\"isActive\":true", "\"isActive\":false").replace("alice", "bob");
        let body = format!(r#"{{"members":[{},{idle}],"nextPageStart":"","resourceCount":2}}"#, member(true));
        let server = Server::with_json(&[(200, &body), (200, r#"{"members":[]}"#)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        for admins in [true, false] {
            run(OrgCommand::Members { organization: acme(), admins }, &mut api, &mut console).await.unwrap();
        }
        assert_eq!(
            written.out(),
            "NAME            FULL NAME  ROLE\nalice           Alice      organization administrator\n\
             bob (inactive)  Alice      member\n"
        );
        assert!(written.note().starts_with("This organization has no members."));
        let sent = server.requests();
        assert!(sent[0].starts_with("GET /enzi/v0/accounts/acme/members?filter=admins&limit=500 "), "{}", sent[0]);
        assert!(sent[1].starts_with("GET /enzi/v0/accounts/acme/members?limit=500 "), "{}", sent[1]);
    }

    #[tokio::test]
    async fn the_organizations_of_a_user_are_listed_with_the_role() {
        let body =
            format!(r#"{{"memberOrgs":[{{"org":{ACME},"isAdmin":true}}],"nextPageStart":"","resourceCount":1}}"#);
        let server = Server::with_json(&[(200, &body), (200, r#"{"memberOrgs":[]}"#)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        for _ in 0..2 {
            let list = OrgCommand::List { contains: None, user: Some("alice".into()) };
            run(list, &mut api, &mut console).await.unwrap();
        }
        assert_eq!(written.out(), "NAME  FULL NAME  ROLE\nacme  -          organization administrator\n");
        assert!(written.note().starts_with("This user belongs to no organization."), "{}", written.note());
        let sent = server.requests();
        assert!(sent[0].starts_with("GET /enzi/v0/accounts/alice/organizations?limit=500 "), "{}", sent[0]);
    }

    #[tokio::test]
    async fn a_terminal_is_asked_before_an_organization_goes_and_told_what_goes_along() {
        let acme = ACME.replace(r#""teamsCount":0"#, r#""teamsCount":2"#);
        let registry = r#"{"issuer":"i","services":[],"realm":"r","certificates":[],"url":"http://r","notifications":
            {"received":0,"refused":0,"lastReceived":null},"comparison":null}"#;
        let (acme, two, three, registry) = (ok(&acme), counted(2), counted(3_000), ok(registry));
        let looked_up = [acme.as_str(), &two, &three, &registry];
        let server = Server::start(&[&looked_up[..], &looked_up, &["HTTP/1.1 204 X\r\n\r\n"]].concat());
        let (mut console, written) = console(b"no\n");
        console.in_is_terminal = true;
        let mut api = server.api();
        let mut removal = Removal { with_repositories: true, ..Removal::default() };
        let error = delete(&["acme".to_owned()], removal, &mut api, &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), written.out().as_str()), ("nothing was deleted", ""));
        let asked = "The organization acme is deleted for good, with 2 teams, 2 robots and 3,000 repositories and what they \
                     hold in the registry.\nType delete to go on: ";
        assert_eq!(written.note(), asked);
        removal.unasked.yes = true;
        delete(&["acme".to_owned()], removal, &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "deleted the organization acme with its 3,000 repositories\n");
        assert!(server.requests()[8].starts_with("DELETE /api/v0/accounts/acme "));
    }

    #[tokio::test]
    async fn a_user_is_neither_changed_nor_deleted() {
        let alice = r#"{"name":"alice","id":"01A","fullName":"","isOrg":false}"#;
        let server = Server::with_json(&[(200, alice), (200, alice)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let named = || One { name: "alice".into() };
        let set = OrgCommand::Set { organization: named(), full_name: "A".into() };
        assert_eq!(run(set, &mut api, &mut console).await.unwrap_err().exit_code(), 2);
        let delete = OrgCommand::Delete {
            organizations: vec!["alice".into()],
            removal: Removal { with_repositories: true, ..Removal::default() },
        };
        assert_eq!(run(delete, &mut api, &mut console).await.unwrap_err().exit_code(), 2);
        assert_eq!(written.out(), "");
        assert!(server.requests().iter().all(|request| request.starts_with("GET ")));
    }
}
