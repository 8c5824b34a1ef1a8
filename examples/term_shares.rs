//! How much each term of the shipped topics decides: how many labelled headlines have it, and how many would be tagged
//! otherwise without it. Terms are taken out one by one. Run by `scripts/term-shares`.

#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::env;
use std::fs;

use anyhow::Context;
use newstape::config::{self, Config};
use newstape::domain::query::Query;
use newstape::domain::text::Text;
use newstape::domain::topic::Topics;

#[derive(serde::Deserialize)]
struct Headline {
    title: String,
    #[serde(default)]
    summary: String,
    lang: Option<String>,
}

/// A term of a set or a query of a rule, and what it does.
struct Share {
    place: String,
    term: String,
    occurs: usize,
    decides: usize,
}

fn main() -> anyhow::Result<()> {
    let path = env::args().nth(1).context("the file of labelled headlines is missing: term-shares FILE")?;
    let lines = fs::read_to_string(&path).with_context(|| path.clone())?;
    let read = |line| serde_json::from_str::<Headline>(line);
    let headlines: Vec<Headline> = lines.lines().map(read).collect::<Result<_, _>>()?;
    let texts: Vec<Text> =
        headlines.iter().map(|h| Text::new(&h.title, &h.summary).in_lang(h.lang.as_deref())).collect();
    let config = config::shipped();
    let whole = tags(&config, &texts);
    print(&of_terms(&config, &texts, &whole), texts.len());
    println!("\nThe queries of the rules, by what would be tagged otherwise without them:");
    for share in of_queries(&config, &texts, &whole) {
        println!("{:>7} {:>8}  {}: {}", "", share.decides, share.place, share.term);
    }
    Ok(())
}

/// What every term of every set does.
fn of_terms(config: &Config, texts: &[Text], whole: &Tagged) -> Vec<Share> {
    let mut shares = Vec::new();
    for (set, terms) in &config.terms {
        for (at, term) in terms.iter().enumerate().filter(|(_, term)| !term.starts_with('{')) {
            let occurs = texts.iter().filter(|text| occurs(term, text)).count();
            let take_out = |config: &mut Config| drop(config.terms.get_mut(set).map(|terms| terms.remove(at)));
            let decides = if occurs == 0 { 0 } else { changes(config, take_out, texts, whole) };
            shares.push(Share { place: set.clone(), term: term.clone(), occurs, decides });
        }
    }
    shares
}

/// What every query of every rule does.
fn of_queries(config: &Config, texts: &[Text], whole: &Tagged) -> Vec<Share> {
    let mut shares = Vec::new();
    for (rule, topic) in config.topics.iter().enumerate() {
        for (at, query) in topic.any.iter().enumerate() {
            let take_out = |config: &mut Config| drop(config.topics[rule].any.remove(at));
            let decides = changes(config, take_out, texts, whole);
            shares.push(Share { place: format!("{} any", topic.name), term: query.clone(), occurs: 0, decides });
        }
        for (at, query) in topic.none.iter().enumerate() {
            let take_out = |config: &mut Config| drop(config.topics[rule].none.remove(at));
            let decides = changes(config, take_out, texts, whole);
            shares.push(Share { place: format!("{} none", topic.name), term: query.clone(), occurs: 0, decides });
        }
    }
    shares
}

/// How many texts are tagged otherwise when something is taken out.
fn changes(config: &Config, take_out: impl Fn(&mut Config), texts: &[Text], whole: &Tagged) -> usize {
    let mut without = config.clone();
    take_out(&mut without);
    tags(&without, texts).iter().zip(whole).filter(|(now, before)| now != before).count()
}

/// The topics of each text.
type Tagged = Vec<Vec<String>>;

fn tags(config: &Config, texts: &[Text]) -> Tagged {
    let (topics, _) = Topics::compile(&config.topics, &config.terms);
    let names = |text| topics.tag(text).iter().map(|tag| tag.topic.to_string()).collect();
    texts.iter().map(names).collect()
}

fn occurs(term: &str, text: &Text) -> bool {
    let query = Query::parse(&format!("\"{term}\""));
    query.is_ok_and(|query| query.occurs_in(text))
}

fn print(shares: &[Share], headlines: usize) {
    println!("{:>7} {:>8} {:>7}  term", "occurs", "decides", "share");
    for share in shares {
        let percent = 100.0 * share.decides as f64 / headlines as f64;
        println!("{:>7} {:>8} {percent:>6.2}%  {}: {}", share.occurs, share.decides, share.place, share.term);
    }
    let count = |test: fn(&Share) -> bool| shares.iter().filter(|share| test(share)).count();
    println!(
        "\n{} terms over {headlines} headlines: {} occur in none, {} decide none of those they occur in, {} decide one, {} \
         decide more",
        shares.len(),
        count(|share| share.occurs == 0),
        count(|share| share.occurs > 0 && share.decides == 0),
        count(|share| share.decides == 1),
        count(|share| share.decides > 1),
    );
}
