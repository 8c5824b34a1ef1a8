#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::*;
use crate::app::Popup;
use crate::app::samples::{Desk, feed_state, minute, quote, series, titled};
use crate::config::load;
use crate::domain::alert::Action;
use crate::domain::price::Span;
use crate::domain::story::{Marks, Story};
use crate::event::{Event, Loaded, StoreEffect, SystemEffect};

/// A desk with these alerts alone, whose feed has been polled once.
fn desk(alerts: &str) -> Desk {
    let text = format!("[shipped]\nalerts = false\n[screen]\ntime-zone = \"America/New_York\"\n{alerts}");
    let config = load(Some(("config.toml", &text))).unwrap();
    assert_eq!(config.warnings, [""; 0]);
    let mut desk = Desk::of(config);
    poll(&mut desk);
    desk
}

fn poll(desk: &mut Desk) {
    let feed = titled(0, 0, "").feed;
    let state = feed_state(&feed, desk.now);
    desk.send(Event::Feed(Box::new(state)));
}

/// What the effects raise, by the name of the alert.
fn raised(effects: &[Effect]) -> Vec<&str> {
    let raised = effects.iter().filter_map(|effect| match effect {
        Effect::System(SystemEffect::Raise(raised)) => Some(&*raised.alert),
        _ => None,
    });
    raised.collect()
}

fn tell(desk: &mut Desk, id: u64, title: &str) -> usize {
    let at = desk.now;
    let story = Story { published: Some(at), first_seen: at, ..titled(id, 0, title) };
    raised(&desk.stories([story])).len()
}

fn price(desk: &mut Desk, price: f64) -> usize {
    desk.now += Duration::from_secs(1);
    let quote = quote("BTC-USD", price, desk.now);
    raised(&desk.send(Event::Quote(quote))).len()
}

fn fired(desk: &Desk) -> Vec<String> {
    desk.app.alerts.fired().map(|fired| fired.text.clone()).collect()
}

const NVIDIA: &str = "[[alert]]\nname = 'n'\nquery = 'topic:nvidia'\ncool-down = '0s'\n";

#[test]
fn enter_on_an_alert_does_not_read_the_story_behind_the_list() {
    let mut desk = Desk::with_stories(1);
    desk.press("a");
    desk.press("enter");
    assert!(desk.app.wire.current_item().is_some_and(|item| !item.marks.read), "it was not read");
    assert!(desk.app.popup.is_some());
}

#[test]
fn a_story_is_told_of_once_for_its_event() {
    let mut desk = desk(NVIDIA);
    assert_eq!(tell(&mut desk, 1, "Nvidia buys a maker of lasers for 3 billion dollars"), 1);
    assert_eq!(fired(&desk), ["Nvidia buys a maker of lasers for 3 billion dollars (Reuters)"]);
    let at = desk.now;
    let other = Story {
        outlet: "Other".into(),
        published: Some(at),
        ..titled(2, 0, "Nvidia to buy a maker of lasers for 3 billion dollars")
    };
    assert!(raised(&desk.stories([other])).is_empty(), "the same event");
    assert_eq!(tell(&mut desk, 3, "A bakery opens in Lyon"), 0, "it does not match");
    assert_eq!(tell(&mut desk, 4, "Nvidia opens a school in Oslo"), 1);
}

#[test]
fn what_is_there_at_first_is_not_told_of() {
    let mut desk = desk(NVIDIA);
    let stored = (titled(1, -5, "Nvidia opens a school"), Marks::default());
    let loaded = desk.send(Event::Loaded(Loaded { stories: vec![stored], ..Loaded::default() }));
    assert!(raised(&loaded).is_empty(), "stored");
    let of = |id, title: &str| Story { feed: "New".into(), ..titled(id, 0, title) };
    let first = desk.stories([of(2, "Nvidia ships a card")]);
    assert!(raised(&first).is_empty(), "the first poll of a feed");
    let state = feed_state("New", desk.now);
    desk.send(Event::Feed(Box::new(state)));
    assert_eq!(raised(&desk.stories([of(3, "Nvidia hires a chief of staff")])), ["n"]);
    assert_eq!(desk.app.alerts.fired().count(), 1);
}

#[test]
fn a_level_is_told_when_it_is_reached_and_again_only_after_it_was_left() {
    let mut desk = desk("[[alert]]\nname = 'l'\nprice = 'BTC-USD < 70000'\ncool-down = '0s'\n");
    let steps =
        [(69_000.0, 0), (68_000.0, 0), (71_000.0, 0), (69_900.0, 1), (69_000.0, 0), (70_500.0, 0), (69_999.0, 1)];
    for (at, expected) in steps {
        assert_eq!(price(&mut desk, at), expected, "at {at}");
    }
    assert_eq!(fired(&desk)[0], "BTC-USD is below 70,000");
}

#[test]
fn a_crossing_is_told_either_way() {
    let mut desk = desk("[[alert]]\nname = 'c'\nprice = 'BTC-USD crosses 70000'\ncool-down = '0s'\n");
    for (at, expected) in [(69_000.0, 0), (70_000.0, 0), (70_100.0, 1), (70_200.0, 0), (69_900.0, 1)] {
        assert_eq!(price(&mut desk, at), expected, "at {at}");
    }
    assert_eq!(fired(&desk), ["BTC-USD fell through 70,000", "BTC-USD rose through 70,000"]);
}

#[test]
fn a_move_over_a_span_is_told_the_way_it_goes() {
    let mut desk = desk("[[alert]]\nname = 'f'\nprice = 'BTC-USD falls 2% in 15m'\ncool-down = '0s'\n");
    let closes = vec![70_000.0; 60];
    desk.send(Event::Series { span: Span::Day, series: series("BTC-USD", minute(-60), &closes) });
    let steps =
        [(70_000.0, 0), (72_000.0, 0), (68_550.0, 1), (68_700.0, 0), (68_500.0, 0), (69_900.0, 0), (68_500.0, 1)];
    for (at, expected) in steps {
        assert_eq!(price(&mut desk, at), expected, "at {at}");
    }
    assert_eq!(fired(&desk)[0], "BTC-USD −2.1% in 15m");
}

#[test]
fn both_must_come_true_within_the_window_in_either_order() {
    let both =
        "[[alert]]\nname = 'b'\nquery = 'topic:nvidia'\nprice = 'BTC-USD < 70000'\nwithin = '10m'\ncool-down = '0s'\n";
    // Minutes between the two, which comes first, and whether it is reported.
    for (apart, story_first, expected) in [(9, true, 1), (9, false, 1), (11, true, 0), (11, false, 0)] {
        let mut desk = desk(both);
        assert_eq!(price(&mut desk, 71_000.0), 0);
        let happen = |desk: &mut Desk, is_story: bool| match is_story {
            true => tell(desk, 1, "Nvidia opens a school"),
            false => price(desk, 69_000.0),
        };
        assert_eq!(happen(&mut desk, story_first), 0, "one alone is not enough");
        desk.wait(apart * 60);
        assert_eq!(happen(&mut desk, !story_first), expected, "{apart} minutes, story first: {story_first}");
    }
}

#[test]
fn after_one_was_told_it_cools_down() {
    let mut desk = desk("[[alert]]\nname = 'n'\nquery = 'topic:nvidia'\ncool-down = '15m'\n");
    assert_eq!(tell(&mut desk, 1, "Nvidia opens a school"), 1);
    desk.wait(14 * 60);
    assert_eq!(tell(&mut desk, 2, "Nvidia hires a chief of staff"), 0);
    desk.wait(61);
    assert_eq!(tell(&mut desk, 3, "Nvidia ships a card to Mars"), 1);
}

#[test]
fn quiet_hours_keep_the_line_and_take_the_noise() {
    // Minute 0 is 13:00 in New York.
    for (hours, own, expected) in
        [("12:00-14:00", "", 0), ("14:00-12:00", "", 1), ("14:00-12:00", "quiet = '12:30-13:30'\n", 0)]
    {
        let mut desk = desk(&format!("[alerts]\nquiet = '{hours}'\n{NVIDIA}{own}"));
        assert_eq!(tell(&mut desk, 1, "Nvidia opens a school"), expected, "quiet from {hours}, {own}");
        let first = desk.app.alerts.fired().next().unwrap();
        assert_eq!(first.quietly, expected == 0);
        assert!(desk.app.standing_alert().is_some(), "it stands in the status line all the same");
    }
}

#[test]
fn muted_topics_and_muted_stories_raise_nothing() {
    let mut desk =
        desk(&format!("{NVIDIA}[alerts]\nmuted-topics = ['crypto']\n[[mute]]\nname = 'm'\nquery = 'title:rumour'\n"));
    assert_eq!(tell(&mut desk, 1, "Nvidia and bitcoin miners sign a contract"), 0, "it is of a muted topic as well");
    assert_eq!(tell(&mut desk, 2, "Rumour: Nvidia to open a school"), 0, "it is muted");
    assert_eq!(tell(&mut desk, 3, "Nvidia opens a school"), 1);
}

#[test]
fn a_topics_key_in_the_list_mutes_its_alerts_and_lets_them_be_told_again() {
    let mut desk = desk(NVIDIA);
    desk.press("a 2");
    assert_eq!(desk.notice(), Some("stories of NVIDIA raise no alert until newstape ends"));
    assert_eq!(tell(&mut desk, 1, "Nvidia opens a school"), 0);
    desk.press("2 esc");
    assert!(desk.app.wire.filter().is_empty(), "the key did not filter the wire");
    assert_eq!(tell(&mut desk, 2, "Nvidia hires a chief of staff"), 1);
}

#[test]
fn an_alert_sleeps_alone_or_with_all_and_wakes_by_itself() {
    for keys in ["a S esc", "S"] {
        let mut desk = desk(NVIDIA);
        desk.press(keys);
        assert_eq!(tell(&mut desk, 1, "Nvidia opens a school"), 0, "after {keys}");
        desk.press(keys);
        assert_eq!(tell(&mut desk, 2, "Nvidia hires a chief of staff"), 1, "{keys} again");
        desk.press(keys);
        desk.wait(3_601);
        assert_eq!(tell(&mut desk, 3, "Nvidia ships a card to Mars"), 1, "an hour later");
    }
}

#[test]
fn one_that_is_off_says_nothing_and_a_trial_says_all() {
    let mut desk =
        desk(&format!("{NVIDIA}enabled = false\nactions = ['bell', 'notify']\n[alerts]\nquiet = '00:00-23:59'\n"));
    assert_eq!(tell(&mut desk, 1, "Nvidia opens a school"), 0);
    let effects = desk.press("a A");
    let loud = effects.iter().find_map(|effect| match effect {
        Effect::System(SystemEffect::Raise(raised)) => Some((raised.actions.clone(), raised.text.clone())),
        _ => None,
    });
    assert_eq!(loud, Some((vec![Action::Bell, Action::Notify], "TEST: Nvidia opens a school (Reuters)".into())));
    assert!(desk.app.alerts.fired().next().unwrap().is_trial);
    assert!(matches!(desk.app.popup, Some(Popup::Alerts { cursor: 0 })), "the list stays open");
}

#[test]
fn a_query_for_outlets_is_asked_as_reports_come_in() {
    let mut desk = desk("[[alert]]\nname = 'o'\nquery = 'topic:nvidia outlets>2'\n");
    let mut total = 0;
    for (id, outlet) in ["One", "Two", "Three", "Four"].into_iter().enumerate() {
        let title = "Nvidia buys a maker of lasers for 3 billion dollars";
        let at = desk.now;
        let report = Story { outlet: outlet.into(), published: Some(at), ..titled(id as u64 + 1, 0, title) };
        total += raised(&desk.stories([report])).len();
        assert_eq!(total, usize::from(id >= 2), "after {outlet}");
    }
}

#[test]
fn a_query_for_moves_is_asked_as_prices_go_on() {
    let mut desk = desk("[[alert]]\nname = 'm'\nquery = 'topic:bitcoin move:BTC<-1%'\n");
    desk.send(Event::Series { span: Span::Day, series: series("BTC-USD", minute(-30), &[70_000.0; 30]) });
    price(&mut desk, 70_000.0);
    assert_eq!(tell(&mut desk, 1, "Bitcoin exchange halts withdrawals"), 0);
    price(&mut desk, 69_000.0);
    assert_eq!(raised(&desk.wait(60)), ["m"]);
}

#[test]
fn while_the_wire_is_paused_alerts_are_told_in_full_and_once_for_their_event() {
    let mut desk = desk(NVIDIA);
    desk.press("p");
    let title = "Nvidia buys a maker of lasers for 3 billion dollars";
    assert_eq!(tell(&mut desk, 1, title), 1);
    assert_eq!(fired(&desk), [format!("{title} (Reuters)")]);
    let report =
        |id: u64, outlet: &str, at| Story { outlet: outlet.into(), published: Some(at), ..titled(id, 0, title) };
    let at = desk.now;
    assert!(raised(&desk.stories([report(2, "Other", at)])).is_empty(), "the same event");
    desk.press("p");
    assert!(raised(&desk.stories([report(3, "Third", at)])).is_empty(), "nor when the wire goes on");
    assert_eq!(desk.app.alerts.fired().count(), 1);
}

#[test]
fn what_is_old_is_no_news_however_late_it_comes() {
    let mut desk = desk(NVIDIA);
    let old = Story { published: Some(minute(-25 * 60)), ..titled(1, 0, "Nvidia opens a school") };
    assert!(raised(&desk.stories([old])).is_empty());
}

#[test]
fn a_price_of_another_source_or_an_older_one_has_crossed_nothing() {
    let mut desk = desk("[[alert]]\nname = 'c'\nprice = 'BTC-USD crosses 70000'\ncool-down = '0s'\n");
    assert_eq!(price(&mut desk, 70_012.0), 0);
    desk.now += Duration::from_secs(1);
    let other = Quote { source: "kraken".into(), ..quote("BTC-USD", 69_991.0, desk.now) };
    assert!(raised(&desk.send(Event::Quote(other.clone()))).is_empty());
    assert!(desk.app.movers.iter().next().is_none(), "nor is it reported by itself");
    desk.now += Duration::from_secs(1);
    let next = Quote { price: 70_020.into(), exchange_time: Some(desk.now), received_time: desk.now, ..other };
    assert_eq!(raised(&desk.send(Event::Quote(next))), ["c"], "within one source it has");
}

#[test]
fn of_stories_that_wait_for_a_price_the_newest_untold_event_is_told() {
    let both =
        "[[alert]]\nname = 'b'\nquery = 'topic:nvidia'\nprice = 'BTC-USD < 70000'\nwithin = '10m'\ncool-down = '0s'\n";
    let mut desk = desk(both);
    price(&mut desk, 71_000.0);
    tell(&mut desk, 1, "Nvidia opens a school in Oslo");
    assert_eq!(price(&mut desk, 69_000.0), 1);
    desk.wait(11 * 60);
    price(&mut desk, 71_000.0);
    tell(&mut desk, 2, "Nvidia hires a chief of staff");
    let at = desk.now;
    let again = Story { outlet: "Other".into(), published: Some(at), ..titled(3, 0, "Nvidia opens a school in Oslo") };
    desk.stories([again]);
    assert_eq!(price(&mut desk, 69_000.0), 1);
    assert!(fired(&desk)[0].starts_with("Nvidia hires a chief of staff"), "{:?}", fired(&desk));
}

#[test]
fn an_alert_that_is_edited_does_not_tell_of_the_same_event_again() {
    let mut desk = desk(NVIDIA);
    let title = "Nvidia buys a maker of lasers for 3 billion dollars";
    assert_eq!(tell(&mut desk, 1, title), 1);
    let text = format!("[shipped]\nalerts = false\n{NVIDIA}actions = ['bell']\n");
    let config = load(Some(("config.toml", &text))).unwrap();
    desk.send(Event::Config(std::sync::Arc::new(config)));
    let at = desk.now;
    let other = Story { outlet: "Other".into(), published: Some(at), ..titled(2, 0, title) };
    assert!(raised(&desk.stories([other])).is_empty());
}

#[test]
fn the_cursor_of_the_list_stays_on_its_line() {
    let mut desk = desk(NVIDIA);
    tell(&mut desk, 1, "Nvidia opens a school");
    desk.press("a j");
    assert_eq!(desk.app.popup, Some(Popup::Alerts { cursor: 1 }));
    tell(&mut desk, 2, "Nvidia hires a chief of staff");
    assert_eq!(desk.app.popup, Some(Popup::Alerts { cursor: 2 }), "what fired before is one further down");
}

#[test]
fn what_an_alert_has_seen_outlives_a_reload() {
    let mut desk = desk("[[alert]]\nname = 'l'\nprice = 'BTC-USD < 70000'\n");
    price(&mut desk, 71_000.0);
    let config = desk.app.config.clone();
    desk.send(Event::Config(config));
    assert_eq!(price(&mut desk, 69_000.0), 1);
}

#[test]
fn a_hostile_title_is_data_in_the_payload() {
    let mut desk = desk(NVIDIA);
    let title = "Nvidia\"; touch x; $(reboot) `id` {\"alert\":\"other\"}";
    let at = desk.now;
    let story = Story { published: Some(at), ..titled(1, 0, title) };
    let effects = desk.stories([story]);
    let payload = effects.iter().find_map(|effect| match effect {
        Effect::System(SystemEffect::Raise(raised)) => Some(raised.payload.clone()),
        _ => None,
    });
    let object: serde_json::Value = serde_json::from_str(&payload.unwrap()).unwrap();
    assert_eq!((object["alert"].as_str(), object["title"].as_str()), (Some("n"), Some(title)));
    assert_eq!(object["topics"][0].as_str(), Some("nvidia"));
}

#[test]
fn what_failed_is_said() {
    let mut desk = desk(NVIDIA);
    desk.send(Event::AlertFailed { alert: "n".into(), why: "its command could not be started".into() });
    assert_eq!(desk.notice(), Some("alert 'n': its command could not be started"));
}

/// A story that comes in now, with a summary.
fn quay(id: u64, summary: &str, now: Timestamp) -> Story {
    let story = titled(id, 0, &format!("quay{id}"));
    Story { summary: summary.into(), published: Some(now), first_seen: now, ..story }
}

#[test]
fn a_story_whose_summary_is_in_the_store_alone_is_read_before_its_alert() {
    let mut desk = desk("[[alert]]\nname = 'n'\nquery = 'age>10m summary:harbour'\n");
    let at = desk.now;
    let told = |id: u64, summary: &str| quay(id, summary, at);
    assert!(raised(&desk.stories([told(1, "The harbour is closed.")])).is_empty());
    for from in (2..402).step_by(100) {
        desk.stories((from..from + 100).map(|id| told(id, "Nothing is known yet.")));
    }
    desk.send(Event::Saved(at + Duration::from_mins(1)));
    assert!(!desk.app.wire.item(StoryId(1)).unwrap().has_summary());
    let effects = desk.wait(660);
    assert!(raised(&effects).is_empty());
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Store(StoreEffect::ReadSummaries(ids)) => Some(ids.clone()),
        _ => None,
    });
    assert!(asked.unwrap().contains(&StoryId(1)));
    let effects = desk.send(Event::Summaries(vec![(StoryId(1), "The harbour is closed.".into())]));
    let is_raised = |effect: &&Effect| matches!(effect, Effect::System(SystemEffect::Raise(_)));
    let Some(Effect::System(SystemEffect::Raise(raised))) = effects.iter().find(is_raised) else {
        panic!("no alert in {effects:?}");
    };
    assert!(raised.payload.contains("The harbour is closed."), "{}", raised.payload);
}

const SLOW: &str = "[[alert]]\nname = 'slow'\nquery = '/oslo|lyon|rain/i'\ncool-down = '0s'\n";

/// Stories that come in with one poll, without what the run loop does between two keys.
fn arrive(desk: &mut Desk, titles: &[&str]) -> Vec<Effect> {
    let at = desk.now;
    let told = |(id, title): (u64, &&str)| Story { published: Some(at), first_seen: at, ..titled(id, 0, title) };
    let stories = (1..).zip(titles).map(told).collect();
    desk.app.update(Event::Stories(stories), at)
}

#[test]
fn slow_alerts_are_asked_story_by_story_in_order_of_arrival() {
    let mut desk = desk(&format!("{SLOW}{NVIDIA}"));
    let titles = ["A bakery opens in Lyon", "Nvidia opens a school in Oslo", "Harbour closed", "Rain over the moss"];
    assert!(raised(&arrive(&mut desk, &titles)).is_empty() && desk.app.is_sifting(), "no key waits for them");
    let arrived = desk.now;
    // A slow machine comes to them a minute later, and what fires is the same.
    desk.now += Duration::from_mins(1);
    let mut steps = Vec::new();
    while desk.app.is_sifting() {
        let effects = desk.app.update(Event::Sift { count: 1 }, desk.now);
        steps.push(raised(&effects).join(" "));
    }
    assert_eq!(steps, ["slow", "slow n", "", "slow"], "one story at a time");
    assert!(desk.app.alerts.fired().all(|fired| fired.at == arrived), "as of the arrival");
}

#[test]
fn alerts_wait_for_slow_mutes() {
    let mut desk = desk(&format!("{NVIDIA}[[mute]]\nname = 'oslo'\nquery = '/oslo/i'\n"));
    let titles = ["Nvidia opens a school in Oslo", "Nvidia hires a chief of staff"];
    assert!(raised(&arrive(&mut desk, &titles)).is_empty());
    assert_eq!(desk.app.wire.muted_count(), 0, "nobody has asked yet");
    desk.send(Event::Tick);
    assert_eq!(fired(&desk), ["Nvidia hires a chief of staff (Reuters)"]);
    assert_eq!(desk.app.wire.muted_count(), 1);
}

#[test]
fn a_slow_alert_tells_of_what_waits_while_the_wire_is_paused() {
    let mut desk = desk(SLOW);
    desk.press("p");
    arrive(&mut desk, &["A bakery opens in Lyon"]);
    assert!(desk.app.wire.paused() && desk.app.wire.is_empty());
    desk.send(Event::Tick);
    assert_eq!(fired(&desk), ["A bakery opens in Lyon (Reuters)"]);
}

#[test]
fn a_slow_alert_is_asked_of_a_summary_that_was_stored_meanwhile() {
    let mut desk = desk("[[alert]]\nname = 'n'\nquery = 'summary:/harbour/'\n");
    let at = desk.now;
    let told = |id: u64, summary: &str| quay(id, summary, at);
    let first = (1..=100).map(|id| told(id, if id == 1 { "The harbour is closed." } else { "Nothing is known." }));
    desk.app.update(Event::Stories(first.collect()), at);
    for from in (101..501).step_by(100) {
        let stories = (from..from + 100).map(|id| told(id, "Nothing is known yet."));
        desk.app.update(Event::Stories(stories.collect()), at);
    }
    desk.app.update(Event::Saved(at + Duration::from_mins(1)), at);
    desk.send(Event::Tick);
    assert_eq!(fired(&desk), ["quay1 (Reuters)"]);
    desk.app.update(Event::Saved(at + Duration::from_mins(1)), at);
    let in_memory = desk.app.wire.items().filter(|item| item.has_summary()).count();
    assert!(in_memory <= 260, "{in_memory} are held longer than that");
}

#[test]
fn slow_alerts_are_asked_again_as_time_passes_in_steps_too() {
    let mut desk = desk("[[alert]]\nname = 'late'\nquery = 'age>10m /harbour/i'\n");
    arrive(&mut desk, &["Harbour closed", "A bakery opens in Lyon"]);
    desk.send(Event::Tick);
    assert!(fired(&desk).is_empty());
    desk.now += Duration::from_mins(11);
    let effects = desk.app.update(Event::Tick, desk.now);
    assert!(raised(&effects).is_empty() && desk.app.is_sifting());
    desk.send(Event::Tick);
    assert_eq!(fired(&desk), ["Harbour closed (Reuters)"]);
}
