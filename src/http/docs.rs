//! The web pages, the manual, the OpenAPI document and its readable page.

use std::sync::OnceLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::App;
use super::failure::Failure;
use super::openapi;
use super::reply::{Replied, Reply};
use super::request::{self, Open};
use super::static_answers::{Keeping, StaticAnswer};
use super::ui_files::UiFiles;
use crate::api::Code;
use crate::api::operations::server as op;

/// What a page may load: its own files, nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// The files, and the OpenAPI document, which is prepared on its first request.
pub(super) struct Pages {
    files: UiFiles,
    document: OnceLock<StaticAnswer>,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self { files: UiFiles::new(), document: OnceLock::new() }
    }

    fn document(&self) -> &StaticAnswer {
        let make =
            || StaticAnswer::new("application/json", openapi::document().to_string().into(), Keeping::Revalidated);
        self.document.get_or_init(make)
    }
}

/// Serves every path of the pages with one document, whose script draws the page of that path.
pub(super) fn app(http: &HttpRequest) -> Result<HttpResponse, Failure> {
    Ok(serve(request::app(http)?.pages.files.document(http.path()), http))
}

/// The same document with the status of the error, for a browser that opens an unknown path; its script draws that
/// nothing is there.
pub(super) fn missing(http: &HttpRequest, status: StatusCode) -> Option<HttpResponse> {
    let app = request::app(http).ok()?;
    let document = app.pages.files.document(http.path());
    // Not to be cached: the path may exist one day.
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_SECURITY_POLICY, POLICY)).content_type(document.media_type());
    Some(response.body(document.plain()))
}

pub(super) async fn document(request: Open<op::GetOpenApi>) -> Replied<op::GetOpenApi> {
    Ok(Reply::file(request.app.pages.document().answer(&request.http)))
}

pub(super) async fn page(request: Open<op::GetDocs>) -> Replied<op::GetDocs> {
    Ok(Reply::file(serve(request.app.pages.files.docs(), &request.http)))
}

pub(super) async fn manual(request: Open<op::GetManual>) -> Replied<op::GetManual> {
    serve_chapter(&request.app, &request.http, None).map(Reply::file)
}

pub(super) async fn chapter(request: Open<op::GetManualChapter>) -> Replied<op::GetManualChapter> {
    let [chapter] = request.parts()?;
    serve_chapter(&request.app, &request.http, Some(&chapter)).map(Reply::file)
}

fn serve_chapter(app: &App, http: &HttpRequest, name: Option<&str>) -> Result<HttpResponse, Failure> {
    let missing = || Failure::new(Code::NotFound, "there is nothing at this path");
    app.pages.files.chapter(name).map(|page| serve(page, http)).ok_or_else(missing)
}

pub(super) async fn asset(request: Open<op::GetAsset>) -> Replied<op::GetAsset> {
    let [hash, name] = request.parts()?;
    serve_asset(&request.app, &request.http, [&hash, &name]).map(Reply::file)
}

pub(super) async fn asset_in_folder(request: Open<op::GetAssetInFolder>) -> Replied<op::GetAssetInFolder> {
    let [hash, folder, name] = request.parts()?;
    serve_asset(&request.app, &request.http, [&hash, &format!("{folder}/{name}")]).map(Reply::file)
}

fn serve_asset(app: &App, http: &HttpRequest, [hash, name]: [&str; 2]) -> Result<HttpResponse, Failure> {
    let missing = || Failure::new(Code::NotFound, "there is nothing at this path");
    app.pages.files.asset(hash, name).map(|asset| serve(asset, http)).ok_or_else(missing)
}

fn serve(file: &StaticAnswer, http: &HttpRequest) -> HttpResponse {
    let mut answer = file.answer(http);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}
