//! `dockpass robot list`: the robots of one organization, or of all that the caller administers.

use crate::api::operations::{organizations, robots as op};
use crate::api::{ApiToken, Code, NamePaging, Ordering, Robot};
use crate::cli::commands::account;
use crate::cli::commands::token::report::{self, Shown};
use crate::cli::screen::{CliError, Console, Report, View};
use crate::cli::wire::{Api, List};
use crate::domain::account::AccountFilter;

const HOW: Shown =
    Shown { owners: true, nothing: "There are no robots. Create one: dockpass robot create ORG/NAME --access push" };

/// Lists robots.
pub(super) async fn run(organization: Option<String>, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let names = match organization {
        Some(organization) => vec![organization],
        None => administered(api).await?,
    };
    let now = console.clock.now();
    let mut whole: Option<List<Robot>> = None;
    for name in &names {
        let list = api.list(op::ListRobots, [name], &Default::default(), usize::MAX).await?;
        match &mut whole {
            Some(whole) => whole.join(list),
            None => whole = Some(list),
        }
    }
    let Some(whole) = whole else {
        let view = View::Many(report::table(&[], now, &HOW), HOW.nothing);
        return console.report(&Report { answer: serde_json::json!([]), view });
    };
    console.report(&report::many(whole.of::<ApiToken>(), now, &HOW)?)
}

/// The organizations whose robots the caller may see: all, for a system administrator.
async fn administered(api: &mut Api) -> Result<Vec<String>, CliError> {
    let own = api.user().map(str::to_owned);
    match (account::list(AccountFilter::Organizations, None, api).await, own) {
        (Err(CliError::Refused { code, .. }), Some(own)) if code == Code::NotAuthorized.name() => {
            let query = (Ordering::default(), NamePaging::default());
            let list = api.list(organizations::ListOrganizationsOfUser, [&own], &query, usize::MAX).await?.read()?;
            Ok(list.into_iter().filter(|it| it.is_admin).map(|it| it.org.name).collect())
        }
        (list, _) => Ok(list?.read()?.into_iter().map(|it| it.name).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, ci, console};

    #[tokio::test]
    async fn those_of_one_or_of_all_organizations() {
        let one = json!([ci(&json!({}))]).to_string();
        let organization = |name: &str| json!({ "name": name, "id": "01B", "fullName": "", "isOrg": true });
        let two = json!({ "accounts": [organization("acme"), organization("other")] }).to_string();
        let none = json!({ "accounts": [] }).to_string();
        let server = Server::with_json(&[(200, &one), (200, &two), (200, &one), (200, "[]"), (200, &none)]);
        let (mut console, written) = console(b"");
        let mut api = server.api();
        run(Some("acme".into()), &mut api, &mut console).await.unwrap();
        let table = written.out();
        assert!(table.contains("acme/ci  acme/ci  active  push, acme/*"), "{table}");
        run(None, &mut api, &mut console).await.unwrap();
        assert_eq!(written.out(), format!("{table}{table}"));
        run(None, &mut api, &mut console).await.unwrap();
        assert!(written.note().starts_with("There are no robots."), "{}", written.note());
        assert!(server.requests()[3].starts_with("GET /api/v0/accounts/other/robots?limit=500 "));
    }
}
