//! Writers: each changes objects of its own, one after another, by what its dice say. What they do with organizations is in
//! `groups`.

pub(super) mod groups;

use groups::Groups;
use serde_json::{Value, json};

use super::{ANYTHING, Book, GONE, Held, KEY, Lines, ON_PUSH, PASSWORD};
use crate::support::lossy::Dice;

/// Who is given access, and takes no part otherwise.
const READER: &str = "reader";
/// Whose access token makes registry tokens; it is never changed.
const KEEPER: &str = "keeper";

/// Makes what all writers need, and notes it.
pub(crate) fn set_up(lines: &Lines, book: &Book, writers: usize) {
    for name in [READER, KEEPER] {
        let mut writer = Writer::new(0, 0, lines, book, Dice::new(0));
        writer.make_account(name.to_owned()).expect("the server answers");
        if name == KEEPER {
            writer.make_token(KEEPER, "kept").expect("the server answers");
        }
    }
    for number in 0..writers {
        let mut writer = Writer::new(number, 0, lines, book, Dice::new(0));
        writer.make_account(format!("owner-{number}")).expect("the server answers");
        writer.set_password().expect("the server answers");
        writer.make_house().expect("the server answers");
    }
}

/// A token of a writer's.
struct Token {
    label: String,
    hash: String,
    is_active: bool,
}

/// One writer.
pub(crate) struct Writer<'b> {
    number: usize,
    owner: String,
    /// What all its names begin with.
    prefix: String,
    lines: &'b Lines,
    book: &'b Book,
    dice: Dice,
    made: usize,
    accounts: Vec<(String, bool)>,
    repositories: Vec<(String, bool)>,
    tokens: Vec<Token>,
    groups: Groups,
    /// Whether it changes what is there only once: the key, the settings.
    is_first: bool,
}

fn account(name: &str) -> String {
    format!("account {name}")
}

fn repository(name: &str) -> String {
    format!("repository {name}")
}

fn token(label: &str) -> String {
    format!("token {label}")
}

fn grant(repository: &str) -> String {
    format!("grant {repository}")
}

fn active(is_active: bool) -> &'static str {
    if is_active { "active" } else { "inactive" }
}

impl<'b> Writer<'b> {
    /// Writer `number` of a round, each with names of its own.
    pub(crate) fn new(number: usize, round: usize, lines: &'b Lines, book: &'b Book, dice: Dice) -> Self {
        Self {
            number,
            owner: format!("owner-{number}"),
            prefix: format!("w{number}r{round}n"),
            lines,
            book,
            dice,
            made: 0,
            accounts: Vec::new(),
            repositories: Vec::new(),
            tokens: Vec::new(),
            groups: Groups::default(),
            is_first: number == 0,
        }
    }

    /// Makes one change; none if the server is gone.
    pub(crate) fn step(&mut self) -> Option<()> {
        match self.dice.below(22) {
            0 => {
                let name = self.name();
                self.make_account(name)
            }
            1 => self.switch_account(),
            2 => self.delete_account(),
            3 | 4 => self.make_repository(),
            5 => self.show_or_hide(),
            6 | 7 => self.grant(),
            8 => self.delete_repository(),
            9 | 10 => self.make_one_token(),
            11 => self.switch_token(),
            12 => self.rotate_token(),
            13 => self.delete_token(),
            14 if self.is_first => self.rotate_key(),
            14 => self.set_password(),
            15 if self.is_first => self.switch_setting(),
            _ => self.change_groups(),
        }
    }

    fn name(&mut self) -> String {
        self.made += 1;
        format!("{}{}", self.prefix, self.made)
    }

    /// Asks for a change and notes what becomes of it; `rest` finds in the answer what only that tells.
    fn change(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        becomes: &[(String, String)],
        rest: impl Fn(&Value) -> String,
    ) -> Option<Value> {
        let open = self.book.begin(becomes);
        let reply = self.lines.local.ask(method, path, body)?;
        assert!((200..300).contains(&reply.status), "{method} {path} {body}: {reply:?}");
        self.book.end(open, &rest(&reply.body));
        Some(reply.body)
    }

    /// A change whose effect is known before it is answered.
    fn plain(&self, method: &str, path: &str, body: &Value, becomes: &[(String, String)]) -> Option<()> {
        self.change(method, path, body, becomes, |_| String::new()).map(drop)
    }

    fn make_account(&mut self, name: String) -> Option<()> {
        let becomes = [(account(&name), active(true).to_owned())];
        self.plain("POST", "/enzi/v0/accounts", &json!({ "name": name }), &becomes)?;
        self.accounts.push((name, true));
        Some(())
    }

    fn switch_account(&mut self) -> Option<()> {
        let Some(place) = self.any(self.accounts.len()) else { return Some(()) };
        let (name, was_active) = self.accounts[place].clone();
        let becomes = [(account(&name), active(!was_active).to_owned())];
        self.plain("PATCH", &format!("/enzi/v0/accounts/{name}"), &json!({ "isActive": !was_active }), &becomes)?;
        self.accounts[place].1 = !was_active;
        Some(())
    }

    fn delete_account(&mut self) -> Option<()> {
        let Some(place) = self.any(self.accounts.len()) else { return Some(()) };
        let (name, _) = self.accounts.swap_remove(place);
        self.plain("DELETE", &format!("/enzi/v0/accounts/{name}"), &Value::Null, &[(account(&name), GONE.to_owned())])
    }

    fn make_repository(&mut self) -> Option<()> {
        let (name, is_public) = (self.name(), self.dice.below(2) == 0);
        let full = format!("{}/{name}", self.owner);
        let visibility = if is_public { "public" } else { "private" };
        let body = json!({ "name": name, "visibility": visibility, "longDescription": "x".repeat(self.dice.below(8) * 1_500) });
        let path = format!("/api/v0/repositories/{}", self.owner);
        self.plain("POST", &path, &body, &[(repository(&full), visibility.to_owned())])?;
        self.repositories.push((full, is_public));
        Some(())
    }

    fn show_or_hide(&mut self) -> Option<()> {
        let Some(place) = self.any(self.repositories.len()) else { return Some(()) };
        let (name, was_public) = self.repositories[place].clone();
        let visibility = if was_public { "private" } else { "public" };
        let path = format!("/api/v0/repositories/{name}");
        self.plain(
            "PATCH",
            &path,
            &json!({ "visibility": visibility }),
            &[(repository(&name), visibility.to_owned())],
        )?;
        self.repositories[place].1 = !was_public;
        Some(())
    }

    fn grant(&mut self) -> Option<()> {
        let Some(place) = self.any(self.repositories.len()) else { return Some(()) };
        let name = self.repositories[place].0.clone();
        let path = format!("/api/v0/repositories/{name}/userAccess/{READER}");
        match ["read-only", "read-write", "admin"].get(self.dice.below(4)) {
            Some(level) => {
                let becomes = [(grant(&name), (*level).to_owned())];
                self.plain("PUT", &path, &json!({ "accessLevel": level }), &becomes)
            }
            None => self.plain("DELETE", &path, &Value::Null, &[(grant(&name), GONE.to_owned())]),
        }
    }

    /// The grants on it go with it.
    fn delete_repository(&mut self) -> Option<()> {
        let Some(place) = self.any(self.repositories.len()) else { return Some(()) };
        let (name, _) = self.repositories.swap_remove(place);
        let becomes = [(repository(&name), GONE.to_owned()), (grant(&name), GONE.to_owned())];
        self.plain("DELETE", &format!("/api/v0/repositories/{name}"), &Value::Null, &becomes)
    }

    /// Makes an access token of its owner's.
    pub(crate) fn make_one_token(&mut self) -> Option<()> {
        let (owner, label) = (self.owner.clone(), self.name());
        self.make_token(&owner, &label)
    }

    fn make_token(&mut self, owner: &str, label: &str) -> Option<()> {
        let path = format!("/api/v0/api_tokens?username={owner}");
        let becomes = [(token(label), format!("active {ANYTHING}"))];
        let made = self.change("POST", &path, &json!({ "tokenLabel": label }), &becomes, hash_of)?;
        self.hold(owner, label, &made);
        self.tokens.push(Token { label: label.to_owned(), hash: hash_of(&made), is_active: true });
        Some(())
    }

    fn hold(&self, user: &str, label: &str, made: &Value) {
        let secret = made["token"].as_str().unwrap_or_else(|| panic!("no secret: {made}")).to_owned();
        self.book.hold(Held { object: token(label), user: user.to_owned(), secret, hash: hash_of(made) });
    }

    fn switch_token(&mut self) -> Option<()> {
        let Some(place) = self.any(self.tokens.len()) else { return Some(()) };
        let Token { label, hash, is_active } = &self.tokens[place];
        let becomes = [(token(label), format!("{} {hash}", active(!is_active)))];
        let path = format!("/api/v0/api_tokens/{hash}");
        self.plain("PATCH", &path, &json!({ "isActive": !is_active }), &becomes)?;
        self.tokens[place].is_active = !self.tokens[place].is_active;
        Some(())
    }

    fn rotate_token(&mut self) -> Option<()> {
        let Some(place) = self.any(self.tokens.len()) else { return Some(()) };
        let Token { label, hash, is_active } = &self.tokens[place];
        if !is_active {
            return Some(());
        }
        let (label, path) = (label.clone(), format!("/api/v0/api_tokens/{hash}/rotate"));
        let becomes = [(token(&label), format!("active {ANYTHING}"))];
        let made = self.change("POST", &path, &json!({ "overlap": 0 }), &becomes, hash_of)?;
        self.tokens[place].hash = hash_of(&made);
        self.hold(&self.owner, &label, &made);
        Some(())
    }

    /// Deletes one of its access tokens.
    pub(crate) fn delete_token(&mut self) -> Option<()> {
        let Some(place) = self.any(self.tokens.len()) else { return Some(()) };
        let Token { label, hash, .. } = self.tokens.swap_remove(place);
        let path = format!("/api/v0/api_tokens/{hash}");
        self.plain("DELETE", &path, &Value::Null, &[(token(&label), GONE.to_owned())])
    }

    /// Replaces the key of registry tokens, and has one made with the new one.
    fn rotate_key(&mut self) -> Option<()> {
        let becomes = [(KEY.to_owned(), ANYTHING.to_string())];
        self.change("POST", "/api/v0/admin/registry/rotate-key", &Value::Null, &becomes, leaf_of)?;
        let asked = self.lines.network.basic(KEEPER, &self.book.secret_of(KEEPER)).ask(
            "GET",
            "/auth/token?service=dockpass",
            &Value::Null,
        )?;
        let text = asked.body["token"].as_str().unwrap_or_else(|| panic!("no token: {asked:?}"));
        self.book.issue(text.to_owned());
        Some(())
    }

    fn switch_setting(&mut self) -> Option<()> {
        let is_on = self.dice.below(2) == 0;
        let becomes = [(ON_PUSH.to_owned(), is_on.to_string())];
        self.plain("POST", "/api/v0/meta/settings", &json!({ "createRepositoryOnPush": is_on }), &becomes)
    }

    /// Gives its owner a password that nobody had before.
    fn set_password(&mut self) -> Option<()> {
        let password = format!("the-password-{}", self.name());
        let path = format!("/enzi/v0/accounts/{}/changePassword", self.owner);
        let becomes = [(format!("{PASSWORD}{}", self.owner), password.clone())];
        self.plain("POST", &path, &json!({ "newPassword": password }), &becomes)
    }

    /// A place in a list of this length; none if it is empty.
    fn any(&mut self, length: usize) -> Option<usize> {
        (length > 0).then(|| self.dice.below(length))
    }
}

fn hash_of(made: &Value) -> String {
    made["hashedToken"].as_str().unwrap_or_else(|| panic!("no hash: {made}")).to_owned()
}

/// The certificate that signs, by its fingerprint.
pub(super) fn leaf_of(registry: &Value) -> String {
    let all = registry["certificates"].as_array().into_iter().flatten();
    let leaf = all.clone().find(|certificate| certificate["role"] == "leaf");
    leaf.and_then(|leaf| leaf["sha256"].as_str()).unwrap_or_else(|| panic!("no leaf: {registry}")).to_owned()
}
