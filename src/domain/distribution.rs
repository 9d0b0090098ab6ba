//! What a request of the registry's HTTP API asks for, read as the registry reads it (OCI distribution-spec 1.1, and
//! `registry/api/v2/descriptors.go` of Distribution). Pure; who may do it is decided elsewhere.
//!
//! Between this reading and the registry's there must be no gap: what is allowed for one repository must reach that
//! one. So what has two readings is refused, never repaired, and nothing of the path as it came is passed on:
//! [`ContentRequest::target`] writes it anew from its parts.
//!
//! Where such maps went wrong:
//! - A mount gives the blob of another repository away. Who may push to one and not pull from the other must not get it:
//!   pulp (`pulp/pulp_container#1286`) asked for the target only. So a mount is a part of its own ([`Mount`]).
//! - zot takes `mount` without `from`, and links the blob from whatever repository has it (project-zot/zot#4363 is where
//!   it began to ask for the right to read that one). So a mount has both, or is none.
//! - Distribution reads `mount` and `from` by Go's `Request.FormValue`, which prefers the fields of a form in the *body* to
//!   those of the URL. No map of URLs sees them: [`is_form`].
//! - A right may outlive the repository that it was given for: Harbor took tokens from before a project was deleted and
//!   made anew (goharbor/harbor#22900). A name is therefore no identity: `service` compares identifiers.

mod parameters;
#[cfg(test)]
mod tests;
mod tricks;

use super::access::Actions;
use super::content::{Digest, TagOrDigest};
use super::name::RepositoryName;
use super::words::words;

/// Longest identifier of an upload, in bytes. Distribution's have 36; others put their state into it.
pub const MAX_UPLOAD_ID: usize = 512;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Whether the API is there, and whether the credentials are good: `/v2/`.
    Base,
    /// The names of repositories.
    Catalog,
    /// Something in one repository.
    Content(ContentRequest),
}

/// One thing in one repository, and what is to be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentRequest {
    /// The repository.
    pub repository: RepositoryName,
    /// What is to be done.
    pub verb: Verb,
    /// With what.
    pub object: Object,
    /// The parameters that go on to the registry, decoded, each once; never those of a mount.
    pub query: Vec<(String, String)>,
    /// The blob that is to be taken over from another repository, instead of its bytes.
    pub mount: Option<Mount>,
    /// Whether the request had a `mount` or a `from` that make no whole mount. [`Self::target`] leaves them out; whoever
    /// passes on the request as it came must refuse it.
    pub stray_mount: bool,
}

/// A blob of another repository, which the registry is to link instead of receiving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The blob.
    pub digest: Digest,
    /// The repository that has it; pulling from it must be allowed as well.
    pub from: RepositoryName,
}

words! {
    /// The methods of the registry's API, by exactly these words: methods have case.
    pub enum Verb {
        /// Read.
        Get = "GET",
        /// Read without the body.
        Head = "HEAD",
        /// Begin an upload.
        Post = "POST",
        /// Write a manifest, or end an upload.
        Put = "PUT",
        /// Add to an upload.
        Patch = "PATCH",
        /// Delete.
        Delete = "DELETE",
    }
}

/// What a repository has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// The list of its tags.
    Tags,
    /// A manifest.
    Manifest(TagOrDigest),
    /// A blob.
    Blob(Digest),
    /// The place where uploads begin.
    Uploads,
    /// An upload that began.
    Upload(UploadId),
    /// The manifests that refer to this one.
    Referrers(Digest),
}

/// What the registry calls an upload: opaque, `[A-Za-z0-9._=~-]+`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(String);

/// Why a request is none of the registry's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing is at that path, or its name is none.
    #[error("nothing is at this path")]
    NotFound,
    /// Something is there, which takes these methods only: a value for `Allow`.
    #[error("only {0} can be used here")]
    Method(&'static str),
    /// It could be read in two ways. The text tells the client which.
    #[error("{0}")]
    Trick(&'static str),
}

/// What the path leads to.
enum Place {
    Base,
    Catalog,
    In(RepositoryName, Object),
}

/// Reads a request by its method and its target, which is path and query as they stand in the request line.
///
/// # Errors
/// [`Unreadable`]: tricks first, whatever else is wrong.
pub fn read(method: &str, target: &str) -> Result<Asked, Unreadable> {
    let (path, query) = tricks::parts(target)?;
    let place = place(&path)?;
    let verb = verb(method, &place)?;
    match place {
        Place::Base => Ok(Asked::Base),
        Place::Catalog => Ok(Asked::Catalog),
        Place::In(repository, object) => {
            let known = parameters::read(query, verb, &object)?;
            let parameters::Parameters { passed, mount, stray_mount } = known;
            let asked = ContentRequest { repository, verb, object, query: passed, mount, stray_mount };
            // What the registry is asked must be no longer than what may come: written anew, the query may be.
            if tricks::may_grow_too_long(query) {
                tricks::parts(&asked.target())?;
            }
            Ok(Asked::Content(asked))
        }
    }
}

/// Whether a body of this `Content-Type` is read as parameters by Go's `Request.FormValue`, before those of the URL. With
/// such a body, `POST …/blobs/uploads/` can mount any blob. No client of registries sends one there on purpose.
#[must_use]
pub fn is_form(content_type: &str) -> bool {
    let lower = content_type.to_ascii_lowercase();
    ["application/x-www-form-urlencoded", "multipart/"].iter().any(|kind| lower.contains(kind))
}

/// Where a path without tricks leads.
///
/// Names may hold `blobs`, `manifests`, `tags` and `uploads`, so it is read from the right, as Distribution's router does,
/// whose pattern of names is greedy. No path fits two of these: the last part but one tells them apart, and where that is
/// the same, the last one does, since `uploads` is no digest and no upload has an empty name.
fn place(path: &str) -> Result<Place, Unreadable> {
    if matches!(path, "/v2" | "/v2/") {
        return Ok(Place::Base);
    }
    let rest = path.strip_prefix("/v2/").ok_or(Unreadable::NotFound)?;
    let parts: Vec<&str> = rest.split('/').collect();
    let (name, object) = match parts.as_slice() {
        ["_catalog"] => return Ok(Place::Catalog),
        [name @ .., "blobs", "uploads"] | [name @ .., "blobs", "uploads", ""] => (name, Some(Object::Uploads)),
        [name @ .., "blobs", "uploads", id] => (name, UploadId::parse(id).map(Object::Upload)),
        [name @ .., "blobs", digest] => (name, Digest::parse(digest).ok().map(Object::Blob)),
        [name @ .., "manifests", reference] => (name, TagOrDigest::parse(reference).map(Object::Manifest)),
        [name @ .., "tags", "list"] => (name, Some(Object::Tags)),
        [name @ .., "referrers", digest] => (name, Digest::parse(digest).ok().map(Object::Referrers)),
        _ => return Err(Unreadable::NotFound),
    };
    let name = RepositoryName::parse(&name.join("/")).ok();
    name.zip(object).map(|(name, object)| Place::In(name, object)).ok_or(Unreadable::NotFound)
}

/// The method, if the place takes it.
fn verb(method: &str, place: &Place) -> Result<Verb, Unreadable> {
    let allowed = match place {
        Place::Base | Place::Catalog => "GET, HEAD",
        Place::In(_, object) => object.methods(),
    };
    let is_allowed = allowed.split(", ").any(|known| known == method);
    method.parse().ok().filter(|_| is_allowed).ok_or(Unreadable::Method(allowed))
}

impl ContentRequest {
    /// What the caller must be allowed, in its repository (`registry/handlers/app.go` of Distribution). A mount asks for
    /// `pull` in its own repository besides.
    #[must_use]
    pub fn actions(&self) -> Actions {
        match self.verb {
            Verb::Get | Verb::Head => Actions::PULL,
            Verb::Post | Verb::Put | Verb::Patch => Actions::PUSH.with_implied(),
            Verb::Delete => Actions::DELETE,
        }
    }

    /// Path and query for the registry, written anew.
    #[must_use]
    pub fn target(&self) -> String {
        let path = format!("/v2/{}/{}", self.repository, self.object.path());
        let pairs = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mount =
            self.mount.iter().flat_map(|mount| [("mount", mount.digest.as_str()), ("from", mount.from.as_str())]);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs.chain(mount)).finish();
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    /// The same as a plain upload: what the registry does anyway with a mount that it cannot do.
    #[must_use]
    pub fn without_mount(self) -> Self {
        Self { mount: None, ..self }
    }
}

impl Object {
    /// The methods that it takes, as `Allow` lists them.
    fn methods(&self) -> &'static str {
        match self {
            Self::Tags | Self::Referrers(_) => "GET, HEAD",
            Self::Manifest(_) => "GET, HEAD, PUT, DELETE",
            Self::Blob(_) => "GET, HEAD, DELETE",
            Self::Uploads => "POST",
            Self::Upload(_) => "GET, HEAD, PATCH, PUT, DELETE",
        }
    }

    /// Its path below the repository.
    fn path(&self) -> String {
        match self {
            Self::Tags => "tags/list".to_owned(),
            Self::Manifest(TagOrDigest::Tag(tag)) => format!("manifests/{tag}"),
            Self::Manifest(TagOrDigest::Digest(digest)) => format!("manifests/{digest}"),
            Self::Blob(digest) => format!("blobs/{digest}"),
            Self::Uploads => "blobs/uploads/".to_owned(),
            Self::Upload(id) => format!("blobs/uploads/{}", id.as_str()),
            Self::Referrers(digest) => format!("referrers/{digest}"),
        }
    }
}

impl UploadId {
    /// Checks and takes an identifier; none for a text that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._=~-".contains(&byte);
        let is_one_part = !matches!(text, "" | "." | "..");
        let is_good = is_one_part && text.len() <= MAX_UPLOAD_ID && text.bytes().all(is_plain);
        is_good.then(|| Self(text.to_owned()))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
