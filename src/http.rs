//! The one HTTP client: polite, capped, guarded. Feeds, price services and articles all ask through [`Http::get`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::config::Network;

/// More hops than this is a loop.
const MAX_HOPS: usize = 8;
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

    /// Asks, follows redirects, reads the body up to the cap. The whole takes at most the timeout.
    pub async fn get(&self, ask: Ask) -> Result<Answer, Trouble> {
        let limit = ask.timeout.unwrap_or(self.network.timeout);
        tokio::time::timeout(limit, self.follow(ask)).await.unwrap_or(Err(Trouble::Timeout(limit)))
    }

    async fn follow(&self, ask: Ask) -> Result<Answer, Trouble> {
        let mut url = parse(&ask.url)?;
        let mut hops = Vec::new();
        loop {
            let response = self.send(&url, &ask).await?;
            let status = response.status();
            let target = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            let Some(target) = target.filter(|_| status.is_redirection() && status.as_u16() != 304) else {
                let cap = ask.max_body.unwrap_or(self.network.max_body);
                return read(response, url, hops, cap).await;
            };
            let next = url.join(target).map_err(|_| Trouble::Forbidden)?;
            self.allowed(&url, &next).await?;
            hops.push(status.as_u16());
            if hops.len() > MAX_HOPS {
                return Err(Trouble::Loop);
            }
            url = next;
        }
    }

    async fn send(&self, url: &Url, ask: &Ask) -> Result<reqwest::Response, Trouble> {
        let agent = ask.user_agent.as_ref().unwrap_or(&self.network.user_agent);
        let mut request = self.client.get(url.clone()).header("user-agent", agent);
        for (name, value) in &ask.headers {
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
        if from.host() == to.host() && from.port_or_known_default() == to.port_or_known_default() {
            return Ok(());
        }
        if self.network.allow_private.iter().any(|leave| is_leave_for(leave, to)) {
            return Ok(());
        }
        match resolve(to).await {
            Some(addresses) if addresses.iter().any(|address| is_private(*address)) => Err(Trouble::Forbidden),
            _ => Ok(()),
        }
    }
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

/// Loopback, link-local, private and shared ranges, of both families.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_private(v4.into()),
            None => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
        },
    }
}
