//! How the header of a registry token names the key that signed it.

use super::words::words;

words! {
    /// How a registry token's header names its key, in the words of the configuration.
    pub enum KeyHeader {
        /// The certificate itself: every version of Distribution.
        X5c = "x5c",
        /// The key id of libtrust: Distribution 2.8, and 3 where a JWKS file gives the key that name.
        KidLibtrust = "kid-libtrust",
        /// The RFC 7638 thumbprint: Distribution 3.1 and later, most others.
        KidRfc7638 = "kid-rfc7638",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_configuration_read_back() {
        for header in [KeyHeader::X5c, KeyHeader::KidLibtrust, KeyHeader::KidRfc7638] {
            assert_eq!(header.to_string().parse(), Ok(header));
        }
        for text in ["", "X5C", "kid", "x5c "] {
            let error = text.parse::<KeyHeader>().unwrap_err();
            assert_eq!(error.to_string(), "expected x5c, kid-libtrust or kid-rfc7638", "{text}");
        }
    }
}
