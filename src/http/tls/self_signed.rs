//! A CA and a certificate for a site that has none.
//!
//! Three files in the directory of the keys, mode 0600: `tls-ca-key.pem` (the CA's key and certificate), `tls-ca.pem`
//! (the CA's certificate alone, to be handed out) and `tls-server.pem` (the server's key and certificate). Key and
//! certificate share a file so that a crash never leaves half a pair. The CA lives 20 years, because every client has
//! to be given it; the server's certificate lives 90 days, as no client notices its renewal.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rcgen::ExtendedKeyUsagePurpose;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::Trust;
use super::certificate;
use super::error::TlsError;
use crate::causes::with_causes;
use crate::config::{BaseUrl, Config};
use crate::data_files;
use crate::doctor::dates::Renewal;
use crate::domain::host::PublicHost;
use crate::domain::time::Timestamp;
use crate::pki::{self, Certificate, Leaf, PrivateKey, pem};
use crate::private_file;

const DAY: i64 = 86_400;
/// Life of the CA, in seconds.
const CA_LIFE: i64 = 20 * 365 * DAY;
/// Life of the server's certificate, in seconds.
const LIFE: i64 = 90 * DAY;
/// A warning is logged at the start if the CA ends within this time, in seconds.
const SOON: i64 = 365 * DAY;

/// The CA, and the server's certificate that it signed.
pub(super) struct SelfSigned {
    authority: SelfSignedCa,
    server: PathBuf,
    names: BTreeSet<String>,
    /// The certificate in use.
    current: Mutex<Certificate>,
}

struct SelfSignedCa {
    key: PrivateKey,
    certificate: Certificate,
    pem: String,
    path: PathBuf,
}

/// The names that the server's certificate is for: this machine, the public host, the bound address, `tls.names`.
pub(super) fn names(config: &Config, bound: SocketAddr) -> BTreeSet<String> {
    let listen = Some(bound.ip().to_canonical()).filter(|address| !address.is_unspecified());
    let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].into_iter().chain(listen);
    let mut names: BTreeSet<_> = addresses.map(|address| address.to_string()).collect();
    names.insert("localhost".to_owned());
    names.insert(config.public_address(bound).host().to_owned());
    let usual = |name: &String| name.parse().map_or_else(|_| name.clone(), |address: IpAddr| address.to_string());
    names.extend(config.tls.names.iter().map(usual));
    names
}

/// The server's certificate and its CA, by their files.
pub(super) fn certificate_files(directory: &Path) -> Vec<(&'static str, PathBuf, Renewal)> {
    vec![
        ("the TLS certificate", directory.join("tls-server.pem"), Renewal::ByItself),
        ("the CA of TLS", directory.join("tls-ca.pem"), Renewal::HandedOut),
    ]
}

impl SelfSigned {
    /// Reads or makes the CA and the certificate for these names.
    pub(super) fn open(
        directory: &Path,
        names: BTreeSet<String>,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<(Self, CertifiedKey), TlsError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(|source| TlsError::Directory { path: directory.to_owned(), source })?;
        let authority = SelfSignedCa::open(directory, provider, now)?;
        let server = directory.join("tls-server.pem");
        let present = read_server(&server, provider).unwrap_or_else(|error| {
            log::warn!("a new certificate is made in place of one that cannot be used: {}", with_causes(&error));
            None
        });
        let usable = present.filter(|(current, _)| authority.may_keep(current, &names, now));
        let (current, certified) = match usable {
            Some(usable) => usable,
            None => authority.issue(&server, &names, provider, now)?,
        };
        Ok((Self { authority, server, names, current: Mutex::new(current) }, certified))
    }

    /// A new certificate, if a third or less of the present one's life is left, or if the clock is before its start.
    pub(super) fn renew_if_due(
        &self,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<Option<CertifiedKey>, TlsError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if self.authority.may_keep(&current, &self.names, now) {
            return Ok(None);
        }
        let (renewed, certified) = self.authority.issue(&self.server, &self.names, provider, now)?;
        *current = renewed;
        Ok(Some(certified))
    }

    pub(super) fn ca_pem(&self) -> &str {
        &self.authority.pem
    }

    /// Where clients look for the CA: under the name of the registry, even when they ask dockpass for a token (docker
    /// and containers/image use one TLS configuration for both).
    pub(super) fn trust(&self, public: &BaseUrl, registry: &PublicHost) -> Trust {
        let host = registry.clone().or(&public.public_host());
        Trust { ca: self.authority.path.clone(), instructions: self.instructions(public, &host) }
    }

    fn instructions(&self, public: &BaseUrl, host: &PublicHost) -> String {
        let file = self.authority.path.display();
        let sha256 = self.authority.certificate.sha256();
        format!(
            "Clients must be given the CA of this server. It is the file {file}, also served at\n\
             {public}/ca.pem, with the SHA-256 fingerprint\n\
             {sha256}.\n\
             Copy it to every client as\n\n  \
               docker:          /etc/docker/certs.d/{host}/ca.crt\n  \
               podman, skopeo:  /etc/containers/certs.d/{host}/ca.crt\n  \
               containerd:      /etc/containerd/certs.d/{host}/ca.crt, and beside it hosts.toml with\n\n    \
                 server = \"https://{host}\"\n    \
                 [host.\"https://{host}\"]\n      \
                   ca = \"/etc/containerd/certs.d/{host}/ca.crt\"\n\n\
             Where the registry has another host or port than {host}, clients look under that name instead.\n"
        )
    }
}

impl SelfSignedCa {
    /// Reads the CA, or makes one where there has been none.
    fn open(directory: &Path, provider: &CryptoProvider, now: Timestamp) -> Result<Self, TlsError> {
        let (path, public) = (directory.join("tls-ca-key.pem"), directory.join(data_files::TLS_CA));
        let shown = private_file::read(&public)?;
        let (key, der) = match (private_file::read(&path)?, &shown) {
            (Some(text), _) => read_authority(&path, &text, provider)?,
            (None, None) => make_authority(&path, now)?,
            (None, Some(_)) => return Err(TlsError::AuthorityMissing { key: path, certificate: public }),
        };
        let certificate = certificate::read(&path, &der)?;
        let pem = certificate.pem();
        if shown.is_none_or(|shown| *shown != pem.as_bytes()) {
            private_file::write(&public, pem.as_bytes())?;
        }
        let (from, to) = (certificate.not_before, certificate.not_after);
        if now < from || to < now.plus_seconds(SOON) {
            log::warn!("the CA in {} holds from {from} to {to}; move it away to get a new one", path.display());
        }
        Ok(Self { key, certificate, pem, path: public })
    }

    /// Whether the certificate may stay in use: it is from this CA, for these very names, valid already, and not in the
    /// last third of its life (unless the CA ends so soon that a new certificate could not live longer).
    fn may_keep(&self, current: &Certificate, names: &BTreeSet<String>, now: Timestamp) -> bool {
        let is_fresh = !current.is_in_its_last_third(now) || self.end(now) <= current.not_after;
        current.issuer == self.certificate.subject && current.names == *names && current.not_before <= now && is_fresh
    }

    /// The end of a certificate that is made now: never after the CA's.
    fn end(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(LIFE).whole_seconds().min(self.certificate.not_after)
    }

    /// Makes, writes and reads back a certificate with a new key.
    fn issue(
        &self,
        path: &Path,
        names: &BTreeSet<String>,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<(Certificate, CertifiedKey), TlsError> {
        let key = new_key()?;
        let (hosts, usages) = (names.iter().cloned().collect(), vec![ExtendedKeyUsagePurpose::ServerAuth]);
        let leaf = Leaf { name: "dockpass", hosts, usages, now, end: self.end(now) };
        let der = leaf.signed_by((&self.key, &authority_name(&self.key)), &key)?;
        let text = pem::pair(&key, &der);
        let issued = parse_server(path, text.as_bytes(), provider)?;
        private_file::write(path, text.as_bytes())?;
        log::info!("the server has a new certificate until {}", issued.0.not_after);
        Ok(issued)
    }
}

fn read_server(path: &Path, provider: &CryptoProvider) -> Result<Option<(Certificate, CertifiedKey)>, TlsError> {
    let text = private_file::read(path)?;
    text.map(|text| parse_server(path, &text, provider)).transpose()
}

fn parse_server(path: &Path, text: &[u8], provider: &CryptoProvider) -> Result<(Certificate, CertifiedKey), TlsError> {
    let chain = certificate::chain(path, text)?;
    let own = chain.first().ok_or_else(|| TlsError::NoCertificate { path: path.to_owned() })?;
    let read = certificate::read(path, own)?;
    let key = certificate::private_key(path, text)?;
    Ok((read, certificate::certified((path, chain), (path, key), provider)?))
}

fn read_authority(
    path: &Path,
    text: &[u8],
    provider: &CryptoProvider,
) -> Result<(PrivateKey, CertificateDer<'static>), TlsError> {
    let chain = certificate::chain(path, text)?;
    let der = chain.first().cloned().ok_or_else(|| TlsError::NoCertificate { path: path.to_owned() })?;
    let key = certificate::private_key(path, text)?;
    let own = PrivateKey::from_pkcs8(Zeroizing::new(key.secret_der().to_vec()));
    let own = own.map_err(|cause| rcgen::Error::RingKeyRejected(cause.to_string()))?;
    certificate::certified((path, chain), (path, key), provider)?;
    Ok((own, der))
}

fn make_authority(path: &Path, now: Timestamp) -> Result<(PrivateKey, CertificateDer<'static>), TlsError> {
    let key = new_key()?;
    let der = pki::make_authority(&key, &authority_name(&key), now, now.plus_seconds(CA_LIFE))?;
    private_file::write(path, pem::pair(&key, &der).as_bytes())?;
    Ok((key, der))
}

fn new_key() -> Result<PrivateKey, rcgen::Error> {
    PrivateKey::generate().map_err(|_| rcgen::Error::RingUnspecified)
}

fn authority_name(key: &PrivateKey) -> String {
    pki::authority_name("dockpass TLS CA", &key.spki())
}
