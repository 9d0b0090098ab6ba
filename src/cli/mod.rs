//! The command line.
//!
//! - `screen`: what people see and type: tables, reports, prompts, errors.
//! - `files`: files that commands write.
//! - `wire`: the API client: the socket, a server elsewhere, or the handlers in this process.
//! - `global`: the options that every command takes. `logins`: who signs in at which server elsewhere.
//! - `commands`: one file or folder for each noun, with its arguments.
//! - `completion`: what a shell proposes at the Tab key.
//! - `arguments`: the tree of commands. `aliases`: the other words that hands type for them. `tips`: what is proposed for a slip in them. `log_lines`: the log on standard error. `dumps`: that there are none.
//!
//! Each uses only those before it.
//!
//! Every command that reads or changes something speaks the HTTP API, as any other client would: over the socket of
//! the data directory, to the same handlers in this process if no server runs, or to `--server`. Nothing here opens a
//! store or decides who may do what. Secrets come from a prompt, standard input, a file or the environment, never from
//! an argument.

mod aliases;
mod arguments;
mod commands;
mod completion;
mod dumps;
mod files;
mod global;
mod log_lines;
mod logins;
mod screen;
#[cfg(test)]
mod testing;
mod tips;
mod wire;

use std::ffi::OsString;
use std::pin::Pin;

use clap::{CommandFactory, Parser, ValueEnum};

use arguments::{ApiCommand, Command};
use commands::target::Signing;
use commands::{
    about, access, audit, backup, check, config, doctor, grant, help, import, login, logout, man, org, registry, repo,
    restore, robot, serve, settings, setup, status, target, team, token, user, whoami,
};
use global::Global;
use screen::Format;

pub use arguments::Arguments;
pub use completion::complete;
pub use log_lines::start as start_log;
pub use screen::{CliError, Console};

impl Arguments {
    /// Reads the arguments of this process, the first of which is the program.
    ///
    /// # Errors
    /// Wrong usage, or what was asked for instead of a command: help, or the version.
    pub fn read(arguments: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let words = aliases::help_first(arguments.collect(), &Self::command());
        Self::try_parse_from(words).map_err(tips::only_likely)
    }
}

/// Runs the command that the arguments name.
///
/// # Errors
/// [`CliError`], whose message is for people and whose exit code is for scripts.
pub async fn run(arguments: Arguments, console: &mut Console) -> Result<(), CliError> {
    dumps::switch_off();
    let Arguments { global, serve, command } = arguments;
    console.is_verbose = global.verbose > 0;
    console.format = format(&global, console)?;
    if command.is_some() && (serve.listen.is_some() || serve.admin_password_file.is_some() || serve.no_upgrade_backup) {
        return Err(CliError::Usage(
            "--listen, --admin-password-file and --no-upgrade-backup are for `dockpass serve` only".to_owned(),
        ));
    }
    match command {
        None => serve::run(serve, global, console).await,
        Some(Command::Serve(arguments)) => serve::run(arguments, global, console).await,
        Some(Command::Speak(command)) => speak(command, global, console).await,
        Some(Command::Setup(arguments)) => setup::run(arguments, global, console).await,
        Some(Command::Status(arguments)) => status::run(&arguments, global, console).await,
        Some(Command::Doctor(arguments)) => doctor::run(&arguments, global, console).await,
        Some(Command::Backup(arguments)) => backup::run(arguments, global, console).await,
        Some(Command::Restore(arguments)) => restore::run(&arguments, &global.or_environment(console), console),
        Some(Command::Check(arguments)) => check::run(arguments, global, console).await,
        Some(Command::Login(arguments)) => login::login(arguments, global, console).await,
        Some(Command::Logout(arguments)) => logout::logout(&arguments, global, console).await,
        Some(Command::Whoami(arguments)) => whoami::run(&arguments, global, console).await,
        Some(Command::Config(arguments)) => config::run(&arguments, &global.or_environment(console), console),
        Some(Command::Completions(arguments)) => about::completions(&arguments, Arguments::command(), console),
        Some(Command::Man(arguments)) => man::run(&arguments, Arguments::command(), console),
        Some(Command::Help(arguments)) => help::run(&arguments, Arguments::command(), console),
    }
}

/// Opens the API, runs the command, and stops the server in this process, if one was started.
async fn speak(command: ApiCommand, global: Global, console: &mut Console) -> Result<(), CliError> {
    let for_everybody = matches!(&command, ApiCommand::Token(command) if command.is_for_everybody());
    let signing = if for_everybody { Signing::Never } else { Signing::Needed };
    let mut api = target::open(signing, global, console).await?;
    // As boxes: one future that has them all would be as large as their sum, each time that it is moved or dropped.
    let running: Pin<Box<dyn Future<Output = Result<(), CliError>> + '_>> = match command {
        ApiCommand::User(command) => Box::pin(user::run(command, &mut api, console)),
        ApiCommand::Org(command) => Box::pin(org::run(command, &mut api, console)),
        ApiCommand::Team(command) => Box::pin(team::run(command, &mut api, console)),
        ApiCommand::Repo(command) => Box::pin(repo::run(command, &mut api, console)),
        ApiCommand::Access(command) => Box::pin(access::run(command, &mut api, console)),
        ApiCommand::Grant(command) => Box::pin(grant::run(command, &mut api, console)),
        ApiCommand::Token(command) => Box::pin(token::run(command, &mut api, console)),
        ApiCommand::Robot(command) => Box::pin(robot::run(command, &mut api, console)),
        ApiCommand::Audit(command) => Box::pin(audit::run(command, &mut api, console)),
        ApiCommand::Registry(command) => Box::pin(registry::run(command, &mut api, console)),
        ApiCommand::Settings(command) => Box::pin(settings::run(command, &mut api, console)),
        ApiCommand::Import(command) => Box::pin(import::run(command, &mut api, console)),
    };
    let done = running.await;
    api.close().await;
    done
}

fn format(global: &Global, console: &Console) -> Result<Format, CliError> {
    match (global.format, console.variable("DOCKPASS_FORMAT")) {
        (Some(format), _) => Ok(format),
        (None, None) => Ok(Format::default()),
        (None, Some(text)) => {
            Format::from_str(text, false).map_err(|_| CliError::Usage("DOCKPASS_FORMAT takes table or json".to_owned()))
        }
    }
}
