//! Answers that are the same for everybody as long as the program runs: compressed once, and revalidated by entity tag or
//! kept for good.
//!
//! Nothing else is compressed: whoever chooses a part of an answer could guess a secret in it from its compressed
//! length (BREACH).

use std::io::Write;

use actix_web::http::header::{
    ACCEPT_ENCODING, AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, ETag, Encoding, EntityTag, Header, IfNoneMatch,
    Preference, Quality, VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;

/// How long a browser keeps an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keeping {
    /// It asks each time whether there is another.
    Revalidated,
    /// For good, without asking: its path changes with its content.
    ForGood,
}

impl Keeping {
    fn cache_control(self) -> &'static str {
        match self {
            Self::Revalidated => "no-cache",
            Self::ForGood => "public, max-age=31536000, immutable",
        }
    }
}

/// Fixed content, in the forms in which it is sent.
pub(super) struct StaticAnswer {
    media_type: &'static str,
    keeping: Keeping,
    plain: Encoded,
    /// None if it would not be shorter.
    gzip: Option<Encoded>,
}

/// One encoding of the content. Each has its own strong entity tag, since their bytes differ.
struct Encoded {
    bytes: Bytes,
    tag: String,
}

impl StaticAnswer {
    pub(super) fn new(media_type: &'static str, bytes: Bytes, keeping: Keeping) -> Self {
        let hash = blake3::hash(&bytes).to_hex();
        let gzip = compressed(&bytes).filter(|shorter| shorter.len() < bytes.len());
        let gzip = gzip.map(|bytes| Encoded { bytes: bytes.into(), tag: format!("{hash}-gzip") });
        Self { media_type, keeping, plain: Encoded { bytes, tag: hash.to_string() }, gzip }
    }

    /// Its plain form, for an answer that is not to be kept.
    pub(super) fn plain(&self) -> Bytes {
        self.plain.bytes.clone()
    }

    pub(super) fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// Answers in the form that the request accepts, or with 304 if the client has that form already.
    pub(super) fn answer(&self, http: &HttpRequest) -> HttpResponse {
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(http));
        let form = gzip.unwrap_or(&self.plain);
        let is_known = knows(http, &EntityTag::new_strong(form.tag.clone()));
        let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        answer.insert_header(ETag(EntityTag::new_strong(form.tag.clone())));
        answer.insert_header((CACHE_CONTROL, self.keeping.cache_control()));
        answer.insert_header((VARY, ACCEPT_ENCODING.as_str()));
        if is_known {
            return answer.finish();
        }
        if gzip.is_some() {
            answer.insert_header((CONTENT_ENCODING, "gzip"));
        }
        answer.content_type(self.media_type).body(form.bytes.clone())
    }
}

fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// Whether `If-None-Match` matches this tag: the client has the form already (RFC 9110 section 13.1.2).
pub(super) fn knows(http: &HttpRequest, tag: &EntityTag) -> bool {
    match http.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Some(IfNoneMatch::Any) => true,
        None => false,
    }
}

/// Whether the request accepts gzip and does not prefer the plain form (RFC 9110 section 12.5.3). Without
/// `Accept-Encoding` it does not accept gzip.
fn takes_gzip(http: &HttpRequest) -> bool {
    let Ok(AcceptEncoding(accepted)) = AcceptEncoding::parse(http) else { return false };
    let quality = |coding| {
        let of = |wanted: Preference<Encoding>| accepted.iter().find(|it| it.item == wanted).map(|it| it.quality);
        of(Preference::Specific(coding)).or_else(|| of(Preference::Any)).unwrap_or(Quality::ZERO)
    };
    let gzip = quality(Encoding::gzip());
    gzip > Quality::ZERO && gzip >= quality(Encoding::identity())
}
