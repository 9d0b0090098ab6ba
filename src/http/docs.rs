//! The web pages, the OpenAPI document and its readable page: the files of `ui/`, which are inside the binary.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::web::Bytes;
use rust_embed::RustEmbed;

use super::failure::{Code, Failure};
use super::fixed::Fixed;
use super::openapi;
use super::request::Plain;

/// What a page may load: its own files, nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// What draws every page.
const APP: &str = "index.html";

/// The media type of pages, which have paths of their own.
const PAGE: &str = "text/html; charset=utf-8";

#[derive(RustEmbed)]
#[folder = "ui/"]
struct Files;

/// The files and the document. Each is made ready when it is asked for first: a command of a moment asks for none.
pub(super) struct Pages {
    files: HashMap<Cow<'static, str>, OnceLock<Fixed>>,
    document: OnceLock<Fixed>,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self { files: Files::iter().map(|name| (name, OnceLock::new())).collect(), document: OnceLock::new() }
    }

    fn file(&self, name: &str) -> Option<&Fixed> {
        let (place, file) = (self.files.get(name)?, Files::get(name)?);
        Some(place.get_or_init(|| {
            let bytes = match file.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            };
            Fixed::new(media_type(name), bytes)
        }))
    }

    fn document(&self) -> &Fixed {
        self.document.get_or_init(|| Fixed::new("application/json", openapi::document().to_string().into()))
    }
}

/// Every path of the pages: one document, which draws what the path names.
pub(super) async fn app(request: Plain) -> Result<HttpResponse, Failure> {
    serve(&request, APP)
}

/// The same document with the status of a path that is none, where a browser opens one; it draws that nothing is there.
pub(super) fn missing(status: StatusCode) -> Option<HttpResponse> {
    let file = Files::get(APP)?;
    // It is kept nowhere: the path may become one.
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_SECURITY_POLICY, POLICY)).content_type(PAGE);
    Some(response.body(file.data.into_owned()))
}

/// `GET /api/v0/openapi.json`
pub(super) async fn document(request: Plain) -> HttpResponse {
    request.app.pages.document().answer(&request.http)
}

/// `GET /api/v0/docs`
pub(super) async fn page(request: Plain) -> Result<HttpResponse, Failure> {
    serve(&request, "docs.html")
}

/// `GET /assets/{file}`
pub(super) async fn asset(request: Plain) -> Result<HttpResponse, Failure> {
    let name = request.part("file")?;
    match media_type(&name) {
        PAGE => Err(no_such_file()),
        _ => serve(&request, &name),
    }
}

fn serve(request: &Plain, name: &str) -> Result<HttpResponse, Failure> {
    let mut answer = request.app.pages.file(name).ok_or_else(no_such_file)?.answer(&request.http);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(answer)
}

fn no_such_file() -> Failure {
    Failure::new(Code::NotFound, "there is nothing at this path")
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => PAGE,
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
