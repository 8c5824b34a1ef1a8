//! The reader: where in the story one is, what is looked for in it, its links, and the articles that were fetched.

use std::collections::VecDeque;
use std::sync::Arc;

use super::hit_map::HitMap;
use super::{App, Focus, Tone, drawn};
use crate::domain::article::Article;
use crate::domain::story::StoryId;
use crate::event::{Effect, SourceEffect, Urgency};

/// Articles that are held; of those fetched before, the store of the web has a copy.
const ARTICLES_MAX: usize = 20;

/// What became of an article.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetch {
    UnderWay,
    Here(Arc<Article>),
    /// Why there is none, in one sentence.
    Failed(String),
}

/// Where one is in the story, and in what.
#[derive(Debug, Default)]
pub struct Reading {
    /// First line shown.
    pub scroll: usize,
    /// The words looked for; none when empty.
    pub find: String,
    /// They are being typed: the first place of them at or below `scroll` is kept in sight.
    pub is_seeking: bool,
    /// The line of the place found last.
    pub found: Option<usize>,
    /// The link chosen, counted from the first of the story.
    pub link: Option<usize>,
    /// An article was asked for: the reader fills the screen until it is left.
    pub is_whole: bool,
    /// The latest last.
    articles: VecDeque<(StoryId, Fetch)>,
}

impl Reading {
    /// Another story: from its top.
    pub(super) fn begin(&mut self) {
        *self = Reading { articles: std::mem::take(&mut self.articles), ..Reading::default() };
    }

    /// What became of the article of a story, if it was asked for.
    pub fn article(&self, story: StoryId) -> Option<&Fetch> {
        self.articles.iter().find(|(id, _)| *id == story).map(|(_, fetch)| fetch)
    }

    fn put(&mut self, story: StoryId, fetch: Fetch) {
        self.articles.retain(|(id, _)| *id != story);
        self.articles.push_back((story, fetch));
        let surplus = self.articles.len().saturating_sub(ARTICLES_MAX);
        self.articles.drain(..surplus);
    }

    /// Scrolls by lines.
    pub(super) fn scroll_by(&mut self, by: isize, seen: &HitMap) {
        self.scroll_to(self.first_line(seen).saturating_add_signed(by), seen);
    }

    /// The first line that is shown. Keys may come faster than frames, so that the last frame knows it only while words are
    /// typed, which alone move it as it is drawn.
    fn first_line(&self, seen: &HitMap) -> usize {
        if self.is_seeking { seen.reader_scroll } else { self.scroll }
    }

    fn scroll_to(&mut self, line: usize, seen: &HitMap) {
        self.scroll = line.min(seen.reader_scroll_max);
        self.is_seeking = false;
    }

    /// Brings a line into sight, if it is not.
    fn bring_into_sight(&mut self, line: usize, seen: &HitMap) {
        let (top, height) = (self.first_line(seen), usize::from(seen.reader.height.max(1)));
        if !(top..top + height).contains(&line) {
            self.scroll_to(line.saturating_sub(height / 3), seen);
        }
    }

    /// Looks for words from the start; while they are typed in the reader they are kept in sight.
    pub(super) fn seek(&mut self, words: &str, is_in_reader: bool) {
        words.trim().clone_into(&mut self.find);
        self.is_seeking = is_in_reader;
        self.found = None;
    }

    /// Stays at the first place of the words that is shown or below it; None: there is none.
    fn keep_found(&mut self, seen: &HitMap) -> Option<usize> {
        let top = self.first_line(seen);
        self.scroll_to(top, seen);
        self.found = seen.reader_found.iter().copied().find(|line| *line >= top);
        self.found
    }

    /// Nothing is looked for any more.
    fn forget_words(&mut self) {
        self.find.clear();
        (self.is_seeking, self.found) = (false, None);
    }

    /// To the place found next, or before, round and round; None: there is none.
    fn next_found(&mut self, forward: bool, seen: &HitMap) -> Option<usize> {
        let found = &seen.reader_found;
        let from = self.found.unwrap_or(self.first_line(seen));
        let next = match forward {
            true => found.iter().find(|line| **line > from).or(found.first()),
            false => found.iter().rev().find(|line| **line < from).or(found.last()),
        };
        let line = next.copied()?;
        self.found = Some(line);
        self.bring_into_sight(line, seen);
        Some(line)
    }

    /// Chooses the next link of the story, or the one before; None: it has none.
    fn next_link(&mut self, forward: bool, seen: &HitMap) -> Option<usize> {
        let top = self.first_line(seen);
        let links = &seen.reader_links;
        let last = links.len().checked_sub(1)?;
        let at = match (self.link, forward) {
            (None, true) => links.iter().position(|(line, _)| *line >= top).unwrap_or(0),
            (None, false) => last,
            (Some(at), true) if at >= last => 0,
            (Some(at), true) => at + 1,
            (Some(at), false) => at.checked_sub(1).unwrap_or(last).min(last),
        };
        self.link = Some(at);
        self.bring_into_sight(links[at].0, seen);
        self.link
    }
}

impl App {
    // --- the article ---

    /// Asks for the article of the story in the reader; one that is here is shown from its top.
    pub(super) fn fetch_article(&mut self) -> Vec<Effect> {
        let Some(item) = self.wire.current_item() else { return Vec::new() };
        let (story, link, feed) = (item.story.id, item.story.link.clone(), item.story.feed.clone());
        if self.replay.is_some() {
            return self.notify(Tone::Info, "a recorded day has no articles".into());
        }
        let Some(link) = link else { return self.notify(Tone::Info, "this story has no link to an article".into()) };
        self.reading.is_whole = true;
        match self.reading.article(story) {
            Some(Fetch::UnderWay | Fetch::Here(_)) => drawn(),
            Some(Fetch::Failed(_)) | None => {
                self.reading.put(story, Fetch::UnderWay);
                [Effect::Sources(SourceEffect::FetchArticle { story, link, feed })].into_iter().chain(drawn()).collect()
            }
        }
    }

    /// An article came, or did not.
    pub(super) fn article(&mut self, story: StoryId, outcome: Result<Arc<Article>, String>) -> Vec<Effect> {
        let is_shown = self.wire.current_item().is_some_and(|item| item.story.id == story);
        self.reading.put(story, outcome.map_or_else(Fetch::Failed, Fetch::Here));
        if is_shown { vec![Effect::Draw(Urgency::News)] } else { Vec::new() }
    }

    // --- finding ---

    /// Words are being gone through in the reader.
    pub(super) fn finds(&self) -> bool {
        self.arrangement.focus == Focus::Reader && !self.reading.find.is_empty()
    }

    /// Asks for the words to be found in the reader, or in the help.
    pub(super) fn ask_find(&mut self) -> Vec<Effect> {
        let words = std::mem::take(&mut self.reading.find);
        self.with_prompt(|prompt, _| prompt.open_find(words))
    }

    /// The words are kept: from here `n` and `N` go on.
    pub(super) fn keep_find(&mut self) -> Vec<Effect> {
        let looks = self.popup.is_none() && !self.reading.find.is_empty();
        if looks && self.reading.keep_found(&self.seen).is_none() {
            return self.say_not_found();
        }
        drawn()
    }

    /// Nothing is looked for any more.
    pub(super) fn end_find(&mut self) -> Vec<Effect> {
        self.prompt.close();
        self.reading.forget_words();
        drawn()
    }

    /// To the place found next, or before, round and round.
    pub(super) fn step_found(&mut self, forward: bool) -> Vec<Effect> {
        match self.reading.next_found(forward, &self.seen) {
            Some(_) => drawn(),
            None => self.say_not_found(),
        }
    }

    fn say_not_found(&mut self) -> Vec<Effect> {
        let words = format!("'{}' is not in this story", self.reading.find);
        self.notify(Tone::Info, words)
    }

    /// Chooses the next link of the story, or the one before.
    pub(super) fn step_link(&mut self, forward: bool) -> Vec<Effect> {
        match self.reading.next_link(forward, &self.seen) {
            Some(_) => drawn(),
            None => self.notify(Tone::Info, "no link in this story".into()),
        }
    }

    /// Where the link chosen in the reader leads to.
    pub(super) fn chosen_link(&self) -> Option<String> {
        let at = self.reading.link.filter(|_| self.arrangement.focus == Focus::Reader)?;
        self.seen.reader_links.get(at).map(|(_, address)| address.to_string())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{Desk, seen};
    use crate::domain::Name;
    use crate::event::Event;
    use crate::event::{SystemEffect, TerminalEffect};

    fn reader() -> Desk {
        let mut desk = Desk::with_stories(3);
        desk.press("enter");
        desk
    }

    fn fetched(effects: &[Effect]) -> Option<StoryId> {
        effects.iter().find_map(|effect| match effect {
            Effect::Sources(SourceEffect::FetchArticle { story, .. }) => Some(*story),
            _ => None,
        })
    }

    #[test]
    fn an_article_is_fetched_once_and_one_is_back_where_one_was() {
        let mut desk = reader();
        let (story, leads) = (StoryId(desk.current().unwrap()), desk.leads());
        assert_eq!(fetched(&desk.press("enter")), Some(story));
        assert!(desk.app.reading.is_whole);
        assert_eq!(fetched(&desk.press("enter")), None, "it is under way");
        let article = Arc::new(Article { title: "Chips".into(), ..Article::default() });
        desk.send(Event::Article { story, outcome: Ok(article.clone()) });
        assert_eq!(desk.app.reading.article(story), Some(&Fetch::Here(article)));
        desk.press("esc");
        assert_eq!((desk.app.arrangement.focus, desk.app.reading.is_whole), (Focus::Wire, false));
        assert_eq!((StoryId(desk.current().unwrap()), desk.leads()), (story, leads));
    }

    #[test]
    fn an_article_that_did_not_come_is_asked_for_again() {
        let mut desk = reader();
        let story = fetched(&desk.press("enter")).unwrap();
        desk.send(Event::Article { story, outcome: Err("the page is gone (404)".into()) });
        assert!(matches!(desk.app.reading.article(story), Some(Fetch::Failed(_))));
        assert_eq!(fetched(&desk.press("enter")), Some(story));
    }

    #[test]
    fn a_topic_leads_back_to_the_wire_where_it_is_seen() {
        let mut desk = reader();
        let story = desk.current();
        desk.press("enter");
        desk.press("2");
        assert_eq!((desk.app.arrangement.focus, desk.app.reading.is_whole), (Focus::Wire, false));
        desk.press("esc");
        assert_eq!(desk.current(), story, "without the topic one is where one was");
    }

    #[test]
    fn articles_held_are_bounded() {
        let mut reading = Reading::default();
        for story in 0..100 {
            reading.put(StoryId(story), Fetch::UnderWay);
        }
        assert_eq!(reading.articles.len(), ARTICLES_MAX);
        assert!(reading.article(StoryId(99)).is_some() && reading.article(StoryId(0)).is_none());
    }

    #[test]
    fn words_are_found_and_gone_through() {
        let mut desk = reader();
        desk.press("/");
        desk.type_in("chip");
        assert!(desk.app.reading.is_seeking);
        let drawn = HitMap { reader_found: vec![4, 9, 30], reader_scroll: 2, reader_scroll_max: 40, ..seen() };
        let press = |desk: &mut Desk, key: &str| {
            desk.app.record_hit_map(drawn.clone());
            desk.press(key);
        };
        press(&mut desk, "enter");
        assert_eq!(desk.app.reading.found, Some(4));
        let mut went = Vec::new();
        for key in ["n", "n", "n", "N"] {
            press(&mut desk, key);
            went.push(desk.app.reading.found.unwrap());
        }
        assert_eq!(went, [9, 30, 4, 30]);
        desk.press("esc");
        assert_eq!(
            (desk.app.reading.find.as_str(), desk.app.arrangement.focus),
            ("", Focus::Reader),
            "the words go first"
        );
        desk.press("esc");
        assert_eq!(desk.app.arrangement.focus, Focus::Wire);
    }

    #[test]
    fn links_are_chosen_opened_and_copied() {
        let mut desk = reader();
        let links = ["https://desk.example/a", "https://desk.example/b"].map(Name::from);
        let drawn = HitMap { reader_links: vec![(1, links[0].clone()), (3, links[1].clone())], ..seen() };
        let press = |desk: &mut Desk, key: &str| {
            desk.app.record_hit_map(drawn.clone());
            desk.press(key)
        };
        press(&mut desk, "l");
        press(&mut desk, "l");
        assert!(press(&mut desk, "o").contains(&Effect::System(SystemEffect::Open(links[1].to_string()))));
        press(&mut desk, "h");
        assert!(press(&mut desk, "y").contains(&Effect::Terminal(TerminalEffect::Copy(links[0].to_string()))));
        press(&mut desk, "esc");
        assert!(desk.press("y").contains(&Effect::Terminal(TerminalEffect::Copy(
            desk.app.wire.current_item().unwrap().story.link.clone().unwrap()
        ))));
    }
}
