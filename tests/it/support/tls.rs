//! A site's own certificate authority, made with `openssl`, as such a site would make it.

use std::{fs, net::IpAddr, path::PathBuf};

use tempfile::TempDir;

use super::process::{Run, command};

/// An authority and a certificate that it has issued, as PEM files.
#[derive(Debug)]
pub(crate) struct SiteCertificate {
    directory: TempDir,
}

impl SiteCertificate {
    /// A certificate for this host name or IP address, and for 127.0.0.1.
    pub(crate) fn of(host: &str) -> Self {
        let made = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        made.openssl("req -x509 -nodes -days 2 -subj /CN=site -keyout ca.key -out ca.pem", "");
        made.openssl(&format!("req -nodes -subj /CN={host} -keyout host.key -out host.csr"), "");
        let kind = if host.parse::<IpAddr>().is_ok() { "IP" } else { "DNS" };
        let names = format!("subjectAltName={kind}:{host},IP:127.0.0.1\nbasicConstraints=CA:FALSE\n");
        fs::write(made.path("names"), names).expect("a file can be written");
        made.openssl("x509 -req -days 2 -in host.csr -CA ca.pem -CAkey ca.key -extfile names -out host.pem", "");
        made
    }

    /// A host whose certificate is that of the authority itself, as some guides recommend.
    pub(crate) fn of_authority() -> Self {
        let made = Self { directory: tempfile::tempdir().expect("a temporary directory") };
        let names = "-subj /CN=site -addext subjectAltName=IP:127.0.0.1";
        made.openssl(&format!("req -x509 -nodes -days 2 {names} -keyout host.key -out host.pem"), "");
        fs::copy(made.path("host.pem"), made.path("ca.pem")).expect("a file can be copied");
        made
    }

    fn openssl(&self, arguments: &str, input: &str) {
        let mut openssl = command("openssl");
        openssl.args(arguments.split(' ')).current_dir(self.directory.path());
        if arguments.starts_with("req") {
            openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        }
        Run::of(&mut openssl, input).must_succeed();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The authority's certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The host's certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("host.pem")
    }

    /// The host's key.
    pub(crate) fn key(&self) -> PathBuf {
        self.path("host.key")
    }
}
