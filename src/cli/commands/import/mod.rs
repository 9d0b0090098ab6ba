//! `dockpass import`: what other programs keep, taken over.

mod htpasswd;

use clap::Subcommand;

use crate::cli::screen::{CliError, Console};
use crate::cli::wire::Api;

/// What can be taken over.
#[derive(Subcommand)]
pub(in crate::cli) enum ImportCommand {
    /// Take over the users of an htpasswd file, with their passwords
    #[command(
        after_help = "Example:\n  dockpass import htpasswd /etc/docker/registry/htpasswd --dry-run\n  dockpass import htpasswd \
                      /etc/docker/registry/htpasswd\n\nOnly bcrypt hashes (`htpasswd -B`) of a cost from 4 to 14 are taken; \
                      every other line is listed with the reason. The passwords work at once, and each is hashed anew, with \
                      argon2id, at the first sign-in. bcrypt compares only the first 72 bytes of a password; from the first \
                      sign-in on the whole one counts. Users that exist already stay as they are, so the same command can \
                      be run again. A name under which repositories are known, as those of a registry that was there before, is \
                      taken only with --adopt-repositories, which gives them to that user; --dry-run sees those, and not that \
                      repositories of the name were deleted whose content the registry may still have.\n\nExit codes: 0 every user is there; 1 some lines were not taken."
    )]
    Htpasswd(htpasswd::HtpasswdArguments),
}

pub(in crate::cli) async fn run(command: ImportCommand, api: &mut Api, console: &mut Console) -> Result<(), CliError> {
    match command {
        ImportCommand::Htpasswd(arguments) => htpasswd::run(&arguments, api, console).await,
    }
}
