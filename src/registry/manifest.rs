//! What manifests and image configurations say, read from bytes that anybody may have pushed.
//!
//! Pure: no network. What is damaged, ambiguous or of another kind is [`Manifest::Other`] or nothing, never an error:
//! what a registry holds is shown as far as it can be read. Texts are bounded and without control characters.
//! Spec: OCI image-spec 1.1 (`manifest.md`, `image-index.md`, `config.md`, `annotations.md`), Distribution's
//! `manifest-v2-2.md` and `manifest-v2-1.md`.

use aws_lc_rs::digest;
use serde::Deserialize;

use crate::domain::content::{Digest, MAX_PLATFORMS, MAX_WORD, Platform};
use crate::domain::time::Timestamp;

/// What is asked for, the best first: a registry that finds its manifest in this list converts nothing. Schema 1 is last,
/// since registries convert to it for clients that name nothing better.
pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5";

/// Media types of lists of images.
pub(super) const LISTS: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

/// Configurations that say where an image runs; those of artifacts have other types and say something else.
const IMAGE_CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// A manifest, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// One image, or an artifact.
    Image(ImageManifest),
    /// Several images (an OCI index, a Docker manifest list).
    ImageList(ImageList),
    /// Schema 1, which is its own configuration.
    Old(Config),
    /// Damaged, ambiguous, or something newer.
    Other,
}

/// A manifest of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImageManifest {
    /// The configuration's digest.
    pub(super) config: Digest,
    /// The configuration's media type.
    pub(super) config_type: String,
    /// Bytes of the configuration and all layers; `u64::MAX` if they are more.
    pub(super) size: u64,
    /// What its annotations say.
    pub(super) noted: Noted,
}

impl ImageManifest {
    /// Whether the configuration says where the image runs.
    pub(super) fn is_image(&self) -> bool {
        IMAGE_CONFIGS.contains(&self.config_type.as_str())
    }
}

/// A list of images, at most [`MAX_PLATFORMS`], without the attestations about them (platform `unknown/unknown`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ImageList {
    /// The manifests, each with where it runs, as far as the list says that.
    pub(super) children: Vec<(Digest, Option<Platform>)>,
    /// What its annotations say.
    pub(super) noted: Noted,
}

/// Who made it and when, from the annotations of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    /// Empty if nobody says.
    pub(super) author: String,
    /// None if nobody says.
    pub(super) created_at: Option<Timestamp>,
}

/// What an image's configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// Where it runs.
    pub(super) platform: Option<Platform>,
    /// The author and the time of creation that it names.
    pub(super) noted: Noted,
}

/// A text from outside, bounded to [`MAX_WORD`] characters and without control characters.
pub(super) fn word(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_WORD).collect()
}

/// Reads a manifest by its shape. One that is an image and a list at once means different things to different clients
/// (CVE-2021-41190), and is [`Manifest::Other`] here.
pub(super) fn read(body: &[u8]) -> Manifest {
    let Ok(raw) = serde_json::from_slice::<RawManifest>(body) else { return Manifest::Other };
    match raw {
        RawManifest { config: Some(config), layers, manifests: None, annotations, .. } => {
            let Ok(digest) = Digest::parse(&config.digest) else { return Manifest::Other };
            let size = layers.iter().flatten().fold(config.size, |sum, layer| sum.saturating_add(layer.size));
            let noted = Noted::of(annotations);
            Manifest::Image(ImageManifest { config: digest, config_type: word(&config.media_type), size, noted })
        }
        RawManifest { config: None, layers: None, manifests: Some(children), annotations, .. } => {
            Manifest::ImageList(list(children, annotations))
        }
        RawManifest {
            schema_version: 1, architecture, history, config: None, layers: None, manifests: None, ..
        } => Manifest::Old(old(architecture, history.as_deref())),
        _ => Manifest::Other,
    }
}

/// Whether a body is a manifest of any kind that is understood.
#[must_use]
pub fn is_manifest(body: &[u8]) -> bool {
    read(body) != Manifest::Other
}

/// Reads the configuration of an image; a damaged one is empty. The platform is read apart from the rest, so that
/// damage in one does not lose the other.
pub(super) fn read_config(body: &[u8]) -> Config {
    let platform = serde_json::from_slice(body).ok().and_then(RawPlatform::read);
    let noted = serde_json::from_slice(body).ok().map(|RawConfig { author, created }| Noted::read(author, created));
    Config { platform, noted: noted.unwrap_or_default() }
}

/// The SHA-256 digest of a content; never none, since the text made here is a digest.
pub(super) fn sha256(content: &[u8]) -> Option<Digest> {
    Digest::parse(&format!("sha256:{}", hexadecimal(&digest::SHA256, content))).ok()
}

/// Whether the content can be what the digest names. Digests by other algorithms than SHA-256 and SHA-512 are believed.
pub(super) fn is_named_by(content: &[u8], digest: &Digest) -> bool {
    match digest.as_str().split_once(':') {
        Some(("sha256", encoded)) => hexadecimal(&digest::SHA256, content) == encoded,
        Some(("sha512", encoded)) => hexadecimal(&digest::SHA512, content) == encoded,
        Some(_) | None => true,
    }
}

fn hexadecimal(algorithm: &'static digest::Algorithm, content: &[u8]) -> String {
    let hash = digest::digest(algorithm, content);
    hash.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn list(raw: Vec<RawChild>, annotations: Option<RawAnnotations>) -> ImageList {
    let mut list = ImageList { noted: Noted::of(annotations), ..ImageList::default() };
    for child in raw {
        if list.children.len() >= MAX_PLATFORMS {
            break;
        }
        let platform = child.platform.and_then(RawPlatform::read);
        let is_attestation = platform.as_ref().is_some_and(|it| it.os == "unknown" && it.architecture == "unknown");
        let Some(digest) = Digest::parse(&child.digest).ok().filter(|_| !is_attestation) else { continue };
        list.children.push((digest, platform));
    }
    list
}

/// The newest history entry is the configuration, as JSON in a text.
fn old(architecture: Option<String>, history: Option<&[RawHistory]>) -> Config {
    let newest = history.and_then(<[RawHistory]>::first);
    let mut config = newest.map(|entry| read_config(entry.v1_compatibility.as_bytes())).unwrap_or_default();
    if config.platform.is_none() {
        config.platform = RawPlatform { architecture, ..RawPlatform::default() }.read();
    }
    config
}

impl Noted {
    fn of(annotations: Option<RawAnnotations>) -> Self {
        annotations.map(|raw| Self::read(raw.authors, raw.created)).unwrap_or_default()
    }

    fn read(author: Option<String>, created: Option<String>) -> Self {
        Self {
            author: word(author.as_deref().unwrap_or_default()),
            created_at: created.and_then(|text| Timestamp::parse(&text).ok()),
        }
    }

    /// This, with its gaps filled from the other.
    pub(super) fn or(self, other: Self) -> Self {
        let author = if self.author.is_empty() { other.author } else { self.author };
        Self { author, created_at: self.created_at.or(other.created_at) }
    }
}

/// Every kind of manifest. `null` stands for what is not there, as some builders write it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawManifest {
    #[serde(default)]
    schema_version: u64,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawLayer>>,
    manifests: Option<Vec<RawChild>>,
    annotations: Option<RawAnnotations>,
    architecture: Option<String>,
    history: Option<Vec<RawHistory>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
}

#[derive(Deserialize)]
struct RawLayer {
    size: u64,
}

#[derive(Deserialize)]
struct RawChild {
    digest: String,
    platform: Option<RawPlatform>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHistory {
    v1_compatibility: String,
}

#[derive(Deserialize)]
struct RawAnnotations {
    #[serde(rename = "org.opencontainers.image.authors")]
    authors: Option<String>,
    #[serde(rename = "org.opencontainers.image.created")]
    created: Option<String>,
}

#[derive(Deserialize)]
struct RawConfig {
    author: Option<String>,
    created: Option<String>,
}

#[derive(Default, Deserialize)]
struct RawPlatform {
    os: Option<String>,
    #[serde(rename = "os.version")]
    os_version: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

impl RawPlatform {
    /// None if neither the system nor the architecture is known.
    fn read(self) -> Option<Platform> {
        let read = |text: Option<String>| word(text.as_deref().unwrap_or_default());
        let platform = Platform {
            os: read(self.os),
            os_version: read(self.os_version),
            architecture: read(self.architecture),
            variant: read(self.variant),
        };
        (!platform.os.is_empty() || !platform.architecture.is_empty()).then_some(platform)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn named(letter: char) -> Digest {
        Digest::parse(&format!("sha256:{}", letter.to_string().repeat(64))).unwrap()
    }

    fn read_json(value: &Value) -> Manifest {
        read(value.to_string().as_bytes())
    }

    fn descriptor(letter: char, size: u64) -> Value {
        json!({ "mediaType": IMAGE_CONFIGS[0], "digest": named(letter).as_str(), "size": size })
    }

    fn child(letter: char, os: &str, architecture: &str) -> Value {
        let platform = json!({ "os": os, "architecture": architecture });
        json!({ "digest": named(letter).as_str(), "size": 500, "platform": platform })
    }

    fn image(value: &Value) -> ImageManifest {
        match read_json(value) {
            Manifest::Image(image) => image,
            other => panic!("{value}: {other:?}"),
        }
    }

    #[test]
    fn an_image_is_its_configuration_and_its_layers() {
        let layers = [descriptor('b', 30), descriptor('c', 400)];
        let read = image(&json!({ "schemaVersion": 2, "config": descriptor('a', 2), "layers": layers }));
        let config_type = IMAGE_CONFIGS[0].to_owned();
        assert_eq!(read, ImageManifest { config: named('a'), config_type, size: 432, noted: Noted::default() });
        assert!(read.is_image());
        let bare = image(&json!({ "config": descriptor('a', 2), "layers": null, "manifests": null }));
        assert_eq!(bare.size, 2);
    }

    #[test]
    fn an_artifact_keeps_its_type_and_its_annotations() {
        let config =
            json!({ "mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "sha256:0", "size": 1 });
        let annotations = json!({
            "org.opencontainers.image.authors": "alice\u{1b}[2J",
            "org.opencontainers.image.created": "2026-01-31T12:00:00Z",
            "another": "thing",
        });
        let read = image(&json!({ "config": config, "layers": [descriptor('b', 9)], "annotations": annotations }));
        assert!(!read.is_image());
        assert_eq!((read.config_type.as_str(), read.size), ("application/vnd.cncf.helm.config.v1+json", 10));
        let created_at = Some(Timestamp::parse("2026-01-31T12:00:00Z").unwrap());
        assert_eq!(read.noted, Noted { author: "alice[2J".to_owned(), created_at });
    }

    #[test]
    fn a_list_is_its_images_without_the_attestations() {
        let bare = json!({ "digest": named('d').as_str(), "size": 5 });
        let twice = child('e', "linux", "amd64");
        let manifests = json!([
            child('a', "linux", "amd64"),
            child('b', "unknown", "unknown"),
            child('c', "linux", "arm64"),
            bare,
            twice
        ]);
        let Manifest::ImageList(list) = read_json(&json!({ "schemaVersion": 2, "manifests": manifests })) else {
            panic!()
        };
        let shown: Vec<_> =
            list.children.into_iter().map(|(digest, platform)| (digest, platform.map(|it| it.to_string()))).collect();
        let child = |letter, platform: &str| (named(letter), Some(platform.to_owned()));
        let expected =
            [child('a', "linux/amd64"), child('c', "linux/arm64"), (named('d'), None), child('e', "linux/amd64")];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_list_of_very_many_is_cut() {
        let manifests: Vec<_> = (0..1000).map(|number| child('a', "linux", &number.to_string())).collect();
        let Manifest::ImageList(list) = read_json(&json!({ "manifests": manifests })) else { panic!() };
        assert_eq!(list.children.len(), MAX_PLATFORMS);
    }

    #[test]
    fn schema_1_says_all_of_it_in_its_history() {
        let newest = r#"{"architecture":"arm64","os":"linux","author":"bob","created":"2015-06-01T00:00:00Z"}"#;
        let history = json!([{ "v1Compatibility": newest }, { "v1Compatibility": "{}" }]);
        let whole = json!({ "schemaVersion": 1, "architecture": "amd64", "history": history, "fsLayers": [] });
        let Manifest::Old(config) = read_json(&whole) else { panic!() };
        assert_eq!(config.platform.unwrap().to_string(), "linux/arm64");
        assert_eq!(config.noted.author, "bob");
        let Manifest::Old(config) = read_json(&json!({ "schemaVersion": 1, "architecture": "amd64" })) else {
            panic!()
        };
        assert_eq!(config.platform, Some(Platform { architecture: "amd64".to_owned(), ..Platform::default() }));
        let damaged = json!({ "schemaVersion": 1, "history": [{ "v1Compatibility": "{" }] });
        assert_eq!(read_json(&damaged), Manifest::Old(Config::default()));
    }

    #[test]
    fn a_configuration_says_where_it_runs_who_made_it_and_when() {
        let config = json!({
            "os": "windows", "os.version": "10.0.14393", "architecture": "arm", "variant": "v7",
            "author": "é".repeat(2 * MAX_WORD), "created": "2026-01-31T12:00:00.123456789Z", "rootfs": {},
        });
        let Config { platform: Some(platform), noted } = read_config(config.to_string().as_bytes()) else { panic!() };
        assert_eq!((platform.to_string().as_str(), platform.os_version.as_str()), ("windows/arm/v7", "10.0.14393"));
        assert_eq!(noted.author, "é".repeat(MAX_WORD));
        assert_eq!(noted.created_at.unwrap().to_string(), "2026-01-31T12:00:00.123Z");
        let half = read_config(br#"{"os":7,"author":"alice","created":"yesterday"}"#);
        assert_eq!((half.platform, half.noted.author.as_str(), half.noted.created_at), (None, "alice", None));
        for nothing in ["", "{}", "[]", "null", r#"{"os":"","architecture":""}"#, "\u{0}"] {
            assert_eq!(read_config(nothing.as_bytes()), Config::default(), "{nothing}");
        }
    }

    #[test]
    fn sizes_do_not_overflow() {
        let layers = [descriptor('b', u64::MAX), descriptor('c', u64::MAX)];
        assert_eq!(image(&json!({ "config": descriptor('a', 1), "layers": layers })).size, u64::MAX);
    }

    #[test]
    fn what_is_damaged_or_two_things_at_once_is_nothing() {
        let config = descriptor('a', 1).to_string();
        for text in [
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            r#"{"schemaVersion":2}"#.to_owned(),
            format!(r#"{{"config":{config},"manifests":[]}}"#),
            format!(r#"{{"schemaVersion":1,"config":{config},"layers":[],"manifests":[]}}"#),
            r#"{"layers":[],"manifests":[]}"#.to_owned(),
            r#"{"config":{"digest":"../../etc","size":1},"layers":[]}"#.to_owned(),
            r#"{"config":{"digest":"sha256:0","size":-1},"layers":[]}"#.to_owned(),
            r#"{"config":{"digest":"sha256:0","size":1.5},"layers":[]}"#.to_owned(),
            r#"{"config":{"digest":"sha256:0","size":18446744073709551616},"layers":[]}"#.to_owned(),
            format!(r#"{{"config":{config},"config":{config}}}"#),
            format!(r#"{{"a":{}"#, "[".repeat(100_000)),
        ] {
            assert_eq!(read(text.as_bytes()), Manifest::Other, "{}", text.get(..80).unwrap_or(&text));
        }
    }

    #[test]
    fn a_digest_names_one_content() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b"").unwrap().as_str(), empty);
        let is_named = |content: &[u8], digest: &str| is_named_by(content, &Digest::parse(digest).unwrap());
        assert!(is_named(b"", empty) && !is_named(b"x", empty) && !is_named(b"", "sha256:e3b0"));
        let long = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
        assert!(is_named(b"", &format!("sha512:{long}")) && !is_named(b"x", &format!("sha512:{long}")));
        assert!(is_named(b"anything", "blake3:0"));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = (read(&bytes), read_config(&bytes));
        }
    }
}
