//! Lists of the API, read page by page to their end or to a limit.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::Answer;
use super::connection::Api;
use super::error::CliError;
use super::path::ApiPath;

/// Rows of a page while a whole list is read.
const PAGE: usize = 500;

/// A whole list, read page by page.
pub(super) struct List {
    /// As the API would say it in one page.
    pub(super) answer: Value,
    key: Option<String>,
    place: String,
}

impl Api {
    /// Reads a list page by page, up to `most` rows. `key` names the array in the answer; none if the answer is one.
    pub(super) async fn list(&mut self, path: &ApiPath, key: Option<&str>, most: usize) -> Result<List, CliError> {
        let (size, start) =
            if path.as_str().starts_with("/enzi/") { ("limit", "start") } else { ("pageSize", "pageStart") };
        let first = path.clone().query(size, &most.min(PAGE).to_string());
        let mut answer = self.get(&first).await?;
        let mut items = take_items(&mut answer, key)?;
        let mut page = answer.next_page.clone();
        while let Some(from) = page.take().filter(|_| items.len() < most) {
            let mut next = self.get(&first.clone().query(start, &from)).await?;
            items.extend(take_items(&mut next, key)?);
            if next.next_page.as_ref() == Some(&from) {
                return Err(next.unusable("the list leads in a circle"));
            }
            page = next.next_page;
        }
        items.truncate(most);
        Ok(List { answer: rejoin(answer.value, key, items), key: key.map(str::to_owned), place: answer.place })
    }
}

impl List {
    /// The list in an answer that is one and has no further pages.
    pub(super) fn whole(mut answer: Answer) -> Result<Self, CliError> {
        let items = take_items(&mut answer, None)?;
        Ok(Self { answer: Value::Array(items), key: None, place: answer.place })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.items().len()
    }

    fn items(&self) -> &[Value] {
        let array = self.key.as_ref().map_or(Some(&self.answer), |key| self.answer.get(key));
        array.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The rows as what they should be.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Vec<T>, CliError> {
        let unusable = |cause: serde_json::Error| CliError::Answer { place: self.place.clone(), cause: cause.into() };
        self.items().iter().map(|item| T::deserialize(item).map_err(unusable)).collect()
    }
}

/// Takes the rows out of a page.
fn take_items(answer: &mut Answer, key: Option<&str>) -> Result<Vec<Value>, CliError> {
    let array = match key {
        Some(key) => answer.value.get_mut(key).map(Value::take),
        None => Some(answer.value.take()),
    };
    match array {
        Some(Value::Array(items)) => Ok(items),
        Some(_) | None => Err(answer.unusable("the list is missing")),
    }
}

/// The first page's answer with all rows in it.
fn rejoin(mut first: Value, key: Option<&str>, items: Vec<Value>) -> Value {
    let items = Value::Array(items);
    let Some(key) = key else { return items };
    if let Some(object) = first.as_object_mut() {
        object.insert(key.to_owned(), items);
        object.entry("nextPageStart").and_modify(|next| *next = Value::String(String::new()));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::super::testing::Server;
    use super::*;
    use serde_json::json;

    fn page(body: &str, next: &str) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx-next-page-start: {next}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_list_is_read_to_its_end() {
        let server = Server::start(&[&page("[1,2]", "two"), &page("[3]", "")]);
        let mut api = server.api();
        let list = api.list(&ApiPath::new("/api/v0/x").query("q", "a"), None, usize::MAX).await.unwrap();
        assert_eq!((list.answer.clone(), list.read::<u8>().unwrap()), (json!([1, 2, 3]), vec![1, 2, 3]));
        let asked: Vec<String> = server.requests().iter().map(|request| first_line(request)).collect();
        assert_eq!(
            asked,
            ["GET /api/v0/x?q=a&pageSize=500 HTTP/1.1", "GET /api/v0/x?q=a&pageSize=500&pageStart=two HTTP/1.1"]
        );
    }

    #[tokio::test]
    async fn accounts_have_their_own_paging() {
        let first = r#"{"accounts":[1],"nextPageStart":"b","usersCount":2}"#;
        let server = Server::start(&[&page(first, "b"), &page(r#"{"accounts":[2]}"#, "")]);
        let list = server.api().list(&ApiPath::new("/enzi/v0/accounts"), Some("accounts"), usize::MAX).await.unwrap();
        assert_eq!(list.answer, json!({"accounts": [1, 2], "nextPageStart": "", "usersCount": 2}));
        assert_eq!(first_line(&server.requests()[1]), "GET /enzi/v0/accounts?limit=500&start=b HTTP/1.1");
    }

    #[tokio::test]
    async fn a_limit_ends_the_list_early() {
        let server = Server::start(&[&page(r#"{"records":[1,2,3]}"#, "x")]);
        let list = server.api().list(&ApiPath::new("/api/v0/audit"), Some("records"), 2).await.unwrap();
        assert_eq!(list.answer, json!({"records": [1, 2]}));
    }

    #[tokio::test]
    async fn rows_that_are_none_are_told() {
        let server = Server::start(&[&page("[1,\"two\"]", "")]);
        let list = server.api().list(&ApiPath::new("/x"), None, 9).await.unwrap();
        assert!(list.read::<u8>().unwrap_err().to_string().starts_with("no usable answer from the socket "));
    }

    #[tokio::test]
    async fn lists_that_are_none_are_told() {
        let server = Server::start(&[&page("{}", ""), &page("[1]", "a"), &page("[1]", "a")]);
        let mut api = server.api();
        let path = ApiPath::new("/x");
        assert!(api.list(&path, None, 9).await.err().unwrap().to_string().contains("the list is missing"));
        assert!(api.list(&path, None, 9).await.err().unwrap().to_string().contains("in a circle"));
    }

    fn first_line(request: &str) -> String {
        request.lines().next().unwrap().to_owned()
    }
}
