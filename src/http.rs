//! The one HTTP client: polite, capped, guarded. Feeds, price services and articles all ask through [`Http::get`].

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::config::Network;

/// More hops than this is a loop.
const MAX_HOPS: usize = 8;
/// Headers that say nothing about who asks: they go along to other hosts.
const HARMLESS: [&str; 4] = ["accept", "accept-language", "if-none-match", "if-modified-since"];
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks over HTTP(S). Cheap to clone; connections are shared.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    network: Arc<Network>,
}

/// One request: always GET, never with cookies or a referrer.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub url: String,
    pub headers: BTreeMap<&'static str, String>,
    /// Sent instead of `network.user-agent`.
    pub user_agent: Option<String>,
    /// Shorter than `network.timeout`, where a service is known to hang.
    pub timeout: Option<Duration>,
    /// Smaller than `network.max-body`, in bytes.
    pub max_body: Option<u64>,
}

/// What came back: any status.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// The address that answered, after redirects.
    pub url: String,
    /// Statuses of the redirects on the way.
    pub hops: Vec<u16>,
    pub headers: HeaderMap,
    /// Decompressed.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header as text; None when it is missing or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why no answer could be had. `Display` is one plain clause without any address, fit to follow a name and a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("its name could not be found (is the network up?)")]
    Name,
    #[error("could not connect")]
    Connect,
    #[error("the secure connection could not be made")]
    Tls,
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    #[error("the answer is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    #[error("the answer broke off")]
    Broken,
    #[error("redirected too often")]
    Loop,
    #[error("redirected to an address that is not allowed")]
    Forbidden,
    #[error("its address can't be used: {0}")]
    Address(String),
}

impl Http {
    /// The only place that builds a client. Installs the TLS provider first: without one, reqwest panics.
    #[expect(clippy::disallowed_methods, reason = "this is the one HTTP constructor")]
    pub fn new(network: &Network) -> anyhow::Result<Http> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(network.timeout))
            .referer(false)
            .build()?;
        Ok(Http { client, network: Arc::new(network.clone()) })
    }

    /// The same connections under other settings, after a reload of the configuration.
    pub fn with(&self, network: &Network) -> Http {
        Http { client: self.client.clone(), network: Arc::new(network.clone()) }
    }

    /// Asks an address that the reader configured or typed: it may be private. Follows redirects, reads the body up to
    /// the cap. The whole takes at most the timeout.
    pub async fn get(&self, ask: Ask) -> Result<Answer, Trouble> {
        self.within(&ask, async { self.follow(&ask, parse(&ask.url)?).await }).await
    }

    /// As [`Http::get`], for an address that came from outside, as the link of a story: it must be public, or allowed
    /// by the configuration.
    pub async fn get_link(&self, ask: Ask) -> Result<Answer, Trouble> {
        let work = async {
            let url = parse(&ask.url)?;
            self.public(&url).await?;
            self.follow(&ask, url).await
        };
        self.within(&ask, work).await
    }

    async fn within(&self, ask: &Ask, work: impl Future<Output = Result<Answer, Trouble>>) -> Result<Answer, Trouble> {
        let limit = ask.timeout.unwrap_or(self.network.timeout);
        tokio::time::timeout(limit, work).await.unwrap_or(Err(Trouble::Timeout(limit)))
    }

    async fn follow(&self, ask: &Ask, first: Url) -> Result<Answer, Trouble> {
        let mut url = first.clone();
        let mut hops = Vec::new();
        loop {
            let response = self.send(&url, ask, first.origin() == url.origin()).await?;
            let Some(target) = redirect(&response) else {
                let cap = ask.max_body.unwrap_or(self.network.max_body);
                return read(response, url, hops, cap).await;
            };
            let next = url.join(target).map_err(|_| Trouble::Forbidden)?;
            self.allowed(&url, &next).await?;
            hops.push(response.status().as_u16());
            if hops.len() > MAX_HOPS {
                return Err(Trouble::Loop);
            }
            url = next;
        }
    }

    /// `is_home`: the address is at the origin that was asked first. Other origins get no header that could be a key.
    async fn send(&self, url: &Url, ask: &Ask, is_home: bool) -> Result<reqwest::Response, Trouble> {
        let agent = ask.user_agent.as_ref().unwrap_or(&self.network.user_agent);
        let mut request = self.client.get(url.clone()).header("user-agent", agent);
        for (name, value) in ask.headers.iter().filter(|(name, _)| is_home || HARMLESS.contains(name)) {
            request = request.header(*name, value);
        }
        request.send().await.map_err(|error| explain(&error))
    }

    /// A redirect may lead anywhere public over http(s); to a private address only within its own host or by leave of
    /// the configuration.
    async fn allowed(&self, from: &Url, to: &Url) -> Result<(), Trouble> {
        if !matches!(to.scheme(), "http" | "https") || (from.scheme() == "https" && to.scheme() == "http") {
            return Err(Trouble::Forbidden);
        }
        if is_same_server(from, to) { Ok(()) } else { self.public(to).await }
    }

    /// A name is looked up here and again when it is connected to; what lies between is not guarded. Behind a proxy,
    /// where names may not be known here, the proxy decides.
    async fn public(&self, to: &Url) -> Result<(), Trouble> {
        if self.network.allow_private.iter().any(|leave| is_leave_for(leave, to)) {
            return Ok(());
        }
        match resolve(to).await {
            Some(addresses) if addresses.iter().any(|address| is_private(*address)) => Err(Trouble::Forbidden),
            _ => Ok(()),
        }
    }
}

/// Where an answer sends to, if it does. Only these statuses do so by RFC 9110 without a choice.
fn redirect(response: &reqwest::Response) -> Option<&str> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    response.headers().get(LOCATION)?.to_str().ok()
}

/// The same host and port, or the step from http to https there.
fn is_same_server(from: &Url, to: &Url) -> bool {
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    from.host() == to.host() && (ports.0 == ports.1 || ports == (Some(80), Some(443)))
}

fn parse(url: &str) -> Result<Url, Trouble> {
    let url = Url::parse(url).map_err(|error| Trouble::Address(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(Trouble::Address("it must begin with http:// or https://".into())),
    }
}

async fn read(mut response: reqwest::Response, url: Url, hops: Vec<u16>, cap: u64) -> Result<Answer, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Trouble::Broken)? {
        if (body.len() + chunk.len()) as u64 > cap {
            return Err(Trouble::TooLarge(cap));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status().as_u16(),
        url: url.into(),
        hops,
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

/// reqwest's error as one of ours: its own text carries the address and a chain of causes.
fn explain(error: &reqwest::Error) -> Trouble {
    let chain = causes(error);
    if error.is_builder() {
        Trouble::Address("it is not a usable address".into())
    } else if chain.contains("dns") {
        Trouble::Name
    } else if chain.contains("certificate") || chain.contains("tls") || chain.contains("handshake") {
        Trouble::Tls
    } else if error.is_connect() {
        Trouble::Connect
    } else if error.is_timeout() {
        Trouble::Timeout(CONNECT_TIMEOUT)
    } else {
        Trouble::Broken
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&error.to_string().to_lowercase());
        cause = error.source();
    }
    text
}

fn is_leave_for(leave: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    leave == host || url.port_or_known_default().is_some_and(|port| leave == format!("{host}:{port}"))
}

async fn resolve(url: &Url) -> Option<Vec<IpAddr>> {
    match url.host()? {
        Host::Ipv4(address) => Some(vec![address.into()]),
        Host::Ipv6(address) => Some(vec![address.into()]),
        Host::Domain(name) => {
            let found = tokio::net::lookup_host((name, url.port_or_known_default()?)).await.ok()?;
            Some(found.map(|address| address.ip()).collect())
        }
    }
}

/// All that is not the public internet: loopback, link-local, private, shared, multicast and reserved ranges of both
/// families (IANA's special-purpose registries), also when IPv4 is wrapped in IPv6.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => match (wrapped(v6), v6.segments()) {
            (Some(v4), _) => is_private_v4(v4),
            (None, [first, ..]) => {
                v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
                    || v6.is_multicast()
                    // The old site-local range.
                    || first & 0xffc0 == 0xfec0
            }
        },
    }
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
}

/// IPv4 inside IPv6: mapped, translated (64:ff9b::/96), 6to4 (2002::/16) and the old compatible form.
fn wrapped(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => join(high, low),
        [0x2002, high, low, ..] => join(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => join(high, low),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
