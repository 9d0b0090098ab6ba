//! dockpass as the gateway before Debian's `docker-registry`, which has no accounts of its own, or takes what dockpass
//! shows it and nothing else. And the registry's API as one speaks it by hand, request by request.

use std::{fs, net::SocketAddr, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    AccessToken, InProcess,
    clients::Clients,
    exe::{Dockpass, Setup},
    http::{Answer, Http},
    image::sha256,
    issued::ask,
    notify::MEDIA_TYPE,
    pair::addresses,
    registry::{Registry, stored_in},
    site::Caller,
};

/// What a registry behind a gateway is shown with `registry.upstream_auth = "basic"`, and what its file of passwords holds.
const UPSTREAM_USER: &str = "gateway";
const UPSTREAM_PASSWORD: &str = "violet-kestrel-42";
const UPSTREAM_HASH: &str = "$2b$05$abcdefghijklmnopqrstuuQYlxy8SvYR2Q7y6TuWK8DEGHV5/ROze";
/// The service of a registry that trusts dockpass's CA behind the gateway.
const UPSTREAM_SERVICE: &str = "behind";

/// dockpass, the real executable, before a registry. Both are ended on drop.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) dockpass: Dockpass,
    pub(crate) registry: Registry,
    config: String,
    /// What the registry trusts, or what dockpass shows it.
    _secrets: TempDir,
}

impl Gateway {
    /// A registry without any authentication, and these users.
    pub(crate) fn with_users(names: &[&str]) -> Self {
        Self::configured("", names)
    }

    /// The same, with more lines in the configuration, which begin in the section of the registry.
    pub(crate) fn configured(more: &str, names: &[&str]) -> Self {
        let registry = Registry::without_accounts("");
        let config = configuration(&registry.address, more);
        let dockpass = Setup::config(&config).start();
        Self { dockpass, registry, config, _secrets: secrets() }.and_users(names)
    }

    /// A registry that wants a user name and a password.
    pub(crate) fn with_basic(names: &[&str]) -> Self {
        Self::showing_password(UPSTREAM_PASSWORD).and_users(names)
    }

    /// The same, where dockpass shows this password.
    pub(crate) fn showing_password(password: &str) -> Self {
        let secrets = secrets();
        let [passwords, shown] = ["htpasswd", "password"].map(|name| secrets.path().join(name));
        fs::write(&passwords, format!("{UPSTREAM_USER}:{UPSTREAM_HASH}\n")).expect("a file can be written");
        fs::write(&shown, format!("{password}\n")).expect("a file can be written");
        let registry = Registry::without_accounts(&format!(
            "auth:\n  htpasswd:\n    realm: basic\n    path: {}\n",
            passwords.display()
        ));
        let shown = shown.display();
        let more = format!(
            "upstream_auth = \"basic\"\nupstream_user = \"{UPSTREAM_USER}\"\nupstream_password_file = \"{shown}\"\n"
        );
        let config = configuration(&registry.address, &more);
        let dockpass = Setup::config(&config).start();
        Self { dockpass, registry, config, _secrets: secrets }
    }

    /// A registry that takes registry tokens for a service of its own alone.
    pub(crate) fn with_tokens(names: &[&str]) -> Self {
        let (secrets, [at, _]) = (secrets(), addresses());
        let more = format!("upstream_auth = \"token\"\nupstream_service = \"{UPSTREAM_SERVICE}\"\n");
        let config = configuration(&at.to_string(), &more);
        let dockpass = Setup::config(&config).start();
        let certificate = secrets.path().join("dockpass.pem");
        let pem = dockpass.http_as_admin().get("/auth/ca.pem").must_be(200).body;
        fs::write(&certificate, pem).expect("the certificate can be written");
        let registry = Registry::without_accounts_changed(|config| {
            format!(
                "{}auth:\n  token:\n    realm: http://localhost/nobody-asks-here\n    service: {UPSTREAM_SERVICE}\n    \
                 issuer: dockpass\n    rootcertbundle: {}\n",
                listening_at(&config, at),
                certificate.display()
            )
        });
        Self { dockpass, registry, config, _secrets: secrets }.and_users(names)
    }

    /// Users without a password, which saves the hashing.
    fn and_users(self, names: &[&str]) -> Self {
        for name in names {
            self.dockpass.cli(&["user", "create", name, "--service", "--adopt-repositories"]).must_succeed();
        }
        self
    }

    /// Kills dockpass in the middle of its work and starts it again.
    pub(crate) fn after_a_kill(self) -> Self {
        let dockpass = Dockpass::start_in(self.dockpass.kill(), Setup::config(&self.config));
        Self { dockpass, ..self }
    }

    /// `host:port/name`, as clients take it: where dockpass is.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.dockpass.address)
    }

    /// Clients that have signed in with a new access token.
    pub(crate) fn clients_of(&self, user: &str) -> Clients {
        let clients = Clients::new();
        let secret = self.dockpass.add_token(user, &[]).secret;
        clients.skopeo_login(&self.dockpass.address, user, &secret).must_succeed();
        clients
    }

    /// The acts of the audit log on an object, as `act actor`, newest first.
    pub(crate) fn acts(&self, object: &str) -> Vec<String> {
        let listed = self.dockpass.cli_json(&["audit", "list", "--object", object]);
        acts(listed["records"].as_array().expect("records"))
    }
}

/// Audit records as `act actor`.
pub(crate) fn acts(records: &[Value]) -> Vec<String> {
    let text = |record: &Value, field: &str| record[field].as_str().expect("a text").to_owned();
    records.iter().map(|record| format!("{} {}", text(record, "action"), text(record, "actor"))).collect()
}

fn secrets() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn configuration(registry: &str, more: &str) -> String {
    format!("[registry]\nupstream = \"http://{registry}\"\n{more}")
}

fn listening_at(config: &str, address: SocketAddr) -> String {
    assert!(config.contains("addr: 127.0.0.1:0\n"), "no address to change in:\n{config}");
    config.replace("addr: 127.0.0.1:0\n", &format!("addr: {address}\n"))
}

/// A registry without accounts at this address, with its storage in this directory, so that it can be killed and started
/// again.
pub(crate) fn registry_at(address: SocketAddr, storage: &Path) -> Registry {
    Registry::without_accounts_changed(|config| stored_in(&listening_at(&config, address), storage))
}

/// The server in the test's process, before a registry without accounts, with these further keys.
pub(crate) fn before_a_registry(settings: &[(&'static str, &str)]) -> (InProcess, Registry) {
    let registry = Registry::without_accounts("");
    (before(&format!("http://{}", registry.address), settings), registry)
}

/// The server in the test's process, before what answers at this URL.
pub(crate) fn before(upstream: &str, settings: &[(&'static str, &str)]) -> InProcess {
    InProcess::start_with(&[settings, &[("registry.upstream", upstream)]].concat())
}

impl InProcess {
    /// Somebody who shows a registry token that `owner` has got for these scopes, each as `alice/app:pull,push`.
    pub(crate) fn with_registry_token(&self, owner: &Caller, scopes: &[&str]) -> Caller {
        let scopes: Vec<_> = scopes.iter().map(|scope| format!("repository:{scope}")).collect();
        self.showing(&ask(owner, &scopes.iter().map(String::as_str).collect::<Vec<_>>()).text)
    }

    /// Somebody who shows this registry token.
    pub(crate) fn showing(&self, registry_token: &str) -> Caller {
        self.as_nobody().header("Authorization", &format!("Bearer {registry_token}"))
    }

    /// Somebody whose clients ask by `curl`, which takes any answer.
    pub(crate) fn by_curl(&self, user: &str, token: &AccessToken) -> Http {
        Http::at(&format!("http://{}", self.address())).basic(user, &token.secret)
    }
}

/// Where uploads to a repository begin.
pub(crate) fn uploads_of(repository: &str) -> String {
    format!("/v2/{repository}/blobs/uploads/")
}

/// Where a manifest is, by tag or digest.
pub(crate) fn manifest_of(repository: &str, reference: &str) -> String {
    format!("/v2/{repository}/manifests/{reference}")
}

/// Where a blob is.
pub(crate) fn blob_of(repository: &str, digest: &str) -> String {
    format!("/v2/{repository}/blobs/{digest}")
}

/// An image without layers, whose configuration is [`CONFIG`]; another text makes another digest.
pub(crate) fn manifest(text: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE,
        "config": {
            "mediaType": "application/vnd.example.config",
            "digest": sha256(CONFIG.as_bytes()),
            "size": CONFIG.len(),
        },
        "layers": [],
        "annotations": { "text": text },
    })
}

/// The blob that every [`manifest`] names.
pub(crate) const CONFIG: &str = "{}";

/// The registry's API, request by request.
impl Caller {
    /// Begins an upload; returns where it goes on.
    pub(crate) fn begin_upload(&self, repository: &str) -> String {
        let begun = self.send("POST", &uploads_of(repository), b"").must_be(202);
        begun.header("location").expect("where it goes on").to_owned()
    }

    /// Adds bytes to an upload.
    pub(crate) fn add_to(&self, upload: &str, bytes: &[u8]) -> Answer {
        self.header("Content-Type", "application/octet-stream").send("PATCH", upload, bytes)
    }

    /// Ends an upload that has all the bytes.
    pub(crate) fn end_upload(&self, upload: &str, digest: &str) -> Answer {
        let mark = if upload.contains('?') { '&' } else { '?' };
        self.send("PUT", &format!("{upload}{mark}digest={digest}"), b"")
    }

    /// Pushes a blob; returns its digest.
    pub(crate) fn push_blob(&self, repository: &str, content: &[u8]) -> String {
        let digest = sha256(content);
        let added = self.add_to(&self.begin_upload(repository), content).must_be(202);
        self.end_upload(added.header("location").expect("where it goes on"), &digest).must_be(201);
        digest
    }

    /// Fetches a manifest as clients do: Debian's registry says that there is none to those who do not name its kind.
    pub(crate) fn get_manifest(&self, repository: &str, reference: &str) -> Answer {
        self.header("Accept", MEDIA_TYPE).get(&manifest_of(repository, reference))
    }

    /// Asks whether a manifest is there.
    pub(crate) fn head_manifest(&self, repository: &str, reference: &str) -> Answer {
        self.header("Accept", MEDIA_TYPE).send("HEAD", &manifest_of(repository, reference), b"")
    }

    /// Pushes a manifest.
    pub(crate) fn put_manifest(&self, repository: &str, reference: &str, manifest: &Value) -> Answer {
        let path = manifest_of(repository, reference);
        self.header("Content-Type", MEDIA_TYPE).send("PUT", &path, manifest.to_string().as_bytes())
    }

    /// Pushes the image of this text and points a tag to it; returns its digest.
    pub(crate) fn push_image(&self, repository: &str, tag: &str, text: &str) -> String {
        self.push_blob(repository, CONFIG.as_bytes());
        let manifest = manifest(text);
        self.put_manifest(repository, tag, &manifest).must_be(201);
        sha256(manifest.to_string().as_bytes())
    }
}
