//! What a feed is asked with besides its address: headers, login, proxy. Their values may name environment variables as
//! `${NAME}`, so that a secret need not stand in the file; they are never printed, logged or repeated in a message.

use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

use url::Url;

use super::config_error::shown;
use super::doc::{Table, Value, Wrong, read_text};
use crate::domain::alert::Alert;
use crate::domain::feed::{Feed, Login, Secret};

/// Headers that are newstape's own business, or its HTTP client's (RFC 9110, 7.6.1: those of the connection itself).
const RESERVED: [&str; 16] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
const PROXIES: [&str; 4] = ["http", "https", "socks5", "socks5h"];
const PROXY: &str = "an address that begins with http://, https://, socks5:// or socks5h://";
const HEADER: &str = "text of plain ASCII letters, digits and signs";

pub(super) fn merge(entry: &Table, feed: &mut Feed) {
    let mut headers = BTreeMap::new();
    let given = entry.pairs("headers", |name, value| {
        if let Some(why) = refused(name) {
            entry.warn("headers", &format!("can't send the header {}: {why}; ignored", shown(name)));
            return Ok(());
        }
        headers.insert(name.to_ascii_lowercase(), Secret(header(value)?));
        Ok(())
    });
    if given {
        feed.headers = headers;
    }
    login(entry, feed);
    proxy(entry, feed);
}

/// Why a header of this name is not sent, if so.
fn refused(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match name.as_str() {
        "user-agent" => Some("write it as user-agent = \"…\""),
        name if RESERVED.contains(&name) => Some("newstape sets it itself"),
        name if name.is_empty() || !name.bytes().all(is_token) => Some("that is no name of a header"),
        _ => None,
    }
}

/// An empty value would be no mistake, but no use either.
fn header(value: &Value) -> Result<String, Wrong> {
    let text = read_text(value)?;
    if fits_header(&text) { Ok(text.trim().into()) } else { Err(Wrong::of_value(value, HEADER)) }
}

fn fits_header(text: &str) -> bool {
    !text.trim().is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// A name and a password; neither is of use alone. An empty text takes away the login of a shipped entry.
fn login(entry: &Table, feed: &mut Feed) {
    if entry.is_empty_text("login") {
        feed.login = None;
    }
    let (mut user, mut password) = (None, None);
    let given = entry.part("login", |table| {
        user = table.get("user", plain);
        password = table.get("password", plain);
    });
    match (user, password) {
        (Some(user), Some(password)) => feed.login = Some(Login { user, password: Secret(password) }),
        _ if given => entry.warn("login", "needs a user and a password in its login; ignored"),
        _ => {}
    }
}

/// Any text on one line. RFC 7617 forbids control characters in both parts.
fn plain(value: &Value) -> Result<String, Wrong> {
    let text = read_text(value)?;
    if fits_login(&text) { Ok(text) } else { Err(Wrong::of_value(value, "text without control characters")) }
}

fn fits_login(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Whoever writes a proxy does not want to be seen without it: with a bad one the feed is not asked at all.
fn proxy(entry: &Table, feed: &mut Feed) {
    if entry.is_empty_text("proxy") {
        feed.proxy = None;
    }
    let read = entry.get("proxy", |value| {
        let text = read_text(value)?;
        let usable = text.is_empty() || names_a_variable(&text) || fits_proxy(&text);
        if usable { Ok(text) } else { Err(Wrong::of_value(value, PROXY)) }
    });
    match read {
        Some(text) if !text.is_empty() => feed.proxy = Some(Secret(text.trim().into())),
        None if entry.gives("proxy") => {
            feed.enabled = false;
            entry.warn("proxy", "is not asked past its proxy; switched off");
        }
        _ => {}
    }
}

fn fits_proxy(text: &str) -> bool {
    let url = Url::parse(text.trim()).ok();
    url.is_some_and(|url| PROXIES.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty()))
}

/// `https://name:password@host/` is a login too, and an address is shown where a password must not be.
pub(super) fn login_of_address(feed: &mut Feed) {
    let Ok(mut url) = Url::parse(&feed.url) else { return };
    if url.username().is_empty() && url.password().is_none() {
        return;
    }
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().replace(char::is_control, "");
    let login = Login { user: plain(url.username()), password: Secret(plain(url.password().unwrap_or_default())) };
    // Both only fail for addresses without a host, which are no addresses of feeds.
    if url.set_username("").and(url.set_password(None)).is_ok() {
        feed.url = url.into();
        feed.login.get_or_insert(login);
    }
}

// --- the environment ---

/// Puts the environment's values where a feed's settings name variables. What names one that is missing, or whose value
/// is of no use, is left away, with a sentence.
pub(super) fn fill(feed: &mut Feed, variable: &impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |what: &str, why: Missing, then: &str| {
        warnings.push(format!("{what} of feed {} {}; {then}", shown(&feed.name), why.sentence()));
    };
    feed.headers.retain(|name, secret| match filled(&secret.0, variable, fits_header) {
        Ok(value) => {
            secret.0 = value;
            true
        }
        Err(why) => {
            warn(&format!("the header {}", shown(name)), why, "it is asked without it");
            false
        }
    });
    if let Some(login) = feed.login.take() {
        let user = filled(&login.user, variable, fits_login);
        let password = filled(&login.password.0, variable, fits_login);
        match user.and_then(|user| Ok(Login { user, password: Secret(password?) })) {
            Ok(login) => feed.login = Some(login),
            Err(why) => warn("the login", why, "it is asked without it"),
        }
    }
    if let Some(proxy) = feed.proxy.take() {
        match filled(&proxy.0, variable, fits_proxy) {
            Ok(proxy) => feed.proxy = Some(Secret(proxy)),
            Err(why) => {
                warn("the proxy", why, "it is not asked past its proxy: switched off");
                feed.enabled = false;
            }
        }
    }
    warnings
}

/// Puts the environment's values into the address that an alert is posted to.
pub(super) fn fill_post(alert: &mut Alert, variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let post = alert.post.take()?;
    let is_address = |text: &str| {
        Url::parse(text.trim()).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
    };
    match filled(&post.0, variable, is_address) {
        Ok(address) => {
            alert.post = Some(Secret(address.trim().to_owned()));
            None
        }
        Err(why) => Some(format!("the address of alert {} {}; it is not posted", shown(&alert.name), why.sentence())),
    }
}

/// Which variable is the trouble.
enum Missing {
    NotSet(String),
    NoUse(String),
}

impl Missing {
    fn sentence(&self) -> String {
        match self {
            Missing::NotSet(name) => format!("names the environment variable {name}, which is not set"),
            Missing::NoUse(name) => format!("names the environment variable {name}, whose value can't be used there"),
        }
    }
}

/// The text with the values of its variables; one without variables stays as it stands.
fn filled(
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
    fits: impl Fn(&str) -> bool,
) -> Result<String, Missing> {
    let (mut full, mut last) = (String::new(), None);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => full.push_str(text),
            Piece::Variable(name) => {
                let value = variable(name).filter(|value| !value.trim().is_empty());
                let value = value.ok_or_else(|| Missing::NotSet(name.into()))?;
                full.push_str(value.trim_end_matches(['\r', '\n']));
                last = Some(name);
            }
        }
    }
    match last {
        Some(name) if !fits(&full) => Err(Missing::NoUse(name.into())),
        _ => Ok(full),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// A value in its parts: `${NAME}`, of letters, digits and `_`, is a variable; anything else is only text.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut parts = text.split("${");
    pieces.extend(parts.next().map(Piece::Text));
    for part in parts {
        match part.split_once('}').filter(|(name, _)| is_variable(name)) {
            Some((name, rest)) => pieces.extend([Piece::Variable(name), Piece::Text(rest)]),
            None => pieces.extend([Piece::Text("${"), Piece::Text(part)]),
        }
    }
    pieces
}

fn is_variable(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(is_part)
}

pub(super) fn names_a_variable(text: &str) -> bool {
    pieces(text).iter().any(|piece| matches!(piece, Piece::Variable(_)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Config, load};
    use super::*;

    fn config(fields: &str) -> Config {
        load(Some(("c.toml", &format!("[[feed]]\nname = 'F'\nurl = 'https://f.example/'\n{fields}")))).unwrap()
    }

    fn feed(config: &Config) -> &Feed {
        config.feeds.iter().find(|feed| &*feed.name == "F").unwrap()
    }

    #[test]
    fn variables_are_found() {
        for (text, expected) in [
            ("a", vec![Piece::Text("a")]),
            ("${A_1}", vec![Piece::Text(""), Piece::Variable("A_1"), Piece::Text("")]),
            (
                "$A ${1} ${}",
                vec![Piece::Text("$A "), Piece::Text("${"), Piece::Text("1} "), Piece::Text("${"), Piece::Text("}")],
            ),
            ("x${", vec![Piece::Text("x"), Piece::Text("${"), Piece::Text("")]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn the_environment_fills_in() {
        let mut config = config(
            "headers = { Authorization = 'Bearer ${TOKEN}', X-Plain = 'costs $5' }\n\
             login = { user = '${WHO}', password = '${TOKEN}' }\nproxy = 'http://u:${TOKEN}@proxy:1/'",
        );
        config.take_keys(|name| match name {
            "TOKEN" => Some("s3cret${WHO}\n".into()),
            "WHO" => Some("jane".into()),
            _ => None,
        });
        assert_eq!(config.warnings, [""; 0]);
        let feed = feed(&config);
        assert_eq!(feed.headers["authorization"].0, "Bearer s3cret${WHO}");
        assert_eq!(feed.headers["x-plain"].0, "costs $5");
        let login = feed.login.as_ref().unwrap();
        assert_eq!((login.user.as_str(), login.password.0.as_str()), ("jane", "s3cret${WHO}"));
        assert_eq!(feed.proxy.as_ref().unwrap().0, "http://u:s3cret${WHO}@proxy:1/");
        for text in [config.print(), format!("{config:?}")] {
            assert!(!text.contains("s3cret"), "a secret is shown");
        }
    }

    #[test]
    fn what_is_not_set_is_named_and_left_away() {
        let mut config = config(
            "headers = { X-Key = '${NOT_THERE}', X-Odd = 'a${ODD}', X-Fine = 'b' }\n\
             login = { user = 'jane', password = '${NOT_THERE}' }\nproxy = '${NOT_THERE}'",
        );
        config.take_keys(|name| (name == "ODD").then(|| "caf\u{e9}".into()));
        assert_eq!(
            config.warnings,
            [
                "the header 'x-key' of feed 'F' names the environment variable NOT_THERE, which is not set; it is asked \
             without it",
                "the header 'x-odd' of feed 'F' names the environment variable ODD, whose value can't be used there; it is \
             asked without it",
                "the login of feed 'F' names the environment variable NOT_THERE, which is not set; it is asked without it",
                "the proxy of feed 'F' names the environment variable NOT_THERE, which is not set; it is not asked past its \
             proxy: switched off",
            ]
        );
        let feed = feed(&config);
        assert_eq!(feed.headers.keys().collect::<Vec<_>>(), ["x-fine"]);
        assert_eq!((&feed.login, &feed.proxy, feed.enabled), (&None, &None, false));
    }

    #[test]
    fn a_login_in_the_address_is_taken_out_of_it() {
        let config =
            load(Some(("c.toml", "[[feed]]\nname = 'F'\nurl = 'https://j%40ne:p%3Aw@f.example/x?y'"))).unwrap();
        let feed = feed(&config);
        let login = feed.login.as_ref().unwrap();
        assert_eq!((login.user.as_str(), login.password.0.as_str()), ("j@ne", "p:w"));
        assert_eq!(feed.url, "https://f.example/x?y");
        assert!(!config.print().contains("p:w"));
    }

    #[test]
    fn an_empty_text_takes_away_what_stands() {
        let config = config("login = ''\nproxy = ''\nheaders = {}\nkill = ''");
        assert_eq!(config.warnings, [""; 0]);
        let feed = feed(&config);
        assert!(feed.login.is_none() && feed.proxy.is_none() && feed.headers.is_empty() && feed.kill.is_none());
    }
}
