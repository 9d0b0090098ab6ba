//! The names under which dockpass pushes a blob of its own, to see whether the registry keeps blobs apart (`gateway::watch`).
//! They may stay in the registry's catalogue.

/// Where the blob is pushed to, and where it is asked for. The first two are longer than any account's name, and say to
/// whoever finds them in the storage what they are; the others are for registries that take no such names.
pub(super) const NAMES: [[&str; 2]; 2] = [
    [
        "dockpass-pushes-a-small-blob-to-this-name-once-a-day-and-asks-for-it-under-another-so-that-it-knows-whether-blobs-are-kept-apart-here/pushed",
        "dockpass-pushes-a-small-blob-to-this-name-once-a-day-and-asks-for-it-under-another-so-that-it-knows-whether-blobs-are-kept-apart-here/asked",
    ],
    ["dockpass-probe/pushed", "dockpass-probe/asked"],
];

/// Whether a name of the registry's is of the probe.
pub(super) fn is_name(name: &str) -> bool {
    NAMES.iter().flatten().any(|own| *own == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::{Name, RepositoryName};

    #[test]
    fn no_account_can_have_the_names_and_no_client_can_ask_for_them() {
        let [long, plain] = NAMES;
        for name in long {
            let (namespace, _) = name.split_once('/').unwrap();
            assert!(Name::parse(namespace).is_err() && RepositoryName::parse(name).is_err(), "{name}");
            // What Distribution takes: 255 characters in all, and a file name of its storage.
            assert!(name.len() <= 255, "{name}");
        }
        assert!(plain.iter().all(|name| RepositoryName::parse(name).is_ok()));
    }

    #[test]
    fn the_manual_tells_who_meets_the_names_what_they_are() {
        let manual = include_str!("../../ui/manual/gateway.md");
        let [long, plain] = NAMES;
        assert!(plain.iter().all(|name| manual.contains(&format!("`{name}`"))));
        let start = manual.split('`').find(|text| text.starts_with("dockpass-pushes")).unwrap();
        assert!(long.iter().all(|name| name.starts_with(start)), "{start}");
    }
}
