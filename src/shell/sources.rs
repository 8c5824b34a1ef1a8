//! Feeds and prices: their tasks, and the orders they are given.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, watch};

use super::tasks::Tasks;
use crate::config::Config;
use crate::domain::feed::FeedState;
use crate::domain::price::SourceReport;
use crate::event::{Clock, Effect, Event};
use crate::http::Http;
use crate::{market, news};

const ORDERS_WAITING: usize = 32;

/// Feeds and prices: started once everything stored has been read, and given orders afterwards.
pub(super) struct Sources {
    clock: Clock,
    config: watch::Sender<Arc<Config>>,
    events: mpsc::Sender<Event>,
    feeds: Option<mpsc::Sender<news::poll::Order>>,
    prices: broadcast::Sender<market::Order>,
}

impl Sources {
    pub fn new(clock: Clock, config: watch::Sender<Arc<Config>>, events: mpsc::Sender<Event>) -> Sources {
        Sources { clock, config, events, feeds: None, prices: broadcast::channel(ORDERS_WAITING).0 }
    }

    /// Starts them, or gives them an order.
    pub fn carry_out(&mut self, tasks: &Tasks, effect: Effect) {
        match effect {
            Effect::Start { feeds, sources } => self.start(tasks, feeds, sources),
            Effect::RefreshFeeds(names) => self.order_feeds(news::poll::Order::Refresh(names)),
            Effect::RefreshPrices => self.order_prices(market::Order::Refresh),
            Effect::WantSeries { symbol, span } => self.order_prices(market::Order::WantSeries { symbol, span }),
            _ => {}
        }
    }

    /// In a task of its own: making the HTTP client reads the system's certificates, which takes a while.
    fn start(&mut self, tasks: &Tasks, states: Vec<FeedState>, reports: Vec<SourceReport>) {
        let (feeds, orders) = mpsc::channel(ORDERS_WAITING);
        self.feeds = Some(feeds);
        let (clock, events, price_orders) = (self.clock.clone(), self.events.clone(), self.prices.subscribe());
        let config = self.config.subscribe();
        let spawner = tasks.clone();
        tasks.spawn("sources", async move {
            let http = Http::new(&config.borrow().network)?;
            let random: Arc<dyn Fn() -> f64 + Send + Sync> = Arc::new(fastrand::f64);
            let market = market::Desk {
                http: http.clone(),
                clock: clock.clone(),
                config: config.clone(),
                events: events.clone(),
                orders: price_orders,
                reports,
                random: random.clone(),
            };
            for (name, work) in market::workers(market) {
                spawner.spawn(name, work);
            }
            spawner.spawn(
                "feeds",
                news::poll::run(news::poll::Desk {
                    http,
                    clock,
                    config,
                    events,
                    orders,
                    states,
                    chance: Box::new(fastrand::f64),
                }),
            );
            Ok(())
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
