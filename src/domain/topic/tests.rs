#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;

fn shipped() -> (Topics, TopicFile) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/topics.toml");
    let file: TopicFile = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap_or_else(|why| panic!("{why}"));
    let (topics, mistakes) = Topics::compile(&file.topic, &file.terms);
    assert_eq!(mistakes, [""; 0]);
    (topics, file)
}

fn names(topics: &Topics, title: &str, summary: &str) -> Vec<String> {
    topics.tag(&Text::new(title, summary)).iter().map(|tag| tag.topic.to_string()).collect()
}

#[test]
fn every_sentence_of_the_shipped_topics_is_judged_as_written() {
    let (topics, file) = shipped();
    let mut wrong = Vec::new();
    for rule in &file.topic {
        assert!(rule.matches.len() >= 6 && rule.misses.len() >= 6, "{} has too few sentences", rule.name);
        let tagged = |sentence: &String| names(&topics, sentence, "").iter().any(|name| **name == *rule.name);
        wrong.extend(rule.matches.iter().filter(|s| !tagged(s)).map(|s| format!("{} should match: {s}", rule.name)));
        wrong.extend(rule.misses.iter().filter(|s| tagged(s)).map(|s| format!("{} should not match: {s}", rule.name)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[derive(Default, Clone, Copy)]
struct Score {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Score {
    fn f1(self) -> f64 {
        2.0 * self.right as f64 / (2 * self.right + self.wrong + self.missed).max(1) as f64
    }
}

#[derive(serde::Deserialize)]
struct Gold {
    id: String,
    title: String,
    summary: String,
    lang: String,
    labels: Vec<String>,
}

/// Lines of a file of labelled headlines, when it is there.
fn gold() -> Option<Vec<Gold>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/gold/dev.jsonl");
    let Ok(lines) = fs::read_to_string(&path) else {
        eprintln!("skipped: there are no labelled headlines at {}", path.display());
        return None;
    };
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Counts for each tag, with `ERRORS=tag` printing what went wrong for one.
fn score<'a>(topics: &Topics, gold: impl Iterator<Item = &'a Gold>, show: &str) -> BTreeMap<String, Score> {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for story in gold {
        let tags = topics.tag(&Text::new(&story.title, &story.summary));
        for rule in topics.rules() {
            let (name, score) = (&*rule.name, scores.entry(rule.name.to_string()).or_default());
            let given = tags.iter().find(|tag| &*tag.topic == name);
            let labelled = story.labels.iter().any(|label| label == name);
            match (given, labelled) {
                (Some(_), true) => score.right += 1,
                (Some(_), false) => score.wrong += 1,
                (None, true) => score.missed += 1,
                (None, false) => {}
            }
            if show == name && given.is_some() != labelled {
                let kind = if labelled { "FN" } else { "FP" };
                let why = given.map(|tag| tag.why.join(" · ")).unwrap_or_default();
                let summary: String = story.summary.chars().take(260).collect();
                eprintln!("{kind} {} [{}] {} || {summary}  <<{why}>>", story.id, story.lang, story.title);
            }
        }
    }
    scores
}

fn micro(scores: &BTreeMap<String, Score>) -> Score {
    scores.values().fold(Score::default(), |sum, score| Score {
        right: sum.right + score.right,
        wrong: sum.wrong + score.wrong,
        missed: sum.missed + score.missed,
    })
}

#[test]
fn labelled_headlines_get_their_tags() {
    let Some(gold) = gold() else { return };
    let (topics, _) = shipped();
    let scores = score(&topics, gold.iter(), &std::env::var("ERRORS").unwrap_or_default());
    for (name, score) in &scores {
        eprintln!("{name:15} F1 {:.3}  +{} wrong {} missed {}", score.f1(), score.right, score.wrong, score.missed);
    }
    let all = micro(&scores).f1();
    let french = micro(&score(&topics, gold.iter().filter(|story| story.lang == "fr"), "")).f1();
    eprintln!("micro F1 {all:.3}, French {french:.3}");
    assert!(all >= 0.90, "micro F1 {all}");
    assert!(french >= 0.85, "French F1 {french}");
    for (name, score) in scores {
        assert!(score.f1() >= 0.80, "{name} F1 {}", score.f1());
    }
}
