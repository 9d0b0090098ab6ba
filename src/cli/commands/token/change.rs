//! Changes of an access token, where the API has it: by its hash, or as a robot by its name. What is said of a change is the
//! same of both.

use crate::api::operations::{access_tokens, robots};
use crate::api::{ApiToken, UpdateApiToken};
use crate::cli::commands::token::report;
use crate::cli::commands::values::InOrganization;
use crate::cli::screen::{CliError, Console, Report};
use crate::cli::wire::{Api, ApiAnswer};

/// Which access token is changed.
pub(in crate::cli) enum Meant<'a> {
    /// The one with this hash.
    Hashed(&'a str),
    /// This robot.
    Robot(&'a InOrganization),
}

impl Meant<'_> {
    async fn view(&self, api: &mut Api) -> Result<ApiToken, CliError> {
        match self {
            Self::Hashed(hash) => api.call(access_tokens::ViewAccessToken, [*hash], &()).await?.read(),
            Self::Robot(robot) => api.call(robots::ViewRobot, robot.parts(), &()).await?.of().read(),
        }
    }

    async fn send(&self, change: &UpdateApiToken, api: &mut Api) -> Result<ApiAnswer<ApiToken>, CliError> {
        match self {
            Self::Hashed(hash) => api.send(access_tokens::UpdateAccessToken, [*hash], &(), change).await,
            Self::Robot(robot) => Ok(api.send(robots::UpdateRobot, robot.parts(), &(), change).await?.of()),
        }
    }
}

/// Changes it. `done` is what is said of it, and what where it was so already.
pub(in crate::cli) async fn update(
    meant: &Meant<'_>,
    change: &UpdateApiToken,
    [done, already]: [&str; 2],
    api: &mut Api,
    console: &mut Console,
) -> Result<Report, CliError> {
    let before = meant.view(api).await?;
    let is_same = change.token_label.as_ref().is_none_or(|label| *label == before.token_label)
        && change.is_active.is_none_or(|is_active| is_active == before.is_active);
    let answer = meant.send(change, api).await?;
    console.warn(&answer.warnings)?;
    let named = report::named(&answer.read()?);
    let line =
        if is_same { format!("{named} {already} already; nothing was changed") } else { format!("{done} {named}") };
    Ok(Report::done(answer.value, line))
}

/// Stops it; that it was stopped already is said.
pub(in crate::cli) async fn deactivate(meant: &Meant<'_>, api: &mut Api) -> Result<Report, CliError> {
    let before = meant.view(api).await?;
    let change = UpdateApiToken { token_label: None, is_active: Some(false) };
    let answer = meant.send(&change, api).await?;
    let named = report::named(&before);
    if !before.is_active {
        return Err(CliError::Finding(format!("{named} is inactive already; nothing was changed")));
    }
    Ok(Report::done(answer.value, format!("deactivated {named}")))
}
