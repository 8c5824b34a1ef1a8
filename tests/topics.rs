//! The shipped topics: each judged by its own sentences, and all of them by labelled headlines where those lie.

#![allow(clippy::unwrap_used)]

#[path = "support/recordings.rs"]
mod recordings;

use std::collections::BTreeMap;
use std::fs;

use newstape::config;
use newstape::domain::text::Text;
use newstape::domain::topic::Topics;
use proptest::prelude::*;
use recordings::recording;

fn shipped() -> Topics {
    let config = config::shipped();
    let (topics, mistakes) = Topics::compile(&config.topics, &config.terms);
    assert_eq!(mistakes, []);
    topics
}

fn names(topics: &Topics, title: &str, summary: &str) -> Vec<String> {
    topics.tag(&Text::new(title, summary)).iter().map(|tag| tag.topic.to_string()).collect()
}

#[test]
fn every_sentence_of_the_shipped_topics_is_judged_as_written() {
    let topics = shipped();
    let mut wrong = Vec::new();
    for rule in topics.rules() {
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

/// Labelled headlines.
fn gold() -> Vec<Gold> {
    let lines = fs::read_to_string(recording("gold/dev.jsonl")).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Counts for each tag, with `ERRORS=tag` printing what went wrong for one.
fn score<'a>(topics: &Topics, gold: impl Iterator<Item = &'a Gold>, show: &str) -> BTreeMap<String, Score> {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for story in gold {
        let tags = topics.tag(&Text::new(&story.title, &story.summary).in_lang(Some(&story.lang)));
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
#[ignore = "needs the recordings"]
fn labelled_headlines_get_their_tags() {
    let gold = gold();
    let topics = shipped();
    let scores = score(&topics, gold.iter(), &std::env::var("ERRORS").unwrap_or_default());
    for (name, score) in &scores {
        eprintln!("{name:15} F1 {:.3}  +{} wrong {} missed {}", score.f1(), score.right, score.wrong, score.missed);
    }
    let all = micro(&scores).f1();
    let french = micro(&score(&topics, gold.iter().filter(|story| story.lang == "fr"), "")).f1();
    eprintln!("micro F1 {all:.3}, French {french:.3}");
    assert!(all >= 0.97, "micro F1 {all}");
    assert!(french >= 0.95, "French F1 {french}");
    for (name, score) in scores {
        assert!(score.f1() >= 0.93, "{name} F1 {}", score.f1());
    }
}

#[test]
#[ignore = "needs the recordings"]
fn a_long_article_gets_all_its_topics() {
    let article = fs::read_to_string(recording("founding/article-fr-2024.txt")).unwrap();
    let topics = shipped();
    let (first, rest) = article.split_once('\n').unwrap();
    for (title, summary) in [("", &*article), (&*article, ""), (first, rest)] {
        let tags = topics.tag(&Text::new(title, summary));
        for name in ["openai-funding", "nvidia", "regulation", "sec", "congress"] {
            let tag = tags.iter().find(|tag| &*tag.topic == name);
            assert!(tag.is_some_and(|tag| !tag.why.is_empty()), "{name} of {tags:#?}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_can_be_tagged(title in ".{0,80}", summary in "(OpenAI|Nvidia|SEC|bill|AI|\\PC| |\\. ){0,40}") {
        thread_local!(static TOPICS: Topics = shipped());
        let text = Text::new(&title, &summary);
        for tag in TOPICS.with(|topics| topics.tag(&text)) {
            prop_assert!(tag.spans.iter().all(|span| text.title().get(span.clone()).is_some()));
        }
    }

    #[test]
    fn tags_depend_neither_on_accents_nor_on_the_unicode_form(title in WORDS) {
        use unicode_normalization::UnicodeNormalization;
        thread_local!(static TOPICS: Topics = shipped());
        let tag = |title: &str| TOPICS.with(|topics| names(topics, title, ""));
        let bare: String = title.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect();
        let expected = tag(&title);
        for other in [title.nfc().collect(), title.nfd().collect(), bare] {
            prop_assert_eq!(&tag(&other), &expected, "{}", other);
        }
    }

    /// But for the terms that ask for a case, and regular expressions.
    #[test]
    fn tags_do_not_depend_on_case(title in WORDS) {
        thread_local!(static TOPICS: Topics = without_case());
        let tag = |title: &str| TOPICS.with(|topics| names(topics, title, ""));
        let expected = tag(&title);
        for other in [title.to_uppercase(), title.to_lowercase()] {
            prop_assert_eq!(&tag(&other), &expected, "{}", other);
        }
    }
}

/// Titles of words that the shipped topics know.
const WORDS: &str = "(OpenAI|ChatGPT|lève|milliards|sénateurs américains|puces|intelligence artificielle|réglementation|Pékin|raises| 5 | billion|\
Congress|bill|bitcoin|Ethereum|Solana|crypto|regulator|approves|ETF|funding|revenue|Nvidia|export|China|Wall Street|stock|amid|gendarme boursier américain|loi| ){0,12}";

/// The shipped topics with no term that asks for a case.
fn without_case() -> Topics {
    let mut config = config::shipped();
    let plain = |text: &mut String| *text = text.replace('=', "");
    config.terms.values_mut().flatten().for_each(plain);
    for rule in &mut config.topics {
        rule.none.retain(|query| !query.contains('/'));
        rule.any.retain(|query| !query.contains('/'));
        rule.any.iter_mut().chain(&mut rule.none).for_each(plain);
    }
    Topics::compile(&config.topics, &config.terms).0
}
