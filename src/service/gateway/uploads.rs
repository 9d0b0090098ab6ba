//! Uploads that were begun through the gateway, so that one goes on while the right stands that it was begun with,
//! whatever becomes of the registry token: a push of hours must not fail in the middle.
//!
//! In memory alone: after a restart, an upload whose registry token has ended needs another one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::distribution::UploadId;
use crate::domain::id::Id;
use crate::domain::time::Moment;
use crate::service::access::Holder;

/// For how long one may go on, in seconds.
const LONGEST: i64 = 24 * 60 * 60;
/// Most that are known; beyond that the oldest is forgotten.
const MOST: usize = 10_000;
/// Most of one holder; beyond that its own oldest is forgotten, and nobody else's.
const MOST_OF_ONE: usize = 1_000;

/// The hash of what the registry calls an upload, so that each takes the same room.
type Key = [u8; 32];

/// Who began one, where and when.
struct Begun {
    by: Holder,
    /// The repository, which a later one of the same name is not.
    repository: Id,
    until: Moment,
}

#[derive(Default)]
struct Table {
    begun: HashMap<Key, Begun>,
    /// In the order in which they were begun.
    order: VecDeque<(Key, Holder)>,
}

impl Table {
    fn forget(&mut self, key: &Key) {
        self.begun.remove(key);
        self.order.retain(|(other, _)| other != key);
    }

    /// Forgets the oldest of whoever has too many, and of all if there are too many.
    fn make_room(&mut self, by: Holder) {
        if self.order.len() > MOST_OF_ONE && self.order.iter().filter(|(_, other)| *other == by).count() > MOST_OF_ONE {
            let oldest = self.order.iter().find(|(_, other)| *other == by).map(|(key, _)| *key);
            oldest.iter().for_each(|oldest| self.forget(oldest));
        }
        while self.order.len() > MOST
            && let Some((oldest, _)) = self.order.pop_front()
        {
            self.begun.remove(&oldest);
        }
    }
}

/// The uploads that were begun.
#[derive(Default)]
pub(in crate::service) struct Uploads(Mutex<Table>);

impl Uploads {
    /// Notes an upload that was begun now, or that goes on by another name than `before`: its time does not begin anew.
    pub(super) fn note(&self, upload: &UploadId, before: Option<&UploadId>, repository: Id, by: Holder, at: Moment) {
        let mut table = self.table();
        let before = before.map(key);
        let known = before.and_then(|before| table.begun.get(&before));
        let known = known.filter(|known| known.by == by && known.repository == repository && at < known.until);
        let until = match (before, known) {
            (_, Some(known)) => known.until,
            (None, None) => at.plus_seconds(LONGEST),
            // Begun by another, or before this process: nobody takes it over.
            (Some(_), None) => return,
        };
        let key = key(upload);
        if before == Some(key) || table.begun.get(&key).is_some_and(|known| at < known.until) {
            // The first one counts.
            return;
        }
        before.iter().for_each(|before| table.forget(before));
        table.forget(&key);
        table.begun.insert(key, Begun { by, repository, until });
        table.order.push_back((key, by));
        table.make_room(by);
    }

    /// Whether this holder began it there, not too long ago.
    pub(super) fn is_begun_by(&self, upload: &UploadId, repository: Id, by: Holder, now: Moment) -> bool {
        let table = self.table();
        let begun = table.begun.get(&key(upload));
        begun.is_some_and(|begun| begun.by == by && begun.repository == repository && now < begun.until)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(upload: &UploadId) -> Key {
    *blake3::hash(upload.as_str().as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::CredentialKind;
    use crate::domain::name::Name;
    use crate::service::access::{Caller, Proof, Signed, Subject};

    /// Who showed the password of this generation of an account.
    fn holder(account: u8, generation: u64) -> Holder {
        let name = Name::parse("alice").unwrap();
        let (kind, proof) = (CredentialKind::Password, Proof::Generation(generation));
        let signed = Signed { account: id(account), name: name.into(), kind, token: None, proof };
        Caller::new(Subject::Account(signed), None).holder_of(generation).unwrap()
    }

    fn id(last: u8) -> Id {
        Id::from_bytes([last; 16])
    }

    fn upload(number: usize) -> UploadId {
        UploadId::parse(&format!("upload-{number}")).unwrap()
    }

    fn at(seconds: i64) -> Moment {
        Moment::from_seconds(1_000 + seconds)
    }

    fn begin(uploads: &Uploads, name: usize, repository: u8, by: Holder, seconds: i64) {
        uploads.note(&upload(name), None, id(repository), by, at(seconds));
    }

    /// The first holder goes on with one, which has another name from then on.
    fn goes_on_as(uploads: &Uploads, (before, name): (usize, usize), seconds: i64) {
        uploads.note(&upload(name), Some(&upload(before)), id(1), holder(1, 0), at(seconds));
    }

    #[test]
    fn an_upload_goes_on_for_24_hours_and_no_second_longer() {
        let uploads = Uploads::default();
        begin(&uploads, 1, 1, holder(1, 0), 0);
        // Going on with it makes it no longer.
        goes_on_as(&uploads, (1, 1), LONGEST - 1);
        let goes_on = |seconds| uploads.is_begun_by(&upload(1), id(1), holder(1, 0), at(seconds));
        assert_eq!([0, LONGEST - 1, LONGEST, 2 * LONGEST].map(goes_on), [true, true, false, false]);
        assert_eq!(LONGEST, 86_400);
        // A registry may use a name again.
        begin(&uploads, 1, 1, holder(2, 0), LONGEST);
        assert!(uploads.is_begun_by(&upload(1), id(1), holder(2, 0), at(2 * LONGEST - 1)) && !goes_on(LONGEST));
        assert_eq!(uploads.table().order.len(), 1, "it stands in the order once");
    }

    #[test]
    fn it_goes_on_for_who_began_it_and_where() {
        let uploads = Uploads::default();
        begin(&uploads, 1, 1, holder(1, 0), 0);
        // Nobody takes over what another began.
        begin(&uploads, 1, 2, holder(2, 0), 1);
        let goes_on = |name: usize, repository, by| uploads.is_begun_by(&upload(name), id(repository), by, at(2));
        assert!(goes_on(1, 1, holder(1, 0)));
        assert!(!goes_on(1, 1, holder(1, 1)), "a new password ends it");
        assert!(!goes_on(1, 1, holder(2, 0)) && !goes_on(1, 2, holder(2, 0)), "another account");
        assert!(!goes_on(1, 2, holder(1, 0)), "another repository");
        assert!(!goes_on(2, 1, holder(1, 0)), "another upload");
    }

    #[test]
    fn another_name_makes_its_day_no_longer_and_nobody_elses_upload_ones_own() {
        let uploads = Uploads::default();
        begin(&uploads, 1, 1, holder(1, 0), 0);
        goes_on_as(&uploads, (1, 2), LONGEST - 1);
        let goes_on = |name, seconds| uploads.is_begun_by(&upload(name), id(1), holder(1, 0), at(seconds));
        assert_eq!([goes_on(2, LONGEST - 1), goes_on(2, LONGEST), goes_on(1, 1)], [true, false, false]);
        // What another began, or nobody knows of, is none of this holder's by any name.
        begin(&uploads, 3, 1, holder(2, 0), 0);
        goes_on_as(&uploads, (3, 4), 1);
        goes_on_as(&uploads, (5, 6), 1);
        assert!(!goes_on(4, 1) && !goes_on(6, 1));
        assert!(uploads.is_begun_by(&upload(3), id(1), holder(2, 0), at(1)));
        let table = uploads.table();
        assert_eq!(table.order.len(), table.begun.len());
    }

    #[test]
    fn the_newest_ten_thousand_are_known_and_a_thousand_of_one_holder() {
        let uploads = Uploads::default();
        let of = |number: usize| holder(u8::try_from(number / MOST_OF_ONE).unwrap(), 0);
        (0..MOST + 3).for_each(|number| begin(&uploads, number, 1, of(number), 0));
        let goes_on = |number| uploads.is_begun_by(&upload(number), id(1), of(number), at(1));
        assert_eq!([0, 2, 3, MOST + 2].map(goes_on), [false, false, true, true]);
        let sizes = |uploads: &Uploads| {
            let table = uploads.table();
            (table.begun.len(), table.order.len())
        };
        assert_eq!((MOST, MOST_OF_ONE, sizes(&uploads)), (10_000, 1_000, (MOST, MOST)));
        // Who begins more than that loses the oldest of its own.
        let uploads = Uploads::default();
        begin(&uploads, MOST, 1, holder(9, 0), 0);
        (0..MOST_OF_ONE + 2).for_each(|number| begin(&uploads, number, 1, holder(1, 0), 0));
        let goes_on = |number, by| uploads.is_begun_by(&upload(number), id(1), holder(by, 0), at(1));
        assert_eq!([goes_on(0, 1), goes_on(1, 1), goes_on(2, 1), goes_on(MOST, 9)], [false, false, true, true]);
        assert_eq!(sizes(&uploads), (MOST_OF_ONE + 1, MOST_OF_ONE + 1));
    }
}
