//! How people name an access token: its hash, the beginning of its hash, or its id; never its secret.

use crate::api::ApiToken;
use crate::api::operations::access_tokens as op;
use crate::cli::screen::CliError;
use crate::cli::wire::Api;
use crate::domain::id::Id;
use crate::domain::secret::{PREFIX, TokenHash, TokenText};

/// Digits of a whole hash.
const WHOLE: usize = 64;
/// Digits of a whole id.
const ID: usize = 26;
/// Fewest digits of a beginning.
const SHORTEST: usize = 8;

/// One access token, as somebody named it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reference {
    /// The whole hash: the only form that needs no look-up.
    Hash(String),
    /// The beginning of the hash.
    Beginning(String),
    /// The id, or its beginning.
    Id(String),
}

/// Refuses the secret of an access token where it stands for all to read; the error does not repeat it.
pub(super) fn no_secret(text: &str) -> Result<(), CliError> {
    if !text.starts_with(PREFIX) {
        return Ok(());
    }
    Err(CliError::Usage(
        "that is the secret of an access token, and now stands in the shell's history; name it by its id, see \
         `dockpass token list`; whose it is says `dockpass token identify`, with the secret on standard input"
            .to_owned(),
    ))
}

/// The hash of a whole secret, which is how the API names its access token.
pub(in crate::cli) fn secret_hash(secret: &str) -> Result<TokenHash, CliError> {
    TokenText::parse(secret).map(|text| text.hash()).map_err(|_| {
        let why = "this is no access token: expected the whole secret, dkp_ and what follows";
        CliError::Usage(why.to_owned())
    })
}

impl Reference {
    /// Reads a reference. No error repeats the text, which may be a secret.
    fn read(text: &str) -> Result<Self, CliError> {
        no_secret(text)?;
        let is_hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        match text.len() {
            WHOLE if is_hex => Ok(Self::Hash(text.to_owned())),
            SHORTEST..WHOLE if is_hex => Ok(Self::Beginning(text.to_owned())),
            SHORTEST.. if is_beginning_of_id(text) => Ok(Self::Id(text.to_owned())),
            _ => Err(CliError::Usage(
                "an access token is named by its id or its hash, or the first 8 or more digits of it; see `dockpass token list`"
                    .to_owned(),
            )),
        }
    }

    fn means(&self, token: &ApiToken) -> bool {
        match self {
            Self::Hash(hash) => token.hashed_token == *hash,
            // In its overlap a replaced secret names its access token, too: a script may have noted nothing else.
            Self::Beginning(beginning) => {
                let hashes = std::iter::once(&token.hashed_token).chain(&token.previous_hashed_token);
                hashes.chain([&token.id]).any(|name| name.starts_with(beginning))
            }
            Self::Id(beginning) => token.id.starts_with(beginning),
        }
    }

    /// The whole hash of the one access token that is meant.
    fn resolve(&self, tokens: &[ApiToken]) -> Result<String, CliError> {
        let (Self::Hash(text) | Self::Beginning(text) | Self::Id(text)) = self;
        let mut found = tokens.iter().filter(|token| self.means(token));
        match (self, found.next(), found.next()) {
            (Self::Hash(hash), ..) => Ok(hash.clone()),
            (Self::Beginning(_) | Self::Id(_), Some(token), None) => Ok(token.hashed_token.clone()),
            (Self::Beginning(_) | Self::Id(_), None, _) => {
                Err(CliError::Finding(format!("there is no access token {text}")))
            }
            (Self::Beginning(_) | Self::Id(_), Some(_), Some(_)) => {
                Err(CliError::Finding(format!("several access tokens begin with {text}; give more digits")))
            }
        }
    }
}

/// Whether an identifier may begin like this.
fn is_beginning_of_id(text: &str) -> bool {
    let filled: String = text.chars().chain(std::iter::repeat('0')).take(text.len().max(ID)).collect();
    text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) && filled.parse::<Id>().is_ok()
}

/// The id or hash of the access token that is meant, in whichever form; or the text itself, which may be a label, or the id
/// of an access token that is gone.
pub(in crate::cli) async fn id_or_label(api: &mut Api, text: String) -> Result<String, CliError> {
    let reference = match Reference::read(&text) {
        Ok(reference) => reference,
        Err(error) if text.starts_with(PREFIX) => return Err(error),
        Err(_) => return Ok(text),
    };
    let is_whole = matches!(reference, Reference::Hash(_)) || text.len() == ID;
    if is_whole {
        return Ok(text);
    }
    let tokens: Vec<ApiToken> = api.list(op::ListAccessTokens, [], &Default::default(), usize::MAX).await?.read()?;
    if tokens.iter().any(|token| reference.means(token)) { reference.resolve(&tokens) } else { Ok(text) }
}

/// The hashes of the access tokens that are meant. All are resolved before the caller acts on the first.
pub(in crate::cli) async fn hashes(api: &mut Api, texts: &[String]) -> Result<Vec<String>, CliError> {
    let references = texts.iter().map(|text| Reference::read(text)).collect::<Result<Vec<_>, _>>()?;
    let tokens = if references.iter().all(|reference| matches!(reference, Reference::Hash(_))) {
        Vec::new()
    } else {
        api.list(op::ListAccessTokens, [], &Default::default(), usize::MAX).await?.read()?
    };
    references.iter().map(|reference| reference.resolve(&tokens)).collect()
}

/// The hash of the access token that is meant.
pub(in crate::cli) async fn hash(api: &mut Api, text: &str) -> Result<String, CliError> {
    Ok(hashes(api, &[text.to_owned()]).await?.pop().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::testing::{Server, token};

    const OTHER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    fn list(hashes: &[&str]) -> String {
        let token = |hash: &&str| token(&json!({ "hashedToken": hash, "id": OTHER }));
        hashes.iter().map(token).collect::<serde_json::Value>().to_string()
    }

    async fn found(hashes_there: &[&str], text: &str) -> Result<Vec<String>, String> {
        let server = Server::with_json(&[(200, &list(hashes_there))]);
        hashes(&mut server.api(), &[text.to_owned()]).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_whole_hash_needs_no_look_up() {
        let hash = "0a".repeat(32);
        let mut nowhere = Api::in_directory("/nonexistent".as_ref());
        assert_eq!(hashes(&mut nowhere, std::slice::from_ref(&hash)).await.unwrap(), [hash]);
    }

    #[tokio::test]
    async fn a_beginning_or_an_id_must_mean_one() {
        let there = ["0123456789", "01234567ff"];
        assert_eq!(found(&there, "012345678").await.unwrap(), ["0123456789"]);
        assert!(found(&there, "01234567").await.unwrap_err().contains("give more digits"));
        assert!(found(&there, "ffffffff").await.unwrap_err().contains("there is no access token ffffffff"));
        for id in [OTHER, "01ARZ3NDEKTS", "01ARZ3ND"] {
            assert_eq!(found(&["0123456789"], id).await.unwrap(), ["0123456789"]);
            assert!(found(&there, id).await.unwrap_err().contains("give more digits"), "{id}");
        }
        assert!(found(&there, "01ARZ3NDEKTT").await.unwrap_err().contains("there is no access token"));
    }

    #[tokio::test]
    async fn a_replaced_hash_names_its_access_token_while_its_secret_works() {
        let there = token(&json!({ "hashedToken": "0123456789", "previousHashedToken": "fedcba9876", "id": OTHER }))
            .to_string();
        let server = Server::with_json(&[(200, &format!("[{there}]"))]);
        let found = hashes(&mut server.api(), &["fedcba98".to_owned()]).await.unwrap();
        assert_eq!(found, ["0123456789"]);
    }

    #[test]
    fn other_texts_are_refused_and_a_secret_is_not_repeated() {
        for text in ["", "0123456", "laptop", "01234567UF", "01arz3ndekts", "81ARZ3NDEKTS", &"0".repeat(65)] {
            assert_eq!(Reference::read(text).unwrap_err().exit_code(), 2, "{text}");
        }
        let error = Reference::read("dkp_0123456789").unwrap_err();
        assert!(!error.to_string().contains("dkp_"), "{error}");
    }
}
