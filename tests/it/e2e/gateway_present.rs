//! What counts at the gateway is what holds at the moment of each request, though a registry token lives for hours: every
//! change that takes a right away counts on the next request, in the middle of a push. The registry is Debian's.

use serde_json::json;

use crate::support::{
    AccessToken, InProcess, Registry,
    gateway::{CONFIG, before_a_registry, blob_of, manifest, manifest_of, uploads_of},
    http::Answer,
    image::sha256,
    issued::{ENDPOINT, Issued, ask},
    site::{Caller, DAY, HOUR, account_path, repository_path, token_path},
};

const APP: &str = "alice/app";
const WEB: &str = "alice/web";
const PUSH: &str = "alice/app:pull,push";

/// alice with an image in each of her two repositories.
fn site_with(settings: &[(&'static str, &str)]) -> (InProcess, Registry, Caller) {
    let (site, registry) = before_a_registry(settings);
    let alice = site.add_robot("alice");
    for repository in [APP, WEB] {
        site.add_repository(repository);
        alice.push_image(repository, "1", "the first");
    }
    (site, registry, alice)
}

/// Registry tokens that live for a minute.
fn short_lived() -> (InProcess, Registry, Caller) {
    site_with(&[("registry.gateway_token_lifetime", "1m"), ("registry.token_lifetime", "1m")])
}

/// A push that is under way: an upload with its first bytes.
fn under_way(client: &Caller) -> String {
    let added = client.add_to(&client.begin_upload(APP), b"first ").must_be(202);
    added.header("location").expect("where it goes on").to_owned()
}

fn must_be_challenged(answer: Answer, error: &str) {
    let answer = answer.must_be(401);
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains(&format!("error=\"{error}\"")), "{}", answer.describe());
    assert!(challenge.contains(&format!("scope=\"repository:{APP}:")), "{}", answer.describe());
}

/// Every kind of request of a push and of a pull that is under way.
fn all_stop(client: &Caller, upload: &str, error: &str) {
    let config = sha256(CONFIG.as_bytes());
    must_be_challenged(client.add_to(upload, b"second"), error);
    must_be_challenged(client.end_upload(upload, &config), error);
    must_be_challenged(client.put_manifest(APP, "2", &manifest("another")), error);
    must_be_challenged(client.send("POST", &uploads_of(APP), b""), error);
    must_be_challenged(client.get_manifest(APP, "1"), error);
    must_be_challenged(client.get(&blob_of(APP, &config)), error);
    client.head_manifest(APP, "1").must_be(401);
}

/// Somebody with a grant, and the access token whose registry token is at work; another access token made it.
struct Holder<'s> {
    site: &'s InProcess,
    user: String,
    maker: AccessToken,
    token: AccessToken,
}

impl<'s> Holder<'s> {
    fn new(site: &'s InProcess, number: usize) -> Self {
        let user = format!("user{number}");
        site.add_service(&user);
        site.grant(APP, &user, "read-write");
        let maker = site.add_token(&user, &json!({}));
        let made = site.with_token(&user, &maker).post("/api/v0/api_tokens", &json!({})).must_be(200);
        Self { site, user, maker, token: AccessToken::of(&made.json()) }
    }

    fn deactivate(&self, token: &AccessToken) {
        self.site.as_local().patch(&token_path(token), &json!({ "isActive": false })).must_be(200);
    }

    fn rotate(&self, overlap: i64) -> AccessToken {
        let path = format!("{}/rotate", token_path(&self.token));
        AccessToken::of(&self.site.as_local().post(&path, &json!({ "overlap": overlap })).must_be(200).json())
    }
}

/// What takes a right away, and what the client is told then.
type Ending = (&'static str, fn(&Holder<'_>), &'static str);

const ENDINGS: [Ending; 11] = [
    ("the access token is deactivated", |it| it.deactivate(&it.token), "invalid_token"),
    ("the access token that made it is deactivated", |it| it.deactivate(&it.maker), "invalid_token"),
    (
        "the access token is deleted",
        |it| drop(it.site.as_local().delete(&token_path(&it.token)).must_be_one_of(&[200, 204])),
        "invalid_token",
    ),
    (
        "whoever found the access token ends it",
        |it| {
            let found = json!({ "tokens": [it.token.secret] });
            it.site.as_nobody().post("/api/v0/api_tokens/revoke", &found).must_be(202);
        },
        "invalid_token",
    ),
    ("the access token is rotated without an overlap", |it| drop(it.rotate(0)), "invalid_token"),
    (
        "the overlap of a rotation is ended",
        |it| {
            let overlap = format!("{}/overlap", token_path(&it.rotate(HOUR)));
            it.site.as_local().delete(&overlap).must_be(200);
        },
        "invalid_token",
    ),
    (
        "the overlap of a rotation is over",
        |it| {
            it.rotate(HOUR);
            it.site.pass(HOUR);
        },
        "invalid_token",
    ),
    ("the grant is taken", |it| it.site.take(APP, &it.user), "insufficient_scope"),
    (
        "the account is deactivated",
        |it| {
            it.site.as_local().patch(&account_path(&it.user), &json!({ "isActive": false })).must_be(200);
        },
        "invalid_token",
    ),
    (
        "the account is deleted",
        |it| drop(it.site.as_local().delete(&account_path(&it.user)).must_be(204)),
        "invalid_token",
    ),
    (
        "the repository is deleted",
        |it| drop(it.site.as_local().delete(&repository_path(APP)).must_be(204)),
        "insufficient_scope",
    ),
];

#[test]
fn whatever_takes_a_right_away_stops_a_push_and_a_pull_at_their_next_request() {
    let (site, _registry, _) = site_with(&[]);
    for (number, (what, end, error)) in ENDINGS.into_iter().enumerate() {
        eprintln!("{what}");
        let holder = Holder::new(&site, number);
        let client = site.with_registry_token(&site.with_token(&holder.user, &holder.token), &[PUSH]);
        let upload = under_way(&client);
        client.get_manifest(APP, "1").must_be(200);
        end(&holder);
        all_stop(&client, &upload, error);
    }
}

#[test]
fn an_overlap_lets_a_push_go_on_and_a_new_password_does_not() {
    let (site, _registry, _) = site_with(&[]);
    let holder = Holder::new(&site, 1);
    let client = site.with_registry_token(&site.with_token(&holder.user, &holder.token), &[PUSH]);
    let upload = under_way(&client);
    holder.rotate(HOUR);
    client.add_to(&upload, b"second").must_be(202);
    client.get_manifest(APP, "1").must_be(200);

    site.add_user("bob");
    site.grant(APP, "bob", "read-write");
    let client = site.with_registry_token(&site.as_user("bob"), &[PUSH]);
    let upload = under_way(&client);
    site.as_user("bob").get_manifest(APP, "1").must_be(200);
    let path = format!("{}/changePassword", account_path("bob"));
    site.as_local().post(&path, &json!({ "newPassword": "another-long-password" })).must_be(200);
    all_stop(&client, &upload, "invalid_token");
    site.as_user("bob").get_manifest(APP, "1").must_be(401);
    site.with("bob", "another-long-password").get_manifest(APP, "1").must_be(200);
}

#[test]
fn the_present_narrows_a_registry_token_and_widens_it_never() {
    let (site, _registry, alice) = site_with(&[]);
    site.add_service("bob");
    let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
    // It grants nothing: the right came later.
    let early = site.with_registry_token(&bob, &[PUSH]);
    site.grant(APP, "bob", "read-only");
    must_be_challenged(early.get_manifest(APP, "1"), "insufficient_scope");
    let pulls = site.with_registry_token(&bob, &[PUSH]);
    pulls.get_manifest(APP, "1").must_be(200);
    site.grant(APP, "bob", "read-write");
    pulls.get_manifest(APP, "1").must_be(200);
    must_be_challenged(pulls.send("POST", &uploads_of(APP), b""), "insufficient_scope");
    let pushes = site.with_registry_token(&bob, &[PUSH]);
    let upload = under_way(&pushes);
    site.grant(APP, "bob", "read-only");
    must_be_challenged(pushes.add_to(&upload, b"second"), "insufficient_scope");
    pushes.get_manifest(APP, "1").must_be(200);
    // What was not asked for is not there, though the caller may.
    let digest = alice.push_image(APP, "2", "the second");
    let pushes = site.with_registry_token(&alice, &[PUSH]);
    must_be_challenged(pushes.delete(&manifest_of(APP, &digest)), "insufficient_scope");
    site.with_registry_token(&alice, &["alice/app:delete"]).delete(&manifest_of(APP, &digest)).must_be(202);
}

#[test]
fn a_registry_token_opens_its_repository_at_the_gateway_alone() {
    let (site, _registry, alice) = site_with(&[("registry.services", "dockpass,other")]);
    let client = site.with_registry_token(&alice, &["alice/app:pull,push,delete"]);
    client.get_manifest(APP, "1").must_be(200);
    for path in [manifest_of(WEB, "1"), blob_of(WEB, &sha256(CONFIG.as_bytes())), format!("/v2/{WEB}/tags/list")] {
        let refused = client.get(&path).must_be_refused(401, "UNAUTHORIZED");
        let challenge = refused.header("www-authenticate").unwrap_or_default();
        assert!(challenge.contains(&format!("scope=\"repository:{WEB}:pull\"")), "{challenge}");
    }
    client.send("POST", &uploads_of(WEB), b"").must_be(401);
    // An upload of one repository is none of another.
    let upload = under_way(&client).replacen(APP, WEB, 1);
    client.add_to(&upload, b"second").must_be(401);

    let path = "/auth/token?service=other&scope=repository:alice/app:pull,push";
    let other = site.showing(&Issued::of(alice.get(path)).text);
    must_be_challenged(other.get_manifest(APP, "1"), "invalid_token");
    must_be_challenged(other.send("POST", &uploads_of(APP), b""), "invalid_token");
    must_be_challenged(site.showing("e30.e30.e30").get_manifest(APP, "1"), "invalid_token");
    // Nor does a session's cookie, or an access token in the place of a registry token.
    let token = site.add_token("alice", &json!({}));
    site.as_nobody().header("Cookie", "dockpass_session=1").get_manifest(APP, "1").must_be(401);
    site.showing(&token.secret).get_manifest(APP, "1").must_be(401);
}

#[test]
fn a_registry_token_is_for_the_repository_that_was_there_when_it_was_issued() {
    let (site, _registry, alice) = site_with(&[]);
    let old = site.with_registry_token(&alice, &["alice/app:pull,push,delete"]);
    let upload = under_way(&old);
    alice.delete(&repository_path(APP)).must_be(204);
    // It does not make one of the same name, either.
    all_stop(&old, &upload, "insufficient_scope");
    alice.get(&repository_path(APP)).must_be(404);
    site.add_repository(APP);
    let digest = alice.push_image(APP, "1", "another of the same name");
    all_stop(&old, &upload, "insufficient_scope");
    must_be_challenged(old.delete(&manifest_of(APP, &digest)), "insufficient_scope");
    site.with_registry_token(&alice, &[PUSH]).get_manifest(APP, "1").must_be(200);
}

#[test]
fn registry_tokens_for_the_gateway_alone_have_identifiers_and_there_is_room_for_them() {
    let (site, _registry, alice) = site_with(&[("registry.services", "dockpass,other")]);
    let id = site.as_local().get(&repository_path(APP)).must_be(200).text("/id");
    let named = json!([{ "type": "repository", "name": APP, "actions": ["pull"] }]);
    let mut identified = named.clone();
    identified[0]["id"] = json!(id);
    for (service, expected) in [("dockpass", identified), ("other", named)] {
        let path = format!("/auth/token?service={service}&scope=repository:{APP}:pull");
        assert_eq!(Issued::of(alice.get(&path)).claims["access"], expected, "{service}");
    }
    let many: Vec<_> = (0..1_000).map(|number| format!("repository:alice/n{number}:pull,push")).collect();
    let issued = ask(&alice, &[&many.join("+")]);
    assert!((40 * 1024..=48 * 1024).contains(&issued.text.len()), "{} bytes", issued.text.len());
    let last = issued.claims["access"].as_array().and_then(|all| all.last()).expect("an entry")["name"].clone();
    let last = last.as_str().expect("a name").to_owned();
    site.showing(&issued.text).push_blob(&last, b"with a token of full length");
}

#[test]
fn registry_tokens_live_long_for_the_gateway_alone() {
    let life = |site: &InProcess, service: &str| {
        site.add_service("bob");
        let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
        let path = format!("/auth/token?service={service}");
        let issued = Issued::of(bob.get(&path));
        site.as_local().delete(&account_path("bob")).must_be(204);
        let told = issued.answer["expires_in"].as_i64().expect("seconds");
        assert_eq!(told, issued.time("exp") - site.seconds());
        told
    };
    let (site, _registry) = before_a_registry(&[("registry.services", "dockpass,other")]);
    assert_eq!([life(&site, "dockpass"), life(&site, "other"), life(&site, "")], [12 * HOUR, 900, 12 * HOUR]);
    let (site, _registry) = before_a_registry(&[("registry.gateway_token_lifetime", "2h")]);
    assert_eq!(life(&site, "dockpass"), 2 * HOUR);
    assert_eq!(life(&InProcess::start(), "dockpass"), 900);
    let bob = site.add_robot("carol");
    let owned = site.with_token("carol", &site.add_token("carol", &json!({ "expiresAt": site.in_time(600) })));
    assert_eq!(ask(&owned, &[]).answer["expires_in"], json!(600), "no longer than the access token");
    assert_eq!(Issued::of(bob.get(ENDPOINT)).answer["expires_in"], json!(2 * HOUR));
}

#[test]
fn a_push_of_hours_goes_on_with_a_registry_token_of_hours() {
    let (site, _registry, alice) = site_with(&[]);
    let client = site.with_registry_token(&alice, &[PUSH]);
    let mut upload = client.begin_upload(APP);
    for _ in 0..11 {
        site.pass(HOUR);
        let added = client.add_to(&upload, b"an hour's worth").must_be(202);
        upload = added.header("location").expect("where it goes on").to_owned();
    }
    client.end_upload(&upload, &sha256(&b"an hour's worth".repeat(11))).must_be(201);
    client.push_blob(APP, CONFIG.as_bytes());
    client.put_manifest(APP, "late", &manifest("late")).must_be(201);
    site.pass(HOUR);
    must_be_challenged(client.get_manifest(APP, "late"), "invalid_token");
}

#[test]
fn an_upload_goes_on_after_its_registry_token_and_nothing_else_does() {
    let (site, _registry, alice) = short_lived();
    let both = [PUSH, "alice/web:pull,push"];
    let client = site.with_registry_token(&alice, &both);
    let another = site.with_token("alice", &site.add_token("alice", &json!({})));
    let others = under_way(&site.with_registry_token(&another, &both));
    let by_password_only = under_way(&alice);
    let upload = under_way(&client);
    site.pass(61);
    // What one holder of the same account began is not another's, nor does a name stand for the other.
    must_be_challenged(client.add_to(&others, b"second"), "invalid_token");
    client.add_to(&upload.replacen(APP, WEB, 1), b"second").must_be(401);
    must_be_challenged(client.send("POST", &uploads_of(APP), b""), "invalid_token");
    must_be_challenged(client.get_manifest(APP, "1"), "invalid_token");
    must_be_challenged(client.get(&blob_of(APP, &sha256(CONFIG.as_bytes()))), "invalid_token");
    must_be_challenged(client.put_manifest(APP, "2", &manifest("another")), "invalid_token");
    must_be_challenged(client.add_to(&upload.replace("uploads/", "uploads/0"), b"second"), "invalid_token");
    // The same access token began it, without a registry token.
    client.add_to(&by_password_only, b"second").must_be(202);

    client.get(&upload).must_be(204);
    let added = client.add_to(&upload, b"second").must_be(202);
    site.pass(HOUR);
    let end = added.header("location").expect("where it goes on");
    client.end_upload(end, &sha256(b"first second")).must_be(201);
    let fresh = site.with_registry_token(&alice, &[PUSH]);
    fresh.get(&blob_of(APP, &sha256(b"first second"))).must_be(200);
    fresh.put_manifest(APP, "2", &manifest("another")).must_be(201);
}

#[test]
fn an_upload_goes_on_no_longer_than_its_right_and_a_day() {
    let (site, _registry, alice) = short_lived();
    for (number, (what, end, _)) in ENDINGS.into_iter().enumerate() {
        eprintln!("{what}");
        let holder = Holder::new(&site, number);
        let client = site.with_registry_token(&site.with_token(&holder.user, &holder.token), &[PUSH]);
        let upload = under_way(&client);
        site.pass(61);
        client.get(&upload).must_be(204);
        end(&holder);
        client.add_to(&upload, b"second").must_be(401);
        client.end_upload(&upload, &sha256(b"first ")).must_be(401);
    }
    site.add_repository("alice/day");
    let client = site.with_registry_token(&alice, &["alice/day:pull,push"]);
    let upload = client.begin_upload("alice/day");
    site.pass(DAY - 1);
    client.get(&upload).must_be(204);
    site.pass(1);
    client.get(&upload).must_be(401);
}
