//! What newstape works out about a story from its words: stored beside it, so that no later start does it again.

use serde::{Deserialize, Serialize};

use super::fingerprint;
use super::group::TitleKey;
use super::story::Story;
use super::text::{TitleSpan, WordSet};

/// Raised when a text is read otherwise than before: how it is split into words, tagged, or compared with others. The test
/// below fails when that is forgotten.
const VERSION: u64 = 1;

/// What an analysis hangs on beside the text: the rules of the topics, and how this version reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The stamp of no rules: nothing is stored with it.
    pub const NONE: Stamp = Stamp(0);

    /// Of all the texts that decide.
    pub fn of<'a>(decisive: impl IntoIterator<Item = &'a str>) -> Stamp {
        let hashes = [VERSION, fingerprint::of_texts(decisive)];
        Stamp(fingerprint::of(hashes.into_iter().flat_map(u64::to_le_bytes)))
    }
}

/// What the rules of a stamp give a story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    /// Its topics, by their places among the rules.
    pub topics: Box<[u16]>,
    /// Where the words that decided stand in the title.
    pub spans: Box<[TitleSpan]>,
}

/// What was worked out about a story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The rules that gave its topics; stored beside it.
    #[serde(skip)]
    pub stamp: Stamp,
    headline: u64,
    /// Of the summary, see [`summary_hash`].
    pub summary: u64,
    /// What the rules gave.
    pub tags: Tags,
    /// The words of its title and summary.
    pub words: WordSet,
    /// What its title is compared by.
    pub title: TitleKey,
}

impl Analysis {
    /// What was worked out about a story with this summary, whose hash is given: it may be in the store alone.
    pub fn new(story: &Story, summary: u64, stamp: Stamp, tags: Tags, words: WordSet) -> Analysis {
        let title = TitleKey::new(&story.title, &story.outlet);
        Analysis { stamp, headline: headline_hash(story), summary, tags, words, title }
    }

    /// Was it worked out from the words that the story has now?
    pub fn is_of(&self, story: &Story) -> bool {
        self.headline == headline_hash(story) && self.summary == summary_hash(&story.summary)
    }

    /// As it is stored.
    ///
    /// # Errors
    ///
    /// None that is known: everything in it can be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_allocvec(self)
    }

    /// As it was stored for a story, with its stamp; None where the bytes make no sense, or belong to another headline.
    pub fn from_bytes(bytes: &[u8], stamp: Stamp, story: &Story) -> Option<Analysis> {
        let analysis = Analysis { stamp, ..postcard::from_bytes(bytes).ok()? };
        let is_in_title = |span: &TitleSpan| story.title.get(span.clone()).is_some();
        let is_sound = analysis.title.is_sound() && analysis.tags.spans.iter().all(is_in_title);
        (is_sound && analysis.headline == headline_hash(story)).then_some(analysis)
    }
}

/// What remains of a summary that is not in memory: enough to see that it has changed.
pub fn summary_hash(summary: &str) -> u64 {
    fingerprint::of(summary.bytes())
}

/// All but the summary that tagging and grouping read.
fn headline_hash(story: &Story) -> u64 {
    fingerprint::of_texts([&*story.title, &*story.outlet, story.lang.as_deref().unwrap_or_default()])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::samples::story;
    use crate::domain::query::Terms;
    use crate::domain::topic::{TopicRule, Topics};

    fn about(title: &str, summary: &str) -> Story {
        Story { title: title.into(), summary: summary.into(), ..story(1, 1) }
    }

    fn analysis(story: &Story) -> Analysis {
        let (tags, words) = (Tags { topics: [3].into(), spans: [0..1, 0..2].into() }, WordSet::of(&story.text()));
        Analysis::new(story, summary_hash(&story.summary), Stamp(7), tags, words)
    }

    #[test]
    fn whoever_changes_how_texts_are_read_raises_the_version() {
        let rule: TopicRule = toml::from_str(
            "name = 'money'\ntitle = 'Money'\nany = ['\"40 billion\"', 'nvidia chip*', 'sénateur*', '/6\\d,000/', 'u.s.']\nnone = ['games']",
        )
        .unwrap();
        let (topics, _) = Topics::compile(&[rule], &Terms::default());
        let texts = [
            ("OpenAI raises $40 billion as Nvidia shares slip 3% - The Desk", "The round values it at $300bn."),
            ("La SEC repousse sa décision sur l’ETF Solana", "Les sénateurs débattent du projet de loi."),
            ("Why Bitcoin fell below 60,000 in Q3", ""),
            ("WHITE HOUSE WEIGHS CHIP EXPORT BAN", "U.S. officials met chipmakers, sources said."),
        ];
        let read = texts.iter().map(|(title, summary)| {
            let story = about(title, summary);
            let text = story.text();
            let why: Vec<String> = topics.tag(&text).into_iter().flat_map(|tag| tag.why).collect();
            fingerprint::of(analysis(&story).to_bytes().unwrap())
                ^ fingerprint::of_texts(why.iter().map(String::as_str))
        });
        let read = fingerprint::of(read.flat_map(u64::to_le_bytes));
        assert_eq!(
            (VERSION, read),
            (1, 10_600_548_312_610_463_709),
            "Texts are read otherwise: raise VERSION, and put the new number here."
        );
    }

    #[test]
    fn the_stamp_hangs_on_whatever_decides() {
        let config = crate::config::load(None::<(&str, &str)>).unwrap();
        let of = |rules: &[TopicRule], terms: &Terms| Topics::compile(rules, terms).0.stamp();
        let stamp = of(&config.topics, &config.terms);
        let with = |change: fn(&mut TopicRule)| {
            let mut rules = config.topics.clone();
            change(rules.last_mut().unwrap());
            of(&rules, &config.terms)
        };
        assert_ne!(with(|rule| rule.name = "other".into()), stamp);
        assert_ne!(with(|rule| rule.any.push("harbour".into())), stamp);
        assert_ne!(with(|rule| rule.none.push("harbour".into())), stamp);
        assert_ne!(with(|rule| rule.parent = Some("harbours".into())), stamp);
        let mut terms = config.terms.clone();
        terms.insert("ports".into(), vec!["harbour".into()]);
        assert_ne!(of(&config.topics, &terms), stamp);
        // How a topic is shown decides nothing.
        assert_eq!(with(|rule| rule.title = "Other".into()), stamp);
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(title in "\\PC{1,120}", summary in "\\PC{0,200}") {
            let story = about(&format!("On{title}"), &summary);
            let stored = analysis(&story);
            prop_assert!(stored.is_of(&story));
            prop_assert_eq!(Analysis::from_bytes(&stored.to_bytes().unwrap(), Stamp(7), &story), Some(stored));
        }

        #[test]
        fn bytes_that_make_no_sense_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(Analysis::from_bytes(&bytes, Stamp(7), &about("Harbour closed", "")), None);
        }
    }
}
