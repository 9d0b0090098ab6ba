//! TLS as a client sees it, and the files behind it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, ServerConnection, SupportedProtocolVersion,
};

use super::*;
use crate::config::Loaded;

const DAY: i64 = 86_400;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T12:00:00.5Z").unwrap()
}

fn bound() -> SocketAddr {
    "127.0.0.1:8700".parse().unwrap()
}

fn config(settings: &[(&str, &str)]) -> Config {
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    let Loaded { config, .. } = Config::load(None, std::iter::empty(), &settings).unwrap();
    config
}

fn own(names: &str) -> Config {
    config(&[("tls.self_signed", "true"), ("server.public_url", "https://registry.example.com"), ("tls.names", names)])
}

fn open(config: &Config, directory: &Path, now: Timestamp) -> Tls {
    Tls::open(config, directory, bound(), now).unwrap().unwrap()
}

fn error(config: &Config, directory: &Path) -> TlsError {
    Tls::open(config, directory, bound(), now()).err().unwrap()
}

/// The certificate that the next connection gets.
fn shown(tls: &Tls) -> CertificateDer<'static> {
    tls.current.0.load().cert[0].clone()
}

fn facts(tls: &Tls) -> crate::pki::Certificate {
    certificate::read(Path::new(""), &shown(tls)).unwrap()
}

#[derive(Debug)]
struct At(Timestamp);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(self.0.seconds().try_into().unwrap())))
    }
}

/// Shakes hands as a client that trusts this CA; returns the agreed version.
fn connect(
    tls: &Tls,
    ca: &str,
    name: &str,
    at: Timestamp,
    version: &'static SupportedProtocolVersion,
) -> Result<ProtocolVersion, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(At(at)))
        .with_protocol_versions(&[version])?
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut client = ClientConnection::new(Arc::new(config), ServerName::try_from(name.to_owned()).unwrap())?;
    let mut server = ServerConnection::new(Arc::new(tls.server_config().unwrap()))?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
    Ok(client.protocol_version().unwrap())
}

#[test]
fn without_tls_there_is_none() {
    let directory = tempfile::tempdir().unwrap();
    assert!(Tls::open(&config(&[]), directory.path(), bound(), now()).unwrap().is_none());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_client_that_has_the_ca_connects_by_every_name() {
    let directory = tempfile::tempdir().unwrap();
    let tls = open(&own("*.example.org, 192.0.2.7,2001:DB8:0::7, Other"), directory.path(), now());
    let ca = tls.ca_pem().unwrap();
    for name in
        ["localhost", "127.0.0.1", "::1", "registry.example.com", "a.example.org", "192.0.2.7", "2001:db8::7", "other"]
    {
        assert_eq!(connect(&tls, ca, name, now(), &TLS13), Ok(ProtocolVersion::TLSv1_3), "{name}");
        assert_eq!(connect(&tls, ca, name, now(), &TLS12), Ok(ProtocolVersion::TLSv1_2), "{name}");
    }
    for name in ["example.com", "192.0.2.8", "a.b.example.org"] {
        assert!(connect(&tls, ca, name, now(), &TLS13).is_err(), "{name}");
    }
    assert!(connect(&tls, ca, "localhost", now().plus_seconds(-DAY + 1), &TLS13).is_ok());
    assert!(connect(&tls, ca, "localhost", now().plus_seconds(91 * DAY), &TLS13).is_err());
    let stranger = open(&own(""), &directory.path().join("other"), now());
    assert!(connect(&tls, stranger.ca_pem().unwrap(), "localhost", now(), &TLS13).is_err());
}

#[test]
fn the_bound_address_and_the_public_host_are_names() {
    let names = |config: &Config, bound: &str| self_signed::names(config, bound.parse().unwrap());
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let public = config(&[
        ("server.listen", "0.0.0.0:8700"),
        ("server.public_url", "https://[2001:db8::1]:8700"),
        ("tls.self_signed", "true"),
    ]);
    assert_eq!(names(&public, "0.0.0.0:8700"), set(&["localhost", "127.0.0.1", "::1", "2001:db8::1"]));
    assert_eq!(names(&public, "192.0.2.1:8700"), set(&["localhost", "127.0.0.1", "::1", "2001:db8::1", "192.0.2.1"]));
    let local = config(&[("tls.self_signed", "true")]);
    assert_eq!(names(&local, "[::ffff:127.0.0.1]:1"), set(&["localhost", "127.0.0.1", "::1"]));
}

#[test]
fn the_files_are_private_and_the_one_to_hand_out_holds_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys");
    let tls = open(&own(""), &keys, now());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&keys), 0o700);
    let mut names: Vec<_> = std::fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["tls-ca-key.pem", "tls-ca.pem", "tls-server.pem"]);
    for name in names {
        assert_eq!(mode(&keys.join(&name)), 0o600, "{name:?}");
    }
    let handed_out = std::fs::read_to_string(keys.join("tls-ca.pem")).unwrap();
    assert_eq!(Some(handed_out.as_str()), tls.ca_pem());
    assert!(!handed_out.contains("PRIVATE"));
}

#[test]
fn a_restart_changes_nothing_but_new_names_make_a_new_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(&own("a"), directory.path(), now());
    let again = open(&own("a"), directory.path(), now().plus_seconds(30 * DAY));
    assert_eq!((shown(&first), first.ca_pem()), (shown(&again), again.ca_pem()));
    let other = open(&own("a,b"), directory.path(), now());
    assert_ne!(shown(&first), shown(&other));
    assert_eq!(first.ca_pem(), other.ca_pem());
    assert_eq!(connect(&other, first.ca_pem().unwrap(), "b", now(), &TLS13), Ok(ProtocolVersion::TLSv1_3));
}

#[test]
fn the_certificate_renews_itself_in_its_last_third() {
    let directory = tempfile::tempdir().unwrap();
    let tls = open(&own(""), directory.path(), now());
    let (first, ends) = (shown(&tls), facts(&tls).not_after);
    assert_eq!(ends, now().plus_seconds(90 * DAY).whole_seconds());
    assert!(!tls.refresh(now()).unwrap());
    assert!(!tls.refresh(now().plus_seconds(59 * DAY)).unwrap());
    assert_eq!(shown(&tls), first);
    let late = now().plus_seconds(60 * DAY);
    assert!(tls.refresh(late).unwrap());
    assert_eq!(facts(&tls).not_after, late.plus_seconds(90 * DAY).whole_seconds());
    assert!(!tls.refresh(late).unwrap());
    assert!(connect(&tls, tls.ca_pem().unwrap(), "localhost", ends.plus_seconds(DAY), &TLS13).is_ok());
    assert_eq!(shown(&open(&own(""), directory.path(), late)), shown(&tls));
}

#[test]
fn a_clock_that_was_wrong_leaves_no_certificate_of_the_future() {
    let directory = tempfile::tempdir().unwrap();
    let tls = open(&own(""), directory.path(), now());
    assert!(tls.refresh(now().plus_seconds(-10 * DAY)).unwrap());
    assert!(!tls.refresh(now().plus_seconds(-10 * DAY)).unwrap());
}

#[test]
fn at_the_end_of_the_ca_nothing_is_renewed_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let tls = open(&own(""), directory.path(), now());
    let last = now().plus_seconds(20 * 365 * DAY).whole_seconds();
    assert!(tls.refresh(last.plus_seconds(-40 * DAY)).unwrap());
    assert_eq!(facts(&tls).not_after, last);
    assert!(!tls.refresh(last.plus_seconds(-DAY)).unwrap());
}

#[test]
fn a_renewal_that_cannot_be_written_leaves_the_old_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let keys = directory.path().join("keys");
    let tls = open(&own(""), &keys, now());
    let (first, late) = (shown(&tls), now().plus_seconds(70 * DAY));
    std::fs::rename(&keys, directory.path().join("away")).unwrap();
    assert!(matches!(tls.refresh(late), Err(TlsError::File(_))));
    assert_eq!(shown(&tls), first);
    std::fs::rename(directory.path().join("away"), &keys).unwrap();
    assert!(tls.refresh(late).unwrap());
}

#[test]
fn a_damaged_server_certificate_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(&own(""), directory.path(), now());
    let server = directory.path().join("tls-server.pem");
    let key_of_another = std::fs::read(directory.path().join("tls-ca-key.pem")).unwrap();
    for damage in [&b""[..], b"-----BEGIN CERTIFICATE-----\n", &key_of_another] {
        std::fs::write(&server, damage).unwrap();
        let tls = open(&own(""), directory.path(), now());
        assert_eq!(tls.ca_pem(), first.ca_pem());
        assert!(connect(&tls, first.ca_pem().unwrap(), "localhost", now(), &TLS13).is_ok());
    }
}

#[test]
fn a_damaged_or_missing_ca_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    open(&own(""), directory.path(), now());
    let key = directory.path().join("tls-ca-key.pem");
    let whole = std::fs::read_to_string(&key).unwrap();
    let certificate = &whole[whole.find("-----BEGIN CERT").unwrap()..];
    for damage in ["", certificate, &whole[..whole.len() / 2]] {
        std::fs::write(&key, damage).unwrap();
        assert!(error(&own(""), directory.path()).to_string().contains("tls-ca-key.pem"), "{damage}");
        assert_eq!(std::fs::read_to_string(&key).unwrap(), damage);
    }
    std::fs::write(&key, &whole).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    open(&own(""), directory.path(), now());
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::remove_file(&key).unwrap();
    assert!(matches!(error(&own(""), directory.path()), TlsError::AuthorityMissing { .. }));
    std::fs::remove_file(directory.path().join("tls-ca.pem")).unwrap();
    let tls = open(&own(""), directory.path(), now());
    assert!(connect(&tls, tls.ca_pem().unwrap(), "localhost", now(), &TLS13).is_ok());
}

#[test]
fn the_operator_is_told_where_the_ca_goes() {
    let directory = tempfile::tempdir().unwrap();
    let config = own("");
    let tls = open(&config, directory.path(), now());
    let public = BaseUrl::parse("https://registry.example.com:8700").unwrap();
    let unknown = PublicHost::default();
    let Trust { ca, instructions: told } = tls.trust(&public, &unknown).unwrap();
    assert_eq!(ca, directory.path().join("tls-ca.pem"));
    for path in [
        "/etc/docker/certs.d/registry.example.com:8700/ca.crt",
        "/etc/containers/certs.d/registry.example.com:8700/ca.crt",
        "server = \"https://registry.example.com:8700\"",
        "https://registry.example.com:8700/ca.pem",
        "/tls-ca.pem,",
    ] {
        assert!(told.contains(path), "{told}");
    }
    let told = |host| tls.trust(&config.public_address(bound()), host).unwrap().instructions;
    assert!(told(&unknown).contains("certs.d/registry.example.com/ca.crt"));
    assert!(told(&PublicHost::parse("images.example.com").unwrap()).contains("certs.d/images.example.com/ca.crt"));
}

/// An operator's certificate and key, and the configuration that names them.
struct Brought {
    directory: tempfile::TempDir,
    config: Config,
}

impl Brought {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let config = config(&[("tls.cert", &path("cert")), ("tls.key", &path("key"))]);
        let brought = Self { directory, config };
        brought.bring(&pair());
        brought
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path("new"), text).unwrap();
        std::fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    fn bring(&self, (cert, key): &(String, String)) {
        self.put("cert", cert);
        self.put("key", key);
    }

    fn open(&self) -> Result<Tls, TlsError> {
        Tls::open(&self.config, self.directory.path(), bound(), now()).map(|tls| tls.unwrap())
    }
}

/// A new certificate and its key.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn the_operators_certificate_is_shown_and_replaced_when_its_files_change() {
    let brought = Brought::new();
    let tls = brought.open().unwrap();
    let first = shown(&tls);
    assert!(
        tls.ca_pem().is_none() && tls.trust(&brought.config.public_address(bound()), &PublicHost::default()).is_none()
    );
    assert!(!tls.refresh(now()).unwrap());
    let next = pair();
    brought.put("cert", &next.0);
    assert!(!tls.refresh(now()).unwrap(), "the key is still the old one");
    assert_eq!(shown(&tls), first);
    brought.put("key", &next.1);
    assert!(tls.refresh(now()).unwrap());
    assert_eq!(shown(&tls), CertificateDer::from_pem_slice(next.0.as_bytes()).unwrap());
    assert!(!tls.refresh(now()).unwrap());
}

#[test]
fn a_chain_is_shown_whole() {
    let brought = Brought::new();
    let (one, other) = (pair(), pair());
    brought.bring(&(format!("{}{}", one.0, other.0), one.1));
    assert_eq!(brought.open().unwrap().current.0.load().cert.len(), 2);
}

#[test]
fn files_that_break_later_leave_the_old_certificate_in_use() {
    let brought = Brought::new();
    let tls = brought.open().unwrap();
    let first = shown(&tls);
    brought.put("key", "nonsense");
    assert!(!tls.refresh(now()).unwrap());
    std::fs::remove_file(brought.path("cert")).unwrap();
    assert!(!tls.refresh(now()).unwrap());
    assert_eq!(shown(&tls), first);
    brought.bring(&pair());
    assert!(tls.refresh(now()).unwrap());
}

#[test]
fn files_open_to_others_are_closed_once_they_belong_together() {
    let brought = Brought::new();
    let modes = |cert: &str, key: &str| {
        brought.bring(&(cert.to_owned(), key.to_owned()));
        let both = ["cert", "key"].map(|name| brought.path(name));
        for path in &both {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
        }
        let is_taken = brought.open().is_ok();
        (is_taken, both.map(|path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777))
    };
    let (cert, key) = pair();
    for something_else in ["root:x:0:0\n", &pair().1] {
        assert_eq!(modes(&cert, something_else), (false, [0o666, 0o666]));
        assert_eq!(modes(something_else, &key), (false, [0o666, 0o666]));
    }
    assert_eq!(modes(&cert, &key), (true, [0o644, 0o640]));
}

#[test]
fn files_that_cannot_be_used_are_refused_by_name() {
    let brought = Brought::new();
    let (cert, key) = pair();
    let refused = |cert: &str, key: &str| {
        brought.bring(&(cert.to_owned(), key.to_owned()));
        brought.open().err().unwrap()
    };
    assert!(matches!(refused(&cert, &pair().1), TlsError::Mismatch { .. }));
    assert!(matches!(refused(&cert, &cert), TlsError::NoKey { .. }));
    assert!(matches!(refused(&key, &key), TlsError::NoCertificate { .. }));
    assert!(matches!(refused("", &key), TlsError::NoCertificate { .. }));
    assert!(matches!(refused(&cert.replace("-----END", "----END"), &key), TlsError::Pem { .. }));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(refused(broken, &key), TlsError::Certificate { .. }));
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(refused(&cert, broken), TlsError::Key { .. }));
    std::fs::remove_file(brought.path("key")).unwrap();
    assert!(matches!(brought.open().err().unwrap(), TlsError::Read { path, .. } if path == brought.path("key")));
}
