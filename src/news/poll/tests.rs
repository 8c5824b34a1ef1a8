use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::config::{Network, StoreSettings};
use crate::domain::feed::Feed;
use crate::domain::feed::NextCheck;
use crate::domain::story::Story;
use crate::news::permit;

/// A configuration of nothing but feeds.
pub(crate) fn config(feeds: Vec<Feed>) -> Config {
    Config {
        feeds,
        network: Network {
            user_agent: "newstape/test (+https://example.org)".into(),
            timeout: Duration::from_secs(30),
            max_body: 1 << 20,
            domain_spacing: Duration::from_millis(1500),
            feed_floor: Duration::from_mins(1),
            allow_private: Vec::new(),
        },
        store: StoreSettings { keep: Duration::from_hours(90 * 24) },
        ..Config::default()
    }
}

/// A feed that is asked every ten minutes.
pub(crate) fn feed(name: &str, url: &str) -> Feed {
    Feed { interval: Duration::from_mins(10), ..Feed::new(name.into(), url) }
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
    visits: mpsc::Sender<PermitRequest>,
    full: watch::Sender<bool>,
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
    fn open(server: MockServer, paths: &[&str], states: Vec<FeedState>) -> Newsroom {
        let feeds = paths.iter().map(|path| feed(path, &format!("{}{path}", server.uri()))).collect();
        Self::with(server, config(feeds), states)
    }

    #[expect(clippy::disallowed_methods, reason = "the shell's tasks are not of this floor")]
    fn with(server: MockServer, mut config: Config, states: Vec<FeedState>) -> Newsroom {
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
        let (visits, to_let_in) = mpsc::channel(4);
        let (full, is_full) = watch::channel(false);
        let desk = Deps {
            http,
            clock,
            config: in_force,
            events: sender,
            orders: to_do,
            visits: to_let_in,
            states,
            full: is_full,
            chance: Box::new(|| 0.0),
        };
        let desk = tokio::spawn(run(desk));
        Newsroom { server, seconds, config, orders, visits, full, events, desk }
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
async fn validators_go_back_verbatim_and_follow_the_304() {
    let server = MockServer::start().await;
    let not_modified = ResponseTemplate::new(304).insert_header("etag", "W/\"b\"");
    Mock::given(header("if-none-match", "W/\"a\"")).respond_with(not_modified).mount(&server).await;
    let first = ResponseTemplate::new(200)
        .set_body_string(rss("A", "/a"))
        .insert_header("etag", "W/\"a\"")
        .insert_header("last-modified", "Mon, 23 Nov 2026 11:00:00 GMT");
    answers(&server, "/feed", first).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());

    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.history.status, state.history.trouble), (1, Some(200), None));
    assert_eq!(state.schedule.next_check.time().unwrap().to_string(), "2026-11-23T12:10:00Z");
    room.pass(10);
    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.history.status, state.history.not_modified), (0, Some(304), 1));
    assert_eq!(state.cache.etag.as_deref(), Some("W/\"b\""));
    let requests = room.requests().await;
    assert!(!requests[0].headers.contains_key("if-none-match"));
    assert_eq!(requests[1].headers["if-modified-since"], "Mon, 23 Nov 2026 11:00:00 GMT");
    assert_eq!(requests[0].headers["accept"].to_str().unwrap(), ACCEPT);
    assert_eq!(requests[0].headers["user-agent"], "newstape/test (+https://example.org)");
}

#[tokio::test]
async fn stories_and_the_validators_behind_them_wait_while_the_store_is_full() {
    let server = MockServer::start().await;
    answers(&server, "/feed", ResponseTemplate::new(200).set_body_string(rss("A", "/a"))).await;
    let mut room = Newsroom::open(server, &[], Vec::new());
    room.full.send_replace(true);
    let feeds = vec![feed("/feed", &format!("{}/feed", room.server.uri()))];
    room.config.send_modify(|config| Arc::make_mut(config).feeds = feeds);
    while room.requests().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let early = tokio::time::timeout(Duration::from_millis(300), room.events.recv()).await;
    assert!(early.is_err(), "{early:?}");
    room.full.send_replace(false);
    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.history.status), (1, Some(200)));
}

#[tokio::test]
async fn the_same_body_is_not_read_again() {
    let server = MockServer::start().await;
    answers(&server, "/feed", ResponseTemplate::new(200).set_body_string(rss("A", "/a"))).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    assert_eq!(room.next().await.0.len(), 1);
    room.pass(10);
    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.history.failures, state.history.last_success), (0, 0, state.history.last_attempt));
}

#[tokio::test]
async fn a_manual_refresh_and_a_restart_are_conditional_too() {
    let server = MockServer::start().await;
    answers(&server, "/feed", ResponseTemplate::new(304)).await;
    let url = format!("{}/feed", server.uri());
    let noon: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let mut stored = FeedState::new("/feed".into(), url);
    stored.cache.etag = Some("\"a\"".into());
    stored.schedule.next_check = NextCheck::At(noon + SignedDuration::from_mins(5));
    let mut room = Newsroom::open(server, &["/feed"], vec![stored]);
    room.orders.send(Order::Refresh(Vec::new())).await.unwrap();
    assert_eq!(room.next().await.1.history.status, Some(304));
    assert_eq!(room.requests().await[0].headers["if-none-match"], "\"a\"");
}

#[tokio::test]
async fn never_two_requests_in_flight_at_one_place() {
    let server = MockServer::start().await;
    let paths = ["/1", "/2", "/3", "/4"];
    for path in paths {
        let slow = ResponseTemplate::new(200).set_body_string(rss("A", path)).set_delay(Duration::from_millis(60));
        answers(&server, path, slow).await;
    }
    let begun = Instant::now();
    let mut room = Newsroom::open(server, &paths, Vec::new());
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
        ("/slow", ok("").set_delay(Duration::from_mins(1))),
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
    let mut room = Newsroom::open(server, &paths, Vec::new());
    let states = room.round(paths.len()).await;
    for (path, sentence) in [
        ("/html", "it is a web page, not a feed"),
        ("/empty", "it is empty"),
        ("/challenge", "blocked by Cloudflare, which wants to see a browser (403)"),
        ("/refused", "refused (403)"),
        ("/missing", "not found; its address may have changed (404)"),
        ("/gone", "gone for good; it is not asked any more (410)"),
        ("/broken", "server error (500)"),
        ("/huge", "the answer is larger than 1 MiB"),
        ("/slow", "no answer within 5 s"),
        ("/json", "it is not a feed that newstape can read: it is JSON of another kind"),
    ] {
        assert_eq!(
            states[path].1.history.trouble.as_ref().map(ToString::to_string).as_deref(),
            Some(sentence),
            "{path}"
        );
    }
    let (stories, state) = &states["/good"];
    assert_eq!((stories.len(), &state.history.trouble), (1, &None));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let server = MockServer::start().await;
    let config = config(vec![feed("away", "http://127.0.0.1:9/feed")]);
    let mut room = Newsroom::with(server, config, Vec::new());
    assert_eq!(
        room.next().await.1.history.trouble.as_ref().map(ToString::to_string).as_deref(),
        Some("could not connect")
    );
}

#[tokio::test]
async fn a_reload_adds_feeds_at_once_and_forgets_removed_ones() {
    let server = MockServer::start().await;
    answers(&server, "/old", ResponseTemplate::new(200).set_body_string(rss("A", "/a"))).await;
    answers(&server, "/new", ResponseTemplate::new(200).set_body_string(rss("B", "/b"))).await;
    let mut room = Newsroom::open(server, &["/old"], Vec::new());
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
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    let mut parts = Vec::new();
    while let Some(Event::Stories(part)) = room.events.recv().await {
        parts.push(part);
    }
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!((&*parts[0][0].title, &*parts[2][49].title), ("250", "1"));
}

#[tokio::test]
async fn it_ends_when_its_channels_close() {
    let server = MockServer::start().await;
    let mut room = Newsroom::with(server, config(Vec::new()), Vec::new());
    let (orders, _) = mpsc::channel(1);
    drop(std::mem::replace(&mut room.orders, orders));
    (&mut room.desk).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_same_body_is_not_read_again_after_a_restart_either() {
    let server = MockServer::start().await;
    let body = ResponseTemplate::new(200).set_body_string(rss("A", "/a")).insert_header("etag", "\"new each time\"");
    answers(&server, "/feed", body).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.history.attempts[0].clause().as_str()), (1, "1 entry"));
    let stored = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    let server = std::mem::replace(&mut room.server, MockServer::start().await);
    let mut room = Newsroom::open(server, &["/feed"], vec![stored]);
    room.pass(10);
    let (stories, state) = room.next().await;
    assert_eq!((stories.len(), state.history.attempts[0].clause().as_str()), (0, "the same document"));
    assert_eq!(state.history.attempts.len(), 2);
}

#[tokio::test]
async fn a_stored_next_check_is_kept_over_a_restart() {
    let server = MockServer::start().await;
    answers(&server, "/early", ResponseTemplate::new(304)).await;
    answers(&server, "/late", ResponseTemplate::new(304)).await;
    let noon: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let state = |path: &str, minutes: i64| {
        let mut state = FeedState::new(path.into(), format!("{}{path}", server.uri()));
        state.schedule.next_check = NextCheck::At(noon + SignedDuration::from_mins(minutes));
        state
    };
    let states = vec![state("/early", 3), state("/late", 30)];
    let mut room = Newsroom::open(server, &["/early", "/late"], states);
    room.pass(4);
    assert_eq!(&*room.next().await.1.feed, "/early");
    assert_eq!(room.requests().await.len(), 1);
}

#[tokio::test]
async fn a_refresh_that_is_too_soon_is_answered_with_the_reason() {
    let server = MockServer::start().await;
    answers(&server, "/feed", ResponseTemplate::new(200).set_body_string(rss("A", "/a"))).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    room.next().await;
    room.orders.send(Order::Refresh(Vec::new())).await.unwrap();
    let state = room.next().await.1;
    assert_eq!(state.schedule.clause().unwrap(), "asked every 10 min; not by hand within a minute of the last time");
    assert_eq!(room.requests().await.len(), 1);
}

#[tokio::test]
async fn a_move_for_good_is_learned_and_the_new_address_asked() {
    let server = MockServer::start().await;
    let moved = ResponseTemplate::new(301).insert_header("location", "/new");
    answers(&server, "/old", moved).await;
    answers(&server, "/new", ResponseTemplate::new(200).set_body_string(rss("A", "/a"))).await;
    let mut room = Newsroom::open(server, &["/old"], Vec::new());
    let mut whats = Vec::new();
    for _ in 0..4 {
        let state = room.next().await.1;
        assert_eq!(state.history.trouble, None);
        whats.push(state.history.attempts[0].clause());
        room.pass(10);
    }
    assert_eq!(whats[1], "the same document; moved for good (2 of 3 times)");
    assert_eq!(whats[2], "the same document; moved for good: from now on asked at its new address at 127.0.0.1");
    assert_eq!(whats[3], "the same document");
    let paths: Vec<String> = room.requests().await.iter().map(|request| request.url.path().to_owned()).collect();
    assert_eq!(paths[..7], ["/old", "/new", "/old", "/new", "/old", "/new", "/new"]);
}

#[tokio::test]
async fn a_guard_that_answers_200_is_told_from_a_feed() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200).insert_header("cf-mitigated", "challenge").set_body_string("<html></html>");
    answers(&server, "/feed", page).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    let state = room.next().await.1;
    assert_eq!(
        state.history.trouble.as_ref().map(ToString::to_string).as_deref(),
        Some("it is a challenge page (Cloudflare), meant for browsers")
    );
    assert_eq!(state.schedule.next_check.time().unwrap().to_string(), "2026-11-23T13:00:00Z");
}

#[tokio::test]
async fn patience_asked_of_one_feed_is_had_by_all_of_its_site() {
    let server = MockServer::start().await;
    answers(&server, "/1", ResponseTemplate::new(429).insert_header("retry-after", "1800")).await;
    answers(&server, "/2", ResponseTemplate::new(200).set_body_string(rss("A", "/a"))).await;
    let mut room = Newsroom::open(server, &["/1", "/2"], Vec::new());
    let states = room.round(2).await;
    assert_eq!(
        states["/1"].1.history.trouble.as_ref().map(ToString::to_string).as_deref(),
        Some("asked for patience (429)")
    );
    assert_eq!(
        states["/2"].1.history.trouble.as_ref().map(ToString::to_string).as_deref(),
        Some("waits: its site asked for patience when /1 was read")
    );
    room.pass(29);
    room.orders.send(Order::Refresh(vec!["/2".into()])).await.unwrap();
    assert!(room.next().await.1.schedule.clause().unwrap().ends_with("till then not even by hand"));
    assert_eq!(room.requests().await.len(), 1);
    room.pass(2);
    assert_eq!(room.round(2).await["/2"].1.history.trouble, None);
}

#[tokio::test]
async fn a_request_says_who_asks_and_nothing_more() {
    let server = MockServer::start().await;
    let cookie = ResponseTemplate::new(200).set_body_string(rss("A", "/a")).insert_header("set-cookie", "a=b");
    answers(&server, "/feed", cookie).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    room.next().await;
    room.pass(10);
    room.next().await;
    for request in room.requests().await {
        let mut names: Vec<&str> = request.headers.keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
        assert_eq!(request.url.query(), None);
        assert!(
            ["gzip", "br", "zstd"].iter().all(|way| request.headers["accept-encoding"].to_str().unwrap().contains(way))
        );
    }
}

#[tokio::test]
async fn an_attempt_is_remembered_with_what_it_took() {
    let server = MockServer::start().await;
    let body = rss("A", "/a");
    let slow = ResponseTemplate::new(200).set_body_string(body.clone()).set_delay(Duration::from_millis(30));
    answers(&server, "/feed", slow.insert_header("etag", "\"a\"")).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    let first = room.next().await.1.history.attempts.remove(0);
    assert_eq!((first.status, first.conditional, first.bytes as usize), (Some(200), false, body.len()));
    assert!(first.millis >= 30, "{}", first.millis);
    room.pass(10);
    assert!(room.next().await.1.history.attempts[0].conditional);
}

#[tokio::test]
async fn what_a_feeds_kill_rule_matches_is_never_taken_in() {
    let server = MockServer::start().await;
    let item = |title: &str, link: &str| format!("<item><title>{title}</title><link>{link}</link></item>");
    let items = item("Sponsored: buy now", "/1") + &item("Rates rise", "/2") + &item("Price prediction", "/3");
    let body = format!("<rss version='2.0'><channel>{items}</channel></rss>");
    answers(&server, "/feed", ResponseTemplate::new(200).set_body_string(body)).await;
    let url = format!("{}/feed", server.uri());
    for (kill, titles, what) in [
        ("title:sponsored OR \"price prediction\"", vec!["Rates rise"], "3 entries, 2 of them killed"),
        ("(((", vec!["Sponsored: buy now", "Rates rise", "Price prediction"], "3 entries"),
    ] {
        let feed = Feed { kill: Some(kill.into()), ..feed("/feed", &url) };
        let http_server = MockServer::start().await;
        let mut room = Newsroom::with(http_server, config(vec![feed]), Vec::new());
        let (stories, state) = room.next().await;
        let mut found: Vec<&str> = stories.iter().map(|story| &*story.title).collect();
        found.sort_by_key(|title| titles.iter().position(|known| known == title));
        assert_eq!((found, state.history.attempts[0].clause().as_str()), (titles, what));
    }
}

#[tokio::test]
async fn what_opens_a_feed_is_sent_and_never_shown() {
    let server = MockServer::start().await;
    answers(&server, "/feed", ResponseTemplate::new(403)).await;
    let secret = |text: &str| crate::domain::feed::Secret(text.into());
    let login = crate::domain::feed::Login { user: "jane".into(), password: secret("s3cret") };
    let headers = BTreeMap::from([("X-Token".to_owned(), secret("t0ken"))]);
    let feed = Feed { login: Some(login), headers, ..feed("/feed", &format!("{}/feed", server.uri())) };
    let mut room = Newsroom::with(server, config(vec![feed]), Vec::new());
    let state = room.next().await.1;
    let shown = format!("{state:?} {}", serde_json::to_string(&state).unwrap());
    assert!(!shown.contains("s3cret") && !shown.contains("t0ken"));
    let request = room.requests().await.remove(0);
    assert_eq!(
        (&request.headers["x-token"], &request.headers["authorization"]),
        (&"t0ken".parse().unwrap(), &"Basic amFuZTpzM2NyZXQ=".parse().unwrap())
    );
}

#[tokio::test]
async fn a_hub_that_a_feed_names_is_not_asked() {
    let server = MockServer::start().await;
    let hub = format!("<link rel='hub' href='{}/hub'/><cloud domain='127.0.0.1' path='/cloud'/>", server.uri());
    let item = "<item><title>A</title><link>/a</link></item>";
    let body = format!("<rss version='2.0'><channel>{hub}{item}</channel></rss>");
    answers(&server, "/feed", ResponseTemplate::new(200).set_body_string(body)).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    assert_eq!(room.next().await.0.len(), 1);
    room.pass(10);
    room.next().await;
    assert!(room.requests().await.iter().all(|request| request.url.path() == "/feed"));
}

#[tokio::test]
async fn a_reader_is_let_in_when_the_feed_of_the_place_has_been_asked() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_body_string(rss("A", "/a")).set_delay(Duration::from_millis(200));
    answers(&server, "/feed", slow).await;
    let mut room = Newsroom::open(server, &["/feed"], Vec::new());
    while room.requests().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let (visits, page) = (room.visits.clone(), format!("{}/page", room.server.uri()));
    let (pass, (stories, _)) = tokio::join!(permit::enter(&visits, &page), room.next());
    assert!(pass.is_ok());
    assert_eq!(stories.len(), 1, "the feed was not disturbed");
}
