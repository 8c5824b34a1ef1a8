//! Any steps in any order.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::config::shipped;

static TAGGER: LazyLock<Tagger> = LazyLock::new(|| {
    let config = shipped();
    let watchlist = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
    Tagger::new(Topics::compile(&config.topics, &config.terms).0, watchlist)
});

#[derive(Clone, Debug)]
enum Step {
    Arrive { id: u64, minutes: i64, group: u64, topic: usize, outlet: usize },
    Edit(u64, usize),
    Remember(u64, i64, bool),
    Retag(bool),
    Filter(usize),
    Move(isize, usize),
    Release,
    Mark,
    Undo,
    Refresh,
    Judge(usize),
    ShowMuted(bool),
    TakeOut(u64),
}

const TOPICS: [&[&str]; 4] = [&[], &["crypto"], &["nvidia"], &["crypto", "nvidia"]];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u64..60, 0i64..40, 0u64..12, 0usize..4, 0usize..3).prop_map(|(id, minutes, group, topic, outlet)| {
            Step::Arrive { id, minutes, group, topic, outlet }
        }),
        1 => (0u64..60, 0usize..3).prop_map(|(id, title)| Step::Edit(id, title)),
        1 => (0u64..60, -4_000i64..40, any::<bool>()).prop_map(|(id, minutes, star)| Step::Remember(id, minutes, star)),
        1 => any::<bool>().prop_map(Step::Retag),
        1 => (0usize..5).prop_map(Step::Filter),
        2 => (-12isize..12, 1usize..15).prop_map(|(by, height)| Step::Move(by, height)),
        1 => Just(Step::Release),
        1 => Just(Step::Mark),
        1 => Just(Step::Undo),
        1 => Just(Step::Refresh),
        1 => (0usize..3).prop_map(Step::Judge),
        1 => any::<bool>().prop_map(Step::ShowMuted),
        1 => (0u64..60).prop_map(Step::TakeOut),
    ]
}

static NONE: LazyLock<Tagger> = LazyLock::new(Tagger::default);

fn filter(number: usize) -> Filter {
    match number {
        0 => Filter::default(),
        1 => topic("crypto"),
        2 => topic("nvidia"),
        3 => query("is:unread"),
        _ => query("outlets>1"),
    }
}

proptest! {
    #[test]
    fn heat_and_marks_are_those_of_a_walk_over_all_stories(
        stories in prop::collection::vec((0u64..90, -2_000i64..200, 0u64..30, 0usize..4), 0..90),
        (since, later) in (-2_000i64..200, -200i64..2_000),
    ) {
        let mut wire = holding(60, []);
        for (id, minutes, group, topic) in stories {
            if !wire.items.contains_key(&StoryId(id)) {
                wire.admit(item(id, minutes, 1_000 + group, TOPICS[topic]), now());
            }
        }
        for (topic, symbol) in [("crypto", "BTC-USD"), ("nvidia", "NVDA"), ("harbour", "GME")] {
            let (heat, marks) = walked(&wire, topic, symbol, minute(since), minute(later));
            prop_assert_eq!(wire.heat(topic, minute(later)), heat);
            let found = wire.firsts_within(symbol, minute(since), minute(later));
            let in_time = |id: &&StoryId| wire.items[*id].story.time() < minute(later);
            let marks: Vec<&StoryId> = marks.iter().filter(in_time).collect();
            prop_assert_eq!(found.map_or(0, |(count, _)| count), marks.len());
            prop_assert_eq!(found.map(|(_, newest)| &newest.story.id), marks.first().copied());
        }
    }

    #[test]
    fn everything_stays_in_order_and_the_cursor_on_its_row(steps in prop::collection::vec(step(), 1..120)) {
        let mut wire = holding(25, []);
        for step in steps {
            let before = wire.cursor().map(|at| wire.rows()[at].group);
            let moved = matches!(step, Step::Move(..) | Step::Release | Step::Filter(_));
            match step {
                Step::Arrive { id, minutes, group, topic, outlet } if !wire.items.contains_key(&StoryId(id)) => {
                    let item = item(id, minutes, 1_000 + group, TOPICS[topic]);
                    wire.admit(from_outlet(item, ["Reuters", "CNBC", "FT"][outlet]), now());
                }
                Step::Arrive { .. } => {}
                Step::Edit(id, title) => {
                    let title = ["Nvidia raises its forecast", "Bitcoin falls", "Rain"][title];
                    let edit = titled(id, 0, title);
                    if wire.items.contains_key(&edit.id) {
                        wire.edit(edit, &TAGGER, now());
                    }
                }
                Step::Remember(id, minutes, starred) => {
                    wire.remember(&story(id, minutes), Marks { read: !starred, starred, group: None }, now());
                }
                Step::Retag(topics) => wire.retag(if topics { &TAGGER } else { &NONE }, now()),
                Step::Filter(number) => wire.set_filter(filter(number), now()),
                Step::Move(by, height) => wire.step(by, height),
                Step::Release => wire.release(),
                Step::Mark => drop(wire.mark_current(|marks| marks.read = !marks.read)),
                Step::Undo => drop(wire.undo(now())),
                Step::Refresh => wire.refresh(now()),
                Step::Judge(number) => wire.set_judges(judges(["", "nvidia OR rain", "title:\"story 1\""][number]), now()),
                Step::ShowMuted(shows) => wire.show_muted(shows, now()),
                Step::TakeOut(id) => drop(wire.take_out(StoryId(id), now())),
            }
            check(&wire);
            if let (Some(before), false) = (before, moved) {
                prop_assert_eq!(wire.cursor().map(|at| wire.rows()[at].group), Some(before));
            }
        }
    }
}
