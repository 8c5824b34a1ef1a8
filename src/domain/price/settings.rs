//! A price source as it is configured.

use std::fmt;

/// A price source as it is configured; None means the source's own default.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SourceSettings {
    pub base_url: Option<String>,
    pub socket_url: Option<String>,
    pub enabled: Option<bool>,
    /// A secret: never printed, also not by `Debug`.
    pub key: Option<String>,
    pub user_agent: Option<String>,
}

impl fmt::Debug for SourceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceSettings")
            .field("base_url", &self.base_url)
            .field("socket_url", &self.socket_url)
            .field("enabled", &self.enabled)
            .field("key", &self.key.as_ref().map(|_| "…"))
            .field("user_agent", &self.user_agent)
            .finish()
    }
}
