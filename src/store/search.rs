//! Finding stories by what they need to have ([`Need`]): words through the full-text index, facts through one covering
//! index. What is found is a little more than what was asked for; whoever asks looks at each story again.

use std::cell::RefCell;
use std::collections::VecDeque;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::read::{self, COLUMNS, Names, Page, Place, sense};
use crate::domain::analysis::Stamp;
use crate::domain::query::{Fact, Facts, Need, Place as In, Run};

/// Up to so many, the stories found by their words are put in order one by one; more are met on a walk through all.
const FEW: usize = 2_000;
/// How many stories a walk passes at most for one page: some 20 ms.
const PASSED_MAX: u32 = 100_000;
/// Languages whose answer is kept.
const LANGS_MAX: usize = 64;

/// A search, page by page.
#[derive(Debug)]
pub(super) struct Search {
    need: Need,
    since: i64,
    plan: Option<Plan>,
    after: Place,
    stamp: Stamp,
    names: Names,
}

/// How the stories are met, newest first.
#[derive(Debug)]
enum Plan {
    /// Few, and in order.
    Listed(VecDeque<Place>),
    /// All, each held against the test.
    Walk(Test),
}

/// A need with the answers of the full-text index.
#[derive(Debug)]
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Rows(Rows),
    Fact { fact: Fact, holds: bool },
    Lang(Langs),
}

/// A question about the language, with the answers so far: there are few languages, and many stories.
#[derive(Debug)]
struct Langs {
    fact: Fact,
    holds: bool,
    known: RefCell<Vec<(String, bool)>>,
}

impl Langs {
    fn holds(&self, facts: &Facts) -> bool {
        let Some(lang) = facts.lang else { return !self.holds };
        let mut known = self.known.borrow_mut();
        if let Some((_, holds)) = known.iter().find(|(other, _)| other == lang) {
            return *holds;
        }
        let holds = self.fact.holds(facts) == self.holds;
        if known.len() < LANGS_MAX {
            known.push((lang.to_owned(), holds));
        }
        holds
    }
}

/// A set of rows, a bit for each: they count up from 1 without large holes.
#[derive(Debug, Default)]
struct Rows {
    bits: Vec<u64>,
    count: usize,
}

impl Rows {
    fn insert(&mut self, row: i64) {
        let Ok(row) = usize::try_from(row) else { return };
        let (at, bit) = (row / 64, 1 << (row % 64));
        if self.bits.len() <= at {
            self.bits.resize(at + 1, 0);
        }
        if let Some(bits) = self.bits.get_mut(at) {
            self.count += usize::from(*bits & bit == 0);
            *bits |= bit;
        }
    }

    fn has(&self, row: i64) -> bool {
        let Ok(row) = usize::try_from(row) else { return false };
        self.bits.get(row / 64).is_some_and(|bits| bits & (1 << (row % 64)) != 0)
    }

    fn iter(&self) -> impl Iterator<Item = i64> {
        let each = |(at, bits): (usize, &u64)| {
            let bits = *bits;
            (0..64).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| (at * 64 + bit) as i64)
        };
        self.bits.iter().enumerate().flat_map(each)
    }
}

impl Test {
    fn holds(&self, row: i64, facts: &Facts) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.holds(row, facts)),
            Test::Any(tests) => tests.iter().any(|test| test.holds(row, facts)),
            Test::Rows(rows) => rows.has(row),
            Test::Fact { fact, holds } => fact.holds(facts) == *holds,
            Test::Lang(langs) => langs.holds(facts),
        }
    }

    /// Is there a leaf of a kind in it? What nothing asks for need not be read.
    fn asks(&self, is_asked: &impl Fn(&Test) -> bool) -> bool {
        match self {
            Test::All(tests) | Test::Any(tests) => tests.iter().any(|test| test.asks(is_asked)),
            leaf => is_asked(leaf),
        }
    }

    /// The marks that every story must have, as conditions: what SQLite passes over itself costs a third.
    fn marks(&self) -> String {
        let column = |fact: &Fact| match fact {
            Fact::Read => Some("read"),
            Fact::Starred => Some("starred"),
            Fact::Primary => Some("is_primary"),
            _ => None,
        };
        match self {
            Test::All(tests) => tests.iter().map(Test::marks).collect(),
            Test::Fact { fact, holds } => {
                column(fact).map(|column| format!(" AND {column} = {}", u8::from(*holds))).unwrap_or_default()
            }
            _ => String::new(),
        }
    }

    /// The rows beyond which nothing is found, the fewest that are known.
    fn bound(&self) -> Option<&Rows> {
        match self {
            Test::Rows(rows) => Some(rows),
            Test::All(tests) => tests.iter().filter_map(Test::bound).min_by_key(|rows| rows.count),
            Test::Any(_) | Test::Fact { .. } | Test::Lang(_) => None,
        }
    }
}

impl Search {
    /// Of the stories after a place, not older than `since`; with their analyses of a stamp.
    pub(super) fn new(need: Need, since: Option<Timestamp>, after: Place, stamp: Stamp) -> Search {
        let since = since.map_or(i64::MIN, Timestamp::as_millisecond).max(need.earliest().saturating_mul(1_000));
        Search { need, since, plan: None, after, stamp, names: Names::default() }
    }

    /// The next stories, newest first, at most so many; none and no `last` at the end.
    pub(super) fn next(&mut self, connection: &Connection, limit: u32) -> rusqlite::Result<Page> {
        let mut plan = match self.plan.take() {
            Some(plan) => plan,
            None => self.plan(connection)?,
        };
        let page = match &mut plan {
            Plan::Listed(places) => self.list(connection, places, limit),
            Plan::Walk(test) => self.walk(connection, test, limit),
        }?;
        self.plan = Some(plan);
        self.after = page.last.unwrap_or(self.after);
        Ok(page)
    }

    fn plan(&self, connection: &Connection) -> rusqlite::Result<Plan> {
        let test = ask(connection, &self.need)?;
        let few = test.bound().filter(|rows| rows.count <= FEW);
        let Some(rows) = few else { return Ok(Plan::Walk(test)) };
        let mut statement = connection.prepare_cached("SELECT time FROM story WHERE row = ?1")?;
        let mut places: Vec<Place> = Vec::with_capacity(rows.count);
        for row in rows.iter() {
            let time: Option<i64> = statement.query_row([row], |found| found.get(0)).optional()?;
            places.extend(time.map(|time| (time, row)).filter(|place| *place < self.after && place.0 >= self.since));
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Plan::Listed(places.into()))
    }

    fn list(&mut self, connection: &Connection, places: &mut VecDeque<Place>, limit: u32) -> rusqlite::Result<Page> {
        let mut page = Page::default();
        for place in places.drain(..places.len().min(limit as usize)) {
            self.fetch(connection, place, &mut page)?;
        }
        Ok(page)
    }

    fn walk(&mut self, connection: &Connection, test: &Test, limit: u32) -> rusqlite::Result<Page> {
        let sql = format!(
            "SELECT time, row, first_seen, is_primary, read, starred, lang FROM story INDEXED BY story_by_time
             WHERE (time, row) < (?1, ?2) AND time >= ?3{} ORDER BY time DESC, row DESC LIMIT ?4",
            test.marks()
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((self.after.0, self.after.1, self.since, PASSED_MAX))?;
        let mut page = Page::default();
        let marks = test.asks(&|test| matches!(test, Test::Fact { .. }));
        let lang = test.asks(&|test| matches!(test, Test::Lang(_)));
        while page.read < limit
            && let Some(found) = rows.next()?
        {
            let place: Place = (found.get(0)?, found.get(1)?);
            let mut facts =
                Facts { time: second(place.0), first_seen: 0, primary: false, read: false, starred: false, lang: None };
            if marks {
                facts.first_seen = second(found.get(2)?);
                (facts.primary, facts.read, facts.starred) = (found.get(3)?, found.get(4)?, found.get(5)?);
            }
            if lang {
                facts.lang = found.get_ref(6)?.as_str_or_null()?;
            }
            page.last = Some(place);
            if test.holds(place.1, &facts) {
                self.fetch(connection, place, &mut page)?;
            }
        }
        Ok(page)
    }

    fn fetch(&mut self, connection: &Connection, place: Place, page: &mut Page) -> rusqlite::Result<()> {
        let sql = format!("SELECT {COLUMNS} FROM story WHERE row = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        let story = statement.query_row([place.1], |row| read::story(row, &mut self.names));
        if let Some((story, marks)) = sense(story.optional())?.flatten() {
            let analysis = read::analysis(connection, place.1, self.stamp, &story)?;
            page.push(story, marks, analysis);
        }
        page.read += 1;
        page.last = Some(place);
        Ok(())
    }
}

/// Unix seconds, as [`Timestamp::as_second`] rounds.
fn second(millis: i64) -> i64 {
    millis / 1_000
}

/// Asks the full-text index for what it knows of a need.
fn ask(connection: &Connection, need: &Need) -> rusqlite::Result<Test> {
    if let Some(words) = in_words(need) {
        return matching(connection, &words).map(Test::Rows);
    }
    Ok(match need {
        Need::All(needs) => {
            let (words, others): (Vec<&Need>, Vec<&Need>) = needs.iter().partition(|need| in_words(need).is_some());
            let mut tests = others.into_iter().map(|need| ask(connection, need)).collect::<Result<Vec<_>, _>>()?;
            let words: Vec<String> = words.into_iter().filter_map(in_words).collect();
            if !words.is_empty() {
                tests.push(Test::Rows(matching(connection, &words.join(" AND "))?));
            }
            Test::All(tests)
        }
        Need::Any(needs) => Test::Any(needs.iter().map(|need| ask(connection, need)).collect::<Result<_, _>>()?),
        Need::Words { .. } | Need::Near { .. } => Test::All(Vec::new()),
        Need::Fact { fact: fact @ Fact::Lang { .. }, holds } => {
            Test::Lang(Langs { fact: fact.clone(), holds: *holds, known: RefCell::default() })
        }
        Need::Fact { fact, holds } => Test::Fact { fact: fact.clone(), holds: *holds },
    })
}

fn matching(connection: &Connection, words: &str) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare_cached("SELECT rowid FROM story_words WHERE story_words MATCH ?1")?;
    let mut found = statement.query([words])?;
    let mut rows = Rows::default();
    while let Some(row) = found.next()? {
        rows.insert(row.get(0)?);
    }
    Ok(rows)
}

/// A need in the language of the full-text index; None when it asks for more than words. Of nothing at all as well: an
/// index of words can't be asked for that.
fn in_words(need: &Need) -> Option<String> {
    let joined = |needs: &[Need], between: &str| {
        let parts = needs.iter().map(in_words).collect::<Option<Vec<String>>>().filter(|parts| !parts.is_empty());
        parts.map(|parts| format!("({})", parts.join(between)))
    };
    match need {
        Need::All(needs) => joined(needs, " AND "),
        Need::Any(needs) => joined(needs, " OR "),
        Need::Fact { .. } => None,
        Need::Words { place, run } => Some(format!("({} : {})", columns(*place), in_quotes(run))),
        Need::Near { place, runs, most } => {
            let runs: Vec<String> = runs.iter().map(in_quotes).collect();
            Some(format!("({} : NEAR({}, {most}))", columns(*place), runs.join(" ")))
        }
    }
}

fn columns(place: In) -> &'static str {
    match place {
        In::Text => "{title summary}",
        In::Title => "title",
        In::Summary => "summary",
        In::Outlet => "outlet",
        In::Feed => "feed",
    }
}

fn in_quotes(run: &Run) -> String {
    format!("\"{}\"{}", run.words.join(" ").replace('"', ""), if run.prefix { " *" } else { "" })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::SignedDuration;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::read::TOP;
    use super::super::{inbox::Waiting, place, write};
    use super::*;
    use crate::config::shipped;
    use crate::domain::Name;
    use crate::domain::query::StoryText;
    use crate::domain::query::{Query, Subject};
    use crate::domain::story::{Marks, Story, StoryId};
    use crate::domain::topic::{TopicRule, Topics};

    const WORDS: [&str; 44] = [
        "OpenAI",
        "openai",
        "raises",
        "Raises",
        "raising",
        "$6.6bn",
        "$",
        "6,6",
        "60,000",
        "60 000",
        "60000",
        "U.S.",
        "us",
        "US",
        "l'Élysée",
        "elysee",
        "E\u{301}LYSE\u{301}E",
        "isn't",
        "isn’t",
        "isnt",
        "BTC-USD",
        "btc",
        "usd",
        "比特币",
        "比特币ETF",
        "비트코인",
        "Straße",
        "strasse",
        "œuvre",
        "oeuvre",
        "ΟΔΟΣ",
        "οδος",
        "SEC",
        "Sec",
        "sec's",
        "users'",
        "40%",
        "%",
        "€",
        "H100",
        "S.E.C",
        "\u{345}",
        "naïve",
        "’",
    ];
    const GAPS: [&str; 9] = [" ", " ", " ", ". ", "; ", ", ", "-", " – ", "? "];
    const TERMS: [&str; 30] = [
        "",
        "title:",
        "summary:",
        "outlet:",
        "feed:",
        "=",
        "-",
        "-title:",
        "is:unread",
        "is:read",
        "is:starred",
        "is:new",
        "is:primary",
        "-is:read",
        "age<2h",
        "age>=1h",
        "age=1h",
        "lang:fr",
        "lang:f*",
        "-lang:en",
        "topic:chain",
        "topic:money",
        "-topic:sec",
        "symbol:NVDA",
        "symbol:btc",
        "outlets>0",
        "/[a-z]ai/i",
        "-is:new",
        "topic:m*",
        "age<=0m",
    ];

    fn text() -> impl Strategy<Value = String> {
        let pairs = prop::collection::vec((select(&WORDS[..]), select(&GAPS[..])), 0..9);
        pairs.prop_map(|pairs| pairs.into_iter().flat_map(|(word, gap)| [word, gap]).collect())
    }

    fn stories() -> impl Strategy<Value = Vec<(Story, Marks)>> {
        type Parts = (String, String, &'static str, i64, i64, (bool, bool, bool), usize);
        let names = ["Yahoo! Finance", "The U.S. Post", "9. 999", "L'Écho", "SEC"];
        let one = (text(), text(), select(names.to_vec()), 0i64..200, 0i64..30, any::<(bool, bool, bool)>(), 0usize..4);
        let story = |(at, (title, summary, name, minutes, seen, (primary, read, starred), lang)): (usize, Parts)| {
            let published = now() - SignedDuration::from_mins(minutes);
            let story = Story {
                id: StoryId(at as u64 + 1),
                feed: name.into(),
                outlet: name.into(),
                title: title.into(),
                title_before: None,
                summary: summary.into(),
                link: None,
                lang: [None, Some("fr"), Some("fr-CA"), Some("EN")][lang].map(Name::from),
                published: Some(published),
                first_seen: published + SignedDuration::from_mins(seen),
                primary,
                reference: None,
            };
            (story, Marks { read, starred, group: None })
        };
        prop::collection::vec(one, 0..12).prop_map(move |all| all.into_iter().enumerate().map(story).collect())
    }

    fn query() -> impl Strategy<Value = String> {
        let word = select(&WORDS[..]);
        let words = prop::collection::vec(word.clone(), 1..4).prop_map(|words| words.join(" "));
        let phrase = (words, select(vec!["", "~0", "~3"])).prop_map(|(words, near)| format!("\"{words}\"{near}"));
        let choice = (word.clone(), word.clone(), word.clone()).prop_map(|(a, b, c)| format!("\"({a}|{b}) {c}\""));
        let numbers = word.clone().prop_map(|word| format!("\"{word} # {word}\""));
        let start = word.clone().prop_map(|word| {
            let letters = word.chars().count();
            format!("{}*", word.chars().take(letters.div_ceil(2)).collect::<String>())
        });
        let text = prop_oneof![word.prop_map(str::to_owned), phrase, choice, numbers, start];
        let term = (select(&TERMS[..]), text).prop_map(|(term, text)| match term {
            "" | "=" | "-" => format!("{term}{text}"),
            field if field.ends_with(':') => format!("{field}{text}"),
            whole => whole.to_owned(),
        });
        let leaf = (term, any::<bool>()).prop_map(|(term, closed)| if closed { format!("({term})") } else { term });
        let joined = select(vec![" ", " ", " OR ", " -"]);
        prop::collection::vec((leaf, joined), 1..5)
            .prop_map(|all| all.into_iter().flat_map(|(leaf, between)| [leaf, between.to_owned()]).collect())
            .prop_map(|query: String| query.trim_end_matches([' ', '-']).trim_end_matches(" OR").to_owned())
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_000_000).unwrap()
    }

    fn topics() -> Topics {
        let rule = |name: &str, parent: Option<&str>, symbol: &str, any: &[&str]| TopicRule {
            parent: parent.map(Name::from),
            symbols: vec![symbol.into()],
            any: any.iter().map(|query| (*query).to_owned()).collect(),
            none: vec!["isn't".into()],
            ..TopicRule { name: name.into(), ..toml::from_str("name = ''\ntitle = ''").unwrap() }
        };
        let rules = [
            rule("money", None, "BTC-USD", &["raises $", "/bn/"]),
            rule("chain", None, "NVDA", &["nothing-like-this"]),
            rule("sec", Some("chain"), "AMD", &["=SEC", "\"elysee #\"~4"]),
        ];
        Topics::compile(&rules, &BTreeMap::new()).0
    }

    fn passes(query: &Query, topics: &Topics, story: &Story, marks: Marks) -> bool {
        let text = story.text();
        let tagged: Vec<Name> = topics.tag(&text).into_iter().map(|tag| tag.topic).collect();
        let given = topics.rules().iter().filter(|rule| tagged.contains(&rule.name));
        let symbols: Vec<Name> = given.flat_map(|rule| rule.symbols.clone()).collect();
        let subject = Subject {
            story,
            text: StoryText::new(story),
            topics: &tagged,
            symbols: &symbols,
            marks,
            muted: false,
            outlets: 1,
            moves: &[],
            now: now(),
        };
        query.matches(&subject)
    }

    fn found(connection: &Connection, query: &Query, topics: &Topics, limit: u32) -> Vec<(Story, Marks)> {
        let mut search = Search::new(query.need(topics, now()), None, TOP, Stamp::NONE);
        let mut all = Vec::new();
        loop {
            let page = search.next(connection, limit).unwrap();
            all.extend(page.stories);
            if page.last.is_none() {
                return all;
            }
        }
    }

    fn stored(stories: &[(Story, Marks)]) -> Connection {
        let mut connection = place::scratch(None).unwrap().connection;
        let waiting = Waiting {
            stories: stories.iter().map(|(story, _)| story.clone()).collect(),
            marks: stories.iter().map(|(story, marks)| (story.id, *marks)).collect(),
            ..Waiting::default()
        };
        write::save(&mut connection, &waiting).unwrap();
        connection
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn what_is_pushed_down_finds_what_the_evaluator_finds(
            stories in stories(), queries in prop::collection::vec(query(), 1..12), limit in 1u32..5,
        ) {
            let (connection, topics) = (stored(&stories), topics());
            for source in queries {
                let Ok(query) = Query::parse(&source) else { continue };
                let ids = |stories: &[(Story, Marks)]| {
                    let passing = stories.iter().filter(|(story, marks)| passes(&query, &topics, story, *marks));
                    let mut ids: Vec<u64> = passing.map(|(story, _)| story.id.0).collect();
                    ids.sort_unstable();
                    ids
                };
                let found = found(&connection, &query, &topics, limit);
                prop_assert!(found.windows(2).all(|pair| pair[0].0.time() >= pair[1].0.time()), "{}: newest first", source);
                prop_assert_eq!(ids(&found), ids(&stories), "{}: {:?}", source, query.need(&topics, now()));
            }
        }
    }

    fn story(id: u64, title: &str) -> (Story, Marks) {
        let published = now() - SignedDuration::from_mins(id as i64);
        let story = Story {
            id: StoryId(id),
            feed: "Desk".into(),
            outlet: "Desk".into(),
            title: title.into(),
            title_before: None,
            summary: "".into(),
            link: None,
            lang: None,
            published: Some(published),
            first_seen: published,
            primary: false,
            reference: None,
        };
        (story, Marks::default())
    }

    #[test]
    fn every_shipped_topic_is_found_by_its_words() {
        let config = shipped();
        let (topics, _) = Topics::compile(&config.topics, &config.terms);
        let sentences = config.topics.iter().flat_map(|rule| rule.matches.iter().chain(&rule.misses));
        let stories: Vec<_> = (1..).zip(sentences).map(|(id, sentence)| story(id, sentence)).collect();
        let connection = stored(&stories);
        for rule in topics.rules() {
            let query = Query::parse(&format!("topic:{}", rule.name)).unwrap();
            let ids = |stories: &[(Story, Marks)]| {
                let passing = stories.iter().filter(|(story, marks)| passes(&query, &topics, story, *marks));
                passing.map(|(story, _)| story.id.0).collect::<Vec<_>>()
            };
            let found = found(&connection, &query, &topics, 50);
            assert_eq!(ids(&found), ids(&stories), "{}", rule.name);
            assert!(found.len() < stories.len() && !found.is_empty(), "{}: not all are read", rule.name);
        }
    }

    #[test]
    fn a_walk_and_a_list_go_the_same_way() {
        let many: Vec<_> =
            (1..=FEW as u64 + 500).map(|id| story(id, ["chips rise", "rates"][usize::from(id % 8 == 0)])).collect();
        let connection = stored(&many);
        for (source, expected) in [("chips", FEW as u64 + 500 - 312), ("rates", 312), ("chips OR is:starred", 2_188)] {
            let query = Query::parse(source).unwrap();
            let found = found(&connection, &query, &Topics::default(), 70);
            assert_eq!(found.len() as u64, expected, "{source}");
            assert!(found.windows(2).all(|pair| pair[0].0.id < pair[1].0.id), "{source}: newest first");
        }
    }

    #[test]
    fn what_goes_is_not_found_and_what_is_edited_is_found_anew() {
        let mut connection = stored(&[story(1, "chips rise"), story(2, "chips fall")]);
        let titles = |connection: &Connection, source: &str| {
            let query = Query::parse(source).unwrap();
            found(connection, &query, &Topics::default(), 9)
                .into_iter()
                .map(|(story, _)| story.title.to_string())
                .collect::<Vec<_>>()
        };
        let edit = Waiting { stories: vec![story(2, "rates fall").0], ..Waiting::default() };
        write::save(&mut connection, &edit).unwrap();
        assert_eq!(titles(&connection, "chips"), ["chips rise"]);
        assert_eq!(titles(&connection, "rates"), ["rates fall"]);
        write::prune(&mut connection, Timestamp::MAX, Timestamp::MIN).unwrap();
        assert_eq!(titles(&connection, "fall"), [""; 0]);
    }
}
