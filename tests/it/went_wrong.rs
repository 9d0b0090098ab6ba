//! What went wrong in other registries, token servers and libraries, and in attacks on this one: each with the tests that find
//! it here. The table names tests that exist; those that fit nowhere else are at the end of this file.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::json;

use crate::support::{InProcess, site::account_path};

/// What went wrong elsewhere, by its number or by who had it, and the tests: file and function.
const ELSEWHERE: &[(&str, &[&str])] = &[
    (
        "CVE-2025-24976: the key in the header of a token was used",
        &[
            "src/service/signing/jwt.rs a_foreign_key_is_refused_however_the_header_presents_it",
            "src/service/signing/jwt.rs even_our_own_key_under_a_header_that_we_do_not_write_is_refused",
        ],
    ),
    (
        "CVE-2023-2253: a page of the catalogue as large as anybody asked for",
        &["tests/it/protocol/catalog.rs a_hundred_names_are_a_page_and_a_thousand_the_longest"],
    ),
    (
        "CVE-2026-33540: credentials went to a realm that somebody else named",
        &["tests/it/protocol/credentials.rs no_header_changes_issuer_audience_or_realm"],
    ),
    (
        "CVE-2026-35172, CVE-2025-23208: a cache, or a list, kept what was taken away",
        &[
            "tests/it/api/tokens.rs no_use_succeeds_that_begins_after_the_deletion_was_answered",
            "tests/it/protocol/grant.rs a_grant_counts_from_the_next_request_on_and_so_does_its_end",
            "tests/it/e2e/load.rs under_load_nothing_fails_and_what_is_revoked_is_refused_at_once",
        ],
    ),
    (
        "CVE-2026-41888: one way to an action did not look at its switch",
        &[
            "tests/it/api/settings.rs without_creation_on_push_the_push_is_left_out_until_it_is_back",
            "tests/it/api/settings.rs limits_count_from_the_next_request_on",
        ],
    ),
    (
        "distribution issues 4470 and 2875: two forms of a key's id",
        &[
            "tests/it/protocol/token.rs the_libtrust_key_id_is_the_fingerprint_of_the_key",
            "src/service/signing/jwt.rs the_header_names_the_key_in_the_configured_form",
        ],
    ),
    (
        "GHSA-5jw3-3rpx-7p27: the signing key was the same everywhere",
        &["src/service/signing/tests.rs two_installations_differ_and_refuse_each_others_tokens"],
    ),
    (
        "CVE-2026-4404: the first password was known",
        &["tests/it/e2e/start.rs the_first_start_makes_an_administrator_and_says_only_that_it_is_ready"],
    ),
    (
        "CVE-2019-16097: a field made an administrator",
        &[
            "tests/it/api/accounts.rs users_change_their_full_name_and_nothing_that_gives_power",
            "tests/it/api/tokens.rs unknown_and_foreign_fields_are_refused",
        ],
    ),
    (
        "CVE-2022-31667 and others, CVE-2026-109194: the id of what belongs to somebody else was taken",
        &[
            "tests/it/api/matrix.rs every_caller_gets_what_the_matrix_says_and_refusal_has_no_effect",
            "tests/it/api/tokens.rs the_tokens_of_others_are_as_if_they_were_not_there",
            "tests/it/api/organizations.rs an_administrator_of_an_organization_has_everything_in_it_and_nothing_elsewhere",
        ],
    ),
    (
        "CVE-2020-29662, CVE-2026-33494, CVE-2026-15573: another spelling of a path was open",
        &[
            "tests/it/api/matrix.rs every_route_has_its_row_and_says_truly_whether_it_is_public",
            "tests/it/api/bad_input.rs hostile_parts_of_paths_are_no_fault_of_ours",
            "tests/it/e2e/gateway_tricks.rs tricks_reach_nothing",
        ],
    ),
    (
        "CVE-2023-20902: secrets were compared byte by byte until one differed",
        &["tests/it/went_wrong.rs types_of_secrets_have_no_comparison_that_stops_early"],
    ),
    (
        "CVE-2019-19030, CVE-2025-6011, CVE-2025-69413: answers told which names exist",
        &[
            "tests/it/api/accounts.rs known_and_unknown_names_get_the_same_answer",
            "tests/it/api/throttle.rs names_without_an_account_look_the_same",
        ],
    ),
    (
        "CVE-2019-19025: a page of others changed something",
        &[
            "tests/it/api/sessions.rs another_site_neither_signs_in_nor_writes",
            "tests/it/browser/foreign.rs a_form_on_a_page_of_others_changes_nothing",
            "tests/it/browser/foreign.rs a_script_on_a_page_of_others_changes_nothing_and_reads_nothing",
        ],
    ),
    (
        "CVE-2025-32019, CVE-2025-68942: what somebody had written was run by the pages",
        &[
            "tests/it/browser/hostile.rs what_people_write_is_text_on_every_page_that_shows_it",
            "tests/it/browser/tokens.rs a_secret_is_shown_once_and_is_gone_after_done",
        ],
    ),
    (
        "CVE-2025-30086, CVE-2026-110697: a filter was a pattern",
        &[
            "tests/it/went_wrong.rs what_is_sought_is_a_text_and_no_pattern",
            "src/store/table.rs no_grant_key_begins_another_and_each_says_whose_it_is",
        ],
    ),
    (
        "CVE-2026-123710: the caller chose the audience, and a token of the registry opened the API",
        &[
            "tests/it/protocol/request.rs an_unknown_service_makes_no_repository",
            "tests/it/api/bad_input.rs a_registry_token_opens_the_registry_and_nothing_else",
            "tests/it/api/local_socket.rs the_signing_key_is_changed_there_and_nowhere_else",
        ],
    ),
    (
        "CVE-2026-18255, CVE-2026-105447: who only reads was shown secrets",
        &["tests/it/api/tokens.rs a_new_token_has_every_field_and_its_secret_is_in_this_answer_only"],
    ),
    (
        "CVE-2025-4374: a pull made a repository, and its puller the administrator",
        &["tests/it/protocol/grant.rs pull_delete_and_star_make_nothing"],
    ),
    ("CVE-2024-9683: a part of the password was enough", &["tests/it/went_wrong.rs every_byte_of_a_password_counts"]),
    (
        "CVE-2026-105445: an access token got another owner",
        &[
            "tests/it/api/accounts.rs a_re_created_account_inherits_nothing",
            "tests/it/api/tokens.rs unknown_and_foreign_fields_are_refused",
        ],
    ),
    (
        "CVE-2026-42016, CVE-2024-5798, serverless-registry 154: audience or scope were not looked at",
        &[
            "tests/it/protocol/base.rs a_registry_token_of_another_service_or_issuer_opens_nothing",
            "src/service/signing/jwt.rs other_issuers_and_services_are_refused",
        ],
    ),
    (
        "GitLab 31599: an access token did what its scope does not have",
        &["tests/it/api/permissions.rs each_operation_needs_its_level_of_the_access_token_too"],
    ),
    (
        "CVE-2026-28699 and others: the scope counted in one way to sign in, and not in another",
        &[
            "tests/it/api/matrix.rs an_access_token_alone_gets_what_it_gets_with_its_name_but_for_the_registrys_paths",
            "tests/it/api/sessions.rs a_session_of_a_capped_token_is_as_capped",
            "tests/it/api/bad_input.rs no_credential_is_read_from_anywhere_else",
        ],
    ),
    (
        "CVE-2026-56654, CVE-2026-61850, CVE-2026-32922: a token made one that may do more",
        &[
            "tests/it/api/tokens.rs a_capped_token_reads_and_deletes_itself_and_nothing_else",
            "tests/it/api/tokens.rs a_token_makes_none_that_lives_longer_not_even_for_somebody_else",
            "tests/it/api/tokens.rs an_administrators_token_gives_no_power_to_those_of_another_administrator",
        ],
    ),
    (
        "CVE-2026-20896: the header of a proxy was believed from anywhere",
        &[
            "tests/it/api/audit.rs the_address_is_the_peers_unless_a_trusted_proxy_names_another",
            "tests/it/api/local_socket.rs what_a_proxy_forwards_is_refused_whatever_it_asks",
        ],
    ),
    (
        "CVE-2026-58422: a sign-in brought back a deactivated account",
        &["tests/it/api/accounts.rs an_inactive_account_is_refused_on_every_way_and_stays_so"],
    ),
    (
        "CVE-2026-58426, CVE-2026-33496, CVE-2026-35030: what was hashed, or remembered, could be read in two ways",
        &[
            "src/store/seal.rs what_moves_from_one_part_of_a_record_to_another_changes_the_digest",
            "src/service/sign_in/remembered.rs only_the_same_name_password_and_address_count_and_nothing_is_shifted_between_them",
        ],
    ),
    (
        "CVE-2026-31801: an action was taken for another",
        &[
            "tests/it/protocol/grant.rs push_implies_pull_and_nothing_else_does",
            "tests/it/protocol/grant.rs a_star_becomes_the_actions_that_are_really_held",
        ],
    ),
    (
        "CVE-2024-39897: what was remembered was answered before anybody asked who may see it",
        &["tests/it/api/gateway_matrix.rs strangers_pull_what_is_public_and_nothing_else"],
    ),
    (
        "CVE-2025-6004, CVE-2025-6013: another spelling of a name had guesses of its own",
        &[
            "tests/it/api/accounts.rs names_follow_the_grammar_and_are_compared_byte_for_byte",
            "tests/it/api/throttle.rs every_way_to_guess_counts",
        ],
    ),
    (
        "CVE-2021-32923, CVE-2020-25816: a token outlived what it was made with",
        &[
            "tests/it/protocol/token.rs a_token_ends_with_its_access_token_but_lives_a_minute",
            "tests/it/protocol/base.rs a_registry_token_dies_at_once_with_its_access_token",
        ],
    ),
    (
        "CVE-2021-38553: others could read the store",
        &[
            "src/store/tests/directory.rs everything_that_is_made_is_private",
            "src/store/tests/directory.rs what_was_open_to_others_is_private_after_the_start",
        ],
    ),
    (
        "CVE-2025-6203, CVE-2025-30204, CVE-2025-27144: deep JSON, or a header full of dots, took all memory",
        &[
            "tests/it/went_wrong.rs what_is_deep_or_has_very_many_parts_is_refused_at_once",
            "tests/it/api/bad_input.rs a_long_authorization_is_refused_without_a_look",
            "src/service/signing/jwt.rs huge_tokens_are_refused_unread",
        ],
    ),
    (
        "CVE-2026-33504, CVE-2026-33503: the place of a page was made up",
        &["tests/it/api/bad_input.rs hostile_queries_are_no_fault_of_ours"],
    ),
    (
        "CVE-2026-43911: a new password left what was made with the old one",
        &[
            "tests/it/protocol/credentials.rs a_new_password_ends_the_registry_tokens_that_were_made_with_the_old_one",
            "tests/it/api/sessions.rs what_it_was_opened_with_ends_it",
        ],
    ),
    (
        "CVE-2026-25555, docker_auth 3c31d7a: nothing was equal to nothing",
        &[
            "tests/it/protocol/base.rs empty_basic_credentials_open_nothing",
            "tests/it/api/accounts.rs a_service_account_never_signs_in_by_password",
        ],
    ),
    (
        "docker_auth static_auth: an account without a password took any",
        &[
            "tests/it/api/accounts.rs a_service_account_never_signs_in_by_password",
            "tests/it/protocol/credentials.rs bad_credentials_are_401_and_never_an_anonymous_token",
        ],
    ),
    (
        "docker_auth 925dadd, 8158392, 99bfe02: scopes were read wrongly",
        &[
            "tests/it/protocol/scopes.rs scopes_that_make_no_sense_are_left_out_of_a_good_answer",
            "tests/it/corpora.rs every_file_of_a_corpus_is_read_without_a_panic",
        ],
    ),
    (
        "CVE-2024-4956: a path led out of the files of the pages",
        &["tests/it/api/bad_input.rs files_of_the_pages_are_those_and_no_others"],
    ),
    (
        "CVE-2019-9630: everybody read everything until somebody forbade it",
        &[
            "tests/it/protocol/grant.rs a_push_makes_a_missing_repository_private_for_who_may",
            "tests/it/api/repositories.rs a_new_repository_has_every_field",
            "tests/it/protocol/grant.rs what_anonymous_may_everybody_may",
            "tests/it/api/gateway_matrix.rs every_method_at_every_place_for_every_caller",
        ],
    ),
    (
        "CVE-2020-11444: a user set the administrator's password",
        &["tests/it/api/accounts.rs ones_own_password_wants_the_old_one"],
    ),
    (
        "CVE-2026-25537: a time of another type was no time",
        &["src/service/signing/jwt.rs claims_of_other_shapes_are_refused_even_when_signed"],
    ),
];

/// What attacks on an earlier dockpass found, and the tests.
const HERE: &[(&str, &[&str])] = &[
    (
        "one host that does not read stops everybody",
        &["tests/it/e2e/attacks.rs nobody_is_stopped_by_answers_that_one_address_leaves_unread"],
    ),
    (
        "strangers fill the disk with the audit log, and hide in it",
        &[
            "src/service/tests/floods.rs one_network_of_ever_new_addresses_hides_no_guess",
            "tests/it/api/limits.rs what_strangers_do_beyond_their_room_is_summed_and_shown",
        ],
    ),
    (
        "one address keeps everybody from signing in",
        &["tests/it/api/throttle.rs a_flood_from_one_address_keeps_nobody_out_who_comes_from_another"],
    ),
    (
        "searches of strangers stop the registry tokens",
        &["src/service/tests/asking_much.rs a_page_costs_what_it_shows_however_much_there_is"],
    ),
    (
        "a replaced secret takes its access token over",
        &["tests/it/api/replaced_secrets.rs it_signs_in_pulls_and_pushes_and_changes_nothing"],
    ),
    (
        "pages of everything that nobody reads",
        &["tests/it/e2e/attacks.rs pages_of_everything_that_nobody_reads_do_not_pile_up"],
    ),
    (
        "a clean-up takes what its preview does not show",
        &["src/service/tests/clean_ups.rs what_the_preview_shows_is_exactly_what_goes"],
    ),
    (
        "a rotation frees a secret from what it was made with",
        &["tests/it/api/replaced_secrets.rs who_stops_the_token_that_it_was_made_with_stops_it_whoever_rotated"],
    ),
    ("silent handshakes", &["tests/it/e2e/attacks.rs silent_handshakes_of_one_address_keep_nobody_waiting"]),
    (
        "a first start that was interrupted never starts again",
        &["src/store/tests/directory.rs a_first_start_that_was_interrupted_anywhere_is_begun_anew"],
    ),
    (
        "whom a proxy brings to the local socket is the administrator",
        &["tests/it/api/local_socket.rs who_does_not_show_the_secret_of_the_data_directory_is_a_forwarded_stranger"],
    ),
    ("sessions come back", &["tests/it/api/sessions.rs a_deactivation_ends_a_session_for_good_used_in_between_or_not"]),
    (
        "a narrowed access token signs its owner out",
        &["tests/it/api/sessions.rs an_access_token_signs_nobody_out_who_signed_in_with_another_credential"],
    ),
    (
        "passwords go to a server of somebody else, and a directory is taken over",
        &[
            "tests/it/e2e/secrets.rs no_password_goes_to_a_server_of_somebody_else",
            "src/store/tests/directory.rs root_takes_over_no_empty_directory_of_another_user",
        ],
    ),
    (
        "a secret is read through a link, or from what never ends",
        &[
            "src/service/sign_in/file_secret.rs the_own_file_is_no_link_and_nobody_elses_and_a_given_one_may_be",
            "src/service/sign_in/file_secret.rs a_fifo_holds_up_no_start",
        ],
    ),
    (
        "a signal ends the server at once",
        &["tests/it/e2e/start.rs every_other_signal_ends_it_in_order_or_does_nothing"],
    ),
    (
        "a clock that jumps locks for years",
        &[
            "tests/it/api/throttle.rs a_clock_that_jumps_neither_locks_for_years_nor_ends_a_lock",
            "tests/it/api/sessions.rs a_clock_that_jumps_ends_no_session_and_keeps_none_alive",
        ],
    ),
    (
        "access tokens that others made rise with their account",
        &["tests/it/api/accounts.rs who_becomes_an_administrator_loses_the_access_tokens_that_others_made"],
    ),
    (
        "acknowledged into a store that is gone, and a disk that hangs",
        &[
            "src/store/tests/vanished.rs a_store_that_is_not_at_its_path_any_more_is_noticed_with_the_next_change",
            "tests/it/e2e/hung_disk.rs changes_wait_for_it_and_sign_ins_reads_and_registry_tokens_go_on",
        ],
    ),
    (
        "more connections than open files",
        &[
            "tests/it/e2e/start.rs the_limit_of_open_files_is_raised_to_the_bound_of_connections_or_that_is_lowered_and_said",
        ],
    ),
    (
        "deleted and overwritten rows keep the disk",
        &["src/store/tests/compaction.rs space_that_is_mostly_free_goes_back_to_the_disk"],
    ),
];

fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_row_has_tests_that_exist() {
    let mut rows = BTreeSet::new();
    for (row, tests) in ELSEWHERE.iter().chain(HERE) {
        assert!(rows.insert(row) && !tests.is_empty(), "{row}");
        for test in *tests {
            let (file, function) = test.split_once(' ').expect("a file and a function");
            assert!(source(file).contains(&format!("fn {function}(")), "{row}: no {test}");
        }
    }
}

// --- tests of their own ---

#[test]
fn types_of_secrets_have_no_comparison_that_stops_early() {
    let source = source("src/domain/secret.rs");
    for kind in ["TokenText", "Password"] {
        let at = source.find(&format!("pub struct {kind}(")).expect("a type");
        let derived = source.get(..at).and_then(|before| before.rsplit("\n\n").next()).unwrap_or_default();
        assert!(!derived.contains("PartialEq"), "{derived}");
        assert!(!source.contains(&format!("PartialEq for {kind} ")), "{kind}");
    }
}

#[test]
fn what_is_sought_is_a_text_and_no_pattern() {
    let site = InProcess::start();
    site.add_user("alice");
    ["alice/a_b", "alice/axb", "alice/a__b"].into_iter().for_each(|name| site.add_public(name));
    let found = |text: &str| {
        let body = site.as_nobody().get(&format!("/v1/search?q={text}")).must_be(200).body;
        ["alice/a_b", "alice/axb", "alice/a__b"].map(|name| body.contains(&format!("\"{name}\"")))
    };
    assert_eq!(found("a_b"), [true, false, false]);
    assert_eq!(found("axb"), [false, true, false]);
    for pattern in ["a%25b", "a.b", "a*b", "a%3Fb", "a%5B_x%5Db", "%25"] {
        assert_eq!(found(pattern), [false; 3], "{pattern}");
    }
}

#[test]
fn every_byte_of_a_password_counts() {
    let site = InProcess::start();
    site.add_user("alice");
    // What bcrypt takes of a password ends here.
    let password: String = ('!'..='~').take(72).collect();
    let body = json!({ "newPassword": password });
    site.as_local().post(&format!("{}/changePassword", account_path("alice")), &body).must_be(200);
    let shorter = password.strip_suffix('h').unwrap_or(&password[..71]);
    for wrong in [shorter.to_owned(), format!("{password}i"), format!("{shorter}\0"), format!("{password}\0x")] {
        site.with("alice", &wrong).get("/api/v0/api_tokens").must_be_refused(401, "NOT_AUTHENTICATED");
    }
    site.with("alice", &password).get("/api/v0/api_tokens").must_be(200);
}

#[test]
fn what_is_deep_or_has_very_many_parts_is_refused_at_once() {
    let site = InProcess::start();
    site.add_user("alice");
    let alice = site.as_user("alice").header("Content-Type", "application/json");
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [200, 10_000] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let body = format!("{{\"tokenLabel\":{text}}}");
            alice.send("POST", "/api/v0/api_tokens", body.as_bytes()).must_be_one_of(&[400, 413]);
        }
    }
    let dots = ".".repeat(40_000);
    for value in [format!("Bearer {dots}"), format!("Bearer a{dots}b"), format!("Basic {dots}")] {
        let caller = site.as_nobody().header("Authorization", &value);
        caller.get("/v2/").must_be_refused(401, "UNAUTHORIZED");
        caller.get("/api/v0/repositories").must_be_refused(401, "NOT_AUTHENTICATED");
    }
    site.as_user("alice").get("/api/v0/api_tokens").must_be(200);
}
