//! A CA and a certificate for a site that has none.
//!
//! Three files in the directory of the keys, mode 0600: `tls-ca-key.pem` (the CA's key and certificate),
//! `tls-ca.pem` (the CA's certificate alone, the one to hand out) and `tls-server.pem` (the server's key and
//! certificate). Key and certificate share a file so that a crash never leaves half a pair. The CA lives 20 years,
//! because every client has to be given it; the server's certificate 90 days, which no client notices.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs::DirBuilder;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::certificate::{self, Facts};
use super::error::TlsError;
use crate::config::{BaseUrl, Config};
use crate::domain::time::Timestamp;
use crate::store::private_file;

const DAY: i64 = 86_400;
/// Life of the CA, in seconds.
const CA_LIFE: i64 = 20 * 365 * DAY;
/// Life of the server's certificate, in seconds.
const LIFE: i64 = 90 * DAY;
/// Certificates begin this much in the past, in seconds, for clients whose clock is slow.
const BACKDATED: i64 = DAY;
/// A warning is logged when the CA ends sooner than in so many seconds.
const SOON: i64 = 365 * DAY;

/// The CA, and the server's certificate that comes from it.
pub(super) struct SelfSigned {
    authority: Authority,
    server: PathBuf,
    names: BTreeSet<String>,
    /// Of the certificate in use.
    facts: Mutex<Facts>,
}

struct Authority {
    key: KeyPair,
    facts: Facts,
    pem: String,
    path: PathBuf,
    sha256: String,
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
        let authority = Authority::open(directory, provider, now)?;
        let server = directory.join("tls-server.pem");
        let present = read_server(&server, provider).unwrap_or_else(|error| {
            log::warn!("a new certificate is made in place of one that cannot be used: {}", error.whole());
            None
        });
        let usable = present.filter(|(facts, _)| authority.may_keep(facts, &names, now));
        let (facts, certified) = match usable {
            Some(usable) => usable,
            None => authority.issue(&server, &names, provider, now)?,
        };
        Ok((Self { authority, server, names, facts: Mutex::new(facts) }, certified))
    }

    /// Another certificate, if a third of the present one's life is left or the clock stands before its first second.
    pub(super) fn renew_if_due(
        &self,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<Option<CertifiedKey>, TlsError> {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if self.authority.may_keep(&facts, &self.names, now) {
            return Ok(None);
        }
        let (renewed, certified) = self.authority.issue(&self.server, &self.names, provider, now)?;
        *facts = renewed;
        Ok(Some(certified))
    }

    pub(super) fn ca_pem(&self) -> &str {
        &self.authority.pem
    }

    /// Where the clients want the CA. They look under the name of the registry, also when they ask dockpass for a token
    /// (docker and containers/image use one TLS configuration for both).
    pub(super) fn instructions(&self, public: &BaseUrl) -> String {
        let (host, file, sha256) = (public.authority(), self.authority.path.display(), &self.authority.sha256);
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

impl Authority {
    /// Reads the CA, or makes one where there has been none.
    fn open(directory: &Path, provider: &CryptoProvider, now: Timestamp) -> Result<Self, TlsError> {
        let (path, public) = (directory.join("tls-ca-key.pem"), directory.join("tls-ca.pem"));
        let shown = private_file::read(&public)?;
        let (key, der) = match (private_file::read(&path)?, &shown) {
            (Some(text), _) => read_authority(&path, &text, provider)?,
            (None, None) => make_authority(&path, now)?,
            (None, Some(_)) => return Err(TlsError::AuthorityMissing { key: path, certificate: public }),
        };
        let pem = certificate::to_pem(&der);
        if shown.is_none_or(|shown| *shown != pem.as_bytes()) {
            private_file::write(&public, pem.as_bytes())?;
        }
        let facts = Facts::read(&path, &der)?;
        if now < facts.not_before || facts.not_after < now.plus_seconds(SOON) {
            let (from, to) = (facts.not_before, facts.not_after);
            log::warn!("the CA in {} holds from {from} to {to}; move it away to get a new one", path.display());
        }
        Ok(Self { key, facts, pem, path: public, sha256: fingerprint(&der) })
    }

    /// Whether the certificate may be shown on: from this CA, for these names, and not in the last third of its life
    /// (unless the CA ends and another one could not live longer).
    fn may_keep(&self, facts: &Facts, names: &BTreeSet<String>, now: Timestamp) -> bool {
        let life = facts.not_after.seconds() - facts.not_before.seconds();
        let is_fresh = now < facts.not_after.plus_seconds(-life / 3) || self.end(now) <= facts.not_after;
        facts.issuer == self.facts.subject && facts.names == *names && facts.not_before <= now && is_fresh
    }

    /// When a certificate ends that is made now.
    fn end(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(LIFE).whole_seconds().min(self.facts.not_after)
    }

    /// Makes, writes and reads back a certificate with a new key.
    fn issue(
        &self,
        path: &Path,
        names: &BTreeSet<String>,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<(Facts, CertifiedKey), TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
        params.distinguished_name = common_name("dockpass");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_life(&mut params, now, self.end(now))?;
        let certificate = params.signed_by(&key, &Issuer::new(authority_params(&self.key), &self.key))?;
        let text = pair_of(&key, certificate.der());
        let issued = parse_server(path, text.as_bytes(), provider)?;
        private_file::write(path, text.as_bytes())?;
        log::info!("the server has a new certificate until {}", issued.0.not_after);
        Ok(issued)
    }
}

fn read_server(path: &Path, provider: &CryptoProvider) -> Result<Option<(Facts, CertifiedKey)>, TlsError> {
    let text = private_file::read(path)?;
    text.map(|text| parse_server(path, &text, provider)).transpose()
}

fn parse_server(path: &Path, text: &[u8], provider: &CryptoProvider) -> Result<(Facts, CertifiedKey), TlsError> {
    let chain = certificate::chain(path, text)?;
    let own = chain.first().ok_or_else(|| TlsError::NoCertificate { path: path.to_owned() })?;
    let facts = Facts::read(path, own)?;
    let key = certificate::private_key(path, text)?;
    Ok((facts, certificate::certified((path, chain), (path, key), provider)?))
}

fn read_authority(
    path: &Path,
    text: &[u8],
    provider: &CryptoProvider,
) -> Result<(KeyPair, CertificateDer<'static>), TlsError> {
    let chain = certificate::chain(path, text)?;
    let der = chain.first().cloned().ok_or_else(|| TlsError::NoCertificate { path: path.to_owned() })?;
    let key = certificate::private_key(path, text)?;
    let pair = KeyPair::try_from(&key)?;
    certificate::certified((path, chain), (path, key), provider)?;
    Ok((pair, der))
}

fn make_authority(path: &Path, now: Timestamp) -> Result<(KeyPair, CertificateDer<'static>), TlsError> {
    let key = KeyPair::generate()?;
    let mut params = authority_params(&key);
    set_life(&mut params, now, now.plus_seconds(CA_LIFE))?;
    let certificate = params.self_signed(&key)?;
    private_file::write(path, pair_of(&key, certificate.der()).as_bytes())?;
    Ok((key, certificate.der().clone()))
}

/// The CA's parameters. Its name follows from its key, so that two installations have two names, and that an existing
/// CA's name can be rebuilt. Another text here would cut the certificates of every existing CA off from it.
fn authority_params(key: &KeyPair) -> CertificateParams {
    let hash = fingerprint(&key.subject_public_key_info());
    let mark: String = hash.chars().take(8).collect();
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(&format!("dockpass TLS CA {mark}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn set_life(params: &mut CertificateParams, now: Timestamp, end: Timestamp) -> Result<(), TlsError> {
    let date = |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.seconds()).map_err(|_| rcgen::Error::Time);
    params.not_before = date(now.plus_seconds(-BACKDATED))?;
    params.not_after = date(end)?;
    Ok(())
}

/// SHA-256 in lower-case hexadecimal.
fn fingerprint(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Key and certificate as one PEM text.
fn pair_of(key: &KeyPair, certificate: &CertificateDer<'_>) -> Zeroizing<String> {
    let key = Zeroizing::new(key.serialize_pem());
    Zeroizing::new(format!("{}{}", *key, certificate::to_pem(certificate)))
}
