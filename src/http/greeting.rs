//! What the server says on a terminal when it starts.

use std::io::{self, Write};
use std::path::Path;

use super::tls::Trust;
use crate::config::{Config, LOCAL_DATA};
use crate::domain::host::PublicHost;
use crate::domain::text::shell_word;
use crate::service::FirstStart;

/// What is said in the place of a host that is not known.
const UNKNOWN: &str =
    "(HOST is the registry as clients reach it. dockpass does not know it: set registry.public_host.)";

pub(super) struct Greeting<'a> {
    /// How the program was called, so that the printed commands can be copied as they are.
    pub(super) program: &'a str,
    pub(super) config: &'a Config,
    pub(super) url: &'a str,
    /// How clients reach the registry.
    pub(super) host: PublicHost,
    pub(super) first: Option<&'a FirstStart>,
    /// The file with the first password, until that is changed.
    pub(super) file: Option<&'a Path>,
    /// How clients come to trust the self-signed certificate.
    pub(super) trust: Option<&'a Trust>,
}

pub(super) fn write(greeting: &Greeting<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Greeting { config, url, first, trust, .. } = greeting;
    let new = if first.is_some() { " (new)" } else { "" };
    writeln!(out, "dockpass {}  data: {}{new}\n", env!("CARGO_PKG_VERSION"), config.server.data_dir.display())?;
    writeln!(out, "  Web pages   {url}")?;
    write_password(greeting, out)?;
    if first.is_none() {
        return writeln!(out);
    }
    write_next(greeting, out)?;
    match trust {
        Some(trust) => writeln!(out, "{}\n", trust.instructions),
        None => Ok(()),
    }
}

/// Who may sign in: at the first start, and as long as the first password stands in its file, which is told on a line of
/// its own, since a path may be long.
fn write_password(Greeting { first, file, .. }: &Greeting<'_>, out: &mut dyn Write) -> io::Result<()> {
    if first.is_some() || file.is_some() {
        writeln!(out, "  User        admin")?;
    }
    let Some(file) = file.map(Path::display) else { return Ok(()) };
    match first.and_then(|first| first.password.as_ref()) {
        Some(password) => {
            writeln!(out, "  Password    {}", password.reveal())?;
            writeln!(out, "              also in {file} until you change it")
        }
        None => writeln!(out, "  Password    in {file} until you change it"),
    }
}

/// What to type next, after the first start.
fn write_next(greeting: &Greeting<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Greeting { program, config, url, host, trust, .. } = greeting;
    let (program, data_dir) = (shell_word(program), data_dir_option(config));
    let ca = trust.filter(|_| url.starts_with("https:")).map(|trust| shell_word(&trust.ca.to_string_lossy()));
    let ca = ca.map(|file| format!(" --cacert {file}")).unwrap_or_default();
    writeln!(out, "\n  Try it, in another terminal:")?;
    writeln!(out, "    {program}{data_dir} token create --user admin --label laptop")?;
    writeln!(out, "    curl{ca} --user admin {url}/api/v0/repositories      # asks for the token")?;
    writeln!(out, "    docker login {} --username admin", host.as_str().unwrap_or("HOST"))?;
    if host.as_str().is_none() {
        writeln!(out, "      {UNKNOWN}")?;
    }
    write_registry(greeting, out)
}

/// How a registry comes to this: the gateway first, which needs nothing of the registry.
fn write_registry(Greeting { program, config, host, .. }: &Greeting<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (program, data_dir) = (shell_word(program), data_dir_option(config));
    if let Some(upstream) = &config.registry.gateway.upstream {
        let host = host.as_str().unwrap_or("HOST");
        writeln!(out, "\n  The registry at {upstream} is behind dockpass:")?;
        let image = format!("{host}/admin/NAME:TAG");
        return writeln!(out, "    docker tag IMAGE {image}\n    docker push {image}\n");
    }
    let is_first = config.registry.url.is_none();
    if is_first {
        writeln!(
            out,
            "\n  Put a registry without accounts, which listens on loopback, behind dockpass. Restart this with"
        )?;
        writeln!(out, "    DOCKPASS_REGISTRY_UPSTREAM=http://127.0.0.1:5000   # registry.upstream in the file")?;
    }
    let connect =
        if is_first { "Or connect a registry that clients reach by themselves" } else { "Connect the registry" };
    writeln!(out, "\n  {connect}:")?;
    writeln!(out, "    {program}{data_dir} registry config --for distribution\n")
}

/// The option that other commands need to find this data directory.
fn data_dir_option(config: &Config) -> String {
    let directory = &config.server.data_dir;
    if directory.as_os_str() == LOCAL_DATA {
        String::new()
    } else {
        format!(" --data-dir {}", shell_word(&directory.to_string_lossy()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Password;

    fn told(config: &[(&str, &str)], trust: Option<&Trust>, change: impl FnOnce(&mut Greeting<'_>)) -> String {
        let set: Vec<_> = config.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let loaded = Config::load(None, std::iter::empty(), &set).unwrap();
        let first = FirstStart { password: Some(Password::new("secret".to_owned())) };
        let mut greeting = Greeting {
            program: "./my dockpass",
            config: &loaded.config,
            url: "http://127.0.0.1:8700",
            host: loaded.config.registry_host(),
            first: Some(&first),
            file: Some(Path::new("a b/password")),
            trust,
        };
        change(&mut greeting);
        let mut told = Vec::new();
        write(&greeting, &mut told).unwrap();
        String::from_utf8(told).unwrap()
    }

    #[test]
    fn commands_can_be_copied_whatever_the_directory_is_called() {
        let told = told(&[("server.data_dir", "a b;touch x")], None, |_| {});
        let typed = "\n    './my dockpass' --data-dir 'a b;touch x' ";
        assert_eq!(told.matches(typed).count(), 2, "{told}");
    }

    #[test]
    fn the_gateway_is_proposed_until_there_is_a_registry() {
        let proposes = |config: &[(&str, &str)]| told(config, None, |_| {}).contains("DOCKPASS_REGISTRY_UPSTREAM");
        assert!(proposes(&[]) && !proposes(&[("registry.url", "http://127.0.0.1:5000")]));
        let gateway = [("registry.upstream", "http://127.0.0.1:5000")];
        let told = told(&gateway, None, |_| {});
        assert!(!proposes(&gateway) && told.contains("docker login localhost:8700 --username admin\n"), "{told}");
        let image = "localhost:8700/admin/NAME:TAG";
        assert!(told.contains(&format!("    docker tag IMAGE {image}\n    docker push {image}\n")), "{told}");
        assert!(!told.contains("registry config"), "{told}");
    }

    #[test]
    fn the_registry_is_named_as_clients_reach_it_and_never_by_our_own_port() {
        let unknown = told(&[], None, |_| {});
        assert!(unknown.contains("docker login HOST --username admin\n      (HOST is"), "{unknown}");
        assert!(!unknown.contains("login 127.0.0.1"), "{unknown}");
        let beside = told(&[("registry.url", "http://127.0.0.1:5000")], None, |_| {});
        assert!(
            beside.contains("docker login 127.0.0.1:5000 --username admin\n") && !beside.contains("HOST"),
            "{beside}"
        );
        let set =
            told(&[("registry.url", "http://127.0.0.1:5000"), ("registry.public_host", "a.example")], None, |_| {});
        assert!(set.contains("docker login a.example --username admin\n"), "{set}");
        let proxy = [
            ("registry.url", "http://127.0.0.1:5000"),
            ("server.behind_proxy", "true"),
            ("server.trusted_proxies", "127.0.0.1"),
            ("server.public_url", "https://pass.example.com:8443"),
        ];
        let behind = told(&proxy, None, |_| {});
        assert!(behind.contains("docker login pass.example.com:8443 --username admin\n"), "{behind}");
    }

    #[test]
    fn the_passwords_file_is_named_at_every_start_until_it_is_gone() {
        let later = told(&[], None, |greeting| greeting.first = None);
        assert!(later.contains("  User        admin\n  Password    in a b/password until you change it\n"), "{later}");
        assert!(!later.contains("(new)") && !later.contains("secret"), "{later}");
        let changed = told(&[], None, |greeting| (greeting.first, greeting.file) = (None, None));
        assert!(changed.ends_with("  Web pages   http://127.0.0.1:8700\n\n"), "{changed}");
    }

    #[test]
    fn a_token_is_sent_to_a_certificate_that_was_checked() {
        let trust = Trust { ca: "a b/tls-ca.pem".into(), instructions: "Trust it".to_owned() };
        let told = told(&[("tls.self_signed", "true")], Some(&trust), |it| it.url = "https://127.0.0.1:8700");
        assert!(told.contains("    curl --cacert 'a b/tls-ca.pem' --user admin https://"), "{told}");
        assert!(!told.contains("--insecure") && told.contains("\nTrust it\n"), "{told}");
    }
}
