//! What is asked, and the keys of the configuration that follow from the answers.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::SetupArguments;
use super::existing::{self, Existing};
use super::questions::{Question, Questions};
use super::unit;
use crate::cli::screen::{CliError, Console};
use crate::config::BaseUrl;
use crate::domain::host::{self, PublicHost};
use crate::domain::setup::{SiteLayout, TlsChoice};

/// The word for Debian's registry.
const DEBIAN: &str = "debian";
/// Where Debian's `docker-registry` has its configuration and what it holds, whom it runs as, and its service.
const DEBIAN_DIRECTORY: &str = "/etc/docker/registry";
const DEBIAN_CONFIG: &str = "/etc/docker/registry/config.yml";
const DEBIAN_STORAGE: &str = "/var/lib/docker-registry";
const DEBIAN_SERVICE: &str = "docker-registry";
/// Where a registry listens if nothing is said.
const USUAL_REGISTRY: &str = "http://127.0.0.1:5000";
/// The port where only this machine, or a proxy, connects.
const PORT: u16 = 8700;
/// The port that `https://` has by itself.
const HTTPS: u16 = 443;

/// What a site is to be.
pub(super) struct Answers {
    pub(super) layout: SiteLayout,
    /// None in an evaluation.
    pub(super) registry: Option<Registry>,
    pub(super) name: PublicName,
    pub(super) tls: Tls,
    listen: Option<String>,
    registry_host: Option<String>,
}

/// The registry.
pub(super) struct Registry {
    pub(super) url: BaseUrl,
    /// Where its configuration is to be written.
    pub(super) files: Option<RegistryFiles>,
}

/// The configuration of the registry.
pub(super) struct RegistryFiles {
    pub(super) directory: PathBuf,
    pub(super) storage: Option<PathBuf>,
    pub(super) owner: Option<String>,
    /// The service to be restarted, where it is known.
    pub(super) service: Option<&'static str>,
    /// Where it listens, if not by what `registry.url` says.
    pub(super) address: Option<String>,
    /// Whether somebody has read that the configuration which is there is replaced.
    pub(super) may_replace: bool,
}

impl Registry {
    /// Debian's, which keeps its images and its address. One that checks registry tokens by itself stays as open as it is:
    /// clients reach it without dockpass.
    fn debian(layout: SiteLayout, may_replace: bool, there: Option<Existing>) -> Result<Self, String> {
        let usual = || BaseUrl::parse(USUAL_REGISTRY).map_err(|error| error.to_string());
        let (storage, url, open_port) = match there {
            Some(Existing { storage, url, open_port }) => (storage, url, open_port),
            None => (DEBIAN_STORAGE.into(), usual()?, None),
        };
        let files = RegistryFiles {
            directory: DEBIAN_DIRECTORY.into(),
            storage: Some(storage),
            owner: Some(DEBIAN_SERVICE.to_owned()),
            service: Some(DEBIAN_SERVICE),
            address: open_port.filter(|_| layout == SiteLayout::TokenServer).map(|port| format!("0.0.0.0:{port}")),
            may_replace,
        };
        Ok(Self { url, files: Some(files) })
    }
}

/// By what clients reach dockpass.
pub(super) struct PublicName {
    host: String,
    port: Option<u16>,
}

impl PublicName {
    fn read(text: &str) -> Result<Self, String> {
        // docker takes a word without a dot for a namespace.
        PublicHost::parse(text).map_err(|error| error.to_string())?;
        let (host, port) = host::split(text).ok_or("expected a host, and perhaps a port")?;
        Ok(Self { host, port })
    }

    /// Whether nobody but this machine is meant.
    pub(super) fn is_local(&self) -> bool {
        host::is_loopback(&self.host)
    }

    /// The name, where it must have an address.
    pub(super) fn to_resolve(&self) -> Option<&str> {
        let is_address = self.host.parse::<IpAddr>().is_ok();
        Some(self.host.as_str()).filter(|_| !is_address && !self.is_local())
    }

    /// The URL that clients are told, with the port that is listened on unless the name has one. On this machine the usual
    /// port is no other than ours.
    fn url(&self, listened: Option<u16>) -> String {
        let listened = listened.or_else(|| self.is_local().then_some(PORT));
        let port = self.port.or(listened.filter(|port| *port != HTTPS));
        let host = host::in_brackets(&self.host);
        port.map_or_else(|| format!("https://{host}"), |port| format!("https://{host}:{port}"))
    }
}

/// Who speaks TLS.
pub(super) enum Tls {
    Nobody,
    SelfSigned,
    Files { cert: PathBuf, key: PathBuf },
    Proxy(Vec<String>),
}

/// Takes what the options say, and asks for the rest.
pub(super) fn ask(arguments: SetupArguments, console: &mut Console) -> Result<Answers, CliError> {
    let is_debian_here = console.is_packaged && in_root(&arguments.root, DEBIAN_CONFIG).is_file();
    let mut questions = Questions::new(console, arguments.yes);
    let layout = match arguments.layout {
        Some(layout) => layout,
        None => questions.answer(&LAYOUT, None, parse)?.unwrap_or(SiteLayout::Evaluation),
    };
    refuse_what_has_no_use(layout, &arguments)?;
    let is_evaluation = layout == SiteLayout::Evaluation;
    let registry = if is_evaluation { None } else { registry(&mut questions, &arguments, layout, is_debian_here)? };
    let name = match (&arguments.name, is_evaluation) {
        (None, true) => Some(PublicName { host: "localhost".to_owned(), port: None }),
        (given, _) => questions.answer(&NAME, given.as_deref(), PublicName::read)?,
    };
    let tls = match &name {
        Some(name) => tls(&mut questions, &arguments, name)?,
        None => None,
    };
    questions.end()?;
    let (Some(name), Some(tls)) = (name, tls) else {
        return Err(CliError::Usage("an answer is missing; nothing was written".to_owned()));
    };
    let SetupArguments { listen, registry_host, .. } = arguments;
    Ok(Answers { layout, registry, name, tls, listen, registry_host })
}

const LAYOUT: Question<'static> = Question {
    option: "--layout",
    about: "What is this to be?\n  \
              gateway       dockpass before a registry, under one name: a revocation counts on the next request\n  \
              token-server  dockpass beside a registry that clients reach by themselves\n  \
              evaluation    dockpass alone on this machine, to be looked at",
    asked: "Layout",
    proposed: "gateway",
};

const NAME: Question<'static> = Question {
    option: "--name",
    about: "By which name do clients reach dockpass? HOST or HOST:PORT; localhost is for this machine alone.",
    asked: "Public name",
    proposed: "localhost",
};

const TLS: Question<'static> = Question {
    option: "--tls",
    about: "Who speaks TLS with the clients?\n  \
              self-signed   dockpass, with a CA of its own, which clients have to trust\n  \
              files         dockpass, with your certificate and key\n  \
              proxy         a proxy before it",
    asked: "TLS",
    proposed: "self-signed",
};

fn parse<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// An option that would do nothing is a mistake.
fn refuse_what_has_no_use(layout: SiteLayout, arguments: &SetupArguments) -> Result<(), CliError> {
    let SetupArguments { registry, registry_host, tls, cert, proxy, .. } = arguments;
    let of = |option: &str, needed: &str| Err(CliError::Usage(format!("{option} is for {needed}")));
    if layout == SiteLayout::Evaluation && registry.is_some() {
        return of("--registry", "--layout gateway and --layout token-server");
    }
    if layout != SiteLayout::TokenServer && registry_host.is_some() {
        return of("--registry-host", "--layout token-server");
    }
    if cert.is_some() && tls.is_some_and(|tls| tls != TlsChoice::Files) {
        return of("--cert", "--tls files");
    }
    if !proxy.is_empty() && tls.is_some_and(|tls| tls != TlsChoice::Proxy) {
        return of("--proxy", "--tls proxy");
    }
    Ok(())
}

fn registry(
    questions: &mut Questions<'_>,
    arguments: &SetupArguments,
    layout: SiteLayout,
    is_debian_here: bool,
) -> Result<Option<Registry>, CliError> {
    let question = Question {
        option: "--registry",
        about: if is_debian_here {
            "Where is the registry? Its URL, or debian: Debian's docker-registry on this machine, whose configuration is \
             written, too;\nthe one that is there is kept."
        } else {
            "Where does dockpass reach the registry?"
        },
        asked: "Registry",
        proposed: if is_debian_here { DEBIAN } else { USUAL_REGISTRY },
    };
    let (root, debians) = (&arguments.root, in_root(&arguments.root, DEBIAN_DIRECTORY));
    // The question says that Debian's configuration is replaced; an option does not.
    let is_told = is_debian_here && arguments.registry.is_none() && questions.are_asked();
    let answer = questions.answer(&question, arguments.registry.as_deref(), |text| {
        if text == DEBIAN {
            unit::look(root, DEBIAN_SERVICE, DEBIAN_CONFIG, &[unit::STORAGE, unit::ADDRESS])?;
            return Registry::debian(layout, is_told, existing::of(&debians)?);
        }
        let url = BaseUrl::parse(text).map_err(|error| format!("{error}; or {DEBIAN}"))?;
        Ok(Registry { url, files: None })
    })?;
    let Some(registry) = answer else { return Ok(None) };
    let Some(directory) = &arguments.registry_config else { return Ok(Some(registry)) };
    if is_same(directory, &debians) {
        // It listens as its URL says.
        unit::look(root, DEBIAN_SERVICE, DEBIAN_CONFIG, &[unit::STORAGE]).map_err(CliError::Finding)?;
    }
    let storage = match &arguments.registry_storage {
        Some(storage) => Some(storage.clone()),
        None => existing::of(directory).map_err(CliError::Finding)?.map(|there| there.storage),
    };
    let (directory, owner) = (directory.clone(), arguments.registry_owner.clone());
    let files = RegistryFiles { directory, storage, owner, service: None, address: None, may_replace: false };
    Ok(Some(Registry { files: Some(files), ..registry }))
}

fn in_root(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Whether two paths lead to one place, which need not be there.
fn is_same(one: &Path, other: &Path) -> bool {
    let [one, other] = [one, other].map(|path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok());
    one.is_some() && one == other
}

fn tls(questions: &mut Questions<'_>, arguments: &SetupArguments, name: &PublicName) -> Result<Option<Tls>, CliError> {
    let implied = match (arguments.tls, &arguments.cert, arguments.proxy.is_empty()) {
        (None, Some(_), _) => Some(TlsChoice::Files),
        (None, None, false) => Some(TlsChoice::Proxy),
        (None, None, true) if name.is_local() => Some(TlsChoice::None),
        (given, ..) => given,
    };
    let choice = match implied {
        Some(choice) => Some(choice),
        None => questions.answer(&TLS, None, parse)?,
    };
    match choice {
        None => Ok(None),
        Some(TlsChoice::None) if name.is_local() => Ok(Some(Tls::Nobody)),
        Some(TlsChoice::None) => Err(CliError::Usage(
            "--tls none is for a server that only this machine reaches: passwords would cross the network in clear text"
                .to_owned(),
        )),
        Some(TlsChoice::SelfSigned) => Ok(Some(Tls::SelfSigned)),
        Some(TlsChoice::Files) => files(questions, arguments),
        Some(TlsChoice::Proxy) => proxy(questions, arguments),
    }
}

/// Certificate and key in one question.
fn files(questions: &mut Questions<'_>, arguments: &SetupArguments) -> Result<Option<Tls>, CliError> {
    if let (Some(cert), Some(key)) = (&arguments.cert, &arguments.key) {
        return Ok(Some(Tls::Files { cert: absolute(cert)?, key: absolute(key)? }));
    }
    let question = Question {
        option: "--cert and --key",
        about: "Which files? The certificate with the chain behind it, a blank, and its key, both PEM.",
        asked: "Certificate and key",
        proposed: "",
    };
    questions.answer(&question, None, |text| {
        let [cert, key] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err("expected two files with a blank between them".to_owned());
        };
        let absolute = |path: &str| absolute(Path::new(path)).map_err(|error| error.to_string());
        Ok(Tls::Files { cert: absolute(cert)?, key: absolute(key)? })
    })
}

fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|cause| CliError::File { action: "use", path: path.to_owned(), cause })
}

fn proxy(questions: &mut Questions<'_>, arguments: &SetupArguments) -> Result<Option<Tls>, CliError> {
    let question = Question {
        option: "--proxy",
        about: "From which address does the proxy come? What it says of clients is believed.",
        asked: "Proxy",
        proposed: "127.0.0.1",
    };
    let given = Some(arguments.proxy.join(",")).filter(|given| !given.is_empty());
    questions.answer(&question, given.as_deref(), |text| {
        Ok(Tls::Proxy(text.split(',').map(|address| address.trim().to_owned()).collect()))
    })
}

impl Answers {
    /// The keys of the configuration, as flags are written.
    pub(super) fn keys(&self) -> Vec<(&'static str, String)> {
        let mut keys = vec![("server.listen", self.listen.clone().unwrap_or_else(|| self.listening()))];
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match &self.tls {
            Tls::Nobody => {}
            Tls::SelfSigned => keys.push(("tls.self_signed", "true".to_owned())),
            Tls::Files { cert, key } => keys.extend([("tls.cert", text(cert)), ("tls.key", text(key))]),
            Tls::Proxy(addresses) => keys
                .extend([("server.behind_proxy", "true".to_owned()), ("server.trusted_proxies", addresses.join(","))]),
        }
        if !matches!(self.tls, Tls::Nobody) {
            keys.push(("server.public_url", self.name.url(self.listened())));
        }
        if let Some(registry) = &self.registry {
            let key = if self.layout == SiteLayout::Gateway { "registry.upstream" } else { "registry.url" };
            keys.push((key, registry.url.to_string()));
        }
        keys.extend(self.registry_host.clone().map(|host| ("registry.public_host", host)));
        keys
    }

    /// The port that `--listen` says, where clients connect to that and the system does not choose it.
    fn listened(&self) -> Option<u16> {
        let listen = self.listen.as_deref().filter(|_| !matches!(self.tls, Tls::Proxy(_)))?;
        listen.rsplit(':').next()?.parse().ok().filter(|port| *port > 0)
    }

    /// Where it listens, as far as it follows from the name.
    fn listening(&self) -> String {
        let port = self.name.port;
        let is_here = |address: &String| address.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        match &self.tls {
            Tls::Proxy(addresses) if addresses.iter().all(is_here) => format!("127.0.0.1:{PORT}"),
            Tls::Proxy(_) => format!("0.0.0.0:{PORT}"),
            Tls::Nobody | Tls::SelfSigned | Tls::Files { .. } if self.name.is_local() => {
                format!("127.0.0.1:{}", port.unwrap_or(PORT))
            }
            Tls::Nobody | Tls::SelfSigned | Tls::Files { .. } => format!("0.0.0.0:{}", port.unwrap_or(HTTPS)),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::testing::{Written, console};
    use crate::config::Config;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        setup: SetupArguments,
    }

    /// What is answered on a machine without a registry.
    fn asked(line: &str, typed: Option<&str>) -> (Result<Answers, CliError>, Written) {
        asked_at(tempfile::tempdir().unwrap().path(), line, typed)
    }

    fn asked_at(root: &Path, line: &str, typed: Option<&str>) -> (Result<Answers, CliError>, Written) {
        let (mut console, written) = console(typed.unwrap_or_default().as_bytes());
        console.in_is_terminal = typed.is_some();
        let Line { mut setup } = Line::try_parse_from(std::iter::once("setup").chain(line.split_whitespace())).unwrap();
        assert_eq!(setup.root, Path::new("/"));
        setup.root = root.to_owned();
        (ask(setup, &mut console), written)
    }

    /// The keys, one a line, by options alone.
    fn keys(line: &str) -> String {
        shown(&asked(line, None).0.unwrap_or_else(|error| panic!("{line}: {error}")))
    }

    fn shown(answers: &Answers) -> String {
        let keys = answers.keys();
        Config::load(None, std::iter::empty(), &keys).unwrap_or_else(|error| panic!("{keys:?}: {error}"));
        keys.iter().fold(String::new(), |all, (key, value)| all + key + "=" + value + "\n")
    }

    fn refused(line: &str) -> String {
        let error = asked(line, None).0.err().unwrap_or_else(|| panic!("{line}"));
        assert_eq!(error.exit_code(), 2, "{error}");
        error.to_string()
    }

    #[test]
    fn the_keys_follow_from_the_answers() {
        assert_eq!(keys("--layout evaluation"), "server.listen=127.0.0.1:8700\n");
        assert_eq!(keys("--yes"), "server.listen=127.0.0.1:8700\nregistry.upstream=http://127.0.0.1:5000\n");
        assert_eq!(
            keys("--layout gateway --yes --name registry.example.com"),
            "server.listen=0.0.0.0:443\ntls.self_signed=true\nserver.public_url=https://registry.example.com\n\
             registry.upstream=http://127.0.0.1:5000\n"
        );
        assert_eq!(
            keys(
                "--layout token-server --registry http://r:5000 --registry-host r.example:5000 --name a.example:8443 --cert /c --key /k"
            ),
            "server.listen=0.0.0.0:8443\ntls.cert=/c\ntls.key=/k\nserver.public_url=https://a.example:8443\n\
             registry.url=http://r:5000\nregistry.public_host=r.example:5000\n"
        );
        assert_eq!(
            keys("--layout gateway --yes --name a.example --tls proxy"),
            "server.listen=127.0.0.1:8700\nserver.behind_proxy=true\nserver.trusted_proxies=127.0.0.1\n\
             server.public_url=https://a.example\nregistry.upstream=http://127.0.0.1:5000\n"
        );
        assert!(keys("--layout gateway --yes --name a.example --proxy 10.0.0.1,10.0.0.2").contains(
            "server.listen=0.0.0.0:8700\nserver.behind_proxy=true\nserver.trusted_proxies=10.0.0.1,10.0.0.2\n"
        ));
        assert!(keys("--yes --name localhost:9000").starts_with("server.listen=127.0.0.1:9000\nregistry"));
        assert_eq!(
            keys("--layout evaluation --tls self-signed"),
            "server.listen=127.0.0.1:8700\ntls.self_signed=true\nserver.public_url=https://localhost:8700\n"
        );
        assert!(keys("--yes --registry debian --listen 127.0.0.1:9").starts_with("server.listen=127.0.0.1:9\n"));
    }

    #[test]
    fn the_url_has_the_port_that_is_listened_on() {
        for (line, url) in [
            ("--name a.example --tls self-signed --listen 0.0.0.0:8443", "https://a.example:8443"),
            ("--name a.example --tls self-signed --listen 0.0.0.0:443", "https://a.example"),
            ("--name a.example:9000 --tls self-signed --listen 0.0.0.0:8443", "https://a.example:9000"),
            ("--name a.example --tls self-signed", "https://a.example"),
            ("--name localhost --tls self-signed --listen 8443", "https://localhost:8443"),
            ("--name localhost --tls self-signed --listen 127.0.0.1:0", "https://localhost:8700"),
            ("--name a.example --tls proxy --listen 127.0.0.1:8443", "https://a.example"),
        ] {
            let keys = keys(&format!("--yes {line}"));
            assert!(keys.contains(&format!("server.public_url={url}\n")), "{line}: {keys}");
        }
    }

    #[test]
    fn debians_registry_keeps_its_images_and_its_address() {
        let there = || Existing {
            storage: "/srv/images".into(),
            url: BaseUrl::parse("http://127.0.0.1:5001").unwrap(),
            open_port: Some(5001),
        };
        let registry = |layout| Registry::debian(layout, false, Some(there())).unwrap();
        let gateway = registry(SiteLayout::Gateway);
        assert_eq!(gateway.url.to_string(), "http://127.0.0.1:5001");
        let files = gateway.files.unwrap();
        assert_eq!((files.storage, files.address), (Some("/srv/images".into()), None), "for dockpass alone");
        let files = registry(SiteLayout::TokenServer).files.unwrap();
        assert_eq!(files.address.as_deref(), Some("0.0.0.0:5001"), "clients reach it as before");
    }

    #[test]
    fn an_option_is_no_leave_to_replace_a_registrys_configuration() {
        for line in ["--yes --registry debian", "--layout gateway --name localhost --registry debian"] {
            let registry = asked(line, None).0.unwrap().registry.unwrap();
            assert!(!registry.files.unwrap().may_replace, "{line}");
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config.yml"), "storage:\n  s3:\n    region: x\n").unwrap();
        let line = format!("--yes --registry http://r:5000 --registry-config {}", directory.path().display());
        assert!(asked(&line, None).0.err().unwrap().to_string().contains("has storage.s3"));
        assert!(asked(&format!("{line} --registry-storage /srv"), None).0.is_ok(), "it is said where");
    }

    #[test]
    fn the_service_is_looked_at_however_debians_registry_is_named() {
        let root = tempfile::tempdir().unwrap();
        let directory = in_root(root.path(), DEBIAN_DIRECTORY);
        let units = root.path().join("etc/systemd/system");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::create_dir_all(&units).unwrap();
        std::os::unix::fs::symlink(&directory, root.path().join("link")).unwrap();
        let by = |directory: &str| {
            format!("--yes --registry http://r --registry-config {}/{directory}", root.path().display())
        };
        let there = by("etc/docker/registry/");
        let refused = |line: &str| asked_at(root.path(), line, None).0.err().map(|error| error.to_string());
        assert_eq!(refused("--yes --registry debian"), None);
        assert_eq!(refused(&there), None);
        std::fs::write(units.join("docker-registry.service"), "Environment=REGISTRY_HTTP_ADDR=:5001\n").unwrap();
        let why = refused("--yes --registry debian").unwrap();
        assert!(
            why.contains("has Environment= with REGISTRY_HTTP_ADDR") && why.contains("move it into that file"),
            "{why}"
        );
        for line in [there, by("link"), by("etc/docker/../docker/registry --registry-storage /srv")] {
            let why = refused(&line).expect(&line);
            assert!(
                why.contains("has Environment= with REGISTRY_HTTP_ADDR") && why.contains("says: remove it"),
                "{why}"
            );
        }
        assert_eq!(refused(&by("etc/docker/other")), None, "another registry");
        assert_eq!(refused("--yes --registry http://r"), None);
    }

    #[test]
    fn what_nobody_can_be_asked_is_named_by_its_options() {
        assert_eq!(
            refused(""),
            "standard input is not a terminal to ask on; nothing was written: add --layout, --registry, --name, or --yes for what \
             would be proposed"
        );
        assert!(refused("--layout gateway --registry http://r --name a.example").contains("add --tls, or --yes"));
        assert!(refused("--yes --name a.example --tls files").contains("nothing can be proposed for --cert and --key"));
        for (line, why) in [
            ("--yes --registry nowhere", "--registry: "),
            ("--yes --name registry", "--name: docker takes a first part without a dot"),
            ("--yes --name https://a.example", "--name: expected a host"),
            ("--yes --name a.example --tls none", "clear text"),
            ("--layout evaluation --registry http://r", "--registry is for --layout gateway"),
            ("--layout gateway --registry-host r.example --yes", "--registry-host is for"),
            ("--yes --tls self-signed --cert c --key k", "--cert is for --tls files"),
            ("--yes --tls self-signed --proxy 10.0.0.1", "--proxy is for --tls proxy"),
        ] {
            let said = refused(line);
            assert!(said.contains(why), "{line}: {said}");
        }
    }

    #[test]
    fn at_most_five_questions_are_asked() {
        for (typed, questions, expected) in [
            ("evaluation\n", 1, "server.listen=127.0.0.1:8700\n"),
            ("\n\n\n", 3, "server.listen=127.0.0.1:8700\nregistry.upstream=http://127.0.0.1:5000\n"),
            (
                "token-server\nhttp://r:5000\na.example\nfiles\n/c.pem /k.pem\n",
                5,
                "server.listen=0.0.0.0:443\ntls.cert=/c.pem\ntls.key=/k.pem\nserver.public_url=https://a.example\n\
                 registry.url=http://r:5000\n",
            ),
            (
                "gateway\n\na.example\nproxy\n\n",
                5,
                "server.listen=127.0.0.1:8700\nserver.behind_proxy=true\nserver.trusted_proxies=127.0.0.1\n\
                 server.public_url=https://a.example\nregistry.upstream=http://127.0.0.1:5000\n",
            ),
        ] {
            let (answers, written) = asked("", Some(typed));
            assert_eq!(shown(&answers.unwrap()), expected, "{typed}");
            let note = written.note();
            // Each ends with its mark; what is typed is not in there.
            assert_eq!(note.matches(": \n").count() + usize::from(note.ends_with(": ")), questions, "{note}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_used_is_asked_for_again_but_not_for_ever() {
        let (answers, written) = asked("", Some("forward\nevaluation\n"));
        assert!(answers.is_ok());
        assert!(written.note().contains("expected gateway, token-server or evaluation\nLayout [gateway]: "));
        let (answers, _) = asked("--layout gateway --registry http://r --name a.example --tls files", Some(""));
        assert!(
            answers.err().unwrap().to_string().starts_with("no usable answer; nothing was written: --cert and --key")
        );
        let (answers, written) = asked("--yes", Some("evaluation\n"));
        assert!(answers.is_ok_and(|it| it.layout == SiteLayout::Gateway) && written.note().is_empty());
    }
}
