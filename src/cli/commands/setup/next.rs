//! The commands that are left up to the first push. What is a comment of the shell is to be read, the rest to be typed.

use std::path::{Path, PathBuf};

use super::answers::{Answers, Tls};
use super::place::Place;
use crate::cli::commands::registry;
use crate::cli::screen::{CliError, Console};
use crate::cli::wire::is_served;
use crate::config::Config;
use crate::data_files;
use crate::domain::setup::SiteLayout;
use crate::domain::text::shell_word;

/// From here on, a port is everybody's.
const FIRST_FREE_PORT: u16 = 1_024;

/// What they follow from.
pub(super) struct Facts<'f> {
    pub(super) config: &'f Config,
    pub(super) answers: &'f Answers,
    pub(super) place: &'f Place,
    /// Whether the registry's configuration was written.
    pub(super) is_beside: bool,
    /// The users that the registry had, if it had some.
    pub(super) htpasswd: Option<PathBuf>,
}

/// The lines.
pub(super) fn commands(facts: &Facts<'_>, console: &Console) -> Result<Vec<String>, CliError> {
    let Facts { answers, place, is_beside, htpasswd, .. } = facts;
    // Who came here by sudo goes on by it.
    let is_root = rustix::process::geteuid().is_root();
    let sudo = if !is_root || console.variable("SUDO_USER").is_some() { "sudo " } else { "" };
    let option = if place.is_named { format!(" --config {}", word(&place.file)) } else { String::new() };
    let dockpass = format!("{}{}{option}", if place.is_system { sudo } else { "" }, shell_word(&console.program));
    let mut lines = Vec::new();
    lines.extend(start(facts, sudo, &dockpass));
    if answers.registry.is_some() && !is_beside && answers.layout == SiteLayout::TokenServer {
        lines.push(format!(
            "{} registry config --for distribution --layout token-server --output /etc/docker/registry --replace",
            by_root(place, sudo, &console.program)?
        ));
        lines.push("# and start the registry again".to_owned());
    }
    lines.extend(trust(facts, sudo, &dockpass));
    if let Some(file) = htpasswd {
        lines.push("# the registry's users come along with their passwords:".to_owned());
        lines.push(format!("{dockpass} import htpasswd {}", word(file)));
    }
    lines.extend(push(facts, &dockpass));
    Ok(lines)
}

/// dockpass as root, which is to write below `/etc`. Root takes the configuration of somebody else only where it is named.
fn by_root(place: &Place, sudo: &str, program: &str) -> Result<String, CliError> {
    let program = shell_word(program);
    if place.is_system || (sudo.is_empty() && !place.is_named) {
        return Ok(format!("{sudo}{program}"));
    }
    let file = if sudo.is_empty() { place.file.clone() } else { registry::absolute(&place.file)? };
    Ok(format!("{sudo}{program} --config {}", word(&file)))
}

/// Starts dockpass, and the registry with its new configuration.
fn start(Facts { config, answers, place, is_beside, .. }: &Facts<'_>, sudo: &str, dockpass: &str) -> Vec<String> {
    let files = answers.registry.as_ref().and_then(|registry| registry.files.as_ref()).filter(|_| *is_beside);
    let service = files.and_then(|files| files.service);
    let mut lines = Vec::new();
    if place.is_system && config.server.listen.port() < FIRST_FREE_PORT {
        lines.push("# a port below 1024 needs what the head of `systemctl cat dockpass` says, by:".to_owned());
        lines.push(format!("{sudo}systemctl edit dockpass"));
    }
    let is_running = is_served(&config.server.data_dir);
    match (place.is_system, is_running, service) {
        (true, true, _) => {
            let also = service.map(|service| format!(" {service}")).unwrap_or_default();
            lines.push(format!("{sudo}systemctl restart dockpass{also}"));
        }
        (true, false, _) => {
            lines.push(format!("{sudo}systemctl enable --now dockpass"));
            lines.extend(service.map(|service| format!("{sudo}systemctl restart {service}")));
        }
        (false, ..) => {
            lines.extend(service.map(|service| format!("{sudo}systemctl restart {service}")));
            lines.push(format!("{dockpass} serve"));
            lines.push("# it runs until Ctrl-C; the rest in another terminal".to_owned());
        }
    }
    if let Some(files) = files.filter(|files| files.service.is_none()) {
        let file = word(&files.directory.join("config.yml"));
        lines.push(format!("# and the registry has to start again, with {file}"));
    }
    lines
}

/// How docker on this machine comes to trust what dockpass has made itself, and what a proxy needs.
fn trust(Facts { config, answers, .. }: &Facts<'_>, sudo: &str, dockpass: &str) -> Vec<String> {
    match &answers.tls {
        Tls::SelfSigned => {
            let ca = config.server.data_dir.join(data_files::KEYS).join(data_files::TLS_CA);
            let own = config.realm_address(config.server.listen);
            // Where docker looks when it talks to the registry: it asks dockpass for a token with the same CAs.
            let host = config.registry_host().or(&own.public_host());
            let host = host.as_str().map_or_else(|| own.authority(), str::to_owned);
            let place = Path::new("/etc/docker/certs.d").join(host).join("ca.crt");
            vec![
                "# docker on each client trusts the CA of dockpass by:".to_owned(),
                format!("{sudo}install -D -m 644 {} {}", word(&ca), word(&place)),
            ]
        }
        Tls::Proxy(_) => vec![
            "# the proxy gets its configuration by this, or --for caddy, --for traefik:".to_owned(),
            format!("{dockpass} registry config --for nginx"),
        ],
        Tls::Nobody | Tls::Files { .. } => Vec::new(),
    }
}

/// Signs in with an access token that nobody sees, and pushes.
fn push(Facts { config, answers, .. }: &Facts<'_>, dockpass: &str) -> Vec<String> {
    let host = config.registry_host();
    let own = config.realm_address(config.server.listen);
    let host = host.as_str().map_or_else(|| own.authority(), str::to_owned);
    let token = format!("{dockpass} token create --user admin --label laptop");
    let sign_in = format!("{token} | docker login {} --username admin --password-stdin", shell_word(&host));
    let file = config.server.data_dir.join(data_files::FIRST_PASSWORD);
    let pages = format!("# the pages: {own}, as admin; the first password is in {}", word(&file));
    if answers.layout == SiteLayout::Evaluation {
        return vec![pages, sign_in];
    }
    vec![sign_in, format!("docker push {}/admin/NAME", shell_word(&host)), pages]
}

fn word(path: &Path) -> String {
    shell_word(&path.to_string_lossy())
}
