//! `/api/v0/repositories/{namespace}/{reponame}/tags`: what the registry holds of a repository.

use actix_web::HttpResponse;

use super::failure::{Code, Failure};
use super::page::{self, PageQuery};
use super::repositories::repository;
use super::request::Request;
use crate::api;
use crate::domain::content::{Platform, Tag, TagName};

/// Most tags that may go along with one.
const MAX_ALSO: usize = 100;

fn shown(tag: &Tag) -> api::Tag {
    let image = tag.image.clone().unwrap_or_default();
    let (config_digest, config_media_type) =
        image.config.map(|(digest, media_type)| (digest.to_string(), media_type)).unwrap_or_default();
    // Of a list, no one platform is the image's.
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

/// `GET /api/v0/repositories/{namespace}/{reponame}/tags`
pub(super) async fn list(request: Request) -> Result<HttpResponse, Failure> {
    let name = repository(&request)?;
    let page = PageQuery::read(&request)?;
    let after = page.start.as_deref().map(TagName::parse).transpose();
    let after = after.map_err(|_| Failure::invalid("pageStart", "not the start of a page"))?;
    let (limit, with_count) = (page.size, page.with_count);
    // The count is at hand: only a large page is long.
    let list = request.read(page.is_long(), move |service, call| service.list_tags(call, &name, after.as_ref(), limit));
    let list = list.await?;
    let tags: Vec<api::Tag> = list.tags.iter().map(|tag| shown(tag)).collect();
    Ok(page::answer(tags, list.next.map(|tag| tag.to_string()), with_count.then_some(list.count)))
}

/// `DELETE /api/v0/repositories/{namespace}/{reponame}/tags/{tag}`: the registry deletes, then the record goes.
pub(super) async fn delete(request: Request) -> Result<HttpResponse, Failure> {
    let (name, tag, also) = (repository(&request)?, tag(&request)?, also_tags(&request)?);
    let shown = format!("{name}:{tag}");
    let deletion = request.run(|service, call| service.begin_tag_deletion(call, &name, tag, also))?;
    let was_there = request.app.neighbour()?.delete_tag(request.call.clone(), deletion).await?;
    if was_there {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Failure::new(Code::NoSuchTag, format!("no such tag: {shown}")))
    }
}

/// `alsoTags`: other tags that may go along.
fn also_tags(request: &Request) -> Result<Vec<TagName>, Failure> {
    let text = request.query_value("alsoTags").unwrap_or_default();
    let tags = text.split(',').filter(|tag| !tag.is_empty()).map(TagName::parse);
    let tags = tags.take(MAX_ALSO + 1).collect::<Result<Vec<_>, _>>();
    let tags = tags.map_err(|error| Failure::invalid("alsoTags", error))?;
    if tags.len() > MAX_ALSO {
        return Err(Failure::invalid("alsoTags", format!("at most {MAX_ALSO} tags")));
    }
    Ok(tags)
}

/// The tag of the path. What is no tag is none that is there.
fn tag(request: &Request) -> Result<TagName, Failure> {
    let text = request.part("tag")?;
    TagName::parse(&text).map_err(|_| Failure::new(Code::NoSuchTag, format!("no such tag: {text}")))
}
