//! The authorization matrix of the token endpoint: what is granted of all actions on each kind of repository to each kind of
//! caller, by either method, and of the catalogue. An action that is new is asked for as well, and so does not pass unseen.

use dockpass::domain::access::Action;
use serde_json::json;

use crate::support::{
    InProcess,
    issued::{ENDPOINT, Issued, form},
    site::{Caller, HOUR},
};

/// Who calls, in the order of the columns: `reading`, `pushing` and `writing` are alice's access tokens with that cap, `narrow`
/// one for `alice/app` alone, `other` has nothing but what is her own, `reader` may pull by a grant and through a team, `robot`
/// is a read-write one of `acme`, which alice administers. Those who are refused get no token at all.
const CALLERS: [&str; 13] = [
    "none", "garbage", "expired", "revoked", "reading", "pushing", "writing", "narrow", "other", "reader", "robot",
    "owner", "admin",
];

/// What is granted: `r` pull, `w` push, `d` delete, `c` the catalogue, `-` nothing, `x` is 401. `bob/none` is made by the first who
/// pushes there, and what is public may be pulled by everybody, past the limits of an access token.
const MATRIX: &str = "
alice/app    -  x x x r  rw rwd rwd -   r -   rwd rwd
bob/open     r  x x x r  r  r   r   rwd r r   r   rwd
bob/own      -  x x x -  -  -   -   rwd - -   -   rwd
bob/none     -  x x x -  -  -   -   rwd - -   -   rwd
acme/app     -  x x x r  rw rwd -   -   r rwd rwd rwd
catalog      -  x x x -  -  -   -   -   - -   -   c
";

fn callers(site: &InProcess) -> Vec<Caller> {
    for name in ["alice", "bob", "carol"] {
        site.add_service(name);
    }
    site.add_organization("acme", &[("alice", true), ("carol", false)]);
    site.add_team("acme/dev", &["carol"]);
    ["alice/app", "acme/app", "bob/own"].iter().for_each(|name| site.add_repository(name));
    site.add_public("bob/open");
    site.grant("alice/app", "carol", "read-only");
    site.grant_team("acme/app", "dev", "read-only");
    let of = |name: &str, body| site.with_token(name, &site.add_token(name, &body));
    let expired = of("alice", json!({ "expiresAt": site.in_time(HOUR) }));
    site.pass(HOUR);
    let revoked = site.add_token("alice", &json!({}));
    site.as_local().delete(&format!("/api/v0/api_tokens/{}", revoked.hash)).must_be(200);
    let robot = site.make_robot("acme/machine", &json!({ "accessLevel": "read-write" }));
    vec![
        site.as_nobody(),
        site.with("alice", "not-the-password"),
        expired,
        site.with_token("alice", &revoked),
        of("alice", json!({ "accessLevel": "read-only" })),
        of("alice", json!({ "accessLevel": "push" })),
        of("alice", json!({ "accessLevel": "read-write" })),
        of("alice", json!({ "repositories": ["alice/app"] })),
        of("bob", json!({})),
        of("carol", json!({})),
        site.with("acme/machine", &robot),
        of("alice", json!({})),
        of("admin", json!({})),
    ]
}

/// What was granted, in the letters of the matrix; an action without a letter by its word.
fn letters(issued: &Issued) -> String {
    let access = issued.claims["access"].as_array().expect("a list").clone();
    let actions = access.iter().flat_map(|entry| entry["actions"].as_array().expect("a list").clone());
    let letter = |action: serde_json::Value| match action.as_str().expect("an action") {
        "pull" => "r".to_owned(),
        "push" => "w".to_owned(),
        "delete" => "d".to_owned(),
        "*" => "c".to_owned(),
        other => format!("<{other}>"),
    };
    let letters: String = actions.map(letter).collect();
    if letters.is_empty() { "-".to_owned() } else { letters }
}

#[test]
fn every_caller_is_granted_what_the_matrix_says_by_either_method() {
    let site = InProcess::start();
    let callers = callers(&site);
    assert_eq!(callers.len(), CALLERS.len());
    let all = Action::WORDS.join(",");
    let mut wrong = Vec::new();
    for line in MATRIX.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (what, cells) = words.split_first().expect("a row");
        assert_eq!(cells.len(), CALLERS.len(), "a cell for every caller: {line}");
        let scope =
            if *what == "catalog" { "registry:catalog:*".to_owned() } else { format!("repository:{what}:{all}") };
        for ((who, caller), cell) in CALLERS.iter().zip(&callers).zip(cells) {
            let by_get = caller.get(&format!("{ENDPOINT}&scope={scope}"));
            // Long enough that what the one method got is not given again to the other.
            site.pass(10);
            let fields = form(&[("grant_type", "password"), ("service", "dockpass"), ("scope", &scope)]);
            // A form shows its credentials in the header here: in its own fields they are those of the same caller.
            let by_form = caller.post_form("/auth/token", &fields);
            let mut shown = Vec::new();
            for (method, answer) in [("GET", by_get), ("POST", by_form)] {
                shown.push((
                    method,
                    if answer.status == 200 {
                        letters(&Issued::of(answer))
                    } else {
                        answer.must_be(401);
                        "x".to_owned()
                    },
                ));
            }
            let is_right = shown.iter().all(|(_, shown)| shown == cell);
            if !is_right {
                wrong.push(format!("{what} for {who}: {shown:?} and not {cell}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Pushes make repositories: by those alone who were granted one.
    let made = site.audit("action=repository.createOnPush");
    assert!(matches!(&made[..], [one] if one["actor"] == "bob"), "{made:?}");
    site.as_local().get("/api/v0/repositories/bob/none").must_be(200);
}
