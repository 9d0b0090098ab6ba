//! Tables of requests and what they are, and properties of all.

use proptest::prelude::*;

use super::*;
use crate::domain::content::TagName;

const DIGEST: &str = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn content(method: &str, target: &str) -> ContentRequest {
    match read(method, target) {
        Ok(Asked::Content(request)) => request,
        other => panic!("{method} {target}: {other:?}"),
    }
}

/// What it is, in one line.
fn told(method: &str, target: &str) -> String {
    let request = content(method, target);
    format!("{} {:?} {:?}", request.repository, request.actions(), request.target())
}

fn unreadable(method: &str, target: &str) -> Unreadable {
    read(method, target).expect_err(target)
}

#[test]
fn every_path_of_the_specification_is_read() {
    let [pull, push, delete] = ["pull", "pull,push", "delete"];
    for (method, path, actions) in [
        ("GET", "manifests/latest".to_owned(), pull),
        ("HEAD", format!("manifests/{DIGEST}"), pull),
        ("PUT", "manifests/v1.0".to_owned(), push),
        ("DELETE", "manifests/latest".to_owned(), delete),
        ("GET", format!("blobs/{DIGEST}"), pull),
        ("HEAD", format!("blobs/{DIGEST}"), pull),
        ("DELETE", format!("blobs/{DIGEST}"), delete),
        ("POST", "blobs/uploads/".to_owned(), push),
        ("GET", "blobs/uploads/0-f.A_=~".to_owned(), pull),
        ("PATCH", "blobs/uploads/0".to_owned(), push),
        ("PUT", format!("blobs/uploads/0?_state=a%3Db&digest={}", DIGEST.replace(':', "%3A")), push),
        ("DELETE", "blobs/uploads/0".to_owned(), delete),
        ("GET", "tags/list?n=2&last=a".to_owned(), pull),
        ("GET", format!("referrers/{DIGEST}?artifactType=a%2Fb"), pull),
    ] {
        let target = format!("/v2/alice/app/{path}");
        assert_eq!(told(method, &target), format!("alice/app {actions} {target:?}"));
    }
    for base in ["/v2", "/v2/", "/v2/?a=b"] {
        assert_eq!(read("GET", base), Ok(Asked::Base), "{base}");
    }
    assert_eq!(read("GET", "/v2/_catalog?n=3"), Ok(Asked::Catalog));
}

#[test]
fn names_may_hold_the_words_of_the_api() {
    for (method, path, name, object) in [
        ("GET", "blobs/manifests/manifests/latest", "blobs/manifests", "manifests/latest"),
        ("GET", "a/blobs/uploads/manifests/latest", "a/blobs/uploads", "manifests/latest"),
        ("GET", "a/manifests/tags/list", "a/manifests", "tags/list"),
        ("GET", "a/manifests/list", "a", "manifests/list"),
        ("GET", "tags/list/tags/list", "tags/list", "tags/list"),
        ("GET", "a/tags/manifests/tags", "a/tags", "manifests/tags"),
        ("GET", "a/blobs/uploads/uploads", "a", "blobs/uploads/uploads"),
        ("GET", "a/blobs/uploads/list", "a", "blobs/uploads/list"),
        ("GET", "blobs/uploads/blobs/uploads/0", "blobs/uploads", "blobs/uploads/0"),
        ("POST", "a/blobs/uploads", "a", "blobs/uploads/"),
        ("POST", "a/blobs/uploads/blobs/uploads", "a/blobs/uploads", "blobs/uploads/"),
        ("POST", "a/blobs/uploads/blobs/uploads/", "a/blobs/uploads", "blobs/uploads/"),
        ("POST", "a/uploads/blobs/blobs/uploads/", "a/uploads/blobs", "blobs/uploads/"),
        ("GET", "manifests/manifests/manifests", "manifests", "manifests/manifests"),
    ] {
        let request = content(method, &format!("/v2/{path}"));
        assert_eq!((request.repository.as_str(), request.target()), (name, format!("/v2/{name}/{object}")), "{path}");
    }
}

#[test]
fn what_is_nowhere_is_not_found() {
    for path in [
        "/",
        "/v1/_ping",
        "/v2a/manifests/b",
        "/v2x",
        "/v2/_catalog/",
        "/v2/a",
        "/v2/manifests/latest",
        "/v2/tags/list",
        "/v2/blobs/uploads/",
        "/v2/a/manifests/",
        "/v2/a/manifests/latest/",
        "/v2/a/manifests/.b",
        "/v2/a/manifests/b:",
        "/v2/a/blobs/latest",
        "/v2/a/blobs/uploads/0/",
        "/v2/a/blobs/uploads/a@b",
        "/v2/a/tags/",
        "/v2/a/tags/other",
        "/v2/a/referrers/latest",
        "/v2/A/manifests/latest",
        "/v2/a/_layers/manifests/latest",
        "/v2/_zot/ext/search",
        "/v2/a.-b/manifests/latest",
        "/v2/a/blobs/uploads/sha256%3Aab",
        "/api/v0/session",
        "/v2/~a/manifests/b",
    ] {
        assert_eq!(unreadable("GET", path), Unreadable::NotFound, "{path}");
    }
    let long = format!("/v2/{}/manifests/latest", "a/".repeat(128).trim_end_matches('/'));
    assert_eq!(content("GET", &long).repository.as_str().len(), 255);
    let longer = format!("/v2/{}/manifests/latest", "a/".repeat(129).trim_end_matches('/'));
    assert_eq!(unreadable("GET", &longer), Unreadable::NotFound);
    let upload = |length: usize| format!("/v2/a/blobs/uploads/{}", "x".repeat(length));
    assert!(read("GET", &upload(MAX_UPLOAD_ID)).is_ok());
    assert_eq!(unreadable("GET", &upload(MAX_UPLOAD_ID + 1)), Unreadable::NotFound);
}

#[test]
fn each_place_takes_its_methods_only() {
    for (path, allowed) in [
        ("/v2/", "GET, HEAD"),
        ("/v2/_catalog", "GET, HEAD"),
        ("/v2/a/tags/list", "GET, HEAD"),
        ("/v2/a/manifests/b", "GET, HEAD, PUT, DELETE"),
        ("/v2/a/blobs/c:d", "GET, HEAD, DELETE"),
        ("/v2/a/blobs/uploads/", "POST"),
        ("/v2/a/blobs/uploads/e", "GET, HEAD, PATCH, PUT, DELETE"),
        ("/v2/a/referrers/c:d", "GET, HEAD"),
    ] {
        let takes = |method: &str| read(method, path) != Err(Unreadable::Method(allowed));
        for method in Verb::WORDS {
            assert_eq!(takes(method), allowed.split(", ").any(|known| known == *method), "{method} {path}");
        }
        for other in ["get", "Post", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "", "GET ", "GET, HEAD"] {
            assert!(!takes(other), "{other} {path}");
        }
    }
}

#[test]
fn tricks_are_refused_and_not_repaired() {
    let good = "/v2/a/manifests/b";
    for target in [
        "",
        "*",
        "v2/a/manifests/b",
        "http://x/v2/a/manifests/b",
        "//x/v2/a/manifests/b",
        "/v2//a/manifests/b",
        "/v2/a//manifests/b",
        "/v2/./a/manifests/b",
        "/v2/a/../b/manifests/b",
        "/v2/a/manifests/..",
        "/v2/a/manifests/.",
        "/..",
        "/v2/%2e%2e/a/manifests/b",
        "/v2/a%2Fb/manifests/c",
        "/v2/a/manifests%2Fb",
        "/v2/a/manifests/%62",
        "/v2/a%3Ab/manifests/c",
        "/%762/a/manifests/b",
        "/v2/a/manifests/b%00",
        "/v2/a/manifests/b%",
        "/v2/a/manifests/b%3",
        "/v2\\a/manifests/b",
        "/v2/a;b/manifests/c",
        "/v2/a/manifests/b#c",
        "/v2/a/manifests/b\0",
        "/v2/a/manifests/b ",
        "/v2/a/manifests/b\r\nX: y",
        "/v2/\u{e4}/manifests/b",
        "/v2/\u{ff0f}a/manifests/b",
        "/V2/a/manifests/b",
        "/V2/",
        "/v2/a/blobs/uploads//",
        "/v2/a/blobs/uploads/.",
        "/v2/?a=%",
        "/v2/?a=%2",
        "/v2/?a=%zz",
        "/v2/?a;b",
        "/v2/?a#b",
        "/v2/?\u{e4}",
        "/v2/? ",
    ] {
        assert!(matches!(unreadable("GET", target), Unreadable::Trick(_)), "{target:?}");
    }
    // What the registry would be asked counts as well: a value that was not encoded, and then is.
    let grows = format!("/v2/a/tags/list?last={}", "(".repeat(3_000));
    for long in [format!("{good}?{}", "a".repeat(9_000)), format!("/v2/{}manifests/b", "a/".repeat(600)), grows] {
        assert!(matches!(unreadable("GET", &long), Unreadable::Trick(_)));
    }
    // A trick is told as one, whatever the method and wherever it leads.
    assert!(matches!(unreadable("BREW", "/v2/../x"), Unreadable::Trick(_)));
}

#[test]
fn a_parameter_is_there_once_and_known() {
    let target = |method: &str, path: &str| content(method, &format!("/v2/a/{path}")).target();
    assert_eq!(target("GET", "manifests/b?ns=docker.io"), "/v2/a/manifests/b");
    assert_eq!(target("GET", "manifests/b?tag=c"), "/v2/a/manifests/b");
    assert_eq!(target("GET", "blobs/c:d?ns=x&n=1"), "/v2/a/blobs/c:d");
    assert_eq!(target("GET", "tags/list?n=1&ns=docker.io&next_page=z"), "/v2/a/tags/list?n=1&next_page=z");
    assert_eq!(target("POST", "blobs/uploads/?digest=c:d&x=y"), "/v2/a/blobs/uploads/?digest=c%3Ad");
    assert_eq!(target("PUT", "blobs/uploads/e?x=y&_state=z"), "/v2/a/blobs/uploads/e?x=y&_state=z");
    for (method, path) in [
        ("GET", "tags/list?n=1&n=2"),
        ("GET", "manifests/b?ns=a&ns=a"),
        ("POST", "blobs/uploads/?mount=c:d&from=x&%66rom=y"),
        ("PUT", "blobs/uploads/e?digest=c:d&digest=c:e"),
        ("PUT", "manifests/b?tag=c"),
        ("PUT", "manifests/c:d?ta%67=e"),
    ] {
        assert!(matches!(unreadable(method, &format!("/v2/a/{path}")), Unreadable::Trick(_)), "{method} {path}");
    }
}

#[test]
fn a_mount_has_both_parts_or_is_none() {
    let whole = content("POST", "/v2/a/b/blobs/uploads/?from=c/d&mount=e:f&digest-algorithm=sha512");
    let mount = whole.mount.clone().unwrap();
    assert_eq!((mount.digest.as_str(), mount.from.as_str(), whole.stray_mount), ("e:f", "c/d", false));
    assert_eq!(whole.target(), "/v2/a/b/blobs/uploads/?digest-algorithm=sha512&mount=e%3Af&from=c%2Fd");
    assert_eq!(whole.without_mount().target(), "/v2/a/b/blobs/uploads/?digest-algorithm=sha512");
    for query in [
        "mount=e:f",
        "from=c/d",
        "mount=e:f&from=",
        "mount=&from=c",
        "mount=e:f&from=C",
        "mount=e&from=c",
        "mount=e:f&From=c",
    ] {
        let half = content("POST", &format!("/v2/a/b/blobs/uploads/?{query}"));
        assert_eq!((half.mount.is_none(), half.stray_mount), (true, true), "{query}");
        assert_eq!(half.target(), "/v2/a/b/blobs/uploads/", "{query}");
    }
    let other = content("GET", "/v2/a/b/manifests/c?mount=e:f&from=c/d");
    assert_eq!(
        (other.mount.is_none(), other.stray_mount, other.target().as_str()),
        (true, false, "/v2/a/b/manifests/c")
    );
}

#[test]
fn bodies_that_are_read_as_parameters_are_known() {
    for form in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded; charset=utf-8",
        "multipart/form-data; boundary=a",
        " application/x-www-form-urlencoded",
    ] {
        assert!(is_form(form), "{form}");
    }
    for other in ["", "application/octet-stream", "application/vnd.oci.image.manifest.v1+json"] {
        assert!(!is_form(other), "{other}");
    }
}

fn names() -> impl Strategy<Value = RepositoryName> {
    let part = prop_oneof![
        "blobs|uploads|manifests|tags|list|referrers|v2",
        "[a-z0-9]{1,4}",
        "[a-z]__[0-9]",
        "[a-z]-{1,3}[a-z]"
    ];
    prop::collection::vec(part, 1..5).prop_map(|parts| RepositoryName::parse(&parts.join("/")).unwrap())
}

fn digests() -> impl Strategy<Value = Digest> {
    "[a-z0-9][a-z0-9+._-]{0,8}:[a-zA-Z0-9=_-]{1,64}".prop_map(|text| Digest::parse(&text).unwrap())
}

fn objects() -> impl Strategy<Value = Object> {
    let tag = "[A-Za-z0-9_][A-Za-z0-9._-]{0,12}".prop_map(|text| TagOrDigest::Tag(TagName::parse(&text).unwrap()));
    let reference = prop_oneof![tag, digests().prop_map(TagOrDigest::Digest)];
    let upload = "[A-Za-z0-9._=~-]{1,40}".prop_filter_map("no part", |text| UploadId::parse(&text));
    prop_oneof![
        Just(Object::Tags),
        Just(Object::Uploads),
        reference.prop_map(Object::Manifest),
        digests().prop_map(Object::Blob),
        digests().prop_map(Object::Referrers),
        upload.prop_map(Object::Upload),
    ]
}

/// Requests as `read` makes them, with parameters of any text.
fn requests() -> impl Strategy<Value = ContentRequest> {
    let mount = prop::option::of((digests(), names()).prop_map(|(digest, from)| Mount { digest, from }));
    let values = prop::collection::vec("\\PC{0,12}", 3);
    (names(), objects(), any::<prop::sample::Index>(), values, mount).prop_map(
        |(repository, object, pick, values, mount)| {
            let methods: Vec<&str> = object.methods().split(", ").collect();
            let verb = pick.get(&methods).parse().unwrap();
            let known: &[&str] = match object {
                Object::Upload(_) => &["_state", "digest", "any"],
                Object::Uploads => &["digest", "digest-algorithm"],
                Object::Tags => &["n", "last"],
                Object::Referrers(_) => &["artifactType", "last"],
                Object::Manifest(_) | Object::Blob(_) => &[],
            };
            let query = known.iter().map(|name| (*name).to_owned()).zip(values).collect();
            let mount = mount.filter(|_| matches!(object, Object::Uploads));
            ContentRequest { repository, verb, object, query, mount, stray_mount: false }
        },
    )
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(method in "\\PC{0,8}", target in "\\PC{0,200}", bytes in any::<Vec<u8>>()) {
        let _ = read(&method, &target);
        let _ = read("GET", &String::from_utf8_lossy(&bytes));
        let _ = read("POST", &format!("/v2/{target}"));
        let _ = read("PUT", &format!("/v2/a/manifests/b?{target}"));
    }

    #[test]
    fn what_is_written_reads_back_as_itself(request in requests()) {
        let again = read(request.verb.as_str(), &request.target());
        prop_assert_eq!(again, Ok(Asked::Content(request)));
    }

    #[test]
    fn what_is_passed_on_holds_nothing_but_the_parts(
        path in "/?(v2|V2)?(/|//)?(a|[.]{1,2}|%2[eEfF]|\\\\|;|blobs|manifests|A)?/([a-z]{1,3}|%3A|blobs|\\.\\.)/(blobs/uploads|manifests|tags|blobs)/(list|sha256(:|%3a)[a-f0-9]{4}|[a-zA-Z.%]{0,4})",
        query in "(\\?[a-z=&%0-9A-F;#]{0,20})?",
    ) {
        for method in Verb::WORDS {
            if let Ok(Asked::Content(request)) = read(method, &format!("{path}{query}")) {
                let target = request.target();
                let written = target.split('?').next().unwrap_or_default();
                let parts = format!("/v2/{}/{}", request.repository, request.object.path());
                prop_assert_eq!(written, parts);
                prop_assert!(written.bytes().all(|byte| byte.is_ascii_graphic() && !b"%\\;#?".contains(&byte)));
                prop_assert!(!written.contains("//") && !written.split('/').any(|part| part == ".." || part == "."));
                // Nothing was repaired: it came like this, but for the colon and the last slash.
                let came = path.replace("%3A", ":").replace("%3a", ":");
                prop_assert!(written == came || written.strip_suffix('/') == Some(came.as_str()), "{} {}", written, came);
            }
        }
    }
}
