//! The configuration of the registry, as `registry config` writes it, before the server runs that it is for.
//!
//! What it says of the site comes from the new configuration, by a server in this process on a data directory that goes again;
//! what it says of keys and secrets, from the data directory of the site.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::answers::RegistryFiles;
use super::existing::config_in;
use crate::api::RegistryConfiguration;
use crate::api::operations::registry as op;
use crate::cli::commands::registry::{Files, Owner, Ready, absolute, mode_of};
use crate::cli::screen::CliError;
use crate::cli::wire::{Api, is_served};
use crate::config::Config;
use crate::data_files;
use crate::denied;
use crate::domain::program::{Layout, Program};
use crate::domain::random;
use crate::domain::setup::SiteLayout;
use crate::domain::time::Clock;
use crate::http::{self, Listeners, Running, StartError};

/// Makes the registry's configuration; in words why it has to wait for the server, if it has to.
pub(super) async fn prepare(
    config: &Config,
    layout: SiteLayout,
    files: &RegistryFiles,
    may_replace: bool,
) -> Result<Result<Ready, String>, CliError> {
    let owner = owner(files)?;
    // Where the service of a package has its configuration, nobody has chosen.
    let place = Files { directory: absolute(&files.directory)?, owner, is_chosen: files.service.is_none() };
    let there = config_in(&place.directory);
    // What a registry that checks tokens is told comes from the data of the site, which a start would make.
    if layout == SiteLayout::TokenServer && !may_replace && there.symlink_metadata().is_ok() {
        return Err(place.in_the_way(&there, "is there"));
    }
    let certificate = place.directory.join(crate::http::CERTIFICATE_NAME);
    let which = which(layout, files, &certificate)?;
    let configuration = match layout {
        SiteLayout::Gateway | SiteLayout::Evaluation => of_trial(config.clone(), &which).await?.0,
        SiteLayout::TokenServer => match of_site(config, &which).await? {
            Ok(configuration) => configuration,
            Err(why) => return Ok(Err(why)),
        },
    };
    let beside = configuration.certificate.as_ref().map(|_| certificate);
    Ready::of(configuration, place, beside, mode_of(Program::Distribution), may_replace).map(Ok)
}

/// Whose the files are to be.
fn owner(files: &RegistryFiles) -> Result<Option<Owner>, CliError> {
    let Some(name) = files.owner.as_deref() else { return Ok(None) };
    if !rustix::process::geteuid().is_root() {
        let option = if files.service.is_some() { "--registry debian" } else { "--registry-owner" };
        return Err(CliError::Usage(format!(
            "{option} writes files for the user {name}, which only root may; nothing was written: try it with sudo"
        )));
    }
    Owner::named(name).map(Some)
}

fn which(layout: SiteLayout, files: &RegistryFiles, certificate: &Path) -> Result<op::WhichConfiguration, CliError> {
    let text = |path: &Path| {
        let no_text = || CliError::Usage(format!("the path {} is not UTF-8", path.display()));
        path.to_str().map(str::to_owned).ok_or_else(no_text)
    };
    let storage = files.storage.as_deref().map(absolute).transpose()?;
    Ok(op::WhichConfiguration {
        program: Some(Program::Distribution),
        layout: Some(match layout {
            SiteLayout::Gateway | SiteLayout::Evaluation => Layout::Gateway,
            SiteLayout::TokenServer => Layout::TokenServer,
        }),
        certificate: Some(text(certificate)?),
        storage: storage.as_deref().map(text).transpose()?,
        address: files.address.clone(),
        ..op::WhichConfiguration::default()
    })
}

/// For a registry that checks registry tokens: with the certificate and the secret of the site, which a first start makes.
async fn of_site(
    config: &Config,
    which: &op::WhichConfiguration,
) -> Result<Result<RegistryConfiguration, String>, CliError> {
    let directory = &config.server.data_dir;
    if is_served(directory) {
        // It runs with the configuration before.
        let theirs = ask(&mut Api::served(directory)?, which).await?;
        let secret = directory.join(data_files::KEYS).join(data_files::EVENTS_SECRET);
        let mut config = config.clone();
        config.registry.events_secret.get_or_insert(secret);
        let (ours, _) = of_trial(config, which).await?;
        return Ok(Ok(RegistryConfiguration { certificate: theirs.certificate, ..ours }));
    }
    if let Ok(found) = fs::metadata(directory)
        && found.uid() != rustix::process::geteuid().as_raw()
    {
        return Ok(Err(format!(
            "{} belongs to {}, whose server has to start first",
            directory.display(),
            denied::user(found.uid())
        )));
    }
    let noted = |directory: &Path| fs::read(directory.join(data_files::FORMAT)).ok();
    if let Some(theirs) = noted(directory)
        && Some(theirs) != of_trial(config.clone(), which).await?.1
    {
        return Ok(Err(format!(
            "{} has the format of another version, which the server brings to its own when it starts: it has to start first",
            directory.display()
        )));
    }
    started(config.clone()).await?.stop().await;
    let mut api = Api::local(config.clone())?;
    let answer = ask(&mut api, which).await;
    api.close().await;
    answer.map(Ok)
}

async fn ask(api: &mut Api, which: &op::WhichConfiguration) -> Result<RegistryConfiguration, CliError> {
    api.call(op::GetRegistryConfiguration, [], which).await?.read()
}

async fn started(config: Config) -> Result<Running, StartError> {
    Ok(http::start(config, Listeners::SocketOnly, None, Clock::system()).await?.0)
}

/// What a server with this configuration says of itself, on a data directory that goes again; and which format that had.
async fn of_trial(
    mut config: Config,
    which: &op::WhichConfiguration,
) -> Result<(RegistryConfiguration, Option<Vec<u8>>), CliError> {
    let passing = Passing::make()?;
    config.server.data_dir = passing.0.join("data");
    let running = started(config.clone()).await?;
    let answer = ask(&mut Api::in_directory(&config.server.data_dir), which).await;
    running.stop().await;
    Ok((answer?, fs::read(config.server.data_dir.join(data_files::FORMAT)).ok()))
}

/// A directory that goes when it is no longer needed.
struct Passing(PathBuf);

impl Passing {
    fn make() -> Result<Self, CliError> {
        let random = random::bytes::<8>().map_err(|error| CliError::Finding(error.to_string()))?;
        let path = std::env::temp_dir().join(format!("dockpass-setup-{:016x}", u64::from_ne_bytes(random)));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|cause| CliError::File { action: "make", path: path.clone(), cause })?;
        Ok(Self(path))
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        // Nothing in it is anybody's.
        let removed = fs::remove_dir_all(&self.0);
        removed.err().iter().for_each(|error| log::warn!("cannot remove {}: {error}", self.0.display()));
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn where_debians_registry_is_nobody_has_chosen() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("config.yml"), "version: 0.1\n").unwrap();
        let data = directory.path().join("data");
        let keys = [("server.data_dir", data.display().to_string())];
        let config = Config::load(None, std::iter::empty(), &keys).unwrap().config;
        let files = |service| RegistryFiles {
            directory: directory.path().to_owned(),
            storage: None,
            owner: None,
            service,
            address: None,
            may_replace: false,
        };
        let refused = async {
            for layout in [SiteLayout::Gateway, SiteLayout::TokenServer] {
                for (service, is_chosen) in [(Some("docker-registry"), false), (None, true)] {
                    let said = prepare(&config, layout, &files(service), false).await.err().unwrap().to_string();
                    assert_eq!(said.contains("choose another directory"), is_chosen, "{said}");
                    assert!(said.contains("add --replace"), "{said}");
                }
            }
        };
        // A server in process serves from this thread.
        LocalSet::new().run_until(Box::pin(refused)).await;
        assert!(!data.exists());
    }
}
