//! Debian's nginx before a dockpass and its registry, with what `dockpass registry config --for nginx` prints.
//! Changed are only the paths of the certificate and of the logs, as an operator changes them, and the addresses that
//! it listens on, because tests run in parallel.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    http::Http,
    pair::{Pair, addresses},
    process::{Background, Run, background_command, command},
    tls::SiteCertificate,
};

/// A running nginx. Ended on drop; its log is printed when the test fails.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Background,
    directory: TempDir,
}

impl Nginx {
    pub(super) fn start(
        printed: &str,
        certificate: &SiteCertificate,
        [tls, plain]: [SocketAddr; 2],
        level: Option<&str>,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let edited = edited(printed, directory.path(), certificate);
        let edited = level.map_or_else(|| edited.clone(), |level| edited.replace(" crit;", &format!(" {level};")));
        let site = listening_on(&edited, tls, plain);
        Self::run(directory, &site)
    }

    /// The printed file of a site at port 443, and where it answers without TLS.
    pub(crate) fn at_the_usual_ports(printed: &str, certificate: &SiteCertificate) -> (Self, SocketAddr) {
        let [tls, plain] = addresses();
        (Self::start(printed, certificate, [tls, plain], None), plain)
    }

    fn run(directory: TempDir, site: &str) -> Self {
        let main = installed(site, directory.path());
        let mut nginx = background_command("nginx");
        nginx.arg("-p").arg(directory.path()).arg("-c").arg(main).args(["-e", "stderr", "-g", "daemon off;"]);
        let process = Background::start("nginx", &mut nginx);
        // nginx listens before it logs this.
        process.wait_for("that it runs", |line| line.contains("using the \"").then_some(()));
        Self { process, directory }
    }

    /// A plain nginx before this server of nginx's notation, as somebody might set it up who does not know better.
    pub(crate) fn passing_everything_to(server: &str) -> (Self, SocketAddr) {
        let [address, _] = addresses();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let site = format!("server {{\nlisten {address};\nlocation / {{ proxy_pass http://{server}; }}\n}}\n");
        (Self::run(directory, &site), address)
    }

    /// Both its logs: requests and errors.
    pub(crate) fn logs(&self) -> String {
        let access = fs::read_to_string(self.directory.path().join("access.log")).expect("the log of requests");
        let faults = fs::read_to_string(self.directory.path().join("error.log")).expect("the log of faults");
        access + &faults + &self.process.log()
    }
}

/// nginx's own check (`nginx -t`) of the printed file, with its ports.
pub(crate) fn checked(printed: &str, certificate: &SiteCertificate) -> Run {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let main = installed(&edited(printed, directory.path(), certificate), directory.path());
    Run::of(command("nginx").arg("-t").arg("-p").arg(directory.path()).arg("-c").arg(main).args(["-e", "stderr"]), "")
}

/// Puts the site beside a main file that includes it as Debian's does; returns the main file. nginx runs as a single
/// process, so that ending it leaves nothing behind.
fn installed(site: &str, directory: &Path) -> PathBuf {
    let at = directory.display();
    fs::write(directory.join("dockpass.conf"), site).expect("the site can be written");
    let main = format!(
        "master_process off;\npid {at}/pid;\nerror_log stderr notice;\nevents {{ worker_connections 4096; }}\nhttp {{\n\
         client_body_temp_path {at}/bodies;\nproxy_temp_path {at}/answers;\nfastcgi_temp_path {at}/f;\n\
         uwsgi_temp_path {at}/u;\nscgi_temp_path {at}/s;\naccess_log {at}/access.log;\ninclude {at}/dockpass.conf;\n}}\n"
    );
    let file = directory.join("nginx.conf");
    fs::write(&file, main).expect("the configuration can be written");
    file
}

/// The printed file with the certificate of the site, and with its log in the test's directory.
fn edited(printed: &str, directory: &Path, certificate: &SiteCertificate) -> String {
    let log = directory.join("access.log");
    let edits = [
        ("ssl_certificate ", certificate.certificate().display().to_string()),
        ("ssl_certificate_key ", certificate.key().display().to_string()),
        ("access_log ", format!("{} dockpass", log.display())),
        ("error_log ", format!("{} crit", directory.join("error.log").display())),
    ];
    let edit = |line: &str| {
        let found = edits.iter().find(|(start, _)| line.trim_start().starts_with(start));
        found.map_or_else(|| line.to_owned(), |(start, value)| format!("    {start}{value};"))
    };
    let site: Vec<_> = printed.lines().map(edit).collect();
    for (start, value) in edits {
        assert!(site.iter().any(|line| line.contains(&value)), "no {start}in:\n{printed}");
    }
    site.join("\n") + "\n"
}

/// The site on addresses that only this test uses.
fn listening_on(site: &str, tls: SocketAddr, plain: SocketAddr) -> String {
    let lines = site.lines().filter_map(|line| match line.trim_start().strip_prefix("listen ") {
        Some(address) if address.starts_with('[') => None,
        Some(address) if address.ends_with(" ssl;") => Some(format!("    listen {tls} ssl;")),
        Some(_) => Some(format!("    listen {plain};")),
        None => Some(line.to_owned()),
    });
    let lines: Vec<_> = lines.collect();
    // Without TLS it listens only for a site at port 443.
    let expected = if site.contains("listen 443 ssl;") { 2 } else { 1 };
    assert_eq!(lines.iter().filter(|line| line.contains(" listen ")).count(), expected, "{site}");
    lines.join("\n") + "\n"
}

/// dockpass and its registry, and nginx before both: clients know a single address, with TLS.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) nginx: Nginx,
    pub(crate) pair: Pair,
    pub(crate) certificate: SiteCertificate,
    /// `host:port` of both, as clients know it.
    pub(crate) authority: String,
}

impl Front {
    /// All three run, dockpass has `registry.url`, and these users exist.
    pub(crate) fn with_users(names: &[&str]) -> Self {
        Self::telling(None, names)
    }

    /// Like `with_users`; nginx logs errors from this level on.
    pub(crate) fn telling(level: Option<&str>, names: &[&str]) -> Self {
        let [tls, plain] = addresses();
        let certificate = SiteCertificate::of(&tls.ip().to_string());
        let server =
            format!("public_url = \"https://{tls}\"\nbehind_proxy = true\ntrusted_proxies = [\"127.0.0.1\"]\n");
        let mut pair = Pair::behind(&server, &certificate.authority());
        pair.start_dockpass();
        let printed = pair.dockpass().cli(&["registry", "config", "--for", "nginx"]).must_succeed().stdout;
        let nginx = Nginx::start(&printed, &certificate, [tls, plain], level);
        pair.start_registry();
        names.iter().for_each(|name| pair.add_user(name));
        Self { nginx, pair, certificate, authority: tls.to_string() }
    }

    /// The HTTP API of both, without credentials.
    pub(crate) fn http(&self) -> Http {
        Http::at(&format!("https://{}", self.authority)).trusting(&self.certificate.authority())
    }

    /// `host:port/name`, as clients take it.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.authority)
    }
}
