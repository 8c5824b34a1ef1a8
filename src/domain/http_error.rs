//! Why no answer could be had over HTTP. It is found out in [`crate::http`], and remembered with a feed or a price source.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why no answer could be had. `Display` is one plain clause without any address, fit to follow a name and a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpError {
    #[error("its name could not be found (is the network up?)")]
    Name,
    #[error("its certificate {0}")]
    Certificate(CertificateFault),
    #[error("could not connect")]
    Connect,
    #[error("its proxy can't be used; see 'proxy' in its entry in the config")]
    Proxy,
    #[error("its proxy wants a login; set it in 'proxy' in its entry in the config")]
    ProxyLogin,
    #[error("the secure connection could not be made")]
    Tls,
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The cap, in bytes.
    #[error("the answer is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    #[error("the answer broke off")]
    Broken,
    #[error("it closed the connection without an answer that can be understood")]
    NoAnswer,
    #[error("redirected too often")]
    Loop,
    #[error("it leads to an address that is not allowed")]
    Forbidden,
    /// What is wrong with it.
    #[error("its address can't be used: {0}")]
    Address(String),
}

/// What is wrong with a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFault {
    #[strum(to_string = "is for another name")]
    OtherName,
    #[strum(to_string = "has expired")]
    Expired,
    #[strum(to_string = "is not valid yet; is this machine's clock right?")]
    NotYetValid,
    #[strum(to_string = "is not one that this machine trusts")]
    Untrusted,
}
