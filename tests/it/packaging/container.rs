//! The container image, from its archive: what podman reads of it, and that it runs as it says: as its user, with its volume alone
//! to write to. The program runs in the image's own root directory, as a runtime would start it, since not every machine that
//! runs these tests lets one container start another.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{release, released};
use crate::support::{
    Http,
    exe::{executable, ready_address},
    process::{Background, Run, background_command, command},
};

/// An image in a store of the test's own.
struct Image {
    _storage: TempDir,
    /// Its configuration.
    config: Value,
    /// Its root directory.
    root: PathBuf,
}

impl Image {
    /// The image of the release.
    fn loaded(archive: &Path) -> Self {
        let storage = tempfile::tempdir().expect("a directory");
        let name = format!("localhost/dockpass:{}", env!("CARGO_PKG_VERSION"));
        let podman = |arguments: &[&str]| {
            let mut podman = command("podman");
            podman.arg("--root").arg(storage.path().join("store")).arg("--runroot").arg(storage.path().join("run"));
            podman.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]).args(arguments);
            Run::of(&mut podman, "").must_succeed()
        };
        podman(&["load", "--input", &archive.display().to_string()]);
        let found = podman(&["image", "inspect", &name]).json()[0].clone();
        assert_eq!(podman(&["image", "list", "--quiet"]).stdout.lines().count(), 1);
        let root = PathBuf::from(podman(&["image", "mount", &name]).stdout.trim());
        let mut config = found["Config"].clone();
        config["Healthcheck"] = found["Healthcheck"].clone();
        Self { _storage: storage, config, root }
    }

    fn list(&self, name: &str) -> Vec<String> {
        let list = self.config[name].as_array().unwrap_or_else(|| panic!("{name}: {}", self.config));
        list.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
    }

    /// A program in the image as its user, with its environment; `command` is `chroot` itself.
    fn inside(&self, mut command: Command, program: &[String]) -> Command {
        let user = self.config["User"].as_str().expect("a user");
        command.arg(format!("--userspec={user}")).arg("--groups=").arg(&self.root).args(program).env_clear();
        for variable in self.list("Env") {
            let (name, value) = variable.split_once('=').expect("a variable");
            command.env(name, value);
        }
        command.env("DOCKPASS_SERVER_LISTEN", "127.0.0.1:0");
        command
    }

    /// Whether it is healthy, by its own health check.
    fn health(&self) -> Run {
        let test: Vec<String> = serde_json::from_value(self.config["Healthcheck"]["Test"].clone()).expect("a test");
        assert_eq!(test[0], "CMD");
        let chroot = command("/usr/sbin/chroot");
        Run::of(&mut self.inside(chroot, &test[1..]), "")
    }
}

#[test]
fn it_runs_as_its_own_user_writes_to_its_volume_alone_and_is_healthy() {
    let Some(release) = release() else { return };
    let image = Image::loaded(&released(release, ".container.tar"));
    let config = &image.config;
    assert_eq!((&config["User"], &config["Volumes"]), (&json!("65532:65532"), &json!({ "/data": {} })));
    assert_eq!((&config["WorkingDir"], &config["StopSignal"]), (&json!("/data"), &json!("SIGTERM")));
    assert_eq!(config["Labels"]["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    // Nothing but the program, and nothing that its user may change outside the volume.
    let found = Run::of(command("find").arg(&image.root).args(["-mindepth", "1", "-printf", "%P %u:%g %m\\n"]), "");
    let mut found: Vec<_> = found.must_succeed().stdout.lines().map(str::to_owned).collect();
    found.sort();
    let root = "root:root 755";
    let expected = [
        "data 65532:65532 755".to_owned(),
        format!("usr {root}"),
        format!("usr/bin {root}"),
        format!("usr/bin/dockpass {root}"),
    ];
    assert_eq!(found, expected);
    Run::of(command("cmp").arg(image.root.join("usr/bin/dockpass")).arg(executable()), "").must_succeed();
    assert_ne!(image.health().code(), Some(0), "nothing runs yet");
    let program = [image.list("Entrypoint"), image.list("Cmd")].concat();
    let mut server = image.inside(background_command("/usr/sbin/chroot"), &program);
    let server = Background::start("dockpass of the image", &mut server);
    let address = server.wait_for("that it is ready", ready_address);
    image.health().must_succeed();
    let data = image.root.join("data/dockpass");
    let made = fs::metadata(&data).expect("the data directory");
    assert_eq!((made.uid(), made.gid(), made.mode() & 0o777), (65_532, 65_532, 0o700));
    let password = fs::read_to_string(data.join("initial-admin-password")).expect("the first password");
    let admin = Http::at(&format!("http://{address}")).basic("admin", password.trim());
    admin.get("/api/v0/api_tokens").must_be(200);
    drop(server);
    assert_ne!(image.health().code(), Some(0), "it was killed");
}
