//! Debian's Caddy before a dockpass and its registry, with what `dockpass registry config --for caddy` prints. Changed are
//! only the paths of the certificate, as an operator changes them, and the address that it listens on, because tests run in
//! parallel.

use std::{fs, net::SocketAddr, path::Path};

use tempfile::TempDir;

use super::{
    process::{Background, Run, background_command, command},
    tls::SiteCertificate,
};

/// A running Caddy. Ended on drop; its log is printed when the test fails.
#[derive(Debug)]
pub(crate) struct Caddy {
    _process: Background,
    _directory: TempDir,
}

impl Caddy {
    /// Runs it with the printed file of a site at this address.
    pub(super) fn start(printed: &str, certificate: &SiteCertificate, address: SocketAddr) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let bound = format!("https://{address} {{\n\tbind {}\n", address.ip());
        let site = edited(printed, certificate).replace(&format!("https://{address} {{\n"), &bound);
        assert!(site.contains(&bound), "no site at {address} in:\n{site}");
        let file = installed(&site, directory.path());
        let mut caddy = background_command("caddy");
        caddy.env("HOME", directory.path()).args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        let process = Background::start("caddy", &mut caddy);
        process.wait_for("that it runs", |line| line.contains("serving initial configuration").then_some(()));
        Self { _process: process, _directory: directory }
    }
}

/// Caddy's own check (`caddy validate`) of the printed file.
pub(crate) fn checked(printed: &str, certificate: &SiteCertificate) -> Run {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = installed(&edited(printed, certificate), directory.path());
    let mut caddy = command("caddy");
    caddy.env("HOME", directory.path()).args(["validate", "--adapter", "caddyfile", "--config"]).arg(file);
    Run::of(&mut caddy, "")
}

/// A Caddyfile that imports the site as ours says. Caddy takes neither port 80 nor the port of its own administration.
fn installed(site: &str, directory: &Path) -> std::path::PathBuf {
    fs::write(directory.join("dockpass.caddy"), site).expect("the site can be written");
    let file = directory.join("Caddyfile");
    let main = "{\n\tadmin off\n\tauto_https disable_redirects\n}\nimport dockpass.caddy\n";
    fs::write(&file, main).expect("the configuration can be written");
    file
}

/// The printed file with the certificate of the site.
fn edited(printed: &str, certificate: &SiteCertificate) -> String {
    let [chain, key] = [certificate.certificate(), certificate.key()];
    let line = format!("\ttls {} {}", chain.display(), key.display());
    assert!(printed.lines().any(|line| line.starts_with("\ttls ")), "no certificate in:\n{printed}");
    let lines = printed.lines().map(|printed| if printed.starts_with("\ttls ") { &line } else { printed });
    lines.flat_map(|line| [line, "\n"]).collect()
}
