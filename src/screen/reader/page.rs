//! What the reader shows, line by line, with the links in it: a story's own words, or its article laid out.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::Scene;
use super::super::text::{cut, find_all, width, wrap, wrap_spans};
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::app::reading::Fetch;
use crate::domain::Name;
use crate::domain::article::{Article, Block, BlockKind};

/// Lines laid out for a number of columns.
pub(super) struct Page {
    columns: usize,
    pub lines: Vec<Line<'static>>,
    /// The line that each link begins on, and where it leads.
    pub links: Vec<(usize, Name)>,
    /// The link that is lit, and how links look.
    chosen: Option<usize>,
    link_style: Style,
}

/// A piece of a paragraph.
struct Piece {
    text: String,
    style: Style,
    link: Option<Name>,
}

impl Page {
    pub(super) fn new(scene: Scene, columns: usize) -> Page {
        let link_style = scene.theme.accent.remove_modifier(Modifier::BOLD).add_modifier(Modifier::UNDERLINED);
        Page { columns, lines: Vec::new(), links: Vec::new(), chosen: scene.app.reading.link, link_style }
    }

    /// Words of one look.
    pub(super) fn text(&mut self, text: &str, style: Style) {
        self.lines.extend(wrap(text, self.columns).into_iter().map(|line| Line::styled(line, style)));
    }

    /// An empty line, but never two.
    pub(super) fn blank(&mut self) {
        if self.lines.last().is_some_and(|last| last.width() > 0) {
            self.lines.push(Line::default());
        }
    }

    /// Words in which addresses are links.
    pub(super) fn prose(&mut self, scene: Scene, text: &str, seen: &mut HitMap) {
        if text.is_empty() {
            return;
        }
        let piece = |text: &str, link: Option<Name>| Piece { text: text.to_owned(), style: scene.theme.text, link };
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, address, behind)) = next_address(rest) {
            pieces.push(piece(before, None));
            pieces.push(piece(address, Some(address.into())));
            rest = behind;
        }
        pieces.push(piece(rest, None));
        self.pieces("", "", pieces, seen);
    }

    /// What became of an article that is not here.
    pub(super) fn fetched(&mut self, scene: Scene, fetch: Option<&Fetch>) {
        let (words, style) = match fetch {
            Some(Fetch::UnderWay) => ("fetching the article …".to_owned(), scene.theme.dim),
            Some(Fetch::Failed(why)) => {
                let open = scene.app.keymap.hint(Command::Open);
                (format!("No article: {why}. {open} opens the page in the browser."), scene.theme.warning)
            }
            Some(Fetch::Here(_)) | None => return,
        };
        self.blank();
        self.text(&words, style);
    }

    /// The address of the story, on one line.
    pub(super) fn link_line(&mut self, scene: Scene, address: &str, seen: &mut HitMap) {
        let style = self.begin_link(address, scene.theme.faint).patch(seen.link(address));
        self.lines.push(Line::from(Span::styled(cut(address, self.columns), style)));
    }

    /// The lines that hold these words.
    pub(super) fn found(&self, words: &str) -> Vec<usize> {
        let holds = |(_, line): &(usize, &Line)| !find_all(&line.to_string(), words).is_empty();
        if words.is_empty() {
            Vec::new()
        } else {
            self.lines.iter().enumerate().filter(holds).map(|(at, _)| at).collect()
        }
    }

    /// Notes a link that begins on the next line; how it looks.
    fn begin_link(&mut self, address: &str, style: Style) -> Style {
        let is_chosen = self.chosen == Some(self.links.len());
        self.links.push((self.lines.len(), address.into()));
        if is_chosen { style.patch(self.link_style).add_modifier(Modifier::REVERSED) } else { style }
    }

    /// A paragraph: the first line begins with one mark, the others with another as wide.
    fn pieces(&mut self, first: &str, others: &str, pieces: Vec<Piece>, seen: &mut HitMap) {
        let mut spans = Vec::new();
        let mut begun = Vec::new();
        for piece in pieces.into_iter().filter(|piece| !piece.text.is_empty()) {
            let mut style = piece.style;
            if let Some(address) = &piece.link {
                let place = spans.iter().map(|span: &Span| span.content.len()).sum::<usize>();
                begun.push((place, self.links.len()));
                style = self.begin_link(address, style.patch(self.link_style)).patch(seen.link(address));
            }
            spans.push(Span::styled(piece.text, style));
        }
        let columns = self.columns.saturating_sub(width(first)).max(1);
        let mut passed = 0;
        for (at, line) in wrap_spans(&spans, columns).into_iter().enumerate() {
            passed += line.iter().map(|span| span.content.len()).sum::<usize>() + 1;
            // A link stands on the line that its first letter came to.
            while let Some((_, link)) = begun.first().copied().filter(|(place, _)| *place < passed) {
                self.links[link].0 = self.lines.len();
                begun.remove(0);
            }
            let mark = Span::raw(if at == 0 { first.to_owned() } else { others.to_owned() });
            self.lines.push(std::iter::once(mark).chain(line).collect());
        }
    }

    // --- articles ---

    pub(super) fn article(&mut self, scene: Scene, article: &Article, title: &str, seen: &mut HitMap) {
        if let Some(byline) = &article.byline {
            self.text(byline, scene.theme.dim);
        }
        if !article.title.is_empty() && article.title != title {
            self.text(&article.title, scene.theme.dim);
        }
        let mut before = None;
        for block in &article.blocks {
            // What belongs together stands together.
            let is_together = matches!(block.kind, BlockKind::Item | BlockKind::Code) && before == Some(block.kind);
            if !is_together {
                self.blank();
            }
            self.block(scene, block, &article.links, seen);
            before = Some(block.kind);
        }
    }

    fn block(&mut self, scene: Scene, block: &Block, links: &[String], seen: &mut HitMap) {
        let theme = scene.theme;
        let (first, others, style) = match block.kind {
            BlockKind::Text => ("", "", theme.text),
            BlockKind::Heading => ("", "", theme.text.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)),
            BlockKind::Item => ("• ", "  ", theme.text),
            BlockKind::Quote => ("│ ", "│ ", theme.dim),
            BlockKind::Code => ("    ", "    ", theme.dim),
        };
        let piece = |run: &crate::domain::article::Run| Piece {
            text: run.text.clone(),
            style: if run.strong { style.add_modifier(Modifier::BOLD) } else { style },
            link: run.link.and_then(|link| links.get(link)).map(|address| address.as_str().into()),
        };
        let pieces = block.runs.iter().map(piece).collect();
        self.pieces(first, others, pieces, seen);
    }
}

/// The first web address in a text, with what stands before and behind it. Signs at its end belong to the sentence.
fn next_address(text: &str) -> Option<(&str, &str, &str)> {
    let start = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()?;
    let rest = text.get(start..)?;
    let length = rest.find(|letter: char| letter.is_whitespace() || "<>\"«»“”".contains(letter)).unwrap_or(rest.len());
    let address = rest.get(..length)?.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']);
    Some((text.get(..start)?, address, rest.get(address.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_text_are_found_without_the_signs_behind_them() {
        for (text, expected) in [
            ("see https://desk.example/a, or not", Some(("see ", "https://desk.example/a", ", or not"))),
            ("(http://desk.example/b?c=1)", Some(("(", "http://desk.example/b?c=1", ")"))),
            ("« https://desk.example »", Some(("« ", "https://desk.example", " »"))),
            ("no address", None),
        ] {
            assert_eq!(next_address(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn looking_for_addresses_ends(text in "(https?://|[a-z.,)é ]){0,20}") {
            let mut rest = text.as_str();
            while let Some((_, address, behind)) = next_address(rest) {
                proptest::prop_assert!(behind.len() < rest.len() && !address.is_empty());
                rest = behind;
            }
        }
    }
}
