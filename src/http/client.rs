//! The connections under the one HTTP client: one client for each kind of settings, made when first needed.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy};
use url::Url;

use super::{HttpError, is_private};
use crate::domain::feed::Secret;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Nothing comes for so long: the server hangs.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// Clients kept. Those of a configuration that is gone go first.
const CLIENTS_MAX: usize = 16;
/// Where a proxy is set for all programs. Its name may lead to a private address, as it does in most offices.
const PROXY_VARIABLES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// How a server is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientSettings {
    /// None: the system's settings.
    pub proxy: Option<Secret>,
    pub accept_invalid_certificate: bool,
    /// Only public addresses are connected to.
    pub is_public_only: bool,
}

/// A client for each kind of settings, the last used at the end.
#[derive(Debug)]
pub(super) struct Clients {
    known: Mutex<VecDeque<(ClientSettings, Client)>>,
    connect_timeout: Duration,
}

impl Clients {
    /// Installs the TLS provider first: without one, reqwest panics. The client of the default settings is made at once, so that what would
    /// make all requests fail is reported at the start.
    pub(super) fn new(timeout: Duration) -> anyhow::Result<Clients> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let connect_timeout = CONNECT_TIMEOUT.min(timeout);
        let usual = ClientSettings::default();
        let client = build(&usual, connect_timeout)?;
        Ok(Clients { known: Mutex::new(VecDeque::from([(usual, client)])), connect_timeout })
    }

    /// The client for these settings.
    pub(super) fn of(&self, settings: &ClientSettings) -> Result<Client, HttpError> {
        // What a panic left is a list of whole clients.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().position(|(other, _)| other == settings).and_then(|at| known.remove(at));
        let (settings, client) = match found {
            Some(found) => found,
            // Only the proxy comes from outside; its address may hold a password, so the error is not passed on.
            None => (settings.clone(), build(settings, self.connect_timeout).map_err(|_| HttpError::Proxy)?),
        };
        if known.len() >= CLIENTS_MAX {
            known.pop_front();
        }
        known.push_back((settings, client.clone()));
        Ok(client)
    }
}

/// The only place that builds a client.
#[expect(clippy::disallowed_methods, reason = "this is the one HTTP constructor")]
fn build(settings: &ClientSettings, connect_timeout: Duration) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .connect_timeout(connect_timeout)
        .read_timeout(IDLE_TIMEOUT)
        .referer(false)
        .tls_danger_accept_invalid_certs(settings.accept_invalid_certificate);
    if let Some(Secret(proxy)) = &settings.proxy {
        builder = builder.proxy(Proxy::all(proxy)?);
    }
    if settings.is_public_only {
        builder = builder.dns_resolver(Arc::new(Guard { proxies: proxy_hosts(settings) }));
    }
    builder.build()
}

/// Looks names up and gives no private address: what is checked is what is connected to, so that a name which changes
/// its address in between gains nothing. Behind a proxy that looks names up itself, the proxy decides.
struct Guard {
    proxies: HashSet<String>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let is_proxy = self.proxies.contains(name.as_str());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if !is_proxy && found.iter().any(|address| is_private(address.ip())) {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A name from outside leads to an address that is not public.
#[derive(Debug)]
pub(super) struct PrivateAddress;

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a private address")
    }
}

impl std::error::Error for PrivateAddress {}

/// The names of the proxies that these settings may use.
fn proxy_hosts(settings: &ClientSettings) -> HashSet<String> {
    let named = settings.proxy.iter().map(|Secret(proxy)| proxy.clone());
    let of_system = PROXY_VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
    // A variable may hold a host and port only.
    let hosts = named.chain(of_system).filter_map(|proxy| {
        let url = if proxy.contains("://") { Url::parse(&proxy) } else { Url::parse(&format!("http://{proxy}")) };
        url.ok()?.host_str().map(str::to_ascii_lowercase)
    });
    hosts.collect()
}
