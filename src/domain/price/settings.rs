//! A price source as it is configured.

use std::fmt;

/// A price source as it is configured; None means the source's own default.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SourceSettings {
    /// Replaces the address that ships with the source.
    pub base_url: Option<String>,
    /// Replaces the socket's address that ships with the source.
    pub socket_url: Option<String>,
    /// None: as the source ships.
    pub enabled: Option<bool>,
    /// A secret: never printed, also not by `Debug`.
    pub key: Option<String>,
    /// Replaces `network.user-agent` for this source.
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
