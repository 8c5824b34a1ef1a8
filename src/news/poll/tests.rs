use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::config::{MarketSettings, Network, ScreenSettings, StoreSettings};
use crate::domain::feed::Feed;
use crate::domain::story::Story;

/// A configuration of nothing but feeds.
pub fn config(feeds: Vec<Feed>) -> Config {
    Config {
        feeds,
        symbols: Vec::new(),
        topics: Vec::new(),
        terms: Default::default(),
        views: Vec::new(),
        sources: BTreeMap::new(),
        network: Network {
            user_agent: "newstape/test (+https://example.org)".into(),
            timeout: Duration::from_secs(30),
            max_body: 1 << 20,
            domain_spacing: Duration::from_millis(1500),
            feed_floor: Duration::from_secs(60),
            allow_private: Vec::new(),
        },
        store: StoreSettings { keep: Duration::from_secs(90 * 86_400) },
        market: MarketSettings {
            time_zone: TimeZone::UTC,
            extra_closures: Vec::new(),
            extra_early_closes: Vec::new(),
            overnight: false,
        },
        screen: ScreenSettings { theme: "dark".into(), red_up: false, time_zone: None, mouse: false },
        keys: BTreeMap::new(),
        warnings: Vec::new(),
    }
}

/// A feed that is asked every ten minutes.
pub fn feed(name: &str, url: &str) -> Feed {
    Feed { interval: Duration::from_secs(600), ..Feed::new(name.into(), url) }
}

fn rss(title: &str, link: &str) -> String {
    format!("<rss version=\"2.0\"><channel><item><title>{title}</title><link>{link}</link></item></channel></rss>")
}

/// A desk at work, its clock moved by hand, its requests answered by a server in this process.
struct Newsroom {
    server: MockServer,
    /// Seconds since the test's noon.
    seconds: Arc<AtomicI64>,
    config: watch::Sender<Arc<Config>>,
    orders: mpsc::Sender<Order>,
    events: mpsc::Receiver<Event>,
    desk: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Drop for Newsroom {
    fn drop(&mut self) {
        self.desk.abort();
    }
}

impl Newsroom {
    /// Feeds by the paths they have on the server.
    async fn open(server: MockServer, paths: &[&str], states: Vec<FeedState>) -> Newsroom {
        let feeds = paths.iter().map(|path| feed(path, &format!("{}{path}", server.uri()))).collect();
        Self::with(server, config(feeds), states).await
    }

    #[expect(clippy::disallowed_methods, reason = "the shell's tasks are not of this floor")]
    async fn with(server: MockServer, mut config: Config, states: Vec<FeedState>) -> Newsroom {
        config.network.domain_spacing = Duration::from_millis(10);
        config.network.timeout = Duration::from_secs(5);
        let seconds = Arc::new(AtomicI64::new(0));
        let passed = seconds.clone();
        let noon: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let clock: Clock = Arc::new(move || noon + SignedDuration::from_secs(passed.load(Ordering::SeqCst)));
        let http = Http::new(&config.network).unwrap();
        let (config, in_force) = watch::channel(Arc::new(config));
        let (orders, to_do) = mpsc::channel(4);
        let (sender, events) = mpsc::channel(1);
        let desk =
            Desk { http, clock, config: in_force, events: sender, orders: to_do, states, chance: Box::new(|| 0.0) };
        let desk = tokio::spawn(run(desk));
        Newsroom { server, seconds, config, orders, events, desk }
    }

    /// The stories that come until the next state, and that state.
    async fn next(&mut self) -> (Vec<Story>, FeedState) {
        let mut stories = Vec::new();
        loop {
            let event = tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await.unwrap().unwrap();
            match event {
                Event::Stories(part) => stories.extend(part),
                Event::Feed(state) => return (stories, *state),
                other => panic!("unexpected: {other:?}"),
            }
        }
    }

    /// All next states by the names of their feeds.
    async fn round(&mut self, feeds: usize) -> BTreeMap<String, (Vec<Story>, FeedState)> {
        let mut states = BTreeMap::new();
        while states.len() < feeds {
            let (stories, state) = self.next().await;
            states.insert(state.feed.to_string(), (stories, state));
        }
        states
    }

    /// Moves the clock and lets the desk see it.
    fn pass(&self, minutes: i64) {
        self.seconds.fetch_add(minutes * 60, Ordering::SeqCst);
        self.config.send_modify(|_| {});
    }

    async fn requests(&self) -> Vec<wiremock::Request> {
        self.server.received_requests().await.unwrap()
    }
}

async fn answers(server: &MockServer, at: &str, template: ResponseTemplate) {
    Mock::given(method("GET")).and(path(at)).respond_with(template).mount(server).await;
}

#[tokio::test]
async fn rule_1_2_3_validators_go_back_verbatim_and_follow_the_304() {
    let server = MockServer::start().await;
    let not_modified = ResponseTemplate::new(304).insert_header("etag", "W/\"b\"");
    Mock::given(header("if-none-match", "W/\"a\"")).respond_with(not_modified).mount(&server).await;
    let first = ResponseTemplate::new(200)
        .set_body_string(rss("A", "/a"))
        .insert_header("etag", "W/\"a\"")
        .insert_header("last-modified", "Mon, 23 Nov 2026 11:00:00 GMT");
    answers(&server, "/feed", first).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new()).await;

    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.status, state.trouble), (1, Some(200), None));
    assert_eq!(state.next_check.unwrap().to_string(), "2026-11-23T12:10:00Z");
    room.pass(10);
    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.status, state.not_modified), (0, Some(304), 1));
    assert_eq!(state.etag.as_deref(), Some("W/\"b\""));
    let requests = room.requests().await;
    assert!(!requests[0].headers.contains_key("if-none-match"));
    assert_eq!(requests[1].headers["if-modified-since"], "Mon, 23 Nov 2026 11:00:00 GMT");
    assert_eq!(requests[0].headers["accept"].to_str().unwrap(), ACCEPT);
    assert_eq!(requests[0].headers["user-agent"], "newstape/test (+https://example.org)");
}

#[tokio::test]
async fn rule_4_the_same_body_is_not_read_again() {
    let server = MockServer::start().await;
    answers(&server, "/feed", ResponseTemplate::new(200).set_body_string(rss("A", "/a"))).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new()).await;
    assert_eq!(room.next().await.0.len(), 1);
    room.pass(10);
    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.failures, state.last_success), (0, 0, state.last_attempt));
}

#[tokio::test]
async fn rule_1_a_manual_refresh_and_a_restart_are_conditional_too() {
    let server = MockServer::start().await;
    answers(&server, "/feed", ResponseTemplate::new(304)).await;
    let url = format!("{}/feed", server.uri());
    let noon: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let stored = FeedState {
        etag: Some("\"a\"".into()),
        next_check: Some(noon + SignedDuration::from_mins(5)),
        ..FeedState::new("/feed".into(), url)
    };
    let mut room = Newsroom::open(server, &["/feed"], vec![stored]).await;
    room.orders.send(Order::Refresh(Vec::new())).await.unwrap();
    assert_eq!(room.next().await.1.status, Some(304));
    assert_eq!(room.requests().await[0].headers["if-none-match"], "\"a\"");
}

#[tokio::test]
async fn rule_13_never_two_requests_in_flight_at_one_place() {
    let server = MockServer::start().await;
    let paths = ["/1", "/2", "/3", "/4"];
    for path in paths {
        let slow = ResponseTemplate::new(200).set_body_string(rss("A", path)).set_delay(Duration::from_millis(60));
        answers(&server, path, slow).await;
    }
    let begun = Instant::now();
    let mut room = Newsroom::open(server, &paths, Vec::new()).await;
    room.round(4).await;
    assert!(begun.elapsed() >= Duration::from_millis(4 * 60), "they must have been asked one after the other");
}

#[tokio::test]
async fn a_faulty_feed_costs_only_itself_and_its_fault_is_named() {
    let server = MockServer::start().await;
    let ok = |body: &str| ResponseTemplate::new(200).set_body_string(body);
    let huge = "x".repeat(3 << 20);
    for (path, template) in [
        ("/good", ok(&rss("A", "/a"))),
        ("/html", ok("<!doctype html><html></html>")),
        ("/empty", ok("")),
        ("/challenge", ResponseTemplate::new(403).insert_header("cf-mitigated", "challenge")),
        ("/refused", ResponseTemplate::new(403)),
        ("/missing", ResponseTemplate::new(404)),
        ("/gone", ResponseTemplate::new(410)),
        ("/broken", ResponseTemplate::new(500)),
        ("/huge", ok(&huge)),
        ("/slow", ok("").set_delay(Duration::from_secs(60))),
        ("/json", ok("{\"error\": 1}")),
    ] {
        answers(&server, path, template).await;
    }
    let paths = [
        "/good",
        "/html",
        "/empty",
        "/challenge",
        "/refused",
        "/missing",
        "/gone",
        "/broken",
        "/huge",
        "/slow",
        "/json",
    ];
    let mut room = Newsroom::open(server, &paths, Vec::new()).await;
    let states = room.round(paths.len()).await;
    for (path, sentence) in [
        ("/html", "it is a web page, not a feed"),
        ("/empty", "it is empty"),
        ("/challenge", "refused with a challenge page (Cloudflare), meant for browsers (403)"),
        ("/refused", "refused (403)"),
        ("/missing", "not found; its address may have changed (404)"),
        ("/gone", "gone for good; it is not asked any more (410)"),
        ("/broken", "server error (500)"),
        ("/huge", "the answer is larger than 1 MiB"),
        ("/slow", "no answer within 5 s"),
        ("/json", "it is not a feed that newstape can read: it is JSON of another kind"),
    ] {
        assert_eq!(states[path].1.trouble.as_deref(), Some(sentence), "{path}");
    }
    let (stories, state) = &states["/good"];
    assert_eq!((stories.len(), &state.trouble), (1, &None));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let server = MockServer::start().await;
    let config = config(vec![feed("away", "http://127.0.0.1:9/feed")]);
    let mut room = Newsroom::with(server, config, Vec::new()).await;
    assert_eq!(room.next().await.1.trouble.as_deref(), Some("could not connect"));
}

#[tokio::test]
async fn a_reload_adds_feeds_at_once_and_forgets_removed_ones() {
    let server = MockServer::start().await;
    answers(&server, "/old", ResponseTemplate::new(200).set_body_string(rss("A", "/a"))).await;
    answers(&server, "/new", ResponseTemplate::new(200).set_body_string(rss("B", "/b"))).await;
    let mut room = Newsroom::open(server, &["/old"], Vec::new()).await;
    assert_eq!(&*room.next().await.1.feed, "/old");
    let new = feed("/new", &format!("{}/new", room.server.uri()));
    room.config.send_modify(|config| Arc::make_mut(config).feeds = vec![new]);
    assert_eq!(&*room.next().await.1.feed, "/new");
    room.pass(60);
    assert_eq!(&*room.next().await.1.feed, "/new");
    assert_eq!(room.requests().await.len(), 3);
}

#[tokio::test]
async fn stories_come_newest_first_in_parts_before_their_state() {
    let server = MockServer::start().await;
    let items: String = (1..=250)
        .map(|n| {
            format!("<item><title>{n}</title><link>/{n}</link><pubDate>{}</pubDate></item>", 1_700_000_000 + n * 60)
        })
        .collect();
    let body = format!("<rss version='2.0'><channel>{items}</channel></rss>");
    answers(&server, "/feed", ResponseTemplate::new(200).set_body_string(body)).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new()).await;
    let mut parts = Vec::new();
    while let Some(Event::Stories(part)) = room.events.recv().await {
        parts.push(part);
    }
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!((parts[0][0].title.as_str(), parts[2][49].title.as_str()), ("250", "1"));
}

#[tokio::test]
async fn it_ends_when_its_channels_close() {
    let server = MockServer::start().await;
    let mut room = Newsroom::with(server, config(Vec::new()), Vec::new()).await;
    let (orders, _) = mpsc::channel(1);
    drop(std::mem::replace(&mut room.orders, orders));
    (&mut room.desk).await.unwrap().unwrap();
}
