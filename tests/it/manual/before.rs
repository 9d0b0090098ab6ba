//! What blocks of commands need before they are run: lines of bash, by the document and the beginning of the block. The
//! helpers are in `run.rs`.

/// Where dockpass is, and the registry.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Layout {
    /// dockpass before a registry without accounts.
    Gateway,
    /// A registry that checks registry tokens by itself.
    Beside,
    /// Behind a proxy that speaks TLS.
    Proxied,
}

/// The layout of a document's commands.
pub(super) fn layout(document: &str) -> Layout {
    match document {
        "registry" => Layout::Beside,
        "tls" => Layout::Proxied,
        _ => Layout::Gateway,
    }
}

/// A document, the beginning of a block in it, and the lines before that.
pub(super) const BEFORE: &[(&str, &str, &str)] = &[
    ("README", "DOCKPASS_REGISTRY", "elsewhere"),
    ("adopt", "dockpass registry sync", "for name in acme/web tools busybox; do image_at_registry $name:1; done"),
    ("adopt", "dockpass repo delete-tag alice/app 1.0 --yes", "user alice; image alice/app:1.0"),
    ("adopt", "dockpass repo delete-tag alice/app 1.0 latest", "image alice/app:1.0; image alice/app:latest"),
    ("api", "printf", "export DOCKPASS_TOKEN=$(token alice)"),
    ("audit", "dockpass audit list\n", "user alice; ID=$(id alice)"),
    ("audit", "dockpass --server", "ID=$(id alice); export DOCKPASS_TOKEN=$(token alice)"),
    ("ci", "(umask 077; dockpass robot create", "org acme"),
    ("ci", "printf", "export DOCKPASS_TOKEN=$(cat secret.txt)"),
    ("ci", "export", "repo acme/app; DOCKPASS_TOKEN=$(cat secret.txt)"),
    ("gateway", "docker login", "token alice > token.txt"),
    ("gateway", "DOCKPASS_REGISTRY", "elsewhere"),
    ("operate", "dockpass backup", "echo \"$IDENTITY\" > key.txt"),
    (
        "packages",
        "sudo install dockpass",
        "cp \"$(command -v dockpass)\" dockpass_0.2.0_x86_64; ln -s \"$SOURCES/packaging\" packaging; export ROOT",
    ),
    (
        "permissions",
        "dockpass access check",
        "service build; repo alice/app; dockpass grant set --user build --access read-only alice/app",
    ),
    ("permissions", "dockpass user access", "org acme; dockpass team create acme/dev; ID=$(id alice)"),
    ("permissions", "dockpass grant set", "user bob"),
    ("permissions", "dockpass org create", "dockpass org delete acme --yes"),
    (
        "permissions",
        "dockpass grant delete",
        "dockpass grant delete --user build alice/app; dockpass repo set alice/app --public false",
    ),
    ("permissions", "dockpass repo transfer", "dockpass repo transfer alice/app --to admin"),
    ("permissions", "dockpass repo set acme", "repo acme/shop"),
    ("registry", "docker login", "token alice > token.txt"),
    ("registry", "podman login", "skopeo copy --quiet \"$IMAGE\" oci:image:latest"),
    ("start", "dockpass\n", "elsewhere"),
    ("start", "dockpass user create --from", "printf 'carol\\ndave, Dave Doe\\n' > people.csv"),
    (
        "start",
        "dockpass import",
        "echo 'erin:$2b$05$abcdefghijklmnopqrstuuQYlxy8SvYR2Q7y6TuWK8DEGHV5/ROze' > \"$ROOT/etc/docker/registry/htpasswd\"",
    ),
    ("start", "dockpass login", "unset DOCKPASS_DATA_DIR"),
    (
        "start",
        "export",
        "org acme; repo acme/app; dockpass org add acme alice --admin true; DOCKPASS_TOKEN=$(token alice)",
    ),
    ("start", "read -rsp", "echo \"$PASSWORD\" | dockpass user password admin --password-stdin"),
    ("tokens", "(umask 077; dockpass token create", "service ci; org acme"),
    ("tokens", "dockpass token list", "ID=$(id alice); token alice > found.txt"),
    (
        "tokens",
        "KEY=",
        "made=$(dockpass token create --user ci --format json); OLD=$(jq -r .token <<<\"$made\"); HASH=$(jq -r .hashedToken <<<\"$made\")",
    ),
    ("tokens", "jq -c", "jq -n --arg it \"$(token alice)\" '[{Secret: $it}]' > found.json"),
    ("tokens", "jq -sc", "jq -n --arg it \"$(token alice)\" '{Raw: $it}' > found.json"),
    ("tokens", "dockpass token revoke", "token alice > found.json"),
];
