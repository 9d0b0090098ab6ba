//! `dockpass repo`: repositories.

mod deletion;
pub(in crate::cli) mod report;
mod tag;
pub(in crate::cli) mod transfer;
mod unfold;

use clap::{Args, Subcommand};

use crate::api::operations::answers::ListTokensOfRepository;
use crate::api::operations::grants::ListAccess;
use crate::api::operations::repositories as op;
use crate::api::{Counting, CreateRepository, Ordering, Paging, Repository, UpdateRepository, Visibility};
use crate::cli::commands::{reach, several, stakes, values};
use crate::cli::screen::{CliError, Console, Report, Unasked};
use crate::cli::wire::{Api, parts};
use crate::domain::content::TagName;
use crate::domain::immutable_tags::ImmutableTags;
use crate::domain::name::{Namespace, RepositoryName};
use unfold::Members;

/// What can be done with repositories.
#[derive(Subcommand)]
pub(in crate::cli) enum RepoCommand {
    /// Create repositories
    #[command(
        after_help = "Example:\n  dockpass repo create alice/app --description 'The app'\n  dockpass repo create acme/app \
                      acme/web\n  dockpass repo create _/busybox\n\nA repository without a namespace, which clients call `busybox` alone, is made by a \
                      system administrator, and never by a push. Then access to it is granted as to any other: dockpass \
                      grant set _/busybox --user NAME --access LEVEL"
    )]
    Create {
        /// Names; _/NAME without a namespace
        #[arg(value_name = "NAMESPACE/NAME", required = true, value_parser = values::repository)]
        repositories: Vec<RepositoryName>,
        /// Make it public: anyone may pull
        #[arg(long)]
        public: bool,
        /// A one-line description
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Tags that nobody overwrites: all, none, or those that match, such as 'v*,release-*'
        #[arg(long, value_name = "all|none|PATTERN,...", value_parser = values::immutable_tags)]
        immutable_tags: Option<ImmutableTags>,
    },
    /// List repositories by name
    #[command(after_help = "Example:\n  dockpass repo list --namespace alice --contains app")]
    List {
        /// Only those of this namespace; _ for names without one
        #[arg(long, value_name = "NAMESPACE", value_parser = values::namespace)]
        namespace: Option<Namespace>,
        /// Only those whose name contains this text
        #[arg(short = 'q', long, value_name = "TEXT")]
        contains: Option<String>,
        /// Only those this account owns, in any namespace
        #[arg(long, value_name = "NAME", value_parser = values::account, conflicts_with = "namespace")]
        owner: Option<String>,
    },
    /// Show a repository
    #[command(after_help = "Example:\n  dockpass repo show alice/app")]
    Show(One),
    /// Change a repository
    #[command(
        after_help = "Example:\n  dockpass repo set alice/app --public true\n  dockpass repo set alice/app --immutable-tags \
                      'v*,release-*'\n\nAn immutable tag is overwritten by nobody, administrators included: whoever must, \
                      deletes it first. That is held where pushes go through dockpass (registry.upstream in the \
                      configuration of the server)."
    )]
    Set(SetArguments),
    /// Delete repositories, also in the registry if it is connected
    #[command(
        after_help = "Example:\n  dockpass repo delete alice/app\n\nWith registry.url in the configuration of the server, \
                      everything that its tags point to is deleted in the registry, too, at once and for good. Without \
                      it only the record goes, with its grants: the registry keeps the content."
    )]
    Delete {
        /// Names; _/NAME without a namespace
        #[arg(value_name = "NAMESPACE/NAME", required = true, value_parser = values::repository)]
        repositories: Vec<RepositoryName>,
        #[command(flatten)]
        unasked: Unasked,
    },
    /// Transfer a repository to another account (administrators only); its name stays
    #[command(
        after_help = "Example:\n  dockpass repo transfer alice/app --to bob\n\nClients go on to pull alice/app. bob owns it \
                      then, and alice does not any more; grants on it and patterns of access tokens stay, and grants on \
                      alice/* become grants on it. All that somebody owns goes with: dockpass user offboard alice \
                      --transfer-repositories bob"
    )]
    Transfer {
        #[command(flatten)]
        repository: One,
        /// The new owner: a user or an organization
        #[arg(long, value_name = "NAME", value_parser = values::account)]
        to: String,
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
    #[command(after_help = "Example:\n  dockpass repo access alice/app\n  dockpass repo access acme/app --unfold")]
    Access {
        #[command(flatten)]
        repository: One,
        /// Also list the members of each team
        #[arg(long)]
        unfold: bool,
    },
    /// List the access tokens that have access to a repository
    #[command(
        after_help = "Example:\n  dockpass repo tokens alice/app\n\nAdministrators see each. Who administers the \
                      repository sees whose they are, their level and their state; those of a person without limits are \
                      one line. Those that only pull it because everybody does are not listed."
    )]
    Tokens(One),
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
    /// Whether anyone may pull
    #[arg(long, value_name = "true|false")]
    public: Option<bool>,
    /// A one-line description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A longer description
    #[arg(long, value_name = "TEXT")]
    long_description: Option<String>,
    /// Tags that nobody overwrites: all, none, or those that match, such as 'v*,release-*'
    #[arg(long, value_name = "all|none|PATTERN,...", value_parser = values::immutable_tags)]
    immutable_tags: Option<ImmutableTags>,
}

pub(in crate::cli) async fn run(command: RepoCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        RepoCommand::Create { repositories, public, description, immutable_tags } => {
            let (immutable_tags, immutable_tag_patterns) = in_body(immutable_tags.as_ref());
            let like = CreateRepository {
                short_description: description,
                visibility: public.then(|| visibility(true)),
                immutable_tags,
                immutable_tag_patterns,
                ..CreateRepository::default()
            };
            several::each(&repositories, api, console, async |name, api, _| create(name, like.clone(), api).await).await
        }
        RepoCommand::List { namespace, contains, owner } => {
            let containing = op::Containing { contains };
            let query = (containing, Ordering::default(), Paging::default(), Counting::default());
            let list = match namespace {
                None => {
                    let (containing, ordering, paging, counting) = query;
                    let query = (op::OfOwner { owner }, containing, ordering, paging, counting);
                    api.list(op::ListRepositories, [], &query, usize::MAX).await?
                }
                Some(namespace) => {
                    let parts = [namespace.as_str()];
                    api.list(op::ListRepositoriesOfNamespace, parts, &query, usize::MAX).await?
                }
            };
            console.report(&report::many(list)?)
        }
        RepoCommand::Show(One { name }) => {
            let answer = api.call(op::ViewRepository, parts(&name), &()).await?;
            console.warn(&answer.warnings)?;
            console.report(&report::one(answer)?)
        }
        RepoCommand::Set(arguments) => set(arguments, api, console).await,
        RepoCommand::Delete { repositories, unasked } => deletion::delete(&repositories, unasked, api, console).await,
        RepoCommand::Transfer { repository: One { name }, to } => transfer::one(&name, &to, api, console).await,
        RepoCommand::Tags(One { name }) => {
            let list = api.list(op::ListTags, parts(&name), &Default::default(), usize::MAX).await?;
            let is_unread = report::is_unread(&list)?;
            console.report(&report::tags(list)?)?;
            if is_unread && stakes::knows_registry(api).await? == Some(false) {
                console.note(UNREAD)?;
            }
            Ok(())
        }
        RepoCommand::DeleteTag { repository: One { name }, tags, unasked } => {
            tag::delete(&name, tags, unasked, api, console).await
        }
        RepoCommand::Access { repository: One { name }, unfold } => {
            let answer = api.call(ListAccess, parts(&name), &()).await?;
            let members = if unfold { unfold::members(&name, &answer.read()?, api).await? } else { Members::new() };
            console.report(&report::access(answer, &members)?)
        }
        RepoCommand::Tokens(One { name }) => {
            let list = api.list(ListTokensOfRepository, parts(&name), &Paging::default(), usize::MAX).await?;
            console.report(&reach::reaching(list, &name)?)
        }
    }
}

/// Why sizes and platforms are missing.
const UNREAD: &str =
    "SIZE and PLATFORMS are read from the registry: set registry.url in the configuration of the server\n";

/// Makes a repository of this name that is like this.
async fn create(name: &RepositoryName, like: CreateRepository, api: &mut Api) -> Result<Report, CliError> {
    let body = CreateRepository { name: name.rest().to_owned(), ..like };
    let answer = api.send(op::CreateRepository, [name.namespace_str()], &(), &body).await?;
    let (who, shown) = (body.visibility.as_deref().unwrap_or("private"), report::shown(name));
    // Nobody owns it: until access is given, only system administrators have any.
    let next = (name.namespace() == Namespace::Empty)
        .then(|| format!("Next: dockpass grant set {shown} --user NAME --access read-write"));
    let line = format!("created the {who} repository {shown}");
    Ok(Report::done_then(answer.value, line, next.into_iter().collect()))
}

async fn set(arguments: SetArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let SetArguments { repository: One { name }, change } = arguments;
    let (immutable_tags, immutable_tag_patterns) = in_body(change.immutable_tags.as_ref());
    let body = UpdateRepository {
        short_description: change.description,
        long_description: change.long_description,
        visibility: change.public.map(visibility),
        immutable_tags,
        immutable_tag_patterns,
        ..UpdateRepository::default()
    };
    let before = api.call(op::ViewRepository, parts(&name), &()).await?.read()?;
    let answer = api.send(op::UpdateRepository, parts(&name), &(), &body).await?;
    console.warn(&answer.warnings)?;
    let shown = report::shown(&name);
    match already(&body, change.public, &before) {
        // Nothing was taken from everybody: a script that expects that must learn it.
        Some(what) if change.public == Some(false) => Err(CliError::Finding(format!("{shown} {what}"))),
        Some(what) => console.report(&Report::done(answer.value, format!("{shown} {what}"))),
        None => console.report(&Report::done(answer.value, format!("changed the repository {shown}"))),
    }
}

/// That a repository is already as this would make it, in words; none if anything changes.
fn already(update: &UpdateRepository, public: Option<bool>, repository: &Repository) -> Option<String> {
    let is_public = repository.visibility == Visibility::Public;
    let is_same = public.is_none_or(|public| public == is_public)
        && update.short_description.as_ref().is_none_or(|text| *text == repository.short_description)
        && update.long_description.as_ref().is_none_or(|text| *text == repository.long_description)
        && update.immutable_tags.is_none_or(|is_all| is_all == repository.immutable_tags)
        && update.immutable_tag_patterns.as_ref().is_none_or(|patterns| *patterns == repository.immutable_tag_patterns);
    let visible = public.map(|public| if public { "public" } else { "private" });
    let is_described = update.short_description.is_some() || update.long_description.is_some();
    let described = is_described.then_some("described so");
    let immutable = update.immutable_tags.is_some().then_some("with these immutable tags");
    let states: Vec<_> = visible.into_iter().chain(described).chain(immutable).map(str::to_owned).collect();
    is_same.then(|| format!("is {} already; nothing was changed", stakes::listed(&states)))
}

/// The two fields of a body that say which tags are immutable.
fn in_body(tags: Option<&ImmutableTags>) -> (Option<bool>, Option<Vec<String>>) {
    let patterns = |tags: &ImmutableTags| tags.patterns().iter().map(ToString::to_string).collect();
    (tags.map(ImmutableTags::is_all), tags.map(patterns))
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

    #[tokio::test]
    async fn a_deeper_name_is_made_below_its_namespace() {
        let server = Server::with_json(&[(201, "{}")]);
        let (mut console, written) = console(b"");
        let make = RepoCommand::Create {
            repositories: vec![name("team/tools/lint")],
            public: true,
            description: None,
            immutable_tags: None,
        };
        run(make, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "created the public repository team/tools/lint\n");
        let sent = server.requests().remove(0);
        assert!(sent.starts_with("POST /api/v0/repositories/team HTTP/1.1"), "{sent}");
        assert!(sent.ends_with(r#"{"name":"tools/lint","visibility":"public"}"#), "{sent}");
    }

    #[tokio::test]
    async fn several_are_made_and_one_that_is_there_keeps_no_other_from_it() {
        let there = r#"{"errors":[{"code":"REPOSITORY_EXISTS","message":"it is there"}]}"#;
        let server = Server::with_json(&[(409, there), (201, "{}")]);
        let (mut console, written) = console(b"");
        let repositories = vec![name("acme/app"), name("acme/web")];
        let description = Some("ours".into());
        let make = RepoCommand::Create { repositories, public: false, description, immutable_tags: None };
        let error = run(make, &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("acme/app: it is there", 1));
        assert_eq!(written.out(), "created the private repository acme/web\n");
        assert!(server.requests()[1].ends_with(r#"{"name":"web","shortDescription":"ours"}"#));
    }

    #[tokio::test]
    async fn one_without_a_namespace_is_made_and_then_given() {
        let server = Server::with_json(&[(201, "{}")]);
        let (mut console, written) = console(b"");
        let repositories = vec![name("_/busybox")];
        let make = RepoCommand::Create { repositories, public: false, description: None, immutable_tags: None };
        run(make, &mut server.api(), &mut console).await.unwrap();
        let next = "Next: dockpass grant set _/busybox --user NAME --access read-write";
        assert_eq!(written.out(), format!("created the private repository _/busybox\n  {next}\n"));
        assert!(server.requests()[0].starts_with("POST /api/v0/repositories/_ "));
    }

    #[tokio::test]
    async fn what_is_private_is_taken_from_nobody() {
        let repository = |visibility: &str| {
            format!(
                r#"{{"id":"01A","namespace":"alice","namespaceType":"user","name":"app","shortDescription":"",
                "longDescription":"","visibility":"{visibility}","scanOnPush":false,"immutableTags":false,
                "enableManifestLists":true,"pulls":0,"pushes":0,"tagLimit":0,"accessLevel":"admin","owner":"alice","lastPush":null,
                "missingSince":null}}"#
            )
        };
        let (private, public) = (repository("private"), repository("public"));
        let server = Server::with_json(&[(200, &private), (200, &private), (200, &public), (200, &private)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let mut hide = async || {
            let change = RepositoryChange {
                public: Some(false),
                description: None,
                long_description: None,
                immutable_tags: None,
            };
            let set = SetArguments { repository: One { name: name("alice/app") }, change };
            run(RepoCommand::Set(set), &mut api, &mut console).await
        };
        let error = hide().await.unwrap_err();
        let said = "alice/app is private already; nothing was changed";
        assert_eq!((error.to_string().as_str(), error.exit_code()), (said, 1));
        hide().await.unwrap();
        assert_eq!(written.out(), "changed the repository alice/app\n");
    }

    #[tokio::test]
    async fn immutable_tags_are_set_and_what_nothing_holds_is_told() {
        let shown = r#"{"id":"01A","namespace":"alice","namespaceType":"user","name":"app","shortDescription":"",
            "longDescription":"","visibility":"private","scanOnPush":false,"immutableTags":true,"immutableTagPatterns":[],
            "enableManifestLists":true,"pulls":0,"pushes":0,"tagLimit":0,"accessLevel":"admin","owner":"alice","lastPush":null,
            "missingSince":null}"#;
        let warned = format!(
            "HTTP/1.1 200 X\r\nwarning: 299 - \"no tag is immutable\"\r\ncontent-length: {}\r\n\r\n{shown}",
            shown.len()
        );
        let server = Server::start(&[warned.as_str(); 5]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        for text in ["v*,stable", "all"] {
            let change = RepositoryChange {
                public: None,
                description: None,
                long_description: None,
                immutable_tags: values::immutable_tags(text).ok(),
            };
            let set = SetArguments { repository: One { name: name("alice/app") }, change };
            run(RepoCommand::Set(set), &mut api, &mut console).await.unwrap();
        }
        run(RepoCommand::Show(One { name: name("alice/app") }), &mut api, &mut console).await.unwrap();
        assert_eq!(written.note(), "no tag is immutable\n".repeat(3));
        let said = "changed the repository alice/app\n\
                    alice/app is with these immutable tags already; nothing was changed\n";
        assert!(written.out().starts_with(said), "{}", written.out());
        let sent = server.requests();
        let bodies = [
            r#"{"immutableTags":false,"immutableTagPatterns":["v*","stable"]}"#,
            r#"{"immutableTags":true,"immutableTagPatterns":[]}"#,
        ];
        assert!(sent[1].ends_with(bodies[0]) && sent[3].ends_with(bodies[1]), "{sent:?}");
    }

    #[tokio::test]
    async fn a_list_is_filtered_by_the_server() {
        let server = Server::with_json(&[(200, r#"{"repositories":[]}"#)]);
        let (mut console, written) = console(b"");
        let command =
            RepoCommand::List { namespace: Some(Namespace::Empty), contains: Some("a b".into()), owner: None };
        run(command, &mut server.api(), &mut console).await.unwrap();
        assert!(written.note().starts_with("There are no repositories"));
        assert!(server.requests()[0].starts_with("GET /api/v0/repositories/_?q=a%20b&pageSize=500 "));
    }
}
