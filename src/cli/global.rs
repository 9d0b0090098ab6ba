//! The options that every command takes.

#![expect(clippy::doc_markdown, reason = "help texts are read on terminals, where Markdown is noise")]

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::screen::{Console, Format};

/// Options that every command takes.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Global options")]
pub(in crate::cli) struct Global {
    /// Data directory: the store, the keys and the socket [default: ./dockpass-data]
    #[arg(long, value_name = "DIR", global = true)]
    pub(in crate::cli) data_dir: Option<PathBuf>,
    /// Configuration file [environment: DOCKPASS_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Speak to a server elsewhere, as DOCKPASS_USER with DOCKPASS_TOKEN [environment: DOCKPASS_SERVER]
    #[arg(long, value_name = "URL", global = true)]
    pub(in crate::cli) server: Option<String>,
    /// Certificates (PEM) to trust for --server, beside those of the system [environment: DOCKPASS_CA]
    #[arg(long, value_name = "FILE", global = true)]
    pub(in crate::cli) ca: Option<PathBuf>,
    /// How answers are printed [default: table] [environment: DOCKPASS_FORMAT]
    #[arg(long, value_enum, global = true)]
    pub(in crate::cli) format: Option<Format>,
    /// More log lines; twice for all of them
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(in crate::cli) verbose: u8,
}

impl Global {
    /// Fills in the options that were not given from the environment.
    pub(in crate::cli) fn or_environment(self, console: &Console) -> Self {
        let path = |name| console.variable(name).map(PathBuf::from);
        Self {
            config: self.config.or_else(|| path("DOCKPASS_CONFIG")),
            server: self.server.or_else(|| console.variable("DOCKPASS_SERVER").map(str::to_owned)),
            ca: self.ca.or_else(|| path("DOCKPASS_CA")),
            ..self
        }
    }
}
