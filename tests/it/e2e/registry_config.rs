//! Debian's `docker-registry`, connected by two commands; and one that is there with a configuration of its own.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::Path,
};

use crate::support::{
    Dockpass, able,
    clients::Clients,
    exe::PASSWORD,
    image::Image,
    pair::addresses,
    process::{Background, background_command, eventually},
};

/// The user of Debian's package.
const OWNER: &str = "docker-registry";

/// Pushes as alice to the registry at this address, and looks for the tag that its notification tells.
fn must_be_connected(dockpass: &Dockpass, address: &str) {
    dockpass.add_user("alice");
    let clients = Clients::new();
    clients.skopeo_login(address, "alice", PASSWORD).must_succeed();
    clients.push(&Image::holding("something"), &format!("{address}/alice/app:1")).must_succeed();
    eventually("the push is told", || {
        let names = dockpass.repository_names();
        names.contains(&"alice/app".to_owned()).then(|| dockpass.tag_names("alice/app"))?.pop()
    });
}

/// The registry, as `user` if there is one.
fn registry(config: &Path, user: Option<&str>, address: &str) -> Background {
    let mut serve = match user {
        Some(user) => {
            let mut command = background_command("setpriv");
            command.args(["--reuid", user, "--regid", user, "--clear-groups", "docker-registry"]);
            command
        }
        None => background_command("docker-registry"),
    };
    let process = Background::start("docker-registry", serve.arg("serve").arg(config));
    eventually("the registry answers", || TcpStream::connect(address).ok());
    process
}

#[test]
fn debians_registry_is_connected_by_one_command_and_a_restart() {
    if !able::is_root("gives files to another user") {
        return;
    }
    let dockpass = Dockpass::start();
    let [address, _] = addresses();
    let address = address.to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let place = |name: &str| directory.path().join(name);
    let storage = place("storage");
    fs::create_dir_all(place("etc")).and_then(|()| fs::create_dir(&storage)).expect("directories");
    // The registry's user enters them, whatever umask another test has set.
    for entered in [directory.path(), &place("etc")] {
        fs::set_permissions(entered, fs::Permissions::from_mode(0o755)).expect("ours");
    }
    let debians = "version: 0.1\nhttp:\n  addr: :5000\n";
    fs::write(place("etc/config.yml"), debians).expect("a file");
    let [output, storage_dir] = [place("etc"), storage.clone()].map(|path| path.display().to_string());
    let command = [
        "registry",
        "config",
        "--for",
        "distribution",
        "--output",
        &output,
        "--addr",
        &address,
        "--storage-dir",
        &storage_dir,
        "--owner",
        OWNER,
    ];
    dockpass.cli(&command).must_fail_with(&["says something else", "--replace"]);
    assert_eq!(fs::read_to_string(place("etc/config.yml")).expect("it is there"), debians);
    dockpass.cli(&[&command[..], &["--replace"]].concat()).must_succeed();
    assert_eq!(fs::read_to_string(place("etc/config.yml.before-1")).expect("it is kept"), debians);

    let found = ["etc/config.yml", "etc/dockpass-ca.pem"].map(|name| fs::metadata(place(name)).expect("it is there"));
    let [config, certificate] = &found;
    assert_eq!((config.mode() & 0o777, certificate.mode() & 0o777), (0o600, 0o644));
    assert!(config.uid() != 0 && config.uid() == certificate.uid() && config.gid() == certificate.gid());
    chown(&storage, Some(config.uid()), Some(config.gid())).expect("root");
    let _running = registry(&place("etc/config.yml"), Some(OWNER), &address);
    must_be_connected(&dockpass, &address);
    assert!(storage.join("docker").exists(), "the registry stores elsewhere");

    // By numbers, as for a user of a directory that the static binary does not know.
    let numbers = format!("{}:{}", config.uid(), config.gid());
    let again = [&command[..11], &[numbers.as_str()]].concat();
    dockpass.cli(&again).must_succeed();
    let nobody = [&command[..11], &["no-such-user"]].concat();
    let refused = dockpass.cli(&nobody);
    assert_eq!(refused.code(), Some(2), "{}", refused.describe());
}

#[test]
fn a_registry_with_a_configuration_of_its_own_gets_what_it_lacks() {
    let dockpass = Dockpass::start();
    let [address, _] = addresses();
    let directory = tempfile::tempdir().expect("a directory");
    let output = directory.path().display().to_string();
    let command = ["registry", "config", "--for", "distribution", "--only", "auth,notifications", "--output", &output];
    let said = dockpass.cli(&command).must_succeed().stdout;
    assert!(said.contains("dockpass.yml") && said.contains("registry.url"), "{said}");
    let part = fs::read_to_string(directory.path().join("dockpass.yml")).expect("the part");
    assert!(!part.contains("\nstorage:") && !part.contains("\nhttp:") && !part.contains("\nversion:"), "{part}");
    let own = format!(
        "version: 0.1\nlog:\n  level: warn\nstorage:\n  cache:\n    blobdescriptor: inmemory\n  filesystem:\n    \
         rootdirectory: {output}/own-storage\nhttp:\n  addr: {address}\n  headers:\n    X-Own: [kept]\n"
    );
    let file = directory.path().join("config.yml");
    fs::write(&file, own + &part).expect("a file");
    let _running = registry(&file, None, &address.to_string());
    must_be_connected(&dockpass, &address.to_string());
    assert!(directory.path().join("own-storage/docker").exists());

    for wrong in [&["--only", "auth,colour"][..], &["--addr", "nowhere"], &["--owner", OWNER]] {
        let line = [&["registry", "config", "--for", "distribution"], wrong].concat();
        let refused = dockpass.cli(&line);
        assert!(refused.code() != Some(0), "{}", refused.describe());
    }
    dockpass
        .cli(&["registry", "config", "--for", "nginx", "--only", "auth"])
        .must_fail_with(&["for: parts, addresses and directories are those of a registry"]);
}
