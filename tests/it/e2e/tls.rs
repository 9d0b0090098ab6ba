//! TLS, with a certificate of the site and with one that dockpass makes itself. Docker never looks at the certificate
//! of a loopback address, so the clients come through a proxy under a real host name.

use std::{fs, path::Path};

use crate::support::{
    Clients, Dockpass, Image, Registry, Setup,
    exe::executable,
    process::{Run, command, eventually},
    proxy,
    tls::SiteCertificate,
};

/// What the clients know the server by.
const HOST: &str = "registry.dockpass.test";

fn server_with(certificate: &SiteCertificate) -> Dockpass {
    let (cert, key) = (certificate.certificate(), certificate.key());
    let tls = format!("[tls]\ncert = \"{}\"\nkey = \"{}\"\n", cert.display(), key.display());
    Setup::config(format!("[server]\npublic_url = \"https://{HOST}\"\n{tls}")).start()
}

/// docker and skopeo sign in when they trust the authority, and do not even try when they do not.
fn sign_in_works_only_with(dockpass: &Dockpass, authority: &Path) {
    dockpass.add_user("alice");
    let secret = dockpass.add_token("alice", &[]).secret;
    let proxy = proxy::leading_to(&dockpass.address);
    let knowing = Clients::with_tls_through(&proxy);
    knowing.trust(HOST, authority);
    knowing.docker_login(HOST, "alice", &secret).must_succeed();
    knowing.skopeo_login(HOST, "alice", &secret).must_succeed();
    knowing.skopeo_login(HOST, "bob", &secret).must_be_refused();
    let naive = Clients::with_tls_through(&proxy);
    naive.docker_login(HOST, "alice", &secret).must_fail_with(&["certificate signed by unknown authority"]);
    naive.skopeo_login(HOST, "alice", &secret).must_fail_with(&["certificate signed by unknown authority"]);
}

#[test]
fn docker_and_skopeo_sign_in_over_tls_with_a_certificate_of_the_site() {
    let certificate = SiteCertificate::of(HOST);
    let dockpass = server_with(&certificate);
    sign_in_works_only_with(&dockpass, &certificate.authority());
}

#[test]
fn docker_and_skopeo_sign_in_over_tls_with_a_certificate_that_dockpass_makes() {
    let dockpass =
        Setup::config(format!("[server]\npublic_url = \"https://{HOST}\"\n[tls]\nself_signed = true\n")).start();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let authority = directory.path().join("ca.pem");
    let pem = dockpass.http().trusting_anybody().get("/ca.pem").must_be(200).body;
    fs::write(&authority, pem).expect("a file can be written");
    sign_in_works_only_with(&dockpass, &authority);
    // The authority is the same after a restart: what was handed out stays good.
    let dockpass = Dockpass::start_in(dockpass.stop(), Setup::config("[tls]\nself_signed = true\n"));
    dockpass.http().trusting(&authority).get("/_ping").must_be(200);
}

/// The command line's error for a server whose certificate it does not trust; `ca` is what it is told to trust.
fn refused_by_the_command_line(dockpass: &Dockpass, ca: Option<&Path>) -> String {
    let mut show = command(executable());
    show.args(["user", "list", "--server"]).arg(format!("https://{}", dockpass.address));
    if let Some(ca) = ca {
        show.arg("--ca").arg(ca);
    }
    show.envs([("DOCKPASS_USER", "alice"), ("DOCKPASS_TOKEN", "no matter")]);
    let run = Run::of(&mut show, "");
    assert_eq!(run.code(), Some(1), "{}", run.describe());
    run.stderr
}

#[test]
fn the_command_line_says_what_is_wrong_with_a_certificate_and_names_ca_only_where_that_helps() {
    const HINT: &str = "name its certificate with --ca FILE";
    let certificate = SiteCertificate::of(HOST);
    let dockpass = server_with(&certificate);
    let unknown = refused_by_the_command_line(&dockpass, None);
    assert!(unknown.contains("UnknownIssuer") && unknown.contains(HINT), "{unknown}");
    let another = SiteCertificate::of(HOST);
    let unknown = refused_by_the_command_line(&dockpass, Some(&another.authority()));
    assert!(unknown.starts_with("dockpass: cannot reach https://") && !unknown.contains(HINT), "{unknown}");
    let own = SiteCertificate::of_authority();
    let dockpass = server_with(&own);
    for ca in [Some(own.authority()), None] {
        let said = refused_by_the_command_line(&dockpass, ca.as_deref());
        let expected = "its certificate is a CA's; the server needs one that the CA has issued\n";
        assert!(said.ends_with(expected), "{said}");
    }
}

#[test]
fn an_image_goes_to_a_registry_and_back_with_tls_on_every_way() {
    let certificate = SiteCertificate::of(HOST);
    let dockpass = server_with(&certificate);
    dockpass.add_user("alice");
    let registry = Registry::changed(&dockpass, |config| with_tls(&config, &certificate));
    let alice = Clients::with_tls_through(&proxy::leading_to(&dockpass.address));
    alice.trust(&registry.address, &certificate.authority());
    alice.skopeo_login(&registry.address, "alice", &dockpass.add_token("alice", &[]).secret).must_succeed();
    let image = Image::holding("over tls");
    alice.push(&image, &registry.at("alice/app:1")).must_succeed();
    let back = Image::empty_layout();
    alice.pull_into(&registry.at("alice/app:1"), &back).must_succeed();
    assert_eq!(back.digest(), image.digest);
}

/// The registry's configuration with the site's certificate beside its address.
fn with_tls(config: &str, certificate: &SiteCertificate) -> String {
    let address = config.lines().find(|line| line.trim_start().starts_with("addr:")).expect("an address");
    let indent = &address[..address.len() - address.trim_start().len()];
    let (cert, key) = (certificate.certificate(), certificate.key());
    let tls = format!("{indent}tls:\n{indent}  certificate: {}\n{indent}  key: {}", cert.display(), key.display());
    config.replacen(address, &format!("{address}\n{tls}"), 1)
}

#[test]
fn a_changed_certificate_is_served_without_a_restart() {
    let first = SiteCertificate::of(HOST);
    let dockpass = server_with(&first);
    let second = SiteCertificate::of(HOST);
    let believed = |authority: &SiteCertificate| {
        let mut curl = command("curl");
        curl.args(["--disable", "--silent", "--show-error", "--cacert"]).arg(authority.authority());
        Run::of(curl.arg(format!("https://{}/_ping", dockpass.address)), "").code() == Some(0)
    };
    assert!(believed(&first) && !believed(&second));
    fs::copy(second.key(), first.key()).expect("a key can be replaced");
    fs::copy(second.certificate(), first.certificate()).expect("a certificate can be replaced");
    eventually("the new certificate is served", || believed(&second).then_some(()));
}
