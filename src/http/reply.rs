//! What a handler answers: the body and the status of its operation, and additional headers.

use std::marker::PhantomData;

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, ETag, EntityTag, TryIntoHeaderPair};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;

use super::failure::Failure;
use super::headers::warning;
use super::static_answers::knows;
use crate::api::{Document, Nothing, Operation, Paged, RegistryToken, Repositories};

/// Room for a body, in bytes: for one thing, and for a page of them.
const SMALL: usize = 512;
const LARGE: usize = 8 * 1024;

/// The answer of an operation that succeeded.
pub(super) struct Reply<O> {
    response: HttpResponse,
    operation: PhantomData<O>,
}

/// An answer that can be written.
pub(super) trait Write {
    /// Writes it into a response whose status is set.
    fn write(&self, response: HttpResponseBuilder) -> HttpResponse;
}

impl<T: Serialize> Write for T {
    fn write(&self, response: HttpResponseBuilder) -> HttpResponse {
        json(response, self, SMALL)
    }
}

/// A body in JSON, for which this much room is made at first: growing bit by bit costs as much as writing.
fn json(mut response: HttpResponseBuilder, body: &impl Serialize, room: usize) -> HttpResponse {
    let mut text = Vec::with_capacity(room);
    match serde_json::to_writer(&mut text, body) {
        Ok(()) => response.content_type(ContentType::json()).body(text),
        Err(error) => Failure::internal(&error).error_response(),
    }
}

impl Write for Nothing {
    fn write(&self, mut response: HttpResponseBuilder) -> HttpResponse {
        response.finish()
    }
}

impl<T: Serialize> Write for Paged<T> {
    fn write(&self, mut response: HttpResponseBuilder) -> HttpResponse {
        page_headers(&mut response, self.next.as_deref(), self.count);
        json(response, &self.page, LARGE)
    }
}

/// Adds `X-Next-Page-Start` unless this is the last page (scripts go on as long as the header is there), and
/// `X-Resource-Count` if it was asked for.
fn page_headers(response: &mut HttpResponseBuilder, next: Option<&str>, count: Option<usize>) {
    if let Some(next) = next {
        response.insert_header(("X-Next-Page-Start", next));
    }
    if let Some(count) = count {
        response.insert_header(("X-Resource-Count", count.to_string()));
    }
}

fn builder<O: Operation>() -> HttpResponseBuilder {
    HttpResponse::build(StatusCode::from_u16(O::FACTS.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

impl<O: Operation<Answer: Write>> Reply<O> {
    /// This body, with the operation's status.
    pub(super) fn new(answer: &O::Answer) -> Self {
        Self::sent(answer.write(builder::<O>()))
    }
}

impl<O: Operation<Answer: Serialize>> Reply<O> {
    /// This body with an `ETag`, or 304 without it if the request says that the client has it (RFC 9110 section 13.1.2).
    pub(super) fn unless_known(answer: &O::Answer, http: &HttpRequest) -> Result<Self, Failure> {
        let body = serde_json::to_vec(answer).map_err(|error| Failure::internal(&error))?;
        let tag = EntityTag::new_strong(blake3::hash(&body).to_hex().to_string());
        let is_known = knows(http, &tag);
        let mut response = if is_known { HttpResponse::NotModified() } else { builder::<O>() };
        response.insert_header(ETag(tag));
        Ok(Self::sent(if is_known { response.finish() } else { response.content_type(ContentType::json()).body(body) }))
    }
}

impl<O: Operation<Answer = RegistryToken>> Reply<O> {
    /// A registry token.
    pub(super) fn registry_token(answer: &RegistryToken) -> Self {
        Self::sent(builder::<O>().content_type(ContentType::json()).body(answer.json()))
    }
}

impl<O: Operation<Answer = Document>> Reply<O> {
    /// This text, in the operation's media type.
    pub(super) fn text(text: String) -> Self {
        let media = O::FACTS.media.first().copied().unwrap_or_default();
        Self::sent(builder::<O>().content_type(media).body(text))
    }

    /// This text, in another of the operation's media types.
    pub(super) fn document(media: &'static str, text: String) -> Self {
        Self::sent(builder::<O>().content_type(media).body(text))
    }

    /// A body that comes piece by piece, in the operation's media type.
    pub(super) fn streamed(body: BoxBody) -> Self {
        let media = O::FACTS.media.first().copied().unwrap_or_default();
        Self::sent(builder::<O>().content_type(media).body(body))
    }

    /// A file, already in an encoding that the request accepts, or 304.
    pub(super) fn file(response: HttpResponse) -> Self {
        Self::sent(response)
    }
}

impl<T, O: Operation<Answer = Paged<T>>> Reply<O> {
    /// A page in another of the operation's media types.
    pub(super) fn lines(media: &'static str, body: String, next: Option<&str>) -> Self {
        let mut response = builder::<O>();
        page_headers(&mut response, next, None);
        Self::sent(response.content_type(media).body(body))
    }

    /// A page whose rows are serialized already.
    pub(super) fn written(page: &impl Serialize, next: Option<&str>) -> Self {
        let mut response = builder::<O>();
        page_headers(&mut response, next, None);
        Self::sent(json(response, page, LARGE))
    }
}

impl<O: Operation<Answer = Paged<Repositories>>> Reply<O> {
    /// A page of repositories.
    pub(super) fn repositories<T: AsRef<str>>(answer: &Paged<Repositories<T>>) -> Self {
        let mut response = builder::<O>();
        page_headers(&mut response, answer.next.as_deref(), answer.count);
        Self::sent(response.content_type(ContentType::json()).body(answer.page.json()))
    }
}

impl<O: Operation> Reply<O> {
    fn sent(response: HttpResponse) -> Self {
        Self { response, operation: PhantomData }
    }

    /// The same with the operation's other status.
    pub(super) fn with_other_status(mut self) -> Self {
        let other = O::FACTS.other_status.and_then(|status| StatusCode::from_u16(status).ok());
        *self.response.status_mut() = other.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self
    }

    /// The same with a warning, if there is one.
    pub(super) fn warning(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.header(warning(text)),
            None => self,
        }
    }

    /// The same with one more warning, if there is one.
    pub(super) fn and_warning(mut self, text: Option<&str>) -> Self {
        if let Some((name, value)) = text.and_then(|text| warning(text).try_into_pair().ok()) {
            self.response.headers_mut().append(name, value);
        }
        self
    }

    /// The same with a header.
    pub(super) fn header(mut self, header: impl TryIntoHeaderPair) -> Self {
        if let Ok((name, value)) = header.try_into_pair() {
            self.response.headers_mut().insert(name, value);
        }
        self
    }

    /// The same with a cookie.
    pub(super) fn cookie(mut self, cookie: &Cookie<'_>) -> Self {
        if let Err(error) = self.response.add_cookie(cookie) {
            log::error!("a cookie could not be written: {error}");
        }
        self
    }

    /// The response to send.
    pub(super) fn into_response(self) -> HttpResponse {
        self.response
    }
}

/// What a handler answers.
pub(super) type Replied<O> = Result<Reply<O>, Failure>;
