//! `dockpass registry config`: the configuration of a registry or of a proxy before it, printed or written.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::api::RegistryConfiguration;
use crate::api::operations::registry as op;
use crate::cli::commands::registry::files::{self, Files};
use crate::cli::commands::registry::note_alone;
use crate::cli::commands::registry::owner::Owner;
use crate::cli::commands::values;
use crate::cli::screen::{CliError, Console, Format, Report, shown};
use crate::cli::wire::{Api, ApiAnswer};
use crate::domain::program::{Layout, Program, SECRET_PLACEHOLDER, Section};
use crate::domain::text::shell_word;

/// Which configuration, and what becomes of it.
#[derive(Args)]
pub(in crate::cli) struct ConfigArguments {
    /// What the configuration is for
    #[arg(long = "for", value_enum, value_name = "PROGRAM")]
    program: Configurable,
    /// Who checks the registry's requests: dockpass before it (gateway), a proxy that asks dockpass (forward-auth), or the
    /// registry (token-server) [default: gateway if registry.upstream is set, else token-server]
    #[arg(long, value_name = "LAYOUT", value_parser = values::word::<Layout>())]
    layout: Option<Layout>,
    /// Only these sections, to be put into a configuration that is there
    #[arg(long, value_name = "SECTION,…", value_delimiter = ',', value_parser = values::word::<Section>())]
    only: Vec<Section>,
    /// Where the registry is to listen; a port alone is on loopback [default: that of registry.url, else 127.0.0.1:5000]
    #[arg(long, value_name = "ADDRESS")]
    addr: Option<String>,
    /// Where the registry keeps what it holds [default: /var/lib/registry, or /var/lib/zot]
    #[arg(long, value_name = "DIR")]
    storage_dir: Option<PathBuf>,
    /// Write the configuration, and the certificate that a registry needs, into this directory
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Give the files to this user, by name or as UID:GID; for root
    #[arg(long, value_name = "USER", requires = "output")]
    owner: Option<String>,
    /// Keep a configuration that is there and says something else as NAME.before-1, and replace it
    #[arg(long, requires = "output")]
    replace: bool,
}

/// What can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Configurable {
    /// CNCF Distribution, 2.8 or 3.x.
    Distribution,
    /// zot; needs a fixed key where it checks requests itself.
    Zot,
    /// nginx before dockpass and the registry; needs an https address and a trusted proxy.
    Nginx,
    /// Caddy in the same place.
    Caddy,
    /// Traefik 3 in the same place.
    Traefik,
}

impl Configurable {
    /// The same program as a value of the API.
    fn program(self) -> Program {
        match self {
            Self::Distribution => Program::Distribution,
            Self::Zot => Program::Zot,
            Self::Nginx => Program::Nginx,
            Self::Caddy => Program::Caddy,
            Self::Traefik => Program::Traefik,
        }
    }
}

/// The mode of a program's configuration: a registry's may hold the secret of its notifications, so only the owner may
/// read it.
pub(in crate::cli) fn mode_of(program: Program) -> u32 {
    if program.is_proxy() { 0o644 } else { 0o600 }
}

/// The next step, once the files are written.
fn next(arguments: &ConfigArguments, file: &Path) -> String {
    let check = match arguments.program {
        Configurable::Distribution | Configurable::Zot => None,
        Configurable::Nginx => Some(", then: nginx -t && systemctl reload nginx"),
        Configurable::Caddy => Some(
            ", and import it in the Caddyfile, then: caddy validate --config /etc/caddy/Caddyfile && systemctl reload caddy",
        ),
        Configurable::Traefik => Some("; Traefik reads it by its file provider, as soon as it is there"),
    };
    if let Some(check) = check {
        return format!("Next: put the paths of your certificate and key into it{check}");
    }
    let first = match (&arguments.owner, arguments.only.is_empty()) {
        (Some(_), true) => "restart the registry with this configuration".to_owned(),
        (None, true) => "let the registry read these files, and start it with this configuration".to_owned(),
        (_, false) => {
            let file = shell_word(&file.display().to_string());
            format!("put what {file} holds into the registry's configuration, and restart the registry")
        }
    };
    format!("Next: {first}; then name its address in registry.url, so that dockpass can ask it what it holds")
}

/// Prints the configuration, or writes its files.
pub(super) async fn run(arguments: &ConfigArguments, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    if let Some(directory) = &arguments.output {
        return write(arguments, directory, api, console).await;
    }
    let (answer, configuration) = ask(arguments, None, api).await?;
    console.warn(&answer.warnings)?;
    note_alone(api, console)?;
    match console.format {
        Format::Json => console.report(&Report::done(answer.value, String::new())),
        Format::Table => {
            console.write(&printed(&configuration, arguments))?;
            let is_of_registry = !arguments.program.program().is_proxy();
            if is_of_registry && console.out_is_terminal { console.note(URL) } else { Ok(()) }
        }
    }
}

/// What is easily forgotten, since the registry works without it.
const URL: &str = "\nNext: name the registry's address in registry.url, so that dockpass can ask it what it holds\n";

async fn ask(
    arguments: &ConfigArguments,
    certificate: Option<&Path>,
    api: &mut Api,
) -> Result<(ApiAnswer<RegistryConfiguration>, RegistryConfiguration), CliError> {
    let storage = arguments.storage_dir.as_deref().map(std::path::absolute).transpose();
    let storage = storage.map_err(|cause| CliError::Usage(format!("--storage-dir: {cause}")))?;
    let which = op::WhichConfiguration {
        program: Some(arguments.program.program()),
        layout: arguments.layout,
        certificate: certificate.map(text).transpose()?,
        only: arguments.only.iter().map(ToString::to_string).collect(),
        address: arguments.addr.clone(),
        storage: storage.as_deref().map(text).transpose()?,
    };
    let answer = api.call(op::GetRegistryConfiguration, [], &which).await?;
    let configuration = answer.read()?;
    Ok((answer, configuration))
}

fn text(path: &Path) -> Result<String, CliError> {
    let no_text = || CliError::Usage(format!("the path {} is not UTF-8", path.display()));
    path.to_str().map(str::to_owned).ok_or_else(no_text)
}

/// The configuration after its certificate, if it has one, as a comment, so that one stream carries both.
fn printed(configuration: &RegistryConfiguration, arguments: &ConfigArguments) -> String {
    let RegistryConfiguration { file_name, configuration: text, .. } = configuration;
    let Some((certificate_name, certificate)) = certificate(configuration) else { return text.clone() };
    let certificate = shown::lines("# ", certificate.lines());
    let options = options(arguments);
    let keys = configuration.keys_name.as_deref().zip(configuration.keys.as_deref());
    let keys = keys.map_or_else(String::new, |(name, keys)| {
        format!(
            "# And these keys, with\n\
             #   sed -n 's/^# {{/{{/p' {file_name} > {name}\n\
             #\n\
             # {}\n",
            keys.trim_end()
        )
    });
    format!(
        "# The registry needs this certificate, at the path that is given below. Save it from a copy of these lines with\n\
         #   sed -n '/^# -----BEGIN/,/^# -----END/s/^# //p' {file_name} > {certificate_name}\n\
         # or have all files written with\n\
         #   dockpass registry config {options} --output DIR\n\
         #\n\
         {certificate}{keys}\n{}\n",
        text.trim_end()
    )
}

/// The options that say which configuration it is, as words of a shell.
fn options(arguments: &ConfigArguments) -> String {
    let ConfigArguments { program, layout, only, addr, storage_dir, output: _, owner: _, replace: _ } = arguments;
    let only: Vec<_> = only.iter().map(ToString::to_string).collect();
    let storage = storage_dir.as_ref().map(|directory| directory.display().to_string());
    let options = [
        ("--for", Some(program.program().to_string())),
        ("--layout", layout.map(|layout| layout.to_string())),
        ("--only", Some(only.join(",")).filter(|only| !only.is_empty())),
        ("--addr", addr.clone()),
        ("--storage-dir", storage),
    ];
    let given = options.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", shell_word(&value?))));
    given.collect::<Vec<_>>().join(" ")
}

/// Name and content of the certificate, where there is one.
fn certificate(configuration: &RegistryConfiguration) -> Option<(&str, &str)> {
    Some((configuration.certificate_name.as_deref()?, configuration.certificate.as_deref()?))
}

/// Whether a placeholder stands in it, with which the registry could tell dockpass nothing.
fn lacks_secret(configuration: &RegistryConfiguration) -> bool {
    configuration.configuration.contains(&format!("\"Bearer {SECRET_PLACEHOLDER}\""))
}

/// A file that is to be written.
struct Target {
    path: PathBuf,
    text: String,
    mode: u32,
}

/// The files of a configuration, ready to be written: what stands in the way of one is known before any is.
pub(in crate::cli) struct Ready {
    files: Files,
    /// The configuration is the first.
    targets: Vec<Target>,
    /// Whether the configuration that is there says something else.
    is_other: bool,
}

/// What was written.
pub(in crate::cli) struct Written {
    /// The files; the configuration is the first.
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Under which name the configuration is kept that was there.
    pub(in crate::cli) kept: Option<PathBuf>,
}

impl Ready {
    /// The files of this configuration; its certificate goes to `beside`. The certificate is ours, so it is replaced; a different
    /// configuration is the operator's, so nothing is written unless that may be put aside.
    ///
    /// # Errors
    /// [`CliError::Finding`] if it may not, and for whatever is no file; [`CliError::File`]
    pub(in crate::cli) fn of(
        configuration: RegistryConfiguration,
        files: Files,
        beside: Option<PathBuf>,
        mode: u32,
        may_replace: bool,
    ) -> Result<Self, CliError> {
        let file = files.path(&configuration.file_name)?;
        let is_other = files::says_something_else(&file, &configuration.configuration)?;
        let lacks_secret = lacks_secret(&configuration);
        let targets = targets(configuration, beside, file.clone(), mode, &files)?;
        targets.iter().try_for_each(|target| crate::cli::files::refuse_other(&target.path))?;
        if is_other && !may_replace {
            return Err(files.in_the_way(&file, "is there and says something else"));
        }
        if is_other && lacks_secret {
            return Err(CliError::Finding(format!(
                "the secret of notifications is not told over the network, so that {} would lose its own; nothing was written: \
                 ask on the machine of dockpass, or without --replace put the parts in yourself",
                file.display()
            )));
        }
        Ok(Self { files, targets, is_other })
    }

    /// Writes them, and keeps the configuration that was there.
    ///
    /// # Errors
    /// [`CliError::File`]
    pub(in crate::cli) fn write(self) -> Result<Written, CliError> {
        let Self { files, targets, is_other } = self;
        files.make_directory()?;
        let other = targets.first().filter(|_| is_other);
        let kept = other.map(|target| files::keep(&target.path)).transpose()?;
        // The configuration last: what it names is there by then.
        targets.iter().rev().try_for_each(|target| files.replace(&target.path, &target.text, target.mode))?;
        Ok(Written { paths: targets.into_iter().map(|target| target.path).collect(), kept })
    }
}

/// All that are to be written; the configuration, which is at `file`, is the first.
fn targets(
    configuration: RegistryConfiguration,
    beside: Option<PathBuf>,
    file: PathBuf,
    mode: u32,
    files: &Files,
) -> Result<Vec<Target>, CliError> {
    let RegistryConfiguration { configuration: text, certificate, keys_name, keys, .. } = configuration;
    let mut targets = vec![Target { path: file, text, mode }];
    targets.extend(beside.zip(certificate).map(|(path, text)| Target { path, text, mode: 0o644 }));
    if let (Some(name), Some(text)) = (keys_name, keys) {
        targets.push(Target { path: files.path(&name)?, text, mode: 0o644 });
    }
    Ok(targets)
}

/// Writes the files.
async fn write(
    arguments: &ConfigArguments,
    directory: &Path,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    let owner = arguments.owner.as_deref().map(Owner::named).transpose()?;
    let files = Files { directory: files::absolute(directory)?, owner, is_chosen: true };
    let (mut answer, mut configuration) = ask(arguments, None, api).await?;
    note_alone(api, console)?;
    let beside = certificate(&configuration).map(|(name, _)| files.path(name)).transpose()?;
    if let Some(path) = &beside {
        (answer, configuration) = ask(arguments, Some(path), api).await?;
    }
    console.warn(&answer.warnings)?;
    let file = files.path(&configuration.file_name)?;
    let ready = Ready::of(configuration, files, beside, mode_of(arguments.program.program()), arguments.replace)?;
    let Written { paths, kept } = ready.write()?;
    let written: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    let kept = kept.map(|path| format!("what was there is kept as {}", path.display()));
    let then = kept.into_iter().chain([next(arguments, &file)]).collect();
    console.report(&Report::done_then(answer.value, format!("wrote {}", written.join(" and ")), then))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::testing::{Server, console};

    fn answer(certificate_name: &str) -> String {
        serde_json::json!({
            "for": "distribution", "fileName": "config.yml", "configuration": "auth:\n  token: {}\n",
            "certificateName": certificate_name,
            "certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        })
        .to_string()
    }

    fn config(program: Configurable, output: Option<PathBuf>) -> ConfigArguments {
        let (addr, storage_dir, owner) = (None, None, None);
        ConfigArguments { program, layout: None, only: Vec::new(), addr, storage_dir, output, owner, replace: false }
    }

    fn distribution(output: Option<PathBuf>) -> ConfigArguments {
        config(Configurable::Distribution, output)
    }

    #[tokio::test]
    async fn one_stream_carries_configuration_and_certificate() {
        let server = Server::with_json(&[(200, &answer("dockpass-ca.pem"))]);
        let (mut console, written) = console(b"");
        run(&distribution(None), &mut server.api(), &mut console).await.unwrap();
        let out = written.out();
        assert!(
            out.contains("\n# -----BEGIN CERTIFICATE-----\n# AAAA\n# -----END CERTIFICATE-----\n\nauth:\n"),
            "{out}"
        );
        assert!(out.contains("p' config.yml > dockpass-ca.pem\n"), "{out}");
        assert!(out.ends_with("token: {}\n") && out.starts_with("# "), "{out}");
        assert!(server.requests()[0].starts_with("GET /api/v0/admin/registry/config?for=distribution "));
    }

    #[tokio::test]
    async fn both_files_are_written_and_a_foreign_one_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("new");
        let body = answer("dockpass-ca.pem");
        let server = Server::with_json(&[(200, &body), (200, &body), (200, &body), (200, &body)]);
        let (mut console, _) = console(b"");
        let mut api = server.api();
        run(&distribution(Some(place.clone())), &mut api, &mut console).await.unwrap();
        assert_eq!(fs::read_to_string(place.join("config.yml")).unwrap(), "auth:\n  token: {}\n");
        assert!(fs::read_to_string(place.join("dockpass-ca.pem")).unwrap().starts_with("-----BEGIN"));
        fs::write(place.join("config.yml"), "mine").unwrap();
        let error = run(&distribution(Some(place.clone())), &mut api, &mut console).await.unwrap_err();
        assert!(error.to_string().contains("says something else"), "{error}");
        assert_eq!(fs::read_to_string(place.join("config.yml")).unwrap(), "mine");
        let asked = server.requests().remove(1);
        let certificate = place.join("dockpass-ca.pem").display().to_string().replace('/', "%2F");
        assert!(
            asked
                .starts_with(&format!("GET /api/v0/admin/registry/config?for=distribution&certificate={certificate} ")),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn nginx_gets_one_file_that_everybody_may_read() {
        let text = "server {\n    listen 443 ssl;\n}\n";
        let body = serde_json::json!({
            "for": "nginx", "fileName": "dockpass.conf", "configuration": text,
            "certificateName": null, "certificate": null,
        });
        let body = body.to_string();
        let server = Server::with_json(&[(200, &body), (200, &body)]);
        let mut api = server.api();
        let (mut stdout, written) = console(b"");
        let command = |output| config(Configurable::Nginx, output);
        run(&command(None), &mut api, &mut stdout).await.unwrap();
        assert_eq!(written.out(), text);
        let directory = tempfile::tempdir().unwrap();
        let (mut stdout, written) = console(b"");
        run(&command(Some(directory.path().to_owned())), &mut api, &mut stdout).await.unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        let file = directory.path().join("dockpass.conf");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        let said = written.out();
        assert!(said.starts_with(&format!("wrote {}\n", file.display())) && said.contains("nginx -t"), "{said}");
    }

    #[tokio::test]
    async fn what_is_asked_for_is_sent_and_what_is_replaced_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let body = answer("dockpass-ca.pem");
        let server = Server::with_json(&[(200, &body), (200, &body)]);
        let (mut console, written) = console(b"");
        let file = directory.path().join("config.yml");
        fs::write(&file, "mine").unwrap();
        let arguments = ConfigArguments {
            only: vec![Section::Auth, Section::Notifications],
            addr: Some("5001".to_owned()),
            storage_dir: Some("/srv/x".into()),
            replace: true,
            ..distribution(Some(directory.path().to_owned()))
        };
        run(&arguments, &mut server.api(), &mut console).await.unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("config.yml.before-1")).unwrap(), "mine");
        assert!(fs::read_to_string(&file).unwrap().starts_with("auth:"));
        let said = written.out();
        let lines: Vec<_> = said.lines().collect();
        assert!(lines[1].ends_with("config.yml.before-1") && lines[2].contains("registry.url"), "{said}");
        let asked = "?for=distribution&only=auth&only=notifications&addr=5001&storage=%2Fsrv%2Fx ";
        assert!(server.requests()[0].contains(asked));
    }

    #[tokio::test]
    async fn a_placeholder_takes_no_secrets_place() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.yml");
        let mut body: serde_json::Value = serde_json::from_str(&answer("dockpass-ca.pem")).unwrap();
        body["configuration"] = "Authorization: [\"Bearer SECRET\"]\n".into();
        let body = body.to_string();
        let server = Server::with_json(&[(200, &body), (200, &body), (200, &body), (200, &body)]);
        let mut api = server.api();
        let (mut console, _) = console(b"");
        let arguments = ConfigArguments { replace: true, ..distribution(Some(directory.path().to_owned())) };
        run(&arguments, &mut api, &mut console).await.unwrap();
        assert!(file.exists(), "there is nothing that it would replace");
        fs::write(&file, "Authorization: [\"Bearer s3cret\"]\n").unwrap();
        let error = run(&arguments, &mut api, &mut console).await.unwrap_err();
        assert!(error.to_string().contains("secret of notifications is not told"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "Authorization: [\"Bearer s3cret\"]\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[tokio::test]
    async fn what_is_printed_names_the_command_with_its_options() {
        let server = Server::with_json(&[(200, &answer("dockpass-ca.pem"))]);
        let (mut console, written) = console(b"");
        let only = vec![Section::Auth, Section::Storage];
        let (addr, storage_dir) = (Some("5001".to_owned()), Some("/srv/my images".into()));
        let arguments = ConfigArguments { only, addr, storage_dir, ..distribution(None) };
        run(&arguments, &mut server.api(), &mut console).await.unwrap();
        let expected = "#   dockpass registry config --for distribution --only auth,storage --addr 5001 --storage-dir \
                        '/srv/my images' --output DIR\n";
        assert!(written.out().contains(expected), "{}", written.out());
    }

    #[tokio::test]
    async fn nothing_is_written_where_one_file_has_no_place() {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name);
        let body = answer("dockpass-ca.pem");
        fs::write(place("mine.yml"), "mine").unwrap();
        for (name, other) in [("config.yml", "dockpass-ca.pem"), ("dockpass-ca.pem", "config.yml")] {
            std::os::unix::fs::symlink("mine.yml", place(name)).unwrap();
            let server = Server::with_json(&[(200, &body), (200, &body)]);
            let (mut console, _) = console(b"");
            let arguments = ConfigArguments { replace: true, ..distribution(Some(directory.path().to_owned())) };
            let error = run(&arguments, &mut server.api(), &mut console).await.unwrap_err();
            assert!(error.to_string().contains("symbolic link") && !place(other).exists(), "{error}");
            fs::remove_file(place(name)).unwrap();
        }
        assert_eq!(
            (fs::read_dir(directory.path()).unwrap().count(), fs::read(place("mine.yml")).unwrap()),
            (1, b"mine".to_vec())
        );
    }
}
