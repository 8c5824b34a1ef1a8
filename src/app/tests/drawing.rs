//! When a frame is drawn.

use super::*;

#[test]
fn what_changes_nothing_draws_nothing() {
    let mut desk = Desk::with_stories(3);
    let heartbeat = |at| Event::Source(report("coinbase", Capability::Socket, at, Outcome::Well));
    assert!(draws(&desk.send(heartbeat(second(1)))), "the first tells that it is well");
    for at in 2..50 {
        desk.now = second(at);
        assert_eq!(desk.send(heartbeat(second(at))), [], "{at}");
    }
    let feed = config().feeds[0].name.clone();
    let polled = |at| Event::Feed(feed_state(&feed, at).into());
    assert!(draws(&desk.send(polled(second(50)))), "one more is fresh");
    let effects = desk.send(polled(second(51)));
    assert_eq!((effects.len(), draws(&effects)), (1, false), "saved; the line reads the same");
    assert_eq!(desk.send(Event::Quote(quote("GME", 1.0, second(52)))), [], "not watched");
    assert!(!draws(&desk.send(Event::Saved(second(52)))), "more is saved");
    assert_eq!(desk.send(Event::Saved(second(52))), []);
    assert_eq!(desk.send(Event::Tick), []);
    desk.press("f");
    assert!(draws(&desk.send(heartbeat(second(53)))), "the list of sources shows it");
    assert!(draws(&desk.send(polled(second(54)))));
}

#[test]
fn a_theme_that_is_broken_as_it_is_saved_stays_as_it_was() {
    use crate::config::theme::Slot;
    let load = |theme: &str| {
        let files = [("config.toml", "[theme]\nname = 'mine'\n"), ("themes/mine.toml", theme)];
        Arc::new(crate::config::load(files).unwrap())
    };
    let mut desk = Desk::new();
    let color = |desk: &Desk| desk.app.config.themes.get("mine").map(|palette| palette.color(Slot::Up));
    desk.send(Event::Config(load("up = 'blue'\n")));
    let before = color(&desk);
    desk.send(Event::Config(load("up = 'gre\n")));
    assert_eq!((color(&desk), desk.app.config.screen.theme.as_str()), (before, "mine"));
    assert!(desk.notice().is_some_and(|notice| notice.contains("themes/mine.toml")), "{:?}", desk.notice());
    desk.send(Event::Config(load("up = 'green'\n")));
    assert_ne!(color(&desk), before);
}

#[test]
fn coming_back_to_the_terminal_shows_the_present() {
    let mut desk = Desk::with_stories(1);
    let came_back = desk.send(Event::Terminal(TerminalEvent::FocusGained));
    assert_eq!(came_back, [Effect::Terminal(TerminalEffect::AskBackground), Effect::Draw(Urgency::Key)]);
    let resized = desk.send(Event::Terminal(TerminalEvent::Resize(80, 24)));
    assert_eq!(resized, [Effect::Draw(Urgency::News)], "a storm of sizes is drawn as news is");
    // The line moves to where the reader leaves.
    assert_eq!(desk.send(Event::Terminal(TerminalEvent::FocusLost)), [Effect::Draw(Urgency::Key)]);
    assert_eq!(desk.send(Event::Resumed), [Effect::Terminal(TerminalEffect::Repaint), Effect::Draw(Urgency::Key)]);
    assert_eq!(desk.send(Event::NotSuspended), [Effect::Draw(Urgency::Key)]);
    assert_eq!(desk.app.notices.current.as_ref().unwrap().text, "no shell waits here to suspend to");
    assert_eq!(desk.press("ctrl-l"), [Effect::Terminal(TerminalEffect::Repaint), Effect::Draw(Urgency::Key)]);
}

#[test]
fn whatever_finds_the_minute_gone_draws_it() {
    let mut desk = Desk::with_stories(3);
    desk.send(Event::Source(report("coinbase", Capability::Socket, minute(0), Outcome::Well)));
    desk.draw();
    assert_eq!(desk.app.next_change(), minute(1));
    desk.now = minute(1);
    // No tick, but an event that draws nothing by itself.
    let effects = desk.send(Event::Source(report("coinbase", Capability::Socket, minute(1), Outcome::Well)));
    assert_eq!(effects, [Effect::Draw(Urgency::Price)]);
    assert_eq!(desk.app.next_change(), minute(2));
    desk.now = minute(-10);
    assert_eq!(desk.send(Event::Tick), [Effect::Draw(Urgency::Price)], "a clock that was set back");
    assert_eq!(desk.app.next_change(), minute(-9));
}

#[test]
fn a_price_that_goes_stale_is_drawn_in_time_and_signs_of_life_put_it_off() {
    let mut desk = Desk::new();
    let tick = |at| Event::Quote(quote("BTC-USD", 97_000.0, at));
    let life = |at| Event::Source(report("coinbase", Capability::Socket, at, Outcome::Well));
    let word = |desk: &Desk| desk.app.price_state("BTC-USD").word();
    desk.send(life(second(0)));
    desk.send(tick(second(0)));
    desk.draw();
    assert_eq!((word(&desk), desk.app.next_change()), ("live", second(15)), "without any frame for 15 s it is stale");
    desk.now = second(10);
    assert_eq!(desk.send(life(second(10))), []);
    assert_eq!(desk.app.next_change(), second(25));
    desk.now = second(25);
    assert_eq!(desk.send(Event::Tick), [Effect::Draw(Urgency::Price)]);
    assert_eq!(word(&desk), "stale");
    desk.draw();
    assert_eq!(desk.app.next_change(), minute(1), "from now on only its age changes, with the minute");
}

#[test]
fn stale_prices_cost_a_frame_a_minute_together() {
    let mut desk = Desk::new();
    for (at, symbol) in (0..).zip(["NVDA", "BTC-USD", "ETH-USD", "SOL-USD"]) {
        desk.now = second(at * 7);
        desk.send(Event::Quote(quote(symbol, 100.0, desk.now)));
    }
    desk.now = minute(20);
    desk.send(Event::Tick);
    desk.draw();
    let (mut frames, mut wakes) = (0, 0);
    while desk.now < minute(30) {
        desk.now = desk.app.next_change();
        wakes += 1;
        if draws(&desk.send(Event::Tick)) {
            desk.draw();
            frames += 1;
        }
    }
    assert_eq!((frames, wakes), (10, 10));
}
