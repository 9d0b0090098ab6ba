//! The turns to change a tag, and tags that are not moved once they are there.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{COME_BACK, LARGEST_MANIFEST, Passage};
use crate::api::Code;
use crate::domain::content::{Digest, TagName, TagOrDigest};
use crate::domain::distribution::{ContentRequest, Object, Verb};
use crate::http::failure::Failure;
use crate::registry::gateway::{TagLock, digest_of};

/// Longest wait for the turn to change a tag.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how long an immutable tag is nobody's turn after a push without an answer: the registry may still be at it.
const AFTERMATH: Duration = Duration::from_mins(1);

impl Passage {
    /// The turn to change this tag; none for a manifest by its digest.
    pub(super) async fn turn(
        &self,
        asked: &ContentRequest,
        reference: &TagOrDigest,
    ) -> Result<Option<TagLock>, Failure> {
        let TagOrDigest::Tag(tag) = reference else { return Ok(None) };
        let turn = timeout(PATIENCE, self.relay.gateway().locks.turn(&asked.repository, tag)).await;
        let late = |_| {
            let message = format!("others have been changing the tag {tag} for too long");
            Failure::new(Code::Unavailable, message).retrying_after(COME_BACK)
        };
        turn.map(Some).map_err(late)
    }

    /// Refuses to move an immutable tag: whoever has the turn learns whether the registry has it, and may push what it has.
    pub(super) async fn refuse_to_move(
        &self,
        asked: &ContentRequest,
        tag: &TagName,
        digest: &Digest,
    ) -> Result<(), Failure> {
        let question =
            |verb| ContentRequest { verb, object: Object::Manifest(TagOrDigest::Tag(tag.clone())), ..asked.clone() };
        let there = self.ask(&question(Verb::Head)).await?;
        let present = match (there.status, there.digest) {
            (404, _) => return Ok(()),
            (200, Some(present)) => Some(present),
            // The specification lets a registry leave the digest out.
            (200, None) => {
                let whole = self.ask(&question(Verb::Get)).await?;
                let content = if whole.status == 200 { whole.body.whole(LARGEST_MANIFEST).await.ok() } else { None };
                content.and_then(|content| digest_of(&content))
            }
            (_, _) => None,
        };
        match present {
            Some(present) if present == *digest => Ok(()),
            Some(_) => Err(Failure::new(
                Code::TagImmutable,
                format!(
                    "the tag {tag} is immutable here and points to something else: whoever must move it deletes it first"
                ),
            )),
            None => Err(Failure::new(
                Code::UpstreamFailed,
                format!("the tag {tag} is immutable here, and the registry does not tell what it points to"),
            )),
        }
    }

    pub(super) fn is_immutable(&self, tag: &TagName) -> bool {
        let repository = self.app.service.admitted_repository(&self.admitted);
        repository.is_some_and(|repository| repository.immutable_tags.holds(tag))
    }
}

/// Keeps the turn at an immutable tag for a while, if its push had no answer of the registry.
pub(super) fn keep_turn(turn: Option<TagLock>, failure: &Failure) {
    if matches!(failure.code, Code::UpstreamTimedOut | Code::UpstreamFailed) {
        actix_web::rt::spawn(async move {
            sleep(AFTERMATH).await;
            drop(turn);
        });
    }
}
