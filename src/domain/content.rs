//! What the registry holds of a repository, as far as dockpass knows: tags, what they point to, how often it is used.

use std::fmt;
use std::sync::Arc;

use super::id::Id;
use super::time::Timestamp;
use super::user_name::UserName;

/// Longest tag, in bytes.
pub const MAX_TAG: usize = 128;
/// Longest digest, in bytes; those of SHA-512 have 135.
pub const MAX_DIGEST: usize = 255;
/// Longest media type, platform word or author that is kept, in characters.
pub const MAX_WORD: usize = 128;
/// Most platforms of one image that are kept.
pub const MAX_PLATFORMS: usize = 32;

/// Why a text is no tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tag has letters, digits, `_`, `.` and `-`, at most {MAX_TAG}, and begins with none of the last two")]
pub struct InvalidTag;

/// The name of a tag, by the grammar of the registry: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagName(Arc<str>);

impl TagName {
    /// Checks and takes a tag.
    ///
    /// # Errors
    /// [`InvalidTag`] says what a tag looks like.
    pub fn parse(text: &str) -> Result<Self, InvalidTag> {
        let begins = text.bytes().next().is_some_and(is_tag_start);
        let goes_on = text.bytes().all(is_within_tag);
        if begins && goes_on && text.len() <= MAX_TAG { Ok(Self(text.into())) } else { Err(InvalidTag) }
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a tag may begin with this.
pub(super) fn is_tag_start(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a tag may have this in it.
pub(super) fn is_within_tag(byte: u8) -> bool {
    is_tag_start(byte) || byte == b'.' || byte == b'-'
}

/// Why a text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is an algorithm, `:` and what it made, such as `sha256:` and 64 hexadecimal digits")]
pub struct InvalidDigest;

/// What names a manifest by its content: `algorithm:encoded` (OCI image specification, descriptors).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Arc<str>);

impl Digest {
    /// Checks and takes a digest.
    ///
    /// # Errors
    /// [`InvalidDigest`]
    pub fn parse(text: &str) -> Result<Self, InvalidDigest> {
        let is_algorithm = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+._-".contains(&byte);
        let is_encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"=_-".contains(&byte);
        let (algorithm, encoded) = text.split_once(':').ok_or(InvalidDigest)?;
        let begins = algorithm.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let is_whole = begins && algorithm.bytes().all(is_algorithm) && encoded.bytes().all(is_encoded);
        let is_right_size = !encoded.is_empty() && text.len() <= MAX_DIGEST;
        if is_whole && is_right_size { Ok(Self(text.into())) } else { Err(InvalidDigest) }
    }

    /// The digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What names a manifest in a repository: a tag that points to it, or its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagOrDigest {
    /// A tag.
    Tag(TagName),
    /// A digest.
    Digest(Digest),
}

impl TagOrDigest {
    /// Reads either; none for a text that is neither. No text is both, since tags have no colon.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digest = || Digest::parse(text).ok().map(Self::Digest);
        TagName::parse(text).ok().map(Self::Tag).or_else(digest)
    }
}

/// A tag of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: TagName,
    /// The manifest that it points to.
    pub digest: Digest,
    /// The manifest's media type; empty if the registry told none.
    pub media_type: String,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was first seen pointing there.
    pub updated_at: Timestamp,
    /// What the manifest says; none until it was read.
    pub image: Option<Image>,
    /// Who pushed it last; none if the registry told of nobody that has an account here.
    pub pushed_by: Option<Pusher>,
}

/// An account, or a robot, that pushed something. It may be gone, and another one may have its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pusher {
    /// The account; of a robot, the organization that owns it.
    pub account: Id,
    /// The name that signed in.
    pub name: UserName,
}

/// What a manifest and its configuration say about an image. Its maker chose the texts: they are bounded, and to be
/// escaped like any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Bytes of the configuration and all layers, over all platforms.
    pub size: u64,
    /// The configuration; none for a list of several images.
    pub config: Option<(Digest, String)>,
    /// Where it runs; more than one for a list of several images.
    pub platforms: Vec<PlatformImage>,
    /// The author that it names; empty if none.
    pub author: String,
    /// The time of creation that it names.
    pub created_at: Option<Timestamp>,
}

impl Image {
    /// Whether all is known that is kept of an image: an earlier dockpass kept no digests of the images of a list.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.platforms.len() < 2 || self.platforms.iter().all(|image| image.digest.is_some())
    }
}

/// An image for one platform: one of a list, or the only one that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlatformImage {
    /// Where it runs.
    pub platform: Platform,
    /// Its manifest within the list; none for what is no list, and for what an earlier dockpass has read.
    pub digest: Option<Digest>,
    /// Bytes of its configuration and layers; none without a digest, and where the registry does not have it.
    pub size: Option<u64>,
}

impl From<Platform> for PlatformImage {
    fn from(platform: Platform) -> Self {
        Self { platform, digest: None, size: None }
    }
}

/// Where an image runs, in the words of the OCI image specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// Such as `linux`.
    pub os: String,
    /// Such as `10.0.14393`; empty but for Windows.
    pub os_version: String,
    /// Such as `amd64`.
    pub architecture: String,
    /// Such as `v8`; mostly empty.
    pub variant: String,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, "/{}", self.variant) }
    }
}

/// How a repository is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Manifests that were fetched by a tag, or by a digest that a tag points to.
    pub pulls: u64,
    /// Manifests that were pushed with a tag.
    pub pushes: u64,
    /// When one was last pushed.
    pub last_push: Option<Timestamp>,
    /// Since when the registry has had none of the known tags; unset while it has any.
    pub missing_since: Option<Timestamp>,
}

/// The deletion of a repository in dockpass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: Timestamp,
    /// What becomes of its content.
    pub content: Remains,
}

/// What the registry still holds of a deleted repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Perhaps everything; it stays there, since its deletion was not promised.
    Stays,
    /// Perhaps everything; it is to be deleted in the registry at this URL, and in no other.
    Goes {
        /// The URL.
        registry: Arc<str>,
    },
    /// Nothing, when it was last asked.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_the_registry() {
        let longest = "a".repeat(MAX_TAG);
        for tag in ["1", "latest", "_x", "v1.0-rc.1", "A", longest.as_str()] {
            assert_eq!(TagName::parse(tag).map(|tag| tag.to_string()).as_deref(), Ok(tag));
        }
        let too_long = "a".repeat(MAX_TAG + 1);
        for text in ["", ".a", "-a", "a/b", "a:b", "ä", "a b", "a\0", too_long.as_str()] {
            assert_eq!(TagName::parse(text), Err(InvalidTag), "{text}");
        }
    }

    #[test]
    fn digests_are_those_of_the_specification() {
        let sha256 = format!("sha256:{}", "0a".repeat(32));
        for digest in [sha256.as_str(), "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8"] {
            assert_eq!(Digest::parse(digest).map(|digest| digest.to_string()).as_deref(), Ok(digest));
        }
        let too_long = format!("sha256:{}", "a".repeat(MAX_DIGEST));
        for text in ["", "sha256", "sha256:", ":a", "+a:b", "SHA256:a", "sha256:a/b", "sha256:a:b", too_long.as_str()] {
            assert_eq!(Digest::parse(text), Err(InvalidDigest), "{text}");
        }
    }

    #[test]
    fn of_a_list_all_is_known_once_its_images_have_digests() {
        let bare = |architecture: &str| {
            let [os, architecture] = ["linux", architecture].map(str::to_owned);
            PlatformImage::from(Platform { os, architecture, ..Platform::default() })
        };
        let listed =
            |architecture: &str| PlatformImage { digest: Digest::parse("sha256:0a").ok(), ..bare(architecture) };
        let is_whole = |platforms: Vec<PlatformImage>| Image { platforms, ..Image::default() }.is_whole();
        assert!(is_whole(Vec::new()) && is_whole(vec![bare("amd64")]), "what is no list has nothing else");
        assert!(is_whole(vec![listed("amd64"), listed("arm64")]));
        assert!(!is_whole(vec![listed("amd64"), bare("arm64")]));
    }

    #[test]
    fn a_platform_is_written_as_clients_write_it() {
        let mut platform = Platform { os: "linux".into(), architecture: "arm64".into(), ..Platform::default() };
        assert_eq!(platform.to_string(), "linux/arm64");
        platform.variant = "v8".into();
        assert_eq!(platform.to_string(), "linux/arm64/v8");
    }
}
