#![allow(clippy::unwrap_used)]

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::domain::story::StoryId;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn story() -> Story {
    Story {
        id: StoryId(1),
        feed: "SEC press releases".into(),
        outlet: "The Café Post".into(),
        title: "OpenAI finally raises another $6.6bn, says SEC filing".into(),
        title_before: None,
        summary: "L'Élysée watches. The sec of state isn't amused.".into(),
        link: None,
        lang: Some("en".into()),
        published: Some(NOW - SignedDuration::from_mins(90)),
        first_seen: NOW - SignedDuration::from_mins(10),
        primary: true,
        reference: None,
    }
}

fn asked(source: &str) -> bool {
    let story = story();
    let topics = ["openai-funding".into(), "sec".into(), "regulation".into()];
    let symbols = ["NVDA".into(), "BTC-USD".into()];
    let marks = Marks { read: false, starred: true, group: None };
    let moves = [("NVDA".into(), -0.84), ("BTC-USD".into(), 2.0), ("AMD".into(), 9.5)];
    let subject = Subject {
        story: &story,
        text: StoryText::new(&story),
        topics: &topics,
        symbols: &symbols,
        marks,
        muted: false,
        outlets: 4,
        moves: &moves,
        now: NOW,
    };
    Query::parse(source).unwrap_or_else(|mistake| panic!("{source}: {mistake:?}")).matches(&subject)
}

#[test]
fn queries_that_match() {
    let cases = [
        "",
        "   ",
        "openai",
        "OPENAI raises",
        "openai AND raises",
        "nothing OR openai",
        "-nothing",
        "NOT nothing",
        "(nothing OR openai) raises",
        "rais*",
        "=SEC",
        "=OpenAI",
        "\"openai finally\"",
        "\"finally openai\"~0",
        "\"openai raises\"~1",
        "\"raises openai\"~5",
        "\"$ #\"",
        "$6.6bn",
        "6,6",
        "\"$6.6bn says\"",
        "elysee",
        "ÉLYSÉE",
        "l'élysée",
        "isnt",
        "isn't",
        "/open[a]i/i",
        "/OpenAI/",
        "title:openai",
        "title:(nothing OR openai)",
        "summary:amused",
        "-summary:openai",
        "outlet:cafe",
        "outlet:\"café post\"",
        "feed:sec",
        "feed:press*",
        "topic:sec",
        "topic:SEC",
        "topic:openai-funding",
        "topic:open*",
        "-topic:crypto",
        "symbol:nvda",
        "symbol:BTC",
        "symbol:btc-usd",
        "lang:en",
        "is:unread",
        "is:starred",
        "is:primary",
        "is:new",
        "-is:read",
        "age<2h",
        "age>1h",
        "age>=90m",
        "age<=90m",
        "outlets>3",
        "outlets<5",
        "outlets=4",
        "move:NVDA<-0.5%",
        "move:nvda>=-0.84",
        "move:BTC>1%",
        "move:btc-usd>=2%",
        "move:amd>+9%",
        "move>1.99%",
        "move<0%",
        "-move:ETH>1%",
        "/é/ OR /L'E/i",
        "\"(seeks|raises) another\"",
        "--openai",
        "title:/bn/",
        "outlet:/post$/i",
        "=\"SEC filing\"",
        "\"=SEC filing\"",
        "openai -(nothing summary:openai)",
        "\"(openai|nothing) (raises|seeks)\"~3",
    ];
    for source in cases {
        assert!(asked(source), "{source}");
    }
}

#[test]
fn queries_that_do_not() {
    let cases = [
        "nothing",
        "open",
        "ai",
        "openai nothing",
        "-openai",
        "=Sec filing",
        "=sec filing title:=sec",
        "=openai",
        "\"openai raises\"",
        "\"openai raises\"~0",
        "\"filing l'élysée\"",
        "\"watches the\"",
        "/openai/",
        "summary:openai",
        "title:amused",
        "outlet:sec",
        "outlet:caf",
        "topic:reg",
        "topic:crypto",
        "symbol:ETH",
        "symbol:BT",
        "lang:fr",
        "is:read",
        "-is:new",
        "age<1h",
        "outlets>4",
        "move:NVDA>1%",
        "move:NVDA<-0.84%",
        "move:ETH-USD<9%",
        "move>5%",
        "-(openai raises)",
        "6",
        "\"watches amused\"~9",
    ];
    for source in cases {
        assert!(!asked(source), "{source}");
    }
}

#[test]
fn mistakes_tell_place_and_remedy() {
    let cases = [
        ("openai (raises", 7, "this ( is never closed"),
        ("a ) b", 2, "this ) closes nothing"),
        ("a OR", 4, "expected a word, a phrase or a field before the end"),
        ("OR a", 0, "expected a word, a phrase or a field before OR"),
        ("()", 1, "expected a word, a phrase or a field before )"),
        ("x \"abc", 2, "this \" is never closed"),
        ("x \"\"", 2, "expected a word between the quotes"),
        ("titel:x", 0, "there is no field titel; did you mean title?"),
        ("source:x", 0, "there is no field source; did you mean outlet?"),
        ("is:starrred", 3, "there is no state starrred; did you mean starred?"),
        ("is:", 3, "expected one of unread, read, starred, primary, new, muted behind is:"),
        ("age<soon", 4, "expected a time such as 30m, 2h or 7d, as in age<2h"),
        ("age:2h", 4, "expected < or > behind age, as in age<2h"),
        ("outlets>many", 8, "expected a whole number, as in outlets>3"),
        ("move:", 5, "expected a symbol behind move:, as in move:NVDA>1%"),
        ("move:NVDA", 9, "expected < or > and a per cent, as in move:NVDA>1%"),
        ("move:NVDA=1%", 9, "expected < or > and a per cent, as in move:NVDA>1%"),
        ("move:NVDA>much", 10, "expected a per cent such as 1% or -0.5%, as in move:NVDA>1%"),
        ("move>1.234%", 5, "expected a per cent such as 1% or -0.5%, as in move:NVDA>1%"),
        ("/a(/", 0, "the regular expression can't be read: unclosed group"),
        ("/abc", 0, "this / is never closed; a regular expression ends with /"),
        ("a -", 3, "expected what to leave out before the end"),
        ("a - b", 3, "expected a word right behind -"),
        ("a &", 2, "expected a word: letters or digits"),
        ("\"a b\"~x", 6, "expected a number of words up to 255 behind ~"),
        ("{money}", 0, "sets of terms such as {this} exist in topic rules only"),
        ("topic:", 6, "expected a name behind topic:"),
        ("title>3", 5, "expected : behind title"),
    ];
    for (source, at, message) in cases {
        let found = Query::parse(source).unwrap_err();
        assert_eq!((found.at, found.message.as_str()), (at, message), "{source}");
    }
}

#[test]
fn nesting_is_capped() {
    for source in ["(".repeat(5_000), "-".repeat(5_000), "NOT ".repeat(3_000), "x ".repeat(50_000)] {
        assert!(Query::parse(&source).is_err());
    }
}

#[test]
fn term_sets_stand_for_their_words() {
    let terms = Terms::from([("raise".into(), vec!["raises".into(), "closes a round".into()])]);
    let query = Query::parse_with("openai {raise} \"acme {raise}\"~3", &terms).unwrap();
    assert_eq!(query.to_string(), "openai \"(raises|closes a round)\" \"acme (raises|closes a round)\"~3");
    let among = Query::parse_with("\"(seeks|{raise}) # bn@fr\"", &terms).unwrap();
    assert_eq!(among.to_string(), "\"(seeks|raises|closes a round) # bn@fr\"");
    let mistake = Query::parse_with("{rise}", &terms).unwrap_err();
    assert_eq!(mistake.message, "there is no set of terms rise; did you mean raise?");
}

#[test]
fn highlights_are_the_words_asked_for() {
    let text = Text::new("OpenAI raises; who else raises?", "raises");
    let cases: [(&str, &[&str]); 5] = [
        ("raises", &["raises", "raises"]),
        ("openai -else", &["OpenAI"]),
        ("\"openai raises\"~2", &["OpenAI", "raises"]),
        ("summary:raises", &[]),
        ("/else ra/ raises", &["raises", "else raises"]),
    ];
    for (source, want) in cases {
        let found = Query::parse(source).unwrap().highlights(&text);
        let words: Vec<&str> = found.into_iter().map(|span| &text.title()[span]).collect();
        assert_eq!(words, want, "{source}");
    }
}

#[test]
fn the_place_of_a_mistake_is_drawn() {
    let source = "écho 比特 (raises";
    let mistake = Query::parse(source).unwrap_err();
    assert_eq!(mistake.place(source), "at character 9: this ( is never closed");
    assert_eq!(mistake.picture(source), "  écho 比特 (raises\n            ^");
    // Of a long one the part around the place, and nothing that turns it around.
    let long = format!("{} (raises \u{202e}{}", "a ".repeat(100), "b".repeat(200));
    let mistake = Query::parse(&long).unwrap_err();
    let picture = mistake.picture(&long);
    assert!(picture.chars().count() < 260 && !picture.contains('\u{202e}'), "{picture}");
    let lines: Vec<&str> = picture.lines().collect();
    assert_eq!(lines[0].chars().nth(lines[1].chars().count() - 1), Some('('), "{picture}");
}

#[test]
fn what_a_query_asks_for_beside_the_story() {
    let asks = |source: &str| Query::parse(source).unwrap().asks();
    assert_eq!(asks("nvidia is:primary"), Asks::default());
    assert!(asks("nvidia is:new").time && asks("-age<1h").time);
    assert!(asks("-is:read").marks && asks("is:muted").muted);
    assert!(asks("nvidia -(a OR outlets>3)").outlets);
    assert!(asks("-move>1%").moves);
}

/// Texts that say the same, in another case, without accents and in another Unicode form.
fn variants(text: &str) -> [String; 4] {
    use unicode_normalization::UnicodeNormalization;
    let bare = text.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect();
    [text.to_uppercase(), text.to_lowercase(), text.nfd().collect(), bare]
}

proptest! {
    #[test]
    fn neither_case_nor_accents_nor_unicode_form_count(
        title in "([a-zà-öø-ÿœčşαςάдй]{1,4}[ '.,-]{0,2}){0,8}",
        query in "((-|title:|outlet:)?([a-zà-öø-ÿœčşςάй]{1,3}\\*?|\"[a-zàéœ ]{1,6}\"(~2)?) ){1,3}",
    ) {
        let holds = |query: &str, title: &str| {
            let story = Story { title: title.into(), outlet: title.into(), ..story() };
            let (topics, symbols, marks) = (&[], &[], Marks::default());
            let subject = Subject { story: &story, text: StoryText::new(&story), topics, symbols, marks, muted: false, outlets: 1, moves: &[], now: NOW };
            Query::parse(query).map(|query| query.matches(&subject)).map_err(|mistake| mistake.message)
        };
        // The words of the language itself have a case: OR is one, or is none.
        prop_assume!(!query.to_uppercase().split([' ', '-']).any(|word| ["OR", "AND", "NOT"].contains(&word)));
        let expected = holds(&query, &title);
        for other in variants(&title) {
            prop_assert_eq!(holds(&query, &other), expected.clone(), "{} in {}", query, other);
        }
        for other in variants(&query) {
            let other = other.replace("TITLE:", "title:").replace("OUTLET:", "outlet:");
            prop_assert_eq!(holds(&other, &title), expected.clone(), "{} for {}", other, query);
        }
    }

    #[test]
    fn parsing_never_panics(source in "(\\PC|[-()\"~/*=:<>{}|# a-z]){0,60}") {
        let _ = Query::parse(&source);
    }

    #[test]
    fn a_printed_query_reads_back_the_same(source in
        "((-|NOT |\\(|\\) |OR |title:|summary:\\(|outlet:|=)?([a-zé]{1,4}\\*?|\"[a-z#(|) ]{1,9}\"(~[0-9])?|/[a-z\\./]{1,4}/i?|age<[0-9]{1,3}[smhd]|is:new|move(:[\\PC]{1,3})?[<>]=?-?[0-9]{1,2}(\\.[0-9]{1,2})?%?|topic:[\\PC]{1,5}|\\PC{1,5}|[0-9., ]{1,6}) ?){1,6}") {
        if let Ok(query) = Query::parse(&source) {
            let printed = query.to_string();
            prop_assert_eq!(Query::parse(&printed), Ok(query), "{}", printed);
        }
    }

    #[test]
    fn matching_never_panics(source in "(\"[a-c ]{1,9}\"(~[0-9])?|[a-c]\\*?|-| ){1,6}", title in "[a-c. ]{0,80}") {
        if let Ok(query) = Query::parse(&source) {
            let text = Text::new(&title, &title);
            for span in query.highlights(&text) {
                prop_assert!(text.title().get(span).is_some());
            }
        }
    }
}
