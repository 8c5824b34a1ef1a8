use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

fn network() -> Network {
    Network {
        user_agent: "newstape/test".into(),
        timeout: Duration::from_secs(5),
        max_body: 1 << 20,
        domain_spacing: Duration::ZERO,
        feed_floor: Duration::ZERO,
        allow_private: Vec::new(),
    }
}

fn http(change: impl FnOnce(&mut Network)) -> Http {
    let mut network = network();
    change(&mut network);
    Http::new(&network).unwrap()
}

async fn server(at: &str, template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path(at)).respond_with(template).mount(&server).await;
    server
}

async fn asked(server: &MockServer) -> Vec<wiremock::Request> {
    server.received_requests().await.unwrap()
}

fn to(url: impl Into<String>) -> Ask {
    Ask { url: url.into(), ..Ask::default() }
}

fn redirect_to(target: &str) -> ResponseTemplate {
    ResponseTemplate::new(301).insert_header("location", target)
}

/// Zstandard (RFC 8878): a frame of blocks that each repeat one byte 128 KiB long, and take four bytes themselves.
fn bomb(blocks: u32) -> Vec<u8> {
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    for block in 1..=blocks {
        let is_last = u32::from(block == blocks);
        let header = (128 << 10) << 3 | 1 << 1 | is_last;
        bytes.extend(&u32::to_le_bytes(header)[..3]);
        bytes.push(b'x');
    }
    bytes
}

#[tokio::test]
async fn a_body_is_capped_after_decompression() {
    let packed =
        |blocks| ResponseTemplate::new(200).insert_header("content-encoding", "zstd").set_body_bytes(bomb(blocks));
    let small = server("/", packed(8)).await;
    let answer = http(|_| {}).get(to(small.uri())).await.unwrap();
    assert_eq!(answer.body.len(), 1 << 20);
    let big = server("/", packed(80_000)).await;
    assert_eq!(http(|_| {}).get(to(big.uri())).await.unwrap_err(), Trouble::TooLarge(1 << 20));
    let own = Ask { max_body: Some(1000), ..to(small.uri()) };
    assert_eq!(http(|_| {}).get(own).await.unwrap_err(), Trouble::TooLarge(1000));
}

#[tokio::test]
async fn a_body_that_breaks_off_or_is_not_what_it_says_is_broken() {
    let torn = ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_string("no gzip");
    let server = server("/", torn).await;
    assert_eq!(http(|_| {}).get(to(server.uri())).await.unwrap_err(), Trouble::Broken);
}

#[tokio::test]
async fn the_whole_takes_at_most_the_timeout() {
    let server = server("/", ResponseTemplate::new(200).set_delay(Duration::from_secs(60))).await;
    let limit = Duration::from_millis(50);
    let slow = http(|network| network.timeout = limit).get(to(server.uri())).await;
    assert_eq!(slow.unwrap_err(), Trouble::Timeout(limit));
    let own = Ask { timeout: Some(limit), ..to(server.uri()) };
    assert_eq!(http(|_| {}).get(own).await.unwrap_err(), Trouble::Timeout(limit));
}

#[tokio::test]
async fn redirects_within_a_server_are_followed_and_told() {
    let server = server("/a", redirect_to("/b?c=1")).await;
    Mock::given(path("/b")).respond_with(ResponseTemplate::new(200).set_body_string("here")).mount(&server).await;
    let answer = http(|_| {}).get(to(format!("{}/a", server.uri()))).await.unwrap();
    assert_eq!((answer.status, answer.hops.as_slice(), answer.body.as_slice()), (200, &[301][..], &b"here"[..]));
    assert_eq!(answer.url, format!("{}/b?c=1", server.uri()));
}

#[tokio::test]
async fn a_loop_ends() {
    let server = server("/", redirect_to("/")).await;
    assert_eq!(http(|_| {}).get(to(server.uri())).await.unwrap_err(), Trouble::Loop);
    assert_eq!(asked(&server).await.len(), MAX_HOPS + 1);
}

#[tokio::test]
async fn a_304_and_a_redirect_to_nowhere_are_answers() {
    for status in [300, 304, 301] {
        let server = server("/", ResponseTemplate::new(status)).await;
        assert_eq!(http(|_| {}).get(to(server.uri())).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused_before_anything_is_sent() {
    let inner = server("/", ResponseTemplate::new(200)).await;
    let by_name = inner.uri().replace("127.0.0.1", "localhost");
    for target in [inner.uri(), by_name, "file:///etc/passwd".into(), "http://[::ffff:127.0.0.1]/".into()] {
        let outer = server("/", redirect_to(&target)).await;
        assert_eq!(http(|_| {}).get(to(outer.uri())).await.unwrap_err(), Trouble::Forbidden, "{target}");
    }
    assert!(asked(&inner).await.is_empty());
}

#[tokio::test]
async fn a_private_address_may_be_allowed_by_host_or_by_port() {
    let inner = server("/", ResponseTemplate::new(200)).await;
    let outer = server("/", redirect_to(&inner.uri())).await;
    for leave in ["127.0.0.1".to_owned(), inner.address().to_string()] {
        let http = http(|network| network.allow_private = vec![leave]);
        assert_eq!(http.get(to(outer.uri())).await.unwrap().status, 200);
    }
    let other = http(|network| network.allow_private = vec![outer.address().to_string()]);
    assert_eq!(other.get(to(outer.uri())).await.unwrap_err(), Trouble::Forbidden);
}

#[tokio::test]
async fn an_address_from_outside_must_be_public_and_a_configured_one_need_not() {
    let server = server("/", ResponseTemplate::new(200)).await;
    assert_eq!(http(|_| {}).get_link(to(server.uri())).await.unwrap_err(), Trouble::Forbidden);
    assert!(asked(&server).await.is_empty());
    assert_eq!(http(|_| {}).get(to(server.uri())).await.unwrap().status, 200);
}

#[tokio::test]
async fn keys_stay_at_the_origin_they_were_meant_for() {
    let other = server("/", ResponseTemplate::new(200)).await;
    let first = server("/", redirect_to(&other.uri())).await;
    let http = http(|network| network.allow_private = vec!["127.0.0.1".into()]);
    let headers = BTreeMap::from([("x-api-key", "secret".to_owned()), ("accept", "text/xml".to_owned())]);
    http.get(Ask { headers, ..to(first.uri()) }).await.unwrap();
    assert_eq!(asked(&first).await[0].headers["x-api-key"], "secret");
    let redirected = &asked(&other).await[0].headers;
    assert!(!redirected.contains_key("x-api-key") && !redirected.contains_key("referer"));
    assert_eq!(redirected["accept"], "text/xml");
}

#[tokio::test]
async fn from_https_to_http_is_refused() {
    let url = |text: &str| Url::parse(text).unwrap();
    let http = http(|_| {});
    for (from, to, is_allowed) in [
        ("https://192.0.2.1/", "http://192.0.2.1/", false),
        ("http://192.0.2.1/", "https://192.0.2.1/", true),
        ("http://10.0.0.1/", "https://10.0.0.1/", true),
        ("http://10.0.0.1/", "https://10.0.0.1:8443/", false),
        ("https://93.184.216.34/", "https://10.0.0.1/", false),
        ("https://93.184.216.34/", "ftp://93.184.216.34/", false),
    ] {
        assert_eq!(http.allowed(&url(from), &url(to), false).is_ok(), is_allowed, "{from} -> {to}");
    }
}

#[tokio::test]
async fn what_is_no_address_is_told_as_such() {
    for url in ["", "feed", "ftp://example.org/", "http://"] {
        let trouble = http(|_| {}).get(to(url)).await.unwrap_err();
        assert!(matches!(trouble, Trouble::Address(_)), "{url}: {trouble}");
    }
}

#[test]
fn private_addresses() {
    for (address, expected) in [
        ("127.0.0.1", true),
        ("10.1.2.3", true),
        ("172.31.0.1", true),
        ("192.168.0.1", true),
        ("169.254.169.254", true),
        ("100.64.0.1", true),
        ("0.0.0.0", true),
        ("224.0.0.1", true),
        ("255.255.255.255", true),
        ("198.18.0.1", true),
        ("8.8.8.8", false),
        ("100.128.0.1", false),
        ("::1", true),
        ("::", true),
        ("fe80::1", true),
        ("fd00::1", true),
        ("ff02::1", true),
        ("::ffff:10.0.0.1", true),
        ("64:ff9b::a00:1", true),
        ("2002:a00:1::", true),
        ("::127.0.0.1", true),
        ("::ffff:8.8.8.8", false),
        ("2606:4700::1111", false),
    ] {
        assert_eq!(is_private(address.parse().unwrap()), expected, "{address}");
    }
}
