//! The authorization matrix: every route of the table for every kind of caller. A route without a row fails, and so
//! does a refused request that changed anything.

use std::{cell::Cell, collections::BTreeSet};

use dockpass::{api::operations, domain::act::Act};
use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    notify,
    site::{Caller, HOUR},
};

/// Who calls, in the order of the columns. Everything that is asked for belongs to `alice`, or to the organization `acme`
/// that she administers; `carol` is in its team `dev`. `capped` is her access token without admin level, `pushing` one that
/// deletes nothing, `owner` she herself, `other` another user, `robot` a read-write robot of the organization, `bearer` the
/// administrator's registry token.
const CALLERS: [&str; 12] = [
    "none", "garbage", "expired", "revoked", "bearer", "capped", "pushing", "other", "robot", "owner", "admin",
    "socket",
];

const MATRIX: &str = "
GET    /api/v0/api_tokens                                              401 401 401 401 401 200 200 403 403 200 200 200
POST   /api/v0/api_tokens                                              401 401 401 401 401 403 403 403 403 200 200 200
DELETE /api/v0/api_tokens                                              401 401 401 401 401 403 403 403 403 200 200 200
POST   /api/v0/api_tokens/identify                                     401 401 401 401 401 404 404 404 404 200 200 200
POST   /api/v0/api_tokens/revoke                                       202 401 401 401 401 202 202 202 202 202 202 202
GET    /api/v0/api_tokens/counts                                       401 401 401 401 401 200 200 403 403 200 200 200
POST   /api/v0/api_tokens/reach                                        401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/api_tokens/{hashedtoken}                                401 401 401 401 401 404 404 404 404 200 200 200
PATCH  /api/v0/api_tokens/{hashedtoken}                                401 401 401 401 401 404 404 404 404 200 200 200
DELETE /api/v0/api_tokens/{hashedtoken}                                401 401 401 401 401 404 404 404 404 200 200 200
DELETE /api/v0/api_tokens/{hashedtoken}/overlap                        401 401 401 401 401 404 404 404 404 200 200 200
POST   /api/v0/api_tokens/{hashedtoken}/rotate                         401 401 401 401 401 404 404 404 404 200 200 200
GET    /api/v0/accounts/{name}/robots                                  401 401 401 401 401 403 403 403 403 200 200 200
POST   /api/v0/accounts/{name}/robots                                  401 401 401 401 401 403 403 403 403 201 201 201
POST   /api/v0/accounts/{name}/robots/previewReach                     401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/accounts/{name}/robots/{robot}                          401 401 401 401 401 403 403 403 403 200 200 200
PATCH  /api/v0/accounts/{name}/robots/{robot}                          401 401 401 401 401 403 403 403 403 200 200 200
DELETE /api/v0/accounts/{name}/robots/{robot}                          401 401 401 401 401 403 403 403 403 204 204 204
POST   /api/v0/accounts/{name}/robots/{robot}/rotate                   401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/accounts/{name}/robots/{robot}/activity                 401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/repositories                                            401 401 401 401 401 200 200 200 200 200 200 200
GET    /api/v0/repositories/{namespace}                                401 401 401 401 401 200 200 200 404 200 200 200
POST   /api/v0/repositories/{namespace}                                401 401 401 401 401 403 403 403 403 201 201 201
GET    /api/v0/repositories/{namespace}/{reponame}                     401 401 401 401 401 200 200 404 404 200 200 200
GET    /api/v0/repositories/{namespace}/{reponame}/activity            401 401 401 401 401 200 200 404 404 200 200 200
PATCH  /api/v0/repositories/{namespace}/{reponame}                     401 401 401 401 401 403 403 404 404 200 200 200
POST   /api/v0/repositories/{namespace}/{reponame}/transfer            401 401 401 401 401 403 403 403 403 403 200 200
DELETE /api/v0/repositories/{namespace}/{reponame}                     401 401 401 401 401 403 403 404 404 204 204 204
GET    /api/v0/repositories/{namespace}/{reponame}/tags                401 401 401 401 401 200 200 404 404 200 200 200
GET    /api/v0/repositories/{namespace}/{reponame}/tags/{tag}          401 401 401 401 401 200 200 404 404 200 200 200
GET    /api/v0/repositories/{namespace}/{reponame}/manifests           401 401 401 401 401 200 200 404 404 200 200 200
DELETE /api/v0/repositories/{namespace}/{reponame}/tags/{tag}          401 401 401 401 401 409 403 404 404 409 409 409
GET    /api/v0/repositories/{namespace}/{reponame}/userAccess          401 401 401 401 401 403 403 404 404 200 200 200
PUT    /api/v0/repositories/{namespace}/{reponame}/userAccess/{username}
                                                                       401 401 401 401 401 403 403 404 404 200 200 200
DELETE /api/v0/repositories/{namespace}/{reponame}/userAccess/{username}
                                                                       401 401 401 401 401 403 403 404 404 204 204 204
GET    /api/v0/repositoryNamespaces/{namespace}/userAccess             401 401 401 401 401 403 403 403 403 200 200 200
PUT    /api/v0/repositoryNamespaces/{namespace}/userAccess/{username}  401 401 401 401 401 403 403 403 403 200 200 200
DELETE /api/v0/repositoryNamespaces/{namespace}/userAccess/{username}  401 401 401 401 401 403 403 403 403 204 204 204
GET    /api/v0/repositories/{namespace}/{reponame}/access              401 401 401 401 401 403 403 404 404 200 200 200
GET    /api/v0/accounts/{name}/repositoryAccess/{namespace}/{reponame} 401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/accounts/{name}/repositoryAccess                        401 401 401 401 401 403 403 403 403 200 200 200
GET    /enzi/v0/accounts                                               401 401 401 401 401 403 403 403 403 403 200 200
POST   /enzi/v0/accounts                                               401 401 401 401 401 403 403 403 403 403 201 201
GET    /enzi/v0/accounts/{name}                                        401 401 401 401 401 403 403 200 403 200 200 200
PATCH  /enzi/v0/accounts/{name}                                        401 401 401 401 401 403 403 403 403 200 200 200
DELETE /enzi/v0/accounts/{name}                                        401 401 401 401 401 403 403 403 403 403 204 204
POST   /enzi/v0/accounts/{name}/changePassword                         401 401 401 401 401 403 403 403 403 200 200 200
DELETE /api/v0/accounts/{name}                                         401 401 401 401 401 403 403 403 403 403 204 204
POST   /api/v0/accounts/{name}/transferRepositories                    401 401 401 401 401 403 403 403 403 403 200 200
DELETE /api/v0/accounts/{name}/lock                                    401 401 401 401 401 403 403 403 403 403 204 204
GET    /enzi/v0/accounts/{name}/members                                401 401 401 401 401 403 403 403 403 200 200 200
GET    /enzi/v0/accounts/{name}/members/{member}                       401 401 401 401 401 403 403 403 403 200 200 200
PUT    /enzi/v0/accounts/{name}/members/{member}                       401 401 401 401 401 403 403 403 403 200 200 200
DELETE /enzi/v0/accounts/{name}/members/{member}                       401 401 401 401 401 403 403 403 403 204 204 204
GET    /enzi/v0/accounts/{name}/members/{member}/teams                 401 401 401 401 401 403 403 403 403 200 200 200
GET    /enzi/v0/accounts/{name}/organizations                          401 401 401 401 401 403 403 403 403 200 200 200
GET    /enzi/v0/accounts/{name}/teams                                  401 401 401 401 401 403 403 403 403 200 200 200
POST   /enzi/v0/accounts/{name}/teams                                  401 401 401 401 401 403 403 403 403 201 201 201
GET    /enzi/v0/accounts/{name}/teams/{team}                           401 401 401 401 401 403 403 403 403 200 200 200
PATCH  /enzi/v0/accounts/{name}/teams/{team}                           401 401 401 401 401 403 403 403 403 200 200 200
DELETE /enzi/v0/accounts/{name}/teams/{team}                           401 401 401 401 401 403 403 403 403 204 204 204
GET    /enzi/v0/accounts/{name}/teams/{team}/members                   401 401 401 401 401 403 403 403 403 200 200 200
GET    /enzi/v0/accounts/{name}/teams/{team}/members/{member}          401 401 401 401 401 403 403 403 403 200 200 200
PUT    /enzi/v0/accounts/{name}/teams/{team}/members/{member}          401 401 401 401 401 403 403 403 403 200 200 200
DELETE /enzi/v0/accounts/{name}/teams/{team}/members/{member}          401 401 401 401 401 403 403 403 403 204 204 204
GET    /api/v0/repositories/{namespace}/{reponame}/teamAccess          401 401 401 401 401 403 403 404 403 200 200 200
PUT    /api/v0/repositories/{namespace}/{reponame}/teamAccess/{team}   401 401 401 401 401 403 403 404 403 200 200 200
DELETE /api/v0/repositories/{namespace}/{reponame}/teamAccess/{team}   401 401 401 401 401 403 403 404 403 204 204 204
GET    /api/v0/repositoryNamespaces/{namespace}/teamAccess             401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}      401 401 401 401 401 403 403 403 403 200 200 200
PUT    /api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}      401 401 401 401 401 403 403 403 403 200 200 200
DELETE /api/v0/repositoryNamespaces/{namespace}/teamAccess/{team}      401 401 401 401 401 403 403 403 403 204 204 204
GET    /api/v0/accounts/{name}/teams/{team}/repositoryAccess           401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/access/check                                            401 401 401 401 401 403 403 404 404 200 200 200
GET    /api/v0/accounts/{name}/access                                  401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/accounts/{name}/teams/{team}/access                     401 401 401 401 401 403 403 403 403 200 200 200
GET    /api/v0/api_tokens/{hashedtoken}/access                         401 401 401 401 401 404 404 404 404 200 200 200
GET    /api/v0/repositories/{namespace}/{reponame}/tokens              401 401 401 401 401 403 403 404 404 200 200 200
POST   /api/v0/session                                                 400 400 400 400 400 400 400 400 400 400 400 400
GET    /api/v0/session                                                 401 401 401 401 401 401 401 401 401 401 401 401
DELETE /api/v0/session                                                 401 401 401 401 401 401 401 401 401 401 401 401
GET    /api/v0/accounts/{name}/sessions                                401 401 401 401 401 403 403 403 403 200 200 200
DELETE /api/v0/accounts/{name}/sessions                                401 401 401 401 401 403 403 403 403 200 200 200
DELETE /api/v0/accounts/{name}/sessions/{session}                      401 401 401 401 401 403 403 403 403 204 204 204
GET    /v1/_ping                                                       200 200 200 200 200 200 200 200 200 200 200 200
GET    /v1/search                                                      200 401 401 401 401 200 200 200 200 200 200 200
GET    /api/v0/index/dockersearch                                      200 401 401 401 401 200 200 200 200 200 200 200
GET    /api/v0/index/autocomplete                                      200 401 401 401 401 200 200 200 200 200 200 200
GET    /api/v0/audit                                                   401 401 401 401 401 403 403 403 403 403 200 200
GET    /api/v0/api_tokens/{hashedtoken}/activity                       401 401 401 401 401 404 404 404 404 200 200 200
GET    /api/v0/accounts/{name}/activity                                401 401 401 401 401 200 200 403 403 200 200 200
GET    /api/v0/audit/head                                              401 401 401 401 401 403 403 403 403 403 200 200
POST   /api/v0/audit/verify                                            401 401 401 401 401 403 403 403 403 403 403 200
GET    /auth/token                                                     200 401 401 401 401 200 200 200 200 200 200 401
POST   /auth/token                                                     200 401 401 401 401 200 200 200 200 200 200 401
GET    /auth/keys                                                      200 200 200 200 200 200 200 200 200 200 200 200
GET    /auth/ca.pem                                                    200 200 200 200 200 200 200 200 200 200 200 200
GET    /auth/verify                                                    404 404 404 404 404 404 404 404 404 404 404 404
GET    /v2/                                                            401 401 401 401 200 200 200 200 200 200 200 200
GET    /v2/_catalog                                                    401 401 401 401 200 200 200 200 200 200 200 200
GET    /health                                                         200 200 200 200 200 200 200 200 200 200 200 200
GET    /metrics                                                        404 404 404 404 404 404 404 404 404 404 404 404
GET    /_ping                                                          200 200 200 200 200 200 200 200 200 200 200 200
GET    /ca.pem                                                         404 404 404 404 404 404 404 404 404 404 404 404
GET    /ca                                                             404 404 404 404 404 404 404 404 404 404 404 404
GET    /api/v0/meta/cluster_status                                     401 401 401 401 401 403 403 403 403 403 200 200
GET    /api/v0/admin/version                                           401 401 401 401 401 403 403 403 403 403 200 200
GET    /api/v0/admin/doctor                                            401 401 401 401 401 403 403 403 403 403 200 200
GET    /api/v0/admin/registry                                          401 401 401 401 401 403 403 403 403 403 200 200
GET    /api/v0/admin/registry/config                                   401 401 401 401 401 403 403 403 403 403 200 200
POST   /api/v0/admin/registry/sync                                     401 401 401 401 401 403 403 403 403 403 409 409
DELETE /api/v0/admin/registry/sync                                     401 401 401 401 401 403 403 403 403 403 409 409
GET    /api/v0/registry/host                                           401 401 401 401 401 200 200 200 200 200 200 200
POST   /api/v0/registry/events                                         404 404 404 404 404 404 404 404 404 404 404 404
POST   /api/v0/admin/registry/rotate-key                               401 401 401 401 401 403 403 403 403 403 403 200
POST   /api/v0/admin/backup                                            401 401 401 401 401 403 403 403 403 403 403 200
POST   /api/v0/admin/backup/durable                                    401 401 401 401 401 403 403 403 403 403 403 204
POST   /api/v0/admin/check                                             401 401 401 401 401 403 403 403 403 403 403 200
GET    /api/v0/meta/settings                                           401 401 401 401 401 403 403 403 403 403 200 200
POST   /api/v0/meta/settings                                           401 401 401 401 401 403 403 403 403 403 202 202
GET    /api/v0/openapi.json                                            200 200 200 200 200 200 200 200 200 200 200 200
GET    /api/v0/docs                                                    200 200 200 200 200 200 200 200 200 200 200 200
GET    /manual                                                         200 200 200 200 200 200 200 200 200 200 200 200
GET    /manual/{chapter}                                               200 200 200 200 200 200 200 200 200 200 200 200
GET    /                                                               200 200 200 200 200 200 200 200 200 200 200 200
GET    /sign-in                                                        200 200 200 200 200 200 200 200 200 200 200 200
GET    /profile                                                        200 200 200 200 200 200 200 200 200 200 200 200
GET    /profile/password                                               200 200 200 200 200 200 200 200 200 200 200 200
GET    /profile/access-tokens                                          200 200 200 200 200 200 200 200 200 200 200 200
GET    /profile/access-tokens/{id}                                     200 200 200 200 200 200 200 200 200 200 200 200
GET    /repositories                                                   200 200 200 200 200 200 200 200 200 200 200 200
GET    /repositories/{namespace}                                       200 200 200 200 200 200 200 200 200 200 200 200
GET    /repositories/{namespace}/{reponame}                            200 200 200 200 200 200 200 200 200 200 200 200
GET    /repositories/{namespace}/{reponame}/tags/{tag}                 200 200 200 200 200 200 200 200 200 200 200 200
GET    /organizations                                                  200 200 200 200 200 200 200 200 200 200 200 200
GET    /organizations/{name}                                           200 200 200 200 200 200 200 200 200 200 200 200
GET    /organizations/{name}/new-robot                                 200 200 200 200 200 200 200 200 200 200 200 200
GET    /organizations/{name}/robots/{robot}                            200 200 200 200 200 200 200 200 200 200 200 200
GET    /organizations/{name}/teams/{team}                              200 200 200 200 200 200 200 200 200 200 200 200
GET    /people                                                         200 200 200 200 200 200 200 200 200 200 200 200
GET    /people/{name}                                                  200 200 200 200 200 200 200 200 200 200 200 200
GET    /people/{name}/access-tokens/{id}                               200 200 200 200 200 200 200 200 200 200 200 200
GET    /people/{name}/leave                                           200 200 200 200 200 200 200 200 200 200 200 200
GET    /audit                                                          200 200 200 200 200 200 200 200 200 200 200 200
GET    /registry                                                       200 200 200 200 200 200 200 200 200 200 200 200
GET    /doctor                                                        200 200 200 200 200 200 200 200 200 200 200 200
GET    /settings                                                      200 200 200 200 200 200 200 200 200 200 200 200
GET    /assets/{hash}/{file}                                           200 200 200 200 200 200 200 200 200 200 200 200
GET    /assets/{hash}/{folder}/{file}                                  200 200 200 200 200 200 200 200 200 200 200 200
";

struct Row {
    method: &'static str,
    path: &'static str,
    statuses: Vec<u16>,
}

fn rows() -> Vec<Row> {
    let words: Vec<&str> = MATRIX.split_whitespace().collect();
    let row = |row: &[&'static str]| Row {
        method: row[0],
        path: row[1],
        statuses: row[2..].iter().map(|status| status.parse().expect("a status")).collect(),
    };
    let rows: Vec<Row> = words.chunks(2 + CALLERS.len()).map(row).collect();
    assert!(rows.iter().all(|row| row.statuses.len() == CALLERS.len()), "a row has a status for every caller");
    rows
}

/// The server with everything that the requests of the matrix need.
struct Scene {
    site: InProcess,
    callers: Vec<Caller>,
    /// The token that refused requests name; allowed ones get another, which they may end.
    token: AccessToken,
    /// That of the column `capped`.
    capped: AccessToken,
    /// Makes names that no other cell has.
    number: Cell<u32>,
}

impl Scene {
    fn new() -> Self {
        let site = InProcess::start();
        site.add_user("alice");
        site.add_user("bob");
        site.add_service("carol");
        site.add_repository("alice/app");
        site.push("alice/app", &[("1.0", 1), ("2.0", 2)]);
        site.add_organization("acme", &[("alice", true), ("carol", false)]);
        site.add_team("acme/dev", &["carol"]);
        site.add_repository("acme/app");
        site.grant("alice/app", "carol", "read-only");
        site.grant("alice", "carol", "read-only");
        let token = site.add_token("alice", &json!({}));
        let expired = site.add_token("alice", &json!({ "expiresAt": site.in_time(HOUR) }));
        site.pass(HOUR);
        let revoked = site.add_token("alice", &json!({}));
        site.as_local().delete(&format!("/api/v0/api_tokens/{}", revoked.hash)).must_be(200);
        let capped = site.add_token("alice", &json!({ "accessLevel": "read-write" }));
        let pushing = site.add_token("alice", &json!({ "accessLevel": "push" }));
        let machine = site.make_robot("acme/machine", &json!({ "accessLevel": "read-write" }));
        site.make_robot("acme/ci", &json!({ "accessLevel": "read-write" }));
        let registry_token = site.as_admin().get("/auth/token").must_be(200).text("/token");
        let callers = vec![
            site.as_nobody(),
            site.with("alice", "not-the-password"),
            site.with_token("alice", &expired),
            site.with_token("alice", &revoked),
            site.as_nobody().header("Authorization", &format!("Bearer {registry_token}")),
            site.with_token("alice", &capped),
            site.with_token("alice", &pushing),
            site.as_user("bob"),
            site.with("acme/machine", &machine),
            site.as_user("alice"),
            site.as_admin(),
            site.as_local(),
        ];
        Self { site, callers, token, capped, number: Cell::new(0) }
    }

    /// The identifier of an open session of alice's.
    fn session(&self) -> String {
        let open = || self.site.as_local().get("/api/v0/accounts/alice/sessions").must_be(200).json();
        let first = |sessions: &Value| sessions[0]["id"].as_str().map(str::to_owned);
        first(&open()).unwrap_or_else(|| {
            let body = json!({ "username": "alice", "password": PASSWORD });
            self.site.as_nobody().post("/api/v0/session", &body).must_be(200);
            // Written now, so that its record is older than that of the request.
            self.site.audit("action=session.open");
            first(&open()).expect("the session")
        })
    }

    fn fresh(&self, what: &str) -> String {
        self.number.set(self.number.get() + 1);
        format!("{what}{}", self.number.get())
    }

    /// Everything that a request could change.
    fn snapshot(&self) -> String {
        let paths = [
            "/enzi/v0/accounts?limit=0",
            "/api/v0/api_tokens?pageSize=0",
            "/api/v0/repositories?pageSize=0",
            "/api/v0/repositories/alice/app/userAccess",
            "/api/v0/repositoryNamespaces/alice/userAccess",
            "/enzi/v0/accounts/acme/members?limit=0",
            "/enzi/v0/accounts/acme/teams?limit=0",
            "/api/v0/accounts/acme/robots?limit=0",
            "/enzi/v0/accounts/acme/teams/dev/members?limit=0",
            "/api/v0/repositories/acme/app/teamAccess",
            "/api/v0/repositoryNamespaces/acme/teamAccess",
            "/api/v0/repositories/alice/app/tags?pageSize=0",
            "/auth/ca.pem",
            "/auth/keys",
            "/api/v0/meta/settings",
            "/api/v0/accounts/alice/sessions",
        ];
        let shown = paths.map(|path| self.site.as_local().get(path).must_be(200).body.clone());
        let unused = |text: &str| {
            serde_json::from_str(text).map_or_else(
                |_| text.to_owned(),
                |mut shown: Value| {
                    forget_uses(&mut shown);
                    shown.to_string()
                },
            )
        };
        shown.iter().map(|shown| unused(shown)).collect::<Vec<_>>().join(" ")
    }

    /// The path of a request with everything in braces filled in; an allowed one gets a victim of its own.
    fn path(&self, row: &Row, is_allowed: bool) -> String {
        let ends = |path: &str| is_allowed && row.method == "DELETE" && row.path.ends_with(path);
        let (mut repository, mut account, mut token) = ("app".to_owned(), "alice".to_owned(), self.token.hash.clone());
        if ends("/{reponame}") || is_allowed && row.path.ends_with("/transfer") {
            repository = self.fresh("victim");
            self.site.add_repository(&format!("alice/{repository}"));
        } else if ends("accounts/{name}") || is_allowed && row.path.ends_with("/transferRepositories") {
            account = self.fresh("victim");
            self.site.add_service(&account);
            if row.method == "POST" {
                self.site.add_repository(&format!("{account}/app"));
            }
        } else if ends("/{reponame}/userAccess/{username}") {
            self.site.grant("alice/app", "carol", "read-only");
        } else if ends("/userAccess/{username}") {
            self.site.grant("alice", "carol", "read-only");
        } else if is_allowed && row.path.contains("{hashedtoken}") {
            token = self.site.add_token("alice", &json!({})).hash;
            if ends("/overlap") {
                let rotated =
                    self.site.as_local().post(&format!("/api/v0/api_tokens/{token}/rotate"), &json!({ "overlap": 60 }));
                token = rotated.must_be(200).text("/hashedToken");
            }
        }
        let mut robot = "ci".to_owned();
        if ends("/{robot}") {
            robot = self.fresh("robot");
            self.site.make_robot(&format!("acme/{robot}"), &json!({ "accessLevel": "push" }));
        }
        let owner = if row.path.contains("teamAccess") { "acme" } else { "alice" };
        let path = row.path.replace("{namespace}", owner).replace("{username}", "carol");
        let path = self.path_in_organization(row, path);
        let path = path
            .replace("{tag}", "1.0")
            .replace("{reponame}", &repository)
            .replace("{name}", &account)
            .replace("{hashedtoken}", &token)
            .replace("{robot}", &robot)
            .replace("{id}", &token)
            .replace("{session}", &if row.path.contains("{session}") { self.session() } else { String::new() });
        // An allowed clean-up finds nothing, so that the callers stay; a refused one would take everything.
        let before = if is_allowed { "2001-01-01" } else { "2999-01-01" };
        match (row.method, row.path) {
            ("DELETE", "/api/v0/api_tokens") => format!("{path}?username=alice&generatedby=all&usedbefore={before}"),
            (_, "/api/v0/access/check") => format!("{path}?user=alice&action=pull&repository=alice%2Fapp"),
            (_, "/api/v0/api_tokens" | "/api/v0/api_tokens/counts" | "/api/v0/api_tokens/reach") => {
                format!("{path}?username=alice")
            }
            (_, "/api/v0/admin/registry/config") => format!("{path}?for=distribution"),
            (_, "/manual/{chapter}") => "/manual/tokens".to_owned(),
            (_, "/assets/{hash}/{file}") => self.site.asset("app.css"),
            (_, "/assets/{hash}/{folder}/{file}") => self.site.asset("lib/dom.js"),
            (_, "/api/v0/index/autocomplete") => format!("{path}?query=app"),
            _ => path,
        }
    }

    /// The rest of a path in the organization, with its members, teams and team grants as they were at the beginning.
    fn path_in_organization(&self, row: &Row, path: String) -> String {
        if row.path.contains("/robots") {
            return path.replace("{name}", "acme");
        }
        if !["/members", "/teams", "teamAccess"].iter().any(|part| path.contains(part)) {
            return path;
        }
        let group = if path.contains("/teams") { "acme/dev" } else { "acme" };
        self.site.join("acme/dev", "carol", false);
        self.site.join("acme", "carol", false);
        if path.ends_with("{member}") && row.method == "PUT" {
            self.site.leave(group, "carol");
        }
        for target in ["acme", "acme/app"] {
            self.site.grant_team(target, "dev", "read-only");
        }
        let mut team = "dev".to_owned();
        if path.ends_with("{team}") && row.method == "DELETE" && !path.contains("teamAccess") {
            team = self.fresh("team");
            self.site.add_team(&format!("acme/{team}"), &["carol"]);
        }
        path.replace("{name}", "acme").replace("{member}", "carol").replace("{team}", &team)
    }

    fn body(&self, row: &Row) -> Value {
        match (row.method, row.path) {
            ("POST", "/api/v0/api_tokens/identify") => json!({ "token": self.token.secret }),
            ("POST", "/api/v0/api_tokens/revoke") => {
                json!({ "tokens": [self.site.add_token("alice", &json!({})).secret] })
            }
            ("POST", "/api/v0/repositories/{namespace}" | "/enzi/v0/accounts" | "/enzi/v0/accounts/{name}/teams") => {
                json!({ "name": self.fresh("new") })
            }
            ("PATCH", "/api/v0/repositories/{namespace}/{reponame}") => json!({ "shortDescription": self.fresh("") }),
            ("POST", "/api/v0/accounts/{name}/robots") => {
                json!({ "name": self.fresh("robot"), "accessLevel": "read-only" })
            }
            ("POST", "/api/v0/accounts/{name}/robots/previewReach") => json!({ "accessLevel": "read-only" }),
            ("PATCH", "/api/v0/api_tokens/{hashedtoken}" | "/api/v0/accounts/{name}/robots/{robot}") => {
                json!({ "tokenLabel": self.fresh("label") })
            }
            ("POST", path) if path.contains("/transfer") => json!({ "to": "carol" }),
            ("PATCH", "/enzi/v0/accounts/{name}/teams/{team}") => json!({ "description": self.fresh("") }),
            ("PUT", "/enzi/v0/accounts/{name}/members/{member}") => json!({ "isAdmin": true }),
            ("PUT", "/enzi/v0/accounts/{name}/teams/{team}/members/{member}") => json!({}),
            ("PATCH", "/enzi/v0/accounts/{name}") => json!({ "fullName": self.fresh("name") }),
            ("POST", "/enzi/v0/accounts/{name}/changePassword") => {
                json!({ "oldPassword": PASSWORD, "newPassword": PASSWORD })
            }
            ("POST", "/api/v0/meta/settings") => json!({ "maxTokensPerAccount": 900 }),
            ("POST", "/api/v0/registry/events") => {
                json!({ "events": [notify::push(&self.fresh("e"), "alice/app", &self.fresh("t"), 3)] })
            }
            ("PUT", _) => json!({ "accessLevel": "admin" }),
            _ => json!({}),
        }
    }

    fn try_cell(&self, row: &Row, column: usize) -> Option<String> {
        let expected = row.statuses[column];
        let (path, body) = (self.path(row, expected < 400), self.body(row));
        let newest = self.newest_record();
        let before = (expected >= 400).then(|| self.snapshot());
        let caller = &self.callers[column];
        let answer = match (row.method, row.path) {
            ("GET" | "DELETE", _) => caller.send(row.method, &path, b""),
            (_, "/auth/token") => caller.post_form(&path, "grant_type=password&service=dockpass"),
            _ => caller.json(row.method, &path, &body),
        };
        let mark = format!("{} {} as {}", row.method, row.path, CALLERS[column]);
        if answer.status != expected {
            return Some(format!("{mark}: {} instead of {expected}\n{}", answer.status, answer.describe()));
        }
        if let Some(fault) = self.act_fault(row, expected).or_else(|| self.count_fault(row, expected, newest)) {
            return Some(format!("{mark}: {fault}\n{}", answer.describe()));
        }
        before
            .is_some_and(|before| before != self.snapshot())
            .then(|| format!("{mark}: it was refused and had an effect\n{}", answer.describe()))
    }
}

/// Records that come beside the one of an operation: what a request does on the way.
const BESIDE: [&str; 3] = ["account.signIn", "repository.createOnPush", "tag.beginDelete"];

/// Acts that only read, although their requests have a body.
const READS: [Act; 5] = [Act::AuditVerify, Act::RobotReach, Act::ServerCheck, Act::TokenReach, Act::TokenView];

impl Scene {
    /// What is wrong with the newest record of the audit log: a change, and what is denied, bear the operation's act.
    fn act_fault(&self, row: &Row, status: u16) -> Option<String> {
        let facts = operations::all().into_iter().map(|it| it.facts);
        let act = facts.into_iter().find(|it| it.method.as_str() == row.method && it.path == row.path)?.act?;
        let newest = || self.site.as_local().get("/api/v0/audit?pageSize=20").must_be(200).json();
        let outcome = match status {
            403 => "denied",
            // Where the caller may not see what is there, this waits to be recorded: the list has it written.
            404 => {
                newest();
                return None;
            }
            // What changes nothing is recorded when it is denied.
            200..300 if row.method != "GET" && !READS.contains(&act) => "success",
            _ => return None,
        };
        let records = newest();
        let records = records["records"].as_array().expect("records").clone();
        let newest = records.iter().find(|it| !BESIDE.contains(&it["action"].as_str().expect("an action")))?;
        let is_it = newest["action"] == act.word() && newest["outcome"] == outcome;
        (!is_it).then(|| format!("the newest record is not {outcome} {act}: {newest}"))
    }
}

/// Changes that are more than one deed, each of which has a record: repositories that go with their owner.
const SEVERAL: [&str; 1] = ["/api/v0/accounts/{name}"];

impl Scene {
    /// The number of the newest record, once all that waits is written.
    fn newest_record(&self) -> u64 {
        self.site.as_local().get("/api/v0/audit/head").must_be(200).json()["seq"].as_u64().expect("a number")
    }

    /// What is wrong with the number of records that a change has left since this one: one deed has one record.
    fn count_fault(&self, row: &Row, status: u16, before: u64) -> Option<String> {
        let facts = operations::all().into_iter().map(|it| it.facts);
        let act = facts.into_iter().find(|it| it.method.as_str() == row.method && it.path == row.path)?.act?;
        let is_change = (200..300).contains(&status) && row.method != "GET" && act != Act::AuditVerify;
        if !is_change || SEVERAL.contains(&row.path) {
            return None;
        }
        let records = self.site.audit(&format!("outcome=success&after={before}"));
        let is_its = |it: &&Value| !BESIDE.contains(&it["action"].as_str().expect("an action"));
        let records: Vec<&Value> = records.iter().filter(is_its).collect();
        (records.len() > 1).then(|| format!("one deed has {} records: {records:#?}", records.len()))
    }
}

/// A refused request counts as a use and as a sign-in; that this is noted is no effect.
fn forget_uses(shown: &mut Value) {
    match shown {
        Value::Object(fields) => {
            ["lastUsed", "lastUsedIp", "currentLastUsed", "lastSignIn"]
                .iter()
                .for_each(|name| drop(fields.remove(*name)));
            fields.values_mut().for_each(forget_uses);
        }
        Value::Array(rows) => rows.iter_mut().for_each(forget_uses),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_route_has_its_row_and_says_truly_whether_it_is_public() {
    let rows = rows();
    let served: BTreeSet<_> =
        operations::all().iter().map(|it| format!("{} {}", it.facts.method.as_str(), it.facts.path)).collect();
    let judged: BTreeSet<_> = rows.iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    assert_eq!(served, judged, "the matrix and the table of routes differ");
    assert_eq!(judged.len(), rows.len(), "a row stands twice");
    for facts in operations::all().iter().map(|it| it.facts) {
        let is_its = |row: &&Row| row.method == facts.method.as_str() && row.path == facts.path;
        let row = rows.iter().find(is_its).expect("its row");
        assert_eq!(facts.access.is_public(), row.statuses[0] != 401, "{} {}", row.method, row.path);
    }
}

#[test]
fn every_caller_gets_what_the_matrix_says_and_refusal_has_no_effect() {
    let scene = Scene::new();
    let rows = rows();
    let wrong: Vec<String> = rows
        .iter()
        .flat_map(|row| (0..CALLERS.len()).map(move |column| (row, column)))
        .filter_map(|(row, column)| scene.try_cell(row, column))
        .collect();
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn an_access_token_alone_gets_what_it_gets_with_its_name_but_for_the_registrys_paths() {
    let scene = Scene::new();
    let alone = scene.site.with("", &scene.capped.secret);
    let column = |name: &str| CALLERS.iter().position(|it| *it == name).expect("a column");
    for row in rows().iter().filter(|row| row.method == "GET") {
        let is_of_registry = ["/v2/", "/auth/"].iter().any(|start| row.path.starts_with(start));
        let expected = row.statuses[column(if is_of_registry { "garbage" } else { "capped" })];
        let answer = alone.send("GET", &scene.path(row, expected < 400), b"");
        assert_eq!(answer.status, expected, "{}: {}", row.path, answer.describe());
    }
}

#[test]
fn a_refusal_names_the_way_in_and_nothing_else() {
    let scene = Scene::new();
    for row in rows().iter().filter(|row| row.statuses[0] == 401) {
        let path = scene.path(row, false);
        let refused = scene.site.as_nobody().send(row.method, &path, b"{ not json").must_be(401);
        let challenge = refused.header("www-authenticate").unwrap_or_default();
        let expected = if row.path.starts_with("/v2") { "Bearer realm=" } else { "Basic realm=" };
        assert!(challenge.starts_with(expected), "{}", refused.describe());
        let code = if row.path.starts_with("/v2") { "UNAUTHORIZED" } else { "NOT_AUTHENTICATED" };
        assert_eq!(refused.code(), code);
        // A refusal of a page's request must not open the browser's own window.
        let refused = scene.site.as_nobody().header("Sec-Fetch-Site", "same-origin").send(row.method, &path, b"");
        let challenge = refused.header("www-authenticate").unwrap_or_default();
        assert!(!challenge.starts_with("Basic"), "{}", refused.describe());
        // Strangers learn nothing about an invalid query either.
        scene.site.as_nobody().send(row.method, &format!("{path}?pageSize=x&n=x&usedbefore=x"), b"").must_be(401);
    }
}

/// Whatever `GET` is refused for, `HEAD` is, and it tells no more.
#[test]
fn head_is_answered_as_get_is_to_every_caller() {
    let scene = Scene::new();
    for row in rows().iter().filter(|row| row.method == "GET") {
        for (who, (caller, expected)) in CALLERS.iter().zip(scene.callers.iter().zip(&row.statuses)) {
            let answer = caller.send("HEAD", &scene.path(row, *expected < 400), b"");
            assert_eq!(answer.status, *expected, "HEAD {} as {who}: {}", row.path, answer.describe());
            assert!(answer.body.is_empty(), "HEAD {} as {who}: {}", row.path, answer.describe());
        }
    }
}

/// The secrets that open one path each: everywhere else they are credentials that nobody knows, for every method.
#[test]
fn the_secrets_of_collectors_and_registries_open_one_path_each_of_all_that_there_are() {
    let scene = Scene::new();
    let garbage = CALLERS.iter().position(|it| *it == "garbage").expect("a column");
    let before = scene.snapshot();
    for (caller, own) in
        [(scene.site.as_collector(), "/metrics"), (scene.site.as_registry(), "/api/v0/registry/events")]
    {
        let mut opened = 0;
        for row in &rows() {
            let expected = if row.path == own { 200 } else { row.statuses[garbage] };
            let (path, body) = (scene.path(row, false), scene.body(row));
            let answer = match row.method {
                "GET" | "DELETE" => caller.send(row.method, &path, b""),
                _ if row.path == "/auth/token" => caller.post_form(&path, "grant_type=password&service=dockpass"),
                _ => caller.json(row.method, &path, &body),
            };
            assert_eq!(answer.status, expected, "{} {}: {}", row.method, row.path, answer.describe());
            opened += u32::from(row.path == own);
        }
        assert_eq!(opened, 1, "{own}");
    }
    // The registry has told of a push.
    let pushes = |shown: &str| shown.matches("\"tagCount\"").count();
    assert_eq!(pushes(&scene.snapshot()), pushes(&before));
}
