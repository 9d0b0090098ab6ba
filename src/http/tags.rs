//! `/api/v0/repositories/{namespace}/{reponame}/tags` and `…/manifests`: the tags of a repository, as the registry holds them.

use super::failure::Failure;
use super::page;
use super::reply::{Replied, Reply};
use super::repositories::repository;
use super::request::Request;
use crate::api::operations::repositories as op;
use crate::api::{self, Code, Nothing};
use crate::domain::content::{Platform, PlatformImage, Tag, TagName, TagOrDigest};
use crate::service::{Call, Service, TagView};

/// Most other tags that may be deleted along with one.
const MAX_ALSO: usize = 100;

fn shown_manifest(tag: &Tag) -> api::Manifest {
    let image = tag.image.clone().unwrap_or_default();
    let (config_digest, config_media_type) =
        image.config.map(|(digest, media_type)| (digest.to_string(), media_type)).unwrap_or_default();
    // A manifest list has several platforms: none of them is that of the image.
    let only = match image.platforms.as_slice() {
        [only] => only.platform.clone(),
        _ => Platform::default(),
    };
    api::Manifest {
        digest: tag.digest.to_string(),
        media_type: tag.media_type.clone(),
        config_digest,
        config_media_type,
        os: only.os,
        os_version: only.os_version,
        architecture: only.architecture,
        author: image.author,
        created_at: image.created_at.map(|at| at.to_string()),
        size: image.size,
        dockerfile: Vec::new(),
    }
}

fn shown(TagView { tag, is_immutable }: &TagView) -> api::Tag {
    let manifest = shown_manifest(tag);
    api::Tag {
        name: tag.name.to_string(),
        digest: tag.digest.to_string(),
        author: manifest.author.clone(),
        updated_at: tag.updated_at.to_string(),
        created_at: tag.created_at.to_string(),
        hash_mismatch: false,
        in_notary: false,
        is_immutable: *is_immutable,
        manifest,
        pushed_by: tag.pushed_by.as_ref().map(|pusher| pusher.name.to_string()),
        pushed_by_id: tag.pushed_by.as_ref().map(|pusher| pusher.account.to_string()),
        platforms: platforms(tag).iter().map(|image| image.platform.to_string()).collect(),
        platform_images: platforms(tag).iter().map(|image| shown_image(tag, image)).collect(),
    }
}

/// One for a platform. The only one is what the tag points to, unless it is known to be in a list.
fn shown_image(tag: &Tag, image: &PlatformImage) -> api::PlatformImage {
    let (digest, size) = match &image.digest {
        Some(digest) => (Some(digest), image.size),
        None => {
            tag.image.as_ref().filter(|whole| whole.platforms.len() == 1).map(|whole| (&tag.digest, whole.size)).unzip()
        }
    };
    api::PlatformImage { platform: image.platform.to_string(), digest: digest.map(ToString::to_string), size }
}

fn platforms(tag: &Tag) -> &[PlatformImage] {
    tag.image.as_ref().map_or(&[], |image| &image.platforms)
}

pub(super) async fn list(request: Request<op::ListTags>) -> Replied<op::ListTags> {
    let ([namespace, rest], (_, page, count)) = (request.parts()?, request.query()?);
    let name = repository(&namespace, &rest)?;
    // The count costs nothing: only a large page may take long.
    let read = move |service: &Service, call: &Call| service.list_tags(call, &name, page.start.as_ref(), page.size);
    let mut list = request.read_list(page::is_long(page.size), read).await?;
    list.count = list.count.filter(|_| count.is_wanted());
    Ok(Reply::new(&page::paged(&list, |_, _| list.entries.iter().map(shown).collect())))
}

/// `GET /api/v0/repositories/{namespace}/{reponame}/tags/{tag}`, where a digest may stand for the tag. A list of images
/// is one entry here, with all its platforms: what each of its images is called is the registry's to say.
pub(super) async fn view(request: Request<op::ViewTag>) -> Replied<op::ViewTag> {
    let ([namespace, rest, text], op::OnPlatform { os, arch, .. }) = (request.parts()?, request.query()?);
    let name = repository(&namespace, &rest)?;
    let reference = TagOrDigest::parse(&text);
    let read = move |service: &Service, call: &Call| service.view_tags(call, &name, reference.as_ref());
    let tags = request.read_long(read).await?;
    if tags.is_empty() {
        return Err(Failure::new(Code::NoSuchRef, format!("no such tag or digest: {text}")));
    }
    let is = |asked: &Option<String>, has: &str| asked.as_ref().is_none_or(|asked| asked == has);
    let fits = |platform: &Platform| is(&os, &platform.os) && is(&arch, &platform.architecture);
    let fits = |view: &&TagView| {
        (os.is_none() && arch.is_none()) || platforms(&view.tag).iter().map(|image| &image.platform).any(fits)
    };
    Ok(Reply::new(&tags.iter().filter(fits).map(shown).collect()))
}

/// `GET /api/v0/repositories/{namespace}/{reponame}/manifests`
pub(super) async fn manifests(request: Request<op::ListManifests>) -> Replied<op::ListManifests> {
    let ([namespace, rest], (page, count)) = (request.parts()?, request.query()?);
    let name = repository(&namespace, &rest)?;
    let read = move |service: &Service, call: &Call| service.list_manifests(call, &name, page.start, page.size);
    let mut list = request.read_long(read).await?;
    list.count = list.count.filter(|_| count.is_wanted());
    Ok(Reply::new(&page::paged(&list, |_, _| list.entries.iter().map(|tag| shown_manifest(tag)).collect())))
}

/// `DELETE /api/v0/repositories/{namespace}/{reponame}/tags/{tag}`: the registry deletes the tag first, then its record
/// is removed.
pub(super) async fn delete(request: Request<op::DeleteTag>) -> Replied<op::DeleteTag> {
    let [namespace, rest, text] = request.parts()?;
    let (name, tag, also) = (repository(&namespace, &rest)?, tag(&text)?, also_tags(request.query()?)?);
    let shown = format!("{name}:{tag}");
    let deletion = request.run(|service, call| service.begin_tag_deletion(call, &name, tag, also))?;
    let was_there = request.app.neighbour()?.delete_tag(request.call.clone(), deletion).await?;
    if was_there {
        Ok(Reply::new(&Nothing))
    } else {
        Err(Failure::new(Code::NoSuchTag, format!("no such tag: {shown}")))
    }
}

/// `alsoTags`: other tags that may be deleted along.
fn also_tags(op::Along { also }: op::Along) -> Result<Vec<TagName>, Failure> {
    let text = also.unwrap_or_default();
    let tags = text.split(',').filter(|tag| !tag.is_empty()).map(TagName::parse);
    let tags = tags.take(MAX_ALSO + 1).collect::<Result<Vec<_>, _>>();
    let tags = tags.map_err(|error| Failure::invalid("alsoTags", error))?;
    if tags.len() > MAX_ALSO {
        return Err(Failure::invalid("alsoTags", format!("at most {MAX_ALSO} tags")));
    }
    Ok(tags)
}

/// The tag in the path; an invalid name is answered like an unknown tag.
fn tag(text: &str) -> Result<TagName, Failure> {
    TagName::parse(text).map_err(|_| Failure::new(Code::NoSuchTag, format!("no such tag: {text}")))
}
