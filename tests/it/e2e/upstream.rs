//! The client of the registry against Debian's `docker-registry`: what it reads and deletes is what skopeo pushed.

use std::collections::BTreeSet;
use std::error::Error;

use dockpass::domain::content::{Digest, Image as Known, TagName};
use dockpass::domain::name::RepositoryName;
use dockpass::registry::upstream::{Deletion, Page, Reference, Upstream, UpstreamError};

use crate::support::{Clients, Image, ImageList, Registry, Site, tls::SiteCertificate};

/// A registry without accounts ignores the token.
const TOKEN: &str = "unused";

fn client(registry: &Registry) -> Upstream {
    Upstream::new(&format!("http://{}", registry.address), None).unwrap()
}

fn repository(name: &str) -> RepositoryName {
    RepositoryName::parse(name).unwrap()
}

fn tag(text: &str) -> TagName {
    TagName::parse(text).unwrap()
}

fn platforms(image: &Known) -> Vec<String> {
    image.platforms.iter().map(|it| it.platform.to_string()).collect()
}

fn texts<T: ToString>(page: &Page<T>) -> Vec<String> {
    page.items.iter().map(ToString::to_string).collect()
}

fn push(image: &Image, registry: &Registry, reference: &str) {
    Clients::new().push(image, &registry.at(reference)).must_succeed();
}

async fn tags(client: &Upstream, name: &str) -> Option<Vec<String>> {
    let page = client.tags(TOKEN, &repository(name), None).await.unwrap();
    // Distribution 2.8 does not sort them.
    page.map(|page| BTreeSet::from_iter(texts(&page)).into_iter().collect())
}

async fn digest_of(client: &Upstream, name: &str, text: &str) -> Option<Digest> {
    let head = client.manifest(TOKEN, &repository(name), Reference::Tag(&tag(text))).await.unwrap();
    head.map(|head| head.digest)
}

async fn image_of(client: &Upstream, name: &str, text: &str) -> Known {
    let digest = digest_of(client, name, text).await.unwrap();
    client.image(TOKEN, &repository(name), &digest).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_catalogue_is_whole_whatever_the_registrys_page() {
    let registry = Registry::without_accounts("catalog:\n  maxentries: 2\n");
    let image = Image::holding("in every repository");
    let names = ["alice/app", "alice/tools/lint", "app", "bob/app", "carol/app"];
    names.iter().for_each(|name| push(&image, &registry, &format!("{name}:1")));
    let client = client(&registry);
    let (mut found, mut next, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = client.catalog(TOKEN, next.as_ref()).await.unwrap();
        assert!(page.items.len() <= 2, "{page:?}");
        found.extend(texts(&page));
        pages += 1;
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((found.as_slice(), pages), (names.map(str::to_owned).as_slice(), 3));
}

#[tokio::test]
async fn an_empty_registry_has_an_empty_catalogue() {
    let page = client(&Registry::without_accounts("")).catalog(TOKEN, None).await.unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
}

#[tokio::test]
async fn a_repository_is_unknown_or_has_tags_or_has_lost_them() {
    let registry = Registry::without_accounts("");
    let client = client(&registry);
    assert_eq!(tags(&client, "alice/app").await, None);
    assert_eq!(digest_of(&client, "alice/app", "1").await, None);
    let image = Image::holding("tagged twice");
    ["1", "latest"].iter().for_each(|tag| push(&image, &registry, &format!("alice/app:{tag}")));
    assert_eq!(tags(&client, "alice/app").await.unwrap(), ["1", "latest"]);
    assert_eq!(digest_of(&client, "alice/app", "2").await, None);
    let digest = digest_of(&client, "alice/app", "1").await.unwrap();
    let deleted = client.delete(TOKEN, &repository("alice/app"), Reference::Digest(&digest)).await.unwrap();
    assert_eq!(deleted, Deletion::Deleted);
    // Both tags are gone, and the repository is still in the catalogue.
    assert_eq!(tags(&client, "alice/app").await, Some(Vec::new()));
    assert_eq!(texts(&client.catalog(TOKEN, None).await.unwrap()), ["alice/app"]);
    assert_eq!(digest_of(&client, "alice/app", "1").await, None);
    assert_eq!(client.image(TOKEN, &repository("alice/app"), &digest).await.unwrap(), None);
    let again = client.delete(TOKEN, &repository("alice/app"), Reference::Digest(&digest)).await.unwrap();
    assert_eq!(again, Deletion::Absent);
}

#[tokio::test]
async fn an_image_is_what_was_pushed() {
    let registry = Registry::without_accounts("");
    let image = Image::holding("an image");
    push(&image, &registry, "alice/app:1");
    let client = client(&registry);
    let head = client.manifest(TOKEN, &repository("alice/app"), Reference::Tag(&tag("1"))).await.unwrap().unwrap();
    assert_eq!(head.digest.as_str(), image.digest);
    assert_eq!(head.digest.as_str(), Clients::new().digest(&registry.at("alice/app:1")));
    assert_eq!(head.media_type, "application/vnd.oci.image.manifest.v1+json");
    let by_digest = client.manifest(TOKEN, &repository("alice/app"), Reference::Digest(&head.digest)).await.unwrap();
    assert_eq!(by_digest, Some(head));
    let known = image_of(&client, "alice/app", "1").await;
    assert_eq!(known.size, image.size);
    assert_eq!(platforms(&known), ["linux/amd64"]);
    assert_eq!(known.created_at.unwrap().to_string(), "2024-01-01T00:00:00Z");
    assert_eq!(known.config.unwrap().1, "application/vnd.oci.image.config.v1+json");
}

#[tokio::test]
async fn a_list_is_all_its_images_without_the_attestation() {
    let registry = Registry::without_accounts("");
    let list = ImageList::holding("a list");
    Clients::new().push_list(&list, &registry.at("alice/app:1")).must_succeed();
    let client = client(&registry);
    let head = client.manifest(TOKEN, &repository("alice/app"), Reference::Tag(&tag("1"))).await.unwrap().unwrap();
    assert_eq!(
        (head.digest.as_str(), head.media_type.as_str()),
        (list.digest.as_str(), "application/vnd.oci.image.index.v1+json")
    );
    let known = image_of(&client, "alice/app", "1").await;
    assert_eq!((known.size, &known.config), (list.size, &None));
    assert_eq!(platforms(&known), ["linux/amd64", "linux/arm64"]);
    assert_eq!(known.platforms.iter().filter_map(|it| it.size).sum::<u64>(), list.size);
    // Each can be had alone, by its digest.
    for image in known.platforms {
        let digest = image.digest.expect("a digest");
        let alone = client.image(TOKEN, &repository("alice/app"), &digest).await.unwrap().expect("it is there");
        assert_eq!((Some(alone.size), platforms(&alone)), (image.size, vec![image.platform.to_string()]));
    }
}

#[tokio::test]
async fn distribution_2_deletes_by_digest_and_not_by_tag() {
    let registry = Registry::without_accounts("");
    push(&Image::holding("to be deleted"), &registry, "alice/app:1");
    let client = client(&registry);
    let name = repository("alice/app");
    let (tag, absent) = (tag("1"), tag("absent"));
    assert_eq!(client.delete(TOKEN, &name, Reference::Tag(&tag)).await.unwrap(), Deletion::NotByTag);
    assert_eq!(client.delete(TOKEN, &name, Reference::Tag(&absent)).await.unwrap(), Deletion::NotByTag);
    let digest = digest_of(&client, "alice/app", "1").await.unwrap();
    assert_eq!(client.delete(TOKEN, &name, Reference::Digest(&digest)).await.unwrap(), Deletion::Deleted);
}

#[tokio::test]
async fn deletion_that_is_switched_off_is_told() {
    let off = |config: String| config.replace("enabled: true", "enabled: false");
    let read_only = |config: String| config + "  maintenance:\n    readonly:\n      enabled: true\n";
    let name = repository("alice/app");
    let digest = Digest::parse(&Image::holding("kept").digest).unwrap();
    for registry in [Registry::without_accounts_changed(off), Registry::without_accounts_changed(read_only)] {
        let client = client(&registry);
        let deleted = client.delete(TOKEN, &name, Reference::Digest(&digest)).await.unwrap();
        assert_eq!(deleted, Deletion::SwitchedOff);
    }
}

#[tokio::test]
async fn the_registry_believes_tokens_of_dockpass_and_no_others() {
    let site = Site::with_users(&["alice"]);
    let secret = site.dockpass.add_token("alice", &[]).secret;
    let clients = Clients::new();
    clients.skopeo_login(&site.registry.address, "alice", &secret).must_succeed();
    let image = Image::holding("for alice alone");
    clients.push(&image, &site.at("alice/app:1")).must_succeed();
    let (client, name) = (client(&site.registry), repository("alice/app"));
    let token = site.registry_token("alice", &secret, &["repository:alice/app:pull"]);
    let head = client.manifest(&token, &name, Reference::Tag(&tag("1"))).await.unwrap().unwrap();
    assert_eq!(head.digest.as_str(), image.digest);
    assert_eq!(client.image(&token, &name, &head.digest).await.unwrap().unwrap().size, image.size);
    for error in [
        client.catalog("garbage", None).await.unwrap_err(),
        client.catalog(&token, None).await.unwrap_err(),
        client.delete(&token, &name, Reference::Digest(&head.digest)).await.unwrap_err(),
    ] {
        assert!(matches!(error, UpstreamError::Refused { status: 401, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_registry_with_tls_is_asked_only_if_its_ca_is_trusted() {
    let certificate = SiteCertificate::of("localhost");
    let (cert, key) = (certificate.certificate(), certificate.key());
    let tls = format!("127.0.0.1:0\n  tls:\n    certificate: {}\n    key: {}", cert.display(), key.display());
    let registry = Registry::without_accounts_changed(|config| config.replace("127.0.0.1:0", &tls));
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{}", registry.address.replace("127.0.0.1", host));
        let trusting = Upstream::new(&url, Some(&certificate.authority())).unwrap();
        assert_eq!(trusting.catalog(TOKEN, None).await.unwrap().items.len(), 0);
        let error = Upstream::new(&url, None).unwrap().catalog(TOKEN, None).await.unwrap_err();
        assert!(matches!(error, UpstreamError::Tls { .. }), "{error:?}");
        assert!(error.to_string().ends_with("where the site has a CA of its own, set registry.ca"), "{error}");
        let causes: Vec<_> =
            std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string).collect();
        assert!(causes.iter().any(|cause| cause.contains("UnknownIssuer")), "{causes:?}");
    }
}
