//! PEM (RFC 7468), as strict as the key files need it, leaving no copy of a private key in memory.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::private_key::PrivateKey;

/// Label of a certificate.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// Label of a PKCS #8 key.
pub const PRIVATE_KEY: &str = "PRIVATE KEY";
/// Characters of a line of base64.
const WIDTH: usize = 64;

/// One labelled part of a PEM text.
pub struct Block {
    /// What stands after `BEGIN`.
    pub label: String,
    /// The decoded bytes.
    pub der: Zeroizing<Vec<u8>>,
}

/// The text has a broken part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is damaged, or no PEM text")]
pub struct NotPem;

/// The PEM text of these bytes.
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    let frame = "-----BEGIN -----\n-----END -----\n".len() + 2 * label.len();
    let mut text = Zeroizing::new(String::with_capacity(frame + body.len() + body.len() / WIDTH + 1));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, others) = rest.split_at_checked(WIDTH).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = others;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// A key and its certificate as one PEM text: they share a file, so that no crash can part them.
#[must_use]
pub fn pair(key: &PrivateKey, certificate: &[u8]) -> Zeroizing<String> {
    let (key, certificate) = (encode(PRIVATE_KEY, key.reveal_pkcs8()), encode(CERTIFICATE, certificate));
    let mut text = Zeroizing::new(String::with_capacity(key.len() + certificate.len()));
    text.push_str(&key);
    text.push_str(&certificate);
    text
}

/// Every part of a PEM text in its order; what stands outside the parts is commentary.
///
/// # Errors
/// [`NotPem`] if a part does not end, or is no base64.
pub fn decode(text: &str) -> Result<Vec<Block>, NotPem> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Zeroizing<String>)> = None;
    for line in text.lines().map(str::trim_end) {
        open = match open {
            None => label_of(line, "BEGIN").map(|label| (label, Zeroizing::new(String::with_capacity(text.len())))),
            Some((label, body)) if label_of(line, "END") == Some(label) => {
                blocks.push(close(label, &body)?);
                None
            }
            Some((label, mut body)) => {
                body.push_str(line);
                Some((label, body))
            }
        };
    }
    if open.is_some() { Err(NotPem) } else { Ok(blocks) }
}

fn label_of<'a>(line: &'a str, edge: &str) -> Option<&'a str> {
    line.strip_prefix("-----")?.strip_prefix(edge)?.strip_prefix(' ')?.strip_suffix("-----")
}

fn close(label: &str, body: &str) -> Result<Block, NotPem> {
    let der = Zeroizing::new(STANDARD.decode(body).map_err(|_| NotPem)?);
    if der.is_empty() { Err(NotPem) } else { Ok(Block { label: label.to_owned(), der }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_read_in_order_and_commentary_is_skipped() {
        let text = format!("owner: me\n{}\n\n{}", *encode("ONE", &[1; 100]), *encode("TWO PARTS", b"x"));
        let blocks = decode(&text.replace('\n', "\r\n")).unwrap();
        let read: Vec<_> = blocks.iter().map(|block| (block.label.as_str(), block.der.to_vec())).collect();
        assert_eq!(read, [("ONE", vec![1; 100]), ("TWO PARTS", b"x".to_vec())]);
        assert!(decode("").unwrap().is_empty() && decode("nothing here\n").unwrap().is_empty());
    }

    #[test]
    fn broken_parts_are_refused() {
        let whole = encode("KEY", &[7; 60]);
        for text in [
            whole.trim_end().trim_end_matches('-').to_owned(),
            whole.replace("END KEY", "END OTHER"),
            whole.replace("Bw", "B!"),
            "-----BEGIN KEY-----\n-----END KEY-----\n".to_owned(),
        ] {
            assert_eq!(decode(&text).err(), Some(NotPem), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_content_reads_back(der in proptest::collection::vec(any::<u8>(), 1..300)) {
            let text = encode("THING", &der);
            prop_assert!(text.lines().all(|line| line.len() <= WIDTH));
            prop_assert!(text.len() <= text.capacity());
            let blocks = decode(&text).unwrap();
            prop_assert_eq!(blocks.iter().map(|block| block.der.to_vec()).collect::<Vec<_>>(), [der]);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "(-----(BEGIN|END) [A-Z]?-----\n|[A-Za-z=é]{0,9}\n){0,9}") {
            let _ = decode(&text);
        }
    }
}
