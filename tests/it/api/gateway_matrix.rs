//! The authorization matrix of the gateway: every method at every place of a repository for every kind of caller. A place
//! without a row does not compile or fails, and so does a refused request that reaches the registry.

use std::io::Write as _;

use dockpass::domain::distribution::{self, Asked, Object, Unreadable, Verb};
use serde_json::json;

use crate::support::{
    InProcess,
    image::sha256,
    issued::ask,
    notify::MEDIA_TYPE,
    raw::Upstream,
    site::{Caller, HOUR},
};

/// Who calls, in the order of the columns. All is asked of `acme/app`, whose organization alice administers. First by name:
/// `reading` and `pushing` are alice's access tokens with that cap, `other` has nothing there, `reader` may pull, `robot` is a
/// read-write one of the organization. Then by registry token, of alice if nothing else is said: for pull, for pull and push,
/// for delete, for nothing, for another repository, one whose time is over, one of a reader who has lost the grant, and one whose
/// access token was revoked, and one for pull and push that names `acme/other` for pull as well.
const CALLERS: [&str; 20] = [
    "none",
    "garbage",
    "expired",
    "revoked",
    "reading",
    "pushing",
    "other",
    "reader",
    "robot",
    "owner",
    "admin",
    "pull",
    "push",
    "delete",
    "nothing",
    "elsewhere",
    "ended",
    "lost",
    "orphan",
    "both",
];

/// `y` reaches the registry, `1` is 401, `3` is 403.
const MATRIX: &str = "
GET    tags      1111 yy3yyyy yy111111y
HEAD   tags      1111 yy3yyyy yy111111y
GET    manifest  1111 yy3yyyy yy111111y
HEAD   manifest  1111 yy3yyyy yy111111y
PUT    manifest  1111 3y33yyy 1y111111y
DELETE manifest  1111 3333yyy 11y111111
GET    blob      1111 yy3yyyy yy111111y
HEAD   blob      1111 yy3yyyy yy111111y
DELETE blob      1111 3333yyy 11y111111
POST   uploads   1111 3y33yyy 1y111111y
GET    upload    1111 yy3yyyy yy111111y
HEAD   upload    1111 yy3yyyy yy111111y
PATCH  upload    1111 3y33yyy 1y111111y
PUT    upload    1111 3y33yyy 1y111111y
DELETE upload    1111 3333yyy 11y111111
GET    referrers 1111 yy3yyyy yy111111y
HEAD   referrers 1111 yy3yyyy yy111111y
";

/// A blob is to be mounted from another repository: `m` reaches the registry as a mount, `u` as the upload that it becomes where
/// the caller may not pull there, whether there is something or not; an administrator may anywhere.
const MOUNTS: &str = "
acme/other     1111 3m33mmm 11111111m
acme/app       1111 3m33mmm 1m111111m
bob/open       1111 3m33mmm 111111111
bob/own        1111 3u33uum 1u111111u
bob/nothing    1111 3u33uum 1u111111u
";

/// The word of a place in the matrix. A new place needs one here, in [`PLACES`], and rows.
fn word(object: &Object) -> &'static str {
    match object {
        Object::Tags => "tags",
        Object::Manifest(_) => "manifest",
        Object::Blob(_) => "blob",
        Object::Uploads => "uploads",
        Object::Upload(_) => "upload",
        Object::Referrers(_) => "referrers",
    }
}

/// A path of each place.
const PLACES: [&str; 6] =
    ["tags/list", "manifests/{tag}", "blobs/{digest}", "blobs/uploads/", "blobs/uploads/{tag}", "referrers/{digest}"];

struct Row {
    method: &'static str,
    place: &'static str,
    cells: Vec<char>,
}

fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let cells: Vec<char> = words[2..].concat().chars().collect();
        assert_eq!(cells.len(), CALLERS.len(), "a cell for every caller: {line}");
        Row { method: words[0], place: words[1], cells }
    };
    MATRIX.lines().filter(|line| !line.is_empty()).map(row).collect()
}

/// A registry that says yes to everything.
fn willing() -> Upstream {
    Upstream::playing(|head, stream| {
        let line = head.lines().next().unwrap_or_default();
        let status = match line.split(' ').next() {
            Some("POST" | "PATCH" | "DELETE") => "202 Accepted",
            Some("PUT") => "201 Created",
            _ => "200 OK",
        };
        let body = if line.starts_with("GET") { "{}" } else { "" };
        let _ =
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    })
}

struct Scene {
    site: InProcess,
    upstream: Upstream,
    callers: Vec<Caller>,
}

impl Scene {
    fn new() -> Self {
        let upstream = willing();
        let site = InProcess::start_with(&[("registry.upstream", &upstream.url())]);
        for name in ["alice", "bob", "carol", "dave"] {
            site.add_service(name);
        }
        site.add_organization("acme", &[("alice", true), ("carol", false), ("dave", false)]);
        site.add_team("acme/dev", &["carol", "dave"]);
        ["acme/app", "acme/other", "bob/own"].iter().for_each(|name| site.add_repository(name));
        site.add_public("bob/open");
        site.grant_team("acme/app", "dev", "read-only");
        let token = |name: &str, body| site.add_token(name, &body);
        let (mine, admin) = (token("alice", json!({})), token("admin", json!({})));
        let (others, readers, leavers) = (token("bob", json!({})), token("carol", json!({})), token("dave", json!({})));
        let expired = token("alice", json!({ "expiresAt": site.in_time(HOUR) }));
        let owner = site.with_token("alice", &mine);
        let issued = |caller: &Caller, scopes: &[&str]| {
            site.as_nobody().header("Authorization", &format!("Bearer {}", ask(caller, scopes).text))
        };
        let ended = issued(&owner, &["repository:acme/app:pull,push,delete"]);
        site.pass(13 * HOUR);
        let revoked = token("alice", json!({}));
        let orphan = issued(&site.with_token("alice", &revoked), &["repository:acme/app:pull,push,delete"]);
        site.as_local().delete(&format!("/api/v0/api_tokens/{}", revoked.hash)).must_be(200);
        let lost = issued(&site.with_token("dave", &leavers), &["repository:acme/app:pull"]);
        site.leave("acme/dev", "dave");
        let robot = site.make_robot("acme/machine", &json!({ "accessLevel": "read-write" }));
        let callers = vec![
            site.as_nobody(),
            site.with("alice", "not-the-password"),
            site.with_token("alice", &expired),
            site.with_token("alice", &revoked),
            site.with_token("alice", &token("alice", json!({ "accessLevel": "read-only" }))),
            site.with_token("alice", &token("alice", json!({ "accessLevel": "push" }))),
            site.with_token("bob", &others),
            site.with_token("carol", &readers),
            site.with("acme/machine", &robot),
            owner.clone(),
            site.with_token("admin", &admin),
            issued(&owner, &["repository:acme/app:pull"]),
            issued(&owner, &["repository:acme/app:pull,push"]),
            issued(&owner, &["repository:acme/app:delete"]),
            issued(&owner, &[]),
            issued(&owner, &["repository:acme/other:pull,push,delete"]),
            ended,
            lost,
            orphan,
            issued(&owner, &["repository:acme/app:pull,push", "repository:acme/other:pull"]),
        ];
        Self { site, upstream, callers }
    }

    /// What a request of this caller is answered, and what the registry was asked.
    fn ask(&self, column: usize, method: &str, place: &str, number: usize) -> (u16, Vec<String>) {
        let text = format!("n{number}");
        let path = place.replace("{tag}", &text).replace("{digest}", &sha256(text.as_bytes()));
        let caller = self.callers[column].header("User-Agent", &format!("cell/{text}."));
        let caller = if method == "PUT" { caller.header("Content-Type", MEDIA_TYPE) } else { caller };
        let body: &[u8] = if ["PUT", "PATCH"].contains(&method) { b"{}" } else { b"" };
        let answer = caller.send(method, &format!("/v2/acme/app/{path}"), body);
        if answer.status == 401 {
            assert!(
                answer.header("www-authenticate").is_some_and(|it| it.contains("acme/app")),
                "{}",
                answer.describe()
            );
        }
        let heard = self.upstream.heard("/v2/acme/app/");
        let of_it: Vec<_> = heard.into_iter().filter(|head| head.contains(&format!("cell/{text}."))).collect();
        assert!(of_it.iter().all(|head| !head.to_lowercase().contains("authorization")), "{of_it:?}");
        (answer.status, of_it)
    }
}

#[test]
fn every_method_at_every_place_for_every_caller() {
    let (scene, rows) = (Scene::new(), rows());
    let (mut wrong, mut number) = (Vec::new(), 0);
    for place in PLACES {
        for method in Verb::WORDS {
            let sample = place.replace("{tag}", "x").replace("{digest}", &sha256(b"x"));
            let row = match distribution::read(method, &format!("/v2/acme/app/{sample}")) {
                Ok(Asked::Content(asked)) => {
                    let word = word(&asked.object);
                    let row = rows.iter().find(|row| row.method == *method && row.place == word);
                    Some(row.unwrap_or_else(|| panic!("no row for {method} {word}")))
                }
                Err(Unreadable::Method(_)) => None,
                other => panic!("{method} {sample}: {other:?}"),
            };
            for (column, who) in CALLERS.iter().enumerate() {
                number += 1;
                let (status, heard) = scene.ask(column, method, place, number);
                let asked = heard.len();
                let is_right = match row.map(|row| row.cells[column]) {
                    Some('y') => (200..300).contains(&status) && asked == 1,
                    Some('1') => (status, asked) == (401, 0),
                    Some('3') => (status, asked) == (403, 0),
                    Some(_) | None => (status, asked) == (405, 0),
                };
                if !is_right {
                    wrong.push(format!("{method} {place} as {who}: {status}, the registry was asked {asked} times"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let places: std::collections::BTreeSet<_> = rows.iter().map(|row| row.place).collect();
    assert_eq!(places.len(), PLACES.len(), "every place has rows");
    drop(scene.site);
}

/// Where somebody may push, a blob of another repository is mounted for those who may pull there and say so, and for nobody
/// else: their clients send it, as they do to a registry that does not have it.
#[test]
fn a_blob_is_mounted_for_those_who_may_pull_it_where_it_is() {
    let scene = Scene::new();
    let mut wrong = Vec::new();
    for (row, line) in MOUNTS.lines().filter(|line| !line.is_empty()).enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (from, cells) = (words[0], words[1..].concat());
        assert_eq!(cells.len(), CALLERS.len(), "a cell for every caller: {line}");
        for (column, (who, cell)) in CALLERS.iter().zip(cells.chars()).enumerate() {
            let place = format!("blobs/uploads/?mount={{digest}}&from={from}");
            let (status, heard) = scene.ask(column, "POST", &place, row * CALLERS.len() + column);
            let is_mount = |head: &String| head.lines().next().is_some_and(|line| line.contains("mount="));
            let is_right = match (cell, heard.as_slice()) {
                ('m', [asked]) => status == 202 && is_mount(asked),
                ('u', [asked]) => status == 202 && !is_mount(asked) && !asked.contains(from),
                ('1', []) => status == 401,
                ('3', []) => status == 403,
                _ => false,
            };
            if !is_right {
                wrong.push(format!("from {from} as {who}: {status}, the registry was asked {heard:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A public repository is there for everybody to read, and for nobody else to write.
#[test]
fn strangers_pull_what_is_public_and_nothing_else() {
    let upstream = willing();
    let site = InProcess::start_with(&[("registry.upstream", &upstream.url())]);
    site.add_service("alice");
    site.add_public("alice/open");
    for place in PLACES {
        for method in Verb::WORDS {
            let path = place.replace("{tag}", "x").replace("{digest}", &sha256(b"x"));
            let Ok(Asked::Content(_)) = distribution::read(method, &format!("/v2/alice/open/{path}")) else { continue };
            let answer = site.as_nobody().send(method, &format!("/v2/alice/open/{path}"), b"");
            let expected = if ["GET", "HEAD"].contains(method) { 200 } else { 401 };
            answer.must_be(expected);
        }
    }
}
