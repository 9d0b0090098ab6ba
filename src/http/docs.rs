//! The web pages, the OpenAPI document and its readable page: the files of `ui/`, which are inside the binary.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::failure::{Code, Failure};
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
    HttpResponse::Ok().content_type("application/json").body(request.app.openapi.clone())
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
    let file: EmbeddedFile = Files::get(name).ok_or_else(no_such_file)?;
    let etag = format!("\"{}\"", blake3::hash(&file.data).to_hex());
    let known = request.http.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known == Some(etag.as_str()) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, etag.clone()));
    response.insert_header((CACHE_CONTROL, "no-cache"));
    response.insert_header((CONTENT_SECURITY_POLICY, POLICY));
    response.content_type(media_type(name));
    Ok(if known == Some(etag.as_str()) { response.finish() } else { response.body(file.data.into_owned()) })
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
