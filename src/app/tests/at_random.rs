//! Any events in any order.

use proptest::prelude::*;

use super::*;

fn event() -> impl Strategy<Value = Event> {
    let symbols = prop::sample::select(vec!["NVDA", "BTC-USD", "ETH-USD", "GME"]);
    let keys = prop::sample::select(
        "j k g G n N enter o y s u m z / esc 0 1 2 4 ] [ t T f r p M ? pgup pgdn tab x".split(' ').collect::<Vec<_>>(),
    );
    prop_oneof![
        3 => (0u64..40, -50i64..5).prop_map(|(id, minutes)| Event::Stories(vec![story(id, minutes)])),
        3 => (symbols.clone(), 1.0f64..1e5, -900i64..900, 0usize..4).prop_map(|(symbol, price, at, how)| {
            let polled = std::time::Duration::from_secs(30);
            let delivery = [Delivery::Pushed, Delivery::Polled(polled), Delivery::Delayed(polled * 30), Delivery::Stored];
            Event::Quote(Quote { delivery: delivery[how].clone(), ..quote(symbol, price, second(at)) })
        }),
        2 => (0usize..2, -900i64..900).prop_map(|(source, at)| {
            Event::Source(report(["coinbase", "yahoo"][source], Capability::Socket, second(at), Outcome::Well))
        }),
        1 => (-900i64..900, 0i64..900).prop_map(|(at, more)| {
            let blocked = Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until: second(at + more) };
            Event::Source(report("yahoo", Capability::Quote, second(at), blocked))
        }),
        1 => symbols.prop_map(|symbol| Event::Series { span: Span::Day, series: series(symbol, minute(-5), &[1.0, 2.0]) }),
        1 => Just(Event::Feed(feed_state("CNBC", minute(0)).into())),
        2 => Just(Event::Tick),
        4 => keys.prop_map(key),
        1 => (0u32..3, any::<bool>(), 1.0f64..1e5).prop_map(|(loops, paused, speed)| position(speed, paused, loops)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No busy loop, no sleep beyond the minute, and until then nothing reads differently but ages.
    #[test]
    fn the_next_change_is_always_to_come_and_nothing_changes_before(
        events in prop::collection::vec((event(), 0i64..30_000, 0.0f64..1.0), 1..60),
    ) {
        let mut desk = Desk::new();
        for (event, after, part) in events {
            desk.now += SignedDuration::from_millis(after);
            let drawn = draws(&desk.send(event));
            let next = desk.app.next_change();
            prop_assert!(next > desk.now, "{next} is not after {}", desk.now);
            prop_assert!(next <= desk.now + SignedDuration::from_mins(1));
            if drawn {
                desk.draw();
                prop_assert!(desk.app.next_change() > desk.now);
            }
            let (reads, left) = (reads(&desk.app), desk.app.next_change().duration_since(desk.now));
            desk.now += SignedDuration::from_secs_f64(left.as_secs_f64() * part * 0.999);
            let effects = desk.send(Event::Tick);
            prop_assert!(!draws(&effects), "{effects:?}");
            prop_assert_eq!(reads, self::reads(&desk.app));
        }
    }
}

/// All that is on screen and may change by itself, but for ages, which change with the minute.
fn reads(app: &App) -> (Vec<State>, Option<Notice>) {
    let ageless = |state| match state {
        State::Stale { .. } => State::Stale { age: None },
        State::Cached { .. } => State::Cached { age: None },
        State::Blocked { until, refusal, age } => {
            State::Blocked { until, refusal, age: age.map(|_| std::time::Duration::ZERO) }
        }
        other => other,
    };
    let states = app.tape.symbols().iter().map(|symbol| ageless(app.price_state(&symbol.name)));
    (states.collect(), app.notices.current.clone())
}
