//! The operations of the published table of permissions, tried on one repository, at the real registry with skopeo
//! and at the HTTP API. Each attempt checks its outcome from outside, undoes what it did, and returns whether it
//! succeeded. It stops the test if the refusal is of the wrong kind.

use serde_json::{Value, json};

use super::{
    AccessToken, Clients, Http, Image, Site,
    http::Answer,
    process::Run,
    site::{access_path, repository_path, team_access_path},
};

/// Tries something as a person; returns whether it succeeded.
pub(crate) type Attempt = fn(&Place, &Person) -> bool;

/// A repository that holds the image `1`, and the administrator who undoes what attempts change.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) site: Site,
    pub(crate) repository: &'static str,
    image: Image,
    root: Clients,
    api: Http,
}

/// The person who tries.
#[derive(Debug)]
pub(crate) struct Person {
    clients: Clients,
    http: Http,
    /// The status with which the API must refuse: 404 hides, 403 denies, 401 asks for credentials.
    pub(crate) refusal: u16,
}

impl Place {
    /// The repository, with its image, at a site where its namespace exists.
    pub(crate) fn at(site: Site, repository: &'static str) -> Self {
        let token = site.dockpass.add_token("admin", &[]);
        let (root, api) = (site.clients_with("admin", &token), site.dockpass.http_as("admin", &token.secret));
        let place = Self { site, repository, image: Image::holding("there"), root, api };
        place.put(&place.image, "1");
        place
    }

    /// A person with an access token.
    pub(crate) fn person(&self, name: &str, token: &AccessToken) -> Person {
        let http = self.site.dockpass.http_as(name, &token.secret);
        Person { clients: self.site.clients_with(name, token), http, refusal: 0 }
    }

    /// A person with a new access token that may do all that the account may.
    pub(crate) fn user(&self, name: &str) -> Person {
        self.person(name, &self.site.dockpass.add_token(name, &[]))
    }

    /// Somebody who has not signed in.
    pub(crate) fn nobody(&self) -> Person {
        Person { clients: Clients::new(), http: self.site.dockpass.http(), refusal: 401 }
    }

    /// Grants a level, or with `None` removes the grant; `access` is the path of the grant.
    pub(crate) fn give(&self, access: &str, level: Option<&str>) {
        match level {
            Some(level) => self.api.put(access, &json!({ "accessLevel": level })).must_be(200),
            None => self.api.delete(access).must_be(204),
        };
    }

    /// Makes the repository public or private.
    pub(crate) fn set_visibility(&self, visibility: &str) {
        self.api.patch(&self.path(), &json!({ "visibility": visibility })).must_be(200);
    }

    fn path(&self) -> String {
        repository_path(self.repository)
    }

    fn tagged(&self, tag: &str) -> String {
        self.site.at(&format!("{}:{tag}", self.repository))
    }

    fn put(&self, image: &Image, tag: &str) {
        self.root.push(image, &self.tagged(tag)).must_succeed();
    }

    fn holds(&self, tag: &str) -> bool {
        let listed = self.root.tags(&self.site.at(self.repository)).must_succeed().stdout;
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        listed["Tags"].as_array().expect("tags").contains(&json!(tag))
    }

    /// The level of a grant, by its path.
    fn granted(&self, access: &str) -> Option<String> {
        let (list, holder) = access.rsplit_once('/').expect("a path");
        let listed = self.api.get(list).must_be(200).json();
        let (grants, kind) = match listed.get("userAccessList") {
            Some(grants) => (grants, "user"),
            None => (&listed["teamAccessList"], "team"),
        };
        let grant = grants.as_array().expect("grants").iter().find(|grant| grant[kind]["name"] == json!(holder))?;
        grant["accessLevel"].as_str().map(str::to_owned)
    }

    fn is_known(&self) -> bool {
        self.api.get(&self.path()).must_be_one_of(&[200, 404]).status == 200
    }
}

impl Person {
    fn may(&self, answer: Answer) -> bool {
        answer.must_be_one_of(&[200, 201, 204, self.refusal]).status < 300
    }
}

/// Whether a client succeeded; a client that failed must say that it was refused.
fn went_well(run: Run) -> bool {
    if run.code() == Some(0) {
        return true;
    }
    run.must_be_refused();
    false
}

/// `skopeo list-tags`.
pub(crate) fn lists_tags(place: &Place, person: &Person) -> bool {
    let run = person.clients.tags(&place.site.at(place.repository));
    let listed = run.stdout.contains("\"1\"");
    let may = went_well(run);
    assert_eq!(listed, may, "tags were shown to one who may not, or the other way round");
    may
}

/// `skopeo copy` from the registry; the image must be the one that was pushed.
pub(crate) fn pulls(place: &Place, person: &Person) -> bool {
    let layout = Image::empty_layout();
    let may = went_well(person.clients.pull_into(&place.tagged("1"), &layout));
    assert!(!may || layout.digest() == place.image.digest, "another image came");
    may
}

/// `skopeo copy` to a new tag.
pub(crate) fn pushes(place: &Place, person: &Person) -> bool {
    let may = went_well(person.clients.push(&Image::holding("new"), &place.tagged("new")));
    assert_eq!(place.holds("new"), may, "the tag is there, or it is not, against what the client said");
    if may {
        place.root.delete(&place.tagged("new")).must_succeed();
    }
    may
}

/// `skopeo delete`, which deletes the manifest of a tag.
pub(crate) fn deletes(place: &Place, person: &Person) -> bool {
    place.put(&Image::holding("old"), "old");
    let may = went_well(person.clients.delete(&place.tagged("old")));
    assert_eq!(place.holds("old"), !may, "the tag is there, or it is not, against what the client said");
    may
}

/// The repository itself.
pub(crate) fn views(place: &Place, person: &Person) -> bool {
    person.may(person.http.get(&place.path()))
}

/// The list of repositories, which is never refused to those who have signed in.
pub(crate) fn browses(place: &Place, person: &Person) -> bool {
    let answer = person.http.get("/api/v0/repositories?pageSize=0");
    if person.refusal == 401 {
        return person.may(answer);
    }
    let listed = answer.must_be(200).json();
    let full = |shown: &Value| format!("{}/{}", shown["namespace"], shown["name"]).replace('"', "");
    listed["repositories"].as_array().expect("a list").iter().any(|shown| full(shown) == place.repository)
}

/// A new description.
pub(crate) fn describes(place: &Place, person: &Person) -> bool {
    let shown = || place.api.get(&place.path()).must_be(200).text("/shortDescription");
    place.api.patch(&place.path(), &json!({ "shortDescription": "old" })).must_be(200);
    let may = person.may(person.http.patch(&place.path(), &json!({ "shortDescription": "new" })));
    assert_eq!(shown() == "new", may);
    may
}

/// The other visibility than before.
pub(crate) fn changes_visibility(place: &Place, person: &Person) -> bool {
    let shown = || place.api.get(&place.path()).must_be(200).text("/visibility");
    let before = shown();
    let other = if before == "public" { "private" } else { "public" };
    let may = person.may(person.http.patch(&place.path(), &json!({ "visibility": other })));
    assert_eq!(shown() == other, may);
    place.set_visibility(&before);
    may
}

/// The list of people with access.
pub(crate) fn sees_access(place: &Place, person: &Person) -> bool {
    person.may(person.http.get(&format!("{}/access", place.path())))
}

/// A grant to the user `guest`, made and removed.
pub(crate) fn manages_users(place: &Place, person: &Person) -> bool {
    gives_and_takes(place, person, &access_path(place.repository, "guest"))
}

/// A grant to the team `others`, made and removed.
pub(crate) fn manages_teams(place: &Place, person: &Person) -> bool {
    gives_and_takes(place, person, &team_access_path(place.repository, "others"))
}

fn gives_and_takes(place: &Place, person: &Person, path: &str) -> bool {
    place.give(path, Some("read-only"));
    let may = person.may(person.http.put(path, &json!({ "accessLevel": "read-write" })));
    assert_eq!(place.granted(path).as_deref(), Some(if may { "read-write" } else { "read-only" }));
    assert_eq!(person.may(person.http.delete(path)), may);
    assert_eq!(place.granted(path).is_none(), may);
    place.give(path, None);
    may
}

/// Deletes the record of the repository, and with it the grants on it: so this is the last attempt with a level.
pub(crate) fn deletes_record(place: &Place, person: &Person) -> bool {
    let may = person.may(person.http.delete(&place.path()));
    assert_eq!(place.is_known(), !may);
    if may {
        let (namespace, name) = place.repository.split_once('/').expect("namespace/name");
        place.api.post(&format!("/api/v0/repositories/{namespace}"), &json!({ "name": name })).must_be(201);
        place.set_visibility("private");
    }
    may
}
