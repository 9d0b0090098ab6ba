//! What the configuration of a registry that is there says of its images, of where it listens and of its users (Distribution).
//!
//! No YAML is read here beyond what such files are made of: a key a line, deeper by blanks. Whatever else a file holds is no guess:
//! it is refused with its line, and so is what the configuration of dockpass would not carry on.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::config::BaseUrl;
use crate::http::DISTRIBUTION_NAME;

/// What may stand in `storage` beside the one driver.
const NO_DRIVERS: [&str; 5] = ["cache", "delete", "maintenance", "redirect", "tag"];
/// What a registry is not the same without, and the configuration that is written does not have.
const LOST: [&str; 4] = ["http.prefix", "http.tls", "middleware", "proxy"];
/// Where Distribution keeps what it holds if nothing is said.
const USUAL_STORAGE: &str = "/var/lib/registry";

/// Where a registry has its images, and where it listens.
#[derive(Debug, PartialEq)]
pub(super) struct Existing {
    pub(super) storage: PathBuf,
    /// By which this machine reaches it.
    pub(super) url: BaseUrl,
    /// The port, if it listens on every address.
    pub(super) open_port: Option<u16>,
}

/// The configuration of a registry in this directory.
pub(super) fn config_in(directory: &Path) -> PathBuf {
    directory.join(DISTRIBUTION_NAME)
}

/// What the configuration in this directory says; none if there is none.
///
/// # Errors
/// In words, if a registry would not be the same with the configuration that is written.
pub(super) fn of(directory: &Path) -> Result<Option<Existing>, String> {
    let file = config_in(directory);
    match fs::read_to_string(&file) {
        Ok(text) => read(&text).map(Some).map_err(|why| {
            format!(
                "{} {why}, which the configuration of dockpass would not carry on: name the registry by its URL alone, and put into \
                 that file what `dockpass registry config --for distribution --only auth,notifications` prints",
                file.display()
            )
        }),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(format!("cannot read {}: {cause}", file.display())),
    }
}

/// The file of users (htpasswd) that the configuration in this directory names, if it is there.
pub(super) fn htpasswd_of(directory: &Path) -> Option<PathBuf> {
    let entries = entries(&fs::read_to_string(config_in(directory)).ok()?).ok()?;
    let path = entries.into_iter().find_map(|(at, path)| (at == "auth.htpasswd.path").then(|| PathBuf::from(path)))?;
    Some(path).filter(|path| path.is_file())
}

fn read(text: &str) -> Result<Existing, String> {
    let entries = entries(text).map_err(|line| format!("says something in line {line} that is not understood here"))?;
    let value = |path: &str| entries.iter().find(|(at, _)| at == path).map(|(_, value)| value.as_str());
    let is_in =
        |at: &str, section: &str| at.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let lost = entries.iter().find(|(at, _)| LOST.iter().any(|section| is_in(at, section)));
    let driver = entries.iter().find(|(at, _)| {
        let name = at.strip_prefix("storage.").and_then(|rest| rest.split('.').next());
        name.is_some_and(|name| name != "filesystem" && !NO_DRIVERS.contains(&name))
    });
    if let Some((at, _)) = lost.or(driver) {
        return Err(format!("has {at}"));
    }
    let is_section = |path: &str| value(path).is_some_and(str::is_empty);
    if !["storage", "storage.filesystem", "http"].into_iter().all(is_section) {
        return Err("has no sections storage.filesystem and http that are understood here".to_owned());
    }
    if let Some(net) = value("http.net").filter(|net| *net != "tcp") {
        return Err(format!("has http.net: {net}"));
    }
    let storage = PathBuf::from(value("storage.filesystem.rootdirectory").unwrap_or(USUAL_STORAGE));
    if !storage.is_absolute() {
        return Err("has a storage.filesystem.rootdirectory that is no absolute path".to_owned());
    }
    let address = value("http.addr").unwrap_or_default();
    let (url, open_port) = listening(address).ok_or_else(|| format!("has http.addr: {address}"))?;
    Ok(Existing { storage, url, open_port })
}

/// How this machine reaches who listens there, and the port if that is every address.
fn listening(address: &str) -> Option<(BaseUrl, Option<u16>)> {
    let (host, port) = address.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let is_open = matches!(host, "" | "0.0.0.0" | "[::]");
    let host = if is_open { "127.0.0.1" } else { host };
    Some((BaseUrl::parse(&format!("http://{host}:{port}")).ok()?, is_open.then_some(port)))
}

/// The keys with the path to each, and their values; empty for a section. Lists are passed over.
///
/// # Errors
/// The line that is something else.
fn entries(text: &str) -> Result<Vec<(String, String)>, usize> {
    let mut above: Vec<(usize, &str, bool)> = Vec::new();
    let mut found: Vec<(String, String)> = Vec::new();
    // What is deeper than this belongs to a list, or to a text of several lines.
    let mut passed = None;
    for (line, number) in text.lines().zip(1..) {
        let words = line.trim_end().trim_start_matches(' ');
        let depth = line.trim_end().len() - words.len();
        let is_start = words == "---" && found.is_empty();
        if words.is_empty() || words.starts_with('#') || is_start || passed.is_some_and(|over| depth > over) {
            continue;
        }
        passed = Some(depth).filter(|_| words == "-" || words.starts_with("- "));
        if passed.is_some() {
            continue;
        }
        let (key, value) = entry(words).ok_or(number)?;
        while above.pop_if(|(over, ..)| *over >= depth).is_some() {}
        if above.last().is_some_and(|(.., is_section)| !is_section) {
            return Err(number);
        }
        above.push((depth, key, value.is_empty()));
        let path = above.iter().map(|(_, key, _)| *key).collect::<Vec<_>>().join(".");
        if found.iter().any(|(there, _)| *there == path) {
            return Err(number);
        }
        passed = Some(depth).filter(|_| value.starts_with(['|', '>']));
        found.push((path, value));
    }
    Ok(found)
}

fn entry(words: &str) -> Option<(&str, String)> {
    let (key, rest) = words.split_once(':')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_key = !key.is_empty() && key.bytes().all(is_plain) && (rest.is_empty() || rest.starts_with(' '));
    Some((key, scalar(rest.trim_start())?)).filter(|_| is_key)
}

/// A value that ends on its line, without its quotes and the comment behind it.
fn scalar(text: &str) -> Option<String> {
    let plain = text.split(" #").next().unwrap_or(text).trim_end();
    match text.chars().next() {
        None | Some('#') => Some(String::new()),
        Some(quote @ ('"' | '\'')) => {
            let (inside, rest) = text.strip_prefix(quote)?.split_once(quote)?;
            let is_whole = rest.trim().is_empty() || rest.starts_with(" #");
            (is_whole && !inside.contains('\\')).then(|| inside.to_owned())
        }
        Some('[') => plain.ends_with(']').then(|| plain.to_owned()),
        Some('{') => plain.ends_with('}').then(|| plain.to_owned()),
        Some('&' | '*' | '!' | '%' | '@' | '`' | '?') => None,
        Some(_) => Some(plain.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Debian's package brings.
    const DEBIANS: &str = "version: 0.1\nlog:\n  fields:\n    service: registry\nstorage:\n  cache:\n    blobdescriptor: inmemory\n  \
                           filesystem:\n    rootdirectory: /var/lib/docker-registry\n  delete:\n    enabled: true\nhttp:\n  addr: :5000\n  \
                           headers:\n    X-Content-Type-Options: [nosniff]\nauth:\n  htpasswd:\n    realm: basic-realm\n    path: \
                           /etc/docker/registry\nhealth:\n  storagedriver:\n    enabled: true\n    interval: 10s\n    threshold: 3\n";

    fn found(storage: &str, url: &str, open_port: Option<u16>) -> Existing {
        Existing { storage: storage.into(), url: BaseUrl::parse(url).unwrap(), open_port }
    }

    #[test]
    fn images_and_address_are_those_of_the_registry_that_is_there() {
        assert_eq!(read(DEBIANS), Ok(found("/var/lib/docker-registry", "http://127.0.0.1:5000", Some(5000))));
        let own = DEBIANS
            .replace("/var/lib/docker-registry", "\"/srv/the images\" # on the large disk")
            .replace(":5000", "10.0.0.5:5001\n  relativeurls: true");
        assert_eq!(read(&own), Ok(found("/srv/the images", "http://10.0.0.5:5001", None)));
        let usual =
            DEBIANS.replace("    rootdirectory: /var/lib/docker-registry\n", "").replace(":5000", "'[::]:5000'");
        assert_eq!(read(&usual), Ok(found("/var/lib/registry", "http://127.0.0.1:5000", Some(5000))));
        let told = format!(
            "---\n{DEBIANS}notifications:\n  endpoints:\n  - name: other\n    url: http://x/\n    headers:\n      a: b\n"
        );
        assert!(read(&told).is_ok(), "lists are passed over");
    }

    #[test]
    fn what_would_be_lost_is_refused() {
        let s3 =
            DEBIANS.replace("  filesystem:\n    rootdirectory: /var/lib/docker-registry\n", "  s3:\n    region: x\n");
        let both = DEBIANS.replace("  delete:\n", "  s3: {region: x}\n  delete:\n");
        for (text, why) in [
            (s3.as_str(), "has storage.s3"),
            (&both, "has storage.s3"),
            (&DEBIANS.replace("  addr: :5000\n", "  addr: :5000\n  tls:\n    certificate: /c\n"), "has http.tls"),
            (&DEBIANS.replace("  addr: :5000\n", "  addr: :5000\n  net: unix\n"), "has http.net: unix"),
            (&format!("{DEBIANS}proxy:\n  remoteurl: https://registry.example\n"), "has proxy"),
            (&DEBIANS.replace("  addr: :5000\n", ""), "has http.addr: "),
            (&DEBIANS.replace("/var/lib/docker-registry", "images"), "no absolute path"),
            (&DEBIANS.replace("/var/lib/docker-registry", "&where /srv"), "line 9"),
            (&DEBIANS.replace("/var/lib/docker-registry", "\"/srv/\\x41\""), "line 9"),
            (&DEBIANS.replace("    rootdirectory:", "\trootdirectory:"), "line 9"),
            (&DEBIANS.replace("/var/lib/docker-registry", "/srv\n      and: more"), "line 10"),
            (&format!("{DEBIANS}http:\n  addr: :5001\n"), "line 25"),
            ("version: 0.1\n", "no sections storage.filesystem and http"),
            ("version: 0.1\nstorage: {s3: {}}\nhttp: {addr: :5000}\n", "no sections storage.filesystem and http"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why), "{why}: {said}");
        }
    }

    #[test]
    fn the_users_are_in_the_file_that_is_named_for_them() {
        let directory = tempfile::tempdir().unwrap();
        let (config, users) = (directory.path().join("config.yml"), directory.path().join("users"));
        let write = |text: &str| fs::write(&config, text).unwrap();
        let named = DEBIANS.replace("/etc/docker/registry", &format!("'{}' # bcrypt", users.display()));
        write(&named);
        assert_eq!(htpasswd_of(directory.path()), None, "it is not there");
        fs::write(&users, "").unwrap();
        assert_eq!(htpasswd_of(directory.path()), Some(users.clone()));
        write(&named.replace("    realm", "    #path: /nowhere\n    realm"));
        assert_eq!(htpasswd_of(directory.path()), Some(users), "a comment says nothing");
        write(&named.replace("  htpasswd:", "  silly:"));
        assert_eq!(htpasswd_of(directory.path()), None, "another path");
        write(&DEBIANS.replace("/etc/docker/registry", &directory.path().display().to_string()));
        assert_eq!(htpasswd_of(directory.path()), None, "Debian's is a directory");
    }

    #[test]
    fn the_refusal_names_the_file_and_the_other_way() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(of(directory.path()), Ok(None));
        fs::write(directory.path().join("config.yml"), "storage:\n  s3:\n    region: x\n").unwrap();
        let said = of(directory.path()).unwrap_err();
        assert!(said.contains("config.yml has storage.s3") && said.contains("--only auth,notifications"), "{said}");
    }
}
