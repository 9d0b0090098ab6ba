//! `dockpass serve`, and `dockpass` alone.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::commands::config;
use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console, prompt};
use crate::domain::secret::Password;
use crate::http::{self, Supervisor};

/// The environment variable with the first password of `admin`.
const ADMIN_PASSWORD: &str = "DOCKPASS_ADMIN_PASSWORD";
/// How a service manager says that it wants to hear of its services (`sd_notify(3)`, `sd_watchdog_enabled(3)`).
const SUPERVISOR: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];
/// The systemd credential with the first password of `admin`.
const CREDENTIAL: &str = "dockpass-admin-password";

/// What only the server takes.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  dockpass serve --data-dir /var/lib/dockpass --listen 127.0.0.1:8700")]
pub(in crate::cli) struct ServeArguments {
    /// Address and port to listen on [default: 127.0.0.1:8700]
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) listen: Option<String>,
    /// A file with the first password of `admin`, for an unattended first start; later starts do not use it
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) admin_password_file: Option<PathBuf>,
    /// Keep no backup of a store of an earlier format before it is brought to today's
    #[arg(long)]
    pub(in crate::cli) no_upgrade_backup: bool,
}

/// Runs the server until it is told to stop.
pub(in crate::cli) async fn run(
    arguments: ServeArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    if global.server.is_some() {
        return Err(CliError::Usage("--server is for the commands that speak to a server; `serve` is one".to_owned()));
    }
    let global = global.or_environment(console);
    let listen = arguments.listen.map(|listen| ("server.listen", listen));
    let upgrade = arguments.no_upgrade_backup.then(|| ("server.upgrade_backup", "false".to_owned()));
    let flags = listen.into_iter().chain(upgrade);
    let config = config::load_for_server(&global, flags, console)?;
    let admin_password = admin_password(arguments.admin_password_file.as_deref(), console)?;
    let program = console.program.clone();
    let program = Some(program.as_str()).filter(|_| console.out_is_terminal);
    let [socket, time, process] = SUPERVISOR.map(|name| console.variable(name));
    let supervisor = Supervisor::of(socket, time, process);
    http::serve(config, admin_password, program, supervisor, &mut *console.out).await?;
    Ok(())
}

/// The first password for unattended installs, from a file, the environment or a systemd credential. Only the first start
/// uses it.
fn admin_password(file: Option<&Path>, console: &Console) -> Result<Option<Password>, CliError> {
    if let Some(path) = file {
        return read_password(path).map(Some);
    }
    if let Some(password) = console.secret_variable(ADMIN_PASSWORD)? {
        return Ok(Some(Password::chosen(password)));
    }
    let Some(directory) = console.variable("CREDENTIALS_DIRECTORY") else { return Ok(None) };
    match read_password(&Path::new(directory).join(CREDENTIAL)) {
        Err(CliError::File { cause, .. }) if cause.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The password of a file, which may be a link or a pipe, as orchestrators and shells hand secrets over.
fn read_password(path: &Path) -> Result<Password, CliError> {
    prompt::secret_of_file(path).map(|text| Password::chosen(&text))
}
