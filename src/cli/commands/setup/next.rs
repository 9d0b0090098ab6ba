//! The commands that are left up to the first push. What is a comment of the shell is to be read, the rest to be typed.

use std::path::{Path, PathBuf};

use super::answers::{Answers, RegistryFiles, Tls};
use super::existing::config_in;
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
    let Facts { place, htpasswd, .. } = facts;
    // Who came here by sudo goes on by it.
    let is_root = rustix::process::geteuid().is_root();
    let sudo = if !is_root || console.variable("SUDO_USER").is_some() { "sudo " } else { "" };
    let option = if place.is_named { format!(" --config {}", word(&place.file)) } else { String::new() };
    let dockpass = format!("{}{}{option}", if place.is_system { sudo } else { "" }, shell_word(&console.program));
    let mut lines = Vec::new();
    lines.extend(start(facts, sudo, &dockpass));
    lines.extend(registry_config(facts, sudo, &dockpass, &console.program)?);
    lines.extend(trust(facts, sudo, &dockpass));
    if let Some(file) = htpasswd {
        lines.push(
            "# the registry's users come along with their passwords, and get the repositories of their names:".into(),
        );
        lines.push(format!("{dockpass} import htpasswd {} --adopt-repositories", word(file)));
    }
    lines.extend(push(facts, &dockpass));
    Ok(lines)
}

/// Gives a registry that checks registry tokens its configuration, if it has not got it: that is with keys of the site, which a
/// start makes.
fn registry_config(
    Facts { answers, place, is_beside, .. }: &Facts<'_>,
    sudo: &str,
    dockpass: &str,
    program: &str,
) -> Result<Vec<String>, CliError> {
    let is_left = answers.layout == SiteLayout::TokenServer && !is_beside;
    let Some(registry) = answers.registry.as_ref().filter(|_| is_left) else { return Ok(Vec::new()) };
    let config = "registry config --for distribution --layout token-server";
    let Some(files) = &registry.files else {
        return Ok(vec![
            format!("{dockpass} {config} --only auth,notifications"),
            "# put what that prints into the registry's configuration, and start the registry again".to_owned(),
        ]);
    };
    let dockpass = if files.owner.is_some() { by_root(place, sudo, program)? } else { dockpass.to_owned() };
    let config = format!("{dockpass} {config}{}", options(files)?);
    Ok(match files.service {
        Some(service) => vec![format!("{config} && {sudo}systemctl restart {service}")],
        None => vec![config, "# and start the registry again".to_owned()],
    })
}

/// The options by which `registry config` writes these files.
fn options(files: &RegistryFiles) -> Result<String, CliError> {
    let directory = registry::absolute(&files.directory)?;
    let storage = files.storage.as_deref().map(registry::absolute).transpose()?;
    let options = [
        ("--output", Some(word(&directory))),
        ("--storage-dir", storage.as_deref().map(word)),
        ("--addr", files.address.as_deref().map(shell_word)),
        ("--owner", files.owner.as_deref().map(shell_word)),
    ];
    let given = options.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", value?)));
    // Setup would not have come here without leave to replace one that is there.
    let replace = config_in(&directory).symlink_metadata().is_ok().then(|| " --replace".to_owned());
    Ok(given.chain(replace).collect())
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
        let file = word(&config_in(&files.directory));
        lines.push(format!("# and the registry has to start again, with {file}"));
    }
    lines
}

/// How docker comes to trust what dockpass has made itself, and what a proxy needs.
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
                "# docker on this machine trusts the CA of dockpass by this; copy the file to the others:".to_owned(),
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

/// Signs in with an access token that nobody sees, and pushes, in two lines.
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
    let image = format!("{}/admin/NAME:TAG", shell_word(&host));
    vec![
        sign_in,
        "# IMAGE is any that docker has here:".to_owned(),
        format!("docker tag IMAGE {image} && docker push {image}"),
        pages,
    ]
}

fn word(path: &Path) -> String {
    shell_word(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::super::{SetupArguments, answers};
    use super::*;
    use crate::cli::global::Global;
    use crate::cli::testing::console;

    /// The lines after these options, for root where no server runs and the registry's configuration was not written.
    fn lines(options: &str, files: Option<RegistryFiles>, htpasswd: Option<&str>) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let (mut console, _) = console(b"");
        console.environment.insert("SUDO_USER".into(), "olga".into());
        let command = SetupArguments::augment_args(Command::new("setup").no_binary_name(true));
        let given = command.get_matches_from(options.split_whitespace());
        let mut arguments = SetupArguments::from_arg_matches(&given).unwrap();
        directory.path().clone_into(&mut arguments.root);
        let mut answers = answers::ask(arguments, &mut console).unwrap();
        answers.registry.as_mut().unwrap().files = files;
        let mut keys = answers.keys();
        keys.push(("server.data_dir", directory.path().display().to_string()));
        let config = Config::load(None, std::iter::empty(), &keys).unwrap().config;
        let mut place = Place::of(&Global::default(), &console).unwrap();
        place.is_system = true;
        let htpasswd = htpasswd.map(PathBuf::from);
        let facts = Facts { config: &config, answers: &answers, place: &place, is_beside: false, htpasswd };
        let lines = commands(&facts, &console).unwrap();
        lines.into_iter().map(|line| line.replace(&*directory.path().to_string_lossy(), "DATA")).collect()
    }

    const BESIDE: &str = "--yes --layout token-server --registry http://127.0.0.1:5000";

    #[test]
    fn what_waits_for_the_server_is_written_as_setup_would_have_written_it() {
        let directory = tempfile::tempdir().unwrap();
        let files = || RegistryFiles {
            directory: directory.path().to_owned(),
            storage: Some("/srv/the images".into()),
            owner: Some("docker-registry".to_owned()),
            service: Some("docker-registry"),
            address: Some("0.0.0.0:5001".to_owned()),
            may_replace: true,
        };
        let written = |replace: &str| {
            format!(
                "sudo dockpass registry config --for distribution --layout token-server --output {} --storage-dir '/srv/the images' \
                 --addr 0.0.0.0:5001 --owner docker-registry{replace} && sudo systemctl restart docker-registry",
                directory.path().display()
            )
        };
        let lines_of = |files| lines(BESIDE, Some(files), None);
        assert_eq!(lines_of(files())[..2], ["sudo systemctl enable --now dockpass".to_owned(), written("")]);
        std::fs::write(directory.path().join("config.yml"), "mine").unwrap();
        let all = lines_of(files());
        assert_eq!(all[1], written(" --replace"));
        let typed = all.iter().filter(|line| !line.starts_with('#')).count();
        assert!(typed < 5, "with setup itself at most five: {all:?}");
        let by_hand = RegistryFiles { storage: None, owner: None, service: None, address: None, ..files() };
        let expected = format!(
            "sudo dockpass registry config --for distribution --layout token-server --output {} --replace",
            directory.path().display()
        );
        assert_eq!(lines_of(by_hand)[1..3], [expected, "# and start the registry again".to_owned()]);
    }

    #[test]
    fn a_registry_by_its_url_keeps_its_configuration_and_gets_two_sections() {
        let all = lines(BESIDE, None, None);
        assert_eq!(
            all[1..3],
            [
                "sudo dockpass registry config --for distribution --layout token-server --only auth,notifications",
                "# put what that prints into the registry's configuration, and start the registry again",
            ]
        );
        assert!(!all.iter().any(|line| line.contains("--output") || line.contains("--replace")), "{all:?}");
        let gateway = lines("--yes --layout gateway", None, None);
        assert!(!gateway.iter().any(|line| line.contains("registry config")), "{gateway:?}");
    }

    #[test]
    fn an_image_gets_its_name_before_it_is_pushed_and_users_own_what_has_theirs() {
        let all = lines("--yes --layout gateway --name localhost", None, Some("/etc/docker/registry/htpasswd"));
        let image = "localhost:8700/admin/NAME:TAG";
        assert!(all.contains(&format!("docker tag IMAGE {image} && docker push {image}")), "{all:?}");
        let import = "sudo dockpass import htpasswd /etc/docker/registry/htpasswd --adopt-repositories";
        assert!(all.iter().any(|line| line == import), "{all:?}");
    }

    #[test]
    fn the_file_of_the_ca_is_on_this_machine() {
        let all = lines(&format!("{BESIDE} --name a.example --tls self-signed"), None, None);
        let at = all.iter().position(|line| line.contains("DATA/keys/tls-ca.pem")).unwrap();
        assert!(all[at - 1].contains("on this machine") && all[at - 1].contains("copy the file"), "{all:?}");
    }
}
