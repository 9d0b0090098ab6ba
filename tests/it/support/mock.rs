//! A registry of the tests' own, in this process: one that answers as it is told to, and one that holds repositories and
//! has the habits of registries which no package brings. Debian's `docker-registry` is the real one (`registry`).

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write, copy, sink},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{image::sha256, notify::MEDIA_TYPE, traced};

/// A request: its line without the version, the registry token that it shows, and its headers.
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) token: Option<String>,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, String)>,
}

/// Makes the answer to a request; none closes the connection without a word.
type Reply = dyn Fn(&Asked) -> Option<String> + Send + Sync;

/// A registry that answers each request on a connection of its own, until the tests end.
pub(crate) struct Mock {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Mock {
    /// A registry with this answer to each request.
    pub(crate) fn answering(reply: impl Fn(&Asked) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (asked, reply): (Arc<Mutex<Vec<String>>>, Arc<Reply>) = (Arc::default(), Arc::new(reply));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, reply) = (Arc::clone(&heard), Arc::clone(&reply));
                thread::spawn(move || converse(&stream, &heard, &*reply));
            }
        });
        Self { url, asked }
    }

    /// The same by the request line alone.
    pub(crate) fn saying(reply: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::answering(move |asked| reply(&asked.line))
    }

    /// A registry that holds this, with these habits.
    pub(crate) fn holding(repositories: &[(&str, &[&str])], habits: &[Habit]) -> Self {
        let holding = Arc::new(Mutex::new(Holding::of(repositories)));
        Self::of(&holding, habits)
    }

    /// The same, where the test changes later what is held.
    pub(crate) fn of(holding: &Arc<Mutex<Holding>>, habits: &[Habit]) -> Self {
        let (holding, habits, busy) = (Arc::clone(holding), habits.to_vec(), AtomicUsize::new(0));
        Self::answering(move |asked| {
            let holding = holding.lock().unwrap_or_else(PoisonError::into_inner);
            holding.answer(asked, &habits, &busy)
        })
    }

    /// A registry that gives every blob out under every name, as zot does with `dedupe`; `refuses` is a name that it takes no
    /// uploads to.
    pub(crate) fn mixing(refuses: fn(&str) -> bool) -> Self {
        let blobs: Mutex<BTreeSet<String>> = Mutex::default();
        Self::saying(move |line| {
            let mut blobs = blobs.lock().unwrap_or_else(PoisonError::into_inner);
            let (method, target) = line.split_once(' ')?;
            let digest = target.split_once("digest=").or(target.split_once("/blobs/")).map_or("", |(_, digest)| digest);
            Some(match method {
                "POST" if refuses(target) => answer(400, "", "{}"),
                "POST" => answer(202, &format!("Location: http://zot.example{target}one\r\n"), ""),
                "PUT" => {
                    blobs.insert(digest.to_owned());
                    answer(201, "", "")
                }
                "HEAD" if blobs.contains(digest) => answer(200, "", ""),
                "HEAD" => answer(404, "", ""),
                "DELETE" => answer(if blobs.remove(digest) { 202 } else { 404 }, "", ""),
                _ if target.starts_with("/v2/_catalog") => answer(200, "", r#"{"repositories":[]}"#),
                _ => answer(200, "", "{}"),
            })
        })
    }

    /// The lines of all requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The references of `alice/app` that it was asked to delete.
    pub(crate) fn deletions(&self) -> Vec<String> {
        let asked = self.asked();
        asked
            .iter()
            .filter_map(|line| line.strip_prefix("DELETE /v2/alice/app/manifests/").map(str::to_owned))
            .collect()
    }
}

fn converse(mut stream: &TcpStream, heard: &Mutex<Vec<String>>, reply: &Reply) {
    let mut reader = BufReader::new(stream);
    let head = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let mut head = head.collect::<Vec<_>>().into_iter();
    let line = head.next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<_> = head
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())))
        .collect();
    // What dockpass shows to others is a secret, too.
    headers.iter().for_each(|(name, value)| traced::header(name, value));
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let token = header("authorization").map(|value| value.trim_start_matches("Bearer ").to_owned());
    // A connection that is closed before its request was read is reset, and its answer lost.
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let _ = copy(&mut reader.take(length), &mut sink());
    let asked = Asked { line, token, headers };
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(asked.line.clone());
    if let Some(mut answer) = reply(&asked) {
        // The answer to HEAD has no body, whatever its length says.
        if asked.line.starts_with("HEAD ") {
            answer.truncate(answer.find("\r\n\r\n").map_or(answer.len(), |end| end + 4));
        }
        // Whoever hung up needs no answer.
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// An answer with these header lines, each with its line end.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}")
}

/// What a registry does that Debian's does not, each seen in the field.
#[derive(Clone, Copy)]
pub(crate) enum Habit {
    /// Lists have at most so many entries on a page.
    Page(usize),
    /// How it writes the link to the next page, from path and query.
    Link(fn(&str) -> String),
    /// It names the next page by a word of its own, as quay does.
    Opaque,
    /// It wants `repository:NAME:pull`, with an empty name for the catalogue, as zot does.
    Zot,
    /// It answers requests whose line ends so with this status.
    Fault(&'static str, u16),
    /// It closes the connection at requests whose line contains this.
    HangsUp(&'static str),
    /// It answers every second request about a repository with a status and header lines that say "later".
    Busy(u16, &'static str),
    /// Lists of more than so many entries at a time take a proxy before it too long: 504.
    Slow(usize),
}

/// What a registry holds: tags by repository, and the text that each image is of.
#[derive(Default)]
pub(crate) struct Holding(BTreeMap<String, BTreeMap<String, String>>);

impl Holding {
    pub(crate) fn of(repositories: &[(&str, &[&str])]) -> Self {
        let mut holding = Self::default();
        for (name, tags) in repositories {
            holding.0.insert((*name).to_owned(), BTreeMap::new());
            tags.iter().for_each(|tag| holding.put(name, tag, &format!("{name} {tag}")));
        }
        holding
    }

    /// Points a tag to the image of this text.
    pub(crate) fn put(&mut self, name: &str, tag: &str, text: &str) {
        self.0.entry(name.to_owned()).or_default().insert(tag.to_owned(), text.to_owned());
    }

    /// Removes a tag.
    pub(crate) fn remove(&mut self, name: &str, tag: &str) {
        self.0.get_mut(name).expect("the repository").remove(tag);
    }

    fn answer(&self, asked: &Asked, habits: &[Habit], busy: &AtomicUsize) -> Option<String> {
        let (method, target) = asked.line.split_once(' ')?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        for habit in habits {
            match habit {
                Habit::Zot if !asked.may_pull(path) => return Some(error(401, "UNAUTHORIZED")),
                Habit::Fault(end, status) if asked.line.ends_with(end) => return Some(error(*status, "UNKNOWN")),
                Habit::HangsUp(part) if asked.line.contains(part) => return None,
                Habit::Busy(status, headers)
                    if path != "/v2/_catalog" && busy.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) =>
                {
                    return Some(answer(*status, headers, "{}"));
                }
                _ => {}
            }
        }
        if path == "/v2/" {
            return Some(answer(200, "", "{}"));
        }
        if path == "/v2/_catalog" {
            return Some(page(path, query, "repositories", self.0.keys(), habits));
        }
        let rest = path.strip_prefix("/v2/")?;
        if let Some(name) = rest.strip_suffix("/tags/list") {
            let tags = self.0.get(name).map(|tags| page(path, query, "tags", tags.keys(), habits));
            return Some(tags.unwrap_or_else(|| error(404, "NAME_UNKNOWN")));
        }
        let (name, reference) = rest.split_once("/manifests/")?;
        let found = self.0.get(name).and_then(|tags| manifest(tags, reference));
        Some(match (method, found) {
            ("HEAD" | "GET", Some(body)) => {
                let headers = format!("Content-Type: {MEDIA_TYPE}\r\nDocker-Content-Digest: {}\r\n", digest(&body));
                answer(200, &headers, &body)
            }
            ("HEAD" | "GET", None) => error(404, "MANIFEST_UNKNOWN"),
            _ => error(405, "UNSUPPORTED"),
        })
    }
}

/// The manifest that the registry has for a text: of a kind whose configuration nobody asks for.
fn body_of(text: &str) -> String {
    let part = |kind: &str, size: usize| json!({ "mediaType": format!("application/vnd.example.{kind}"), "digest": digest(kind), "size": size });
    let layers = [part("layer", 100 + text.len())];
    json!({ "schemaVersion": 2, "mediaType": MEDIA_TYPE, "config": part("config", 2), "layers": layers }).to_string()
}

fn digest(body: &str) -> String {
    sha256(body.as_bytes())
}

fn manifest(tags: &BTreeMap<String, String>, reference: &str) -> Option<String> {
    let by_digest = || tags.values().map(|text| body_of(text)).find(|body| digest(body) == reference);
    tags.get(reference).map(|text| body_of(text)).or_else(by_digest)
}

fn error(status: u16, code: &str) -> String {
    answer(status, "", &json!({ "errors": [{ "code": code }] }).to_string())
}

/// A page of a list, with the link to the next one.
fn page<'a>(path: &str, query: &str, key: &str, names: impl Iterator<Item = &'a String>, habits: &[Habit]) -> String {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let most = habits.iter().find_map(|habit| if let Habit::Page(most) = habit { Some(*most) } else { None });
    let slow = habits.iter().find_map(|habit| if let Habit::Slow(most) = habit { Some(*most) } else { None });
    let asked: usize = value("n").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    if slow.is_some_and(|slow| asked > slow) {
        return answer(504, "Content-Type: text/html\r\n", "<html>Gateway Time-out");
    }
    let size = asked.min(most.unwrap_or(usize::MAX));
    let after = value("last").or_else(|| value("next_page")).unwrap_or_default().replace("%2F", "/");
    let rest: Vec<&String> = names.filter(|name| **name > after).collect();
    let shown: Vec<&String> = rest.iter().copied().take(size).collect();
    let mut headers = String::new();
    if let (Some(last), true) = (shown.last(), rest.len() > shown.len()) {
        let is_opaque = habits.iter().any(|habit| matches!(habit, Habit::Opaque));
        let word = if is_opaque { "next_page" } else { "last" };
        let next = format!("{path}?{word}={}&n={size}", last.replace('/', "%2F"));
        let link =
            habits.iter().find_map(|habit| if let Habit::Link(write) = habit { Some(write(&next)) } else { None });
        headers = format!("Link: {}\r\n", link.unwrap_or_else(|| format!("<{next}>; rel=\"next\"")));
    }
    answer(200, &headers, &json!({ key: shown }).to_string())
}

impl Asked {
    /// Whether its registry token holds `repository:NAME:pull`.
    fn may_pull(&self, path: &str) -> bool {
        let rest = path.trim_start_matches("/v2/");
        let name = ["/tags/", "/manifests/", "/blobs/"].iter().find_map(|part| rest.split_once(part));
        let name = name.map_or("", |(name, _)| name);
        let claims = self.token.as_ref().and_then(|token| {
            let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
            serde_json::from_slice::<Value>(&claims).ok()
        });
        let access = claims.and_then(|claims| claims["access"].as_array().cloned()).unwrap_or_default();
        access.iter().any(|entry| {
            let actions = entry["actions"].as_array().cloned().unwrap_or_default();
            entry["type"] == "repository" && entry["name"] == name && actions.contains(&json!("pull"))
        })
    }
}
