//! The options that every command takes.

#![expect(clippy::doc_markdown, reason = "help texts are read on terminals, where Markdown is noise")]

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::screen::{Console, Format};

/// Options that every command takes.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Global options")]
pub(in crate::cli) struct Global {
    /// Data directory: the store, the keys and the socket [default: that of the configuration, else ./dockpass-data, else
    /// /var/lib/dockpass if it is there and yours] [environment: DOCKPASS_DATA_DIR]
    #[arg(long, value_name = "DIR", global = true)]
    pub(in crate::cli) data_dir: Option<PathBuf>,
    /// Configuration file [default: ./dockpass.toml, else /etc/dockpass/config.toml, if one exists] [environment: DOCKPASS_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Talk to a remote server, with `dockpass login` or the access token in DOCKPASS_TOKEN [environment: DOCKPASS_SERVER]
    #[arg(long, value_name = "URL", global = true)]
    pub(in crate::cli) server: Option<String>,
    /// Certificates (PEM) to trust for --server, in addition to the system's [environment: DOCKPASS_CA]
    #[arg(long, value_name = "FILE", global = true)]
    pub(in crate::cli) ca: Option<PathBuf>,
    /// Output format [default: table] [environment: DOCKPASS_FORMAT]
    #[arg(long, value_enum, global = true)]
    pub(in crate::cli) format: Option<Format>,
    /// Log more; give it twice to log everything
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(in crate::cli) verbose: u8,
}

impl Global {
    /// Fills in the options that were not given from the environment.
    pub(in crate::cli) fn or_environment(self, console: &Console) -> Self {
        let path = |name| console.variable(name).map(PathBuf::from);
        let configured = |console: &Console| match console.environment.get("DOCKPASS_CONFIG") {
            // Empty: none at all, not even one that is found.
            Some(text) => Some(text).filter(|text| !text.is_empty()).map(PathBuf::from),
            None => console.found_file.clone(),
        };
        Self {
            config: self.config.or_else(|| configured(console)),
            server: self.server.or_else(|| console.variable("DOCKPASS_SERVER").map(str::to_owned)),
            ca: self.ca.or_else(|| path("DOCKPASS_CA")),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::console;

    #[test]
    fn the_file_is_the_one_that_is_named_or_else_the_one_that_is_found() {
        let (mut console, _) = console(b"");
        let found = |console: &Console, named: Option<&str>| {
            let global = Global { config: named.map(PathBuf::from), ..Global::default() };
            global.or_environment(console).config.map(|path| path.display().to_string())
        };
        assert_eq!(found(&console, None), None);
        console.found_file = Some("/etc/x".into());
        assert_eq!(found(&console, None).as_deref(), Some("/etc/x"));
        console.environment.insert("DOCKPASS_CONFIG".into(), "/y".into());
        assert_eq!(found(&console, None).as_deref(), Some("/y"));
        assert_eq!(found(&console, Some("/z")).as_deref(), Some("/z"));
        console.environment.insert("DOCKPASS_CONFIG".into(), String::new());
        assert_eq!(found(&console, None), None);
    }
}
