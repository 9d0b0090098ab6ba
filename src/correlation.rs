//! What tells one request from others, in the log and elsewhere: its id (`X-Request-Id`), and the trace that it is a part of
//! (W3C Trace Context: `traceparent`, `tracestate`).
//!
//! A task carries both along: a line of the log names the id by itself, and what is asked of another server meanwhile passes
//! them on. Neither decides anything: whoever sends a request may choose them.

use std::fmt;
use std::sync::Arc;

use crate::domain::random;

/// The header of the id, of a request and of its answer.
pub const REQUEST_ID: &str = "x-request-id";
/// The header of the trace.
pub const TRACEPARENT: &str = "traceparent";
/// What tracing systems add to it.
pub const TRACESTATE: &str = "tracestate";

/// Longest id that is taken over.
const LONGEST_ID: usize = 128;
/// What an id may have besides letters and digits: enough for UUIDs, base64 and what proxies make.
const SIGNS: &[u8] = b"-_.:=+/@";
/// Length of `traceparent` in version 00, the only one there is.
const TRACE: usize = 55;
/// Longest `traceparent` of a later version.
const LONGEST_TRACE: usize = 128;
/// Longest `tracestate`: what everybody has to pass on.
const LONGEST_STATE: usize = 512;

tokio::task_local! {
    static CURRENT: Option<Arc<Correlation>>;
}

/// The id of a request: 1 to 128 letters, digits and signs that mean nothing to a log or a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Reads an id that somebody else has made; none if it is not well-formed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || SIGNS.contains(&byte);
        let is_id = (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(is_part);
        is_id.then(|| Self(text.to_owned()))
    }

    /// An id that nobody else has: 32 hexadecimal digits.
    #[must_use]
    pub fn made() -> Self {
        // An id is no secret: without randomness the request is served all the same.
        let bytes: [u8; 16] = random::of_identifier().unwrap_or_default();
        let digit = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' - 10 + digit };
        let mut text = [0; 32];
        for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        Self(std::str::from_utf8(&text).unwrap_or_default().to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The place of a request in a trace, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    parent: String,
    state: Option<String>,
}

impl Trace {
    /// Reads `traceparent`, and with a valid one `tracestate`, whose parts may have come in several headers.
    #[must_use]
    pub fn parse(parent: &str, state: &[&str]) -> Option<Self> {
        is_trace(parent).then(|| Self { parent: parent.to_owned(), state: stated(state) })
    }

    /// The text of `traceparent`.
    #[must_use]
    pub fn parent(&self) -> &str {
        &self.parent
    }
}

/// Whether it is `version-trace-parent-flags` in lower-case hexadecimal, with a trace and a parent (W3C Trace Context, 3.2).
fn is_trace(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_number = |part: &str, length| part.len() == length && is_hex(part) && part.bytes().any(|byte| byte != b'0');
    let Some((known, rest)) = text.split_at_checked(TRACE) else { return false };
    let mut parts = known.split('-');
    let [version, trace, parent, flags] = [(); 4].map(|()| parts.next().unwrap_or_default());
    let is_form = version.len() == 2
        && is_hex(version)
        && version != "ff"
        && is_number(trace, 32)
        && is_number(parent, 16)
        && flags.len() == 2
        && is_hex(flags);
    let is_safe = text.len() <= LONGEST_TRACE && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_form && is_safe && (rest.is_empty() || (version != "00" && rest.starts_with('-')))
}

fn stated(parts: &[&str]) -> Option<String> {
    let whole = parts.join(",");
    let is_safe = whole.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    (!whole.trim().is_empty() && whole.len() <= LONGEST_STATE && is_safe).then_some(whole)
}

/// The id of a request, and its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlation {
    /// The id.
    pub id: RequestId,
    /// The trace, if there is one.
    pub trace: Option<Trace>,
}

impl Correlation {
    /// The headers by which another server is told: name and value.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let trace = self.trace.as_ref();
        let parent = trace.map(|trace| (TRACEPARENT, trace.parent.as_str()));
        let state = trace.and_then(|trace| Some((TRACESTATE, trace.state.as_deref()?)));
        [Some((REQUEST_ID, self.id.as_str())), parent, state].into_iter().flatten()
    }
}

/// That of the request that this task, or this thread, works for; none if it works for no request.
#[must_use]
pub fn current() -> Option<Arc<Correlation>> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// Does work for the request of this correlation.
pub async fn within<T>(correlation: Arc<Correlation>, work: impl Future<Output = T>) -> T {
    CURRENT.scope(Some(correlation), work).await
}

/// Has work that another task does go on to be for the same request.
pub fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    CURRENT.scope(current(), work)
}

/// The same of work that another thread does.
pub fn carried_over<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let carried = current();
    move || CURRENT.sync_scope(carried, work)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn an_id_is_short_and_says_nothing_to_a_log() {
        for id in ["7b7c1d", "4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "Root=1-67:a/b+c@d_e.f", &"a".repeat(128)] {
            assert_eq!(RequestId::parse(id).unwrap().as_str(), id);
        }
        for id in ["", " ", "a b", "a\nb", "a\"b", "a,b", "ä", "a%0ab", "\u{1b}[2J", &"a".repeat(129)] {
            assert_eq!(RequestId::parse(id), None, "{id:?}");
        }
        let made = [RequestId::made(), RequestId::made()];
        assert!(made[0] != made[1] && made.iter().all(|id| id.as_str().len() == 32));
        assert_eq!(RequestId::parse(made[0].as_str()).as_ref(), Some(&made[0]));
    }

    /// The examples of the recommendation, and its tests of what is invalid.
    #[test]
    fn a_trace_is_taken_as_the_recommendation_has_it() {
        for parent in [
            PARENT,
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
            "cc-12345678901234567890123456789012-1234567890123456-01",
            "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
        ] {
            assert_eq!(Trace::parse(parent, &[]).unwrap().parent(), parent);
        }
        for parent in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033311-01",
            "cc-12345678901234567890123456789012-1234567890123456-01.more",
            "cc-12345678901234567890123456789012-1234567890123456-01- \u{7f}",
            "00-0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 01",
            "ä0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(Trace::parse(parent, &["a=1"]), None, "{parent:?}");
        }
        assert_eq!(Trace::parse(&format!("cc-{}-{}-01-{}", "1".repeat(32), "1".repeat(16), "a".repeat(80)), &[]), None);
    }

    #[test]
    fn the_state_of_a_trace_goes_along_if_it_can() {
        let told = |state: &[&str]| {
            let trace = Trace::parse(PARENT, state);
            let correlation = Correlation { id: RequestId::parse("one").unwrap(), trace };
            correlation.headers().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        let (id, parent) = ("x-request-id: one".to_owned(), format!("traceparent: {PARENT}"));
        assert_eq!(told(&["a=1", "b=2"]), [id.clone(), parent.clone(), "tracestate: a=1,b=2".to_owned()]);
        for none in [&[][..], &[""], &["a\u{7f}"], &["a".repeat(513).as_str()]] {
            assert_eq!(told(none), [id.clone(), parent.clone()], "{none:?}");
        }
    }

    #[tokio::test]
    async fn work_for_a_request_knows_it_wherever_it_is_done() {
        let id = || current().map(|found| found.id.to_string());
        assert_eq!(id(), None);
        let correlation = Arc::new(Correlation { id: RequestId::parse("one").unwrap(), trace: None });
        within(correlation, async {
            assert_eq!(id().as_deref(), Some("one"));
            assert_eq!(tokio::spawn(async move { id() }).await.unwrap(), None);
            assert_eq!(tokio::spawn(carried(async move { id() })).await.unwrap().as_deref(), Some("one"));
            let thread = std::thread::spawn(carried_over(id));
            assert_eq!(thread.join().unwrap().as_deref(), Some("one"));
        })
        .await;
        assert_eq!(std::thread::spawn(carried_over(id)).join().unwrap(), None);
    }
}
