//! One alert, and what it has seen.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::app::tape::{Tape, last_trade};
use crate::domain::Name;
use crate::domain::alert::{Alert, When, show_level};
use crate::domain::format;
use crate::domain::group::GroupId;
use crate::domain::price::Quote;
use crate::domain::query::Query;
use crate::domain::story::StoryId;
use crate::event::move_back;

/// How many events are remembered that it has reported.
const GROUPS: usize = 256;
/// How many stories wait for a price.
const STORIES: usize = 32;
/// A move is over when it is less than this share of what the rule asks for: else one that trembles at it fires again
/// and again.
const OVER: f64 = 0.8;

/// One alert, and what it has seen.
#[derive(Debug)]
pub(super) struct Watch {
    pub alert: Alert,
    pub query: Option<Query>,
    /// Whether its price rule was true when last looked at; None: not looked at yet.
    was: Option<bool>,
    /// Whether the price was above the level.
    above: Option<bool>,
    /// Whose price was last looked at, and when it had traded.
    looked: Option<(Name, Timestamp)>,
    /// When it last fired.
    pub last: Option<Timestamp>,
    pub snoozed: Option<Timestamp>,
    /// The last stories that matched, and the last time that the price rule came true: for both within a window.
    stories: VecDeque<(Timestamp, StoryId, GroupId)>,
    price: Option<(Timestamp, String)>,
    /// The events it has reported.
    groups: VecDeque<GroupId>,
}

impl Watch {
    pub(super) fn new(alert: Alert) -> Watch {
        // The config has read it already.
        let query = alert.query.as_deref().and_then(|query| Query::parse(query).ok());
        Watch {
            alert,
            query,
            was: None,
            above: None,
            looked: None,
            last: None,
            snoozed: None,
            stories: VecDeque::new(),
            price: None,
            groups: VecDeque::new(),
        }
    }

    /// The same under another config.
    pub(super) fn follow(self, alert: Alert) -> Watch {
        let asks_the_same = self.alert.query == alert.query && self.alert.price == alert.price;
        match asks_the_same {
            true => Watch { alert, ..self },
            false => Watch { last: self.last, snoozed: self.snoozed, groups: self.groups, ..Watch::new(alert) },
        }
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(self.last.iter_mut().chain(&mut self.snoozed), by);
        move_back(self.stories.iter_mut().map(|(at, ..)| at), by);
        move_back(self.price.as_mut().map(|(at, _)| at), by);
    }

    /// Does it ask for the price of a symbol?
    pub(super) fn asks_for(&self, symbol: &str) -> bool {
        self.alert.enabled && self.alert.price.as_ref().is_some_and(|rule| &*rule.symbol == symbol)
    }

    /// What the price did, when the rule has come true with it. The first look says nothing: it may have been true before.
    pub(super) fn look_at_price(&mut self, tape: &Tape, quote: &Quote, now: Timestamp) -> Option<String> {
        let rule = self.alert.price.as_ref().filter(|rule| rule.symbol == quote.symbol && self.alert.enabled)?;
        let (price, traded) = last_trade(quote)?;
        let symbol = &rule.symbol;
        let before = self.looked.replace((quote.source.clone(), traded));
        // A price of another source, or an older one, has not gone from there to here.
        let is_next = before.is_some_and(|(source, at)| source == quote.source && at <= traded);
        if !is_next {
            (self.was, self.above) = (None, None);
        }
        let (is_true, text) = match rule.when {
            When::Below(level) => (price < level, format!("{symbol} is below {}", show_level(level))),
            When::Above(level) => (price > level, format!("{symbol} is above {}", show_level(level))),
            When::Crosses(level) => {
                // On the level it has not crossed it.
                #[expect(clippy::float_cmp, reason = "only a price that equals the level exactly is on it")]
                let above = if price == level { self.above } else { Some(price > level) };
                let crossed = self.above.is_some() && above != self.above;
                self.above = above;
                self.was = Some(false);
                let way = if price > level { "rose" } else { "fell" };
                (crossed, format!("{symbol} {way} through {}", show_level(level)))
            }
            When::Goes { way, percent, over } => {
                let since = traded.min(now).checked_sub(SignedDuration::try_from(over).ok()?).ok()?;
                let moved = tape.since(symbol, since)?.percent;
                let asked = if self.was == Some(true) { percent * OVER } else { percent };
                let text = format!("{symbol} {} in {}", format::percent(moved, 1), format::interval(over));
                (way.fits(moved) && moved.abs() >= asked, text)
            }
        };
        let before = self.was.replace(is_true);
        (is_true && before == Some(false)).then_some(text)
    }

    /// May it fire for this event now?
    pub(super) fn may_fire(&self, group: Option<GroupId>, now: Timestamp) -> bool {
        let cool_down = SignedDuration::try_from(self.alert.cool_down).unwrap_or(SignedDuration::MAX);
        // A story is asked about as of its arrival: what a price did may have fired since.
        let is_hot = self.last.is_some_and(|last| now.duration_since(last).abs() < cool_down);
        let sleeps = self.snoozed.is_some_and(|until| until > now);
        let is_known = group.is_some_and(|group| self.groups.contains(&group));
        !is_hot && !sleeps && !is_known
    }

    pub(super) fn note_reported(&mut self, group: Option<GroupId>, now: Timestamp) {
        self.last = Some(now);
        self.groups.extend(group);
        let surplus = self.groups.len().saturating_sub(GROUPS);
        self.groups.drain(..surplus);
    }

    pub(super) fn keep_story(&mut self, id: StoryId, group: GroupId, now: Timestamp) {
        // One that is asked about again matched when it first did.
        if self.stories.iter().any(|(_, known, _)| *known == id) {
            return;
        }
        self.stories.push_back((now, id, group));
        let surplus = self.stories.len().saturating_sub(STORIES);
        self.stories.drain(..surplus);
    }

    pub(super) fn keep_price(&mut self, text: String, now: Timestamp) {
        self.price = Some((now, text));
    }

    /// The newest story that matched within the window before now, of an event that was not reported.
    pub(super) fn story_within(&self, now: Timestamp) -> Option<(StoryId, GroupId)> {
        let mut stories = self.stories.iter().rev();
        let found = stories.find(|(at, _, group)| self.is_within(*at, now) && !self.groups.contains(group));
        found.map(|(_, id, group)| (*id, *group))
    }

    /// What the price did within the window before now.
    pub(super) fn price_within(&self, now: Timestamp) -> Option<String> {
        let (_, text) = self.price.as_ref().filter(|(at, _)| self.is_within(*at, now))?;
        Some(text.clone())
    }

    fn is_within(&self, at: Timestamp, now: Timestamp) -> bool {
        SignedDuration::try_from(self.alert.within).is_ok_and(|within| now.duration_since(at) <= within)
    }
}
