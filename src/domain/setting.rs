//! A value of the configuration and what is wrong with it, for mistakes that are found only after it has been read.

use std::fmt;

use super::Name;

/// Which value it is: the second item of `any` of the topic `nvidia`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// `topic`, `view`, `keys`.
    pub section: &'static str,
    /// Of the entry; empty in a section that has none.
    pub entry: Name,
    pub key: Name,
    /// In a list; 0 for the first and for a value alone.
    pub index: usize,
}

impl Setting {
    /// A value of an entry, `[[section]] name = "entry"`.
    pub fn of_entry(section: &'static str, entry: &str, key: &str, index: usize) -> Setting {
        Setting { section, entry: entry.into(), key: key.into(), index }
    }

    /// A value of a section, `[section] key = …`.
    pub fn of_section(section: &'static str, key: &str, index: usize) -> Setting {
        Setting::of_entry(section, "", key, index)
    }

    /// As a mistake of this value.
    pub fn wrong(self, message: impl Into<String>) -> SettingError {
        SettingError { setting: self, message: message.into() }
    }
}

/// `topic nvidia`, `keys down`.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.entry.is_empty() { &self.key } else { &self.entry };
        write!(f, "{} {name}", self.section)
    }
}

/// Why a value of the configuration can't be used, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {message}")]
pub struct SettingError {
    pub setting: Setting,
    pub message: String,
}
