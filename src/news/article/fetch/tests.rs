use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::event::Clock;
use crate::news::poll::tests::config;
use crate::news::poll::{Deps, run};

const TEXT: &str = "The ferry to the north island will not sail on Friday, the harbour said, since the pier is being \
    mended; boats to the south, which leave from the old quay, go as they always do.";

/// A news desk that lets in, and a server behind which pages are.
struct Harbour {
    server: MockServer,
    visits: mpsc::Sender<PermitRequest>,
    desk: tokio::task::JoinHandle<anyhow::Result<()>>,
    _held: Box<dyn std::any::Any + Send>,
}

impl Drop for Harbour {
    fn drop(&mut self) {
        self.desk.abort();
    }
}

impl Harbour {
    #[expect(clippy::disallowed_methods, reason = "the shell's tasks are not of this floor")]
    async fn open(answer: ResponseTemplate, timeout: Duration) -> Harbour {
        let server = MockServer::start().await;
        Mock::given(path("/")).respond_with(answer).mount(&server).await;
        let mut config = config(Vec::new());
        (config.network.timeout, config.network.domain_spacing) = (timeout, Duration::ZERO);
        config.network.allow_private = vec![server.address().to_string()];
        let http = Http::new(&config.network).unwrap();
        let (wanted, config) = watch::channel(Arc::new(config));
        let (ordering, orders) = mpsc::channel(1);
        let (events, inbox) = mpsc::channel(16);
        let (visits, to_let_in) = mpsc::channel(4);
        let clock: Clock = Arc::new(|| Timestamp::UNIX_EPOCH);
        let chance = Box::new(|| 0.0);
        let full = watch::channel(false).1;
        let desk = Deps { http, clock, config, events, orders, visits: to_let_in, states: Vec::new(), full, chance };
        let desk = tokio::spawn(run(desk));
        Harbour { server, visits, desk, _held: Box::new((wanted, ordering, inbox)) }
    }

    async fn of(answer: ResponseTemplate) -> Harbour {
        Harbour::open(answer, Duration::from_secs(20)).await
    }

    async fn fetch(&self) -> Result<Article, String> {
        fetch(&self.visits, &format!("{}/", self.server.uri()), Some(&self.server.uri())).await
    }

    async fn asked(&self) -> Vec<wiremock::Request> {
        self.server.received_requests().await.unwrap()
    }
}

fn page(text: &str) -> String {
    format!("<html><title>No ferry on Friday</title><body><article><p>{text}</p><p>{TEXT}</p></article></body></html>")
}

fn text(article: &Article) -> Vec<String> {
    article.blocks.iter().map(crate::domain::article::Block::text).collect()
}

#[tokio::test]
async fn a_page_is_asked_for_once_and_read_in_its_encoding() {
    let latin: Vec<u8> = page("Fermé l'été.").chars().map(|c| c as u8).collect();
    let answer = ResponseTemplate::new(200).set_body_raw(latin, "text/html; charset=iso-8859-1");
    let harbour = Harbour::of(answer).await;
    let article = harbour.fetch().await.unwrap();
    assert_eq!(text(&article), ["Fermé l'été.", TEXT]);
    let [asked] = harbour.asked().await.try_into().unwrap();
    assert!(asked.headers["accept"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(asked.headers["user-agent"], "newstape/test (+https://example.org)");
}

#[tokio::test]
async fn each_status_has_its_sentence() {
    for (answer, expected) in [
        (ResponseTemplate::new(401), "the page wants a login (401)"),
        (ResponseTemplate::new(402), "the page wants to be paid (402)"),
        (ResponseTemplate::new(403), "the site refuses programs (403)"),
        (ResponseTemplate::new(404), "the page is gone (404)"),
        (ResponseTemplate::new(410), "the page is gone (410)"),
        (ResponseTemplate::new(429), "the site asks for patience; it may be asked again in 15 min (429)"),
        (
            ResponseTemplate::new(503).insert_header("retry-after", "90"),
            "the site asks for patience; it may be asked again in 2 min (503)",
        ),
        (ResponseTemplate::new(503), "the site is out of service for now (503)"),
        (ResponseTemplate::new(500), "the site has an error (500)"),
        (ResponseTemplate::new(418), "the site gave an unexpected answer (418)"),
        (
            ResponseTemplate::new(200).insert_header("cf-mitigated", "challenge"),
            "the page is kept by Cloudflare, which wants to see a browser (200)",
        ),
        (
            ResponseTemplate::new(302).insert_header("location", "http://localhost:9/"),
            "the page could not be had: it leads to an address that is not allowed",
        ),
    ] {
        assert_eq!(Harbour::of(answer).await.fetch().await, Err(expected.to_owned()));
    }
}

#[tokio::test]
async fn a_link_that_is_not_public_is_not_asked() {
    let harbour = Harbour::of(ResponseTemplate::new(200)).await;
    for (link, expected) in [
        ("http://127.0.0.1:9/", "it leads to an address that is not allowed"),
        ("file:///etc/passwd", "its address can't be used: it must begin with http:// or https://"),
        ("rubbish", "its address can't be used: relative URL without a base"),
    ] {
        let why = fetch(&harbour.visits, link, None).await.unwrap_err();
        assert_eq!(why, format!("the page could not be had: {expected}"));
    }
}

#[tokio::test]
async fn a_site_that_asks_for_patience_gets_it() {
    let harbour = Harbour::of(ResponseTemplate::new(429).insert_header("retry-after", "600")).await;
    harbour.fetch().await.unwrap_err();
    let why = harbour.fetch().await.unwrap_err();
    assert_eq!(why, "the site asks for patience; it may be asked again in 10 min");
    assert_eq!(harbour.asked().await.len(), 1);
}

#[tokio::test]
async fn a_huge_page_is_worth_its_beginning_and_a_slow_one_is_given_up() {
    let huge = page(TEXT).replace("</article>", &"<p>Another word, and another.</p>".repeat(200_000));
    assert!(huge.len() > MAX_BODY);
    let harbour = Harbour::of(ResponseTemplate::new(200).set_body_raw(huge, "text/html")).await;
    assert!(text(&harbour.fetch().await.unwrap()).iter().any(|block| block == TEXT));

    let slow = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    let harbour = Harbour::open(slow, Duration::from_secs(1)).await;
    assert_eq!(harbour.fetch().await, Err("the page could not be had: no answer within 1 s".to_owned()));
}

#[tokio::test]
async fn two_pages_of_one_place_are_asked_one_after_the_other() {
    let answer = ResponseTemplate::new(200).set_body_raw(page(TEXT), "text/html").set_delay(Duration::from_millis(100));
    let harbour = Harbour::of(answer).await;
    let begun = tokio::time::Instant::now();
    let (one, two) = tokio::join!(harbour.fetch(), harbour.fetch());
    assert!(one.is_ok() && two.is_ok());
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn nobody_is_asked_where_no_desk_gives_leave() {
    let visits = mpsc::channel(1).0;
    assert_eq!(fetch(&visits, "https://example.org/", None).await, Err("nothing can be asked yet".to_owned()));
}
