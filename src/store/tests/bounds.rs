//! What bounds each kind of row: as many years as a site runs, none grows without it.
//!
//! | table | bound | where it is tried |
//! |---|---|---|
//! | `meta` | one row each of the store itself, its settings, its seal, the journal, the anchor of the audit log, a migration under way | `writing` |
//! | `gone` | goes with what it names: the purge | `purging` |
//! | `accounts`, `teams`, `members`, `team_members` | as many as administrators make; they go with what they belong to | `removal` |
//! | `repositories` | `repositories.max_per_namespace` | `protocol::grant` |
//! | `tags` | what the registry has; they go with their repository | `removal` |
//! | `activity` | one of a repository, in it the last use by at most 100 access tokens | `domain::token_uses` |
//! | `days` | one of a repository, in it the newest 90 days | `daily` |
//! | `deleted` | one of a deleted name, until it is made again or forgotten; beyond 10,000 of an owner, or `max_per_namespace`, no new name is made | `service::tests::bounds` |
//! | `tokens` | `tokens.max_per_account`, in each the last four secrets that ended; expired ones until they are cleaned up | `api::tokens` |
//! | `grants`, `repository_grants` | one of a grantee; they go with it and with what they are on | `removal` |
//! | `usage` | one of an access token | `usage` |
//! | `known_addresses` | the newest 32 of an account; they count for 30 days, and go when newer ones need their place | `service::tests::bounds` |
//! | `audit` | `audit.keep` | `retention` |
//! | `removed` | what is younger than the oldest record that is kept; what is older is summed up | `summing` |
//!
//! Beside the store: `journal` is as large as it was made (`journal`), `ended.log` becomes `ended.log.1` when it is full
//! (`ended`), and what a backup keeps of changes is given up beyond 64 MiB (`backup`). The files themselves are written anew when more
//! than half of them is free (`compaction`).

use std::fs;
use std::path::Path;

use super::super::Table;

/// A test of the bound of each table: file and function.
fn tried(table: Table) -> &'static str {
    match table {
        Table::Meta => "src/store/tests/writing.rs changes_of_one_batch_see_each_other_in_order",
        Table::Gone => {
            "src/store/tests/purging.rs a_purge_that_is_killed_anywhere_goes_on_and_spares_what_was_made_again"
        }
        Table::Accounts | Table::Members => {
            "src/store/tests/removal.rs a_user_goes_with_memberships_grants_and_access_tokens"
        }
        Table::Teams | Table::TeamMembers => "src/store/tests/removal.rs a_team_goes_with_its_members_and_grants",
        Table::Repositories => {
            "tests/it/protocol/grant.rs a_full_namespace_takes_no_more_and_the_rest_of_the_request_goes_on"
        }
        Table::Tags | Table::RepositoryGrants => {
            "src/store/tests/removal.rs a_repository_goes_with_the_grants_on_it_and_what_is_known_of_its_content"
        }
        Table::Activity => "src/domain/token_uses.rs the_last_use_of_each_is_kept_and_of_very_many_the_latest",
        Table::Days => "src/service/tests/daily.rs ninety_days_are_kept_in_one_small_record",
        Table::Deleted => "src/service/tests/bounds.rs who_makes_and_deletes_ever_new_names_comes_to_an_end",
        Table::Tokens => "tests/it/api/tokens.rs an_account_has_at_most_so_many_tokens_even_at_once",
        Table::Grants => {
            "src/store/tests/removal.rs an_organization_goes_with_members_teams_and_what_teams_were_granted"
        }
        Table::Usage => "src/store/tests/usage.rs notes_go_with_their_token_even_if_it_is_used_meanwhile",
        Table::KnownAddresses => {
            "src/service/tests/bounds.rs the_disk_has_thirty_two_known_addresses_of_an_account_and_no_more"
        }
        Table::Audit => "src/store/tests/retention.rs the_size_takes_sums_first_and_no_young_change",
        Table::Removed => {
            "src/store/tests/summing.rs what_was_removed_is_summed_up_and_what_is_kept_is_proven_as_before"
        }
    }
}

#[test]
fn the_bound_of_every_table_is_tried_by_a_test_that_exists() {
    for (table, name) in Table::ALL {
        let (file, function) = tried(table).split_once(' ').unwrap();
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(source.contains(&format!("fn {function}(")), "{name}: {file} {function}");
    }
}
