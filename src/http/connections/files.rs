//! The limit of open files, which every connection takes one of.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files besides those of clients: the store, keys, the local socket, connections to the registry, and connections
/// that have given way and are not closed yet. Where the system allows few, a quarter of them.
const OTHER_FILES: u64 = 512;

/// Raises the limit of open files to what this many connections need. Where the system allows fewer, says so, and answers
/// how many connections there is room for: more would be accepted and fail, and the store needs files, too.
pub(in crate::http) fn with_room_for_files(connections: usize) -> usize {
    let limits = getrlimit(Resource::Nofile);
    let (Some(current), most) = (limits.current, limits.maximum.unwrap_or(u64::MAX)) else { return connections };
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    let raised = needed.min(most);
    let mut allowed = raised.max(current);
    if current < raised
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limits })
    {
        log::warn!("the limit of open files stays at {current}: {error}");
        allowed = current;
    }
    if allowed >= needed {
        return connections;
    }
    let room = usize::try_from(room(allowed)).unwrap_or(connections).min(connections);
    log::warn!(
        "the system allows {allowed} open files: at most {room} connections, not server.max_connections = {connections}"
    );
    room
}

/// For how many connections there is room among so many files.
fn room(allowed: u64) -> u64 {
    allowed.saturating_sub(OTHER_FILES.min(allowed / 4)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_leave_room_for_few_connections_and_many_for_all_but_the_others() {
        assert_eq!([0, 1, 4, 256, 1_024, 2_048, 100_000].map(room), [1, 1, 3, 192, 768, 1_536, 99_488]);
    }
}
