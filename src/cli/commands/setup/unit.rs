//! What the service of a registry gives it over its configuration (Distribution): `REGISTRY_…` in its environment goes over what
//! `config.yml` says, and another command line reads another file.
//!
//! Files of systemd are read, as systemd.unit(5) and systemd.exec(5) have it: the unit, its drop-ins, and the files of variables that
//! they name. What a manager is told besides is not seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where units are; what is in the first goes before the others.
const UNITS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];
/// What the variables begin with that the registry reads.
const PREFIX: &str = "REGISTRY_";
/// Sections, as variables have them, of which the configuration that is written says nothing and needs nothing.
const MAY_STAY: [&str; 7] =
    ["HEALTH", "HTTP_DEBUG", "HTTP_HEADERS", "HTTP_SECRET", "LOG_FIELDS", "LOG_FORMATTER", "REDIS"];

/// Something that a file says.
struct Said {
    file: PathBuf,
    text: String,
}

impl Said {
    fn new(file: &Path, text: &str) -> Self {
        Self { file: file.to_owned(), text: text.to_owned() }
    }
}

/// Looks whether this service would run by `config`, and by nothing over it. `root` is `/`.
///
/// # Errors
/// In words, what is in the way.
pub(super) fn look(root: &Path, service: &str, config: &Path) -> Result<(), String> {
    let Some(Service { variables, start, .. }) = Service::read(root, service)? else { return Ok(()) };
    let other = "or name the registry by its URL alone";
    if let Some(Said { file, .. }) = start.filter(|start| !start.text.contains(&*config.to_string_lossy())) {
        return Err(format!(
            "{} starts {service} without {}, which would be written: correct its ExecStart, {other}",
            file.display(),
            config.display()
        ));
    }
    match variables.iter().find(|variable| !may_stay(&variable.text)) {
        None => Ok(()),
        Some(Said { file, text }) => Err(format!(
            "{} sets {text} for {service}, which goes over what {} says: move it into that file, {other}",
            file.display(),
            config.display()
        )),
    }
}

fn may_stay(variable: &str) -> bool {
    let rest = variable.strip_prefix(PREFIX).unwrap_or_default();
    MAY_STAY
        .iter()
        .any(|section| rest.strip_prefix(*section).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

/// What the files of a service say.
#[derive(Default)]
struct Service {
    /// Variables that the registry reads.
    variables: Vec<Said>,
    /// Files of further ones.
    files: Vec<PathBuf>,
    /// The command line.
    start: Option<Said>,
}

impl Service {
    /// None if there is no such unit.
    fn read(root: &Path, name: &str) -> Result<Option<Self>, String> {
        let mut units = UNITS.iter().map(|units| root.join(units).join(format!("{name}.service")));
        let Some(unit) = units.find(|unit| unit.exists()) else { return Ok(None) };
        let mut service = Self::default();
        for file in std::iter::once(unit).chain(drop_ins(root, name)?) {
            lines(&file)?.iter().for_each(|line| service.take(root, &file, line));
        }
        for file in std::mem::take(&mut service.files) {
            let names = lines(&file)?;
            service.variables.extend(names.iter().filter_map(|line| name_of(line)).map(|name| Said::new(&file, name)));
        }
        Ok(Some(service))
    }

    /// Takes a line of a unit. What is empty takes back what was said before.
    fn take(&mut self, root: &Path, file: &Path, line: &str) {
        let Some((key, value)) = line.split_once('=') else { return };
        match (key.trim(), value.trim()) {
            ("Environment", "") => self.variables.clear(),
            ("Environment", words) => {
                let names = words.split_whitespace().filter_map(name_of);
                self.variables.extend(names.map(|name| Said::new(file, name)));
            }
            ("EnvironmentFile", "") => self.files.clear(),
            ("EnvironmentFile", path) => self.files.push(root.join(path.trim_start_matches(['-', '/']))),
            ("ExecStart", "") => self.start = None,
            ("ExecStart", command) => self.start = Some(Said::new(file, command)),
            _ => {}
        }
    }
}

/// The drop-ins by their names: of each name the first, for this service before those for all.
fn drop_ins(root: &Path, name: &str) -> Result<Vec<PathBuf>, String> {
    let mut found = BTreeMap::new();
    for directory in [format!("{name}.service.d"), "service.d".to_owned()] {
        for directory in UNITS.iter().map(|units| root.join(units).join(&directory)) {
            let entries = there(fs::read_dir(&directory), &directory)?;
            let names = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
            for name in names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "conf")) {
                found.entry(name.clone()).or_insert_with(|| directory.join(name));
            }
        }
    }
    Ok(found.into_values().collect())
}

/// The lines of a file, each with those that go on from it; none if it is not there. Comments stand between lines, and none goes on.
fn lines(file: &Path) -> Result<Vec<String>, String> {
    let text = there(fs::read_to_string(file), file)?.unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
    let whole = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    Ok(whole.lines().map(str::to_owned).collect())
}

fn there<T>(found: io::Result<T>, path: &Path) -> Result<Option<T>, String> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(format!("cannot read {}: {cause}", path.display())),
    }
}

/// The name in `NAME=value`, if the registry reads it.
fn name_of(assignment: &str) -> Option<&str> {
    let (name, _) = assignment.trim_start_matches(['"', '\'']).split_once('=')?;
    Some(name.trim_end()).filter(|name| name.starts_with(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "/etc/docker/registry/config.yml";
    /// What Debian's package brings.
    const DEBIANS: &str =
        "[Service]\nUser=docker-registry\nExecStart=/usr/bin/docker-registry serve /etc/docker/registry/config.yml\n";
    const UNIT: &str = "lib/systemd/system/docker-registry.service";
    const OVERRIDE: &str = "etc/systemd/system/docker-registry.service.d/override.conf";
    const VARIABLES: &str = "etc/default/docker-registry";

    /// What is said of a machine that has these files.
    fn said(files: &[(&str, &str)]) -> Result<(), String> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        look(root.path(), "docker-registry", Path::new(CONFIG))
            .map_err(|why| why.replace(&*root.path().to_string_lossy(), ""))
    }

    #[test]
    fn a_variable_over_the_configuration_is_refused_with_its_file() {
        let named = "[Service]\nEnvironmentFile=-/etc/default/docker-registry\n";
        for (file, text, name) in [
            (OVERRIDE, "[Service]\nEnvironment=REGISTRY_HTTP_ADDR=:5001\n", "REGISTRY_HTTP_ADDR"),
            (OVERRIDE, "[Service]\nEnvironment=A=b \\\n  \"REGISTRY_AUTH=a b\"\n", "REGISTRY_AUTH"),
            (OVERRIDE, "[Service]\n# not info \\\nEnvironment=REGISTRY_LOG_LEVEL=info\n", "REGISTRY_LOG_LEVEL"),
            (
                "usr/lib/systemd/system/service.d/all.conf",
                "[Service]\nEnvironment='REGISTRY_PROXY_REMOTEURL=x'\n",
                "REGISTRY_PROXY_REMOTEURL",
            ),
            (
                VARIABLES,
                "# the large disk\nREGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/srv\n",
                "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY",
            ),
        ] {
            let why =
                said(&[(UNIT, DEBIANS), ("run/systemd/system/docker-registry.service.d/a.conf", named), (file, text)]);
            let why = why.unwrap_err();
            assert!(
                why.starts_with(&format!(
                    "/{file} sets {name} for docker-registry, which goes over what {CONFIG} says"
                )),
                "{why}"
            );
        }
    }

    #[test]
    fn what_changes_nothing_of_it_may_stay() {
        for files in [
            &[][..],
            // There is no such service.
            &[(OVERRIDE, "[Service]\nEnvironment=REGISTRY_AUTH=x\n")],
            &[(UNIT, DEBIANS)],
            // Nothing names it.
            &[(UNIT, DEBIANS), (VARIABLES, "REGISTRY_HTTP_ADDR=:5001\n")],
            &[(UNIT, DEBIANS), (OVERRIDE, "[Service]\nEnvironmentFile=-/nowhere\n")],
            &[(UNIT, DEBIANS), (OVERRIDE, "[Service]\n#Environment=REGISTRY_AUTH=x\n")],
            &[(UNIT, DEBIANS), (OVERRIDE, "[Service]\nEnvironment=OTHER=REGISTRY_AUTH REGISTRY_HTTP_SECRET=s\n")],
            // It is taken back.
            &[(UNIT, &format!("{DEBIANS}Environment=REGISTRY_AUTH=x\n")), (OVERRIDE, "[Service]\nEnvironment=\n")],
            // Another of its name goes before it.
            &[
                (UNIT, DEBIANS),
                (OVERRIDE, "[Service]\n"),
                ("lib/systemd/system/docker-registry.service.d/override.conf", "Environment=REGISTRY_AUTH=x\n"),
            ],
        ] {
            assert_eq!(said(files), Ok(()), "{files:?}");
        }
        assert!(!may_stay("REGISTRY_HTTP_SECRETS") && may_stay("REGISTRY_REDIS_ADDR"));
    }

    #[test]
    fn a_registry_that_reads_another_file_is_refused() {
        let other = "[Service]\nExecStart=\nExecStart=/usr/bin/docker-registry serve /srv/registry.yml\n";
        let why = said(&[(UNIT, DEBIANS), (OVERRIDE, other)]).unwrap_err();
        assert!(why.starts_with(&format!("/{OVERRIDE} starts docker-registry without {CONFIG}")), "{why}");
        let own = ("etc/systemd/system/docker-registry.service", other);
        assert!(said(&[(UNIT, DEBIANS), own]).is_err(), "a unit of the administrator goes before Debian's");
    }
}
