//! `dockpass repo`: repositories.

pub(in crate::cli) mod report;
mod tag;

use clap::{Args, Subcommand};

use crate::api::operations::grants::ListAccess;
use crate::api::operations::repositories as op;
use crate::api::{Counting, CreateRepository, Ordering, Paging, UpdateRepository};
use crate::cli::commands::values;
use crate::cli::screen::{CliError, Console, Report, Unasked, prompt};
use crate::cli::wire::{Api, parts};
use crate::domain::content::TagName;
use crate::domain::name::{Namespace, RepositoryName};

/// What can be done with repositories.
#[derive(Subcommand)]
pub(in crate::cli) enum RepoCommand {
    /// Make a repository
    #[command(after_help = "Example:\n  dockpass repo create alice/app --description 'The app'")]
    Create {
        #[command(flatten)]
        repository: One,
        /// Let everybody pull
        #[arg(long)]
        public: bool,
        /// One line about it
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// List repositories by name
    #[command(after_help = "Example:\n  dockpass repo list --namespace alice -q app")]
    List {
        /// Only those of this namespace; _ for names without one
        #[arg(long, value_name = "NAMESPACE", value_parser = values::namespace)]
        namespace: Option<Namespace>,
        /// Only those whose name contains this text
        #[arg(short, value_name = "TEXT")]
        q: Option<String>,
    },
    /// Show a repository
    #[command(after_help = "Example:\n  dockpass repo show alice/app")]
    Show(One),
    /// Change a repository
    #[command(after_help = "Example:\n  dockpass repo set alice/app --public true")]
    Set(SetArguments),
    /// Delete a repository, in the registry, too, if that can be asked
    #[command(
        after_help = "Example:\n  dockpass repo delete alice/app\n\nWith registry.url in the configuration of the server, \
                      everything that its tags point to is deleted in the registry, too, at once and for good. Without \
                      it only the record goes, with its grants: the registry keeps the content."
    )]
    Delete {
        #[command(flatten)]
        repository: One,
        #[command(flatten)]
        unasked: Unasked,
    },
    /// List the tags of a repository
    #[command(after_help = "Example:\n  dockpass repo tags alice/app")]
    Tags(One),
    /// Delete tags, here and in the registry
    #[command(
        after_help = "Example:\n  dockpass repo delete-tag alice/app 1.0 latest\n\nNeeds registry.url in the configuration \
                      of the server. A registry that deletes whole manifests only deletes the tags of one together: \
                      name all of them."
    )]
    DeleteTag {
        #[command(flatten)]
        repository: One,
        /// The tags, at most 101
        #[arg(value_name = "TAG", required = true, value_parser = values::tag)]
        tags: Vec<TagName>,
        #[command(flatten)]
        unasked: Unasked,
    },
    /// Show who has access to a repository, and why
    #[command(after_help = "Example:\n  dockpass repo access alice/app")]
    Access(One),
}

/// One repository.
#[derive(Args)]
pub(in crate::cli) struct One {
    /// Name; _/NAME without a namespace
    #[arg(value_name = "NAMESPACE/NAME", value_parser = values::repository)]
    name: RepositoryName,
}

/// What changes of a repository.
#[derive(Args)]
#[group(skip)]
pub(in crate::cli) struct SetArguments {
    #[command(flatten)]
    repository: One,
    #[command(flatten)]
    change: RepositoryChange,
}

/// At least one of these.
#[derive(Args)]
#[group(required = true, multiple = true)]
struct RepositoryChange {
    /// Whether everybody may pull
    #[arg(long, value_name = "true|false")]
    public: Option<bool>,
    /// One line about it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// More about it
    #[arg(long, value_name = "TEXT")]
    long_description: Option<String>,
}

pub(in crate::cli) async fn run(command: RepoCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        RepoCommand::Create { repository, public, description } => {
            create(&repository.name, public, description, api, console).await
        }
        RepoCommand::List { namespace, q } => {
            let containing = op::Containing { contains: q };
            let query = (containing, Ordering::default(), Paging::default(), Counting::default());
            let list = match namespace {
                None => api.list(op::ListRepositories, [], &query, usize::MAX).await?,
                Some(namespace) => {
                    let parts = [namespace.as_str()];
                    api.list(op::ListRepositoriesOfNamespace, parts, &query, usize::MAX).await?
                }
            };
            console.report(&report::many(list)?)
        }
        RepoCommand::Show(One { name }) => {
            let answer = api.call(op::ViewRepository, parts(&name), &()).await?;
            console.report(&report::one(answer)?)
        }
        RepoCommand::Set(arguments) => set(arguments, api, console).await,
        RepoCommand::Delete { repository: One { name }, unasked } => delete(&name, unasked, api, console).await,
        RepoCommand::Tags(One { name }) => {
            let list = api.list(op::ListTags, parts(&name), &Default::default(), usize::MAX).await?;
            console.report(&report::tags(list)?)
        }
        RepoCommand::DeleteTag { repository: One { name }, tags, unasked } => {
            tag::delete(&name, tags, unasked, api, console).await
        }
        RepoCommand::Access(One { name }) => {
            let answer = api.call(ListAccess, parts(&name), &()).await?;
            console.report(&report::access(answer)?)
        }
    }
}

async fn create(
    name: &RepositoryName,
    public: bool,
    description: Option<String>,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let body = CreateRepository {
        name: name.rest().to_owned(),
        short_description: description,
        visibility: public.then(|| visibility(true)),
        ..CreateRepository::default()
    };
    let answer = api.send(op::CreateRepository, [name.namespace_str()], &(), &body).await?;
    let who = if public { "public" } else { "private" };
    console.report(&Report::done(answer.value, format!("created the {who} repository {}", report::shown(name))))
}

/// Looks the repository up first: the API's deletion is idempotent, but a missing name on the command line is
/// misspelt.
async fn delete(name: &RepositoryName, unasked: Unasked, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let shown = report::shown(name);
    api.call(op::ViewRepository, parts(name), &()).await?;
    let what = "its images in the registry too, if the server knows where that is";
    prompt::confirm(&format!("{shown} is deleted for good, {what}."), unasked, console)?;
    let answer = api.call(op::DeleteRepository, parts(name), &()).await?;
    console.warn(&answer.warnings)?;
    // The server warns if the registry keeps the content, even if only for now.
    let line = if answer.warnings.is_empty() {
        format!("deleted the repository {shown} and its content in the registry")
    } else {
        format!("deleted the record of the repository {shown}")
    };
    console.report(&Report::done(answer.value, line))
}

async fn set(arguments: SetArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let SetArguments { repository: One { name }, change } = arguments;
    let body = UpdateRepository {
        short_description: change.description,
        long_description: change.long_description,
        visibility: change.public.map(visibility),
        ..UpdateRepository::default()
    };
    let answer = api.send(op::UpdateRepository, parts(&name), &(), &body).await?;
    console.report(&Report::done(answer.value, format!("changed the repository {}", report::shown(&name))))
}

fn visibility(is_public: bool) -> String {
    if is_public { "public" } else { "private" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    fn name(text: &str) -> RepositoryName {
        RepositoryName::parse_shown(text).unwrap()
    }

    fn deletion(text: &str, yes: bool) -> RepoCommand {
        RepoCommand::Delete { repository: One { name: name(text) }, unasked: Unasked { yes } }
    }

    #[tokio::test]
    async fn a_deeper_name_is_made_below_its_namespace() {
        let server = Server::with_json(&[(201, "{}")]);
        let (mut console, written) = console(b"");
        create(&name("team/tools/lint"), true, None, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "created the public repository team/tools/lint\n");
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("POST /api/v0/repositories/team HTTP/1.1"), "{sent}");
        assert!(sent.ends_with(r#"{"name":"tools/lint","visibility":"public"}"#), "{sent}");
    }

    #[tokio::test]
    async fn deleting_passes_on_the_servers_warning() {
        let found = "HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n{}";
        let answer = "HTTP/1.1 204 X\r\nwarning: 299 - \"the content stays in the registry\"\r\n\r\n";
        let server = Server::start(&[found, answer]);
        let (mut console, written) = console(b"");
        run(deletion("_/busybox", false), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "deleted the record of the repository _/busybox\n");
        assert_eq!(written.note(), "the content stays in the registry\n");
        assert!(server.requests()[1].starts_with("DELETE /api/v0/repositories/_/busybox "));
    }

    #[tokio::test]
    async fn a_terminal_is_asked_before_anything_is_deleted() {
        let server = Server::with_json(&[(200, "{}"), (200, "{}"), (204, "")]);
        let mut api = server.api();
        let (mut console, written) = console(b"no\n");
        console.in_is_terminal = true;
        let error = run(deletion("alice/app", false), &mut api, &mut console).await.unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.exit_code(), written.out().as_str()),
            ("nothing was deleted", 1, "")
        );
        assert!(written.note().starts_with("alice/app is deleted for good, its images"), "{}", written.note());
        // With --yes nobody is asked.
        run(deletion("alice/app", true), &mut api, &mut console).await.unwrap();
        assert_eq!(written.note().matches("Type delete").count(), 1);
        let sent = server.requests();
        let methods: Vec<_> = sent.iter().filter_map(|request| request.split(' ').next()).collect();
        assert_eq!(methods, ["GET", "GET", "DELETE"], "and none after the no");
    }

    #[tokio::test]
    async fn that_the_content_has_gone_as_well_is_said() {
        let server = Server::with_json(&[(200, "{}"), (204, "")]);
        let (mut console, written) = console(b"");
        run(deletion("alice/app", false), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "deleted the repository alice/app and its content in the registry\n");
        assert_eq!(written.note(), "");
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_said_to_be_deleted() {
        let missing = r#"{"errors":[{"code":"NO_SUCH_REPOSITORY","message":"no such repository: alice/ap"}]}"#;
        let server = Server::with_json(&[(404, missing)]);
        let (mut console, written) = console(b"");
        let asked = deletion("alice/ap", false);
        let error = run(asked, &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("no such repository: alice/ap", 1));
        assert_eq!(written.out(), "");
        assert!(server.requests().iter().all(|request| request.starts_with("GET ")));
    }

    #[tokio::test]
    async fn a_list_is_filtered_by_the_server() {
        let server = Server::with_json(&[(200, r#"{"repositories":[]}"#)]);
        let (mut console, written) = console(b"");
        let command = RepoCommand::List { namespace: Some(Namespace::Empty), q: Some("a b".into()) };
        run(command, &mut server.api(), &mut console).await.unwrap();
        assert!(written.note().starts_with("There are no repositories"));
        assert!(server.requests()[0].starts_with("GET /api/v0/repositories/_?q=a%20b&pageSize=500 "));
    }
}
