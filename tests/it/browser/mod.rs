//! The web pages in a real browser, each story as a person goes through it. `support::pages` has the steps of a person,
//! and what must hold at the end of each story.

mod audit;
mod details;
mod edges;
mod empty;
mod foreign;
mod grants;
mod late;
mod lists;
mod lists_again;
mod manage;
mod narrowed;
mod nginx;
mod pages;
mod people_tokens;
mod readme;
mod registry;
mod registry_tags;
mod settings;
mod sign_in;
mod slow;
mod tabs;
mod tags;
mod tags_together;
mod token_lines;
mod token_list;
mod tokens;
mod tokens_narrowed;
mod tokens_time;
mod weight;
