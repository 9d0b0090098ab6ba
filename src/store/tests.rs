//! Tests of the store as a whole; the golden bytes of every record version.
