//! Tags, activity, also by day, and the names that were deleted here: the records of what the registry holds.

use serde::{Deserialize, Serialize};

use crate::domain::content::{Activity, Deletion, Image, Tag};
use crate::domain::days::Days;
use crate::domain::id::Id;
use crate::domain::name::RepositoryName;
use crate::domain::token_uses::TokenUses;
use crate::store::field::Bytes16;
use crate::store::row::{frozen, part, record};
use crate::store::table;

/// A tag, with the parts of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct StoredTag {
    pub(in crate::store) repository: Id,
    pub(in crate::store) tag: Tag,
}

// Before format 3 it named its repository; which one that is, the migration knows, not the record.
frozen!(TagV1 is 14, 1;; {
    repository: String,
    tag: TagBody1,
});

frozen!(TagV2 is 14, 2;; {
    repository: Bytes16,
    tag: TagBody1,
});

frozen!(TagV3 is 14, 3; TagV2 by |older| TagV3 { repository: older.repository, tag: older.tag.renewed() }; {
    repository: Bytes16,
    tag: TagBody2,
});

frozen!(TagV4 is 14, 4; TagV3 by |older| TagV4 { repository: older.repository, tag: older.tag.renewed() }; {
    repository: Bytes16,
    tag: TagBody3,
});

record!(@fields StoredTag; TagV4 { repository, tag, });
record!(@place StoredTag, in Tags at |it| table::tag(it.repository, &it.tag.name));

/// A tag as it was written before it was known who pushed it.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct TagBody1 {
    name: String,
    digest: String,
    media_type: String,
    created_at: i64,
    updated_at: i64,
    image: Option<Image1>,
}

impl TagBody1 {
    /// The same in the next form.
    fn renewed(self) -> TagBody2 {
        let Self { name, digest, media_type, created_at, updated_at, image } = self;
        TagBody2 { name, digest, media_type, created_at, updated_at, image, pushed_by: None }
    }

    /// The same in the form of today.
    pub(in crate::store) fn of_today(self) -> TagBody3 {
        self.renewed().renewed()
    }
}

/// A tag as it was written before the images of a list had their digests and sizes.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct TagBody2 {
    name: String,
    digest: String,
    media_type: String,
    created_at: i64,
    updated_at: i64,
    image: Option<Image1>,
    pushed_by: Option<(Bytes16, String)>,
}

impl TagBody2 {
    /// The same in the form of today.
    fn renewed(self) -> TagBody3 {
        let Self { name, digest, media_type, created_at, updated_at, image, pushed_by } = self;
        TagBody3 { name, digest, media_type, created_at, updated_at, image: image.map(Image1::renewed), pushed_by }
    }
}

#[cfg(test)]
impl TagBody3 {
    /// The same as it was written at first.
    pub(in crate::store) fn earliest(self) -> TagBody1 {
        let Self { name, digest, media_type, created_at, updated_at, image, pushed_by: _ } = self;
        TagBody1 { name, digest, media_type, created_at, updated_at, image: image.map(Image2::earlier) }
    }
}

part!(Tag; TagBody3 {
    name: String,
    digest: String,
    media_type: String,
    created_at: i64,
    updated_at: i64,
    image: Option<Image2>,
    pushed_by: Option<(Bytes16, String)>,
});

/// An image as it was written before those of a list had their digests and sizes.
#[derive(Serialize, Deserialize)]
struct Image1 {
    size: u64,
    config: Option<(String, String)>,
    platforms: Vec<[String; 4]>,
    author: String,
    created_at: Option<i64>,
}

impl Image1 {
    fn renewed(self) -> Image2 {
        let Self { size, config, platforms, author, created_at } = self;
        // Digests and sizes were not kept.
        let platforms = platforms.into_iter().map(|platform| (platform, None, None)).collect();
        Image2 { size, config, platforms, author, created_at }
    }
}

#[cfg(test)]
impl Image2 {
    fn earlier(self) -> Image1 {
        let Self { size, config, platforms, author, created_at } = self;
        let platforms = platforms.into_iter().map(|(platform, ..)| platform).collect();
        Image1 { size, config, platforms, author, created_at }
    }
}

part!(Image; Image2 {
    size: u64,
    config: Option<(String, String)>,
    platforms: Vec<([String; 4], Option<String>, Option<u64>)>,
    author: String,
    created_at: Option<i64>,
});

/// How a repository is used, with its identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct StoredActivity {
    pub(in crate::store) repository: Id,
    pub(in crate::store) activity: Activity,
    pub(in crate::store) uses: TokenUses,
}

// The migration knows the repository, as with tags.
frozen!(ActivityV1 is 15, 1;; {
    repository: String,
    activity: ActivityBody1,
});

record!(StoredActivity, in Activity at |it| table::id(it.repository); ActivityV2 is 15, 2 {
    repository: Bytes16,
    activity: ActivityBody1,
} then ActivityV3 is 3, adding |_older| {
    uses: Vec<(Bytes16, i64)> = Vec::new(),
});

part!(Activity; ActivityBody1 {
    pulls: u64,
    pushes: u64,
    last_push: Option<i64>,
    missing_since: Option<i64>,
});

/// How often a repository was pulled and pushed to day by day, with its identifier. At most
/// [`KEPT_DAYS`](crate::domain::days::KEPT_DAYS) days of 12 bytes each: some 1,100 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct StoredDays {
    pub(in crate::store) repository: Id,
    pub(in crate::store) days: Days,
}

record!(StoredDays, in Days at |it| table::id(it.repository); DaysV1 is 24, 1 {
    repository: Bytes16,
    days: Vec<(u32, u32, u32)>,
});

/// A repository that was deleted here, with what becomes of its content, and the account that owned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Deleted {
    pub(in crate::store) repository: RepositoryName,
    pub(in crate::store) deletion: Deletion,
    pub(in crate::store) owner: Option<Id>,
}

record!(Deleted, in Deleted at |it| table::name(&it.repository); DeletedV1 is 16, 1 {
    repository: String,
    deletion: (i64, (u8, String)),
} then DeletedV2 is 2, adding |older| {
    owner: Option<Bytes16> = None,
});
