//! `dockpass repo delete-tag`: one tag or several, whether the registry deletes tags or only manifests.
//!
//! A registry that only deletes whole manifests deletes the tags of a manifest together, so each request names the
//! other tags that are to go. A list of images must go before its images, so refused tags are tried again.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::Code;
use crate::api::operations::repositories as op;
use crate::cli::commands::repo::report::shown;
use crate::cli::screen::{CliError, Console, Final, Report, Unasked, prompt};
use crate::cli::wire::{Api, parts};
use crate::domain::content::TagName;
use crate::domain::name::RepositoryName;

/// Most tags of one command: the one in a request's path, and the 100 others that the request may name.
const MOST: usize = 101;

/// Deletes the tags; reports those that are gone, even if others could not be deleted.
pub(in crate::cli) async fn delete(
    name: &RepositoryName,
    tags: Vec<TagName>,
    unasked: Unasked,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let tags: BTreeSet<TagName> = tags.into_iter().collect();
    if tags.len() > MOST {
        return Err(CliError::Usage(format!("at most {MOST} tags go with one command")));
    }
    let named: Vec<_> = tags.iter().map(|tag| format!("{}:{tag}", shown(name))).collect();
    let verb = if named.len() == 1 { "is" } else { "are" };
    let stakes = format!("{} {verb} deleted for good, in the registry.", named.join(", "));
    prompt::confirm(Final::Delete, &stakes, unasked, console)?;
    let mut deletion = DeletionRun { name, all: &tags, known: known(name, &tags, api).await?, gone: BTreeSet::new() };
    let result = deletion.run(api).await;
    let done: Vec<String> = deletion.gone.iter().map(|tag| format!("{}:{tag}", shown(name))).collect();
    match done.as_slice() {
        [] => {}
        [one] => console.report(&Report::done(Value::Null, format!("deleted the tag {one}")))?,
        several => console.report(&Report::done(Value::Null, format!("deleted the tags {}", several.join(", "))))?,
    }
    result
}

/// Those of several tags that exist at first: if such a tag is missing later, it went with another.
async fn known(name: &RepositoryName, tags: &BTreeSet<TagName>, api: &mut Api) -> Result<BTreeSet<TagName>, CliError> {
    if tags.len() < 2 {
        return Ok(BTreeSet::new());
    }
    let list = api.list(op::ListTags, parts(name), &Default::default(), usize::MAX).await?;
    let known: BTreeSet<String> = list.read()?.into_iter().map(|tag| tag.name).collect();
    Ok(tags.iter().filter(|tag| known.contains(tag.as_str())).cloned().collect())
}

struct DeletionRun<'a> {
    name: &'a RepositoryName,
    all: &'a BTreeSet<TagName>,
    known: BTreeSet<TagName>,
    gone: BTreeSet<TagName>,
}

impl DeletionRun<'_> {
    /// Tries the tags that are left, again and again, as long as each round deletes one.
    async fn run(&mut self, api: &mut Api) -> Result<(), CliError> {
        loop {
            let before = self.gone.len();
            let mut in_the_way = None;
            let left: Vec<TagName> = self.all.difference(&self.gone).cloned().collect();
            for tag in left {
                match self.one(&tag, api).await {
                    Ok(()) => drop(self.gone.insert(tag)),
                    Err(CliError::Refused { code, message, status, retry_after }) if code == "TAG_SHARES_MANIFEST" => {
                        let message = if self.all.len() > 1 { format!("{tag}: {message}") } else { message };
                        in_the_way = Some(CliError::Refused { status, code, message, retry_after });
                    }
                    Err(error) => return Err(error),
                }
            }
            match in_the_way {
                None => return Ok(()),
                Some(error) if self.gone.len() == before => return Err(error),
                Some(_) => {}
            }
        }
    }

    async fn one(&self, tag: &TagName, api: &mut Api) -> Result<(), CliError> {
        let others: Vec<&str> =
            self.all.difference(&self.gone).filter(|other| *other != tag).map(TagName::as_str).collect();
        let along = op::Along { also: Some(others.join(",")).filter(|others| !others.is_empty()) };
        let [namespace, rest] = parts(self.name);
        let went_along = self.known.contains(tag) && !self.gone.is_empty();
        match api.call(op::DeleteTag, [namespace, rest, tag.as_str()], &along).await {
            Err(CliError::Refused { code, .. }) if code == "NO_SUCH_TAG" && went_along => Ok(()),
            // The API tells no client how it reaches the registry. Who is here may ask again, and be told.
            Err(CliError::Refused { code, message, status, retry_after })
                if code == Code::Unavailable.name() && api.is_local() =>
            {
                Err(CliError::Refused {
                    code,
                    message: format!("{message}; `dockpass registry sync` says it"),
                    status,
                    retry_after,
                })
            }
            answer => answer.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    #[tokio::test]
    async fn who_may_know_why_the_registry_does_not_answer_is_told_where_it_is_said() {
        let body = r#"{"errors":[{"code":"UNAVAILABLE","message":"the reason is in the server's log"}]}"#;
        let (result, ..) = run(&["a"], &[(503, body)]).await;
        assert_eq!(result, Err("the reason is in the server's log; `dockpass registry sync` says it".to_owned()));
    }

    const MISSING: &str = r#"{"errors":[{"code":"NO_SUCH_TAG","message":"no such tag: alice/app:b"}]}"#;
    const SHARED: &str = r#"{"errors":[{"code":"TAG_SHARES_MANIFEST","message":"nothing was deleted"}]}"#;

    fn known(tags: &[&str]) -> String {
        let manifest = r#"{"digest":"","mediaType":"","configDigest":"","configMediaType":"","os":"","osVersion":"",
            "architecture":"","author":"","createdAt":null,"size":0,"dockerfile":[]}"#;
        let tag = |name: &&str| {
            format!(
                r#"{{"name":"{name}","digest":"","author":"","updatedAt":"","createdAt":"","hashMismatch":false,
                "inNotary":false,"manifest":{manifest},"platforms":[]}}"#
            )
        };
        format!("[{}]", tags.iter().map(tag).collect::<Vec<_>>().join(","))
    }

    /// Runs the command against these answers; returns its result, what it printed, and the requests.
    async fn run(tags: &[&str], answers: &[(u16, &str)]) -> (Result<(), String>, String, Vec<String>) {
        let server = Server::with_json(answers);
        let (mut console, written) = console(b"");
        let name = RepositoryName::parse("alice/app").unwrap();
        let tags = tags.iter().map(|tag| TagName::parse(tag).unwrap()).collect();
        let result = delete(&name, tags, Unasked { yes: true }, &mut server.api(), &mut console)
            .await
            .map_err(|error| error.to_string());
        let asked = server.requests().iter().map(|request| request.lines().next().unwrap().to_owned()).collect();
        (result, written.out(), asked)
    }

    #[tokio::test]
    async fn one_tag_is_asked_for_alone() {
        let (result, said, asked) = run(&["a", "a"], &[(204, "")]).await;
        assert_eq!((result, said.as_str()), (Ok(()), "deleted the tag alice/app:a\n"));
        assert_eq!(asked, ["DELETE /api/v0/repositories/alice/app/tags/a HTTP/1.1"]);
        let (result, said, _) = run(&["b"], &[(404, MISSING)]).await;
        assert_eq!((result, said.as_str()), (Err("no such tag: alice/app:b".to_owned()), ""));
    }

    #[tokio::test]
    async fn those_that_went_along_count_and_those_that_never_were_do_not() {
        let both = known(&["a", "b", "c"]);
        let (result, said, asked) = run(&["b", "a"], &[(200, &both), (204, ""), (404, MISSING)]).await;
        assert_eq!((result, said.as_str()), (Ok(()), "deleted the tags alice/app:a, alice/app:b\n"));
        assert_eq!(asked[1], "DELETE /api/v0/repositories/alice/app/tags/a?alsoTags=b HTTP/1.1");
        assert_eq!(asked[2], "DELETE /api/v0/repositories/alice/app/tags/b HTTP/1.1");
        let (result, said, _) = run(&["a", "b"], &[(200, &known(&["a"])), (204, ""), (404, MISSING)]).await;
        assert_eq!(result, Err("no such tag: alice/app:b".to_owned()));
        assert_eq!(said, "deleted the tag alice/app:a\n");
    }

    #[tokio::test]
    async fn what_is_part_of_a_list_waits_for_it_and_fails_if_that_stays() {
        let all = known(&["a", "list"]);
        let answers = [(200, all.as_str()), (409, SHARED), (204, ""), (204, "")];
        let (result, said, asked) = run(&["a", "list"], &answers).await;
        assert_eq!((result, said.as_str()), (Ok(()), "deleted the tags alice/app:a, alice/app:list\n"));
        assert_eq!(asked[3], "DELETE /api/v0/repositories/alice/app/tags/a HTTP/1.1");
        let (result, said, _) = run(&["a", "list"], &[(200, &all), (409, SHARED), (409, SHARED)]).await;
        assert_eq!((result, said.as_str()), (Err("list: nothing was deleted".to_owned()), ""));
    }

    #[tokio::test]
    async fn more_than_a_request_names_are_refused_beforehand() {
        let tags: Vec<String> = (0..102).map(|number| format!("t{number}")).collect();
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let (result, ..) = run(&tags, &[]).await;
        assert_eq!(result, Err("at most 101 tags go with one command".to_owned()));
    }
}
