//! The client against answers that a registry may give, hostile ones included.

use std::time::Duration;

use super::testing::{Fake, SMALL, TOKEN, app, error, reply};
use super::*;

const CATALOG: &str = "GET /v2/_catalog?n=1000";
const TAGS: &str = "GET /v2/alice/app/tags/list?n=1000";
const ONE: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const ORDERING: std::sync::atomic::Ordering = std::sync::atomic::Ordering::SeqCst;

fn texts<T: ToString>(page: &Page<T>) -> Vec<String> {
    page.items.iter().map(ToString::to_string).collect()
}

fn one() -> Digest {
    Digest::parse(ONE).unwrap()
}

#[tokio::test]
async fn the_token_is_shown_and_the_program_says_who_it_is() {
    let fake = Fake::with(&[(CATALOG, reply(200, &[], r#"{"repositories":[]}"#))]);
    fake.client().catalog(TOKEN, None).await.unwrap();
    let request = fake.requests().remove(0).to_lowercase();
    for part in [
        format!("host: {}\r\n", fake.url.trim_start_matches("http://")),
        format!("authorization: bearer {}\r\n", TOKEN.to_lowercase()),
        "accept: application/json\r\n".to_owned(),
        "user-agent: dockpass/".to_owned(),
    ] {
        assert!(request.contains(&part), "{part} in {request}");
    }
}

#[test]
fn calls_may_wait_on_any_thread() {
    fn send<T: Send>(_: T) {}
    let client = Fake::always("").client();
    let digest = one();
    send(client.catalog(TOKEN, None));
    send(client.tags(TOKEN, &app(), None));
    send(client.manifest(TOKEN, &app(), Reference::Digest(&digest)));
    send(client.image(TOKEN, &app(), &digest));
    send(client.delete(TOKEN, &app(), Reference::Digest(&digest)));
}

#[tokio::test]
async fn a_catalogue_is_read_page_by_page() {
    let link = r#"</v2/_catalog?last=alice%2Fapp&n=1000>; rel="next""#;
    let fake = Fake::with(&[
        (CATALOG, reply(200, &[("Link", link)], r#"{"repositories":["Not A Name","alice/app"]}"#)),
        ("GET /v2/_catalog?last=alice%2Fapp&n=1000", reply(200, &[], r#"{"repositories":["bob/app"]}"#)),
    ]);
    let client = fake.client();
    let first = client.catalog(TOKEN, None).await.unwrap();
    assert_eq!(texts(&first), ["alice/app"]);
    let second = client.catalog(TOKEN, first.next.as_ref()).await.unwrap();
    assert_eq!((texts(&second), second.next), (vec!["bob/app".to_owned()], None));
}

#[tokio::test]
async fn a_registry_with_smaller_pages_chooses_their_size() {
    let fake = Fake::with(&[
        (CATALOG, reply(400, &[], r#"{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}"#)),
        ("GET /v2/_catalog", reply(200, &[], r#"{"repositories":null}"#)),
    ]);
    assert_eq!(fake.client().catalog(TOKEN, None).await.unwrap(), Page { items: Vec::new(), next: None });
    let fake = Fake::always(&reply(400, &[], ""));
    let error = error(fake.client().catalog(TOKEN, None).await);
    assert!(matches!(error, UpstreamError::Status { status: 400, .. }), "{error}");
    assert_eq!(fake.asked(), [CATALOG, "GET /v2/_catalog"]);
}

#[tokio::test]
async fn the_next_page_is_asked_for_at_the_registry_whatever_host_it_names() {
    let link = "<https://public.example/v2/_catalog?next_page=x>; rel='next'";
    let fake = Fake::with(&[
        (CATALOG, reply(200, &[("Link", link)], r#"{"repositories":["alice/app"]}"#)),
        ("GET /v2/_catalog?next_page=x", reply(200, &[], r#"{"repositories":["bob/app"]}"#)),
    ]);
    let client = fake.client();
    let next = client.catalog(TOKEN, None).await.unwrap().next;
    assert_eq!(texts(&client.catalog(TOKEN, next.as_ref()).await.unwrap()), ["bob/app"]);
}

#[tokio::test]
async fn a_busy_registry_is_asked_again_when_it_wants_to_be() {
    let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (status, headers) in [
        (429, vec![("Retry-After", "1")]),
        (429, vec![]),
        (503, vec![("Retry-After", "0")]),
        (503, vec![("Retry-After", "Sun, 06 Nov 1994 08:49:38 GMT"), date]),
    ] {
        let (left, busy) = (std::sync::atomic::AtomicU8::new(2), reply(status, &headers, ""));
        let fake = Fake::saying(move |_| {
            let is_busy = left.fetch_update(ORDERING, ORDERING, |left| left.checked_sub(1)).is_ok();
            Some(if is_busy { busy.clone() } else { reply(200, &[], "{\"tags\":[\"1\"]}") })
        });
        let page = fake.client_within(SMALL).tags(TOKEN, &app(), None).await.unwrap().unwrap();
        assert_eq!((texts(&page), fake.asked().len()), (vec!["1".to_owned()], 3), "{status} {headers:?}");
    }
}

#[tokio::test]
async fn patience_with_a_busy_registry_has_an_end() {
    let hasty = Limits { patience: Duration::from_millis(3), short_patience: Duration::ZERO, ..SMALL };
    let later = |seconds| Fake::always(&reply(429, &[("Retry-After", seconds)], ""));
    for (seconds, times) in [("1", 4), ("4", 1), ("99999999999", 1)] {
        let fake = later(seconds);
        let busy = error(fake.client_within(hasty).tags(TOKEN, &app(), None).await);
        assert!(matches!(busy, UpstreamError::Busy { status: 429, .. }) && busy.is_silence(), "{busy}");
        assert_eq!(fake.asked().len(), times, "{seconds}");
    }
    // Somebody waits for a deletion.
    let fake = later("1");
    let busy = error(fake.client_within(hasty).delete(TOKEN, &app(), Reference::Digest(&one())).await);
    assert!(busy.to_string().ends_with("is busy (status 429): it wants to be asked again in 1 second"), "{busy}");
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn a_list_that_takes_too_long_is_asked_for_in_smaller_pages() {
    let link = |size: u32| format!("</v2/_catalog?last=bob%2Fapp&n={size}>; rel=\"next\"");
    let fake = Fake::saying(move |asked| match asked {
        CATALOG => None,
        "GET /v2/_catalog?n=100" => Some(reply(504, &[], "<html>")),
        "GET /v2/_catalog?n=10" => Some(reply(200, &[("Link", &link(1_000))], r#"{"repositories":["bob/app"]}"#)),
        "GET /v2/_catalog?last=bob%2Fapp&n=1000" => Some(reply(200, &[], &" ".repeat(1_000))),
        "GET /v2/_catalog?last=bob%2Fapp&n=100" => Some(reply(200, &[], r#"{"repositories":["carol/app"]}"#)),
        _ => Some(reply(400, &[], "")),
    });
    let client = fake.client_within(Limits { answer: Duration::from_millis(200), ..SMALL });
    let first = client.catalog(TOKEN, None).await.unwrap();
    assert_eq!(texts(&first), ["bob/app"]);
    assert_eq!(texts(&client.catalog(TOKEN, first.next.as_ref()).await.unwrap()), ["carol/app"]);
    assert_eq!(fake.asked().len(), 5);
}

#[tokio::test]
async fn a_list_without_end_of_its_silence_is_given_up() {
    let silent = Fake::saying(|_| None);
    let client = silent.client_within(Limits { answer: Duration::from_millis(20), ..SMALL });
    let late = error(client.tags(TOKEN, &app(), None).await);
    assert!(matches!(late, UpstreamError::TimedOut { .. }) && late.is_silence(), "{late}");
    let sizes = ["1000", "100", "10"].map(|size| format!("GET /v2/alice/app/tags/list?n={size}"));
    assert_eq!(silent.asked(), sizes);
}

#[tokio::test]
async fn tags_are_a_list_an_empty_list_or_of_nobody() {
    let tags = async |answer: String| Fake::with(&[(TAGS, answer)]).client().tags(TOKEN, &app(), None).await;
    let page = tags(reply(200, &[], r#"{"name":"alice/app","tags":["1","not a tag","latest"]}"#)).await.unwrap();
    assert_eq!(texts(&page.unwrap()), ["1", "latest"]);
    let page = tags(reply(200, &[], r#"{"name":"alice/app","tags":null}"#)).await.unwrap();
    assert_eq!(page, Some(Page { items: Vec::new(), next: None }));
    let unknown = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}"#;
    assert_eq!(tags(reply(404, &[], unknown)).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_no_whole_list_does_not_pass_for_an_empty_one() {
    let same = r#"</v2/alice/app/tags/list?last=1>; rel="next""#;
    let fake = Fake::always(&reply(200, &[("Link", same)], r#"{"tags":["1"]}"#));
    let client = fake.client();
    let next = client.tags(TOKEN, &app(), None).await.unwrap().unwrap().next;
    error(client.tags(TOKEN, &app(), next.as_ref()).await);
    let nowhere = r#"<https://evil.example>; rel="next""#;
    for answer in [
        reply(200, &[], ""),
        reply(200, &[], "{}"),
        reply(200, &[], r#"{"tags":{}}"#),
        reply(200, &[], "<html>"),
        reply(200, &[("Link", nowhere)], r#"{"tags":["1"]}"#),
        reply(200, &[("Link", "rel=next")], r#"{"tags":["1"]}"#),
        reply(404, &[], "<html>not found"),
        reply(302, &[("Location", "http://127.0.0.1:1/v2/alice/app/tags/list")], ""),
        reply(503, &[], ""),
        reply(500, &[], r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#),
        "HTTP/1.0 200 OK\r\ncontent-length: 100\r\n\r\n{\"tags\":".to_owned(),
        "SSH-2.0-OpenSSH\r\n".to_owned(),
    ] {
        let fake = Fake::always(&answer);
        let error = error(fake.client().tags(TOKEN, &app(), None).await);
        assert!(matches!(error, UpstreamError::Status { .. } | UpstreamError::Unusable { .. }), "{answer}: {error:?}");
        assert_eq!(fake.asked().len(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_manifest_has_a_digest_and_a_media_type() {
    let tag = TagName::parse("latest").unwrap();
    let headers = [("Docker-Content-Digest", ONE), ("Content-Type", "application/vnd.oci.image.index.v1+json; x=y")];
    let fake = Fake::with(&[("HEAD /v2/alice/app/manifests/latest", reply(200, &headers, ""))]);
    let head = fake.client().manifest(TOKEN, &app(), Reference::Tag(&tag)).await.unwrap().unwrap();
    let media_type = "application/vnd.oci.image.index.v1+json".to_owned();
    assert_eq!(head, ManifestHead { digest: one(), media_type });
    assert!(fake.requests()[0].contains("application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5\r\n"));
    assert_eq!(fake.client().manifest(TOKEN, &app(), Reference::Digest(&one())).await.unwrap(), None);
}

#[tokio::test]
async fn without_a_digest_the_manifest_is_read_and_hashed() {
    let tag = TagName::parse("latest").unwrap();
    let headers = [("Docker-Content-Digest", "no digest")];
    let fake = Fake::always(&reply(200, &headers, ""));
    let head = fake.client().manifest(TOKEN, &app(), Reference::Tag(&tag)).await.unwrap().unwrap();
    assert_eq!(head, ManifestHead { digest: one(), media_type: String::new() });
    assert_eq!(fake.asked(), ["HEAD /v2/alice/app/manifests/latest", "GET /v2/alice/app/manifests/latest"]);
}

#[tokio::test]
async fn a_token_that_is_not_believed_leads_to_the_registrys_configuration() {
    for status in [401, 403] {
        let fake = Fake::always(&reply(status, &[], ""));
        let error = error(fake.client().catalog(TOKEN, None).await);
        assert!(matches!(error, UpstreamError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("`dockpass registry config`"), "{error}");
    }
    let fake = Fake::always(&reply(200, &[], r#"{"repositories":[]}"#));
    error(fake.client().catalog("secret\r\nx: y", None).await);
    assert_eq!(fake.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_and_time() {
    let fake = Fake::always(&reply(200, &[], &format!("{{\"repositories\":[\"{}\"]}}", "a".repeat(100))));
    let large = error(fake.client_within(SMALL).catalog(TOKEN, None).await);
    assert!(matches!(large, UpstreamError::TooLarge { limit: 100, .. }), "{large}");
    let endless = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", "a\r\n0123456789\r\n".repeat(11));
    let large = error(Fake::always(&endless).client_within(SMALL).catalog(TOKEN, None).await);
    assert!(matches!(large, UpstreamError::TooLarge { .. }), "{large}");
    let hasty = Limits { answer: Duration::from_millis(50), ..SMALL };
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{".to_owned();
    for silent in [Fake::saying(|_| None), Fake::always(&half)] {
        let late = error(silent.client_within(hasty).catalog(TOKEN, None).await);
        assert!(matches!(late, UpstreamError::TimedOut { .. }), "{late}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_with_its_reason() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let unreachable = error(Upstream::new(&closed, None).unwrap().catalog(TOKEN, None).await);
    assert!(matches!(unreachable, UpstreamError::Unreachable { .. }), "{unreachable:?}");
    assert_eq!(unreachable.to_string(), format!("cannot reach the registry at {closed}"));
    let error = error(Upstream::new("https://a/path", None));
    assert!(matches!(error, UpstreamError::Url(_)), "{error}");
    let error = self::error(Upstream::new("https://a", Some(Path::new("/nonexistent/ca.pem"))));
    assert!(matches!(error, UpstreamError::Trust(_)), "{error}");
}

#[tokio::test]
async fn a_registry_that_closes_each_connection_is_asked_all_the_same() {
    let fake = Fake::always(&reply(200, &[("connection", "close")], r#"{"repositories":[]}"#));
    let client = fake.client();
    for _ in 0..3 {
        client.catalog(TOKEN, None).await.unwrap();
    }
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test]
async fn a_deletion_says_what_became_of_it() {
    let tag = TagName::parse("latest").unwrap();
    let digest = one();
    for (status, of_tag, of_digest) in [
        (200, Some(Deletion::Deleted), Some(Deletion::Deleted)),
        (202, Some(Deletion::Deleted), Some(Deletion::Deleted)),
        (204, Some(Deletion::Deleted), Some(Deletion::Deleted)),
        (404, Some(Deletion::Absent), Some(Deletion::Absent)),
        (400, Some(Deletion::NotByTag), None),
        (405, Some(Deletion::SwitchedOff), Some(Deletion::SwitchedOff)),
        (401, None, None),
        (307, None, None),
        (500, None, None),
    ] {
        let fake = Fake::always(&reply(status, &[("Location", "/elsewhere")], ""));
        let client = fake.client();
        assert_eq!(client.delete(TOKEN, &app(), Reference::Tag(&tag)).await.ok(), of_tag, "{status}");
        assert_eq!(client.delete(TOKEN, &app(), Reference::Digest(&digest)).await.ok(), of_digest, "{status}");
        let lines =
            ["DELETE /v2/alice/app/manifests/latest".to_owned(), format!("DELETE /v2/alice/app/manifests/{ONE}")];
        assert_eq!(fake.asked(), lines);
    }
}
