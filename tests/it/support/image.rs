//! Makes a small image by hand, as an OCI image layout: one layer with one file, a configuration, a manifest.
//! Spec: OCI image-spec 1.0, `image-layout.md`, `manifest.md`, `config.md`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image layout in a temporary directory.
#[derive(Debug)]
pub(crate) struct Image {
    directory: TempDir,
    /// Digest of the manifest, as `sha256:…`.
    pub(crate) digest: String,
    /// Digest of the only layer.
    pub(crate) layer: String,
    /// Bytes of the configuration and the layer.
    pub(crate) size: u64,
}

impl Image {
    /// An image whose only file holds this text; another text makes another digest.
    pub(crate) fn holding(text: &str) -> Self {
        Self::of(text.as_bytes())
    }

    /// An image whose layer has about this many MiB.
    pub(crate) fn of_mebibytes(number: usize) -> Self {
        let pattern: Vec<u8> = (0..=u8::MAX).collect();
        Self::of(&pattern.repeat(number * 1024 * 1024 / pattern.len()))
    }

    fn of(content: &[u8]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let made = Made::new(directory.path(), content, "amd64");
        let index = index(MANIFEST, &made.digest, made.manifest_size).to_string();
        fs::write(directory.path().join("index.json"), index).expect("the index can be written");
        Self { directory, digest: made.digest, layer: made.layer, size: made.size }
    }

    /// The image as skopeo and podman name it.
    pub(crate) fn reference(&self) -> String {
        format!("oci:{}:image", self.directory.path().display())
    }

    /// A layout without an image in it, for a client to copy into.
    pub(crate) fn empty_layout() -> Layout {
        Layout { directory: tempfile::tempdir().expect("a temporary directory") }
    }
}

/// An image layout with a list of two images, for amd64 and arm64, and an attestation, as buildkit makes them.
#[derive(Debug)]
pub(crate) struct ImageList {
    directory: TempDir,
    /// Digest of the list, as `sha256:…`.
    pub(crate) digest: String,
    /// Bytes of the configurations and layers of both images.
    pub(crate) size: u64,
}

impl ImageList {
    /// A list whose images hold this text.
    pub(crate) fn holding(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path();
        let made = ["amd64", "arm64"].map(|architecture| Made::new(path, text.as_bytes(), architecture));
        let attestation = Made::new(path, b"an attestation", "unknown");
        let platform = |made: &Made, os: &str, architecture: &str| {
            let platform = json!({ "os": os, "architecture": architecture });
            json!({ "mediaType": MANIFEST, "digest": made.digest, "size": made.manifest_size, "platform": platform })
        };
        let manifests = json!([
            platform(&made[0], "linux", "amd64"),
            platform(&made[1], "linux", "arm64"),
            platform(&attestation, "unknown", "unknown"),
        ]);
        let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }).to_string();
        let digest = keep(path, list.as_bytes());
        fs::write(path.join("index.json"), index(INDEX, &digest, list.len()).to_string())
            .expect("the index can be written");
        Self { size: made.iter().map(|made| made.size).sum(), directory, digest }
    }

    /// The list as skopeo names it.
    pub(crate) fn reference(&self) -> String {
        format!("oci:{}:image", self.directory.path().display())
    }
}

/// The blobs of one image in a layout.
struct Made {
    digest: String,
    manifest_size: usize,
    layer: String,
    size: u64,
}

impl Made {
    fn new(directory: &Path, content: &[u8], architecture: &str) -> Self {
        let archive = tar_of("dockpass.txt", content);
        let packed = gzip(&archive);
        let layer = keep(directory, &packed);
        let config = config(&sha256(&archive), architecture).to_string();
        let config_digest = keep(directory, config.as_bytes());
        let manifest = manifest((&config_digest, config.len()), (&layer, packed.len())).to_string();
        let digest = keep(directory, manifest.as_bytes());
        let size = u64::try_from(config.len() + packed.len()).expect("a size");
        Self { digest, manifest_size: manifest.len(), layer, size }
    }
}

/// Writes a blob into the layout, and the `oci-layout` file; returns the digest.
fn keep(directory: &Path, content: &[u8]) -> String {
    let (blobs, digest) = (directory.join("blobs/sha256"), sha256(content));
    fs::create_dir_all(&blobs).expect("a directory can be made");
    fs::write(blobs.join(digest.trim_start_matches("sha256:")), content).expect("a blob can be written");
    let marker = json!({ "imageLayoutVersion": "1.0.0" }).to_string();
    fs::write(directory.join("oci-layout"), marker).expect("the marker can be written");
    digest
}

/// A layout that a client fills.
#[derive(Debug)]
pub(crate) struct Layout {
    directory: TempDir,
}

impl Layout {
    /// The layout as skopeo names it.
    pub(crate) fn reference(&self) -> String {
        format!("oci:{}:image", self.directory.path().display())
    }

    /// The digest of the manifest that the client wrote.
    pub(crate) fn digest(&self) -> String {
        let file: PathBuf = self.directory.path().join("index.json");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let index: Value = serde_json::from_str(&text).expect("the index is JSON");
        index["manifests"][0]["digest"].as_str().expect("one manifest").to_owned()
    }
}

fn config(layer_content: &str, architecture: &str) -> Value {
    json!({
        "architecture": architecture,
        "os": "linux",
        "created": "2024-01-01T00:00:00Z",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [layer_content] },
        "history": [{ "created": "2024-01-01T00:00:00Z", "created_by": "dockpass tests" }],
    })
}

fn manifest((config, config_size): (&str, usize), (layer, layer_size): (&str, usize)) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": config_size },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": layer, "size": layer_size,
        }],
    })
}

fn index(media_type: &str, manifest: &str, size: usize) -> Value {
    json!({
        "schemaVersion": 2,
        "manifests": [{
            "mediaType": media_type,
            "digest": manifest,
            "size": size,
            "annotations": { "org.opencontainers.image.ref.name": "image" },
        }],
    })
}

pub(crate) fn sha256(content: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
    digest.as_ref().iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A tar archive (ustar) with one file.
fn tar_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", content.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = [&header, content].concat();
    // Content is padded to a whole block; two empty blocks end the archive.
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

/// Gzip with stored blocks (RFC 1951 section 3.2.4, RFC 1952): valid, but not compressed.
fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = content.chunks(u16::MAX.into()).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a block has a length of two bytes");
        packed.push(u8::from(blocks.peek().is_none()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    packed.extend(crc32fast::hash(content).to_le_bytes());
    packed.extend(u32::try_from(content.len()).expect("the image of a test is small").to_le_bytes());
    packed
}
