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
    assert_eq!(http(|_| {}).get(to(big.uri())).await.unwrap_err(), HttpError::TooLarge(1 << 20));
    let own = Ask { max_body: Some(1000), ..to(small.uri()) };
    assert_eq!(http(|_| {}).get(own).await.unwrap_err(), HttpError::TooLarge(1000));
}

#[tokio::test]
async fn a_body_that_is_not_what_it_says_is_broken() {
    let torn = ResponseTemplate::new(200).insert_header("content-encoding", "zstd").set_body_string("no zstd");
    let server = server("/", torn).await;
    assert_eq!(http(|_| {}).get(to(server.uri())).await.unwrap_err(), HttpError::Broken);
}

#[tokio::test]
async fn the_whole_takes_at_most_the_timeout() {
    let server = server("/", ResponseTemplate::new(200).set_delay(Duration::from_mins(1))).await;
    let limit = Duration::from_millis(50);
    let slow = http(|network| network.timeout = limit).get(to(server.uri())).await;
    assert_eq!(slow.unwrap_err(), HttpError::Timeout(limit));
    let own = Ask { timeout: Some(limit), ..to(server.uri()) };
    assert_eq!(http(|_| {}).get(own).await.unwrap_err(), HttpError::Timeout(limit));
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
    assert_eq!(http(|_| {}).get(to(server.uri())).await.unwrap_err(), HttpError::Loop);
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
        assert_eq!(http(|_| {}).get(to(outer.uri())).await.unwrap_err(), HttpError::Forbidden, "{target}");
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
    assert_eq!(other.get(to(outer.uri())).await.unwrap_err(), HttpError::Forbidden);
}

#[tokio::test]
async fn stories_of_a_private_feed_lead_to_its_own_server() {
    let own = server("/", ResponseTemplate::new(200)).await;
    let (http, feed) = (http(|_| {}), format!("{}/feed", own.uri()));
    assert_eq!(http.get_link(to(own.uri()), Some(&feed)).await.unwrap().status, 200);
    let other = server("/", ResponseTemplate::new(200)).await;
    let refused = http.get_link(to(other.uri()), Some(&feed)).await.unwrap_err();
    assert_eq!(refused, HttpError::Forbidden, "the server of another feed is none of its own");
    assert!(asked(&other).await.is_empty());
}

#[tokio::test]
async fn an_address_from_outside_must_be_public_and_a_configured_one_need_not() {
    let server = server("/", ResponseTemplate::new(200)).await;
    assert_eq!(http(|_| {}).get_link(to(server.uri()), None).await.unwrap_err(), HttpError::Forbidden);
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
        assert_eq!(
            http.allowed(&url(from), &url(to), false, (&url(from), false)).is_ok(),
            is_allowed,
            "{from} -> {to}"
        );
    }
}

#[tokio::test]
async fn what_is_no_address_is_told_as_such() {
    for url in ["", "feed", "ftp://example.org/", "http://"] {
        let trouble = http(|_| {}).get(to(url)).await.unwrap_err();
        assert!(matches!(trouble, HttpError::Address(_)), "{url}: {trouble}");
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
        ("64:ff9b:1::8.8.8.8", true),
        ("64:ff9b:1:ffff::1", true),
        ("64:ff9b::8.8.8.8", false),
        ("::ffff:0:10.0.0.1", true),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", true),
        ("2606:4700::5efe:10.0.0.1", true),
        ("2001:db8::1", true),
        ("::ffff:8.8.8.8", false),
        ("2606:4700::1111", false),
    ] {
        assert_eq!(is_private(address.parse().unwrap()), expected, "{address}");
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left() {
    tokio::time::pause();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let begun = tokio::time::Instant::now();
    let serve = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<rss").await.unwrap();
        std::future::pending::<()>().await;
    };
    let http = http(|network| network.timeout = Duration::from_mins(5));
    tokio::select! {
        answer = http.get(to(url)) => assert_eq!(answer.unwrap_err(), HttpError::Timeout(IDLE_TIMEOUT)),
        () = serve => {}
    }
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_worth_its_beginning_to_who_takes_that() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serve = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<rss").await.unwrap();
        }
    };
    let http = http(|_| {});
    let asks = async {
        assert_eq!(http.get(to(url.clone())).await.unwrap_err(), HttpError::Broken);
        let answer = http.get(Ask { take_cut: true, ..to(url) }).await.unwrap();
        assert_eq!((answer.body.as_slice(), answer.cut), (b"<rss".as_slice(), Some(HttpError::Broken)));
    };
    tokio::select! {
        () = asks => {}
        () = serve => {}
    }
}

#[tokio::test]
async fn own_headers_and_login_go_to_their_own_server_only_and_replace_ours() {
    let other = server("/", ResponseTemplate::new(200)).await;
    let first = server("/", redirect_to(&other.uri())).await;
    let http = http(|network| network.allow_private = vec!["127.0.0.1".into()]);
    let own = |name: &str, value: &str| (name.to_owned(), Secret(value.to_owned()));
    let access = Access {
        headers: BTreeMap::from([own("X-Token", "t"), own("User-Agent", "mine"), own("Accept", "text/mine")]),
        login: Some(Login { user: "jane".into(), password: Secret("secret".into()) }),
        ..Access::default()
    };
    let headers = BTreeMap::from([("accept", "text/xml".to_owned())]);
    let ask = Ask { headers, access, ..to(first.uri()) };
    assert!(!format!("{ask:?}").contains("secret"));
    http.get(ask).await.unwrap();
    let sent = &asked(&first).await[0].headers;
    assert_eq!(
        (&sent["x-token"], &sent["user-agent"], &sent["accept"]),
        (&"t".parse().unwrap(), &"mine".parse().unwrap(), &"text/mine".parse().unwrap())
    );
    assert_eq!(sent["authorization"], "Basic amFuZTpzZWNyZXQ=");
    assert!(!sent.contains_key("cookie") && !sent.contains_key("referer") && !sent.contains_key("cache-control"));
    let sent = &asked(&other).await[0].headers;
    assert!(!sent.contains_key("x-token") && !sent.contains_key("authorization"));
    assert_eq!(
        (&sent["user-agent"], &sent["accept"]),
        (&"newstape/test".parse().unwrap(), &"text/xml".parse().unwrap())
    );
}

#[tokio::test]
async fn validators_go_to_the_address_that_gave_them_and_to_no_other_that_redirects_lead_to() {
    let server = server("/a", redirect_to("/b?signature=2")).await;
    Mock::given(path("/b")).respond_with(ResponseTemplate::new(304)).mount(&server).await;
    let ask = |of: Option<&str>| Ask {
        headers: BTreeMap::from([("if-none-match", "\"x\"".to_owned())]),
        validators_of: of.map(|path| format!("{}{path}", server.uri())),
        ..to(format!("{}/a", server.uri()))
    };
    for (of, expected) in [(None, true), (Some("/b?signature=1"), true), (Some("/c"), false), (Some("/a"), false)] {
        http(|_| {}).get(ask(of)).await.unwrap();
        let requests = asked(&server).await;
        let [first, second] = &requests[requests.len() - 2..] else { panic!("two requests each") };
        assert!(first.headers.contains_key("if-none-match"));
        assert_eq!(second.headers.contains_key("if-none-match"), expected, "{of:?}");
    }
}

#[tokio::test]
async fn a_feed_may_have_its_own_proxy() {
    let proxy = server("/feed", ResponseTemplate::new(200).set_body_string("through")).await;
    let by = |proxy: &str| Access { proxy: Some(Secret(proxy.into())), ..Access::default() };
    let http = http(|_| {});
    let ask = Ask { access: by(&proxy.uri()), ..to("http://feeds.example.org/feed") };
    assert_eq!(http.get(ask).await.unwrap().body, b"through");
    for bad in ["", "http://", "not a proxy"] {
        let trouble = http.get(Ask { access: by(bad), ..to("http://feeds.example.org/feed") }).await.unwrap_err();
        assert_eq!(trouble, HttpError::Proxy, "{bad}");
        assert_eq!(trouble.to_string(), "its proxy can't be used; see 'proxy' in its entry in the config");
    }
}

#[test]
fn the_ways_kept_open_are_bounded() {
    let clients = Clients::new(Duration::from_secs(5)).unwrap();
    for port in 1..200 {
        let proxy = Some(Secret(format!("http://127.0.0.1:{port}")));
        clients.of(&ClientSettings { proxy, ..ClientSettings::default() }).unwrap();
    }
    assert!(format!("{clients:?}").matches("Client {").count() <= 2 * 17);
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_when_it_is_connected_to() {
    let inner = server("/", ResponseTemplate::new(200)).await;
    let by_name = inner.uri().replace("127.0.0.1", "localhost");
    assert_eq!(http(|_| {}).get_link(to(by_name.clone()), None).await.unwrap_err(), HttpError::Forbidden);
    assert!(asked(&inner).await.is_empty());
    assert_eq!(http(|_| {}).get(to(by_name.clone())).await.unwrap().status, 200, "a configured address may be private");
    let leave = http(|network| network.allow_private = vec!["localhost".into()]);
    assert_eq!(leave.get_link(to(by_name), None).await.unwrap().status, 200);
}

/// "feed" packed by gzip.
const PACKED: &[u8] =
    &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x4b, 0x4b, 0x4d, 0x4d, 1, 0, 0xab, 0x44, 0x40, 0x23, 4, 0, 0, 0];

#[tokio::test]
async fn gzip_is_known_by_its_bytes() {
    for (encoding, sent, expected) in [
        (Some("gzip"), PACKED, "feed"),
        (Some("x-gzip"), PACKED, "feed"),
        (Some("GZIP"), PACKED, "feed"),
        (None, PACKED, "feed"),
        (Some("gzip"), b"feed", "feed"),
        (Some("identity"), b"feed", "feed"),
    ] {
        let answer = ResponseTemplate::new(200).set_body_bytes(sent);
        let answer = match encoding {
            Some(encoding) => answer.insert_header("content-encoding", encoding),
            None => answer,
        };
        let server = server("/", answer).await;
        let answer = http(|_| {}).get(to(server.uri())).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer.body), expected, "{encoding:?}");
        assert_eq!(asked(&server).await[0].headers["accept-encoding"], "gzip, br, zstd");
    }
}

/// A server that answers each connection with these bytes, one after the other, and closes it when they are sent.
/// Counts the connections.
async fn closing(answers: Vec<Vec<u8>>) -> (String, tokio::task::JoinHandle<usize>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "the shell's tasks are not of this floor")]
    let task = tokio::spawn(async move {
        let count = answers.len();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            stream.write_all(&answer).await.unwrap();
            let _ = stream.shutdown().await;
        }
        count
    });
    (address, task)
}

#[tokio::test]
async fn an_address_in_utf_8_is_followed() {
    let first = "HTTP/1.1 301 M\r\nLocation: /été/日本?q=ü\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let latin = b"HTTP/1.1 302 F\r\nLocation: /\xe9t\xe9\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
    let last = b"HTTP/1.1 200 O\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".to_vec();
    let (address, task) = closing(vec![first.into(), latin, last]).await;
    let answer = http(|_| {}).get(to(address.clone())).await.unwrap();
    assert_eq!((answer.url, answer.hops), (format!("{address}/%C3%A9t%C3%A9"), vec![301, 302]));
    assert_eq!(task.await.unwrap(), 3);
}

#[tokio::test]
async fn a_kept_connection_that_is_closed_costs_one_more_try() {
    // It promises to keep the connection, and closes it.
    let redirect = b"HTTP/1.1 301 M\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".to_vec();
    let last = b"HTTP/1.1 200 O\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let (address, _) = closing(vec![redirect, last.clone()]).await;
    let answer = http(|_| {}).get(to(address)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]));
    // One that hangs up is asked twice, not for ever.
    let (address, task) = closing(vec![Vec::new(), Vec::new(), last]).await;
    assert_eq!(http(|_| {}).get(to(address)).await.unwrap_err(), HttpError::NoAnswer);
    assert!(!task.is_finished(), "no third time");
}

#[tokio::test]
async fn a_redirect_to_the_private_server_of_another_feed_is_refused() {
    let other = server("/", ResponseTemplate::new(200)).await;
    let own = server("/", redirect_to(&other.uri())).await;
    let all = http(|_| {});
    assert_eq!(all.get(to(own.uri())).await.unwrap_err(), HttpError::Forbidden);
    assert_eq!(all.get_link(to(own.uri()), Some(&own.uri())).await.unwrap_err(), HttpError::Forbidden);
    assert!(asked(&other).await.is_empty());
    let allowed = http(|network| network.allow_private = vec![other.address().to_string()]);
    assert_eq!(allowed.get(to(own.uri())).await.unwrap().status, 200);
}

/// A host that no resolver has to be asked about: a label of a name has at most 63 bytes.
fn unknown_host() -> String {
    format!("{}.example", "a".repeat(64))
}

#[tokio::test]
async fn what_went_wrong_is_known_by_its_cause() {
    let (hangs_up, _) = closing(vec![Vec::new()]).await;
    let (plain, _) = closing(vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, expected) in [
        (hangs_up.replace("http:", "https:"), HttpError::Tls),
        (plain.replace("http:", "https:"), HttpError::Tls),
        (format!("http://{free}"), HttpError::Connect),
        (format!("http://{}", unknown_host()), HttpError::Name),
    ] {
        assert_eq!(http(|_| {}).get(to(url.clone())).await.unwrap_err(), expected, "{url}");
    }
}

#[tokio::test]
async fn a_proxy_that_wants_a_login_says_so_before_the_tunnel_stands() {
    let (proxy, _) = closing(vec![b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec()]).await;
    let access = Access { proxy: Some(Secret(proxy)), ..Access::default() };
    let ask = Ask { access, ..to("https://feeds.example.org/feed") };
    assert_eq!(http(|_| {}).get(ask).await.unwrap_err(), HttpError::ProxyLogin);
}
