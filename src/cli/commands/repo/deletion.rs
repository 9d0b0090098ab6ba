//! `dockpass repo delete`: repositories, and what they hold in the registry.

use crate::api::operations::repositories as op;
use crate::cli::commands::repo::report;
use crate::cli::commands::{several, stakes};
use crate::cli::screen::{CliError, Console, Final, Report, Unasked, prompt};
use crate::cli::wire::{Api, parts};
use crate::domain::name::RepositoryName;

/// Looks the repositories up first: the API's deletion is idempotent, but a missing name on the command line is
/// misspelt.
pub(super) async fn delete(
    names: &[RepositoryName],
    unasked: Unasked,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let mut stakes = Vec::new();
    for name in several::each_once(names) {
        stakes.push(lost_with(name, api).await?);
    }
    prompt::confirm(Final::Delete, &stakes.join("\n"), unasked, console)?;
    several::each(names, api, console, async |name, api, console| {
        let answer = api.call(op::DeleteRepository, parts(name), &()).await?;
        console.warn(&answer.warnings)?;
        let shown = report::shown(name);
        // The server warns if the registry keeps the content, even if only for now.
        let line = if answer.warnings.is_empty() {
            format!("deleted the repository {shown} and its content in the registry")
        } else {
            format!("deleted the record of the repository {shown}")
        };
        Ok(Report::done(answer.value, line))
    })
    .await
}

/// What is lost with a repository.
async fn lost_with(name: &RepositoryName, api: &mut Api) -> Result<String, CliError> {
    let shown = report::shown(name);
    api.call(op::ViewRepository, parts(name), &()).await?;
    Ok(match stakes::many(stakes::tags(parts(name), api).await?, "tag", "tags") {
        Some(tags) => format!("{shown} is deleted for good, with {tags}{}.", stakes::content(api).await?),
        None => format!("{shown} is deleted for good; no tags of it are known."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::repo::{RepoCommand, run};
    use crate::cli::testing::{Server, console, counted};

    fn name(text: &str) -> RepositoryName {
        RepositoryName::parse_shown(text).unwrap()
    }

    fn deletion(text: &str, yes: bool) -> RepoCommand {
        RepoCommand::Delete { repositories: vec![name(text)], unasked: Unasked { yes } }
    }

    const FOUND: &str = "HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n{}";

    /// The answer to the question where the registry is.
    fn registry(url: &str) -> String {
        let body = format!(
            r#"{{"issuer":"i","services":[],"realm":"r","certificates":[],"url":{url},
            "notifications":{{"received":0,"refused":0,"lastReceived":null}},"comparison":null}}"#
        );
        format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn deleting_passes_on_the_servers_warning() {
        let answer = "HTTP/1.1 204 X\r\nwarning: 299 - \"the content stays in the registry\"\r\n\r\n";
        let server = Server::start(&[FOUND, &counted(0), answer]);
        let (mut console, written) = console(b"");
        run(deletion("_/busybox", true), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "deleted the record of the repository _/busybox\n");
        assert_eq!(written.note(), "the content stays in the registry\n");
        let sent = server.requests();
        assert!(sent[1].starts_with("GET /api/v0/repositories/_/busybox/tags?count=true&pageSize=1 "), "{}", sent[1]);
        assert!(sent[2].starts_with("DELETE /api/v0/repositories/_/busybox "));
    }

    #[tokio::test]
    async fn a_terminal_is_asked_before_anything_is_deleted() {
        let (tags, known) = (counted(2), registry("\"http://r\""));
        let gone = "HTTP/1.1 204 X\r\n\r\n";
        let server = Server::start(&[FOUND, &tags, &known, FOUND, &tags, &known, gone]);
        let mut api = server.api();
        let (mut console, written) = console(b"no\n");
        console.in_is_terminal = true;
        let error = run(deletion("alice/app", false), &mut api, &mut console).await.unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.exit_code(), written.out().as_str()),
            ("nothing was deleted", 1, "")
        );
        let asked =
            "alice/app is deleted for good, with 2 tags and what they hold in the registry.\nType delete to go on: ";
        assert_eq!(written.note(), asked);
        // With --yes nobody is asked.
        run(deletion("alice/app", true), &mut api, &mut console).await.unwrap();
        assert_eq!(written.note().matches("Type delete").count(), 1);
        assert_eq!(written.out(), "deleted the repository alice/app and its content in the registry\n");
        let sent = server.requests();
        let methods: Vec<_> = sent.iter().filter_map(|request| request.split(' ').next()).collect();
        assert_eq!(methods, ["GET", "GET", "GET", "GET", "GET", "GET", "DELETE"], "and none after the no");
    }

    #[tokio::test]
    async fn a_pipe_must_say_yes() {
        let server = Server::start(&[FOUND, &counted(2), &registry("null")]);
        let (mut console, _) = console(b"");
        let error = run(deletion("alice/app", false), &mut server.api(), &mut console).await.unwrap_err();
        let said = "alice/app is deleted for good, with 2 tags; the registry keeps what they hold. Standard input";
        assert!(error.to_string().starts_with(said) && error.exit_code() == 2, "{error}");
        assert!(server.requests().iter().all(|request| request.starts_with("GET ")));
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
}
