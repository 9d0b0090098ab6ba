//! The integration tests: one binary, a module for each resource or story, and what they stand on in `support`.
//! Those that begin with `e2e` use the built executable, Debian's registry and real clients; `tests/run` installs
//! what they need.

// Says to clippy that functions beside the tests are tests too, with the same freedoms.
#![cfg(test)]

mod api_access;
mod api_accounts;
mod api_audit;
mod api_bad_input;
mod api_events;
mod api_events_secret;
mod api_local_socket;
mod api_matrix;
mod api_organizations;
mod api_pages;
mod api_paging;
mod api_permissions;
mod api_registry;
mod api_repositories;
mod api_search;
mod api_sessions;
mod api_settings;
mod api_tags;
mod api_teams;
mod api_terraform;
mod api_throttle;
mod api_tokens;
mod architecture;
mod browser_audit;
mod browser_edges;
mod browser_foreign;
mod browser_late;
mod browser_lists;
mod browser_manage;
mod browser_nginx;
mod browser_pages;
mod browser_readme;
mod browser_settings;
mod browser_sign_in;
mod browser_tabs;
mod browser_tags;
mod browser_tags_registry;
mod browser_tokens;
mod browser_tokens_narrowed;
mod browser_tokens_time;
mod e2e;
mod e2e_access;
mod e2e_adoption;
mod e2e_adoption_changes;
mod e2e_adoption_many;
mod e2e_durability;
mod e2e_nginx;
mod e2e_notifications;
mod e2e_notifications_by_hand;
mod e2e_organizations;
mod e2e_permissions;
mod e2e_python;
mod e2e_search;
mod e2e_secrets;
mod e2e_start;
mod e2e_tags;
mod e2e_tags_registry;
mod e2e_tls;
mod e2e_token_limits;
mod e2e_upstream;
mod golden;
mod protocol_base;
mod protocol_catalog;
mod protocol_credentials;
mod protocol_grant;
mod protocol_leaf;
mod protocol_request;
mod protocol_scopes;
mod protocol_token;
mod support;
