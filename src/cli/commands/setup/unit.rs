//! What the service of a registry gives it over its configuration (Distribution): `REGISTRY_…` in its environment goes over what
//! `config.yml` says, and another command line reads another file.
//!
//! The files are those that systemd.unit(5) and systemd.exec(5) name: the unit, its drop-ins and the files of variables. They are
//! read more coarsely than by systemd: a variable is refused wherever it stands, even if another line takes it back. What a
//! manager is told besides is not seen.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where units are; what is in a later one goes before what is in an earlier one.
const UNITS: [&str; 5] = [
    "lib/systemd/system",
    "usr/lib/systemd/system",
    "usr/local/lib/systemd/system",
    "run/systemd/system",
    "etc/systemd/system",
];
/// What the variables begin with that the registry reads.
const PREFIX: &str = "REGISTRY_";
/// Sections, as variables have them, of which the configuration that is written says nothing and needs nothing.
const MAY_STAY: [&str; 7] =
    ["HEALTH", "HTTP_DEBUG", "HTTP_HEADERS", "HTTP_SECRET", "LOG_FIELDS", "LOG_FORMATTER", "REDIS"];
/// What stands for something else in the path of a file or in a command line.
const STANDS_FOR_OTHERS: [char; 6] = ['*', '?', '[', '%', '$', '\\'];
/// The variable of where the images are.
pub(super) const STORAGE: &str = "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY";
/// The variable of where the registry listens.
pub(super) const ADDRESS: &str = "REGISTRY_HTTP_ADDR";

/// Looks whether this service would run by `config`, and by nothing over it. `root` is `/`; `carried` are the variables of what
/// the configuration that is written takes from the one that is there.
///
/// # Errors
/// In words, what is in the way.
pub(super) fn look(root: &Path, service: &str, config: &str, carried: &[&str]) -> Result<(), String> {
    let other = "or name the registry by its URL alone (`--registry URL`)";
    let mut said = lines_of(&files(root, service)?)?;
    let start = said.iter().rfind(|line| line.key == "ExecStart");
    let named: Vec<_> = said.iter().filter(|line| line.key == "EnvironmentFile").collect();
    if let Some(Line { file, key, .. }) =
        named.iter().copied().chain(start).find(|line| line.value.contains(STANDS_FOR_OTHERS))
    {
        return Err(format!(
            "{} says something after {key}= that is not understood here: write it without {}, {other}",
            file.display(),
            STANDS_FOR_OTHERS.map(String::from).join(" "),
        ));
    }
    if let Some(Line { file, .. }) = start.filter(|line| !line.words().any(|word| word == config)) {
        return Err(format!(
            "{} starts {service} without {config}, which would be written: correct its ExecStart, {other}",
            file.display()
        ));
    }
    let more: Vec<_> = named.iter().map(|line| root.join(line.value.trim_start_matches(['-', '/']))).collect();
    said.extend(lines_of(&more.into_iter().filter(|file| file != root).collect::<Vec<_>>())?);
    let over = said.iter().find_map(|line| Some((line, line.words().find_map(over)?)));
    let Some((Line { file, key, .. }, name)) = over else { return Ok(()) };
    let line = if key == name { format!("{name}=") } else { format!("{key}= with {name}") };
    let way_out = if carried.contains(&name) { "move it into that file" } else { "remove it" };
    Err(format!("{} has {line}, which goes over what {config} says: {way_out}, {other}", file.display()))
}

/// The variable that a word begins with, if it goes over something that is written.
fn over(word: &str) -> Option<&str> {
    let name = word.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next()?;
    let rest = name.strip_prefix(PREFIX)?;
    let is_in = |section: &str| rest.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    Some(name).filter(|_| !MAY_STAY.into_iter().any(is_in))
}

/// A line of a file.
struct Line {
    file: PathBuf,
    key: String,
    value: String,
}

impl Line {
    fn words(&self) -> impl Iterator<Item = &str> {
        let is_between = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'');
        self.key.split(is_between).chain(self.value.split(is_between))
    }
}

/// The lines of files, each with those that go on from it; none of a file that is not there. Comments stand between lines, and
/// none goes on.
fn lines_of(files: &[PathBuf]) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for file in files {
        let bytes = there(fs::read(file), file)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let said = text.lines().map(str::trim_start).filter(|line| !line.starts_with(['#', ';']));
        for line in said.collect::<Vec<_>>().join("\n").replace("\\\n", " ").lines() {
            let (key, value) = line.split_once('=').unwrap_or(("", line));
            lines.push(Line { file: file.clone(), key: key.trim().to_owned(), value: value.trim().to_owned() });
        }
    }
    Ok(lines)
}

/// The files of a service: its units, then its drop-ins by their names; of one name, those that go before others are last.
fn files(root: &Path, service: &str) -> Result<Vec<PathBuf>, String> {
    let directories = UNITS.map(|units| root.join(units));
    let names = names(&directories, service)?;
    let units =
        directories.iter().flat_map(|units| names.iter().map(move |name| units.join(format!("{name}.service"))));
    let mut files: Vec<_> = units.collect();
    let mut drop_ins = Vec::new();
    // Those for all services, for all whose name begins so up to a dash, and for the service.
    let of_names = names.iter().flat_map(|name| begins(name)).map(|begin| format!("{begin}.service.d"));
    for name in std::iter::once("service.d".to_owned()).chain(of_names) {
        for units in &directories {
            drop_ins.extend(entries(&units.join(&name))?);
        }
    }
    drop_ins.retain(|file| file.extension().is_some_and(|end| end == "conf"));
    drop_ins.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    files.extend(drop_ins);
    Ok(files)
}

/// A name up to each of its dashes, and the whole.
fn begins(name: &str) -> Vec<String> {
    name.split_inclusive('-')
        .scan(String::new(), |begin, part| {
            begin.push_str(part);
            Some(begin.clone())
        })
        .collect()
}

/// The names of a service: its own, and those that symlinks give it.
fn names(directories: &[PathBuf], service: &str) -> Result<Vec<String>, String> {
    let name_of = |path: &Path| {
        let is_unit = path.extension().is_some_and(|end| end == "service");
        path.file_stem().filter(|_| is_unit).map(|name| name.to_string_lossy().into_owned())
    };
    let mut links = Vec::new();
    for directory in directories {
        for link in entries(directory)? {
            let target = fs::read_link(&link).ok().and_then(|target| name_of(&target));
            links.extend(name_of(&link).zip(target));
        }
    }
    let mut names = vec![service.to_owned()];
    while let Some((link, target)) = links.iter().find(|(link, target)| names.contains(link) != names.contains(target))
    {
        names.push(if names.contains(link) { target } else { link }.clone());
    }
    Ok(names)
}

/// What is in a directory; nothing if it is not there.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let found = there(fs::read_dir(directory), directory)?;
    Ok(found.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect())
}

fn there<T>(found: io::Result<T>, path: &Path) -> Result<Option<T>, String> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(format!("cannot read {}: {cause}", path.display())),
    }
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

    /// What is said of a machine that has Debian's unit, these files, and symlinks in `/etc` of these names to those units.
    fn said(files: &[(&str, &str)], links: &[(&str, &str)]) -> Result<(), String> {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        fs::write(at(UNIT), DEBIANS).unwrap();
        for (path, text) in files {
            // As another character set has it.
            let bytes: Vec<_> = text.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
            fs::write(at(path), bytes).unwrap();
        }
        for (link, target) in links {
            std::os::unix::fs::symlink(target, at(&format!("etc/systemd/system/{link}"))).unwrap();
        }
        look(root.path(), "docker-registry", CONFIG, &[STORAGE, ADDRESS])
            .map_err(|why| why.replace(&*root.path().to_string_lossy(), ""))
    }

    #[test]
    fn a_variable_over_the_configuration_is_refused_with_its_file_and_the_way_out() {
        let named = "[Service]\nEnvironmentFile=-/etc/default/docker-registry\n";
        for (file, text, line, way_out) in [
            (OVERRIDE, "Environment=REGISTRY_HTTP_ADDR=:5001", "Environment= with REGISTRY_HTTP_ADDR", "move it into"),
            (
                OVERRIDE,
                "Environment=A=b \\\n \"REGISTRY_AUTH=a b\"",
                "Environment= with REGISTRY_AUTH",
                "remove it, or",
            ),
            (
                OVERRIDE,
                "# not \\\nEnvironment = REGISTRY_LOG_LEVEL=x",
                "Environment= with REGISTRY_LOG_LEVEL",
                "remove it, or",
            ),
            (OVERRIDE, "PassEnvironment=HOME REGISTRY_AUTH", "PassEnvironment= with REGISTRY_AUTH", "remove it, or"),
            (
                OVERRIDE,
                "Environment=REGISTRY_HTTP_SECRETS=x",
                "Environment= with REGISTRY_HTTP_SECRETS",
                "remove it, or",
            ),
            // More coarsely than systemd reads it.
            (
                OVERRIDE,
                "Environment=REGISTRY_HTTP=x\nEnvironment=",
                "Environment= with REGISTRY_HTTP,",
                "remove it, or",
            ),
            (OVERRIDE, "Environment=\"A=see REGISTRY_AUTH=x\"", "Environment= with REGISTRY_AUTH", "remove it, or"),
            (
                OVERRIDE,
                "ExecStart=\nExecStart=/usr/bin/env REGISTRY_AUTH=x docker-registry serve /etc/docker/registry/config.yml",
                "ExecStart= with REGISTRY_AUTH",
                "remove it, or",
            ),
            (
                "usr/lib/systemd/system/service.d/all.conf",
                "Environment='REGISTRY_PROXY_REMOTEURL=x'",
                "Environment= with REGISTRY_PROXY_REMOTEURL",
                "remove it, or",
            ),
            (
                "run/systemd/system/docker-.service.d/all.conf",
                "Environment=REGISTRY_AUTH=x",
                "Environment= with REGISTRY_AUTH",
                "remove it, or",
            ),
            (VARIABLES, "# the large disk\nREGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/srv", STORAGE, "move it into"),
            (VARIABLES, "A=\u{fc}\nREGISTRY_AUTH=x", "REGISTRY_AUTH=,", "remove it, or"),
        ] {
            let why = said(&[("run/systemd/system/docker-registry.service.d/a.conf", named), (file, text)], &[]);
            let why = why.expect_err(text);
            assert!(why.starts_with(&format!("/{file} has {line}")), "{why}");
            let expected = format!("goes over what {CONFIG} says: {way_out}");
            assert!(why.contains(&expected) && why.contains("`--registry URL`"), "{expected}: {why}");
        }
    }

    #[test]
    fn a_service_has_the_files_of_all_its_names() {
        let over = "[Service]\nEnvironment=REGISTRY_AUTH=x\n";
        let file = ("etc/systemd/system/registry.service.d/a.conf", over);
        assert_eq!(said(&[file], &[]), Ok(()), "another service");
        let alias = ("registry.service", "/lib/systemd/system/docker-registry.service");
        assert!(said(&[file], &[alias]).is_err());
        let second = [("registry.service", "images.service"), ("images.service", "docker-registry.service")];
        assert!(said(&[file], &second).is_err(), "an alias of an alias");
        let whole = ("usr/lib/systemd/system/registry.service", DEBIANS);
        assert!(
            said(&[file, whole], &[("docker-registry.service", "../../../usr/lib/systemd/system/registry.service")])
                .is_err()
        );
        let nothing = [("docker-registry.service", "/dev/null"), ("registry.service", "/dev/null")];
        assert_eq!(said(&[file], &nothing), Ok(()), "both are switched off");
    }

    #[test]
    fn what_changes_nothing_of_it_may_stay() {
        for (file, text) in [
            // Nothing names it.
            (VARIABLES, "REGISTRY_HTTP_ADDR=:5001"),
            ("etc/systemd/system/docker-registry.service.d/override.conf~", "Environment=REGISTRY_AUTH=x"),
            (OVERRIDE, "EnvironmentFile=-/nowhere\nEnvironmentFile="),
            (OVERRIDE, "#Environment=REGISTRY_AUTH=x\n ; Environment=REGISTRY_AUTH=x"),
            (OVERRIDE, "Environment=OTHER=REGISTRY_AUTH REGISTRY_HTTP_SECRET=s REGISTRY_REDIS_ADDR=r A=\u{fc}"),
            (OVERRIDE, "ExecStart=\nExecStart=registry serve \"/etc/docker/registry/config.yml\""),
            (OVERRIDE, "ExecStart=$A\nExecStart=\nExecStart=registry serve \\\n /etc/docker/registry/config.yml"),
        ] {
            assert_eq!(said(&[(file, text)], &[]), Ok(()), "{text}");
        }
        let other = [("etc/systemd/system/docker-registry.service", "[Service]\nExecStart=$A"), (OVERRIDE, DEBIANS)];
        assert_eq!(said(&other, &[]), Ok(()), "what comes last counts");
        assert_eq!(look(tempfile::tempdir().unwrap().path(), "docker-registry", CONFIG, &[]), Ok(()), "no service");
    }

    #[test]
    fn a_registry_that_reads_another_file_is_refused() {
        for command in ["/srv/registry.yml", "/etc/docker/registry/config.yml.new", ""] {
            let other = format!("[Service]\nExecStart=\nExecStart=registry serve {command}\n");
            let why = said(&[(OVERRIDE, &other)], &[]).unwrap_err();
            assert!(why.starts_with(&format!("/{OVERRIDE} starts docker-registry without {CONFIG}")), "{why}");
            let own = ("etc/systemd/system/docker-registry.service", &*other);
            assert!(said(&[own], &[]).is_err(), "a unit of the administrator goes before Debian's");
        }
    }

    #[test]
    fn what_stands_for_other_files_is_not_understood() {
        for (key, line) in [
            ("EnvironmentFile", "EnvironmentFile=-/etc/default/%p"),
            ("EnvironmentFile", "EnvironmentFile=/etc/default/docker-*"),
            ("EnvironmentFile", "EnvironmentFile=/etc/default/docker?registry"),
            ("EnvironmentFile", "EnvironmentFile=/etc/default/[a-z]*"),
            ("ExecStart", "ExecStart=/usr/bin/docker-registry $OPTIONS serve /etc/docker/registry/config.yml"),
            ("ExecStart", "ExecStart=/usr/bin/docker-registry serve \\\\\n/etc/docker/registry/config.yml"),
        ] {
            let why = said(&[(OVERRIDE, line)], &[]).expect_err(line);
            let expected = format!("/{OVERRIDE} says something after {key}= that is not understood here");
            assert!(why.starts_with(&expected) && why.contains("`--registry URL`"), "{why}");
        }
    }
}
