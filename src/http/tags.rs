//! `/api/v0/repositories/{namespace}/{reponame}/tags`: the tags of a repository, as the registry holds them.

use super::failure::Failure;
use super::page;
use super::reply::{Replied, Reply};
use super::repositories::repository;
use super::request::Request;
use crate::api::operations::repositories as op;
use crate::api::{self, Code, Nothing};
use crate::domain::content::{Platform, Tag, TagName};
use crate::service::{Call, Service};

/// Most other tags that may be deleted along with one.
const MAX_ALSO: usize = 100;

fn shown(tag: &Tag) -> api::Tag {
    let image = tag.image.clone().unwrap_or_default();
    let (config_digest, config_media_type) =
        image.config.map(|(digest, media_type)| (digest.to_string(), media_type)).unwrap_or_default();
    // A manifest list has several platforms: none of them is that of the image.
    let only = match image.platforms.as_slice() {
        [only] => only.clone(),
        _ => Platform::default(),
    };
    let manifest = api::Manifest {
        digest: tag.digest.to_string(),
        media_type: tag.media_type.clone(),
        config_digest,
        config_media_type,
        os: only.os,
        os_version: only.os_version,
        architecture: only.architecture,
        author: image.author.clone(),
        created_at: image.created_at.map(|at| at.to_string()),
        size: image.size,
        dockerfile: Vec::new(),
    };
    api::Tag {
        name: tag.name.to_string(),
        digest: tag.digest.to_string(),
        author: image.author,
        updated_at: tag.updated_at.to_string(),
        created_at: tag.created_at.to_string(),
        hash_mismatch: false,
        in_notary: false,
        manifest,
        platforms: image.platforms.iter().map(ToString::to_string).collect(),
    }
}

pub(super) async fn list(request: Request<op::ListTags>) -> Replied<op::ListTags> {
    let ([namespace, rest], (_, page, count)) = (request.parts()?, request.query()?);
    let name = repository(&namespace, &rest)?;
    // The count costs nothing: only a large page may take long.
    let read = move |service: &Service, call: &Call| service.list_tags(call, &name, page.start.as_ref(), page.size);
    let mut list = request.read_list(page::is_long(page.size), read).await?;
    list.count = list.count.filter(|_| count.is_wanted());
    Ok(Reply::new(&page::paged(&list, |_, _| list.entries.iter().map(|tag| shown(tag)).collect())))
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
