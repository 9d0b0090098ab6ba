//! What is looked at before anything is written. What a server would refuse to start with ends it; what may be mended later is
//! told.

use std::time::Duration;

use serde_json::{Value, json};

use super::answers::Answers;
use crate::causes::with_causes;
use crate::cli::screen::{CliError, Console, shown};
use crate::cli::wire::is_served;
use crate::config::Config;
use crate::domain::setup::SiteLayout;
use crate::http::{self, RegistryBase};
use crate::net;

/// How long a name or the registry is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that was looked at.
pub(super) struct Check {
    what: &'static str,
    is_well: bool,
    seen: String,
}

impl Check {
    fn well(what: &'static str, seen: String) -> Self {
        Self { what, is_well: true, seen }
    }

    /// Something that needs a hand.
    pub(super) fn doubtful(what: &'static str, seen: String) -> Self {
        Self { what, is_well: false, seen }
    }

    pub(super) fn as_json(&self) -> Value {
        json!({ "check": self.what, "isWell": self.is_well, "seen": self.seen })
    }

    pub(super) fn line(&self) -> String {
        let mark = if self.is_well { "" } else { "warning: " };
        format!("{}: {mark}{}", self.what, shown::plain(&self.seen))
    }
}

/// Looks at everything.
///
/// # Errors
/// What a server would not start with.
pub(super) async fn look(config: &Config, answers: &Answers, console: &Console) -> Result<Vec<Check>, CliError> {
    http::check(config, console.clock.now())?;
    let mut checks = vec![port(config)?];
    checks.extend(name(answers).await);
    checks.extend(registry(config, answers).await);
    Ok(checks)
}

/// Whether the port is free, or taken by the server that will be restarted.
fn port(config: &Config) -> Result<Check, CliError> {
    let listen = config.server.listen;
    match http::try_to_listen(config) {
        Ok(()) => Ok(Check::well("port", format!("{listen} is free"))),
        Err(_) if is_served(&config.server.data_dir) => Ok(Check::well(
            "port",
            format!(
                "{listen} is taken, as it would be by the server that runs on {}",
                config.server.data_dir.display()
            ),
        )),
        Err(error) => Err(CliError::Start(error.into())),
    }
}

async fn name(answers: &Answers) -> Option<Check> {
    let host = answers.name.to_resolve()?;
    let found = tokio::time::timeout(PATIENCE, net::resolve(host)).await;
    let seen = match found {
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            return Some(Check::well("name", format!("{host} is at {}", addresses.join(", "))));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
    };
    Some(Check::doubtful("name", format!("{host} has no address here ({seen}); clients need one")))
}

async fn registry(config: &Config, answers: &Answers) -> Option<Check> {
    let registry = answers.registry.as_ref()?;
    let (url, is_written) = (&registry.url, registry.files.is_some());
    let found = http::registry_base(config, PATIENCE).await?;
    Some(match found {
        Ok(base) => answered(&base, &url.to_string(), answers.layout, is_written),
        Err(error) if is_written => {
            Check::well("registry", format!("it is to be started with its new configuration ({})", with_causes(&error)))
        }
        Err(error) => Check::doubtful("registry", with_causes(&error)),
    })
}

fn answered(base: &RegistryBase, url: &str, layout: SiteLayout, is_written: bool) -> Check {
    let what = "registry";
    if !base.is_of_registry() {
        return Check::doubtful(what, base.as_of_no_registry(url));
    }
    let (is_open, is_refused) = (base.status.is_success(), base.is_refused());
    match layout {
        SiteLayout::Gateway | SiteLayout::TokenServer | SiteLayout::Evaluation if is_written => {
            Check::well(what, format!("{url} answers; it is to be started again with its new configuration"))
        }
        SiteLayout::Gateway if is_open => {
            Check::well(what, format!("{url} answers without credentials: let nobody but dockpass reach it"))
        }
        SiteLayout::Gateway if is_refused => Check::doubtful(
            what,
            format!(
                "{url} asks for credentials, and dockpass has none: take its accounts away, or set registry.upstream_auth"
            ),
        ),
        SiteLayout::TokenServer | SiteLayout::Evaluation if is_open => {
            Check::well(what, format!("{url} answers, to everybody as yet"))
        }
        SiteLayout::Gateway | SiteLayout::TokenServer | SiteLayout::Evaluation => {
            Check::well(what, format!("{url} answers"))
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::*;

    #[test]
    fn a_registry_that_refuses_or_is_asked_too_often_is_one() {
        let (gateway, beside) = (SiteLayout::Gateway, SiteLayout::TokenServer);
        for (status, layout, is_well) in [
            (200, gateway, true),
            (401, gateway, false),
            (403, gateway, false),
            (429, gateway, true),
            (502, gateway, false),
            (401, beside, true),
            (403, beside, true),
            (429, beside, true),
            (404, beside, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let base = RegistryBase { status, date: None, challenge: None };
            let check = answered(&base, "http://r.example", layout, false);
            assert_eq!(check.is_well, is_well, "{}", check.line());
            assert_eq!(check.seen.ends_with("as no registry does"), !base.is_of_registry(), "{}", check.line());
        }
    }
}
