//! Changes: permission first, then the work, then the audit record, all in one transaction on the writer's thread.

use super::Service;
use super::audit;
use super::authority::{Authority, Permit};
use super::caller::Call;
use super::error::Error;
use crate::domain::audit::Outcome;
use crate::store::{State, Txn};

/// What is done, for the audit log: `noun.verb` and on what.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) action: &'static str,
    pub(super) object: String,
}

impl Deed {
    pub(super) fn new(action: &'static str, object: impl ToString) -> Self {
        Self { action, object: object.to_string() }
    }
}

/// A change at work. The store is in reach only with a [`Permit`].
pub(super) struct Change<'w, 's> {
    txn: &'w mut Txn<'s>,
    call: Call,
    /// What was done beyond the deed itself, each with a record of its own.
    also: Vec<Deed>,
    /// What the deed was done to, where that was not known before.
    object: Option<String>,
    is_idle: bool,
}

impl<'s> Change<'_, 's> {
    /// The caller as it is in this very moment of the store.
    pub(super) fn authority(&self) -> Result<Authority<'_>, Error> {
        Authority::of(self.txn.state(), &self.call.caller, self.call.now)
    }

    /// The state with what was changed so far.
    pub(super) fn state(&self) -> &State {
        self.txn.state()
    }

    /// The way to change it.
    pub(super) fn txn(&mut self, _permit: &Permit) -> &mut Txn<'s> {
        self.txn
    }

    /// Who calls, when.
    pub(super) fn call(&self) -> &Call {
        &self.call
    }

    /// Records something else that was done on the way.
    pub(super) fn also(&mut self, deed: Deed) {
        self.also.push(deed);
    }

    /// Says what the deed was done to, where that was not known before.
    pub(super) fn done_to(&mut self, object: impl ToString) {
        self.object = Some(object.to_string());
    }

    /// Nothing had to be done: nothing is recorded.
    pub(super) fn was_idle(&mut self) {
        self.is_idle = true;
    }

    fn record(self, deed: Deed) -> Result<(), Error> {
        let Self { txn, call, also, object, is_idle } = self;
        let deed = Deed { object: object.unwrap_or(deed.object), ..deed };
        for deed in Some(deed).filter(|_| !is_idle).into_iter().chain(also) {
            txn.audit(&audit::entry(&call.caller, deed.action, &deed.object, Outcome::Success), 1, call.now)?;
        }
        Ok(())
    }
}

impl Service {
    /// Makes a change and records it, or records that it was denied.
    pub(super) fn change<T: Send + 'static>(
        &self,
        call: &Call,
        deed: Deed,
        work: impl FnOnce(&mut Change<'_, '_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (caller, done) = (call.clone(), deed.clone());
        let result = self.store.write(move |txn| {
            let mut change = Change { txn, call: caller, also: Vec::new(), object: None, is_idle: false };
            let value = work(&mut change)?;
            change.record(done)?;
            Ok(value)
        });
        self.note_denial(call, deed.action, &deed.object, &result);
        result
    }
}
