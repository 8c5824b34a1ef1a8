//! The configuration: one struct, whose defaults are the shipped files, over which the user's one file is laid.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::Name;
use crate::domain::feed::Feed;
use crate::domain::price::{SourceSettings, Symbol};
use crate::domain::topic::TopicRule;

/// Everything that can be configured, checked and ready for use.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// In the order of the files. Disabled ones are kept: they are shown as such.
    pub feeds: Vec<Feed>,
    /// In the order of the files, which is the order on screen.
    pub symbols: Vec<Symbol>,
    pub topics: Vec<TopicRule>,
    /// Named term sets that topic rules refer to.
    pub terms: BTreeMap<String, Vec<String>>,
    pub views: Vec<View>,
    /// By source name; a source that is missing here runs on its own defaults.
    pub sources: BTreeMap<Name, SourceSettings>,
    pub network: Network,
    pub store: StoreSettings,
    pub market: MarketSettings,
    pub screen: ScreenSettings,
    /// Command name to the keys that give it, as written.
    pub keys: BTreeMap<String, Vec<String>>,
    /// What was passed over in the user's file and why, one sentence each with its place.
    pub warnings: Vec<String>,
}

/// A saved query with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub name: Name,
    pub key: Option<char>,
    pub query: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub user_agent: String,
    /// For a whole request.
    pub timeout: Duration,
    /// Largest body read, in bytes after decompression.
    pub max_body: u64,
    /// Between feed requests to one registrable domain.
    pub domain_spacing: Duration,
    /// No feed is polled more often.
    pub feed_floor: Duration,
    /// Private addresses (host or host:port) that links and redirects may lead to.
    pub allow_private: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// How long unstarred stories are kept, by first seen.
    pub keep: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MarketSettings {
    /// The exchange's zone, in which sessions and market times are shown.
    pub time_zone: TimeZone,
    pub extra_closures: Vec<Date>,
    pub extra_early_closes: Vec<Date>,
    /// Show the overnight session (20:00 to 04:00).
    pub overnight: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ScreenSettings {
    /// The name of a file in `config/themes`.
    pub theme: String,
    /// Rising prices in red, falling in green, as in East Asia.
    pub red_up: bool,
    /// The reader's own zone; None: the system's.
    pub time_zone: Option<TimeZone>,
    pub mouse: bool,
}
