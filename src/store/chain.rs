//! The check of the audit log's hash chain. What is hashed is the content as stored ([`super::record::hashed`]), whichever
//! version it has: a log of several versions is one chain. A cut tail is found with a head noted elsewhere.

use super::audit_key::AuditKey;
use super::engine::Engine;
use super::error::Error;
use super::load;
use super::record;
use super::table::Table;
use crate::domain::audit::AuditHead;

/// Audit records that one step of a verification reads.
const VERIFY_STEP: usize = 1_000;

/// What a check of the audit chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many records were read.
    pub records: u64,
    /// The end of the chain.
    pub head: AuditHead,
    /// What is wrong; none if the chain is whole.
    pub problem: Option<String>,
}

/// Reads the whole chain up to `head`, and checks that it is whole, and that `noted` (an end that was noted
/// elsewhere) is in it.
///
/// # Errors
/// [`Error`] if it cannot be read at all.
pub(super) fn verify(
    key: &AuditKey,
    engine: &Engine,
    head: AuditHead,
    noted: Option<AuditHead>,
) -> Result<Verification, Error> {
    let mut reached = AuditHead::default();
    let mut found_noted = noted.is_none_or(|noted| noted == reached);
    let found = |reached: AuditHead, problem| Ok(Verification { records: reached.seq, head: reached, problem });
    while reached.seq < head.seq {
        let start = (reached.seq + 1).to_be_bytes();
        // Not beyond the published end: records there are being written, or are left of a failed change.
        let limit = usize::try_from(head.seq - reached.seq).map_or(VERIFY_STEP, |left| left.min(VERIFY_STEP));
        let step = engine.scan_on(Table::Audit, &start, limit)?;
        if step.is_empty() {
            return found(reached, Some("records are missing at the end".to_owned()));
        }
        for (at, value) in step {
            match next(key, reached, &at, &value) {
                Ok(next) => reached = next,
                Err(problem) => return found(reached, Some(problem)),
            }
            found_noted |= noted == Some(reached);
        }
    }
    let problem = if reached != head {
        Some("the last record is not the one that was written last")
    } else if !found_noted {
        Some("the noted end is not in this chain: its tail was cut or it is another")
    } else {
        None
    };
    found(reached, problem.map(str::to_owned))
}

/// The end of the chain with one more record; or what is wrong with it.
fn next(key: &AuditKey, reached: AuditHead, at: &[u8], value: &[u8]) -> Result<AuditHead, String> {
    let seq = reached.seq + 1;
    let undecodable = || format!("record {seq} does not decode");
    let found = load::audit_record(at, value).map_err(|_| undecodable())?;
    if found.record.seq != seq {
        return Err(format!("record {seq} is missing"));
    }
    let content = record::hashed(value).map_err(|_| undecodable())?;
    if key.hash(reached.hash, seq, &content) != found.hash {
        return Err(format!("record {seq} was changed"));
    }
    Ok(AuditHead { seq, hash: found.hash })
}
