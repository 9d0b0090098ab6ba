//! The query of a request to the registry: which parameters go on, and whether they ask for a mount.

use std::collections::HashSet;

use super::{Mount, Object, Unreadable, Verb};
use crate::domain::content::Digest;
use crate::domain::name::RepositoryName;

const TWICE: Unreadable = Unreadable::Trick("a parameter is there twice");
const TAGGED: Unreadable = Unreadable::Trick("a manifest gets its tag by the path, not by a parameter");

/// What the query says.
pub(super) struct Parameters {
    /// What goes on to the registry, but for the mount.
    pub(super) passed: Vec<(String, String)>,
    /// The mount, if it is whole.
    pub(super) mount: Option<Mount>,
    /// Whether parts of a mount are there that are no whole one.
    pub(super) stray_mount: bool,
}

/// Reads a query without tricks.
///
/// # Errors
/// [`Unreadable::Trick`] if a parameter is there twice, or would go round a rule.
pub(super) fn read(query: &str, verb: Verb, object: &Object) -> Result<Parameters, Unreadable> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut seen = HashSet::new();
    if !pairs.iter().all(|(name, _)| seen.insert(name.as_str())) {
        return Err(TWICE);
    }
    // Drafts of the distribution-spec 1.2 let `PUT …/manifests/<digest>?tag=` tag it: a tag that no rule on tags would see.
    if matches!((verb, object), (Verb::Put, Object::Manifest(_))) && seen.contains("tag") {
        return Err(TAGGED);
    }
    let named = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let may_mount = matches!(object, Object::Uploads);
    let mount = if may_mount { mount(named("mount"), named("from")) } else { None };
    let stray_mount = may_mount && mount.is_none() && (seen.contains("mount") || seen.contains("from"));
    let passed = pairs.iter().filter(|(name, _)| is_passed(object, name)).cloned().collect();
    Ok(Parameters { passed, mount, stray_mount })
}

/// A mount, if both of its parameters are good. Otherwise it is an upload like any other, as Distribution has it.
fn mount(digest: Option<&str>, from: Option<&str>) -> Option<Mount> {
    let (digest, from) = digest.zip(from)?;
    Some(Mount { digest: Digest::parse(digest).ok()?, from: RepositoryName::parse(from).ok()? })
}

/// Whether a parameter goes on to the registry. Others, such as containerd's `ns`, end here: it names a registry. Lists have
/// cursors of the registry's own (Quay's `next_page`); no parameter of theirs names a repository.
fn is_passed(object: &Object, name: &str) -> bool {
    let known: &[&str] = match object {
        // The registry itself wrote the URL of an upload, and what its parameters mean is its own affair.
        Object::Upload(_) => return true,
        Object::Tags | Object::Referrers(_) => return name != "ns",
        Object::Uploads => &["digest", "digest-algorithm"],
        Object::Manifest(_) | Object::Blob(_) => &[],
    };
    known.contains(&name)
}
