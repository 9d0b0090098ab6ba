//! `dockpass user set`, `activate`, `deactivate` and `unlock`: what users are and may. What is so already is said, and is an error where it should be
//! taken away.

use crate::api::operations::accounts as op;
use crate::api::{Account, UpdateAccount};
use crate::cli::commands::user::SetArguments;
use crate::cli::commands::{account, left, several, stakes};
use crate::cli::screen::{CliError, Console, Report};
use crate::cli::wire::Api;
use crate::domain::text::shell_word;

/// Changes a user.
pub(super) async fn set(arguments: SetArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let SetArguments { user, change, keep_tokens } = arguments;
    let body = UpdateAccount {
        full_name: change.full_name,
        is_active: change.active,
        is_admin: change.admin,
        keep_tokens: keep_tokens.then_some(true),
        ..UpdateAccount::default()
    };
    let report = changed(&user.name, &body, "changed", api, console).await?;
    console.report(&report)
}

/// Lets users sign in, or no more.
pub(super) async fn activate(
    names: &[String],
    is_active: bool,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let body = UpdateAccount { is_active: Some(is_active), ..UpdateAccount::default() };
    let done = if is_active { "activated" } else { "deactivated" };
    several::each(names, api, console, async |name, api, console| changed(name, &body, done, api, console).await).await
}

/// Changes a user; `done` is what is said of it.
async fn changed(
    name: &str,
    body: &UpdateAccount,
    done: &str,
    api: &mut Api,
    console: &mut Console,
) -> Result<Report, CliError> {
    let before = account::user(name, api).await?.read()?;
    let already = already(body, &before);
    let answer = api.send(op::UpdateAccount, [name], &(), body).await?;
    console.warn(&answer.warnings)?;
    let left = left(body, &before.name, api).await;
    match (already, left) {
        // Nothing was taken away: a script that expects that must learn it.
        (Some(what), Some(left)) => Err(CliError::NothingTaken { said: format!("{name} {what}"), left }),
        (Some(what), None) => Ok(Report::done(answer.value, format!("{name} {what}"))),
        (None, left) => {
            let line = format!("{done} the user {name}");
            Ok(Report::done_then(answer.value, line, left.unwrap_or_default()))
        }
    }
}

/// What a user still has from whom something was to be taken; none where nothing was. Who took it from itself may not be
/// let in any more, and asks nothing.
async fn left(update: &UpdateAccount, name: &str, api: &mut Api) -> Option<Vec<String>> {
    let stops = update.is_active == Some(false);
    if !stops && update.is_admin != Some(false) {
        return None;
    }
    let is_caller = api.user() == Some(name);
    let mut told = if is_caller { vec![left::unknown(name)] } else { left::given_to(name, stops, api).await };
    if stops && !told.is_empty() {
        told.push(left::of_no_use(name));
    }
    Some(told)
}

/// That an account is already as this would make it, in words; none if anything changes, or nobody can tell.
fn already(update: &UpdateAccount, account: &Account) -> Option<String> {
    let inner = account.inner.as_ref()?;
    let is_same = update.full_name.as_ref().is_none_or(|name| *name == account.full_name)
        && update.is_active.is_none_or(|active| active == inner.is_active)
        && update.is_admin.is_none_or(|admin| admin == inner.is_admin);
    let active = update.is_active.map(|active| if active { "active" } else { "inactive" });
    let admin = update.is_admin.map(|admin| if admin { "a system administrator" } else { "no system administrator" });
    let mut states: Vec<_> = [active, admin].into_iter().flatten().map(str::to_owned).collect();
    states.extend(update.full_name.as_ref().map(|_| "of that name".to_owned()));
    is_same.then(|| format!("is {} already; nothing was changed", stakes::listed(&states)))
}

/// Ends the wait after wrong passwords, if there is one.
pub(super) async fn unlock(names: &[String], api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    several::each(names, api, console, async |name, api, _| unlocked(name, api).await).await
}

async fn unlocked(name: &str, api: &mut Api) -> Result<Report, CliError> {
    let before = account::user(name, api).await?.read()?;
    let answer = api.call(op::UnlockAccount, [name], &()).await?;
    let Some(inner) = before.inner else {
        return Ok(Report::done(answer.value, format!("{name} may sign in again")));
    };
    if inner.locked_until.is_none() {
        return Err(CliError::Finding(format!("{name} was not locked; nothing was changed")));
    }
    if inner.is_active {
        return Ok(Report::done(answer.value, format!("{name} may sign in again")));
    }
    let left = format!("{name} is still inactive: dockpass user set {} --active true", shell_word(name));
    Ok(Report::done_then(answer.value, format!("{name} is not locked any more"), vec![left]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::user::{Many, One, UserChange, UserCommand, run};
    use crate::cli::testing::{Server, console, counted, ok};
    use crate::cli::wire::{Remote, Trusted};

    const ALICE: &str = r#"{"name":"alice","id":"01A","fullName":"","isOrg":false}"#;

    fn named(name: &str) -> One {
        One { name: name.to_owned() }
    }

    /// The inner part of a user that an administrator sees.
    fn seen(is_active: bool, is_admin: bool, locked_until: Option<&str>) -> String {
        serde_json::json!({
            "name": "alice", "id": "01A", "fullName": "", "isOrg": false, "isActive": is_active, "isAdmin": is_admin,
            "isImported": false, "hasPassword": true, "passwordSetByAdmin": false, "lockedUntil": locked_until,
            "createdAt": "2026-11-21T20:42:00Z",
        })
        .to_string()
    }

    #[tokio::test]
    async fn what_is_so_already_was_not_taken_away() {
        let off = seen(false, false, None);
        let on = seen(true, false, None);
        let reach = r#"{"user":{"name":"alice","id":"01A","isActive":false},"isAdministrator":false,"access":[
            {"on":"acme/*","accessLevel":"read-only","reason":"teamNamespaceGrant","team":"dev"}]}"#;
        let plain = [&off, &off, &on, &on, &on, &off].map(|body| ok(body));
        let [first, second, third, fourth, fifth, sixth] = plain.each_ref().map(String::as_str);
        let (three, reach) = (counted(3), ok(reach));
        let left = [three.as_str(), reach.as_str()];
        let answers = [&[first, second][..], &left, &[third, fourth, fifth, sixth], &left].concat();
        let server = Server::start(&answers);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let change = |admin, active| SetArguments {
            user: named("alice"),
            change: UserChange { full_name: None, admin, active },
            keep_tokens: false,
        };
        let error = set(change(Some(false), Some(false)), &mut api, &mut console).await.unwrap_err();
        let left = [
            "alice still has 3 access tokens: dockpass token delete --user alice --all",
            "alice (inactive) still has read-only on acme/* as a member of acme/dev: dockpass team remove acme/dev alice",
            "alice is inactive and let in nowhere; what it has counts again after: dockpass user set alice --active true",
        ];
        let said = "alice is inactive and no system administrator already; nothing was changed";
        assert_eq!((error.to_string(), error.exit_code()), (format!("{said}; {}", left.join("; ")), 1));
        let json: serde_json::Value = serde_json::from_str(&error.as_json("").unwrap()).unwrap();
        assert_eq!(json["errors"][0]["detail"], serde_json::json!({ "left": left }));
        assert_eq!(written.out(), "");
        set(change(None, Some(true)), &mut api, &mut console).await.unwrap();
        set(change(None, Some(false)), &mut api, &mut console).await.unwrap();
        let changed = format!("changed the user alice\n  {}\n", left.join("\n  "));
        assert_eq!(written.out(), format!("alice is active already; nothing was changed\n{changed}"));
    }

    #[tokio::test]
    async fn a_change_that_is_made_is_no_failure_because_nobody_knows_what_is_left() {
        let (on, off) = (seen(true, false, None), seen(false, false, None));
        let ended = (401, r#"{"errors":[{"code":"NOT_AUTHENTICATED","message":"authentication required"}]}"#);
        let broken = (500, r#"{"errors":[{"code":"INTERNAL_ERROR","message":"internal failure"}]}"#);
        let stop = |admin, active| SetArguments {
            user: named("alice"),
            change: UserChange { full_name: None, admin, active },
            keep_tokens: false,
        };
        let unknown = "what is left to alice is not known: dockpass user show alice";
        let no_use = "alice is inactive and let in nowhere; what it has counts again after: dockpass user set alice --active true";
        // The last server is gone after the change.
        for failed in [&[ended][..], &[broken], &[]] {
            let server = Server::with_json(&[&[(200, on.as_str()), (200, off.as_str())], failed].concat());
            let (mut console, written) = console(b"");
            set(stop(None, Some(false)), &mut server.api(), &mut console).await.unwrap();
            assert_eq!(written.out(), format!("changed the user alice\n  {unknown}\n  {no_use}\n"));
        }
        let admin = seen(true, true, None);
        let server = Server::with_json(&[(200, &admin), (200, &on), ended]);
        let (mut console, written) = console(b"");
        set(stop(Some(false), None), &mut server.api(), &mut console).await.unwrap();
        assert_eq!(written.out(), format!("changed the user alice\n  {unknown}\n"));
    }

    #[tokio::test]
    async fn who_stops_itself_asks_nothing_more() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut api = Api::Remote(Box::new(Remote::new(&url, &Trusted::Nothing, "alice", "horse").unwrap()));
        for update in [
            UpdateAccount { is_active: Some(false), ..UpdateAccount::default() },
            UpdateAccount { is_admin: Some(false), ..UpdateAccount::default() },
        ] {
            let told = left(&update, "alice", &mut api).await.unwrap();
            assert_eq!(told[0], "what is left to alice is not known: dockpass user show alice");
        }
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }

    #[tokio::test]
    async fn what_a_user_owns_is_not_left_over() {
        let (on, off) = (seen(true, false, None), seen(false, false, None));
        let own = r#"{"user":{"name":"alice","id":"01A","isActive":false},"isAdministrator":false,"access":[
            {"on":"alice/*","accessLevel":"admin","reason":"owner","team":null},
            {"on":"bob/tool","accessLevel":"admin","reason":"owner","team":null}]}"#;
        let answers = [ok(&on), ok(&off), counted(0), ok(own), ok(&off), ok(&off), counted(0), ok(own)];
        let server = Server::start(&answers.each_ref().map(String::as_str));
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let stop = || SetArguments {
            user: named("alice"),
            change: UserChange { full_name: None, admin: None, active: Some(false) },
            keep_tokens: false,
        };
        set(stop(), &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "changed the user alice\n");
        let error = set(stop(), &mut api, &mut console).await.unwrap_err();
        assert_eq!(error.to_string(), "alice is inactive already; nothing was changed");
    }

    #[tokio::test]
    async fn only_a_lock_is_taken_away() {
        let until = Some("2026-11-21T20:57:00Z");
        let users = [seen(true, false, None), seen(true, false, until), seen(false, false, until)];
        let answers: Vec<_> = users.iter().flat_map(|user| [(200, user.as_str()), (204, "")]).collect();
        let server = Server::with_json(&answers);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        let error = unlock(&["alice".to_owned()], &mut api, &mut console).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), ("alice was not locked; nothing was changed", 1));
        unlock(&["alice".to_owned()], &mut api, &mut console).await.unwrap();
        unlock(&["alice".to_owned()], &mut api, &mut console).await.unwrap();
        let still = "alice is not locked any more\n  alice is still inactive: dockpass user set alice --active true\n";
        assert_eq!(written.out(), format!("alice may sign in again\n{still}"));
    }

    #[tokio::test]
    async fn unlocking_and_changing_name_their_user() {
        let refused = r#"{"errors":[{"code":"NOT_AUTHORIZED","message":"no"}]}"#;
        let server = Server::with_json(&[(200, ALICE), (204, ""), (200, ALICE), (200, ALICE), (403, refused)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        run(UserCommand::Unlock(Many { names: vec!["alice".into()] }), &mut api, &mut console).await.unwrap();
        let change = UserChange { full_name: None, admin: Some(false), active: None };
        set(SetArguments { user: named("alice"), change, keep_tokens: false }, &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), "alice may sign in again\nchanged the user alice\n");
        let sent = server.requests();
        assert!(sent[1].starts_with("DELETE /api/v0/accounts/alice/lock "));
        assert!(sent[3].ends_with(r#"{"isAdmin":false}"#), "{}", sent[3]);
    }
}
