//! Manifests on their way through: what is pushed, given out or deleted is recorded before the client gets the answer.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::Bytes;
use tokio::time::timeout;

use super::immutable::keep_turn;
use super::{LARGEST_MANIFEST, Passage, answer, full};
use crate::correlation;
use crate::domain::content::{Digest, TagOrDigest};
use crate::domain::distribution::{ContentRequest, Verb};
use crate::http::failure::Failure;
use crate::http::pools::{Place, Work};
use crate::http::request::{header, read_body};
use crate::registry::gateway::{Load, Passed, RelayError, digest_of};

/// A manifest of more bytes is a large one, of which few are held at a time.
const LARGE: usize = 128 * 1024;
/// How long a manifest may take to come.
const ARRIVAL: Duration = Duration::from_secs(30);

impl Passage {
    /// Passes a manifest to the registry, and records it. An immutable tag is not moved.
    pub(super) async fn push_manifest(
        self,
        mut payload: Payload,
        asked: ContentRequest,
        reference: TagOrDigest,
    ) -> Result<HttpResponse, Failure> {
        let room = self.room_for_manifest().await?;
        let body = timeout(ARRIVAL, read_body(&self.http, &mut payload, LARGEST_MANIFEST));
        let body = body.await.map_err(|_| RelayError::BrokenOff)??;
        to_its_end(async move {
            let pushed = self.push_whole(body, &asked, reference).await;
            drop(room);
            pushed
        })
        .await
    }

    async fn push_whole(
        self,
        body: Bytes,
        asked: &ContentRequest,
        reference: TagOrDigest,
    ) -> Result<HttpResponse, Failure> {
        let media_type = header(&self.http, CONTENT_TYPE).to_owned();
        let digest = match &reference {
            TagOrDigest::Digest(digest) => digest.clone(),
            TagOrDigest::Tag(_) => digest_of(&body).ok_or(RelayError::Senseless)?,
        };
        let turn = self.turn(asked, &reference).await?;
        let immutable = match &reference {
            TagOrDigest::Tag(tag) if self.is_immutable(tag) => Some(tag),
            TagOrDigest::Tag(_) | TagOrDigest::Digest(_) => None,
        };
        if let Some(tag) = immutable {
            self.refuse_to_move(asked, tag, &digest).await?;
        }
        let passed = match self.send(asked, Load::Whole(body), Some(media_type.clone())).await {
            Ok(passed) => passed,
            Err(unsent) => {
                if immutable.is_some() {
                    keep_turn(turn, &unsent);
                }
                return Err(unsent);
            }
        };
        if !is_success(&passed) {
            return Ok(answer::of(passed, asked, self.place));
        }
        if passed.digest.as_ref().is_some_and(|told| is_another(told, &digest)) {
            return Err(RelayError::Senseless.into());
        }
        let (admitted, pushed) = (Arc::clone(&self.admitted), reference.clone());
        let kind = media_type.split(';').next().unwrap_or_default().trim().to_owned();
        let record =
            move |service: &crate::service::Service| service.manifest_pushed(&admitted, &pushed, &digest, kind);
        self.app.block(&self.http, Work::Change, record).await?;
        if let (TagOrDigest::Tag(tag), Some(neighbour)) = (reference, &self.app.neighbour) {
            neighbour.describe_soon(asked.repository.clone(), tag);
        }
        Ok(answer::of(passed, asked, self.place))
    }

    /// Passes a manifest to the client, and counts it.
    pub(super) async fn pull_manifest(
        self,
        asked: &ContentRequest,
        reference: &TagOrDigest,
    ) -> Result<HttpResponse, Failure> {
        let passed = self.send(asked, Load::Nothing, None).await?;
        let digest = match reference {
            TagOrDigest::Digest(digest) => Some(digest),
            TagOrDigest::Tag(_) => passed.digest.as_ref(),
        };
        // As with the registry's notifications, a look at the head is no pull.
        if let (200, Verb::Get, Some(digest)) = (passed.status, asked.verb, digest) {
            self.app.service.manifest_pulled(&self.admitted, reference, digest);
        }
        Ok(answer::of(passed, asked, self.place))
    }

    /// Has the registry delete a manifest or a tag, and records that.
    pub(super) async fn delete_manifest(
        self,
        asked: ContentRequest,
        reference: TagOrDigest,
    ) -> Result<HttpResponse, Failure> {
        to_its_end(async move {
            let _turn = self.turn(&asked, &reference).await?;
            let passed = self.send(&asked, Load::Nothing, None).await?;
            if is_success(&passed) {
                let admitted = Arc::clone(&self.admitted);
                let record = move |service: &crate::service::Service| service.manifest_deleted(&admitted, &reference);
                self.app.block(&self.http, Work::Change, record).await?;
            }
            Ok(answer::of(passed, &asked, self.place))
        })
        .await
    }

    /// Room in memory for a manifest; small ones have it with their room at the registry.
    async fn room_for_manifest(&self) -> Result<Option<Place>, Failure> {
        let told = header(&self.http, CONTENT_LENGTH).parse::<usize>();
        if told.is_ok_and(|told| told <= LARGE) {
            return Ok(None);
        }
        self.app.pools.for_manifest(self.source).await.map(Some).ok_or_else(full)
    }
}

/// Does in a task of its own what must come to its end once it has begun, though the client hangs up meanwhile: what the
/// registry has done is recorded, and the turn to push a tag is over when it has answered.
async fn to_its_end(
    work: impl Future<Output = Result<HttpResponse, Failure>> + 'static,
) -> Result<HttpResponse, Failure> {
    actix_web::rt::spawn(correlation::carried(work)).await.map_err(|error| Failure::internal(&error))?
}

fn is_success(passed: &Passed) -> bool {
    (200..300).contains(&passed.status)
}

/// Whether the registry has made something else of a manifest. It may name it by another algorithm.
fn is_another(told: &Digest, ours: &Digest) -> bool {
    let algorithm = |digest: &Digest| digest.as_str().split(':').next().unwrap_or_default().to_owned();
    algorithm(told) == algorithm(ours) && told != ours
}
