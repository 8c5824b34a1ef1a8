//! What was worked out about stories, stored and read back.

use super::*;
use crate::domain::analysis::{Analysis, Tags, summary_hash};
use crate::domain::text::WordSet;

fn analysis(story: &Story, stamp: Stamp) -> Analysis {
    let tags = Tags { topics: [u16::try_from(story.id.0).unwrap()].into(), spans: [].into() };
    Analysis::new(story, summary_hash(&story.summary), stamp, tags, WordSet::of(&story.text()))
}

fn save(bench: &mut Bench, stamp: Stamp, stories: &[Story]) {
    let analyses = stories.iter().map(|story| (story.id, analysis(story, stamp))).collect();
    bench.put(StoreEffect::SaveAnalyses(analyses));
    bench.saved();
}

fn many(count: u64) -> Vec<Story> {
    (1..=count).map(|id| story(id, &format!("Harbour report {id}"), NOW - id as i64)).collect()
}

#[test]
fn an_analysis_comes_back_with_its_story_whose_summary_may_stay_in_the_store() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    let stories = many(250);
    bench.put(StoreEffect::SaveStories(stories.clone()));
    save(&mut bench, STAMP, &stories);
    let parts = bench.load(1_000);
    for (at, (read, _)) in parts.iter().flat_map(|part| &part.stories).enumerate() {
        // The first part, which fills the screen, is read whole.
        let whole = &stories[at];
        let expected = if at < 200 { whole.clone() } else { Story { summary: Name::default(), ..whole.clone() } };
        assert_eq!(*read, expected);
    }
    let found: Vec<&Analysis> = parts.iter().flat_map(|part| part.analyses.values()).collect();
    assert_eq!(found.len(), 250);
    assert!(
        parts
            .iter()
            .all(|part| part.analyses.iter().all(|(id, found)| *found == analysis(&stories[id.0 as usize - 1], STAMP)))
    );
}

#[test]
fn an_analysis_by_other_rules_or_of_other_words_is_of_no_use() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    let stories = many(4);
    bench.put(StoreEffect::SaveStories(stories.clone()));
    save(&mut bench, STAMP, &stories[..2]);
    save(&mut bench, Stamp(8), &stories[2..3]);
    // The words change after they were analysed, and before.
    let edited = |at: usize| Story { summary: "The harbour is open again.".into(), ..stories[at].clone() };
    bench.put(StoreEffect::SaveStories(vec![edited(1), edited(3)]));
    bench.saved();
    save(&mut bench, STAMP, &stories[3..]);
    let part = bench.load(10).remove(0);
    assert_eq!(part.analyses.into_keys().collect::<Vec<_>>(), [StoryId(1)]);
    assert_eq!(part.stories.len(), 4);
    assert_eq!(part.stories[1].0, edited(1));
}

#[test]
fn an_analysis_goes_with_its_story() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    let stories = many(3);
    bench.put(StoreEffect::SaveStories(stories.clone()));
    save(&mut bench, STAMP, &stories);
    drop(bench);
    let connection = Connection::open(place::database(dir.path())).unwrap();
    let count = || connection.query_row("SELECT count(*) FROM analysis", [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(count(), 3);
    connection.execute("DELETE FROM story WHERE id = 2", []).unwrap();
    assert_eq!(count(), 2);
}

#[test]
fn the_outlets_of_a_group_are_known_without_reading_its_stories() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    let from =
        |id: u64, outlet: &str| Story { outlet: outlet.into(), ..story(id, "Harbour closed", NOW - 100 + id as i64) };
    let stories = vec![from(3, "Late"), from(1, "First"), from(2, "Second"), from(4, "First"), from(5, "Other")];
    bench.put(StoreEffect::SaveStories(stories));
    bench.put(StoreEffect::SaveGroups((1..5).map(|id| (StoryId(id), StoryId(1))).collect()));
    bench.saved();
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.outlets(StoryId(1)).unwrap(), ["First", "Second", "Late"].map(Name::from));
    assert_eq!(reader.outlets(StoryId(5)).unwrap(), []);
    assert!(reader.lacks_groups(None).unwrap(), "the fifth was placed in none");
    assert!(!reader.lacks_groups(Some(at(NOW - 94))).unwrap(), "it is older");
}
