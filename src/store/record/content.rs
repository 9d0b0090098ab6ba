//! Tags, activity, and the names that were deleted here: the records of what the registry holds.

use serde::{Deserialize, Serialize};

use super::Record;
use crate::domain::content::{Activity, Deletion, Digest, Image, MAX_PLATFORMS, Platform, Remains, Tag, TagName};
use crate::domain::name::RepositoryName;
use crate::domain::time::Timestamp;

/// A tag with everything that its key says, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct StoredTag {
    pub(in crate::store) repository: RepositoryName,
    pub(in crate::store) tag: Tag,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct TagV1 {
    repository: String,
    name: String,
    digest: String,
    media_type: String,
    created_at: i64,
    updated_at: i64,
    image: Option<ImageV1>,
}

#[derive(Serialize, Deserialize)]
struct ImageV1 {
    size: u64,
    config: Option<(String, String)>,
    /// Operating system, its version, architecture, variant.
    platforms: Vec<[String; 4]>,
    author: String,
    created_at: Option<i64>,
}

impl ImageV1 {
    fn of(image: &Image) -> Self {
        let platform = |platform: &Platform| {
            let Platform { os, os_version, architecture, variant } = platform.clone();
            [os, os_version, architecture, variant]
        };
        Self {
            size: image.size,
            config: image.config.as_ref().map(|(digest, media_type)| (digest.to_string(), media_type.clone())),
            platforms: image.platforms.iter().take(MAX_PLATFORMS).map(platform).collect(),
            author: image.author.clone(),
            created_at: image.created_at.map(Timestamp::millis),
        }
    }

    fn load(self) -> Option<Image> {
        let config = self.config.map(|(digest, media_type)| Digest::parse(&digest).ok().map(|it| (it, media_type)));
        let config = match config {
            Some(None) => return None,
            Some(config) => config,
            None => None,
        };
        let platform =
            |[os, os_version, architecture, variant]: [String; 4]| Platform { os, os_version, architecture, variant };
        Some(Image {
            size: self.size,
            config,
            platforms: self.platforms.into_iter().map(platform).collect(),
            author: self.author,
            created_at: self.created_at.map(Timestamp::from_millis),
        })
    }
}

impl Record for StoredTag {
    type Stored = TagV1;

    fn store(&self) -> TagV1 {
        let Self { repository, tag } = self;
        TagV1 {
            repository: repository.to_string(),
            name: tag.name.to_string(),
            digest: tag.digest.to_string(),
            media_type: tag.media_type.clone(),
            created_at: tag.created_at.millis(),
            updated_at: tag.updated_at.millis(),
            image: tag.image.as_ref().map(ImageV1::of),
        }
    }

    fn load(stored: TagV1) -> Option<Self> {
        let image = match stored.image {
            Some(image) => Some(image.load()?),
            None => None,
        };
        let tag = Tag {
            name: TagName::parse(&stored.name).ok()?,
            digest: Digest::parse(&stored.digest).ok()?,
            media_type: stored.media_type,
            created_at: Timestamp::from_millis(stored.created_at),
            updated_at: Timestamp::from_millis(stored.updated_at),
            image,
        };
        Some(Self { repository: RepositoryName::parse(&stored.repository).ok()?, tag })
    }
}

/// How a repository is used, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct StoredActivity {
    pub(in crate::store) repository: RepositoryName,
    pub(in crate::store) activity: Activity,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ActivityV1 {
    repository: String,
    pulls: u64,
    pushes: u64,
    last_push: Option<i64>,
    missing_since: Option<i64>,
}

impl Record for StoredActivity {
    type Stored = ActivityV1;

    fn store(&self) -> ActivityV1 {
        let Activity { pulls, pushes, last_push, missing_since } = self.activity;
        ActivityV1 {
            repository: self.repository.to_string(),
            pulls,
            pushes,
            last_push: last_push.map(Timestamp::millis),
            missing_since: missing_since.map(Timestamp::millis),
        }
    }

    fn load(stored: ActivityV1) -> Option<Self> {
        let activity = Activity {
            pulls: stored.pulls,
            pushes: stored.pushes,
            last_push: stored.last_push.map(Timestamp::from_millis),
            missing_since: stored.missing_since.map(Timestamp::from_millis),
        };
        Some(Self { repository: RepositoryName::parse(&stored.repository).ok()?, activity })
    }
}

/// A repository that was deleted here, with what becomes of its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Deleted {
    pub(in crate::store) repository: RepositoryName,
    pub(in crate::store) deletion: Deletion,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct DeletedV1 {
    repository: String,
    at: i64,
    content: u8,
    registry: String,
}

impl Record for Deleted {
    type Stored = DeletedV1;

    fn store(&self) -> DeletedV1 {
        let Deletion { at, content } = &self.deletion;
        let (content, registry) = match content {
            Remains::Stays => (1, String::new()),
            Remains::Goes { registry } => (2, registry.to_string()),
            Remains::None => (3, String::new()),
        };
        DeletedV1 { repository: self.repository.to_string(), at: at.millis(), content, registry }
    }

    fn load(stored: DeletedV1) -> Option<Self> {
        let repository = RepositoryName::parse(&stored.repository).ok()?;
        let content = match (stored.content, stored.registry.as_str()) {
            (1, "") => Remains::Stays,
            (2, registry) => Remains::Goes { registry: registry.into() },
            (3, "") => Remains::None,
            (_, _) => return None,
        };
        Some(Self { repository, deletion: Deletion { at: Timestamp::from_millis(stored.at), content } })
    }
}
