//! Tags of repositories.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A tag.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Digest of the manifest that it points to.
    pub digest: String,
    /// The author that the image names; empty if it names none.
    pub author: String,
    /// When it was first seen pointing there.
    #[schemars(extend("format" = "date-time"))]
    pub updated_at: String,
    /// When it was first seen.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
    /// Always false: content trust is not kept here.
    pub hash_mismatch: bool,
    /// Always false: content trust is not kept here.
    pub in_notary: bool,
    /// Whether it is immutable: nobody overwrites it, whoever may deletes it first. False wherever no gateway holds that.
    #[serde(default)]
    #[schemars(required)]
    pub is_immutable: bool,
    /// What it points to.
    pub manifest: Manifest,
    /// Who pushed it last: the name of the account, or `ORG/NAME` of a robot, which another one may have by now; null if the
    /// registry did not tell.
    pub pushed_by: Option<String>,
    /// The identifier of that account; of a robot, of its organization.
    pub pushed_by_id: Option<String>,
    /// The platforms that the image runs on, as `linux/arm64/v8`; several for a list of images, none if the manifest
    /// was not read.
    pub platforms: Vec<String>,
    /// The same platforms, each with its image; an earlier server leaves them out.
    #[serde(default)]
    pub platform_images: Vec<PlatformImage>,
}

/// The image of a tag for one platform.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformImage {
    /// Where it runs, as `linux/arm64/v8`.
    pub platform: String,
    /// Digest of its own manifest, by which it can be pulled alone; where the tag is no list of images, that of the tag. Null for an
    /// image of a list that was read by an earlier version: the next comparison reads it again.
    pub digest: Option<String>,
    /// Bytes of its configuration and its layers, as its manifest tells them (the size of the manifest itself is not among them). Null
    /// where the digest is, and where the registry does not have the image.
    pub size: Option<u64>,
}

/// A manifest. Until dockpass has read it, for which it needs `registry.url`, texts are empty and the size is 0.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Its digest.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// Digest of the image's configuration; empty for a list of images.
    pub config_digest: String,
    /// Media type of the image's configuration; empty for a list of images.
    pub config_media_type: String,
    /// Operating system; empty for a list of several images.
    pub os: String,
    /// Version of the operating system; empty except for Windows.
    pub os_version: String,
    /// Processor; empty for a list of several images.
    pub architecture: String,
    /// The author that the image names; empty if it names none.
    pub author: String,
    /// When the image was made, as it says; null if it does not.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: Option<String>,
    /// Bytes of configuration and layers, over all platforms.
    pub size: u64,
    /// Always empty: how the image was made is not kept.
    pub dockerfile: Vec<String>,
}
