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
    assert!(all >= 0.96, "micro F1 {all}");
    assert!(french >= 0.95, "French F1 {french}");
    for (name, score) in scores {
        assert!(score.f1() >= 0.92, "{name} F1 {}", score.f1());
    }
}

#[test]
fn a_long_article_gets_all_its_topics() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/founding/article-fr-2024.txt");
    let Ok(article) = fs::read_to_string(&path) else {
        return eprintln!("skipped: there is no article at {}", path.display());
    };
    let (topics, _) = shipped();
    let (first, rest) = article.split_once('\n').unwrap();
    for (title, summary) in [("", &*article), (&*article, ""), (first, rest)] {
        let tags = topics.tag(&Text::new(title, summary));
        for name in ["openai-funding", "nvidia", "regulation", "sec", "congress"] {
            let tag = tags.iter().find(|tag| &*tag.topic == name);
            assert!(tag.is_some_and(|tag| !tag.why.is_empty()), "{name} of {tags:#?}");
        }
    }
}

fn rule(name: &str, any: &[&str]) -> TopicRule {
    let quoted: Vec<String> = any.iter().map(|query| format!("{query:?}")).collect();
    toml::from_str(&format!("name = {name:?}\ntitle = {name:?}\nany = [{}]", quoted.join(","))).unwrap()
}

#[test]
fn reasons_are_the_words_as_they_stand() {
    let terms = Terms::from([("raise".into(), vec!["raises".into(), "closes a round".into()])]);
    let (topics, mistakes) = Topics::compile(&[rule("money", &["\"acme {raise}\"~3 \"$ # bn\""])], &terms);
    assert_eq!(mistakes, [""; 0]);
    let text = Text::new("ACMÉ finally closes a round of $6.6bn", "");
    let tags = topics.tag(&text);
    assert_eq!(tags[0].why, ["ACMÉ", "closes a round", "$6.6bn"]);
    let spans: Vec<&str> = tags[0].spans.iter().map(|span| &text.title()[span.clone()]).collect();
    assert_eq!(spans, ["ACMÉ", "closes a round", "$6.6bn"]);
}

#[test]
fn a_child_brings_its_parent() {
    let child = TopicRule { parent: Some("law".into()), ..rule("court", &["judge"]) };
    let (topics, mistakes) = Topics::compile(&[rule("law", &["law"]), child], &Terms::new());
    assert_eq!(mistakes, [""; 0]);
    assert_eq!(names(&topics, "The judge speaks", ""), ["law", "court"]);
    assert_eq!(names(&topics, "The law speaks", ""), ["law"]);
    assert_eq!(topics.tag(&Text::new("The judge speaks", ""))[0].why, ["judge"]);
}

#[test]
fn a_wrong_rule_is_named_and_left_out() {
    let orphan = TopicRule { parent: Some("nobody".into()), ..rule("d", &["d"]) };
    let rules = [rule("a", &["(x"]), rule("b", &["outlet:cnn"]), rule("c", &["{none}"]), orphan, rule("d", &["e"])];
    let (topics, mistakes) = Topics::compile(&rules, &Terms::new());
    assert_eq!(topics.rules().len(), 1);
    assert_eq!(
        mistakes,
        [
            "topic a: any, query 1: this ( is never closed (at byte 0 of (x)",
            "topic b: any, query 1: outlet:cnn does not ask about the text; a topic is decided by title and summary alone",
            "topic c: any, query 1: sets of terms such as {this} exist in topic rules only (at byte 0 of {none})",
            "topic d: there is another of this name before it",
            "topic d: its parent nobody is no topic; it stands alone",
        ]
    );
}

#[test]
fn sets_of_terms_take_in_others_but_not_themselves() {
    let terms =
        Terms::from([("a".into(), vec!["{b}".into(), "one".into()]), ("b".into(), vec!["two".into(), "{a}".into()])]);
    let (topics, mistakes) = Topics::compile(&[rule("t", &["{a}"])], &terms);
    assert_eq!(mistakes, ["terms b: a takes in itself", "terms a: b takes in itself"]);
    assert_eq!(names(&topics, "Two of them", ""), ["t"]);
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_tagged(title in ".{0,80}", summary in "(OpenAI|Nvidia|SEC|bill|AI|\\PC| |\\. ){0,40}") {
        thread_local!(static TOPICS: Topics = shipped().0);
        let text = Text::new(&title, &summary);
        for tag in TOPICS.with(|topics| topics.tag(&text)) {
            proptest::prop_assert!(tag.spans.iter().all(|span| text.title().get(span.clone()).is_some()));
        }
    }

    #[test]
    fn tags_do_not_depend_on_the_unicode_form(title in "(OpenAI|lève|milliards|sénateurs|puces|IA|réglementation|Pékin| 5 | ){0,12}") {
        use unicode_normalization::UnicodeNormalization;
        thread_local!(static TOPICS: Topics = shipped().0);
        let (composed, decomposed): (String, String) = (title.nfc().collect(), title.nfd().collect());
        let tag = |title: &str| TOPICS.with(|topics| names(topics, title, ""));
        proptest::prop_assert_eq!(tag(&composed), tag(&decomposed));
    }
}
