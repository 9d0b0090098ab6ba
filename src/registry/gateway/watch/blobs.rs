//! Whether the registry keeps the blobs of one repository from the others. One that does not (zot with `dedupe`, as it is
//! by default: project-zot/zot#4161) gives a blob to whoever may pull from any repository and knows the digest; no request
//! shows that, so a blob is pushed to one name and asked for under another.

use hyper::body::Bytes;
use hyper::header::LOCATION;
use hyper::{Method, StatusCode};

use super::ask::{Asker, Unanswered};
use crate::causes::with_causes;
use crate::domain::content::Digest;
use crate::domain::random::{self, NoRandomness};
use crate::net::Answer;
use crate::registry::gateway::found::Finding;
use crate::registry::manifest;
use crate::registry::probe::NAMES;
use crate::service::Errand;

/// What the operator is told of a registry that does not.
const MIXED: &str = "it gives the blobs of one repository to whoever may pull from any other and knows their digests: with \
                     zot, set \"dedupe\": false in its storage";

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    #[error("it answered with status {status} where {asked}")]
    Status { status: StatusCode, asked: &'static str },
    #[error("it does not say where an upload goes on")]
    NoUpload,
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// A blob that nobody has, at the registry.
struct Probe<'a> {
    asker: &'a Asker,
    errand: Errand,
    pushed: &'static str,
    asked: &'static str,
    content: Bytes,
    digest: Digest,
}

/// Pushes a blob to one name, asks for it under another, and deletes it as far as it can be deleted.
pub(super) async fn look(asker: &Asker) -> Finding {
    match is_apart(asker).await {
        Ok(true) => Finding::good(),
        Ok(false) => Finding::bad(MIXED.to_owned()),
        Err(error) => Finding::unknown(with_causes(&error)),
    }
}

async fn is_apart(asker: &Asker) -> Result<bool, Unknown> {
    let mut refused = Unknown::NoUpload;
    for names in NAMES {
        let probe = Probe::new(asker, names)?;
        match probe.begin().await {
            Ok(upload) => return probe.is_apart(&upload).await,
            Err(error @ Unknown::Status { .. }) => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

impl<'a> Probe<'a> {
    /// Its content is new each time: what the registry once gave out under the other name, it may have kept there.
    fn new(asker: &'a Asker, names: [&'static str; 2]) -> Result<Self, Unknown> {
        let number = u128::from_be_bytes(random::bytes()?);
        let content = format!("A probe of dockpass at {}: {number:032x}\n", asker.clock().now());
        let digest = manifest::sha256(content.as_bytes()).ok_or(Unknown::NoUpload)?;
        let [pushed, asked] = names;
        Ok(Self { asker, errand: Errand::Probe(names), pushed, asked, content: content.into(), digest })
    }

    /// Begins the upload; returns where it goes on, as path and query.
    async fn begin(&self) -> Result<String, Unknown> {
        let answer = self.ask(Method::POST, &format!("/v2/{}/blobs/uploads/", self.pushed), Bytes::new()).await?;
        expect(answer.status, StatusCode::ACCEPTED, "an upload was begun")?;
        upload(&answer).ok_or(Unknown::NoUpload)
    }

    async fn is_apart(&self, upload: &str) -> Result<bool, Unknown> {
        let separator = if upload.contains('?') { '&' } else { '?' };
        let target = format!("{upload}{separator}digest={}", self.digest);
        let found = self.push_and_ask(&target).await;
        for name in [self.pushed, self.asked] {
            // Many registries delete no blobs; what stays is a line of text.
            let _ = self.ask(Method::DELETE, &self.at(name), Bytes::new()).await;
        }
        found
    }

    async fn push_and_ask(&self, target: &str) -> Result<bool, Unknown> {
        let pushed = self.ask(Method::PUT, target, self.content.clone()).await?.status;
        expect(pushed, StatusCode::CREATED, "a blob was pushed")?;
        if !self.has(self.pushed).await? {
            return Err(Unknown::Status {
                status: StatusCode::NOT_FOUND,
                asked: "a blob was asked for that it had taken",
            });
        }
        Ok(!self.has(self.asked).await?)
    }

    /// Whether the registry has the blob under this name; a redirect leads to it.
    async fn has(&self, name: &str) -> Result<bool, Unknown> {
        let status = self.ask(Method::HEAD, &self.at(name), Bytes::new()).await?.status;
        if status.is_success() || status.is_redirection() {
            return Ok(true);
        }
        expect(status, StatusCode::NOT_FOUND, "a blob was asked for")?;
        Ok(false)
    }

    fn at(&self, name: &str) -> String {
        format!("/v2/{name}/blobs/{}", self.digest)
    }

    async fn ask(&self, method: Method, target: &str, body: Bytes) -> Result<Answer, Unanswered> {
        self.asker.ask(method, target, body, &self.errand).await
    }
}

fn expect(status: StatusCode, expected: StatusCode, asked: &'static str) -> Result<(), Unknown> {
    if status == expected { Ok(()) } else { Err(Unknown::Status { status, asked }) }
}

/// Where the upload goes on, at this registry, whatever host it believes to be.
fn upload(answer: &Answer) -> Option<String> {
    let location = answer.headers.get(LOCATION)?.to_str().ok()?;
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.get(rest.find('/')?..)?,
        None => location,
    };
    path.starts_with('/').then(|| path.to_owned())
}
