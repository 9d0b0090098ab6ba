//! Repositories and their tags.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, Counting, Ordering, Paged, Paging};
use crate::domain::content::{Digest, TagName};
use crate::domain::name::RepositoryName;

parameters! {
    /// A part of a repository's name.
    Containing {
        /// Only names that contain this.
        contains "q": Option<String>,
    }
}

parameters! {
    /// What DTR's clients send along when they list tags.
    Unread {
        /// Not read: `manifest` is always there.
        include_manifests "includeManifests": Option<bool>,
        /// Not read.
        domain "domain": Option<String>,
    }
}

parameters! {
    /// Which images of a list of images are wanted.
    OnPlatform {
        /// Only tags with an image for this operating system.
        os "os": Option<String>,
        /// Only tags with an image for this processor.
        arch "arch": Option<String>,
        /// Not read.
        domain "domain": Option<String>,
    }
}

parameters! {
    /// What may be deleted along with a tag.
    Along {
        /// At most 100 other tags, with commas between them, that may go along where the registry deletes whole manifests
        /// only. Those that point to the same manifest then go; all others stay.
        also "alsoTags": Option<String>,
    }
}

parameters! {
    /// Whose repositories.
    OfOwner {
        /// Only those that this account owns, in whatever namespace; another's: administrators.
        owner "owner": Option<String>,
    }
}

/// The query parameters of a list of repositories.
pub type RepositoryList = (Containing, Ordering, Paging<RepositoryName>, Counting);

operations! { Repositories:
    /// List the repositories that you see, by name
    ListRepositories = Get "/api/v0/repositories" 200 {
        act: RepositoryList,
        query: (OfOwner, Containing, Ordering, Paging<RepositoryName>, Counting),
        answer: Paged<api::Repositories>,
        codes: [NoSuchAccount],
    }

    /// List the repositories of a namespace that you see
    ListRepositoriesOfNamespace = Get "/api/v0/repositories/{namespace}" 200 {
        act: RepositoryList,
        query: RepositoryList,
        answer: Paged<api::Repositories>,
        codes: [NoSuchAccount],
    }

    /// Make a repository
    CreateRepository = Post "/api/v0/repositories/{namespace}" 201 {
        act: RepositoryCreate,
        body: api::CreateRepository,
        answer: api::Repository,
        codes: [InvalidVisibility, RepositoryExists, NoSuchAccount, LimitReached, NamespaceInUse, GatewayRequired],
    }

    /// View a repository; a `/` in its name is sent as `%2F`
    ViewRepository = Get "/api/v0/repositories/{namespace}/{reponame}" 200 {
        act: RepositoryView,
        answer: api::Repository,
        codes: [NoSuchRepository],
    }

    /// View how often a repository was pulled and pushed to on each of the last 90 days
    ViewActivity = Get "/api/v0/repositories/{namespace}/{reponame}/activity" 200 {
        act: RepositoryView,
        answer: api::RepositoryActivity,
        codes: [NoSuchRepository, Unavailable],
    }

    /// Change description and visibility
    UpdateRepository = Patch "/api/v0/repositories/{namespace}/{reponame}" 200 {
        act: RepositoryUpdate,
        body: api::UpdateRepository,
        answer: api::Repository,
        codes: [InvalidVisibility, NoSuchRepository, GatewayRequired],
    }

    /// Delete a repository; a `Warning` header says what stays
    DeleteRepository = Delete "/api/v0/repositories/{namespace}/{reponame}" 204 {
        act: RepositoryDelete,
        codes: [NoSuchRepository],
    }

    /// Give a repository to another account, for administrators: its name stays, and who has its namespace owns it no more
    TransferRepository = Post "/api/v0/repositories/{namespace}/{reponame}/transfer" 200 {
        act: RepositoryTransfer,
        body: api::TransferRepositories,
        answer: api::Repository,
        codes: [NoSuchRepository, NoSuchAccount, LimitReached],
    }

    /// Give all repositories of an account to another one, for administrators; of very many the first, until `left` is 0
    TransferRepositoriesOfAccount = Post "/api/v0/accounts/{name}/transferRepositories" 200 {
        act: RepositoryTransfer,
        body: api::TransferAllRepositories,
        answer: api::TransferredRepositories,
        codes: [NoSuchAccount, LimitReached],
    }

    /// List the tags of a repository, by name
    ListTags = Get "/api/v0/repositories/{namespace}/{reponame}/tags" 200 {
        act: TagList,
        query: (Unread, Paging<TagName>, Counting),
        answer: Paged<Vec<api::Tag>>,
        codes: [NoSuchRepository],
    }

    /// View a tag, or all tags that point to a digest
    ViewTag = Get "/api/v0/repositories/{namespace}/{reponame}/tags/{tag}" 200 {
        act: TagList,
        query: OnPlatform,
        answer: Vec<api::Tag>,
        codes: [NoSuchRepository, NoSuchRef],
    }

    /// List the manifests that the tags of a repository point to, by digest
    ListManifests = Get "/api/v0/repositories/{namespace}/{reponame}/manifests" 200 {
        act: TagList,
        query: (Paging<Digest>, Counting),
        answer: Paged<Vec<api::Manifest>>,
        codes: [NoSuchRepository],
    }

    /// Delete a tag, here and in the registry
    DeleteTag = Delete "/api/v0/repositories/{namespace}/{reponame}/tags/{tag}" 204 {
        act: TagDelete,
        query: Along,
        codes: [NoSuchRepository, NoSuchTag, TagSharesManifest, NeedsRegistryUrl, DeletionDisabled],
    }
}
