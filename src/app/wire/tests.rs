#![allow(clippy::unwrap_used)]

mod arrivals;
mod at_random;
mod cursor;

use super::*;
use crate::app::samples::{ROWS, minute, story, titled};
use crate::config::{Config, StandingQuery};
use crate::domain::text::Text;
use crate::domain::topic::Topics;

fn now() -> Timestamp {
    minute(60)
}

/// A story of a group and of topics, as if they had been worked out.
fn item(id: u64, minutes: i64, group: u64, topics: &[&str]) -> Item {
    let story = story(id, minutes);
    let text = Text::new(&story.title, &story.summary);
    let topics: Vec<Name> = topics.iter().map(|topic| Name::from(*topic)).collect();
    let bound =
        [("crypto", "BTC-USD"), ("nvidia", "NVDA")].into_iter().filter(|(topic, _)| topics.contains(&(*topic).into()));
    let symbols = bound.map(|(_, symbol)| symbol.into()).collect();
    let tagged = Tagged::with(topics, symbols);
    Item {
        story,
        marks: Marks::default(),
        words: WordSet::of(&text),
        dropped: None,
        given_at: None,
        tagged,
        group: StoryId(group),
        moves: Box::default(),
        verdict: Verdict::default(),
    }
}

fn from_outlet(mut item: Item, outlet: &str) -> Item {
    item.story.outlet = outlet.into();
    item
}

fn wire(items: impl IntoIterator<Item = Item>) -> Wire {
    holding(WINDOW, items)
}

fn holding(window: usize, items: impl IntoIterator<Item = Item>) -> Wire {
    let mut wire = Wire::holding(window);
    wire.set_height(ROWS);
    items.into_iter().for_each(|item| wire.admit(item, now()));
    check(&wire);
    wire
}

/// Stories that are groups of their own, one a minute, the highest number newest.
fn plain(ids: impl IntoIterator<Item = u64>) -> impl Iterator<Item = Item> {
    ids.into_iter().map(|id| item(id, id as i64, id, &[]))
}

fn topic(name: &str) -> Filter {
    Filter { topic: Some(name.into()), query: None }
}

fn query(text: &str) -> Filter {
    Filter { topic: None, query: Some((text.into(), Query::parse(text).unwrap())) }
}

/// The story under the cursor, and its line of the screen.
fn cursor(wire: &Wire) -> Option<(u64, usize)> {
    let at = wire.cursor()?;
    Some((wire.rows()[at].lead.0, at - wire.top(ROWS)))
}

fn leads(wire: &Wire) -> Vec<u64> {
    wire.rows().iter().map(|row| row.lead.0).collect()
}

/// What is kept for the frames is what a walk over all stories finds.
fn check_lists(wire: &Wire) {
    let (mut by_topic, mut firsts) = (Lists::default(), Lists::default());
    for item in wire.items.values() {
        by_topic.add(item.key(), heated(item));
    }
    for group in wire.members.keys() {
        if let Some(first) = wire.group(*group).find(|item| !item.verdict.is_muted()) {
            firsts.add(first.key(), first.tagged.symbols());
        }
    }
    assert_eq!((&wire.by_topic, &wire.firsts), (&by_topic, &firsts));
    for (group, members) in &wire.members {
        assert_eq!(members.unread, wire.wave(*group).all(|item| !item.marks.read), "{group:?}");
        assert_eq!(members.starred, wire.group(*group).any(|item| item.marks.starred), "{group:?}");
    }
}

fn check_judged(wire: &Wire) {
    let asks = wire.judges.asks();
    for item in wire.items.values().filter(|_| !asks.outlets && !asks.marks) {
        assert_eq!(item.verdict, wire.judges.judge(item, 1, now()).unwrap_or_default(), "{}", item.story.title);
    }
    let muted = |item: &&Item| item.verdict.is_muted();
    assert_eq!(wire.muted, wire.items().filter(muted).count());
    let without = |group: &&GroupId| !wire.group(**group).any(|item| wire.counts(item));
    assert_eq!(wire.all_muted, wire.members.keys().filter(without).count());
}

/// Heat and marks of the chart by a walk over all stories.
fn walked(
    wire: &Wire,
    topic: &str,
    symbol: &str,
    since: Timestamp,
    now: Timestamp,
) -> ([u32; HEAT_HOURS], Vec<StoryId>) {
    let mut heat = [0; HEAT_HOURS];
    for item in wire.items().filter(|item| item.tagged.topics().contains(&topic.into())) {
        let ago = now.duration_since(item.story.time()).as_hours().max(0) as usize;
        if let Some(count) = heat.iter_mut().rev().nth(ago) {
            *count += 1;
        }
    }
    let marked = |item: &&Item| item.tagged.symbols().contains(&symbol.into()) && item.story.time() >= since;
    (heat, wire.items().filter(marked).filter(|item| wire.is_first(item)).map(|item| item.story.id).collect())
}

/// What must hold whatever happened.
fn check(wire: &Wire) {
    assert!(wire.order.iter().is_sorted_by(|a, b| a > b), "every story once, newest first");
    assert_eq!(wire.order.len(), wire.items.len());
    assert!(wire.items.values().all(|item| wire.order.contains(&item.key())));
    let places: Vec<_> = wire.timeline.iter().map(place_of).collect();
    assert!(places.is_sorted_by(|a, b| a > b), "every row once, newest first");
    let with_row = wire.members.values().filter_map(|members| members.row);
    assert_eq!(with_row.clone().count(), wire.timeline.len());
    assert!(with_row.clone().all(|row| wire.index(&row).is_some()));
    let members: usize = wire.members.values().map(|members| members.ids.len()).sum();
    assert_eq!(members, wire.items.len());
    for (topic, count) in &wire.counts {
        let carries = |item: &Item| wire.counts(item) && item.tagged.topics().contains(topic);
        let carry = |group: &&GroupId| wire.group(**group).any(carries);
        assert_eq!(wire.members.keys().filter(carry).count(), *count, "{topic}");
    }
    check_lists(wire);
    check_judged(wire);
    assert!(wire.top(ROWS) <= wire.timeline.len());
    assert!(wire.above() <= wire.timeline.len());
}

#[test]
fn a_row_is_led_by_its_earliest_story_that_passes() {
    let mut wire = wire([
        from_outlet(item(1, 10, 1, &["nvidia"]), "CNBC"),
        from_outlet(item(2, 12, 1, &["crypto"]), "Reuters"),
        from_outlet(item(3, 14, 1, &["nvidia"]), "CNBC"),
        item(4, 20, 4, &["crypto"]),
    ]);
    assert_eq!(leads(&wire), [4, 1]);
    let outlets = |wire: &Wire| wire.outlets(StoryId(1)).into_iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(outlets(&wire), ["CNBC", "Reuters"]);
    wire.admit(from_outlet(item(5, 2, 1, &["crypto"]), "Bloomberg"), now());
    check(&wire);
    assert_eq!(outlets(&wire), ["Bloomberg", "CNBC", "Reuters"], "heard of late, but first");
    assert_eq!(leads(&wire), [4, 5]);
    for (filter, expected) in [
        (topic("nvidia"), vec![1]),
        (topic("crypto"), vec![4, 5]),
        (topic("sec"), vec![]),
        (query("outlets>2"), vec![5]),
        (query("outlets<2"), vec![4]),
        (query("outlet:cnbc"), vec![1]),
        (query("quay3 OR quay4"), vec![4, 3]),
    ] {
        wire.set_filter(filter.clone(), now());
        check(&wire);
        assert_eq!(leads(&wire), expected, "{filter:?}");
    }
    assert_eq!((wire.count("nvidia"), wire.count("crypto"), wire.count("sec"), wire.group_count()), (1, 2, 0, 2));
}

#[test]
fn what_joins_a_group_may_change_what_passes() {
    let mut wire = wire([item(1, 10, 1, &[]), item(2, 20, 2, &[])]);
    wire.set_filter(query("outlets>1"), now());
    assert_eq!(leads(&wire), Vec::<u64>::new());
    wire.admit(from_outlet(item(3, 12, 1, &[]), "CNBC"), now());
    assert_eq!(leads(&wire), [1]);
    wire.set_filter(query("outlets<2"), now());
    wire.set_cursor(0, ROWS);
    wire.admit(from_outlet(item(4, 22, 2, &[]), "CNBC"), now());
    check(&wire);
    assert_eq!(cursor(&wire), Some((2, 0)), "what is under the cursor does not go by itself");
    wire.release();
    wire.refresh(now());
    check(&wire);
    assert_eq!(leads(&wire), Vec::<u64>::new());
}

#[test]
fn ages_of_a_query_are_asked_again_and_what_is_being_read_stays() {
    let mut wire = wire(plain(1..=30));
    wire.set_filter(query("age<20m"), minute(31));
    assert_eq!(leads(&wire), (12..=30).rev().collect::<Vec<_>>());
    wire.set_cursor(18, ROWS);
    assert_eq!(cursor(&wire), Some((12, 9)));
    wire.refresh(minute(41));
    check(&wire);
    assert_eq!(leads(&wire), [(22..=30).rev().collect::<Vec<_>>(), vec![12]].concat());
    assert_eq!(cursor(&wire), Some((12, 9)));
    wire.set_cursor(0, ROWS);
    wire.refresh(minute(42));
    assert_eq!(leads(&wire), (23..=30).rev().collect::<Vec<_>>());
}

#[test]
fn marks_of_a_row_are_those_of_its_stories_and_can_be_taken_back() {
    let mut wire = wire([item(1, 10, 1, &["crypto"]), item(2, 12, 1, &[]), item(3, 20, 3, &["nvidia"])]);
    wire.set_cursor(1, ROWS);
    let read = Marks { read: true, starred: false, group: None };
    assert_eq!(wire.mark_current(|marks| marks.read = true), [(StoryId(1), read), (StoryId(2), read)]);
    assert_eq!(wire.mark_current(|marks| marks.read = true), []);
    let row = *wire.current().unwrap();
    assert!(!wire.row_is_unread(&row));
    let both = Marks { read: true, starred: true, group: None };
    assert_eq!(wire.mark_current(|marks| marks.starred = true), [(StoryId(1), both), (StoryId(2), both)]);
    assert!(wire.row_is_starred(&row));
    assert_eq!(wire.undo(now()), [(StoryId(1), read), (StoryId(2), read)]);
    assert!(!wire.row_is_starred(&row) && !wire.row_is_unread(&row));
    assert_eq!(wire.undo(now()), [(StoryId(1), Marks::default()), (StoryId(2), Marks::default())]);
    assert!(wire.row_is_unread(&row));
    assert_eq!(wire.undo(now()), []);
}

#[test]
fn a_story_that_is_taken_out_stays_out_and_comes_back_when_undone() {
    let tagger = Tagger::default();
    let mut wire = Wire::default();
    let carried = |id, minutes| Story {
        outlet: format!("Outlet {id}").into(),
        ..titled(id, minutes, "Acme buys Foobank for 3 billion")
    };
    for (id, minutes) in [(1, 10), (2, 12), (3, 14)] {
        wire.take(carried(id, minutes), Marks::default(), &tagger, now());
    }
    assert_eq!((leads(&wire), wire.outlet_count(StoryId(1))), (vec![1], 3));
    wire.set_cursor(0, ROWS);
    wire.choose(StoryId(2));
    assert_eq!(wire.current_item().unwrap().story.id, StoryId(2));
    let (id, marks) = wire.take_out(StoryId(1), now()).unwrap();
    check(&wire);
    assert_eq!((id, leads(&wire)), (StoryId(1), vec![2, 1]), "the group goes on without its first story");
    assert_eq!(wire.take_out(StoryId(1), now()), None, "alone already");
    // The next run reads what was saved, newest first; what comes then joins the group it fits.
    let mut next = Wire::default();
    let group = Marks { group: Some(StoryId(1)), ..Marks::default() };
    for (id, minutes, marks) in [(3, 14, group), (2, 12, group), (1, 10, marks)] {
        next.take(carried(id, minutes), marks, &tagger, now());
    }
    assert_eq!(leads(&next), [2, 1]);
    next.take(carried(4, 16), Marks::default(), &tagger, now());
    check(&next);
    assert_eq!(next.rows().len(), 2);
    assert_eq!(wire.undo(now()), [(StoryId(1), group)]);
    wire.release();
    wire.catch_up(now());
    check(&wire);
    assert_eq!((leads(&wire), wire.outlet_count(StoryId(1))), (vec![1], 3));
    // The store may say later that a story was taken out in an earlier run.
    assert_eq!(
        wire.remember(&carried(3, 14), Marks { group: Some(StoryId(!3)), ..Marks::default() }, now()).unwrap().group,
        Some(StoryId(!3))
    );
    check(&wire);
    assert_eq!(leads(&wire), [3, 1]);
}

/// One mute, when there is a query.
fn judges(mute: &str) -> Judges {
    let text = if mute.is_empty() { String::new() } else { format!("[[mute]]\nname = 'a'\nquery = '''{mute}'''") };
    Judges::new(&crate::config::load(Some(("c.toml", &text))).unwrap())
}

#[test]
fn muted_stories_are_left_off_and_counted_and_can_be_shown() {
    let mut wire = wire([
        item(1, 10, 1, &["crypto"]),
        from_outlet(item(2, 12, 1, &["crypto"]), "Coin Spam"),
        from_outlet(item(3, 20, 3, &["nvidia"]), "Coin Spam"),
        item(4, 30, 4, &[]),
    ]);
    assert_eq!((leads(&wire), wire.outlet_count(StoryId(1)), wire.count("nvidia")), (vec![4, 3, 1], 2, 1));
    wire.set_judges(judges("outlet:spam"), now());
    check(&wire);
    assert_eq!((leads(&wire), wire.muted_count(), wire.group_count()), (vec![4, 1], 2, 2));
    assert_eq!((wire.outlet_count(StoryId(1)), wire.count("nvidia")), (1, 0));
    assert_eq!(&*wire.muted_by(wire.item(StoryId(3)).unwrap()).unwrap().name, "a");
    wire.set_filter(query("is:muted"), now());
    check(&wire);
    assert_eq!(leads(&wire), [3, 2], "asked for, they are shown");
    wire.set_filter(Filter::default(), now());
    wire.show_muted(true, now());
    check(&wire);
    assert_eq!(
        (leads(&wire), wire.count("nvidia"), wire.heat("nvidia", now()).iter().sum::<u32>()),
        (vec![4, 3, 1], 1, 0)
    );
    wire.show_muted(false, now());
    wire.admit(from_outlet(item(5, 40, 5, &["nvidia"]), "Coin Spam"), now());
    check(&wire);
    assert_eq!((leads(&wire), wire.muted_count()), (vec![4, 1], 3));
    wire.set_judges(judges(""), now());
    check(&wire);
    assert_eq!((leads(&wire), wire.muted_count()), (vec![5, 4, 3, 1], 0));
}

#[test]
fn marking_all_marks_what_passes_the_filter_only() {
    let mut wire = wire([item(1, 10, 1, &["crypto"]), item(2, 20, 2, &["nvidia"]), item(3, 30, 3, &["crypto"])]);
    wire.set_filter(topic("crypto"), now());
    assert_eq!(wire.mark_shown(|marks| marks.read = true).len(), 2);
    assert!(!wire.item(StoryId(2)).unwrap().marks.read);
    assert_eq!(wire.undo(now()).len(), 2);
    assert!(wire.items().all(|item| !item.marks.read));
}

#[test]
fn only_the_last_changes_can_be_taken_back() {
    let mut wire = wire(plain(1..=1));
    for turn in 0..60 {
        wire.mark_current(|marks| marks.starred = turn % 2 == 0);
    }
    assert_eq!(std::iter::from_fn(|| Some(wire.undo(now())).filter(|undone| !undone.is_empty())).count(), 50);
}

#[test]
fn the_next_unread_row_is_found_in_both_directions() {
    let mut wire = wire(plain(1..=6));
    for at in [0, 2, 3] {
        wire.set_cursor(at, ROWS);
        wire.mark_current(|marks| marks.read = true);
    }
    wire.release();
    assert_eq!((wire.next_unread(true), wire.next_unread(false)), (Some(1), None), "from a live wire");
    for (from, forward, expected) in [
        (0, true, Some(1)),
        (1, true, Some(4)),
        (5, true, None),
        (5, false, Some(4)),
        (4, false, Some(1)),
        (1, false, None),
    ] {
        wire.set_cursor(from, ROWS);
        assert_eq!(wire.next_unread(forward), expected, "{from} {forward}");
    }
}

#[test]
fn an_unread_filter_lets_go_of_what_was_read_but_not_under_the_cursor() {
    let mut wire = wire(plain(1..=4));
    wire.set_filter(query("is:unread"), now());
    wire.set_cursor(1, ROWS);
    wire.mark_current(|marks| marks.read = true);
    wire.refresh(now());
    assert_eq!((leads(&wire), cursor(&wire)), (vec![4, 3, 2, 1], Some((3, 1))));
    wire.step(1, ROWS);
    wire.refresh(now());
    assert_eq!((leads(&wire), cursor(&wire)), (vec![4, 2, 1], Some((2, 1))));
    wire.undo(now());
    wire.refresh(now());
    assert_eq!(leads(&wire), [4, 3, 2, 1]);
}

#[test]
fn a_cleared_wire_keeps_its_filter() {
    let mut wire = wire((1..=20).map(|id| item(id, id as i64, id, &["crypto"])));
    wire.set_filter(topic("crypto"), now());
    wire.set_cursor(5, ROWS);
    wire.mark_current(|marks| marks.read = true);
    wire.clear();
    check(&wire);
    assert!(wire.is_empty() && wire.cursor().is_none() && wire.count("crypto") == 0 && wire.undo(now()).is_empty());
    assert_eq!(wire.filter().topic.as_deref(), Some("crypto"));
    wire.admit(item(1, 1, 1, &["crypto"]), now());
    wire.admit(item(2, 2, 2, &["nvidia"]), now());
    assert_eq!(leads(&wire), [1]);
}

#[test]
fn coverage_after_a_lull_is_news_again() {
    let mut wire = wire([item(1, 0, 1, &[]), item(2, 20, 1, &[]), item(3, 30, 3, &[])]);
    wire.step(2, 9);
    wire.mark_current(|marks| marks.read = true);
    wire.release();
    assert_eq!(leads(&wire), [3, 1], "twenty minutes later is the same wave");
    wire.admit(item(4, 20 + 181, 1, &[]), now());
    assert_eq!(leads(&wire), [4, 3], "three hours later is a new one, and the row moves up to it");
    assert!(wire.row_is_unread(&wire.rows()[0]), "though the first wave was read");
    assert_eq!(wire.group(StoryId(1)).count(), 3, "and it is still one event");
}

#[test]
fn a_slow_filter_is_asked_group_by_group_the_newest_first() {
    let mut wire = wire(plain(1..=30));
    wire.set_cursor(3, ROWS);
    wire.set_filter(query("/./"), now());
    assert!(wire.is_sifting() && wire.rows().is_empty());
    wire.sift(3, now());
    check(&wire);
    assert_eq!(leads(&wire), [30, 29, 28]);
    assert_eq!(wire.above(), 0, "nothing of it has arrived");
    // Another one begins again; what arrives meanwhile is asked about first, and no row stands twice.
    wire.set_filter(query("/./ -nothere"), now());
    wire.sift(1, now());
    plain(31..=32).for_each(|item| wire.admit(item, now()));
    assert_eq!(leads(&wire), [30], "nothing of what arrives is asked about at once");
    wire.sift(2, now());
    assert_eq!(leads(&wire), [32, 31, 30]);
    wire.sift(usize::MAX, now());
    check(&wire);
    assert!(!wire.is_sifting());
    assert_eq!(leads(&wire), (1..=32).rev().collect::<Vec<_>>());
    assert_eq!(cursor(&wire).map(|(lead, _)| lead), Some(27), "the cursor is on its story again");
    // Asked again for marks or time, what is shown stays until it is found not to pass.
    wire.refresh(now());
    assert!(wire.is_sifting() && wire.rows().len() == 32);
    wire.set_filter(Filter::default(), now());
    assert!(!wire.is_sifting() && wire.rows().len() == 32);
}

#[test]
fn slow_mutes_are_asked_group_by_group_too() {
    let mut wire = wire(plain(1..=30));
    let mute = StandingQuery { name: "all".into(), query: "/./".to_owned(), color: None, enabled: true };
    let config = Config { mutes: vec![mute], ..Config::default() };
    wire.set_judges(Judges::new(&config), now());
    assert_eq!((wire.is_judging(), wire.rows().len()), (true, 30), "what is not asked about yet stays");
    wire.judge_next(3, now());
    assert_eq!(leads(&wire), (1..=27).rev().collect::<Vec<_>>(), "the newest are asked about first");
    wire.set_judges(Judges::default(), now());
    assert_eq!((wire.is_judging(), wire.rows().len()), (false, 30), "other mutes begin again");
    wire.set_judges(Judges::new(&config), now());
    wire.judge_next(usize::MAX, now());
    check(&wire);
    assert_eq!((wire.is_judging(), wire.rows().len(), wire.muted_count()), (false, 0, 30));
}

#[test]
fn what_a_round_did_not_come_to_is_asked_first_in_the_next() {
    let mut wire = wire(plain(1..=30));
    let mute = StandingQuery { name: "all".into(), query: "/./".to_owned(), color: None, enabled: true };
    wire.set_judges(Judges::new(&Config { mutes: vec![mute], ..Config::default() }), now());
    for minute in 1..=10 {
        wire.judge_next(3, now());
        assert_eq!(wire.muted_count(), 3 * minute, "minute {minute}");
        wire.judge_all(now());
    }
    wire.set_judges(Judges::default(), now());
    wire.set_filter(query("/nothing/"), now());
    wire.sift(usize::MAX, now());
    wire.set_filter(query("/./"), now());
    for minute in 1..=10 {
        wire.sift(3, now());
        assert_eq!(wire.rows().len(), 3 * minute, "minute {minute}");
        wire.refresh(now());
    }
}

#[test]
fn slow_mutes_and_a_slow_filter_are_asked_of_what_arrives_in_their_turn() {
    let mut wire = wire(plain(1..=3));
    let mute = StandingQuery { name: "all".into(), query: "/./".to_owned(), color: None, enabled: true };
    wire.set_judges(Judges::new(&Config { mutes: vec![mute], ..Config::default() }), now());
    wire.set_filter(query("/./ is:muted"), now());
    wire.judge_next(usize::MAX, now());
    wire.sift(usize::MAX, now());
    assert_eq!(leads(&wire), [3, 2, 1]);
    // Asked again, so that something else waits, too.
    wire.judge_all(now());
    wire.admit(item(4, 4, 1, &[]), now());
    wire.admit(item(5, 5, 5, &[]), now());
    assert_eq!((leads(&wire), wire.muted_count()), (vec![3, 2, 1], 3), "rows stay until they are asked about");
    wire.judge_next(2, now());
    wire.sift(2, now());
    check(&wire);
    assert_eq!((leads(&wire), wire.muted_count()), (vec![5, 3, 2, 1], 5), "what has arrived first");
    // One that is asked about out of turn is not asked about twice.
    wire.judge_story(StoryId(3), now());
    wire.judge_next(2, now());
    assert!(!wire.is_judging());
}
