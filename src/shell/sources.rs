//! Feeds, prices and articles: their tasks, and the orders they are given.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use tokio::sync::{broadcast, mpsc, watch};

use super::tasks::Tasks;
use crate::config::Config;
use crate::domain::feed::FeedState;
use crate::domain::price::SourceReport;
use crate::domain::story::StoryId;
use crate::event::{Clock, Event, SourceEffect};
use crate::http::Http;
use crate::news::article;
use crate::{market, news};

const ORDERS_WAITING: usize = 32;

/// Feeds and prices: started once everything stored has been read, and given orders afterwards.
pub(super) struct Sources {
    clock: Clock,
    config: watch::Sender<Arc<Config>>,
    events: mpsc::Sender<Event>,
    /// So many stories wait to be saved that no more are wanted for now.
    full: watch::Receiver<bool>,
    feeds: Option<mpsc::Sender<news::poll::Order>>,
    prices: broadcast::Sender<market::Order>,
    /// The chart on screen.
    shown: watch::Sender<market::Shown>,
    /// Who wants to ask for a page; nobody listens before the feeds are started.
    visits: mpsc::Sender<news::permit::PermitRequest>,
    /// The stories whose articles are being fetched: each is held by its task.
    reading: HashMap<StoryId, Weak<()>>,
}

impl Sources {
    pub(super) fn new(
        clock: Clock,
        config: watch::Sender<Arc<Config>>,
        events: mpsc::Sender<Event>,
        full: watch::Receiver<bool>,
    ) -> Sources {
        Sources {
            clock,
            config,
            events,
            full,
            feeds: None,
            prices: broadcast::channel(ORDERS_WAITING).0,
            shown: watch::Sender::new(None),
            visits: mpsc::channel(1).0,
            reading: HashMap::new(),
        }
    }

    /// Starts them, or gives them an order.
    pub(super) fn carry_out(&mut self, tasks: &Tasks, effect: SourceEffect) {
        match effect {
            SourceEffect::Start { feeds, sources } => self.start(tasks, feeds, sources),
            SourceEffect::RefreshFeeds(names) => self.order_feeds(news::poll::Order::Refresh(names)),
            SourceEffect::RefreshPrices => self.order_prices(market::Order::Refresh),
            SourceEffect::FetchArticle { story, link, feed } => self.fetch(tasks, story, link, &feed),
            SourceEffect::ShowChart { symbol, span } => {
                self.shown.send_replace(Some((symbol, span)));
            }
            SourceEffect::CompareOver(span) => self.order_prices(market::Order::Compare(span)),
        }
    }

    /// In a task of its own: making the HTTP client reads the system's certificates, which takes a while.
    fn start(&mut self, tasks: &Tasks, states: Vec<FeedState>, reports: Vec<SourceReport>) {
        let (feeds, orders) = mpsc::channel(ORDERS_WAITING);
        self.feeds = Some(feeds);
        let (visits, to_let_in) = mpsc::channel(news::permit::WAITING);
        self.visits = visits;
        let (clock, events, price_orders) = (self.clock.clone(), self.events.clone(), self.prices.subscribe());
        let (config, shown, full) = (self.config.subscribe(), self.shown.subscribe(), self.full.clone());
        let spawner = tasks.clone();
        tasks.spawn("sources", async move {
            let http = Http::new(&config.borrow().network)?;
            let random: Arc<dyn Fn() -> f64 + Send + Sync> = Arc::new(fastrand::f64);
            let market = market::Deps {
                http: http.clone(),
                clock: clock.clone(),
                config: config.clone(),
                events: events.clone(),
                orders: price_orders,
                shown,
                wants_history: true,
                reports,
                random: random.clone(),
            };
            for (name, work) in market::workers(market) {
                spawner.spawn(name, work);
            }
            spawner.spawn(
                "feeds",
                news::poll::run(news::poll::Deps {
                    http,
                    clock,
                    config,
                    events,
                    orders,
                    visits: to_let_in,
                    states,
                    full,
                    chance: Box::new(fastrand::f64),
                }),
            );
            Ok(())
        });
    }

    /// One that is being fetched is not fetched again. A mistake of ours is an outcome, too: somebody waits for one.
    fn fetch(&mut self, tasks: &Tasks, story: StoryId, link: String, feed: &str) {
        self.reading.retain(|_, task| task.strong_count() > 0);
        if self.reading.contains_key(&story) {
            return;
        }
        let held = Arc::new(());
        self.reading.insert(story, Arc::downgrade(&held));
        let (events, visits) = (self.events.clone(), self.visits.clone());
        let config = self.config.borrow().clone();
        let feed = config.feeds.iter().find(|other| *other.name == *feed).map(|feed| feed.url.clone());
        tasks.spawn("article", async move {
            let fetched = AssertUnwindSafe(article::fetch::fetch(&visits, &link, feed.as_deref())).catch_unwind().await;
            let outcome = fetched.unwrap_or_else(|_| {
                tracing::error!(task = "article", "a task panicked");
                Err(article::FAULT.to_owned())
            });
            // Before it is reported: who hears of it may ask again.
            drop(held);
            Ok(events.send(Event::Article { story, outcome: outcome.map(Arc::new) }).await?)
        });
    }

    /// An order that finds the queue full is one too many: the same was asked just before.
    fn order_feeds(&self, order: news::poll::Order) {
        if let Some(feeds) = &self.feeds {
            let _ = feeds.try_send(order);
        }
    }

    fn order_prices(&self, order: market::Order) {
        let _ = self.prices.send(order);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::config::shipped;

    fn fetch(story: u64) -> SourceEffect {
        SourceEffect::FetchArticle {
            story: StoryId(story),
            link: format!("https://paper.example/{story}"),
            feed: "Paper".into(),
        }
    }

    async fn outcome(
        events: &mut mpsc::Receiver<Event>,
    ) -> (u64, Result<Arc<crate::domain::article::Article>, String>) {
        match events.recv().await {
            Some(Event::Article { story, outcome }) => (story.0, outcome),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_article_that_is_being_fetched_is_not_fetched_again() {
        let (events, mut inbox) = mpsc::channel(8);
        let tasks = Tasks::new(events.clone());
        let config = watch::channel(Arc::new(shipped())).0;
        let mut sources = Sources::new(Arc::new(|| Timestamp::UNIX_EPOCH), config, events, watch::channel(false).1);
        sources.carry_out(&tasks, fetch(1));
        assert_eq!(outcome(&mut inbox).await, (1, Err("nothing can be asked yet".to_owned())));

        let (visits, mut asked) = mpsc::channel(8);
        sources.visits = visits;
        [1, 1, 2].into_iter().for_each(|story| sources.carry_out(&tasks, fetch(story)));
        let waiting = [asked.recv().await, asked.recv().await];
        assert!(waiting.iter().all(Option::is_some) && asked.try_recv().is_err());
        drop(waiting);
        let stories = [outcome(&mut inbox).await.0, outcome(&mut inbox).await.0];
        assert_eq!(stories.iter().sum::<u64>(), 3);
        // And is when it is asked for later.
        sources.carry_out(&tasks, fetch(1));
        drop(asked.recv().await.unwrap());
        assert_eq!(outcome(&mut inbox).await.0, 1);
        assert!(tasks.shutdown(Duration::from_secs(2)).await);
    }
}
