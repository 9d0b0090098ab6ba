//! Runs the commands of a document, in their order, on a terminal, by the executable and real clients.

use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use regex::Regex;
use tempfile::TempDir;

use super::{
    before::{BEFORE, Layout, layout},
    blocks::{Block, Step, root},
};
use crate::support::{
    Clients, Dockpass, Image, Setup, Site,
    exe::{PASSWORD, executable},
    gateway::Gateway,
};

/// Parts the output of the commands.
const MARK: &str = "\u{1e}";

/// A key of age, and to whom it belongs.
const IDENTITY: &str = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
const RECIPIENT: &str = "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef";

/// Programs in whose place something else is run, since they change the machine or need what tests have not: without an
/// engine, images go by skopeo, with the login that docker has made, and only under names that were tagged.
const STAND_INS: [(&str, &str); 7] = [
    ("sudo", "exec \"$@\""),
    ("apt-get", "exit 0"),
    ("systemctl", "exit 0"),
    ("systemd-sysusers", "PATH=${PATH#*:} exec systemd-sysusers --root=\"$ROOT\" \"$@\""),
    ("nginx", "exit 0"),
    ("sudoedit", "exit 0"),
    (
        "docker",
        "if [ \"$1\" = tag ]; then echo \"$3\" >> \"$DOCKER_CONFIG.tagged\"; exit; fi\n\
         if [ \"$1\" = push ]; then grep -qxF \"$2\" \"$DOCKER_CONFIG.tagged\" || exit 1\nexec skopeo copy --quiet --dest-tls-verify=false --authfile \"$DOCKER_CONFIG/config.json\" \
         \"$IMAGE\" \"docker://$2\"; fi\nPATH=${PATH#*:} exec docker \"$@\"",
    ),
];

/// What the lines before blocks call.
const HELPERS: &str = r#"
user() { dockpass user show "$1" > /dev/null 2>&1 || echo "$PASSWORD" | dockpass user create "$1" --password-stdin --adopt-repositories > /dev/null; }
service() { dockpass user show "$1" > /dev/null 2>&1 || dockpass user create "$1" --service > /dev/null; }
org() { dockpass org show "$1" > /dev/null 2>&1 || dockpass org create "$1" --adopt-repositories > /dev/null; }
repo() { case $1 in acme/*) org acme ;; *) user "${1%%/*}" ;; esac; dockpass repo show "$1" > /dev/null 2>&1 || dockpass repo create "$1" > /dev/null; }
token() { user "$1"; dockpass token create --user "$1" --format json | jq -r .token; }
id() { if [ "$1" = -un ]; then command id -un; else user "$1"; dockpass token create --user "$1" --format json | jq -r '.id[:12]'; fi; }
image() { token "${1%%/*}" | skopeo login --tls-verify=false "$ADDRESS" --username "${1%%/*}" --password-stdin > /dev/null
          skopeo copy --quiet --dest-tls-verify=false "$IMAGE" "docker://$ADDRESS/$1"; }
image_at_registry() { skopeo copy --quiet --dest-tls-verify=false "$IMAGE" "docker://$REGISTRY/$1"; }
elsewhere() { unset DOCKPASS_DATA_DIR; export DOCKPASS_SERVER_LISTEN=$FREE; mkdir "$ROOT/elsewhere"; cd "$ROOT/elsewhere"; }
"#;

/// The servers that a document speaks of.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
enum Servers {
    Gateway(Gateway),
    Beside(Site),
    Alone(Dockpass),
}

impl Servers {
    fn dockpass(&self) -> &Dockpass {
        match self {
            Self::Gateway(it) => &it.dockpass,
            Self::Beside(it) => &it.dockpass,
            Self::Alone(it) => it,
        }
    }

    fn registry(&self) -> &str {
        match self {
            Self::Gateway(it) => &it.registry.address,
            Self::Beside(it) => &it.registry.address,
            Self::Alone(_) => "127.0.0.1:5000",
        }
    }
}

/// A machine on which somebody types what a document says.
pub(super) struct Machine {
    document: String,
    servers: Servers,
    clients: Clients,
    image: Image,
    directory: TempDir,
}

impl Machine {
    pub(super) fn of(document: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let at = directory.path();
        for folder in [
            "bin",
            "etc/docker/registry",
            "etc/nginx/conf.d",
            "etc/bash_completion.d",
            "etc/dockpass",
            "mnt/elsewhere",
            "etc/systemd/system",
            "usr/bin",
            "var/lib",
            "typed",
        ] {
            fs::create_dir_all(at.join(folder)).expect("a directory");
        }
        for (name, text) in STAND_INS {
            let file = at.join("bin").join(name);
            fs::write(&file, format!("#!/bin/bash\n{text}\n")).expect("a file");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
        }
        std::os::unix::fs::symlink(executable(), at.join("bin/dockpass")).expect("a link");
        let head = format!("\n[audit]\nhead_file = \"{}\"\n", at.join("mnt/elsewhere/dockpass-head").display());
        let proxied = "[server]\npublic_url = \"https://pass.example.com\"\nbehind_proxy = true\ntrusted_proxies = [\"127.0.0.1\"]\n";
        let servers = match layout(document) {
            Layout::Gateway => Servers::Gateway(Gateway::configured(&head, &[])),
            Layout::Beside => Servers::Beside(Site::with_users(&[])),
            Layout::Proxied => Servers::Alone(Setup::config(proxied).start()),
        };
        let image = Image::holding("as the manual says");
        Self { document: document.to_owned(), servers, clients: Clients::new(), image, directory }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// Runs a block; what is wrong with it, else nothing.
    pub(super) fn run(&self, block: &Block) -> Option<String> {
        let steps = block.steps();
        let script = self.path("script");
        fs::write(&script, self.script(&block.text, &steps)).expect("a file");
        let helper = root().join("tests/it/manual/terminal.py");
        let line = format!("exec python3 {} {} {PASSWORD}", helper.display(), script.display());
        let run = self.clients.shell(&self.servers.dockpass().address, &line, "");
        let mut parts = run.stdout.split(MARK).skip(1);
        for step in &steps {
            let Some((output, status)) = parts.next().zip(parts.next()) else {
                return Some(format!("{block}did not come to `{}`:\n{}", step.command, run.describe()));
            };
            let should_fail = step.shown.iter().any(|line| line.starts_with("dockpass: "));
            if (status != "0") != should_fail {
                return Some(format!("{block}`{}` ends with {status}:\n{output}", step.command));
            }
            if let Some(line) = self.missing(&step.shown, output) {
                return Some(format!("{block}`{}` does not print\n{line}\nbut\n{output}", step.command));
            }
        }
        None
    }

    /// The lines before the block, and each command between two marks, with its status after it.
    fn script(&self, text: &str, steps: &[Step]) -> String {
        let at = self.directory.path().display();
        let dockpass = self.servers.dockpass();
        let before = format!(
            "cd {at}/typed\nROOT={at} PASSWORD={PASSWORD} IDENTITY={IDENTITY} ADDRESS={} REGISTRY={} FREE={}\n\
             export IMAGE={} PATH={at}/bin:$PATH DOCKPASS_DATA_DIR={} SOURCES={}\n{HELPERS}\n",
            dockpass.address,
            self.servers.registry(),
            free(),
            self.image.reference(),
            dockpass.data().display(),
            root().display()
        );
        let begins = |beginning: &str| text.starts_with(&format!("$ {beginning}"));
        let rows = BEFORE.iter().filter(|(name, beginning, _)| *name == self.document && begins(beginning));
        let commands = steps.iter().map(|step| {
            let command = self.here(&step.command);
            format!("printf '\\036\\n'\n{command}\nprintf '\\036%s' $?")
        });
        let lines = rows.map(|(_, _, lines)| (*lines).to_owned()).chain(commands);
        [before].into_iter().chain(lines).map(|line| line + "\n").collect()
    }

    /// What a document says, for this machine.
    fn here(&self, text: &str) -> String {
        let dockpass = self.servers.dockpass();
        let (address, at) = (&dockpass.address, self.directory.path().display().to_string());
        let port = address.rsplit(':').next().expect("a port");
        let mut text = text.replace("--owner docker-registry", "--owner \"$(id -un)\"");
        for (said, here) in [
            (r"https://(dockpass\.example\.org:8700|registry\.example\.com|HOST)", format!("http://{address}")),
            (r"pass\.example\.com|(?-u:\b)HOST(?-u:\b)", address.clone()),
            (r"(?-u:\b)URL(?-u:\b)", format!("http://{address}")),
            (r"127\.0\.0\.1:8700", address.clone()),
            (r"localhost:8700", format!("localhost:{port}")),
            (r"127\.0\.0\.1:5000", self.servers.registry().to_owned()),
            (r"/var/lib/dockpass/keys", format!("{}/keys", dockpass.data().display())),
            (r"(?-u:\b)DIR(?-u:\b)", dockpass.data().display().to_string()),
            (r"(?-u:\b)COPY(?-u:\b)", format!("{at}/copy")),
            (r"(^|[ ='])(/etc/|/mnt/|/usr/bin/|/var/lib/)", format!("${{1}}{at}$2")),
            (r"age1…", RECIPIENT.to_owned()),
            (r"01M8K174SEPN", "$$ID".to_owned()),
        ] {
            text = Regex::new(said).expect("an expression").replace_all(&text, here.as_str()).into_owned();
        }
        text
    }

    /// The first line that is shown in the document and not in the output, in this order.
    fn missing(&self, shown: &[String], output: &str) -> Option<String> {
        let mut lines = output.lines();
        let wanted = shown.iter().filter(|line| !line.trim().is_empty());
        for line in wanted {
            let expected = self.expected(line);
            if !lines.any(|line| expected.is_match(line.trim_end())) {
                return Some(line.clone());
            }
        }
        None
    }

    /// A started server has an address and a password of its own, and names ports of its own. What it does not know, it calls
    /// HOST as the manual does.
    fn expected(&self, line: &str) -> Regex {
        let unknown = "\u{1}";
        let line = self.here(&line.replace("HOST", unknown)).replace(unknown, "HOST");
        let line = regex::escape(&line).replace('…', ".*");
        let address = Regex::new(r"(127\\\.0\\\.0\\\.1|localhost):[0-9]+").expect("an expression");
        let line = address.replace_all(&line, "${1}:[0-9]+");
        let password = Regex::new(r"Password    [^ ]+").expect("an expression");
        let line = password.replace(&line, "Password    [^ ]+");
        Regex::new(&format!("^{line}$")).expect("an expression")
    }
}

/// An address of this machine that a server can take, under both of its names.
fn free() -> SocketAddr {
    let both = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        TcpListener::bind((Ipv6Addr::LOCALHOST, address.port())).ok().map(|_| address)
    };
    std::iter::repeat_with(both).flatten().next().expect("a free port")
}

/// Which lines before blocks belong to no block.
pub(super) fn idle(blocks: &[Block]) -> Vec<&'static str> {
    let is_used = |(document, beginning, _): &&(&str, &str, &str)| {
        let begins = format!("$ {beginning}");
        blocks
            .iter()
            .any(|block| block.document == *document && block.why_not.is_none() && block.text.starts_with(&begins))
    };
    BEFORE.iter().filter(|row| !is_used(row)).map(|(_, beginning, _)| *beginning).collect()
}
