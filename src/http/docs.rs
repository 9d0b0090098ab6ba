//! The web pages, the OpenAPI document and its readable page. The files of `ui/` are embedded in the binary.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;

use super::App;
use super::failure::Failure;
use super::openapi;
use super::reply::{Replied, Reply};
use super::request::{self, Open};
use super::static_answers::StaticAnswer;
use crate::api::Code;
use crate::api::operations::server as op;

/// What a page may load: its own files, nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// The one document that draws every page.
const APP: &str = "index.html";

/// The media type of pages. They have paths of their own and are not served as assets.
const PAGE: &str = "text/html; charset=utf-8";

#[derive(RustEmbed)]
#[folder = "ui/"]
struct UiFiles;

/// The files and the document. Each is prepared on its first request: an offline command requests none.
pub(super) struct Pages {
    files: HashMap<Cow<'static, str>, OnceLock<StaticAnswer>>,
    document: OnceLock<StaticAnswer>,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self { files: UiFiles::iter().map(|name| (name, OnceLock::new())).collect(), document: OnceLock::new() }
    }

    fn file(&self, name: &str) -> Option<&StaticAnswer> {
        let (place, file) = (self.files.get(name)?, UiFiles::get(name)?);
        Some(place.get_or_init(|| {
            let bytes = match file.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            };
            StaticAnswer::new(media_type(name), bytes)
        }))
    }

    fn document(&self) -> &StaticAnswer {
        self.document.get_or_init(|| StaticAnswer::new("application/json", openapi::document().to_string().into()))
    }
}

/// Serves every path of the pages with one document, whose script draws the page of that path.
pub(super) fn app(http: &HttpRequest) -> Result<HttpResponse, Failure> {
    serve(&*request::app(http)?, http, APP)
}

/// The same document with the status of the error, for a browser that opens an unknown path; its script draws that
/// nothing is there.
pub(super) fn missing(status: StatusCode) -> Option<HttpResponse> {
    let file = UiFiles::get(APP)?;
    // Not to be cached: the path may exist one day.
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_SECURITY_POLICY, POLICY)).content_type(PAGE);
    Some(response.body(file.data.into_owned()))
}

pub(super) async fn document(request: Open<op::GetOpenApi>) -> Replied<op::GetOpenApi> {
    Ok(Reply::file(request.app.pages.document().answer(&request.http)))
}

pub(super) async fn page(request: Open<op::GetDocs>) -> Replied<op::GetDocs> {
    serve(&request.app, &request.http, "docs.html").map(Reply::file)
}

pub(super) async fn asset(request: Open<op::GetAsset>) -> Replied<op::GetAsset> {
    let [name] = request.parts()?;
    serve_asset(&request.app, &request.http, &name).map(Reply::file)
}

pub(super) async fn asset_in_folder(request: Open<op::GetAssetInFolder>) -> Replied<op::GetAssetInFolder> {
    let [folder, name] = request.parts()?;
    serve_asset(&request.app, &request.http, &format!("{folder}/{name}")).map(Reply::file)
}

fn serve_asset(app: &App, http: &HttpRequest, name: &str) -> Result<HttpResponse, Failure> {
    match media_type(name) {
        PAGE => Err(no_such_file()),
        _ => serve(app, http, name),
    }
}

fn serve(app: &App, http: &HttpRequest, name: &str) -> Result<HttpResponse, Failure> {
    let mut answer = app.pages.file(name).ok_or_else(no_such_file)?.answer(http);
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
