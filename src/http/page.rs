//! Pages of lists: what is asked for in the query, and the headers of the answer.

use actix_web::HttpResponse;
use serde::Serialize;

use super::failure::Failure;
use super::request::Plain;
use crate::domain::name::Name;
use crate::domain::order::Order;
use crate::service::NamedQuery;

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
        self.with_count || is_long(self.size)
    }

    /// Reads `pageStart`, `pageSize` and `count`.
    pub(super) fn read(request: &Plain) -> Result<Self, Failure> {
        Self::named(request, "pageStart", "pageSize")
    }

    /// Reads the page from parameters of these names.
    fn named(request: &Plain, start: &'static str, size: &'static str) -> Result<Self, Failure> {
        let size = match request.query_value(size).filter(|text| !text.is_empty()) {
            None => DEFAULT_SIZE,
            Some(text) => read_size(&text).ok_or_else(|| Failure::invalid(size, "a number; 0 is all"))?,
        };
        let start = request.query_value(start).filter(|start| !start.is_empty());
        Ok(Self { start, size, with_count: request.query_flag("count")? })
    }
}

/// Whether a page of this size may take long.
pub(super) fn is_long(size: usize) -> bool {
    size > QUICK_SIZE
}

/// Reads `order`: by name, ascending unless said otherwise.
pub(super) fn order(request: &Plain) -> Result<Order, Failure> {
    match request.query_value("order").as_deref() {
        None | Some("" | "asc") => Ok(Order::Ascending),
        Some("desc") => Ok(Order::Descending),
        Some(_) => Err(Failure::invalid("order", "asc or desc")),
    }
}

/// Reads `start`, `limit` and `order` of a list that is ordered by the name of an account or a team.
pub(super) fn by_name(request: &Plain) -> Result<NamedQuery, Failure> {
    let PageQuery { start, size, .. } = PageQuery::named(request, "start", "limit")?;
    let after = start.as_deref().map(Name::parse).transpose();
    let after = after.map_err(|_| Failure::invalid("start", "not the start of a page"))?;
    Ok(NamedQuery { order: order(request)?, after, limit: size })
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
