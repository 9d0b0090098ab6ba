//! Debian's containerd, with a directory and a socket of its own: what pulls by `ctr`, and what the kubelet of a Kubernetes
//! node asks. Needs root, or a name space in which the caller is root.

use std::{fs, path::PathBuf};

use rustix::process::geteuid;
use tempfile::TempDir;

use super::process::{Background, Run, background_command, command};

/// A running containerd. Ended on drop; its log is printed when the test fails.
#[derive(Debug)]
pub(crate) struct Containerd {
    directory: TempDir,
    _process: Background,
}

/// What a kubelet passes on of a pull secret: the parts, as it decodes them, or the text of the secret itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PullSecret<'s> {
    Decoded { user: &'s str, secret: &'s str },
    Encoded(&'s str),
}

impl Containerd {
    /// Starts it. No service of the machine is touched.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let at = directory.path().display();
        // Of the snapshotters, only this one needs nothing of the kernel.
        let config = format!(
            "version = 2\nroot = \"{at}/root\"\nstate = \"{at}/state\"\n\
             disabled_plugins = [\"io.containerd.internal.v1.opt\"]\n\
             [grpc]\naddress = \"{at}/containerd.sock\"\n\
             [plugins.\"io.containerd.grpc.v1.cri\"]\ndisable_tcp_service = true\n\
             [plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"native\"\n\
             [plugins.\"io.containerd.grpc.v1.cri\".cni]\nconf_dir = \"{at}/cni\"\nbin_dir = \"{at}/cni\"\n"
        );
        let file = directory.path().join("config.toml");
        fs::write(&file, config).expect("the configuration can be written");
        let mut containerd = if geteuid().is_root() {
            background_command("containerd")
        } else {
            let mut unshare = background_command("unshare");
            unshare.args(["--map-root-user", "--mount", "containerd"]);
            unshare
        };
        let process = Background::start("containerd", containerd.arg("--config").arg(file));
        process.wait_for("that it runs", |line| line.contains("successfully booted").then_some(()));
        Self { directory, _process: process }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("containerd.sock")
    }

    fn ctr(&self, arguments: &[&str]) -> Run {
        let mut ctr = command("ctr");
        Run::of(ctr.arg("--address").arg(self.socket()).args(arguments), "")
    }

    /// `ctr images pull` from a registry without TLS.
    pub(crate) fn pull(&self, reference: &str, user: &str, secret: &str) -> Run {
        let user = format!("{user}:{secret}");
        self.ctr(&["images", "pull", "--plain-http", "--snapshotter", "native", "--user", &user, reference])
    }

    /// `ctr images push` of what was pulled, under another name.
    pub(crate) fn push(&self, from: &str, to: &str, user: &str, secret: &str) -> Run {
        self.ctr(&["images", "tag", from, to]).must_succeed();
        self.ctr(&["images", "push", "--plain-http", "--user", &format!("{user}:{secret}"), to])
    }

    /// The digest of an image that is here: what `ctr` pulled, or a kubelet.
    pub(crate) fn digest(&self, is_by_kubelet: bool, reference: &str) -> Option<String> {
        let space = if is_by_kubelet { "k8s.io" } else { "default" };
        let listed = self.ctr(&["--namespace", space, "images", "list"]).must_succeed().stdout;
        let line = listed.lines().find(|line| line.split_whitespace().next() == Some(reference))?;
        line.split_whitespace().find(|word| word.starts_with("sha256:")).map(str::to_owned)
    }

    /// What a kubelet sends to pull an image, `PullImage` of Kubernetes' Container Runtime Interface, and what containerd
    /// answers: nothing if the image is there now, else why not.
    pub(crate) fn pull_as_kubelet(&self, reference: &str, shown: PullSecret<'_>) -> Result<(), String> {
        let shown = match shown {
            PullSecret::Decoded { user, secret } => [field(1, user.as_bytes()), field(2, secret.as_bytes())].concat(),
            PullSecret::Encoded(text) => field(3, text.as_bytes()),
        };
        let message = [field(1, &field(1, reference.as_bytes())), field(2, &shown)].concat();
        let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
        let request = self.directory.path().join("request");
        fs::write(&request, [&[0][..], &length, &message].concat()).expect("the request can be written");
        let mut curl = command("curl");
        curl.args(["--disable", "--silent", "--show-error", "--http2-prior-knowledge", "--dump-header", "-"]);
        curl.args(["--header", "Content-Type: application/grpc", "--header", "TE: trailers"]);
        curl.arg("--unix-socket").arg(self.socket()).arg("--output").arg(self.directory.path().join("answer"));
        curl.arg("--data-binary").arg(format!("@{}", request.display()));
        let told = Run::of(curl.arg("http://localhost/runtime.v1.ImageService/PullImage"), "").must_succeed().stdout;
        let trailer = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        match trailer("grpc-status") {
            Some("0") => Ok(()),
            Some(_) => Err(trailer("grpc-message").unwrap_or_default().to_owned()),
            None => panic!("no answer of gRPC:\n{told}"),
        }
    }
}

/// A field of a protobuf message: text, bytes, or a message in it.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let (mut written, mut length) = (vec![(number << 3) | 2], content.len());
    while length > 0x7f {
        written.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
        length >>= 7;
    }
    written.push(u8::try_from(length).expect("seven bits"));
    written.extend(content);
    written
}
