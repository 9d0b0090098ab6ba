//! `dockpass config`, which checks a configuration before a restart, and how every command loads its configuration.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::Uid;
use serde_json::Value;

use crate::cli::global::Global;
use crate::cli::screen::{CliError, Console, Fit, Report, Table, View};
use crate::cli::wire::is_served;
use crate::config::{self, Config, LOCAL_DATA, Loaded};
use crate::denied;
use crate::http;

/// What `dockpass config` takes.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  dockpass config --example > config.toml\n\nShows what a server would start with that \
                        was started as this command is: with its file, its environment and its flags. What \
                        administrators have set in a running one, and how that was started, `dockpass settings show` \
                        tells.\n\nIt checks the configuration before a restart: what a server would refuse, it \
                        refuses, too, with exit code 1. So it reads the files that the configuration names: tls.cert and tls.key, \
                        registry.ca, registry.events_secret, registry.upstream_password_file, audit.syslog_ca, audit.webhook_ca, \
                        audit.webhook_secret_file and metrics.secret_file. It changes nothing."
)]
pub(in crate::cli) struct ConfigArguments {
    /// Print a configuration file with every key, its default and what it means
    #[arg(long)]
    example: bool,
}

const COLUMNS: &[(&str, Fit)] = &[("KEY", Fit::Whole), ("VALUE", Fit::Shrinks(20)), ("FROM", Fit::Whole)];

/// The note if a server runs, because its settings may differ.
const LIVE: &str = "A server runs on this data directory. What it was started with, and what administrators have set \
                    there, may differ: dockpass settings show\n";

/// Reads the configuration: file, environment, flags. Warnings go to the log.
pub(in crate::cli) fn load(
    global: &Global,
    flags: impl IntoIterator<Item = (&'static str, String)>,
    console: &Console,
) -> Result<Config, CliError> {
    Ok(warned(read(For::Commands, global, flags, console)?))
}

/// The same for the server, whose log is written from then on as the configuration says.
pub(in crate::cli) fn load_for_server(
    global: &Global,
    flags: impl IntoIterator<Item = (&'static str, String)>,
    console: &Console,
) -> Result<Config, CliError> {
    let loaded = read(For::Server, global, flags, console)?;
    console.log_form.set(loaded.config.log.format);
    Ok(warned(loaded))
}

fn warned(loaded: Loaded) -> Config {
    for warning in &loaded.warnings {
        log::warn!("{warning}");
    }
    loaded.config
}

/// What a configuration is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// For a server: it runs as the owner of its data.
    Server,
    /// For a command, by which root reaches everybody's.
    Commands,
}

impl For {
    /// Whether the data directory of a packaged server is the one where nothing names another. What is somebody else's in the
    /// working directory is passed over.
    fn takes_data_of_system(self, console: &Console) -> bool {
        let me = rustix::process::geteuid();
        let may_use = |owner: u32| owner == me.as_raw() || (self == Self::Commands && me.is_root());
        console.owner_of_data.is_some_and(may_use) && owner_of(Path::new(LOCAL_DATA)) != Some(me.as_raw())
    }
}

/// Who has put it there, be it a link.
fn owner_of(path: &Path) -> Option<u32> {
    path.symlink_metadata().ok().map(|found| found.uid())
}

/// Refuses what root would be led to by who has put it into the working directory: a server of theirs, which hears what root
/// types.
fn refuse_theirs(owner: Option<u32>, me: Uid) -> Result<(), CliError> {
    match owner.filter(|owner| me.is_root() && *owner != me.as_raw()) {
        None => Ok(()),
        Some(owner) => Err(CliError::Finding(format!(
            "{LOCAL_DATA} belongs to {}, and dockpass runs as root; if it is the one that is meant, name it: \
             --data-dir {LOCAL_DATA}",
            denied::user(owner)
        ))),
    }
}

fn read(
    of: For,
    global: &Global,
    flags: impl IntoIterator<Item = (&'static str, String)>,
    console: &Console,
) -> Result<Loaded, CliError> {
    let data_dir = match global.data_dir.as_deref().map(|path| (path, path.to_str())) {
        Some((path, None)) => {
            return Err(CliError::Usage(format!("the path of the data directory, {}, is not UTF-8", path.display())));
        }
        Some((_, Some(text))) => Some(("server.data_dir", text.to_owned())),
        None => None,
    };
    let overrides: Vec<_> = data_dir.into_iter().chain(flags).collect();
    let environment = console.environment.clone().into_iter();
    let mut loaded = Config::load(global.config.as_deref(), environment, &overrides)?;
    if of.takes_data_of_system(console) {
        loaded.config.take_data_of_system()?;
    } else if !loaded.config.is_set("server.data_dir") {
        refuse_theirs(owner_of(Path::new(LOCAL_DATA)), rustix::process::geteuid())?;
    }
    Ok(loaded)
}

/// Shows an example, or the configuration that this command finds; a running server's may differ.
pub(in crate::cli) fn run(arguments: &ConfigArguments, global: &Global, console: &mut Console) -> Result<(), CliError> {
    if arguments.example {
        return console.write(&config::example());
    }
    let config = warned(read(For::Server, global, None, console)?);
    let rows = config.describe().iter();
    let rows =
        rows.map(|setting| vec![setting.key.to_owned(), setting.value.clone(), setting.origin.as_str().to_owned()]);
    let table = Table { columns: COLUMNS, rows: rows.collect() };
    let answer: Value = serde_json::to_value(config.describe()).map_err(CliError::Json)?;
    console.report(&Report { answer, view: View::Many(table, "There are no keys.") })?;
    if is_served(&config.server.data_dir) {
        console.note(LIVE)?;
    }
    // Last: who may not read a key sees the rest all the same.
    Ok(http::check(&config, console.clock.now())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    #[test]
    fn the_effective_configuration_says_where_each_value_comes_from() {
        let (mut console, written) = console(b"");
        console.environment.insert("DOCKPASS_REGISTRY_ISSUER".into(), "ours".into());
        let global = Global { data_dir: Some("/srv/d".into()), ..Global::default() };
        run(&ConfigArguments { example: false }, &global, &mut console).unwrap();
        let lines: Vec<Vec<String>> =
            written.out().lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
        assert!(lines.contains(&["server.data_dir", "\"/srv/d\"", "flag"].map(str::to_owned).to_vec()), "{lines:?}");
        assert!(
            lines.contains(&["registry.issuer", "\"ours\"", "environment"].map(str::to_owned).to_vec()),
            "{lines:?}"
        );
    }

    #[test]
    fn where_a_server_runs_its_own_settings_are_pointed_to() {
        let directory = tempfile::tempdir().unwrap();
        let global = Global { data_dir: Some(directory.path().to_owned()), ..Global::default() };
        let shown = || {
            let (mut console, written) = console(b"");
            run(&ConfigArguments { example: false }, &global, &mut console).unwrap();
            (written.out(), written.note())
        };
        let (alone, note) = shown();
        assert_eq!(note, "");
        let server = std::os::unix::net::UnixListener::bind(directory.path().join(crate::data_files::SOCKET)).unwrap();
        assert_eq!(shown(), (alone.clone(), LIVE.to_owned()));
        drop(server);
        assert_eq!(shown(), (alone, String::new()), "a socket that nobody listens on any more");
    }

    #[test]
    fn the_data_of_a_packaged_server_is_found_by_its_owner_and_by_commands_of_root() {
        let (mut console, _) = console(b"");
        let me = rustix::process::geteuid();
        let found = |of: For, console: &Console, set: &[(&'static str, String)]| {
            let loaded = read(of, &Global::default(), set.iter().cloned(), console).unwrap();
            loaded.config.server.data_dir.display().to_string()
        };
        assert_eq!(found(For::Commands, &console, &[]), LOCAL_DATA);
        console.owner_of_data = Some(me.as_raw());
        assert_eq!(found(For::Server, &console, &[]), "/var/lib/dockpass");
        assert_eq!(found(For::Server, &console, &[("server.data_dir", "d".to_owned())]), "d", "one that is named");
        console.owner_of_data = Some(me.as_raw() + 1);
        assert_eq!(found(For::Server, &console, &[]), LOCAL_DATA, "a server runs as the owner of its data");
        let by_root = if me.is_root() { "/var/lib/dockpass" } else { LOCAL_DATA };
        assert_eq!(found(For::Commands, &console, &[]), by_root);
    }

    #[test]
    fn root_is_not_led_to_what_somebody_else_has_put_into_the_working_directory() {
        let other = Uid::from_raw(4_711);
        assert!(refuse_theirs(None, Uid::ROOT).is_ok() && refuse_theirs(Some(0), Uid::ROOT).is_ok());
        assert!(refuse_theirs(Some(4_711), other).is_ok() && refuse_theirs(Some(0), other).is_ok());
        let said = refuse_theirs(Some(4_711), Uid::ROOT).unwrap_err().to_string();
        assert!(said.contains("belongs to the user id 4711") && said.contains("--data-dir ./dockpass-data"), "{said}");
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/nowhere", &link).unwrap();
        assert_eq!(owner_of(&link), Some(rustix::process::geteuid().as_raw()), "a link is who made it");
        assert_eq!(owner_of(&directory.path().join("none")), None);
    }

    #[test]
    fn the_example_is_a_configuration_file() {
        let (mut console, written) = console(b"");
        run(&ConfigArguments { example: true }, &Global::default(), &mut console).unwrap();
        assert!(written.out().contains("[server]"));
    }

    #[test]
    fn a_wrong_value_is_told_with_its_reason() {
        let (console, _) = console(b"");
        let error = load(&Global::default(), [("server.listen", "nowhere".to_owned())], &console).err().unwrap();
        assert!(error.to_string().starts_with("command line: server.listen: "), "{error}");
    }
}
