//! `dockpass registry`: what a registry needs to trust this server, and the configuration of nginx in front of both.

mod configuration;
mod files;
mod gateway;
mod owner;
pub(in crate::cli) mod report;
mod sync;

pub(in crate::cli) use configuration::{Ready, Written, mode_of};
pub(in crate::cli) use files::{Files, absolute, keep};
pub(in crate::cli) use owner::Owner;

use clap::Subcommand;

use crate::api::RegistryState;
use crate::api::operations::registry as op;
use crate::cli::screen::{CliError, Console, Report};
use crate::cli::wire::Api;
use crate::domain::registry::CertificateRole;

/// What can be done for a registry.
#[derive(Subcommand)]
pub(in crate::cli) enum RegistryCommand {
    /// Print the configuration of a registry or of a proxy before it, or write its files
    #[command(after_help = "Example:\n  dockpass registry config --for distribution --output /etc/docker/registry\n  \
                      dockpass registry config --for distribution --only auth,notifications\n  \
                      dockpass registry config --for nginx --output /etc/nginx/conf.d\n  \
                      dockpass registry config --for caddy --layout forward-auth --output /etc/caddy\n\nWith --only, what is printed is \
                      put into a configuration that is there, in the place of its sections of these names; so it is for a \
                      registry with storage of its own kind, as S3.")]
    Config(configuration::ConfigArguments),
    /// Show the connection to the registry: gateway, certificates, notifications, the last comparison
    #[command(
        after_help = "Example:\n  dockpass registry show\n\nOf a registry behind the gateway, dockpass looks by itself, \
                      after the start and once a day: whether it keeps the blobs of each repository apart (a small blob is \
                      pushed to it, asked for under another name, and deleted), and whether others get anything from it \
                      without credentials."
    )]
    Show,
    /// Compare with the registry now: what it holds, and what is gone
    #[command(
        after_help = "Example:\n  dockpass registry sync\n\nNeeds registry.url in the configuration of the server."
    )]
    Sync,
    /// Rotate the key that signs registry tokens, on the server's machine
    #[command(after_help = "Example:\n  dockpass registry rotate-key")]
    RotateKey,
}

pub(in crate::cli) async fn run(
    command: RegistryCommand,
    api: &mut Api,
    console: &mut Console,
) -> Result<(), CliError> {
    match command {
        RegistryCommand::Config(arguments) => configuration::run(&arguments, api, console).await,
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
