#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::row::{PAGE_SIZE, rows};
use super::*;
use crate::store::schema;

/// The bytes of a database with rows of every length, and the stories in it.
fn database() -> (Vec<u8>, Vec<Story>) {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("stories.db");
    let mut connection = Connection::open(&path).unwrap();
    schema::prepare(&mut connection).unwrap();
    let stories: Vec<Story> = (0..200).map(story).collect();
    let marked: Vec<_> = stories.iter().map(|story| (story.clone(), Marks::default())).collect();
    write::carry_over(&mut connection, &marked).unwrap();
    connection.close().unwrap();
    (std::fs::read(path).unwrap(), stories)
}

/// From short enough for many on a page to as long as several.
fn story(number: u32) -> Story {
    let first_seen = Timestamp::from_second(1_795_000_000 - i64::from(number)).unwrap();
    Story {
        id: StoryId(u64::MAX / u64::from(number + 1)),
        feed: "Desk".into(),
        outlet: "Żółw".into(),
        title: format!("Chips {number}").into(),
        title_before: number.is_multiple_of(3).then(|| "Chip".into()),
        summary: "puces ".repeat(number as usize * 10).trim_end().into(),
        link: number.is_multiple_of(2).then(|| format!("https://desk.example/{number}")),
        lang: number.is_multiple_of(5).then(|| "fr".into()),
        published: number.is_multiple_of(7).then_some(first_seen),
        first_seen,
        primary: number % 2 == 1,
        reference: None,
    }
}

#[test]
fn every_story_of_a_sound_file_is_read_as_it_was_written() {
    let (bytes, stories) = database();
    let mut read: Vec<Story> = readable_stories(&bytes, &[]).into_iter().map(|(story, _)| story).collect();
    read.sort_by_key(|story| std::cmp::Reverse(story.first_seen));
    assert_eq!(read, stories);
}

#[test]
fn a_text_that_was_written_over_keeps_its_story_and_steers_nothing() {
    let (good, stories) = database();
    let title = good.windows(8).position(|text| text == b"Chips 20").unwrap();
    for (byte, is_lost) in [(0, false), (0x1b, false), (0xff, true)] {
        let mut bytes = good.clone();
        bytes[title + 2..title + 5].fill(byte);
        let titles: Vec<Story> = readable_stories(&bytes, &[]).into_iter().map(|(story, _)| story).collect();
        let found = titles.iter().find(|story| story.id == stories[20].id);
        assert_eq!(titles.len(), stories.len() - usize::from(found.is_none()));
        assert!(titles.iter().all(|story| !story.title.contains(char::is_control)));
        assert_eq!(found.is_none(), is_lost, "{byte}: {found:?}");
    }
}

#[test]
fn what_a_page_was_before_does_not_stand_against_what_it_is() {
    let (mut bytes, stories) = database();
    // An old copy of a page behind the end, on which a story has a star and another title.
    let at = bytes.windows(8).position(|text| text == b"Chips 20").unwrap() / PAGE_SIZE * PAGE_SIZE;
    let mut old = bytes[at..at + PAGE_SIZE].to_vec();
    let title = old.windows(8).position(|text| text == b"Chips 20").unwrap();
    old[title..title + 5].copy_from_slice(b"Chops");
    bytes.extend(&old);
    let read = readable_stories(&bytes, &[]);
    assert_eq!(read.len(), stories.len());
    assert!(read.iter().all(|(story, _)| story.title.starts_with("Chips")));
    // It is better than nothing.
    bytes[at..at + PAGE_SIZE].fill(0);
    let read = readable_stories(&bytes, &[]);
    assert_eq!(read.len(), stories.len());
    assert_eq!(read.iter().filter(|(story, _)| &*story.title == "Chops 20").count(), 1);
}

#[test]
fn pages_that_lead_in_a_circle_end() {
    let mut page = vec![0; PAGE_SIZE];
    // A page of a table that leads to itself, and a row that goes on on its own page for ever.
    page[0] = 0x05;
    page[11] = 2;
    let mut row = vec![0; PAGE_SIZE];
    row[..16].copy_from_slice(&[0x0d, 0, 0, 0, 1, 0, 0, 0, 0, 10, 0x8f, 0xff, 0x00, 1, 0, 0]);
    let bytes = [vec![0; PAGE_SIZE], page, row.clone()].concat();
    assert_eq!(readable_stories(&bytes, &[]), []);
    let mut asked = 0;
    rows(&row, |_| {
        asked += 1;
        Some(row.clone())
    });
    assert!(asked <= 64, "{asked}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..3 * PAGE_SIZE), wal in prop::collection::vec(any::<u8>(), 0..200)) {
        readable_stories(&bytes, &wal);
    }

    /// Pages that look like some, with anything in them.
    #[test]
    fn no_page_makes_it_panic(
        kind in prop::sample::select(vec![0x05u8, 0x0d, 0x0a]),
        count in 0u16..3_000,
        places in prop::collection::vec(0u16..5_000, 0..300),
        rest in prop::collection::vec(any::<u8>(), PAGE_SIZE),
    ) {
        let mut page = rest;
        page[0] = kind;
        page[3..5].copy_from_slice(&count.to_be_bytes());
        let header = if kind == 0x05 { 12 } else { 8 };
        for (at, place) in places.iter().enumerate() {
            page[header + 2 * at..][..2].copy_from_slice(&place.to_be_bytes());
        }
        readable_stories(&[page.clone(), page.clone(), page].concat(), &[]);
    }

    /// Of a good file with some bytes changed, no story is read that was not there, and most are.
    #[test]
    fn a_few_wrong_bytes_take_little(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        thread_local!(static GOOD: (Vec<u8>, Vec<Story>) = database());
        GOOD.with(|(good, stories)| {
            let mut bytes = good.clone();
            for (at, byte) in &changes {
                *at.get_mut(&mut bytes) = *byte;
            }
            let read = readable_stories(&bytes, &[]);
            assert!(read.len() <= stories.len() + changes.len(), "{}", read.len());
            assert!(read.len() + 16 * changes.len() >= stories.len(), "{}", read.len());
            for (story, _) in read {
                assert!(!story.title.is_empty() && !story.summary.contains(char::is_control));
            }
        });
    }
}
