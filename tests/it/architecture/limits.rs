//! Every bound of what comes from outside, and the test that goes past it (design, 10.8). A bound without a row fails, and so
//! does a row whose test or constant is gone.
//!
//! Bounds are constants named `MAX…`, `MOST…`, `LONGEST…` or `LARGEST…`, numbers named `OF_…`, `…PER…`, `…ROOM`, `ROWS` or
//! `PLACES`, keys of the configuration, and a few others that the table names by what they bound. What the command line bounds
//! for its own screen is left out. A bound under another name passes unseen.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::modules;

/// What is bounded, by its constant or key, and the test: its file, and its name.
const LIMITS: &str = "
src/correlation.rs LONGEST_ID                     tests/it/e2e/request_log.rs a_proxy_that_is_trusted_gives_the_id_if_it_is_well_formed
src/correlation.rs LONGEST_TRACE                  src/correlation.rs a_trace_is_taken_as_the_recommendation_has_it
src/correlation.rs LONGEST_STATE                  src/correlation.rs the_state_of_a_trace_goes_along_if_it_can
src/private_file.rs MOST                          src/private_file.rs what_is_no_small_file_is_refused
src/config/invalid.rs MAX_TEXT                    src/config/tests.rs values_out_of_bounds_are_refused
src/config/invalid.rs MAX_SERVICES                src/config/tests.rs values_out_of_bounds_are_refused
src/config/values.rs MAX_LIST                     src/config/tests.rs a_file_and_a_list_have_a_bound
src/config/file.rs MAX                            src/config/tests.rs a_file_and_a_list_have_a_bound
src/http/request_log.rs LONGEST_METHOD            tests/it/e2e/request_log.rs a_line_has_so_much_of_a_path_and_of_a_method_and_no_more
src/http/request_log.rs LONGEST_PATH              tests/it/e2e/request_log.rs a_line_has_so_much_of_a_path_and_of_a_method_and_no_more
src/http/search.rs MAX_RESULTS                    tests/it/api/search.rs searches_are_bounded
src/http/search.rs MAX_TEXT                       tests/it/api/search.rs searches_are_bounded
src/http/events.rs MAX_BODY                       tests/it/api/events.rs the_body_is_json_of_a_bounded_size
src/http/events.rs MAX_ATTRIBUTE                   tests/it/api/events.rs an_attribute_of_256_bytes_is_read_and_a_longer_one_is_not
src/http/tags.rs MAX_ALSO                         tests/it/api/tags.rs without_the_address_of_a_registry_no_tag_is_deleted
src/http/refusals.rs LONGEST                      src/http/refusals.rs a_source_has_some_at_once_and_waits_for_the_further_ones_but_not_for_ever
src/http/socket_path.rs LONGEST                   tests/it/e2e/start_here.rs a_path_that_is_too_long_for_a_socket_is_refused_before_anything_is_made
src/http/request.rs MAX_BODY                      tests/it/api/bad_input.rs a_body_has_a_bound_and_a_type
src/http/request.rs LARGEST_FORM                  tests/it/protocol/scopes.rs a_thousand_scopes_of_full_length_are_read_in_a_form
src/http/request.rs MAX_AUTHORIZATION             tests/it/api/bad_input.rs a_long_authorization_is_refused_without_a_look
src/http/request.rs MAX_SECRET                    tests/it/api/metrics.rs without_the_secret_there_is_nothing_at_the_path
src/http/gateway/mod.rs LARGEST_MANIFEST          tests/it/api/limits.rs a_manifest_has_4_mib_and_no_more
src/http/connections/bare.rs LONGEST_ADDRESS      tests/it/protocol/scopes.rs an_address_is_read_up_to_64_kib_and_what_is_longer_is_told_the_way
src/http/connections/stream.rs LARGEST_BUFFER     src/http/connections/stream.rs what_a_request_has_sent_counts_as_far_as_it_can_be_held
src/http/connections/stream.rs LARGEST_REST       src/http/connections/stream.rs of_a_request_that_was_refused_unread_one_mib_is_read_and_no_more
src/http/connections/bare.rs LARGEST_HEAD         tests/it/api/limits.rs a_head_has_96_headers_and_128_kib_and_no_more
src/http/body/unknown.rs MOST_NAMED               src/http/body/unknown.rs a_warning_holds_names_and_nothing_else
src/api/query.rs MAX_SIZE                         tests/it/api/paging.rs sizes_are_ten_unless_said_and_all_if_zero_or_huge
src/shipping/way.rs LONGEST_WAIT                  src/shipping/way.rs what_fails_is_tried_again_less_and_less_often
src/shipping/syslog_sink.rs MOST_NOTES            src/shipping/syslog_sink.rs notes_of_what_is_not_taken_have_a_bound
src/shipping/syslog.rs LONGEST_HOST               src/shipping/syslog.rs a_word_of_the_header_is_visible_and_of_bounded_length
src/shipping/syslog.rs LARGEST_DATAGRAM           src/shipping/syslog.rs a_datagram_is_cut_between_characters
src/shipping/webhook_sink.rs LONGEST_WAIT         src/shipping/webhook_sink.rs a_receiver_may_ask_for_five_minutes_of_patience_and_no_more
src/doctor/files.rs MOST_FILES                    src/doctor/files.rs of_very_many_files_so_many_are_looked_at
src/registry/upstream/base.rs LARGEST             src/registry/upstream/base.rs a_large_answer_is_not_read
src/registry/upstream/base.rs LONGEST             src/registry/upstream/base.rs of_a_value_so_much_is_repeated_and_no_more
src/registry/events.rs MAX_ID                     tests/it/api/events.rs an_event_without_sense_is_passed_over_and_the_next_one_is_taken
src/registry/events.rs MOST_REFUSED               src/registry/events.rs an_envelope_that_comes_again_is_known_by_its_identifiers
src/registry/credentials.rs MAX_FILE              src/registry/credentials.rs what_holds_no_password_is_refused_without_a_word_of_it
src/registry/comparison.rs MOST_TAGS              tests/it/api/comparison.rs a_list_of_tags_that_never_ends_is_left_out
src/registry/comparison.rs MOST_PAGES             src/registry/comparison.rs of_a_list_ten_thousand_pages_are_asked_for_and_no_more
src/registry/gateway/watch/ask.rs LARGEST         tests/it/e2e/gateway_shown.rs of_an_answer_to_dockpass_itself_64_kib_are_read_and_a_larger_one_is_trouble
src/registry/waiting.rs MOST                      src/registry/waiting.rs a_thousand_tags_wait_each_once_and_the_next_one_when_there_is_room
src/registry/heard.rs MOST                        src/registry/heard.rs the_host_of_most_clients_is_proposed_and_nothing_else
src/registry/upstream/next.rs MAX                 src/registry/upstream/next.rs what_is_not_understood_does_not_end_the_list
src/service/signing/jwt.rs MAX_REGISTRY_TOKEN     src/service/signing/jwt.rs huge_tokens_are_refused_unread
src/service/signing/keys.rs MAX_PREVIOUS          src/service/signing/tests.rs earlier_leafs_are_forgotten_when_they_end_and_are_never_many
src/service/answers/walk.rs MOST_IN_VAIN          src/service/answers/walk.rs a_page_looks_at_no_more_than_it_may_and_says_where_it_stopped
src/service/gateway/uploads.rs LONGEST            src/service/gateway/uploads.rs an_upload_goes_on_for_24_hours_and_no_second_longer
src/service/gateway/uploads.rs MOST               src/service/gateway/uploads.rs the_newest_ten_thousand_are_known_and_a_thousand_of_one_holder
src/service/gateway/uploads.rs MOST_OF_ONE        src/service/gateway/uploads.rs the_newest_ten_thousand_are_known_and_a_thousand_of_one_holder
src/service/ledger/deed.rs MAX_OBJECT             tests/it/api/audit.rs hostile_objects_are_bounded_and_stay_data
src/service/sign_in/sessions.rs MOST              tests/it/api/sessions.rs a_credential_has_fifty_sessions_and_the_one_unused_for_longest_makes_room
src/service/sign_in/remembered.rs MOST            src/service/sign_in/remembered.rs the_oldest_makes_room
src/service/sign_in/throttle/counter.rs LONGEST_WAIT src/service/sign_in/throttle.rs five_distinct_failures_lock_the_address_and_the_wait_grows
src/service/sign_in/throttle/counter.rs MAX_COUNTERS src/service/sign_in/throttle/counter.rs the_memory_is_bounded
src/service/sign_in/throttle/counter.rs MAX_GUESSES  src/service/sign_in/throttle/counter.rs the_memory_is_bounded
src/service/tokens/access_tokens.rs LONGEST_TEMPORARY_LIFE tests/it/api/tokens.rs a_temporary_password_lives_a_day_unless_said_otherwise_and_a_week_at_most
src/service/tokens/given.rs LONGEST              src/service/tokens/given.rs the_oldest_of_a_row_makes_room_and_what_is_large_or_grants_nothing_has_none
src/service/tokens/given.rs MOST_REPOSITORIES    src/service/tokens/given.rs the_oldest_of_a_row_makes_room_and_what_is_large_or_grants_nothing_has_none
src/store/state/tokens.rs MOST_AGENTS            src/store/state/tokens.rs user_agents_beyond_so_many_are_kept_with_each_token
src/service/tokens/revocation.rs MOST             tests/it/api/revocation.rs so_many_texts_and_so_many_requests_of_one_source
src/service/tokens/rotation.rs LONGEST_OVERLAP    src/service/tests/overlaps.rs an_overlap_until_used_ends_after_seven_days_at_most
src/store/record/anchor.rs MOST                   src/store/tests/summing.rs an_anchor_has_room_for_a_thousand_removals_and_its_part_ends_before_the_next
src/store/snapshot.rs MOST                        src/store/tests/backup.rs a_reader_who_is_too_slow_is_sent_away_and_holds_nothing_up
src/store/ended/log.rs LARGEST                    src/store/tests/ended.rs a_full_file_becomes_the_one_before_and_both_together_have_no_gap
src/domain/content.rs MAX_TAG                     src/domain/content.rs tags_are_those_of_the_registry
src/domain/content.rs MAX_DIGEST                  src/domain/content.rs digests_are_those_of_the_specification
src/domain/content.rs MAX_PLATFORMS               src/registry/manifest.rs a_list_of_very_many_is_cut
src/domain/account.rs MAX_FULL_NAME               tests/it/api/accounts.rs what_real_clients_send_is_accepted_and_anything_else_is_not
src/domain/organization.rs MAX_TEAM_DESCRIPTION   tests/it/api/teams.rs a_team_is_made_shown_changed_and_deleted
src/domain/content.rs MAX_WORD                    src/registry/manifest.rs a_configuration_says_where_it_runs_who_made_it_and_when
src/domain/token/limits.rs MAX_PATTERNS            tests/it/api/tokens.rs caps_and_patterns_are_checked_when_a_token_is_made
src/service/sign_in/file_secret.rs LONGEST        tests/it/api/events_secret.rs a_site_may_bring_its_own_secret_and_a_bad_one_stops_the_start
src/domain/host.rs MAX_HOST                        src/domain/host.rs a_name_has_253_letters_and_its_labels_63
src/service/ledger/waiting.rs MAX_WAITING          src/service/ledger/waiting.rs what_finds_no_room_is_summed_and_not_lost
src/shipping/syslog.rs LONGEST_MSGID               src/shipping/syslog.rs a_word_of_the_header_is_visible_and_of_bounded_length
src/service/sign_in/throttle/known.rs MAX_KNOWN    src/service/sign_in/throttle/known.rs an_account_is_known_at_32_addresses_and_the_one_unused_for_longest_makes_room
src/domain/repository.rs MAX_SHORT_DESCRIPTION    tests/it/api/repositories.rs documented_fields_are_accepted_and_wrong_values_refused
src/domain/repository.rs MAX_LONG_DESCRIPTION     tests/it/api/repositories.rs documented_fields_are_accepted_and_wrong_values_refused
src/domain/scope.rs MAX_SCOPES                    src/domain/scope.rs too_many_are_refused_and_equal_ones_count_once
src/domain/immutable_tags.rs MAX_TAG_PATTERNS     src/domain/immutable_tags.rs patterns_stand_once_within_their_number_and_not_beside_all
src/domain/password.rs MAX                        tests/it/api/accounts.rs passwords_have_8_to_1024_bytes_and_are_compared_whole
src/domain/receiver.rs LONGEST_URL                src/domain/receiver.rs a_webhook_is_a_url_whose_path_is_told_to_nobody
src/domain/token.rs MAX_USER_AGENT                 tests/it/api/limits.rs of_a_user_agent_256_bytes_are_kept
src/domain/token.rs LONGEST_DESCENT               src/domain/token/tests.rs too_long_a_chain_stops
src/domain/token.rs MOST_ENDED                    src/domain/token/tests.rs the_last_ended_secrets_are_remembered
src/domain/token_uses.rs MAX_TOKEN_USES           src/domain/token_uses.rs the_last_use_of_each_is_kept_and_of_very_many_the_latest
src/domain/name.rs MAX_COMPONENT                  src/domain/name.rs names_follow_the_grammar_of_the_registry
src/domain/name.rs MAX_REPOSITORY                 src/domain/name.rs repository_names_have_components
src/domain/distribution.rs MAX_UPLOAD_ID          src/domain/distribution/tests.rs what_is_nowhere_is_not_found
src/domain/distribution/tricks.rs MAX_PATH        src/domain/distribution/tests.rs tricks_are_refused_and_not_repaired
src/domain/distribution/tricks.rs MAX_QUERY       src/domain/distribution/tests.rs tricks_are_refused_and_not_repaired
src/service/tokens/given.rs ROWS                  src/service/tokens/given.rs the_oldest_of_a_row_makes_room_and_what_is_large_or_grants_nothing_has_none
src/service/tokens/given.rs PLACES                src/service/tokens/given.rs the_oldest_of_a_row_makes_room_and_what_is_large_or_grants_nothing_has_none
src/service/tokens/grants.rs ROOM                 tests/it/protocol/scopes.rs a_thousand_scopes_are_answered_as_far_as_there_is_room_and_more_are_refused
src/store/journal.rs OF_ACCOUNT                   src/store/tests/journal.rs no_account_takes_the_room_of_another_nor_its_tokens_the_owners
src/store/journal.rs OF_ITS_TOKENS                src/store/tests/journal.rs no_account_takes_the_room_of_another_nor_its_tokens_the_owners
src/service/ledger/budget.rs PER_SOURCE           src/service/tests/floods.rs an_hour_gives_new_room_whichever_way_the_clock_goes
src/service/ledger/budget.rs PER_CALLER           src/service/tests/floods.rs a_caller_who_has_used_up_its_room_does_not_use_up_that_of_what_exists
src/service/ledger/budget.rs PER_TARGET           src/service/tests/floods.rs a_caller_who_has_used_up_its_room_does_not_use_up_that_of_what_exists
src/service/ledger/change.rs REVOCATIONS_PER_MINUTE tests/it/api/revocation.rs so_many_texts_and_so_many_requests_of_one_source
src/service/sign_in/sessions.rs PER_CREDENTIAL    tests/it/api/sessions.rs a_credential_has_fifty_sessions_and_the_one_unused_for_longest_makes_room
src/registry/events.rs MOST_KINDS                 src/registry/events.rs so_many_reasons_have_a_line_in_the_log_each_once
src/service/ledger/budget.rs OF_CALLERS           src/service/ledger/budget.rs a_caller_and_all_callers_have_so_many_records_and_no_more
src/service/ledger/budget.rs OF_STRANGERS         src/service/ledger/budget.rs a_source_a_network_and_all_strangers_have_so_many_records_and_no_more
src/service/ledger/budget.rs PER_NETWORK          src/service/ledger/budget.rs a_source_a_network_and_all_strangers_have_so_many_records_and_no_more
src/service/ledger/budget.rs UNKNOWN_PER_CALLER   src/service/ledger/budget.rs a_caller_and_all_callers_have_so_many_records_and_no_more
src/service/ledger/change.rs PASSWORDS_PER_MINUTE src/service/tests/bounds.rs an_account_sets_thirty_passwords_a_minute_and_an_administrator_as_many_as_it_likes
src/service/ledger/told.rs OF_ALL                 src/service/ledger/told.rs a_source_has_twenty_lines_a_minute_and_all_of_a_kind_have_three_hundred
src/service/ledger/told.rs PER_SOURCE             src/service/ledger/told.rs a_source_has_twenty_lines_a_minute_and_all_of_a_kind_have_three_hundred
src/service/sign_in/sessions.rs MOST_TOLD         src/service/tests/bounds.rs a_session_tells_of_twenty_access_tokens_that_end_soon_and_of_twenty_that_were_revoked
src/service/sign_in/sessions.rs PER_ACCOUNT       src/service/sign_in/sessions.rs an_account_has_five_hundred_sessions_of_its_access_tokens_beside_those_of_its_password
src/service/tokens/preview.rs MOST                src/service/tests/bounds.rs of_very_many_repositories_a_thousand_are_counted
src/store/ended/read.rs MOST                      src/store/tests/ended.rs a_file_of_64_mib_is_read_and_a_larger_one_is_none
src/service/sign_in/passwords.rs IMPORTED_ROOM     src/service/sign_in/passwords.rs the_work_of_bcrypt_takes_no_place_of_the_usual_hashes
src/store/ended/log.rs MOST_ASIDE                 src/store/tests/ended_gaps.rs further_damage_is_put_aside_beside_the_first_up_to_eight_times
src/service/sign_in/gate.rs WAITING_ROOM          src/service/sign_in/gate.rs many_sources_share_the_room_until_each_has_one_place
src/service/sign_in/throttle.rs PER_ADDRESS       src/service/sign_in/throttle.rs five_distinct_failures_lock_the_address_and_the_wait_grows
src/service/sign_in/throttle.rs PER_ACCOUNT       tests/it/api/throttle.rs after_a_hundred_everybody_waits_but_addresses_that_signed_in_before
src/service/sign_in/throttle/counter.rs PER_SOURCE tests/it/api/throttle.rs an_address_that_guesses_at_a_hundred_names_waits_and_tells_not_who_signed_in_from_there
src/service/sign_in/throttle/known.rs MAX_MISSES  src/service/sign_in/throttle/known.rs after_five_other_passwords_a_mark_counts_for_nothing_for_a_while
src/store/backup/format.rs LARGEST                src/store/backup/format.rs a_part_has_a_bound_when_it_is_written_and_when_it_is_read
src/http/tokens.rs MOST_NAMED                     src/http/tokens.rs a_warning_names_five_patterns_and_counts_the_rest
src/http/body/json.rs LONGEST_NAME                src/http/body/json.rs of_a_name_64_characters_are_repeated
src/http/tls/certificate.rs MAX                   src/http/tls/certificate.rs of_a_file_one_mib_is_read
src/shipping/prepare.rs MAX_FILE                  src/shipping/prepare.rs of_a_file_with_a_secret_four_kib_are_read
";

/// The bounds that have a key of the configuration.
const KEYS: &str = "
audit.keep_days                 src/store/tests/retention.rs what_is_too_old_goes_and_the_chain_goes_on_over_it
audit.keep_mib                  src/store/tests/retention.rs the_size_takes_sums_first_and_no_young_change
limits.changes_per_minute       tests/it/api/limits.rs an_account_that_changes_too_much_waits_but_ends_its_tokens
registry.timeout                tests/it/api/comparison.rs a_registry_that_wants_too_much_patience_is_named_with_its_time
registry.upstream_requests      tests/it/e2e/gateway_streams.rs one_address_has_half_of_the_room_at_the_registry
registry.upstream_timeout       tests/it/e2e/gateway_upstream.rs a_registry_that_is_down_or_does_not_answer_is_told_in_the_registrys_envelope
repositories.max_per_namespace  tests/it/api/repositories.rs a_namespace_has_at_most_so_many_repositories
robots.max_per_organization     src/service/tests/robots.rs names_are_taken_once_and_free_again_and_there_is_a_bound
server.handshake_timeout        tests/it/e2e/attacks.rs silent_handshakes_of_one_address_keep_nobody_waiting
server.max_connections          tests/it/e2e/attacks.rs a_full_house_has_room_for_another_address_and_for_proxies
server.max_handshakes           tests/it/e2e/attacks.rs silent_handshakes_of_one_address_keep_nobody_waiting
server.max_unread               tests/it/e2e/attacks.rs nobody_is_stopped_by_answers_that_a_hundred_addresses_leave_unread
server.max_unread_per_source    tests/it/e2e/attacks.rs nobody_is_stopped_by_answers_that_one_address_leaves_unread
server.stall_timeout            tests/it/e2e/attacks.rs who_reads_slowly_gets_the_whole_answer_and_who_reads_nothing_is_closed
tokens.max_label                tests/it/api/tokens.rs a_label_has_1_to_128_characters_after_trimming
tokens.max_lifetime             tests/it/api/tokens.rs a_site_may_forbid_tokens_that_never_end
tokens.max_per_account          tests/it/api/tokens.rs an_account_has_at_most_so_many_tokens_even_at_once
";

/// Bounds with another name, or none.
const OTHERS: &str = "
half a head                     tests/it/api/bad_input.rs a_head_that_never_ends_is_given_up
half a head, on a used wire     tests/it/e2e/attacks.rs a_head_that_does_not_end_is_closed_on_a_used_connection_as_well
half a body                     tests/it/api/limits.rs a_body_that_stands_still_is_given_up
half an upload                  tests/it/e2e/gateway_streams.rs an_upload_that_stands_still_ends_and_a_slow_one_goes_on
slow readers of blobs           tests/it/e2e/gateway_streams.rs a_hundred_slow_clients_stop_nobody_and_take_little
slow readers over TLS           tests/it/e2e/attacks.rs over_tls_who_reads_slowly_gets_the_whole_answer_and_who_reads_nothing_is_closed
long lists unread               tests/it/e2e/attacks.rs pages_of_everything_that_nobody_reads_do_not_pile_up
waiting for long reads          src/http/pools.rs a_bounded_number_of_long_reads_waits_and_the_rest_is_sent_away_at_once
waiting for changes             src/http/pools/queue.rs in_a_full_queue_many_give_way_to_few
the share of a source           src/http/pools/queue.rs no_source_has_more_than_its_share_and_it_is_no_ones_loss
the longest wait                src/http/pools/queue.rs nobody_waits_for_ever
connections of a source         src/http/connections/room.rs one_source_may_take_all_and_gives_way_to_another_what_stands_still
memory that waits               src/http/connections/room.rs too_much_unread_holds_back_its_source_and_gives_way_to_others
waiting to be hashed            src/service/sign_in/gate.rs many_sources_share_the_room_until_each_has_one_place
guesses of an address           tests/it/api/throttle.rs beyond_five_wrong_guesses_the_password_waits_longer_each_time
guesses at many names           tests/it/api/throttle.rs an_address_that_guesses_at_a_hundred_names_waits_and_tells_not_who_signed_in_from_there
guesses from everywhere         tests/it/api/throttle.rs after_a_hundred_everybody_waits_but_addresses_that_signed_in_before
records of strangers            tests/it/api/limits.rs what_strangers_do_beyond_their_room_is_summed_and_shown
records of callers              src/service/tests/floods.rs a_caller_who_has_used_up_its_room_does_not_use_up_that_of_what_exists
the journal of an account       src/store/tests/journal.rs no_account_takes_the_room_of_another_nor_its_tokens_the_owners
sessions of a credential        tests/it/api/sessions.rs a_credential_has_fifty_sessions_and_the_one_unused_for_longest_makes_room
parts of a backup in memory     src/store/tests/backup.rs no_more_than_one_part_is_held_at_a_time
answers of the registry         src/registry/upstream/tests.rs an_answer_is_bounded_in_size_and_time
answers to the command line     src/net/stream.rs the_whole_of_a_body_is_bounded
a syslog server that reads not  src/shipping/syslog_sink.rs what_a_receiver_does_not_read_never_counts_however_long_it_waits_here
pages of the catalogue          tests/it/api/paging.rs the_catalogue_has_pages_of_a_hundred_and_of_a_thousand_at_most
";

/// Constants with such a name that bound nothing which comes from outside: sizes of bundles and blocks, and dates.
const INSIDE: [&str; 13] = [
    "src/domain/id.rs MAX",
    "src/http/cross_origin.rs MAX_AGE",
    "src/service/sign_in/sessions.rs LONGEST_SESSION",
    "src/service/tokens/grants.rs OF_A_MOUNT",
    "src/service/tokens/selection.rs MOST_AT_ONCE",
    "src/store/audit_index.rs MOST_WORDS",
    "src/store/load/reading.rs MOST_WORKERS",
    "src/store/record/gone.rs MOST",
    "src/store/state/grams.rs LONGEST",
    "src/store/state/names.rs MOST",
    "src/store/state/packed.rs MOST",
    "src/store/state/tokens.rs MOST",
    "src/store/writer.rs ROOM",
];

/// The rows of a table: what comes first, and the test behind it.
fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    table.lines().filter(|line| !line.is_empty()).map(|line| {
        let (rest, test) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no test: {line}"));
        let (what, file) = rest.trim_end().rsplit_once(' ').unwrap_or_else(|| panic!("no file: {line}"));
        (what.trim_end(), file, test)
    })
}

/// Whether a constant of this name and what follows, its type first, bounds something.
fn is_bound(name: &str, rest: &str) -> bool {
    let words: Vec<&str> = name.split('_').collect();
    let is_number =
        ["u8", "u16", "u32", "u64", "usize", "i64"].contains(&rest.split('=').next().unwrap_or_default().trim());
    let first = words.first().copied().unwrap_or_default();
    let counts = first == "OF" || words.contains(&"PER") || words.last() == Some(&"ROOM");
    ["MAX", "MOST", "LONGEST", "LARGEST"].contains(&first)
        || (is_number && (counts || ["ROWS", "PLACES"].contains(&name)))
}

/// The constants of the program that bound something, by file and name; those of the command line are left out.
fn constants() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for source in modules().iter().filter(|source| source.top() != "cli") {
        let code = source.code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let file = source.path.strip_prefix(root).unwrap().display().to_string();
        if source.modules.iter().any(|module| module == "tests") {
            continue;
        }
        let constants = code.split("const ").skip(1).filter_map(|rest| rest.split_once(':'));
        let bounding = constants.filter(|(name, rest)| is_bound(name, rest)).map(|(name, _)| name);
        found.extend(bounding.map(|name| format!("{file} {name}")));
    }
    found
}

#[test]
fn every_bound_has_a_test_that_goes_past_it() {
    let mut faults = Vec::new();
    for (what, file, test) in [LIMITS, KEYS, OTHERS].into_iter().flat_map(rows) {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default();
        if !text.contains(&format!("fn {test}(")) {
            faults.push(format!("{what}: {file} has no {test}"));
        }
    }
    let there = constants();
    assert!(there.len() > 50, "{there:?}");
    let told: Vec<&str> = rows(LIMITS).map(|(what, ..)| what).chain(INSIDE).collect();
    let named: BTreeSet<String> = told.iter().map(|what| (*what).to_owned()).collect();
    assert_eq!(named.len(), told.len(), "a bound stands twice");
    faults.extend(there.difference(&named).map(|bound| format!("{bound} has no row")));
    faults.extend(named.difference(&there).map(|bound| format!("{bound} is gone")));
    let example = include_str!("../../../config.toml.example");
    for (key, ..) in rows(KEYS) {
        let (section, name) = key.split_once('.').unwrap();
        let is_there =
            example.split(&format!("[{section}]")).nth(1).and_then(|rest| rest.split("\n[").next()).is_some_and(
                |part| part.lines().any(|line| line.trim_start_matches('#').starts_with(&format!("{name} ="))),
            );
        if !is_there {
            faults.push(format!("there is no key {key}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
