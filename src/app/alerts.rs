//! Alerts: which have come true, and what fired of. An alert is edge-triggered: it fires when its condition comes
//! true, once for each event, and not again before its cool-down is over.

mod panel;
mod unasked;
mod watch;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::line::{AlertLine, PriceLine, StoryLine};
use super::wire::{Item, Wire};
use super::{App, Popup, Tape};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::alert::{Action, Alert};
use crate::domain::feed::Feed;
use crate::domain::group::GroupId;
use crate::domain::price::Quote;
use crate::domain::query::Query;
use crate::domain::story::{Story, StoryId};
use crate::event::{Effect, Raised, ReplayPosition, SystemEffect, Urgency, move_back};
pub(crate) use panel::Listed;
use unasked::Unasked;
use watch::Watch;

/// How many that fired are remembered.
const KEPT: usize = 200;
/// How long one stands in the status line, in seconds of the day and of the reader.
const STANDS: (i64, f64) = (15 * 60, 10.0);
/// A story may yet come to match, as time and prices go on, for so long.
const FRESH: SignedDuration = SignedDuration::from_hours(2);
const FRESH_MAX: usize = 2_000;
/// What was published longer ago is no news, however late it comes.
const NEWS: SignedDuration = SignedDuration::from_hours(24);
/// How long a snooze lasts.
const SNOOZE: SignedDuration = SignedDuration::from_hours(1);

/// One that fired.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    pub at: Timestamp,
    pub alert: Name,
    /// What came true, one sentence without its full stop.
    pub text: String,
    pub story: Option<StoryId>,
    /// It fired without noise.
    pub quietly: bool,
    /// The reader only tried it.
    pub is_trial: bool,
}

/// The alerts, with what they have seen.
#[derive(Debug, Default)]
pub struct Alerts {
    /// In the order of the config, those that are off too.
    watches: Vec<Watch>,
    /// The newest first.
    fired: VecDeque<Fired>,
    /// The newest has been seen.
    dismissed: bool,
    /// Topics whose stories raise none, as the reader chose in the list, beside those of the config.
    muted: Vec<Name>,
    /// All of them are snoozed until then.
    snoozed: Option<Timestamp>,
    /// Feeds whose first poll of this run is over, and those that are bringing something.
    polled: HashSet<Name>,
    arriving: HashSet<Name>,
    /// A story that is being asked about while the wire is paused: it is not placed there yet.
    waiting: Option<Item>,
    /// Stories that have still to be asked about, the next one first.
    unasked: VecDeque<Unasked>,
    /// Stories that came since, and may yet come to match.
    fresh: VecDeque<(StoryId, Timestamp)>,
    /// Those of them whose summary has to be read first. Found out while they are only looked at.
    awaited: RefCell<HashSet<StoryId>>,
    /// How many have fired in all.
    count: usize,
}

/// May a query come to match a story after it has arrived?
fn changes_with_time(query: &Query) -> bool {
    let asks = query.asks();
    asks.time || asks.moves || asks.outlets
}

/// What the alerts look at beside themselves.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    config: &'a Config,
    wire: &'a Wire,
    tape: &'a Tape,
    now: Timestamp,
}

impl Alerts {
    /// Follows the config; what those have fired that keep their name is kept, and what they have seen of prices and stories
    /// as well when they ask for the same.
    pub fn set(&mut self, config: &Config) {
        let mut old: HashMap<Name, Watch> =
            self.watches.drain(..).map(|watch| (watch.alert.name.clone(), watch)).collect();
        let watch = |alert: &Alert| match old.remove(&alert.name) {
            Some(watch) => watch.follow(alert.clone()),
            None => Watch::new(alert.clone()),
        };
        self.watches = config.alerts.iter().map(watch).collect();
    }

    /// Those that fired, the newest first.
    pub fn fired(&self) -> impl Iterator<Item = &Fired> {
        self.fired.iter()
    }

    /// The newest, as long as it stands in the status line.
    pub fn standing(&self, now: Timestamp, speed: f64) -> Option<&Fired> {
        let stands = SignedDuration::from_secs(STANDS.0.max((STANDS.1 * speed) as i64));
        let newest = self.fired.front().filter(|fired| !self.dismissed && now.duration_since(fired.at) <= stands)?;
        let has_line = |watch: &&Watch| watch.alert.name == newest.alert && watch.alert.actions.contains(&Action::Line);
        (newest.is_trial || self.watches.iter().any(|watch| has_line(&watch))).then_some(newest)
    }

    /// It has been seen.
    pub fn dismiss(&mut self) {
        self.dismissed = true;
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(&mut self.snoozed, by);
        move_back(self.fired.iter_mut().map(|fired| &mut fired.at), by);
        move_back(self.fresh.iter_mut().map(|(_, at)| at), by);
        self.set_unasked_back(by);
        self.watches.iter_mut().for_each(|watch| watch.set_back(by));
    }

    /// Forgets what fired and seen, when a replay begins again.
    pub fn clear(&mut self) {
        (self.snoozed, self.waiting) = (None, None);
        self.fired.clear();
        self.fresh.clear();
        self.unasked.clear();
        self.watches.iter_mut().for_each(|watch| *watch = Watch::new(watch.alert.clone()));
    }

    fn tell(&mut self, fired: Fired) {
        self.fired.push_front(fired);
        self.fired.truncate(KEPT);
        self.dismissed = false;
        self.count += 1;
    }

    /// A story that has come in: is it news? One that a feed's first poll of this run brought is not, nor what stood in a
    /// recorded day before it began to play.
    fn is_news(&mut self, story: &Story, replay: Option<ReplayPosition>, loading: bool, now: Timestamp) -> bool {
        let is_news = match replay {
            Some(position) => story.time() > position.from,
            None => !loading && self.polled.contains(&story.feed),
        };
        let is_old = now.duration_since(story.time()) > NEWS;
        if !is_news || is_old {
            self.arriving.insert(story.feed.clone());
            return false;
        }
        self.fresh.push_back((story.id, now));
        let surplus = self.fresh.len().saturating_sub(FRESH_MAX);
        self.fresh.drain(..surplus);
        true
    }

    /// Does an alert ask for a story of the wire? `waiting` is one that is not placed there yet.
    fn of_story(&mut self, id: StoryId, waiting: Option<Item>, around: &Around) -> Vec<Effect> {
        self.waiting = waiting;
        let effects = self.try_story(id, |_| true, around);
        self.waiting = None;
        effects
    }

    /// A poll of a feed is over: its first is, when it brought something or found nothing wrong.
    pub fn feed_polled(&mut self, feed: &Name, is_well: bool) {
        if self.arriving.remove(feed) || is_well {
            self.polled.insert(feed.clone());
        }
    }

    /// What a feed that is asked otherwise brings first is no news again.
    pub fn feeds_changed(&mut self, before: &Config, after: &Config) {
        let known: HashMap<&Name, &Feed> = after.feeds.iter().map(|feed| (&feed.name, feed)).collect();
        let same = |feed: &Feed| known.get(&feed.name).is_some_and(|other| *other == feed);
        for feed in before.feeds.iter().filter(|feed| !same(feed)) {
            self.polled.remove(&feed.name);
        }
    }

    /// The stories that came lately, where a query asks for what changes with time.
    fn due_again(&mut self, now: Timestamp) -> Vec<StoryId> {
        let oldest = now.checked_sub(FRESH).unwrap_or(Timestamp::MIN);
        self.fresh.retain(|(_, at)| *at >= oldest);
        if !self.watches.iter().any(|watch| watch.query.as_ref().is_some_and(changes_with_time)) {
            return Vec::new();
        }
        self.fresh.iter().map(|(id, _)| *id).collect()
    }

    /// Stories whose summaries have been read, of which that was awaited.
    fn take_awaited(&mut self, ids: &[StoryId]) -> Vec<StoryId> {
        let awaited = self.awaited.get_mut();
        ids.iter().filter(|id| awaited.remove(id)).copied().collect()
    }

    fn ask_for(&self, symbol: &Name) -> bool {
        self.watches.iter().any(|watch| watch.asks_for(symbol))
    }

    /// A current price has come in: does an alert ask for it?
    fn of_price(&mut self, symbol: &Name, around: &Around) -> Vec<Effect> {
        let Some(quote) = around.tape.quote(symbol) else { return Vec::new() };
        let mut effects = Vec::new();
        for at in 0..self.watches.len() {
            let Some(text) = self.watches[at].look_at_price(around.tape, quote, around.now) else { continue };
            effects.extend(self.hit_by_price(at, text, around));
        }
        effects
    }

    /// Do the stories of a topic raise no alert?
    pub fn mutes(&self, topic: &Name, config: &Config) -> bool {
        self.muted.contains(topic) || config.alerting.muted_topics.contains(topic)
    }

    fn try_story(&mut self, id: StoryId, of: impl Fn(&Query) -> bool, around: &Around) -> Vec<Effect> {
        let Some(item) = self.item(id, around) else { return Vec::new() };
        let (matching, group) = (self.matching(item, &of, around), item.group);
        self.hit_by_story(matching, (id, group), around)
    }

    /// The places of the alerts whose query a story matches. One that is not in memory whole is read first: an alert tells
    /// all of it.
    fn matching(&self, item: &Item, of: &impl Fn(&Query) -> bool, around: &Around) -> Vec<usize> {
        if item.verdict.is_muted() || item.tagged.topics().iter().any(|topic| self.mutes(topic, around.config)) {
            return Vec::new();
        }
        let outlets = around.wire.outlet_count(item.group).max(1);
        let matches = |watch: &Watch| {
            let Some(query) = watch.query.as_ref().filter(|query| watch.alert.enabled && of(query)) else {
                return false;
            };
            let moves = if query.asks().moves { around.tape.moves_since(item.story.time()) } else { Vec::new() };
            let mut subject = item.subject(outlets, around.now);
            if query.asks().moves {
                subject.moves = &moves;
            }
            let decided = query.decide(&subject);
            if decided != Some(false) && !item.has_summary() {
                around.wire.need_summary(item);
                self.awaited.borrow_mut().insert(item.story.id);
                return false;
            }
            decided == Some(true)
        };
        let watches = self.watches.iter().enumerate();
        watches.filter(|(_, watch)| matches(watch)).map(|(at, _)| at).collect()
    }

    fn hit_by_story(&mut self, matching: Vec<usize>, (id, group): (StoryId, GroupId), around: &Around) -> Vec<Effect> {
        let mut effects = Vec::new();
        for at in matching {
            let watch = &mut self.watches[at];
            let price = match watch.alert.price {
                None => None,
                Some(_) => {
                    watch.keep_story(id, group, around.now);
                    let Some(price) = watch.price_within(around.now) else { continue };
                    Some(price)
                }
            };
            effects.extend(self.raise(at, Cause { story: Some(id), group: Some(group), price }, around));
        }
        effects
    }

    fn hit_by_price(&mut self, at: usize, text: String, around: &Around) -> Vec<Effect> {
        let watch = &mut self.watches[at];
        if watch.query.is_none() {
            return self.raise(at, Cause { price: Some(text), ..Cause::default() }, around);
        }
        watch.keep_price(text.clone(), around.now);
        match watch.story_within(around.now) {
            Some((id, group)) => {
                self.raise(at, Cause { story: Some(id), group: Some(group), price: Some(text) }, around)
            }
            None => Vec::new(),
        }
    }

    /// Tells of an alert, unless it sleeps, cools down, or has reported the event.
    fn raise(&mut self, at: usize, cause: Cause, around: &Around) -> Vec<Effect> {
        let snoozes = self.snoozed.is_some_and(|until| until > around.now);
        if snoozes || !self.watches[at].may_fire(cause.group, around.now) {
            return Vec::new();
        }
        self.watches[at].note_reported(cause.group, around.now);
        let quietly = around.is_quiet(&self.watches[at].alert);
        self.tell_of(at, &cause, (quietly, false), around)
    }

    /// Quietly: without noise. A trial: only to see what it does.
    fn tell_of(&mut self, at: usize, cause: &Cause, (quietly, is_trial): (bool, bool), around: &Around) -> Vec<Effect> {
        let alert = self.watches[at].alert.clone();
        let text = self.words(cause, around);
        // On the screen and wherever else it is reported: nobody is to take it for the real thing.
        let text = if is_trial { format!("TEST: {text}") } else { text };
        let payload = self.payload(&alert, cause, &text, around);
        let fired = Fired {
            at: around.now,
            alert: alert.name.clone(),
            text: text.clone(),
            story: cause.story,
            quietly,
            is_trial,
        };
        self.tell(fired);
        let mut effects = vec![Effect::Draw(Urgency::News)];
        if !quietly {
            let link = cause.story.and_then(|id| self.item(id, around)?.story.link.clone());
            let raised = Raised { alert: alert.name, text, actions: alert.actions, link, payload };
            effects.push(Effect::System(SystemEffect::Raise(Box::new(raised))));
        }
        effects
    }

    /// A story of the wire, or the one that waits for it.
    fn item<'a>(&'a self, id: StoryId, around: &Around<'a>) -> Option<&'a Item> {
        around.wire.item(id).or(self.waiting.as_ref().filter(|item| item.story.id == id))
    }

    /// `OpenAI raises … (Harbour Wire) · NVDA −1.2% in 15m`
    fn words(&self, cause: &Cause, around: &Around) -> String {
        let story = cause.story.and_then(|id| self.item(id, around)).map(|item| &item.story);
        let story = story.map(|story| format!("{} ({})", story.title, story.outlet));
        let parts: Vec<String> = story.into_iter().chain(cause.price.clone()).collect();
        if parts.is_empty() { "no story and no price to tell of".to_owned() } else { parts.join(" · ") }
    }

    fn payload(&self, alert: &Alert, cause: &Cause, text: &str, around: &Around) -> String {
        let item = cause.story.and_then(|id| self.item(id, around));
        let quote = alert.price.as_ref().and_then(|rule| around.tape.quote(&rule.symbol));
        let line = AlertLine {
            alert: &alert.name,
            at: Timestamp::from_second(around.now.as_second()).unwrap_or(around.now),
            text,
            price: quote.map(price_line),
            story: item.map(|item| StoryLine::new(item, around.wire)),
        };
        serde_json::to_string(&line).unwrap_or_default()
    }
}

impl Around<'_> {
    /// Is this an hour in which it makes no noise? By the reader's own clock.
    fn is_quiet(&self, alert: &Alert) -> bool {
        let Some(quiet) = alert.quiet.or(self.config.alerting.quiet) else { return false };
        let own = self.config.screen.time_zone.clone().unwrap_or_else(TimeZone::system);
        quiet.contains(self.now.to_zoned_datetime(own).time())
    }
}

/// Why an alert comes true now.
#[derive(Clone, Debug, Default)]
struct Cause {
    story: Option<StoryId>,
    group: Option<GroupId>,
    /// What the price did.
    price: Option<String>,
}

impl App {
    /// What fired last, while it stands in the status line.
    pub fn standing_alert(&self) -> Option<&Fired> {
        self.alerts.standing(self.now, self.speed())
    }

    /// Lets the alerts look at what there is.
    fn ask_alerts(&mut self, look: impl FnOnce(&mut Alerts, &Around) -> Vec<Effect>) -> Vec<Effect> {
        self.ask_alerts_at(self.now, look)
    }

    fn ask_alerts_at(&mut self, now: Timestamp, look: impl FnOnce(&mut Alerts, &Around) -> Vec<Effect>) -> Vec<Effect> {
        let around = Around { config: &self.config, wire: &self.wire, tape: &self.tape, now };
        let before = self.alerts.count;
        let effects = look(&mut self.alerts, &around);
        let fired = self.alerts.count - before;
        if fired > 0 {
            self.keep_line_of_alerts(fired);
            self.look_ahead();
        }
        effects
    }

    /// What has fired stands before the others: the line under the cursor of the list stays under it.
    fn keep_line_of_alerts(&mut self, fired: usize) {
        if let Some(Popup::Alerts { cursor }) = self.popup
            && cursor >= self.alerts.watches.len()
        {
            self.popup = Some(self.in_bounds(Popup::Alerts { cursor: cursor + fired }));
        }
    }

    /// A price has come in: does an alert ask for it?
    pub(super) fn alert_of_price(&mut self, symbol: &Name) -> Vec<Effect> {
        if self.loading || !self.alerts.ask_for(symbol) || !self.price_state(symbol).is_current() {
            return Vec::new();
        }
        self.ask_alerts(|alerts, around| alerts.of_price(symbol, around))
    }
}

fn price_line(quote: &Quote) -> PriceLine<'_> {
    let (price, at) = super::tape::last_trade(quote).unwrap_or((0.0, quote.received_time));
    PriceLine { symbol: &quote.symbol, price, at, source: &quote.source }
}

#[cfg(test)]
mod tests;
