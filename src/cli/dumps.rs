//! No secret of this process leaves it by a dump: neither by a core file nor, for other processes of the same user, by
//! a debugger or `/proc/PID/environ`. What root reads, nothing keeps from it.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Switches dumps off. A system that refuses is told of, and goes on.
pub(super) fn switch_off() {
    // The limit alone does not hold where a program collects core dumps (`core_pattern` with a pipe).
    let dumpable = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let limited = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if let Err(error) = dumpable.and(limited) {
        log::warn!("core dumps, which would hold secrets, are not switched off: {error}");
    }
}
