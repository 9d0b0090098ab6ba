//! `dockpass repo transfer`: a repository gets another owner; and the same for all that somebody owns.

use crate::api::operations::repositories as op;
use crate::api::{TransferAllRepositories, TransferRepositories, TransferredRepositories};
use crate::cli::commands::repo::report;
use crate::cli::screen::{CliError, Console, Report, shown};
use crate::cli::wire::{Api, parts};
use crate::domain::name::RepositoryName;

/// Gives one repository to another account; that it has it already is said.
pub(super) async fn one(name: &RepositoryName, to: &str, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let before = api.call(op::ViewRepository, parts(name), &()).await?.read()?.owner;
    let body = TransferRepositories { to: to.to_owned() };
    let answer = api.send(op::TransferRepository, parts(name), &(), &body).await?;
    let (shown, owner) = (report::shown(name), answer.read()?.owner);
    let new = shown::plain(owner.as_deref().unwrap_or(to));
    if before.is_some() && before == owner {
        return Err(CliError::Finding(format!("{shown} belongs to {new} already; nothing was changed")));
    }
    let before = before.map_or_else(|| "nobody".to_owned(), |before| shown::plain(&before));
    console.report(&Report::done(answer.value, format!("{shown} belongs to {new} now, and to {before} no more")))
}

/// What was transferred of all that an account owns.
pub(in crate::cli) struct Moved {
    /// How many repositories.
    pub(in crate::cli) count: u64,
    /// Why not all of them, if something came between.
    pub(in crate::cli) error: Option<CliError>,
}

/// Asks whether all that an account owns could be given to another one; answers how many that are.
pub(in crate::cli) async fn may_all(from: &str, to: &str, api: &mut Api) -> Result<u64, CliError> {
    let body = TransferAllRepositories { to: to.to_owned(), dry_run: Some(true) };
    Ok(api.send(op::TransferRepositoriesOfAccount, [from], &(), &body).await?.read()?.left)
}

/// Gives all that an account owns to another one, as many requests as that takes.
pub(in crate::cli) async fn all(from: &str, to: &str, api: &mut Api) -> Moved {
    let body = TransferAllRepositories { to: to.to_owned(), dry_run: None };
    let mut count = 0;
    loop {
        let answer = api.send(op::TransferRepositoriesOfAccount, [from], &(), &body).await;
        let error = match answer.and_then(|answer| answer.read()) {
            Ok(TransferredRepositories { transferred, left, .. }) => {
                count += transferred;
                match (transferred, left) {
                    (_, 0) => return Moved { count, error: None },
                    (0, left) => Some(CliError::Finding(format!(
                        "{} of {} are left, and the server transferred none of them",
                        shown::counted_as(left, "repository", "repositories"),
                        shown::plain(from)
                    ))),
                    (1.., _) => None,
                }
            }
            Err(error) => Some(error),
        };
        if error.is_some() {
            return Moved { count, error };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Server, console};

    fn owned_by(owner: &str) -> String {
        format!(
            r#"{{"id":"01A","namespace":"alice","namespaceType":"user","name":"app","shortDescription":"",
            "longDescription":"","visibility":"private","scanOnPush":false,"immutableTags":false,
            "enableManifestLists":true,"pulls":0,"pushes":0,"tagLimit":0,"accessLevel":"admin","owner":{owner},
            "lastPush":null,"missingSince":null}}"#
        )
    }

    #[tokio::test]
    async fn whose_it_was_and_is_is_said() {
        let [alice, bob, nobody] = ["\"alice\"", "\"bob\"", "null"].map(owned_by);
        let server =
            Server::with_json(&[(200, &alice), (200, &bob), (200, &bob), (200, &bob), (200, &nobody), (200, &bob)]);
        let (mut console, written) = console(b"");
        let (mut api, name) = (server.api(), RepositoryName::parse("alice/app").unwrap());
        one(&name, "bob", &mut api, &mut console).await.unwrap();
        let error = one(&name, "bob", &mut api, &mut console).await.unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.exit_code()),
            ("alice/app belongs to bob already; nothing was changed", 1)
        );
        one(&name, "01B", &mut api, &mut console).await.unwrap();
        let said =
            "alice/app belongs to bob now, and to alice no more\nalice/app belongs to bob now, and to nobody no more\n";
        assert_eq!(written.out(), said);
        let sent = server.requests();
        assert!(sent[1].starts_with("POST /api/v0/repositories/alice/app/transfer "), "{}", sent[1]);
        assert!(sent[1].ends_with(r#"{"to":"bob"}"#), "{}", sent[1]);
    }

    #[tokio::test]
    async fn very_many_take_several_requests_and_what_was_done_is_known_where_one_fails() {
        let (some, last) = (r#"{"to":"bob","transferred":3,"left":2}"#, r#"{"to":"bob","transferred":2,"left":0}"#);
        let full = r#"{"errors":[{"code":"UNAVAILABLE","message":"the disk is full","detail":null}]}"#;
        let none = r#"{"to":"bob","transferred":0,"left":2}"#;
        let server = Server::with_json(&[(200, some), (200, last), (200, some), (503, full), (200, some), (200, none)]);
        let mut api = server.api();
        let moved = all("alice", "bob", &mut api).await;
        assert!(moved.error.is_none() && moved.count == 5);
        let moved = all("alice", "bob", &mut api).await;
        assert!(moved.error.is_some() && moved.count == 3);
        let moved = all("alice", "bob", &mut api).await;
        let said = "2 repositories of alice are left, and the server transferred none of them";
        assert_eq!((moved.error.unwrap().to_string().as_str(), moved.count), (said, 3));
        assert!(server.requests()[0].starts_with("POST /api/v0/accounts/alice/transferRepositories "));
    }
}
