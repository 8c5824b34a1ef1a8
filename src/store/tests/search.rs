//! Looking through what is stored.

use super::*;

#[test]
fn the_history_of_queries_is_kept_and_bounded() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    for number in 0..QUERIES_MAX + 5 {
        bench.put(StoreEffect::SaveQuery(format!("q{number}")));
    }
    bench.put(StoreEffect::SaveQuery("q50".into()));
    bench.saved();
    bench.put(StoreEffect::SaveQuery("q51".into()));
    bench.saved();
    let queries: Vec<String> = bench.load(1).into_iter().flat_map(|part| part.queries).collect();
    assert_eq!(queries.len(), QUERIES_MAX);
    assert_eq!(queries[QUERIES_MAX - 3..], ["q104", "q50", "q51"]);
    assert_eq!(queries.iter().filter(|query| *query == "q50").count(), 1);
}

#[test]
fn a_search_comes_page_by_page_and_a_new_one_ends_it() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveStories((0..250).map(|id| story(id, "Chips", NOW - id as i64)).collect()));
    bench.saved();
    let need = Query::parse("chips").unwrap().need(&Topics::default(), at(NOW));
    let found = |bench: &mut Bench| loop {
        if let Event::Found { number, stories, done } = bench.event() {
            return (number, stories.iter().map(|(story, _)| story.id.0).collect::<Vec<_>>(), done);
        }
    };
    bench.put(StoreEffect::Search { number: 1, need: need.clone(), until: at(NOW - 40) });
    assert_eq!(found(&mut bench), (1, (40..140).collect(), false));
    bench.put(StoreEffect::SearchMore { number: 1 });
    assert_eq!(found(&mut bench), (1, (140..240).collect(), false));
    bench.put(StoreEffect::Search { number: 2, need, until: at(NOW - 245) });
    assert_eq!(found(&mut bench), (2, (245..250).collect(), false));
    bench.put(StoreEffect::SearchMore { number: 1 });
    bench.put(StoreEffect::SearchMore { number: 2 });
    assert_eq!(found(&mut bench), (2, vec![], true));
}

#[test]
fn words_are_found_without_regard_to_case_and_accents() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveStories(vec![story(1, "L'économie des puces", NOW - 9), story(2, "Old news", NOW - 5)]));
    bench.saved();
    bench.put(StoreEffect::SaveStories(vec![story(2, "Other news", NOW - 5)]));
    bench.saved();
    let reader = Reader::open(dir.path()).unwrap();
    let found = |words: &str| candidates(&reader, words).iter().map(|(story, _)| story.id.0).collect::<Vec<_>>();
    for (words, expected) in [
        ("ECONOMIE", vec![1]),
        ("puces économie", vec![1]),
        ("more", vec![2, 1]),
        ("old", vec![]),
        ("other", vec![2]),
        ("", vec![2, 1]),
        ("l'economie", vec![1]),
    ] {
        assert_eq!(found(words), expected, "{words}");
    }
}
