//! The one HTTP client: polite, capped, guarded. Feeds, price services and articles all ask through [`Http::get`];
//! alerts are sent out through [`Http::post`].

mod causes;
mod client;
mod packed;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, LOCATION};
use tokio::time::Instant;
use url::{Host, Url};

use crate::config::Network;
use crate::domain::feed::{Login, Secret};
pub use crate::domain::http_error::HttpError;
use causes::explain;
pub use causes::tls;
use client::{ClientSettings, Clients, IDLE_TIMEOUT};

/// The part of the time for a whole request after which a body is read no further.
const READING_PART: f64 = 0.95;
/// More hops than this is a loop.
const MAX_HOPS: usize = 8;
/// Headers that say nothing about who asks: they go along to other hosts.
const HARMLESS: [&str; 4] = ["accept", "accept-language", "if-none-match", "if-modified-since"];
/// Headers that ask about one document: no other is asked with them.
const CONDITIONS: [&str; 2] = ["if-none-match", "if-modified-since"];

/// Asks over HTTP(S). Cheap to clone; connections are shared.
#[derive(Clone, Debug)]
pub struct Http {
    clients: Arc<Clients>,
    network: Arc<Network>,
}

/// One request for something: always GET, never with cookies or a referrer.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The address to fetch, http(s).
    pub url: String,
    /// Further headers, such as validators and keys.
    pub headers: BTreeMap<&'static str, String>,
    /// Sent instead of `network.user-agent`.
    pub user_agent: Option<String>,
    /// Shorter than `network.timeout`, where a service is known to hang.
    pub timeout: Option<Duration>,
    /// Smaller than `network.max-body`, in bytes.
    pub max_body: Option<u64>,
    /// A body that breaks off, stalls or has no end is worth its beginning ([`Answer::cut`]).
    pub take_cut: bool,
    /// The address that gave the validators among the headers; None: not known. They go there and to `url`, not to
    /// others that redirects lead to.
    pub validators_of: Option<String>,
    /// Login, headers and proxy that the user configured for this address.
    pub access: Access,
}

/// What the reader has set for one address: how it is reached, and what opens it.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Sent to the server of `url` only, instead of ours of the same name.
    pub headers: BTreeMap<String, Secret>,
    /// Basic authentication, at the server of `url` only.
    pub login: Option<Login>,
    /// `http://`, `https://`, `socks5://` or `socks5h://`; without one the system's settings hold.
    pub proxy: Option<Secret>,
    /// Certificates are not checked.
    pub accept_invalid_certificate: bool,
}

/// What came back: any status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The address that answered, after redirects.
    pub url: String,
    /// Statuses of the redirects on the way.
    pub hops: Vec<u16>,
    /// The headers of the last answer, after redirects.
    pub headers: HeaderMap,
    /// Decompressed.
    pub body: Vec<u8>,
    /// Why the body is only the beginning of one, when [`Ask::take_cut`] allows that.
    pub cut: Option<HttpError>,
}

impl Answer {
    /// A header as text; None when it is missing or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Http {
    /// Under these settings.
    ///
    /// # Errors
    ///
    /// TLS can't be had on this machine.
    pub fn new(network: &Network) -> anyhow::Result<Http> {
        Ok(Http { clients: Arc::new(Clients::new(network.timeout)?), network: Arc::new(network.clone()) })
    }

    /// The same connections under other settings, after a reload of the configuration.
    #[must_use]
    pub fn with(&self, network: &Network) -> Http {
        Http { clients: self.clients.clone(), network: Arc::new(network.clone()) }
    }

    /// Asks an address that the reader configured or typed: it may be private. Follows redirects, reads the body up to
    /// the cap. The whole takes at most the timeout.
    ///
    /// # Errors
    ///
    /// There was no complete answer. A complete answer is no error, whatever its status.
    pub async fn get(&self, ask: Ask) -> Result<Answer, HttpError> {
        self.within(&ask, async { self.follow(&ask, parse(&ask.url)?, false).await }).await
    }

    /// As [`Http::get`], for an address that came from outside, as the link of a story: it must be public, allowed by the
    /// configuration, or at the server of the `feed` whose address is given, since stories of a private feed lead there.
    ///
    /// # Errors
    ///
    /// As [`Http::get`], and [`HttpError::Forbidden`] for an address that is not allowed.
    pub async fn get_link(&self, ask: Ask, feed: Option<&str>) -> Result<Answer, HttpError> {
        let work = async {
            let url = parse(&ask.url)?;
            let feed = feed.and_then(|feed| Url::parse(feed).ok());
            let is_public_only = match feed.is_some_and(|feed| is_same_server(&feed, &url)) {
                true => false,
                false => public_only(&url, &self.network.allow_private)?,
            };
            self.follow(&ask, url, is_public_only).await
        };
        self.within(&ask, work).await
    }

    /// Sends a body to an address that the reader configured: it may be private. Follows no redirect, reads no answer;
    /// answers the status. The whole takes at most the timeout.
    ///
    /// # Errors
    ///
    /// No status came back.
    pub async fn post(&self, url: &str, headers: &[(&'static str, String)], body: String) -> Result<u16, HttpError> {
        let work = async {
            let way = ClientSettings { proxy: None, accept_invalid_certificate: false, is_public_only: false };
            let request = self.clients.of(&way)?.post(parse(url)?).header("user-agent", &self.network.user_agent);
            // As bytes: what is sent on may be any text, where a header by the letter has ASCII alone.
            let value = |text: &str| HeaderValue::from_bytes(text.replace(char::is_control, " ").as_bytes()).ok();
            let headers = headers.iter().filter_map(|(name, text)| Some((*name, value(text)?)));
            let request = headers.fold(request, |request, (name, value)| request.header(name, value));
            let response = request.body(body).send().await.map_err(|error| explain(&error))?;
            Ok(response.status().as_u16())
        };
        let limit = self.network.timeout;
        tokio::time::timeout(limit, work).await.unwrap_or(Err(HttpError::Timeout(limit)))
    }

    async fn within(
        &self,
        ask: &Ask,
        work: impl Future<Output = Result<Answer, HttpError>>,
    ) -> Result<Answer, HttpError> {
        let limit = ask.timeout.unwrap_or(self.network.timeout);
        tokio::time::timeout(limit, work).await.unwrap_or(Err(HttpError::Timeout(limit)))
    }

    async fn follow(&self, ask: &Ask, first: Url, is_first_public_only: bool) -> Result<Answer, HttpError> {
        let (mut url, mut is_public_only) = (first.clone(), is_first_public_only);
        let mut hops = Vec::new();
        let limit = ask.timeout.unwrap_or(self.network.timeout);
        let mut is_tried_again = false;
        // Before the whole is given up, what has come is looked at.
        let ends = Instant::now() + limit.mul_f64(READING_PART);
        loop {
            let response = match self.send(&url, ask, &first, is_public_only).await {
                // A connection that was kept open may be closed just as it is used again: a GET is tried once more (RFC
                // 9112, 9.3.1).
                Err(HttpError::NoAnswer) if !is_tried_again => {
                    is_tried_again = true;
                    continue;
                }
                response => response?,
            };
            let Some(target) = redirect(&response) else {
                let cap = ask.max_body.unwrap_or(self.network.max_body);
                let limits = Limits { cap, ends, limit, take_cut: ask.take_cut };
                return read(response, url, hops, limits).await;
            };
            let next = url.join(&target).map_err(|_| HttpError::Forbidden)?;
            is_public_only = self.allowed(&url, &next, is_public_only, (&first, is_first_public_only))?;
            is_tried_again = false;
            hops.push(response.status().as_u16());
            if hops.len() > MAX_HOPS {
                return Err(HttpError::Loop);
            }
            url = next;
        }
    }

    /// Servers other than the first get no header that could be a key.
    async fn send(
        &self,
        url: &Url,
        ask: &Ask,
        first: &Url,
        is_public_only: bool,
    ) -> Result<reqwest::Response, HttpError> {
        let Access { headers, login, proxy, accept_invalid_certificate } = &ask.access;
        let is_home = is_same_server(first, url);
        let way = ClientSettings {
            proxy: proxy.clone(),
            // What was allowed for one server is not for others.
            accept_invalid_certificate: *accept_invalid_certificate && is_home,
            is_public_only,
        };
        let is_validated =
            url == first || ask.validators_of.as_deref().is_none_or(|of| is_same_resource(of, url.as_str()));
        let replaces = |name: &str| is_home && headers.keys().any(|own| own.eq_ignore_ascii_case(name));
        let agent = ask.user_agent.as_ref().unwrap_or(&self.network.user_agent);
        let mut request = self.clients.of(&way)?.get(url.clone());
        if !replaces("user-agent") {
            request = request.header("user-agent", agent);
        }
        if !replaces("accept-encoding") {
            request = request.header("accept-encoding", packed::ACCEPTED);
        }
        for (name, value) in ask.headers.iter().filter(|(name, _)| is_home || HARMLESS.contains(name)) {
            if !replaces(name) && (is_validated || !CONDITIONS.contains(name)) {
                request = request.header(*name, value);
            }
        }
        for (name, Secret(value)) in headers.iter().filter(|_| is_home) {
            let mut value =
                HeaderValue::try_from(value).map_err(|_| unusable("a header of its entry holds what no header may"))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if let Some(login) = login.as_ref().filter(|_| is_home) {
            request = request.basic_auth(&login.user, Some(&login.password.0));
        }
        request.send().await.map_err(|error| explain(&error))
    }

    /// A redirect may lead anywhere public over http(s); to a private address only within its own host, back to the server
    /// that was asked first, or by leave of the configuration. Answers whether the connection must be guarded.
    fn allowed(&self, from: &Url, to: &Url, is_public_only: bool, first: (&Url, bool)) -> Result<bool, HttpError> {
        if !matches!(to.scheme(), "http" | "https") || (from.scheme() == "https" && to.scheme() == "http") {
            return Err(HttpError::Forbidden);
        }
        match first {
            _ if is_same_server(from, to) => Ok(is_public_only),
            (first, is_public_only) if is_same_server(first, to) => Ok(is_public_only),
            _ => public_only(to, &self.network.allow_private),
        }
    }
}

/// Whether an address from outside must be guarded when it is connected to: by leave of the configuration it need not.
/// Numbers are checked here, names when they are looked up ([`client`]).
fn public_only(to: &Url, leaves: &[String]) -> Result<bool, HttpError> {
    if leaves.iter().any(|leave| is_leave_for(leave, to)) {
        return Ok(false);
    }
    let number = match to.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
        _ => None,
    };
    if number.is_some_and(is_private) { Err(HttpError::Forbidden) } else { Ok(true) }
}

/// Where an answer sends to, if it does. Only these statuses do so by RFC 9110 without a choice. Addresses should be ASCII;
/// those that are not are UTF-8, as browsers take them.
fn redirect(response: &reqwest::Response) -> Option<String> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let target = response.headers().get(LOCATION)?.as_bytes();
    Some(String::from_utf8(target.to_vec()).unwrap_or_else(|_| target.iter().map(|byte| char::from(*byte)).collect()))
}

/// Whether two addresses differ at most in their query, where redirects to storage carry a signature that is new each
/// time.
pub fn is_same_resource(one: &str, other: &str) -> bool {
    let bare = |url: &str| url.split(['?', '#']).next().map(str::to_owned);
    bare(one) == bare(other)
}

/// The same host and port, or the step from http to https there.
pub fn is_same_server(from: &Url, to: &Url) -> bool {
    from.host().is_some() && is_same_host(from, to)
}

fn is_same_host(from: &Url, to: &Url) -> bool {
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    from.host() == to.host() && (ports.0 == ports.1 || ports == (Some(80), Some(443)))
}

fn parse(url: &str) -> Result<Url, HttpError> {
    let url = Url::parse(url).map_err(|error| HttpError::Address(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(unusable("it must begin with http:// or https://")),
    }
}

fn unusable(why: &str) -> HttpError {
    HttpError::Address(why.into())
}

/// How far a body is read.
struct Limits {
    /// Bytes.
    cap: u64,
    ends: Instant,
    /// The time for the whole, as a sentence tells it.
    limit: Duration,
    take_cut: bool,
}

async fn read(mut response: reqwest::Response, url: Url, hops: Vec<u16>, limits: Limits) -> Result<Answer, HttpError> {
    let mut body = Vec::new();
    let filled = fill(&mut body, &mut response, &limits).await;
    let (body, unpacked) = packed::unpack(body, limits.cap);
    let cut = match filled.and(unpacked) {
        Ok(()) => None,
        Err(trouble) if limits.take_cut && !body.is_empty() => Some(trouble),
        Err(trouble) => return Err(trouble),
    };
    Ok(Answer {
        status: response.status().as_u16(),
        url: url.into(),
        hops,
        headers: std::mem::take(response.headers_mut()),
        body,
        cut,
    })
}

/// Reads until the end, or until something speaks against going on.
async fn fill(body: &mut Vec<u8>, response: &mut reqwest::Response, limits: &Limits) -> Result<(), HttpError> {
    loop {
        let chunk = tokio::time::timeout_at(limits.ends, response.chunk()).await;
        let chunk = chunk.map_err(|_| HttpError::Timeout(limits.limit))?.map_err(|error| broken(&error))?;
        let Some(chunk) = chunk else { return Ok(()) };
        if (body.len() + chunk.len()) as u64 > limits.cap {
            return Err(HttpError::TooLarge(limits.cap));
        }
        body.extend_from_slice(&chunk);
    }
}

fn broken(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() { HttpError::Timeout(IDLE_TIMEOUT) } else { HttpError::Broken }
}

fn is_leave_for(leave: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    leave == host || url.port_or_known_default().is_some_and(|port| leave == format!("{host}:{port}"))
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
                    // Translation within a network (RFC 8215): what is behind it is not the public internet.
                    || matches!(v6.segments(), [0x64, 0xff9b, 1, ..])
                    // Only for documents, or to be thrown away.
                    || matches!(v6.segments(), [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..])
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

/// IPv4 inside IPv6: mapped, translated (`64:ff9b::/96` and the old `::ffff:0:0/96`), 6to4 (`2002::/16`), Teredo
/// (`2001::/32`, whose address is inverted), ISATAP, and the old compatible form.
fn wrapped(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => join(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => join(high, low),
        [0x2002, high, low, ..] => join(high, low),
        [0x2001, 0, _, _, _, _, high, low] => join(!high, !low),
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => join(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => join(high, low),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
