//! How domain values are stored in records: the only place that converts between the two.
//!
//! The frozen structs of [`super::record`] hold plain numbers, bytes and texts. Each field of one is one line there;
//! what that line means is here. A value that breaks a rule of the domain loads as none.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::access::{AccessLevel, GrantLevel};
use crate::domain::account::AccountKind;
use crate::domain::audit::AuditHead;
use crate::domain::content::{Deletion, Digest, Platform, PlatformImage, Pusher, Remains, TagName};
use crate::domain::days::{Day, DayCount, Days};
use crate::domain::grant::Grantee;
use crate::domain::host::PublicHost;
use crate::domain::id::Id;
use crate::domain::immutable_tags::{ImmutableTags, TagPattern};
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::secret::TokenHash;
use crate::domain::settings::Lifetime;
use crate::domain::time::Timestamp;
use crate::domain::token::{GeneratedBy, Limits, Maker, Pattern, Patterns, PreviousSecret, Revocation, RotationRetry};
use crate::domain::token_uses::TokenUses;
use crate::domain::usage::SecretUse;
use crate::domain::user_name::UserName;

/// An identifier, as a record has it: its sixteen bytes in their order, as numbers of eight. serde takes an array entry by
/// entry, and a start takes millions of identifiers and hashes.
pub(super) type Bytes16 = [u64; 2];
/// A hash, as a record has it.
pub(super) type Bytes32 = [u64; 4];

/// The numbers that these bytes are on the disk, where each begins with its lowest byte.
fn numbers<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let (chunks, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|place| chunks.get(place).map_or(0, |chunk| u64::from_le_bytes(*chunk)))
}

/// The bytes that are these numbers.
fn bytes<const N: usize>(numbers: &[u64]) -> [u8; N] {
    let mut bytes = [0; N];
    for (chunk, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
        *chunk = number.to_le_bytes();
    }
    bytes
}

/// A domain value that records can hold.
pub(super) trait Field: Sized {
    /// The plain value that is written.
    type Stored: Serialize + DeserializeOwned;
    /// Converts to the plain value.
    fn store(&self) -> Self::Stored;
    /// Converts from the plain value; none if it breaks a rule of the domain.
    fn load(stored: Self::Stored) -> Option<Self>;
}

/// Values that are stored as they are.
macro_rules! plain {
    ($($type:ty),*) => {
        $(impl Field for $type {
            type Stored = $type;

            fn store(&self) -> $type {
                self.clone()
            }

            fn load(stored: $type) -> Option<Self> {
                Some(stored)
            }
        })*
    };
}

plain!(bool, u32, u64, String);

/// Values that a pair of functions converts.
macro_rules! converted {
    ($($type:ty as $stored:ty: |$value:ident| $store:expr, |$read:pat_param| $load:expr;)*) => {
        $(impl Field for $type {
            type Stored = $stored;

            fn store(&self) -> $stored {
                let $value = self;
                $store
            }

            fn load(stored: $stored) -> Option<Self> {
                let $read = stored;
                $load
            }
        })*
    };
}

converted! {
    [u8; 32] as Bytes32: |hash| numbers(hash), |stored| Some(bytes(&stored));
    Id as Bytes16: |id| numbers(&id.to_bytes()), |stored| Some(Self::from_bytes(bytes(&stored)));
    TokenHash as Bytes32: |hash| numbers(hash.as_bytes()), |stored| Some(Self::from_bytes(bytes(&stored)));
    Timestamp as i64: |at| at.millis(), |millis| Some(Self::from_millis(millis));
    Arc<str> as String: |text| text.to_string(), |text| Some(text.into());
    Name as String: |name| name.to_string(), |text| Self::parse(&text).ok();
    UserName as String: |name| name.to_string(), |text| Self::parse(&text).ok();
    RepositoryName as String: |name| name.to_string(), |text| Self::parse(&text).ok();
    TagName as String: |name| name.to_string(), |text| Self::parse(&text).ok();
    Digest as String: |digest| digest.to_string(), |text| Self::parse(&text).ok();
    Pattern as String: |pattern| pattern.to_string(), |text| Self::parse(&text).ok();
    TagPattern as String: |pattern| pattern.to_string(), |text| Self::parse(&text).ok();
    ImmutableTags as (bool, Vec<String>): |tags| (tags.is_all(), tags.patterns().iter().map(Field::store).collect()),
        |(is_all, patterns)| Self::new(is_all, Field::load(patterns)?).ok();
    IpAddr as String: |address| address.to_string(), |text| text.parse().ok();
    Limits as (u8, Vec<String>): |limits| (limits.cap.store(), limits.patterns.store()),
        |(cap, patterns)| Some(Self { cap: Field::load(cap)?, patterns: Field::load(patterns)? });
    PreviousSecret as (Bytes32, i64): |previous| (previous.hash.store(), previous.until.store()),
        |(hash, until)| Some(Self { hash: Field::load(hash)?, until: Field::load(until)? });
    RotationRetry as (Bytes32, i64): |retry| (retry.key.store(), retry.until.store()),
        |(key, until)| Some(Self { key: Field::load(key)?, until: Field::load(until)? });
    Revocation as (i64, Option<String>): |revocation| (revocation.at.store(), revocation.address.store()),
        |(at, address)| Some(Self { at: Field::load(at)?, address: Field::load(address)? });
    SecretUse as (Bytes32, i64, String): |used| (used.secret.store(), used.at.store(), used.address.store()),
        |(secret, at, address)| {
            Some(Self { secret: Field::load(secret)?, at: Field::load(at)?, address: Field::load(address)? })
        };
    TokenUses as Vec<(Bytes16, i64)>: |uses| uses.iter().map(|(token, at)| (token.store(), at.store())).collect(),
        |uses| {
            let uses = uses.into_iter().map(|(token, at)| Some((Field::load(token)?, Field::load(at)?)));
            uses.collect::<Option<Vec<_>>>().map(Self::of)
        };
    AuditHead as (u64, Bytes32): |head| (head.seq, head.hash.store()),
        |(seq, hash)| Some(Self { seq, hash: Field::load(hash)? });
    Deletion as (i64, (u8, String)): |deletion| (deletion.at.store(), deletion.content.store()),
        |(at, content)| Some(Self { at: Field::load(at)?, content: Field::load(content)? });
    Pusher as (Bytes16, String): |pusher| (pusher.account.store(), pusher.name.store()),
        |(account, name)| Some(Self { account: Field::load(account)?, name: Field::load(name)? });
    // Day, pulls, pushes.
    Days as Vec<(u32, u32, u32)>:
        |days| days.counts().map(|(day, count)| (day.number(), count.pulls, count.pushes)).collect(),
        |days| {
            let of = |(day, pulls, pushes)| (Day::numbered(day), DayCount { pulls, pushes });
            Some(Self::of(days.into_iter().map(of)))
        };
    // Operating system, its version, architecture, variant.
    Platform as [String; 4]:
        |platform| {
            let Self { os, os_version, architecture, variant } = platform.clone();
            [os, os_version, architecture, variant]
        },
        |[os, os_version, architecture, variant]| Some(Self { os, os_version, architecture, variant });
    PlatformImage as ([String; 4], Option<String>, Option<u64>):
        |image| (image.platform.store(), image.digest.store(), image.size),
        |(platform, digest, size)| Some(Self { platform: Field::load(platform)?, digest: Field::load(digest)?, size });
}

// Words of the domain, as explicit numbers.
converted! {
    AccountKind as u8:
        |kind| match kind {
            Self::User => 1,
            Self::Organization => 2,
        },
        |number| match number {
            1 => Some(Self::User),
            2 => Some(Self::Organization),
            _ => None,
        };
    AccessLevel as u8:
        |level| match level {
            Self::ReadOnly => 1,
            Self::Push => 4,
            Self::ReadWrite => 2,
            Self::Admin => 3,
        },
        |number| match number {
            1 => Some(Self::ReadOnly),
            2 => Some(Self::ReadWrite),
            3 => Some(Self::Admin),
            4 => Some(Self::Push),
            _ => None,
        };
    GrantLevel as u8:
        |level| AccessLevel::from(*level).store(),
        |number| match AccessLevel::load(number)? {
            AccessLevel::ReadOnly => Some(Self::ReadOnly),
            AccessLevel::Push => None,
            AccessLevel::ReadWrite => Some(Self::ReadWrite),
            AccessLevel::Admin => Some(Self::Admin),
        };
    GeneratedBy as u8:
        |generated_by| match generated_by {
            Self::Manual => 1,
            Self::Auto => 2,
        },
        |number| match number {
            1 => Some(Self::Manual),
            2 => Some(Self::Auto),
            _ => None,
        };
    Maker as u8:
        |maker| match maker {
            Self::Unknown => 0,
            Self::Owner => 1,
            Self::Other => 2,
        },
        |number| match number {
            0 => Some(Self::Unknown),
            1 => Some(Self::Owner),
            2 => Some(Self::Other),
            _ => None,
        };
    Grantee as (u8, Bytes16):
        |grantee| match grantee {
            Self::User(id) => (1, id.store()),
            Self::Team(id) => (2, id.store()),
        },
        |(kind, id)| match kind {
            1 => Some(Self::User(Field::load(id)?)),
            2 => Some(Self::Team(Field::load(id)?)),
            _ => None,
        };
    // As the target of a grant; the number of repositories was 2.
    Namespace as (u8, String):
        |namespace| (1, namespace.to_string()),
        |(kind, text)| match kind {
            1 => Self::parse(&text).ok(),
            _ => None,
        };
    // In seconds; 0 is never, which no lifetime is.
    Lifetime as i64:
        |lifetime| lifetime.seconds().unwrap_or(0),
        |number| match number {
            0 => Some(Self::Never),
            1.. => Some(Self::Seconds(number)),
            _ => None,
        };
    // Empty where it is left open.
    PublicHost as String:
        |host| host.as_str().unwrap_or_default().to_owned(),
        |text| Self::parse(&text).ok();
    Remains as (u8, String):
        |remains| match remains {
            Self::Stays => (1, String::new()),
            Self::Goes { registry } => (2, registry.to_string()),
            Self::None => (3, String::new()),
        },
        |(number, registry)| match (number, registry.as_str()) {
            (1, "") => Some(Self::Stays),
            (2, registry) => Some(Self::Goes { registry: registry.into() }),
            (3, "") => Some(Self::None),
            (_, _) => None,
        };
}

impl<T: Field> Field for Option<T> {
    type Stored = Option<T::Stored>;

    fn store(&self) -> Self::Stored {
        self.as_ref().map(Field::store)
    }

    fn load(stored: Self::Stored) -> Option<Self> {
        match stored {
            Some(stored) => T::load(stored).map(Some),
            None => Some(None),
        }
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    type Stored = (A::Stored, B::Stored);

    fn store(&self) -> Self::Stored {
        (self.0.store(), self.1.store())
    }

    fn load((one, other): Self::Stored) -> Option<Self> {
        Some((A::load(one)?, B::load(other)?))
    }
}

impl<T: Field> Field for Vec<T> {
    type Stored = Vec<T::Stored>;

    fn store(&self) -> Self::Stored {
        self.iter().map(Field::store).collect()
    }

    fn load(stored: Self::Stored) -> Option<Self> {
        stored.into_iter().map(T::load).collect()
    }
}

impl Field for Patterns {
    type Stored = Vec<String>;

    fn store(&self) -> Self::Stored {
        self.iter().map(Field::store).collect()
    }

    fn load(stored: Self::Stored) -> Option<Self> {
        stored.into_iter().map(Field::load).collect()
    }
}
