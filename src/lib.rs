//! newstape: the news that moves NVDA and crypto, and those prices, on one honest screen.
//!
//! The house, lowest floor first; a floor imports only from those below it (`tests/house.rs` holds this):
//!
//! | floor | what it is | does I/O |
//! |---|---|---|
//! | [`domain`] | stories, topics, queries, groups, prices, sessions | no |
//! | [`config`] | text to [`config::Config`], with explained mistakes | no |
//! | [`event`] | all that happens ([`event::Event`]) and all that newstape does ([`event::Effect`]) | no |
//! | [`http`] | the one HTTP client: capped, guarded, polite | yes |
//! | [`app`] | the state and `update(event, now) -> effects`, the only code that changes it | no |
//! | [`screen`] | `draw(frame, &App) -> HitMap`, the only code that draws | no |
//! | [`news`] | feeds: when to ask, asking, decoding, parsing | yes |
//! | [`market`] | prices: one table of sources, a poller, a socket loop | yes |
//! | [`store`] | SQLite on its own thread | yes |
//! | [`shell`] | the run loop: clock, tasks, terminal, files; where state and world meet | yes |
//! | [`commands`] | the commands without a screen, one file each | yes |
//!
//! Everything that happens flows one way: a source sends an `Event` through a bounded channel, `update` turns it
//! into state and effects, the shell carries the effects out and draws when the state asks for it.

pub mod app;
pub mod commands;
pub mod config;
pub mod domain;
pub mod event;
pub mod http;
pub mod market;
pub mod news;
#[cfg(test)]
#[path = "../tests/support/recordings.rs"]
mod recordings;
pub mod screen;
pub mod shell;
pub mod store;
