//! What was deleted, but may still have rows on the disk.

use serde::{Deserialize, Serialize};

use crate::domain::content::Deletion;
use crate::domain::id::Id;
use crate::store::field::{Bytes16, Field};
use crate::store::row::{frozen, record};
use crate::store::table::Table;

/// What an identifier stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Part {
    Account,
    Team,
    Token,
    Repository,
}

impl Part {
    /// The tables in which its rows begin with its identifier; its own table comes last, so that its row outlives all
    /// others.
    pub(in crate::store) fn tables(self) -> &'static [Table] {
        match self {
            Self::Account => &[Table::KnownAddresses, Table::Members, Table::Accounts],
            Self::Team => &[Table::TeamMembers, Table::Teams],
            Self::Token => &[Table::Usage, Table::Tokens],
            Self::Repository => {
                &[Table::Tags, Table::Activity, Table::Days, Table::RepositoryGrants, Table::Repositories]
            }
        }
    }
}

impl Field for Part {
    type Stored = u8;

    fn store(&self) -> u8 {
        match self {
            Self::Account => 1,
            Self::Team => 2,
            Self::Token => 3,
            Self::Repository => 4,
        }
    }

    fn load(stored: u8) -> Option<Self> {
        match stored {
            1 => Some(Self::Account),
            2 => Some(Self::Team),
            3 => Some(Self::Token),
            4 => Some(Self::Repository),
            _ => None,
        }
    }
}

/// What one change deleted: from then on it exists for nobody, whatever rows are still on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Gone {
    /// Its number, from 1: later is greater.
    pub(in crate::store) number: u64,
    /// The identifiers that are gone; at most [`Gone::MOST`].
    pub(in crate::store) ids: Vec<(Part, Id)>,
    /// What is noted of the repositories among them.
    pub(in crate::store) deletion: Option<Deletion>,
    /// The account that owned these repositories.
    pub(in crate::store) owner: Option<Id>,
    /// The canonical line of the audit record that each of these repositories gets when its row is removed, without its
    /// name and id; none if each has its record already.
    pub(in crate::store) record: Option<String>,
}

impl Gone {
    /// Most identifiers of one record, which then has some 70 kB.
    pub(in crate::store) const MOST: usize = 4_000;
}

record!(Gone, in Gone at |gone| gone.number.to_be_bytes().to_vec(); GoneV1 is 18, 1 {
    number: u64,
    ids: Vec<(u8, Bytes16)>,
    deletion: Option<(i64, (u8, String))>,
    owner: Option<Bytes16>,
    record: Option<String>,
});
