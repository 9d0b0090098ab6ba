//! `dockpass registry`: what a registry needs to trust this server, and the configuration of nginx in front of both.

mod report;
mod sync;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use crate::api::operations::registry as op;
use crate::api::{RegistryConfiguration, RegistryState};
use crate::cli::files;
use crate::cli::screen::{CliError, Console, Format, Report, shown};
use crate::cli::wire::{Api, ApiAnswer};
use crate::domain::program::Program;
use crate::domain::registry::CertificateRole;

/// What can be done for a registry.
#[derive(Subcommand)]
pub(in crate::cli) enum RegistryCommand {
    /// Print the configuration of a registry or of nginx before it, or write its files
    #[command(after_help = "Example:\n  dockpass registry config --for distribution --output /etc/docker/registry\n  \
                            dockpass registry config --for nginx --output /etc/nginx/conf.d")]
    Config {
        /// What the configuration is for
        #[arg(long = "for", value_enum, value_name = "PROGRAM")]
        program: Configurable,
        /// Write the configuration, and the certificate that a registry needs, into this directory
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Show the registry side: certificates, notifications, the last comparison
    #[command(after_help = "Example:\n  dockpass registry show")]
    Show,
    /// Compare with the registry: learn what it holds, and what is gone
    #[command(
        after_help = "Example:\n  dockpass registry sync\n\nNeeds registry.url in the configuration of the server."
    )]
    Sync,
    /// Change the key that signs registry tokens, on the machine of the server
    #[command(after_help = "Example:\n  dockpass registry rotate-key")]
    RotateKey,
}

/// What can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Configurable {
    /// CNCF Distribution, 2.8 or 3.x.
    Distribution,
    /// zot; needs a fixed key.
    Zot,
    /// nginx before dockpass and the registry; needs an https address and a trusted proxy.
    Nginx,
}

impl Configurable {
    /// The same program as a value of the API.
    fn program(self) -> Program {
        match self {
            Self::Distribution => Program::Distribution,
            Self::Zot => Program::Zot,
            Self::Nginx => Program::Nginx,
        }
    }

    /// The file's mode: a registry's configuration may hold the secret of its notifications, so only the owner may
    /// read it.
    fn mode(self) -> u32 {
        match self {
            Self::Distribution | Self::Zot => 0o600,
            Self::Nginx => 0o644,
        }
    }

    /// The next step, once the files are written.
    fn next(self) -> &'static str {
        match self {
            Self::Distribution | Self::Zot => {
                "Next: let the registry read these files, and start it with this configuration; then name its address in \
                 registry.url, so that dockpass can ask it what it holds"
            }
            Self::Nginx => {
                "Next: put the paths of your certificate and key into it, then: nginx -t && systemctl reload nginx"
            }
        }
    }
}

pub(in crate::cli) async fn run(
    command: RegistryCommand,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    match command {
        RegistryCommand::Config { program, output: None } => {
            let (answer, configuration) = ask(program, None, api).await?;
            console.warn(&answer.warnings)?;
            note_alone(api, console)?;
            match console.format {
                Format::Json => console.report(&Report::done(answer.value, String::new())),
                Format::Table => console.write(&printed(&configuration, program)),
            }
        }
        RegistryCommand::Config { program, output: Some(directory) } => write(program, &directory, api, console).await,
        RegistryCommand::Show => {
            let answer = api.call(op::ViewRegistry, [], &()).await?;
            note_alone(api, console)?;
            console.report(&report::state(answer)?)
        }
        RegistryCommand::Sync => sync::run(api, console).await,
        RegistryCommand::RotateKey => {
            api.must_be_local("dockpass registry rotate-key")?;
            let answer = api.call(op::RotateSigningKey, [], &()).await?;
            let next = rotated_next(&answer.read()?);
            let done = "changed the key that signs registry tokens".to_owned();
            console.report(&Report::done_then(answer.value, done, vec![next]))
        }
    }
}

/// Says that no server runs, and so where the addresses come from.
fn note_alone(api: &Api, console: &mut Console) -> Result<(), CliError> {
    if api.is_alone() { console.note(ALONE) } else { Ok(()) }
}

/// Without a server nobody knows how one will be started.
const ALONE: &str = "No server runs on this data directory. The addresses are a guess: those of a server that is started \
                     as this command was, with its file, its environment and its flags. Start yours, and ask again.\n";

/// The next step after a change of the key: a registry that was given a fixed key needs the new certificate.
fn rotated_next(state: &RegistryState) -> String {
    let is_fixed = state.certificates.iter().any(|certificate| certificate.role == CertificateRole::Signing);
    let next = if is_fixed {
        "Next: give the registry the new certificate, as `dockpass registry config` prints it, and restart it; until then \
         it refuses new registry tokens"
    } else {
        "The registry needs nothing: it trusts the CA, which is the same"
    };
    next.to_owned()
}

fn which(program: Configurable, certificate: Option<&Path>) -> Result<op::WhichConfiguration, CliError> {
    let no_text = |path: &Path| CliError::Usage(format!("the path {} is not UTF-8", path.display()));
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or_else(|| no_text(path));
    let certificate = certificate.map(text).transpose()?;
    Ok(op::WhichConfiguration { program: Some(program.program()), certificate })
}

/// The configuration after its certificate, if it has one, as a comment, so that one stream carries both.
fn printed(configuration: &RegistryConfiguration, program: Configurable) -> String {
    let RegistryConfiguration { file_name, configuration: text, .. } = configuration;
    let Some((certificate_name, certificate)) = certificate(configuration) else { return text.clone() };
    let certificate = shown::lines("# ", certificate.lines());
    let program = program.program();
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
         #   dockpass registry config --for {program} --output DIR\n\
         #\n\
         {certificate}{keys}\n{}\n",
        text.trim_end()
    )
}

/// Name and content of the certificate, where there is one.
fn certificate(configuration: &RegistryConfiguration) -> Option<(&str, &str)> {
    Some((configuration.certificate_name.as_deref()?, configuration.certificate.as_deref()?))
}

/// Writes the files. The certificate is ours, so it is replaced; a different configuration is the operator's, so
/// nothing is written.
async fn write(program: Configurable, directory: &Path, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    let failed = |action, path: &Path| {
        let path = path.to_owned();
        move |cause| CliError::File { action, path, cause }
    };
    let directory = std::path::absolute(directory).map_err(failed("use", directory))?;
    let (mut answer, mut configuration) = ask(program, None, api).await?;
    note_alone(api, console)?;
    let beside = certificate(&configuration).map(|(name, _)| file_name(name)).transpose()?;
    let beside = beside.map(|name| directory.join(name));
    if let Some(path) = &beside {
        (answer, configuration) = ask(program, Some(path), api).await?;
    }
    console.warn(&answer.warnings)?;
    let file = directory.join(file_name(&configuration.file_name)?);
    fs::create_dir_all(&directory).map_err(failed("make", &directory))?;
    refuse_other(&file, &configuration.configuration)?;
    let mut line = format!("wrote {}", file.display());
    if let (Some(path), Some((_, pem))) = (&beside, certificate(&configuration)) {
        files::replace(path, pem, 0o644)?;
        line = format!("{line} and {}", path.display());
    }
    if let (Some(name), Some(keys)) = (&configuration.keys_name, &configuration.keys) {
        let path = directory.join(file_name(name)?);
        files::replace(&path, keys, 0o644)?;
        line = format!("{line} and {}", path.display());
    }
    files::replace(&file, &configuration.configuration, program.mode())?;
    console.report(&Report::done_then(answer.value, line, vec![program.next().to_owned()]))
}

async fn ask(
    program: Configurable,
    certificate: Option<&Path>,
    api: &mut Api,
) -> Result<(ApiAnswer<RegistryConfiguration>, RegistryConfiguration), CliError> {
    let answer = api.call(op::GetRegistryConfiguration, [], &which(program, certificate)?).await?;
    let configuration = answer.read()?;
    Ok((answer, configuration))
}

/// Checks that a file name from the server does not lead out of the directory.
fn file_name(name: &str) -> Result<&str, CliError> {
    let is_plain = Path::new(name).file_name().is_some_and(|only| only == name);
    if is_plain {
        Ok(name)
    } else {
        Err(CliError::Finding("the server gave a file name that leads elsewhere".to_owned()))
    }
}

fn refuse_other(path: &Path, text: &str) -> Result<(), CliError> {
    match fs::read_to_string(path) {
        Ok(there) if there != text => Err(CliError::Finding(format!(
            "{} is there and says something else; nothing was written: move it away, or choose another directory",
            path.display()
        ))),
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(CliError::File { action: "read", path: path.to_owned(), cause }),
    }
}

#[cfg(test)]
mod tests {
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

    fn config(output: Option<PathBuf>) -> RegistryCommand {
        RegistryCommand::Config { program: Configurable::Distribution, output }
    }

    #[tokio::test]
    async fn one_stream_carries_configuration_and_certificate() {
        let server = Server::with_json(&[(200, &answer("dockpass-ca.pem"))]);
        let (mut console, written) = console(b"");
        run(config(None), &mut server.api(), &mut console).await.unwrap();
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
        run(config(Some(place.clone())), &mut api, &mut console).await.unwrap();
        assert_eq!(fs::read_to_string(place.join("config.yml")).unwrap(), "auth:\n  token: {}\n");
        assert!(fs::read_to_string(place.join("dockpass-ca.pem")).unwrap().starts_with("-----BEGIN"));
        fs::write(place.join("config.yml"), "mine").unwrap();
        let error = run(config(Some(place.clone())), &mut api, &mut console).await.unwrap_err();
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
        let command = |output| RegistryCommand::Config { program: Configurable::Nginx, output };
        run(command(None), &mut api, &mut stdout).await.unwrap();
        assert_eq!(written.out(), text);
        let directory = tempfile::tempdir().unwrap();
        let (mut stdout, written) = console(b"");
        run(command(Some(directory.path().to_owned())), &mut api, &mut stdout).await.unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        let file = directory.path().join("dockpass.conf");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        let said = written.out();
        assert!(said.starts_with(&format!("wrote {}\n", file.display())) && said.contains("nginx -t"), "{said}");
    }

    #[tokio::test]
    async fn a_file_name_cannot_lead_elsewhere() {
        for name in ["../evil.pem", "/etc/passwd", "..", "", "a/b"] {
            assert!(file_name(name).is_err(), "{name}");
        }
        assert!(file_name("dockpass-ca.pem").is_ok());
    }
}
