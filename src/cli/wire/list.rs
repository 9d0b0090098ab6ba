//! Lists of the API, read page by page to their end or to a limit.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::{ApiAnswer, ApiRequest};
use super::connection::{Api, Read};
use super::path::ApiPath;
use crate::api::{self, Nothing, Operation, Parameters, Rows};
use crate::cli::screen::{Cause, CliError};

/// Rows to ask for in each page.
const PAGE: usize = 500;

/// A whole list, read page by page.
pub(in crate::cli) struct List<R> {
    /// The API's answer, as if all rows were on one page.
    pub(in crate::cli) answer: Value,
    field: Option<&'static str>,
    place: String,
    rows: PhantomData<fn() -> R>,
}

/// One page of a list.
pub(in crate::cli) struct Page<R> {
    /// The page, with the API's answer as it came.
    pub(in crate::cli) list: List<R>,
    /// Where the next page starts, if there is one.
    pub(in crate::cli) next: Option<String>,
}

/// A row of an operation's list.
type Row<O> = <Read<O> as Rows>::Row;

impl Api {
    /// Reads the list of an operation page by page, up to `most` rows.
    pub(in crate::cli) async fn list<O, const N: usize>(
        &mut self,
        _operation: O,
        parts: [&str; N],
        query: &O::Query,
        most: usize,
    ) -> Result<List<Row<O>>, CliError>
    where
        O: Operation<Body = Nothing, Answer: api::Answer<Read: Rows>>,
    {
        let (field, (size, start)) = (<Read<O> as Rows>::FIELD, paging::<O>());
        let first = ApiPath::of::<O, N>(parts, query).query(size, &most.min(PAGE).to_string());
        let mut answer = self.exchange(&ApiRequest::to::<O>(first.clone())).await?;
        let mut items = take_items(&mut answer, field)?;
        let mut page = answer.next_page.clone();
        while let Some(from) = page.take().filter(|_| items.len() < most) {
            let mut next = self.exchange(&ApiRequest::to::<O>(first.clone().query(start, &from))).await?;
            items.extend(take_items(&mut next, field)?);
            if next.next_page.as_ref() == Some(&from) {
                return Err(next.unusable("the list leads in a circle"));
            }
            page = next.next_page;
        }
        items.truncate(most);
        Ok(List { answer: rejoin(answer.value, field, items), field, place: answer.place, rows: PhantomData })
    }
}

impl Api {
    /// Reads one page of the list of an operation.
    pub(in crate::cli) async fn page<O, const N: usize>(
        &mut self,
        _operation: O,
        parts: [&str; N],
        query: &O::Query,
        start: Option<&str>,
    ) -> Result<Page<Row<O>>, CliError>
    where
        O: Operation<Body = Nothing, Answer: api::Answer<Read: Rows>>,
    {
        let path = page_path::<O, N>(parts, query, start, PAGE);
        let mut answer = self.exchange(&ApiRequest::to::<O>(path)).await?;
        let field = <Read<O> as Rows>::FIELD;
        let items = take_items(&mut answer, field)?;
        let answer_of_page = rejoin(answer.value, field, items);
        let list = List { answer: answer_of_page, field, place: answer.place, rows: PhantomData };
        Ok(Page { list, next: answer.next_page })
    }

    /// Reads one page of the list of an operation as lines, in the operation's first other media type: the answer is one
    /// text.
    pub(in crate::cli) async fn lines<O>(
        &mut self,
        _operation: O,
        query: &O::Query,
        start: Option<&str>,
        size: usize,
    ) -> Result<ApiAnswer, CliError>
    where
        O: Operation<Body = Nothing>,
    {
        let accept = O::FACTS.media.first().copied().unwrap_or_default();
        let request = ApiRequest::to::<O>(page_path::<O, 0>([], query, start, size));
        self.exchange(&ApiRequest { accept, ..request }).await
    }

    /// How many rows the list of an operation has, as the query asks the server to count them; none if it does not tell.
    pub(in crate::cli) async fn count<O, const N: usize>(
        &mut self,
        _operation: O,
        parts: [&str; N],
        query: &O::Query,
    ) -> Result<Option<u64>, CliError>
    where
        O: Operation<Body = Nothing>,
    {
        let (size, _) = paging::<O>();
        let path = ApiPath::of::<O, N>(parts, query).query(size, "1");
        Ok(self.exchange(&ApiRequest::to::<O>(path)).await?.count)
    }
}

fn page_path<O: Operation, const N: usize>(
    parts: [&str; N],
    query: &O::Query,
    start: Option<&str>,
    size: usize,
) -> ApiPath {
    let (name_of_size, name_of_start) = paging::<O>();
    let path = ApiPath::of::<O, N>(parts, query).query(name_of_size, &size.to_string());
    start.into_iter().fold(path, |path, start| path.query(name_of_start, start))
}

/// The names of the paging parameters of an operation: the page's size, and its start.
fn paging<O: Operation>() -> (&'static str, &'static str) {
    let is_by_name = O::Query::all().iter().any(|parameter| parameter.name == "limit");
    if is_by_name { ("limit", "start") } else { ("pageSize", "pageStart") }
}

impl<R> List<R> {
    /// The list in an answer that holds all rows and has no further pages.
    pub(in crate::cli) fn whole(mut answer: ApiAnswer<Vec<R>>) -> Result<Self, CliError> {
        let items = take_items(&mut answer, None)?;
        Ok(Self { answer: Value::Array(items), field: None, place: answer.place, rows: PhantomData })
    }

    /// Adds the rows of another answer to the same question.
    pub(in crate::cli) fn join(&mut self, other: Self) {
        let mut items = self.items().to_vec();
        items.extend_from_slice(other.items());
        self.answer = rejoin(std::mem::take(&mut self.answer), self.field, items);
    }

    /// The list as one of rows of type `T`; only `read` checks them.
    pub(in crate::cli) fn of<T>(self) -> List<T> {
        List { answer: self.answer, field: self.field, place: self.place, rows: PhantomData }
    }

    /// How many rows there are.
    pub(in crate::cli) fn len(&self) -> usize {
        self.items().len()
    }

    /// The rows, as they came.
    pub(in crate::cli) fn items(&self) -> &[Value] {
        let array = self.field.map_or(Some(&self.answer), |field| self.answer.get(field));
        array.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The same rows, the last one first.
    pub(in crate::cli) fn reverse(&mut self) {
        let array = match self.field {
            Some(field) => self.answer.get_mut(field),
            None => Some(&mut self.answer),
        };
        array.and_then(Value::as_array_mut).into_iter().for_each(|items| items.reverse());
    }

    /// The error for an answer that cannot come from dockpass.
    pub(in crate::cli) fn unusable(&self, cause: impl Into<Cause>) -> CliError {
        CliError::ApiAnswer { place: self.place.clone(), cause: cause.into(), is_change: false }
    }

    /// The rows.
    pub(in crate::cli) fn read(&self) -> Result<Vec<R>, CliError>
    where
        R: DeserializeOwned,
    {
        self.items().iter().map(|item| R::deserialize(item).map_err(|cause| self.unusable(cause))).collect()
    }
}

/// Takes the rows out of a page.
fn take_items<T>(answer: &mut ApiAnswer<T>, field: Option<&str>) -> Result<Vec<Value>, CliError> {
    let array = match field {
        Some(field) => answer.value.get_mut(field).map(Value::take),
        None => Some(answer.value.take()),
    };
    match array {
        Some(Value::Array(items)) => Ok(items),
        Some(_) | None => Err(answer.unusable("the list is missing")),
    }
}

/// The first page's answer with all rows in it.
fn rejoin(mut first: Value, field: Option<&str>, items: Vec<Value>) -> Value {
    let items = Value::Array(items);
    let Some(field) = field else { return items };
    if let Some(object) = first.as_object_mut() {
        object.insert(field.to_owned(), items);
        object.entry("nextPageStart").and_modify(|next| *next = Value::String(String::new()));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operations::{access_tokens, accounts, audit};
    use crate::api::{Counting, Paging};
    use crate::cli::testing::Server;
    use serde_json::json;

    fn of_alice() -> <access_tokens::ListAccessTokens as Operation>::Query {
        let which = access_tokens::Selection { username: Some("alice".into()), ..access_tokens::Selection::default() };
        (which, access_tokens::Ranking::default(), Paging::default(), Counting::default())
    }

    fn page(body: &str, next: &str) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx-next-page-start: {next}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_end() {
        let server = Server::start(&[&page("[1,2]", "two"), &page("[3]", "")]);
        let mut api = server.api();
        let list = api.list(access_tokens::ListAccessTokens, [], &of_alice(), usize::MAX).await.unwrap();
        assert_eq!(list.answer, json!([1, 2, 3]));
        let asked: Vec<String> = server.requests().iter().map(|request| first_line(request)).collect();
        assert_eq!(
            asked,
            [
                "GET /api/v0/api_tokens?username=alice&pageSize=500 HTTP/1.1",
                "GET /api/v0/api_tokens?username=alice&pageSize=500&pageStart=two HTTP/1.1"
            ]
        );
    }

    #[tokio::test]
    async fn accounts_have_their_own_paging() {
        let first = r#"{"accounts":[1],"nextPageStart":"b","usersCount":2}"#;
        let server = Server::start(&[&page(first, "b"), &page(r#"{"accounts":[2]}"#, "")]);
        let query = Default::default();
        let list = server.api().list(accounts::ListAccounts, [], &query, usize::MAX).await.unwrap();
        assert_eq!(list.answer, json!({"accounts": [1, 2], "nextPageStart": "", "usersCount": 2}));
        assert_eq!(first_line(&server.requests()[1]), "GET /enzi/v0/accounts?limit=500&start=b HTTP/1.1");
    }

    #[tokio::test]
    async fn a_limit_ends_the_list_early() {
        let server = Server::start(&[&page(r#"{"records":[1,2,3]}"#, "x")]);
        let list = server.api().list(audit::ListAudit, [], &Default::default(), 2).await.unwrap();
        assert_eq!(list.answer, json!({"records": [1, 2]}));
    }

    #[tokio::test]
    async fn rows_that_are_none_are_told() {
        let server = Server::start(&[&page("[1,\"two\"]", "")]);
        let list = server.api().list(access_tokens::ListAccessTokens, [], &of_alice(), 9).await.unwrap();
        assert!(list.read().unwrap_err().to_string().starts_with("no usable answer from the socket "));
    }

    #[tokio::test]
    async fn lists_that_are_none_are_told() {
        let server = Server::start(&[&page("{}", ""), &page("[1]", "a"), &page("[1]", "a")]);
        let mut api = server.api();
        for reason in ["the list is missing", "in a circle"] {
            let list = api.list(access_tokens::ListAccessTokens, [], &of_alice(), 9).await;
            assert!(list.err().unwrap().to_string().contains(reason));
        }
    }

    fn first_line(request: &str) -> String {
        request.lines().next().unwrap().to_owned()
    }
}
