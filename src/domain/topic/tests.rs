#![allow(clippy::unwrap_used)]

use super::*;

fn names(topics: &Topics, title: &str, summary: &str) -> Vec<String> {
    topics.tag(&Text::new(title, summary)).iter().map(|tag| tag.topic.to_string()).collect()
}

fn rule(name: &str, any: &[&str]) -> TopicRule {
    let quoted: Vec<String> = any.iter().map(|query| format!("{query:?}")).collect();
    toml::from_str(&format!("name = {name:?}\ntitle = {name:?}\nany = [{}]", quoted.join(","))).unwrap()
}

fn sentences(mistakes: &[SettingError]) -> Vec<String> {
    mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn reasons_are_the_words_as_they_stand() {
    let terms = Terms::from([("raise".into(), vec!["raises".into(), "closes a round".into()])]);
    let (topics, mistakes) = Topics::compile(&[rule("money", &["\"acme {raise}\"~3 \"$ # bn\""])], &terms);
    assert_eq!(mistakes, []);
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
    assert_eq!(mistakes, []);
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
        sentences(&mistakes),
        [
            "topic a: query 1 of 'any': at character 1: this ( is never closed",
            "topic b: query 1 of 'any': outlet:cnn does not ask about the text; a topic is decided by title and summary alone",
            "topic c: query 1 of 'any': at character 1: sets of terms such as {this} exist in topic rules only",
            "topic d: there is another of this name before it",
            "topic d: no topic is called 'nobody', its parent",
        ]
    );
}

#[test]
fn sets_of_terms_take_in_others_but_not_themselves() {
    let terms =
        Terms::from([("a".into(), vec!["{b}".into(), "one".into()]), ("b".into(), vec!["two".into(), "{a}".into()])]);
    let (topics, mistakes) = Topics::compile(&[rule("t", &["{a}"])], &terms);
    assert_eq!(sentences(&mistakes), ["terms b: the set 'a' contains itself", "terms a: the set 'b' contains itself"]);
    assert_eq!(names(&topics, "Two of them", ""), ["t"]);
}

#[test]
fn terms_of_one_language_count_in_it_alone() {
    let terms = Terms::from([
        ("raise".into(), vec!["raises".into()]),
        ("raise@fr".into(), vec!["lever".into(), "lève des fonds".into()]),
    ]);
    let (topics, mistakes) = Topics::compile(&[rule("money", &["\"acme {raise}\"~2"])], &terms);
    assert_eq!(mistakes, []);
    let tagged = |title: &str, lang: Option<&str>| !topics.tag(&Text::new(title, "").in_lang(lang)).is_empty();
    for (title, lang, is_tagged) in [
        ("Acme pulls the lever", Some("en"), false),
        ("Acme pulls the lever", None, true),
        ("Acme va lever 3 millions", Some("fr-CA"), true),
        ("Acme lève des fonds", Some("FR"), true),
        ("Acme raises money", Some("fr"), true),
    ] {
        assert_eq!(tagged(title, lang), is_tagged, "{title} in {lang:?}");
    }
}

#[test]
fn the_rule_that_nearly_matched_is_told_with_what_it_lacks() {
    let excluded = TopicRule { none: vec!["\"acme foods\"".into()], ..rule("acme", &["acme"]) };
    let rules = [excluded, rule("money", &["acme raises", "\"acme closes round\"~1"]), rule("law", &["bill -gates"])];
    let (topics, mistakes) = Topics::compile(&rules, &Terms::new());
    assert_eq!(mistakes, []);
    let near = |title: &str| {
        let near = topics.near(&Text::new(title, ""));
        near.into_iter().map(|near| (near.topic.to_string(), near.has.join(" "), near.but)).collect::<Vec<_>>()
    };
    let lacks = |what: &str| But::Lacks(what.to_owned());
    assert_eq!(
        near("Acme Foods opens"),
        [
            ("acme".to_owned(), "Acme".to_owned(), But::Excluded(vec!["Acme Foods".into()])),
            ("money".to_owned(), "Acme".to_owned(), lacks("raises")),
        ]
    );
    assert_eq!(near("Acme calmly and at last closes a round")[0].2, lacks("these together"));
    assert_eq!(near("Bill Gates speaks"), [("law".to_owned(), "Bill".to_owned(), lacks("a text without Gates"))]);
    assert_eq!(near("Nothing of the sort"), []);
}
