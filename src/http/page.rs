//! Pages of lists: what is asked for in the query, and the headers of the answer.

use actix_web::HttpResponse;
use serde::Serialize;

use super::failure::Failure;
use super::request::Plain;

/// Entries of a page unless said otherwise.
const DEFAULT_SIZE: usize = 10;
/// Entries of a page that is made at once.
const QUICK_SIZE: usize = 1_000;
/// Most entries of a page: "all that remains" is bounded by this, and the next page's start says that there is more.
const MAX_SIZE: usize = 100_000;

/// Which page.
pub(super) struct PageQuery {
    /// The last key of the page before; none for the first.
    pub(super) start: Option<String>,
    /// At most so many entries.
    pub(super) size: usize,
    /// Whether to count the whole list.
    pub(super) with_count: bool,
}

impl PageQuery {
    /// Whether making the page may take long: a large one, or one with a count.
    pub(super) fn is_long(&self) -> bool {
        self.with_count || self.size > QUICK_SIZE
    }

    /// Reads `pageStart`, `pageSize` and `count`.
    pub(super) fn read(request: &Plain) -> Result<Self, Failure> {
        Self::named(request, "pageStart", "pageSize")
    }

    /// Reads the page from parameters of these names.
    pub(super) fn named(request: &Plain, start: &'static str, size: &'static str) -> Result<Self, Failure> {
        let size = match request.query_value(size).filter(|text| !text.is_empty()) {
            None => DEFAULT_SIZE,
            Some(text) => read_size(&text).ok_or_else(|| Failure::invalid(size, "a number; 0 is all"))?,
        };
        let start = request.query_value(start).filter(|start| !start.is_empty());
        Ok(Self { start, size, with_count: request.query_flag("count")? })
    }
}

/// A size that is too large for a number is all that remains, as 0 is.
fn read_size(text: &str) -> Option<usize> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match text.parse::<usize>() {
        Ok(0) | Err(_) => MAX_SIZE,
        Ok(size) => size.min(MAX_SIZE),
    })
}

/// A page with its headers: `X-Next-Page-Start`, empty on the last page, and `X-Resource-Count` if it was asked for.
pub(super) fn answer(body: impl Serialize, next: Option<String>, count: Option<usize>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header(("X-Next-Page-Start", next.unwrap_or_default()));
    if let Some(count) = count {
        response.insert_header(("X-Resource-Count", count.to_string()));
    }
    response.json(body)
}
