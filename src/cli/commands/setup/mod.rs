//! `dockpass setup`: asks what a site is to be, writes its configuration, tries that, and says which commands come next.
//!
//! - `questions`: an answer comes from an option, from a terminal, or is the proposed one.
//! - `answers`: what is asked, at most five questions, and the keys that follow from the answers.
//! - `existing`: what the configuration of a registry that is there says of its images, its address and its users.
//! - `unit`: what its service gives a registry over that configuration.
//! - `place`: where the configuration goes, and what becomes of one that is there.
//! - `trial`: what is looked at before anything is written.
//! - `readers`: whether the user of the service may read the files that are named.
//! - `beside`: the configuration of the registry.
//! - `next`: the commands that are left.
//!
//! Nothing is written before all that can be looked at has been; what was there is kept.

mod answers;
mod beside;
mod check;
mod existing;
mod next;
mod place;
mod questions;
mod readers;
mod trial;
mod unit;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::commands::registry::{self, Written};
use crate::cli::commands::values;
use crate::cli::global::Global;
use crate::cli::screen::shown::plain;
use crate::cli::screen::{CliError, Console, Report, Step, View};
use crate::config::{self, Config};
use crate::domain::setup::{SiteLayout, TlsChoice};
use answers::{Answers, RegistryFiles};
use check::Check;
use place::Place;

/// What `dockpass setup` takes: an option for each question, and some for what is not asked.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dockpass setup\n  dockpass setup --layout gateway --registry debian --name localhost --replace\n  dockpass setup --layout token-server --registry http://127.0.0.1:5000 --yes\n\nIt asks what no option \
                  says, at most five questions, and writes the configuration: /etc/dockpass/config.toml for root where the package \
                  is installed, else ./dockpass.toml, or what --config names. First it looks whether the port is free, the name has \
                  an address, certificates can be read, and the registry answers. A configuration that sets anything is replaced with \
                  --replace only, and kept. It starts and restarts nothing: the commands that are left are printed.\n\nOn the \
                  machine of Debian's docker-registry, `--registry debian` writes the registry's configuration, too, with \
                  the images and the address of the one that is there, which is kept; unless you are asked, that takes --replace. \
                  --registry-config does so for any Distribution.\n\nExit codes: 0 written, warnings \
                  included; 1 refused or failed; 2 wrong usage, also where nobody can be asked."
)]
pub(in crate::cli) struct SetupArguments {
    /// What the site is to be
    #[arg(long, value_name = "LAYOUT", value_parser = values::word::<SiteLayout>())]
    layout: Option<SiteLayout>,
    /// Where dockpass reaches the registry, as `http://127.0.0.1:5000`; or `debian`: Debian's docker-registry on this machine, whose
    /// configuration is then written, too
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// The name by which clients reach dockpass, as HOST or HOST:PORT; localhost is for this machine alone
    #[arg(long, value_name = "HOST")]
    name: Option<String>,
    /// Who speaks TLS with the clients: dockpass with a certificate of its own (self-signed) or of yours (files), a proxy, or
    /// nobody, on this machine alone
    #[arg(long, value_name = "WHO", value_parser = values::word::<TlsChoice>())]
    tls: Option<TlsChoice>,
    /// The certificate and the chain behind it (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// The address that the proxy comes from
    #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',')]
    proxy: Vec<String>,
    /// Address and port to listen on [default: what follows from the name]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// How clients reach the registry, if not by the host of --registry; for the layout token-server
    #[arg(long, value_name = "HOST")]
    registry_host: Option<String>,
    /// Write the registry's configuration (Distribution) into this directory, too
    #[arg(long, value_name = "DIR", requires = "registry")]
    registry_config: Option<PathBuf>,
    /// Where the registry keeps what it holds
    #[arg(long, value_name = "DIR", requires = "registry_config")]
    registry_storage: Option<PathBuf>,
    /// Give the registry's files to this user, by name or as UID:GID; for root
    #[arg(long, value_name = "USER", requires = "registry_config")]
    registry_owner: Option<String>,
    /// Keep a configuration that is there as NAME.before-1, and replace it
    #[arg(long)]
    replace: bool,
    /// Take the proposed answer to every question that no option answers
    #[arg(long)]
    yes: bool,
    /// Where the files of the machine are
    #[arg(skip = "/")]
    root: PathBuf,
}

pub(in crate::cli) async fn run(
    arguments: SetupArguments,
    global: Global,
    console: &mut Console,
) -> Result<(), CliError> {
    if global.server.is_some() {
        return Err(CliError::Usage("`dockpass setup` works on the machine of the server only".to_owned()));
    }
    let replace = arguments.replace;
    let place = Place::of(&global, console)?;
    if !replace {
        place.may_write()?;
    }
    let answers = answers::ask(arguments, console)?;
    let mut values = answers.keys();
    values.push(("server.data_dir", place.data_dir.clone()));
    // By itself, as it will be read: no variable of this shell is there where the server starts.
    let loaded = Config::load(None, std::iter::empty(), &values)?;
    let config = loaded.config;
    let mut checks: Vec<Check> =
        loaded.warnings.into_iter().map(|seen| Check::doubtful("configuration", seen)).collect();
    checks.extend(trial::look(&config, &answers, &place, console).await?);
    let file = place.prepare(&config::written(&values)?)?;
    let htpasswd = files_of(&answers).and_then(|files| existing::htpasswd_of(&files.directory));
    let (beside, told) = beside_of(&config, &answers, replace).await?;
    checks.extend(told);
    let beside = beside.map(registry::Ready::write).transpose()?;
    let kept = file.write()?;
    let facts =
        next::Facts { config: &config, answers: &answers, place: &place, is_beside: beside.is_some(), htpasswd };
    let next = next::commands(&facts, console)?;
    let done = Done { place: &place, kept, beside, checks, next };
    console.report(&done.report(&config, &answers))
}

/// The files of the registry that are to be written.
fn files_of(answers: &Answers) -> Option<&RegistryFiles> {
    answers.registry.as_ref().and_then(|registry| registry.files.as_ref())
}

/// The registry's configuration, if that is asked for; what is told where it cannot be made now.
async fn beside_of(
    config: &Config,
    answers: &Answers,
    replace: bool,
) -> Result<(Option<registry::Ready>, Option<Check>), CliError> {
    let Some(files) = files_of(answers) else { return Ok((None, None)) };
    let may_replace = replace || files.may_replace;
    Ok(match beside::prepare(config, answers.layout, files, may_replace).await? {
        Ok(ready) => (Some(ready), None),
        Err(why) => (None, Some(Check::doubtful("registry's files", why))),
    })
}

/// What was done.
struct Done<'d> {
    place: &'d Place,
    kept: Option<PathBuf>,
    beside: Option<Written>,
    checks: Vec<Check>,
    next: Vec<String>,
}

impl Done<'_> {
    fn report(self, config: &Config, answers: &Answers) -> Report {
        let public = config.realm_address(config.server.listen).to_string();
        let host = config.registry_host();
        let checks: Vec<_> = self.checks.iter().map(Check::as_json).collect();
        let (files, files_kept) = self.beside.map_or_else(Default::default, |written| (written.paths, written.kept));
        let shown = |path: &PathBuf| path.display().to_string();
        let files: Vec<_> = files.iter().map(shown).collect();
        let (own_kept, files_kept) = (self.kept.as_ref().map(shown), files_kept.as_ref().map(shown));
        let answer = json!({
            "configuration": shown(&self.place.file),
            "kept": own_kept,
            "layout": answers.layout.as_str(),
            "publicUrl": public,
            "registryHost": host.as_str(),
            "registryFiles": files,
            "registryKept": files_kept,
            "checks": checks,
            "next": self.next,
        });
        let kept =
            |path: Option<String>| path.map(|path| format!("what was there is kept as {path}")).into_iter().collect();
        let mut steps = vec![Step::Line(format!("wrote {}", shown(&self.place.file)), kept(own_kept))];
        if !files.is_empty() {
            steps.push(Step::Line(format!("wrote {}", files.join(" and ")), kept(files_kept)));
        }
        steps.push(Step::Line("tried:".to_owned(), self.checks.iter().map(Check::line).collect()));
        steps.push(Step::Line("next:".to_owned(), self.next.iter().map(|line| plain(line)).collect()));
        Report { answer, view: View::Steps(steps) }
    }
}
