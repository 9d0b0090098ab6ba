//! What a manifest says about its image, with all that must be fetched for it: configuration, and manifests of a list.

use hyper::body::Bytes;
use hyper::header::LOCATION;
use hyper::{Method, StatusCode, Uri};

use super::super::manifest::{self, Config, ImageList, ImageManifest, Manifest, Noted};
use super::exchange::Question;
use super::{Reference, Upstream, UpstreamError, manifest_path};
use crate::domain::content::{Digest, Image, Platform, PlatformImage};
use crate::domain::name::RepositoryName;
use crate::net::Answer;

impl Upstream {
    /// What the manifest of this digest says; none where the registry does not have it. The token needs
    /// `repository:NAME:pull`. It takes one request for the manifest and one for its configuration, or one more for each
    /// image of a list, at most [`MAX_PLATFORMS`](crate::domain::content::MAX_PLATFORMS).
    ///
    /// Content that is damaged, too large, or does not match its digest is left out: the answer has what is known, in
    /// the worst case nothing. A registry may redirect to object storage for a configuration: it is fetched there
    /// without the registry token, once, and never over plain HTTP from a registry with TLS; if that fails, it is left
    /// out, too. The size of a list is that of its images that the registry has.
    ///
    /// # Errors
    /// [`UpstreamError`] if the registry cannot be asked, refuses, or fails.
    pub async fn image(
        &self,
        token: &str,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<Image>, UpstreamError> {
        let at = Within { token, name };
        match self.read_manifest(&at, digest).await? {
            None => Ok(None),
            Some(Manifest::Image(found)) => self.single(&at, found).await.map(Some),
            Some(Manifest::ImageList(list)) => self.several(&at, list).await.map(Some),
            Some(Manifest::Old(config)) => Ok(Some(with(running_on(config.platform), config.noted))),
            Some(Manifest::Other) => Ok(Some(Image::default())),
        }
    }

    async fn read_manifest(&self, at: &Within<'_>, digest: &Digest) -> Result<Option<Manifest>, UpstreamError> {
        let target = manifest_path(at.name, Reference::Digest(digest));
        let question = self.for_manifest(Method::GET, at.token, &target);
        let Some(answer) = unless_too_large(self.exchange.ask(&question).await)? else {
            return Ok(Some(Manifest::Other));
        };
        match answer.status {
            StatusCode::OK => Ok(Some(read_named(&answer.body, digest))),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.exchange.about(&question).status(status)),
        }
    }

    /// Whether a manifest, such as a list of images, names another one anywhere. One above the size limit counts as if
    /// it did. The token needs `repository:NAME:pull`.
    ///
    /// # Errors
    /// [`UpstreamError`] if the registry cannot be asked, refuses, or fails.
    pub async fn names(
        &self,
        token: &str,
        name: &RepositoryName,
        list: &Digest,
        other: &Digest,
    ) -> Result<bool, UpstreamError> {
        let target = manifest_path(name, Reference::Digest(list));
        let question = self.for_manifest(Method::GET, token, &target);
        let Some(answer) = unless_too_large(self.exchange.ask(&question).await)? else { return Ok(true) };
        let other = other.as_str().as_bytes();
        match answer.status {
            StatusCode::OK => Ok(answer.body.windows(other.len()).any(|part| part == other)),
            StatusCode::NOT_FOUND => Ok(false),
            status => Err(self.exchange.about(&question).status(status)),
        }
    }

    async fn single(&self, at: &Within<'_>, found: ImageManifest) -> Result<Image, UpstreamError> {
        let config = if found.is_image() { self.config(at, &found.config).await? } else { Config::default() };
        let named = Some((found.config, found.config_type));
        let image = Image { size: found.size, config: named, ..running_on(config.platform) };
        Ok(with(image, config.noted.or(found.noted)))
    }

    async fn several(&self, at: &Within<'_>, list: ImageList) -> Result<Image, UpstreamError> {
        let (mut size, mut platforms) = (0_u64, Vec::<PlatformImage>::new());
        for (digest, platform) in list.children {
            let own = self.size_of(at, &digest).await?;
            size = size.saturating_add(own.unwrap_or(0));
            // Of several images for one platform clients take the first.
            let is_new = |platform: &Platform| platforms.iter().all(|known| known.platform != *platform);
            let image =
                platform.filter(is_new).map(|platform| PlatformImage { platform, digest: Some(digest), size: own });
            platforms.extend(image);
        }
        Ok(with(Image { size, platforms, ..Image::default() }, list.noted))
    }

    /// Bytes of an image's configuration and layers; none if that is no image, or the registry does not have it.
    async fn size_of(&self, at: &Within<'_>, digest: &Digest) -> Result<Option<u64>, UpstreamError> {
        Ok(match self.read_manifest(at, digest).await? {
            Some(Manifest::Image(found)) => Some(found.size),
            Some(Manifest::ImageList(_) | Manifest::Old(_) | Manifest::Other) | None => None,
        })
    }

    /// The configuration of an image; empty if it cannot be fetched.
    async fn config(&self, at: &Within<'_>, digest: &Digest) -> Result<Config, UpstreamError> {
        let target = format!("/v2/{}/blobs/{digest}", at.name);
        let question = self.for_config(Some(at.token), &target);
        let Some(answer) = unless_too_large(self.exchange.ask(&question).await)? else {
            return Ok(Config::default());
        };
        let body = match answer.status {
            StatusCode::OK => Some(answer.body),
            StatusCode::NOT_FOUND => None,
            status if status.is_redirection() => self.config_elsewhere(&answer).await,
            status => return Err(self.exchange.about(&question).status(status)),
        };
        let whole = body.filter(|body| manifest::is_named_by(body, digest));
        Ok(whole.map(|body| manifest::read_config(&body)).unwrap_or_default())
    }

    /// Fetches the configuration from where the registry redirects to, without the registry token. Failures there are
    /// not reported, since nothing is wrong with the registry. The URL is a secret of its own: it holds a signature.
    async fn config_elsewhere(&self, redirect: &Answer) -> Option<Bytes> {
        let location: Uri = redirect.headers.get(LOCATION)?.to_str().ok()?.parse().ok()?;
        let may_be_plain = !self.exchange.registry.is_tls;
        if location.scheme_str() != Some("https") && !(location.scheme_str() == Some("http") && may_be_plain) {
            return None;
        }
        let found = self.exchange.ask_at(location, &self.for_config(None, "")).await;
        let found = found.inspect_err(|cause| log::debug!("where the registry redirects to: {cause}")).ok();
        found.filter(|answer| answer.status == StatusCode::OK).map(|answer| answer.body)
    }

    fn for_config<'a>(&self, token: Option<&'a str>, target: &'a str) -> Question<'a> {
        let (asked, limit) = ("the configuration of an image", self.exchange.limits.config);
        Question { method: Method::GET, target, token, accept: "*/*", asked, limit }
    }
}

/// Where to look, and with what.
struct Within<'a> {
    token: &'a str,
    name: &'a RepositoryName,
}

/// A manifest that matches its digest. The digest of a signed schema 1 manifest covers only a part of it, so there it
/// is believed.
fn read_named(body: &[u8], digest: &Digest) -> Manifest {
    match manifest::read(body) {
        Manifest::Old(config) => Manifest::Old(config),
        read @ (Manifest::Image(_) | Manifest::ImageList(_)) if manifest::is_named_by(body, digest) => read,
        Manifest::Image(_) | Manifest::ImageList(_) | Manifest::Other => Manifest::Other,
    }
}

/// None for an answer that is too large.
fn unless_too_large(answer: Result<Answer, UpstreamError>) -> Result<Option<Answer>, UpstreamError> {
    match answer {
        Err(UpstreamError::TooLarge { .. }) => Ok(None),
        other => other.map(Some),
    }
}

fn running_on(platform: Option<Platform>) -> Image {
    Image { platforms: platform.map(PlatformImage::from).into_iter().collect(), ..Image::default() }
}

fn with(image: Image, noted: Noted) -> Image {
    let Noted { author, created_at } = noted;
    Image { author, created_at, ..image }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Fake, SMALL, TOKEN, app, error, reply};
    use super::*;

    const CONFIG: &str = r#"{"os":"linux","architecture":"amd64","author":"alice","created":"2026-01-31T12:00:00Z"}"#;
    const OCI: &str = "application/vnd.oci.image.config.v1+json";

    /// What a registry holds, by request line.
    #[derive(Default)]
    struct Holding(Vec<(String, String)>);

    impl Holding {
        fn keep(&mut self, kind: &str, body: &str, answer: String) -> Digest {
            let digest = manifest::sha256(body.as_bytes()).unwrap();
            self.0.push((format!("GET /v2/alice/app/{kind}/{digest}"), answer));
            digest
        }

        fn manifest(&mut self, value: &Value) -> Digest {
            let body = value.to_string();
            self.keep("manifests", &body, reply(200, &[], &body))
        }

        /// An image with this answer where its configuration is asked for.
        fn image(&mut self, config_type: &str, answer: String) -> Digest {
            let config = self.keep("blobs", CONFIG, answer);
            let config = json!({ "mediaType": config_type, "digest": config.as_str(), "size": CONFIG.len() });
            let annotations = json!({ "org.opencontainers.image.authors": "the annotations" });
            self.manifest(&json!({ "config": config, "layers": [{ "size": 1_000 }], "annotations": annotations }))
        }

        fn start(&self) -> Fake {
            let answers: Vec<_> = self.0.iter().map(|(line, answer)| (line.as_str(), answer.clone())).collect();
            Fake::with(&answers)
        }

        async fn ask(&self, digest: &Digest) -> Result<Option<Image>, UpstreamError> {
            self.start().client_within(SMALL).image(TOKEN, &app(), digest).await
        }
    }

    fn platforms(image: &Image) -> Vec<String> {
        image.platforms.iter().map(|it| it.platform.to_string()).collect()
    }

    const SIZE: u64 = CONFIG.len() as u64 + 1_000;

    #[tokio::test]
    async fn an_image_is_its_manifest_and_its_configuration() {
        let mut holding = Holding::default();
        let digest = holding.image(OCI, reply(200, &[], CONFIG));
        let image = holding.ask(&digest).await.unwrap().unwrap();
        assert_eq!((image.size, image.author.as_str(), platforms(&image)), (SIZE, "alice", vec!["linux/amd64".into()]));
        assert_eq!(image.created_at.unwrap().to_string(), "2026-01-31T12:00:00Z");
        assert_eq!(image.config.unwrap().1, OCI);
    }

    #[tokio::test]
    async fn the_configuration_of_an_artifact_is_not_asked_for() {
        let mut holding = Holding::default();
        let digest = holding.image("application/vnd.cncf.helm.config.v1+json", reply(500, &[], ""));
        let image = holding.ask(&digest).await.unwrap().unwrap();
        assert_eq!((image.size, image.author.as_str(), image.platforms.len()), (SIZE, "the annotations", 0));
        assert_eq!(image.config.unwrap().1, "application/vnd.cncf.helm.config.v1+json");
    }

    #[tokio::test]
    async fn a_configuration_that_cannot_be_had_leaves_the_rest_known() {
        for answer in [
            reply(404, &[], ""),
            reply(200, &[], "{}"),
            reply(200, &[], &" ".repeat(1_001)),
            reply(302, &[], ""),
            reply(302, &[("Location", "/elsewhere")], ""),
            reply(302, &[("Location", "file:///etc/passwd")], ""),
            reply(302, &[("Location", "http://127.0.0.1:1/closed")], ""),
        ] {
            let mut holding = Holding::default();
            let digest = holding.image(OCI, answer.clone());
            let image = holding.ask(&digest).await.unwrap().unwrap();
            let known = (image.size, image.author.as_str(), image.platforms.len());
            assert_eq!(known, (SIZE, "the annotations", 0), "{answer}");
        }
        for status in [401, 500] {
            let mut holding = Holding::default();
            let digest = holding.image(OCI, reply(status, &[], ""));
            error(holding.ask(&digest).await);
        }
    }

    #[tokio::test]
    async fn a_redirected_configuration_is_fetched_without_the_token() {
        let again = reply(307, &[("Location", "http://127.0.0.1:1/again")], "");
        for (answer, found) in [(reply(200, &[], CONFIG), 1), (again, 0), (reply(200, &[], "{}"), 0)] {
            let storage = Fake::always(&answer);
            let location = format!("{}/bucket/object?signature=secret", storage.url);
            let mut holding = Holding::default();
            let digest = holding.image(OCI, reply(307, &[("Location", &location)], ""));
            assert_eq!(holding.ask(&digest).await.unwrap().unwrap().platforms.len(), found);
            assert_eq!(storage.asked(), ["GET /bucket/object?signature=secret"]);
            assert!(!storage.requests()[0].to_lowercase().contains("authorization"));
        }
    }

    #[tokio::test]
    async fn a_list_is_the_sum_of_what_the_registry_has_of_it() {
        let mut holding = Holding::default();
        let first = holding.image(OCI, reply(200, &[], CONFIG));
        let second = holding.manifest(&json!({ "config": { "digest": "sha256:0", "size": 5 }, "layers": [] }));
        let nested = holding.manifest(&json!({ "manifests": [{ "digest": first.as_str() }] }));
        let missing = manifest::sha256(b"missing").unwrap();
        let child = |digest: &Digest, os: &str, architecture: &str| json!({ "digest": digest.as_str(), "platform": { "os": os, "architecture": architecture } });
        let list = holding.manifest(&json!({ "manifests": [
            child(&first, "linux", "amd64"),
            child(&second, "linux", "arm64"),
            child(&second, "unknown", "unknown"),
            child(&missing, "linux", "s390x"),
            child(&nested, "linux", "riscv64"),
        ] }));
        let fake = holding.start();
        let image = fake.client().image(TOKEN, &app(), &list).await.unwrap().unwrap();
        assert_eq!((image.size, image.config.clone()), (SIZE + 5, None));
        assert_eq!(platforms(&image), ["linux/amd64", "linux/arm64", "linux/s390x", "linux/riscv64"]);
        let own: Vec<_> = image.platforms.into_iter().map(|it| (it.digest, it.size)).collect();
        let expected = [(first, Some(SIZE)), (second, Some(5)), (missing, None), (nested, None)];
        assert_eq!(own, expected.map(|(digest, size)| (Some(digest), size)));
        assert_eq!(fake.asked().len(), 5);
    }

    #[tokio::test]
    async fn what_is_not_the_manifest_of_the_digest_says_nothing() {
        let mut holding = Holding::default();
        let real = json!({ "config": { "digest": "sha256:0", "size": 5 }, "layers": [] }).to_string();
        let forged = holding.keep("manifests", "another", reply(200, &[], &real));
        let large = holding.keep("manifests", "large", reply(200, &[], &" ".repeat(1_001)));
        let garbage = holding.keep("manifests", "garbage", reply(200, &[], "garbage"));
        for digest in [forged, large, garbage] {
            assert_eq!(holding.ask(&digest).await.unwrap(), Some(Image::default()));
        }
        assert_eq!(holding.ask(&manifest::sha256(b"missing").unwrap()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn schema_1_is_believed_though_its_digest_is_that_of_a_part() {
        let mut holding = Holding::default();
        let old = json!({ "schemaVersion": 1, "architecture": "amd64", "signatures": [] }).to_string();
        let digest = holding.keep("manifests", "its payload", reply(200, &[], &old));
        assert_eq!(platforms(&holding.ask(&digest).await.unwrap().unwrap()), ["/amd64"]);
    }
}
