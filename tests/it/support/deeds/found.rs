//! What a server shows of what the writers changed, after it was started again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::line::Line;
use super::writers::{groups, leaf_of};
use super::{Book, GONE, Held, Issued, KEY, Lines, ON_PUSH, PASSWORD};

/// The kinds of objects that the audit log counts, with the words for making and deleting one.
const KINDS: [(&str, &str, &str); 5] = [
    ("account ", "account.create", "account.delete"),
    ("repository ", "repository.create", "repository.delete"),
    ("token ", "token.create", "token.delete"),
    ("team ", "team.create", "team.delete"),
    ("robot ", "robot.create", "robot.delete"),
];
/// So many of the newest secrets are shown.
const SHOWN: usize = 12;
/// So many of the accounts whose password was changed last are signed in to: each takes a slow hash, or two.
const SIGNED_IN: usize = 2;
/// So many of the newest registry tokens: the keys of more are not kept.
const ISSUED: usize = 3;
/// Earlier keys whose tokens count.
const KEYS_KEPT: usize = 4;

/// What is wrong with a server on a disk whose power was cut at this moment; none if nothing is. `is_last` says that from now on
/// what is there is what must be there.
pub(crate) fn fault(book: &Book, cut: usize, lines: &Lines, is_last: bool) -> Result<(), String> {
    let found = state_fault(book, cut, lines)?;
    registry_tokens_count(book, cut, &lines.network)?;
    audit_agrees(book, &lines.local, &found)?;
    store_is_whole(&lines.local)?;
    if is_last {
        book.settle(&found);
    }
    Ok(())
}

/// The same of what is in memory alone, which needs no disk; each object and its state if nothing is wrong.
pub(crate) fn state_fault(book: &Book, cut: usize, lines: &Lines) -> Result<BTreeMap<String, String>, String> {
    let mut found = found(&lines.local)?;
    let faults = book.faults(cut, &found);
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    secrets_open(book, cut, &lines.network, &found)?;
    passwords_open(book, cut, &lines.network, &mut found)?;
    Ok(found)
}

fn list<'v>(value: &'v Value, field: &str) -> Result<&'v Vec<Value>, String> {
    value[field].as_array().ok_or_else(|| format!("no {field}: {value}"))
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

fn active(value: &Value) -> &'static str {
    if value["isActive"] == true { "active" } else { "inactive" }
}

/// Every object, and its state.
fn found(local: &Line) -> Result<BTreeMap<String, String>, String> {
    let mut found = accounts(local)?;
    let repositories = local.get("/api/v0/repositories?pageSize=0")?;
    for repository in list(&repositories, "repositories")? {
        let name = format!("{}/{}", text(repository, "namespace"), text(repository, "name"));
        found.insert(format!("repository {name}"), text(repository, "visibility").to_owned());
    }
    let tokens = local.get("/api/v0/api_tokens?everybody=true&pageSize=0")?;
    for token in tokens.as_array().ok_or("no tokens")? {
        let state = format!("{} {}", active(token), text(token, "hashedToken"));
        let label = text(token, "tokenLabel");
        found.insert(if token["robot"].is_null() { format!("token {label}") } else { groups::robot(label) }, state);
    }
    if found.contains_key("account reader") {
        let reached = local.get("/api/v0/accounts/reader/repositoryAccess")?;
        for way in list(&reached, "access")?.iter().filter(|way| way["reason"] == "repositoryGrant") {
            found.insert(format!("grant {}", text(way, "on")), text(way, "accessLevel").to_owned());
        }
    }
    let settings = local.get("/api/v0/meta/settings")?;
    found.insert(ON_PUSH.to_owned(), settings["createRepositoryOnPush"].to_string());
    found.insert(KEY.to_owned(), leaf_of(&local.get("/api/v0/admin/registry")?));
    Ok(found)
}

/// Every account but the first, and what belongs to those that are organizations.
fn accounts(local: &Line) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    let accounts = local.get("/enzi/v0/accounts?limit=0")?;
    let (mut users, mut organizations) = (0, 0);
    for account in list(&accounts, "accounts")? {
        let name = text(account, "name");
        let state = if account["isOrg"] == true {
            organizations += 1;
            in_organization(local, name, &mut found)?;
            groups::ORGANIZATION
        } else {
            users += 1;
            active(account)
        };
        found.insert(format!("account {name}"), state.to_owned());
    }
    found.remove("account admin");
    if accounts["usersCount"] != users || accounts["orgsCount"] != organizations {
        let counted = (&accounts["usersCount"], &accounts["orgsCount"]);
        return Err(format!("{counted:?} users and organizations are counted, and {users} and {organizations} listed"));
    }
    Ok(found)
}

/// The members and teams of an organization, and what is granted to these.
fn in_organization(local: &Line, name: &str, found: &mut BTreeMap<String, String>) -> Result<(), String> {
    let path = format!("/enzi/v0/accounts/{name}");
    let user = |member: &Value| member.pointer("/member/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    for member in list(&local.get(&format!("{path}/members?limit=0"))?, "members")? {
        found.insert(groups::member(name, &user(member)), groups::role(member["isAdmin"] == true).to_owned());
    }
    for team in list(&local.get(&format!("{path}/teams?limit=0"))?, "teams")? {
        let team = text(team, "name");
        found.insert(groups::team(name, team), groups::MADE.to_owned());
        for member in list(&local.get(&format!("{path}/teams/{team}/members?limit=0"))?, "members")? {
            found.insert(groups::in_team(name, team, &user(member)), groups::MEMBER.to_owned());
        }
    }
    let granted = local.get(&format!("/api/v0/repositoryNamespaces/{name}/teamAccess"))?;
    for grant in list(&granted, "teamAccessList")? {
        let team = grant.pointer("/team/name").and_then(Value::as_str).unwrap_or_default();
        found.insert(groups::team_grant(name, team), text(grant, "accessLevel").to_owned());
    }
    Ok(())
}

/// Of an account whose password was changed, the one that it has now signs in, and no other one: neither what it had before nor
/// what was asked for and not done.
fn passwords_open(book: &Book, cut: usize, network: &Line, found: &mut BTreeMap<String, String>) -> Result<(), String> {
    let allowed = book.allowed(cut);
    let mut passwords = book.passwords(cut);
    passwords.retain(|(name, _)| found.contains_key(&format!("account {name}")));
    for (name, texts) in passwords.into_iter().take(SIGNED_IN) {
        let object = format!("{PASSWORD}{name}");
        let states = allowed.get(&object).ok_or("no password is known")?;
        // Of those that it must not have any more, the last one is enough.
        let gone = texts.iter().rfind(|text| !states.contains(*text));
        let mut opening = Vec::new();
        for text in states.iter().filter(|state| *state != GONE).chain(gone) {
            match network.basic(&name, text).status("/auth/token?service=dockpass") {
                200 => opening.push(text.as_str()),
                401 => {}
                status => return Err(format!("the password {text} of {name} is answered {status}")),
            }
        }
        let state = match opening[..] {
            [] => GONE,
            [one] => one,
            _ => return Err(format!("{name} has the passwords {opening:?}")),
        };
        if !states.contains(state) {
            return Err(format!("{name} has the password {state:?}, and should have one of {states:?}"));
        }
        found.insert(object, state.to_owned());
    }
    Ok(())
}

/// A secret opens exactly what is listed as active under its hash, whoever looks it up how.
fn secrets_open(book: &Book, cut: usize, network: &Line, found: &BTreeMap<String, String>) -> Result<(), String> {
    let known = book.allowed(cut);
    let held: Vec<Held> =
        book.pages().held.iter().rev().filter(|held| known.contains_key(&held.object)).take(SHOWN).cloned().collect();
    for held in held {
        let is_listed = found.get(&held.object).is_some_and(|state| *state == format!("active {}", held.hash));
        let status = network.basic(&held.user, &held.secret).status("/auth/token?service=dockpass");
        if status != if is_listed { 200 } else { 401 } {
            return Err(format!("a secret of {} is answered {status}: {:?}", held.object, found.get(&held.object)));
        }
    }
    Ok(())
}

fn registry_tokens_count(book: &Book, cut: usize, network: &Line) -> Result<(), String> {
    let pages = book.pages();
    // A rotation that nobody was told of may have happened, without a token of its key here.
    let later = |issued: &Issued| pages.rotations.iter().filter(|begun| (issued.at..=cut).contains(*begun)).count();
    let is_due = |issued: &&Issued| issued.at <= cut && later(issued) <= KEYS_KEPT;
    let before: Vec<Issued> = pages.issued.iter().filter(is_due).cloned().collect();
    drop(pages);
    let refused = before.iter().rev().take(ISSUED).find(|issued| network.bearer(&issued.text).status("/v2/") != 200);
    refused.map_or(Ok(()), |issued| Err(format!("the registry token of moment {} does not count", issued.at)))
}

/// Every record on the disk can be read, and makes the very state, with all its indexes, that is in memory.
fn store_is_whole(local: &Line) -> Result<(), String> {
    let checked = local.ask("POST", "/api/v0/admin/check", &json!({})).ok_or("no answer to a check")?;
    let is_whole = checked.body["problems"] == json!([]) && checked.body["moreProblems"] == 0;
    if checked.status == 200 && is_whole { Ok(()) } else { Err(format!("the store is not whole: {checked:?}")) }
}

/// The audit log is whole, and says of each object that it was made and deleted as often as it is there.
fn audit_agrees(book: &Book, local: &Line, found: &BTreeMap<String, String>) -> Result<(), String> {
    let verified = local.ask("POST", "/api/v0/audit/verify", &json!({})).ok_or("no answer to a verification")?;
    if verified.status != 200 || !verified.body["problem"].is_null() {
        return Err(format!("the audit log is not whole: {verified:?}"));
    }
    let count = |act: &str| {
        let records = local.get(&format!("/api/v0/audit?action={act}&outcome=success&pageSize=0"))?;
        Ok::<_, String>(i64::try_from(list(&records, "records")?.len()).unwrap_or(i64::MAX))
    };
    let mut surplus = BTreeMap::new();
    for (kind, made, deleted) in KINDS {
        let present = found.keys().filter(|object| object.starts_with(kind)).count();
        surplus.insert(kind, count(made)? - count(deleted)? - i64::try_from(present).unwrap_or(i64::MAX));
    }
    // It is the same for good: what the first start made is in none of both.
    let expected = book.pages().surplus.get_or_insert_with(|| surplus.clone()).clone();
    if surplus == expected {
        Ok(())
    } else {
        Err(format!("made and not deleted, and not there: {surplus:?}, not {expected:?}"))
    }
}
