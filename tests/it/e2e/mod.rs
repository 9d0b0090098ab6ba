//! Stories from end to end: the built executable, Debian's registry and real clients. `tests/run` installs what they need.

mod access;
mod adoption;
mod adoption_changes;
mod adoption_many;
mod attacks;
mod copies;
mod durability;
mod formats;
mod hung_disk;
mod main_job;
mod nginx;
mod notifications;
mod notifications_by_hand;
mod organizations;
mod overlaps;
mod permissions;
mod python;
mod search;
mod secrets;
mod start;
mod start_here;
mod tags;
mod tags_registry;
mod tls;
mod token_limits;
mod upstream;
