//! The kinds of configuration values, checked without regard to their key, and the errors of bad ones.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::invalid::{Invalid, MAX_SERVICES, MAX_TEXT};
use super::network::Network;
use super::sections::ThisMachine;
use super::url::BaseUrl;
use crate::domain::duration;
use crate::domain::host::{PublicHost, is_host_name};

/// The word for "no end", where a length of time may be left open.
const NEVER: &str = "never";
/// Most entries of a list.
const MAX_LIST: usize = 256;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Flag(bool),
    /// Texts.
    List(Vec<String>),
    /// Something that no key takes, such as a date.
    Other(&'static str),
}

impl Raw {
    /// What it is, for an error.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a whole number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Other(name) => name,
        }
    }

    /// The value as the configuration file writes it.
    pub(super) fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => toml::Value::from(text.as_str()).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(list) => toml::Value::from(list.clone()).to_string(),
            Self::Other(name) => (*name).to_owned(),
        }
    }
}

/// The entries of a list as environment and flags write it: with commas.
pub(super) fn split_list(text: &str) -> Vec<String> {
    let entries = text.split(',').map(str::trim).map(str::to_owned);
    if text.trim().is_empty() { Vec::new() } else { entries.collect() }
}

/// An IP address and a port. A port alone, with or without a colon, and `localhost` with a port are on loopback: nothing
/// is opened by what is left out.
///
/// # Errors
/// [`Invalid::Address`]
pub fn address(text: &str) -> Result<SocketAddr, Invalid> {
    let digits = text.strip_prefix("localhost:").or(text.strip_prefix(':')).unwrap_or(text);
    let port = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    match port.map(str::parse) {
        Some(Ok(port)) => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Some(Err(_)) | None => text.parse().map_err(|_| Invalid::Address),
    }
}

/// A place that only this machine reaches: an address of loopback with a port, or the absolute path of a Unix socket.
pub(super) fn this_machine(text: &str) -> Result<ThisMachine, Invalid> {
    if text.starts_with('/') {
        return if text.contains('\0') { Err(Invalid::ThisMachine) } else { Ok(ThisMachine::Socket(text.into())) };
    }
    let address = address(text).map_err(|_| Invalid::ThisMachine)?;
    let is_loopback = address.ip().to_canonical().is_loopback();
    is_loopback.then_some(ThisMachine::Loopback(address)).ok_or(Invalid::ThisMachine)
}

pub(super) fn not_empty(text: &str) -> Result<&str, Invalid> {
    if text.is_empty() { Err(Invalid::Empty) } else { Ok(text) }
}

/// A text that is printed elsewhere: not empty, not long, no control characters.
pub(super) fn printable(text: &str) -> Result<String, Invalid> {
    not_empty(text)?;
    if text.len() > MAX_TEXT || text.chars().any(char::is_control) { Err(Invalid::Text) } else { Ok(text.to_owned()) }
}

/// A user name of HTTP's Basic authentication, which a colon would end (RFC 7617).
pub(super) fn user_of_basic(text: &str) -> Result<String, Invalid> {
    if text.contains(':') { Err(Invalid::Colon) } else { printable(text) }
}

/// A value, or none for an empty text.
pub(super) fn optional<T>(text: &str, read: impl FnOnce(&str) -> Result<T, Invalid>) -> Result<Option<T>, Invalid> {
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

pub(super) fn path(text: &str) -> Result<PathBuf, Invalid> {
    not_empty(text).map(PathBuf::from)
}

pub(super) fn base_url(text: &str) -> Result<BaseUrl, Invalid> {
    BaseUrl::parse(text)
}

pub(super) fn public_host(text: &str) -> Result<PublicHost, Invalid> {
    Ok(PublicHost::parse(text)?)
}

/// Origins of web pages, in the one form that browsers send: neither `*` nor `null`.
pub(super) fn origins(list: &[String]) -> Result<Vec<BaseUrl>, Invalid> {
    bounded(list, MAX_LIST)?.iter().map(|text| BaseUrl::parse(text).map_err(|_| Invalid::Origin)).collect()
}

pub(super) fn networks(list: &[String]) -> Result<Vec<Network>, Invalid> {
    bounded(list, MAX_LIST)?.iter().map(|text| text.parse()).collect()
}

/// Host names (one leading `*.` allowed) and IP addresses.
pub(super) fn hosts(list: &[String]) -> Result<Vec<String>, Invalid> {
    let is_host = |text: &str| is_host_name(text.strip_prefix("*.").unwrap_or(text)) || text.parse::<IpAddr>().is_ok();
    let read = |text: &String| if is_host(text) { Ok(text.to_ascii_lowercase()) } else { Err(Invalid::Host) };
    bounded(list, MAX_LIST)?.iter().map(read).collect()
}

/// Names that stand between quotes in a challenge header, so they contain none.
pub(super) fn services(list: &[String]) -> Result<Vec<String>, Invalid> {
    let is_letter = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b',');
    let is_name = |text: &String| !text.is_empty() && text.len() <= MAX_TEXT && text.bytes().all(is_letter);
    let different = list.iter().collect::<BTreeSet<_>>().len();
    let fits = (1..=MAX_SERVICES).contains(&list.len()) && different == list.len() && list.iter().all(is_name);
    if fits { Ok(list.to_vec()) } else { Err(Invalid::Services) }
}

/// A length of time within bounds, in seconds.
pub(super) fn duration(text: &str, range: &RangeInclusive<i64>) -> Result<i64, Invalid> {
    let seconds = duration::parse(text)?;
    if range.contains(&seconds) {
        return Ok(seconds);
    }
    Err(Invalid::Range { min: duration::format(*range.start()), max: duration::format(*range.end()) })
}

/// A length of time within bounds, in seconds; none for never.
pub(super) fn lifetime(text: &str, range: &RangeInclusive<i64>) -> Result<Option<i64>, Invalid> {
    if text == NEVER { Ok(None) } else { duration(text, range).map(Some) }
}

pub(super) fn number(number: i64, range: &RangeInclusive<i64>) -> Result<u32, Invalid> {
    let out = || Invalid::Range { min: range.start().to_string(), max: range.end().to_string() };
    if range.contains(&number) { u32::try_from(number).map_err(|_| out()) } else { Err(out()) }
}

fn bounded(list: &[String], most: usize) -> Result<&[String], Invalid> {
    if list.len() > most { Err(Invalid::TooMany(most)) } else { Ok(list) }
}
