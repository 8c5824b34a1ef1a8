//! Why no answer could be had over HTTP. It is found out in [`crate::http`], and remembered with a feed or a price source.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why no answer could be had. `Display` is one plain clause without any address, fit to follow a name and a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpError {
    /// The host name could not be resolved.
    #[error("its name could not be found (is the network up?)")]
    Name,
    /// The server's certificate was rejected.
    #[error("its certificate {0}")]
    Certificate(CertificateFault),
    /// No TCP connection to the server or to the proxy.
    #[error("could not connect")]
    Connect,
    /// The proxy could not be used: wrong address, unreachable, or refusing the tunnel.
    #[error("its proxy can't be used; see 'proxy' in its entry in the config")]
    Proxy,
    /// The proxy demands a login (407).
    #[error("its proxy wants a login; set it in 'proxy' in its entry in the config")]
    ProxyLogin,
    /// The TLS handshake failed for a reason other than the certificate.
    #[error("the secure connection could not be made")]
    Tls,
    /// Nothing arrived within the configured limit.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The cap, in bytes.
    #[error("the answer is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// The connection ended inside the body.
    #[error("the answer broke off")]
    Broken,
    /// The answer was no valid HTTP.
    #[error("it closed the connection without an answer that can be understood")]
    NoAnswer,
    /// More redirects than are followed.
    #[error("redirected too often")]
    Loop,
    /// A link or a redirect leads to a private address, or to a scheme other than http(s).
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
    /// It names other hosts.
    #[strum(to_string = "is for another name")]
    OtherName,
    /// Its validity has ended.
    #[strum(to_string = "has expired")]
    Expired,
    /// Its validity has not begun.
    #[strum(to_string = "is not valid yet; is this machine's clock right?")]
    NotYetValid,
    /// No trusted authority signed it.
    #[strum(to_string = "is not one that this machine trusts")]
    Untrusted,
}
