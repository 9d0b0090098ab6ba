//! What is looked at before anything is written. What a server would refuse to start with ends it; what may be mended later is
//! told.

use std::net::SocketAddr;
use std::time::Duration;

use super::answers::Answers;
use super::check::Check;
use super::place::Place;
use super::readers;
use crate::causes::with_causes;
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::is_served;
use crate::config::Config;
use crate::domain::setup::SiteLayout;
use crate::http::{self, RegistryBase};
use crate::net;

/// How long a name or the registry is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at everything.
///
/// # Errors
/// What a server would not start with.
pub(super) async fn look(
    config: &Config,
    answers: &Answers,
    place: &Place,
    console: &Console,
) -> Result<Vec<Check>, CliError> {
    http::check(config, console.clock.now())?;
    let mut checks = vec![port(config, place.listened)?];
    checks.extend(readers::look(config, place));
    checks.extend(name(answers).await);
    checks.extend(registry(config, answers).await);
    Ok(checks)
}

/// Whether the port is free, or taken by the server that will be restarted, which `listened` there as far as is known.
fn port(config: &Config, listened: Option<SocketAddr>) -> Result<Check, CliError> {
    let listen = config.server.listen;
    match http::try_to_listen(config) {
        Ok(()) => Ok(Check::well("port", format!("{listen} is free"))),
        Err(error) if error.is_taken() && is_served(&config.server.data_dir) => {
            let server = config.server.data_dir.display();
            let seen = format!("{listen} is taken, as it would be by the server that runs on {server}");
            Ok(if listened == Some(listen) {
                Check::well("port", seen)
            } else {
                Check::doubtful("port", format!("{seen}; look whether it is that one, or choose another with --listen"))
            })
        }
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

    use std::net::TcpListener;

    use std::os::unix::net::UnixListener;

    use std::path::Path;

    use crate::data_files::SOCKET;

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

    fn config(data: &Path, listen: &str) -> Config {
        let keys = [("server.data_dir", data.display().to_string()), ("server.listen", listen.to_owned())];
        Config::load(None, std::iter::empty(), &keys).unwrap().config
    }

    #[test]
    fn a_port_is_the_running_servers_only_where_that_listens() {
        let directory = tempfile::tempdir().unwrap();
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let config_of = |listen: &str| config(directory.path(), listen);
        assert!(port(&config_of(&address.to_string()), Some(address)).is_err(), "no server runs");
        let server = UnixListener::bind(directory.path().join(SOCKET)).unwrap();
        assert!(port(&config_of(&address.to_string()), Some(address)).unwrap().is_well);
        for listened in [None, Some(SocketAddr::from(([127, 0, 0, 1], 1)))] {
            let check = port(&config_of(&address.to_string()), listened).unwrap();
            assert!(!check.is_well && check.seen.contains("--listen"), "{}", check.seen);
        }
        // No address of this machine (RFC 5737): a server does not mend that.
        let keys = [
            ("server.data_dir", directory.path().display().to_string()),
            ("server.listen", "192.0.2.7:1".to_owned()),
            ("server.public_url", "https://pass.example.com".to_owned()),
            ("tls.self_signed", "true".to_owned()),
        ];
        let elsewhere = Config::load(None, std::iter::empty(), &keys).unwrap().config;
        assert!(port(&elsewhere, Some(elsewhere.server.listen)).is_err());
        drop(server);
    }
}
