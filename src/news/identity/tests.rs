#![allow(clippy::unwrap_used)]

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn feed() -> Feed {
    Feed { lang: Some("en".into()), ..Feed::new("Paper".into(), "https://example.org/feed") }
}

fn entry(title: &str, link: &str, guid: &str) -> Entry {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Entry { title: title.into(), link: given(link), guid: given(guid), ..Entry::default() }
}

fn ids(entries: Vec<Entry>) -> Vec<StoryId> {
    let document = Document { entries, home: Some("https://example.org/".into()), ..Document::default() };
    document.stories(&feed(), Timestamp::UNIX_EPOCH).iter().map(|story| story.id).collect()
}

#[test]
fn canonical() {
    for (link, expected) in [
        ("https://www.example.org/a/?utm_source=x&id=3#top", "example.org/a?id=3"),
        ("http://EXAMPLE.org/a", "example.org/a"),
        ("https://example.org:443/a?fbclid=9", "example.org/a"),
        ("http://127.0.0.1:8080/a", "127.0.0.1:8080/a"),
        ("https://example.org/", "example.org"),
        ("https://example.org/?p=12&UTM_medium=rss", "example.org?p=12"),
    ] {
        assert_eq!(canonical_link(link).as_deref(), Some(expected), "{link}");
    }
    assert_eq!(canonical_link("mailto:a@example.org"), None);
}

#[test]
fn an_edited_title_and_a_new_guid_leave_the_story_the_same() {
    let before = ids(vec![entry("Old", "http://www.example.org/a/", "1")]);
    let after = ids(vec![entry("New", "https://example.org/a?utm_source=rss", "2")]);
    assert_eq!(before, after);
}

#[test]
fn a_guid_that_is_an_address_outlives_a_changed_link() {
    let before = ids(vec![entry("Old", "https://example.org/4338/old.html", "https://example.org/?p=4338")]);
    let after = ids(vec![entry("New", "https://example.org/4338/new.html", "http://www.example.org/?p=4338")]);
    assert_eq!(before, after);
    let shared = ids(vec![
        entry("A", "https://example.org/a", "https://example.org/x"),
        entry("B", "https://example.org/b", "https://example.org/x"),
    ]);
    assert_eq!(shared, ids(vec![entry("A", "https://example.org/a", ""), entry("B", "https://example.org/b", "")]));
}

#[test]
fn entries_that_share_a_page_are_told_by_their_guids() {
    let shared = ids(vec![
        entry("A", "https://example.org/live#1", "1"),
        entry("B", "https://example.org/live#2", "2"),
        entry("C", "https://example.org/", "3"),
        entry("D", "", ""),
    ]);
    assert_eq!(shared.iter().collect::<HashSet<_>>().len(), 4);
    let edited =
        ids(vec![entry("A, edited", "https://example.org/live#1", "1"), entry("B", "https://example.org/live#2", "2")]);
    assert_eq!(edited, shared[..2]);
}

#[test]
fn a_story_comes_once_and_empty_entries_never() {
    assert_eq!(ids(vec![entry("A", "", "1"), entry("A", "", "1"), entry("", "https://example.org/b", "2")]).len(), 1);
}

#[test]
fn stored_ids_keep_their_meaning() {
    assert_eq!(hash(&["link", "example.org/a"]).to_string(), "a03e70c97951aa1d");
}

#[test]
fn a_story_without_a_title_takes_one_from_its_text() {
    let entry = Entry { summary: "Some text".into(), source: Some("Agency".into()), ..Entry::default() };
    let document = Document { entries: vec![entry], ..Document::default() };
    let story = document.stories(&feed(), Timestamp::UNIX_EPOCH).remove(0);
    assert_eq!((&*story.title, &*story.outlet, story.lang.as_deref()), ("Some text", "Agency", Some("en")));
}

/// A feed as it is polled again and again.
#[derive(Default)]
struct Polls {
    known: Arc<[Known]>,
}

impl Polls {
    fn poll(&mut self, entries: &[Entry]) -> Vec<StoryId> {
        let home = Some("https://example.org/".into());
        let document = Document { entries: entries.to_vec(), home, ..Document::default() };
        let recognised = document.recognise(&feed(), &self.known, Timestamp::UNIX_EPOCH);
        self.known = recognised.known;
        recognised.stories.iter().map(|story| story.id).collect()
    }
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap() + SignedDuration::from_hours(hours)
}

fn dated(hours: i64, entry: Entry) -> Entry {
    Entry { published: Some(at(hours)), ..entry }
}

fn all_differ(ids: &[StoryId]) -> bool {
    ids.iter().collect::<HashSet<_>>().len() == ids.len()
}

#[test]
fn any_one_thing_may_change() {
    let others =
        [dated(-5, entry("X", "https://example.org/x", "90")), dated(-6, entry("Y", "https://example.org/y", "91"))];
    let with_others = |entry: &Entry| [std::slice::from_ref(entry), &others].concat();
    for guid in ["https://example.org/?p=12", "tag:example.org,2026:12345", "7", ""] {
        for (link, time) in [("https://example.org/a", Some(at(0))), ("https://example.org/a", None), ("", Some(at(0)))]
        {
            if guid.is_empty() && link.is_empty() {
                continue;
            }
            let first = Entry { published: time, ..entry("Chips are scarce", link, guid) };
            let changed = [
                Entry { title: "Chips are scarce again".into(), ..first.clone() },
                Entry { published: time.map(|_| at(30)), ..first.clone() },
                Entry { link: first.link.as_ref().map(|_| "https://example.org/other".into()), ..first.clone() },
                Entry { guid: first.guid.as_ref().map(|_| "another-guid".into()), ..first.clone() },
            ];
            for changed in changed {
                // Of a page without guid and time, nothing but a title that may recur is left.
                if time.is_none() && guid.is_empty() && changed.link != first.link {
                    continue;
                }
                let mut polls = Polls::default();
                let before = polls.poll(&with_others(&first));
                assert_eq!(polls.poll(&with_others(&changed)), before, "{first:?} {changed:?}");
                assert_eq!(polls.poll(&with_others(&first)), before, "and back");
            }
        }
    }
}

#[test]
fn a_new_headline_with_a_new_address_under_its_old_guid_is_an_edit() {
    for guid in ["https://example.org/?p=12", "tag:example.org,2026:12345", "7"] {
        for time in [Some(at(0)), None] {
            let with = |title, link| {
                let first = Entry { published: time, ..entry(title, link, guid) };
                [first, dated(-5, entry("X", "https://example.org/x", "90"))]
            };
            let mut polls = Polls::default();
            let before = polls.poll(&with("Draft", "https://example.org/draft"));
            assert_eq!(polls.poll(&with("Final", "https://example.org/final")), before, "{guid} {time:?}");
        }
    }
}

#[test]
fn what_changes_at_each_poll_makes_no_flood() {
    let moment =
        |poll: usize, entries: fn(usize, usize) -> Entry| (0..6).map(|at| entries(poll, at)).collect::<Vec<_>>();
    let feeds: [fn(usize, usize) -> Entry; 4] = [
        // The guids; now and then a title.
        |poll, at| {
            let edited = if poll == 3 && at == 2 { "edited" } else { "" };
            let link = format!("https://example.org/{at}");
            dated(at as i64, entry(&format!("Title {at} {edited}"), &link, &format!("session-{poll}-{at}")))
        },
        // Guids and links.
        |poll, at| {
            let link = format!("https://example.org/{at}?session={poll}");
            dated(at as i64, entry(&format!("Title {at}"), &link, &format!("{poll}-{at}")))
        },
        // Everything but the titles.
        |poll, at| entry(&format!("Title {at}"), &format!("https://example.org/{poll}/{at}"), &format!("{poll}-{at}")),
        // There are only titles, and times that are always now.
        |poll, at| dated(poll as i64, entry(&format!("Title {at}"), "", "")),
    ];
    for (case, entries) in feeds.into_iter().enumerate() {
        let mut polls = Polls::default();
        let first = polls.poll(&moment(0, entries));
        assert!(first.len() == 6 && all_differ(&first));
        for poll in 1..6 {
            assert_eq!(polls.poll(&moment(poll, entries)), first, "feed {case}");
        }
    }
}

#[test]
fn a_title_that_comes_again_is_another_story() {
    let daily = |day: i64| {
        dated(24 * day, entry("Market wrap", &format!("https://example.org/wrap-{day}"), &format!("wrap-{day}")))
    };
    let bare = |day: i64| dated(24 * day, entry("Market wrap", "", ""));
    let one_place = |day: i64| Entry { title: format!("Wrap of day {day}"), guid: Some("latest".into()), ..daily(day) };
    for entries in [&daily as &dyn Fn(i64) -> Entry, &bare, &one_place] {
        let mut polls = Polls::default();
        let each: Vec<StoryId> = (0..5).flat_map(|day| polls.poll(&[entries(day)])).collect();
        assert!(all_differ(&each), "each alone: {:?}", entries(0));
        let mut polls = Polls::default();
        let (first, both) = (polls.poll(&[entries(0)]), polls.poll(&[entries(1), entries(0)]));
        assert!(all_differ(&both) && both[1] == first[0], "below each other: {:?}", entries(0));
        assert_eq!(polls.poll(&[entries(1), entries(0)]), both);
    }
}

#[test]
fn guids_that_number_the_places_do_not_mix_the_stories_up() {
    let list = |newest: i64, time: fn(i64) -> Option<Timestamp>| -> Vec<Entry> {
        let entries = (0..10).map(|place| (place, newest - place));
        entries
            .map(|(place, story)| {
                let link = format!("https://example.org/{story}");
                Entry { published: time(story), ..entry(&format!("Title {story}"), &link, &place.to_string()) }
            })
            .collect()
    };
    for time in [|story| Some(at(story)), |_| None, |story: i64| Some(at(story / 8 * 24))] {
        let mut polls = Polls::default();
        let mut ids: HashMap<i64, StoryId> = HashMap::new();
        for newest in [20, 20, 21, 24, 25, 60] {
            for (story, id) in (0..).map(|place| newest - place).zip(polls.poll(&list(newest, time))) {
                assert_eq!(*ids.entry(story).or_insert(id), id, "{story}");
            }
        }
        assert!(all_differ(&ids.into_values().collect::<Vec<_>>()));
    }
}

#[test]
fn one_guid_for_all_tells_nothing() {
    for (link, guid) in
        [("https://example.org/", "0"), ("", "https://example.org/"), ("https://example.org/all", "all")]
    {
        let mut polls = Polls::default();
        let all: Vec<Entry> = (0..5).map(|at| dated(at, entry(&format!("Title {at}"), link, guid))).collect();
        let ids = polls.poll(&all);
        assert!(ids.len() == 5 && all_differ(&ids), "{link} {guid}");
        assert_eq!(polls.poll(&all), ids);
        assert_eq!(polls.poll(&all[1..]), ids[1..]);
        let alone = polls.poll(&[dated(9, entry("Title 9", link, guid))]);
        assert!(!ids.contains(&alone[0]), "a new one by itself");
    }
}

#[test]
fn the_parts_of_a_live_page_are_stories_each() {
    let part = |number: i64, guid: &str| {
        dated(number, entry(&format!("Part {number}"), &format!("https://example.org/live#{number}"), guid))
    };
    let mut polls = Polls::default();
    let mut each: Vec<StoryId> = (0..4).flat_map(|number| polls.poll(&[part(number, "")])).collect();
    assert!(all_differ(&each));
    each.reverse();
    let all: Vec<Entry> = (0..4).rev().map(|number| part(number, "")).collect();
    assert_eq!(polls.poll(&all), each);
    let edited = Entry { title: "Part 3, edited".into(), ..part(3, "") };
    assert_eq!(polls.poll(&[std::slice::from_ref(&edited), &all[1..]].concat()), each);
    // Who sent the reader is no part of a page.
    let mut polls = Polls::default();
    let sent = |by: &str| [entry("Title", &format!("https://example.org/a#xtor={by}"), "")];
    assert_eq!(polls.poll(&sent("RSS-1")), polls.poll(&sent("RSS-2")));
}

#[test]
fn a_new_entry_at_the_address_that_an_edit_left_free_is_another_story() {
    let mut polls = Polls::default();
    let before = polls.poll(&[entry("Old", "https://example.org/a", "10001")]);
    let after = polls.poll(&[
        entry("New", "https://example.org/a", "10002"),
        entry("Old, edited", "https://example.org/b", "10001"),
    ]);
    assert_eq!(after[1], before[0]);
    assert!(all_differ(&after));
}

#[test]
fn what_comes_back_after_a_while_is_what_it_was() {
    let mut polls = Polls::default();
    let many = |from: i64| -> Vec<Entry> {
        (from..from + 40)
            .map(|at| {
                dated(at, entry(&format!("Title {at}"), &format!("https://example.org/{at}"), &format!("id-{at}")))
            })
            .collect()
    };
    let first = polls.poll(&many(0));
    for from in (40..300).step_by(40) {
        polls.poll(&many(from));
    }
    let edited: Vec<Entry> =
        many(0).into_iter().map(|entry| Entry { link: None, title: entry.title.to_uppercase(), ..entry }).collect();
    assert_eq!(polls.poll(&edited), first);
    assert!(polls.known.len() <= KNOWN_MAX);
    assert_eq!(polls.poll(&[]), []);
    assert_eq!(polls.poll(&edited), first, "an empty document is no reason to forget");
}

#[test]
fn two_feeds_with_one_article_have_one_story() {
    let document = Document { entries: vec![entry("A", "https://example.org/a", "1")], ..Document::default() };
    let other = Feed::new("Digest".into(), "https://digest.example/feed");
    let theirs = document.recognise(&other, &[], Timestamp::UNIX_EPOCH).stories[0].id;
    assert_eq!(Polls::default().poll(&document.entries), [theirs]);
}

/// A story as its outlet has it, apart from what its feed says of it now.
#[derive(Clone, Debug)]
struct Article {
    entry: Entry,
    id: Option<StoryId>,
}

fn article(number: usize, kind: u8) -> Article {
    let guid = match kind % 4 {
        0 => format!("https://example.org/?p={number}"),
        1 => format!("{}", 100_000 + number),
        2 => format!("g{number}"),
        _ => String::new(),
    };
    // Titles recur.
    let title = format!("Headline {}", number % 7);
    let entry = entry(&title, &format!("https://example.org/{number}/x.html"), &guid);
    Article { entry: dated(number as i64, entry), id: None }
}

proptest! {
    #[test]
    fn a_story_is_the_same_as_long_as_one_thing_changes_at_a_time(
        kind in any::<u8>(),
        polls in prop::collection::vec((0..4_usize, prop::collection::vec((0..12_usize, 0..4_u8), 0..4)), 1..12),
    ) {
        let mut articles: Vec<Article> = (0..12).map(|number| article(number, kind)).collect();
        let mut feed = Polls::default();
        for (round, (fresh, edits)) in polls.into_iter().enumerate() {
            let mut seen = HashSet::new();
            for (place, what) in edits.into_iter().filter(|(place, _)| seen.insert(*place)) {
                let number = articles.len() - 1 - place;
                let entry = &mut articles[number].entry;
                match what {
                    0 => entry.title = format!("Edited {round} {number}"),
                    1 => entry.link = Some(format!("http://www.example.org/{number}/{round}.html?utm_source=x")),
                    2 => entry.guid = entry.guid.as_ref().map(|_| format!("https://example.org/?q={round}-{number}")),
                    _ => entry.published = Some(at(1_000 + (100 * round + number) as i64)),
                }
            }
            (0..fresh).for_each(|_| articles.push(article(articles.len(), kind)));
            let window = articles.len() - 12;
            let entries: Vec<Entry> = articles[window..].iter().rev().map(|article| article.entry.clone()).collect();
            let ids = feed.poll(&entries);
            prop_assert_eq!(ids.len(), 12);
            for (article, id) in articles[window..].iter_mut().rev().zip(ids) {
                prop_assert_eq!(*article.id.get_or_insert(id), id, "{:?}", article);
            }
        }
        let ids: Vec<StoryId> = articles.iter().filter_map(|article| article.id).collect();
        prop_assert!(all_differ(&ids));
    }

    #[test]
    fn different_entries_are_different_stories_whatever_they_hold(
        documents in prop::collection::vec(prop::collection::vec((0..3_u8, 0..3_u8, 0..3_u8, 0..3_i64), 0..12), 1..5),
    ) {
        let mut feed = Polls::default();
        for document in documents {
            let entries: Vec<Entry> = document
                .iter()
                .map(|(title, link, guid, hours)| {
                    let link = ["", "https://example.org/", "https://example.org/a"][usize::from(*link)];
                    let guid = ["", "1", "https://example.org/a"][usize::from(*guid)];
                    dated(*hours, entry(&format!("Title {title}"), link, guid))
                })
                .collect();
            let ids = feed.poll(&entries);
            prop_assert!(all_differ(&ids));
            let titles: HashSet<_> = document.iter().map(|(title, ..)| title).collect();
            prop_assert!(ids.len() >= titles.len(), "no title is lost");
        }
    }
}
