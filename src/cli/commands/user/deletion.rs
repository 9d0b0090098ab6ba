//! `dockpass user delete`: one user or several, after one question.

use std::collections::BTreeSet;

use crate::cli::commands::account::{self, Doomed, Removal};
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::Api;

/// Looks all of them up before the first goes.
pub(super) async fn delete(
    names: &[String],
    removal: Removal,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let mut doomed = Vec::new();
    for name in names.iter().collect::<BTreeSet<_>>() {
        doomed.push(Doomed::user(name, api).await?);
    }
    account::delete(&doomed, removal, api, console).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::Unasked;
    use crate::cli::testing::{Server, console, counted, ok};

    const WITH_THEM: Removal = Removal { with_repositories: true, unasked: Unasked { yes: true } };
    const KEEPING_THEM: Removal = Removal { with_repositories: false, unasked: Unasked { yes: true } };
    const REGISTRY: &str = r#"{"issuer":"i","services":[],"realm":"r","certificates":[],"url":"http://r","notifications":
        {"received":0,"refused":0,"lastReceived":null},"comparison":null}"#;

    const ALICE: &str = r#"{"name":"alice","id":"01A","fullName":"","isOrg":false}"#;

    #[tokio::test]
    async fn a_user_goes_with_or_without_its_repositories() {
        let (alice, registry, gone) = (ok(ALICE), ok(REGISTRY), "HTTP/1.1 204 X\r\n\r\n");
        let (one, three) = (counted(1), counted(3));
        let none = counted(0);
        let answers = [&alice, &one, &three, &none, gone, &alice, &one, &three, &none, &registry, gone];
        let server = Server::start(&answers.map(|answer: &str| answer));
        let (mut console, written) = console(b"");
        let mut api = server.api();
        delete(&["alice".into()], KEEPING_THEM, &mut api, &mut console).await.unwrap();
        delete(&["alice".into()], WITH_THEM, &mut api, &mut console).await.unwrap();
        assert_eq!(
            written.out(),
            "deleted the user alice; its 3 repositories stay, without an owner\n\
             deleted the user alice with its 3 repositories\n"
        );
        assert_eq!(written.note(), "");
        let sent = server.requests();
        assert!(sent[1].starts_with("GET /api/v0/api_tokens?username=alice&count=true&pageSize=1 "), "{}", sent[1]);
        assert!(sent[2].starts_with("GET /api/v0/repositories?owner=alice&count=true&pageSize=1 "), "{}", sent[2]);
        assert!(sent[3].starts_with("GET /api/v0/api_tokens?secretby=alice&count=true&pageSize=1 "), "{}", sent[3]);
        assert!(sent[4].starts_with("DELETE /enzi/v0/accounts/alice "));
        assert!(sent[10].starts_with("DELETE /api/v0/accounts/alice "));
    }

    #[tokio::test]
    async fn several_users_go_after_one_question_and_none_without_an_answer() {
        let bob = r#"{"name":"bob","id":"01B","fullName":"","isOrg":false}"#;
        let (alice, bob, none) = (ok(ALICE), ok(bob), counted(0));
        let last = r#"{"errors":[{"code":"LAST_ADMINISTRATOR","message":"nobody would be left","detail":null}]}"#;
        let last = format!("HTTP/1.1 409 X\r\ncontent-length: {}\r\n\r\n{last}", last.len());
        let gone = "HTTP/1.1 204 X\r\n\r\n";
        let two = counted(2);
        let looked_up = [alice.as_str(), &none, &none, &two, &bob, &none, &none, &none];
        let server = Server::start(&[&looked_up[..], &looked_up, &[gone, &last]].concat());
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let both = ["bob", "alice", "bob"].map(str::to_owned);
        let refused = delete(&both, Removal::default(), &mut api, &mut console).await.unwrap_err();
        let said = "The user alice is deleted for good. alice asked for the secrets of 2 robots. Those made with an access token \
             of alice stop, the others go on: dockpass user offboard alice --rotate-robots FILE The user bob is deleted for good. \
             Standard input is not a terminal";
        assert!(refused.to_string().starts_with(said) && refused.exit_code() == 2, "{refused}");
        let refused = delete(&both, KEEPING_THEM, &mut api, &mut console).await.unwrap_err();
        assert_eq!(
            (refused.to_string().as_str(), written.out().as_str()),
            ("bob: nobody would be left", "deleted the user alice\n")
        );
    }

    #[tokio::test]
    async fn content_that_stays_is_not_said_to_be_gone() {
        let (alice, registry, three) = (ok(ALICE), ok(REGISTRY), counted(3));
        let warned = "HTTP/1.1 204 X\r\nwarning: 299 - \"the registry keeps the content\"\r\n\r\n";
        let none = counted(0);
        let server = Server::start(&[&alice, &three, &three, &none, &registry, warned]);
        let (mut console, written) = console(b"");
        delete(&["alice".into()], WITH_THEM, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), "deleted the user alice with the records of its 3 repositories\n");
        assert_eq!(written.note(), "the registry keeps the content\n");
    }

    #[tokio::test]
    async fn an_organization_is_not_deleted_as_a_user() {
        let server = Server::with_json(&[(200, r#"{"name":"acme","id":"01B","fullName":"","isOrg":true}"#)]);
        let (mut console, written) = console(b"");
        let error = delete(&["acme".into()], WITH_THEM, &mut server.api(), &mut console).await.unwrap_err();
        assert_eq!((error.exit_code(), written.out()), (2, String::new()));
        assert!(server.requests()[0].starts_with("GET /enzi/v0/accounts/acme "));
    }
}
